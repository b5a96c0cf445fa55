package avro_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/record"
)

// person has tags on fields of all kinds; Address is used twice, and Person within itself.
const person = `{"type":"record","name":"Person","namespace":"n","fields":[
	{"name":"name","type":"string","confluent:tags":["PII"]},
	{"name":"age","type":"int"},
	{"name":"nick","type":["null","string"],"confluent:tags":["PII","NICK"]},
	{"name":"home","type":{"type":"record","name":"Address","fields":[{"name":"street","type":"string","confluent:tags":["PII"]},{"name":"zip","type":["null","int","string"]}]},"confluent:tags":["HOME"]},
	{"name":"work","type":["null","Address"]},
	{"name":"phones","type":{"type":"array","items":"string"},"confluent:tags":["PHONE"]},
	{"name":"notes","type":{"type":"map","values":["bytes","Address"]},"confluent:tags":["NOTE"]},
	{"name":"kind","type":{"type":"enum","name":"Kind","symbols":["A","B"]}},
	{"name":"friend","type":["null","Person"]},
	{"name":"empty","type":{"type":"record","name":"Empty","fields":[]}}]}`

func ann() m {
	return m{
		"name": "ann", "age": int32(3), "nick": nil,
		"home":   m{"street": "s1", "zip": int32(1)},
		"work":   m{"street": "s2", "zip": "z"},
		"phones": []any{"p1", "p2"},
		"notes":  m{"n": []byte{1}},
		"kind":   "A",
		"friend": m{"name": "bob", "age": int32(4), "nick": "b", "home": m{"street": "s3", "zip": nil}, "work": nil, "phones": []any{}, "notes": m{"x": m{"street": "s4", "zip": nil}}, "kind": "B", "friend": nil, "empty": m{}},
		"empty":  m{},
	}
}

func TestWalk(t *testing.T) {
	f := format(t, person)
	for _, c := range []struct {
		wanted string
		more   map[string][]string
		visits string
	}{
		{"PII", nil, "Person.name=ann Person.nick=<nil>:NULL Address.street=s1 Address.street=s2 Person.name=bob Person.nick=b Address.street=s3 Address.street=s4"},
		{"NICK", nil, "Person.nick=<nil>:NULL Person.nick=b"},
		{"HOME", nil, ""}, // not in the record within
		{"PHONE", nil, "Person.phones=p1 Person.phones=p2"},
		{"NOTE", nil, "Person.notes=[1]:BYTES"},
		{"MORE", map[string][]string{"n.Person.kind": {"MORE"}, "**.zip": {"MORE"}}, "Address.zip=1:INT Address.zip=z Person.kind=A:ENUM Address.zip=<nil>:NULL Address.zip=<nil>:NULL Person.kind=B:ENUM"},
		{"OTHER", nil, ""},
	} {
		var more *record.Tags
		if c.more != nil {
			more = record.NewTags(c.more)
		}
		w := f.Fields(more, []string{c.wanted})
		var visits []string
		v, err := w.Visit(ann(), func(f *record.Field, in any, v any) (any, error) {
			said := fmt.Sprintf("%s=%v", strings.TrimPrefix(f.FullName, "n."), v)
			if f.Type != record.String {
				said += ":" + string(f.Type)
			}
			if !slices.Contains(f.Tags, c.wanted) || !strings.HasSuffix(f.FullName, "."+f.Name) {
				t.Errorf("%+v", f)
			}
			if _, ok := in.(m)[f.Name]; !ok {
				t.Errorf("%s is not in %v", f.Name, in)
			}
			visits = append(visits, said)
			return v, nil
		})
		if err != nil || !reflect.DeepEqual(v, any(ann())) {
			t.Errorf("%s: %v, %v", c.wanted, v, err)
		}
		if got := strings.Join(visits, " "); got != c.visits {
			t.Errorf("%s:\n%s, want\n%s", c.wanted, got, c.visits)
		}
		if w.Empty() != (c.visits == "") {
			t.Errorf("%s: Empty is %t", c.wanted, w.Empty())
		}
	}
}

