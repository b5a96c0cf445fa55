package serde

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/record"
	recordprotobuf "github.com/seed-9f7c7091/concordat/record/protobuf"
	"github.com/seed-9f7c7091/concordat/rules"
)

// DeadLetterSender sends dead letters, as the adapters of Kafka clients do.
type DeadLetterSender interface {
	// SendDeadLetter sends a record and returns when it is safe. Its topic is that of dead letters, its key
	// and headers are those of the record that was refused, with the reference's headers __rule.name, __rule.mode, __rule.subject,
	// __rule.topic and __rule.exception after them. The record is the sender's.
	SendDeadLetter(ctx context.Context, r *Record) error
}

// Original is what rules.Env.Original holds for actions of one's own: the message before its rules.
type Original struct {
	// Record has the message as it came, and its key and headers where they are known; Data is nil on the way out.
	Record
	Value any // the value that is being written; nil on the way in

	redact  redaction
	encoded bool // the rules that run now see bytes
}

// redaction is what a dead letter must not tell.
type redaction struct {
	tags []string // of fields
	some bool     // something is to be redacted: the fields with the tags, or all there is if there are none
}

func (r *redaction) all() bool { return r.some && len(r.tags) == 0 }

// hidden is a record without texts and bytes, wherever they are: those that are no field of the schema as well.
func hidden(rec any) any {
	switch rec := rec.(type) {
	case string:
		return rules.Redacted
	case []byte:
		return []byte(rules.Redacted)
	case map[string]any:
		for name, v := range rec {
			rec[name] = hidden(v)
		}
	case []any:
		for i, v := range rec {
			rec[i] = hidden(v)
		}
	case *record.Branch:
		return &record.Branch{Name: rec.Name, Value: hidden(rec.Value)}
	}
	return rec
}

// redacted finds what the rules encrypt.
func (c *config) redacted(chains ...*rules.Chain) redaction {
	types := "ENCRYPT,ENCRYPT_PAYLOAD"
	if v, ok := c.properties["dlq.redact.rule.types"]; ok {
		types = v
	}
	var list []string
	for t := range strings.SplitSeq(types, ",") {
		list = append(list, strings.ToUpper(strings.TrimSpace(t)))
	}
	var r redaction
	for _, chain := range chains {
		for _, rule := range chain.Rules() {
			if !slices.Contains(list, strings.ToUpper(rule.Type)) {
				continue
			}
			if len(rule.Tags) == 0 {
				return redaction{some: true}
			}
			r.some = true
			r.tags = append(r.tags, rule.Tags...)
		}
	}
	return r
}

// deadLetterAction is the action DLQ.
func (c *config) deadLetterAction() rules.Action {
	return ofRecords{rules.DLQ(deadLetters{c.dead, c.isKey}, c.deadLetterTopic(), func(e *rules.Event) ([]string, bool) {
		o, ok := e.Env.Original.(*Original)
		if !ok {
			return nil, false
		}
		return o.redact.tags, o.redact.some
	})}
}

// ofRecords has an action see the record where rules run on its bytes, of which nothing can be redacted.
type ofRecords struct{ rules.Action }

func (a ofRecords) Run(ctx context.Context, e *rules.Event) error {
	o, ok := e.Env.Original.(*Original)
	if !ok || !o.encoded || !o.redact.some {
		return a.Action.Run(ctx, e)
	}
	seen := *e
	seen.Message = o.Value
	if f, ok := e.Target.Format.(*recordprotobuf.Format); ok {
		m, err := asMessage(f, o.Value)
		if err != nil {
			return &rules.StopError{Err: fmt.Errorf("%w; the record was not sent as a dead letter: %w", e.Failed, err)}
		}
		seen.Message = m
	}
	return a.Action.Run(ctx, &seen)
}

// deadLetterTopic is the topic that the configuration names for all dead letters, as rule.actions.<any name>.param.dlq.topic.
func (c *config) deadLetterTopic() string {
	if topic := c.properties["dlq.topic"]; topic != "" {
		return topic
	}
	for name, v := range c.properties {
		if strings.HasPrefix(name, "rule.actions.") && strings.HasSuffix(name, ".param.dlq.topic") {
			return v
		}
	}
	return ""
}

// deadLetters turns dead letters into records.
type deadLetters struct {
	to    DeadLetterSender
	isKey bool
}

func (d deadLetters) Send(ctx context.Context, letter *rules.DeadLetter) error {
	var o *Original
	r := &Record{Topic: letter.Topic}
	rec := letter.Record
	if original, ok := rec.(*Original); ok {
		o, rec = original, original.Value
	}
	if o == nil {
		o, _ = letter.Original.(*Original)
	}
	if o == nil {
		return errors.New("the record is not known")
	}
	r.Key, r.Headers = bytes.Clone(o.Key), slices.Clone(o.Headers)
	for _, name := range []string{rules.HeaderRuleName, rules.HeaderRuleMode, rules.HeaderRuleSubject, rules.HeaderRuleTopic, rules.HeaderRuleException} {
		if v, ok := letter.Headers[name]; ok {
			r.Headers = append(r.Headers, Header{name, []byte(v)})
		}
	}
	data := bytes.Clone(o.Data)
	if rec != nil {
		if letter.Record != any(o) && o.redact.all() {
			rec = hidden(rec)
		}
		var err error
		if data, err = letterText(letter.Format, rec); err != nil {
			return err
		}
	}
	if d.isKey {
		r.Key, data = data, nil
	}
	r.Data = data
	return d.to.SendDeadLetter(ctx, r)
}

// letterText is a value as a dead letter has it: text and numbers as Kafka's own serializers write them, else JSON.
func letterText(f record.Format, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return []byte(v), nil
	case *string:
		return []byte(*v), nil
	case []byte:
		return bytes.Clone(v), nil
	case int32:
		return binary.BigEndian.AppendUint32(nil, uint32(v)), nil
	case int64:
		return binary.BigEndian.AppendUint64(nil, uint64(v)), nil
	case bool:
		return strconv.AppendBool(nil, v), nil
	}
	if f != nil {
		if b, err := f.Print(v); err == nil {
			return b, nil
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("the record cannot be written as JSON: %w", err)
	}
	return b, nil
}
