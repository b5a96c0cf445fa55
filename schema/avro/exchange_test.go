package avro_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

type exchange struct {
	N       int
	Request struct {
		Method, Path string
		Body         json.RawMessage
	}
	Response struct{ Body json.RawMessage }
}

// registration returns the posted and the answered schema where an exchange
// registers an Avro schema as it stands: no references, no edits of tags, and
// not written in the language of logical types.
func (e *exchange) registration() (asked, answered api.Schema, ok bool) {
	path, query, _ := strings.Cut(e.Request.Path, "?")
	if e.Request.Method != "POST" || !strings.HasSuffix(path, "/versions") || strings.HasPrefix(path, "/compatibility") || strings.Contains(query, "format=") {
		return asked, answered, false
	}
	var edits map[string]json.RawMessage
	if json.Unmarshal(e.Request.Body, &edits) != nil || json.Unmarshal(e.Request.Body, &asked) != nil || json.Unmarshal(e.Response.Body, &answered) != nil {
		return asked, answered, false
	}
	edited := edits["schemaTagsToAdd"] != nil || edits["schemaTagsToRemove"] != nil || edits["propagateSchemaTags"] != nil
	plain := asked.SchemaType == "" || asked.SchemaType == api.Avro
	return asked, answered, plain && !edited && asked.Schema != "" && answered.Schema != "" && asked.References == nil && answered.References == nil
}

// TestConformanceExchanges reads the schemas of recorded registrations and
// compares with the text and the GUID in the answers.
func TestConformanceExchanges(t *testing.T) {
	dir := filepath.Dir(filepath.Dir(vectors(t, "rest", "README.md")))
	files, err := filepath.Glob(filepath.Join(dir, "rest*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	passed, total := 0, 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var scenario struct{ Exchanges []exchange }
		if err := json.Unmarshal(b, &scenario); err != nil {
			t.Fatal(err)
		}
		for _, e := range scenario.Exchanges {
			asked, answered, ok := e.registration()
			if !ok {
				continue
			}
			total++
			s, err := avro.Language.Parse(schema.Source{Text: asked.Schema, New: true})
			if err == nil && s.Canonical() != answered.Schema {
				s, err = s.Normalized() // the subject may be set to normalize
			}
			if err != nil {
				t.Errorf("%s %d: %v", filepath.Base(file), e.N, err)
				continue
			}
			guid := schema.Identify(s.Canonical(), nil, answered.Metadata, answered.RuleSet).String()
			if s.Canonical() != answered.Schema || guid != answered.GUID {
				t.Errorf("%s %d:\n got %s %s\nwant %s %s", filepath.Base(file), e.N, guid, s.Canonical(), answered.GUID, answered.Schema)
				continue
			}
			passed++
		}
	}
	t.Logf("registrations %d/%d", passed, total)
}
