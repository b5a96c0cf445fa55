package avro_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
	"pgregory.net/rapid"
)

// laws holds what is true of every text that parses.
func laws(t rapid.TB, src schema.Source) {
	read := func(text string) *avro.Schema {
		again := src
		again.Text, again.New = text, false
		s, err := avro.Parse(again)
		if err != nil {
			t.Fatalf("%s is made of %s and does not parse: %v", text, src.Text, err)
		}
		return s
	}
	src.New = false
	s, err := avro.Parse(src)
	if err != nil {
		return
	}
	names := namesOf(s.Root())
	again := read(s.Canonical())
	switch {
	case names.alike:
		// A name may mean one of two types before its text is printed, and the other one in it. A second reading settles that.
		if settled := read(again.Canonical()); settled.Canonical() != again.Canonical() {
			t.Fatalf("the canonical text of %s changes again\n%s\n%s", src.Text, again.Canonical(), settled.Canonical())
		}
	case again.Canonical() != s.Canonical() || guid(again) != guid(s):
		t.Fatalf("the canonical text of %s is read as another\n%s\n%s", src.Text, s.Canonical(), again.Canonical())
	case names.repeated || len(src.Dependencies) > 0:
		// Of a type that is written twice, here or in a reference, the first one counts, and only it is printed.
	case !again.Equivalent(s) || !s.Equivalent(again):
		t.Fatalf("%s says something else than its canonical text %s", src.Text, s.Canonical())
	}
	src.New = true
	if strict, err := avro.Parse(src); err == nil && strict.Canonical() != s.Canonical() {
		t.Fatalf("strict reading of %s gives another text", src.Text)
	}
	s.Tags()
	s.Fields()
	s.Size()
	if resolved, err := s.Format(avro.FormatResolved); len(src.Dependencies) == 0 && (err != nil || resolved != s.Canonical()) {
		t.Fatalf("without references, %s resolves to %s (%v)", src.Text, resolved, err)
	}
	if !s.Equivalent(s) {
		t.Fatalf("%s does not equal itself", src.Text)
	}
	normal, err := s.Normalized()
	if err != nil {
		return
	}
	twice, err := normal.Normalized()
	if err != nil && beyondFloat.MatchString(normal.Canonical()) {
		return // a number too large for its type is a text in the normal form, and within a default a text is no number
	}
	if err != nil {
		t.Fatalf("the normal form of %s has no normal form: %v", src.Text, err)
	}
	if names.alike {
		return
	}
	for _, other := range []schema.Schema{twice, read(normal.Canonical())} {
		if guid(other) != guid(normal) || !other.Equivalent(normal) || !normal.Equivalent(other) {
			t.Fatalf("the normal form of %s is not its own:\n%s\n%s", src.Text, normal.Canonical(), other.Canonical())
		}
	}
	if wrong := changedNumber(s.Root(), normal.(*avro.Schema).Root()); wrong != "" {
		t.Fatalf("the normal form of %s changes a number: %s\n%s", src.Text, wrong, normal.Canonical())
	}
}

var beyondFloat = regexp.MustCompile(`"(NaN|-?Infinity)"`)

func guid(s schema.Schema) schema.GUID { return schema.Identify(s.Canonical(), nil, nil, nil) }

// names tells what is special about the named types of a schema.
type names struct {
	repeated bool // one of them is written more than once
	alike    bool // two of them differ only in the namespace
	seen     map[*avro.Type]bool
	full     map[string]*avro.Type
	simple   map[string]string
}

func namesOf(root *avro.Type) *names {
	n := &names{seen: map[*avro.Type]bool{}, full: map[string]*avro.Type{}, simple: map[string]string{}}
	n.visit(root)
	return n
}

func (n *names) visit(t *avro.Type) {
	if t.Named != nil {
		if n.seen[t] {
			return
		}
		n.seen[t] = true
		full, simple := t.FullName(), t.Named.Name.Simple()
		n.repeated = n.repeated || n.full[full] != nil
		n.alike = n.alike || n.simple[simple] != "" && n.simple[simple] != full
		n.full[full], n.simple[simple] = t, full
		for i := range t.Named.Fields {
			n.visit(t.Named.Fields[i].Type)
		}
	}
	if t.Items != nil {
		n.visit(t.Items)
	}
	for _, b := range t.Branches {
		n.visit(b)
	}
}

