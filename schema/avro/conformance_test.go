package avro_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// recorded returns a file of recorded behaviour of the reference, from the
// folder that the environment variable VECTORS names, and whether it is there.
func recorded(path ...string) (file string, ok bool) {
	dir := os.Getenv("VECTORS")
	if dir == "" {
		dir = "../../../shared/vectors"
	}
	file = filepath.Join(append([]string{dir}, path...)...)
	_, err := os.Stat(file)
	return file, err == nil
}

// vectors is recorded for tests that are skipped without the file.
func vectors(t testing.TB, path ...string) string {
	file, ok := recorded(path...)
	if !ok {
		t.Skipf("no recorded vectors at %s (set VECTORS to their folder)", file)
	}
	return file
}

// lines decodes a file of JSON lines.
func lines[T any](t testing.TB, file string) []T {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<26)
	var list []T
	for in.Scan() {
		var v T
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

type registered struct {
	Subject    string
	Version    int
	Schema     string
	References []api.Reference
}

// stored is what a registry keeps of a posted schema: its canonical text.
func stored(t testing.TB, registry []registered) []registered {
	var kept []registered
	for _, r := range registry {
		s, err := avro.Parse(schema.Source{Text: r.Schema, Dependencies: resolve(kept, r.References)})
		if err != nil {
			t.Fatalf("stored schema of %s: %v", r.Subject, err)
		}
		r.Schema = s.Canonical()
		kept = append(kept, r)
	}
	return kept
}

// resolve lists what a schema with these references depends on, dependencies first.
func resolve(registry []registered, refs []api.Reference) []schema.Dependency {
	var deps []schema.Dependency
	visited := make(map[string]bool)
	var visit func(refs []api.Reference)
	visit = func(refs []api.Reference) {
		for _, ref := range refs {
			if visited[ref.Name] {
				continue
			}
			visited[ref.Name] = true
			var found *registered
			for i := range registry {
				if r := &registry[i]; r.Subject == ref.Subject && (ref.Version == r.Version || ref.Version == -1) {
					found = r
				}
			}
			if found == nil {
				continue
			}
			visit(found.References)
			deps = append(deps, schema.Dependency{Name: ref.Name, Subject: ref.Subject, Version: found.Version, Type: api.Avro, Text: found.Schema})
		}
	}
	visit(refs)
	return deps
}

type canonicalCase struct {
	ID                                  string
	Input                               string
	References                          []api.Reference
	ResolvedReferences                  []api.Reference
	Metadata                            *api.Metadata
	RuleSet                             *api.RuleSet
	Registry                            []registered
	ValidateNewSchemas                  *bool
	ValidateFields                      bool
	Canonical, GUID, Name               string
	Normalized, NormalizedError         string
	FormatResolved                      string
	Error                               *struct{ Phase, Message string }
	CanonicalWithoutNewSchemaValidation string
}

func (c *canonicalCase) check(t testing.TB) (wrong []string) {
	expect := func(what, got, want string) {
		if got != want {
			wrong = append(wrong, what+"\n   got "+got+"\n  want "+want)
		}
	}
	src := schema.Source{
		Text:         c.Input,
		Dependencies: resolve(stored(t, c.Registry), c.References),
		New:          c.ValidateNewSchemas == nil || *c.ValidateNewSchemas,
	}
	s, err := avro.Parse(src)
	if c.Error != nil {
		if err == nil {
			expect("accepted", s.Canonical(), "error "+c.Error.Message)
		}
		if src.New {
			src.New = false
			old, err := avro.Parse(src)
			switch {
			case err == nil:
				expect("without new-schema validation", old.Canonical(), c.CanonicalWithoutNewSchemaValidation)
			case c.CanonicalWithoutNewSchemaValidation != "":
				expect("without new-schema validation", err.Error(), c.CanonicalWithoutNewSchemaValidation)
			}
		}
		return wrong
	}
	if err == nil {
		err = s.Validate(c.ValidateFields)
	}
	if err != nil {
		expect("refused", err.Error(), c.Canonical)
		return wrong
	}
	expect("canonical", s.Canonical(), c.Canonical)
	expect("name", s.Name(), c.Name)
	refs := c.ResolvedReferences
	if refs == nil {
		refs = c.References
	}
	expect("guid", schema.Identify(s.Canonical(), refs, c.Metadata, decoded(c.RuleSet)).String(), c.GUID)

	want := c.FormatResolved
	if want == "" {
		want = c.Canonical
	}
	resolved, err := s.Format("Resolved")
	if err != nil {
		resolved = err.Error()
	}
	expect("resolved", resolved, want)

	normal, err := s.Normalized()
	switch {
	case err != nil:
		expect("normalized", err.Error(), c.NormalizedError+c.Normalized)
	default:
		expect("normalized", normal.Canonical(), c.Normalized)
	}
	return wrong
}

// decoded fills in what a rule set has once it is read from a request.
func decoded(rules *api.RuleSet) *api.RuleSet {
	if rules != nil {
		for _, list := range [][]api.Rule{rules.MigrationRules, rules.DomainRules, rules.EncodingRules} {
			for i := range list {
				list[i].Kind = cmp.Or(list[i].Kind, api.KindTransform)
				list[i].Mode = cmp.Or(list[i].Mode, api.ModeWriteRead)
			}
		}
	}
	return rules
}

func TestConformanceCanonical(t *testing.T) {
	cases := lines[canonicalCase](t, vectors(t, "canonical", "avro.jsonl"))
	passed, printed := 0, 0
	for i := range cases {
		wrong := cases[i].check(t)
		if len(wrong) == 0 {
			passed++
		} else if printed++; printed <= 20 {
			t.Errorf("%s: %s\n%s", cases[i].ID, cases[i].Input, strings.Join(wrong, "\n"))
		}
	}
	t.Logf("conformance canonical-avro %d/%d deviations 0", passed, len(cases))
}

type lookupSide struct {
	Schema     string
	References []api.Reference
	Metadata   *api.Metadata
	RuleSet    *api.RuleSet
}

func (l *lookupSide) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &l.Schema)
	}
	type plain lookupSide
	return json.Unmarshal(b, (*plain)(l))
}

