package jsonschema_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
	"pgregory.net/rapid"
)

// generated draws texts of schemas, valid and not, from keywords and values.
func generated() *rapid.Generator[string] {
	scalar := rapid.SampledFrom([]string{`"string"`, `"object"`, `true`, `false`, `null`, `1`, `-0`, `1.50`, `2e3`, `0.10`, `-1e-7`, `1e400`, `9007199254740993`, `"^a"`, `["string","null"]`, `["a"]`, `"#"`, `"\u00e9\n"`})
	keyword := rapid.SampledFrom([]string{"type", "minimum", "maxLength", "pattern", "enum", "const", "required", "title", "default", "$ref", "additionalProperties", "x"})
	nested := rapid.SampledFrom([]string{"not", "items", "additionalProperties", "if", "contains"})
	lists := rapid.SampledFrom([]string{"allOf", "anyOf", "oneOf", "prefixItems"})
	var object func(depth int) *rapid.Generator[string]
	object = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			var members []string
			for range rapid.IntRange(0, 4).Draw(t, "members") {
				kind := rapid.IntRange(0, 5).Draw(t, "kind")
				switch {
				case depth == 0 || kind < 3:
					members = append(members, `"`+keyword.Draw(t, "keyword")+`":`+scalar.Draw(t, "value"))
				case kind == 3:
					members = append(members, `"`+nested.Draw(t, "keyword")+`" : `+object(depth-1).Draw(t, "schema"))
				case kind == 4:
					members = append(members, `"`+lists.Draw(t, "keyword")+`":[`+object(depth-1).Draw(t, "first")+`,`+object(depth-1).Draw(t, "second")+`]`)
				default:
					members = append(members, `"properties":{"a":`+object(depth-1).Draw(t, "a")+`,"b":`+object(depth-1).Draw(t, "b")+`}`)
				}
			}
			return `{` + strings.Join(members, ",") + `}`
		})
	}
	return rapid.Custom(func(t *rapid.T) string {
		head := rapid.SampledFrom([]string{"", four + ",", seven + ",", later + ","}).Draw(t, "dialect")
		return strings.Replace(`{`+head+object(3).Draw(t, "schema")[1:], ",}", "}", 1)
	})
}

func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := generated().Draw(t, "text")
		if !laws(t, schema.Source{Text: text}) {
			t.Fatalf("%s is refused", text)
		}
	})
}

func TestLawsOfVectors(t *testing.T) {
	vectors(t, "canonical/json.jsonl", func(line []byte) {
		var c canonicalCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		deps, _ := dependencies(c.Registry, c.References)
		laws(t, schema.Source{Text: c.Input, Dependencies: deps})
	})
}

// laws holds what is true of every text that parses, and tells whether the text does.
func laws(t rapid.TB, src schema.Source) bool {
	read := func(text string) *jsonschema.Schema {
		s, err := jsonschema.Parse(schema.Source{Text: text, Dependencies: src.Dependencies})
		if err != nil {
			t.Fatalf("%s is made of %s and does not parse: %v", text, src.Text, err)
		}
		return s
	}
	s, err := jsonschema.Parse(src)
	if err != nil {
		return false
	}
	valid := s.Validate(false) == nil
	normal, err := s.Normalized()
	if err != nil {
		t.Fatalf("%s has no normal form: %v", src.Text, err)
	}
	twice, err := normal.Normalized()
	if err != nil || twice.Canonical() != normal.Canonical() {
		t.Fatalf("the normal form of %s has another one: %v\n%s\n%s", src.Text, err, normal.Canonical(), twice.Canonical())
	}
	for _, form := range []schema.Schema{s, normal} {
		again := read(form.Canonical())
		if again.Canonical() != form.Canonical() || !again.Equivalent(form) || !form.Equivalent(again) || guid(again) != guid(form) {
			t.Fatalf("%s is read as another schema: %s", form.Canonical(), again.Canonical())
		}
		for _, s := range []schema.Schema{form, again} {
			if err := s.Validate(false); (err == nil) != valid {
				t.Fatalf("%s is valid: %t, but not its form %s: %s", src.Text, valid, s.Canonical(), detail(err))
			}
		}
		if n, err := again.Normalized(); err != nil || guid(n) != guid(normal) {
			t.Fatalf("%s: the normal form of %s is another: %v", src.Text, form.Canonical(), err)
		}
	}
	if !sameNumbers(numbers(t, src.Text), numbers(t, s.Canonical())) {
		t.Fatalf("numbers of %s change: %s", src.Text, s.Canonical())
	}
	kept, moved := numbers(t, s.Canonical()), numbers(t, normal.Canonical())
	slices.Sort(kept)
	slices.Sort(moved)
	if !slices.Equal(kept, moved) {
		t.Fatalf("numbers of %s change in the normal form %s", s.Canonical(), normal.Canonical())
	}
	s.Tags()
	s.Size()
	return true
}

