package serde_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules"
)

// fake carries out rules of a type of the test's own.
type fake struct {
	name string
	run  func(rule *api.Rule, target *rules.Target, message any) (any, error)
}

func (f *fake) Type() string { return f.name }

func (f *fake) Compile(rule *api.Rule, target *rules.Target) (rules.Program, error) {
	return program(func(message any) (any, error) { return f.run(rule, target, message) }), nil
}

type program func(message any) (any, error)

func (p program) Run(_ context.Context, message any, _ *rules.Env) (any, error) { return p(message) }

func carriesOut(name string, run func(rule *api.Rule, target *rules.Target, message any) (any, error)) serde.Option {
	return serde.WithRules(rules.WithExecutors(&fake{name, run}))
}

// ruled is a record with text in all places that rules visit.
type ruled struct {
	Name   string            `avro:"name" json:"name"`
	Nick   *string           `avro:"nick" json:"nick"`
	List   []string          `avro:"list" json:"list"`
	Map    map[string]string `avro:"map" json:"map"`
	Inner  inner             `avro:"inner" json:"inner"`
	Inners []*inner          `avro:"inners" json:"inners"`
	Bytes  []byte            `avro:"bytes" json:"bytes"`
}

type inner struct {
	Text string `avro:"text" json:"text"`
}

func aRuled() ruled {
	nick := "b"
	return ruled{"a", &nick, []string{"c"}, map[string]string{"k": "d"}, inner{"e"}, []*inner{{"f"}}, []byte("g")}
}

func aRuledMap() map[string]any {
	return map[string]any{"name": "a", "nick": "b", "list": []any{"c"}, "map": map[string]any{"k": "d"}, "inner": map[string]any{"text": "e"}, "inners": []any{map[string]any{"text": "f"}}, "bytes": []byte("g")}
}

const (
	ruledAvro = `{"type":"record","name":"Ruled","fields":[{"name":"name","type":"string"},{"name":"nick","type":["null","string"]},{"name":"list","type":{"type":"array","items":"string"}},
{"name":"map","type":{"type":"map","values":"string"}},{"name":"inner","type":{"type":"record","name":"Inner","fields":[{"name":"text","type":"string"}]}},{"name":"inners","type":{"type":"array","items":"Inner"}},{"name":"bytes","type":"bytes"}]}`
	ruledJSON = `{"type":"object","properties":{"name":{"type":"string"},"nick":{"type":"string"},"list":{"type":"array","items":{"type":"string"}},"map":{"type":"object","additionalProperties":{"type":"string"}},
"inner":{"type":"object","properties":{"text":{"type":"string"}}},"inners":{"type":"array","items":{"type":"object","properties":{"text":{"type":"string"}}}},"bytes":{"type":"string"}}}`
	ruledProtobuf = `syntax = "proto3"; message Ruled { string name = 1; optional string nick = 2; repeated string list = 3; map<string, string> map = 4; Inner inner = 5; repeated Inner inners = 6; message Inner { string text = 1; } }`
)

// Rules change what is sent, and never the value of the caller.
func TestRulesOnValues(t *testing.T) {
	f := start(t)
	// One of CEL's own, and one that changes all it can reach in place.
	mark := withRules(api.RuleSet{DomainRules: []api.Rule{
		{Name: "cel", Kind: api.KindTransform, Mode: api.ModeWrite, Type: "CEL_FIELD", Expr: `typeName == "STRING" ; value + "!"`},
		{Name: "own", Kind: api.KindTransform, Mode: api.ModeWrite, Type: "MARK"},
	}})
	executor := carriesOut("MARK", func(_ *api.Rule, target *rules.Target, message any) (any, error) {
		return target.Format.Fields(nil, nil).Visit(message, func(_ *record.Field, _ any, v any) (any, error) {
			switch v := v.(type) {
			case string:
				return v + "?", nil
			case []byte:
				for i := range v {
					v[i]++
				}
				return v, nil
			}
			return v, nil
		})
	})
	avro, jsons, protobuf := f.Register("avro-value", ruledAvro, mark), f.Register("json-value", ruledJSON, mark, ofJSON), f.Register("protobuf-value", ruledProtobuf, mark, ofProtobuf)
	want := `{"bytes":"h","inner":{"text":"e!?"},"inners":[{"text":"f!?"}],"list":["c!?"],"map":{"k":"d!?"},"name":"a!?","nick":"b!?"}`
	value := aRuled()
	unchanged(t, f, "avro", serde.Avro, avro, value, want, executor)
	unchanged(t, f, "avro", serde.Avro, avro, &value, want, executor)
	unchanged(t, f, "avro", serde.Avro, avro, aRuledMap(), want, executor)
	unchanged(t, f, "avro", serde.Avro, avro, any(aRuledMap()), want, executor)
	unchanged(t, f, "avro", serde.Avro, avro, any(&value), want, executor)
	want = strings.NewReplacer(`"h"`, `"Zw==!?"`, `"d!?"`, `"d"`).Replace(want) // members that are no properties are no fields
	unchanged(t, f, "json", serde.JSON, jsons, value, want, executor)
	unchanged(t, f, "json", serde.JSON, jsons, &value, want, executor)
	text := aRuledMap()
	text["bytes"] = "Zw=="
	unchanged(t, f, "json", serde.JSON, jsons, text, want, executor)
	unchanged(t, f, "json", serde.JSON, jsons, any(text), want, executor)
	file := compiled(t, "ruled.proto", map[string]string{"ruled.proto": ruledProtobuf})
	m := message(t, file, "Ruled", map[string]any{"name": "a"})
	unchanged(t, f, "protobuf", serde.Protobuf, protobuf, proto.Message(m), `{"name":"a!?"}`, executor)
	unchanged(t, f, "protobuf", serde.Protobuf, protobuf, any(m), `{"name":"a!?"}`, executor)
}

