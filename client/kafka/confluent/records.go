//go:build cgo

package confluent

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/seed-9f7c7091/concordat/client/serde"
)

// Record is a message that was consumed, with its key and value.
type Record[K, V any] struct {
	*kafka.Message // as it came: Message.Key and Message.Value are the bytes
	Key            K
	Value          V
}

// Read reads the key and then the value of a message. The error is a *kafka.Error of client/kafka; the message comes with
// it, and with the key if it was the value that could not be read. A null key or value gives the zero K or V.
func Read[K, V any](ctx context.Context, m *kafka.Message, key *serde.Deserializer[K], value *serde.Deserializer[V]) (Record[K, V], error) {
	typed := Record[K, V]{Message: m}
	var err error
	if typed.Key, err = DeserializeKey(ctx, key, m); err != nil {
		return typed, err
	}
	typed.Value, err = DeserializeValue(ctx, value, m)
	return typed, err
}

// Consumer is what Records asks of a *kafka.Consumer.
type Consumer interface {
	ReadMessage(timeout time.Duration) (*kafka.Message, error)
}

// poll is how long a consumer is asked for a message before ctx is looked at again.
const poll = 100 * time.Millisecond

// Records reads, one after the other, the messages that a consumer gets, until ctx ends. Each message is given once: with its key and
// value, or with the error of the one that could not be read, which stops none after it. Errors of the consumer are
// given as it has them, with a message that has no more than a partition, or nothing at all; it is for the
// caller to tell which of them are final (kafka.Error.IsFatal), and to leave the loop.
func Records[K, V any](ctx context.Context, c Consumer, key *serde.Deserializer[K], value *serde.Deserializer[V]) iter.Seq2[Record[K, V], error] {
	return func(yield func(Record[K, V], error) bool) {
		for ctx.Err() == nil {
			m, err := c.ReadMessage(poll)
			switch {
			case isTimeout(err):
			case err != nil:
				if m == nil {
					m = &kafka.Message{TopicPartition: kafka.TopicPartition{Partition: kafka.PartitionAny, Offset: kafka.OffsetInvalid}}
				}
				if !yield(Record[K, V]{Message: m}, failed(m, "", err)) {
					return
				}
			default:
				if !yield(Read(ctx, m, key, value)) {
					return
				}
			}
		}
	}
}

func isTimeout(err error) bool {
	var failure kafka.Error
	return errors.As(err, &failure) && failure.IsTimeout()
}
