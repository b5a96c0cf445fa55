package sarama_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/kafka/internal/kafkatest"
	adapter "github.com/seed-9f7c7091/concordat/client/kafka/sarama"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/concordattest"
)

const personSchema = `{"type": "record", "name": "Person", "fields": [{"name": "name", "type": "string"}, {"name": "age", "type": "int"}]}`

type person struct {
	Name string `avro:"name" json:"name"`
	Age  int    `avro:"age" json:"age"`
}

func settings() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.V2_8_0_0
	c.Producer.Return.Successes = true
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Idempotent = true
	c.Net.MaxOpenRequests = 1
	return c
}

func start(t *testing.T) (*concordattest.Registry, sarama.SyncProducer) {
	t.Helper()
	reg := concordattest.Start(t, concordattest.WithKafka("people", "staff", "refused"))
	p, err := sarama.NewSyncProducer(reg.Brokers(), settings())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return reg, p
}

// read is a record as it was given, or the error in its place.
type read[K, V any] struct {
	adapter.Record[K, V]
	err error
}

// fetch reads the first n messages of a topic.
func fetch[K, V any](t *testing.T, reg *concordattest.Registry, topic string, n int, key *serde.Deserializer[K], value *serde.Deserializer[V]) []read[K, V] {
	t.Helper()
	consumer, err := sarama.NewConsumer(reg.Brokers(), settings())
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	partition, err := consumer.ConsumePartition(topic, 0, sarama.OffsetOldest)
	if err != nil {
		t.Fatal(err)
	}
	defer partition.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var all []read[K, V]
	for rec, err := range adapter.Records(ctx, partition.Messages(), key, value) {
		if all = append(all, read[K, V]{rec, err}); len(all) == n {
			return all
		}
	}
	t.Fatalf("%d messages of %d", len(all), n)
	return nil
}

func header(m *sarama.ConsumerMessage, key string) (string, bool) {
	for _, h := range m.Headers {
		if string(h.Key) == key {
			return string(h.Value), true
		}
	}
	return "", false
}

func TestRoundTrip(t *testing.T) {
	ada, grace := &person{"Ada", 36}, &person{"Grace", 85}
	roundTrip(t, serde.Avro, []*person{ada, nil, grace})
	roundTrip(t, serde.JSON, []*person{ada, nil, grace}, serde.WithSchema(api.Schema{SchemaType: api.JSON, Schema: `{"title": "Person", "type": "object"}`}))
	roundTrip(t, serde.Protobuf, []*wrapperspb.StringValue{wrapperspb.String("Ada"), nil, wrapperspb.String("Grace")})
}

// roundTrip writes values under keys with a schema, in both framings, and reads both again.
func roundTrip[V any](t *testing.T, format serde.Format, values []V, opts ...serde.Option) {
	for _, framing := range []string{"prefix", "header"} {
		t.Run(string(format)+"/"+framing, func(t *testing.T) {
			reg, p := start(t)
			var framed []serde.Option
			if framing == "header" {
				framed = append(framed, serde.HeaderFraming())
			}
			keys := kafkatest.Serializer[string](t, reg, serde.Avro, append(framed, serde.ForKeys(), serde.WithSchema(api.Schema{SchemaType: api.Avro, Schema: `"string"`}))...)
			vals := kafkatest.Serializer[V](t, reg, format, append(framed, opts...)...)
			for i, v := range values {
				m, err := adapter.NewMessage(t.Context(), "people", keys, fmt.Sprint("key ", i), vals, v)
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := p.SendMessage(m); err != nil {
					t.Fatal(err)
				}
			}
			for i, r := range fetch(t, reg, "people", len(values), kafkatest.Deserializer[string](t, reg, serde.Avro, serde.ForKeys()), kafkatest.Deserializer[V](t, reg, format)) {
				if r.err != nil || r.Key != fmt.Sprint("key ", i) || !equal(r.Value, values[i]) {
					t.Errorf("message %d: %q %v, %v", i, r.Key, r.Value, r.err)
				}
				if tombstone := reflect.ValueOf(values[i]).IsNil(); (r.ConsumerMessage.Value == nil) != tombstone {
					t.Errorf("the bytes of %v are %q", values[i], r.ConsumerMessage.Value)
				}
				if _, ok := header(r.ConsumerMessage, "__key_schema_id"); ok != (framing == "header") {
					t.Errorf("the headers are %v", r.Headers)
				}
			}
		})
	}
}

