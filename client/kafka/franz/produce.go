package franz

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-9f7c7091/concordat/client/serde"
)

// Producer produces records with keys of K and values of V. It is safe for concurrent use.
type Producer[K, V any] struct {
	cl    *kgo.Client
	key   *serde.Serializer[K]
	value *serde.Serializer[V]
	topic string // that the client produces to by default
	fixed bool   // whether it does so whatever the record says
}

// NewProducer makes a producer of a client, which stays the caller's. A serializer may be nil.
func NewProducer[K, V any](cl *kgo.Client, key *serde.Serializer[K], value *serde.Serializer[V]) *Producer[K, V] {
	p := &Producer[K, V]{cl: cl, key: key, value: value}
	p.topic, _ = cl.OptValue(kgo.DefaultProduceTopic).(string)
	p.fixed, _ = cl.OptValue(kgo.DefaultProduceTopicAlways).(bool)
	return p
}

// Produce sends a key and a value to a topic, "" for the client's default. It serializes before it returns; the value is not
// looked at afterwards.
//
// The promise is called once, with the record and what became of it; it may be nil. For a record that
// cannot be serialized it is called before Produce returns, by the goroutine that called it; for all others by the client,
// see [kgo.Client.Produce].
func (p *Producer[K, V]) Produce(ctx context.Context, topic string, k K, v V, promise func(*kgo.Record, error)) {
	p.ProduceRecord(ctx, &kgo.Record{Topic: topic}, k, v, promise)
}

// ProduceRecord is Produce with a record that says all but the key and the value: headers, a timestamp, a partition.
func (p *Producer[K, V]) ProduceRecord(ctx context.Context, rec *kgo.Record, k K, v V, promise func(*kgo.Record, error)) {
	if err := p.Serialize(ctx, rec, k, v); err != nil {
		if promise != nil {
			promise(rec, err)
		}
		return
	}
	p.cl.Produce(ctx, rec, promise)
}

// ProduceSync is Produce that waits, and returns the record as it was sent, with partition and offset.
func (p *Producer[K, V]) ProduceSync(ctx context.Context, topic string, k K, v V) (*kgo.Record, error) {
	rec := &kgo.Record{Topic: topic}
	if err := p.Serialize(ctx, rec, k, v); err != nil {
		return rec, err
	}
	return p.cl.ProduceSync(ctx, rec).First()
}

// Serialize sets the key and the value of a record, and its topic if it has none, without producing it: for batches of ProduceSync, and TryProduce.
func (p *Producer[K, V]) Serialize(ctx context.Context, rec *kgo.Record, k K, v V) error {
	if rec.Topic == "" || p.fixed {
		rec.Topic = p.topic
	}
	if err := SerializeKey(ctx, p.key, rec, k); err != nil {
		return err
	}
	return SerializeValue(ctx, p.value, rec, v)
}
