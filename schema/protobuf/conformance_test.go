package protobuf

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

// recorded is the path of a file of the recorded vectors, and whether it is there.
func recorded(elem ...string) (path string, ok bool) {
	dir := os.Getenv("VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	path = filepath.Join(append([]string{dir}, elem...)...)
	_, err := os.Stat(path)
	return path, err == nil
}

// lines decodes a file of JSON lines, or skips the test without it.
func lines[T any](t testing.TB, elem ...string) []T {
	t.Helper()
	path, ok := recorded(elem...)
	if !ok {
		t.Skipf("no recorded vectors at %s (set VECTORS to their folder)", path)
	}
	return decoded[T](t, path)
}

func decoded[T any](t testing.TB, path string) []T {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []T
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		var v T
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

type registered struct {
	Subject    string
	Version    int
	Schema     string
	References []api.Reference
}

type canonicalCase struct {
	ID                     string
	Input                  string
	References             []api.Reference
	Metadata               *api.Metadata
	RuleSet                *api.RuleSet
	Registry               []registered
	ValidateFields         bool
	Canonical, GUID, Name  string
	ResolvedReferences     []api.Reference
	Normalized             string
	NormalizedError        string
	FormatIgnoreExtensions *string
	FormatSerialized       string
	FormatSerializedError  string
	Error                  *struct{ Phase, Message, RootCause string }
}

// dependencies resolves references the way the registry does.
func dependencies(registry []registered, refs []api.Reference) (deps []schema.Dependency, resolved []api.Reference) {
	seen := make(map[string]bool)
	find := func(r api.Reference) (found registered) {
		for _, s := range registry {
			if s.Subject == r.Subject && (s.Version == r.Version || r.Version == -1 && s.Version > found.Version) {
				found = s
			}
		}
		return found
	}
	var visit func(refs []api.Reference)
	visit = func(refs []api.Reference) {
		for _, r := range refs {
			if seen[r.Name] {
				continue
			}
			seen[r.Name] = true
			s := find(r)
			visit(s.References)
			text := s.Schema
			if parsed, err := (Language{}).Parse(schema.Source{Text: text}); err == nil {
				text = parsed.Canonical()
			}
			deps = append(deps, schema.Dependency{Name: r.Name, Subject: r.Subject, Version: s.Version, Type: api.Protobuf, Text: text})
		}
	}
	visit(refs)
	for _, r := range refs {
		r.Version = find(r).Version
		resolved = append(resolved, r)
	}
	return deps, resolved
}

// deviations are decided differences from the reference.
var deviations = []struct {
	reason string
	holds  func(c *canonicalCase) bool
}{
	{"edition 2023 is read; the reference refuses every edition", func(c *canonicalCase) bool {
		return c.Error != nil && strings.HasPrefix(strings.TrimSpace(c.Input), `edition = "2023"`)
	}},
	{"the error for an edition that is not read names it", func(c *canonicalCase) bool {
		return c.Error != nil && c.Error.Phase == "parse" && strings.HasPrefix(strings.TrimSpace(c.Input), "edition")
	}},
	{"a file without types is registered; the recording failed only at naming it", func(c *canonicalCase) bool {
		return c.Error != nil && c.Error.Phase == "canonical"
	}},
	{"a normal form keeps the value of every number; the reference rounds to three decimals", func(c *canonicalCase) bool {
		return c.Error == nil && losesDecimals(c.Canonical)
	}},
}

// losesDecimals reports whether a text has a number that needs more than three decimals.
func losesDecimals(text string) bool {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r >= 0x80 || !wordByte(byte(r)) && r != '+' }) {
		if _, decimals, ok := strings.Cut(plainNumber(word), "."); ok && number(word) && len(decimals) > 3 {
			return true
		}
	}
	return false
}

func TestConformanceCanonical(t *testing.T) {
	passed, deviating, failed := 0, 0, 0
	cases := lines[canonicalCase](t, "canonical", "protobuf.jsonl")
	for i := range cases {
		c := &cases[i]
		wrong := c.check()
		if wrong == "" {
			passed++
			continue
		}
		reason := ""
		for _, d := range deviations {
			if d.holds(c) {
				reason = d.reason
			}
		}
		if reason != "" {
			deviating++
			continue
		}
		if failed++; failed <= 20 {
			t.Errorf("%s: %s\n%s", c.ID, wrong, c.Input)
		}
	}
	t.Logf("conformance canonical-protobuf %d/%d deviations %d", passed, len(cases)-deviating, deviating)
	if failed > 0 {
		t.Errorf("%d cases failed", failed)
	}
}

// check returns what differs from the recording, or "".
func (c *canonicalCase) check() string {
	differs := func(what, got, want string) string {
		if got == want {
			return ""
		}
		return what + ":\n got " + got + "\nwant " + want
	}
	deps, refs := dependencies(c.Registry, c.References)
	s, err := Language{}.Parse(schema.Source{Text: c.Input, Dependencies: deps, New: true})
	if err == nil {
		err = s.Validate(c.ValidateFields)
	}
	if c.Error != nil {
		if err == nil {
			return "accepted, but should fail with " + c.Error.RootCause
		}
		return differs("error", strings.TrimPrefix(err.Error(), "Could not parse Protobuf - "), c.Error.RootCause)
	}
	if err != nil {
		return "refused: " + err.Error()
	}
	if c.Metadata != nil || c.RuleSet != nil {
		// What the identity takes from these is tested with it.
	} else if d := differs("guid", schema.Identify(s.Canonical(), refs, nil, nil).String(), c.GUID); d != "" {
		return d + "\n" + differs("canonical", s.Canonical(), c.Canonical)
	}
	normal, err := s.Normalized()
	if err != nil {
		return differs("error of the normal form", err.Error(), c.NormalizedError)
	}
	plain, _ := s.Format("IGNORE_EXTENSIONS")
	want := c.Canonical
	if c.FormatIgnoreExtensions != nil {
		want = *c.FormatIgnoreExtensions
	}
	serialized, err := s.Format("serialized")
	message := ""
	if err != nil {
		message = err.Error()
	}
	for _, d := range []string{
		differs("canonical", s.Canonical(), c.Canonical),
		differs("name", s.Name(), c.Name),
		differs("normal form", normal.Canonical(), c.Normalized),
		differs("ignore_extensions", plain, want),
		differs("serialized", serialized, c.FormatSerialized),
		differs("error of serialized", message, c.FormatSerializedError),
	} {
		if d != "" {
			return d
		}
	}
	return ""
}
