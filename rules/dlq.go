package rules

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-9f7c7091/concordat/record"
)

// DeadLetter is a record that a rule has refused.
type DeadLetter struct {
	Topic string // to send it to
	// Record is Env.Original, or the record without what must not be read in the clear.
	Record   any
	Original any           // Env.Original, whatever Record is
	Format   record.Format // of the records of the rule
	Headers  map[string]string
}

// DeadLetters takes dead letters, as a Kafka producer does.
type DeadLetters interface {
	Send(ctx context.Context, letter *DeadLetter) error
}

// The headers of dead letters, as the reference names them.
const (
	HeaderRuleName      = "__rule.name"
	HeaderRuleMode      = "__rule.mode"
	HeaderRuleSubject   = "__rule.subject"
	HeaderRuleTopic     = "__rule.topic"
	HeaderRuleException = "__rule.exception"
)

// Redacted stands for text and bytes that a dead letter must not tell.
const Redacted = "<REDACTED>"

// DLQ is the action of that name: it sends the record to the topic given, or where
// that is "" to the one that the parameter dlq.topic of the rule names, and then ends the message.
//
// redact tells whether there are fields whose text and bytes must not be sent in the clear, as the rules
// that encrypt have them, and the tags of these fields, no tags for all fields. It may be nil. On the way in nothing is redacted: the
// record is sent as it came. A record that cannot be redacted is not sent. Of one that is redacted, the
// header of the failure says no more than that: its words could be those of the record.
func DLQ(to DeadLetters, topic string, redact func(*Event) (tags []string, some bool)) Action {
	return &dlq{to, topic, redact}
}

type dlq struct {
	to     DeadLetters
	topic  string
	redact func(*Event) ([]string, bool)
}

func (d *dlq) Name() string { return actionDLQ }

func (d *dlq) Run(ctx context.Context, e *Event) error {
	failed := e.Failed
	if failed == nil {
		failed = errOnSuccess
	}
	if err := d.send(ctx, e); err != nil {
		return &StopError{fmt.Errorf("%w; the record was not sent as a dead letter: %w", failed, err)}
	}
	return &StopError{failed}
}

func (d *dlq) send(ctx context.Context, e *Event) error {
	topic := d.topic
	if topic == "" {
		topic, _ = e.Target.Param(e.Rule, "dlq.topic")
	}
	if topic == "" {
		return errors.New("there is no topic, set dlq.topic")
	}
	letter := &DeadLetter{Topic: topic, Record: e.Env.Original, Original: e.Env.Original, Format: e.Target.Format, Headers: map[string]string{
		HeaderRuleName: e.Rule.Name, HeaderRuleMode: e.Mode, HeaderRuleSubject: e.Env.Subject, HeaderRuleTopic: e.Env.Topic,
	}}
	if e.Failed != nil {
		letter.Headers[HeaderRuleException] = e.Failed.Error()
	}
	if e.Mode == Write && d.redact != nil {
		if tags, some := d.redact(e); some {
			redacted, err := redactFields(e, tags)
			if err != nil {
				return err
			}
			letter.Record = redacted
			if e.Failed != nil {
				letter.Headers[HeaderRuleException] = "the rule failed; what it says is left out, since the record has secrets"
			}
		}
	}
	return d.to.Send(ctx, letter)
}

// redactFields is a copy of the record without the text and bytes of the fields with the tags.
func redactFields(e *Event, tags []string) (any, error) {
	copied, err := clone(e.Target.Format, e.Message)
	if err != nil {
		return nil, err
	}
	return e.Target.Format.Fields(e.Target.Tags(), tags).Visit(copied, func(f *record.Field, _ any, v any) (any, error) {
		switch f.Type {
		case record.String:
			return Redacted, nil
		case record.Bytes:
			return []byte(Redacted), nil
		}
		return v, nil
	})
}

func clone(f record.Format, v any) (any, error) {
	b, err := f.Append(nil, v)
	if err != nil {
		return nil, err
	}
	return f.Decode(b)
}
