package jsonschema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema"
	source "github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// references are texts by the names that a schema knows them by.
type references map[string]string

func parse(t testing.TB, text string, refs references) *source.Schema {
	t.Helper()
	src := schema.Source{Text: text}
	for name, text := range refs {
		src.Dependencies = append(src.Dependencies, schema.Dependency{Name: name, Subject: name, Version: 1, Type: api.JSON, Text: text})
	}
	s, err := source.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validator(t testing.TB, text string, refs references) *jsonschema.Validator {
	t.Helper()
	v, err := jsonschema.New(parse(t, text, refs))
	if err != nil {
		t.Fatalf("%.500s: %v", text, err)
	}
	return v
}

// causes are those of a record that does not match, a line each.
func causes(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var invalid *jsonschema.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("%T %v, want an *InvalidError", err, err)
	}
	var lines []string
	for _, c := range invalid.Causes {
		lines = append(lines, fmt.Sprintf("#%s: %s (%s)", c.Instance, c.Message, c.Keyword))
	}
	if invalid.More > 0 {
		lines = append(lines, fmt.Sprintf("%d more", invalid.More))
	}
	return strings.Join(lines, "\n")
}

// in is a schema of a dialect.
func in(dialect, members string) string {
	return `{"$schema":"` + dialect + `",` + members + `}`
}

