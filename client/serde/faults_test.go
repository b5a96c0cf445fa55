package serde_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/record"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
	recordjson "github.com/seed-9f7c7091/concordat/record/jsonschema"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/schema"
)

// operation is one of the ways in which a serde comes to ask the registry. Each makes its serde anew.
type operation struct {
	name string
	run  func(ctx context.Context, c *client.Client) error
}

// operations are those of the topic t, whose values are of the schema.
func operations(s *api.Schema) []operation {
	guid, _ := schema.ParseGUID(s.GUID)
	header := serde.Header{Key: serde.HeaderValueSchemaID, Value: append([]byte{1}, guid[:]...)}
	writing := func(opts ...serde.Option) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			ser, err := serde.NewSerializer[any](c, serde.Avro, opts...)
			if err == nil {
				_, err = ser.Serialize(ctx, "t", map[string]any{"a": 1})
			}
			return err
		}
	}
	reading := func(data []byte, headers []serde.Header, opts ...serde.Option) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			des, err := serde.NewDeserializer[any](c, serde.Avro, opts...)
			if err == nil {
				_, err = des.Deserialize(ctx, "t", data, headers...)
			}
			return err
		}
	}
	own := serde.WithSchema(api.Schema{Schema: withA})
	return []operation{
		{"registering", writing(own)},
		{"looking up", writing(own, serde.AutoRegister(false))},
		{"writing the latest", writing(serde.UseLatestVersion())},
		{"writing by id", writing(serde.UseSchemaID(s.ID))},
		{"reading by id", reading(framed(s.ID, 2), nil)},
		{"reading by GUID", reading([]byte{2}, []serde.Header{header})},
		{"reading by id, subject by record", reading(framed(s.ID, 2), nil, serde.WithSubjectNameStrategy(serde.RecordNameStrategy))},
		{"reading the latest", reading(framed(s.ID, 2), nil, serde.UseLatestVersion())},
	}
}

// answers answers every request alike.
func answers(status int, contentType, body string) answering {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
		return true
	}
}

// A registry that does not answer, or something else that does, is an error of the stage SCHEMA that says
// what it was, and nothing that is remembered: once the registry is there, all goes well.
func TestRegistryFails(t *testing.T) {
	const plain, json = "text/plain", "application/vnd.schemaregistry.v1+json"
	f := start(t)
	stored := f.Register("t-value", withA)
	f.Register("com.example.R", withA)
	operations := operations(stored)
	garbage := as[*client.GarbageError]
	for _, c := range []struct {
		name    string
		instead answering
		matches func(error) bool
	}{
		{"unavailable", answers(503, plain, "no server is available"), is(client.ErrUnavailable)},
		{"hanging up", func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, is(client.ErrUnavailable)},
		{"hanging up in the middle", func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"id":1,"schema":"`)
			panic(http.ErrAbortHandler)
		}, is(client.ErrUnavailable)},
		{"not authenticated", answers(401, json, `{"error_code":401,"message":"who are you"}`), is(client.ErrUnauthorized)},
		{"forbidden, by a proxy", answers(403, "text/html", "<h1>Forbidden</h1>"), is(client.ErrForbidden)},
		{"a page", answers(200, "text/html", "<html><body>Welcome</body></html>"), garbage},
		{"a page that is not there", answers(404, "text/html", "<html><body>Not found</body></html>"), func(err error) bool { return garbage(err) || as[*api.Error](err) || as[*client.AmbiguousError](err) }},
		{"nothing", answers(200, json, ""), garbage},
		{"half of an answer", answers(200, json, `{"id":1,"schema":"\"str`), garbage},
		{"another shape", answers(200, json, `"a text"`), garbage},
		{"bytes", answers(200, json, "\x00\xff\x1f\x8b"), garbage},
		{"an error of its own", answers(500, json, `{"error_code":50002,"message":"the store is shut"}`), func(err error) bool {
			var e *api.Error
			return errors.As(err, &e) && e.Code == 50002
		}},
	} {
		for _, o := range operations {
			t.Run(c.name+", "+o.name, func(t *testing.T) {
				conn := f.connect(t)
				f.answer(c.instead)
				err := o.run(t.Context(), conn)
				f.answer(nil)
				if err == nil {
					t.Fatal("no error")
				}
				e := fails(t, err, serde.StageSchema)
				if !c.matches(err) || e.Topic != "t" || !as[*client.Error](err) {
					t.Errorf("got %v", err)
				}
				if err := o.run(t.Context(), conn); err != nil {
					t.Errorf("with the registry there again: %v", err)
				}
			})
		}
	}
}

