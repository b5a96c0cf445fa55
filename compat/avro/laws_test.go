package avro_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/compat"
	compatavro "github.com/seed-9f7c7091/concordat/compat/avro"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// reflexive holds a schema against itself, read anew from its canonical text
// and in normal form, at every level and policy. The one reason against it may
// be that its own aliases make it ambiguous.
func reflexive(t rapid.TB, s schema.Schema, deps []schema.Dependency) {
	again, err := avro.Language.Parse(schema.Source{Text: s.Canonical(), Dependencies: deps})
	if err != nil {
		t.Fatalf("%s: %v", s.Canonical(), err)
	}
	forms := []schema.Schema{s, again}
	if normal, err := s.Normalized(); err == nil && sameDefaults(s, normal) {
		forms = append(forms, normal)
	}
	for _, level := range compat.Levels {
		for _, policy := range []compat.Policy{"", compat.Strict, compat.Lenient, compat.Logical} {
			for _, form := range forms {
				check := compat.Check{New: compat.Version{Schema: form}, Level: level, Policy: policy,
					History: []compat.Version{{Number: 1, Schema: forms[len(forms)-1]}, {Number: 2, Schema: again}},
					Diff: func(reader, writer compat.Version, p compat.Policy) []compat.Difference {
						return compatavro.Differ.Diff(reader.Schema, writer.Schema, p)
					}}
				for _, f := range check.Run().Findings {
					if f.Kind != &compatavro.ComparisonFailed {
						t.Fatalf("%s is not compatible with itself at %s, %s: %s", form.Canonical(), level, policy, f.Text("new", "old"))
					}
				}
			}
		}
	}
}

// sameDefaults reports whether a normal form has kept the defaults of the
// schema: one that is no value of its type has no normal form, and is dropped.
func sameDefaults(s, normal schema.Schema) bool {
	return strings.Count(s.Canonical(), `"default":`) == strings.Count(normal.Canonical(), `"default":`)
}

func TestReflexive(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range recordings(t) {
		for _, p := range append([]posted{r.New}, r.Old...) {
			if seen[p.Schema] {
				continue
			}
			seen[p.Schema] = true
			if s, err := read(r.Registry, p, false); err == nil {
				deps, _ := dependencies(r.Registry, p.References)
				reflexive(t, s, deps)
			}
		}
	}
}

// drawn makes a type. Names are drawn from few, so that the types of two schemas meet.
func drawn(t *rapid.T, depth int, names map[string]bool) string {
	pick := func(from ...string) string { return rapid.SampledFrom(from).Draw(t, "choice") }
	free := func(from ...string) string {
		name := pick(from...)
		if names[name] {
			return ""
		}
		names[name] = true
		return name
	}
	kinds := []string{"primitive", "primitive", "array", "map", "union", "record", "record", "enum", "fixed", "name"}
	if depth == 0 {
		kinds = kinds[:1]
	}
	kind := pick(kinds...)
	switch kind {
	case "array":
		return `{"type":"array","items":` + drawn(t, depth-1, names) + `}`
	case "map":
		return `{"type":"map","values":` + drawn(t, depth-1, names) + `}`
	case "union":
		return `["null",` + pick(`"int"`, `"long"`) + `,` + pick(`"string"`, `"bytes"`, `"float"`) + `]`
	case "record":
		if name := free("n.R", "n.S", "n.T"); name != "" {
			fields := make([]string, rapid.IntRange(0, 3).Draw(t, "fields"))
			for i := range fields {
				fields[i] = `{"name":"` + string(rune('a'+i)) + `","type":` + drawn(t, depth-1, names) + pick("", "", `,"default":null`, `,"default":0`, `,"aliases":["z"]`) + `}`
			}
			return `{"type":"record","name":"` + name + `","fields":[` + strings.Join(fields, ",") + `]}`
		}
	case "enum":
		if name := free("E", "n.F"); name != "" {
			return `{"type":"enum","name":"` + name + `","symbols":[` + pick(`"A"`, `"A","B"`, `"B","C"`) + `]` + pick("", `,"aliases":["E"]`) + `}`
		}
	case "fixed":
		if name := free("X", "n.Y"); name != "" {
			return `{"type":"fixed","name":"` + name + `","size":` + pick("1", "2") + `}`
		}
	case "name":
		for _, name := range []string{"n.R", "n.S", "n.T", "E"} {
			if names[name] {
				return `"` + name + `"`
			}
		}
	}
	return pick(`"int"`, `"long"`, `"double"`, `"string"`, `"bytes"`, `"boolean"`)
}

func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawn(t, 4, map[string]bool{}), drawn(t, 4, map[string]bool{})
		for _, text := range []string{a, b} {
			if _, err := avro.Language.Parse(schema.Source{Text: text}); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		laws(t, a, b)
	})
}

// laws holds what is true of every two schemas.
func laws(t rapid.TB, a, b string) {
	reader, err := avro.Language.Parse(schema.Source{Text: a})
	if err != nil {
		return
	}
	writer, err := avro.Language.Parse(schema.Source{Text: b})
	if err != nil {
		return
	}
	for _, d := range compatavro.Differ.Diff(reader, writer, "") {
		if d.Text("new", "old") == "" || d.Path == "" || !d.Kind.Breaks(compat.Strict) {
			t.Fatalf("%s, %s: %+v", a, b, d)
		}
	}
	reflexive(t, reader, nil)
	reflexive(t, writer, nil)
}

func FuzzDiff(f *testing.F) {
	f.Add(`"int"`, `["null","long"]`)
	f.Add(record(`{"name":"a","type":"R"}`), record(`{"name":"a","type":["null","R"]},{"name":"b","type":"bytes"}`))
	f.Add(`{"type":"enum","name":"E","symbols":["A"],"default":"A"}`, `{"type":"enum","name":"F","symbols":["B"]}`)
	f.Add(`{"type":"fixed","name":"a.F","size":1,"aliases":["G"]}`, `{"type":"fixed","name":"a.G","size":2}`)
	seeds(f)
	f.Fuzz(func(t *testing.T, a, b string) { laws(t, a, b) })
}

// seeds adds some of the recorded pairs, where there are any.
func seeds(f *testing.F) {
	file, ok := recorded()
	if !ok {
		return
	}
	for i, r := range decoded(f, file) {
		if i%20 == 0 && len(r.New.References) == 0 && len(r.Old[0].References) == 0 {
			f.Add(r.New.Schema, r.Old[0].Schema)
		}
	}
}
