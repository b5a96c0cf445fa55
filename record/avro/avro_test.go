package avro_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/avro"
	"github.com/seed-9f7c7091/concordat/schema"
	schemaavro "github.com/seed-9f7c7091/concordat/schema/avro"
	twmb "github.com/twmb/avro"
)

func format(t testing.TB, text string) *avro.Format {
	t.Helper()
	s, err := schemaavro.Parse(schema.Source{Text: text})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	f, err := avro.New(s)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

// rec is the text of a record R with these fields.
func rec(fields string) string { return `{"type":"record","name":"R","fields":[` + fields + `]}` }

// one is the text of a record R with a field f of a type.
func one(typ string) string { return rec(`{"name":"f","type":` + typ + `}`) }

type m = map[string]any

const (
	enumE  = `{"type":"enum","name":"E","symbols":["A","B"]}`
	fixed2 = `{"type":"fixed","name":"F2","size":2}`
	recA   = `{"type":"record","name":"n.A","fields":[{"name":"x","type":"int"}]}`
	recB   = `{"type":"record","name":"n.B","fields":[{"name":"x","type":"int"}]}`
	recC   = `{"type":"record","name":"n.C","fields":[{"name":"x","type":"string"}]}`
	list   = `{"type":"record","name":"L","fields":[{"name":"v","type":"int"},{"name":"next","type":["null","L"],"default":null}]}`
)

// encodings are values and their bytes, by the Avro 1.12 specification.
var encodings = []struct {
	schema string
	value  any
	hex    string
}{
	{`"null"`, nil, ""},
	{`"boolean"`, true, "01"},
	{`"int"`, int32(-64), "7f"},
	{`"int"`, int32(math.MaxInt32), "feffffff0f"},
	{`"long"`, int64(math.MinInt64), "ffffffffffffffffff01"},
	{`"float"`, float32(1.5), "0000c03f"},
	{`"double"`, -2.0, "00000000000000c0"},
	{`"string"`, "foo", "06666f6f"},
	{`"bytes"`, []byte{0, 255}, "00ff"}, // no length: so the reference writes what is bytes as a whole
	{one(`"bytes"`), m{"f": []byte{0, 255}}, "0400ff"},
	{fixed2, []byte{1, 2}, "0102"},
	{enumE, "B", "02"},
	{`{"type":"array","items":"int"}`, []any{}, "00"},
	{`{"type":"array","items":"int"}`, []any{int32(1), int32(2)}, "04020400"},
	{`{"type":"map","values":"int"}`, m{"b": int32(2), "a": int32(1)}, "0402610202620400"},
	{list, m{"v": int32(1), "next": m{"v": int32(2), "next": nil}}, "02020400"},
	{`{"type":"bytes","logicalType":"decimal","precision":4}`, []byte{1}, "01"},
	{one(`{"type":"long","logicalType":"timestamp-millis"}`), m{"f": int64(1)}, "02"},
	{one(`{"type":"string","logicalType":"uuid"}`), m{"f": "no uuid"}, "0e6e6f2075756964"},
	// Values of unions, alone where one branch takes them.
	{`["null","string"]`, nil, "00"},
	{`["null","string"]`, "", "0200"},
	{`["int","long"]`, int32(1), "0002"},
	{`["int","long"]`, int64(1), "0202"},
	{`["float","double"]`, 1.0, "02000000000000f03f"},
	{`["string",` + enumE + `]`, "Z", "00025a"},
	{`["string",` + enumE + `]`, &record.Branch{Name: "string", Value: "A"}, "000241"},
	{`["string",` + enumE + `]`, &record.Branch{Name: "E", Value: "A"}, "0200"},
	{`["bytes",` + fixed2 + `]`, []byte{1}, "000201"},
	{`["bytes",` + fixed2 + `]`, &record.Branch{Name: "F2", Value: []byte{1, 2}}, "020102"},
	{`[` + recA + `,` + recC + `]`, m{"x": "s"}, "020273"},
	{`[` + recA + `,` + recB + `]`, &record.Branch{Name: "n.B", Value: m{"x": int32(1)}}, "0202"},
	{`[` + recA + `,{"type":"map","values":"string"}]`, m{"x": int32(1)}, "0002"},
	{`[` + recA + `,{"type":"map","values":"int"}]`, &record.Branch{Name: "map", Value: m{"x": int32(1)}}, "020202780200"},
	{`[{"type":"array","items":["null","int"]},"null"]`, []any{nil, int32(1)}, "000400020200"},
}

func TestEncodings(t *testing.T) {
	for _, c := range encodings {
		f := format(t, c.schema)
		b, err := f.Append([]byte{0xEE}, c.value)
		if err != nil || hex.EncodeToString(b[1:]) != c.hex {
			t.Errorf("%s: Append(%v) = %x, %v; want %s", c.schema, c.value, b, err, c.hex)
		}
		payload, _ := hex.DecodeString(c.hex)
		v, err := f.Decode(payload)
		if err != nil || !reflect.DeepEqual(v, c.value) {
			t.Errorf("%s: Decode(%s) = %#v, %v; want %#v", c.schema, c.hex, v, err, c.value)
		}
	}
}

// TestConversions lists what Append takes beside what Decode gives.
func TestConversions(t *testing.T) {
	type name string
	for _, c := range []struct {
		schema string
		value  any
		hex    string // "" where it is refused
	}{
		{`"int"`, 1, "02"},
		{`"int"`, int64(1), "02"},
		{`"int"`, uint8(1), "02"},
		{`"int"`, 1.0, "02"},
		{`"int"`, json.Number("1"), "02"},
		{`"int"`, json.Number("1e0"), "02"},
		{`"int"`, 1.5, ""},
		{`"int"`, int64(1 << 31), ""},
		{`"int"`, "1", ""},
		{`"int"`, nil, ""},
		{`"int"`, true, ""},
		{`"long"`, uint64(1 << 63), ""},
		{`"long"`, float64(1 << 63), ""},
		{`"float"`, 1.5, "0000c03f"},
		{`"float"`, 1, "0000803f"},
		{`"float"`, 1e300, ""},
		{`"float"`, math.Inf(1), "0000807f"},
		{`"double"`, float32(1.5), "000000000000f83f"},
		{`"string"`, name("a"), "0261"},
		{`"string"`, []byte("a"), ""},
		{`"string"`, new(name("a")), "0261"},
		{enumE, "C", ""},
		{enumE, name("B"), "02"},
		{fixed2, []byte{1}, ""},
		{fixed2, [2]byte{1, 2}, "0102"},
		{`{"type":"array","items":"string"}`, []string{"a"}, "02026100"},
		{`{"type":"map","values":"long"}`, map[name]int{"a": 1}, "0202610200"},
		{`["null","int","long"]`, 5, "020a"},
		{`["null","long"]`, int32(5), "020a"},
		{`["null","long"]`, json.Number("5"), "020a"},
		{`["null","long"]`, "5", ""},
		{`["null",` + enumE + `]`, "A", "0200"},
		{`["null",` + enumE + `]`, "C", ""},
		{`["null","string"]`, (*string)(nil), "00"},
		{`["int","string"]`, nil, ""},
		{`["int","string"]`, &record.Branch{Name: "long", Value: 1}, ""},
		{`["null",` + recA + `]`, m{"x": 1, "more": 2}, "0202"},
		{`["string",` + enumE + `]`, "A", "000241"},
		{`[` + recA + `,` + recB + `]`, m{"x": 1}, "0002"},
		{rec(`{"name":"a","type":"int","default":7},{"name":"b","type":["null","int"],"default":null},{"name":"c","type":"bytes","default":"\u00ff"}`), m{}, "0e0002ff"},
		{rec(`{"name":"a","type":"int","default":"seven"}`), m{}, ""},
		{one(`"int"`), m{}, ""},
		{one(`"int"`), []any{}, ""},
	} {
		b, err := format(t, c.schema).Append(nil, c.value)
		var mismatch *record.MismatchError
		switch {
		case c.hex == "" && !errors.As(err, &mismatch):
			t.Errorf("%s: Append(%#v) = %x, %v; want a mismatch", c.schema, c.value, b, err)
		case c.hex != "" && (err != nil || hex.EncodeToString(b) != c.hex):
			t.Errorf("%s: Append(%#v) = %x, %v; want %s", c.schema, c.value, b, err, c.hex)
		}
	}
}

// TestMistakes checks that errors say where the mistake is, and what.
func TestMistakes(t *testing.T) {
	order := rec(`{"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[{"name":"sku","type":"string"},{"name":"e","type":["null",` + enumE + `]}]}}},{"name":"of/it","type":{"type":"map","values":"int"},"default":{}}`)
	order = strings.ReplaceAll(order, "of/it", "of") // names are letters; keys of maps are any text
	for _, c := range []struct {
		value      any
		path, says string
	}{
		{m{"lines": []any{m{"sku": "a", "e": nil}, m{"sku": 5, "e": nil}}}, "/lines/1/sku", "a value of type string is wanted, not 5"},
		{m{"lines": []any{m{"sku": "a", "e": "X"}}}, "/lines/0/e", `"X" is no symbol of E`},
		{m{"lines": []any{m{"sku": "a", "e": "A"}}, "of": m{"a/b~": "x"}}, "/of/a~1b~0", `a value of type int is wanted, not the text "x"`},
		{m{"lines": nil}, "/lines", "a value of type array is wanted, not null"},
		{m{}, "/lines", "the field is missing and has no default"},
		{5, "", "record R is wanted, not 5"},
	} {
		_, err := format(t, order).Append(nil, c.value)
		var mismatch *record.MismatchError
		if !errors.As(err, &mismatch) || mismatch.Path != c.path || !strings.Contains(mismatch.Reason, c.says) {
			t.Errorf("%v: %v; want %s at %q", c.value, err, c.says, c.path)
		}
	}
}

func TestEndless(t *testing.T) {
	for text, ok := range map[string]bool{
		one(`"R"`):                          false,
		one(`["R"]`):                        false,
		one(`["R","int"]`):                  true,
		one(`["null","R"]`):                 true,
		one(`{"type":"array","items":"R"}`): true,
		one(`{"type":"record","name":"Q","fields":[{"name":"r","type":"R"}]}`):                               false,
		one(`{"type":"record","name":"Q","fields":[{"name":"r","type":["R",{"type":"map","values":"R"}]}]}`): true,
		`["null",` + one(`"R"`) + `]`: true,
	} {
		s, err := schemaavro.Parse(schema.Source{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := avro.New(s); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestNames(t *testing.T) {
	f := format(t, recA)
	if f.Name() != "n.A" || f.Type() != "AVRO" || f.Schema().Name() != "n.A" {
		t.Errorf("%s %s %s", f.Name(), f.Type(), f.Schema().Name())
	}
}

// TestReferences checks that types of references are the schema's own, for maps and for structs.
func TestReferences(t *testing.T) {
	s, err := schemaavro.Parse(schema.Source{
		Text:         one(`["null","n.A"]`),
		Dependencies: []schema.Dependency{{Name: "n.A", Subject: "a", Version: 1, Type: "AVRO", Text: recA}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := avro.New(s)
	if err != nil {
		t.Fatal(err)
	}
	type A struct {
		X int `avro:"x"`
	}
	type R struct {
		F *A `avro:"f"`
	}
	for _, v := range []any{m{"f": m{"x": int32(1)}}, R{&A{1}}, m{"f": A{1}}} {
		if b, err := f.Append(nil, v); err != nil || hex.EncodeToString(b) != "0202" {
			t.Errorf("%v: %x, %v", v, b, err)
		}
	}
}

// TestAgainstTwmb compares bytes with those of another implementation.
func TestAgainstTwmb(t *testing.T) {
	for seed := range uint64(300) {
		f := format(t, wide)
		v := f.Generate(record.NewGenerator(seed, 10))
		b, err := f.Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		codec := twmb.MustParse(wide)
		var theirs any
		if rest, err := codec.Decode(b, &theirs); err != nil || len(rest) > 0 {
			t.Fatalf("seed %d: %x: %d bytes are left: %v", seed, b, len(rest), err)
		}
		again, err := codec.Encode(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := f.Decode(again); err != nil || !equal(back, v) {
			t.Fatalf("seed %d: %v comes back as %v, %v", seed, v, back, err)
		}
	}
}

// wide is a schema of all kinds in which twmb chooses the same branches.
const wide = `{"type":"record","name":"W","fields":[
	{"name":"b","type":"boolean"},{"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"f","type":"float"},{"name":"d","type":"double"},
	{"name":"s","type":"string"},{"name":"y","type":"bytes"},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},
	{"name":"x","type":{"type":"fixed","name":"X","size":3}},{"name":"a","type":{"type":"array","items":["null","string"]}},
	{"name":"m","type":{"type":"map","values":{"type":"array","items":"long"}}},{"name":"w","type":["null","W"],"default":null}]}`

// equal is reflect.DeepEqual but for NaN, which generated records do not have, and for bytes that are empty.
func equal(a, b any) bool {
	x, okX := a.([]byte)
	y, okY := b.([]byte)
	if okX && okY {
		return bytes.Equal(x, y)
	}
	return reflect.DeepEqual(a, b)
}