// A schema may be there, and be none that can be read by.
func TestSchemasThatAreNone(t *testing.T) {
	f := start(t)
	stored := f.Register("t-value", withA)
	f.Register("com.example.R", withA)
	answer := func(kind, text, more string) answering {
		return answers(200, "application/json", fmt.Sprintf(`{"subject":"t-value","version":1,"id":%d,"guid":%q,"schemaType":%q,"schema":%q%s}`, stored.ID, stored.GUID, kind, text, more))
	}
	for _, c := range []struct {
		name    string
		instead answering
		matches func(error) bool
	}{
		{"a text that is no schema", answer("AVRO", `{"type":"recrod"}`, ""), nil},
		{"a text that is nothing", answer("AVRO", `{{{`, ""), nil},
		{"a schema without a type that is known", answer("AVRO", `"com.example.Unknown"`, ""), nil},
		{"a schema nested without end", answer("AVRO", strings.Repeat(`{"type":"array","items":`, 100_000), ""), nil},
		{"another language", answer("JSON", `{"type":"object"}`, ""), as[*serde.FormatError]},
		{"a text of another language", answer("PROTOBUF", withA, ""), nil},
		{"a language that nobody knows", answer("XML", `<xs:schema/>`, ""), nil},
		{"a reference to itself", answer("AVRO", `"com.example.X"`, `,"references":[{"name":"com.example.X","subject":"t-value","version":1}]`), nil},
	} {
		for _, o := range operations(stored) {
			t.Run(c.name+", "+o.name, func(t *testing.T) {
				conn := f.connect(t)
				f.answer(func(w http.ResponseWriter, r *http.Request) bool {
					return !strings.HasPrefix(r.URL.Path, "/associations") && c.instead(w, r)
				})
				err := o.run(t.Context(), conn)
				f.answer(nil)
				if err == nil {
					t.Fatal("no error")
				}
				if fails(t, err, serde.StageSchema); c.matches != nil && !c.matches(err) {
					t.Errorf("got %v", err)
				}
				if len(err.Error()) > 2000 {
					t.Errorf("an error of %d bytes", len(err.Error()))
				}
			})
		}
	}
}

// What is known goes on without the registry; what is new waits for its return.
func TestRegistryGoesDown(t *testing.T) {
	f := start(t)
	f.Register("t-value", withA)
	seen := &watcher{}
	ser := writes[any](t, f.Client, serde.Avro, serde.UseLatestVersion(), serde.WithObserver(seen))
	des := reads[any](t, f.Client, serde.Avro, serde.UseLatestVersion(), serde.WithObserver(seen))
	value := any(map[string]any{"a": int32(1)})
	b := write(t, ser, "t", value)
	same(t, read(t, des, "t", b), value)

	f.down()
	before := len(f.requests(""))
	for range 3 {
		same(t, write(t, ser, "t", value), b)
		same(t, read(t, des, "t", b), value)
	}
	if asked := f.requests("")[before:]; len(asked) > 0 {
		t.Errorf("asked %q", asked)
	}
	_, err := ser.Serialize(t.Context(), "new", value)
	if fails(t, err, serde.StageSchema); !is(client.ErrUnavailable)(err) {
		t.Errorf("got %v", err)
	}
	_, err = des.Deserialize(t.Context(), "new", b)
	if fails(t, err, serde.StageSchema); !is(client.ErrUnavailable)(err) {
		t.Errorf("got %v", err)
	}
	same(t, write(t, ser, "t", value), b) // the topic before is as it was

	f.answer(nil)
	f.Register("new-value", withA)
	same(t, read(t, des, "new", write(t, ser, "new", value)), value)
	if failed := seen.failures(); len(failed) != 2 || failed[0].Role != api.Producer || failed[1].Role != api.Consumer || failed[1].Topic != "new" || !as[*serde.Error](failed[0].Err) {
		t.Errorf("observed %+v", failed)
	}
}

