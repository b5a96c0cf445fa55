// Produce writes two people to the topic people, as version 1 or 2 of the contract has them.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/kafka/franz"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/examples/people"
)

func main() {
	version := flag.String("v", "1", "the `version` of the contract, 1 or 2")
	flag.Parse()
	var err error
	switch *version {
	case "1":
		err = produce("1", people.V1{Name: "Ada", SSN: "078-05-1120"}, people.V1{Name: "Grace", SSN: "219-09-9999"})
	case "2":
		err = produce("2", people.V2{Name: "Barbara", NationalID: "457-55-5462"}, people.V2{Name: "Radia", NationalID: "123-45-6789"})
	default:
		err = fmt.Errorf("there is no version %q", *version)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func produce[P any](version string, all ...P) error {
	ctx := context.Background()
	registry, err := client.New(cmp.Or(os.Getenv("REGISTRY"), "http://localhost:8081"))
	if err != nil {
		return err
	}
	defer registry.Close()
	// Contracts are registered when a program is deployed, not by the program. Here it keeps the example short.
	if err := people.Register(ctx, registry, "people-value"); err != nil {
		return err
	}
	values, err := serde.NewSerializer[P](registry, serde.Avro, serde.AutoRegister(false), people.Version(version))
	if err != nil {
		return err
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(cmp.Or(os.Getenv("KAFKA"), "localhost:9092")), kgo.AllowAutoTopicCreation())
	if err != nil {
		return err
	}
	defer cl.Close()
	producer := franz.NewProducer[[]byte](cl, nil, values) // no keys
	for _, person := range all {
		rec, err := producer.ProduceSync(ctx, "people", nil, person)
		if err != nil {
			return err
		}
		fmt.Printf("%d: %+v is %x\n", rec.Offset, person, rec.Value)
	}
	return nil
}
