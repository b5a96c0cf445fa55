package main

import (
	"fmt"
	"strings"
)

// orderVersions is how many versions the Avro record of fifty fields has; the
// last is the one that is new.
const orderVersions = 21

// orderText is a version of an Avro record, which every later version can
// read: versions add fields with defaults, symbols and branches, widen
// numbers and reword documentation. The last has fifty fields.
func orderText(version int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"type":"record","name":"Order","namespace":"com.example.shop","doc":"An order as the shop emits it, revision %d.","fields":[`, version)
	first := true
	for i, f := range orderFields {
		if f.since > version {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		kind := f.kind
		if version < f.widened {
			kind = f.narrow
		}
		kind = strings.NewReplacer("{symbols}", orderSymbols(version), "{country}", orderCountry(version)).Replace(kind)
		fmt.Fprintf(&b, `{"name":%q,"type":%s`, f.name, kind)
		if i%3 == 0 {
			fmt.Fprintf(&b, `,"doc":"What %s says of the order, as of revision %d."`, f.name, version-version%(1+i%5))
		}
		if f.value != "" {
			b.WriteString(`,"default":` + f.value)
		}
		b.WriteByte('}')
	}
	b.WriteString("]}")
	return b.String()
}

// orderSymbols are the states of an order: one more in every fourth version.
func orderSymbols(version int) string {
	states := []string{"UNKNOWN", "PLACED", "PAID", "PICKED", "PACKED", "SHIPPED", "DELIVERED", "RETURNED", "REFUNDED", "CANCELLED"}
	return `"` + strings.Join(states[:4+version/4], `","`) + `"`
}

// orderCountry is a field that the addresses have from the eighth version on.
func orderCountry(version int) string {
	if version < 8 {
		return ""
	}
	return `,{"name":"country","type":{"type":"enum","name":"Country","symbols":["AT","CH","DE","FR","IT","NL","OTHER"],"default":"OTHER"},"default":"DE"}`
}

// orderFields are the fields of the last version.
var orderFields = []struct {
	name, kind, value string
	since             int // the first version that has the field
	widened           int // the first version with this type rather than the narrow one
	narrow            string
}{
	{name: "id", kind: `{"type":"string","logicalType":"uuid"}`},
	{name: "number", kind: `"long"`, widened: 5, narrow: `"int"`},
	{name: "placed_at", kind: `{"type":"long","logicalType":"timestamp-millis"}`},
	{name: "paid_at", kind: `["null",{"type":"long","logicalType":"timestamp-millis"}]`, value: "null"},
	{name: "due_on", kind: `{"type":"int","logicalType":"date"}`},
	{name: "state", kind: `{"type":"enum","name":"State","doc":"How far the order is.","symbols":[{symbols}],"default":"UNKNOWN"}`},
	{name: "total", kind: `{"type":"bytes","logicalType":"decimal","precision":18,"scale":4}`},
	{name: "currency", kind: `"string"`, value: `"EUR"`},
	{name: "customer", kind: `{"type":"record","name":"Customer","fields":[{"name":"id","type":"long"},{"name":"name","type":"string","doc":"As printed on the invoice."},` +
		`{"name":"mail","type":["null","string"],"default":null},{"name":"since","type":{"type":"int","logicalType":"date"}},{"name":"tags","type":{"type":"array","items":"string"},"default":[]}]}`},
	{name: "billing", kind: `{"type":"record","name":"Address","fields":[{"name":"street","type":"string"},{"name":"house","type":"string","default":""},` +
		`{"name":"code","type":"string"},{"name":"city","type":"string"}{country}]}`},
	{name: "shipping", kind: `["null","Address"]`, value: "null"},
	{name: "items", kind: `{"type":"array","items":{"type":"record","name":"Item","doc":"A line of the order.","fields":[{"name":"sku","type":"string"},{"name":"count","type":"int","default":1},` +
		`{"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":4}},{"name":"options","type":{"type":"map","values":"string"},"default":{}},` +
		`{"name":"gift","type":"boolean","default":false}]}}`},
	{name: "attributes", kind: `{"type":"map","values":"string"}`, value: "{}"},
	{name: "notes", kind: `{"type":"array","items":"string"}`, value: "[]"},
	{name: "weight", kind: `"double"`, widened: 9, narrow: `"float"`},
	{name: "express", kind: `"boolean"`, value: "false"},
	{name: "channel", kind: `["string","int"]`, widened: 4, narrow: `"string"`},
	{name: "checksum", kind: `{"type":"fixed","name":"Digest","size":16}`},
	{name: "signature", kind: `["null","bytes"]`, value: "null"},
	{name: "source", kind: `"string"`},
	{name: "campaign", kind: `["null","string"]`, value: "null"},
	{name: "coupon", kind: `["null","string"]`, value: "null"},
	{name: "discount", kind: `["null","double"]`, value: "null"},
	{name: "tax", kind: `{"type":"bytes","logicalType":"decimal","precision":18,"scale":4}`},
	{name: "tax_rates", kind: `{"type":"map","values":"double"}`, value: "{}"},
	{name: "warehouse", kind: `"int"`, value: "1"},
	{name: "carrier", kind: `["null",{"type":"enum","name":"Carrier","symbols":["POST","COURIER","PICKUP"]}]`, value: "null"},
	{name: "tracking", kind: `["null","string"]`, value: "null"},
	{name: "picked_at", kind: `["null",{"type":"long","logicalType":"timestamp-micros"}]`, value: "null"},
	{name: "packed_at", kind: `["null",{"type":"long","logicalType":"timestamp-micros"}]`, value: "null", since: 2},
	{name: "shipped_at", kind: `["null",{"type":"long","logicalType":"timestamp-micros"}]`, value: "null", since: 3},
	{name: "delivered_at", kind: `["null",{"type":"long","logicalType":"timestamp-micros"}]`, value: "null", since: 3},
	{name: "returned_at", kind: `["null",{"type":"long","logicalType":"timestamp-micros"}]`, value: "null", since: 4},
	{name: "parcels", kind: `"int"`, value: "0", since: 5},
	{name: "fragile", kind: `"boolean"`, value: "false", since: 6},
	{name: "insured", kind: `["null","double"]`, value: "null", since: 7},
	{name: "language", kind: `"string"`, value: `"de"`, since: 8},
	{name: "device", kind: `["null","string"]`, value: "null", since: 9},
	{name: "session", kind: `["null",{"type":"string","logicalType":"uuid"}]`, value: "null", since: 10},
	{name: "referrer", kind: `"string"`, value: `""`, since: 11},
	{name: "score", kind: `"float"`, value: "0.5", since: 12},
	{name: "labels", kind: `{"type":"array","items":{"type":"record","name":"Label","fields":[{"name":"key","type":"string"},{"name":"value","type":["null","string","long"],"default":null}]}}`, value: "[]", since: 13},
	{name: "gift_note", kind: `["null","string"]`, value: "null", since: 14},
	{name: "invoice", kind: `["null","string"]`, value: "null", since: 15},
	{name: "payments", kind: `{"type":"array","items":{"type":"record","name":"Payment","fields":[{"name":"method","type":{"type":"enum","name":"Method","symbols":["CARD","TRANSFER","CASH"]}},` +
		`{"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":4}}]}}`, value: "[]", since: 16},
	{name: "refund", kind: `["null","Payment"]`, value: "null", since: 17},
	{name: "parent", kind: `["null","long"]`, value: "null", since: 18},
	{name: "children", kind: `{"type":"array","items":"long"}`, value: "[]", since: 19},
	{name: "region", kind: `"string"`, value: `"EU"`, since: 20},
	{name: "trace", kind: `["null","string"]`, value: "null", since: 21},
}

// paymentText is an Avro record of 0.7 KiB, laid out as people write it.
const paymentText = `{
  "type": "record", "name": "Payment", "namespace": "com.example.shop",
  "doc": "A payment of an order.",
  "fields": [
    {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
    {"name": "order", "type": "long", "doc": "The order that is paid."},
    {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "method", "type": {"type": "enum", "name": "Method", "symbols": ["CARD", "TRANSFER", "CASH"]}},
    {"name": "note", "type": ["null", "string"], "default": null},
    {"name": "tags", "type": {"type": "map", "values": "string"}, "default": {}}
  ]
}`

// protoText is a proto3 file of so many messages, with comments, nested types,
// maps, oneofs and a service.
func protoText(messages int) string {
	var b strings.Builder
	b.WriteString("syntax = \"proto3\";\n\npackage com.example.shop;\n\noption java_package = \"com.example.shop\";\noption java_multiple_files = true;\n\n")
	for i := range messages {
		fmt.Fprintf(&b, `// Event%[1]d is what the shop emits at step %[1]d.
message Event%[1]d {
  // The order the event belongs to.
  string order_id = 1;
  int64 at_millis = 2;
  double amount = 3 [deprecated = true];
  repeated string tags = 4 [json_name = "labels"];
  map<string, int32> counts = 5;
  Event%[2]d previous = 6;
  State state = 7;
  oneof payload {
    string text = 8;
    bytes binary = 9;
    Detail detail = 10;
  }
  optional bool express = 11;
  reserved 20 to 29;
  reserved "legacy";

  message Detail {
    uint32 code = 1;
    repeated double values = 2;
  }

  enum State {
    STATE_UNKNOWN = 0;
    STATE_OPEN = 1;
    STATE_DONE = 2;
  }
}

`, i, max(i-1, 0))
	}
	b.WriteString("service Events {\n  rpc Send (Event0) returns (Event1);\n  rpc Watch (Event0) returns (stream Event2);\n}\n")
	return b.String()
}

// jsonText is a JSON Schema of an object with so many properties.
func jsonText(properties int) string {
	kinds := []string{
		`{"type":"string","maxLength":120}`,
		`{"type":"integer","minimum":0,"description":"How many there are."}`,
		`{"type":"number","exclusiveMinimum":0}`,
		`{"type":"boolean","default":false}`,
		`{"type":"array","items":{"type":"string"},"maxItems":20}`,
		`{"type":["string","null"],"format":"date-time"}`,
		`{"enum":["NEW","OPEN","DONE"]}`,
		`{"$ref":"#/definitions/Address"}`,
		`{"oneOf":[{"type":"string"},{"type":"integer"}]}`,
		`{"type":"object","properties":{"key":{"type":"string"},"value":{"type":"number"}},"required":["key"],"additionalProperties":false}`,
	}
	var b strings.Builder
	b.WriteString(`{"$schema":"http://json-schema.org/draft-07/schema#","title":"Order","type":"object","properties":{`)
	for i := range properties {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"property_%02d":%s`, i, kinds[i%len(kinds)])
	}
	b.WriteString(`},"required":["property_00","property_01"],"additionalProperties":false,"definitions":{` +
		`"Address":{"type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"},"code":{"type":"string","pattern":"^[0-9]{5}$"}},"required":["city"]}}}`)
	return b.String()
}
