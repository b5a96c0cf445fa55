package avro_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// TestJSON lists values with their JSON encoding and with what people read of them.
func TestJSON(t *testing.T) {
	for _, c := range []struct {
		schema        string
		value         any
		json, printed string
	}{
		{`"null"`, nil, `null`, `null`},
		{`"boolean"`, true, `true`, `true`},
		{`"long"`, int64(9007199254740993), `9007199254740993`, `9007199254740993`},
		{`"double"`, 2.0, `2`, `2.0`},
		{`"double"`, 1e-7, `1e-7`, `1e-07`},
		{`"float"`, float32(0.1), `0.1`, `0.1`},
		{`"double"`, math.Inf(-1), `"-Infinity"`, `"-Infinity"`},
		{`"bytes"`, []byte{0, 'a', 255}, `"\u0000aÿ"`, `{"$bytes":"0061ff"}`},
		{fixed2, []byte{1, 2}, `"\u0001\u0002"`, `{"$bytes":"0102"}`},
		{enumE, "A", `"A"`, `"A"`},
		{`{"type":"bytes","logicalType":"decimal","precision":4}`, []byte{1}, `"\u0001"`, `{"$bytes":"01"}`},
		{rec(`{"name":"z","type":"int"},{"name":"a","type":"int"}`), m{"a": int32(1), "z": int32(2)}, `{"z":2,"a":1}`, `{"z":2,"a":1}`},
		{`{"type":"map","values":"int"}`, m{"b": int32(1), "a": int32(2)}, `{"a":2,"b":1}`, `{"a":2,"b":1}`},
		{`["null","string"]`, nil, `null`, `null`},
		{`["null","string"]`, "u", `{"string":"u"}`, `"u"`},
		{`["null",` + recA + `]`, m{"x": int32(1)}, `{"n.A":{"x":1}}`, `{"x":1}`},
		{`["null",{"type":"array","items":["null","int"]}]`, []any{nil, int32(1)}, `{"array":[null,{"int":1}]}`, `[null,1]`},
		// The name of a branch is printed where it cannot be found.
		{`["int","long"]`, int64(1), `{"long":1}`, `{"long":1}`},
		{`["int","long"]`, int64(1 << 40), `{"long":1099511627776}`, `1099511627776`},
		{`["long","double"]`, 5.0, `{"double":5}`, `5.0`},
		{`["float","double"]`, float32(5), `{"float":5}`, `{"float":5.0}`},
		{`["string",` + enumE + `]`, &record.Branch{Name: "string", Value: "A"}, `{"string":"A"}`, `"A"`},
		{`["string",` + enumE + `]`, &record.Branch{Name: "E", Value: "A"}, `{"E":"A"}`, `{"E":"A"}`},
		{`["string","double"]`, math.NaN(), `{"double":"NaN"}`, `{"double":"NaN"}`},
		{`["bytes","string"]`, []byte{1}, `{"bytes":"\u0001"}`, `{"$bytes":"01"}`},
		{`["bytes",` + fixed2 + `]`, &record.Branch{Name: "F2", Value: []byte{1, 2}}, `{"F2":"\u0001\u0002"}`, `{"F2":{"$bytes":"0102"}}`},
		{`[` + recA + `,` + recC + `]`, m{"x": "s"}, `{"n.C":{"x":"s"}}`, `{"x":"s"}`},
		{`[` + recA + `,` + recB + `]`, &record.Branch{Name: "n.A", Value: m{"x": int32(1)}}, `{"n.A":{"x":1}}`, `{"x":1}`},
		{`[` + recA + `,` + recB + `]`, &record.Branch{Name: "n.B", Value: m{"x": int32(1)}}, `{"n.B":{"x":1}}`, `{"n.B":{"x":1}}`},
		{`["string",{"type":"map","values":"string"}]`, m{"string": "s"}, `{"map":{"string":"s"}}`, `{"map":{"string":"s"}}`},
	} {
		f := format(t, c.schema)
		j, err := f.ToJSON(c.value)
		if err != nil {
			t.Errorf("%s: ToJSON(%v): %v", c.schema, c.value, err)
			continue
		}
		if text, err := json.Marshal(j); err != nil || string(text) != c.json {
			t.Errorf("%s: ToJSON(%v) = %s, %v; want %s", c.schema, c.value, text, err, c.json)
		}
		if back, err := f.FromJSON(j); err != nil || fmt.Sprint(back) != fmt.Sprint(c.value) && !sameBranch(back, c.value) {
			t.Errorf("%s: FromJSON(%s) = %#v, %v", c.schema, c.json, back, err)
		}
		printed, err := f.Print(c.value)
		if err != nil || string(printed) != c.printed {
			t.Errorf("%s: Print(%v) = %s, %v; want %s", c.schema, c.value, printed, err, c.printed)
		}
		if back, err := f.Read(printed); err != nil || fmt.Sprint(back) != fmt.Sprint(c.value) && !sameBranch(back, c.value) {
			t.Errorf("%s: Read(%s) = %#v, %v", c.schema, printed, back, err)
		}
	}
}

