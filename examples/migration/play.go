package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-9f7c7091/concordat/client/kafka/franz"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/examples/people"
)

// person is someone to be written, by a program of a version.
type person struct{ name, number, version string }

var everybody = []person{
	{"Ada", "078-05-1120", "1"},
	{"Barbara", "457-55-5462", "2"},
	{"Grace", "219-09-9999", "1"},
	{"Radia", "123-45-6789", "2"},
}

func (p person) v1() people.V1 { return people.V1{Name: p.name, SSN: p.number} }
func (p person) v2() people.V2 { return people.V2{Name: p.name, NationalID: p.number} }

// play runs two producers and two consumers at the same time, prints who wrote and who read what, and returns what is not as it should be.
func play(ctx context.Context, out io.Writer, s *stage) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	byV1, byV2 := map[string]sight{}, map[string]sight{}
	programs := []func() error{
		func() error { return produce(ctx, s, "1", person.v1) },
		func() error { return produce(ctx, s, "2", person.v2) },
		func() error { return consume[people.V1](ctx, s, "1", byV1) },
		func() error { return consume[people.V2](ctx, s, "2", byV2) },
	}
	ends := make(chan error)
	for _, program := range programs {
		go func() { ends <- program() }()
	}
	var first error
	for range programs {
		if err := <-ends; err != nil && first == nil {
			first = err
			cancel() // the others cannot get what they wait for
		}
	}
	return errors.Join(first, show(out, byV1, byV2))
}

// produce writes all who are a version's to write.
func produce[P any](ctx context.Context, s *stage, version string, as func(person) P) error {
	values, err := serde.NewSerializer[P](s.registry, serde.Avro, serde.AutoRegister(false), people.Version(version))
	if err != nil {
		return err
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...))
	if err != nil {
		return err
	}
	defer cl.Close()
	producer := franz.NewProducer[string](cl, nil, values)
	for _, p := range everybody {
		if p.version != version {
			continue
		}
		if _, err := producer.ProduceSync(ctx, s.topic, p.name, as(p)); err != nil {
			return fmt.Errorf("producer of version %s: %w", version, err)
		}
	}
	return nil
}

// sight is a record as a consumer has seen it.
type sight struct {
	id    uint32 // of the schema that it was written by
	value any
}

// consume reads until it has seen everybody.
func consume[P any](ctx context.Context, s *stage, version string, seen map[string]sight) error {
	values, err := serde.NewDeserializer[P](s.registry, serde.Avro, people.Version(version))
	if err != nil {
		return err
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.ConsumeTopics(s.topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer cl.Close()
	for len(seen) < len(everybody) {
		for rec, err := range franz.Records[string](ctx, cl.PollFetches(ctx), nil, values) {
			if err != nil {
				return fmt.Errorf("consumer of version %s: %w", version, err)
			}
			seen[rec.Key] = sight{binary.BigEndian.Uint32(rec.Record.Value[1:]), rec.Value}
		}
	}
	return nil
}

// show prints a line for everyone, and returns what is not as it should be.
func show(out io.Writer, byV1, byV2 map[string]sight) error {
	var wrong error
	ids := map[string]uint32{} // of the schemas, by version
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "written by\tid\tread by version 1\tread by version 2")
	for _, p := range everybody {
		first, second := byV1[p.name], byV2[p.name]
		fmt.Fprintf(table, "version %s\t%d\t%s\t%s\n", p.version, first.id, text(first.value), text(second.value))
		if first.value != p.v1() || second.value != p.v2() {
			wrong = errors.Join(wrong, fmt.Errorf("%s was not read as it should be", p.name))
		}
		if id, ok := ids[p.version]; first.id != second.id || ok && id != first.id {
			wrong = errors.Join(wrong, fmt.Errorf("%s was not written by the schema of version %s", p.name, p.version))
		}
		ids[p.version] = first.id
	}
	if ids["1"] == ids["2"] {
		wrong = errors.Join(wrong, errors.New("both versions were written by one schema"))
	}
	return errors.Join(wrong, table.Flush())
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