func guid(s schema.Schema) schema.GUID { return schema.Identify(s.Canonical(), nil, nil, nil) }

// numbers lists the numbers of a text as they are written.
func numbers(t rapid.TB, text string) (list []string) {
	if strings.Trim(text, " \t\r\n") == "" {
		return nil
	}
	root, err := jsontree.Parse(text, jsontree.Options{NonFinite: true, Trailing: true})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var visit func(v *jsontree.Value)
	visit = func(v *jsontree.Value) {
		if v.Kind == jsontree.Number && strings.ContainsAny(v.Text, "0123456789") {
			list = append(list, v.Text)
		}
		for i := range v.Items {
			visit(&v.Items[i])
		}
		for i := range v.Members {
			visit(&v.Members[i].Value)
		}
	}
	visit(root)
	return list
}

// sameNumbers compares the values of numbers, of any size and precision.
func sameNumbers(a, b []string) bool {
	return slices.EqualFunc(a, b, func(a, b string) bool { return value(a) == value(b) })
}

// value writes a number as its digits without zeros around them, and an exponent.
func value(number string) string {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	e, _ := strconv.ParseInt(exponent, 10, 64)
	unsigned, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(unsigned, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	e += int64(len(digits) - len(fraction)) // of 0.digits
	if digits = strings.TrimRight(digits, "0"); digits == "" {
		return "0"
	}
	return fmt.Sprintf("%t 0.%se%d", negative, digits, e)
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"type":"object","properties":{"a":{"$ref":"#/definitions/b"}},"definitions":{"b":{"type":["string","null"],"pattern":"^a"}}}`,
		`{` + later + `,"prefixItems":[{"const":1.0}],"items":false,"unevaluatedProperties":{"not":{}},"$defs":{"x":{"$anchor":"y"}}}`,
		`{"confluent:tags":["a"],"oneOf":[{"minimum":1e3},{"enum":[NaN]}]} rest`,
		`{"$id":"http://a/b","patternProperties":{"(a+)+$":{"$ref":"#c"}},"definitions":{"c":{"$id":"#c","multipleOf":1e-9}}}`,
		"{\"a\":\"\\ud800\\u0000\xff\"}", order,
	} {
		f.Add(text)
	}
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		allocated, _ := cost(func() { _, _ = use(schema.Source{Text: text}) })
		if allocated > 4*maxAllocated*len(text)+8<<20 {
			t.Fatalf("%d bytes allocated for %q", allocated, text)
		}
		laws(t, schema.Source{Text: text})
	})
}

// seeds adds the recorded schemas, where there are any.
func seeds(f *testing.F) {
	file, err := recorded("canonical/json.jsonl")
	if err != nil {
		return
	}
	defer file.Close()
	each(f, file, func(line []byte) {
		var c canonicalCase
		if json.Unmarshal(line, &c) == nil && len(c.Input) < 1000 {
			f.Add(c.Input)
		}
	})
}