func unchanged[T any](t *testing.T, f *front, topic string, format serde.Format, s *api.Schema, v T, want string, opts ...serde.Option) {
	t.Helper()
	print := func(v any) string { // with all that pointers lead to
		if m, ok := v.(proto.Message); ok {
			b, _ := proto.MarshalOptions{Deterministic: true}.Marshal(m)
			return string(b)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	before := print(v)
	ser := writes[T](t, f.Client, format, append(opts, serde.UseLatestVersion())...)
	var b []byte
	for range 2 {
		b = write(t, ser, topic, v)
		if after := print(v); after != before {
			t.Fatalf("%s: the %T became %s, it was %s", topic, v, after, before)
		}
	}
	if idOf(t, b) != s.ID {
		t.Fatalf("%s: written by id %d", topic, idOf(t, b))
	}
	rec := read(t, reads[any](t, f.Client, format), topic, b)
	if m, ok := rec.(map[string]any); ok {
		if bs, ok := m["bytes"].([]byte); ok {
			m["bytes"] = string(bs)
		}
	}
	got := ""
	if m, ok := rec.(proto.Message); ok {
		got = fmt.Sprintf(`{"name":%q}`, m.ProtoReflect().Get(m.ProtoReflect().Descriptor().Fields().ByName("name")).String())
	} else {
		got = print(rec)
	}
	if got != want {
		t.Errorf("%s: %T is read as %s, want %s", topic, v, got, want)
	}
}

// Rules for reading work on what T shows as well.
func TestRulesOnReading(t *testing.T) {
	f := start(t)
	mark := withRules(api.RuleSet{DomainRules: []api.Rule{{Name: "cel", Kind: api.KindTransform, Mode: api.ModeRead, Type: "CEL_FIELD", Expr: `typeName == "STRING" ; value + "!"`}}})
	type small struct {
		Name string `avro:"name" json:"name"`
	}
	f.Register("avro-value", `{"type":"record","name":"small","fields":[{"name":"name","type":"string"}]}`, mark)
	f.Register("json-value", `{"type":"object","properties":{"name":{"type":"string"}}}`, mark, ofJSON)
	for topic, format := range map[string]serde.Format{"avro": serde.Avro, "json": serde.JSON} {
		b := write(t, writes[small](t, f.Client, format, serde.UseLatestVersion()), topic, small{"a"})
		kept := slices.Clone(b)
		same(t, read(t, reads[small](t, f.Client, format), topic, b), small{"a!"})
		same(t, read(t, reads[*small](t, f.Client, format), topic, b), &small{"a!"})
		same(t, read(t, reads[any](t, f.Client, format), topic, b), any(map[string]any{"name": "a!"}))
		same(t, read(t, reads[map[string]any](t, f.Client, serde.Any), topic, b), map[string]any{"name": "a!"})
		same(t, b, kept)
	}
}

// Encoding rules work on bytes: in the order of the list on the way out, in reverse on the way in.
func TestEncodingRules(t *testing.T) {
	f := start(t)
	list := withRules(api.RuleSet{EncodingRules: []api.Rule{
		{Name: "inner", Kind: api.KindTransform, Mode: api.ModeWriteRead, Type: "WRAP", Params: map[string]string{"with": "<>"}},
		{Name: "outer", Kind: api.KindTransform, Mode: api.ModeWriteRead, Type: "WRAP", Params: map[string]string{"with": "[]"}},
	}})
	wrap := carriesOut("WRAP", func(rule *api.Rule, target *rules.Target, message any) (any, error) {
		b, with := message.([]byte), rule.Params["with"]
		if target.Mode == rules.Write {
			return append(append([]byte{with[0]}, b...), with[1]), nil
		}
		if len(b) < 2 || b[0] != with[0] || b[len(b)-1] != with[1] {
			return nil, fmt.Errorf("%q is not wrapped by %s", b, with)
		}
		for i := range b { // which must not be the message itself
			b[i] ^= 0
		}
		return b[1 : len(b)-1], nil
	})
	f.Register("avro-value", `"string"`, list)
	f.Register("empty-value", `{"type":"record","name":"E","fields":[]}`, list)
	f.Register("json-value", `{}`, list, ofJSON)
	f.Register("protobuf-value", `syntax = "proto3"; message M { string a = 1; }`, list, ofProtobuf)
	latest := serde.UseLatestVersion()
	for _, c := range []struct {
		topic  string
		format serde.Format
		value  any
		body   string
	}{
		{"avro", serde.Avro, "x", "\x02x"}, {"empty", serde.Avro, map[string]any{}, ""}, {"json", serde.JSON, "x", `"x"`},
		{"protobuf", serde.Protobuf, map[string]any{"a": "x"}, "\x0a\x01x"}, {"protobuf", serde.Protobuf, map[string]any{}, ""},
	} {
		for _, header := range []bool{false, true} {
			opts := []serde.Option{latest, wrap}
			if header {
				opts = append(opts, serde.HeaderFraming())
			}
			r := &serde.Record{Topic: c.topic}
			if err := writes[any](t, f.Client, c.format, opts...).SerializeRecord(t.Context(), r, c.value); err != nil {
				t.Fatal(err)
			}
			if want := "[<" + c.body + ">]"; !strings.HasSuffix(string(r.Data), want) || header && string(r.Data) != want {
				t.Errorf("%s: written as %q, want %q", c.topic, r.Data, want)
			}
			kept := slices.Clone(r.Data)
			v, err := reads[any](t, f.Client, c.format, wrap).DeserializeRecord(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if c.format != serde.Protobuf {
				same(t, v, c.value)
			}
			same(t, r.Data, kept)
			r.Data[len(r.Data)-1] = '!'
			_, err = reads[any](t, f.Client, c.format, wrap).DeserializeRecord(t.Context(), r)
			if fails(t, err, serde.StageRule); !as[*rules.Error](err) {
				t.Errorf("%s: %v", c.topic, err)
			}
		}
	}
	t.Run("what is no bytes", func(t *testing.T) {
		text := carriesOut("WRAP", func(*api.Rule, *rules.Target, any) (any, error) { return "text", nil })
		_, err := writes[any](t, f.Client, serde.Avro, latest, text).Serialize(t.Context(), "avro", "x")
		fails(t, err, serde.StageRule)
		_, err = reads[any](t, f.Client, serde.Avro, text).Deserialize(t.Context(), "avro", framed(1, 0))
		fails(t, err, serde.StageRule)
	})
	t.Run("nobody carries them out", func(t *testing.T) {
		_, err := writes[any](t, f.Client, serde.Avro, latest).Serialize(t.Context(), "avro", "x")
		if fails(t, err, serde.StageRule); !as[*rules.NoExecutorError](err) {
			t.Error(err)
		}
	})
}

// JSON is held against its schema after the rules, or before.
func TestValidation(t *testing.T) {
	f := start(t)
	// The rule makes of a text, which the schema refuses, a number, which it takes; or the other way round.
	number := f.Register("number-value", `{"type":"object","properties":{"a":{"type":"integer"}}}`, ofJSON, withRules(api.RuleSet{DomainRules: []api.Rule{
		{Name: "w", Kind: api.KindTransform, Mode: api.ModeWriteRead, Type: "JSONATA", Expr: `{"a": $type(a) = "string" ? 1 : "x"}`}}}))
	good, bad := any(map[string]any{"a": int64(1)}), any(map[string]any{"a": "x"})
	type typed struct {
		A any `json:"a"`
	}
	property := func(before string) serde.Option {
		return serde.WithProperties(map[string]string{"json.fail.invalid.schema": "true", "json.validate.before.domain.rules": before})
	}
	for _, c := range []struct {
		name    string
		opt     serde.Option
		refused any
	}{
		{"after", serde.ValidateJSON(false), good}, {"before", serde.ValidateJSON(true), bad},
		{"after, by properties", property("false"), good}, {"before, by properties", property("true"), bad},
		{"not at all", serde.WithProperties(map[string]string{"json.validate.before.domain.rules": "true"}), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, v := range []any{good, bad} {
				_, err1 := writes[any](t, f.Client, serde.JSON, serde.UseLatestVersion(), c.opt).Serialize(t.Context(), "number", v)
				_, err2 := writes[typed](t, f.Client, serde.JSON, serde.UseLatestVersion(), c.opt).Serialize(t.Context(), "number", typed{v.(map[string]any)["a"]})
				body, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				_, err3 := reads[any](t, f.Client, serde.JSON, c.opt).Deserialize(t.Context(), "number", framed(number.ID, body...))
				_, err4 := reads[typed](t, f.Client, serde.JSON, c.opt).Deserialize(t.Context(), "number", framed(number.ID, body...))
				for i, err := range []error{err1, err2, err3, err4} {
					if c.refused == nil || fmt.Sprint(v) != fmt.Sprint(c.refused) {
						if err != nil {
							t.Errorf("%d: %v: %v", i+1, v, err)
						}
					} else if fails(t, err, serde.StageValidate); !as[*serde.ValidationError](err) {
						t.Errorf("%d: %v: %v", i+1, v, err)
					}
				}
			}
		})
	}
	t.Run("without rules", func(t *testing.T) {
		plain := f.Register("plain-value", `{"type":"object","properties":{"a":{"type":"integer"}}}`, ofJSON)
		for _, before := range []bool{false, true} {
			opt := serde.ValidateJSON(before)
			_, err1 := writes[any](t, f.Client, serde.JSON, serde.UseLatestVersion(), opt).Serialize(t.Context(), "plain", bad)
			_, err2 := writes[typed](t, f.Client, serde.JSON, serde.UseLatestVersion(), opt).Serialize(t.Context(), "plain", typed{"x"})
			_, err3 := reads[any](t, f.Client, serde.JSON, opt).Deserialize(t.Context(), "plain", framed(plain.ID, []byte(`{"a":"x"}`)...))
			_, err4 := reads[typed](t, f.Client, serde.JSON, opt).Deserialize(t.Context(), "plain", framed(plain.ID, []byte(`{"a":"x"}`)...))
			for i, err := range []error{err1, err2, err3, err4} {
				if fails(t, err, serde.StageValidate); !as[*serde.ValidationError](err) {
					t.Errorf("before %t, %d: %v", before, i+1, err)
				}
			}
		}
	})
}

// Observers are told what there is to know.
func TestObserver(t *testing.T) {
	f := start(t)
	f.Register("t-value", withA, withRules(api.RuleSet{DomainRules: []api.Rule{
		{Name: "positive", Kind: api.KindCondition, Mode: api.ModeWriteRead, Type: "CEL", Expr: "message.a > 0"},
		{Name: "small", Kind: api.KindCondition, Mode: api.ModeWrite, Type: "CEL", Expr: "message.a < 100", OnFailure: "NONE"},
	}}))
	first, second := &watcher{}, &watcher{}
	opts := []serde.Option{serde.UseLatestVersion(), serde.WithObserver(first), serde.WithObserver(second)}
	s, d := writes[any](t, f.Client, serde.Avro, opts...), reads[any](t, f.Client, serde.Avro, opts...)
	source := serde.Source{Role: api.Producer, Topic: "t", Subject: "t-value", Format: serde.Avro}
	var b []byte
	for range 3 {
		b = write(t, s, "t", any(map[string]any{"a": 100}))
		same(t, first.ran(), []string{"PRODUCER positive WRITE", "PRODUCER small WRITE failed NONE"})
	}
	if seen := first.all(); len(seen) != 1 || seen[0].Source != source || seen[0].Writer.Version != 1 || seen[0].Reader != seen[0].Writer {
		t.Errorf("saw %+v", seen[0])
	}
	_, err := s.Serialize(t.Context(), "t", map[string]any{"a": -1})
	if e := fails(t, err, serde.StageRule); e.Source != source || e.Schema != fmt.Sprint("id ", idOf(t, b)) {
		t.Errorf("got %+v", e)
	}
	same(t, first.ran(), []string{"PRODUCER positive WRITE failed ERROR"})
	_, err = s.Serialize(t.Context(), "t", map[string]any{"a": "x"})
	fails(t, err, serde.StageRule) // CEL compares no text with a number
	_, err = s.Serialize(t.Context(), "nowhere", map[string]any{"a": 1})
	fails(t, err, serde.StageSchema)
	first.ran()
	for range 3 {
		read(t, d, "t", b)
		same(t, first.ran(), []string{"CONSUMER positive READ"})
	}
	_, err = d.Deserialize(t.Context(), "t", b[:5])
	fails(t, err, serde.StageCodec)
	_, err = d.Deserialize(t.Context(), "t", []byte{9})
	fails(t, err, serde.StageFrame)
	var told []string
	for _, f := range first.failures() {
		told = append(told, fmt.Sprintf("%s %s %s %q", f.Role, f.Topic, f.Stage, f.Subject))
		if e, ok := f.Err.(*serde.Error); !ok || e.Stage != f.Stage || e.Source != f.Source {
			t.Errorf("told of %+v", f)
		}
	}
	same(t, told, []string{`PRODUCER t RULE "t-value"`, `PRODUCER t RULE "t-value"`, `PRODUCER nowhere SCHEMA "nowhere-value"`, `CONSUMER t CODEC "t-value"`, `CONSUMER t FRAME ""`})
	if len(second.all()) != len(first.all()) || len(second.failures()) != len(told) {
		t.Error("the second observer is told less")
	}
}

// What is used is reported to the registry.
func TestUsage(t *testing.T) {
	f := start(t)
	renamings(t, f, "t-value", serde.Avro)
	r := client.NewUsageReporter(f.Client, "test", time.Hour)
	defer r.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // a last report of nothing
	reports := serde.WithUsageReports(r)
	b := write(t, writes[any](t, f.Client, serde.Avro, by(2), reports), "t", any(map[string]any{"b": nil, "n": 1}))
	read(t, reads[any](t, f.Client, serde.Avro, serde.UseLatestVersion(), reports), "t", b)
	read(t, reads[any](t, f.Client, serde.Avro, serde.UseLatestVersion()), "t", b) // of which nobody tells
	write(t, writes[any](t, f.Client, serde.Avro, serde.WithSchema(api.Schema{Schema: withA}), serde.ForKeys(), reports), "t", any(map[string]any{"a": 1}))
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	uses, err := f.Client.Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range uses {
		got = append(got, fmt.Sprint(u.Role, " ", u.Subject, " ", u.Version, " ", u.Topic, " ", u.Application))
	}
	slices.Sort(got)
	same(t, got, []string{"CONSUMER t-value 2 t test", "CONSUMER t-value 4 t test", "PRODUCER t-key 1 t test", "PRODUCER t-value 2 t test"})
}

// letters are dead letters that were sent.
type letters struct {
	mu   sync.Mutex
	sent []*serde.Record
	fail error
}

func (l *letters) SendDeadLetter(_ context.Context, r *serde.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, r)
	return l.fail
}

// last is the one sent last, headers as a map.
func (l *letters) last(t testing.TB) (*serde.Record, map[string]string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.sent) == 0 {
		t.Fatal("no dead letter was sent")
	}
	r := l.sent[len(l.sent)-1]
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	return r, headers
}

