package avro_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/compat"
	compatavro "github.com/seed-9f7c7091/concordat/compat/avro"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

func parse(t testing.TB, text string) schema.Schema {
	t.Helper()
	s, err := avro.Language.Parse(schema.Source{Text: text})
	if err != nil {
		t.Fatalf("%.200s: %v", text, err)
	}
	return s
}

func record(fields string) string {
	return `{"type":"record","name":"R","fields":[` + fields + `]}`
}

// TestDiff says for each kind of change what a reader is told.
func TestDiff(t *testing.T) {
	tests := []struct{ change, reader, writer, want string }{
		{"the same", `"int"`, `"int"`, ""},
		{"int becomes long", `"long"`, `"int"`, ""},
		{"long becomes int", `"int"`, `"long"`, "TYPE_MISMATCH /"},
		{"bytes become string", `"string"`, `"bytes"`, ""},
		{"a field is removed", record(``), record(`{"name":"a","type":"int"}`), ""},
		{"a field is added", record(`{"name":"a","type":"int"}`), record(``), "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"},
		{"a field with a default is added", record(`{"name":"a","type":"int","default":1}`), record(``), ""},
		{"a field is renamed", record(`{"name":"b","aliases":["a"],"type":"int"}`), record(`{"name":"a","type":"int"}`), ""},
		{"an alias names a second field", record(`{"name":"b","aliases":["a"],"type":"int"}`),
			record(`{"name":"a","type":"int"},{"name":"b","type":"int"}`), "COMPARISON_FAILED /"},
		{"a record is renamed", `{"type":"record","name":"S","fields":[]}`, record(``), "NAME_MISMATCH /name"},
		{"the namespace changes", `{"type":"record","name":"n.R","fields":[]}`, record(``), ""},
		{"a fixed type grows", `{"type":"fixed","name":"F","size":8}`, `{"type":"fixed","name":"F","size":4}`, "FIXED_SIZE_MISMATCH /size"},
		{"a symbol is removed", `{"type":"enum","name":"E","symbols":["A"]}`, `{"type":"enum","name":"E","symbols":["A","B"]}`, "MISSING_ENUM_SYMBOLS /symbols"},
		{"a symbol is removed, with a default", `{"type":"enum","name":"E","symbols":["A"],"default":"A"}`, `{"type":"enum","name":"E","symbols":["A","B"]}`, ""},
		{"a branch is removed", `["null","int"]`, `["null","string"]`, "MISSING_UNION_BRANCH /1"},
		{"a type becomes a branch", `["null","int"]`, `"int"`, ""},
		{"the only branch becomes the type", `"int"`, `["int"]`, ""},
		{"one of the branches becomes the type", `"int"`, `["null","int"]`, "TYPE_MISMATCH /0"},
		{"inside an array in a map", `{"type":"map","values":{"type":"array","items":"int"}}`, `{"type":"map","values":{"type":"array","items":"long"}}`, "TYPE_MISMATCH /values/items"},
	}
	for _, test := range tests {
		var got []string
		for _, d := range compatavro.Differ.Diff(parse(t, test.reader), parse(t, test.writer), compat.Strict) {
			got = append(got, d.Kind.Name+" "+d.Path)
		}
		if s := strings.Join(got, ", "); s != test.want {
			t.Errorf("%s: got %q, want %q", test.change, s, test.want)
		}
	}
}

// TestPlaceOfRepeatedPair keeps what the reference does: a pair of types that
// was first tried as a branch of a union is later reported with that place.
func TestPlaceOfRepeatedPair(t *testing.T) {
	text := func(name string) string {
		return record(`{"name":"u","type":["null",{"type":"enum","name":"` + name + `","symbols":["A"]}]},{"name":"e","type":"` + name + `"}`)
	}
	found := compatavro.Differ.Diff(parse(t, text("New")), parse(t, text("Old")), "")
	if len(found) != 2 || found[0].Path != "/fields/0/type/1" || found[1].Path != "/name" {
		t.Errorf("got %+v", found)
	}
}

