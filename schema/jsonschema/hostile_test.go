package jsonschema_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// Bounds on what a text may cost, whoever made it. Time is bounded only so
// that what never ends is told from what does.
const (
	maxAllocated = 1000 // bytes for each byte of the text, over all that is done with it
	maxHeld      = 300  // bytes for each byte of the text, by the schema and its model
	deadline     = 20 * time.Second
)

// list joins n items.
func list(n int, item func(i int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = item(i)
	}
	return strings.Join(items, ",")
}

// members joins n members or items with the number of each in them.
func members(n int, format string) string {
	return list(n, func(i int) string { return fmt.Sprintf(format, i) })
}

func nested(n int, open, inner, closing string) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
}

// bomb is a chain of definitions, each of which refers to the next twice.
func bomb(n int, keyword string) string {
	return `{"$ref":"#/definitions/d0","definitions":{` + list(n, func(i int) string {
		return fmt.Sprintf(`"d%d":{%q:[{"$ref":"#/definitions/d%d"},{"title":"x","allOf":[{"$ref":"#/definitions/d%d"}]}]}`, i, keyword, i+1, i+1)
	}) + fmt.Sprintf(`,"d%d":{}}}`, n)
}

// hostile are texts made to cost time or memory.
var hostile = []struct {
	name, text string
	refused    string // part of the error, "" where the text is a schema
}{
	{"nested arrays", strings.Repeat("[", 100_000), "nested too deeply"},
	{"nested objects", strings.Repeat(`{"not":`, 100_000), "nested too deeply"},
	{"nested, just not too deeply", nested(900, `{"not":`, `{}`, `}`), ""},
	{"nested members", nested(400, `{"allOf":[{"type":"string"},`, `{}`, `]}`), ""},
	{"nested members with large ones inside", `{"confluent:tags":["a"],"allOf":[` + nested(480, `{"allOf":[{"not":{}},`, `{"enum":[`+members(50_000, `{"a":%d}`)+`]}`, `]}`) + `]}`, ""},

	{"100,000 properties", `{"properties":{` + members(100_000, `"p%d":{"type":"string"}`) + `}}`, ""},
	{"100,000 required properties", `{"required":[` + members(100_000, `"p%d"`) + `]}`, ""},
	{"100,000 values", `{"enum":[` + members(100_000, `"v%d"`) + `]}`, ""},
	{"100,000 definitions", `{"definitions":{` + members(100_000, `"d%d":{"$ref":"#"}`) + `}}`, ""},
	{"100,000 references", `{"properties":{` + members(100_000, `"p%d":{"$ref":"#/definitions/d"}`) + `},"definitions":{"d":{}}}`, ""},
	{"100,000 ids", `{"definitions":{` + members(100_000, `"d%d":{"$id":"a"}`) + `},"$ref":"a"}`, ""},
	{"100,000 dependencies", `{"dependencies":{` + members(100_000, `"p%d":["q"]`) + `}}`, ""},
	{"100,000 tags", `{"properties":{` + members(100_000, `"p%d":{"confluent:tags":["t"]}`) + `}}`, ""},
	{"300,000 items", `{"items":[` + strings.Repeat("{},", 300_000) + `{}]}`, ""},
	{"300,000 numbers", `{"default":[` + strings.Repeat("0,", 300_000) + `0]}`, ""},
	{"oneOf of 10,000", `{"oneOf":[` + members(10_000, `{"const":%d}`) + `]}`, ""},
	{"anyOf of 30,000 alike", `{"anyOf":[` + strings.Repeat(`{"type":"string"},`, 30_000) + `{}]}`, ""},
	{"allOf of 10,000 objects", `{"allOf":[` + members(10_000, `{"properties":{"p%d":{}}}`) + `]}`, ""},

	{"allOf bomb", bomb(1000, "allOf"), ""},
	{"anyOf bomb", bomb(1000, "anyOf"), ""},
	{"oneOf bomb", bomb(1000, "oneOf"), ""},
	{"chain of references", `{"$ref":"#/definitions/d0","definitions":{` + list(20_000, func(i int) string {
		return fmt.Sprintf(`"d%d":{"$ref":"#/definitions/d%d"}`, i, i+1)
	}) + `,"d20000":{}}}`, ""},
	{"references to all that is nested", `{"properties":{"p":` + nested(400, `{"not":`, `{"properties":{`+members(5_000, `"a%d":{}`)+`}}`, `}`) + `,` +
		list(400, func(i int) string {
			return fmt.Sprintf(`"r%d":{"$ref":"#/properties/p%s"}`, i, strings.Repeat("/not", i))
		}) + `}}`, ""},
	{"long pointers", `{"allOf":[` + list(200, func(int) string { return `{"$ref":"#/x` + strings.Repeat("/a", 900) + `"}` }) + `],"x":` + nested(900, `{"a":`, `{}`, `}`) + `}`, ""},

	{"reference to itself", `{"$ref":"#"}`, ""},
	{"reference to itself in the later dialects", `{` + later + `,"$ref":"#"}`, ""},
	{"references to each other", `{"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}}`, ""},
	{"reference into what it replaces", `{"properties":{"a":{"$ref":"#/properties/a/properties/a"}}}`, "key [properties] not found"},
	{"recursion through definitions", `{"definitions":{"a":{"properties":{"a":{"$ref":"#/definitions/a"}}}},"$ref":"#/definitions/a"}`, ""},
	{"$recursiveRef", `{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveAnchor":true,"properties":{"a":{"$recursiveRef":"#"}}}`, ""},
	{"$dynamicRef", `{` + later + `,"$dynamicAnchor":"n","properties":{"a":{"$dynamicRef":"#n"}}}`, ""},

	{"long ids in each other", nested(900, `{"$id":"`+strings.Repeat("a", 1000)+`/","not":`, `{"$ref":"#x"}`, `}`), "too long"},
	{"short ids under a long one", `{"$id":"` + strings.Repeat("a", 500_000) + `/","properties":{` + members(30_000, `"p%d":{"$id":"b","$ref":"#"}`) + `}}`, "too long"},
	{"references under a long id", `{"$id":"` + strings.Repeat("a", 500_000) + `/","properties":{` + members(30_000, `"p%d":{"$ref":"b"}`) + `}}`, "nothing is known"},

	{"backtracking pattern", `{"pattern":"^(a+)+$"}`, ""},
	{"plus of plus", `{"patternProperties":{"` + nested(200, "(", "a", ")+") + `":{}}}`, ""},
	{"counts of counts", `{"pattern":"` + nested(200, "(", "a", "){9,99}") + `"}`, ""},
	{"many counted patterns", `{"patternProperties":{` + members(20_000, `"a{9999}%d":{}`) + `}}`, ""},
	{"long class", `{"patternProperties":{"[` + strings.Repeat("a", 1<<20) + `]":{}}}`, ""},
	{"many groups", `{"patternProperties":{"` + strings.Repeat("()", 1<<18) + `":{}}}`, ""},
	{"nested groups", `{"pattern":"` + strings.Repeat("(", 100_000) + `"}`, "nested too deeply"},

	{"huge exponent", `{"minimum":1e999999999}`, ""},
	{"huge exponents everywhere", `{"minimum":1e999999999,"maximum":-1e999999999,"multipleOf":1e999999999,"default":1e-999999999,"enum":[1e999999999,-1e-999999999]}`, ""},
	{"exponent beyond 32 bits", `{"minimum":1e99999999999}`, "out of range"},
	{"number of 1,000,000 digits", `{"minimum":` + strings.Repeat("9", 1_000_000) + `}`, "longer than"},
	{"1,000 numbers of 1,000 digits", `{"enum":[` + list(1000, func(i int) string { return fmt.Sprintf("%s%03d", strings.Repeat("7", 997), i) }) + `]}`, ""},

	{"long name", `{"properties":{"` + strings.Repeat("n", 1_000_000) + `":{}}}`, ""},
	{"tags under a long name", `{"properties":{"` + strings.Repeat("n", 500_000) + `":{"properties":{` + members(10_000, `"p%d":{"confluent:tags":["t"]}`) + `}}}}`, ""},
	{"many blanks", `{` + strings.Repeat(" ", 1_000_000) + `"title":"t"}`, ""},
	{"one name many times", `{` + strings.Repeat(`"title":"t",`, 100_000) + `"title":"t"}`, ""},

	{"invalid UTF-8", "{\"title\":\"\xff\"}", "UTF-8"},
	{"invalid UTF-8 in a name", "{\"\xc3\x28\":1}", "UTF-8"},
	{"overlong UTF-8", "{\"title\":\"\xc0\x80\"}", "UTF-8"},
	{"surrogates in UTF-8", "{\"title\":\"\xed\xa0\x80\"}", "UTF-8"},
	{"lone surrogates", `{"title":"\ud800","description":"\udc00\ud800x","properties":{"\udfff":{}}}`, ""},
	{"NUL", "{\"title\":\"\x00\"}", "control character"},
	{"NUL between", "\x00{}", "code 0"},
	{"escaped NUL", `{"title":"\u0000","properties":{"\u0000":{"pattern":"\u0000"}}}`, ""},
}

