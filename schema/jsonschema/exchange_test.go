package jsonschema_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// exchange is a recorded request with its answer.
type exchange struct {
	N       int
	Request struct {
		Method, Path string
		Body         json.RawMessage
	}
	Response struct {
		Status int
		Body   json.RawMessage
	}
}

// TestConformanceExchanges reads the schemas of recorded registrations and
// compares with the text and the GUID of the answers.
func TestConformanceExchanges(t *testing.T) {
	folder := os.Getenv("VECTORS")
	if folder == "" {
		folder = "../../../shared/vectors"
	}
	files, _ := filepath.Glob(filepath.Join(folder, "rest*", "*.json"))
	if len(files) == 0 {
		t.Skip("the recorded exchanges are absent; set VECTORS to the folder of recordings")
	}
	total := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var scenario struct{ Exchanges []exchange }
		if err := json.Unmarshal(b, &scenario); err != nil {
			t.Fatal(err)
		}
		for i := range scenario.Exchanges {
			e := &scenario.Exchanges[i]
			var asked api.RegisterRequest
			var answered api.Schema
			path, query, _ := strings.Cut(e.Request.Path, "?")
			if e.Request.Method != "POST" || strings.Contains(query, "format=") || !strings.HasSuffix(path, "/versions") || strings.HasPrefix(path, "/compatibility") ||
				json.Unmarshal(e.Request.Body, &asked) != nil || json.Unmarshal(e.Response.Body, &answered) != nil ||
				asked.SchemaType != api.JSON || answered.Schema == "" || asked.Schema == "" || asked.PropagateSchemaTags {
				continue
			}
			total++
			s, err := jsonschema.Language.Parse(schema.Source{Text: asked.Schema, New: true})
			if err == nil {
				s, err = s.WithTags(asked.SchemaTagsToAdd, asked.SchemaTagsToRemove)
			}
			if err == nil && s.Canonical() != answered.Schema {
				s, err = s.Normalized() // the subject may be set to normalize
			}
			if err != nil {
				t.Errorf("%s %d: %v", filepath.Base(file), e.N, err)
				continue
			}
			guid := schema.Identify(s.Canonical(), answered.References, answered.Metadata, answered.RuleSet).String()
			if s.Canonical() != answered.Schema || guid != answered.GUID {
				t.Errorf("%s %d:\n got %s %s\nwant %s %s", filepath.Base(file), e.N, guid, s.Canonical(), answered.GUID, answered.Schema)
			}
		}
	}
	t.Logf("registrations %d", total)
}
