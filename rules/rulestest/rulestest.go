// Package rulestest is the recordings of what clients of the reference did with
// single records, for the tests of rules and of serializers. It is imported by tests alone.
package rulestest

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat/languages"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/formats"
	recordprotobuf "github.com/seed-9f7c7091/concordat/record/protobuf"
	"github.com/seed-9f7c7091/concordat/schema"
)

// Vector is what a client of the reference did with one record.
type Vector struct {
	Name, Area, SchemaType, Topic, Subject, Op string

	IsKey    bool
	Registry struct{ Schemas []*Schema }
	Config   map[string]json.RawMessage
	Input    json.RawMessage
	WireHex  *string
	Headers  []Header

	MessageType     string
	MessageSchemaID int
	Expect          struct {
		WireHex     *string
		Headers     []Header
		Decoded     json.RawMessage
		MessageType string
		Error       *struct{ Class string }
	}
	Compare string
}

// Header is a header of a record, its value in hexadecimal.
type Header struct{ Key, ValueHex string }

// Schema is a version that the registry of a vector has.
type Schema struct {
	Subject    string          `json:"subject"`
	Version    int             `json:"version"`
	ID         int             `json:"id"`
	GUID       string          `json:"guid"`
	SchemaType string          `json:"schemaType"`
	Schema     string          `json:"schema"`
	References []api.Reference `json:"references,omitempty"`
	Metadata   *api.Metadata   `json:"metadata,omitempty"`
	RuleSet    json.RawMessage `json:"ruleSet,omitempty"`
}

// deviations are the cases decided otherwise than the reference has them.
var deviations = []struct {
	reason string
	holds  func(*Vector) bool
}{
	{"matches searches, as the CEL specification, Go and Python have it; in Java alone the whole string must match", func(v *Vector) bool {
		return v.uses("matches(") && !(v.uses(`"cel.regex.engine"`) && v.uses(`"re2"`))
	}},
	{"a rule set enabled at CLIENT runs in a client", func(v *Vector) bool {
		return slices.ContainsFunc(v.Registry.Schemas, (*Schema).atClient) && v.Text("execution.environment") == ""
	}},
	{"properties that are not there are not visited", func(v *Vector) bool {
		return v.SchemaType == api.JSON && v.uses("CEL_FIELD") && v.Expect.Error != nil
	}},
}

func (v *Vector) uses(text string) bool {
	return slices.ContainsFunc(v.Registry.Schemas, func(s *Schema) bool { return bytes.Contains(s.RuleSet, []byte(text)) })
}

func (s *Schema) atClient() bool {
	var rules struct{ EnableAt string }
	_ = json.Unmarshal(s.RuleSet, &rules)
	return rules.EnableAt == "CLIENT"
}

func (v *Vector) deviates() bool {
	for _, d := range deviations {
		if d.holds(v) {
			return true
		}
	}
	return false
}

// Conformance runs the recordings whose area is taken, and tells the totals under a name. run does what the client did and
// says what came out otherwise, "" for nothing. The folder is that of the repository's recordings, unless VECTORS names another.
func Conformance(t *testing.T, name, dir string, takes func(area string) bool, run func(*testing.T, *Vector) string) {
	if d := os.Getenv("VECTORS"); d != "" {
		dir = d
	}
	files, _ := filepath.Glob(filepath.Join(dir, "serde", "*.json"))
	if len(files) == 0 {
		t.Skipf("no recordings in %s: set VECTORS to their folder", dir)
	}
	passed, total, deviating := 0, 0, 0
	for _, path := range files {
		area := strings.TrimSuffix(filepath.Base(path), ".json")
		if !takes(area) {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Vectors []*Vector }
		if err := json.Unmarshal(b, &file); err != nil {
			t.Fatal(err)
		}
		for _, v := range file.Vectors {
			why := run(t, v)
			total++
			switch {
			case why == "":
				passed++
			case v.deviates():
				total--
				deviating++
			default:
				t.Errorf("%s/%s: %s", area, v.Name, why)
			}
		}
	}
	t.Logf("conformance %s %d/%d deviations %d", name, passed, total, deviating)
}

// Text is a setting that is a text, "" for all others.
func (v *Vector) Text(name string) string {
	var s string
	_ = json.Unmarshal(v.Config[name], &s)
	return s
}

// Metadata is what the reader's, or writer's, version is to have.
func (v *Vector) Metadata() map[string]string {
	var with map[string]string
	_ = json.Unmarshal(v.Config["use.latest.with.metadata"], &with)
	return with
}

// Newest is the newest version of a subject that has the metadata, nil if there is none.
func (v *Vector) Newest(subject string, with map[string]string) (found *Schema) {
	for _, s := range v.Registry.Schemas {
		has := s.Subject == subject
		for key, value := range with {
			has = has && s.Metadata != nil && s.Metadata.Properties[key] == value
		}
		if has && (found == nil || s.Version > found.Version) {
			found = s
		}
	}
	return found
}

// Format is that of the records of a schema, for Protobuf of the message named, if one is.
func (v *Vector) Format(s *Schema, message string) (record.Format, error) {
	parsed, err := languages.ByType[v.SchemaType].Parse(schema.Source{Text: s.Schema, Dependencies: v.dependencies(s.References, map[string]bool{})})
	if err != nil {
		return nil, err
	}
	f, err := formats.Of(parsed)
	if err != nil {
		return nil, err
	}
	if p, ok := f.(*recordprotobuf.Format); ok && message != "" {
		return p.ByName(message)
	}
	return f, nil
}

func (v *Vector) dependencies(refs []api.Reference, seen map[string]bool) (deps []schema.Dependency) {
	for _, ref := range refs {
		for _, s := range v.Registry.Schemas {
			if s.Subject == ref.Subject && s.Version == ref.Version && !seen[ref.Name] {
				seen[ref.Name] = true
				deps = append(deps, v.dependencies(s.References, seen)...)
				deps = append(deps, schema.Dependency{Name: ref.Name, Subject: s.Subject, Version: s.Version, Type: v.SchemaType, Text: s.Schema})
			}
		}
	}
	return deps
}

// SameJSON compares by value; members that are null or absent are told apart.
func SameJSON(a, b []byte) bool {
	decode := func(b []byte) (v any) {
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		_ = d.Decode(&v)
		return plainNumbers(v)
	}
	return sameValue(decode(a), decode(b))
}

// sameValue compares what came out with what was recorded, where values of
// unions stand without the name of their branch.
func sameValue(got, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return ok && len(g) == 1 && sameBranch(g, want)
		}
		for name := range w {
			if v, ok := g[name]; !ok || !sameValue(v, w[name]) {
				return len(g) == 1 && sameBranch(g, want)
			}
		}
		return true
	case []any:
		if g, ok := got.([]any); ok {
			return slices.EqualFunc(g, w, sameValue)
		}
	}
	if g, ok := got.(map[string]any); ok && len(g) == 1 {
		return sameBranch(g, want)
	}
	return reflect.DeepEqual(got, want)
}

func sameBranch(got map[string]any, want any) bool {
	for _, v := range got {
		return sameValue(v, want)
	}
	return false
}

// plainNumbers writes numbers of one value alike.
func plainNumbers(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for name := range maps.Clone(x) {
			x[name] = plainNumbers(x[name])
		}
	case []any:
		for i := range x {
			x[i] = plainNumbers(x[i])
		}
	case json.Number:
		if n, err := strconv.ParseInt(string(x), 10, 64); err == nil {
			return n
		}
		f, _ := x.Float64()
		if f == float64(int64(f)) {
			return int64(f)
		}
		return f
	}
	return v
}