// cost tells the bytes that work allocates, and how long it takes.
func cost(work func()) (allocated int, took time.Duration) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	work()
	took = time.Since(start)
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc), took
}

// heap is the memory in use.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// use does with a text all that a registry does.
func use(src schema.Source) (*jsonschema.Schema, error) {
	s, err := jsonschema.Parse(src)
	if err != nil {
		return nil, err
	}
	err = s.Validate(true)
	n, _ := s.Normalized()
	if again := n.Validate(true); (again == nil) != (err == nil) {
		return nil, fmt.Errorf("valid: %w, normalized: %w", err, again)
	}
	if again, err := jsonschema.Parse(schema.Source{Text: s.Canonical()}); err != nil || !again.Equivalent(s) {
		return nil, fmt.Errorf("the canonical text reads otherwise: %w", err)
	}
	s.Tags()
	s.Fields()
	s.Size()
	_, _ = s.WithTags([]api.SchemaTags{{SchemaEntity: api.SchemaEntity{EntityPath: "object.x", EntityType: api.EntityField}, Tags: []string{"t"}}}, nil)
	return s, err
}

// TestHostile puts texts made to hurt through everything a registry does with a text.
func TestHostile(t *testing.T) {
	for _, c := range hostile {
		const spare = 1 << 20
		before := heap()
		var s *jsonschema.Schema
		var err error
		allocated, took := cost(func() { s, err = use(schema.Source{Text: c.text}) })
		if allocated > maxAllocated*len(c.text)+spare {
			t.Errorf("%s: %d bytes allocated for each of %d", c.name, allocated/len(c.text), len(c.text))
		}
		if held := heap() - before; held > maxHeld*len(c.text)+spare {
			t.Errorf("%s: %d bytes held for each of %d", c.name, held/len(c.text), len(c.text))
		}
		if took > deadline {
			t.Errorf("%s took %v", c.name, took)
		}
		if said := detail(err); (err == nil) != (c.refused == "") || !strings.Contains(said, c.refused) {
			t.Errorf("%s: got the error %.300q, want %q", c.name, said, c.refused)
		}
		runtime.KeepAlive(s)
	}
}