func equal(a, b any) bool {
	if a, ok := a.(proto.Message); ok && !reflect.ValueOf(a).IsNil() {
		return proto.Equal(a, b.(proto.Message))
	}
	return reflect.DeepEqual(a, b)
}

// A message that cannot be read is given with its error, in its place; what the caller gave a message is kept.
func TestUnreadable(t *testing.T) {
	reg, p := start(t)
	s := kafkatest.Serializer[person](t, reg, serde.Avro)
	for i := range 3 {
		m := &sarama.ProducerMessage{Topic: "people", Headers: []sarama.RecordHeader{{Key: []byte("from"), Value: []byte("test")}}}
		if err := adapter.Serialize(t.Context(), m, nil, fmt.Sprint(i), s, person{"Ada", i}); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			m.Value = sarama.StringEncoder("no frame")
		}
		if _, _, err := p.SendMessage(m); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range fetch[string](t, reg, "people", 3, nil, kafkatest.Deserializer[person](t, reg, serde.Avro)) {
		if from, _ := header(r.ConsumerMessage, "from"); r.Key != fmt.Sprint(i) || from != "test" {
			t.Errorf("message %d is not whole: %v", i, r.ConsumerMessage)
		}
		var at *kafka.Error
		switch {
		case i != 1 && (r.err != nil || r.Value != person{"Ada", i}):
			t.Errorf("message %d: %v, %v", i, r.Value, r.err)
		case i == 1 && (!errors.As(r.err, &at) || *at != kafka.Error{Topic: "people", Offset: 1, Part: kafka.Value, Err: at.Err}):
			t.Errorf("message %d: %v", i, r.err)
		}
	}
}

// An encoder serializes once; its error is its message's.
func TestEncode(t *testing.T) {
	reg, p := start(t)
	reg.Register("people-value", personSchema, kafkatest.Grown(api.ModeWrite, "refused"))
	s := kafkatest.Serializer[person](t, reg, serde.Avro, serde.AutoRegister(false), serde.UseLatestVersion())
	keys := kafkatest.Serializer[string](t, reg, serde.Avro, serde.ForKeys(), serde.WithSchema(api.Schema{SchemaType: api.Avro, Schema: `"string"`}))
	send := func(v person) error {
		_, _, err := p.SendMessage(&sarama.ProducerMessage{Topic: "people",
			Key: adapter.Encode(t.Context(), keys, "people", v.Name), Value: adapter.Encode(t.Context(), s, "people", v)})
		return err
	}
	if err := send(person{"Ada", 36}); err != nil {
		t.Error(err)
	}
	var failure *serde.Error
	if err := send(person{"Tim", 9}); !errors.As(err, &failure) || failure.Stage != serde.StageRule {
		t.Errorf("the error is %v", err)
	}
	got := fetch(t, reg, "people", 1, kafkatest.Deserializer[string](t, reg, serde.Avro, serde.ForKeys()), kafkatest.Deserializer[person](t, reg, serde.Avro))
	if got[0].err != nil || got[0].Key != "Ada" || got[0].Value != (person{"Ada", 36}) {
		t.Errorf("%v, %v", got[0].Value, got[0].err)
	}
	e := adapter.Encode(t.Context(), s, "people", person{"Ada", 36})
	data, err := e.Encode()
	again, _ := e.Encode()
	if err != nil || e.Length() != len(data) || &data[0] != &again[0] {
		t.Errorf("%q, %q: %v", data, again, err)
	}
}

