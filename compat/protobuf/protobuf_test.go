package protobuf_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/compat"
	differ "github.com/seed-9f7c7091/concordat/compat/protobuf"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/protobuf"
)

func mustParse(t testing.TB, text string, deps ...schema.Dependency) schema.Schema {
	t.Helper()
	s, err := protobuf.Language{}.Parse(schema.Source{Text: text, Dependencies: deps})
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return s
}

func diff(reader, writer schema.Schema) []compat.Difference {
	return differ.Differ{}.Diff(reader, writer, compat.Strict)
}

// kinds lists differences as "KIND path".
func kinds(found []compat.Difference) string {
	var out []string
	for _, d := range found {
		out = append(out, d.Kind.Name+" "+d.Path)
	}
	return strings.Join(out, ", ")
}

// TestRules shows each rule by what a message may become.
func TestRules(t *testing.T) {
	for _, c := range []struct{ writer, reader, want string }{
		{"int32 a = 1;", "bool b = 1;", ""},
		{"int32 a = 1;", "", ""},
		{"int32 a = 1;", "sint32 a = 1;", "FIELD_SCALAR_KIND_CHANGED #/M/1"},
		{"int32 a = 1;", "E a = 1;", ""},
		{"int32 a = 1;", "N a = 1;", "FIELD_KIND_CHANGED #/M/1"},
		{"string a = 1;", "repeated bytes a = 1;", ""},
		{"optional string a = 1;", "repeated string a = 1;", ""},
		{"int32 a = 1;", "repeated int32 a = 1;", ""},
		{"optional int32 a = 1;", "repeated int32 a = 1;", "FIELD_NUMERIC_LABEL_CHANGED #/M/1"},
		{"N a = 1;", "repeated .p.N a = 1;", ""},
		{"N a = 1;", "O a = 1;", "FIELD_NAMED_TYPE_CHANGED #/M/1"},
		{"map<string, N> a = 1;", "map<bytes, O> a = 1;", "FIELD_NAMED_TYPE_CHANGED #/M/1"},
		{"map<int32, int32> a = 1;", "map<string, float> a = 1;", "FIELD_SCALAR_KIND_CHANGED #/M/1, FIELD_SCALAR_KIND_CHANGED #/M/1"},
		{"message I {}", "enum I { Z = 0; }", "MESSAGE_REMOVED #/M/I"},
		{"Missing a = 1;", "Missing b = 1;", ""},
		{"Missing a = 1;", "Gone a = 1;", "FIELD_NAMED_TYPE_CHANGED #/M/1"},
		{"oneof o { int32 a = 1; }", "", ""},
		{"oneof o { int32 a = 1; int32 b = 2; }", "int32 a = 1;", "ONEOF_FIELD_REMOVED #/M/o/2"},
		{"oneof o { int32 a = 1; int32 b = 2; }", "oneof p { int32 a = 1; int32 b = 2; }", ""},
		{"oneof o { int32 a = 1; int32 b = 2; }", "oneof p { int32 a = 1; } oneof q { int32 b = 2; }", ""},
		{"int32 a = 1;", "oneof o { float a = 1; int32 b = 2; }", "FIELD_SCALAR_KIND_CHANGED #/M/o/1"},
		{"int32 a = 1; int32 b = 2;", "oneof o { int32 a = 1; int32 b = 2; }", "MULTIPLE_FIELDS_MOVED_TO_ONEOF #/M/o"},
		{"oneof o { int32 a = 1; } int32 b = 2;", "oneof o { int32 a = 1; int32 b = 2; }", "FIELD_MOVED_TO_EXISTING_ONEOF #/M/o"},
	} {
		const head, tail = `syntax = "proto3"; package p; message M {`, `} message N {} message O {} enum E { Z = 0; }`
		if got := kinds(diff(mustParse(t, head+c.reader+tail), mustParse(t, head+c.writer+tail))); got != c.want {
			t.Errorf("%s read as %s: got %q, want %q", c.writer, c.reader, got, c.want)
		}
	}
	required := mustParse(t, "message M { required int32 a = 1; optional int32 b = 2; }")
	optional := mustParse(t, "message M { optional int32 b = 2; }")
	if got, want := kinds(diff(required, optional)), "REQUIRED_FIELD_ADDED #/M/1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := kinds(diff(optional, required)), "REQUIRED_FIELD_REMOVED #/M/1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := kinds(diff(optional, mustParse(t, "package p; message M {}"))), "PACKAGE_CHANGED #/"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestKindsAreComplete holds the table against the recordings: each kind that
// they report has a text, and is reported with it.
func TestKindsAreComplete(t *testing.T) {
	texts := make(map[string]bool)
	for _, k := range differ.Kinds {
		texts[k.Name] = k.Text != ""
	}
	for _, c := range vectors(t) {
		for _, m := range c.Messages {
			if rest, ok := strings.CutPrefix(m, `{errorType:"`); ok {
				if kind, _, _ := strings.Cut(rest, `"`); !texts[kind] {
					t.Errorf("%s: %s is not in the table", c.ID, kind)
				}
			}
		}
	}
}

// TestGrowth adds to a message at random what never hurts.
func TestGrowth(t *testing.T) {
	parts := []string{
		"int32 a = 1;", "optional string b = 2;", "repeated M c = 3;", "map<string, int64> d = 4;", "oneof o { bytes e = 5; M f = 6; }",
		"message N { int32 g = 1; }", "enum E { Z = 0; }", "reserved 90 to 99;", "option deprecated = true;",
	}
	rapid.Check(t, func(r *rapid.T) {
		all := rapid.Permutation(parts).Draw(r, "parts")
		n := rapid.IntRange(0, len(all)).Draw(r, "kept")
		text := func(parts []string) string { return `syntax = "proto3"; message M {` + strings.Join(parts, " ") + "}" }
		if found := diff(mustParse(t, text(all)), mustParse(t, text(all[:n]))); len(found) > 0 {
			t.Fatalf("%s: %v", kinds(found), all)
		}
	})
}

// TestEntriesWithinThemselves compares entries of maps, written out, whose values are such entries again.
func TestEntriesWithinThemselves(t *testing.T) {
	const text = `syntax = "proto3"; message M { repeated FEntry f = 1;
message FEntry { option map_entry = true; string key = 1; FEntry value = 2; } }`
	r, w := mustParse(t, text), mustParse(t, strings.Replace(text, "string key", "bool key", 1))
	if got := kinds(diff(r, r)); got != "" {
		t.Errorf("with itself: %s", got)
	}
	if got := kinds(diff(r, w)); !strings.Contains(got, "FIELD_SCALAR_KIND_CHANGED") {
		t.Errorf("with another key: %s", got)
	}
}

func BenchmarkDiff(b *testing.B) {
	const text = `syntax = "proto3"; package shop;
import "google/protobuf/timestamp.proto";
message Order { int64 id = 1; string note = 2; google.protobuf.Timestamp placed = 3; repeated Line lines = 4; map<string, State> states = 5;
oneof payment { string card = 6; bool cash = 7; } message Line { string sku = 1; optional int32 count = 2; } }
enum State { UNKNOWN = 0; SHIPPED = 1; }`
	r, w := mustParse(b, text), mustParse(b, text)
	b.ReportAllocs()
	for b.Loop() {
		if len(diff(r, w)) > 0 {
			b.Fatal("incompatible")
		}
	}
}
