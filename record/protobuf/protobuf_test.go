package protobuf

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules/jsonata"
	"github.com/seed-9f7c7091/concordat/schema"

	source "github.com/seed-9f7c7091/concordat/schema/protobuf"
)

func format(t testing.TB, text string, deps ...schema.Dependency) *Format {
	t.Helper()
	s, err := source.Language{}.Parse(schema.Source{Text: text, Dependencies: deps})
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(s.(*source.Schema))
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return f
}

// texts are schemas that together have every kind of field.
var texts = map[string]string{
	"scalars": `syntax = "proto3"; package k; message M {
		int32 a = 1; sint32 b = 2; sfixed32 c = 3; uint32 d = 4; fixed32 e = 5; int64 f = 6; sint64 g = 7; sfixed64 h = 8;
		uint64 i = 9; fixed64 j = 10; float k = 11; double l = 12; bool m = 13; string n = 14; bytes o = 15; E p = 16;
		optional int64 snake_case = 17; optional string with_name = 18 [json_name = "Own-Name"]; optional E q = 19; optional bytes r = 20;
		enum E { Z = 0; A = 1; N = -5; }
	}`,
	"repeated": `syntax = "proto3"; message M {
		repeated int32 a = 1; repeated uint64 b = 2; repeated double c = 3; repeated string d = 4; repeated bytes e = 5; repeated E f = 6; repeated M g = 7;
		map<string, string> h = 8; map<int64, M> i = 9; map<bool, E> j = 10; map<uint32, float> k = 11; map<sfixed32, bytes> l = 12;
		enum E { option allow_alias = true; Z = 0; A = 1; B = 1; }
	}`,
	"oneofs": `syntax = "proto3"; package o; message M {
		int32 before = 9; oneof one { string a = 1; int64 b = 2; M c = 3; bytes d = 4; E e = 5; } oneof other { bool f = 6; } string after = 7;
		message N { M m = 1; repeated N n = 2; } N n = 8;
	} enum E { Z = 0; A = 1; }`,
	"known": `syntax = "proto3"; package w; import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto"; import "google/protobuf/any.proto";
		import "google/protobuf/struct.proto"; import "google/protobuf/wrappers.proto"; import "google/protobuf/field_mask.proto"; import "google/protobuf/empty.proto";
		message M {
			google.protobuf.Timestamp a = 1; google.protobuf.Duration b = 2; google.protobuf.Any c = 3; google.protobuf.Struct d = 4; google.protobuf.Value e = 5;
			google.protobuf.ListValue f = 6; google.protobuf.NullValue g = 7; google.protobuf.FieldMask h = 8; google.protobuf.Empty i = 9;
			google.protobuf.BoolValue j = 10; google.protobuf.Int32Value k = 11; google.protobuf.Int64Value l = 12; google.protobuf.UInt32Value m = 13; google.protobuf.UInt64Value n = 14;
			google.protobuf.FloatValue o = 15; google.protobuf.DoubleValue p = 16; google.protobuf.StringValue q = 17; google.protobuf.BytesValue r = 18;
			repeated google.protobuf.Timestamp s = 19; map<string, google.protobuf.Value> t = 20; oneof u { google.protobuf.Value v = 21; google.protobuf.StringValue w = 22; google.protobuf.NullValue x = 23; }
			repeated google.protobuf.Int64Value y = 24;
		}`,
	"proto2": `package p; message M {
		required string a = 1; optional int32 b = 2 [default = 7]; required E c = 3; repeated group G = 4 { required bool x = 1; optional M m = 2; } optional group H = 5 { repeated int64 y = 1 [packed = true]; }
		oneof o { string s = 6; group K = 7 { optional bytes z = 1; } } required N n = 8; optional string t = 9 [default = "d"]; extensions 100 to 200;
		enum E { X = 3; Y = 1; } message N { required uint64 u = 1; optional N n = 2; }
	} extend M { optional string ext = 100; }`,
	"editions": `edition = "2023"; package e; option features.field_presence = IMPLICIT; message M {
		int32 a = 1; string b = 2 [features.field_presence = EXPLICIT]; int64 c = 3 [features.field_presence = LEGACY_REQUIRED];
		M m = 4 [features.message_encoding = DELIMITED]; repeated int32 r = 5 [features.repeated_field_encoding = EXPANDED]; E d = 6;
	} enum E { Z = 0; A = 1; }`,
	"empty": `syntax = "proto3"; message Nothing {}`,
}

// TestRoundTrips makes records up and takes them through every form.
func TestRoundTrips(t *testing.T) {
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			f := format(t, text)
			for seed := range uint64(200) {
				v := f.Generate(record.NewGenerator(seed, int(seed%20)))
				roundTrip(t, f, v)
			}
		})
	}
}

