package serde

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/schema"
)

// reader is what a deserializer does whatever T is.
type reader struct {
	*contracts
	formats []Format
	binds   []binding             // of the formats
	fits    func(record any) bool // reports whether a record is a T, where it is no Go type of the program's

	plans plans[readKey, readPlan]
}

// readKey is a topic and the bytes of a frame, message indexes included.
type readKey struct{ topic, frame string }

// readPlan is how the messages of a topic with a frame are read.
type readPlan struct {
	readKey
	// unfinished: the frame goes on with message indexes, which are part of another key.
	unfinished bool

	source   Source
	schema   string // as errors name it
	read     readFunc
	encoding *rules.Chain
	ruled    bool
	env      rules.Env
	uses     []*client.Use
	renewal  renewal
}

// read reads a message. data is not nil.
func (rd *reader) read(ctx context.Context, topic string, data []byte, headers []Header, r *Record, target any) (any, error) {
	p := rd.plans.last.Load()
	var body []byte
	if p != nil && p.topic == topic && len(headers) == 0 && !rd.unframed && len(data) >= len(p.frame) && string(data[:len(p.frame)]) == p.frame && !p.unfinished {
		body = data[len(p.frame):] // as most are: of the schema of the message before
	} else {
		var err error
		if p, body, err = rd.find(ctx, topic, data, headers); err != nil {
			return nil, rd.failed(topic, p, StageSchema, err)
		}
	}
	if p.renewal.due.Load() {
		rd.renew(ctx, p)
	}
	for _, u := range p.uses {
		u.Touch()
	}
	env := &p.env
	if p.ruled && (rd.wantsOriginal() || len(headers) > 0) {
		env = p.message(data, headers, r)
	}
	if p.encoding != nil {
		out, err := p.encoding.Run(ctx, slices.Clone(body), env)
		if err != nil {
			return nil, rd.failed(topic, p, StageRule, err)
		}
		decoded, ok := out.([]byte)
		if !ok {
			return nil, rd.failed(topic, p, StageRule, fmt.Errorf("an encoding rule gave a %T, not bytes", out))
		}
		body = decoded
	}
	v, err := p.read(ctx, body, target, env)
	if err == nil && rd.fits != nil && !rd.fits(v) {
		err = fmt.Errorf("the record is a %T, not a %s", v, rd.goType)
	}
	if err != nil {
		return nil, rd.failed(topic, p, StageCodec, err)
	}
	return v, nil
}

// message is the Env of one message.
func (p *readPlan) message(data []byte, headers []Header, r *Record) *rules.Env {
	env := p.env
	o := &Original{Record: Record{Topic: p.topic, Data: data, Headers: headers}}
	if r != nil {
		o.Key = r.Key
	}
	env.Original = o
	for i := range headers {
		if headers[i].Key == rules.HeaderRuleName {
			env.Skip = string(headers[i].Value)
		}
	}
	return &env
}

// find finds the plan of a message, and where its body begins.
func (rd *reader) find(ctx context.Context, topic string, data []byte, headers []Header) (*readPlan, []byte, error) {
	if rd.unframed {
		p, err := rd.plan(ctx, readKey{topic, string(rd.configuredFrame())})
		return p, data, err
	}
	frame, body := data, data
	framed := rd.header(headers)
	size, err := 0, error(nil)
	if framed != nil {
		frame = framed
		if size, err = frameSize(frame); err == nil && len(frame) > size && !rd.mayIndex() {
			err = &FrameError{Reason: fmt.Sprintf("the header %s has %d bytes more than a frame", rd.headerName(), len(frame)-size)}
		}
	} else {
		size, err = frameSize(frame)
		if err == nil {
			body = data[size:]
		}
	}
	if err != nil {
		return nil, nil, err
	}
	indexed := len(rd.formats) == 1 && rd.formats[0] == Protobuf
	if len(rd.formats) > 1 { // the schema tells whether indexes follow
		p, err := rd.lookUp(ctx, topic, frame[:size])
		if err != nil || !p.unfinished {
			return p, body, err
		}
		indexed = true
	}
	if indexed {
		n, err := indexSize(frame[size:])
		if err != nil {
			return nil, nil, err
		}
		size += n
		if framed == nil {
			body = data[size:]
		}
	}
	p, err := rd.lookUp(ctx, topic, frame[:size])
	if err != nil {
		return nil, nil, err
	}
	if framed == nil {
		rd.plans.last.Store(p)
	}
	return p, body, nil
}

func (rd *reader) mayIndex() bool { return slices.Contains(rd.formats, Protobuf) }

// header is the frame in the last header of the name; nil if there is none.
func (rd *reader) header(headers []Header) []byte {
	if rd.noHeaders || len(headers) == 0 {
		return nil
	}
	name := rd.headerName()
	for i := len(headers) - 1; i >= 0; i-- {
		if headers[i].Key == name {
			return headers[i].Value
		}
	}
	return nil
}

