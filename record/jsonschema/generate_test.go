package jsonschema_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema"
	source "github.com/seed-9f7c7091/concordat/schema/jsonschema"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
)

func format(t testing.TB, text string) *jsonschema.Format {
	t.Helper()
	f, err := jsonschema.NewFormat(parse(t, text, nil))
	if err != nil {
		t.Fatalf("%.500s: %v", text, err)
	}
	return f
}

// Records that are made up match their schemas, whatever the keywords.
func TestGenerate(t *testing.T) {
	for _, c := range []struct{ name, schema string }{
		{"anything", `true`},
		{"types", `{"type":["integer","null","array","object"]}`},
		{"listed values", `{"enum":[1,"a",null,{"b":[1.50,1e400]}]}`},
		{"listed values of a type", `{"type":"string","enum":[1,"a",null]}`},
		{"values listed twice", `{"allOf":[{"enum":[1,2,3]},{"enum":[3,4]}]}`},
		{"a constant", `{"properties":{"kind":{"const":"k"}},"required":["kind"],"additionalProperties":false}`},
		{"integers", `{"type":"integer","minimum":-3,"exclusiveMaximum":7}`},
		{"large integers", `{"type":"integer","minimum":9223372036854775800,"maximum":18446744073709551616}`},
		{"multiples", `{"type":"number","minimum":1,"maximum":2,"multipleOf":0.01}`},
		{"multiples of several", `{"allOf":[{"multipleOf":0.6},{"multipleOf":4}],"type":"integer","minimum":100}`},
		{"narrow", `{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":0.001}`},
		{"one number", `{"type":"number","minimum":2.5,"maximum":2.5}`},
		{"draft 4", in(draft4, `"type":"integer","minimum":3,"exclusiveMinimum":true,"maximum":4`)},
		{"lengths", `{"type":"string","minLength":17,"maxLength":18}`},
		{"a pattern", `{"type":"string","pattern":"^[A-Z]{2}\\d{4,6}(-(x|yy)+)?$"}`},
		{"a pattern and lengths", `{"type":"string","pattern":"^a[b-d]*z$","minLength":12,"maxLength":14}`},
		{"a pattern inside", `{"type":"string","pattern":"\\d\\d","minLength":30}`},
		{"two patterns", `{"type":"string","allOf":[{"pattern":"^[a-z]+$"},{"pattern":"a"}]}`},
		{"formats", `{"type":"array","items":[{"format":"date-time"},{"format":"date"},{"format":"time"},{"format":"email"},{"format":"uri"},
			{"format":"uuid"},{"format":"ipv4"},{"format":"ipv6"},{"format":"hostname"},{"format":"regex"},{"format":"json-pointer"},
			{"format":"relative-json-pointer"},{"format":"uri-reference"},{"format":"uri-template"}],"minItems":14,"additionalItems":false}`},
		{"tuples", in(of2020, `"prefixItems":[{"type":"string"},{"type":"boolean"}],"items":{"type":"null"},"minItems":4,"maxItems":5`)},
		{"unique items", `{"type":"array","items":{"type":"integer","minimum":1,"maximum":6},"minItems":5,"uniqueItems":true}`},
		{"contained", in(of2020, `"type":"array","items":{"type":"integer"},"contains":{"minimum":100},"minContains":2,"maxContains":3`)},
		{"no more items", in(of2020, `"type":"array","prefixItems":[{"type":"string"}],"unevaluatedItems":false`)},
		{"required", `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"required":["b","c"],"minProperties":4}`},
		{"names", `{"type":"object","propertyNames":{"pattern":"^x-[a-z]+$"},"minProperties":2,"additionalProperties":{"type":"integer"}}`},
		{"patterns of names", `{"type":"object","patternProperties":{"^s_[a-z]{5}":{"type":"string"}},"additionalProperties":false,"minProperties":2}`},
		{"few", `{"type":"object","properties":{"a":{},"b":{},"c":{},"d":{}},"maxProperties":2,"additionalProperties":false}`},
		{"a property that cannot be", `{"type":"object","properties":{"a":false,"b":{"type":"null"}},"minProperties":1,"additionalProperties":false}`},
		{"dependencies", `{"properties":{"a":{"type":"integer"}},"required":["a"],"dependencies":{"a":["b"],"b":{"required":["c"],"properties":{"c":{"type":"boolean"}}}}}`},
		{"dependents", in(of2020, `"type":"object","required":["a"],"dependentRequired":{"a":["b"]},"dependentSchemas":{"b":{"properties":{"z":{"const":1}},"required":["z"]}}`)},
		{"unevaluated", in(of2020, `"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]}],"unevaluatedProperties":false`)},
		{"any", `{"anyOf":[{"type":"string","maxLength":3},{"type":"integer"},false]}`},
		{"one", `{"oneOf":[{"type":"integer","multipleOf":3},{"type":"integer","multipleOf":5}]}`},
		{"all", `{"allOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"a":{"minLength":3},"b":{"type":"null"}}}],"type":"object"}`},
		{"not", `{"type":"integer","not":{"enum":[0,1,2]}}`},
		{"not even the simplest", `{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"not":{"properties":{"a":{"minimum":-5,"maximum":5}}}}`},
		{"conditions", `{"type":"object","properties":{"kind":{"enum":["a","b"]},"n":{"type":"integer"},"s":{"type":"string"}},"required":["kind"],
			"if":{"properties":{"kind":{"const":"a"}}},"then":{"required":["n"]},"else":{"required":["s"]}}`},
		{"a discriminator", `{"oneOf":[{"$ref":"#/definitions/a"},{"$ref":"#/definitions/b"}],"definitions":{
			"a":{"type":"object","properties":{"kind":{"const":"a"},"n":{"type":"integer"}},"required":["kind","n"]},
			"b":{"type":"object","properties":{"kind":{"const":"b"},"next":{"$ref":"#"}},"required":["kind","next"]}}}`},
		{"recursion", `{"type":"object","properties":{"value":{"type":"integer"},"left":{"$ref":"#"},"right":{"$ref":"#"},"all":{"type":"array","items":{"$ref":"#"}}},"required":["value"]}`},
		{"recursion with a way out", `{"oneOf":[{"type":"object","properties":{"l":{"$ref":"#"},"r":{"$ref":"#"}},"required":["l","r"]},{"type":"null"}]}`},
		{"dynamic references", in(of2020, `"$dynamicAnchor":"n","type":"object","properties":{"children":{"type":"array","items":{"$dynamicRef":"#n"}}},"required":["children"]`)},
	} {
		f := format(t, c.schema)
		for seed := range uint64(60) {
			g := record.NewGenerator(seed, int(seed/4))
			v, err := f.Generated(g)
			if err != nil {
				text, _ := f.Print(v)
				t.Errorf("%s, seed %d: %s: %v", c.name, seed, text, err)
				break
			}
			text, err := f.Append(nil, v)
			if err == nil {
				err = f.Validator().Validate(text)
			}
			if err != nil {
				t.Errorf("%s, seed %d: %s does not match as text: %v", c.name, seed, text, err)
				break
			}
			again, err := f.Append(nil, f.Generate(record.Replay(g.Choices(), g.Size())))
			if err != nil || string(again) != string(text) {
				t.Errorf("%s, seed %d: made again it is %s, %v, was %s", c.name, seed, again, err, text)
				break
			}
		}
		if v, err := f.Generated(record.Replay(nil, 0)); err != nil {
			t.Errorf("%s: the simplest record %v: %v", c.name, v, err)
		}
	}
}

