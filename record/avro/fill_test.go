package avro_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/record"
)

type (
	colour string
	cents  int64

	fillInner struct {
		Text string     `avro:"text"`
		Next *fillInner `avro:"next"`
	}

	filled struct {
		Text    string               `avro:"text"`
		Long    int64                `avro:"long"`
		Cents   cents                `avro:"cents"`
		Int     int32                `avro:"int"`
		Wide    int64                `avro:"wide"`
		Plain   int                  `avro:"plain"`
		Float   float32              `avro:"float"`
		Wider   float64              `avro:"wider"`
		Double  float64              `avro:"double"`
		Flag    bool                 `avro:"flag"`
		Bytes   []byte               `avro:"bytes"`
		Maybe   *string              `avro:"maybe"`
		Last    *int64               `avro:"last"`
		Sure    *int32               `avro:"sure"`
		Texts   []string             `avro:"texts"`
		Numbers []int64              `avro:"numbers"`
		Labels  map[string]string    `avro:"labels"`
		Counts  map[string]int32     `avro:"counts"`
		Inner   fillInner            `avro:"inner"`
		Inners  []*fillInner         `avro:"inners"`
		Named   map[string]fillInner `avro:"named"`
		Nested  [][]string           `avro:"nested"`
		Colour  colour               `avro:"colour"`
		Stamp   int64                `avro:"stamp"`
		Rare    *[]int32             `avro:"rare"`
	}
)

const fillText = `{"type":"record","name":"R","fields":[
	{"name":"text","type":"string"},{"name":"long","type":"long"},{"name":"cents","type":"long"},{"name":"int","type":"int"},{"name":"wide","type":"int"},
	{"name":"plain","type":"int"},{"name":"float","type":"float"},{"name":"wider","type":"float"},
	{"name":"double","type":"double"},{"name":"flag","type":"boolean"},{"name":"bytes","type":"bytes"},
	{"name":"maybe","type":["null","string"]},{"name":"last","type":["long","null"]},{"name":"sure","type":"int"},
	{"name":"texts","type":{"type":"array","items":"string"}},{"name":"numbers","type":{"type":"array","items":"long"}},
	{"name":"labels","type":{"type":"map","values":"string"}},{"name":"counts","type":{"type":"map","values":"int"}},
	{"name":"inner","type":{"type":"record","name":"I","fields":[{"name":"text","type":"string"},{"name":"next","type":["null","I"]}]}},
	{"name":"inners","type":{"type":"array","items":"I"}},{"name":"named","type":{"type":"map","values":"I"}},
	{"name":"nested","type":{"type":"array","items":{"type":"array","items":"string"}}},
	{"name":"colour","type":{"type":"enum","name":"C","symbols":["RED","BLUE"]}},
	{"name":"stamp","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"rare","type":["null",{"type":"array","items":"int"}]}]}`

// shown is a Go value as a text in which NaN is equal to itself, and pointers are what they lead to.
func shown(v any) string {
	var b strings.Builder
	show(&b, reflect.ValueOf(v))
	return b.String()
}