// TestHostileDependencies reads texts that are cheap by themselves and costly together.
func TestHostileDependencies(t *testing.T) {
	deps := func(n int, format string) []schema.Dependency {
		all := make([]schema.Dependency, n)
		for i := range all {
			text := strings.ReplaceAll(format, "NEXT", fmt.Sprintf("d%d", i+1))
			if i == n-1 {
				text = `{}`
			}
			all[n-1-i] = schema.Dependency{Name: fmt.Sprintf("d%d", i), Subject: fmt.Sprintf("s%d", i), Version: 1, Type: api.JSON, Text: text}
		}
		return all
	}
	for name, c := range map[string]struct {
		text    string
		deps    []schema.Dependency
		refused bool
	}{
		"chain":           {`{"$ref":"d0"}`, deps(10_000, `{"$ref":"NEXT"}`), false},
		"diamonds":        {`{"allOf":[{"$ref":"d0"},{"$ref":"d0"}]}`, deps(5_000, `{"allOf":[{"$ref":"NEXT"},{"title":"x","$ref":"NEXT#"}]}`), false},
		"later dialect":   {`{` + later + `,"$ref":"d0"}`, deps(5_000, `{"anyOf":[{"$ref":"NEXT"},{"not":{"$ref":"NEXT"}}]}`), false},
		"back to itself":  {`{"$ref":"d0"}`, []schema.Dependency{{Name: "d0", Text: `{"properties":{"a":{"$ref":"d0"},"b":{"$ref":"d1"}}}`}, {Name: "d1", Text: `{"$ref":"d0"}`}}, false},
		"missing":         {`{"$ref":"d0"}`, []schema.Dependency{{Name: "d0", Text: `{"$ref":"d1"}`}}, true},
		"no JSON":         {`{"$ref":"d0"}`, []schema.Dependency{{Name: "d0", Text: strings.Repeat("[", 100_000)}}, true},
		"under a long id": {`{"$id":"` + strings.Repeat("a", 500_000) + `/","$ref":"d0"}`, deps(10_000, `{}`), true},
	} {
		size := len(c.text)
		for _, d := range c.deps {
			size += len(d.Text) + len(d.Name)
		}
		src := schema.Source{Text: c.text, Dependencies: c.deps}
		var err error
		allocated, took := cost(func() { _, err = use(src) })
		if allocated > maxAllocated*size+1<<20 || took > deadline {
			t.Errorf("%s: %d bytes allocated for each of %d in %v", name, allocated/size, size, took)
		}
		if (err != nil) != c.refused {
			t.Errorf("%s: %.300s", name, detail(err))
		}
	}
}

