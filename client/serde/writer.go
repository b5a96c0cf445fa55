package serde

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/schema"
)

// writer is what a serializer does whatever T is.
type writer struct {
	*contracts
	bind      binding
	shape     shape
	fixed     bool // all values have one name
	fixedName string

	plans plans[writeKey, writePlan]
	owned sync.Map // *own by name
}

type writeKey struct{ topic, name string }

// writePlan is how values of a name are written to a topic.
type writePlan struct {
	writeKey
	source   Source
	schema   string // as errors name it
	prefix   []byte
	header   []byte // instead of the prefix
	write    writeFunc
	encoding *rules.Chain
	ruled    bool // there are rules: messages have an Env
	env      rules.Env
	redact   redaction
	use      *client.Use
	renewal  renewal
}

// append writes a value behind its frame. v is not nil.
func (w *writer) append(ctx context.Context, dst []byte, topic string, v any, r *Record) (out, header []byte, err error) {
	name := w.fixedName
	if !w.fixed {
		if name, err = w.bind.name(v); err != nil {
			return nil, nil, w.failed(topic, nil, StageCodec, err)
		}
	}
	p := w.plans.last.Load()
	if p == nil || p.topic != topic || p.name != name {
		if p, err = w.plan(ctx, topic, name, v); err != nil {
			return nil, nil, w.failed(topic, nil, StageSchema, err)
		}
	}
	if p.renewal.due.Load() {
		w.renew(ctx, p, v)
	}
	p.use.Touch()
	begin := len(dst)
	dst = append(dst, p.prefix...)
	env := &p.env
	if p.ruled && w.wantsOriginal() {
		env = p.message(r, v)
	}
	if p.encoding == nil {
		out, err = p.write(ctx, dst, v, env)
	} else {
		out, err = p.encoded(ctx, dst, v, env)
	}
	if err != nil {
		return dst[:begin], nil, w.failed(topic, p, StageCodec, err)
	}
	if out == nil {
		out = []byte{} // nothing is not null
	}
	return out, p.header, nil
}

// encoded runs the encoding rules on the bytes.
func (p *writePlan) encoded(ctx context.Context, dst []byte, v any, env *rules.Env) ([]byte, error) {
	body, err := p.write(ctx, nil, v, env)
	if err != nil {
		return nil, err
	}
	if o, ok := env.Original.(*Original); ok {
		o.encoded = true
	}
	out, err := p.encoding.Run(ctx, body, env)
	if err != nil {
		return nil, err
	}
	body, ok := out.([]byte)
	if !ok {
		return nil, at(StageRule, fmt.Errorf("an encoding rule gave a %T, not bytes", out))
	}
	return append(dst, body...), nil
}

// message is the Env of one message.
func (p *writePlan) message(r *Record, v any) *rules.Env {
	env := p.env
	o := &Original{Record: Record{Topic: p.topic}, Value: v, redact: p.redact}
	if r != nil {
		o.Key, o.Headers = r.Key, r.Headers
	}
	env.Original = o
	return &env
}

// plan finds the plan of a topic, or makes it.
func (w *writer) plan(ctx context.Context, topic, name string, v any) (*writePlan, error) {
	key := writeKey{topic, name}
	p := w.plans.get(key)
	if p == nil {
		var err error
		v = example(v)
		p, err = w.plans.make(ctx, key, topic+"\x00"+name, func(ctx context.Context) (*writePlan, error) { return w.prepare(ctx, key, v) })
		if err != nil {
			return nil, err
		}
	}
	w.plans.last.Store(p)
	return p, nil
}

// own is the schema that values of a name have by themselves, made once.
func (w *writer) own(ctx context.Context, name string, v any) (*own, error) {
	if known, ok := w.owned.Load(name); ok {
		return known.(*own), nil
	}
	o, err := w.given(ctx)
	if o == nil && err == nil {
		o, err = w.bind.own(v)
	}
	switch {
	case err != nil:
		return nil, err
	case o == nil:
		return nil, errNoSchema
	}
	known, _ := w.owned.LoadOrStore(name, o)
	return known.(*own), nil
}

// prepare makes a plan.
func (w *writer) prepare(ctx context.Context, key writeKey, v any) (*writePlan, error) {
	mine := func() (*own, error) { return w.own(ctx, key.name, v) }
	subject, err := w.strategy.subject(ctx, w.cache, SubjectQuestion{Topic: key.topic, IsKey: w.isKey}, func() (string, error) {
		if key.name != "" {
			return key.name, nil
		}
		o, err := mine()
		if err != nil {
			return "", err
		}
		return o.parsed.Name(), nil
	})
	if err != nil {
		return nil, err
	}
	k, err := w.choose(ctx, subject, mine)
	if err != nil {
		return nil, &explained{subject, err}
	}
	p, err := w.planned(key, subject, k)
	if err != nil {
		return nil, &explained{subject, err}
	}
	if (w.latest || w.metadata != nil) && !w.registers() {
		p.renewal.after(w.cache.LatestTTL())
	}
	p.use = w.track(ctx, p.source, k.Schema)
	w.observers.seen(&Seen{Source: p.source, Writer: k.Schema, Reader: k.Schema})
	return p, nil
}

