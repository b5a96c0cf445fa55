package avro_test

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// Bounds on what a text may cost, whoever made it. Time is bounded only so
// that what never ends is told from what does.
const (
	maxAllocated = 1000 // bytes for each byte of the text, over all that is done with it
	maxHeld      = 100  // bytes for each byte of the text, by the schema
	deadline     = 20 * time.Second
)

// repeat joins n items, with the number of each for # in them and the next number for ##.
func repeat(n int, item string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.NewReplacer("##", strconv.Itoa(i+1), "#", strconv.Itoa(i)).Replace(item)
	}
	return strings.Join(items, ",")
}

func nested(n int, open, inner, closing string) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
}

// records nests n records in each other, around a type.
func records(n int, inner string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"type":"record","name":"N%d","fields":[{"name":"f","type":`, i)
	}
	return b.String() + inner + strings.Repeat("}]}", n)
}

// hostile are texts made to cost time or memory.
var hostile = []struct {
	name, text string
	refused    string // part of the error, "" where the text is a schema
}{
	{"nested arrays", nested(100_000, `{"type":"array","items":`, `"int"`, `}`), "nested too deeply"},
	{"nested brackets", strings.Repeat("[", 100_000), "nested too deeply"},
	{"nested objects", strings.Repeat(`{"type":`, 100_000), "nested too deeply"},
	{"nested records", records(100_000, `"int"`), "nested too deeply"},
	{"nested property", `{"type":"int","p":` + strings.Repeat("[", 100_000), "nested too deeply"},
	{"nested, just not too deeply", records(300, `"int"`), ""},
	{"nested twice, with a large record inside", record(`{"name":"a","type":` + records(300, record(repeat(5000, `{"name":"f#","type":"int"}`))) + `},{"name":"b","type":` + records(300, `"R"`) + `}`), "Can't redefine"},
	{"the same, nested twice", record(`{"name":"a","type":` + records(300, `{"type":"enum","name":"E","symbols":[`+repeat(10_000, `"S#"`)+`]}`) + `},{"name":"b","type":` + records(300, `{"type":"enum","name":"E","symbols":[`+repeat(10_000, `"S#"`)+`]}`) + `}`), ""},

	{"100,000 fields", record(repeat(100_000, `{"name":"f#","type":"int"}`)), ""},
	{"100,000 fields with defaults", record(repeat(100_000, `{"name":"f#","type":"int","default":#}`)), ""},
	{"100,000 fields of one name", record(repeat(100_000, `{"name":"f","type":"int","p":#}`)), "Duplicate field"},
	{"100,000 symbols", `{"type":"enum","name":"E","symbols":[` + repeat(100_000, `"S#"`) + `]}`, ""},
	{"100,000 aliases", `{"type":"fixed","name":"F","size":1,"aliases":[` + repeat(100_000, `"a#"`) + `]}`, ""},
	{"100,000 aliases of fields", record(repeat(100_000, `{"name":"f#","type":"int","aliases":["g"]}`)), ""},
	{"100,000 properties", `{"type":"int",` + repeat(100_000, `"p#":#`) + `}`, ""},
	{"300,000 numbers", `{"type":"int","p":[` + strings.Repeat("1e9,", 300_000) + `0]}`, ""},
	{"union of 10,000", `[` + repeat(10_000, `{"type":"fixed","name":"F#","size":1}`) + `]`, ""},
	{"union of 10,000 of one name", `[` + strings.Repeat(`"int",`, 10_000) + `"int"]`, "Duplicate in union"},
	{"union of 10,000 named before they are known", record(`{"name":"u","type":[` + repeat(10_000, `"T#"`) + `]},` + repeat(10_000, `{"name":"f#","type":{"type":"fixed","name":"T#","size":1}}`)), ""},

	{"recursion", record(`{"name":"a","type":["null","R"]},{"name":"b","type":{"type":"map","values":"R"}},{"name":"c","type":{"type":"array","items":"R"}}`), ""},
	{"recursion without end", record(`{"name":"a","type":"R"}`), ""},
	{"mutual recursion", record(`{"name":"a","type":{"type":"record","name":"S","fields":[{"name":"b","type":["R","S"]}]}}`), ""},
	{"chain of records named before they are known", record(repeat(20_000, `{"name":"f#","type":{"type":"record","name":"C#","fields":[{"name":"x","type":["null","C##"]}]}}`) +
		`,{"name":"z","type":{"type":"record","name":"C20000","fields":[]}}`), "nested too deeply"},
	{"records used twice by the next", `[{"type":"record","name":"R0","fields":[]},` + repeat(2000, `{"type":"record","name":"R##","fields":[{"name":"a","type":"R#"},{"name":"b","type":"R#"}]}`) + `]`, ""},
	{"defaults that double", `[{"type":"record","name":"R0","fields":[]},` + repeat(500, `{"type":"record","name":"R##","fields":[{"name":"a","type":"R#","default":{}},{"name":"b","type":"R#","default":{}}]}`) + `]`, ""},
	{"default that needs itself", record(`{"name":"a","type":"R","default":{}}`), "Invalid default"},
	{"default of many types", record(`{"name":"f","type":{"type":"array","items":[` + repeat(2000, `{"type":"record","name":"T#","fields":[{"name":"a","type":"int"}]}`) + `]},"default":[` + repeat(5000, `{"b":1#}`) + `]}`), "Invalid default"},
	{"nested default", record(`{"name":"a","type":` + nested(300, `{"type":"array","items":`, `"int"`, `}`) + `,"default":` + nested(300, "[", "", "]") + `}`), ""},

	{"number of 1,000,000 digits", `{"type":"int","p":1` + strings.Repeat("0", 1_000_000) + `}`, "longer than"},
	{"huge numbers", record(`{"name":"a","type":"double","default":1e999999999,"p":[1e999999999,-1e999999999,1e-999999999]}`), ""},
	{"huge number as text", record(`{"name":"a","type":"double","default":"1e999999999"},{"name":"b","type":"float","default":"0x1p-999999999"}`), ""},
	{"huge size", `{"type":"fixed","name":"F","size":1e999999999}`, "Invalid or no size"},
	{"largest size", `{"type":"fixed","name":"F","size":2147483639}`, ""},
	{"integer of 1,000 digits", `{"type":"int","p":` + strings.Repeat("9", 1000) + `}`, "Can't set a property to null"},
	{"decimal of any precision", `{"type":"bytes","logicalType":"decimal","precision":2147483647,"scale":2147483647}`, ""},

	{"long name", `{"type":"record","name":"` + strings.Repeat("n", 1_000_000) + `","fields":[]}`, ""},
	{"long namespace", `{"type":"record","name":"R","namespace":"` + strings.Repeat("n.", 500_000) + `n","fields":[{"name":"a","type":["null","R"]}]}`, ""},
	{"long comment", "/*" + strings.Repeat("x", 1_000_000) + `*/"int"`, ""},
	{"many comments", strings.Repeat("/**/", 300_000) + `"int"`, ""},
	{"comment without end", `/*"int"` + strings.Repeat("/*", 300_000), "Unexpected character"},
	{"many blanks", `{` + strings.Repeat(" ", 1_000_000) + `"type":"int"}`, ""},
	{"one name many times", `{` + strings.Repeat(`"type":"int",`, 100_000) + `"type":"int"}`, ""},

	{"invalid UTF-8", "{\"type\":\"int\",\"p\":\"\xff\"}", "UTF-8"},
	{"invalid UTF-8 in a name", "{\"type\":\"fixed\",\"name\":\"\xc3\x28\",\"size\":1}", "UTF-8"},
	{"overlong UTF-8", "{\"type\":\"int\",\"p\":\"\xc0\x80\"}", "UTF-8"},
	{"surrogates in UTF-8", "{\"type\":\"int\",\"p\":\"\xed\xa0\x80\"}", "UTF-8"},
	{"lone surrogates", `{"type":"int","p":"\ud800","\udc00":"\udc00\ud800x"}`, ""},
	{"lone surrogate as a name", `{"type":"fixed","name":"\ud800","size":1}`, "Illegal initial character"},
	{"NUL", "{\"type\":\"int\",\"p\":\"\x00\"}", "control character"},
	{"NUL behind", "\"int\"\x00", ""},
	{"escaped NUL", `{"type":"int","p":"\u0000","doc":"\u0000"}`, ""},
	{"escaped NUL as a name", `{"type":"fixed","name":"\u0000","size":1}`, "Illegal initial character"},
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
func use(src schema.Source) (*avro.Schema, error) {
	s, err := avro.Parse(src)
	if err != nil {
		src.New = false // stored texts are read less strictly, and must cost no more
		_, _ = avro.Parse(src)
		return nil, err
	}
	again := src
	again.Text = s.Canonical()
	if a, err := avro.Parse(again); err == nil {
		a.Equivalent(s)
	}
	if n, err := s.Normalized(); err == nil {
		_, _ = n.Normalized()
	}
	_, _ = s.Format(avro.FormatResolved)
	s.Tags()
	s.Fields()
	s.Size()
	_, _ = s.WithTags([]api.SchemaTags{{SchemaEntity: api.SchemaEntity{EntityPath: "R", EntityType: api.EntityRecord}, Tags: []string{"t"}}}, nil)
	return s, nil
}

// TestHostile puts texts made to hurt through everything a registry does with a text.
func TestHostile(t *testing.T) {
	for _, c := range hostile {
		const spare = 1 << 20
		before := heap()
		var s *avro.Schema
		var err error
		allocated, took := cost(func() { s, err = use(schema.Source{Text: c.text, New: true}) })
		if allocated > maxAllocated*len(c.text)+spare {
			t.Errorf("%s: %d bytes allocated for each of %d", c.name, allocated/len(c.text), len(c.text))
		}
		if held := heap() - before; held > maxHeld*len(c.text)+spare {
			t.Errorf("%s: %d bytes held for each of %d", c.name, held/len(c.text), len(c.text))
		}
		if took > deadline {
			t.Errorf("%s took %v", c.name, took)
		}
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: got the error %.300v, want %q", c.name, err, c.refused)
		}
		runtime.KeepAlive(s)
	}
}

func TestTooDeep(t *testing.T) {
	_, err := avro.Parse(schema.Source{Text: strings.Repeat("[", 100_000)})
	if !errors.Is(err, schema.ErrTooDeep) {
		t.Errorf("got %v, want ErrTooDeep", err)
	}
}

// TestHostileDependencies reads texts that are cheap by themselves and costly together.
func TestHostileDependencies(t *testing.T) {
	deps := func(n int, item string) []schema.Dependency {
		all := make([]schema.Dependency, n)
		for i := range all {
			text := strings.NewReplacer("##", strconv.Itoa(i), "#", strconv.Itoa(i-1)).Replace(item)
			if i == 0 {
				text = `{"type":"record","name":"D0","fields":[]}`
			}
			all[i] = schema.Dependency{Name: fmt.Sprintf("D%d", i), Subject: fmt.Sprintf("s%d", i), Version: 1, Type: api.Avro, Text: text}
		}
		return all
	}
	last := func(n int) string { return record(fmt.Sprintf(`{"name":"a","type":"D%d"}`, n-1)) }
	for name, c := range map[string]struct {
		text    string
		deps    []schema.Dependency
		refused string
	}{
		"chain":        {last(10_000), deps(10_000, `{"type":"record","name":"D##","fields":[{"name":"a","type":"D#"}]}`), ""},
		"diamonds":     {last(5_000), deps(5_000, `{"type":"record","name":"D##","fields":[{"name":"a","type":"D#"},{"name":"b","type":["null","D#"]}]}`), ""},
		"all the same": {last(2), deps(5_000, `{"type":"record","name":"D1","fields":[{"name":"a","type":"D0"}]}`), ""},
		"missing":      {last(2), []schema.Dependency{{Name: "D1", Text: `{"type":"record","name":"D1","fields":[{"name":"a","type":"D0"}]}`}}, "Undefined schema"},
		"too deep":     {`"int"`, []schema.Dependency{{Name: "D1", Text: strings.Repeat("[", 100_000)}}, "nested too deeply"},
	} {
		size := len(c.text)
		for _, d := range c.deps {
			size += len(d.Text) + len(d.Name)
		}
		src := schema.Source{Text: c.text, Dependencies: c.deps, New: true}
		var err error
		allocated, took := cost(func() { _, err = use(src) })
		if allocated > maxAllocated*size+1<<20 || took > deadline {
			t.Errorf("%s: %d bytes allocated for each of %d in %v", name, allocated/size, size, took)
		}
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %.300v", name, err)
		}
	}
}

// TestSize holds the estimate of the memory of a schema against the memory it takes.
func TestSize(t *testing.T) {
	for name, text := range map[string]string{
		"primitive":    `"int"`,
		"small":        record(`{"name":"id","type":"long"},{"name":"name","type":"string"}`),
		"wide":         record(repeat(1000, `{"name":"f#","type":["null","string"]}`)),
		"symbols":      `{"type":"enum","name":"E","symbols":[` + repeat(3000, `"S#"`) + `]}`,
		"fixed":        `[` + repeat(1000, `{"type":"fixed","name":"F#","size":1}`) + `]`,
		"properties":   `{"type":"int",` + repeat(3000, `"p#":#`) + `}`,
		"nested":       records(300, `"int"`),
		"comments":     strings.Repeat("/* no */", 10_000) + `"int"`,
		"blanks":       strings.Repeat(" ", 100_000) + `"int"`,
		"repetitions":  `{` + strings.Repeat(`"type":"int",`, 10_000) + `"type":"int"}`,
		"documented":   record(repeat(1000, `{"name":"f#","type":"int","doc":"some words about this field that are as long as they are in real schemas"}`)),
		"with aliases": record(repeat(1000, `{"name":"f#","type":"int","aliases":["a","b"]}`)),
	} {
		var kept [20]*avro.Schema
		before := heap()
		for i := range kept {
			s, err := avro.Parse(schema.Source{Text: strings.Clone(text), New: true})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			s.Fields()
			kept[i] = s
		}
		held, size := (heap()-before)/len(kept), kept[0].Size()
		if held > 2*size || size > 24*held {
			t.Errorf("%s: holds %d bytes, estimated as %d", name, held, size)
		}
		runtime.KeepAlive(kept)
	}
}
