// Package sarama puts typed keys and values into the messages of IBM's sarama, and takes them out again.
//
// [NewMessage] makes a message for any producer, synchronous or not; [Records] goes through the messages of a claim
// or a partition and gives each with its key and value, or the error. [DeadLetters] sends the
// records that rules refuse. [Encode] is for programs that make their messages themselves.
//
// A serde may be nil: that part of the message has no schema, and its type must be []byte or string.
package sarama

import (
	"context"

	"github.com/IBM/sarama"

	"github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// NewMessage makes the message of a key and a value for a topic. Either serializer may be nil.
func NewMessage[K, V any](ctx context.Context, topic string, key *serde.Serializer[K], k K, value *serde.Serializer[V], v V) (*sarama.ProducerMessage, error) {
	m := &sarama.ProducerMessage{Topic: topic}
	return m, Serialize(ctx, m, key, k, value, v)
}

// Serialize sets the key and the value of a message, and with header framing adds headers to it. The topic must be set.
func Serialize[K, V any](ctx context.Context, m *sarama.ProducerMessage, key *serde.Serializer[K], k K, value *serde.Serializer[V], v V) error {
	headers := make([]serde.Header, len(m.Headers))
	for i, h := range m.Headers {
		headers[i] = serde.Header{Key: string(h.Key), Value: h.Value}
	}
	r := serde.Record{Topic: m.Topic, Headers: headers}
	if err := kafka.SerializeRecord(ctx, &r, key, k, value, v); err != nil {
		return err
	}
	setMessage(m, &r)
	return nil
}

// setMessage takes over what a record has. Null is no encoder at all.
func setMessage(m *sarama.ProducerMessage, r *serde.Record) {
	m.Key, m.Value = nil, nil
	if r.Key != nil {
		m.Key = sarama.ByteEncoder(r.Key)
	}
	if r.Data != nil {
		m.Value = sarama.ByteEncoder(r.Data)
	}
	m.Headers = make([]sarama.RecordHeader, len(r.Headers))
	for i, h := range r.Headers {
		m.Headers[i] = sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value}
	}
}

// DeserializeKey reads the key of a message. d must be a deserializer of keys. What a nil d gives shares the memory of the message.
func DeserializeKey[K any](ctx context.Context, d *serde.Deserializer[K], m *sarama.ConsumerMessage) (K, error) {
	k, err := kafka.DeserializeKey(ctx, d, serde.Record{Topic: m.Topic, Headers: headersOf(m), Key: m.Key}, m.Value)
	if err != nil {
		return k, failed(m, kafka.Key, err)
	}
	return k, nil
}

// DeserializeValue reads the value of a message. What a nil d gives shares the memory of the message.
func DeserializeValue[V any](ctx context.Context, d *serde.Deserializer[V], m *sarama.ConsumerMessage) (V, error) {
	v, err := kafka.DeserializeValue(ctx, d, &serde.Record{Topic: m.Topic, Headers: headersOf(m), Key: m.Key, Data: m.Value})
	if err != nil {
		return v, failed(m, kafka.Value, err)
	}
	return v, nil
}

func failed(m *sarama.ConsumerMessage, part kafka.Part, err error) error {
	return &kafka.Error{Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, Part: part, Err: err}
}

// headersOf is nil for a message without headers.
func headersOf(m *sarama.ConsumerMessage) []serde.Header {
	if len(m.Headers) == 0 {
		return nil
	}
	headers := make([]serde.Header, len(m.Headers))
	for i, h := range m.Headers {
		headers[i] = serde.Header{Key: string(h.Key), Value: h.Value}
	}
	return headers
}