func TestAll(t *testing.T) {
	f := format(t, person)
	var all []string
	for _, f := range f.Fields(nil, nil).All() {
		all = append(all, strings.TrimPrefix(f.FullName, "n.")+":"+string(f.Type))
	}
	const want = "Person.name:STRING Person.age:INT Person.nick:NULL Person.nick:STRING Address.street:STRING Address.zip:NULL Address.zip:INT Address.zip:STRING " +
		"Person.work:NULL Person.phones:STRING Person.notes:BYTES Person.kind:ENUM Person.friend:NULL"
	if got := strings.Join(all, " "); got != want {
		t.Errorf("\n%s, want\n%s", got, want)
	}
	if w := format(t, `"string"`).Fields(nil, nil); !w.Empty() {
		t.Error("what is in no record is visited")
	}
}

// TestReplace replaces the value of a field and says what the record then holds.
func TestReplace(t *testing.T) {
	b := func(name string, v any) any { return &record.Branch{Name: name, Value: v} }
	for _, c := range []struct {
		typ     string
		old, by any
		want    any
		refused bool
	}{
		{`"int"`, int32(1), int64(2), int32(2), false},
		{`"int"`, int32(1), 2.0, int32(2), false},
		{`"int"`, int32(1), int64(1 << 31), nil, true},
		{`"int"`, int32(1), "2", nil, true},
		{`"int"`, int32(1), nil, nil, true},
		{`"float"`, float32(1), 0.1, float32(0.1), false},
		{`"double"`, 1.0, int64(2), 2.0, false},
		{enumE, "A", "B", "B", false},
		{enumE, "A", "C", nil, true},
		{fixed2, []byte{1, 2}, []byte{3, 4}, []byte{3, 4}, false},
		{fixed2, []byte{1, 2}, []byte{3}, nil, true},
		{`["null","int"]`, nil, int64(2), int32(2), false},
		{`["null","int"]`, int32(1), nil, nil, false},
		{`["null","int"]`, int32(1), "x", nil, true},
		{`["int","long"]`, int32(1), int64(2), int32(2), false},
		{`["int","long"]`, int32(1), int64(1 << 40), int64(1 << 40), false},
		{`["int","long"]`, int64(1), int64(2), int64(2), false},
		{`["int","string"]`, int32(1), "x", "x", false},
		{`["string",` + enumE + `]`, "Z", "A", b("string", "A"), false},
		{`["string",` + enumE + `]`, b("E", "A"), "B", b("E", "B"), false},
		{`["string",` + enumE + `]`, b("E", "A"), "Z", "Z", false},
		{`[` + enumE + `,{"type":"enum","name":"G","symbols":["B","C"]}]`, "C", "B", b("G", "B"), false},
		{`["null",` + recA + `]`, nil, m{"x": int32(1)}, m{"x": int32(1)}, false},
		{`{"type":"array","items":"int"}`, []any{int32(1)}, int64(2), []any{int32(2)}, false},
		{`{"type":"map","values":["null","int"]}`, m{"k": int32(1)}, int64(2), m{"k": int32(2)}, false},
	} {
		w := format(t, one(c.typ)).Fields(nil, nil)
		r := m{"f": c.old}
		_, err := w.Visit(r, func(*record.Field, any, any) (any, error) { return c.by, nil })
		var mismatch *record.MismatchError
		switch {
		case c.refused && (!errors.As(err, &mismatch) || mismatch.Path != "/f"):
			t.Errorf("%s: %v by %v: %v, %v", c.typ, c.old, c.by, r, err)
		case !c.refused && (err != nil || !reflect.DeepEqual(r["f"], c.want)):
			t.Errorf("%s: %v by %v is %#v, %v; want %#v", c.typ, c.old, c.by, r["f"], err, c.want)
		}
	}
}

func TestVisitErrors(t *testing.T) {
	w := format(t, person).Fields(nil, nil)
	mine := &record.MismatchError{Path: "/mine"}
	r := ann()
	_, err := w.Visit(r, func(f *record.Field, _ any, v any) (any, error) {
		if f.Name == "age" {
			return nil, mine
		}
		return "changed", nil
	})
	if err != error(mine) || r["name"] != "changed" {
		t.Errorf("%v, %v", err, r["name"])
	}
	for value, path := range map[any]string{5: "", "x": ""} {
		_, err := w.Visit(value, func(_ *record.Field, _ any, v any) (any, error) { return v, nil })
		var mismatch *record.MismatchError
		if !errors.As(err, &mismatch) || mismatch.Path != path {
			t.Errorf("%v: %v", value, err)
		}
	}
	r = ann()
	r["home"] = "x"
	_, err = w.Visit(r, func(_ *record.Field, _ any, v any) (any, error) { return v, nil })
	var mismatch *record.MismatchError
	if !errors.As(err, &mismatch) || mismatch.Path != "/home" {
		t.Error(err)
	}
}

