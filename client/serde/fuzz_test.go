package serde_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/compat/languages"
	"github.com/seed-9f7c7091/concordat/concordattest"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/formats"
	"github.com/seed-9f7c7091/concordat/schema"
)

// fuzzSchemas are those that messages are made of; the subject is "<number>-value".
var fuzzSchemas = []struct {
	format serde.Format
	text   string
}{
	{serde.Avro, `{"type":"record","name":"Tree","fields":[{"name":"name","type":"string"},{"name":"size","type":["null","long"]},
		{"name":"kind","type":{"type":"enum","name":"Kind","symbols":["LEAF","NODE"]}},{"name":"hash","type":{"type":"fixed","name":"Hash","size":4}},
		{"name":"parts","type":{"type":"array","items":"Tree"}},{"name":"notes","type":{"type":"map","values":["null","string","double","bytes"]}}]}`},
	{serde.Avro, `"bytes"`},
	{serde.Avro, `["null",{"type":"array","items":"null"},{"type":"map","values":"boolean"},"float","int"]`},
	{serde.JSON, `{"$ref":"#/definitions/tree","definitions":{"tree":{"type":"object","properties":{"name":{"type":"string"},"size":{"type":["null","integer"]},
		"parts":{"type":"array","items":{"$ref":"#/definitions/tree"}}},"required":["name"]}}}`},
	{serde.JSON, `{}`},
	{serde.Protobuf, `syntax = "proto3"; package google.protobuf; message ListValue { repeated Value values = 1; } message Struct { map<string, Value> fields = 1; }
		enum NullValue { NULL_VALUE = 0; }
		message Value { oneof kind { NullValue null_value = 1; double number_value = 2; string string_value = 3; bool bool_value = 4; Struct struct_value = 5; ListValue list_value = 6; } }`},
	{serde.Protobuf, `syntax = "proto2"; message Outer { message Inner { required int32 n = 1; optional group G = 2 { repeated sint64 s = 1 [packed = true]; } } repeated Inner inner = 1; optional bytes b = 3; map<int32, Inner> m = 4; }`},
}

// fuzzTree is the Go type of the first Avro schema and the first JSON Schema.
type fuzzTree struct {
	Name  string         `avro:"name" json:"name"`
	Size  *int64         `avro:"size" json:"size"`
	Kind  string         `avro:"kind" json:"-"`
	Hash  [4]byte        `avro:"hash" json:"-"`
	Parts []fuzzTree     `avro:"parts" json:"parts"`
	Notes map[string]any `avro:"notes" json:"-"`
}

// fuzzRegistry is one for all inputs of a process.
var fuzzRegistry = sync.OnceValue(func() *client.Client {
	reg, err := concordattest.New()
	if err != nil {
		panic(err)
	}
	c, err := client.New(reg.URL)
	if err != nil {
		panic(err)
	}
	return c
})

// fuzzed registers the schemas, and gives them as they are stored and their records.
func fuzzed(f *testing.F) (*client.Client, []*api.Schema, []record.Format) {
	var stored []*api.Schema
	var all []record.Format
	c := fuzzRegistry()
	for i, s := range fuzzSchemas {
		r, err := c.Cache().Register(f.Context(), fuzzTopic(i)+"-value", &api.Schema{SchemaType: string(s.format), Schema: s.text}, false)
		if err != nil {
			f.Fatal(err)
		}
		parsed, err := languages.ByType[string(s.format)].Parse(schema.Source{Text: s.text})
		if err != nil {
			f.Fatal(err)
		}
		format, err := formats.Of(parsed)
		if err != nil {
			f.Fatal(err)
		}
		stored, all = append(stored, r), append(all, format)
	}
	return c, stored, all
}

func fuzzTopic(i int) string { return string(rune('a' + i)) }