func TestDeadLetters(t *testing.T) {
	for _, mode := range []string{api.ModeWrite, api.ModeRead} {
		t.Run(mode, func(t *testing.T) {
			reg, p := start(t)
			reg.Register("people-value", personSchema, kafkatest.Grown(mode, "refused"))
			letters := serde.WithDeadLetters(adapter.DeadLetters(p))
			s := kafkatest.Serializer[person](t, reg, serde.Avro, serde.AutoRegister(false), serde.UseLatestVersion(), letters)
			d := kafkatest.Deserializer[person](t, reg, serde.Avro, letters)

			m := &sarama.ProducerMessage{Topic: "people", Headers: []sarama.RecordHeader{{Key: []byte("trace"), Value: []byte("7")}}}
			err := adapter.Serialize(t.Context(), m, nil, "Tim", s, person{"Tim", 9})
			if (err == nil) != (mode == api.ModeRead) {
				t.Fatal(err)
			}
			if mode == api.ModeRead {
				if _, _, err := p.SendMessage(m); err != nil {
					t.Fatal(err)
				}
				if got := fetch[string](t, reg, "people", 1, nil, d); got[0].err == nil {
					t.Errorf("%v was read", got[0].Value)
				}
			}
			letter := fetch[string](t, reg, "refused", 1, nil, d)[0]
			for key, want := range map[string]string{"trace": "7", "__rule.name": "grown", "__rule.mode": mode, "__rule.subject": "people-value", "__rule.topic": "people"} {
				if got, _ := header(letter.ConsumerMessage, key); got != want {
					t.Errorf("the header %s is %q", key, got)
				}
			}
			if exception, _ := header(letter.ConsumerMessage, "__rule.exception"); letter.Key != "Tim" || !strings.Contains(exception, "only adults") {
				t.Errorf("%q, %q", letter.Key, exception)
			}
			if mode == api.ModeRead && (letter.err != nil || letter.Value != person{"Tim", 9}) {
				t.Errorf("%v, %v", letter.Value, letter.err)
			}
		})
	}
	_, p := start(t)
	r := &serde.Record{Topic: "people", Headers: []serde.Header{{Key: "__rule.topic", Value: []byte("people")}}}
	if err := adapter.DeadLetters(p).SendDeadLetter(t.Context(), r); !errors.Is(err, kafka.ErrLoop) {
		t.Errorf("the error is %v", err)
	}
}

// Many goroutines share serializers and an asynchronous producer.
func TestConcurrentMessages(t *testing.T) {
	const writers, each = 8, 50
	reg, _ := start(t)
	p, err := sarama.NewAsyncProducer(reg.Brokers(), settings())
	if err != nil {
		t.Fatal(err)
	}
	s := kafkatest.Serializer[*person](t, reg, serde.Avro, serde.HeaderFraming())
	var sent, wg sync.WaitGroup
	sent.Go(func() {
		for range p.Successes() {
		}
	})
	sent.Go(func() {
		for err := range p.Errors() {
			t.Error(err)
		}
	})
	for range writers {
		wg.Go(func() {
			for i := range each {
				m, err := adapter.NewMessage[string](context.Background(), "people", nil, fmt.Sprint(i), s, &person{"Ada", i})
				if err != nil {
					t.Error(err)
					return
				}
				p.Input() <- m
			}
		})
	}
	wg.Wait()
	p.AsyncClose()
	sent.Wait()
	d := kafkatest.Deserializer[*person](t, reg, serde.Avro)
	t.Run("consumers", func(t *testing.T) {
		for n := range 2 {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				for _, r := range fetch[string](t, reg, "people", writers*each, nil, d) {
					if r.err != nil || r.Key != fmt.Sprint(r.Value.Age) {
						t.Errorf("%q has %v, %v", r.Key, r.Value, r.err)
					}
				}
			})
		}
	})
}
