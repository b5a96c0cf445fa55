package protobuf_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat"
	differ "github.com/seed-9f7c7091/concordat/compat/protobuf"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/protobuf"
)

type registered struct {
	Subject    string
	Version    int
	Schema     string
	References []api.Reference
}

// version is a schema text, or an object with its references.
type version struct {
	Schema     string
	References []api.Reference
}

func (v *version) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &v.Schema) == nil {
		return nil
	}
	type plain version
	return json.Unmarshal(data, (*plain)(v))
}

type compatCase struct {
	ID         string
	Old        []version
	New        version
	Level      string
	Registry   []registered
	Compatible bool
	Messages   []string
	Error      *struct{ Phase, RootCause string }
}

// recorded is the path of the recorded cases, and whether they are there.
func recorded() (path string, ok bool) {
	dir := os.Getenv("VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	path = filepath.Join(dir, "compat", "protobuf.jsonl")
	_, err := os.Stat(path)
	return path, err == nil
}

// vectors reads the recorded cases, or skips the test without them.
func vectors(t testing.TB) []compatCase {
	t.Helper()
	path, ok := recorded()
	if !ok {
		t.Skipf("no recorded vectors at %s (set VECTORS to their folder)", path)
	}
	return decoded(t, path)
}

func decoded(t testing.TB, path string) []compatCase {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []compatCase
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		var c compatCase
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// dependencies resolves references the way the registry does.
func (c *compatCase) dependencies(refs []api.Reference) []schema.Dependency {
	var deps []schema.Dependency
	seen := make(map[string]bool)
	var visit func(refs []api.Reference)
	visit = func(refs []api.Reference) {
		for _, r := range refs {
			if seen[r.Name] {
				continue
			}
			seen[r.Name] = true
			var found registered
			for _, s := range c.Registry {
				if s.Subject == r.Subject && (s.Version == r.Version || r.Version == -1 && s.Version > found.Version) {
					found = s
				}
			}
			visit(found.References)
			deps = append(deps, schema.Dependency{Name: r.Name, Subject: r.Subject, Version: found.Version, Type: api.Protobuf, Text: found.Schema})
		}
	}
	visit(refs)
	return deps
}

func (c *compatCase) parse(v version, isNew bool) (schema.Schema, error) {
	src := schema.Source{Text: v.Schema, Dependencies: c.dependencies(v.References), New: isNew}
	s, err := protobuf.Language{}.Parse(src)
	if err != nil {
		return nil, err
	}
	if err := s.Validate(false); err != nil {
		return nil, err
	}
	if isNew {
		return s, nil
	}
	src.Text = s.Canonical() // a stored schema is read from its canonical text
	return protobuf.Language{}.Parse(src)
}

// deviation is a decided difference from the reference.
type deviation struct {
	reason string
	holds  func(*compatCase) bool
}

var deviations = []deviation{
	{"edition 2023 is read; the reference refuses every edition", func(c *compatCase) bool {
		return c.Error != nil && (strings.HasPrefix(c.New.Schema, `edition = "2023"`) || strings.HasPrefix(c.Old[0].Schema, `edition = "2023"`))
	}},
}

func TestConformanceCompat(t *testing.T) {
	passed, deviating, failed := 0, 0, 0
	cases := vectors(t)
	for i := range cases {
		c := &cases[i]
		wrong := c.check()
		if wrong == "" {
			passed++
			continue
		}
		if slices.ContainsFunc(deviations, func(d deviation) bool { return d.holds(c) }) {
			deviating++
			continue
		}
		if failed++; failed <= 20 {
			t.Errorf("%s: %s\nold: %s\nnew: %s", c.ID, wrong, c.Old[0].Schema, c.New.Schema)
		}
	}
	t.Logf("conformance compat-protobuf %d/%d deviations %d", passed, len(cases), deviating)
	if failed > 0 {
		t.Errorf("%d cases failed", failed)
	}
}

// check returns what differs from the recording, or "".
func (c *compatCase) check() string {
	newer, newErr := c.parse(c.New, true)
	older, oldErr := c.parse(c.Old[0], false)
	if c.Error != nil {
		if c.Error.Phase == "old" && oldErr == nil || c.Error.Phase != "old" && newErr == nil {
			return "accepted, but should fail with " + c.Error.RootCause
		}
		return ""
	}
	if newErr != nil || oldErr != nil {
		return "refused: " + errorText(newErr) + errorText(oldErr)
	}
	var got []string
	reader, writer, words := newer, older, [2]string{"new", "old"}
	if c.Level == "FORWARD" {
		reader, writer, words = older, newer, [2]string{"old", "new"}
	}
	for _, d := range (differ.Differ{}).Diff(reader, writer, compat.Strict) {
		got = append(got, d.Text(words[0], words[1]))
	}
	if len(got) > 0 {
		got = append(got, "{oldSchemaVersion: 1}", "{oldSchema: '"+older.Canonical()+"'}", "{validateFields: 'false', compatibility: '"+c.Level+"'}")
	}
	// The recording compares as a multiset; here even the order is the same.
	if !slices.Equal(got, c.Messages) || (len(got) == 0) != c.Compatible {
		return "messages:\n got " + strings.Join(got, "\n     ") + "\nwant " + strings.Join(c.Messages, "\n     ")
	}
	return ""
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
