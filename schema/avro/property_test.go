package avro_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	"pgregory.net/rapid"
)

// laws holds what is true of every text that parses.
func laws(t rapid.TB, text string) {
	s, err := avro.Parse(schema.Source{Text: text})
	if err != nil {
		return
	}
	again, err := avro.Parse(schema.Source{Text: s.Canonical()})
	if err != nil {
		t.Fatalf("the canonical text of %s does not parse: %v\n%s", text, err, s.Canonical())
	}
	once := again.Canonical() // a second reading settles ambiguous names
	if again, err = avro.Parse(schema.Source{Text: once}); err != nil || again.Canonical() != once {
		t.Fatalf("the canonical text of %s changes: %v\n%s\n%s", text, err, once, again.Canonical())
	}
	if strict, err := avro.Parse(schema.Source{Text: text, New: true}); err == nil && strict.Canonical() != s.Canonical() {
		t.Fatalf("strict reading of %s gives another text", text)
	}
	s.Tags()
	if resolved, err := s.Format(avro.FormatResolved); err != nil || resolved != s.Canonical() {
		t.Fatalf("without references, %s resolves to %s (%v)", text, resolved, err)
	}
	if !s.Equivalent(s) {
		t.Fatalf("%s does not equal itself", text)
	}
	normal, err := s.Normalized()
	if err != nil {
		return
	}
	if _, err := normal.Normalized(); err != nil {
		t.Fatalf("the normal form of %s has no normal form: %v", text, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`"int"`, `{"type":"int","p":[1,null,1.5e10,{"a":"b"}]}`, `["null","string"]`, "// c\n\"int\"",
		record(`{"name":"a","type":"long","default":1,"doc":"d","order":"ignore","aliases":["b"]}`),
		`{"type":"record","name":"a.R","fields":[{"name":"n","type":["null","R"],"default":null},{"name":"x","type":{"type":"enum","name":"q.E","symbols":["A"],"default":"A"}}]}`,
		`{"type":"map","values":{"type":"array","items":{"type":"fixed","name":"F","size":12,"logicalType":"duration"}}}`,
		record(`{"name":"a","type":"X"},{"name":"b","type":{"type":"error","name":".X","namespace":"y","fields":[],"aliases":["Z",".Z"]}}`),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { laws(t, text) })
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
	def := d.pick("default", "", "", `,"default":null`, `,"default":1`, `,"default":{"f0":1.50}`, `,"default":"A"`, `,"default":[1]`)
	return fmt.Sprintf(`{"name":"f%d","type":%s%s}`, i, d.typ(), def)
}

func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawn{t: t}
		laws(t, d.typ())
	})
}

// TestLawsOfVectors holds the recorded schemas to the laws and to a stricter
// one: their normal form is settled at once.
func TestLawsOfVectors(t *testing.T) {
	for _, c := range lines[canonicalCase](t, vectors(t, "canonical", "avro.jsonl")) {
		laws(t, c.Input)
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
