package jsonschema_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/jsonschema"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
)

func TestDecode(t *testing.T) {
	f := format(t, `true`)
	for _, c := range []struct {
		text string
		want any
		out  string // what is written, if it is not the text
	}{
		{text: `null`, want: nil},
		{text: ` true `, want: true, out: `true`},
		{text: `0`, want: int64(0)},
		{text: `-0`, want: int64(0), out: `0`},
		{text: `9223372036854775807`, want: int64(math.MaxInt64)},
		{text: `-9223372036854775808`, want: int64(math.MinInt64)},
		{text: `9223372036854775808`, want: json.Number("9223372036854775808")},
		{text: `10000000000000000000`, want: 1e19},
		{text: `1.5`, want: 1.5},
		{text: `1.50`, want: 1.5, out: `1.5`},
		{text: `1e2`, want: 100.0, out: `100`},
		{text: `0.1`, want: 0.1},
		{text: `1e-7`, want: 1e-7},
		{text: `1E+21`, want: 1e21, out: `1e+21`},
		{text: `0.10000000000000000001`, want: json.Number("0.10000000000000000001")},
		{text: `12345678901234567.25`, want: json.Number("12345678901234567.25")},
		{text: `1e400`, want: json.Number("1e400")},
		{text: `1e-400`, want: json.Number("1e-400")},
		{text: `0e99999999999999999999`, want: 0.0, out: `0`},
		{text: `"<&> é😀\u00e9\ud83d\ude00\n\/"`, want: "<&> é😀é😀\n/", out: `"<&> é😀é😀\n/"`},
		{text: `"\ud83d \udE00"`, want: "\uFFFD \uFFFD", out: "\"\uFFFD \uFFFD\""},
		{text: `[]`, want: []any{}},
		{text: `{}`, want: map[string]any{}},
		{text: `{"b":[1,{"c":null}],"a":1,"b":2}`, want: map[string]any{"a": int64(1), "b": int64(2)}, out: `{"a":1,"b":2}`},
	} {
		v, err := f.Decode([]byte(c.text))
		if err != nil || !reflect.DeepEqual(v, c.want) {
			t.Errorf("%s: %#v, %v, want %#v", c.text, v, err, c.want)
			continue
		}
		if c.out == "" {
			c.out = c.text
		}
		if out, err := f.Append([]byte("x"), v); err != nil || string(out) != "x"+c.out {
			t.Errorf("%s: written as %s, %v, want %s", c.text, out, err, c.out)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	f := format(t, `true`)
	for _, c := range []struct{ text, want string }{
		{"", "the text ends where a value has to be at line 1, column 1"},
		{"{\n 1", "a name in quotes is missing at line 2, column 2"},
		{`{"a" 1}`, "a colon is missing"},
		{`{"a":1 "b"`, "a comma or the end of an object"},
		{`[1`, "a comma or the end of an array"},
		{`[1,]`, "no value begins"},
		{`"a`, "the text ends in a string"},
		{"\"a\tb\"", "a control character"},
		{`"\x"`, "no escape sequence"},
		{`"\u12G4"`, "no escape sequence"},
		{"\"\xff\"", "a string is not UTF-8"},
		{"\"\\n\xff\"", "a string is not UTF-8"},
		{`01`, "more behind the first value"},
		{`1 2`, "more behind the first value at line 1, column 3"},
		{`-`, "a digit is missing"},
		{`1.`, "a digit is missing"},
		{`1e+`, "a digit is missing"},
		{`NaN`, "no value begins"},
		{"\uFEFF1", "no value begins"},
		{strings.Repeat("[", 10_001), "nested more than 10000 deep"},
	} {
		_, err := f.Decode([]byte(c.text))
		var syntax *jsonschema.SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: %v, want %s", c.text, err, c.want)
		}
	}
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	v, err := f.Decode([]byte(deep))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := f.Append(nil, v); err != nil || string(out) != deep {
		t.Errorf("%v", err)
	}
}

// ordered is an object in a form of its own, as expressions make them; row is such a list.
type ordered []any // names and values

func (o ordered) Names() (names []string) {
	for i := 0; i < len(o); i += 2 {
		names = append(names, o[i].(string))
	}
	return names
}

func (o ordered) Get(name string) (any, bool) {
	for i := 0; i < len(o); i += 2 {
		if o[i] == name {
			return o[i+1], true
		}
	}
	return nil, false
}

type row []any

func (r row) Len() int     { return len(r) }
func (r row) At(i int) any { return r[i] }

type person struct {
	Name string `json:"name"`
	Age  int    `json:"age,omitempty"`
	Tags []string
}

func TestAppend(t *testing.T) {
	f := format(t, `true`)
	for _, c := range []struct {
		value any
		want  string
		err   string
	}{
		{value: ordered{"z", 1, "a", row{ordered{}, float32(0.1)}}, want: `{"z":1,"a":[{},0.1]}`},
		{value: map[string]any{"b": int32(1), "a": uint8(2), "c": []string{"<"}}, want: `{"a":2,"b":1,"c":["<"]}`},
		{value: person{Name: "<A>", Tags: []string{"x"}}, want: `{"name":"<A>","Tags":["x"]}`},
		{value: &person{}, want: `{"name":"","Tags":null}`},
		{value: map[string]any(nil), want: `null`},
		{value: []any(nil), want: `null`},
		{value: "a\xff", want: "\"a\uFFFD\""},
		{value: json.Number("1.10"), want: `1.10`},
		{value: map[string]any{"a/b": []any{math.NaN()}}, err: "/a~1b/0 does not fit the schema: NaN is no number of JSON"},
		{value: []any{json.Number("x")}, err: `/0 does not fit the schema: "x" is no JSON number`},
		{value: ordered{"f", func() {}}, err: "/f does not fit the schema: a Go value of type func() is no JSON"},
	} {
		out, err := f.Append(nil, c.value)
		var mismatch *record.MismatchError
		switch {
		case c.err != "":
			if !errors.As(err, &mismatch) || err.Error() != c.err {
				t.Errorf("%v: %v, want %s", c.value, err, c.err)
			}
		case err != nil || string(out) != c.want:
			t.Errorf("%v: %s, %v, want %s", c.value, out, err, c.want)
		}
	}
	loop := map[string]any{}
	loop["loop"] = loop
	if _, err := f.Append(nil, loop); err == nil {
		t.Error("what contains itself is written")
	}
}

func TestFromJSON(t *testing.T) {
	f := format(t, `true`)
	given := map[string]any{"o": ordered{"x", row{1.0, 1.5, -3.0, 1e300, json.Number("7"), json.Number("1e2")}}}
	v, err := f.FromJSON(given)
	want := map[string]any{"o": map[string]any{"x": []any{int64(1), 1.5, int64(-3), 1e300, int64(7), 100.0}}}
	if err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("%#v, %v, want %#v", v, err, want)
	}
	shared := map[string]any{"a": []any{int64(1)}}
	if v, err = f.FromJSON(shared); err != nil {
		t.Fatal(err)
	}
	v.(map[string]any)["a"].([]any)[0] = "changed"
	if shared["a"].([]any)[0] != int64(1) {
		t.Error("the result shares memory with what it was made of")
	}
	var mismatch *record.MismatchError
	for _, bad := range []any{math.Inf(1), struct{}{}, []any{func() {}}} {
		if _, err := f.FromJSON(bad); !errors.As(err, &mismatch) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestToJSON(t *testing.T) {
	f := format(t, `true`)
	given := map[string]any{"a": []any{int64(1), "x"}}
	if v, err := f.ToJSON(given); err != nil || reflect.ValueOf(v).Pointer() != reflect.ValueOf(given).Pointer() {
		t.Errorf("%v, %v, want the record itself", v, err)
	}
	v, err := f.ToJSON(map[string]any{"p": person{Name: "A", Age: 3}, "n": 1})
	want := map[string]any{"p": map[string]any{"name": "A", "age": int64(3), "Tags": nil}, "n": 1}
	if err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("%#v, %v, want %#v", v, err, want)
	}
}

func TestFormat(t *testing.T) {
	s := parse(t, `{"type":"string"}`, nil)
	f, err := jsonschema.NewFormat(s)
	if err != nil {
		t.Fatal(err)
	}
	if f.Type() != api.JSON || f.Name() != "" || f.Schema() != s {
		t.Errorf("%s, %q, %v", f.Type(), f.Name(), f.Schema())
	}
	if v := f.Validator(); v != f.Validator() {
		t.Error("the validator is made twice")
	}
	if err := f.Validator().ValidateValue(int64(1)); causes(t, err) == "" {
		t.Error("a number matches")
	}
	people := format(t, `{"type":"object","properties":{"age":{"type":"integer"}},"required":["age"]}`)
	if err := people.Validate(&person{Age: 3}); err != nil {
		t.Error(err)
	}
	if got := causes(t, people.Validate(person{})); got != `#: the property "age" is missing (#/required)` {
		t.Error(got)
	}
	if _, err := jsonschema.NewFormat(parse(t, `{"type":"text"}`, nil)); err == nil {
		t.Error("a schema that is none has records")
	}
	// A schema that no record can be held against has a validator that says so.
	if f, err = jsonschema.NewFormat(parse(t, `{"$ref":"#"}`, nil)); err != nil {
		t.Fatal(err)
	}
	if err := f.Validator().Validate([]byte(`1`)); err == nil || !strings.Contains(err.Error(), "leads back to itself") {
		t.Error(err)
	}
}

// Records that the reference wrote are read as what it was given, and written
// as it wrote them, but for the order of names.
func TestConformancePayloads(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(replaytest.Vectors("../.."), "serde", "*.json"))
	if len(files) == 0 {
		t.Skip("no recordings; set VECTORS to the folder that holds them")
	}
	held := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var all struct {
			Vectors []struct {
				Name, SchemaType, WireHex string
				Registry                  struct {
					Schemas []struct {
						Schema  string
						RuleSet json.RawMessage
					}
				}
				Headers []json.RawMessage
				Input   json.RawMessage
				Expect  struct {
					WireHex string
					Decoded json.RawMessage
				}
			}
		}
		if err := json.Unmarshal(data, &all); err != nil {
			continue // vectors of other types have other forms
		}
		for _, v := range all.Vectors {
			if v.SchemaType != api.JSON {
				continue
			}
			wire, value := v.WireHex, v.Expect.Decoded
			if wire == "" {
				wire, value = v.Expect.WireHex, v.Input
			}
			payload, err := hex.DecodeString(wire)
			const prefix = 5
			if err != nil || len(payload) < prefix || value == nil || v.Registry.Schemas[0].RuleSet != nil || len(v.Registry.Schemas) > 1 {
				continue
			}
			if payload[0] == 0 {
				payload = payload[prefix:]
			}
			held++
			f := format(t, v.Registry.Schemas[0].Schema)
			got, err := f.Decode(payload)
			if err != nil {
				t.Errorf("%s: %v", v.Name, err)
				continue
			}
			want, err := f.Read(value)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: read %v, %v, want %v", v.Name, got, err, want)
			}
			text, err := f.Append(nil, want)
			if err != nil || len(text) != len(payload) {
				t.Errorf("%s: written %s, %v, want %s", v.Name, text, err, payload)
			}
		}
	}
	t.Logf("payloads: %d", held)
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-0.5e3,"\u00e9\ud83d\ude00",null,true]}`, `1e400`, `"\ud800"`, ` [ ] `, `{"a":1,"a":2}`, "\"\xff\"", placed} {
		f.Add([]byte(seed))
	}
	anything := format(f, `true`)
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := anything.Decode(text)
		if valid := json.Valid(text); (err == nil) != valid && !(valid && strings.Contains(err.Error(), "UTF-8")) {
			t.Fatalf("%q: %v, but valid is %t", text, err, valid)
		}
		if err != nil {
			return
		}
		out, err := anything.Append(nil, v)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		again, err := anything.Decode(out)
		if err != nil || !reflect.DeepEqual(again, v) && !bytes.Contains(out, []byte("-0")) && !changesKind(v) {
			t.Fatalf("%q: %v became %v, %v", text, v, again, err)
		}
		var theirs any
		dec := json.NewDecoder(bytes.NewReader(text))
		if err := dec.Decode(&theirs); err != nil {
			return // numbers beyond float64
		}
		ours, err := json.Marshal(v)
		if err != nil {
			return
		}
		var back any
		if err := json.Unmarshal(ours, &back); err != nil || !reflect.DeepEqual(back, theirs) {
			t.Fatalf("%q: %s, want %v", text, ours, theirs)
		}
	})
}

// changesKind reports whether a value has a float64 in it that is written like an integer.
func changesKind(v any) bool {
	switch v := v.(type) {
	case float64:
		return v == math.Trunc(v)
	case []any:
		for _, inner := range v {
			if changesKind(inner) {
				return true
			}
		}
	case map[string]any:
		for _, inner := range v {
			if changesKind(inner) {
				return true
			}
		}
	}
	return false
}

func BenchmarkDecode(b *testing.B) {
	f := format(b, `true`)
	b.SetBytes(int64(len(placed)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Decode([]byte(placed)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	f := format(b, `true`)
	v, err := f.Decode([]byte(placed))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		if dst, err = f.Append(dst[:0], v); err != nil {
			b.Fatal(err)
		}
	}
}
