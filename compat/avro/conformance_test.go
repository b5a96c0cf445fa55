package avro_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	compatavro "github.com/seed-9f7c7091/concordat/compat/avro"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

type posted struct {
	Subject    string
	Version    int
	Schema     string
	References []api.Reference
}

func (p *posted) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &p.Schema)
	}
	type plain posted
	return json.Unmarshal(b, (*plain)(p))
}

type recording struct {
	ID         string
	Old        []posted
	New        posted
	Level      string
	Registry   []posted
	Compatible bool
	Messages   []string
	Error      *struct{ Phase, Message string }
}

// dependencies resolves references, -1 to the latest version, dependencies
// before those that need them.
func dependencies(registry []posted, refs []api.Reference) ([]schema.Dependency, error) {
	var deps []schema.Dependency
	visited := make(map[string]bool)
	var visit func([]api.Reference) error
	visit = func(refs []api.Reference) error {
		for _, ref := range refs {
			if visited[ref.Name] {
				continue
			}
			visited[ref.Name] = true
			at := -1
			for i, r := range registry {
				if r.Subject == ref.Subject && (ref.Version == -1 || ref.Version == r.Version) {
					at = i
				}
			}
			if at < 0 {
				return fmt.Errorf("No schema reference found for subject %q and version %d", ref.Subject, ref.Version)
			}
			r := registry[at]
			if err := visit(r.References); err != nil {
				return err
			}
			deps = append(deps, schema.Dependency{Name: ref.Name, Subject: r.Subject, Version: r.Version, Type: api.Avro, Text: r.Schema})
		}
		return nil
	}
	return deps, visit(refs)
}

func read(registry []posted, p posted, isNew bool) (schema.Schema, error) {
	deps, err := dependencies(registry, p.References)
	if err != nil {
		return nil, err
	}
	return avro.Language.Parse(schema.Source{Text: p.Schema, Dependencies: deps, New: isNew})
}

// reread reads a schema from the text that the registry stores of it.
func reread(registry []posted, p posted) (schema.Schema, error) {
	s, err := read(registry, p, false)
	if err != nil {
		return nil, err
	}
	p.Schema = s.Canonical()
	return read(registry, p, false)
}

// run answers as the registry does: the phase that failed, or the messages.
func (r *recording) run() (phase string, messages []string) {
	var registry []posted
	for _, p := range r.Registry {
		s, err := read(registry, p, false)
		if err != nil {
			return "registry", nil
		}
		p.Schema = s.Canonical()
		registry = append(registry, p)
	}
	old, err := reread(registry, r.Old[0])
	if err != nil {
		return "old", nil
	}
	now, err := read(registry, r.New, true)
	if err != nil {
		return "new-parse", nil
	}
	reader, writer, words := now, old, [2]string{"new", "old"}
	if r.Level == "FORWARD" {
		reader, writer, words = old, now, [2]string{"old", "new"}
	}
	for _, d := range compatavro.Differ.Diff(reader, writer, "") {
		messages = append(messages, d.Text(words[0], words[1]))
	}
	if len(messages) > 0 {
		messages = append(messages, "{oldSchemaVersion: 1}", "{oldSchema: '"+old.Canonical()+"'}",
			"{validateFields: 'false', compatibility: '"+r.Level+"'}")
	}
	return "", messages
}

func (r *recording) check() string {
	phase, messages := r.run()
	if r.Error != nil {
		if phase != r.Error.Phase {
			return fmt.Sprintf("phase %q, want %q: %s", phase, r.Error.Phase, r.Error.Message)
		}
		return ""
	}
	if phase != "" {
		return "refused in phase " + phase
	}
	if !slices.Equal(messages, r.Messages) {
		return fmt.Sprintf("messages\n  %s\nwant\n  %s", strings.Join(messages, "\n  "), strings.Join(r.Messages, "\n  "))
	}
	return ""
}

// recorded is the path of the recordings, and whether they are there.
func recorded() (path string, ok bool) {
	dir := os.Getenv("VECTORS")
	if dir == "" {
		dir = "../../../shared/vectors"
	}
	path = filepath.Join(dir, "compat", "avro.jsonl")
	_, err := os.Stat(path)
	return path, err == nil
}

// recordings reads the recordings, or skips the test without them.
func recordings(t testing.TB) []recording {
	path, ok := recorded()
	if !ok {
		t.Skipf("no recorded vectors at %s (set VECTORS to their folder)", path)
	}
	return decoded(t, path)
}

func decoded(t testing.TB, path string) []recording {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []recording
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<26)
	for in.Scan() {
		var r recording
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// TestConformanceCompat asks for the recorded messages in the recorded order.
func TestConformanceCompat(t *testing.T) {
	list := recordings(t)
	passed, printed := 0, 0
	for i := range list {
		r := &list[i]
		wrong := r.check()
		if wrong == "" {
			passed++
		} else if printed++; printed <= 20 {
			t.Errorf("%s: %s\nold %s\nnew %s", r.ID, wrong, r.Old[0].Schema, r.New.Schema)
		}
	}
	t.Logf("conformance compat-avro %d/%d deviations 0", passed, len(list))
}