// Records that a rule refuses are sent as dead letters, where its action says so.
func TestDeadLetters(t *testing.T) {
	f := start(t)
	positive := withRules(api.RuleSet{DomainRules: []api.Rule{
		{Name: "positive", Kind: api.KindCondition, Mode: api.ModeWriteRead, Type: "CEL", Expr: "message.a > 0", OnFailure: "DLQ", Params: map[string]string{"dlq.topic": "dead"}}}})
	old := f.Register("plain-value", withA)
	f.Register("t-value", withA, positive)
	f.Register("t-key", withA, positive)
	f.Register("j-value", `{}`, positive, ofJSON)
	f.Register("p-value", `syntax = "proto3"; message M { int32 a = 1; }`, positive, ofProtobuf)
	to := &letters{}
	opts := []serde.Option{serde.UseLatestVersion(), serde.WithDeadLetters(to)}
	type one struct {
		A int32 `avro:"a" json:"a"`
	}
	original := func() *serde.Record {
		return &serde.Record{Topic: "t", Key: []byte("key"), Headers: []serde.Header{{Key: "trace", Value: []byte("1")}}}
	}
	headers := map[string]string{"trace": "1", rules.HeaderRuleName: "positive", rules.HeaderRuleMode: "WRITE", rules.HeaderRuleSubject: "t-value", rules.HeaderRuleTopic: "t", rules.HeaderRuleException: "Expr failed: 'message.a > 0'"}
	t.Run("on the way out", func(t *testing.T) {
		r := original()
		err := writes[one](t, f.Client, serde.Avro, opts...).SerializeRecord(t.Context(), r, one{-1})
		if fails(t, err, serde.StageRule); !as[*rules.ConditionError](err) {
			t.Error(err)
		}
		letter, h := to.last(t)
		if letter.Topic != "dead" || string(letter.Key) != "key" || string(letter.Data) != `{"a":-1}` {
			t.Errorf("got %+v", letter)
		}
		if headers[rules.HeaderRuleException] = h[rules.HeaderRuleException]; !strings.Contains(h[rules.HeaderRuleException], "message.a > 0") {
			t.Errorf("the exception is %q", h[rules.HeaderRuleException])
		}
		same(t, h, headers)
		same(t, r, original()) // which is left as it was
		for topic, format := range map[string]serde.Format{"t": serde.Avro, "j": serde.JSON, "p": serde.Protobuf} {
			if _, err := writes[any](t, f.Client, format, opts...).Serialize(t.Context(), topic, map[string]any{"a": -1}); !as[*rules.ConditionError](err) {
				t.Errorf("%s: %v", topic, err)
			}
			if letter, h := to.last(t); strings.ReplaceAll(string(letter.Data), " ", "") != `{"a":-1}` || letter.Key != nil || h[rules.HeaderRuleTopic] != topic {
				t.Errorf("%s: got %+v", topic, letter)
			}
		}
	})
	t.Run("a key", func(t *testing.T) {
		_, err := writes[any](t, f.Client, serde.Avro, append(opts, serde.ForKeys())...).Serialize(t.Context(), "t", map[string]any{"a": -1})
		if letter, h := to.last(t); !as[*rules.ConditionError](err) || letter.Data != nil || string(letter.Key) != `{"a":-1}` || h[rules.HeaderRuleSubject] != "t-key" {
			t.Errorf("got %+v, %v", letter, err)
		}
	})
	t.Run("on the way in, and again", func(t *testing.T) {
		r := original()
		r.Data = framed(old.ID, 1) // -1
		d := reads[one](t, f.Client, serde.Avro, opts...)
		_, err := d.DeserializeRecord(t.Context(), r)
		if fails(t, err, serde.StageRule); !as[*rules.ConditionError](err) {
			t.Error(err)
		}
		letter, h := to.last(t)
		want := maps.Clone(headers)
		want[rules.HeaderRuleMode] = "READ"
		same(t, h, want)
		if letter.Topic != "dead" || string(letter.Key) != "key" || !bytes.Equal(letter.Data, r.Data) {
			t.Errorf("got %+v", letter)
		}
		r.Data[5] = '?' // the letter is the sender's
		if bytes.Equal(letter.Data, r.Data) {
			t.Error("the letter shares the message's memory")
		}
		// The letter is read without the rule that refused it.
		letter.Topic = "t"
		v, err := d.DeserializeRecord(t.Context(), letter)
		if err != nil || v.A != -1 {
			t.Errorf("read again: %+v, %v", v, err)
		}
		w := &watcher{}
		if _, err := reads[any](t, f.Client, serde.Avro, append(opts, serde.WithObserver(w))...).DeserializeRecord(t.Context(), letter); err != nil {
			t.Error(err)
		}
		same(t, w.ran(), []string{"CONSUMER positive READ skipped"})
		letter.Headers = append(letter.Headers, serde.Header{Key: rules.HeaderRuleName, Value: []byte("another")})
		if _, err := d.DeserializeRecord(t.Context(), letter); !as[*rules.ConditionError](err) {
			t.Errorf("a letter of another rule: %v", err)
		}
	})
	t.Run("the letter cannot be sent", func(t *testing.T) {
		down := errors.New("no broker")
		_, err := writes[one](t, f.Client, serde.Avro, serde.UseLatestVersion(), serde.WithDeadLetters(&letters{fail: down})).Serialize(t.Context(), "t", one{-1})
		if fails(t, err, serde.StageRule); !errors.Is(err, down) || !as[*rules.ConditionError](err) {
			t.Error(err)
		}
	})
	t.Run("the topic of the configuration", func(t *testing.T) {
		for _, name := range []string{"dlq.topic", "rule.actions.any.param.dlq.topic"} {
			_, err := writes[one](t, f.Client, serde.Avro, append(opts, serde.WithProperties(map[string]string{name: "configured"}))...).Serialize(t.Context(), "t", one{-1})
			if letter, _ := to.last(t); letter.Topic != "configured" || !as[*rules.ConditionError](err) {
				t.Errorf("%s: sent to %s, %v", name, letter.Topic, err)
			}
		}
	})
	t.Run("nobody to send them", func(t *testing.T) {
		_, err := writes[one](t, f.Client, serde.Avro, serde.UseLatestVersion()).Serialize(t.Context(), "t", one{-1})
		if fails(t, err, serde.StageRule); !as[*rules.NoActionError](err) {
			t.Error(err)
		}
	})
}