// configuredFrame is the frame of data that has none.
func (rd *reader) configuredFrame() []byte {
	var frame []byte
	if rd.id >= 0 {
		frame = appendID(nil, rd.id)
	} else {
		guid, _ := schema.ParseGUID(rd.guid)
		frame = appendGUID(nil, guid)
	}
	if rd.mayIndex() {
		indexes := rd.indexes
		if len(indexes) == 0 {
			indexes = []int{0}
		}
		frame = appendIndexes(frame, indexes)
	}
	return frame
}

// lookUp is plan without a copy of the frame where the plan is there.
func (rd *reader) lookUp(ctx context.Context, topic string, frame []byte) (*readPlan, error) {
	if m := rd.plans.all.Load(); m != nil {
		if p := (*m)[readKey{topic, string(frame)}]; p != nil {
			return p, nil
		}
	}
	return rd.plan(ctx, readKey{topic, string(frame)})
}

func (rd *reader) plan(ctx context.Context, key readKey) (*readPlan, error) {
	if p := rd.plans.get(key); p != nil {
		return p, nil
	}
	return rd.plans.make(ctx, key, key.topic+"\x00"+key.frame, func(ctx context.Context) (*readPlan, error) { return rd.prepare(ctx, key) })
}

// prepare makes a plan.
func (rd *reader) prepare(ctx context.Context, key readKey) (*readPlan, error) {
	frame := []byte(key.frame)
	size, err := frameSize(frame)
	if err != nil {
		return nil, err
	}
	name := naming(frame)
	p, err := rd.planned(ctx, key, name, frame[size:])
	if err != nil {
		var known *explained
		if !errors.As(err, &known) {
			known = &explained{err: err}
		}
		return nil, &unread{name.String(), known}
	}
	return p, nil
}

// unread is an error of a plan whose schema has been named.
type unread struct {
	schema string
	*explained
}

func (rd *reader) planned(ctx context.Context, key readKey, name named, indexes []byte) (*readPlan, error) {
	writer, subject, err := rd.writer(ctx, key.topic, name, indexes)
	if err != nil {
		return nil, &explained{subject, err}
	}
	p, err := rd.way(ctx, key, name, writer, subject, indexes)
	if err != nil {
		return nil, &explained{subject, err}
	}
	return p, nil
}

// way works out how records come from the writer's schema to the reader's.
func (rd *reader) way(ctx context.Context, key readKey, name named, writer *contract, subject string, indexes []byte) (*readPlan, error) {
	format := Format(typeOf(writer.Schema))
	i := slices.Index(rd.formats, format)
	if i < 0 {
		return nil, &FormatError{Want: rd.format, Got: format}
	}
	bind := rd.binds[i]
	p := &readPlan{readKey: key, schema: name.String(), source: Source{Role: consumer, Topic: key.topic, IsKey: rd.isKey, Subject: subject, Format: format}}
	var place []int
	if bind.indexed() {
		if len(indexes) == 0 {
			p.unfinished = true
			return p, nil
		}
		var err error
		if place, err = indexesOf(indexes); err != nil {
			return nil, err
		}
	}
	written, err := bind.at(writer, place)
	if err != nil {
		return nil, err
	}
	reader, path, err := rd.readerFor(ctx, subject, writer)
	if err != nil {
		return nil, err
	}
	if typeOf(reader.Schema) != typeOf(writer.Schema) {
		return nil, fmt.Errorf("the message is to be read by a schema of another language: %w", &FormatError{Want: format, Got: Format(typeOf(reader.Schema))})
	}
	read := written
	if reader != writer {
		if read, err = readerOf(reader, written, path != nil); err != nil {
			return nil, err
		}
	}
	if path != nil {
		path = rd.from(path, subject, written, read)
	}
	if format == Protobuf {
		if err := rd.expects(read); err != nil {
			return nil, err
		}
	}
	rulesOf := reader
	if rd.schema != nil && !rd.picksReader() {
		rulesOf = writer // a schema of the program's has no rules
	}
	domain := rd.engine.Compile(rulesOf.RuleSet, rules.Domain, rules.Read, rulesOf.scope(subject, read))
	p.encoding = rd.engine.Compile(writer.RuleSet, rules.Encoding, rules.Read, writer.scope(subject, written))
	if p.read, err = bind.reads(way{writer: written, reader: read, path: path.of(), domain: domain}); err != nil {
		return nil, err
	}
	p.ruled = domain != nil || p.encoding != nil || path != nil
	p.env = rules.Env{Subject: subject, Topic: key.topic, IsKey: rd.isKey, Observe: rd.observers.steps(p.source)}
	if rd.picksReader() {
		p.renewal.after(rd.cache.LatestTTL())
	}
	seen := &Seen{Source: p.source, Writer: writer.Schema, Reader: reader.Schema}
	if path != nil {
		seen.Migration = path.path.Mode()
	}
	rd.observers.seen(seen)
	p.uses = rd.usesOf(ctx, p.source, writer, reader)
	return p, nil
}

