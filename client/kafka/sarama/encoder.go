package sarama

import (
	"context"
	"sync"

	"github.com/IBM/sarama"

	"github.com/seed-9f7c7091/concordat/client/serde"
)

// Encode makes the encoder of a key or a value for a topic. It serializes when sarama first asks it to, which for an asynchronous producer is in a
// goroutine of its own, and once only. A value that cannot be serialized fails its message with the error.
//
// An encoder does not see the message it is part of: there is no header framing, dead letters have no key and no headers, and what is
// nil is an error, as null is no encoder.
func Encode[T any](ctx context.Context, s *serde.Serializer[T], topic string, v T) sarama.Encoder {
	e := &encoder{}
	e.encode = sync.OnceValues(func() ([]byte, error) { return s.Serialize(ctx, topic, v) })
	return e
}

type encoder struct{ encode func() ([]byte, error) }

func (e *encoder) Encode() ([]byte, error) { return e.encode() }

func (e *encoder) Length() int {
	data, _ := e.encode() // sarama asks for the length first, and for the error later
	return len(data)
}