// TestConformanceEquivalent compares with the recorded lookups whose metadata
// and rule sets do not decide.
func TestConformanceEquivalent(t *testing.T) {
	type lookup struct {
		ID, SchemaType string
		Normalize      bool
		Stored, Posted lookupSide
		Registry       []registered
		Equivalent     bool
	}
	passed, total := 0, 0
	for _, c := range lines[lookup](t, vectors(t, "canonical", "lookup.jsonl")) {
		meta := c.Stored.Metadata != nil || c.Stored.RuleSet != nil || c.Posted.Metadata != nil || c.Posted.RuleSet != nil
		if c.SchemaType != api.Avro || meta {
			continue
		}
		total++
		registry := stored(t, c.Registry)
		read := func(l *lookupSide) schema.Schema {
			s, err := avro.Language.Parse(schema.Source{Text: l.Schema, Dependencies: resolve(registry, l.References)})
			if err == nil && c.Normalize {
				s, err = s.Normalized()
			}
			if err != nil && !c.Normalize {
				t.Fatalf("%s: %v", c.ID, err)
			}
			return s
		}
		a, b := read(&c.Posted), read(&c.Stored)
		if a == nil || b == nil { // without a normal form, equivalent to nothing
			if !c.Equivalent {
				passed++
			}
			continue
		}
		if a.Equivalent(b) != c.Equivalent || b.Equivalent(a) != c.Equivalent {
			t.Errorf("%s: equivalent is not %t:\n%s\n%s", c.ID, c.Equivalent, a.Canonical(), b.Canonical())
			continue
		}
		passed++
	}
	t.Logf("equivalence in lookups %d/%d", passed, total)
}