// Who waits for the registry waits no longer than the client's timeout, or its own context.
func TestRegistryIsSlow(t *testing.T) {
	f := start(t)
	stored := f.Register("t-value", withA)
	f.Register("com.example.R", withA)
	hanging, release := make(chan struct{}, 1000), make(chan struct{})
	f.answer(func(http.ResponseWriter, *http.Request) bool {
		hanging <- struct{}{}
		<-release
		return false
	})
	t.Cleanup(func() { close(release) })
	const prompt = 10 * time.Second // on a busy machine; the client's own timeout is far beyond
	patient := client.WithTimeout(time.Hour)
	why := errors.New("the batch is over")
	for _, o := range operations(stored) {
		for _, c := range []struct {
			name    string
			client  client.Option
			ctx     func() (context.Context, context.CancelFunc)
			matches []error
		}{
			{"the client's timeout", client.WithTimeout(500 * time.Millisecond), func() (context.Context, context.CancelFunc) { return context.WithCancel(t.Context()) }, []error{client.ErrTimeout, client.ErrUnavailable}},
			{"a deadline", patient, func() (context.Context, context.CancelFunc) {
				return context.WithTimeout(t.Context(), 20*time.Millisecond)
			}, []error{context.DeadlineExceeded}},
			{"a deadline with a cause", patient, func() (context.Context, context.CancelFunc) {
				return context.WithTimeoutCause(t.Context(), 20*time.Millisecond, why)
			}, []error{context.DeadlineExceeded, why}},
			{"cancelled before", patient, func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				return ctx, cancel
			}, []error{context.Canceled}},
			{"cancelled meanwhile", patient, func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(20*time.Millisecond, cancel)
				return ctx, cancel
			}, []error{context.Canceled}},
		} {
			t.Run(o.name+", "+c.name, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := c.ctx()
				defer cancel()
				begin := time.Now()
				err := o.run(ctx, f.connect(t, c.client, client.WithRetries(0, time.Millisecond, time.Millisecond)))
				if took := time.Since(begin); took > prompt {
					t.Errorf("took %s", took)
				}
				fails(t, err, serde.StageSchema)
				for _, target := range c.matches {
					if !errors.Is(err, target) {
						t.Errorf("%v is no %v", err, target)
					}
				}
			})
		}
	}
}

// One who gives up takes nothing from the others who wait for the same.
func TestGivingUpAlone(t *testing.T) {
	f := start(t)
	f.Register("t-value", withA)
	asked, release := make(chan struct{}, 100), make(chan struct{})
	f.answer(func(http.ResponseWriter, *http.Request) bool {
		asked <- struct{}{}
		<-release
		return false
	})
	ser := writes[any](t, f.Client, serde.Avro, serde.UseLatestVersion())
	value := any(map[string]any{"a": 1})
	hasty, giveUp := context.WithCancel(t.Context())
	gone, waited := make(chan error, 1), make(chan error, 1)
	go func() { _, err := ser.Serialize(hasty, "t", value); gone <- err }()
	<-asked
	go func() { _, err := ser.Serialize(t.Context(), "t", value); waited <- err }()
	giveUp()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := <-waited; err != nil {
		t.Errorf("got %v", err)
	}
}

