package avro_test

import (
	"fmt"
	"strings"
	"testing"

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
