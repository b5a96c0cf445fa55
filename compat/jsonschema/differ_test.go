package jsonschema_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/compat"
	differ "github.com/seed-9f7c7091/concordat/compat/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

func parse(t testing.TB, text string) schema.Schema {
	t.Helper()
	s, err := jsonschema.Language.Parse(schema.Source{Text: text})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

// diff compares texts and writes the differences as "KIND path".
func diff(t testing.TB, old, updated string, policy compat.Policy) []string {
	t.Helper()
	var all []string
	for _, d := range differ.Differ.Diff(parse(t, updated), parse(t, old), policy) {
		all = append(all, d.Kind.Name+" "+d.Path)
	}
	return all
}

// TestDiff has an example for each part of the rules.
func TestDiff(t *testing.T) {
	for _, c := range []struct {
		old, updated string
		want         []string
	}{
		{`{"type":"integer"}`, `{"type":"number"}`, nil},
		{`{"type":"number"}`, `{"type":"integer"}`, []string{"TYPE_NARROWED #/"}},
		{`{"type":"string"}`, `{}`, nil},
		{`{}`, `{"type":"string"}`, []string{"TYPE_CHANGED #/"}},
		{`false`, `{"type":"string"}`, nil},
		{`{"type":"string"}`, `{"type":["null","string"]}`, nil},
		{`{"type":["null","string"]}`, `{"type":"string"}`, []string{"TYPE_CHANGED #/"}},
		{`{"type":"string"}`, `{"type":["string"]}`, nil},
		{`{"minLength":1}`, `{"minLength":2,"maxLength":5}`, []string{"MAX_LENGTH_ADDED #/maxLength", "MIN_LENGTH_INCREASED #/minLength"}},
		{`{"multipleOf":2.5}`, `{"multipleOf":5}`, []string{"MULTIPLE_OF_EXPANDED #/multipleOf"}},
		{`{"multipleOf":5}`, `{"multipleOf":2.5}`, nil},
		{`{"multipleOf":1E+300}`, `{"multipleOf":1E+900}`, []string{"MULTIPLE_OF_CHANGED #/multipleOf"}},
		{`{"properties":{"a":{}}}`, `{"properties":{"a":{},"b":{"type":"null"}}}`, []string{"OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/b"}},
		{`{"properties":{"a":{}}}`, `{"properties":{"a":{}},"required":["a"]}`, []string{"REQUIRED_ATTRIBUTE_ADDED #/required/a"}},
		{`{"properties":{"a":{}}}`, `{"properties":{"a":{"default":null}},"required":["a"]}`, nil},
		{`{"properties":{"a":{"type":"null"}},"additionalProperties":false}`, `{"additionalProperties":{"type":"string"}}`, []string{
			"TYPE_CHANGED #/properties/a", "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a"}},
		{`{"patternProperties":{"^(?!x)":{"type":"string"}}}`, `{"patternProperties":{"^(?!x)":{}},"properties":{"a":{"type":"null"}}}`, []string{
			"TYPE_CHANGED #/properties/a", "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a"}},
		{`{"dependencies":{"a":["b"]}}`, `{"dependencies":{"a":["b","c"],"d":{"type":"null"}}}`, []string{
			"DEPENDENCY_ARRAY_EXTENDED #/dependencies/a", "DEPENDENCY_SCHEMA_ADDED #/dependencies/d"}},
		{`{"items":{"type":"string"}}`, `{"items":{"type":"null"}}`, []string{"TYPE_CHANGED #/items"}},
		{`{"type":"array"}`, `{"type":"array","items":{}}`, []string{"SCHEMA_ADDED #/items"}},
		{`{"items":[{"type":"string"}]}`, `{"items":[{"type":"string"},{"type":"null"}]}`, []string{"ITEM_ADDED_TO_OPEN_CONTENT_MODEL #/items/1"}},
		{`{"enum":[1,"a"]}`, `{"enum":["a"]}`, []string{"ENUM_ARRAY_NARROWED #/enum"}},
		{`{"enum":[{"a":1,"b":2}]}`, `{"enum":[{"b":2,"a":1},1]}`, nil},
		{`{"const":1}`, `{"const":1.0}`, []string{"ENUM_ARRAY_CHANGED #/const"}},
		{`{"not":{"type":"integer"}}`, `{"not":{"type":"number"}}`, []string{"NOT_TYPE_EXTENDED #/not"}},
		{`{"not":{"type":"number"}}`, `{"not":{"type":"integer"}}`, nil},
		{`{"oneOf":[{"type":"string"},{"type":"null"}]}`, `{"oneOf":[{"type":"null"},{"type":"string"},{"type":"object"}]}`, nil},
		{`{"oneOf":[{"type":"string"},{"type":"null"}]}`, `{"oneOf":[{"type":"null"}]}`, []string{"SUM_TYPE_NARROWED #/"}},
		{`{"oneOf":[{"type":"string"},{"type":"null"}]}`, `{"oneOf":[{"type":"null"},{"type":"object"}]}`, []string{"COMBINED_TYPE_SUBSCHEMAS_CHANGED #/"}},
		{`{"anyOf":[{"type":"string"},{"type":"null"}]}`, `{"oneOf":[{"type":"string"},{"type":"null"}]}`, []string{"COMBINED_TYPE_CHANGED #/"}},
		// The first member fits both, the second only the first: one has to move.
		{`{"anyOf":[{"type":"integer"},{"type":"number"}]}`, `{"anyOf":[{"type":"number"},{"type":"integer"}]}`, nil},
		{`{"if":{"type":"string"}}`, `{"then":{"type":"null"}}`, nil},
	} {
		if got := diff(t, c.old, c.updated, compat.Strict); !slices.Equal(got, c.want) {
			t.Errorf("%s -> %s\n\tgot  %q\n\twant %q", c.old, c.updated, got, c.want)
		}
	}
}

func TestLenient(t *testing.T) {
	for _, c := range []struct{ old, updated string }{
		{`{"properties":{"a":{}}}`, `{"properties":{"a":{},"b":{"type":"null"}}}`},
		{`{"properties":{"a":{},"b":{}},"additionalProperties":false}`, `{"properties":{"a":{}},"additionalProperties":false}`},
		{`{"type":"object"}`, `{"type":"object","additionalProperties":false}`},
	} {
		if len(diff(t, c.old, c.updated, compat.Strict)) == 0 {
			t.Errorf("%s -> %s: strictly compatible", c.old, c.updated)
		}
		if got := diff(t, c.old, c.updated, compat.Lenient); got != nil {
			t.Errorf("%s -> %s: %q", c.old, c.updated, got)
		}
	}
}

// TestRecursion compares schemas that contain themselves.
func TestRecursion(t *testing.T) {
	node := func(v, next string) string {
		return `{"$ref":"#/definitions/n","definitions":{"n":{"type":"object","properties":{"v":` + v + `,"next":` + next + `}}}}`
	}
	const self, maybe = `{"$ref":"#/definitions/n"}`, `{"oneOf":[{"type":"null"},{"$ref":"#/definitions/n"}]}`
	for _, c := range []struct {
		old, updated string
		want         []string
	}{
		{node(`{"type":"integer"}`, self), node(`{"type":"number"}`, self), nil},
		{node(`{"type":"string"}`, self), node(`{"type":"number"}`, self), []string{"TYPE_CHANGED #/properties/next/properties/v", "TYPE_CHANGED #/properties/v"}},
		{node(`{"type":"integer"}`, maybe), node(`{"type":"number"}`, maybe), nil},
		// next alone would fit itself, but a node does not fit because of v.
		{node(`{"type":"string"}`, maybe), node(`{"type":"number"}`, maybe), []string{"COMBINED_TYPE_SUBSCHEMAS_CHANGED #/properties/next", "TYPE_CHANGED #/properties/v"}},
		{`{"$ref":"#"}`, `{"$ref":"#"}`, nil},
	} {
		if got := diff(t, c.old, c.updated, compat.Strict); !slices.Equal(got, c.want) {
			t.Errorf("%s -> %s\n\tgot  %q\n\twant %q", c.old, c.updated, got, c.want)
		}
	}
}

func TestAll(t *testing.T) {
	old := `{"title":"a","properties":{"x":{"type":"integer"}},"additionalProperties":false}`
	updated := `{"title":"b","properties":{"x":{"type":"number"},"y":{"type":"null"}},"additionalProperties":true}`
	var got []string
	for _, f := range differ.All(parse(t, updated), parse(t, old), compat.Strict) {
		got = append(got, fmt.Sprintf("%s %s %t", f.Kind.Name, f.Path, !f.Kind.Breaks(compat.Strict)))
	}
	want := []string{
		"TITLE_CHANGED #/ true", "TYPE_EXTENDED #/properties/x true",
		"OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/y true", "ADDITIONAL_PROPERTIES_ADDED #/additionalProperties true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func BenchmarkDiff(b *testing.B) {
	order := func(more string) schema.Schema {
		var properties []string
		for i := range 30 {
			properties = append(properties, fmt.Sprintf(`"p%d":{"type":"string","maxLength":%d}`, i, 10+i))
		}
		return parse(b, `{"type":"object","properties":{`+strings.Join(properties, ",")+more+
			`,"who":{"oneOf":[{"type":"null"},{"$ref":"#/definitions/who"}]}},"additionalProperties":false,"definitions":{"who":{"type":"object","properties":{"boss":{"$ref":"#/definitions/who"}}}}}`)
	}
	old, fits, fails := order(""), order(`,"new":{"type":"string"}`), order(`,"new":{"type":"string"},"p3":{"type":"null"}`)
	for name, updated := range map[string]schema.Schema{"compatible": fits, "incompatible": fails} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := differ.Differ.Diff(updated, old, compat.Strict); (len(got) == 0) != (name == "compatible") {
					b.Fatal(got)
				}
			}
		})
	}
}