// TestMissing checks that a field filled from its default is visited too.
func TestMissing(t *testing.T) {
	w := format(t, rec(`{"name":"a","type":"string","default":"secret"}`)).Fields(nil, nil)
	r := m{}
	if _, err := w.Visit(r, func(_ *record.Field, _ any, v any) (any, error) { return v.(string) + "!", nil }); err != nil || r["a"] != "secret!" {
		t.Errorf("%v, %v", r, err)
	}
}

type Address struct {
	Street string `avro:"street"`
	Zip    any    `avro:"zip"`
}

type Base struct {
	Name string `avro:"name"`
	Age  int    `avro:"age"`
}

type Person struct {
	Base
	Nick   *string        `avro:"nick"`
	Home   Address        `avro:"home"`
	Work   *Address       `avro:"work"`
	Phones []string       `avro:"phones"`
	Notes  map[string]any `avro:"notes"`
	Kind   Kind           `avro:"kind"`
	Friend *Person        `avro:"friend"`
	Empty  struct{}       `avro:"empty"`
	Other  int            `avro:"-"`
}

type Kind string

func annStruct() Person {
	nick := "b"
	return Person{
		Base: Base{"ann", 3}, Home: Address{"s1", int32(1)}, Work: &Address{"s2", "z"}, Phones: []string{"p1", "p2"}, Notes: m{"n": []byte{1}}, Kind: "A",
		Friend: &Person{Base: Base{"bob", 4}, Nick: &nick, Home: Address{"s3", nil}, Phones: []string{}, Notes: m{"x": Address{"s4", nil}}, Kind: "B"},
	}
}

// TestStructs checks that a struct is the same record as the map of it.
func TestStructs(t *testing.T) {
	f := format(t, person)
	p := annStruct()
	want, err := f.Append(nil, ann())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{p, &p} {
		if got, err := f.Append(nil, v); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Append: %x, %v; want %x", got, err, want)
		}
		printed, err := f.Print(v)
		wanted, _ := f.Print(ann())
		if err != nil || string(printed) != string(wanted) {
			t.Errorf("Print: %s, %v; want %s", printed, err, wanted)
		}
		j, err := f.ToJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := f.FromJSON(j); err != nil || !reflect.DeepEqual(back, any(ann())) {
			t.Errorf("ToJSON: %v, %v", back, err)
		}
	}
}

func TestWalkStructs(t *testing.T) {
	f := format(t, person)
	visit := func(visits *[]string) func(f *record.Field, in any, v any) (any, error) {
		return func(f *record.Field, in any, v any) (any, error) {
			*visits = append(*visits, fmt.Sprintf("%s %s %v", f.FullName, f.Type, v))
			switch x := v.(type) {
			case string:
				if f.Type == record.String {
					return x + "!", nil
				}
				return "B", nil
			case int32:
				return int64(x) + 1, nil
			case []byte:
				return append([]byte{9}, x...), nil
			}
			if f.Name == "nick" {
				return "new", nil
			}
			return v, nil
		}
	}
	w := f.Fields(nil, nil)
	var of, ofMap []string
	p := annStruct()
	v, err := w.Visit(&p, visit(&of))
	if err != nil || v != any(&p) {
		t.Fatalf("%v, %v", v, err)
	}
	r, err := w.Visit(ann(), visit(&ofMap))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(of, ofMap) {
		t.Errorf("visits\n%q, of a map\n%q", of, ofMap)
	}
	got, err := f.Append(nil, &p)
	want, _ := f.Append(nil, r)
	if err != nil || !reflect.DeepEqual(got, want) {
		gotten, _ := f.Decode(got)
		t.Errorf("%v, %v; want %v", gotten, err, r)
	}
	q := annStruct()
	v, err = w.Visit(q, visit(&of))
	if changed, ok := v.(Person); err != nil || !ok || changed.Name != "ann!" || q.Name != "ann" {
		t.Errorf("a struct by value: %v, %v", v, err)
	}
}