func show(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
		b.WriteByte('&')
		show(b, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fmt.Fprintf(b, " %s:", v.Type().Field(i).Name)
			show(b, v.Field(i))
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[[]byte]() {
			fmt.Fprintf(b, "%x", v.Bytes())
			return
		}
		fmt.Fprintf(b, "%t[", v.IsNil())
		for i := range v.Len() {
			show(b, v.Index(i))
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case reflect.Map:
		all := map[string]string{}
		for _, k := range v.MapKeys() {
			all[k.String()] = shown(v.MapIndex(k).Interface())
		}
		fmt.Fprint(b, v.IsNil(), all)
	case reflect.Float32, reflect.Float64:
		fmt.Fprintf(b, "%x", math.Float64bits(v.Float()))
	default:
		fmt.Fprintf(b, "%#v", v.Interface())
	}
}

// What is filled is what the record has, and what the codec for all types makes of a payload.
func TestFill(t *testing.T) {
	f := format(t, fillText)
	r := f.Reading(f, true)
	for seed := range uint64(500) {
		payload, err := f.Append(nil, f.Generate(record.NewGenerator(seed, int(seed%8))))
		if err != nil {
			t.Fatal(err)
		}
		var got, byCodec, byRecord filled
		if !r.Fill(payload, &got) {
			t.Fatalf("seed %d: %x is not filled", seed, payload)
		}
		if !r.ByCodec(payload, &byCodec) {
			t.Fatalf("seed %d: the codec refuses %x", seed, payload)
		}
		if err := r.ByRecord(payload, &byRecord); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if shown(got) != shown(byRecord) {
			t.Fatalf("seed %d: filled\n%s\nthe record\n%s", seed, shown(got), shown(byRecord))
		}
		if g, w := strings.ReplaceAll(shown(got), "false", "true"), strings.ReplaceAll(shown(byCodec), "false", "true"); g != w { // empty slices may be nil
			t.Fatalf("seed %d: filled\n%s\nthe codec\n%s", seed, g, w)
		}
	}
}

// What was in a variable before does not stay, but for the fields that a record does not have.
func TestFillAgain(t *testing.T) {
	type small struct {
		Maybe  *string           `avro:"maybe"`
		Texts  []string          `avro:"texts"`
		Labels map[string]string `avro:"labels"`
		Own    int
	}
	f := format(t, rec(`{"name":"maybe","type":["null","string"]},{"name":"texts","type":{"type":"array","items":"string"}},{"name":"labels","type":{"type":"map","values":"string"}}`))
	text := "old"
	old, labels := []string{"a", "b"}, map[string]string{"a": "b"}
	v := small{&text, old, labels, 7}
	if r := f.Reading(f, true); !r.Fill([]byte{0, 2, 2, 'x', 0, 0}, &v) {
		t.Fatal("not filled")
	}
	if want := (small{nil, []string{"x"}, map[string]string{}, 7}); !reflect.DeepEqual(v, want) || text != "old" || old[0] != "a" || labels["a"] != "b" {
		t.Errorf("%+v; what was there is %q, %v, %v", v, text, old, labels)
	}
}

// One schema is read as another where every value can be.
func TestFillResolves(t *testing.T) {
	type numbers struct {
		A int64    `avro:"a"`
		B float64  `avro:"b"`
		C float32  `avro:"c"`
		D *float64 `avro:"d"`
		E string   `avro:"e"`
		F []byte   `avro:"f"`
		G string   `avro:"g"`
		H *string  `avro:"h"`
		I int32    `avro:"i"`
		J []string `avro:"j"`
		K bool     `avro:"k"`
		L float64  `avro:"l"`
	}
	writer := format(t, rec(`{"name":"a","type":"int"},{"name":"b","type":"long"},{"name":"c","type":"long"},{"name":"d","type":"int"},{"name":"e","type":"bytes"},{"name":"f","type":"string"},
		{"name":"gone","type":["null",`+recA+`]},{"name":"old","type":{"type":"enum","name":"E","symbols":["X","Y","Z"]}},{"name":"h","type":"string"},{"name":"l","type":"float"}`))
	reader := format(t, rec(`{"name":"a","type":"long"},{"name":"b","type":"double"},{"name":"c","type":"float"},{"name":"d","type":["null","double"]},{"name":"e","type":"string"},{"name":"f","type":"bytes"},
		{"name":"g","aliases":["old"],"type":{"type":"enum","name":"E","symbols":["X","Y"],"default":"Y"}},{"name":"h","type":["string","null"]},
		{"name":"i","type":"int","default":7},{"name":"j","type":{"type":"array","items":"string"},"default":["x"]},{"name":"k","type":"boolean","default":true},{"name":"l","type":"double"},{"name":"nowhere","type":"int","default":1}`))
	r := reader.Reading(writer, true)
	for seed := range uint64(300) {
		payload, err := writer.Append(nil, writer.Generate(record.NewGenerator(seed, 4)))
		if err != nil {
			t.Fatal(err)
		}
		var got, want numbers
		if !r.Fill(payload, &got) {
			t.Fatalf("seed %d: %x is not filled", seed, payload)
		}
		if err := r.ByRecord(payload, &want); err != nil {
			t.Fatal(err)
		}
		if shown(got) != shown(want) {
			t.Fatalf("seed %d: filled\n%s\nthe record\n%s", seed, shown(got), shown(want))
		}
		if got.J[0] = "changed"; got.I != 7 || !got.K {
			t.Fatalf("defaults: %+v", got)
		}
	}
}

// Fields of embedded structs, and of those tagged inline, are the struct's own.
func TestFillEmbedded(t *testing.T) {
	type deepest struct {
		C string `avro:"c"`
		E int32  `avro:"e"`
	}
	type base struct {
		A string `avro:"a"`
		deepest
	}
	type Named struct {
		B *int64 `avro:"b"`
	}
	type whole struct {
		base
		In Named `avro:",inline"`
		D  bool  `avro:"d"`
	}
	writer := format(t, rec(`{"name":"a","type":"string"},{"name":"b","type":["null","long"]},{"name":"c","type":"string"},{"name":"d","type":"boolean"}`))
	reader := format(t, rec(`{"name":"a","type":"string"},{"name":"b","type":["null","long"]},{"name":"c","type":"string"},{"name":"d","type":"boolean"},{"name":"e","type":"int","default":5}`))
	r := reader.Reading(writer, true)
	for seed := range uint64(50) {
		payload, err := writer.Append(nil, writer.Generate(record.NewGenerator(seed, 4)))
		if err != nil {
			t.Fatal(err)
		}
		var got, want whole
		if !r.Fill(payload, &got) || !r.ByCodec(payload, &want) {
			t.Fatalf("seed %d: %x is not read", seed, payload)
		}
		if shown(got) != shown(want) || got.E != 5 {
			t.Fatalf("seed %d: filled\n%s\nby the codec\n%s", seed, shown(got), shown(want))
		}
	}
	type behind struct{ *base }
	var v behind
	if r.Fill([]byte("\x02x\x00\x02y\x01"), &v) {
		t.Error("filled behind a pointer that is nil")
	}
}

type texter string

func (x *texter) UnmarshalText(b []byte) error { *x = texter("<" + string(b) + ">"); return nil }

// Times are what the codec for all types makes of them.
func TestFillTimes(t *testing.T) {
	logical := func(name, kind, is string) string {
		return `{"name":"` + name + `","type":{"type":"` + kind + `","logicalType":"` + is + `"}}`
	}
	f := format(t, rec(strings.Join([]string{
		logical("date", "int", "date"), logical("tm", "int", "time-millis"), logical("tu", "long", "time-micros"), logical("ms", "long", "timestamp-millis"),
		logical("us", "long", "timestamp-micros"), logical("ns", "long", "timestamp-nanos"), logical("lms", "long", "local-timestamp-millis"),
		logical("lus", "long", "local-timestamp-micros"), logical("lns", "long", "local-timestamp-nanos"),
		`{"name":"maybe","type":["null",{"type":"long","logicalType":"timestamp-millis"}]}`, logical("raw", "long", "timestamp-millis"), logical("id", "string", "uuid"),
	}, ",")))
	type times struct {
		Date  time.Time     `avro:"date"`
		TM    time.Duration `avro:"tm"`
		TU    time.Duration `avro:"tu"`
		MS    time.Time     `avro:"ms"`
		US    time.Time     `avro:"us"`
		NS    time.Time     `avro:"ns"`
		LMS   time.Time     `avro:"lms"`
		LUS   time.Time     `avro:"lus"`
		LNS   time.Time     `avro:"lns"`
		Maybe *time.Time    `avro:"maybe"`
		Raw   int64         `avro:"raw"`
		ID    string        `avro:"id"`
	}
	r := f.Reading(f, true)
	for seed := range uint64(300) {
		payload, err := f.Append(nil, f.Generate(record.NewGenerator(seed, int(seed%10))))
		if err != nil {
			t.Fatal(err)
		}
		var got, want times
		if !r.Fill(payload, &got) || !r.ByCodec(payload, &want) {
			t.Fatalf("seed %d: %x: %+v, %+v", seed, payload, got, want)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: filled\n%+v\nthe codec\n%+v", seed, got, want)
		}
	}
}

// What only others know how to read is left to them, whole.
func TestNotFilled(t *testing.T) {
	type embedded struct {
		A string `avro:"a"`
	}
	long := func(logical string) string {
		return `{"name":"a","type":{"type":"long","logicalType":"` + logical + `"}}`
	}
	for name, c := range map[string]struct {
		field string
		into  any
		body  string
	}{
		"decimal": {`{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":5}}`, new(struct {
			A big.Rat `avro:"a"`
		}), "\x02\x05"},
		"pointers": {`{"name":"a","type":"int"}`, new(struct {
			A **int32 `avro:"a"`
		}), "\x02"},
		"time of another kind": {long("timestamp-millis"), new(struct {
			A time.Duration `avro:"a"`
		}), "\x02"},
		"duration": {`{"name":"a","type":"long"}`, new(struct {
			A time.Duration `avro:"a"`
		}), "\x02"},
		"narrow": {`{"name":"a","type":"int"}`, new(struct {
			A int16 `avro:"a"`
		}), "\x02"},
		"unsigned": {`{"name":"a","type":"int"}`, new(struct {
			A uint32 `avro:"a"`
		}), "\x02"},
		"any": {`{"name":"a","type":"int"}`, new(struct {
			A any `avro:"a"`
		}), "\x02"},
		"text": {`{"name":"a","type":"string"}`, new(struct {
			A texter `avro:"a"`
		}), "\x02x"},
		"fixed": {`{"name":"a","type":{"type":"fixed","name":"F","size":1}}`, new(struct {
			A [1]byte `avro:"a"`
		}), "x"},
		"null in a value": {`{"name":"a","type":["null","string"]}`, new(struct {
			A string `avro:"a"`
		}), "\x00"},
		"no null": {`{"name":"a","type":["int","string"]}`, new(struct {
			A any `avro:"a"`
		}), "\x00\x02"},
		"no pointer, null": {`{"name":"a","type":["null","int","string"]}`, new(struct {
			A any `avro:"a"`
		}), "\x00"},
		"map": {`{"name":"a","type":"int"}`, new(map[string]any), "\x02"},
	} {
		t.Run(name, func(t *testing.T) {
			f := format(t, rec(c.field))
			r := f.Reading(f, true)
			if r.Fill([]byte(c.body), c.into) {
				t.Errorf("filled as %+v", c.into)
			}
			if err := r.Into([]byte(c.body), c.into); err != nil {
				t.Errorf("not read at all: %v", err)
			}
		})
	}
	f := format(t, rec(`{"name":"a","type":"string"}`))
	for _, into := range []any{nil, struct{}{}, (*embedded)(nil)} {
		if f.Reading(f, true).Fill([]byte("\x02x"), into) {
			t.Errorf("filled a %T", into)
		}
	}
	r := f.Reading(f, true) // the first type is the one that is known
	var first embedded
	var other struct {
		A colour `avro:"a"`
	}
	if err := r.Into([]byte("\x02x"), &first); err != nil || first.A != "x" {
		t.Error(first, err)
	}
	if err := r.Into([]byte("\x02y"), &other); err != nil || other.A != "y" {
		t.Error(other, err)
	}
}

// A payload gets no more room than it has values for, whatever it claims.
func TestFillBounds(t *testing.T) {
	type large struct {
		A string     `avro:"a"`
		B [1000]int8 // no field of the schema
	}
	type list struct {
		L []large `avro:"l"`
	}
	type others struct {
		L []struct {
			large
			T time.Time
		} `avro:"l"`
	}
	f := format(t, rec(`{"name":"l","type":{"type":"array","items":{"type":"record","name":"I","fields":[{"name":"a","type":"string"}]}}}`))
	payload := append(longs(1<<20, -1), make([]byte, 1<<20)...) // the first text has a length below 0
	for _, into := range []any{new(list), new(others)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := f.Reading(f, true).Into(payload, into); err == nil {
			t.Errorf("read into a %T", into)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
			t.Errorf("%d bytes allocated for a %T", n, into)
		}
	}
}

func FuzzFill(f *testing.F) {
	of := format(f, fillText)
	for seed := range uint64(20) {
		if b, err := of.Append(nil, of.Generate(record.NewGenerator(seed, 5))); err == nil {
			f.Add(b)
		}
	}
	r := of.Reading(of, true)
	f.Fuzz(func(t *testing.T, payload []byte) {
		var got, want filled
		err := r.ByRecord(payload, &want)
		if ok := r.Fill(payload, &got); ok != (err == nil) {
			t.Fatalf("%x is filled: %t; as a record: %v", payload, ok, err)
		}
		if err == nil && shown(got) != shown(want) {
			t.Fatalf("%x is filled as\n%s\nand its record\n%s", payload, shown(got), shown(want))
		}
	})
}

// shapes makes schemas up, and Go types for them.
type shapes struct {
	*rand.Rand
	named int
}

// shape is a schema and a type for it.
func (s *shapes) shape(depth int) (string, reflect.Type) {
	kinds := 12
	if depth > 3 {
		kinds = 8
	}
	switch s.IntN(kinds) {
	case 0:
		return `"boolean"`, reflect.TypeFor[bool]()
	case 1:
		return `"int"`, []reflect.Type{reflect.TypeFor[int32](), reflect.TypeFor[int64](), reflect.TypeFor[int]()}[s.IntN(3)]
	case 2:
		return `"long"`, []reflect.Type{reflect.TypeFor[int64](), reflect.TypeFor[cents]()}[s.IntN(2)]
	case 3:
		return `"float"`, []reflect.Type{reflect.TypeFor[float32](), reflect.TypeFor[float64]()}[s.IntN(2)]
	case 4:
		return `"double"`, reflect.TypeFor[float64]()
	case 5:
		return `"string"`, []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[colour]()}[s.IntN(2)]
	case 6:
		return `"bytes"`, reflect.TypeFor[[]byte]()
	case 7:
		s.named++
		return fmt.Sprintf(`{"type":"enum","name":"E%d","symbols":["A","B","C"]}`, s.named), reflect.TypeFor[string]()
	case 8:
		items, t := s.shape(depth + 1)
		return `{"type":"array","items":` + items + `}`, reflect.SliceOf(t)
	case 9:
		values, t := s.shape(depth + 1)
		return `{"type":"map","values":` + values + `}`, reflect.MapOf(reflect.TypeFor[string](), t)
	case 10:
		for {
			inner, t := s.shape(depth + 1)
			if t.Kind() == reflect.Pointer {
				continue
			}
			if s.IntN(2) == 0 {
				return `["null",` + inner + `]`, reflect.PointerTo(t)
			}
			return `[` + inner + `,"null"]`, reflect.PointerTo(t)
		}
	}
	return s.record(depth)
}

