package serde_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/record"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
	recordjson "github.com/seed-9f7c7091/concordat/record/jsonschema"
)

type person struct {
	Name    string            `avro:"name" json:"name"`
	Age     int32             `avro:"age" json:"age"`
	Nick    *string           `avro:"nick" json:"nick,omitempty"`
	Tags    []string          `avro:"tags" json:"tags"`
	Address address           `avro:"address" json:"address"`
	Notes   map[string]string `avro:"notes" json:"notes"`
}

type address struct {
	City string `avro:"city" json:"city"`
}

// node refers to its own type.
type node struct {
	Value int64 `avro:"value" json:"value"`
	Next  *node `avro:"next" json:"next,omitempty"`
}

func somebody() person {
	nick := "ada"
	return person{"Ada", 36, &nick, []string{"a", "b"}, address{"London"}, map[string]string{"x": "y"}}
}

// mirror writes a value as T and reads it as T and as R.
func mirror[T, R any](t *testing.T, name string, format serde.Format, schema string, v T, as R, opts ...serde.Option) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		f := start(t)
		if schema != "" {
			opts = append(opts, serde.WithSchema(api.Schema{Schema: schema}))
		}
		s, d, other := writes[T](t, f.Client, format, opts...), reads[T](t, f.Client, format), reads[R](t, f.Client, format)
		for range 2 { // the second time without the registry
			b := write(t, s, "t", v)
			if n := len(b); n < 5 || idOf(t, b) != 1 {
				t.Errorf("written as %x", b)
			}
			kept := slices.Clone(b)
			got, otherwise := read(t, d, "t", b), read(t, other, "t", b)
			if !bytes.Equal(b, kept) {
				t.Errorf("reading changed the message from %x to %x", kept, b)
			}
			for i := range b { // values share no memory with messages
				b[i] = '?'
			}
			same(t, got, v)
			same(t, otherwise, as)
			record := &serde.Record{Topic: "t", Data: []byte("garbage of before"), Headers: []serde.Header{{Key: "x", Value: []byte("y")}}}
			if err := s.SerializeRecord(t.Context(), record, v); err != nil || !sameBody(format, record.Data, kept) || len(record.Headers) != 1 {
				t.Errorf("as a record it is %+v, not %x; %v", record, kept, err)
			}
			appended, err := s.Append(t.Context(), []byte("before"), "t", v)
			if err != nil || !bytes.HasPrefix(appended, []byte("before")) || !sameBody(format, appended[6:], kept) {
				t.Errorf("appended it is %q; %v", appended, err)
			}
			f.down()
		}
	})
}

// sameBody compares messages; the order in a Protobuf message is not certain.
func sameBody(format serde.Format, a, b []byte) bool {
	if format == serde.Protobuf {
		slices.Sort(a)
		b = slices.Clone(b)
		slices.Sort(b)
	}
	return bytes.Equal(a, b)
}

