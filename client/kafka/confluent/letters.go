//go:build cgo

package confluent

import (
	"context"
	"errors"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	adapter "github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// DeadLetters sends dead letters by a producer, for serde.WithDeadLetters, and returns when they are acknowledged. They are written once, and to all
// replicas in sync, if the producer has enable.idempotence; without, they may be written twice. Letters
// that would go round in circles are refused, see [adapter.CheckLetter].
//
// With a producer that is transactional, letters are part of its transaction and are gone if it is aborted: give it one of its own.
func DeadLetters(p *kafka.Producer) serde.DeadLetterSender { return &letters{p} }

type letters struct{ p *kafka.Producer }

// full is how long a letter waits before it is offered again to a producer whose queue is full.
const full = 20 * time.Millisecond

func (l *letters) SendDeadLetter(ctx context.Context, r *serde.Record) error {
	if err := adapter.Letter(ctx, r); err != nil {
		return err
	}
	m := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &r.Topic, Partition: kafka.PartitionAny}}
	setMessage(m, r)
	reports := make(chan kafka.Event, 1)
	for {
		err := l.p.Produce(m, reports)
		if err == nil {
			break
		}
		var failure kafka.Error
		if !errors.As(err, &failure) || failure.Code() != kafka.ErrQueueFull {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(full):
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case report := <-reports:
		if sent, ok := report.(*kafka.Message); ok {
			return sent.TopicPartition.Error
		}
		return errors.New("the producer reported " + report.String() + " in the place of the letter")
	}
}
