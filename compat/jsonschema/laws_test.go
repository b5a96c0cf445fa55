package jsonschema_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/compat"
	differ "github.com/seed-9f7c7091/concordat/compat/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// reflexive holds a valid schema against itself, read anew from its canonical
// text and in normal form, at every level and policy.
func reflexive(t rapid.TB, s schema.Schema, deps []schema.Dependency) {
	again, err := jsonschema.Language.Parse(schema.Source{Text: s.Canonical(), Dependencies: deps})
	if err != nil {
		t.Fatalf("%s: %v", s.Canonical(), err)
	}
	normal, err := s.Normalized()
	if err != nil {
		t.Fatalf("%s: %v", s.Canonical(), err)
	}
	for _, level := range compat.Levels {
		for _, policy := range []compat.Policy{"", compat.Strict, compat.Lenient, compat.Logical} {
			for _, form := range []schema.Schema{s, again, normal} {
				check := compat.Check{New: compat.Version{Schema: form}, Level: level, Policy: policy,
					History: []compat.Version{{Number: 1, Schema: normal}, {Number: 2, Schema: again}},
					Diff: func(reader, writer compat.Version, p compat.Policy) []compat.Difference {
						return differ.Differ.Diff(reader.Schema, writer.Schema, p)
					}}
				if r := check.Run(); !r.Compatible() {
					t.Fatalf("%s is not compatible with itself at %s, %s: %q", form.Canonical(), level, policy, r.Messages)
				}
			}
		}
	}
}

func TestReflexive(t *testing.T) {
	seen := make(map[string]bool)
	recordings(t, func(c *recording) {
		for _, p := range append([]posted{c.New}, c.Old...) {
			if seen[p.Schema] {
				continue
			}
			seen[p.Schema] = true
			if s, err := read(c.Registry, p, true); err == nil && s.Validate(false) == nil {
				deps, _ := dependencies(c.Registry, p.References)
				reflexive(t, s, deps)
			}
		}
	})
}

// drawn makes schemas out of few keywords, so that parts of them meet.
func drawn(depth int) *rapid.Generator[string] {
	values := map[string][]string{
		"type": {`"string"`, `"integer"`, `["number","null"]`, `"object"`, `["array"]`}, "minimum": {"1", "2.5"}, "exclusiveMaximum": {"7", "9"},
		"multipleOf": {"2", "0.5"}, "maxLength": {"3"}, "pattern": {`"^a"`, `"(a+)+$"`}, "enum": {`[1]`, `[1,"a",{"b":[]}]`}, "const": {"1.0", "null"},
		"required": {`["a"]`, `["a","b"]`}, "default": {"null", "1"}, "$ref": {`"#"`, `"#/definitions/d"`}, "uniqueItems": {"true"}, "minItems": {"1"},
		"dependencies": {`{"a":["b"],"c":{}}`}, "additionalProperties": {"false", "true"}, "additionalItems": {"false"}, "connect.type": {`"bytes"`},
	}
	keywords := slices.Sorted(maps.Keys(values))
	below := []string{"not", "items", "additionalProperties", "additionalItems", "if", "then", "contains", "unevaluatedProperties"}
	lists := []string{"allOf", "anyOf", "oneOf", "prefixItems", "items"}
	return rapid.Custom(func(t *rapid.T) string {
		var parts []string
		for range rapid.IntRange(0, 4).Draw(t, "members") {
			name := func(from []string) string { return `"` + rapid.SampledFrom(from).Draw(t, "keyword") + `":` }
			inner := func() string { return drawn(depth-1).Draw(t, "schema") }
			switch kind := rapid.IntRange(0, 6).Draw(t, "kind"); {
			case depth == 0 || kind < 3:
				k := rapid.SampledFrom(keywords).Draw(t, "keyword")
				parts = append(parts, `"`+k+`":`+rapid.SampledFrom(values[k]).Draw(t, "value"))
			case kind == 3:
				parts = append(parts, name(below)+inner())
			case kind == 4:
				parts = append(parts, name(lists)+"["+inner()+","+inner()+"]")
			case kind == 5:
				parts = append(parts, `"patternProperties":{"^b":`+inner()+`}`)
			default:
				parts = append(parts, `"properties":{"a":`+inner()+`,"b":`+inner()+`}`)
			}
		}
		return "{" + strings.Join(parts, ",") + "}"
	})
}

func TestLaws(t *testing.T) {
	heads := []string{"", `"$schema":"http://json-schema.org/draft-04/schema#",`, `"$schema":"https://json-schema.org/draft/2020-12/schema",`}
	rapid.Check(t, func(t *rapid.T) {
		var texts [2]string
		for i := range texts {
			root, definition := drawn(3).Draw(t, "root"), drawn(1).Draw(t, "definition")
			texts[i] = `{` + rapid.SampledFrom(heads).Draw(t, "dialect") + `"definitions":{"d":` + definition + `}` + strings.Replace(","+root[1:], ",}", "}", 1)
		}
		laws(t, texts[0], texts[1])
	})
}

// laws holds what is true of every two valid schemas.
func laws(t rapid.TB, old, updated string) {
	var valid []schema.Schema
	for _, text := range []string{old, updated} {
		s, err := jsonschema.Language.Parse(schema.Source{Text: text})
		if err != nil || s.Validate(false) != nil {
			return
		}
		valid = append(valid, s)
	}
	lenient := differ.Differ.Diff(valid[1], valid[0], compat.Lenient)
	strict := differ.Differ.Diff(valid[1], valid[0], compat.Strict)
	if len(strict) == 0 && len(lenient) > 0 {
		t.Fatalf("%s -> %s: strictly compatible, leniently not", old, updated)
	}
	for _, d := range strict {
		if !strings.HasPrefix(d.Path, "#/") || !d.Kind.Breaks(compat.Strict) {
			t.Fatalf("%s -> %s: reports %s at %q", old, updated, d.Kind.Name, d.Path)
		}
	}
	differ.All(valid[1], valid[0], compat.Strict)
	for _, s := range valid {
		reflexive(t, s, nil)
	}
}

func FuzzDiff(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"$ref":"#"}}}`, `{"oneOf":[{"type":"null"},{"type":"object","patternProperties":{"^a":{"$ref":"#"}}}]}`)
	f.Add(`{"$schema":"https://json-schema.org/draft/2020-12/schema","prefixItems":[{"const":1}],"items":false}`,
		`{"$schema":"https://json-schema.org/draft/2020-12/schema","prefixItems":[{"const":1},{}],"unevaluatedItems":{"not":{"enum":[1]}}}`)
	f.Add(`{"allOf":[{"minimum":1},{"multipleOf":2}],"dependencies":{"a":["b"]}}`, `{"anyOf":[{"minimum":1}],"if":{},"then":{"type":"string"}}`)
	seeds(f)
	f.Fuzz(func(t *testing.T, old, updated string) { laws(t, old, updated) })
}

// seeds adds some of the recorded pairs, where there are any.
func seeds(f *testing.F) {
	file, err := recorded()
	if err != nil {
		return
	}
	defer file.Close()
	n := 0
	each(f, file, func(c *recording) {
		if n++; n%50 == 0 && len(c.New.References) == 0 && len(c.Old[0].References) == 0 {
			f.Add(c.Old[0].Schema, c.New.Schema)
		}
	})
}