// changedNumber finds a number of a default or property that has another value in the normal form, "" for none.
// A default that is no value of its type may be missing there.
func changedNumber(before, after *avro.Type) (wrong string) {
	seen := make(map[*avro.Type]bool)
	compare := func(t *avro.Type, a, b *jsontree.Value) {
		if a != nil && b != nil && wrong == "" {
			wrong = changedIn(t, a, b)
		}
	}
	props := func(a, b []jsontree.Member) {
		values := jsontree.Value{Kind: jsontree.Object, Members: b}
		for i := range a {
			compare(nil, &a[i].Value, values.Get(a[i].Name))
		}
	}
	var visit func(a, b *avro.Type)
	visit = func(a, b *avro.Type) {
		if seen[a] {
			return
		}
		seen[a] = true
		props(a.Props, b.Props)
		if a.Items != nil {
			visit(a.Items, b.Items)
		}
		for i := range a.Branches {
			visit(a.Branches[i], b.Branches[i])
		}
		if a.Named != nil {
			for i := range a.Named.Fields {
				f, g := &a.Named.Fields[i], &b.Named.Fields[i]
				compare(f.Type, f.Default, g.Default)
				props(f.Props, g.Props)
				visit(f.Type, g.Type)
			}
		}
	}
	visit(before, after)
	return wrong
}

// changedIn compares values of a type, which is nil where none says what they are.
func changedIn(t *avro.Type, a, b *jsontree.Value) string {
	for t != nil && t.Kind == avro.Union {
		t = t.Branches[0]
	}
	switch a.Kind {
	case jsontree.Number:
		if !sameNumber(t, a.Text, b.Text) {
			return a.Text + " becomes " + b.Text
		}
	case jsontree.Array:
		for i := range a.Items {
			var item *avro.Type
			if t != nil {
				item = t.Items
			}
			if wrong := changedIn(item, &a.Items[i], &b.Items[i]); wrong != "" {
				return wrong
			}
		}
	case jsontree.Object:
		for i := range a.Members {
			m := &a.Members[i]
			var member *avro.Type
			switch {
			case t != nil && t.Kind == avro.Map:
				member = t.Items
			case t != nil && t.Kind == avro.Record:
				member = t.Named.Fields[t.Named.Field(m.Name)].Type
			}
			if wrong := changedIn(member, &m.Value, b.Get(m.Name)); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

func sameNumber(t *avro.Type, a, b string) bool {
	if t == nil || t.Kind != avro.Float && t.Kind != avro.Double {
		return a == b
	}
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	return x == y || x != x && y != y || t.Kind == avro.Float && float32(x) == float32(y)
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`"int"`, `{"type":"int","p":[1,null,1.5e10,{"a":"b"}]}`, `["null","string"]`, "// c\n\"int\"",
		record(`{"name":"a","type":"long","default":1,"doc":"d","order":"ignore","aliases":["b"]}`),
		`{"type":"record","name":"a.R","fields":[{"name":"n","type":["null","R"],"default":null},{"name":"x","type":{"type":"enum","name":"q.E","symbols":["A"],"default":"A"}}]}`,
		`{"type":"map","values":{"type":"array","items":{"type":"fixed","name":"F","size":12,"logicalType":"duration"}}}`,
		record(`{"name":"a","type":"X"},{"name":"b","type":{"type":"error","name":".X","namespace":"y","fields":[],"aliases":["Z",".Z"]}}`),
		"// c\n{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"],\"doc\":\"\\ud800\\u0000\xff\"}",
		record(`{"name":"a","type":["float","double"],"default":0.1},{"name":"b","type":"double","default":"NaN"},{"name":"c","type":{"type":"map","values":"R"},"default":{"k":{"a":1e40}}}`),
	} {
		f.Add(seed)
	}
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		allocated, _ := cost(func() { _, _ = use(schema.Source{Text: text, New: true}) })
		if allocated > 4*maxAllocated*len(text)+1<<20 {
			t.Fatalf("%d bytes allocated for %q", allocated, text)
		}
		laws(t, schema.Source{Text: text})
	})
}

