package protobuf

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/seed-9f7c7091/concordat/record"
)

const person = `syntax = "proto3"; package com.acme; import "confluent/meta.proto"; import "google/protobuf/wrappers.proto";
message Person {
	string name = 1 [(confluent.field_meta) = { tags: "PII" }];
	string city = 2;
	optional string nick = 3 [(confluent.field_meta) = { tags: ["X", "PII"] }];
	repeated string alias = 4 [(confluent.field_meta) = { tags: "PII" }];
	int32 age = 5;
	map<string, bytes> keys = 6 [(confluent.field_meta).tags = "PII"];
	repeated Person kin = 7;
	map<int32, Address> places = 8 [(confluent.field_meta).tags = "PII"];
	oneof contact { string mail = 9; uint64 phone = 10 [(confluent.field_meta).tags = "PII"]; Address at = 11; }
	Level level = 12;
	google.protobuf.StringValue title = 13;
	uint32 u = 14; float f = 15; double d = 16; bool b = 17; sfixed64 l = 18;
}
message Address { string street = 1; Zone zone = 2; message Zone { int64 code = 1 [(confluent.field_meta).tags = "GEO"]; } }
enum Level { LOW = 0; HIGH = 1; }`

const ann = `{"name":"ann","nick":"n","alias":["x","y"],"keys":{"b":"Ag==","a":"AQ=="},"kin":[{"name":"bob","kin":[{"at":{"street":"s"}}]}],
	"places":{"7":{"zone":{"code":"5"}},"-1":{}},"phone":"18446744073709551615","level":"HIGH","title":"Dr","u":4294967295}`

// TestVisit lists what is visited of a record.
func TestVisit(t *testing.T) {
	f := format(t, person)
	more := map[string][]string{"com.acme.Person.city": {"PII", "A"}, "com.acme.Address.*": {"GEO"}, "google.protobuf.**": {"W"}, "**.age": {"N"}}
	for _, c := range []struct {
		record string
		wanted []string
		want   string
	}{
		{`{}`, []string{"PII"}, `name=STRING:""[PII] city=STRING:""[A PII]`},
		{`{}`, []string{"X"}, ``},
		{`{}`, []string{"nothing"}, ``},
		{`{}`, nil, `name=STRING:""[PII] city=STRING:""[A PII] age=INT:0[N] level=ENUM:0[] u=INT:0x0[] f=FLOAT:0[] d=DOUBLE:0[] b=BOOLEAN:false[] l=LONG:0[]`},
		{ann, []string{"PII"}, `name=STRING:"ann"[PII] city=STRING:""[A PII] nick=STRING:"n"[PII X] alias=STRING:"x"[PII] alias=STRING:"y"[PII] keys=BYTES:[]byte{0x1}[PII] keys=BYTES:[]byte{0x2}[PII]` +
			` name=STRING:"bob"[PII] city=STRING:""[A PII] name=STRING:""[PII] city=STRING:""[A PII] phone=LONG:0xffffffffffffffff[PII]`},
		{ann, []string{"GEO"}, `street=STRING:"s"[GEO] street=STRING:""[GEO] street=STRING:""[GEO] code=LONG:5[GEO]`},
		{ann, []string{"W", "X"}, `nick=STRING:"n"[PII X] value=STRING:"Dr"[W]`},
	} {
		v, err := f.Read([]byte(c.record))
		if err != nil {
			t.Fatal(err)
		}
		before := proto.Clone(v.(proto.Message))
		var got []string
		out, err := f.Fields(record.NewTags(more), c.wanted).Visit(v, func(f *record.Field, in, value any) (any, error) {
			if !strings.HasSuffix(f.FullName, "."+f.Name) || !strings.HasPrefix(f.FullName, string(in.(proto.Message).ProtoReflect().Descriptor().FullName())) {
				t.Errorf("%s in %T", f.FullName, in)
			}
			got = append(got, fmt.Sprintf("%s=%s:%#v%v", f.Name, f.Type, value, f.Tags))
			return value, nil
		})
		if err != nil || strings.Join(got, " ") != c.want || !proto.Equal(out.(proto.Message), before) {
			t.Errorf("%s %v: %v\n%s\nwant\n%s", c.record, c.wanted, err, strings.Join(got, " "), c.want)
		}
	}
}

