package protobuf_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/protobuf"
)

// unnameable finds types and packages that no name can mean: the reference's parser reads words with
// dots where names are declared, and what refers to them is cut at the dots. protoc refuses them.
var unnameable = regexp.MustCompile(`(?m)^\s*(message|enum|.* group) [^\s{]*\.|^package (\.|.*(\.\.|\.;))`)

// reflexive holds a schema against itself, read anew from its canonical text
// and in normal form, at every level and policy.
func reflexive(t rapid.TB, s schema.Schema, deps []schema.Dependency) {
	if unnameable.MatchString(s.Canonical()) {
		return
	}
	forms := []schema.Schema{s}
	if again, err := (protobuf.Language{}).Parse(schema.Source{Text: s.Canonical(), Dependencies: deps}); err == nil {
		forms = append(forms, again)
	}
	if normal, err := s.Normalized(); err == nil {
		forms = append(forms, normal)
	}
	var history []compat.Version
	for i, form := range forms {
		history = append(history, compat.Version{Number: i + 1, Schema: form})
	}
	for _, level := range compat.Levels {
		for _, policy := range []compat.Policy{"", compat.Strict, compat.Lenient, compat.Logical} {
			for _, form := range forms {
				check := compat.Check{New: compat.Version{Schema: form}, History: history, Level: level, Policy: policy,
					Diff: func(reader, writer compat.Version, _ compat.Policy) []compat.Difference {
						return diff(reader.Schema, writer.Schema)
					}}
				if r := check.Run(); !r.Compatible() {
					t.Fatalf("%s\nis not compatible with itself at %s, %s: %q", form.Canonical(), level, policy, r.Messages)
				}
			}
		}
	}
}

func TestReflexive(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range vectors(t) {
		for _, v := range append([]version{c.New}, c.Old...) {
			if seen[v.Schema] {
				continue
			}
			seen[v.Schema] = true
			if s, err := c.parse(v, true); err == nil {
				reflexive(t, s, c.dependencies(v.References))
			}
		}
	}
}

// TestLaws puts pieces of messages together at random.
func TestLaws(t *testing.T) {
	fields := []string{
		"int32 a = 1;", "string a = 1;", "optional M b = 2;", "N b = 2;", "repeated E c = 3;", "map<string, M> d = 4;", "map<int32, E> d = 4;",
		"oneof o { bytes e = 5; M f = 6; }", "oneof o { int64 g = 1; }", "oneof p { double h = 2; }", "repeated DEntry i = 7;",
	}
	inner := []string{
		"message N { int32 a = 1; M m = 2; }", "message N { message O { N n = 1; } O o = 1; }", "enum E { Z = 0; }", "message E {}",
		"message DEntry { option map_entry = true; string key = 1; M value = 2; }",
	}
	pick := func(t *rapid.T, from []string) string {
		return strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, 4, rapid.ID[string]).Draw(t, "parts"), " ")
	}
	rapid.Check(t, func(t *rapid.T) {
		var texts [2]string
		for i := range texts {
			texts[i] = three + rapid.SampledFrom([]string{"", "package p;", "package M;"}).Draw(t, "package") +
				" message M { " + pick(t, fields) + " " + pick(t, inner) + " } message N { " + pick(t, fields) + " }"
		}
		laws(t, texts[0], texts[1])
	})
}

// laws holds what is true of every two schemas.
func laws(t rapid.TB, a, b string) {
	r, err1 := protobuf.Language{}.Parse(schema.Source{Text: a})
	w, err2 := protobuf.Language{}.Parse(schema.Source{Text: b})
	if err1 != nil || err2 != nil {
		return
	}
	for _, d := range diff(r, w) {
		if !strings.HasPrefix(d.Path, "#/") || d.Text("new", "old") == "" || !d.Kind.Breaks(compat.Strict) {
			t.Fatalf("%s\n%s\n%+v", a, b, d)
		}
	}
	reflexive(t, r, nil)
	reflexive(t, w, nil)
}

func FuzzDiff(f *testing.F) {
	texts := []string{
		`syntax = "proto3"; message M { int32 a = 1; oneof o { string b = 2; M c = 3; } message N { E e = 1; enum E { Z = 0; } } }`,
		`syntax = "proto3"; package p; message M { repeated string a = 1; int32 b = 2; map<string, M> c = 3; }`,
		`message M { required int32 a = 1; optional group G = 2 {} repeated FEntry f = 3; message FEntry { option map_entry = true; optional string key = 1; optional M value = 2; } }`,
	}
	for _, a := range texts {
		for _, b := range texts {
			f.Add(a, b)
		}
	}
	if path, ok := recorded(); ok {
		for i, c := range decoded(f, path) {
			if i%20 == 0 && len(c.New.References) == 0 && len(c.Old[0].References) == 0 {
				f.Add(c.New.Schema, c.Old[0].Schema)
			}
		}
	}
	f.Fuzz(func(t *testing.T, a, b string) { laws(t, a, b) })
}
