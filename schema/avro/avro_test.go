package avro_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

func parse(t testing.TB, text string, deps ...string) *avro.Schema {
	t.Helper()
	src := schema.Source{Text: text, New: true}
	for _, d := range deps {
		src.Dependencies = append(src.Dependencies, schema.Dependency{Text: d})
	}
	s, err := avro.Parse(src)
	if err != nil {
		t.Fatalf("%.300s: %v", text, err)
	}
	return s
}

func record(fields string) string {
	return `{"type":"record","name":"R","fields":[` + fields + `]}`
}

// TestCanonical shows what the stored text keeps of a posted one.
func TestCanonical(t *testing.T) {
	tests := []struct{ what, text, want string }{
		{"plain primitives lose their braces", `{"type":"int"}`, `"int"`},
		{"reserved words are no properties", `{"type":"int","name":"x","p":1}`, `{"type":"int","p":1}`},
		{"dotted names are split", `{"type":"fixed","name":"a.b.F","namespace":"c","size":1}`, `{"type":"fixed","name":"F","namespace":"a.b","size":1}`},
		{"properties come before aliases", `{"type":"fixed","name":"F","aliases":["G"],"size":1,"p":{}}`, `{"type":"fixed","name":"F","size":1,"p":{},"aliases":["G"]}`},
		{"of fields, after them", record(`{"p":1,"aliases":["b"],"name":"a","type":"int"}`), record(`{"name":"a","type":"int","aliases":["b"],"p":1}`)},
		{"aliases of the namespace are short", `{"type":"fixed","name":"n.F","size":1,"aliases":["n.G","m.H","G"]}`, `{"type":"fixed","name":"F","namespace":"n","size":1,"aliases":["G","m.H"]}`},
		{"names that are kinds stay full", `{"type":"record","name":"n.R","fields":[{"name":"a","type":{"type":"fixed","name":"map","size":1}},{"name":"b","type":"n.map"}]}`,
			`{"type":"record","name":"R","namespace":"n","fields":[{"name":"a","type":{"type":"fixed","name":"map","size":1}},{"name":"b","type":"n.map"}]}`},
		{"a default of an array is a property", `{"type":"array","items":"int","default":[]}`, `{"type":"array","items":"int","default":[]}`},
		{"a type given by an object is the type", record(`{"name":"a","type":{"type":"fixed","name":"F","size":1}},{"name":"b","type":{"type":"F","p":1}}`),
			record(`{"name":"a","type":{"type":"fixed","name":"F","size":1}},{"name":"b","type":"F"}`)},
		{"names may come before their definition", record(`{"name":"a","type":["null","F"]},{"name":"b","type":{"type":"fixed","name":"F","size":1}}`),
			record(`{"name":"a","type":["null",{"type":"fixed","name":"F","size":1}]},{"name":"b","type":"F"}`)},
		{"a type may be repeated", record(`{"name":"a","type":{"type":"fixed","name":"F","size":1}},{"name":"b","type":{"type":"fixed","name":"F","size":1}}`),
			record(`{"name":"a","type":{"type":"fixed","name":"F","size":1}},{"name":"b","type":"F"}`)},
		{"names without namespace are seen from one", `{"type":"record","name":"n.R","fields":[{"name":"a","type":{"type":"fixed","name":".F","size":1}},{"name":"b","type":"F"}]}`,
			`{"type":"record","name":"R","namespace":"n","fields":[{"name":"a","type":{"type":"fixed","name":"F","namespace":"","size":1}},{"name":"b","type":"F"}]}`},
		{"text for a number is one", record(`{"name":"a","type":"double","default":" -0x1p3f "}`), record(`{"name":"a","type":"double","default":-8.0}`)},
		{"what no number carries is text", record(`{"name":"a","type":"double","default":1e999,"p":-1e999}`), record(`{"name":"a","type":"double","default":"Infinity","p":"-Infinity"}`)},
		{"comments are white space", "// a\n[/* b */\"int\" // c\n]", `["int"]`},
		{"but not in text", `{"type":"int","p":"/* // \" */"}`, `{"type":"int","p":"/* // \" */"}`},
		{"docs are text or nothing", record(`{"name":"a","type":"int","doc":5}`), record(`{"name":"a","type":"int"}`)},
	}
	for _, test := range tests {
		if got := parse(t, test.text).Canonical(); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.what, got, test.want)
		}
	}
}