// Where there is no record the best one comes with the reason.
func TestGenerateNothing(t *testing.T) {
	for _, text := range []string{
		`false`,
		`{"type":"string","minLength":2,"maxLength":1}`,
		`{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}`,
		`{"type":"array","minItems":1000000000,"items":{"type":"array","minItems":1000000000}}`,
		`{"type":"string","minLength":1000000000}`,
		`{"allOf":[{"$ref":"#/definitions/a"}],"definitions":{"a":{"allOf":[{"$ref":"#"}]}}}`,
	} {
		f := format(t, text)
		if v, err := f.Generated(record.NewGenerator(1, 20)); err == nil {
			t.Errorf("%s: %v matches", text, v)
		}
	}
}

// Records are small where the size is, and vary where the choices do.
func TestGenerateVaries(t *testing.T) {
	f := format(t, `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"array","items":{"$ref":"#"}}}}`)
	seen := make(map[string]bool)
	const seeds, most = 100, 4096
	for seed := range uint64(seeds) {
		text, err := f.Print(f.Generate(record.NewGenerator(seed, 30)))
		if err != nil {
			t.Fatal(err)
		}
		seen[string(text)] = true
		small, err := f.Print(f.Generate(record.NewGenerator(seed, 0)))
		if err != nil || len(small) > most {
			t.Errorf("size 0 made %d bytes, %v", len(small), err)
		}
	}
	if len(seen) < seeds/2 {
		t.Errorf("%d of %d records differ", len(seen), seeds)
	}
}