func sameBranch(a, b any) bool { return reflect.DeepEqual(a, b) }

func TestFromJSON(t *testing.T) {
	two := rec(`{"name":"a","type":"int","default":1},{"name":"b","type":["null","string"]}`)
	for _, c := range []struct {
		schema string
		json   any
		want   any
		path   string // of the mismatch, where want is nil
	}{
		{two, m{"a": 1.0, "b": nil, "c": true}, m{"a": int32(1), "b": nil}, ""},
		{two, m{"a": json.Number("1"), "b": m{"string": "x"}}, m{"a": int32(1), "b": "x"}, ""},
		{two, m{"b": nil}, nil, "/a"},
		{two, m{"a": 1, "b": "x"}, nil, "/b"},
		{two, m{"a": 1, "b": m{"int": 1}}, nil, "/b"},
		{two, m{"a": 1, "b": m{"string": 1}}, nil, "/b/string"},
		{two, m{"a": 1, "b": m{"string": "x", "more": 1}}, nil, "/b"},
		{two, m{"a": 1, "b": m{}}, nil, "/b"},
		{two, m{"a": 1.5, "b": nil}, nil, "/a"},
		{two, m{"a": nil, "b": nil}, nil, "/a"},
		{two, []any{}, nil, ""},
		{`"double"`, int64(1), 1.0, ""},
		{`"double"`, "Infinity", math.Inf(1), ""},
		{`"double"`, "1", nil, ""},
		{`"boolean"`, "true", nil, ""},
		{`"string"`, 1.0, nil, ""},
		{`{"type":"array","items":"bytes"}`, []any{"\u00ff", "Ā"}, nil, "/1"},
		{`{"type":"array","items":"bytes"}`, []any{"\u00ff"}, []any{[]byte{255}}, ""},
		{`{"type":"array","items":"bytes"}`, []any{m{"$bytes": "00"}}, nil, "/0"},
		{fixed2, "abc", nil, ""},
		{enumE, "C", nil, ""},
		{`{"type":"map","values":"int"}`, m{"k": "v"}, nil, "/k"},
	} {
		v, err := format(t, c.schema).FromJSON(c.json)
		var mismatch *record.MismatchError
		switch {
		case c.want == nil && (!errors.As(err, &mismatch) || mismatch.Path != c.path):
			t.Errorf("%s: FromJSON(%v) = %v, %v; want a mismatch at %q", c.schema, c.json, v, err, c.path)
		case c.want != nil && (err != nil || !reflect.DeepEqual(v, c.want)):
			t.Errorf("%s: FromJSON(%v) = %#v, %v; want %#v", c.schema, c.json, v, err, c.want)
		}
	}
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		schema, text string
		want         any
		refused      string
	}{
		{rec(`{"name":"a","type":"int","default":1},{"name":"b","type":["null","string"],"default":null}`), `{}`, m{"a": int32(1), "b": nil}, ""},
		{rec(`{"name":"a","type":"int"}`), `{}`, nil, "missing and has no default"},
		{rec(`{"name":"a","type":"int","default":1}`), `{"A":2}`, nil, `R has no field "A"`},
		{`["null","string"]`, `{"string":"x"}`, "x", ""},
		{`["null","string"]`, `"x"`, "x", ""},
		{`["null","string"]`, `5`, nil, "one of null, string is wanted, not 5"},
		{`["int","long","double"]`, `5`, int32(5), ""},
		{`["int","long","double"]`, `5000000000`, int64(5000000000), ""},
		{`["int","long","double"]`, `50000000000000000000`, 5e19, ""},
		{`["int","long","double"]`, `5.0`, 5.0, ""},
		{`["null","int"]`, `5.0`, int32(5), ""},
		{`["bytes"]`, `"ÿ"`, []byte{255}, ""},
		{`["bytes"]`, `{"$bytes":"FF"}`, []byte{255}, ""},
		{`["bytes"]`, `{"$bytes":"f"}`, nil, "no hexadecimal number"},
		{`[` + enumE + `,"bytes"]`, `"A"`, "A", ""},
		{`[` + recA + `,` + recC + `]`, `{"x":"s"}`, m{"x": "s"}, ""},
		{`[` + recA + `,{"type":"map","values":"int"}]`, `{"y":1}`, m{"y": int32(1)}, ""},
		{`[{"type":"record","name":"P","fields":[{"name":"x","type":"int"},{"name":"y","type":"int","default":0}]},` + recA + `]`, `{"x":1}`, m{"x": int32(1)}, ""},
		{`"int"`, `1 2`, nil, "end of the text"},
	} {
		v, err := format(t, c.schema).Read([]byte(c.text))
		switch {
		case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)):
			t.Errorf("%s: Read(%s) = %v, %v; want an error with %s", c.schema, c.text, v, err, c.refused)
		case c.refused == "" && (err != nil || !reflect.DeepEqual(v, c.want)):
			t.Errorf("%s: Read(%s) = %#v, %v; want %#v", c.schema, c.text, v, err, c.want)
		}
	}
	_, err := format(t, `"int"`).Read([]byte("{\n x"))
	var syntax *jsontree.Error
	if !errors.As(err, &syntax) || syntax.Line != 2 {
		t.Errorf("no place of a syntax error: %v", err)
	}
}

