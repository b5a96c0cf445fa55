package protobuf

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

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

// TestRecordedExchanges repeats the part of recorded registrations that is
// about the text: the canonical or normal text answered, or the refusal.
func TestRecordedExchanges(t *testing.T) {
	checked := 0
	for _, folder := range []string{"rest", "rest-random"} {
		dir, ok := recorded(folder)
		if !ok {
			t.Skipf("no recorded vectors at %s (set VECTORS to their folder)", dir)
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var scenario struct{ Exchanges []exchange }
			if err := json.Unmarshal(data, &scenario); err != nil {
				t.Fatal(err)
			}
			known := make(map[string]string) // texts by subject
			for i := range scenario.Exchanges {
				e := &scenario.Exchanges[i]
				if replay(t, filepath.Base(name), e, known) {
					checked++
				}
			}
		}
	}
	t.Logf("%d exchanges checked", checked)
}

func replay(t *testing.T, file string, e *exchange, known map[string]string) bool {
	path, _, _ := strings.Cut(e.Request.Path, "?")
	if e.Request.Method != "POST" || !strings.HasSuffix(path, "/versions") || !strings.Contains(path, "/subjects/") || strings.Contains(path, "/compatibility/") {
		return false
	}
	var req api.RegisterRequest
	var resp struct {
		Schema, Message string
		References      []api.Reference
		Metadata        *api.Metadata
		RuleSet         *api.RuleSet
		GUID            string
	}
	if json.Unmarshal(e.Request.Body, &req) != nil || req.SchemaType != api.Protobuf || strings.TrimSpace(req.Schema) == "" ||
		len(req.SchemaTagsToAdd)+len(req.SchemaTagsToRemove) > 0 || json.Unmarshal(e.Response.Body, &resp) != nil {
		return false
	}
	subject, _ := url.PathUnescape(strings.TrimSuffix(path[strings.Index(path, "/subjects/")+len("/subjects/"):], "/versions"))
	src := schema.Source{Text: req.Schema, New: true}
	for _, r := range req.References {
		src.Dependencies = append(src.Dependencies, schema.Dependency{Name: r.Name, Subject: r.Subject, Version: r.Version, Text: known[r.Subject]})
	}
	s, err := Language{}.Parse(src)
	if err == nil {
		err = s.Validate(false)
	}
	switch {
	case e.Response.Status == 200 && err != nil:
		t.Errorf("%s %d: refused: %v", file, e.N, err)
	case e.Response.Status == 200 && resp.Schema != "":
		known[subject] = resp.Schema
		normal, err := s.Normalized()
		if err != nil {
			t.Errorf("%s %d: %v", file, e.N, err)
		} else if s.Canonical() != resp.Schema && normal.Canonical() != resp.Schema {
			t.Errorf("%s %d: got\n%s\nwant\n%s", file, e.N, s.Canonical(), resp.Schema)
		}
		if resp.Metadata == nil && resp.RuleSet == nil {
			if got := schema.Identify(resp.Schema, resp.References, nil, nil).String(); got != resp.GUID {
				t.Errorf("%s %d: guid %s, want %s", file, e.N, got, resp.GUID)
			}
		}
	case e.Response.Status == 422 && strings.Contains(resp.Message, "Could not ") && !strings.HasPrefix(req.Schema, "edition"):
		if err == nil || !strings.HasSuffix(resp.Message, err.Error()) {
			t.Errorf("%s %d: got error %v, want %s", file, e.N, err, resp.Message)
		}
	default:
		return false
	}
	return true
}
