//go:build cgo

package confluent_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seed-9f7c7091/concordat/api"
	adapter "github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/kafka/confluent"
	"github.com/seed-9f7c7091/concordat/client/kafka/internal/kafkatest"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/concordattest"
)

const personSchema = `{"type": "record", "name": "Person", "fields": [{"name": "name", "type": "string"}, {"name": "age", "type": "int"}]}`

type person struct {
	Name string `avro:"name" json:"name"`
	Age  int    `avro:"age" json:"age"`
}

func start(t *testing.T) (*concordattest.Registry, *kafka.Producer) {
	t.Helper()
	reg := concordattest.Start(t, concordattest.WithKafka("people", "refused"))
	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": strings.Join(reg.Brokers(), ","), "enable.idempotence": true, "linger.ms": 0})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return reg, p
}

// send waits until a message is acknowledged.
func send(t *testing.T, p *kafka.Producer, m *kafka.Message) {
	t.Helper()
	reports := make(chan kafka.Event, 1)
	if err := p.Produce(m, reports); err != nil {
		t.Fatal(err)
	}
	if sent := (<-reports).(*kafka.Message); sent.TopicPartition.Error != nil {
		t.Fatal(sent.TopicPartition.Error)
	}
}

// read is a record as it was given, or the error in its place.
type read[K, V any] struct {
	confluent.Record[K, V]
	err error
}

// fetch reads the first n messages of a topic.
func fetch[K, V any](t *testing.T, reg *concordattest.Registry, topic string, n int, key *serde.Deserializer[K], value *serde.Deserializer[V]) []read[K, V] {
	t.Helper()
	c, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": strings.Join(reg.Brokers(), ","), "group.id": "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Assign([]kafka.TopicPartition{{Topic: &topic, Offset: kafka.OffsetBeginning}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var all []read[K, V]
	for rec, err := range confluent.Records(ctx, c, key, value) {
		if all = append(all, read[K, V]{rec, err}); len(all) == n {
			return all
		}
	}
	t.Fatalf("%d messages of %d", len(all), n)
	return nil
}

func header(m *kafka.Message, key string) (string, bool) {
	for _, h := range m.Headers {
		if h.Key == key {
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
				m, err := confluent.NewMessage(t.Context(), "people", keys, fmt.Sprint("key ", i), vals, v)
				if err != nil {
					t.Fatal(err)
				}
				send(t, p, m)
			}
			for i, r := range fetch(t, reg, "people", len(values), kafkatest.Deserializer[string](t, reg, serde.Avro, serde.ForKeys()), kafkatest.Deserializer[V](t, reg, format)) {
				if r.err != nil || r.Key != fmt.Sprint("key ", i) || !equal(r.Value, values[i]) {
					t.Errorf("message %d: %q %v, %v", i, r.Key, r.Value, r.err)
				}
				if tombstone := reflect.ValueOf(values[i]).IsNil(); (r.Message.Value == nil) != tombstone {
					t.Errorf("the bytes of %v are %q", values[i], r.Message.Value)
				}
				if _, ok := header(r.Message, "__key_schema_id"); ok != (framing == "header") {
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
	topic := "people"
	for i := range 3 {
		m := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic}, Headers: []kafka.Header{{Key: "from", Value: []byte("test")}}}
		if err := confluent.Serialize(t.Context(), m, nil, fmt.Sprint(i), s, person{"Ada", i}); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			m.Value = []byte("no frame")
		}
		send(t, p, m)
	}
	for i, r := range fetch[string](t, reg, "people", 3, nil, kafkatest.Deserializer[person](t, reg, serde.Avro)) {
		if from, _ := header(r.Message, "from"); r.Key != fmt.Sprint(i) || from != "test" {
			t.Errorf("message %d is not whole: %v", i, r.Message)
		}
		var at *adapter.Error
		switch {
		case i != 1 && (r.err != nil || r.Value != person{"Ada", i}):
			t.Errorf("message %d: %v, %v", i, r.Value, r.err)
		case i == 1 && (!errors.As(r.err, &at) || *at != adapter.Error{Topic: "people", Offset: 1, Part: adapter.Value, Err: at.Err}):
			t.Errorf("message %d: %v", i, r.err)
		}
	}
}

// failing is a consumer that fails, waits in vain, and then has a message.
type failing struct{ calls int }

func (f *failing) ReadMessage(time.Duration) (*kafka.Message, error) {
	topic := "people"
	switch f.calls++; f.calls {
	case 1:
		return nil, kafka.NewError(kafka.ErrAllBrokersDown, "all are down", false)
	case 2:
		return nil, kafka.NewError(kafka.ErrTimedOut, "nothing came", false)
	case 3:
		at := kafka.TopicPartition{Topic: &topic, Partition: 2, Offset: kafka.OffsetInvalid, Error: kafka.NewError(kafka.ErrUnknownTopicOrPart, "gone", false)}
		return &kafka.Message{TopicPartition: at}, at.Error
	}
	return &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 2, Offset: 7}, Value: []byte("v")}, nil
}