// T may be of any sort that has room for the record.
func TestValues(t *testing.T) {
	ada := somebody()
	asMap := map[string]any{"name": "Ada", "age": int32(36), "nick": "ada", "tags": []any{"a", "b"}, "address": map[string]any{"city": "London"}, "notes": map[string]any{"x": "y"}}
	mirror(t, "avro/struct", serde.Avro, "", ada, any(asMap))
	mirror(t, "avro/pointer", serde.Avro, "", &ada, asMap)
	mirror(t, "avro/zero struct", serde.Avro, "", person{Tags: []string{}, Notes: map[string]string{}}, &person{Tags: []string{}, Notes: map[string]string{}})
	mirror(t, "avro/type of itself", serde.Avro, "", &node{1, &node{2, nil}}, any(map[string]any{"value": int64(1), "next": map[string]any{"value": int64(2), "next": nil}}))
	mirror(t, "avro/map", serde.Avro, withA, map[string]any{"a": int32(7)}, any(map[string]any{"a": int32(7)}))
	mirror(t, "avro/any", serde.Avro, withA, any(map[string]any{"a": int32(7)}), map[string]any{"a": int32(7)})
	mirror(t, "avro/map of strings", serde.Avro, `{"type":"map","values":"string"}`, map[string]string{"a": "b"}, any(map[string]any{"a": "b"}))
	mirror(t, "avro/list", serde.Avro, `{"type":"array","items":"long"}`, []int64{1, 2}, []any{int64(1), int64(2)})
	mirror(t, "avro/string", serde.Avro, `"string"`, "Grüße", any("Grüße"))
	mirror(t, "avro/empty string", serde.Avro, `"string"`, "", any(""))
	mirror(t, "avro/bytes", serde.Avro, `"bytes"`, []byte("\x00\x01"), any([]byte("\x00\x01")))
	mirror(t, "avro/no bytes", serde.Avro, `"bytes"`, []byte{}, any([]byte{}))
	mirror(t, "avro/fixed", serde.Avro, `{"type":"fixed","name":"F","size":2}`, []byte("ab"), any([]byte("ab")))
	mirror(t, "avro/long", serde.Avro, `"long"`, int64(-1), any(int64(-1)))
	mirror(t, "avro/int", serde.Avro, `"int"`, int32(1<<31-1), 1<<31-1)
	mirror(t, "avro/double", serde.Avro, `"double"`, 0.5, any(0.5))
	mirror(t, "avro/boolean", serde.Avro, `"boolean"`, true, any(true))
	mirror(t, "avro/enum", serde.Avro, `{"type":"enum","name":"E","symbols":["A","B"]}`, "B", any("B"))

	parsed := map[string]any{"name": "Ada", "age": int64(36), "nick": "ada", "tags": []any{"a", "b"}, "address": map[string]any{"city": "London"}, "notes": map[string]any{"x": "y"}}
	mirror(t, "json/struct", serde.JSON, "", ada, any(parsed), serde.ValidateJSON(false))
	mirror(t, "json/pointer", serde.JSON, "", &ada, parsed)
	mirror(t, "json/type of itself", serde.JSON, "", &node{1, &node{2, nil}}, any(map[string]any{"value": int64(1), "next": map[string]any{"value": int64(2)}}), serde.ValidateJSON(false))
	mirror(t, "json/map", serde.JSON, `{}`, map[string]any{"b": "<&>", "a": int64(1)}, any(map[string]any{"a": int64(1), "b": "<&>"}))
	mirror(t, "json/any", serde.JSON, `{}`, any([]any{1.5, nil}), []any{1.5, nil})
	mirror(t, "json/raw", serde.JSON, `{}`, json.RawMessage(`{"a":[1]}`), any(map[string]any{"a": []any{int64(1)}}))
	mirror(t, "json/string", serde.JSON, `{}`, "x", any("x"))
	mirror(t, "json/long", serde.JSON, `{}`, int64(1<<62+1), any(int64(1<<62+1)))
	mirror(t, "json/bytes", serde.JSON, `{}`, []byte("ab"), any("YWI="))

	stamp := &timestamppb.Timestamp{Seconds: 5, Nanos: 6}
	mirror(t, "protobuf/generated", serde.Protobuf, "", stamp, any(stamp))
	mirror(t, "protobuf/empty", serde.Protobuf, "", &timestamppb.Timestamp{}, any(&timestamppb.Timestamp{}))
	mirror(t, "protobuf/message", serde.Protobuf, "", proto.Message(stamp), stamp)
	dynamic := dynamicpb.NewMessage(stamp.ProtoReflect().Descriptor())
	proto.Merge(dynamic, stamp)
	mirror(t, "protobuf/dynamic", serde.Protobuf, "", dynamic, stamp)
	mirror(t, "protobuf/any", serde.Protobuf, "", any(dynamic), proto.Message(stamp))

	t.Run("objects as messages", func(t *testing.T) {
		f := start(t)
		s := writes[any](t, f.Client, serde.Protobuf, serde.WithSchema(api.Schema{Schema: `syntax = "proto3"; message M { string user_name = 1; N n = 2; message N { int64 i = 1; } }`}))
		want := []byte("\x0a\x01x\x12\x02\x08\x07")
		for _, v := range []any{map[string]any{"userName": "x", "n": map[string]any{"i": "7"}}, map[string]any{"user_name": "x", "n": map[string]any{"i": 7}}} {
			if b := write(t, s, "t", v); !sameBody(serde.Protobuf, b[6:], want) {
				t.Errorf("got %q", b)
			}
		}
		for _, v := range []any{map[string]any{"other": 1}, "x", 7, map[string]any{"n": 1}} {
			_, err := s.Serialize(t.Context(), "t", v)
			if fails(t, err, serde.StageCodec); !as[*record.MismatchError](err) {
				t.Errorf("%v: %v", v, err)
			}
		}
	})
	t.Run("objects without a schema", func(t *testing.T) {
		f := start(t)
		for _, format := range []serde.Format{serde.Avro, serde.JSON, serde.Protobuf} {
			_, err := writes[any](t, f.Client, format).Serialize(t.Context(), "t", map[string]any{"a": 1})
			if e := fails(t, err, serde.StageSchema); !strings.Contains(e.Err.Error(), "WithSchema") {
				t.Error(err)
			}
		}
	})
}

