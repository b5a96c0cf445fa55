package jsonschema_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

func parse(t testing.TB, text string, deps ...schema.Dependency) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.Parse(schema.Source{Text: text, Dependencies: deps})
	if err != nil {
		t.Fatalf("%s: %s", text, detail(err))
	}
	return s
}

func TestCanonical(t *testing.T) {
	for text, want := range map[string]string{
		`{ "b" : 1 , "a" : [ true , null ] }`: `{"b":1,"a":[true,null]}`,
		`{"a":1,"b":2,"a":3}`:                 `{"a":3,"b":2}`,
		`{"t":"\u00e9\/\u001f\ud83d\ude00"}`:  `{"t":"é/\u001F😀"}`,
		`{"n":[NaN,-Infinity,INF]}`:           `{"n":["NaN","-Infinity","Infinity"]}`,
		`{"n":[-0,0.0,-0.0,0e5,12e0,1e3]}`:    `{"n":[0,0.0,0.0,0E+5,12,1E+3]}`,
		`{"n":[1e-6,1e-7,12e-8,1.10,-1.5E1]}`: `{"n":[0.000001,1E-7,1.2E-7,1.10,-15]}`,
		`{"n":[123.45e1,123.45e3,0.0e-8]}`:    `{"n":[1234.5,1.2345E+5,0E-9]}`,
		`true trailing`:                       `true`,
		"\t ":                                 ``,
	} {
		if got := parse(t, text).Canonical(); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestNormalized(t *testing.T) {
	s := parse(t, `{"b":[{"z":1,"a":2}],"\ud83d\ude00":1,"\uffee":2,"a":{"y":1e2,"x":0}}`)
	n, err := s.Normalized()
	if err != nil {
		t.Fatal(err)
	}
	if want := "{\"a\":{\"x\":0,\"y\":1E+2},\"b\":[{\"a\":2,\"z\":1}],\"😀\":1,\"\uffee\":2}"; n.Canonical() != want {
		t.Errorf("got %s", n.Canonical())
	}
}

func TestNotJSON(t *testing.T) {
	for _, text := range []string{
		"x", "{", `{"a":1,}`, `{'a':1}`, "// c\n{}", "{\"a\":\"\n\"}", `{"n":01}`, `{"n":+1}`, `{"n":1.}`, `{"n":.5}`,
		`{"n":1e99999999999}`, `{"n":` + strings.Repeat("1", 1001) + `}`, strings.Repeat("[", 5000),
	} {
		_, err := jsonschema.Parse(schema.Source{Text: text})
		var p *jsonschema.ParseError
		if !errors.As(err, &p) || err.Error() != "Invalid JSON schema" || p.Err == nil {
			t.Errorf("%.40s: %v", text, err)
		}
	}
}

const (
	four  = `"$schema":"http://json-schema.org/draft-04/schema#"`
	seven = `"$schema":"https://json-schema.org/draft-07/schema"`
	later = `"$schema":"https://json-schema.org/draft/2020-12/schema"`
)

// TestValidate lists keywords with values they can and cannot have, by dialect.
func TestValidate(t *testing.T) {
	for _, c := range []struct {
		body                string
		four, seven, latest bool
	}{
		{`"type":"strin"`, false, false, false},
		{`"type":["string","bogus"]`, false, false, false},
		{`"type":[]`, true, true, true},
		{`"required":"a"`, false, false, false},
		{`"required":[1]`, false, false, false},
		{`"minimum":"1"`, false, false, false},
		{`"pattern":"["`, false, false, false},
		{`"pattern":"^(?!x)(a)\\1$"`, true, true, true},
		{`"patternProperties":{"(":{}}`, false, false, false},
		{`"items":5`, false, false, false},
		{`"items":[{}]`, true, true, false},
		{`"items":true`, false, true, true},
		{`"contains":1`, true, false, false},
		{`"maxLength":1.5`, false, false, false},
		{`"maxLength":-1`, true, true, true},
		{`"multipleOf":0`, false, false, true},
		{`"exclusiveMinimum":true`, true, false, false},
		{`"exclusiveMinimum":1`, false, true, true},
		{`"if":1`, true, false, false},
		{`"then":1`, true, false, true},
		{`"dependencies":{"a":1}`, false, false, true},
		{`"dependentRequired":{"a":1}`, true, true, false},
		{`"definitions":[]`, true, true, true},
		{`"$id":1`, true, false, true},
		{`"$id":"%%%"`, true, false, false},
		{`"title":1`, false, false, false},
		{`"allOf":{}`, false, false, false},
		{`"allOf":[]`, true, true, true},
		{`"properties":{"a":true}`, false, true, true},
		{`"$ref":"#/definitions/a"`, false, false, false},
		{`"$ref":"#/definitions/a","definitions":{"a":{}}`, true, true, true},
		{`"$ref":"#/$defs/a","definitions":{"a":{}}`, true, true, true},
		{`"$ref":"#/definitions/a","$defs":{"a":{}}`, false, false, false},
		{`"$ref":"#/definitions/a","definitions":{"a":{"type":1},"b":{"type":1}}`, false, false, false},
		{`"definitions":{"b":{"type":1}}`, true, true, true},
		{`"$ref":"#"`, true, true, true},
		{`"$ref":"missing.json"`, false, false, false},
		{`"$ref":"http://example.com/x.json"`, false, false, false},
		{`"$ref":"http://json-schema.org/draft-07/schema#"`, true, true, true},
		{`"$ref":"https://json-schema.org/draft/2020-12/schema"`, false, true, true},
		{`"items":{"$ref":"#/properties/a~1b%25"},"properties":{"a/b%":{}}`, true, true, true},
		{`"$ref":"#x","definitions":{"a":{"$anchor":"x"}}`, false, false, true},
		{`"$ref":"#x","definitions":{"a":{"$id":"#x"}}`, false, true, true},
		{`"$ref":"#x","definitions":{"a":{"id":"#x"}}`, true, false, false},
	} {
		for _, d := range []struct {
			schema string
			valid  bool
		}{{four, c.four}, {seven, c.seven}, {later, c.latest}} {
			text := "{" + d.schema + "," + c.body + "}"
			err := parse(t, text).Validate(false)
			if (err == nil) != d.valid {
				t.Errorf("%s: %v, want valid %t", text, err, d.valid)
			}
			if err != nil && (err.Error() != "Invalid JSON" || errors.Unwrap(err) == nil) {
				t.Errorf("%s: the error reads %q", text, err)
			}
		}
	}
}

func TestValidateRoot(t *testing.T) {
	for text, want := range map[string]string{
		`true`: "", `false`: "", `{}`: "",
		`"s"`: "STRING", `1`: "NUMBER", `NaN`: "STRING", `[]`: "ARRAY", `null`: "NULL", ``: "MISSING",
	} {
		if want != "" {
			want = "Invalid JSON schema: expected an object or boolean at the root, found " + want
		}
		got := ""
		if err := parse(t, text).Validate(false); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestValidateFields(t *testing.T) {
	s := parse(t, `{"properties":{"a":{},"$$x":{}}}`)
	if err := s.Validate(false); err != nil {
		t.Error(err)
	}
	if err := s.Validate(true); err == nil || err.Error() != "#: Field names cannot start with $$ prefix" {
		t.Error(err)
	}
	if got := s.Fields(); !reflect.DeepEqual(got, []string{"a", "$$x"}) {
		t.Error(got)
	}
}

func TestErrorsSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		`{"properties":{"a/b":{"items":[{},{"minLength":"x"}]}}}`: "#/properties/a~1b/items/1/minLength: expected an integer, found a string",
		`{"type":"nope"}`:      "#/type: unknown type: [nope]",
		`{"$ref":"gone.json"}`: `#: $ref "gone.json": nothing is known by the name "gone.json"; add it to the references of the schema`,
		`{"$schema":5}`:        "#/$schema: expected a string, found a number",
	} {
		if got := detail(parse(t, text).Validate(false)); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestReferences lists names of a reference that a $ref finds, by dialect and id.
func TestReferences(t *testing.T) {
	for _, c := range []struct {
		head, name, ref string
		found           bool
	}{
		{seven, "a.json", "a.json", true},
		{seven, "a.json", "a.json#/definitions/x", true},
		{seven, "a.json", "a.json#/$defs/x", true},
		{seven, "a.json", "./a.json", false},
		{later, "a.json", "./a.json", true},
		{later, "./a.json", "a.json", true},
		{later, "a.json", "mem://input/a.json", true},
		{seven + `,"$id":"http://host/dir/root.json"`, "a.json", "./a.json", true},
		{seven + `,"$id":"http://host/dir/root.json"`, "a.json", "http://host/dir/a.json", true},
		{seven + `,"$id":"http://host/dir/root.json"`, "../a.json", "http://host/a.json", true},
		{seven, "http://host/a.json", "http://host/a.json#", true},
		{seven, "a.json", "b.json", false},
		{seven, "a.json", "a.json#/definitions/y", false},
	} {
		text := `{` + c.head + `,"properties":{"p":{"$ref":"` + c.ref + `"}}}`
		err := parse(t, text, schema.Dependency{Name: c.name, Text: `{"definitions":{"x":{"type":"string"}}}`}).Validate(false)
		if (err == nil) != c.found {
			t.Errorf("%s with %s: %v", text, c.name, err)
		}
	}
}

func TestTags(t *testing.T) {
	const text = `{"type":"object","confluent:tags":["R"],"properties":{
		"a":{"type":"string","confluent:tags":["PII","X"]},
		"o":{"type":"object","properties":{"in.ner":{"confluent:tags":["Y"]}}},
		"l":{"type":"array","items":{"type":"object","confluent:tags":["L"],"properties":{"b":{}}}},
		"c":{"oneOf":[{"type":"object","title":"z","properties":{"d":{"confluent:tags":["D"]}}},{"type":"null"}]}},
		"definitions":{"e":{"type":"object","properties":{"f":{"confluent:tags":["F"]}}}}}`
	s := parse(t, text)
	var paths []string
	for _, tag := range s.Tags() {
		paths = append(paths, tag.SchemaEntity.EntityType+" "+tag.SchemaEntity.EntityPath+" "+strings.Join(tag.Tags, ","))
		if _, err := s.WithTags([]api.SchemaTags{{SchemaEntity: tag.SchemaEntity, Tags: []string{"N"}}}, nil); err != nil {
			t.Errorf("%s: %v", tag.SchemaEntity.EntityPath, err)
		}
	}
	want := []string{
		"sr_record object R", "sr_field object.a PII,X", "sr_field object.o.object.in.ner Y",
		"sr_record object.l.array.object L", "sr_field object.c.oneof.0.object.d D", "sr_field definitions.e.object.f F",
	}
	if !reflect.DeepEqual(paths, want) {
		t.Errorf("got  %q\nwant %q", paths, want)
	}
}

func TestWithTags(t *testing.T) {
	at := func(path, kind string, tags ...string) api.SchemaTags {
		return api.SchemaTags{SchemaEntity: api.SchemaEntity{EntityPath: path, EntityType: kind}, Tags: tags}
	}
	s := parse(t, `{"type":"object","properties":{"a":{"type":"string","confluent:tags":["A","B"]},"b":{}}}`)
	got, err := s.WithTags(
		[]api.SchemaTags{at(".object.a", api.EntityField, "C", "A"), at("object.b", api.EntityField, "X"), at("object", api.EntityRecord, "R")},
		[]api.SchemaTags{at("object.a", api.EntityField, "B"), at("object.b", api.EntityField, "X")})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"type":"object","properties":{"a":{"type":"string","confluent:tags":["A","C"]},"b":{}},"confluent:tags":["R"]}`; got.Canonical() != want {
		t.Errorf("got %s", got.Canonical())
	}
	if !strings.Contains(s.Canonical(), `["A","B"]`) || !reflect.DeepEqual(s.Tags()[0].Tags, []string{"A", "B"}) {
		t.Error("the original has changed")
	}
	_, err = s.WithTags([]api.SchemaTags{at("object.z", api.EntityField, "X")}, nil)
	var none *schema.NoEntityError
	if !errors.As(err, &none) || err.Error() != "No matching path 'object.z' found in the schema" {
		t.Error(err)
	}
}

const order = `{` + seven + `,"type":"object","title":"Order","properties":{"id":{"type":"integer","minimum":1},"customer":{"$ref":"#/definitions/customer"},` +
	`"seller":{"$ref":"#/definitions/customer"},"weight":{"type":["number","null"],"minimum":0,"default":null},` +
	`"lines":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string","pattern":"^[A-Z]{3}-[0-9]+$"},"price":{"type":"number","multipleOf":0.01}},"required":["sku"],"additionalProperties":false}},` +
	`"state":{"enum":["new","paid","sent"]}},"definitions":{"customer":{"oneOf":[{"type":"null"},{"type":"object","properties":{"name":{"type":"string","maxLength":80}}}]}}}`

func BenchmarkParse(b *testing.B) {
	const text = order
	b.Run("canonical", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			parse(b, text).Canonical()
		}
	})
	b.Run("validate", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if err := parse(b, text).Validate(false); err != nil {
				b.Fatal(err)
			}
		}
	})
}
