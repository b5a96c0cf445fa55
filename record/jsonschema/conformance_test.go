package jsonschema_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema"
	source "github.com/seed-9f7c7091/concordat/schema/jsonschema"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
)

// recording is a vector of a serializer or deserializer, as far as it tells
// whether a record matches a schema.
type recording struct {
	Name       string
	SchemaType string
	Subject    string
	Op         string
	Registry   struct{ Schemas []registered }
	Config     struct {
		Validates    bool              `json:"json.fail.invalid.schema"`
		UseLatest    bool              `json:"use.latest.version"`
		WithMetadata map[string]string `json:"use.latest.with.metadata"`
	}
	Input   json.RawMessage
	WireHex string
	Expect  struct {
		Decoded json.RawMessage
		Error   *struct{ Class string }
	}
}

type registered struct {
	Subject     string
	Version, ID int
	Schema      string
	References  []api.Reference
	Metadata    *api.Metadata
	RuleSet     *api.RuleSet
}

// latest is the last version of the subject that has the metadata, nil for none.
func (r *recording) latest(subject string, metadata map[string]string) (found *registered) {
next:
	for i := range r.Registry.Schemas {
		s := &r.Registry.Schemas[i]
		if s.Subject != subject || found != nil && s.Version < found.Version {
			continue
		}
		for k, v := range metadata {
			if s.Metadata == nil || s.Metadata.Properties[k] != v {
				continue next
			}
		}
		found = s
	}
	return found
}

// rules tells whether rules change records before or after they are validated.
func (r *recording) rules() bool {
	for _, s := range r.Registry.Schemas {
		if s.RuleSet != nil {
			return true
		}
	}
	return false
}

// asked is the record that was validated and the schema it was held against,
// nil where the vector does not tell.
func (r *recording) asked() (record []byte, by *registered) {
	chosen := r.latest(r.Subject, r.Config.WithMetadata)
	switch {
	case r.Op == "serialize":
		if chosen == nil || chosen.RuleSet != nil && len(chosen.RuleSet.DomainRules)+len(chosen.RuleSet.EncodingRules) > 0 {
			return nil, nil
		}
		return r.Input, chosen
	case !r.rules() && !r.Config.UseLatest && r.Config.WithMetadata == nil:
		wire, err := hex.DecodeString(r.WireHex)
		if err != nil || len(wire) < 5 || wire[0] != 0 {
			return nil, nil
		}
		for i := range r.Registry.Schemas {
			if s := &r.Registry.Schemas[i]; s.ID == int(binary.BigEndian.Uint32(wire[1:])) {
				return wire[5:], s
			}
		}
	case r.Expect.Decoded != nil && chosen != nil && r.Config.WithMetadata != nil: // migrated, then validated
		return r.Expect.Decoded, chosen
	}
	return nil, nil
}

// dependencies are what references lead to, dependencies before those that need them.
func (r *recording) dependencies(refs []api.Reference, seen map[string]bool) (deps []schema.Dependency) {
	for _, ref := range refs {
		for _, s := range r.Registry.Schemas {
			if s.Subject == ref.Subject && s.Version == ref.Version && !seen[ref.Name] {
				seen[ref.Name] = true
				deps = append(deps, r.dependencies(s.References, seen)...)
				deps = append(deps, schema.Dependency{Name: ref.Name, Subject: s.Subject, Version: s.Version, Type: api.JSON, Text: s.Schema})
			}
		}
	}
	return deps
}

// The records that serializers and deserializers of the reference validated
// match or break their schemas as they did there.
func TestConformanceRecords(t *testing.T) {
	folder := filepath.Join(replaytest.Vectors("../.."), "serde")
	files, _ := filepath.Glob(filepath.Join(folder, "*.json"))
	if len(files) == 0 {
		t.Skipf("no recordings in %s; set VECTORS to the folder that holds them", folder)
	}
	held := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Vectors []json.RawMessage }
		if err := json.Unmarshal(data, &list); err != nil {
			t.Fatal(err)
		}
		for _, vector := range list.Vectors {
			var kind struct{ SchemaType string }
			if err := json.Unmarshal(vector, &kind); err != nil {
				t.Fatal(err)
			}
			if kind.SchemaType != api.JSON {
				continue
			}
			var r recording
			if err := json.Unmarshal(vector, &r); err != nil {
				t.Fatal(err)
			}
			record, by := r.asked()
			if !r.Config.Validates || by == nil {
				continue
			}
			held++
			s, err := source.Parse(schema.Source{Text: by.Schema, Dependencies: r.dependencies(by.References, map[string]bool{})})
			if err != nil {
				t.Fatal(err)
			}
			v, err := jsonschema.New(s)
			if err != nil {
				t.Errorf("%s: %v", r.Name, err)
				continue
			}
			broken := r.Expect.Error != nil && r.Expect.Error.Class == "SCHEMA_VALIDATION_FAILED"
			if got := causes(t, v.Validate(record)); (got != "") != broken {
				t.Errorf("%s: %s: %q, want broken %t", r.Name, record, got, broken)
			}
		}
	}
	t.Logf("records held against their schemas: %d", held)
}
