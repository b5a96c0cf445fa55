package protobuf

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
)

// Bounds on what a text may cost, whoever made it. Time is bounded only so
// that what never ends is told from what does.
const (
	maxAllocated = 2000 // bytes for each byte of the text, over all that is done with it
	maxHeld      = 200  // bytes for each byte of the text, by the schema
	deadline     = 20 * time.Second
)

// repeat joins n declarations, with the number of each for # in them and the next number for ##.
func repeat(n int, declaration string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.NewReplacer("##", strconv.Itoa(i+1), "#", strconv.Itoa(i)).Replace(declaration)
	}
	return strings.Join(all, "\n")
}

// commas joins n items of a list likewise.
func commas(n int, item string) string { return strings.ReplaceAll(repeat(n, item), "\n", ",") }

func nested(n int, open, inner, closing string) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
}

const three = `syntax = "proto3"; `

// hostile are texts made to cost time or memory.
var hostile = []struct {
	name, text string
	refused    string // part of the error, "" where the text is a schema
}{
	{"nested messages", strings.Repeat("message A {", 100_000), "nested too deeply"},
	{"nested groups", "message M {" + strings.Repeat("optional group A = 1 {", 100_000), "nested too deeply"},
	{"nested values", "option a = " + strings.Repeat("{a:", 100_000), "nested too deeply"},
	{"nested values in angles", "option a = " + strings.Repeat("<a", 100_000), "nested too deeply"},
	{"nested lists", "option a = {a:" + strings.Repeat("[", 100_000), "nested too deeply"},
	{"nested, just not too deeply", three + nested(90, "message A {", "int32 a = 1;", "}"), ""},
	{"brackets of no meaning", strings.Repeat("[", 100_000), "expected a word"},
	{"long path", "option (a)" + strings.Repeat(".b", 100_000) + " = 1;", "nested too deeply"},
	{"long path of extensions", "option (a)" + strings.Repeat("(b)", 100_000) + " = 1;", "nested too deeply"},
	{"long package", "package " + strings.Repeat("a.", 100_000) + "a; message M { optional X x = 1; }", "longer than 1024 bytes"},
	{"dotted name", "message A" + strings.Repeat(".a", 100_000) + "{ optional X x = 1; }", "longer than 1024 bytes"},

	{"100,000 fields", three + "message M {" + repeat(100_000, "string f# = ##;") + "}", ""},
	{"100,000 fields with options", three + "message M {" + repeat(100_000, "string f# = ## [deprecated = true, json_name = \"j#\"];") + "}", ""},
	{"100,000 fields of one number", three + "message M {" + repeat(100_000, "string f# = 1;") + "}", "already been used"},
	{"100,000 fields of one name", three + "message M {" + repeat(100_000, "string f = ##;") + "}", "already"},
	{"100,000 maps", three + "message M {" + repeat(100_000, "map<string, M> f# = ##;") + "}", ""},
	{"100,000 members of a oneof", three + "message M { oneof o {" + repeat(100_000, "string f# = ##;") + "} }", ""},
	{"10,000 oneofs", three + "message M {" + repeat(10_000, "oneof o# { int32 f# = ##; }") + "}", ""},
	{"100,000 constants", three + "enum E {" + repeat(100_000, "A# = #;") + "}", ""},
	{"100,000 reserved numbers", "message M { reserved " + commas(100_000, "##") + "; }", ""},
	{"100,000 reserved names", "message M { reserved " + commas(100_000, `"a#"`) + "; }", ""},
	{"100,000 ranges", "message M { extensions " + commas(100_000, "##") + "; }", ""},
	{"30,000 messages", three + repeat(30_000, "message M# { M## f = 1; }") + "message M30000 {}", ""},
	{"30,000 messages of one name", three + strings.Repeat("message M {}", 30_000), "already defined"},
	{"30,000 methods", three + "message M {} service S {" + repeat(30_000, "rpc R#(M) returns (stream M);") + "}", ""},
	{"9,999 extensions", `import "google/protobuf/descriptor.proto"; extend google.protobuf.FieldOptions {` + repeat(9_999, "optional string e# = 10000##;") + "}", ""},
	{"30,000 imports", three + repeat(30_000, `import "a#.proto";`), ""},
	{"100,000 options", strings.Repeat(`option (confluent.file_meta).tags = "x";`, 100_000), ""},
	{"100,000 values of an option", three + "option (a) = {" + repeat(100_000, "a: #") + "};", ""},
	{"100,000 paths of options", three + repeat(100_000, "option (a).b# = #;"), ""},
	{"1,000 deep paths of options", three + "message M {" + repeat(1_000, "option (a)"+strings.Repeat(".b", 90)+".c# = #;") + "}", ""},
	{"fields in a deep message", nested(90, "message A {", repeat(10_000, "optional X f# = ##;"), "}") + " message X {}", ""},
	{"names sought from a deep message", three + nested(90, "message A {", repeat(10_000, "A.A.A.A.A.A.A.B f# = ##;"), "}"), "Could not resolve type"},
	{"long names sought in a long package", three + "package " + strings.Repeat("a.", 90) + "a; message M {" + repeat(10_000, strings.Repeat("a.", 90)+"a.X f# = ##;") + "} message X {}", ""},

	{"recursion", three + "message M { M a = 1; repeated M b = 2; map<string, M> c = 3; oneof o { M d = 4; } }", ""},
	{"mutual recursion", three + "message M { N a = 1; message O { M a = 1; } } message N { M.O a = 1; }", ""},
	{"recursive option", `import "google/protobuf/descriptor.proto"; message O { optional O o = 1; } extend google.protobuf.MessageOptions { optional O my = 50000; } message M { option (my)` + strings.Repeat(".o", 80) + ` = {}; }`, ""},
	{"recursive map entry", three + "message M { repeated FEntry f = 1; message FEntry { option map_entry = true; string key = 1; FEntry value = 2; } }", ""},
	{"extension of itself", `message M { extensions 1 to max; extend M { optional M m = 1; } }`, ""},

	{"long name", three + "message " + strings.Repeat("n", 1_000_000) + " {}", "longer than 1024 bytes"},
	{"long string", three + `option a = "` + strings.Repeat("s", 1_000_000) + `";`, ""},
	{"many parts of a string", "option a = " + strings.Repeat(`"a" `, 300_000) + ";", ""},
	{"many escapes", three + `option a = "` + strings.Repeat(`\n`, 500_000) + `";`, ""},
	{"long comment", three + "/*" + strings.Repeat("x", 1_000_000) + "*/", ""},
	{"many comments", three + strings.Repeat("/**/", 300_000), ""},
	{"comment without end", three + strings.Repeat("/* ", 300_000), "unterminated comment"},
	{"many lines", strings.Repeat("\n", 1_000_000) + "?", "expected a word"},
	{"many semicolons", strings.Repeat(";", 1_000_000), ""},
	{"long base64", strings.Repeat("CgAA", 300_000), "unexpected label"},

	{"huge tag", three + "message M { int32 a = 99999999999999999999; }", "expected an integer"},
	{"huge numbers", `message M { optional double a = 1 [default = 1e999999999, (x) = 1e-999999999]; }`, ""},
	{"huge number of an option", three + `option (a) = 1e999999999; option (b) = { c: 1e999999999, d: -1e-999999999 };`, ""},
	{"number of 1,000,000 digits", three + "option (a) = " + strings.Repeat("9", 1_000_000) + ";", ""},
	{"number of 1,000,000 hexadecimal digits", three + "option (a) = 0x" + strings.Repeat("f", 1_000_000) + ";", ""},
	{"fraction of 1,000,000 digits", three + "option (a) = 0." + strings.Repeat("9", 1_000_000) + ";", ""},

	{"invalid UTF-8", "message \xff {}", "expected a word"},
	{"invalid UTF-8 in a string", three + "option a = \"\xff\xc0\x80\";", ""},
	{"invalid UTF-8 in a comment", three + "// \xff\n/* \xed\xa0\x80 */", ""},
	{"lone surrogates", three + `option a = "\ud800\udc00\U0000dfff";`, ""},
	{"escape beyond Unicode", three + `option a = "\UFFFFFFFF";`, "expected a digit"},
	{"NUL", "message M\x00 {}", "expected '{'"},
	{"NUL in a string", three + "option a = \"\x00\\0\";", ""},
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
func use(src schema.Source) (schema.Schema, error) {
	s, err := Language{}.Parse(src)
	if err != nil {
		return nil, err
	}
	again := src
	again.Text = s.Canonical()
	if a, err := (Language{}).Parse(again); err == nil {
		a.Equivalent(s)
	}
	err = s.Validate(true)
	if n, err := s.Normalized(); err == nil {
		n.Canonical()
		_ = n.Validate(true)
	}
	for _, format := range []string{"serialized", "ignore_extensions"} {
		_, _ = s.Format(format)
	}
	s.Name()
	s.Tags()
	s.Fields()
	s.Size()
	_, _ = s.WithTags([]api.SchemaTags{{SchemaEntity: api.SchemaEntity{EntityPath: "M.f1", EntityType: api.EntityField}, Tags: []string{"t"}}}, nil)
	return s, err
}

// TestHostile puts texts made to hurt through everything a registry does with a text.
func TestHostile(t *testing.T) {
	builtin()
	for _, c := range hostile {
		const spare = 1 << 20
		before := heap()
		var s schema.Schema
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
	_, err := Language{}.Parse(schema.Source{Text: strings.Repeat("message A {", 100_000)})
	if !errors.Is(err, schema.ErrTooDeep) {
		t.Errorf("got %v, want ErrTooDeep", err)
	}
}

// TestHostileDependencies reads texts that are cheap by themselves and costly together.
func TestHostileDependencies(t *testing.T) {
	deps := func(n int, text string) []schema.Dependency {
		all := make([]schema.Dependency, n)
		for i := range all {
			all[i] = schema.Dependency{Name: fmt.Sprintf("d%d.proto", i), Subject: fmt.Sprintf("s%d", i), Version: 1, Type: api.Protobuf,
				Text: strings.NewReplacer("##", strconv.Itoa(max(0, i-1)), "#", strconv.Itoa(i)).Replace(text)}
		}
		return all
	}
	const uses = three + `import "d999.proto"; message M { D999 f = 1; }`
	for name, c := range map[string]struct {
		text    string
		deps    []schema.Dependency
		refused string
	}{
		"chain":    {uses, deps(1_000, three+`import "d##.proto"; message D# { D## a = 1; }`), ""},
		"diamonds": {uses, deps(1_000, three+`import public "d##.proto"; import "d0.proto"; message D# { D## a = 1; D## b = 2; D0 c = 3; }`), ""},
		"cycle":    {uses, deps(1_000, three+`import "d999.proto"; message D# { D999 a = 1; }`), ""},
		"all one name": {three + `import "d999.proto"; message M { D f = 1; }`,
			deps(1_000, three+`message D { int32 a = #1; }`), ""},
		"missing":  {three + `import "x.proto"; message M { X f = 1; }`, deps(1, three), "Could not resolve type"},
		"too deep": {uses, deps(1, strings.Repeat("message A {", 100_000)), "nested too deeply"},
	} {
		size := len(c.text)
		for _, d := range c.deps {
			size += len(d.Text) + len(d.Name)
		}
		src := schema.Source{Text: c.text, Dependencies: c.deps, New: true}
		var err error
		allocated, took := cost(func() {
			var s schema.Schema
			if s, err = (Language{}).Parse(src); err == nil {
				err = s.Validate(false)
				_ = s.Validate(true)
				_, _ = s.Format("serialized")
			}
		})
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
		"small":     three + "message M { int32 a = 1; }",
		"order":     order,
		"wide":      three + "message M {" + repeat(1000, "string field_# = ##;") + "}",
		"maps":      three + "message M {" + repeat(1000, "map<string, M> f# = ##;") + "}",
		"oneofs":    three + "message M {" + repeat(1000, "oneof o# { int32 f# = ##; }") + "}",
		"constants": three + "enum E {" + repeat(1000, "A# = #;") + "}",
		"methods":   three + "message M {} service S {" + repeat(1000, "rpc R#(M) returns (stream M);") + "}",
		"imports":   three + repeat(1000, `import "a#.proto";`),
	} {
		var kept [20]schema.Schema
		before := heap()
		for i := range kept {
			kept[i] = mustParse(t, strings.Clone(text))
			if err := kept[i].Validate(true); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			kept[i].Canonical()
		}
		const ofCache = 200 // what the cache of the registry counts beside
		held, size := (heap()-before)/len(kept), kept[0].Size()+ofCache
		if held > 2*size || size > 24*held {
			t.Errorf("%s: holds %d bytes, estimated as %d", name, held, size)
		}
		runtime.KeepAlive(kept)
	}
}