const (
	draft4  = "http://json-schema.org/draft-04/schema#"
	draft6  = "http://json-schema.org/draft-06/schema#"
	draft7  = "http://json-schema.org/draft-07/schema#"
	of2019  = "https://json-schema.org/draft/2019-09/schema"
	of2020  = "https://json-schema.org/draft/2020-12/schema"
	unknown = "http://example.com/mine"
)

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name, schema string
		refs         references
		record       string
		want         string // the causes
	}{
		{name: "true", schema: `true`, record: `1`},
		{name: "false", schema: `false`, record: `1`, want: `#: must not be there (#)`},
		{name: "a schema without keywords", schema: `{"title":"T"}`, record: `[]`},

		{name: "no $schema is draft 7", schema: `{"if":{"type":"string"},"then":{"minLength":2}}`, record: `"a"`,
			want: `#: must have at least 2 characters, has 1 (#/then/minLength)`},
		{name: "an unknown $schema is draft 7", schema: in(unknown, `"prefixItems":[false],"if":true,"then":false`), record: `[1]`,
			want: `#: must not be there (#/then)`},
		{name: "draft 4", schema: in(draft4, `"minimum":1,"exclusiveMinimum":true,"const":2,"if":true,"then":false`), record: `1`,
			want: `#: must be more than 1 (#/exclusiveMinimum)`},
		{name: "draft 4, whose metaschema has no empty required", schema: in(draft4, `"required":[],"type":"object"`), record: `{}`},
		{name: "draft 6", schema: in(draft6, `"exclusiveMinimum":1,"const":3,"if":true,"then":false`), record: `3`},
		{name: "draft 6, broken", schema: in(draft6, `"contains":{"const":2}`), record: `[1]`,
			want: `#: has no item of the kind that is required (#/contains)`},
		{name: "draft 7, tuples", schema: in(draft7, `"items":[{"type":"string"}],"additionalItems":false`), record: `["a",1]`,
			want: `#: has 1 item more than allowed (#/additionalItems)`},
		{name: "draft 7, dependencies", schema: in(draft7, `"dependencies":{"a":["b"],"c":{"required":["d"]}}`), record: `{"a":1,"c":1}`,
			want: `#: the property "b" is missing, required by "a" (#/dependencies/a)` + "\n" +
				`#: the property "d" is missing (#/dependencies/c/required)`},
		{name: "2019-09 is read as 2020-12", schema: in(of2019, `"prefixItems":[{"type":"string"}],"items":false,"dependencies":{"a":["b"]}`), record: `["a",1]`,
			want: `#/1: must not be there (#/items)`},
		{name: "2020-12", schema: in(of2020, `"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false,"dependentRequired":{"a":["z"]}`), record: `{"a":1,"b":2}`,
			want: `#: the property "z" is missing, required by "a" (#/dependentRequired/a)` + "\n" +
				`#/b: must not be there (#/unevaluatedProperties)`},
		{name: "what stands beside a $ref, up to draft 7", schema: in(draft7, `"properties":{"a":{"$ref":"#/definitions/s","minLength":5}},"definitions":{"s":{"type":"string"}}`), record: `{"a":"x"}`},
		{name: "what stands beside a $ref, later", schema: in(of2020, `"properties":{"a":{"$ref":"#/$defs/s","minLength":5}},"$defs":{"s":{"type":"string"}}`), record: `{"a":"x"}`,
			want: `#/a: must have at least 5 characters, has 1 (#/properties/a/minLength)`},

		{name: "format is an assertion up to draft 7", schema: in(draft7, `"allOf":[true],"format":"date"`), record: `"yesterday"`, want: `#: is no date (#/format)`},
		{name: "and only for strings", schema: in(draft7, `"format":"date"`), record: `1`},
		{name: "and of the formats that the draft has", schema: in(draft4, `"format":"date"`), record: `"yesterday"`},
		{name: "and an annotation later", schema: in(of2020, `"format":"date"`), record: `"yesterday"`},

		{name: "what is not written", schema: `{"$ref":"#/definitions/a","definitions":{"a":{"type":"integer"},"broken":{"minLength":-1,"type":7}}}`, record: `"x"`,
			want: `#: expected integer, found string (#/definitions/a/type)`},
		{name: "names that a pointer escapes", schema: `{"properties":{"a/b~c %":{"$ref":"#/definitions/x~1y~0%25"}},"definitions":{"x/y~%":{"type":"null"}}}`, record: `{"a/b~c %":1}`,
			want: `#/a~1b~0c %: expected null, found number (#/definitions/x~1y~0%/type)`},
		{name: "recursion", schema: `{"properties":{"next":{"$ref":"#"},"v":{"type":"string"}}}`, record: `{"next":{"next":{"v":1}}}`,
			want: `#/next/next/v: expected string, found number (#/properties/v/type)`},
		{name: "an id within", schema: `{"$id":"http://e.com/a.json","properties":{"p":{"$ref":"b.json"}},"definitions":{"b":{"$id":"b.json","type":"string"}}}`, record: `{"p":1}`,
			want: `#/p: expected string, found number (#/definitions/b/type)`},
		{name: "an anchor", schema: in(of2020, `"$ref":"#here","$defs":{"x":{"$anchor":"here","type":"string"}}`), record: `1`,
			want: `#: expected string, found number (#/$defs/x/type)`},
		{name: "definitions by the name $defs", schema: in(of2020, `"$ref":"#/$defs/x","definitions":{"x":{"type":"string"}}`), record: `1`,
			want: `#: expected string, found number (#/definitions/x/type)`},
		{name: "a dynamic anchor", schema: in(of2020, `"$id":"https://e.com/strict","$dynamicAnchor":"node","$ref":"tree","unevaluatedProperties":false,"$defs":{
			"tree":{"$id":"https://e.com/tree","$dynamicAnchor":"node","properties":{"of":{"items":{"$dynamicRef":"#node"}}}}}`),
			record: `{"of":[{"of":[]},{"off":[]}]}`, want: "#/of: must not be there (#/unevaluatedProperties)\n" + `#/of/1/off: must not be there (#/unevaluatedProperties)`},

		{name: "a registered reference", schema: `{"properties":{"a":{"$ref":"other.json#/definitions/n"},"b":{"$ref":"other.json"}}}`,
			refs:   references{"other.json": `{"definitions":{"n":{"type":"number","minimum":3}},"required":["x"],"properties":{"x":{"$ref":"#/definitions/n"}}}`},
			record: `{"a":1,"b":{"x":2}}`,
			want: `#/a: must be at least 3 (other.json#/definitions/n/minimum)` + "\n" +
				`#/b/x: must be at least 3 (other.json#/definitions/n/minimum)`},
		{name: "a reference by URL, not fetched", schema: `{"$ref":"http://e.com/s.json"}`, refs: references{"http://e.com/s.json": `{"type":"string"}`}, record: `1`,
			want: `#: expected string, found number (http://e.com/s.json#/type)`},
		{name: "a reference of another draft", schema: in(draft7, `"$ref":"four.json"`), refs: references{"four.json": in(draft4, `"minimum":1,"exclusiveMinimum":true`)}, record: `1`,
			want: `#: must be more than 1 (four.json#/exclusiveMinimum)`},
		{name: "a metaschema", schema: `{"$ref":"http://json-schema.org/draft-07/schema#"}`, record: `{"type":"text"}`,
			want: `#/type: matches none of the schemas of which at least one has to match (http://json-schema.org/draft-07/schema#/properties/type/anyOf)` + "\n" +
				`#/type: expected array, found string (http://json-schema.org/draft-07/schema#/properties/type/anyOf/1/type)` + "\n" +
				`#/type: must be one of "array", "boolean", "integer", "null", "number", "object", "string" (http://json-schema.org/draft-07/schema#/definitions/simpleTypes/enum)`},

		{name: "a number beyond doubles", schema: `{"maximum":9007199254740993,"multipleOf":0.01}`, record: `9007199254740993.01`,
			want: `#: must be at most 9007199254740993 (#/maximum)`},
		{name: "equal to the last digit", schema: `{"const":9007199254740993}`, record: `9007199254740992`, want: `#: must be 9007199254740993 (#/const)`},
		{name: "equal however written", schema: `{"enum":[100]}`, record: `1.00e2`},
		{name: "tenths are exact", schema: `{"multipleOf":0.1}`, record: `0.3`},
		{name: "a large exponent", schema: `{"type":"integer","minimum":0}`, record: `1e500`},
		{name: "a count of code points", schema: `{"maxLength":2}`, record: `"𝒳y"`},

		{name: "Java's regular expressions", schema: `{"pattern":"^(?<w>a++)(?!b)\\k<w>$"}`, record: `"aa"`,
			want: `#: does not match the pattern "^(?<w>a++)(?!b)\\k<w>$" (#/pattern)`},
		{name: "patternProperties", schema: `{"patternProperties":{"^a":{"type":"string"}},"additionalProperties":false}`, record: `{"ab":1,"b":1,"c":1}`,
			want: `#: the properties "b", "c" are not allowed (#/additionalProperties)` + "\n" +
				`#/ab: expected string, found number (#/patternProperties/^a/type)`},
		{name: "propertyNames", schema: `{"properties":{"o":{"allOf":[true],"propertyNames":{"maxLength":2}},"p":true}}`, record: `{"o":{"abc":1,"ab":1,"wxyz":1},"p":[]}`,
			want: `#/o: the name of property "abc": must have at most 2 characters, has 3 (#/properties/o/propertyNames)` + "\n" +
				`#/o: the name of property "wxyz": must have at most 2 characters, has 4 (#/properties/o/propertyNames)`},
		{name: "the order of causes", schema: `{"items":{"type":"string"},"minItems":20,"uniqueItems":true}`, record: `[0,1,2,3,4,5,6,7,8,9,1]`,
			want: `#: must have at least 20 items, has 11 (#/minItems)` + "\n" +
				`#: the items 1 and 10 are equal (#/uniqueItems)` + "\n" +
				`#/0: expected string, found number (#/items/type)` + "\n#/1: expected string, found number (#/items/type)\n" +
				`#/2: expected string, found number (#/items/type)` + "\n#/3: expected string, found number (#/items/type)\n" +
				`#/4: expected string, found number (#/items/type)` + "\n#/5: expected string, found number (#/items/type)\n" +
				`#/6: expected string, found number (#/items/type)` + "\n#/7: expected string, found number (#/items/type)\n" +
				`#/8: expected string, found number (#/items/type)` + "\n#/9: expected string, found number (#/items/type)\n" +
				`#/10: expected string, found number (#/items/type)`},
		{name: "not", schema: `{"not":{"type":"null"}}`, record: `null`, want: `#: is what the schema rules out (#/not)`},
		{name: "oneOf twice", schema: `{"oneOf":[{"type":"number"},{"type":"string"},{"minimum":1}]}`, record: `2`,
			want: `#: matches the schemas 0 and 2, of which exactly one has to match (#/oneOf)`},
		{name: "a long enum", schema: `{"enum":["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q","r"]}`, record: `"z"`,
			want: `#: must be one of "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", 8 more (#/enum)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := validator(t, c.schema, c.refs)
			for range 3 { // the order is that of no map
				if got := causes(t, v.Validate([]byte(c.record))); got != c.want {
					t.Fatalf("\n got %s\nwant %s", got, c.want)
				}
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	v := validator(t, `{"properties":{"a":{"type":"string"},"b":{"maximum":3}},"required":["c"]}`, nil)
	err := v.Validate([]byte(`{"a":1,"b":4}`))
	const want = `the record does not match the schema: #: the property "c" is missing (#/required); and 2 more`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// Values of a record may be secret, so no message quotes one.
func TestNoValuesInMessages(t *testing.T) {
	for _, s := range []string{
		`{"type":"null"}`, `{"const":"x"}`, `{"enum":["x","y"]}`, `{"pattern":"^x$"}`, `{"maxLength":1}`, `{"format":"date"}`, `{"format":"ipv4"}`,
		`{"format":"uri"}`, `{"format":"regex"}`, `{"not":{}}`, `{"anyOf":[{"const":1},{"type":"number"}]}`,
	} {
		err := validator(t, s, nil).Validate([]byte(`"s3cr%[et"`))
		if err == nil || strings.Contains(err.Error()+causes(t, err), "s3cr") {
			t.Errorf("%s: %v", s, causes(t, err))
		}
	}
}

func TestBoundedCauses(t *testing.T) {
	v := validator(t, `{"items":{"type":"string"}}`, nil)
	var invalid *jsonschema.InvalidError
	err := v.Validate([]byte(`[` + strings.Repeat(`1,`, 999) + `1]`))
	if !errors.As(err, &invalid) || len(invalid.Causes) != 20 || invalid.More != 980 {
		t.Errorf("%v, %+v", err, invalid)
	}
	long := strings.Repeat("n", 1<<20)
	if err := validator(t, `{"additionalProperties":false}`, nil).Validate([]byte(`{"` + long + `":1}`)); len(err.Error()) > 300 {
		t.Errorf("a message of %d bytes", len(err.Error()))
	}
}

func TestValidateValue(t *testing.T) {
	v := validator(t, `{"type":"object","properties":{"n":{"type":"integer","maximum":9}}}`, nil)
	for _, c := range []struct {
		value any
		want  string
	}{
		{map[string]any{"n": json.Number("7")}, ""},
		{map[string]any{"n": 7}, ""},
		{map[string]any{"n": 7.5}, `#/n: expected integer, found number (#/properties/n/type)`},
		{map[string]any{"n": uint8(10)}, `#/n: must be at most 9 (#/properties/n/maximum)`},
		{map[string]any{"n": []string{"a"}}, `#/n: a Go value of type []string is no JSON (#/properties/n)`},
	} {
		if got := causes(t, v.ValidateValue(c.value)); got != c.want {
			t.Errorf("%v: %s, want %s", c.value, got, c.want)
		}
	}
	for _, n := range []json.Number{"", "1/3", "0x10", " 1", "nan"} {
		if err := v.ValidateValue(map[string]any{"n": n}); err == nil || !strings.Contains(err.Error(), "no JSON number") {
			t.Errorf("%q: %v", n, err)
		}
	}
}

func TestNoJSON(t *testing.T) {
	v := validator(t, `true`, nil)
	for _, record := range []string{"", "{", "1 2", "NaN", `{"a":1}}`} {
		err := v.Validate([]byte(record))
		var invalid *jsonschema.InvalidError
		if err == nil || errors.As(err, &invalid) || !strings.HasPrefix(err.Error(), "the record is no JSON") {
			t.Errorf("%q: %v", record, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct{ schema, want string }{
		{`7`, "expected an object or boolean at the root"},
		{`{"type":"text"}`, "Invalid JSON"},
		{`{"$ref":"http://e.com/s.json"}`, "Invalid JSON"}, // nothing is fetched
		{in(of2020, `"$dynamicRef":"http://e.com/s.json"`), "fetching"},
		{`{"$ref":"#"}`, "a $ref leads back to itself"},
		{`{"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}}`, "a $ref leads back to itself"},
		{`{"properties":{"p":{"anyOf":[{"type":"string"},{"$ref":"#/properties/p"}]}}}`, "the schema #/properties/p asks for itself"},
		{in(of2020, `"multipleOf":0`), "no number is a multiple of 0"},
		{`{"maximum":1e400000000}`, "more than 1000 digits"},
		{`{"enum":[1e-2000]}`, "more than 1000 digits"},
	} {
		if _, err := jsonschema.New(parse(t, c.schema, nil)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.schema, err, c.want)
		}
	}
}

// Whatever schema and record ask for, the answer comes in time, and costs no
// more than is granted.
func TestHostile(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	list := func(n int, item func(i int) string) string {
		items := make([]string, n)
		for i := range items {
			items[i] = item(i)
		}
		return strings.Join(items, ",")
	}
	// doubling asks for two schemas, each of which asks for the two of the next, …
	doubling := func(keyword string) string {
		return `{"$ref":"#/definitions/0","definitions":{` + list(60, func(i int) string {
			next := fmt.Sprintf(`{"$ref":"#/definitions/%d"}`, i+1)
			return fmt.Sprintf(`"%d":{"%s":[%s,{"title":"x","allOf":[%s]}]}`, i, keyword, next, next)
		}) + `,"60":{"type":"string"}}}`
	}
	chain := `{"$ref":"#/definitions/0","definitions":{` + list(900, func(i int) string {
		return fmt.Sprintf(`"%d":{"allOf":[{"$ref":"#/definitions/%d"}]}`, i, i+1)
	}) + `,"900":{"items":{"$ref":"#/definitions/0"}}}}`
	for _, c := range []struct{ name, schema, record string }{
		{"allOf doubling", doubling("allOf"), `"x"`},
		{"anyOf doubling", doubling("anyOf"), `1`},
		{"oneOf doubling", doubling("oneOf"), `"x"`},
		{"not doubling", `{"$ref":"#/definitions/0","definitions":{` + list(60, func(i int) string {
			return fmt.Sprintf(`"%d":{"not":{"anyOf":[{"$ref":"#/definitions/%d"},{"title":"x","not":{"not":{"$ref":"#/definitions/%d"}}}]}}`, i, i+1, i+1)
		}) + `,"60":false}}`, `1`},
		{"doubling with the depth of the record", `{"$ref":"#/definitions/a","definitions":{"a":{"anyOf":[{"items":{"$ref":"#/definitions/a"},"maxItems":0},{"items":{"$ref":"#/definitions/a"},"minItems":2}]}}}`, deep(100)},
		{"a long enum", `{"items":{"anyOf":[{"enum":[` + list(20000, func(i int) string { return fmt.Sprint(i) }) + `]},{"type":"string"}]}}`, `[` + list(5000, func(i int) string { return "-1.5" }) + `]`},
		{"many alternatives", `{"items":{"anyOf":[` + list(5000, func(i int) string { return fmt.Sprintf(`{"type":"string","title":"%d"}`, i) }) + `]}}`, `[` + list(20000, func(int) string { return "1" }) + `]`},
		{"a chain for each level", chain, deep(900)},
		{"a regular expression", `{"items":{"pattern":"^(a|aa|b?a)*\\1$"}}`, `[` + list(1000, func(int) string { return `"` + strings.Repeat("a", 1000) + `c"` }) + `]`},
		{"many patterns", `{"patternProperties":{` + list(2000, func(i int) string { return fmt.Sprintf(`"^a.*b%d":false`, i) }) + `}}`, `{` + list(20000, func(i int) string { return fmt.Sprintf(`"%s%d":1`, strings.Repeat("ab", 50), i) }) + `}`},
		{"nesting", `true`, deep(5000)},
		{"an exponent", `{"type":"integer"}`, `1e1000000000`},
		{"equal exponents", `{"uniqueItems":true}`, `[` + list(30, func(i int) string { return fmt.Sprintf("1e-%d9999999", i) }) + `]`},
		{"digits", `{"maximum":5}`, strings.Repeat("9", 100000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := validator(t, c.schema, nil)
			began := time.Now()
			err := v.Validate([]byte(c.record))
			var limit *jsonschema.LimitError
			if !errors.As(err, &limit) {
				t.Errorf("%.300v, want a *LimitError", err)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
	many := `{"properties":{` + list(20000, func(i int) string { return fmt.Sprintf(`"p%d":{"type":"string"}`, i) }) + `}}`
	var limit *jsonschema.LimitError
	if _, err := jsonschema.New(parse(t, many, nil)); !errors.As(err, &limit) {
		t.Errorf("20000 schemas: %v, want a *LimitError", err)
	}
}

// A validator is shared: no validation sees the steps of another.
func TestConcurrent(t *testing.T) {
	v := validator(t, `{"properties":{"next":{"$ref":"#"},"v":{"pattern":"^a+$"}},"required":["v"]}`, nil)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			record, want := `{"v":"aaa","next":{"v":"a"}}`, ""
			if i%2 == 1 {
				record, want = `{"v":"aaa","next":{}}`, `#/next: the property "v" is missing (#/required)`
			}
			for range 200 {
				if got := causes(t, v.Validate([]byte(record))); got != want {
					t.Errorf("%s: %s", record, got)
				}
			}
		})
	}
	wg.Wait()
}

// order is a schema and a record of usual size.
const (
	order = `{"$schema":"http://json-schema.org/draft-07/schema#","title":"Order","type":"object","required":["id","customer","lines"],"additionalProperties":false,
	"properties":{"id":{"type":"string","pattern":"^[A-Z]{2}[0-9]{6}$"},"placed":{"type":"string","format":"date-time"},
	"customer":{"$ref":"#/definitions/customer"},"lines":{"type":"array","minItems":1,"items":{"$ref":"#/definitions/line"}},
	"status":{"enum":["NEW","PAID","SENT"]}},
	"definitions":{"customer":{"type":"object","required":["name"],"properties":{"name":{"type":"string","minLength":1},"email":{"type":"string","format":"email"}}},
	"line":{"type":"object","required":["sku","quantity"],"properties":{"sku":{"type":"string"},"quantity":{"type":"integer","minimum":1},"price":{"type":"number","multipleOf":0.01}}}}}`
	placed = `{"id":"AB123456","placed":"2024-05-01T10:00:00Z","customer":{"name":"Ada","email":"ada@example.com"},"status":"NEW",
	"lines":[{"sku":"a-1","quantity":2,"price":9.99},{"sku":"b-2","quantity":1,"price":100},{"sku":"c-3","quantity":7,"price":0.05}]}`
)

func BenchmarkValidate(b *testing.B) {
	v := validator(b, order, nil)
	record := []byte(placed)
	b.SetBytes(int64(len(record)))
	b.ReportAllocs()
	for b.Loop() {
		if err := v.Validate(record); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	s := parse(b, order, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jsonschema.New(s); err != nil {
			b.Fatal(err)
		}
	}
}
