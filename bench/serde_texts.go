package main

import "strings"

// Order is a record of twelve fields, as Avro and as JSON.
type Order struct {
	OrderID    string            `avro:"orderId" json:"orderId"`
	CustomerID int64             `avro:"customerId" json:"customerId"`
	Status     string            `avro:"status" json:"status"`
	Total      float64           `avro:"total" json:"total"`
	Currency   string            `avro:"currency" json:"currency"`
	CreatedAt  int64             `avro:"createdAt" json:"createdAt"`
	Quantity   int32             `avro:"quantity" json:"quantity"`
	Express    bool              `avro:"express" json:"express"`
	Note       *string           `avro:"note" json:"note"`
	Tags       []string          `avro:"tags" json:"tags"`
	Attributes map[string]string `avro:"attributes" json:"attributes"`
	Address    Address           `avro:"address" json:"address"`
}

// Address is where an order goes.
type Address struct {
	Street  string `avro:"street" json:"street"`
	City    string `avro:"city" json:"city"`
	Zip     string `avro:"zip" json:"zip"`
	Country string `avro:"country" json:"country"`
}

// RenamedOrder has the customer under another name, which takes a migration rule.
type RenamedOrder struct {
	OrderID    string            `avro:"orderId"`
	BuyerID    int64             `avro:"buyerId"`
	Status     string            `avro:"status"`
	Total      float64           `avro:"total"`
	Currency   string            `avro:"currency"`
	CreatedAt  int64             `avro:"createdAt"`
	Quantity   int32             `avro:"quantity"`
	Express    bool              `avro:"express"`
	Note       *string           `avro:"note"`
	Tags       []string          `avro:"tags"`
	Attributes map[string]string `avro:"attributes"`
	Address    Address           `avro:"address"`
}

// LongerOrder has one more field, which has a default.
type LongerOrder struct {
	OrderID    string            `avro:"orderId"`
	CustomerID int64             `avro:"customerId"`
	Status     string            `avro:"status"`
	Total      float64           `avro:"total"`
	Currency   string            `avro:"currency"`
	CreatedAt  int64             `avro:"createdAt"`
	Quantity   int32             `avro:"quantity"`
	Express    bool              `avro:"express"`
	Note       *string           `avro:"note"`
	Tags       []string          `avro:"tags"`
	Attributes map[string]string `avro:"attributes"`
	Address    Address           `avro:"address"`
	Priority   int32             `avro:"priority"`
}

func anOrder() *Order {
	note := "leave at the door"
	return &Order{
		OrderID: "8f14e45f-ceea-467f-a0e6-2b7d6a1c9b11", CustomerID: 90210443, Status: "SHIPPED", Total: 1249.99, Currency: "EUR",
		CreatedAt: 1764000000000, Quantity: 3, Express: true, Note: &note, Tags: []string{"gift", "priority", "eu"},
		Attributes: map[string]string{"channel": "web", "campaign": "winter"},
		Address:    Address{"Hauptstrasse 5", "Berlin", "10115", "DE"},
	}
}

func renamed(o *Order) *RenamedOrder {
	return &RenamedOrder{o.OrderID, o.CustomerID, o.Status, o.Total, o.Currency, o.CreatedAt, o.Quantity, o.Express, o.Note, o.Tags, o.Attributes, o.Address}
}

func longer(o *Order) *LongerOrder {
	return &LongerOrder{o.OrderID, o.CustomerID, o.Status, o.Total, o.Currency, o.CreatedAt, o.Quantity, o.Express, o.Note, o.Tags, o.Attributes, o.Address, 5}
}

const (
	avroOrder = `{"type":"record","name":"Order","namespace":"bench","fields":[
{"name":"orderId","type":"string"},
{"name":"customerId","type":"long"},
{"name":"status","type":"string"},
{"name":"total","type":"double"},
{"name":"currency","type":"string"},
{"name":"createdAt","type":"long"},
{"name":"quantity","type":"int"},
{"name":"express","type":"boolean"},
{"name":"note","type":["null","string"],"default":null},
{"name":"tags","type":{"type":"array","items":"string"}},
{"name":"attributes","type":{"type":"map","values":"string"}},
{"name":"address","type":{"type":"record","name":"Address","fields":[
  {"name":"street","type":"string"},{"name":"city","type":"string"},{"name":"zip","type":"string"},{"name":"country","type":"string"}]}}
]}`

	jsonOrder = `{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Order","type":"object","additionalProperties":false,
"required":["orderId","customerId","status","total","currency","createdAt"],"properties":{
"orderId":{"type":"string","minLength":1,"maxLength":64},"customerId":{"type":"integer","minimum":1},
"status":{"enum":["NEW","PAID","SHIPPED","RETURNED"]},"total":{"type":"number","exclusiveMinimum":0},
"currency":{"type":"string","pattern":"^[A-Z]{3}$"},"createdAt":{"type":"integer"},"quantity":{"type":"integer","minimum":1,"maximum":1000},
"express":{"type":"boolean"},"note":{"type":["string","null"]},"tags":{"type":"array","items":{"type":"string"},"maxItems":20,"uniqueItems":true},
"attributes":{"type":"object","additionalProperties":{"type":"string"}},
"address":{"$ref":"#/$defs/Address"}},
"$defs":{"Address":{"type":"object","required":["street","city"],"properties":{"street":{"type":"string"},"city":{"type":"string"},"zip":{"type":"string"},"country":{"type":"string","minLength":2,"maxLength":2}}}}}`

	// renamingOrder takes an order to the version that has the customer under another name.
	renamingOrder = `$merge([$sift($, function($v, $k) {$k != 'customerId'}), {'buyerId': $.'customerId'}])`

	// The condition on orders. confluent-kafka-go names fields of structs as Go does.
	orderCondition      = `message.total > 0.0 && size(message.orderId) < 64`
	orderConditionTheir = `message.Total > 0.0 && size(message.OrderID) < 64`
)

var (
	avroOrderRenamed = strings.Replace(avroOrder, `"customerId"`, `"buyerId"`, 1)
	avroOrderLonger  = strings.TrimSuffix(avroOrder, "\n]}") + ",\n" + `{"name":"priority","type":"int","default":5}` + "\n]}"
)
