package franz

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-9f7c7091/concordat/client/kafka"
	"github.com/seed-9f7c7091/concordat/client/serde"
)

// DeadLetters sends dead letters by a client, for serde.WithDeadLetters, and returns when they are acknowledged. They are written once and to
// all replicas in sync as long as the client has franz-go's defaults. Letters that would go round in circles are refused, see [kafka.CheckLetter].
//
// With a client that is transactional, letters are part of its transaction and are gone if it is aborted: give it one of its own.
// And as sending waits, nothing may be serialized or deserialized in a promise of the client.
func DeadLetters(cl *kgo.Client) serde.DeadLetterSender {
	fixed, _ := cl.OptValue(kgo.DefaultProduceTopicAlways).(bool)
	return &letters{cl, fixed}
}

type letters struct {
	cl    *kgo.Client
	fixed bool
}

func (l *letters) SendDeadLetter(ctx context.Context, r *serde.Record) error {
	if l.fixed {
		return errors.New("the client of the dead letters has DefaultProduceTopicAlways, it cannot send to another topic")
	}
	if err := kafka.Letter(ctx, r); err != nil {
		return err
	}
	rec := &kgo.Record{Topic: r.Topic, Key: r.Key, Value: r.Data}
	setHeaders(rec, r.Headers)
	return l.cl.ProduceSync(ctx, rec).FirstErr()
}