// The errors of a consumer are told and end nothing; that nothing came is no error.
func TestConsumerErrors(t *testing.T) {
	var got []string
	for rec, err := range confluent.Records[string, string](t.Context(), &failing{}, nil, nil) {
		got = append(got, fmt.Sprintf("%v %q %v", rec.TopicPartition.Partition, rec.Value, err))
		if rec.Value == "v" {
			break
		}
	}
	want := []string{`-1 "" cannot fetch: all are down`, `2 "" cannot fetch from people/2: gone`, `2 "v" <nil>`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestDeadLetters(t *testing.T) {
	for _, mode := range []string{api.ModeWrite, api.ModeRead} {
		t.Run(mode, func(t *testing.T) {
			reg, p := start(t)
			reg.Register("people-value", personSchema, kafkatest.Grown(mode, "refused"))
			letters := serde.WithDeadLetters(confluent.DeadLetters(p))
			s := kafkatest.Serializer[person](t, reg, serde.Avro, serde.AutoRegister(false), serde.UseLatestVersion(), letters)
			d := kafkatest.Deserializer[person](t, reg, serde.Avro, letters)

			topic := "people"
			m := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic}, Headers: []kafka.Header{{Key: "trace", Value: []byte("7")}}}
			err := confluent.Serialize(t.Context(), m, nil, "Tim", s, person{"Tim", 9})
			if (err == nil) != (mode == api.ModeRead) {
				t.Fatal(err)
			}
			if mode == api.ModeRead {
				send(t, p, m)
				if got := fetch[string](t, reg, "people", 1, nil, d); got[0].err == nil {
					t.Errorf("%v was read", got[0].Value)
				}
			}
			letter := fetch[string](t, reg, "refused", 1, nil, d)[0]
			for key, want := range map[string]string{"trace": "7", "__rule.name": "grown", "__rule.mode": mode, "__rule.subject": "people-value", "__rule.topic": "people"} {
				if got, _ := header(letter.Message, key); got != want {
					t.Errorf("the header %s is %q", key, got)
				}
			}
			if exception, _ := header(letter.Message, "__rule.exception"); letter.Key != "Tim" || !strings.Contains(exception, "only adults") {
				t.Errorf("%q, %q", letter.Key, exception)
			}
			if mode == api.ModeRead && (letter.err != nil || letter.Value != person{"Tim", 9}) {
				t.Errorf("%v, %v", letter.Value, letter.err)
			}
		})
	}
	_, p := start(t)
	r := &serde.Record{Topic: "people", Headers: []serde.Header{{Key: "__rule.topic", Value: []byte("people")}}}
	if err := confluent.DeadLetters(p).SendDeadLetter(t.Context(), r); !errors.Is(err, adapter.ErrLoop) {
		t.Errorf("the error is %v", err)
	}
}