// planned works a contract out.
func (w *writer) planned(key writeKey, subject string, k *contract) (*writePlan, error) {
	if Format(typeOf(k.Schema)) != w.format {
		return nil, &FormatError{Want: w.format, Got: Format(typeOf(k.Schema))}
	}
	f, indexes, err := w.bind.message(k, key.name)
	if err != nil {
		return nil, err
	}
	p := &writePlan{writeKey: key, source: Source{Role: producer, Topic: key.topic, IsKey: w.isKey, Subject: subject, Format: w.format}}
	scope := k.scope(subject, f)
	domain := w.engine.Compile(k.RuleSet, rules.Domain, rules.Write, scope)
	p.encoding = w.engine.Compile(k.RuleSet, rules.Encoding, rules.Write, scope)
	if p.write, err = w.bind.writes(f, domain); err != nil {
		return nil, err
	}
	p.ruled = domain != nil || p.encoding != nil
	p.redact = w.redacted(domain, p.encoding)
	p.env = rules.Env{Subject: subject, Topic: key.topic, IsKey: w.isKey, Observe: w.observers.steps(p.source)}
	if w.headers {
		guid, ok := schema.ParseGUID(k.GUID)
		if !ok {
			return nil, fmt.Errorf("the registry tells no GUID of the schema%s, which header framing needs", ident(k.Schema))
		}
		p.schema = "GUID " + k.GUID
		p.header = appendGUID(nil, guid)
		if indexes != nil {
			p.header = appendIndexes(p.header, indexes)
		}
		return p, nil
	}
	p.schema = fmt.Sprintf("id %d", k.ID)
	p.prefix = appendID(nil, k.ID)
	if indexes != nil {
		p.prefix = appendIndexes(p.prefix, indexes)
	}
	return p, nil
}

// example is what a plan needs to know of a value. Of the value itself nobody may think once the caller has it back.
func example(v any) any {
	if m, ok := v.(proto.Message); ok {
		return m.ProtoReflect().Type().Zero().Interface()
	}
	return nil
}

// renew makes a plan anew, in the background. v is a value of its name.
func (w *writer) renew(ctx context.Context, p *writePlan, v any) {
	v = example(v)
	prepare := func(ctx context.Context) (*writePlan, error) { return w.prepare(ctx, p.writeKey, v) }
	w.plans.renew(ctx, p.writeKey, p, &p.renewal, prepare, func(err error) {
		_ = w.failed(p.topic, p, StageSchema, err)
		p.renewal.failed(w.cache.LatestTTL())
	})
}

// failed makes the error of a message, and tells the observers.
func (w *writer) failed(topic string, p *writePlan, stage Stage, err error) error {
	src := Source{Role: producer, Topic: topic, IsKey: w.isKey, Format: w.format}
	e := &Error{Source: src}
	if p != nil {
		e.Source, e.Schema = p.source, p.schema
	}
	return w.report(e, stage, err)
}

// report finishes an error.
func (c *config) report(e *Error, stage Stage, err error) error {
	var known *explained
	if errors.As(err, &known) {
		if err = known.err; known.subject != "" {
			e.Subject = known.subject
		}
	}
	e.Stage, e.Err = stageOf(err, stage)
	c.observers.failed(&Failure{Source: e.Source, Stage: e.Stage, Err: e})
	return e
}

// explained is an error of a plan whose subject is known.
type explained struct {
	subject string
	err     error
}

func (e *explained) Error() string { return e.err.Error() }

// track begins the report of a use, where that is asked for.
func (ks *contracts) track(ctx context.Context, src Source, s *api.Schema) *client.Use {
	if ks.usage == nil {
		return nil
	}
	version := s.Version
	if version == 0 || s.Subject != src.Subject {
		found, err := ks.cache.LookUp(ctx, src.Subject, s, false, true)
		if err != nil {
			return nil // which is not worth a message
		}
		version = found.Version
	}
	return ks.usage.Track(api.Usage{Subject: src.Subject, Version: version, Role: src.Role, Topic: src.Topic})
}

// wantsOriginal reports whether someone may ask what the message was before its rules.
func (c *config) wantsOriginal() bool { return c.dead != nil || len(c.rules) > 0 }
