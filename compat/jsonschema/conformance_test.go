package jsonschema_test

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
	"github.com/seed-9f7c7091/concordat/compat"
	differ "github.com/seed-9f7c7091/concordat/compat/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
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

// recording is a line of vectors/compat.
type recording struct {
	ID         string
	Old        []posted
	New        posted
	Level      compat.Level
	Policy     compat.Policy
	Registry   []posted
	Compatible bool
	Messages   []string
	Error      *struct{ Phase, Message, RootCause string }
}

func dependencies(registry []posted, refs []api.Reference) (deps []schema.Dependency, err error) {
	seen := make(map[string]bool)
	var visit func([]api.Reference) error
	visit = func(refs []api.Reference) error {
		for _, ref := range refs {
			if seen[ref.Name] {
				continue
			}
			seen[ref.Name] = true
			at := -1
			for i, r := range registry {
				if r.Subject == ref.Subject && (ref.Version == -1 || ref.Version == r.Version) {
					at = i
				}
			}
			if at < 0 {
				return fmt.Errorf("%s version %d is not registered", ref.Subject, ref.Version)
			}
			r := registry[at]
			if err := visit(r.References); err != nil {
				return err
			}
			deps = append(deps, schema.Dependency{Name: ref.Name, Subject: r.Subject, Version: r.Version, Type: api.JSON, Text: r.Schema})
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
	return jsonschema.Language.Parse(schema.Source{Text: p.Schema, Dependencies: deps, New: isNew})
}

// judge checks a recorded pair and returns what is wrong, and whether the
// messages came in another order than the reference's.
func judge(c *recording) (wrong string, reordered bool) {
	updated, err := read(c.Registry, c.New, true)
	if err == nil {
		err = updated.Validate(false)
	}
	if err != nil {
		if c.Error != nil && strings.HasPrefix(c.Error.Phase, "new-") {
			return "", false
		}
		return "new refused: " + err.Error(), false
	}
	first, err := read(c.Registry, c.Old[0], false)
	if err != nil {
		return "old refused: " + err.Error(), false
	}
	old, err := read(c.Registry, posted{Schema: first.Canonical(), References: c.Old[0].References}, false)
	if err == nil {
		err = old.Validate(false)
	}
	if err != nil {
		if c.Error != nil && c.Error.Phase == "old" {
			return "", false
		}
		return "old refused: " + err.Error(), false
	}
	if c.Error != nil {
		return "accepted, want " + c.Error.Phase + " " + c.Error.RootCause, false
	}
	check := compat.Check{
		New: compat.Version{Schema: updated}, History: []compat.Version{{Number: 1, Schema: old}}, Level: c.Level, Policy: c.Policy,
		Diff: func(reader, writer compat.Version, p compat.Policy) []compat.Difference {
			return differ.Differ.Diff(reader.Schema, writer.Schema, p)
		},
	}
	got := check.Run().Messages
	if (len(got) == 0) != c.Compatible {
		return fmt.Sprintf("compatible %t, want %t\n\tgot  %q\n\twant %q", len(got) == 0, c.Compatible, got, c.Messages), false
	}
	if slices.Equal(got, c.Messages) {
		return "", false
	}
	g, w := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(c.Messages))
	if !slices.Equal(g, w) {
		return fmt.Sprintf("messages\n\tgot  %q\n\twant %q", got, c.Messages), false
	}
	return "", true
}

// deviations are the recorded cases we do not follow, with the reason.
var deviations = []struct {
	reason  string
	applies func(*recording) bool
}{
	{"the reference fails with an internal error while comparing", func(c *recording) bool { return c.Error != nil && c.Error.Phase == "compat" }},
}

func deviates(c *recording) bool {
	return slices.ContainsFunc(deviations, func(d struct {
		reason  string
		applies func(*recording) bool
	}) bool {
		return d.applies(c)
	})
}

// maxPrinted bounds the failures that are printed one by one.
const maxPrinted = 20

// recorded opens the file of recorded cases.
func recorded() (*os.File, error) {
	folder := os.Getenv("VECTORS")
	if folder == "" {
		folder = "../../../shared/vectors"
	}
	return os.Open(filepath.Join(folder, "compat", "json.jsonl"))
}

// recordings visits the recorded cases, or skips the test without them.
func recordings(t testing.TB, visit func(*recording)) {
	file, err := recorded()
	if err != nil {
		t.Skipf("the recorded cases are absent (%v); set VECTORS to their folder", err)
	}
	defer file.Close()
	each(t, file, visit)
}

// each visits the cases of a file.
func each(t testing.TB, file *os.File, visit func(*recording)) {
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var c recording
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		visit(&c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

func TestConformanceCompatibility(t *testing.T) {
	passed, total, deviating, reordered, printed := 0, 0, 0, 0, 0
	recordings(t, func(c *recording) {
		if deviates(c) {
			deviating++
			return
		}
		total++
		wrong, other := judge(c)
		if other {
			reordered++
		}
		if wrong == "" {
			passed++
		} else if printed++; printed <= maxPrinted {
			t.Errorf("%s: %s\n\told %s\n\tnew %s", c.ID, wrong, c.Old[0].Schema, c.New.Schema)
		}
	})
	t.Logf("conformance compat-json %d/%d deviations %d", passed, total, deviating)
	t.Logf("in another order than the reference's: %d", reordered)
	if passed < total {
		t.Fail()
	}
}