// FuzzDeserialize reads messages that are near to right ones, by all framings, into records and Go types. None
// makes a panic or is changed, and all errors are *serde.Error.
func FuzzDeserialize(f *testing.F) {
	c, stored, records := fuzzed(f)
	for i, s := range stored {
		for seed := range uint64(4) {
			body, err := records[i].Append(nil, records[i].Generate(record.NewGenerator(seed, 3)))
			if err != nil {
				f.Fatal(err)
			}
			prefix := binary.BigEndian.AppendUint32([]byte{0}, uint32(s.ID))
			guid, _ := schema.ParseGUID(s.GUID)
			header := append([]byte{1}, guid[:]...)
			if fuzzSchemas[i].format == serde.Protobuf {
				for _, index := range []string{"\x00", "\x02\x02", "\x04\x00\x00"} {
					f.Add([]byte(string(prefix)+index+string(body)), []byte(nil))
					f.Add(body, []byte(string(header)+index))
				}
				continue
			}
			f.Add(append(prefix, body...), []byte(nil))
			f.Add(body, header)
		}
	}
	f.Add([]byte{}, []byte(nil))
	f.Add(bytes.Repeat([]byte{2}, 100), []byte{1})

	type reader struct {
		name string
		read func(t *testing.T, topic string, data []byte, headers []serde.Header) (any, error)
	}
	var readers []reader
	add := func(name string, read func(*testing.T, string, []byte, []serde.Header) (any, error)) {
		readers = append(readers, reader{name, read})
	}
	add("Avro", fuzzReader[any](f, c, serde.Avro))
	add("Avro, as shown otherwise", fuzzReader[any](f, c, serde.Avro, serde.LogicalTypes(), serde.TaggedUnions(), serde.FailOnTrailingData()))
	add("Avro, typed", fuzzReader[fuzzTree](f, c, serde.Avro))
	add("Avro, typed by pointer, whole", fuzzReader[*fuzzTree](f, c, serde.Avro, serde.FailOnTrailingData()))
	add("Avro, by a reader's schema", fuzzReader[any](f, c, serde.Avro, serde.WithSchema(api.Schema{Schema: `{"type":"record","name":"Tree","fields":[{"name":"parts","type":{"type":"array","items":"Tree"}},{"name":"more","type":"int","default":7}]}`})))
	add("JSON", fuzzReader[any](f, c, serde.JSON))
	add("JSON, validated", fuzzReader[any](f, c, serde.JSON, serde.ValidateJSON(false)))
	add("JSON, typed", fuzzReader[fuzzTree](f, c, serde.JSON))
	add("JSON, typed and strict", fuzzReader[*fuzzTree](f, c, serde.JSON, serde.ValidateJSON(true), serde.DisallowUnknownFields()))
	add("Protobuf", fuzzReader[proto.Message](f, c, serde.Protobuf))
	add("Protobuf, typed", fuzzReader[*structpb.Value](f, c, serde.Protobuf))
	add("any", fuzzReader[any](f, c, serde.Any))
	add("any, without headers", fuzzReader[any](f, c, serde.Any, serde.PrefixOnly()))
	add("no frame", fuzzReader[any](f, c, serde.Avro, serde.Unframed(), serde.UseSchemaID(stored[0].ID)))
	add("no frame, Protobuf", fuzzReader[any](f, c, serde.Protobuf, serde.Unframed(1), serde.UseSchemaID(stored[5].ID)))

	f.Fuzz(func(t *testing.T, data, header []byte) {
		if len(data) > 1<<16 || len(data) > 4 && data[0] == 0 && data[1]|data[2]|data[3] != 0 {
			t.Skip() // an id that nothing has: each of them is a request
		}
		if len(header) > 0 && header[0] == 1 && !known(stored, header) || len(data) > 16 && data[0] == 1 && !known(stored, data) {
			t.Skip() // so is a GUID
		}
		var headers []serde.Header
		if header != nil {
			headers = []serde.Header{{Key: serde.HeaderValueSchemaID, Value: header}}
		}
		for _, r := range readers {
			before := bytes.Clone(data)
			_, err := r.read(t, "t", data, headers)
			var e *serde.Error
			if err != nil && (!errors.As(err, &e) || e.Stage == "" || e.Error() == "") {
				t.Errorf("%s: %v is a %T", r.name, err, err)
			}
			if !bytes.Equal(data, before) {
				t.Errorf("%s: the message was changed", r.name)
			}
		}
	})
}

// known reports whether a frame has the GUID of a schema.
func known(stored []*api.Schema, frame []byte) bool {
	if len(frame) < 17 {
		return true // which is no GUID at all
	}
	for _, s := range stored {
		if guid, ok := schema.ParseGUID(s.GUID); ok && bytes.Equal(guid[:], frame[1:17]) {
			return true
		}
	}
	return false
}