// What was deleted for now is still read, and is no version to write by; what is gone for good is neither.
func TestDeleted(t *testing.T) {
	f := start(t)
	stored := f.Register("t-value", withA)
	operations := operations(stored)
	steps := []struct {
		name string
		do   func() error
		// how the operations end, nil for well; the others are passed over
		want map[string]func(error) bool
	}{
		{"there", func() error { return nil }, map[string]func(error) bool{
			"looking up": nil, "writing the latest": nil, "writing by id": nil, "reading by id": nil, "reading by GUID": nil, "reading the latest": nil,
		}},
		{"deleted", func() error { _, err := f.Client.DeleteSubject(t.Context(), "t-value"); return err }, map[string]func(error) bool{
			"looking up": is(client.ErrSubjectNotFound), "writing the latest": is(client.ErrSubjectNotFound),
			"writing by id": nil, "reading by id": nil, "reading by GUID": nil, "reading the latest": is(client.ErrSubjectNotFound),
		}},
		{"gone", func() error { _, err := f.Client.DeleteSubject(t.Context(), "t-value", client.Permanent); return err }, map[string]func(error) bool{
			"looking up": is(client.ErrSubjectNotFound), "writing the latest": is(client.ErrSubjectNotFound), "writing by id": is(client.ErrSchemaNotFound),
			"reading by id": is(client.ErrSchemaNotFound), "reading by GUID": is(client.ErrSchemaNotFound), "reading the latest": is(client.ErrSchemaNotFound),
		}},
		{"registered again", func() error { return nil }, map[string]func(error) bool{"registering": nil}},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		for _, o := range operations {
			want, ok := step.want[o.name]
			if !ok {
				continue
			}
			err := o.run(t.Context(), f.connect(t))
			switch {
			case want == nil && err != nil:
				t.Errorf("%s, %s: %v", step.name, o.name, err)
			case want != nil && err == nil:
				t.Errorf("%s, %s: no error", step.name, o.name)
			case want != nil:
				if fails(t, err, serde.StageSchema); !want(err) || !as[*api.Error](err) {
					t.Errorf("%s, %s: %v", step.name, o.name, err)
				}
			}
		}
	}
}

// attempt reads a message.
type attempt func(t testing.TB, c *client.Client, data []byte, headers ...serde.Header) error

func into[T any](f serde.Format, opts ...serde.Option) attempt {
	return func(t testing.TB, c *client.Client, data []byte, headers ...serde.Header) error {
		_, err := reads[T](t, c, f, opts...).Deserialize(t.Context(), "t", data, headers...)
		return err
	}
}

// badly holds an error of a message that is not right against what is promised of it.
func badly(t testing.TB, err error) {
	t.Helper()
	var e *serde.Error
	if !errors.As(err, &e) {
		t.Errorf("%v is a %T", err, err)
		return
	}
	if e.Stage != serde.StageFrame && e.Stage != serde.StageCodec && e.Stage != serde.StageSchema {
		t.Errorf("stage %s: %v", e.Stage, err)
	}
	if (e.Stage == serde.StageFrame) != as[*serde.FrameError](err) {
		t.Errorf("stage %s with a %T: %v", e.Stage, e.Err, err)
	}
}

const wholeAvro = `{"type":"record","name":"W","fields":[{"name":"s","type":"string"},{"name":"b","type":"bytes"},{"name":"l","type":"long"},
	{"name":"d","type":"double"},{"name":"f","type":{"type":"fixed","name":"F","size":3}},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},
	{"name":"u","type":["null","int"]},{"name":"a","type":{"type":"array","items":"string"}},{"name":"m","type":{"type":"map","values":"int"}}]}`

