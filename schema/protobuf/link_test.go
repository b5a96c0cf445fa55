package protobuf

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seed-9f7c7091/concordat/schema"
)

// TestLinkAsCompilers links what a compiler takes and compares all that records depend on.
func TestLinkAsCompilers(t *testing.T) {
	library := make(map[string]string)
	err := fs.WalkDir(written, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var text []byte
			text, err = written.ReadFile(path)
			library[path] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	linked := 0
	check := func(text string, deps []schema.Dependency) {
		accessible := map[string]string{"main.proto": text}
		for path, text := range library {
			accessible[path] = text
		}
		for _, d := range deps {
			accessible[d.Name] = d.Text
		}
		c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{Accessor: protocompile.SourceAccessorFromMap(accessible)})}
		files, err := c.Compile(context.Background(), "main.proto")
		if err != nil || strings.Contains(text, "bytes") && strings.Contains(text, "default = \"") {
			return
		}
		linked++
		s := mustParse(t, text, deps...)
		got, _, err := s.(*Schema).Link()
		if err != nil {
			t.Errorf("%s\ndoes not link: %v", text, err)
			return
		}
		if got, want := described(got.Messages()), described(files[0].Messages()); got != want {
			t.Errorf("%s\nis linked as\n%s\nwant\n%s", text, got, want)
		}
	}
	for _, text := range seeds {
		check(text, nil)
	}
	for _, text := range linkTexts {
		before := linked
		if check(text, nil); linked == before {
			t.Errorf("%s\ndoes not compile", text)
		}
	}
	for _, c := range lines[canonicalCase](t, "canonical", "protobuf.jsonl") {
		deps, _ := dependencies(c.Registry, c.References)
		check(c.Input, deps)
	}
	if linked < 200 {
		t.Errorf("only %d texts linked", linked)
	}
}

