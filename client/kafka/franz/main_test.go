package franz_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/kafka/franz"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/concordattest"
)

const personSchema = `{"type": "record", "name": "Person", "fields": [{"name": "name", "type": "string"}, {"name": "age", "type": "int"}]}`

type person struct {
	Name string `avro:"name" json:"name"`
	Age  int    `avro:"age" json:"age"`
}

func start(t *testing.T) *concordattest.Registry {
	t.Helper()
	return concordattest.Start(t, concordattest.WithKafka())
}

func producer(t *testing.T, reg *concordattest.Registry, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(reg.Brokers()...), kgo.AllowAutoTopicCreation()}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// consumer reads the topics, which must exist, from their beginning.
func consumer(t *testing.T, reg *concordattest.Registry, topics []string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	return producer(t, reg, append(opts, kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
}

// read is a record as it was given, or the error in its place.
type read[K, V any] struct {
	franz.Record[K, V]
	err error
}

// fetch reads n records from a client, ordered by topic, partition and offset.
func fetch[K, V any](t *testing.T, cl *kgo.Client, n int, key *serde.Deserializer[K], value *serde.Deserializer[V]) []read[K, V] {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var all []read[K, V]
	for len(all) < n {
		for rec, err := range franz.Records(ctx, cl.PollFetches(ctx), key, value) {
			var failure *kafka.Error
			if errors.As(err, &failure) && failure.Part == "" {
				t.Fatalf("%d records of %d: %v", len(all), n, err)
			}
			all = append(all, read[K, V]{rec, err})
		}
	}
	if len(all) > n {
		t.Fatalf("%d records, not %d", len(all), n)
	}
	slices.SortFunc(all, func(a, b read[K, V]) int {
		if a.Topic != b.Topic {
			return slices.Compare([]string{a.Topic}, []string{b.Topic})
		}
		return int(a.Offset - b.Offset)
	})
	return all
}

func header(rec *kgo.Record, key string) (string, bool) {
	for _, h := range rec.Headers {
		if h.Key == key {
			return string(h.Value), true
		}
	}
	return "", false
}
