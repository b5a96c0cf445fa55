package protobuf

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/schema"
)

// seeds are small texts that together have every construct.
var seeds = []string{
	"",
	`syntax = "proto3"; package a.b; import "x.proto"; import public "y.proto"; import weak "z.proto"; message M { int32 a = 1; }`,
	`syntax = "proto3"; message M { map<string, N> m_n = 1; optional N n = 2; repeated .M.N o = 0x3; message N { enum E { Z = 0; } E e = 1; } }`,
	`message M { required int32 a = 1 [default = -5, deprecated = true]; optional group G = 2 { optional string s = 1; } extensions 4 to 9, 20 to max; }`,
	`message M { reserved 1, 2 to 3, 9 to max; reserved "a", "b"; oneof o { string s = 4; group G = 5 {} } }`,
	`enum E { option allow_alias = true; reserved -5 to -1; A = 0; B = 0x1 [deprecated = true]; C = 01; }`,
	`syntax = "proto3"; message M {} service S { option deprecated = true; rpc A (stream M) returns (M) { option idempotency_level = IDEMPOTENT; } }`,
	`import "google/protobuf/descriptor.proto"; message O { optional string a = 1; repeated int32 b = 2; } extend google.protobuf.FieldOptions { optional O my = 50001; repeated O many = 50002; }` +
		` message M { optional int32 x = 1 [(my).a = 'q' "r", (my).b = 3, (my).b = 0x4, (many) = { b: [1, 20] a: "\x41\101\u00e9\n" }, (many) = { b: 0x10 }]; }`,
	`syntax = "proto3"; message M { repeated FEntry f = 1; message FEntry { option map_entry = true; string key = 1; int32 value = 2; } }`,
	`syntax = "proto3"; import "confluent/meta.proto"; message M { option (confluent.message_meta).tags = "PII"; string s = 1 [(confluent.field_meta) = { doc: "d", params: [{ key: "k", value: "v" }], tags: ["PII"] }]; }`,
	`edition = "2023"; option features.field_presence = IMPLICIT; message M { reserved x, y; int32 a = 1 [features.field_presence = EXPLICIT]; extensions 4 to 5 [verification = UNVERIFIED]; }`,
	`message M { optional bytes b = 1 [default = "\001\377"]; optional double d = 2 [default = 1e-5]; optional float f = 3 [default = nan]; }`,
	`message M { oneof o { option (unknown).x = "y"; string s = 1; } option (any) = { [x.y/z.W] { c: -inf d < e: 1.50 > } }; }`,
	`syntax = "proto3"; message M { oneof o {} } // comment` + "\n/* another */",
	"Cgd4LnByb3RvIhEKAU0SDAoBYRgBIAEoBVIBYWIGcHJvdG8z",
	"CgdkZWZhdWx0IgwKAU0SBwoBYRgBKAViBnByb3RvMw==",
	`syntax = "proto3"; message A {`, `hello`, `{}`,
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	if path, ok := recorded("canonical", "protobuf.jsonl"); ok {
		for _, c := range decoded[canonicalCase](f, path) {
			if len(c.Input) < 1000 {
				f.Add(c.Input)
			}
		}
	}
	builtin()
	f.Fuzz(func(t *testing.T, text string) {
		allocated, _ := cost(func() { _, _ = use(schema.Source{Text: text, New: true}) })
		if allocated > 4*maxAllocated*len(text)+4<<20 {
			t.Fatalf("%d bytes allocated for %q", allocated, text)
		}
		holds(t, schema.Source{Text: text})
	})
}

// holds checks what is true of every text.
func holds(t rapid.TB, src schema.Source) {
	t.Helper()
	src.New = true
	s, err := Language{}.Parse(src)
	if err != nil {
		if err.Error() == "" {
			t.Fatal("an error without a text")
		}
		return
	}
	s.Name()
	s.Size()
	s.Fields()
	valid := s.Validate(false)
	for _, name := range []string{"", "serialized", "ignore_extensions"} {
		_, _ = s.Format(name)
	}
	if s.(*Schema).file.rawDefaults {
		return
	}
	same(t, s, reparse(t, s))
	if valid != nil {
		return
	}
	normal, err := s.Normalized()
	if err != nil {
		t.Fatal(err)
	}
	twice, err := normal.Normalized()
	if err != nil {
		t.Fatalf("the normal form %s\nhas none: %v", normal.Canonical(), err)
	}
	same(t, normal, twice)
	read := reparse(t, normal)
	twice, err = read.Normalized()
	if err != nil {
		t.Fatalf("the normal form %s\nhas none: %v", normal.Canonical(), err)
	}
	hollow := func(s schema.Schema) string { return hollows.Replace(s.Canonical()) }
	if hollow(twice) != hollow(normal) {
		t.Fatalf("the normal form of\n%s\nis not its own:\n%s", normal.Canonical(), twice.Canonical())
	}
	want, err1 := normal.(*Schema).descriptor()
	got, err2 := read.(*Schema).descriptor()
	if (err1 == nil) != (err2 == nil) || err1 == nil && !proto.Equal(want, got) {
		t.Fatalf("the normal form reads as another descriptor:\n%v\n%v", want, got)
	}
}

// same holds two schemas to be one: equal texts, identities and answers to lookups.
func same(t rapid.TB, a, b schema.Schema) {
	t.Helper()
	guid := func(s schema.Schema) schema.GUID { return schema.Identify(s.Canonical(), nil, nil, nil) }
	if a.Canonical() != b.Canonical() || guid(a) != guid(b) || !a.Equivalent(b) || !b.Equivalent(a) {
		t.Fatalf("\n%s\nis not the same as\n%s", a.Canonical(), b.Canonical())
	}
}

// keepsNumbers holds the normal form to the numbers of a schema: it may move
// and respell them. Messages for the entries of maps go, with their numbers.
func keepsNumbers(t rapid.TB, src schema.Source) {
	t.Helper()
	s, err := Language{}.Parse(src)
	if err != nil || strings.Contains(src.Text, "map_entry") {
		return
	}
	if normal, err := s.Normalized(); err == nil && !slices.Equal(numbers(s.Canonical()), numbers(normal.Canonical())) {
		t.Fatalf("\n%s\nhas other numbers than its normal form\n%s", s.Canonical(), normal.Canonical())
	}
}

// numbers lists the numbers of a text by their values.
func numbers(text string) (list []string) {
	text = strings.ReplaceAll(text, " 5 to 5", " 5") // a range of one number, of which one suffices
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r >= 0x80 || !wordByte(byte(r)) && r != '+' }) {
		if number(word) {
			list = append(list, plainNumber(word))
		}
	}
	slices.Sort(list)
	return list
}

func reparse(t rapid.TB, s schema.Schema) schema.Schema {
	t.Helper()
	again, err := Language{}.Parse(schema.Source{Text: s.Canonical(), Dependencies: s.(*Schema).deps})
	if err != nil {
		t.Fatalf("the printed text cannot be read: %v\n%s", err, s.Canonical())
	}
	return again
}