// TestNumbers shows how Java prints the numbers of JSON.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "0.0": "0.0", "-0.0": "-0.0", "1e0": "1.0", "100": "100",
		"0.001": "0.001", "0.0009": "9.0E-4", "9999999.0": "9999999.0", "1e7": "1.0E7", "12345678.5": "1.23456785E7",
		"4.9e-324": "4.9E-324", "9.88e-324": "9.9E-324", "1e23": "1.0E23", "2e-3": "0.002", "123.456": "123.456",
		"9223372036854775807": "9223372036854775807", "1.7976931348623157e308": "1.7976931348623157E308", "-1.5E+2": "-150.0",
	} {
		if got := parse(t, `{"type":"int","p":`+text+`}`).Canonical(); got != `{"type":"int","p":`+want+`}` {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestNormalized shows what the normal form does to defaults and properties.
func TestNormalized(t *testing.T) {
	field := func(rest string) string { return record(`{"name":"a",` + rest + `}`) }
	tests := []struct{ text, want string }{
		{field(`"type":"float","default":1.1`), field(`"type":"float","default":1.1`)},
		{field(`"type":"float","default":123456789`), field(`"type":"float","default":1.2345679E8`)},
		{field(`"type":["null","double"],"default":1`), field(`"type":["null","double"]`)},
		{field(`"type":{"type":"array","items":"double"},"default":[1,2.50]`), field(`"type":{"type":"array","items":"double"},"default":[1.0,2.5]`)},
		{field(`"type":"bytes","default":"aÿ日"`), field(`"type":"bytes","default":"aÿ?"`)},
		{`{"type":"bytes","scale":2,"a":1,"precision":4,"logicalType":"decimal"}`, `{"type":"bytes","logicalType":"decimal","precision":4,"scale":2,"a":1}`},
		{`{"type":"bytes","z":1,"scale":0,"a":1,"precision":4,"logicalType":"decimal"}`, `{"type":"bytes","logicalType":"decimal","precision":4,"a":1,"scale":0,"z":1}`},
		{`{"type":"fixed","name":"F","size":1,"a":1,"logicalType":"decimal","precision":9}`, `{"type":"fixed","name":"F","size":1,"a":1,"logicalType":"decimal","precision":9}`},
		{`{"type":"fixed","name":"F","size":16,"logicalType":"uuid","a":1}`, `{"type":"fixed","name":"F","size":16,"logicalType":"uuid","a":1}`},
	}
	for _, test := range tests {
		normal, err := parse(t, test.text).Normalized()
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
		} else if got := normal.Canonical(); got != test.want {
			t.Errorf("normal form of %s:\n got %s\nwant %s", test.text, got, test.want)
		}
	}
}

// TestRefused lists texts that are no schemas, with the place that says so.
func TestRefused(t *testing.T) {
	tests := []struct{ text, want string }{
		{``, `Cannot parse <null> schema (line 1, column 1)`},
		{`null`, `Schema not yet supported: null (line 1, column 1)`},
		{"{\n \"type\":\n 5}", `No type: {"type":5} (line 1, column 1)`},
		{`["null", {"type":"fixed","name":"F","size":1.0}]`, `Invalid or no size: {"type":"fixed","name":"F","size":1.0} (line 1, column 44)`},
		{record(`{"name":"a","type":"Missing"}`), `Undefined schema: Missing (line 1, column 58)`},
		{record(`{"name":"a","type":"int","default":null}`), `Invalid default for field a: null not a "int" (line 1, column 74)`},
		{record(`{"name":"a","type":"R","default":{}}`), `Invalid default for field a: {} not a R (line 1, column 72)`},
		{record(`{"name":"a","type":"E","default":"A"},{"name":"b","type":{"type":"enum","name":"E","symbols":["A"]}}`), `Invalid default for field a: "A" not a E (line 1, column 72)`},
		{`{"type":"array","items":["F","F",{"type":"fixed","name":"F","size":1}]}`, `Duplicate in union:F (line 1, column 25)`},
		{record(`{"name":"a","type":"double","default":"1_0"}`), `For input string: "1_0", the default of field a (line 1, column 77)`},
		{`{"type":"int","p":[18446744073709551616]}`, `Can't set a property to null: p (line 1, column 19)`},
		{`{"type":"enum","name":"E","symbols":["A","A"]}`, `Duplicate enum symbol: A (line 1, column 42)`},
		{`{"type":"fixed","name":"F.","size":1}`, `Empty name (line 1, column 24)`},
		{`{"type":"fixed","name":"a..F","size":1}`, `Namespace part "" is invalid: Empty name (line 1, column 24)`},
	}
	for _, test := range tests {
		_, err := avro.Parse(schema.Source{Text: test.text, New: true})
		if err == nil || err.Error() != test.want {
			t.Errorf("%s:\n got %v\nwant %s", test.text, err, test.want)
		}
	}

	for _, text := range []string{`{`, `"int" // done`, `{"type":"int" /* open}`, `"int" "int"`, `{"type":"int",}`, `int`} {
		var syntax *jsontree.Error
		if _, err := avro.Parse(schema.Source{Text: text}); !errors.As(err, &syntax) || syntax.Line != 1 {
			t.Errorf("%s: got %v", text, err)
		}
	}
	var inside *avro.DependencyError
	bad := []schema.Dependency{{Name: "n", Subject: "s", Version: 3, Text: "{}"}}
	if _, err := avro.Parse(schema.Source{Text: `"int"`, Dependencies: bad}); !errors.As(err, &inside) || inside.Version != 3 {
		t.Errorf("got %v", err)
	}
}

// TestReferences shows that a reference gives names, whatever it is called.
func TestReferences(t *testing.T) {
	inner := `{"type":"record","name":"n.In","doc":"d","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}}]}`
	tests := []struct{ what, text, canonical, resolved string }{
		{"the whole text may be a reference", `"n.In"`, `"n.In"`, inner},
		{"types are resolved at their first use", record(`{"name":"a","type":"n.In"},{"name":"b","type":"n.In"}`), record(`{"name":"a","type":"n.In"},{"name":"b","type":"n.In"}`),
			record(`{"name":"a","type":` + inner + `},{"name":"b","type":"n.In"}`)},
		{"types inside a reference are known but written out", record(`{"name":"a","type":"n.E"}`), record(`{"name":"a","type":{"type":"enum","name":"E","namespace":"n","symbols":["A"]}}`), ""},
	}
	split := strings.NewReplacer(`"name":"n.In"`, `"name":"In","namespace":"n"`)
	for _, test := range tests {
		s := parse(t, test.text, inner)
		if got := s.Canonical(); got != test.canonical {
			t.Errorf("%s:\n got %s\nwant %s", test.what, got, test.canonical)
		}
		want := split.Replace(test.resolved)
		if want == "" {
			want = test.canonical
		}
		if got, err := s.Format("RESOLVED"); err != nil || got != want {
			t.Errorf("%s, resolved: %v\n got %s\nwant %s", test.what, err, got, want)
		}
		if got, _ := s.Format("other"); got != s.Canonical() {
			t.Errorf("%s, unknown format: got %s", test.what, got)
		}
	}
	if _, err := avro.Parse(schema.Source{Text: strings.Replace(inner, `"A"`, `"B"`, 1), Dependencies: []schema.Dependency{{Text: inner}}}); err == nil {
		t.Error("a type of a reference was redefined")
	}
}

func TestAccessors(t *testing.T) {
	s := parse(t, `{"type":"record","name":"n.R","aliases":["Q"],"fields":[{"name":"a","type":{"type":"long","logicalType":"timestamp-millis"},"order":"IGNORE"},{"name":"b","type":["null","int"],"default":null}]}`)
	if s.Type() != api.Avro || s.Name() != "n.R" || s.Validate(true) != nil || s.Size() <= 0 {
		t.Errorf("%s %s %v %d", s.Type(), s.Name(), s.Validate(true), s.Size())
	}
	if got := s.Fields(); !reflect.DeepEqual(got, []string{"a", "b"}) {
		t.Errorf("fields %v", got)
	}
	r := s.Root()
	if a := r.Named.Fields[0]; a.Order != avro.Ignore || a.Type.LogicalType() != "timestamp-millis" || a.Default != nil {
		t.Errorf("field %+v", a)
	}
	if b := r.Named.Fields[1]; b.Default == nil || b.Default.Kind != jsontree.Null || b.Type.Branches[1].Kind != avro.Int {
		t.Errorf("field %+v", b)
	}
	if r.Named.Name.Space() != "n" || r.Named.Name.Simple() != "R" || !r.Named.HasAlias("n.Q") || r.Named.Field("b") != 1 || r.Named.Field("c") != -1 {
		t.Errorf("record %+v", r.Named)
	}
	if e := parse(t, `{"type":"enum","name":"E","symbols":[]}`); e.Name() != "" || e.Fields() != nil {
		t.Errorf("%q %v", e.Name(), e.Fields())
	}
}

func tags(path, kind string, tags ...string) api.SchemaTags {
	return api.SchemaTags{SchemaEntity: api.SchemaEntity{EntityPath: path, EntityType: kind}, Tags: tags}
}

func TestTags(t *testing.T) {
	const text = `{"type":"record","name":"shop.User","fields":[{"name":"id","type":"long","confluent:tags":["KEY"]},{"name":"at","type":["null",{"type":"array","items":{"type":"record","name":"Place","fields":[{"name":"zip","type":"string"}]}}]}]}`
	s := parse(t, text)
	tests := []struct {
		what        string
		add, remove []api.SchemaTags
		want        []api.SchemaTags
	}{
		{"nothing to do", nil, nil, []api.SchemaTags{tags("shop.User.id", api.EntityField, "KEY")}},
		{"records come before their fields", []api.SchemaTags{tags("shop.User", api.EntityRecord, "TOP")}, nil,
			[]api.SchemaTags{tags("shop.User", api.EntityRecord, "TOP"), tags("shop.User.id", api.EntityField, "KEY")}},
		{"new tags come after the old ones, once", []api.SchemaTags{tags("shop.User.id", api.EntityField, "A", "KEY", "A")}, nil,
			[]api.SchemaTags{tags("shop.User.id", api.EntityField, "KEY", "A")}},
		{"removing comes last", []api.SchemaTags{tags("shop.User.id", api.EntityField, "A")}, []api.SchemaTags{tags("shop.User.id", api.EntityField, "A", "KEY")}, nil},
		{"without a namespace, with a leading dot, deep inside", []api.SchemaTags{tags(".Place.zip", api.EntityField, "PII")}, []api.SchemaTags{tags("User.id", api.EntityField, "KEY")},
			[]api.SchemaTags{tags("shop.Place.zip", api.EntityField, "PII")}},
	}
	for _, test := range tests {
		tagged, err := s.WithTags(test.add, test.remove)
		if err != nil {
			t.Errorf("%s: %v", test.what, err)
		} else if got := tagged.Tags(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.what, got, test.want)
		}
	}
	if parse(t, text).Canonical() != s.Canonical() {
		t.Error("the tagged schema has changed the original")
	}
	for _, missing := range []api.SchemaTags{
		tags("shop.User.zip", api.EntityField, "X"), tags("other.User", api.EntityRecord, "X"), tags("shop", api.EntityField, "X"), tags("", api.EntityRecord, "X"),
	} {
		var none *schema.NoEntityError
		if _, err := s.WithTags([]api.SchemaTags{missing}, nil); !errors.As(err, &none) {
			t.Errorf("%v: got %v", missing, err)
		}
	}
}
