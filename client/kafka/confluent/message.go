//go:build cgo

package confluent

import (
	"context"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	adapter "github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// NewMessage makes the message of a key and a value for a topic, whichever partition. Either serializer may be nil.
func NewMessage[K, V any](ctx context.Context, topic string, key *serde.Serializer[K], k K, value *serde.Serializer[V], v V) (*kafka.Message, error) {
	m := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny}}
	return m, Serialize(ctx, m, key, k, value, v)
}

// Serialize sets the key and the value of a message, and with header framing adds headers to it. The topic must be set.
func Serialize[K, V any](ctx context.Context, m *kafka.Message, key *serde.Serializer[K], k K, value *serde.Serializer[V], v V) error {
	r := serde.Record{Topic: topicOf(m), Headers: headersOf(m)}
	if err := adapter.SerializeRecord(ctx, &r, key, k, value, v); err != nil {
		return err
	}
	setMessage(m, &r)
	return nil
}

func setMessage(m *kafka.Message, r *serde.Record) {
	m.Key, m.Value = r.Key, r.Data
	m.Headers = make([]kafka.Header, len(r.Headers))
	for i, h := range r.Headers {
		m.Headers[i] = kafka.Header(h)
	}
}

// DeserializeKey reads the key of a message. d must be a deserializer of keys. What a nil d gives shares the memory of the message.
func DeserializeKey[K any](ctx context.Context, d *serde.Deserializer[K], m *kafka.Message) (K, error) {
	k, err := adapter.DeserializeKey(ctx, d, serde.Record{Topic: topicOf(m), Headers: headersOf(m), Key: m.Key}, m.Value)
	if err != nil {
		return k, failed(m, adapter.Key, err)
	}
	return k, nil
}

// DeserializeValue reads the value of a message. What a nil d gives shares the memory of the message.
func DeserializeValue[V any](ctx context.Context, d *serde.Deserializer[V], m *kafka.Message) (V, error) {
	v, err := adapter.DeserializeValue(ctx, d, &serde.Record{Topic: topicOf(m), Headers: headersOf(m), Key: m.Key, Data: m.Value})
	if err != nil {
		return v, failed(m, adapter.Value, err)
	}
	return v, nil
}

func failed(m *kafka.Message, part adapter.Part, err error) error {
	p := m.TopicPartition
	return &adapter.Error{Topic: topicOf(m), Partition: p.Partition, Offset: int64(p.Offset), Part: part, Err: err}
}

func topicOf(m *kafka.Message) string {
	if m.TopicPartition.Topic == nil {
		return ""
	}
	return *m.TopicPartition.Topic
}

// headersOf is nil for a message without headers.
func headersOf(m *kafka.Message) []serde.Header {
	if len(m.Headers) == 0 {
		return nil
	}
	headers := make([]serde.Header, len(m.Headers))
	for i, h := range m.Headers {
		headers[i] = serde.Header(h)
	}
	return headers
}