// Of the schemas that the reference accepts, records are made up for all that
// let any match. One in thirty asks for what cannot be, such as a string that is a number.
func TestConformanceGenerate(t *testing.T) {
	file, err := os.Open(filepath.Join(replaytest.Vectors("../.."), "compat", "json.jsonl"))
	if err != nil {
		t.Skipf("%v; set VECTORS to the folder that holds it", err)
	}
	defer file.Close()
	texts := make(map[string]bool)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c struct {
			Old []json.RawMessage
			New json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		var text string
		if json.Unmarshal(c.New, &text) == nil {
			texts[text] = true
		}
	}
	schemas, records, failed := 0, 0, 0
	for text := range texts {
		s, err := source.Parse(schema.Source{Text: text})
		if err != nil || s.Validate(false) != nil {
			continue
		}
		if _, err := jsonschema.New(s); err != nil {
			continue // a schema that asks for itself
		}
		f, err := jsonschema.NewFormat(s)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		schemas++
		for seed := range uint64(3) {
			records++
			if v, err := f.Generated(record.NewGenerator(seed, 10)); err != nil {
				var invalid *jsonschema.InvalidError
				if !errors.As(err, &invalid) {
					t.Errorf("%s: %v", text, err)
				}
				failed++
				t.Logf("%s: %v: %v", text, v, err)
				break
			}
		}
	}
	t.Logf("%d schemas, %d records, %d schemas without a record", schemas, records, failed)
	const allowed = 25 // one in so many
	if failed*allowed > schemas {
		t.Errorf("no record for %d of %d schemas of %s", failed, schemas, api.JSON)
	}
}

func BenchmarkGenerate(b *testing.B) {
	f := format(b, purchase)
	f.Generate(record.NewGenerator(0, 10))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f.Generate(record.NewGenerator(uint64(i), 10))
	}
}

// purchase is a schema of everyday.
const purchase = `{
	"$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object",
	"properties": {
		"id": {"type": "string", "format": "uuid"},
		"customer": {"$ref": "#/definitions/Person"},
		"lines": {"type": "array", "items": {"type": "object", "properties": {
			"sku": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"}, "quantity": {"type": "integer", "minimum": 1, "maximum": 1000},
			"price": {"type": "number", "minimum": 0, "multipleOf": 0.01}}, "required": ["sku", "quantity"]}, "minItems": 1},
		"status": {"enum": ["new", "paid", "sent"]},
		"note": {"type": ["string", "null"], "confluent:tags": ["FREE_TEXT"]}
	},
	"required": ["id", "customer", "lines"], "additionalProperties": false,
	"definitions": {"Person": {"type": "object", "properties": {
		"name": {"type": "string", "minLength": 1, "confluent:tags": ["PII"]},
		"email": {"type": "string", "format": "email", "confluent:tags": ["PII", "CONTACT"]},
		"address": {"oneOf": [{"type": "null"}, {"type": "object", "properties": {"street": {"type": "string", "confluent:tags": ["PII"]}, "zip": {"type": "string"}}}]}
	}, "required": ["name"]}}
}`