// usesOf begins the reports of the versions that are read, and read by.
func (rd *reader) usesOf(ctx context.Context, src Source, writer, reader *contract) []*client.Use {
	if rd.usage == nil {
		return nil
	}
	uses := []*client.Use{rd.track(ctx, src, writer.Schema)}
	if reader != writer && rd.picksReader() {
		uses = append(uses, rd.track(ctx, src, reader.Schema))
	}
	return uses
}

// writer finds the writer's schema, and the subject.
func (rd *reader) writer(ctx context.Context, topic string, name named, indexes []byte) (k *contract, subject string, err error) {
	q := SubjectQuestion{Topic: topic, IsKey: rd.isKey}
	subject, err = rd.strategy.subject(ctx, rd.cache, q, func() (string, error) {
		first, err := rd.named(ctx, "", name)
		if err != nil {
			return "", err
		}
		return rd.recordName(first, indexes)
	})
	if err != nil {
		return nil, "", err
	}
	k, err = rd.named(ctx, subject, name)
	return k, subject, err
}

// recordName is the name of the records of a schema: of a Protobuf file that of the message that the indexes lead to.
func (rd *reader) recordName(k *contract, indexes []byte) (string, error) {
	i := slices.Index(rd.formats, Format(typeOf(k.Schema)))
	if i < 0 {
		return "", &FormatError{Want: rd.format, Got: Format(typeOf(k.Schema))}
	}
	if !rd.binds[i].indexed() || len(indexes) == 0 {
		return k.parsed.Name(), nil
	}
	place, err := indexesOf(indexes)
	if err != nil {
		return "", err
	}
	f, err := rd.binds[i].at(k, place)
	if err != nil {
		return "", err
	}
	return f.Name(), nil
}

// named is the schema of an id or GUID.
func (rd *reader) named(ctx context.Context, subject string, name named) (*contract, error) {
	var s *api.Schema
	var err error
	if name.byID {
		s, err = rd.cache.ByID(ctx, subject, name.id)
	} else {
		s, err = rd.cache.ByGUID(ctx, name.guid)
	}
	if err != nil {
		return nil, err
	}
	return rd.of(ctx, s)
}

// picksReader reports whether the reader's schema comes from the registry.
func (rd *reader) picksReader() bool { return rd.latest || rd.metadata != nil }

// readerFor finds the reader's schema, and the versions between it and the writer's if rules lead from one to the other.
func (rd *reader) readerFor(ctx context.Context, subject string, writer *contract) (*contract, *versions, error) {
	if !rd.picksReader() {
		given, err := rd.given(ctx)
		if err != nil || given == nil {
			return writer, nil, err
		}
		return given.contract, nil, nil
	}
	var s *api.Schema
	var err error
	if rd.metadata != nil {
		s, err = rd.cache.LatestWithMetadata(ctx, subject, rd.metadata)
	} else {
		s, err = rd.cache.Latest(ctx, subject)
	}
	if err != nil {
		return nil, nil, err
	}
	if s.ID == writer.ID && writer.ID > 0 || s.GUID == writer.GUID && s.GUID != "" {
		return writer, nil, nil
	}
	reader, err := rd.of(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	between, err := rd.between(ctx, subject, writer, reader)
	return reader, between, err
}

// from works out the path between messages of the two ends.
func (rd *reader) from(vs *versions, subject string, writer, reader record.Format) *versions {
	vs.path = rd.engine.Migrate(subject, vs.from, vs.to, vs.formats(writer, reader))
	if vs.path == nil {
		return nil
	}
	return vs
}

// renew makes a plan anew, in the background.
func (rd *reader) renew(ctx context.Context, p *readPlan) {
	prepare := func(ctx context.Context) (*readPlan, error) { return rd.prepare(ctx, p.readKey) }
	rd.plans.renew(ctx, p.readKey, p, &p.renewal, prepare, func(err error) {
		_ = rd.failed(p.topic, p, StageSchema, err)
		p.renewal.failed(rd.cache.LatestTTL())
	})
}

// failed makes the error of a message, and tells the observers.
func (rd *reader) failed(topic string, p *readPlan, stage Stage, err error) error {
	e := &Error{Source: Source{Role: consumer, Topic: topic, IsKey: rd.isKey, Format: rd.format}}
	if p != nil {
		e.Source, e.Schema = p.source, p.schema
	}
	var unread *unread
	if errors.As(err, &unread) {
		e.Schema, err = unread.schema, unread.explained
	}
	return rd.report(e, stage, err)
}
