package jsonschema_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

type registered struct {
	Subject    string
	Version    int
	Schema     string
	References []api.Reference
}

// canonicalCase is a line of vectors/canonical.
type canonicalCase struct {
	ID, Input, Canonical, Normalized, Name, GUID, NormalizedGUID string

	References, ResolvedReferences, NormalizedReferences []api.Reference
	Registry                                             []registered
	Metadata                                             *api.Metadata
	RuleSet                                              *api.RuleSet
	ValidateFields                                       bool
	Error                                                *struct{ Phase, Message, RootCause string }
}

// dependencies resolves references depth-first, each name once; nil, false
// when one is not registered.
func dependencies(registry []registered, refs []api.Reference) (deps []schema.Dependency, ok bool) {
	seen := make(map[string]bool)
	var visit func([]api.Reference) bool
	visit = func(refs []api.Reference) bool {
		for _, ref := range refs {
			if seen[ref.Name] {
				continue
			}
			seen[ref.Name] = true
			var found *registered
			for i := range registry {
				r := &registry[i]
				if r.Subject == ref.Subject && (r.Version == ref.Version || ref.Version == -1) {
					found = r
				}
			}
			if found == nil || !visit(found.References) {
				return false
			}
			deps = append(deps, schema.Dependency{Name: ref.Name, Subject: found.Subject, Version: found.Version, Type: api.JSON, Text: found.Schema})
		}
		return true
	}
	return deps, visit(refs)
}

// recorded opens a file of recorded cases.
func recorded(name string) (*os.File, error) {
	folder := os.Getenv("VECTORS")
	if folder == "" {
		folder = "../../../shared/vectors"
	}
	return os.Open(filepath.Join(folder, name))
}

// vectors visits the cases of a file, or skips the test without it.
func vectors(t testing.TB, name string, visit func(line []byte)) {
	file, err := recorded(name)
	if err != nil {
		t.Skipf("the recorded cases are absent (%v); set VECTORS to their folder", err)
	}
	defer file.Close()
	each(t, file, visit)
}

// each visits the lines of a file.
func each(t testing.TB, file *os.File, visit func(line []byte)) {
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		visit(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// maxPrinted bounds the failures that are printed one by one.
const maxPrinted = 20

func TestConformanceCanonical(t *testing.T) {
	total, passed := 0, 0
	vectors(t, "canonical/json.jsonl", func(line []byte) {
		var c canonicalCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		total++
		if why := checkCanonical(&c); why == "" {
			passed++
		} else if total-passed <= maxPrinted {
			t.Errorf("%s: %s\n\tinput %s", c.ID, why, c.Input)
		}
	})
	t.Logf("conformance canonical-json %d/%d deviations 0", passed, total)
	if passed < total {
		t.Fail()
	}
}

func checkCanonical(c *canonicalCase) string {
	deps, ok := dependencies(c.Registry, c.References)
	if !ok {
		return "a reference is not registered"
	}
	s, err := jsonschema.Language.Parse(schema.Source{Text: c.Input, Dependencies: deps, New: true})
	phase := "parse"
	if err == nil {
		phase = "validate"
		err = s.Validate(c.ValidateFields)
	}
	if c.Error != nil {
		if err == nil {
			return "accepted, want " + c.Error.RootCause
		}
		if c.Error.Phase != phase {
			return "refused in phase " + phase + ", want " + c.Error.Phase
		}
		return ""
	}
	if err != nil {
		return "refused: " + detail(err)
	}
	if s.Canonical() != c.Canonical {
		return "canonical " + s.Canonical()
	}
	if s.Name() != c.Name {
		return "name " + s.Name()
	}
	n, err := s.Normalized()
	if err != nil {
		return "not normalized: " + err.Error()
	}
	if n.Canonical() != c.Normalized {
		return "normalized " + n.Canonical()
	}
	refs := c.ResolvedReferences
	if refs == nil {
		refs = c.References
	}
	if got := schema.Identify(s.Canonical(), refs, c.Metadata, decoded(c.RuleSet)).String(); got != c.GUID {
		return "guid " + got
	}
	return ""
}

// decoded sets the defaults that reading a request sets.
func decoded(rules *api.RuleSet) *api.RuleSet {
	if rules == nil {
		return nil
	}
	for _, list := range [][]api.Rule{rules.MigrationRules, rules.DomainRules, rules.EncodingRules} {
		for i := range list {
			if list[i].Kind == "" {
				list[i].Kind = api.KindTransform
			}
			if list[i].Mode == "" {
				list[i].Mode = api.ModeWriteRead
			}
		}
	}
	return rules
}

// detail is the innermost error, "" for none.
func detail(err error) string {
	if err == nil {
		return ""
	}
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err.Error()
		}
		err = inner.Unwrap()
	}
}