// decodesAs checks that a payload is read as the JSON that its record has, and as the same record again.
func decodesAs(t testing.TB, f *avro.Format, payload []byte, want any) {
	t.Helper()
	got, err := f.DecodeJSON(payload, false)
	if err != nil {
		t.Fatalf("%x is no JSON: %v", payload, err)
	}
	texts := make([]string, 2)
	for i, j := range []any{got, want} {
		text, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
		v, err := f.FromJSON(j)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		b, err := f.Append(nil, v)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		texts[i] += fmt.Sprintf(" %x", b)
	}
	if texts[0] != texts[1] {
		t.Fatalf("%x is read as\n%s\nand its record is\n%s", payload, texts[0], texts[1])
	}
}

// TestDecodeJSON reads the parts of a payload as an expression engine does.
func TestDecodeJSON(t *testing.T) {
	f := format(t, rec(`{"name":"b","type":"bytes"},{"name":"m","type":{"type":"map","values":"int"}},{"name":"u","type":["null","long"]},{"name":"f","type":"float"}`))
	payload := []byte{2, 0xe9, 6, 2, 'b', 2, 2, 'a', 4, 2, 'b', 6, 0, 2, 14, 0, 0, 0x80, 0x7f}
	j, err := f.DecodeJSON(payload, true)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(j)
	if want := `{"b":"é","m":{"a":2,"b":3},"u":{"long":7},"f":"Infinity"}`; err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
	type row interface {
		Names() []string
		Get(string) (any, bool)
		Value(int) any
	}
	m, _ := j.(row).Get("m")
	x, ok := m.(row).Get("b")
	_, there := m.(row).Get("c")
	u := j.(row).Value(2).(interface {
		Names() []string
		Get(string) (any, bool)
	})
	inner, _ := u.Get("long")
	_, other := u.Get("null")
	if got := fmt.Sprint(j.(row).Names(), m.(row).Names(), x, ok, there, u.Names(), inner, other); got != "[b m u f] [a b] 3 true false [long] 7 false" {
		t.Error(got)
	}
	if _, err := f.DecodeJSON(append(payload, 1), true); err == nil || err.Error() != "the payload is no record of the schema: at byte 19: 1 bytes follow the record" {
		t.Error(err)
	}
	if _, err := f.DecodeJSON(append(payload, 1), false); err != nil {
		t.Error(err)
	}
	if _, err := f.DecodeJSON(payload[:8], true); err == nil {
		t.Error("a payload that ends early is read")
	}
}

// TestLazyJSON reads the parts of a record as an expression engine does.
func TestLazyJSON(t *testing.T) {
	f := format(t, rec(`{"name":"a","type":{"type":"array","items":"int"}},{"name":"b","type":["null",`+recA+`]}`))
	j, err := f.ToJSON(m{"a": []any{int32(7)}, "b": m{"x": int32(1)}})
	if err != nil {
		t.Fatal(err)
	}
	type object interface {
		Names() []string
		Get(string) (any, bool)
	}
	type array interface {
		Len() int
		At(int) any
	}
	a, _ := j.(object).Get("a")
	b, _ := j.(object).Get("b")
	inner, _ := b.(object).Get("n.A")
	_, there := j.(object).Get("c")
	if got := fmt.Sprint(j.(object).Names(), a.(array).Len(), a.(array).At(0), b.(object).Names(), inner.(object).Names(), there); got != "[a b] 1 7 [n.A] [x] false" {
		t.Error(got)
	}
	if _, ok := a.(array).At(0).(int64); !ok {
		t.Error("an int is no int64")
	}
}
