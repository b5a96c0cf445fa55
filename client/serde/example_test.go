package serde_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/concordattest"
)

// exampleRegistry is where the examples' registry is. Programs of yours know theirs.
func exampleRegistry() (url string, stop func()) {
	reg, err := concordattest.New()
	if err != nil {
		log.Fatal(err)
	}
	return reg.URL, func() { _ = reg.Close() }
}

// A struct is written by the schema that its tags say, which is registered when the first message is written.
func Example() {
	type Order struct {
		ID    string  `avro:"id"`
		Total float64 `avro:"total"`
	}
	url, stop := exampleRegistry()
	defer stop()
	ctx := context.Background()

	c, err := client.New(url)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ser, err := serde.NewSerializer[*Order](c, serde.Avro)
	if err != nil {
		log.Fatal(err)
	}
	data, err := ser.Serialize(ctx, "orders", &Order{ID: "A-17", Total: 12.5})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%x\n", data)

	des, err := serde.NewDeserializer[Order](c, serde.Avro)
	if err != nil {
		log.Fatal(err)
	}
	order, err := des.Deserialize(ctx, "orders", data)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", order)
	// Output:
	// 000000000108412d31370000000000002940
	// {ID:A-17 Total:12.5}
}

// A condition of the contract refuses what must not be written. The version to write by is the one in the registry.
func ExampleUseLatestVersion() {
	url, stop := exampleRegistry()
	defer stop()
	ctx := context.Background()
	c, err := client.New(url)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	_, err = c.Register(ctx, "orders-value", &api.RegisterRequest{
		Schema: `{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}, {"name": "total", "type": "double"}]}`,
		RuleSet: &api.RuleSet{DomainRules: []api.Rule{
			{Name: "paid", Kind: api.KindCondition, Type: "CEL", Expr: "message.total > 0.0", Doc: "an order costs something"},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}

	ser, err := serde.NewSerializer[any](c, serde.Avro, serde.UseLatestVersion())
	if err != nil {
		log.Fatal(err)
	}
	_, err = ser.Serialize(ctx, "orders", map[string]any{"id": "A-18", "total": 0.0})
	fmt.Println(err)
	// Output:
	// cannot serialize a value of topic orders (subject orders-value, schema id 1): Rule failed: paid: an order costs something
}

// Rules take records of one version of a contract to another, when they are read.
func ExampleUseLatestWithMetadata() {
	url, stop := exampleRegistry()
	defer stop()
	ctx := context.Background()
	c, err := client.New(url)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	group := "major_version"
	if _, err := c.UpdateConfig(ctx, "people-value", &api.ConfigUpdate{Config: api.Config{CompatibilityGroup: &group}}); err != nil {
		log.Fatal(err)
	}
	for _, version := range []*api.RegisterRequest{
		{
			Schema:   `{"type": "record", "name": "Person", "fields": [{"name": "name", "type": "string"}, {"name": "ssn", "type": "string"}]}`,
			Metadata: &api.Metadata{Properties: map[string]string{"major_version": "1"}},
		},
		{
			Schema:   `{"type": "record", "name": "Person", "fields": [{"name": "name", "type": "string"}, {"name": "national_id", "type": "string"}]}`,
			Metadata: &api.Metadata{Properties: map[string]string{"major_version": "2"}},
			RuleSet: &api.RuleSet{MigrationRules: []api.Rule{
				{Name: "up", Type: "JSONATA", Mode: api.ModeUpgrade, Expr: `$merge([$sift($, function($v, $k) {$k != 'ssn'}), {'national_id': ssn}])`},
				{Name: "down", Type: "JSONATA", Mode: api.ModeDowngrade, Expr: `$merge([$sift($, function($v, $k) {$k != 'national_id'}), {'ssn': national_id}])`},
			}},
		},
	} {
		if _, err := c.Register(ctx, "people-value", version); err != nil {
			log.Fatal(err)
		}
	}

	type PersonV2 struct {
		Name       string `avro:"name"`
		NationalID string `avro:"national_id"`
	}
	v1 := serde.UseLatestWithMetadata(map[string]string{"major_version": "1"})
	v2 := serde.UseLatestWithMetadata(map[string]string{"major_version": "2"})
	ser, err := serde.NewSerializer[any](c, serde.Avro, v1)
	if err != nil {
		log.Fatal(err)
	}
	des, err := serde.NewDeserializer[PersonV2](c, serde.Avro, v2)
	if err != nil {
		log.Fatal(err)
	}
	data, err := ser.Serialize(ctx, "people", map[string]any{"name": "Ada", "ssn": "078-05-1120"})
	if err != nil {
		log.Fatal(err)
	}
	person, err := des.Deserialize(ctx, "people", data)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", person)
	// Output:
	// {Name:Ada NationalID:078-05-1120}
}
