package sarama

import (
	"context"
	"iter"

	"github.com/IBM/sarama"

	"github.com/seed-9f7c7091/concordat/client/serde"
)

// Record is a message that was consumed, with its key and value.
type Record[K, V any] struct {
	*sarama.ConsumerMessage // as it came: ConsumerMessage.Key and ConsumerMessage.Value are the bytes
	Key                     K
	Value                   V
}

// Read reads the key and then the value of a message. The error is a *kafka.Error; the message comes with it, and with
// the key if it was the value that could not be read. A null key or value gives the zero K or V.
func Read[K, V any](ctx context.Context, m *sarama.ConsumerMessage, key *serde.Deserializer[K], value *serde.Deserializer[V]) (Record[K, V], error) {
	typed := Record[K, V]{ConsumerMessage: m}
	var err error
	if typed.Key, err = DeserializeKey(ctx, key, m); err != nil {
		return typed, err
	}
	typed.Value, err = DeserializeValue(ctx, value, m)
	return typed, err
}

// Records reads, one after the other, the messages of a partition (PartitionConsumer.Messages) or a claim of a consumer group
// (ConsumerGroupClaim.Messages), until there are no more or ctx ends. Each message is given once: with its key and value, or with the
// error of the one that could not be read, which stops none after it. Marking messages as consumed is left to the caller.
func Records[K, V any](ctx context.Context, messages <-chan *sarama.ConsumerMessage, key *serde.Deserializer[K], value *serde.Deserializer[V]) iter.Seq2[Record[K, V], error] {
	return func(yield func(Record[K, V], error) bool) {
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case m, ok := <-messages:
				if !ok || !yield(Read(ctx, m, key, value)) {
					return
				}
			}
		}
	}
}
