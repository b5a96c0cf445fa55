package jsonschema_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/jsonschema"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
)

// visited walks over a record and lists what was visited, a line each.
func visited(t testing.TB, w record.Walk, v any) []string {
	t.Helper()
	lines := []string{}
	_, err := w.Visit(v, func(f *record.Field, in, value any) (any, error) {
		line := fmt.Sprintf("%s %s %v", f.FullName, f.Type, value)
		if len(f.Tags) > 0 {
			line += " " + strings.Join(f.Tags, ",")
		}
		lines = append(lines, line)
		return value, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func listed(w record.Walk) []string {
	lines := []string{}
	for _, f := range w.All() {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.FullName, f.Type, strings.Join(f.Tags, ","))))
	}
	return lines
}

func read(t testing.TB, text string) any {
	t.Helper()
	v, err := format(t, `true`).Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVisit(t *testing.T) {
	const tagged = `{"type":"string","confluent:tags":["PII"]}`
	for _, c := range []struct {
		name, schema string
		more         map[string][]string
		wanted       []string
		record       string
		want         []string
		all          []string // nil: not looked at
	}{
		{name: "types, in the order of the schema",
			schema: `{"properties":{"s":{"type":"string"},"i":{"type":"integer"},"n":{"type":"number"},"b":{"type":"boolean"},"z":{"type":"null"},"e":{"enum":["x"]},"c":{"const":1,"type":"integer"}}}`,
			record: `{"c":1,"e":"x","z":null,"b":true,"n":3,"i":2,"s":"a"}`,
			want:   []string{"$.s STRING a", "$.i INT 2", "$.n DOUBLE 3", "$.b BOOLEAN true", "$.z NULL <nil>", "$.e ENUM x", "$.c ENUM 1"},
			all:    []string{"$.s STRING", "$.i INT", "$.n DOUBLE", "$.b BOOLEAN", "$.z NULL", "$.e ENUM", "$.c ENUM"}},
		{name: "what is not there, and what is null",
			schema: `{"properties":{"a":{"type":"string"},"b":{"type":"string"}}}`, record: `{"b":null}`, want: []string{"$.b STRING <nil>"}},
		{name: "several types",
			schema: `{"properties":{"a":{"type":["string","null","number","integer"]},"b":{"type":["integer","number"]},"c":{"type":["null","string"]}}}`, record: `{"a":null,"b":7,"c":"x"}`,
			want: []string{"$.a NULL <nil>", "$.b INT 7", "$.c STRING x"}, all: []string{"$.a COMBINED", "$.b COMBINED", "$.c STRING"}},
		{name: "several types, other values",
			schema: `{"properties":{"a":{"type":["string","null","number","integer"]},"b":{"type":["integer","number"]},"c":{"type":["null","string"]}}}`, record: `{"a":7,"b":7.5,"c":true}`,
			want: []string{"$.a DOUBLE 7", "$.b DOUBLE 7.5", "$.c BOOLEAN true"}},
		{name: "no type",
			schema: `{"properties":{"a":{"confluent:tags":["PII"]},"b":true,"c":{}}}`, wanted: nil, record: `{"a":"x","b":1,"c":{"d":1}}`,
			want: []string{"$.a STRING x PII", "$.b INT 1"}},
		{name: "a value of another type",
			schema: `{"properties":{"a":{"type":"string"},"b":{"type":"object","properties":{"x":{"type":"string"}}},"c":{"type":"array","items":{"type":"string"}}}}`, record: `{"a":1,"b":"y","c":"z"}`,
			want: []string{"$.a STRING 1"}},

		{name: "objects in objects, and maps",
			schema: `{"properties":{"o":{"type":"object","properties":{"x":` + tagged + `,"y":{"type":"string"}}},"m":{"type":"object","additionalProperties":` + tagged + `}}}`, record: `{"o":{"x":"1","y":"2","z":"3"},"m":{"k":"v"}}`,
			want: []string{"$.o.x STRING 1 PII", "$.o.y STRING 2"}, all: []string{"$.o.x STRING PII", "$.o.y STRING"}},
		{name: "wanted tags, of the field and none of those around",
			schema: `{"properties":{"o":{"type":"object","confluent:tags":["PII"],"properties":{"x":` + tagged + `,"y":{"type":"string"}}}}}`, wanted: []string{"PII"}, record: `{"o":{"x":"1","y":"2"}}`,
			want: []string{"$.o.x STRING 1 PII"}, all: []string{"$.o.x STRING PII"}},
		{name: "arrays",
			schema: `{"properties":{"a":{"type":"array","confluent:tags":["T"],"items":{"type":"string"}},"o":{"type":"array","items":{"type":"object","properties":{"x":{"type":"integer"},"in":{"type":"array","items":{"properties":{"y":{"type":"string"}}}}}}}}}`,
			record: `{"a":["p","q"],"o":[{"x":1},{"x":2,"in":[{"y":"u"},{"y":"v"}]}]}`,
			want:   []string{"$.a STRING p T", "$.a STRING q T", "$.o[0].x INT 1", "$.o[1].x INT 2", "$.o[1].in[0].y STRING u", "$.o[1].in[1].y STRING v"},
			all:    []string{"$.a STRING T", "$.o.x INT", "$.o.in.y STRING"}},
		{name: "an array at the root",
			schema: `{"type":"array","items":{"type":"object","properties":{"x":` + tagged + `}}}`, wanted: []string{"PII"}, record: `[{"x":"1"}]`,
			want: []string{"$[0].x STRING 1 PII"}, all: []string{"$.x STRING PII"}},
		{name: "a record that is no object has no fields", schema: tagged, record: `"x"`, want: []string{}, all: []string{}},
		{name: "tuples",
			schema: `{"properties":{"a":{"items":[{"type":"integer"},` + tagged + `],"additionalItems":{"type":"boolean"}}}}`, record: `{"a":[1,"x",true,false]}`,
			want: []string{"$.a INT 1", "$.a STRING x PII", "$.a BOOLEAN true", "$.a BOOLEAN false"}, all: []string{"$.a COMBINED PII"}},
		{name: "tuples, later", schema: in(of2020, `"properties":{"a":{"prefixItems":[{"type":"integer"},`+tagged+`]}}`), record: `{"a":[1,"x",true]}`,
			want: []string{"$.a INT 1", "$.a STRING x PII"}},
		{name: "items without a schema", schema: `{"properties":{"a":{"type":"array","confluent:tags":["PII"]}}}`, record: `{"a":["x"]}`, want: []string{}},

		{name: "references, and tags beside them",
			schema: `{"properties":{"p":{"$ref":"#/definitions/P"},"s":{"$ref":"#/definitions/S","confluent:tags":["A"]}},"definitions":{"P":{"type":"object","properties":{"n":` + tagged + `}},"S":` + tagged + `}}`,
			record: `{"p":{"n":"a"},"s":"b"}`, want: []string{"$.p.n STRING a PII", "$.s STRING b A,PII"}, all: []string{"$.p.n STRING PII", "$.s STRING A,PII"}},
		{name: "circles",
			schema: `{"type":"object","properties":{"v":` + tagged + `,"next":{"$ref":"#"},"all":{"type":"array","items":{"$ref":"#"}}}}`, wanted: []string{"PII"},
			record: `{"v":"1","next":{"v":"2","next":{"v":"3"}},"all":[{"v":"4"}]}`,
			want:   []string{"$.v STRING 1 PII", "$.next.v STRING 2 PII", "$.next.next.v STRING 3 PII", "$.all[0].v STRING 4 PII"}, all: []string{"$.v STRING PII"}},

		{name: "all of them: once, with the tags of all",
			schema: `{"allOf":[{"properties":{"a":{"type":"string","confluent:tags":["A"]},"b":{"type":"string"}}},{"properties":{"a":{"minLength":1,"confluent:tags":["B"]}}}]}`, record: `{"a":"x","b":"y"}`,
			want: []string{"$.a STRING x A,B", "$.b STRING y"}, all: []string{"$.a STRING A,B", "$.b STRING"}},
		{name: "one of them",
			schema: `{"properties":{"alt":{"oneOf":[{"type":"null"},{"type":"string"}],"confluent:tags":["PII"]}}}`, wanted: []string{"PII"}, record: `{"alt":"q"}`,
			want: []string{"$.alt STRING q PII"}, all: []string{"$.alt STRING PII"}},
		{name: "one of them, by what is in it",
			schema: `{"oneOf":[{"properties":{"kind":{"const":"a"},"x":` + tagged + `}},{"properties":{"kind":{"const":"b"},"x":{"type":"string"},"y":` + tagged + `}}]}`, wanted: []string{"PII"}, record: `{"kind":"b","x":"1","y":"2"}`,
			want: []string{"$.y STRING 2 PII"}, all: []string{"$.x STRING PII", "$.y STRING PII"}},
		{name: "any of them: all that accept, once",
			schema: `{"anyOf":[{"properties":{"a":` + tagged + `}},{"required":["z"],"properties":{"b":` + tagged + `}},{"properties":{"a":{"type":"string"},"c":{"type":"string"}}}]}`, record: `{"a":"1","b":"2","c":"3"}`,
			want: []string{"$.a STRING 1 PII", "$.c STRING 3"}},
		{name: "none of them, but for the look of a string",
			schema: `{"properties":{"a":{"anyOf":[{"type":"null"},{"type":"string","pattern":"^[0-9]{3}$","confluent:tags":["PII"]}]}}}`, wanted: []string{"PII"}, record: `{"a":"ciphertext"}`,
			want: []string{"$.a STRING ciphertext PII"}},
		{name: "none of them",
			schema: `{"properties":{"a":{"oneOf":[{"type":"object","properties":{"x":{"type":"string"}},"required":["y"]},{"type":"null"}]}}}`, record: `{"a":{"x":"1"}}`, want: []string{}},
		{name: "conditions",
			schema: `{"properties":{"k":{"type":"string"}},"if":{"properties":{"k":{"const":"a"}}},"then":{"properties":{"x":` + tagged + `}},"else":{"properties":{"y":` + tagged + `}}}`, record: `{"k":"a","x":"1","y":"2"}`,
			want: []string{"$.k STRING a", "$.x STRING 1 PII"}, all: []string{"$.k STRING", "$.x STRING PII", "$.y STRING PII"}},
		{name: "dependents",
			schema: in(of2020, `"dependentSchemas":{"k":{"properties":{"x":`+tagged+`}},"l":{"properties":{"y":`+tagged+`}}}`), record: `{"k":1,"x":"1","y":"2"}`,
			want: []string{"$.x STRING 1 PII"}},

		{name: "patterns of names",
			schema: `{"properties":{"a":{"properties":{"x":{"type":"string"},"y":{"type":"string"}}},"zip":{"type":"string"}}}`, more: map[string][]string{"**.x": {"T"}, "$.zip": {"T"}, "$.*.y": {"U"}}, wanted: []string{"T"}, record: `{"a":{"x":"1","y":"2"},"zip":"3"}`,
			want: []string{"$.a.x STRING 1 T", "$.zip STRING 3 T"}, all: []string{"$.a.x STRING T", "$.zip STRING T"}},
		{name: "patterns in arrays match the index",
			schema: `{"properties":{"arr":{"type":"array","items":{"properties":{"x":{"type":"string"},"y":{"type":"string"}}}}}}`, more: map[string][]string{"$.arr.x": {"T"}, "**.y": {"T"}}, wanted: []string{"T"}, record: `{"arr":[{"x":"1","y":"2"}]}`,
			want: []string{"$.arr[0].y STRING 2 T"}, all: []string{"$.arr.y STRING T"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := format(t, c.schema).Fields(record.NewTags(c.more), c.wanted)
			for range 2 { // what is kept of the first says the same
				if got := visited(t, w, read(t, c.record)); !slices.Equal(got, c.want) {
					t.Errorf("visited\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
				}
			}
			if got := listed(w); c.all != nil && !slices.Equal(got, c.all) {
				t.Errorf("all\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.all, "\n"))
			}
			if len(c.want) > 0 && w.Empty() {
				t.Error("it says that it is empty")
			}
		})
	}
}

func TestEmpty(t *testing.T) {
	for _, c := range []struct {
		schema string
		more   map[string][]string
		wanted []string
		want   bool
	}{
		{schema: `{"type":"string"}`, want: true},
		{schema: `{"type":"object"}`, want: true},
		{schema: `{"properties":{"a":{"type":"object","properties":{"b":{"type":"object"}}}}}`, want: true},
		{schema: `{"properties":{"a":{"type":"string"}}}`, want: false},
		{schema: `{"properties":{"a":{"type":"string","confluent:tags":["A"]}}}`, wanted: []string{"B"}, want: true},
		{schema: `{"properties":{"a":{"type":"string"}}}`, wanted: []string{"B"}, more: map[string][]string{"$.b": {"B"}}, want: true},
		{schema: `{"properties":{"a":{"type":"string"}}}`, wanted: []string{"B"}, more: map[string][]string{"$.a": {"B"}}, want: false},
		{schema: `{"properties":{"a":{"type":"array","items":{"properties":{"x":{}}}}}}`, wanted: []string{"B"}, more: map[string][]string{"$.a?5?.x": {"B"}}, want: false},
	} {
		if got := format(t, c.schema).Fields(record.NewTags(c.more), c.wanted).Empty(); got != c.want {
			t.Errorf("%s %v %v: %t", c.schema, c.more, c.wanted, got)
		}
	}
}

// What visit returns takes the place of the value, in the record itself.
func TestVisitChanges(t *testing.T) {
	f := format(t, purchase)
	w := f.Fields(nil, []string{"PII"})
	v := read(t, `{"id":"1","customer":{"name":"Ada","email":"a@b","address":{"street":"S 1","zip":"1"}},"lines":[]}`)
	got, err := w.Visit(v, func(f *record.Field, in, value any) (any, error) {
		if m, ok := in.(map[string]any); !ok || m[f.Name] == nil {
			t.Errorf("%s is in %v", f.FullName, in)
		}
		return value.(string) + "*", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"customer":{"address":{"street":"S 1*","zip":"1"},"email":"a@b*","name":"Ada*"},"id":"1","lines":[]}`
	for _, v := range []any{v, got} {
		if text, err := f.Print(v); err != nil || string(text) != want {
			t.Errorf("%s, %v, want %s", text, err, want)
		}
	}
	stop := errors.New("stop")
	if _, err := w.Visit(v, func(*record.Field, any, any) (any, error) { return nil, stop }); err != stop {
		t.Errorf("%v", err)
	}
}

// Structs become maps, numbers of Go the numbers of records; maps and slices
// around stay what they are.
func TestVisitGo(t *testing.T) {
	f := format(t, `{"properties":{"p":{"properties":{"name":{"type":"string"}}},"n":{"type":"integer"},"l":{"items":{"type":"string"}},"alt":{"oneOf":[{"type":"null"},{"properties":{"age":{"type":"integer","minimum":1}}}]}}}`)
	given := map[string]any{"p": person{Name: "A"}, "n": 7, "l": []string{"x"}, "alt": &person{Age: 3}}
	w := f.Fields(nil, nil)
	want := []string{"$.p.name STRING A", "$.n INT 7", "$.l STRING x", "$.alt.age INT 3"}
	if got := visited(t, w, given); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if p, ok := given["p"].(map[string]any); !ok || p["name"] != "A" || given["n"] != 7 {
		t.Errorf("%#v", given)
	}
	got, err := f.Fields(nil, nil).Visit(person{Name: "A"}, nil)
	if err != nil || !reflect.DeepEqual(got, map[string]any{"name": "A", "Tags": nil}) {
		t.Errorf("%#v, %v", got, err)
	}
}

// A record that a walk leaves as it is may be read meanwhile, and a walk shared.
func TestVisitConcurrent(t *testing.T) {
	w := format(t, purchase).Fields(record.NewTags(map[string][]string{"**.sku": {"PII"}}), []string{"PII"})
	v := read(t, `{"id":"1","customer":{"name":"Ada","address":{"street":"S 1"}},"lines":[`+strings.Repeat(`{"sku":"x"},`, 500)+`{"sku":"x"}]}`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				n := 0
				_, err := w.Visit(v, func(_ *record.Field, _, value any) (any, error) { n++; return value, nil })
				if err != nil || n != 503 {
					t.Errorf("%d, %v", n, err)
				}
			}
		})
	}
	wg.Wait()
}

// Whatever a schema asks for, a walk is made and made over a record in time.
func TestVisitHostile(t *testing.T) {
	var doubling strings.Builder
	for i := range 40 {
		next := `{"$ref":"#/definitions/` + strconv.Itoa(i+1) + `"}`
		fmt.Fprintf(&doubling, `"%d":{"properties":{"a":%s,"b":%s},"items":%s},`, i, next, next, next)
	}
	schema := `{"$ref":"#/definitions/0","definitions":{` + doubling.String() + `"40":{"type":"string"}}}`
	f := format(t, schema)
	w := f.Fields(record.NewTags(map[string][]string{"**.x": {"T"}}), []string{"T"})
	w.All()
	visited(t, w, read(t, strings.Repeat(`{"a":`, 40)+`"x"`+strings.Repeat(`}`, 40)))

	deep := strings.Repeat(`{"next":`, 9000) + `{"v":"x"}` + strings.Repeat(`}`, 9000)
	w = format(t, `{"properties":{"next":{"$ref":"#"},"v":{"type":"string"}}}`).Fields(nil, nil)
	if got := visited(t, w, read(t, deep)); len(got) != 1 || len(got[0]) < 9000 {
		t.Errorf("%d fields", len(got))
	}
	// An object that may be within itself, held against branches, takes what a validation takes.
	var limit *jsonschema.LimitError
	w = format(t, `{"anyOf":[{"properties":{"next":{"$ref":"#"}},"required":["next"]},{"properties":{"v":{"type":"string"}}}]}`).Fields(nil, nil)
	if _, err := w.Visit(read(t, deep), func(_ *record.Field, _, v any) (any, error) { return v, nil }); !errors.As(err, &limit) {
		t.Errorf("%v", err)
	}
}

func BenchmarkNewFormat(b *testing.B) {
	s := parse(b, purchase, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jsonschema.NewFormat(s); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkVisit(b *testing.B, more *record.Tags, wanted []string, items int) {
	f := format(b, purchase)
	w := f.Fields(more, wanted)
	line := `{"sku":"ABC-1234","quantity":2,"price":9.99}`
	v := read(b, `{"id":"1","customer":{"name":"Ada","email":"a@b","address":{"street":"S 1","zip":"1"}},"note":"n","status":"new","lines":[`+strings.Repeat(line+`,`, items-1)+line+`]}`)
	visit := func(_ *record.Field, _, value any) (any, error) { return value, nil }
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Visit(v, visit); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVisit(b *testing.B) {
	tags := record.NewTags(map[string][]string{"**.sku": {"PII"}})
	b.Run("tagged", func(b *testing.B) { benchmarkVisit(b, nil, []string{"PII"}, 10) })
	b.Run("all", func(b *testing.B) { benchmarkVisit(b, nil, nil, 10) })
	b.Run("pattern", func(b *testing.B) { benchmarkVisit(b, tags, []string{"PII"}, 10) })
	b.Run("pattern1000", func(b *testing.B) { benchmarkVisit(b, tags, []string{"PII"}, 1000) })
}

// What the reference does with the strings of JSON records is what comes of
// doing it to the fields that are visited.
func TestConformanceFields(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(replaytest.Vectors("../.."), "serde", "cel-field.json"))
	if err != nil {
		t.Skipf("%v; set VECTORS to the folder that holds it", err)
	}
	var all struct {
		Vectors []struct {
			recording
			Expect struct{ WireHex string }
		}
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, v := range all.Vectors {
		target := v.latest(v.Subject, nil)
		if v.SchemaType != api.JSON || v.Expect.WireHex == "" || target == nil {
			continue
		}
		rule := target.RuleSet.DomainRules[0]
		guard, suffix, ok := strings.Cut(rule.Expr, "value + '")
		if !ok || guard != "typeName == 'STRING' ; " {
			continue
		}
		held++
		var more *record.Tags
		if target.Metadata != nil {
			more = record.NewTags(target.Metadata.Tags)
		}
		w := format(t, target.Schema).Fields(more, rule.Tags)
		got, err := w.Visit(read(t, string(v.Input)), func(f *record.Field, _, value any) (any, error) {
			if f.Type == record.String {
				return value.(string) + strings.TrimSuffix(suffix, "'"), nil
			}
			return value, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wire, err := hex.DecodeString(v.Expect.WireHex)
		if err != nil {
			t.Fatal(err)
		}
		if want := read(t, string(wire[5:])); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", v.Name, got, want)
		}
	}
	t.Logf("records: %d", held)
}