// roundTrip holds a record to what is true of every one.
func roundTrip(t testing.TB, f *Format, v any) {
	t.Helper()
	same := func(what string, got any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v\n%v", what, err, v)
		}
		if !proto.Equal(got.(proto.Message), v.(proto.Message)) {
			t.Fatalf("%s changed the record\n%v\nto\n%v", what, v, got)
		}
	}
	payload, err := f.Append([]byte("x"), v)
	if err != nil {
		t.Fatalf("%v\n%v", err, v)
	}
	if payload[0] != 'x' {
		t.Fatal("Append lost what was there")
	}
	decoded, err := f.Decode(payload[1:])
	same("Decode", decoded, err)
	clear(payload)
	same("changing the payload", decoded, nil)

	jsonable := protojson.MarshalOptions{Resolver: f.types, EmitDefaultValues: true}
	want, err := jsonable.Marshal(v.(proto.Message))
	if err != nil {
		t.Fatalf("%v\n%v", err, v)
	}
	j, err := f.ToJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	if !equalJSON(t, text, want) {
		t.Fatalf("ToJSON gives\n%s\nwant\n%s", text, want)
	}
	back, err := f.FromJSON(j)
	same("FromJSON", back, err)
	var decodedJSON any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&decodedJSON); err != nil {
		t.Fatal(err)
	}
	back, err = f.FromJSON(decodedJSON)
	same("FromJSON of encoding/json", back, err)

	printed, err := f.Print(v)
	if err != nil {
		t.Fatal(err)
	}
	jsonable.EmitDefaultValues = false
	if want, err = jsonable.Marshal(v.(proto.Message)); err != nil || !equalJSON(t, printed, want) {
		t.Fatalf("Print gives\n%s\nwant\n%s %v", printed, want, err)
	}
	back, err = f.Read(printed)
	same("Read", back, err)
	back, err = f.Fields(nil, nil).Visit(back, func(_ *record.Field, _, value any) (any, error) { return value, nil })
	same("Visit", back, err)
}

func equalJSON(t testing.TB, a, b []byte) bool {
	t.Helper()
	parse := func(text []byte) (v any) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return v
	}
	return reflect.DeepEqual(parse(a), parse(b))
}