// TestSelf asks that data written with a schema can be read with it, except
// where its own aliases make it ambiguous.
func TestSelf(t *testing.T) {
	for _, r := range recordings(t) {
		s, err := read(nil, r.New, false)
		if err != nil {
			continue
		}
		again, err := reread(nil, r.New)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range compatavro.Differ.Diff(s, again, "") {
			if d.Kind != &compatavro.ComparisonFailed {
				t.Errorf("%s: %s", r.New.Schema, d.Text("new", "old"))
			}
		}
	}
}

// TestHostile compares schemas made to be expensive; each must end soon and,
// having differences, with at least one.
func TestHostile(t *testing.T) {
	doubling := func(leaf string) string { // 2^200 ways to the leaf
		var b strings.Builder
		fmt.Fprintf(&b, `[{"type":"record","name":"R0","fields":[{"name":"x","type":%q}]}`, leaf)
		for i := 1; i <= 200; i++ {
			fmt.Fprintf(&b, `,{"type":"record","name":"R%d","fields":[{"name":"a","type":"R%d"},{"name":"b","type":"R%d"}]}`, i, i-1, i-1)
		}
		return b.String() + "]"
	}
	branches := func(name string) string {
		var b strings.Builder
		b.WriteString(`["null"`)
		for i := range 3000 {
			fmt.Fprintf(&b, `,{"type":"record","name":"%s%d","fields":[{"name":"f","type":"int"}]}`, name, i)
		}
		return b.String() + "]"
	}
	chain := func(leaf string) string { // longer than any nesting of brackets
		var b strings.Builder
		fmt.Fprintf(&b, `[{"type":"record","name":"R0","fields":[{"name":"x","type":%q}]}`, leaf)
		for i := 1; i < 20000; i++ {
			fmt.Fprintf(&b, `,{"type":"record","name":"R%d","fields":[{"name":"a","type":"R%d"}]}`, i, i-1)
		}
		return `{"type":"record","name":"Top","fields":[{"name":"u","type":` + b.String() + `]},{"name":"t","type":"R19999"}]}`
	}
	for name, make := range map[string]func(string) string{"doubling": doubling, "branches": branches, "chain": chain} {
		reader, writer := parse(t, make("int")), parse(t, make("string"))
		start := time.Now()
		if len(compatavro.Differ.Diff(reader, writer, "")) == 0 {
			t.Errorf("%s: no difference", name)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func FuzzDiff(f *testing.F) {
	f.Add(`"int"`, `["null","long"]`)
	f.Add(record(`{"name":"a","type":"R"}`), record(`{"name":"a","type":["null","R"]},{"name":"b","type":"bytes"}`))
	f.Add(`{"type":"enum","name":"E","symbols":["A"],"default":"A"}`, `{"type":"enum","name":"F","symbols":["B"]}`)
	f.Add(`{"type":"fixed","name":"a.F","size":1,"aliases":["G"]}`, `{"type":"fixed","name":"a.G","size":2}`)
	f.Fuzz(func(t *testing.T, a, b string) {
		reader, err := avro.Language.Parse(schema.Source{Text: a})
		if err != nil {
			return
		}
		writer, err := avro.Language.Parse(schema.Source{Text: b})
		if err != nil {
			return
		}
		for _, d := range compatavro.Differ.Diff(reader, writer, "") {
			if d.Text("new", "old") == "" || d.Path == "" {
				t.Errorf("empty difference %+v", d)
			}
		}
	})
}

func BenchmarkDiff(b *testing.B) {
	wide := func(last string) string {
		var s strings.Builder
		for i := range 100 {
			fmt.Fprintf(&s, `{"name":"f%d","type":["null","string"],"default":null},`, i)
		}
		return record(s.String() + last)
	}
	reader := parse(b, wide(`{"name":"z","type":"long"}`))
	writers := map[string]string{"compatible": `{"name":"z","type":"int"}`, "incompatible": `{"name":"z","type":"string"}`}
	for name, last := range writers {
		writer := parse(b, wide(last))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				compatavro.Differ.Diff(reader, writer, "")
			}
		})
	}
}