// seeds adds the recorded schemas, where there are any.
func seeds(f *testing.F) {
	file, ok := recorded("canonical", "avro.jsonl")
	if !ok {
		return
	}
	for _, c := range lines[canonicalCase](f, file) {
		if len(c.Input) < 1000 {
			f.Add(c.Input)
		}
	}
}

// drawn makes schemas: names are drawn from few, so that some collide, come
// before their definition or lack one.
type drawn struct {
	t     *rapid.T
	depth int
}

func (d *drawn) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(d.t, label)
}

func (d *drawn) name() string {
	return d.pick("space", "", "", "a.", "b.") + d.pick("name", "R", "S", "T", "map")
}

func (d *drawn) list(n int, item func(i int) string) string {
	items := make([]string, rapid.IntRange(0, n).Draw(d.t, "n"))
	for i := range items {
		items[i] = item(i)
	}
	return strings.Join(items, ",")
}

func (d *drawn) props() string {
	return d.pick("props", "", "", `,"p":1`, `,"z":{"b":1e2,"a":[]},"doc":"x"`, `,"logicalType":"decimal","x":0,"precision":3`, `,"aliases":["A","n.B"]`)
}

func (d *drawn) typ() string {
	kinds := []string{`"int"`, `"double"`, `"bytes"`, `"` + d.name() + `"`}
	if d.depth < 4 {
		kinds = append(kinds, "array", "map", "union", "record", "record", "enum", "fixed")
	}
	d.depth++
	defer func() { d.depth-- }()
	switch kind := d.pick("kind", kinds...); kind {
	case "array":
		return `{"type":"array","items":` + d.typ() + d.props() + `}`
	case "map":
		return `{"type":"map","values":` + d.typ() + d.props() + `}`
	case "union":
		return `["null",` + d.typ() + `]`
	case "record":
		return fmt.Sprintf(`{"type":"record","name":%q,"fields":[%s]%s}`, d.name(), d.list(3, d.field), d.props())
	case "enum":
		return fmt.Sprintf(`{"type":"enum","name":%q,"symbols":["A","B"]%s}`, d.name(), d.props())
	case "fixed":
		return fmt.Sprintf(`{"type":"fixed","name":%q,"size":%d%s}`, d.name(), rapid.IntRange(0, 3).Draw(d.t, "size"), d.props())
	default:
		return kind
	}
}

func (d *drawn) field(i int) string {
	def := d.pick("default", "", "", `,"default":null`, `,"default":1`, `,"default":{"f0":1.50}`, `,"default":0.10`, `,"default":16777217`, `,"default":-0.0`, `,"default":[{"f0":1e300}]`, `,"default":"A"`, `,"default":[1]`)
	return fmt.Sprintf(`{"name":"f%d","type":%s%s}`, i, d.typ(), def)
}

func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawn{t: t}
		laws(t, schema.Source{Text: d.typ()})
		laws(t, schema.Source{Text: fmt.Sprintf(`{"type":"record","name":%q,"fields":[%s,%s,%s]}`, d.name(), d.field(7), d.field(8), d.field(9))})
	})
}

// TestLawsOfVectors holds the recorded schemas to the laws and to a stricter
// one: their normal form is settled at once.
func TestLawsOfVectors(t *testing.T) {
	for _, c := range lines[canonicalCase](t, vectors(t, "canonical", "avro.jsonl")) {
		laws(t, schema.Source{Text: c.Input, Dependencies: resolve(stored(t, c.Registry), c.References)})
		if c.Normalized == "" || len(c.References) > 0 {
			continue
		}
		n, err := avro.Parse(schema.Source{Text: c.Normalized})
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		if again, err := n.Normalized(); err != nil || again.Canonical() != c.Normalized {
			t.Errorf("%s: %v: the normal form changes: %s", c.ID, err, c.Normalized)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	var fields strings.Builder
	for i := range 50 {
		fmt.Fprintf(&fields, `{"name": "field_%d", "type": ["null", {"type": "string", "avro.java.string": "String"}], "doc": "text", "default": null},`, i)
	}
	text := record(fields.String() + `{"name": "id", "type": "long"}`)
	for name, text := range map[string]string{"small": record(`{"name":"id","type":"long"},{"name":"name","type":"string","default":""}`), "wide": text} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := avro.Parse(schema.Source{Text: text, New: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