// A nil value is null, whatever T is, and null is nil or the zero value. No registry is asked.
func TestTombstones(t *testing.T) {
	f := start(t)
	f.down()
	tombstone(t, f, serde.Avro, (*person)(nil))
	tombstone(t, f, serde.JSON, (*person)(nil))
	tombstone(t, f, serde.Avro, map[string]any(nil))
	tombstone(t, f, serde.JSON, map[string]int(nil))
	tombstone(t, f, serde.Avro, any(nil))
	tombstone(t, f, serde.Avro, any((*person)(nil)))
	tombstone(t, f, serde.JSON, any(map[string]any(nil)))
	tombstone(t, f, serde.Avro, []byte(nil))
	tombstone(t, f, serde.Avro, any([]byte(nil)))
	tombstone(t, f, serde.JSON, []any(nil))
	tombstone(t, f, serde.JSON, json.RawMessage(nil))
	tombstone(t, f, serde.Protobuf, (*timestamppb.Timestamp)(nil))
	tombstone(t, f, serde.Protobuf, proto.Message(nil))
	tombstone(t, f, serde.Protobuf, proto.Message((*timestamppb.Timestamp)(nil)))
	tombstone(t, f, serde.Protobuf, any((*timestamppb.Timestamp)(nil)))
	for _, format := range []serde.Format{serde.Avro, serde.JSON} {
		if v := read(t, reads[person](t, f.Client, format), "t", nil); v.Name != "" || v.Tags != nil {
			t.Errorf("null as a struct is %+v", v)
		}
		if v := read(t, reads[string](t, f.Client, format), "t", nil); v != "" {
			t.Errorf("null as a string is %q", v)
		}
		if v := read(t, reads[int64](t, f.Client, format), "t", nil); v != 0 {
			t.Errorf("null as a number is %d", v)
		}
	}
	if v := read(t, reads[any](t, f.Client, serde.Any), "t", nil); v != nil {
		t.Errorf("null as anything is %v", v)
	}
	if len(f.requests("")) > 0 {
		t.Errorf("asked %q", f.requests(""))
	}
}

func tombstone[T any](t *testing.T, f *front, format serde.Format, v T) {
	t.Helper()
	for _, opts := range [][]serde.Option{nil, {serde.HeaderFraming()}} {
		s := writes[T](t, f.Client, format, opts...)
		r := &serde.Record{Topic: "t", Data: []byte("of before")}
		if err := s.SerializeRecord(t.Context(), r, v); err != nil || r.Data != nil || r.Headers != nil {
			t.Errorf("%T: the record is %+v, %v", v, r, err)
		}
		if opts == nil {
			if b, err := s.Serialize(t.Context(), "t", v); b != nil || err != nil {
				t.Errorf("%T: %x, %v", v, b, err)
			}
			if b, err := s.Append(t.Context(), []byte("before"), "t", v); b != nil || err != nil {
				t.Errorf("%T: appended %x, %v", v, b, err)
			}
		}
	}
	var zero T
	got := any(read(t, reads[T](t, f.Client, format), "t", nil))
	same(t, got, any(zero))
}