// TestNothingIsFetched refers to schemas that exist where a fetching reader would find them.
func TestNothingIsFetched(t *testing.T) {
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		_, _ = w.Write([]byte(`{}`))
	}))
	defer server.Close()
	secure := httptest.NewTLSServer(server.Config.Handler)
	defer secure.Close()
	file := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(file, []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{
		server.URL + "/schema.json", server.URL + "/schema.json#/definitions/a", secure.URL + "/schema.json",
		strings.Replace(server.URL, "http:", "HTTP:", 1) + "/schema.json", strings.TrimPrefix(server.URL, "http:") + "/schema.json",
		"file://" + file, "file:" + file, file, "mem://elsewhere/schema.json", "ftp://localhost/schema.json", "classpath:schema.json",
	} {
		for _, text := range []string{
			`{"$ref":"REF"}`,
			`{` + four + `,"properties":{"a":{"$ref":"REF"}}}`,
			`{` + later + `,"$ref":"REF"}`,
			`{` + later + `,"$id":"` + server.URL + `/","$defs":{"a":{"$ref":"REF"}},"$ref":"#/$defs/a"}`,
		} {
			s := parse(t, strings.Replace(text, "REF", uri, 1))
			switch said := detail(s.Validate(false)); {
			case strings.Contains(said, "Remote schema reference fetching over HTTP(S) is disabled"):
			case strings.Contains(said, "nothing is known by the name"):
			default:
				t.Errorf("%s: %q", s.Canonical(), said)
			}
		}
	}
	// What a schema calls itself, or says it is written in, is not looked up either.
	for _, text := range []string{
		`{"$schema":"` + server.URL + `/draft"}`, `{"$id":"` + server.URL + `/x","$ref":"#"}`, `{"id":"file://` + file + `"}`,
		`{` + later + `,"$schema":"` + server.URL + `","$vocabulary":{"` + server.URL + `/v":true},"$dynamicRef":"` + server.URL + `"}`,
		`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveRef":"` + server.URL + `"}`,
		`{"default":{"$ref":"` + server.URL + `"},"enum":[{"$ref":"` + server.URL + `"}]}`,
	} {
		if err := parse(t, text).Validate(true); err != nil {
			t.Errorf("%s: %s", text, detail(err))
		}
	}
	if n := hits.Load(); n > 0 {
		t.Errorf("%d requests", n)
	}
}

