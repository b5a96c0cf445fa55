package sarama

import (
	"context"

	"github.com/IBM/sarama"

	"github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// DeadLetters sends dead letters by a producer, for serde.WithDeadLetters, and returns when they are acknowledged. They are safe in
// all replicas, and written once, if the producer's configuration has Producer.RequiredAcks = WaitForAll and Producer.Idempotent; the
// default is neither. Letters that would go round in circles are refused, see [kafka.CheckLetter].
//
// Sarama's producers know no context: a letter on its way is waited for even if the context ends.
func DeadLetters(p sarama.SyncProducer) serde.DeadLetterSender { return &letters{p} }

type letters struct{ p sarama.SyncProducer }

func (l *letters) SendDeadLetter(ctx context.Context, r *serde.Record) error {
	if err := kafka.Letter(ctx, r); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m := &sarama.ProducerMessage{Topic: r.Topic}
	setMessage(m, r)
	_, _, err := l.p.SendMessage(m)
	return err
}