// The schemas that structs have by themselves.
func TestDerivedSchemas(t *testing.T) {
	f := start(t)
	type embedded struct {
		address
		ID       int64 `avro:"id" json:"id"`
		internal int
	}
	registered := func(topic string) string {
		t.Helper()
		text, err := f.Client.VersionText(t.Context(), topic+"-value", 1)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	write(t, writes[person](t, f.Client, serde.Avro), "a", somebody())
	same(t, registered("a"), `{"type":"record","name":"person","fields":[{"name":"name","type":"string"},{"name":"age","type":"int"},{"name":"nick","type":["null","string"],"default":null},`+
		`{"name":"tags","type":{"type":"array","items":"string"}},{"name":"address","type":{"type":"record","name":"address","fields":[{"name":"city","type":"string"}]}},`+
		`{"name":"notes","type":{"type":"map","values":"string"}}]}`)
	write(t, writes[**person](t, f.Client, serde.Avro), "pointers", pointerTo(pointerTo(somebody())))
	same(t, registered("pointers"), registered("a"))
	write(t, writes[embedded](t, f.Client, serde.Avro), "e", embedded{internal: 1})
	same(t, registered("e"), `{"type":"record","name":"embedded","fields":[{"name":"city","type":"string"},{"name":"id","type":"long"}]}`)
	write(t, writes[embedded](t, f.Client, serde.JSON), "ej", embedded{})
	same(t, registered("ej"), `{"$schema":"https://json-schema.org/draft/2020-12/schema","properties":{"city":{"type":"string"},"id":{"type":"integer"}},"type":"object","required":["city","id"],"title":"embedded"}`)
	write(t, writes[embedded](t, f.Client, serde.JSON, serde.DisallowUnknownFields()), "closed", embedded{})
	if text := registered("closed"); !strings.Contains(text, `"additionalProperties":false`) {
		t.Errorf("open to what a reader refuses: %s", text)
	}
	t.Run("types without a schema", func(t *testing.T) {
		type channel struct {
			C chan int `avro:"c" json:"c"`
		}
		_, err := writes[channel](t, f.Client, serde.Avro).Serialize(t.Context(), "t", channel{})
		fails(t, err, serde.StageSchema)
		_, err = writes[channel](t, f.Client, serde.JSON).Serialize(t.Context(), "t", channel{})
		if err == nil {
			t.Error("a channel as JSON")
		}
	})
}

func pointerTo[T any](v T) *T { return &v }

// With header framing the schema's GUID stands in a header, and the data has no prefix.
func TestHeaderFraming(t *testing.T) {
	file := compiled(t, "shop/order.proto", ownImports)
	note := message(t, file, "Order.Note", map[string]any{"text": "x"})
	f := start(t)
	for _, c := range []struct {
		name   string
		format serde.Format
		key    bool
		schema string
		value  any
		tail   string // of the header: message indexes
		data   string
	}{
		{"avro", serde.Avro, false, withA, map[string]any{"a": 1}, "", "\x02"},
		{"avro, without a byte", serde.Avro, false, `{"type":"record","name":"E","fields":[]}`, map[string]any{}, "", ""},
		{"avro key", serde.Avro, true, withA, map[string]any{"a": 1}, "", "\x02"},
		{"json", serde.JSON, false, `{}`, map[string]any{"a": 1}, "", `{"a":1}`},
		{"protobuf", serde.Protobuf, false, "", wrapperspb.Int64(1), "0a" /* the sixth of its file is Int64Value? */, "\x08\x01"},
		{"protobuf, the first message", serde.Protobuf, false, "", &timestamppb.Timestamp{Seconds: 1}, "00", "\x08\x01"},
		{"protobuf, nested", serde.Protobuf, true, "", note, "040000", "\x0a\x01x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			topic := strings.NewReplacer(" ", "-", ",", "").Replace(c.name)
			opts := []serde.Option{serde.HeaderFraming()}
			name, subject := serde.HeaderValueSchemaID, topic+"-value"
			if c.key {
				opts = append(opts, serde.ForKeys())
				name, subject = serde.HeaderKeySchemaID, topic+"-key"
			}
			if c.schema != "" {
				opts = append(opts, serde.WithSchema(api.Schema{Schema: c.schema}))
			}
			s := writes[any](t, f.Client, c.format, opts...)
			r := &serde.Record{Topic: topic}
			for range 2 { // the header is set once
				if err := s.SerializeRecord(t.Context(), r, c.value); err != nil {
					t.Fatal(err)
				}
			}
			if len(r.Headers) != 1 || r.Headers[0].Key != name {
				t.Fatalf("the headers are %v", r.Headers)
			}
			stored, err := f.Client.Version(t.Context(), subject, 1)
			if err != nil {
				t.Fatal(err)
			}
			header := hex.EncodeToString(r.Headers[0].Value)
			want := "01" + strings.ReplaceAll(stored.GUID, "-", "") + c.tail
			if c.name == "protobuf" { // the message's place is for the file to say
				want = header[:34] + "02" + header[36:]
			}
			if header != want || r.Data == nil || string(r.Data) != c.data {
				t.Errorf("got %s %q, want %s %q", header, r.Data, want, c.data)
			}

			read := []serde.Option{}
			if c.key {
				read = append(read, serde.ForKeys())
			}
			fresh := f.connect(t)
			check := func(what string, d *serde.Deserializer[any], r *serde.Record) {
				t.Helper()
				v, err := d.DeserializeRecord(t.Context(), r)
				if err != nil {
					t.Errorf("%s: %v", what, err)
				} else if again := write(t, writes[any](t, f.Client, c.format, opts[1:]...), topic, v); c.format != serde.JSON && !strings.HasSuffix(string(again), c.data) {
					t.Errorf("%s: read as %v", what, v)
				}
			}
			check("by the header", reads[any](t, fresh, c.format, read...), r)
			check("any format", reads[any](t, fresh, serde.Any, read...), r)
			other := serde.Header{Key: map[bool]string{true: serde.HeaderValueSchemaID, false: serde.HeaderKeySchemaID}[c.key], Value: []byte("garbage")}
			stale := serde.Header{Key: name, Value: []byte("garbage")}
			check("the last header counts", reads[any](t, fresh, c.format, read...), &serde.Record{Topic: topic, Data: r.Data, Headers: []serde.Header{stale, other, r.Headers[0], other}})
			id := serde.Header{Key: name, Value: append([]byte{0, 0, 0, 0, byte(stored.ID)}, mustHex(t, header[34:])...)}
			check("an id in the header", reads[any](t, fresh, c.format, read...), &serde.Record{Topic: topic, Data: r.Data, Headers: []serde.Header{id}})
			prefixed := &serde.Record{Topic: topic, Data: append(slices.Clone(r.Headers[0].Value), r.Data...), Headers: []serde.Header{other}}
			check("a GUID in the prefix", reads[any](t, fresh, c.format, read...), prefixed)
			prefixed.Headers = []serde.Header{{Key: name}}
			check("a header that is null", reads[any](t, fresh, c.format, read...), prefixed)
			prefixed.Headers = []serde.Header{stale}
			check("prefixes only", reads[any](t, fresh, c.format, append(read, serde.PrefixOnly())...), prefixed)

			_, err = reads[any](t, fresh, c.format, read...).DeserializeRecord(t.Context(), prefixed)
			if fails(t, err, serde.StageFrame); !is(serde.ErrUnknownMagicByte)(err) || !as[*serde.FrameError](err) {
				t.Errorf("a header that is garbage: %v", err)
			}
			if c.format != serde.Protobuf {
				long := &serde.Record{Topic: topic, Data: r.Data, Headers: []serde.Header{{Key: name, Value: append(slices.Clone(r.Headers[0].Value), 0)}}}
				_, err = reads[any](t, fresh, c.format, read...).DeserializeRecord(t.Context(), long)
				fails(t, err, serde.StageFrame)
			}
		})
	}
	t.Run("another schema than before", func(t *testing.T) {
		r := &serde.Record{Topic: "changing"}
		for _, text := range []string{withA, withAB, withA, withA} {
			s := writes[any](t, f.Client, serde.Avro, serde.HeaderFraming(), serde.WithSchema(api.Schema{Schema: text}))
			if err := s.SerializeRecord(t.Context(), r, map[string]any{"a": 1}); err != nil {
				t.Fatal(err)
			}
		}
		if len(r.Headers) != 3 || !bytes.Equal(r.Headers[0].Value, r.Headers[2].Value) {
			t.Errorf("got %x", r.Headers)
		}
		v, err := reads[any](t, f.Client, serde.Avro).DeserializeRecord(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		same(t, v, any(map[string]any{"a": int32(1)}))
	})
}

func mustHex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Data without a frame is read by the schema that the configuration names.
func TestUnframed(t *testing.T) {
	f := start(t)
	s := f.Register("a", withA)
	p := f.Register("p", `syntax = "proto3"; message M { string a = 1; message N { string b = 1; } }`, ofProtobuf)
	property := func(pairs ...string) serde.Option {
		m := map[string]string{"schema.id.deserializer": "io.confluent.kafka.serializers.schema.id.ConfigSchemaIdDeserializer"}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return serde.WithProperties(m)
	}
	id := func(n int) string { return strings.TrimSpace(string(json.RawMessage(jsonNumber(n)))) }
	for name, opts := range map[string][]serde.Option{
		"id":                {serde.Unframed(), serde.UseSchemaID(s.ID)},
		"GUID":              {serde.Unframed(), serde.UseSchemaGUID(s.GUID)},
		"id by property":    {property("use.schema.id", id(s.ID))},
		"GUID by property":  {property("use.schema.guid", s.GUID)},
		"the id goes first": {serde.Unframed(), serde.UseSchemaID(s.ID), serde.UseSchemaGUID(p.GUID)},
	} {
		for _, format := range []serde.Format{serde.Avro, serde.Any} {
			d := reads[any](t, f.Client, format, opts...)
			// Not even a header counts.
			got := read(t, d, "t", []byte{2}, serde.Header{Key: serde.HeaderValueSchemaID, Value: []byte("garbage")})
			if same(t, got, any(map[string]any{"a": int32(1)})); t.Failed() {
				t.Fatal(name)
			}
		}
	}
	for name, c := range map[string]struct {
		opts []serde.Option
		want string
	}{
		"the first":              {[]serde.Option{serde.Unframed(), serde.UseSchemaID(p.ID)}, "M"},
		"the first, said":        {[]serde.Option{serde.Unframed(0), serde.UseSchemaGUID(p.GUID)}, "M"},
		"nested":                 {[]serde.Option{serde.Unframed(0, 0), serde.UseSchemaID(p.ID)}, "M.N"},
		"nested, by property":    {[]serde.Option{property("use.schema.id", id(p.ID), "use.message.indexes", "0,0")}, "M.N"},
		"the first, by property": {[]serde.Option{property("use.schema.guid", p.GUID, "use.message.indexes", "0")}, "M"},
	} {
		for _, format := range []serde.Format{serde.Protobuf, serde.Any} {
			m, ok := read(t, reads[any](t, f.Client, format, c.opts...), "t", []byte("\x0a\x01x")).(proto.Message)
			if !ok || string(m.ProtoReflect().Descriptor().FullName()) != c.want {
				t.Errorf("%s: got a %T %v", name, m, m)
			}
		}
	}
	_, err := reads[any](t, f.Client, serde.Protobuf, serde.Unframed(7), serde.UseSchemaID(p.ID)).Deserialize(t.Context(), "t", []byte{})
	fails(t, err, serde.StageFrame)
}

func jsonNumber(n int) []byte {
	b, _ := json.Marshal(n)
	return b
}

// How strictly data is read.
func TestStrictReading(t *testing.T) {
	f := start(t)
	a := f.Register("a", withA)
	raw := f.Register("raw", `"bytes"`)
	j := f.Register("j", `{"type":"object"}`, ofJSON)
	type one struct {
		A int32 `avro:"a" json:"a"`
	}
	trailing := framed(a.ID, 2, 99)
	for _, opt := range []serde.Option{serde.FailOnTrailingData(), serde.WithProperties(map[string]string{"avro.fail.on.trailing.data": "true"})} {
		_, err1 := reads[any](t, f.Client, serde.Avro, opt).Deserialize(t.Context(), "t", trailing)
		_, err2 := reads[one](t, f.Client, serde.Avro, opt).Deserialize(t.Context(), "t", trailing)
		for _, err := range []error{err1, err2} {
			if fails(t, err, serde.StageCodec); !as[*recordavro.PayloadError](err) {
				t.Errorf("got %v", err)
			}
		}
		same(t, read(t, reads[any](t, f.Client, serde.Avro, opt), "t", framed(a.ID, 2)), any(map[string]any{"a": int32(1)}))
		same(t, read(t, reads[any](t, f.Client, serde.Avro, opt), "t", framed(raw.ID, 2, 99)), any([]byte{2, 99}))
	}
	same(t, read(t, reads[any](t, f.Client, serde.Avro), "t", trailing), any(map[string]any{"a": int32(1)}))
	same(t, read(t, reads[one](t, f.Client, serde.Avro), "t", trailing), one{1})

	unknown := framed(j.ID, []byte(`{"a":1,"b":2}`)...)
	for _, opt := range []serde.Option{serde.DisallowUnknownFields(), serde.WithProperties(map[string]string{"json.fail.unknown.properties": "true"})} {
		_, err := reads[one](t, f.Client, serde.JSON, opt).Deserialize(t.Context(), "t", unknown)
		fails(t, err, serde.StageCodec)
		same(t, read(t, reads[one](t, f.Client, serde.JSON, opt), "t", framed(j.ID, []byte(` {"a":1} `)...)), one{1})
		_, err = reads[one](t, f.Client, serde.JSON, opt).Deserialize(t.Context(), "t", framed(j.ID, []byte(`{"a":1} {}`)...))
		fails(t, err, serde.StageCodec)
	}
	same(t, read(t, reads[one](t, f.Client, serde.JSON), "t", unknown), one{1})
	for _, body := range []string{``, `{`, `{"a":1} {}`, `{"a":"x"}`, "\xff", `[1]`} {
		_, err := reads[one](t, f.Client, serde.JSON).Deserialize(t.Context(), "t", framed(j.ID, []byte(body)...))
		fails(t, err, serde.StageCodec)
		_, err = reads[any](t, f.Client, serde.JSON).Deserialize(t.Context(), "t", framed(j.ID, []byte(body)...))
		if json.Valid([]byte(body)) {
			if err != nil {
				t.Errorf("%s: %v", body, err)
			}
			continue
		}
		if fails(t, err, serde.StageCodec); !as[*recordjson.SyntaxError](err) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// A message of another type than T is refused before it is read.
func TestOtherTypes(t *testing.T) {
	f := start(t)
	b := write(t, writes[proto.Message](t, f.Client, serde.Protobuf), "t", proto.Message(timestamppb.Now()))
	_, err := reads[*durationpb.Duration](t, f.Client, serde.Protobuf).Deserialize(t.Context(), "t", b)
	if e := fails(t, err, serde.StageSchema); !strings.Contains(e.Err.Error(), "google.protobuf.Timestamp") || !strings.Contains(e.Err.Error(), "google.protobuf.Duration") {
		t.Error(err)
	}
	avro := write(t, writes[string](t, f.Client, serde.Avro, serde.WithSchema(api.Schema{Schema: `"string"`})), "s", "x")
	_, err = reads[map[string]any](t, f.Client, serde.Avro).Deserialize(t.Context(), "s", avro)
	fails(t, err, serde.StageCodec)
	_, err = reads[int64](t, f.Client, serde.Avro).Deserialize(t.Context(), "s", avro)
	fails(t, err, serde.StageCodec)
	_, err = reads[person](t, f.Client, serde.Avro).Deserialize(t.Context(), "s", avro)
	fails(t, err, serde.StageCodec)
	_, err = reads[proto.Message](t, f.Client, serde.Any).Deserialize(t.Context(), "s", avro)
	fails(t, err, serde.StageCodec)
	for _, format := range []serde.Format{serde.JSON, serde.Protobuf} {
		_, err = reads[any](t, f.Client, format).Deserialize(t.Context(), "s", append(avro, 0))
		if fails(t, err, serde.StageSchema); !as[*serde.FormatError](err) {
			t.Errorf("%s: %v", format, err)
		}
	}
	_, err = reads[any](t, f.Client, serde.Avro).Deserialize(t.Context(), "t", b)
	if fails(t, err, serde.StageSchema); !as[*serde.FormatError](err) {
		t.Error(err)
	}
}

// Equal Protobuf records are equal bytes where they are dynamic, and always where they are keys.
func TestEqualBytes(t *testing.T) {
	f := start(t)
	f.Register("d-value", `syntax = "proto3"; message M { map<string, string> a = 1; map<int64, string> b = 2; string c = 3; int32 d = 4; }`, ofProtobuf)
	dynamic := writes[any](t, f.Client, serde.Protobuf, serde.UseLatestVersion())
	keys := writes[*structpb.Struct](t, f.Client, serde.Protobuf, serde.ForKeys())
	key, err := structpb.NewStruct(map[string]any{"a": 1, "b": "2", "c": true, "d": nil})
	if err != nil {
		t.Fatal(err)
	}
	record := any(map[string]any{"a": map[string]any{"x": "1", "y": "2", "z": "3"}, "b": map[string]any{"-1": "x", "7": "y"}, "c": "c", "d": 4})
	first, firstKey := write(t, dynamic, "d", record), write(t, keys, "d", key)
	for range 100 {
		same(t, write(t, dynamic, "d", record), first)
		same(t, write(t, keys, "d", key), firstKey)
	}
}