// TestJSON shows the forms of JSON.
func TestJSON(t *testing.T) {
	for _, c := range []struct{ schema, in, json, printed string }{
		{"scalars", `{}`, `{"a":0,"b":0,"c":0,"d":0,"e":0,"f":"0","g":"0","h":"0","i":"0","j":"0","k":0,"l":0,"m":false,"n":"","o":"","p":"Z"}`, `{}`},
		{"scalars", `{"snake_case":"9007199254740993","with_name":"x","p":"N","q":7,"o":"_-8","k":0.1}`,
			`{"a":0,"b":0,"c":0,"d":0,"e":0,"f":"0","g":"0","h":"0","i":"0","j":"0","k":0.1,"l":0,"m":false,"n":"","o":"/+8=","p":"N","snakeCase":"9007199254740993","Own-Name":"x","q":7}`,
			`{"k":0.1,"o":"/+8=","p":"N","snakeCase":"9007199254740993","Own-Name":"x","q":7}`},
		{"scalars", `{"a":1e2,"b":"-3.0","d":4294967295,"i":18446744073709551615,"k":"NaN","l":"-Infinity","snakeCase":0,"a":5}`, ``,
			`{"a":5,"b":-3,"d":4294967295,"i":"18446744073709551615","k":"NaN","l":"-Infinity","snakeCase":"0"}`},
		{"repeated", `{"a":[],"h":{},"i":{"-5":{},"10":{"j":{"true":"B","false":0}},"9":{}},"e":["/w"]}`, ``, `{"e":["/w=="],"i":{"-5":{},"9":{},"10":{"j":{"false":"Z","true":"A"}}}}`},
		{"repeated", `{"h":null,"a":null}`, `{"a":[],"b":[],"c":[],"d":[],"e":[],"f":[],"g":[],"h":{},"i":{},"j":{},"k":{},"l":{}}`, `{}`},
		{"oneofs", `{"b":"0","after":"z","before":1}`, `{"b":"0","after":"z","before":1}`, `{"b":"0","after":"z","before":1}`},
		{"oneofs", `{"a":null,"b":1,"n":{"n":[{}]}}`, `{"b":"1","after":"","n":{"n":[{"n":[]}]},"before":0}`, `{"b":"1","n":{"n":[{}]}}`},
		{"known", `{"a":"2024-01-02T03:04:05.5+01:00","b":"-1.5s","c":{"@type":"type.googleapis.com/w.M","g":null},"d":{"b":[1,1e400,null],"a":{}},"e":null,"h":"a.bC","i":{},"l":"5","n":7,"q":"s","r":"_w"}`, ``, ``},
		{"known", `{"a":"2024-01-02T03:04:05.5+01:00","b":"-1.5s","d":{"b":[1,null],"a":{}},"e":null,"h":"a.bC","i":{},"l":"5","n":7,"q":"s","r":"_w","v":null}`, ``,
			`{"a":"2024-01-02T02:04:05.500Z","b":"-1.500s","d":{"a":{},"b":[1,null]},"e":null,"h":"a.bC","i":{},"l":"5","n":"7","q":"s","r":"/w==","v":null}`},
		{"known", `{"c":{"@type":"type.googleapis.com/w.M","l":"5"}}`, `{"c":{"@type":"type.googleapis.com/w.M","g":null,"l":"5","s":[],"t":{},"y":[]},"g":null,"s":[],"t":{},"y":[]}`, `{"c":{"@type":"type.googleapis.com/w.M","l":"5"}}`},
		{"proto2", `{"a":"","c":"Y","n":{"u":1},"G":[{"x":false}],"h":{"y":[1,"2"]}}`, `{"a":"","c":"Y","g":[{"x":false}],"h":{"y":["1","2"]},"n":{"u":"1"}}`, `{"a":"","c":"Y","g":[{"x":false}],"h":{"y":["1","2"]},"n":{"u":"1"}}`},
		{"empty", `{}`, `{}`, `{}`},
	} {
		f := format(t, texts[c.schema])
		v, err := f.Read([]byte(c.in))
		if c.printed == "" {
			if err == nil {
				t.Errorf("%s was read", c.in)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		j, err := f.ToJSON(v)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
		}
		if text, _ := appendJSON(nil, j); string(text) != c.json && c.json != "" {
			t.Errorf("%s as JSON is\n%s\nwant\n%s", c.in, text, c.json)
		}
		if text, err := f.Print(v); string(text) != c.printed {
			t.Errorf("%s is printed as\n%s\nwant\n%s %v", c.in, text, c.printed, err)
		}
	}
}

// TestMismatches names what does not fit, and where.
func TestMismatches(t *testing.T) {
	for _, c := range []struct{ schema, in, path, reason string }{
		{"scalars", `[]`, "", "expects an object, not an array"},
		{"scalars", `{"x":1}`, "/x", "message k.M has no such field"},
		{"scalars", `{"a/b":1}`, "/a~1b", "message k.M has no such field"},
		{"scalars", `{"[k.ext]":1}`, "/[k.ext]", "message k.M has no such field"},
		{"scalars", `{"a":"x"}`, "/a", `expects an int32, not "x"`},
		{"scalars", `{"a":2147483648}`, "/a", "expects an int32, not 2147483648"},
		{"scalars", `{"a":1.5}`, "/a", "expects an int32, not 1.5"},
		{"scalars", `{"a":" 1"}`, "/a", `expects an int32, not " 1"`},
		{"scalars", `{"d":-1}`, "/d", "expects a uint32, not -1"},
		{"scalars", `{"f":9223372036854775808}`, "/f", "expects an int64, not 9223372036854775808"},
		{"scalars", `{"f":1e999999999999999999999}`, "/f", "expects an int64, not 1e999999999999999999999"},
		{"scalars", `{"f":1e-400}`, "/f", "expects an int64, not 1e-400"},
		{"scalars", `{"k":1e39}`, "/k", "expects a float, not 1e39"},
		{"scalars", `{"l":1e309}`, "/l", "expects a double, not 1e309"},
		{"scalars", `{"l":"inf"}`, "/l", `expects a double, not "inf"`},
		{"scalars", `{"m":"true"}`, "/m", `expects a bool, not "true"`},
		{"scalars", `{"n":5}`, "/n", "expects a string, not 5"},
		{"scalars", `{"o":"***"}`, "/o", "expects bytes as base64: illegal base64 data at input byte 0"},
		{"scalars", `{"p":"a"}`, "/p", `k.M.E has no value "a"`},
		{"scalars", `{"p":true}`, "/p", "expects a value of k.M.E, not true"},
		{"scalars", `{"with_name":"a","Own-Name":"b"}`, "/with_name", "the field is given as Own-Name too"},
		{"repeated", `{"g":[{"a":[1,null]}]}`, "/g/0/a/1", "expects an int32, not null"},
		{"repeated", `{"g":[null]}`, "/g/0", "expects an object, not null"},
		{"repeated", `{"a":5}`, "/a", "expects an array, not 5"},
		{"repeated", `{"i":{"x":{}}}`, "/i/x", "the key is no int64"},
		{"repeated", `{"i":{"1":{},"01":{}}}`, "/i/1", "the key is given twice"},
		{"repeated", `{"k":{"4294967296":1}}`, "/k/4294967296", "the key is no uint32"},
		{"repeated", `{"j":{"TRUE":1}}`, "/j/TRUE", "the key is no bool"},
		{"repeated", `{"h":[]}`, "/h", "expects an object, not an array"},
		{"oneofs", `{"a":"","b":1}`, "/b", "a is given too, but only one field of one may be"},
		{"known", `{"a":"yesterday"}`, "/a", `invalid google.protobuf.Timestamp value "yesterday"`},
		{"known", `{"s":["2024-01-01T00:00:00Z","10000-01-01T00:00:00Z"]}`, "/s/1", `invalid google.protobuf.Timestamp value "10000-01-01T00:00:00Z"`},
		{"known", `{"c":{"@type":"type.googleapis.com/no.Where"}}`, "/c/@type", `the type "type.googleapis.com/no.Where" is not known`},
		{"known", `{"c":{"a":1}}`, "/c", "expects the type of the message as @type"},
		{"known", `{"c":{"@type":"x/w.M","k":"x"}}`, "/c/k", `expects an int32, not "x"`},
		{"known", `{"c":{"@type":"x/w.M","@Type":"x"}}`, "/c/@Type", "message w.M has no such field"},
		{"known", `{"c":{"@type":"x/google.protobuf.Duration","value":"1h"}}`, "/c/value", `invalid google.protobuf.Duration value "1h"`},
		{"known", `{"c":{"@type":"x/google.protobuf.Duration","value":"1s","more":1}}`, "/c", "expects @type and value alone"},
		{"known", `{"k":"x"}`, "/k", `expects an int32, not "x"`},
		{"known", `{"y":[null]}`, "/y/0", "expects an int64, not null"},
		{"known", `{"g":1.5}`, "/g", "expects a value of google.protobuf.NullValue, not 1.5"},
		{"proto2", `{"a":"","c":"X"}`, "", "required field p.M.n is not set"},
		{"proto2", `{"a":"","c":"X","n":{}}`, "/n", "required field p.M.N.u is not set"},
	} {
		f := format(t, texts[c.schema])
		_, err := f.Read([]byte(c.in))
		var mismatch *record.MismatchError
		if !errors.As(err, &mismatch) {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if mismatch.Path != c.path || mismatch.Reason != c.reason {
			t.Errorf("%s: %q %s\nwant %q %s", c.in, mismatch.Path, mismatch.Reason, c.path, c.reason)
		}
	}
	if _, err := format(t, texts["empty"]).Read([]byte("{\n oops")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("no JSON: %v", err)
	}
}

// TestReadsAsTheRuntime gives texts to Read and to the runtime, which must
// take and refuse the same.
func TestReadsAsTheRuntime(t *testing.T) {
	values := []string{
		`null`, `true`, `0`, `-0`, `1`, `-1`, `1.0`, `1.5`, `1e3`, `1E+2`, `10e-1`, `0.1e1`, `2147483647`, `2147483648`, `-2147483648`, `-2147483649`, `4294967295`, `4294967296`,
		`9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `18446744073709551615`, `18446744073709551616`, `1e18`, `1e19`, `1e20`, `3.4e38`, `3.5e38`, `1e308`, `1e309`, `1e-400`, `0e999`,
		`""`, `"0"`, `"-0"`, `"1.0"`, `"1e3"`, `"01"`, `"+1"`, `" 1"`, `"0x1"`, `"1_0"`, `"NaN"`, `"Infinity"`, `"-Infinity"`, `"inf"`, `"Z"`, `"A"`, `"z"`, `"AQ=="`, `"AQ"`, `"AQ="`, `"_-8"`, `"/+8="`, `"A Q"`, `"A\nQ="`,
		`"true"`, `"2024-01-02T03:04:05Z"`, `"1s"`, `"-0.5s"`, `"aB.c"`, `"\ud83d\ude00"`, `"\u0000"`, `[]`, `[null]`, `[1]`, `[1,"2"]`, `["A"]`, `[{}]`, `[true,"x"]`, `[[]]`, `{}`, `{"1":1}`, `{"01":"A"}`, `{"true":"A"}`, `{"x":null}`, `{"":""}`,
		`{"@type":"type.googleapis.com/google.protobuf.Empty"}`, `{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}`, `{"@type":"x"}`, `{"a":1}`, `{"u":"1"}`, `{"x":true}`,
	}
	for name, text := range texts {
		f := format(t, text)
		var fields []string
		for _, field := range f.shape.fields {
			fields = append(fields, field.json, string(field.desc.Name()), field.desc.TextName())
		}
		slices.Sort(fields)
		fields = append(slices.Compact(fields), "@type", "nobody", "[p.ext]")
		for _, field := range fields {
			for _, value := range values {
				in := fmt.Sprintf(`{%q:%s}`, field, value)
				if name == "proto2" { // with what is required
					in = fmt.Sprintf(`{%q:%s,"a":"","c":1,"n":{"u":1}}`, field, value)
					if slices.Contains([]string{"a", "c", "n"}, field) {
						continue
					}
				}
				want := dynamicpb.NewMessage(f.Descriptor())
				wantErr := protojson.UnmarshalOptions{Resolver: f.types}.Unmarshal([]byte(in), want)
				got, err := f.Read([]byte(in))
				if (err == nil) != (wantErr == nil) {
					t.Errorf("%s %s: %v, the runtime says %v", name, in, err, wantErr)
				} else if err == nil && !proto.Equal(got.(proto.Message), want) {
					t.Errorf("%s %s: read as %v, by the runtime as %v", name, in, got, want)
				}
			}
		}
	}
}

// TestFromForms takes objects and arrays as expressions make them.
func TestFromForms(t *testing.T) {
	f := format(t, texts["repeated"])
	v, err := f.Read([]byte(`{"a":[1,2],"h":{"k":"v"},"i":{"5":{"d":["x"]}},"b":["18446744073709551615"]}`))
	if err != nil {
		t.Fatal(err)
	}
	j, err := f.ToJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	e, err := jsonata.Compile(`$merge([$sift($, function($v, $k) {$k != 'a'}), {'c': a.($ / 2), 'e': ['AQ==']}])`)
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.Eval(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.FromJSON(out)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := f.Print(got); string(text) != `{"b":["18446744073709551615"],"c":[0.5,1],"e":["AQ=="],"h":{"k":"v"},"i":{"5":{"d":["x"]}}}` {
		t.Errorf("%s", text)
	}
	if _, err := f.FromJSON(map[string]any{"d": []any{"\xff"}}); err == nil || err.Error() != "/d/0 does not fit the schema: the text is not valid UTF-8" {
		t.Error(err)
	}
	if _, err := f.FromJSON(map[string]any{"a": []any{struct{}{}}}); err == nil {
		t.Error("a struct is read as a number")
	}
}

// TestAppendMismatches refuses what is no record of the schema.
func TestAppendMismatches(t *testing.T) {
	f := format(t, texts["proto2"])
	deep := dynamicpb.NewMessage(f.Descriptor())
	fields := f.Descriptor().Fields()
	deep.Set(fields.ByName("a"), protoreflect.ValueOfString("x"))
	deep.Set(fields.ByName("c"), protoreflect.ValueOfEnum(1))
	deep.Mutable(fields.ByName("n")).Message().Set(fields.ByName("n").Message().Fields().ByName("u"), protoreflect.ValueOfUint64(1))
	deep.Mutable(fields.ByName("g")).List().AppendMutable()
	var none *timestamppb.Timestamp
	scalars := format(t, texts["scalars"])
	invalid := dynamicpb.NewMessage(scalars.Descriptor())
	invalid.Set(scalars.Descriptor().Fields().ByName("n"), protoreflect.ValueOfString("\xff"))
	stamp, err := format(t, `syntax = "proto3"; import "google/protobuf/timestamp.proto"; message M { google.protobuf.Timestamp t = 1; }`).ByName("google.protobuf.Timestamp")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    *Format
		v    any
		want string
	}{
		{f, nil, "the record does not fit the schema: expects a Protobuf message p.M, not a value of type <nil>"},
		{f, map[string]any{}, "the record does not fit the schema: expects a Protobuf message p.M, not a value of type map[string]interface {}"},
		{f, &durationpb.Duration{}, "the record does not fit the schema: expects a message p.M, not google.protobuf.Duration"},
		{f, dynamicpb.NewMessage(f.Descriptor()), "the record does not fit the schema: required field p.M.a is not set"},
		{f, deep, "/g/0 does not fit the schema: required field p.M.G.x is not set"},
		{scalars, invalid, "/n does not fit the schema: the text is not valid UTF-8"},
		{stamp, none, "the record does not fit the schema: is a nil message"},
	} {
		dst, err := c.f.Append([]byte("x"), c.v)
		var mismatch *record.MismatchError
		if !errors.As(err, &mismatch) || err.Error() != c.want || string(dst) != "x" {
			t.Errorf("%v %q, want %s", err, dst, c.want)
		}
	}
	if _, err := stamp.ToJSON(&timestamppb.Timestamp{Seconds: lastSecond + 1}); err == nil {
		t.Error("a timestamp out of range has JSON")
	}
	if _, err := stamp.Print(none); err == nil {
		t.Error("a nil message is printed")
	}
}

// TestRiskyJSON finds the values that have no JSON wherever they are.
func TestRiskyJSON(t *testing.T) {
	f := format(t, `syntax = "proto3"; import "google/protobuf/struct.proto"; import "google/protobuf/timestamp.proto"; message M { repeated M m = 1; map<string, M> n = 2; google.protobuf.Timestamp t = 3; google.protobuf.Value v = 4; }`)
	for path, in := range map[string]string{"/t": `{"t":"2024-01-01T00:00:00Z"}`, "/m/1/t": `{"m":[{},{"t":"2024-01-01T00:00:00Z"}]}`, "/n/a~1b/m/0/t": `{"n":{"a/b":{"m":[{"t":"2024-01-01T00:00:00Z"}]}}}`} {
		v, err := f.Read([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.ToJSON(v); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		_, _ = f.Fields(nil, nil).Visit(v, func(f *record.Field, _, value any) (any, error) {
			if f.Name == "seconds" {
				return int64(1) << 60, nil
			}
			return value, nil
		})
		_, err = f.ToJSON(v)
		if mismatch := (*record.MismatchError)(nil); !errors.As(err, &mismatch) || mismatch.Path != path {
			t.Errorf("%s: %v", in, err)
		}
		if _, err = f.Print(v); err == nil {
			t.Errorf("%s is printed", in)
		}
	}
}

// TestCallersTypes takes messages of generated types by their full names.
func TestCallersTypes(t *testing.T) {
	f := format(t, `syntax = "proto3"; import "google/protobuf/struct.proto"; import "google/protobuf/timestamp.proto"; message M { google.protobuf.Struct s = 1; google.protobuf.Timestamp t = 2; }`)
	stamp, err := f.ByName("google.protobuf.Timestamp")
	if err != nil {
		t.Fatal(err)
	}
	v := &timestamppb.Timestamp{Seconds: 1, Nanos: 5}
	if payload, err := stamp.Append(nil, v); err != nil || hex.EncodeToString(payload) != "08011005" {
		t.Errorf("%x %v", payload, err)
	}
	if text, err := stamp.Print(v); err != nil || string(text) != `"1970-01-01T00:00:01.000000005Z"` {
		t.Errorf("%s %v", text, err)
	}

	// Another descriptor of the same message: fields are paired by their numbers.
	mine := format(t, `syntax = "proto3"; package a; import "confluent/meta.proto"; message M { string name = 1 [(confluent.field_meta).tags = "PII"]; N n = 2; repeated N ns = 3 ; int32 same = 4; map<string, string> m = 5 [(confluent.field_meta).tags = "PII"]; } message N { string secret = 1 [(confluent.field_meta).tags = "PII"]; M m = 2; }`)
	theirs := format(t, `syntax = "proto3"; package a; message M { string title = 1; N n = 2; repeated N ns = 3; string same = 4; map<string, string> m = 5; int32 more = 6; } message N { string hidden = 1; M m = 2; }`)
	record1, err := theirs.Read([]byte(`{"title":"a","n":{"hidden":"b","m":{"title":"c"}},"ns":[{"hidden":"d"}],"same":"x","m":{"k":"e"},"more":5}`))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	walk := mine.Fields(nil, []string{"PII"})
	for range 2 {
		names = nil
		_, err = walk.Visit(record1, func(f *record.Field, in, value any) (any, error) {
			names = append(names, f.FullName)
			return value.(string) + "!", nil
		})
	}
	if want := "a.M.name a.N.secret a.M.name a.N.secret a.M.m"; err != nil || strings.Join(names, " ") != want {
		t.Errorf("%s %v", names, err)
	}
	if text, err := mine.Print(record1); err != nil || string(text) != `{"title":"a!!","n":{"hidden":"b!!","m":{"title":"c!!"}},"ns":[{"hidden":"d!!"}],"same":"x","m":{"k":"e!!"},"more":5}` {
		t.Errorf("%s %v", text, err)
	}
	if list, err := structpb.NewList([]any{1, "a"}); err != nil {
		t.Error(err)
	} else if lists, err := f.ByName("google.protobuf.ListValue"); err != nil {
		t.Error(err)
	} else {
		roundTrip(t, lists, list)
	}
}

// TestUnknownFieldsStay keeps what the schema does not know, extensions among it.
func TestUnknownFieldsStay(t *testing.T) {
	f := format(t, texts["proto2"])
	payload := protowire.AppendTag(nil, 100, protowire.BytesType)
	payload = protowire.AppendString(payload, "ext")
	payload = protowire.AppendTag(payload, 999, protowire.VarintType)
	payload = protowire.AppendVarint(payload, 5)
	v, err := f.Read([]byte(`{"a":"","c":1,"n":{"u":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	own, err := f.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	want := append(own, payload...)
	if v, err = f.Decode(want); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Append(nil, v); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x is written as %x: %v", want, got, err)
	}
	if text, err := f.Print(v); err != nil || string(text) != `{"a":"","c":"Y","n":{"u":"1"}}` {
		t.Errorf("%s %v", text, err)
	}
}

// TestMessages finds messages by their place and by name.
func TestMessages(t *testing.T) {
	f := format(t, `syntax = "proto3"; package a; import "d.proto"; enum E { Z = 0; } message A { map<string, A> m = 1; message B {} message C { message D {} } } message F { dep.G g = 1; }`,
		schema.Dependency{Name: "d.proto", Text: `syntax = "proto3"; package dep; message G {}`},
		schema.Dependency{Name: "e.proto", Text: `syntax = "proto3"; package dep; message H {}`})
	for _, c := range []struct {
		indexes []int
		want    string
	}{
		{[]int{0}, "a.A"}, {[]int{0, 0}, "a.A.B"}, {[]int{0, 1}, "a.A.C"}, {[]int{0, 1, 0}, "a.A.C.D"}, {[]int{1}, "a.F"},
		{nil, ""}, {[]int{}, ""}, {[]int{2}, ""}, {[]int{-1}, ""}, {[]int{0, 2}, ""}, {[]int{1 << 40}, ""}, {[]int{0, 1, 0, 0}, ""},
	} {
		m, err := f.Message(c.indexes)
		if (err == nil) != (c.want != "") || err == nil && m.Name() != c.want {
			t.Errorf("%v: %v", c.indexes, err)
		}
	}
	for _, name := range []string{"a.A", "a.A.C.D", "a.F", "dep.G", "dep.H"} {
		if m, err := f.ByName(name); err != nil || m.Name() != name || m.Schema() != f.Schema() || string(m.Descriptor().FullName()) != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "A", "a.X", "a.E", "a.A.MEntry", "google.protobuf.Struct"} {
		if _, err := f.ByName(name); err == nil {
			t.Errorf("%q was found", name)
		}
	}
	if f.Name() != "a.A" || f.Type() != api.Protobuf {
		t.Error(f.Name(), f.Type())
	}
	for _, text := range []string{`syntax = "proto3";`, `enum E { A = 0; }`, `syntax = "proto3"; message M { X x = 1; }`} {
		s, err := source.Language{}.Parse(schema.Source{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(s.(*source.Schema)); err == nil {
			t.Errorf("%s has a format", text)
		}
	}
}

// TestFalseFriends takes a message for what it declares, not for its name.
func TestFalseFriends(t *testing.T) {
	f := format(t, `syntax = "proto3"; package google.protobuf; message Timestamp { string s = 1; Duration d = 2; StringValue v = 3; Any a = 4; } message Duration { int64 seconds = 1; int32 nanos = 2; } message StringValue { string v = 1; string w = 2; } message Any { string type_url = 1; }`)
	for seed := range uint64(50) {
		g := record.NewGenerator(seed, 5)
		v := f.Generate(g)
		text, err := f.Print(v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := f.Read(text)
		if err != nil || !proto.Equal(back.(proto.Message), v.(proto.Message)) {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// TestNamesThatClash tells fields apart whose JSON names are one.
func TestNamesThatClash(t *testing.T) {
	f := format(t, `message M { optional int32 a_b = 1; optional int32 aB = 2; optional int32 c = 3 [json_name = "d"]; optional int32 d = 4 [json_name = "c"]; }`)
	v, err := f.Read([]byte(`{"c":4,"d":3,"aB":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if payload, err := f.Append(nil, v); err != nil || hex.EncodeToString(payload) != "100118032004" {
		t.Errorf("%x %v", payload, err)
	}
	for seed := range uint64(20) {
		v := f.Generate(record.NewGenerator(seed, 5))
		text, _ := f.Print(v)
		if back, err := f.Read(text); err != nil || !proto.Equal(back.(proto.Message), v.(proto.Message)) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestConcurrentUse shares a format, for the race detector.
func TestConcurrentUse(t *testing.T) {
	f := format(t, texts["known"])
	other := format(t, texts["known"])
	v := other.Generate(record.NewGenerator(1, 10))
	walk := f.Fields(record.NewTags(map[string][]string{"w.**": {"X"}}), []string{"X"})
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			roundTrip(t, f, f.Generate(record.NewGenerator(2, 10)))
			_, _ = f.ToJSON(v)
			if _, err := f.ByName("google.protobuf.Struct"); err != nil {
				t.Error(err)
			}
			_, _ = walk.Visit(proto.Clone(v.(proto.Message)), func(_ *record.Field, _, value any) (any, error) { return value, nil })
		})
	}
	wait.Wait()
}

// TestHostilePayloads reads payloads that are no records, at a cost that their length bounds.
func TestHostilePayloads(t *testing.T) {
	f := format(t, `syntax = "proto3"; message M { M m = 1; repeated M n = 2; repeated int64 p = 3; map<string, M> q = 4; string s = 5; }`)
	nested := func(depth int) []byte {
		var b []byte
		for range depth {
			b = append(protowire.AppendVarint([]byte{0x0a}, uint64(len(b))), b...)
		}
		return b
	}
	for name, c := range map[string]struct {
		payload []byte
		ok      bool
	}{
		"nothing":            {nil, true},
		"a cut tag":          {[]byte{0x80}, false},
		"a cut length":       {[]byte{0x0a, 0x05, 0x01}, false},
		"a huge length":      {[]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, false},
		"field 0":            {[]byte{0x00, 0x01}, false},
		"an open group":      {[]byte{0x33}, false},
		"a group's end":      {[]byte{0x34}, false},
		"another wire type":  {[]byte{0x08, 0x01}, true},
		"no text":            {[]byte{0x2a, 0x01, 0xff}, false},
		"many unknown":       {bytes.Repeat([]byte{0x98, 0x06, 0x01}, 1000), true},
		"empty messages":     {bytes.Repeat([]byte{0x12, 0x00}, 20000), true},
		"empty entries":      {bytes.Repeat([]byte{0x22, 0x00}, 20000), true},
		"two kinds of keys":  {[]byte{0x22, 0x05, 0x0a, 0x01, 'a', 0x08, 0x01}, false}, // the runtime panics
		"packed":             {append([]byte{0x1a, 0xa0, 0x9c, 0x01}, make([]byte, 20000)...), true},
		"as deep as allowed": {nested(maxDepth - 1), true},
		"too deep":           {nested(maxDepth + 1), false},
		"far too deep":       {nested(20000), false},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		v, err := f.Decode(c.payload)
		runtime.ReadMemStats(&after)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(1<<16+400*len(c.payload)) {
			t.Errorf("%s: %d bytes take %d", name, len(c.payload), used)
		}
		if err == nil {
			text, err := f.Print(v)
			if err == nil {
				_, err = f.Read(text)
			}
			if err != nil && name != "as deep as allowed" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, text := range []string{strings.Repeat(`{"m":`, 100000), strings.Repeat(`{"n":[`, 100000), strings.Repeat(`{"m":`, 999) + "{}" + strings.Repeat("}", 999), `{"p":[1e1000000000]}`, `{"p":["1e-1000000000"]}`} {
		_, _ = f.Read([]byte(text))
	}
	deep := any(map[string]any{})
	for range 3 * maxDepth {
		deep = map[string]any{"m": deep}
	}
	if _, err := f.FromJSON(deep); err == nil {
		t.Error("JSON of any depth is read")
	}
}

// TestHostileAny bounds how deep messages are packed.
func TestHostileAny(t *testing.T) {
	f := format(t, texts["known"])
	held := f.Descriptor().Fields().ByName("c")
	const url = "type.googleapis.com/google.protobuf.Any"
	packed := func(depth int, innermost []byte) *dynamicpb.Message {
		payload := innermost
		for range depth {
			b := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), url)
			if len(payload) > 0 {
				b = protowire.AppendBytes(protowire.AppendTag(b, 2, protowire.BytesType), payload)
			}
			payload = b
		}
		m := dynamicpb.NewMessage(f.Descriptor())
		if err := proto.Unmarshal(payload, m.Mutable(held).Message().Interface()); err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, c := range []struct {
		depth int
		inner []byte
		want  string
	}{
		{0, nil, ""}, {1, nil, ""}, {5, nil, ""}, {maxPacked - 1, nil, ""},
		{maxPacked, nil, "is packed too deeply"}, {5000, nil, "is packed too deeply"},
		{1, []byte{0xff}, "holds a " + url + " that cannot be read: cannot parse invalid wire-format data"},
		{0, []byte{0x12, 0x01, 0x00}, "holds a value of no type"},
		{0, []byte{0x0a, 0x01, 'x'}, "holds a x that cannot be read: the type is not known"},
	} {
		m := packed(c.depth, c.inner)
		if c.want != "" {
			_, err := f.ToJSON(m)
			if mismatch := (*record.MismatchError)(nil); !errors.As(err, &mismatch) || mismatch.Path != "/c" || mismatch.Reason != c.want {
				t.Errorf("depth %d: %v, want %s", c.depth, err, c.want)
			}
			continue
		}
		roundTrip(t, f, m)
	}
	for _, text := range []string{
		strings.Repeat(`{"@type":"x/google.protobuf.Any","value":`, maxPacked) + `{"@type":"x/w.M"}` + strings.Repeat("}", maxPacked),
		strings.Repeat(`{"@type":"x/w.M","c":`, 400) + `{}` + strings.Repeat("}", 400),
	} {
		if _, err := f.Read([]byte(`{"c":` + text + `}`)); err == nil || !strings.Contains(err.Error(), "is packed too deeply") {
			t.Errorf("%v", err)
		}
	}
	if _, err := f.Read([]byte(`{"c":{"@type":"x/w.M","c":{"@type":"x/google.protobuf.Empty"},"d":{"c":5}}}`)); err != nil {
		t.Error(err)
	}
}

// TestGenerate reaches all that there is to reach, from little that is chosen.
func TestGenerate(t *testing.T) {
	for name, text := range texts {
		f := format(t, text)
		if simplest := f.Generate(record.Replay(nil, 10)); proto.Size(simplest.(proto.Message)) > 20 {
			t.Errorf("%s: the simplest record is %v", name, simplest)
		}
		set := make(map[protoreflect.FullName]bool)
		unset := make(map[protoreflect.FullName]bool)
		largest := 0
		for seed := range uint64(500) {
			g := record.NewGenerator(seed, int(seed%30))
			m := f.Generate(g).(proto.Message)
			again := f.Generate(record.Replay(slices.Clone(g.Choices()), int(seed%30)))
			if !proto.Equal(m, again.(proto.Message)) {
				t.Fatalf("%s: seed %d makes two records", name, seed)
			}
			largest = max(largest, proto.Size(m))
			for i := range f.Descriptor().Fields().Len() {
				fd := f.Descriptor().Fields().Get(i)
				if m.ProtoReflect().Has(fd) {
					set[fd.FullName()] = true
				} else {
					unset[fd.FullName()] = true
				}
			}
		}
		for i := range f.Descriptor().Fields().Len() {
			fd := f.Descriptor().Fields().Get(i)
			isNullField := isNull(fd) && !fd.HasPresence()
			if !set[fd.FullName()] && !isNullField || !unset[fd.FullName()] && fd.Cardinality() != protoreflect.Required {
				t.Errorf("%s: %s is set %v, unset %v", name, fd.FullName(), set[fd.FullName()], unset[fd.FullName()])
			}
		}
		if largest > 1<<16 {
			t.Errorf("%s: a record has %d bytes", name, largest)
		}
	}
	unknown := false
	f := format(t, texts["scalars"])
	for seed := range uint64(100) {
		m := f.Generate(record.NewGenerator(seed, 3)).(proto.Message).ProtoReflect()
		n := m.Get(f.Descriptor().Fields().ByName("p")).Enum()
		unknown = unknown || f.Descriptor().Fields().ByName("p").Enum().Values().ByNumber(n) == nil
	}
	if !unknown {
		t.Error("no enum has a number without a name")
	}
	endless := format(t, `message M { required M m = 1; }`)
	endless.Generate(record.NewGenerator(1, 5))
}

type vector struct {
	Name, SchemaType, Op, MessageType, WireHex, Compare string
	Registry                                            struct {
		Schemas []struct {
			Subject, Schema string
			Version         int
			References      []api.Reference
			RuleSet         json.RawMessage
		}
	}
	Input   json.RawMessage
	Headers []struct{ ValueHex string }
	Expect  struct {
		WireHex, MessageType string
		Decoded              json.RawMessage
		Headers              []struct{ ValueHex string }
	}
}

// TestVectors reads and writes the recorded messages that no rule touches.
func TestVectors(t *testing.T) {
	dir := os.Getenv("VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	paths, _ := filepath.Glob(filepath.Join(dir, "serde", "*.json"))
	if len(paths) == 0 {
		t.Skipf("no recorded vectors at %s (set VECTORS to their folder)", dir)
	}
	passed := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Vectors []vector }
		if err := json.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		for i := range file.Vectors {
			v := &file.Vectors[i]
			last := v.Registry.Schemas[max(0, len(v.Registry.Schemas)-1):]
			if v.SchemaType != api.Protobuf || len(last) == 0 || len(last[0].RuleSet) > 0 {
				continue
			}
			passed++
			v.check(t)
		}
	}
	if passed == 0 {
		t.Error("no vector was looked at")
	}
	t.Logf("%d vectors", passed)
}

func (v *vector) check(t *testing.T) {
	schemas := v.Registry.Schemas
	var deps []schema.Dependency
	for _, s := range schemas[:len(schemas)-1] {
		deps = append(deps, schema.Dependency{Name: s.Subject, Subject: s.Subject, Version: s.Version, Type: api.Protobuf, Text: s.Schema})
	}
	f := format(t, schemas[len(schemas)-1].Schema, deps...)
	wire, headers := v.WireHex, v.Headers
	if v.Op == "serialize" {
		wire, headers = v.Expect.WireHex, v.Expect.Headers
	}
	payload, err := hex.DecodeString(wire)
	if err != nil {
		t.Fatal(err)
	}
	var indexes []int
	if len(headers) > 0 {
		id, err := hex.DecodeString(headers[0].ValueHex)
		if err != nil {
			t.Fatal(err)
		}
		indexes, _ = readIndexes(id[17:])
	} else {
		indexes, payload = readIndexes(payload[5:])
	}
	m, err := f.Message(indexes)
	if err != nil || m.Name() != v.MessageType {
		t.Errorf("%s: %v is %v", v.Name, indexes, err)
		return
	}
	want := v.Expect.Decoded
	if v.Op == "serialize" {
		want = v.Input
		r, err := m.Read(v.Input)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			return
		}
		got, err := m.Append(nil, r)
		if err != nil || !bytes.Equal(got, payload) {
			t.Errorf("%s: %x, want %x %v", v.Name, got, payload, err)
		}
	}
	r, err := m.Decode(payload)
	if err != nil {
		t.Errorf("%s: %v", v.Name, err)
		return
	}
	if got, err := m.Print(r); err != nil || !equalJSON(t, got, want) {
		t.Errorf("%s: %s, want %s %v", v.Name, got, want, err)
	}
}

// readIndexes reads message indexes: a zigzag count and as many zigzag numbers; 0 stands for [0].
func readIndexes(b []byte) (indexes []int, rest []byte) {
	next := func() int {
		n, size := protowire.ConsumeVarint(b)
		b = b[size:]
		return int(protowire.DecodeZigZag(n))
	}
	count := next()
	if count == 0 {
		return []int{0}, b
	}
	for range count {
		indexes = append(indexes, next())
	}
	return indexes, b
}

func FuzzDecode(f *testing.F) {
	formats := make([]*Format, 0, len(texts))
	for _, name := range []string{"scalars", "repeated", "oneofs", "known", "proto2", "editions", "empty"} {
		formats = append(formats, format(f, texts[name]))
	}
	for i, of := range formats {
		for seed := range uint64(5) {
			if payload, err := of.Append(nil, of.Generate(record.NewGenerator(seed, 5))); err == nil {
				f.Add(i, payload)
			}
		}
	}
	f.Fuzz(func(t *testing.T, i int, payload []byte) {
		of := formats[uint(i)%uint(len(formats))]
		v, err := of.Decode(payload)
		if err != nil {
			return
		}
		again, err := of.Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := of.Decode(again)
		if err != nil || !proto.Equal(back.(proto.Message), v.(proto.Message)) {
			t.Fatalf("%x is written as %x: %v", payload, again, err)
		}
		_, err = of.Fields(nil, nil).Visit(v, func(_ *record.Field, _, value any) (any, error) { return value, nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := of.ToJSON(v); err != nil {
			return
		}
		text, err := of.Print(v)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := of.Read(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	})
}

func FuzzRead(f *testing.F) {
	of := format(f, texts["known"])
	for seed := range uint64(10) {
		if text, err := of.Print(of.Generate(record.NewGenerator(seed, 5))); err == nil {
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := of.Read([]byte(text)); err == nil {
			if _, err := of.Print(v); err != nil {
				t.Fatal(err)
			}
		}
	})
}