// A message that ends too early is an error at whichever byte it ends, in every format and framing.
func TestTruncated(t *testing.T) {
	type W struct {
		S string           `avro:"s" json:"s"`
		B []byte           `avro:"b" json:"-"`
		L int64            `avro:"l" json:"l"`
		D float64          `avro:"d" json:"d"`
		F [3]byte          `avro:"f" json:"-"`
		E string           `avro:"e" json:"-"`
		U *int32           `avro:"u" json:"u"`
		A []string         `avro:"a" json:"a"`
		M map[string]int32 `avro:"m" json:"m"`
	}
	f := start(t)
	for _, c := range []struct {
		name   string
		format serde.Format
		schema api.Schema
		value  any
		into   []attempt
		whole  int // the shortest body that is one
	}{
		{"Avro", serde.Avro, api.Schema{Schema: wholeAvro}, map[string]any{"s": "text", "b": []byte{1, 2}, "l": 1 << 40, "d": 1.5, "f": []byte{1, 2, 3}, "e": "B", "u": 300, "a": []any{"x", "y"}, "m": map[string]any{"k": 1}},
			[]attempt{into[any](serde.Avro), into[W](serde.Avro), into[*W](serde.Avro), into[map[string]any](serde.Avro), into[any](serde.Any)}, -1},
		{"JSON", serde.JSON, api.Schema{Schema: `{"type":"object"}`}, map[string]any{"s": "text", "l": 1, "d": 1.5, "u": nil, "a": []any{"x", "y"}, "m": map[string]any{"k": 1}},
			[]attempt{into[any](serde.JSON), into[W](serde.JSON), into[*W](serde.JSON), into[W](serde.JSON, serde.DisallowUnknownFields()), into[W](serde.JSON, serde.ValidateJSON(false)), into[any](serde.Any)}, -1},
		{"Protobuf", serde.Protobuf, api.Schema{Schema: `syntax = "proto3"; package google.protobuf; message Other { message In {} } message StringValue { string value = 1; }`}, wrapperspb.String("a text"),
			[]attempt{into[any](serde.Protobuf), into[proto.Message](serde.Protobuf), into[*wrapperspb.StringValue](serde.Protobuf), into[any](serde.Any)}, 0},
	} {
		for _, framing := range []string{"prefix", "header"} {
			t.Run(c.name+", "+framing, func(t *testing.T) {
				r := &serde.Record{Topic: "t"}
				opts := []serde.Option{serde.WithSchema(c.schema), serde.WithSubjectNameStrategy(serde.SubjectNames(false, func(serde.SubjectQuestion) (string, error) { return c.name, nil }))}
				if framing == "header" {
					opts = append(opts, serde.HeaderFraming())
				}
				if err := writes[any](t, f.Client, c.format, opts...).SerializeRecord(t.Context(), r, c.value); err != nil {
					t.Fatal(err)
				}
				prefix := 0
				if framing == "prefix" {
					prefix = 5
					if c.format == serde.Protobuf {
						prefix = 7
					}
				}
				for i, read := range c.into {
					if err := read(t, f.Client, r.Data, r.Headers...); err != nil {
						t.Fatalf("%d: the whole: %v", i, err)
					}
					for n := range r.Data {
						err := read(t, f.Client, r.Data[:n:n], r.Headers...)
						if c.whole >= 0 && n == prefix+c.whole {
							if err != nil {
								t.Errorf("%d: %d bytes of a body that may be empty: %v", i, n, err)
							}
							continue
						}
						if err == nil {
							t.Errorf("%d: %d of %d bytes are read", i, n, len(r.Data))
							continue
						}
						if badly(t, err); n < prefix {
							fails(t, err, serde.StageFrame)
						} else {
							fails(t, err, serde.StageCodec)
						}
					}
					for h := range r.Headers {
						for n := range r.Headers[h].Value {
							cut := serde.Header{Key: r.Headers[h].Key, Value: r.Headers[h].Value[:n:n]}
							err := read(t, f.Client, r.Data, cut)
							if err == nil {
								t.Errorf("%d: %d bytes of a header are read", i, n)
								continue
							}
							fails(t, err, serde.StageFrame)
						}
					}
				}
			})
		}
	}
}