func (s *shapes) record(depth int) (string, reflect.Type) {
	s.named++
	name := fmt.Sprintf("R%d", s.named)
	var fields []string
	var in []reflect.StructField
	for i := range s.IntN(5) {
		text, t := s.shape(depth + 1)
		fields = append(fields, fmt.Sprintf(`{"name":"f%d","type":%s}`, i, text))
		in = append(in, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: t, Tag: reflect.StructTag(fmt.Sprintf(`avro:"f%d"`, i))})
	}
	return `{"type":"record","name":"` + name + `","fields":[` + strings.Join(fields, ",") + `]}`, reflect.StructOf(in)
}

// Whatever the schema and the type, what is filled is what the record has, and what the codec for all types makes.
func TestFillShapes(t *testing.T) {
	bySchema := 0
	for seed := range uint64(400) {
		s := &shapes{Rand: rand.New(rand.NewPCG(seed, 1))}
		text, of := s.record(0)
		f := format(t, text)
		r := f.Reading(f, true)
		for n := range uint64(10) {
			payload, err := f.Append(nil, f.Generate(record.NewGenerator(n, 4)))
			if err != nil {
				t.Fatal(err)
			}
			got, byCodec, byRecord := reflect.New(of), reflect.New(of), reflect.New(of)
			if !r.Fill(payload, got.Interface()) {
				t.Fatalf("%s, %s: %x is not filled", text, of, payload)
			}
			if err := r.ByRecord(payload, byRecord.Interface()); err != nil {
				t.Fatalf("%s, %s: %v", text, of, err)
			}
			if g, w := shown(got.Elem().Interface()), shown(byRecord.Elem().Interface()); g != w {
				t.Fatalf("%s, %s: %x is filled as\n%s\nand its record\n%s", text, of, payload, g, w)
			}
			if !r.ByCodec(payload, byCodec.Interface()) {
				continue
			}
			bySchema++
			g, w := shown(got.Elem().Interface()), shown(byCodec.Elem().Interface())
			if g, w = strings.ReplaceAll(g, "false", "true"), strings.ReplaceAll(w, "false", "true"); g != w { // what is empty may be nil
				t.Fatalf("%s, %s: %x is filled as\n%s\nand by the codec\n%s", text, of, payload, g, w)
			}
		}
	}
	if bySchema < 2000 {
		t.Errorf("the codec has read %d", bySchema)
	}
}