// TestSize holds the estimate of the memory of a schema against the memory it takes.
func TestSize(t *testing.T) {
	for name, text := range map[string]string{
		"small":            `{"type":"string"}`,
		"order":            order,
		"wide":             `{"properties":{` + members(2000, `"p%d":{"type":"string"}`) + `}}`,
		"wide and later":   `{` + later + `,"properties":{` + members(2000, `"p%d":{"type":["string","null"],"maxLength":1}`) + `}}`,
		"anything":         `{"properties":{` + members(2000, `"p%d":{}`) + `}}`,
		"tuple":            `{"items":[` + strings.Repeat("{},", 3000) + `{}]}`,
		"booleans":         `{"items":[` + strings.Repeat("true,", 3000) + `true]}`,
		"numbers":          `{"default":[` + strings.Repeat("0,", 3000) + `0]}`,
		"values":           `{"enum":[` + members(3000, `%d`) + `]}`,
		"types":            `{"items":[` + members(300, `{"type":["string","number","integer","boolean","null","object","array"],"title":"%d"}`) + `]}`,
		"patterns":         `{"patternProperties":{` + members(1000, `"a{9999}%d":{}`) + `}}`,
		"long pattern":     `{"patternProperties":{"` + strings.Repeat("a*", 20_000) + `":{}}}`,
		"references":       `{"properties":{` + list(1000, func(i int) string { return fmt.Sprintf(`"p%d":{"$ref":"#/definitions/d%d"}`, i, i) }) + `},"definitions":{` + members(1000, `"d%d":{"type":"string"}`) + `}}`,
		"nested":           nested(400, `{"allOf":[{"type":"string"},`, `{}`, `]}`),
		"blanks":           `{` + strings.Repeat(" ", 100_000) + `"a":1}`,
		"repetitions":      `{` + strings.Repeat(`"a":1,`, 20_000) + `"a":1}`,
		"unknown keywords": `{` + members(3000, `"k%d":1`) + `}`,
		"dependencies":     `{"dependencies":{` + members(3000, `"p%d":["a"]`) + `}}`,
		"required":         `{"required":[` + members(3000, `"p%d"`) + `]}`,
	} {
		var kept [20]*jsonschema.Schema
		before := heap()
		for i := range kept {
			kept[i] = parse(t, strings.Clone(text))
			if err := kept[i].Validate(true); err != nil {
				t.Fatalf("%s: %s", name, detail(err))
			}
		}
		held, size := (heap()-before)/len(kept), kept[0].Size()
		if held > 2*size || size > 24*held {
			t.Errorf("%s: holds %d bytes, estimated as %d", name, held, size)
		}
		runtime.KeepAlive(kept)
	}
}

func TestTooDeep(t *testing.T) {
	_, err := jsonschema.Parse(schema.Source{Text: strings.Repeat("[", 100_000)})
	if !errors.Is(err, schema.ErrTooDeep) {
		t.Errorf("got %v, want ErrTooDeep", err)
	}
}