// Frames that name nothing.
func TestFrames(t *testing.T) {
	f := start(t)
	avro := f.Register("avro", withA)
	message := f.Register("proto", `syntax = "proto3"; message Other { message In {} } message M { string s = 1; }`, ofProtobuf)
	json := f.Register("json", `{}`, ofJSON)
	guid := bytes.Repeat([]byte{7}, 17)
	guid[0] = 1
	indexes := func(list ...int64) []byte {
		b := framed(message.ID)
		for _, i := range list {
			b = binary.AppendVarint(b, i)
		}
		return b
	}
	header := func(value string) []serde.Header {
		return []serde.Header{{Key: serde.HeaderValueSchemaID, Value: []byte(value)}}
	}
	frame, unknown := as[*serde.FrameError], is(client.ErrSchemaNotFound)
	magic := func(err error) bool { return frame(err) && is(serde.ErrUnknownMagicByte)(err) }
	for _, c := range []struct {
		name    string
		format  serde.Format
		data    []byte
		headers []serde.Header
		stage   serde.Stage
		matches func(error) bool
	}{
		{"no bytes", serde.Avro, []byte{}, nil, serde.StageFrame, frame},
		{"another magic byte", serde.Avro, []byte{2, 0, 0, 0, 1, 2}, nil, serde.StageFrame, magic},
		{"text", serde.JSON, []byte(`{"a":1}`), nil, serde.StageFrame, magic},
		{"an id that nothing has", serde.Avro, framed(12345, 2), nil, serde.StageSchema, unknown},
		{"id 0", serde.Avro, framed(0, 2), nil, serde.StageSchema, as[*api.Error]},
		{"an id below 0", serde.Avro, framed(-2, 2), nil, serde.StageSchema, as[*api.Error]},
		{"the largest id", serde.Avro, framed(1<<31-1, 2), nil, serde.StageSchema, unknown},
		{"a GUID that nothing has", serde.Avro, append(guid, 2), nil, serde.StageSchema, unknown},
		{"another language", serde.Avro, framed(json.ID, '1'), nil, serde.StageSchema, as[*serde.FormatError]},
		{"another language, as Protobuf", serde.Protobuf, framed(avro.ID, 0, 2), nil, serde.StageSchema, as[*serde.FormatError]},
		{"a header of nothing", serde.Avro, []byte{2}, header(""), serde.StageFrame, frame},
		{"a header of another magic byte", serde.Avro, framed(avro.ID, 2), header("\x05abc"), serde.StageFrame, magic},
		{"a header too long", serde.Avro, []byte{2}, header(string(framed(avro.ID, 9))), serde.StageFrame, frame},
		{"a header with an id that nothing has", serde.Avro, framed(avro.ID, 2), header("\x00\x00\x00\x30\x39"), serde.StageSchema, unknown},

		{"no indexes", serde.Protobuf, indexes(), nil, serde.StageFrame, frame},
		{"fewer indexes than told", serde.Protobuf, indexes(2, 1), nil, serde.StageFrame, frame},
		{"a count below 0", serde.Protobuf, indexes(-1), nil, serde.StageFrame, frame},
		{"a count of a billion", serde.Protobuf, indexes(1<<30, 0), nil, serde.StageFrame, frame},
		{"the largest count", serde.Protobuf, indexes(1<<63 - 1), nil, serde.StageFrame, frame},
		{"a number that does not end", serde.Protobuf, framed(message.ID, bytes.Repeat([]byte{0xff}, 20)...), nil, serde.StageFrame, frame},
		{"an index that no message has", serde.Protobuf, indexes(1, 2), nil, serde.StageFrame, frame},
		{"an index below 0", serde.Protobuf, indexes(1, -1), nil, serde.StageFrame, frame},
		{"an index of a billion", serde.Protobuf, indexes(1, 1<<30), nil, serde.StageFrame, frame},
		{"the largest index", serde.Protobuf, indexes(1, 1<<63-1), nil, serde.StageFrame, frame},
		{"a nested message that is none", serde.Protobuf, indexes(2, 0, 1), nil, serde.StageFrame, frame},
		{"deeper than there are messages", serde.Protobuf, indexes(3, 0, 0, 0), nil, serde.StageFrame, frame},
		{"very deep", serde.Protobuf, indexes(append([]int64{1000}, make([]int64, 1000)...)...), nil, serde.StageFrame, frame},
	} {
		for _, format := range []serde.Format{c.format, serde.Any} {
			if format == serde.Any && as[*serde.FormatError](into[any](c.format)(t, f.Client, c.data, c.headers...)) || format == serde.Any && c.name == "a header too long" {
				continue // which is none for a reader of any format; and there may be indexes
			}
			t.Run(c.name+" "+string(format), func(t *testing.T) {
				var err error
				if n := allocated(func() { err = into[any](format)(t, f.Client, c.data, c.headers...) }); n > modest {
					t.Errorf("%d bytes were allocated", n)
				}
				if err == nil {
					t.Fatal("no error")
				}
				if fails(t, err, c.stage); !c.matches(err) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// What the stages of an error are, and what lies beneath it.
func TestErrors(t *testing.T) {
	f := start(t)
	condition := api.RuleSet{DomainRules: []api.Rule{{Name: "small", Kind: api.KindCondition, Mode: api.ModeWriteRead, Type: "CEL", Expr: "message.a < 10"}}}
	f.Register("ruled-value", withA, withRules(condition))
	f.Register("action-value", withA, withRules(api.RuleSet{DomainRules: []api.Rule{{Name: "x", Kind: api.KindCondition, Mode: api.ModeWriteRead, Type: "CEL", Expr: "true", OnSuccess: "MAIL"}}}))
	f.Register("executor-value", withA, withRules(api.RuleSet{DomainRules: []api.Rule{{Name: "x", Mode: api.ModeWriteRead, Type: "ROT13"}}}))
	f.Register("t-value", withA)
	f.Register("json-value", `{"type":"object","properties":{"a":{"type":"integer"}}}`, ofJSON)
	f.Register("moved-value", withA)
	v1, _ := f.Client.Version(t.Context(), "moved-value", 1)
	f.Register("moved-value", withAB, withRules(api.RuleSet{MigrationRules: []api.Rule{{Name: "up", Type: "JSONATA", Mode: api.ModeUpgrade, Expr: `{"a": "one"}`}}}))
	f.Register("broken-value", withA)
	f.Register("broken-value", withAB, withRules(api.RuleSet{MigrationRules: []api.Rule{{Name: "up", Type: "JSONATA", Mode: api.ModeUpgrade, Expr: `$error("no")`}}}))
	latest := serde.UseLatestVersion()
	writing := func(format serde.Format, topic string, v any, opts ...serde.Option) error {
		_, err := writes[any](t, f.Client, format, append(opts, latest)...).Serialize(t.Context(), topic, v)
		return err
	}
	reading := func(format serde.Format, topic string, data []byte, opts ...serde.Option) error {
		_, err := reads[any](t, f.Client, format, opts...).Deserialize(t.Context(), topic, data)
		return err
	}
	id := func(topic string) int {
		s, err := f.Client.Version(t.Context(), topic+"-value", -1)
		if err != nil {
			t.Fatal(err)
		}
		return s.ID
	}
	a := func(v any) any { return map[string]any{"a": v} }
	for _, c := range []struct {
		name    string
		err     error
		stage   serde.Stage
		matches func(error) bool
		says    string
	}{
		{"a condition", writing(serde.Avro, "ruled", a(20)), serde.StageRule, func(err error) bool { return as[*rules.Error](err) && as[*rules.ConditionError](err) }, "small"},
		{"a condition on reading", reading(serde.Avro, "ruled", framed(id("ruled"), 40), latest), serde.StageRule, as[*rules.ConditionError], "small"},
		{"an action that nobody knows", writing(serde.Avro, "action", a(1)), serde.StageRule, as[*rules.NoActionError], "MAIL"},
		{"an executor that nobody knows", writing(serde.Avro, "executor", a(1)), serde.StageRule, func(err error) bool { return as[*rules.Error](err) && as[*rules.NoExecutorError](err) }, "ROT13"},
		{"a value that does not fit", writing(serde.Avro, "t", a("text")), serde.StageCodec, as[*record.MismatchError], "/a"},
		{"bytes that do not fit", reading(serde.Avro, "t", framed(id("t"))), serde.StageCodec, as[*recordavro.PayloadError], "/a"},
		{"more bytes than a record", reading(serde.Avro, "t", framed(id("t"), 2, 2), serde.FailOnTrailingData()), serde.StageCodec, as[*recordavro.PayloadError], "1 bytes follow"},
		{"text that is no JSON", reading(serde.JSON, "json", framed(id("json"), '{')), serde.StageCodec, as[*recordjson.SyntaxError], ""},
		{"JSON that is not valid, written", writing(serde.JSON, "json", a("text"), serde.ValidateJSON(false)), serde.StageValidate, as[*serde.ValidationError], "/a"},
		{"JSON that is not valid, read", reading(serde.JSON, "json", framed(id("json"), []byte(`{"a":"x"}`)...), serde.ValidateJSON(false)), serde.StageValidate, as[*serde.ValidationError], "/a"},
		{"a migration that fails", reading(serde.Avro, "broken", framed(v1.ID, 2), latest), serde.StageRule, as[*rules.Error], "up"},
		{"a migration to what is not in the schema", reading(serde.Avro, "moved", framed(v1.ID, 2), latest), serde.StageMigrate, as[*record.MismatchError], "/a"},
		{"another subject's schema, by the latest", reading(serde.Avro, "t", framed(id("moved"), 2, 2), latest), serde.StageSchema, is(client.ErrSchemaNotFound), "which version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := fails(t, c.err, c.stage)
			if !c.matches(c.err) || !strings.Contains(c.err.Error(), c.says) {
				t.Errorf("got a %T: %v", e.Err, c.err)
			}
			if e.Subject == "" || e.Schema == "" && e.Role == api.Consumer {
				t.Errorf("the error does not say where: %v", c.err)
			}
		})
	}
}

// A deserializer's T may be one that the record is no value of.
func TestUnfitTypes(t *testing.T) {
	f := start(t)
	message := f.Register("p", `syntax = "proto3"; package google.protobuf; message Other {} message StringValue { string value = 1; }`, ofProtobuf)
	text := f.Register("s", `"string"`)
	record := f.Register("r", withA)
	list := f.Register("l", `{}`, ofJSON)
	for name, err := range map[string]error{
		"a map of a text":      into[map[string]any](serde.Avro)(t, f.Client, framed(text.ID, 0)),
		"a list of a record":   into[[]any](serde.Avro)(t, f.Client, framed(record.ID, 2)),
		"a struct of a text":   into[struct{ A int32 }](serde.Avro)(t, f.Client, framed(text.ID, 0)),
		"a number of a record": into[int](serde.Avro)(t, f.Client, framed(record.ID, 2)),
		"a text field of an int": into[struct {
			A string `avro:"a"`
		}](serde.Avro)(t, f.Client, framed(record.ID, 2)),
		"a map of a JSON list":  into[map[string]any](serde.JSON)(t, f.Client, framed(list.ID, '[', ']')),
		"a struct of JSON text": into[struct{ A int32 }](serde.JSON)(t, f.Client, framed(list.ID, '"', '"')),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if fails(t, err, serde.StageCodec); !strings.Contains(err.Error(), "schema id") {
			t.Errorf("%s: the error names no schema: %v", name, err)
		}
	}
	err := into[*wrapperspb.StringValue](serde.Protobuf)(t, f.Client, framed(message.ID, 0))
	if fails(t, err, serde.StageSchema); !strings.Contains(err.Error(), "google.protobuf.Other") || !strings.Contains(err.Error(), "google.protobuf.StringValue") {
		t.Errorf("got %v", err)
	}
}
