package metrics_test

import (
	"context"
	"fmt"
	"log"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/client/serde/metrics"
	"github.com/seed-9f7c7091/concordat/concordattest"
)

// One observer counts for all the serdes of a program.
func ExampleNew() {
	registry, err := concordattest.New() // that of a program of yours runs elsewhere
	if err != nil {
		log.Fatal(err)
	}
	defer registry.Close()

	type Order struct {
		ID string `avro:"id"`
	}
	all := prometheus.NewRegistry()
	m, err := metrics.New(all)
	if err != nil {
		log.Fatal(err)
	}
	ser, err := serde.NewSerializer[Order](registry.Client(), serde.Avro, serde.WithObserver(m))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ser.Serialize(context.Background(), "orders", Order{ID: "A-17"}); err != nil {
		log.Fatal(err)
	}

	families, err := all.Gather()
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range families {
		fmt.Println(f.GetName(), f.GetMetric()[0].GetCounter().GetValue())
	}
	// Output:
	// concordat_serde_schemas_total 1
}