func fuzzReader[T any](f *testing.F, c *client.Client, format serde.Format, opts ...serde.Option) func(*testing.T, string, []byte, []serde.Header) (any, error) {
	d := reads[T](f, c, format, append(opts, serde.WithSubjectNameStrategy(serde.TopicNameStrategy))...)
	return func(t *testing.T, topic string, data []byte, headers []serde.Header) (any, error) {
		v, err := d.Deserialize(t.Context(), topic, data, headers...)
		return v, err
	}
}

// FuzzRoundTrip makes up records, writes and reads them by prefix and by header, and compares.
func FuzzRoundTrip(f *testing.F) {
	c, stored, records := fuzzed(f)
	for i := range stored {
		f.Add(byte(i), []byte{})
		f.Add(byte(i), []byte("some choices that make up a record, one after the other"))
	}
	latest, topics := serde.UseLatestVersion(), serde.WithSubjectNameStrategy(serde.TopicNameStrategy)
	prefixed, headed := map[serde.Format]*serde.Serializer[any]{}, map[serde.Format]*serde.Serializer[any]{}
	read := map[serde.Format]*serde.Deserializer[any]{}
	for _, format := range []serde.Format{serde.Avro, serde.JSON, serde.Protobuf} {
		prefixed[format] = writes[any](f, c, format, latest, topics, serde.ValidateJSON(false))
		headed[format] = writes[any](f, c, format, latest, topics, serde.HeaderFraming())
		read[format] = reads[any](f, c, format, topics, serde.ValidateJSON(false), serde.FailOnTrailingData())
	}
	whatever := reads[any](f, c, serde.Any, topics)
	typed := reads[fuzzTree](f, c, serde.Avro, topics)
	again := writes[fuzzTree](f, c, serde.Avro, topics, latest)
	f.Fuzz(func(t *testing.T, which byte, choices []byte) {
		i := int(which) % len(stored)
		format, topic := fuzzSchemas[i].format, fuzzTopic(i)
		v := records[i].Generate(record.Replay(fuzzChoices(choices), 8))
		if v == nil {
			return // null is a tombstone
		}
		want := printed(t, records[i], v)
		data, err := prefixed[format].Append(t.Context(), []byte("before"), topic, v)
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		data, ok := bytes.CutPrefix(data, []byte("before"))
		if !ok {
			t.Fatal("what was in the buffer is gone")
		}
		r := &serde.Record{Topic: topic}
		if err := headed[format].SerializeRecord(t.Context(), r, v); err != nil {
			t.Fatal(err)
		}
		for name, d := range map[string]*serde.Deserializer[any]{"of the format": read[format], "of any": whatever} {
			got, err := d.Deserialize(t.Context(), topic, data)
			if err != nil {
				t.Fatalf("%s: %s: %v", name, want, err)
			}
			if text := printed(t, records[i], got); !bytes.Equal(text, want) {
				t.Errorf("%s: wrote %s, read %s", name, want, text)
			}
			if got, err = d.DeserializeRecord(t.Context(), r); err != nil {
				t.Fatalf("%s: %s: %v", name, want, err)
			}
			if text := printed(t, records[i], got); !bytes.Equal(text, want) {
				t.Errorf("%s, by header: wrote %s, read %s", name, want, text)
			}
		}
		if i == 0 {
			tree, err := typed.Deserialize(t.Context(), topic, data)
			if err != nil {
				t.Fatalf("%s: %v", want, err)
			}
			b, err := again.Serialize(t.Context(), topic, tree)
			if err != nil {
				t.Fatalf("%s: %v", want, err)
			}
			got, err := read[format].Deserialize(t.Context(), topic, b)
			if err != nil {
				t.Fatal(err)
			}
			if text := printed(t, records[i], got); !bytes.Equal(text, want) {
				t.Errorf("as a struct: wrote %s, read %s", want, text)
			}
		}
	})
}

// fuzzChoices are those of a generator, of one byte or eight.
func fuzzChoices(b []byte) []uint64 {
	var choices []uint64
	for len(b) > 0 {
		if n := len(b); b[0]%4 == 3 && n >= 8 {
			choices = append(choices, binary.LittleEndian.Uint64(b))
			b = b[8:]
			continue
		}
		choices = append(choices, uint64(b[0]))
		b = b[1:]
	}
	return choices
}

// printed is a record in a form in which records that are the same are the same.
func printed(t *testing.T, f record.Format, v any) []byte {
	t.Helper()
	if m, ok := v.(proto.Message); ok {
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return protowire.AppendBytes([]byte(m.ProtoReflect().Descriptor().FullName()), b)
	}
	b, err := f.Print(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