// TestWalk lists what may be visited.
func TestWalk(t *testing.T) {
	f := format(t, person)
	for _, c := range []struct {
		wanted []string
		want   string
	}{
		{[]string{"PII"}, "com.acme.Person.name com.acme.Person.nick com.acme.Person.alias com.acme.Person.keys com.acme.Person.phone"},
		{[]string{"GEO", "X"}, "com.acme.Person.nick com.acme.Address.Zone.code"},
		{[]string{"no"}, ""},
	} {
		w := f.Fields(nil, c.wanted)
		var names []string
		for _, f := range w.All() {
			names = append(names, f.FullName)
		}
		if got := strings.Join(names, " "); got != c.want || w.Empty() != (c.want == "") {
			t.Errorf("%v: %s, want %s", c.wanted, got, c.want)
		}
	}
	if n := len(f.Fields(nil, nil).All()); n != 17 {
		t.Errorf("%d fields", n)
	}
}

// TestReplace writes back what visits return.
func TestReplace(t *testing.T) {
	f := format(t, person)
	const in = `{"name":"ann","alias":["x"],"keys":{"a":"AQ=="},"places":{"7":{"street":"s"}},"kin":[{"city":"c"}],"phone":5,"title":"Dr"}`
	for _, c := range []struct {
		field string
		value any
		want  string // "" for the record as it was, an error begins with /
	}{
		{"com.acme.Person.name", "eve", `{"name":"eve","alias":["x"],"keys":{"a":"AQ=="},"kin":[{"name":"eve","city":"c"}],"places":{"7":{"street":"s"}},"phone":"5","title":"Dr"}`},
		{"com.acme.Person.name", "", `{"alias":["x"],"keys":{"a":"AQ=="},"kin":[{"city":"c"}],"places":{"7":{"street":"s"}},"phone":"5","title":"Dr"}`},
		{"com.acme.Person.alias", "z", `{"name":"ann","alias":["z"],"keys":{"a":"AQ=="},"kin":[{"city":"c"}],"places":{"7":{"street":"s"}},"phone":"5","title":"Dr"}`},
		{"com.acme.Person.keys", []byte{2}, `{"name":"ann","alias":["x"],"keys":{"a":"Ag=="},"kin":[{"city":"c"}],"places":{"7":{"street":"s"}},"phone":"5","title":"Dr"}`},
		{"com.acme.Address.street", "t", `{"name":"ann","alias":["x"],"keys":{"a":"AQ=="},"kin":[{"city":"c"}],"places":{"7":{"street":"t"}},"phone":"5","title":"Dr"}`},
		{"com.acme.Person.phone", int64(7), `{"name":"ann","alias":["x"],"keys":{"a":"AQ=="},"kin":[{"city":"c"}],"places":{"7":{"street":"s"}},"phone":"7","title":"Dr"}`},
		{"google.protobuf.StringValue.value", "Prof", `{"name":"ann","alias":["x"],"keys":{"a":"AQ=="},"kin":[{"city":"c"}],"places":{"7":{"street":"s"}},"phone":"5","title":"Prof"}`},
		{"com.acme.Person.name", 5, "/name does not fit the schema: expects a string, not 5"},
		{"com.acme.Person.name", nil, "/name does not fit the schema: expects a string, not <nil>"},
		{"com.acme.Person.name", "\xff", "/name does not fit the schema: the text is not valid UTF-8"},
		{"com.acme.Person.name", map[string]any{}, "/name does not fit the schema: expects a string, not a value of type map[string]interface {}"},
		{"com.acme.Person.keys", "text", "/keys does not fit the schema: expects bytes, not a value of type string"},
		{"com.acme.Person.phone", int64(-1), "/phone does not fit the schema: expects a uint64, not -1"},
		{"com.acme.Person.age", int64(1) << 31, "/age does not fit the schema: expects an int32, not 2147483648"},
		{"com.acme.Person.age", 1.5, "/age does not fit the schema: expects an int32, not 1.5"},
		{"com.acme.Person.u", int64(1) << 32, "/u does not fit the schema: expects a uint32, not 4294967296"},
		{"com.acme.Person.f", 1e39, "/f does not fit the schema: expects a float, not 1e+39"},
		{"com.acme.Person.b", "true", "/b does not fit the schema: expects a bool, not a value of type string"},
		{"com.acme.Person.level", "NO", `/level does not fit the schema: com.acme.Level has no value "NO"`},
	} {
		v, err := f.Read([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		out, err := f.Fields(nil, nil).Visit(v, func(f *record.Field, _, value any) (any, error) {
			if f.FullName == c.field {
				return c.value, nil
			}
			return value, nil
		})
		if c.want[0] == '/' {
			if mismatch := (*record.MismatchError)(nil); !errors.As(err, &mismatch) || err.Error() != c.want {
				t.Errorf("%s = %v: %v, want %s", c.field, c.value, err, c.want)
			}
			continue
		}
		if text, _ := f.Print(out); err != nil || string(text) != c.want || out != v {
			t.Errorf("%s = %v: %v\n%s\nwant\n%s", c.field, c.value, err, text, c.want)
		}
	}
}

// TestNarrow takes numbers of any Go type for fields of any.
func TestNarrow(t *testing.T) {
	f := format(t, texts["scalars"])
	for _, c := range []struct {
		value any
		want  string
	}{
		{int64(7), `{"a":7,"b":7,"c":7,"d":7,"e":7,"f":"7","g":"7","h":"7","i":"7","j":"7","k":7,"l":7,"p":7}`},
		{uint64(7), `{"a":7,"b":7,"c":7,"d":7,"e":7,"f":"7","g":"7","h":"7","i":"7","j":"7","k":7,"l":7,"p":7}`},
		{7, `{"a":7,"b":7,"c":7,"d":7,"e":7,"f":"7","g":"7","h":"7","i":"7","j":"7","k":7,"l":7,"p":7}`},
		{float32(7), `{"a":7,"b":7,"c":7,"d":7,"e":7,"f":"7","g":"7","h":"7","i":"7","j":"7","k":7,"l":7,"p":7}`},
		{7.0, `{"a":7,"b":7,"c":7,"d":7,"e":7,"f":"7","g":"7","h":"7","i":"7","j":"7","k":7,"l":7,"p":7}`},
	} {
		v := f.Generate(record.Replay(nil, 0))
		_, err := f.Fields(nil, nil).Visit(v, func(f *record.Field, _, value any) (any, error) {
			switch f.Type {
			case record.Int, record.Long, record.Float, record.Double, record.Enum:
				return c.value, nil
			}
			return value, nil
		})
		if text, _ := f.Print(v); err != nil || string(text) != c.want {
			t.Errorf("%T: %v\n%s\nwant\n%s", c.value, err, text, c.want)
		}
	}
}

// TestVisitStops ends a walk with the error of a visit, and keeps what was done before.
func TestVisitStops(t *testing.T) {
	f := format(t, person)
	v, err := f.Read([]byte(`{"name":"a","alias":["x","y"],"keys":{"k":""},"kin":[{"name":"b"}],"places":{"1":{"street":"s"}},"at":{"street":"z"}}`))
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	count := func(*record.Field, any, any) (any, error) { all++; return "changed", nil }
	stop := errors.New("stop")
	for after := range 30 {
		n := 0
		_, err := f.Fields(nil, nil).Visit(proto.Clone(v.(proto.Message)), func(_ *record.Field, _, value any) (any, error) {
			if n++; n > after {
				return "changed", stop
			}
			return value, nil
		})
		if n > after && err != stop {
			t.Fatalf("after %d: %v", after, err)
		}
	}
	if _, err := f.Fields(nil, []string{"none"}).Visit(v, count); err != nil || all != 0 {
		t.Error(err, all)
	}
	if _, err := f.Fields(nil, nil).Visit(map[string]any{}, count); err == nil {
		t.Error("a map is visited")
	}
	if !reflect.DeepEqual(f.Fields(nil, []string{"none"}).All(), []*record.Field(nil)) {
		t.Error("fields that nobody wants")
	}
}