// TestStructIn checks what a visit is told of the record that a field is in.
func TestStructIn(t *testing.T) {
	p := annStruct()
	_, err := format(t, person).Fields(nil, []string{"NICK"}).Visit(&p, func(_ *record.Field, in any, v any) (any, error) {
		if _, ok := in.(*Person); !ok {
			t.Errorf("a %T", in)
		}
		return v, nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestStructOverflow(t *testing.T) {
	f := format(t, one(`"long"`))
	v := struct {
		F int8 `avro:"f"`
	}{1}
	_, err := f.Fields(nil, nil).Visit(&v, func(*record.Field, any, any) (any, error) { return int64(1000), nil })
	var mismatch *record.MismatchError
	if !errors.As(err, &mismatch) || mismatch.Path != "/f" || v.F != 1 {
		t.Errorf("%v, %v", v, err)
	}
}

// TestStructLogicalTypes checks the Go types of logical types: rules see the values that are written.
func TestStructLogicalTypes(t *testing.T) {
	f := format(t, rec(`{"name":"ts","type":["null",{"type":"long","logicalType":"timestamp-millis"}]},{"name":"d","type":{"type":"int","logicalType":"date"}},{"name":"t","type":{"type":"int","logicalType":"time-millis"}},{"name":"u","type":["null","int","string"]}`))
	type S struct {
		TS *time.Time    `avro:"ts"`
		D  time.Time     `avro:"d"`
		T  time.Duration `avro:"t"`
		U  any           `avro:"u"`
	}
	at := time.Date(1969, 12, 31, 12, 0, 0, 5e6, time.UTC)
	s := S{&at, at, 3 * time.Second, "x"}
	payload, err := f.Append(nil, &s)
	if err != nil {
		t.Fatal(err)
	}
	want := m{"ts": at.UnixMilli(), "d": int32(-1), "t": int32(3000), "u": "x"}
	if v, err := f.Decode(payload); err != nil || !reflect.DeepEqual(v, any(want)) {
		t.Errorf("%v, %v; want %v", v, err, want)
	}
	seen := m{}
	_, err = f.Fields(nil, nil).Visit(&s, func(f *record.Field, _ any, v any) (any, error) {
		seen[f.Name] = v
		switch v := v.(type) {
		case int64:
			return v + 1, nil
		case int32:
			return v + 1, nil
		}
		return v, nil
	})
	if err != nil || !reflect.DeepEqual(seen, want) {
		t.Errorf("%v, %v; want %v", seen, err, want)
	}
	if !s.TS.Equal(at.Add(time.Millisecond)) || !s.D.Equal(time.Unix(0, 0)) || s.T != 3001*time.Millisecond || at.Nanosecond() != 5e6 {
		t.Errorf("%v %v %v", s.TS, s.D, s.T)
	}
}

func TestWalkAllocations(t *testing.T) {
	w := format(t, twelve).Fields(nil, []string{"PII"})
	r := any(twelveRecord())
	visit := func(_ *record.Field, _ any, v any) (any, error) { return v, nil }
	if n := testing.AllocsPerRun(100, func() { _, _ = w.Visit(r, visit) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	visits := 0
	_, _ = w.Visit(r, func(_ *record.Field, _ any, v any) (any, error) { visits++; return v, nil })
	if visits != 2 {
		t.Errorf("%d visits", visits)
	}
}

// twelve is a record of 12 fields, 2 of them tagged.
const twelve = `{"type":"record","name":"T","fields":[{"name":"a","type":"string"},{"name":"b","type":"string","confluent:tags":["PII"]},{"name":"c","type":"long"},{"name":"d","type":"int"},{"name":"e","type":"double"},{"name":"f","type":"boolean"},
	{"name":"g","type":["null","string"],"confluent:tags":["PII"]},{"name":"h","type":["null","long"]},{"name":"i","type":{"type":"array","items":"string"}},{"name":"j","type":{"type":"map","values":"int"}},{"name":"k","type":"bytes"},{"name":"l","type":{"type":"enum","name":"E","symbols":["X","Y"]}}]}`

func twelveRecord() m {
	return m{"a": "one", "b": "someone@example.com", "c": int64(1700000000000), "d": int32(42), "e": 2.5, "f": true, "g": "two", "h": nil,
		"i": []any{"x", "y", "z"}, "j": m{"p": int32(1), "q": int32(1000)}, "k": []byte("0123456789"), "l": "Y"}
}