const clear = "clear text"

// What rules encrypt is in no dead letter of a producer: neither in the record nor in the headers.
func TestDeadLettersHideSecrets(t *testing.T) {
	dead := map[string]string{"dlq.topic": "dead"}
	// An encryption that fails, and says of what it failed; and one that works.
	fails := carriesOut("ENCRYPT", func(rule *api.Rule, target *rules.Target, message any) (any, error) {
		return target.Format.Fields(target.Tags(), rule.Tags).Visit(message, func(_ *record.Field, _ any, v any) (any, error) {
			return nil, fmt.Errorf("%s cannot be encrypted", v)
		})
	})
	works := carriesOut("ENCRYPT", func(rule *api.Rule, target *rules.Target, message any) (any, error) {
		return target.Format.Fields(target.Tags(), rule.Tags).Visit(message, func(_ *record.Field, _ any, v any) (any, error) {
			return v, nil // by the worst of all ciphers
		})
	})
	payload := carriesOut("ENCRYPT_PAYLOAD", func(_ *api.Rule, _ *rules.Target, message any) (any, error) {
		return nil, fmt.Errorf("%s cannot be encrypted", message)
	})
	encrypt := api.Rule{Name: "encrypt", Kind: api.KindTransform, Mode: api.ModeWriteRead, Type: "ENCRYPT", Tags: []string{"PII"}, OnFailure: "DLQ", Params: dead}
	refuse := api.Rule{Name: "refuse", Kind: api.KindCondition, Mode: api.ModeWrite, Type: "CEL", Expr: `message.open == "` + clear + `"`, OnFailure: "DLQ", Params: dead}
	whole := api.Rule{Name: "whole", Kind: api.KindTransform, Mode: api.ModeWriteRead, Type: "ENCRYPT_PAYLOAD", OnFailure: "DLQ", Params: dead}
	schemas := map[serde.Format]string{
		serde.Avro:     `{"type":"record","name":"R","fields":[{"name":"open","type":"string"},{"name":"secret","type":["null","string"],"confluent:tags":["PII"]},{"name":"list","type":{"type":"array","items":"bytes"},"confluent:tags":["PII"]}]}`,
		serde.JSON:     `{"type":"object","properties":{"open":{"type":"string"},"secret":{"type":"string","confluent:tags":["PII"]},"list":{"type":"array","items":{"type":"string"},"confluent:tags":["PII"]}}}`,
		serde.Protobuf: `syntax = "proto3"; import "confluent/meta.proto"; message R { string open = 1; optional string secret = 2 [(confluent.field_meta) = { tags: "PII" }]; repeated bytes list = 3 [(confluent.field_meta) = { tags: "PII" }]; }`,
	}
	type typed struct {
		Open   string   `avro:"open" json:"open"`
		Secret *string  `avro:"secret" json:"secret"`
		List   [][]byte `avro:"list" json:"list"`
	}
	for format, text := range schemas {
		for _, c := range []struct {
			name string
			rs   api.RuleSet
			opts []serde.Option
			open bool // what is not tagged may be told
		}{
			{"the encryption fails", api.RuleSet{DomainRules: []api.Rule{encrypt}}, []serde.Option{fails}, true},
			{"nobody encrypts", api.RuleSet{DomainRules: []api.Rule{encrypt}}, nil, true},
			{"a rule before it refuses", api.RuleSet{DomainRules: []api.Rule{refuse, encrypt}}, []serde.Option{works}, true},
			{"a rule after it refuses", api.RuleSet{DomainRules: []api.Rule{encrypt, refuse}}, []serde.Option{works}, true},
			{"the payload cannot be encrypted", api.RuleSet{EncodingRules: []api.Rule{whole}}, []serde.Option{payload}, false},
			{"a rule refuses what is to be encrypted", api.RuleSet{DomainRules: []api.Rule{refuse}, EncodingRules: []api.Rule{whole}}, []serde.Option{payload}, false},
			{"a type of one's own", api.RuleSet{DomainRules: []api.Rule{refuse, {Name: "m", Kind: api.KindTransform, Mode: api.ModeWrite, Type: "MASK", Tags: []string{"PII"}}}},
				[]serde.Option{serde.WithProperties(map[string]string{"dlq.redact.rule.types": "ENCRYPT, mask"})}, true},
		} {
			t.Run(string(format)+", "+c.name, func(t *testing.T) {
				f := start(t)
				f.Register("t-value", text, func(q *api.RegisterRequest) { q.SchemaType, q.RuleSet = string(format), &c.rs })
				to := &letters{}
				opts := append([]serde.Option{serde.UseLatestVersion(), serde.WithDeadLetters(to)}, c.opts...)
				secret := "SECRET"
				hidden := func(err error) {
					t.Helper()
					if err == nil {
						t.Fatal("no error")
					}
					r, headers := to.last(t)
					all := string(r.Data) + fmt.Sprint(headers)
					if strings.Contains(all, secret) || strings.Contains(all, "U0VDUkVU") || strings.Contains(all, "83 69 67") {
						t.Errorf("the letter tells: %s", all)
					}
					if strings.Contains(string(r.Data), "public") != c.open {
						t.Errorf("the letter is %s", r.Data)
					}
				}
				list := []any{[]byte(secret)}
				if format != serde.Avro {
					list = []any{"U0VDUkVU"}
				}
				_, err := writes[any](t, f.Client, format, opts...).Serialize(t.Context(), "t", map[string]any{"open": "public", "secret": secret, "list": list})
				hidden(err)
				if format != serde.Protobuf {
					_, err = writes[typed](t, f.Client, format, opts...).Serialize(t.Context(), "t", typed{"public", &secret, [][]byte{[]byte(secret)}})
					hidden(err)
				}
			})
		}
	}
	t.Run("what is no field of the schema", func(t *testing.T) {
		f := start(t)
		whole := withRules(api.RuleSet{EncodingRules: []api.Rule{whole}})
		f.Register("avro-value", `"string"`, whole)
		f.Register("bytes-value", `"bytes"`, whole)
		f.Register("json-value", `{"type":"object"}`, ofJSON, whole)
		to := &letters{}
		opts := []serde.Option{serde.UseLatestVersion(), serde.WithDeadLetters(to), payload}
		for topic, v := range map[string]any{"avro": "SECRET", "bytes": []byte("SECRET"), "json": map[string]any{"a": "SECRET", "b": []any{map[string]any{"c": "SECRET"}}}} {
			format := serde.Avro
			if topic == "json" {
				format = serde.JSON
			}
			_, err := writes[any](t, f.Client, format, opts...).Serialize(t.Context(), topic, v)
			r, headers := to.last(t)
			if all := string(r.Data) + fmt.Sprint(headers); err == nil || headers[rules.HeaderRuleTopic] != topic || strings.Contains(all, "SECRET") || strings.Contains(all, "U0VDUkVU") || !strings.Contains(all, rules.Redacted) {
				t.Errorf("the letter of %s tells: %s; %v", topic, all, err)
			}
			if fmt.Sprintf("%s", v) != fmt.Sprintf("%s", map[string]any{"avro": "SECRET", "bytes": []byte("SECRET"), "json": map[string]any{"a": "SECRET", "b": []any{map[string]any{"c": "SECRET"}}}}[topic]) {
				t.Errorf("the value is changed: %v", v)
			}
		}
	})
}

