// Consume reads the topic people from its beginning, and shows all people as version 1 or 2 of the contract has
// them, whichever they were written by. It ends on an interrupt.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/kafka/franz"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/examples/people"
)

func main() {
	version := flag.String("v", "2", "the `version` of the contract, 1 or 2")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch *version {
	case "1":
		err = consume[people.V1](ctx, "1")
	case "2":
		err = consume[people.V2](ctx, "2")
	default:
		err = fmt.Errorf("there is no version %q", *version)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func consume[P any](ctx context.Context, version string) error {
	registry, err := client.New(cmp.Or(os.Getenv("REGISTRY"), "http://localhost:8081"))
	if err != nil {
		return err
	}
	defer registry.Close()
	values, err := serde.NewDeserializer[P](registry, serde.Avro, people.Version(version))
	if err != nil {
		return err
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(cmp.Or(os.Getenv("KAFKA"), "localhost:9092")),
		kgo.ConsumeTopics("people"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer cl.Close()
	for {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		for rec, err := range franz.Records[[]byte](ctx, fetches, nil, values) {
			if err != nil {
				log.Print(err) // and on to the next
				continue
			}
			fmt.Printf("%d: %+v\n", rec.Offset, rec.Value)
		}
	}
}
