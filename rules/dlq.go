package rules

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/record"
)

// DeadLetter is a record that a rule has refused.
type DeadLetter struct {
	Topic string // to send it to
	// Record is Env.Original, or the record without what must not be read in the clear.
	Record  any
	Format  record.Format // of a Record that was redacted, nil for one as it was given
	Headers map[string]string
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
// tagsToRedact tells the tags of the fields whose text and bytes must not be sent in the clear, as
// TagsOf finds them for the rules that encrypt; nil for none. On the way in nothing is redacted: the
// record is sent as it came. A record that cannot be redacted is not sent.
func DLQ(to DeadLetters, topic string, tagsToRedact func(*Event) []string) Action {
	return &dlq{to, topic, tagsToRedact}
}

type dlq struct {
	to     DeadLetters
	topic  string
	redact func(*Event) []string
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
	letter := &DeadLetter{Topic: topic, Record: e.Env.Original, Headers: map[string]string{
		HeaderRuleName: e.Rule.Name, HeaderRuleMode: e.Mode, HeaderRuleSubject: e.Env.Subject, HeaderRuleTopic: e.Env.Topic,
	}}
	if e.Failed != nil {
		letter.Headers[HeaderRuleException] = e.Failed.Error()
	}
	if e.Mode == Write && d.redact != nil {
		if tags := d.redact(e); len(tags) > 0 {
			redacted, err := redactFields(e, tags)
			if err != nil {
				return err
			}
			letter.Record, letter.Format = redacted, e.Target.Format
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

// TagsOf lists the tags that rules of the types work on, sorted.
func TagsOf(types []string, chains ...*Chain) []string {
	var tags []string
	for _, c := range chains {
		for _, r := range c.Rules() {
			if slices.Contains(types, strings.ToUpper(r.Type)) {
				tags = append(tags, r.Tags...)
			}
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}