// The latest version is asked for again in the background, once it has been believed for long enough.
func TestRenewal(t *testing.T) {
	f := start(t, client.WithLatestTTL(time.Millisecond))
	one := f.Register("t-value", withA)
	seen := &watcher{}
	opts := []serde.Option{serde.UseLatestVersion(), serde.WithObserver(seen)}
	s, d := writes[any](t, f.Client, serde.Avro, opts...), reads[any](t, f.Client, serde.Avro, opts...)
	value := any(map[string]any{"a": int32(1)})
	old := write(t, s, "t", value)
	same(t, read(t, d, "t", old), value)
	wide := any(map[string]any{"a": int32(1), "b": int32(0)})

	// While the registry is down, or hangs, messages neither fail nor wait.
	f.down()
	eventually(t, "the renewals fail", func() bool {
		same(t, write(t, s, "t", value), old)
		same(t, read(t, d, "t", old), value)
		return len(seen.failures()) >= 4
	})
	roles := map[string]bool{}
	for _, f := range seen.failures() {
		if roles[f.Role] = true; f.Stage != serde.StageSchema || !is(client.ErrUnavailable)(f.Err) || f.Subject != "t-value" {
			t.Errorf("told of %v", f.Err)
		}
	}
	if len(roles) != 2 {
		t.Errorf("renewals of %v", roles)
	}
	release, hanging := make(chan struct{}), len(f.requests(""))
	f.answer(func(w http.ResponseWriter, r *http.Request) bool {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return false
	})
	two := f.Register("t-value", withAB)
	eventually(t, "the registry is asked", func() bool {
		same(t, write(t, s, "t", value), old)
		same(t, read(t, d, "t", old), value)
		return len(f.requests("")) > hanging
	})
	close(release)
	f.answer(nil)
	eventually(t, "the new version is written", func() bool { return idOf(t, write(t, s, "t", value)) == two.ID })
	eventually(t, "the new version is read", func() bool {
		v := read(t, d, "t", old)
		if len(v.(map[string]any)) == 1 {
			return false
		}
		same(t, v, wide)
		return true
	})
	// And so it goes on, with several topics as well.
	for range 3 {
		s.Serialize(t.Context(), "other", value) //nolint:errcheck // there is no such subject
	}
	three := f.Register("t-value", withABC)
	eventually(t, "the next version is written", func() bool { return idOf(t, write(t, s, "t", value)) == three.ID })
	if one.ID == three.ID {
		t.Error("the versions are one")
	}

	t.Run("and is not where it is believed for ever", func(t *testing.T) {
		c := f.connect(t)
		s := writes[any](t, c, serde.Avro, serde.UseLatestVersion())
		before := idOf(t, write(t, s, "t", value))
		f.Register("t-value", withAC)
		if idOf(t, write(t, s, "t", value)) != before {
			t.Error("asked again")
		}
	})
}
