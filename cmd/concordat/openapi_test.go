package main

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	concordat "github.com/seed-9f7c7091/concordat"
	"github.com/seed-9f7c7091/concordat/server/openapitest"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
)

// description is what every live exchange of these tests is held against.
var description = sync.OnceValues(func() (*openapitest.Checker, error) { return openapitest.New(concordat.OpenAPI) })

func checker(t *testing.T) *openapitest.Checker {
	t.Helper()
	c, err := description()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func described(t *testing.T, q *replaytest.Request, a *replaytest.Answer) {
	t.Helper()
	header := http.Header{}
	for k, v := range q.Headers {
		header.Set(k, v)
	}
	if err := checker(t).Check(q.Method, q.Path, header, a.Status, a.Header, a.Body); err != nil {
		t.Error(err)
	}
}

// Every described operation answers as described: those that a path suffices
// for are called here, the others with bodies that do something.
func TestOpenAPIOperations(t *testing.T) {
	check, err := openapitest.New(concordat.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	client := replaytest.NewClient(served(t, nil, nil))
	defer client.Close()
	call := func(method, path, body string) {
		t.Helper()
		q := &replaytest.Request{Method: method, Path: path}
		if body != "" {
			q.BodyText = &body
		}
		a, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		if err := check.Check(method, path, nil, a.Status, a.Header, a.Body); err != nil {
			t.Error(err)
		}
	}
	const schema = `{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}","metadata":{"properties":{"k":"v"}}}`
	resource := `{"resourceName":"n","resourceNamespace":"ns","resourceId":"r","associations":[{"subject":"s","associationType":"value"}]}`
	for _, c := range [][3]string{
		{"POST", "/", `{}`},
		{"POST", "/subjects/s/versions", schema},
		{"POST", "/subjects/s", schema},
		{"POST", "/subjects/s/versions/1/tags", `{"tagsToAdd":[{"schemaEntity":{"entityPath":"R","entityType":"sr_record"},"tags":["PII"]}]}`},
		{"POST", "/compatibility/subjects/s/versions", schema},
		{"POST", "/compatibility/subjects/s/versions/latest?verbose=true", schema},
		{"PUT", "/config", `{"compatibility":"FULL"}`},
		{"PUT", "/config/s", `{"compatibility":"FULL","defaultMetadata":{"properties":{"a":"b"}}}`},
		{"PUT", "/mode", `{"mode":"READWRITE"}`},
		{"PUT", "/mode/s", `{"mode":"READWRITE"}`},
		{"POST", "/concordat/v1/rules/run", `{"contract":` + schema + `,"record":{}}`},
		{"POST", "/concordat/v1/rules/check", `{"subject":"s"}`},
		{"POST", "/concordat/v1/rules/verify", `{"old":` + schema + `,"new":` + schema + `}`},
		{"POST", "/concordat/v1/rules/sample", `{"subject":"s","version":1,"count":1}`},
		{"POST", "/concordat/v1/usage", `{"uses":[{"subject":"s","version":1,"role":"CONSUMER"},{"subject":"s","version":9,"role":"PRODUCER"}]}`},
		{"POST", "/associations", resource},
		{"PUT", "/associations/resources/r", resource},
		{"POST", "/associations:batchGet", `{"requests":[{"resourceId":"r"}]}`},
		{"POST", "/associations:batchMutate", `{"requests":[` + resource + `]}`},
	} {
		call(c[0], c[1], c[2])
	}
	fill := strings.NewReplacer("{subject}", "s", "{version}", "1", "{id}", "1", "{guid}", strings.Repeat("0", 32), "{context}", ".none", "{resource}", "r", "{name}", "n")
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "DELETE"} {
		for _, operation := range check.Unseen() {
			if path, ok := strings.CutPrefix(operation, method+" "); ok {
				call(method, fill.Replace(path), "")
			}
		}
	}
	for _, unseen := range check.Unseen() {
		if strings.Count(unseen, " ") == 1 { // an operation, and not only one of its answers
			t.Errorf("described, but never called: %s", unseen)
		}
	}
}

// The description names what the router serves, no less.
func TestOpenAPIIsComplete(t *testing.T) {
	client := replaytest.NewClient(served(t, nil, nil))
	defer client.Close()
	a, err := client.Do(&replaytest.Request{Method: "GET", Path: "/openapi.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	if string(a.Body) != string(concordat.OpenAPI) {
		t.Error("/openapi.yaml is not openapi.yaml")
	}
	for _, path := range regexp.MustCompile(`(?m)^  (/\S*):$`).FindAllStringSubmatch(string(concordat.OpenAPI), -1) {
		if strings.Contains(path[1], "dek-registry") || strings.Contains(path[1], "exporters") {
			t.Errorf("%s is described, and not served", path[1])
		}
	}
}