// described writes down what records depend on, fields and messages sorted.
func described(messages protoreflect.MessageDescriptors) string {
	var lines []string
	for i := range messages.Len() {
		m := messages.Get(i)
		lines = append(lines, fmt.Sprintf("message %s entry=%v", m.FullName(), m.IsMapEntry()))
		fields := m.Fields()
		for j := range fields.Len() {
			f := fields.Get(j)
			line := fmt.Sprintf("field %s %d %s %s %s %s presence=%v packed=%v map=%v", f.FullName(), f.Number(), f.Cardinality(), f.Kind(),
				f.JSONName(), f.TextName(), f.HasPresence(), f.IsPacked(), f.IsMap())
			if f.HasDefault() {
				line += fmt.Sprintf(" default=%v", f.Default())
			}
			if o := f.ContainingOneof(); o != nil {
				line += fmt.Sprintf(" oneof=%s %v", o.Name(), o.IsSynthetic())
			}
			if f.Message() != nil {
				line += " " + string(f.Message().FullName())
			}
			if e := f.Enum(); e != nil {
				line += fmt.Sprintf(" %s closed=%v", e.FullName(), e.IsClosed())
				for k := range e.Values().Len() {
					line += fmt.Sprintf(" %s=%d", e.Values().Get(k).Name(), e.Values().Get(k).Number())
				}
			}
			lines = append(lines, line)
		}
		if nested := described(m.Messages()); nested != "" {
			lines = append(lines, nested)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// linkTexts have what records depend on and other tests do not look at.
var linkTexts = []string{
	`message M { optional group G = 1 { repeated group H_i = 1 { required int32 x = 1; } map<string, H_i> m = 2; } oneof o { string s = 3; group K = 4 { optional K k = 1; } int32 n = 5; } repeated int32 p = 6 [packed = true]; }`,
	`syntax = "proto3"; package a.b; message M { map<int32, N> snake_case_map = 1; map<string, .a.b.M.N.E> e2e = 2; message N { enum E { Z = 0; } optional N n = 1; oneof o { E e = 2; } optional string s = 3; string c_d = 4 [json_name = "x"]; } }`,
	`syntax = "proto3"; package a; import "google/protobuf/struct.proto"; import "google/type/money.proto"; import "confluent/meta.proto"; message M { google.protobuf.Struct s = 1; google.type.Money m = 2 [(confluent.field_meta).tags = "A"]; repeated google.protobuf.Value v = 3; }`,
	`edition = "2023"; package e; option features.field_presence = IMPLICIT; message M { int32 a = 1; int32 b = 2 [features.field_presence = EXPLICIT]; int32 c = 3 [features.field_presence = LEGACY_REQUIRED]; repeated int32 d = 4 [features.repeated_field_encoding = EXPANDED]; M m = 5 [features.message_encoding = DELIMITED]; E e = 6; } enum E { Z = 0; }`,
	`message M { optional sint32 a = 1 [default = -0x10]; optional uint64 b = 2 [default = 18446744073709551615]; optional float c = 3 [default = -inf]; optional string s = 4 [default = "a\"b"]; optional bool d = 5 [default = true]; enum E { Y = 3; X = 1; } optional E e = 6 [default = X]; } extend M2 { optional int32 x = 100; } message M2 { extensions 100 to max; reserved 5; }`,
}

// TestLinkLeniently links what only the registry takes.
func TestLinkLeniently(t *testing.T) {
	for _, text := range []string{
		`syntax = "proto3"; import "nowhere.proto"; message M { int32 a = 1; }`,
		`syntax = "proto3"; message M { oneof empty {} optional int32 a = 1; oneof o { int32 b = 2; } }`,
		`syntax = "proto3"; import "confluent/meta.proto"; import "confluent/meta.proto"; message M { int32 a = 1; }`,
	} {
		if _, _, err := mustParse(t, text).(*Schema).Link(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestLinkErrors refuses files that no record can be read by.
func TestLinkErrors(t *testing.T) {
	ring := []schema.Dependency{
		{Name: "b.proto", Text: `syntax = "proto3"; import "c.proto"; message B { C c = 1; }`},
		{Name: "c.proto", Text: `syntax = "proto3"; import "b.proto"; message C { B b = 1; }`},
	}
	for _, c := range []struct {
		text, want string
		deps       []schema.Dependency
	}{
		{`syntax = "proto3"; message M { Nobody n = 1; }`, `M.n: "Nobody" is not defined.`, nil},
		{`syntax = "proto3"; message M { google.protobuf.Any n = 1; }`, `M.n: "google.protobuf.Any" is not defined.`, nil},
		{`syntax = "proto3"; message M { E e = 1; } enum E { A = 1; }`, `schema: enum "A" using open semantics must have zero number for the first value`, nil},
		{`syntax = "proto3"; import "b.proto"; message M { B b = 1; }`, "b.proto: The file imports itself.", ring},
		{`syntax = "proto3"; import "b.proto"; message M { B b = 1; }`, `reference "b.proto"`, []schema.Dependency{{Name: "b.proto", Text: "message"}}},
	} {
		_, _, err := mustParse(t, c.text, c.deps...).(*Schema).Link()
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		}
	}
}

// TestLinkTags reads the tags of fields, however they are written.
func TestLinkTags(t *testing.T) {
	file, _, err := mustParse(t, `syntax = "proto3"; import "confluent/meta.proto"; message M {
		string a = 1 [(confluent.field_meta) = { tags: "A" }];
		string b = 2 [(confluent.field_meta).tags = "B", (confluent.field_meta).tags = "A", deprecated = true];
		map<string, string> c = 3 [(confluent.field_meta) = { tags: ["C", "C"], doc: "d" }];
		oneof o { string d = 4 [(confluent.field_meta).doc = "d"]; }
	}`).(*Schema).Link()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[protoreflect.Name][]string{"a": {"A"}, "b": {"B", "A"}, "c": {"C"}, "d": nil} {
		if got := FieldTags(file.Messages().Get(0).Fields().ByName(name)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestLinkDefaultBytes keeps any bytes of a default value.
func TestLinkDefaultBytes(t *testing.T) {
	file, _, err := mustParse(t, `message M { optional bytes b = 1 [default = "\001\377\\\"a"]; }`).(*Schema).Link()
	if err != nil {
		t.Fatal(err)
	}
	if got := file.Messages().Get(0).Fields().Get(0).Default().Bytes(); !bytes.Equal(got, []byte("\x01\xff\\\"a")) {
		t.Errorf("%q", got)
	}
}
