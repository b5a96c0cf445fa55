package openapitest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	concordat "github.com/seed-9f7c7091/concordat"
	"github.com/seed-9f7c7091/concordat/server/openapitest"
)

const (
	vendor   = "application/vnd.schemaregistry.v1+json"
	notFound = `{"error_code":404,"message":"HTTP 404 Not Found"}`
)

func newChecker(t *testing.T) *openapitest.Checker {
	t.Helper()
	c, err := openapitest.New(concordat.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// header makes a header of lines "Name: value".
func header(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

// Each exchange is checked as an answer with X-Request-ID. wrong is part of what
// Check says of it; empty lets it pass.
func TestCheck(t *testing.T) {
	c := newChecker(t)
	for _, e := range []struct {
		name           string
		method, target string
		request        []string
		status         int
		contentType    string
		headers        []string
		body           string
		wrong          string
	}{
		// Finding the operation.
		{name: "a list", method: "GET", target: "/subjects", status: 200, contentType: vendor, body: `["a"]`},
		{name: "a context", method: "GET", target: "/contexts/.c/subjects/a/versions", status: 200, contentType: vendor, body: `[1]`},
		{name: "a context in full", method: "GET", target: "/contexts/:.c:/subjects/a/versions", status: 200, contentType: vendor, body: `[1]`},
		{name: "the subject of a rewritten path", method: "GET", target: "/subjects/:.c:a/versions", status: 200, contentType: vendor, body: `[1]`},
		{name: "the configuration of a context", method: "GET", target: "/contexts/.c/config", status: 404, contentType: vendor, body: `{"error_code":40408,"message":"m"}`},
		{name: "a context itself", method: "DELETE", target: "/contexts/.c", status: 204},
		{name: "a slash in a subject", method: "GET", target: "/subjects/a%2Fb/versions", status: 200, contentType: vendor, body: `[1]`},
		{name: "a slash that parts", method: "GET", target: "/subjects/a/b/versions", status: 200, contentType: vendor, body: `[1]`, wrong: "no such operation"},
		{name: "a trailing slash", method: "GET", target: "/subjects/", status: 200, contentType: vendor, body: `[]`},
		{name: "a parameter of a segment", method: "GET", target: "/subjects;v=1/a;v=2/versions", status: 200, contentType: vendor, body: `[1]`},
		{name: "a colon in a path", method: "POST", target: "/associations:batchGet", status: 207, contentType: vendor, body: `{"results":[]}`},
		{name: "an unknown path", method: "GET", target: "/nope", status: 404, body: notFound},
		{name: "an unknown path that is answered", method: "GET", target: "/nope", status: 200, contentType: vendor, body: `[]`, wrong: "no such operation"},
		{name: "an unknown path as a page", method: "GET", target: "/nope", status: 404, contentType: "text/html", body: `<html>`, wrong: "Content-Type"},
		{name: "an unknown path with a code", method: "GET", target: "/nope", status: 404, body: `{"error_code":40401,"message":"m"}`, wrong: "the body must be"},
		{name: "an unknown method", method: "PATCH", target: "/subjects", status: 405, body: `{"error_code":405,"message":"m"}`},
		{name: "an unknown method as an unknown path", method: "PATCH", target: "/subjects", status: 404, body: notFound, wrong: "must be 405"},
		{name: "a login asked for before routing", method: "GET", target: "/nope", status: 401, contentType: "application/json", body: `{"error_code":401,"message":"m"}`},
		{name: "no URI", method: "GET", target: "/subjects/%zz", status: 400, body: "400 Bad Request"},

		// An operation that is missing.
		{name: "described, but not there", method: "GET", target: "/schemas/ids/1", status: 404, contentType: vendor, body: notFound, wrong: "answered as an unknown path"},
		{name: "a number that is none", method: "GET", target: "/schemas/ids/x", status: 404, contentType: vendor, body: notFound},
		{name: "a name that is none", method: "GET", target: "/schemas?lifecycle=x", status: 404, contentType: vendor, body: notFound},
		{name: "described, but not that method", method: "GET", target: "/subjects", status: 405, body: `{"error_code":405,"message":"m"}`, wrong: "has this method"},
		{name: "switched off by a setting", method: "GET", target: "/associations/subjects/s", status: 404, contentType: vendor, body: notFound},

		// The answer.
		{name: "a status", method: "GET", target: "/subjects", status: 409, contentType: vendor, body: `{"error_code":40901,"message":"m"}`, wrong: "status not described"},
		{name: "a code of another operation", method: "GET", target: "/subjects/a/versions", status: 404, contentType: vendor, body: `{"error_code":40402,"message":"m"}`, wrong: "/error_code"},
		{name: "a member too many", method: "GET", target: "/mode", status: 200, contentType: vendor, body: `{"mode":"READWRITE","x":1}`, wrong: `"x"`},
		{name: "a member too few", method: "GET", target: "/mode", status: 200, contentType: vendor, body: `{}`, wrong: `"mode"`},
		{name: "two values", method: "GET", target: "/subjects", status: 200, contentType: vendor, body: `[] []`, wrong: "goes on"},
		{name: "no JSON", method: "GET", target: "/subjects", status: 200, contentType: vendor, body: `[`, wrong: "not JSON"},
		{name: "another of the types", method: "GET", target: "/subjects", status: 200, contentType: "application/json; charset=utf-8", body: `[]`},
		{name: "no type", method: "GET", target: "/subjects", status: 200, body: `[]`, wrong: "Content-Type"},
		{name: "no type is right", method: "GET", target: "/subjects", status: 406, body: `{"error_code":406,"message":"m"}`},
		{name: "text as it is", method: "GET", target: "/subjects/a/versions/1/schema", status: 200, contentType: vendor, body: `message A {}`},
		{name: "a body of none", method: "DELETE", target: "/contexts/.c", status: 204, body: `{}`, wrong: "must be empty"},
		{name: "a type of none", method: "DELETE", target: "/contexts/.c", status: 204, contentType: vendor, wrong: "without a body"},

		// Headers.
		{name: "the id repeated", method: "GET", target: "/subjects", request: []string{"X-Request-ID: id"}, status: 200, contentType: vendor, body: `[]`},
		{name: "the id not repeated", method: "GET", target: "/subjects", request: []string{"X-Request-ID: mine"}, status: 200, contentType: vendor, body: `[]`, wrong: `"mine"`},
		{name: "no way to log in", method: "GET", target: "/subjects", status: 401, contentType: "application/json", body: `{"error_code":401,"message":"m"}`, wrong: "WWW-Authenticate"},
		{name: "a way to log in", method: "GET", target: "/subjects", status: 401, contentType: "application/json", headers: []string{`WWW-Authenticate: Basic realm="r"`}, body: `{"error_code":401,"message":"m"}`},
		{name: "HEAD", method: "HEAD", target: "/subjects", status: 200, contentType: vendor},
		{name: "HEAD with a body", method: "HEAD", target: "/subjects", status: 200, contentType: vendor, body: `[]`, wrong: "must be empty"},
		{name: "methods", method: "OPTIONS", target: "/subjects", status: 200, contentType: "text/plain", headers: []string{"Allow: HEAD,GET,OPTIONS"}, body: "HEAD, GET, OPTIONS"},
		{name: "a method too few", method: "OPTIONS", target: "/subjects", status: 200, contentType: "text/plain", headers: []string{"Allow: GET,OPTIONS"}, body: "GET, OPTIONS", wrong: "header Allow"},
		{name: "a preflight", method: "OPTIONS", target: "/subjects", request: []string{"Origin: http://o", "Access-Control-Request-Method: GET"}, status: 200,
			headers: []string{"Access-Control-Allow-Methods: GET", "Access-Control-Max-Age: 1800"}},
		{name: "no preflight", method: "OPTIONS", target: "/subjects", status: 200, headers: []string{"Access-Control-Allow-Methods: GET"}, wrong: "preflight"},
		{name: "a number that is none in a header", method: "OPTIONS", target: "/subjects", request: []string{"Access-Control-Request-Method: GET"}, status: 200,
			headers: []string{"Access-Control-Allow-Methods: GET", "Access-Control-Max-Age: long"}, wrong: "Access-Control-Max-Age"},
	} {
		t.Run(e.name, func(t *testing.T) {
			h := header(append(e.headers, "X-Request-ID: id")...)
			if e.contentType != "" {
				h.Set("Content-Type", e.contentType)
			}
			err := c.Check(e.method, e.target, header(e.request...), e.status, h, []byte(e.body))
			switch {
			case e.wrong == "" && err != nil:
				t.Error(err)
			case e.wrong != "" && (err == nil || !strings.Contains(err.Error(), e.wrong)):
				t.Errorf("got %v, want something of %s", err, e.wrong)
			}
		})
	}
}

func TestCheckRequest(t *testing.T) {
	c := newChecker(t)
	for _, q := range []struct{ method, target, contentType, body, wrong string }{
		{"POST", "/subjects/a/versions?normalize=true", vendor, `{"schema":"\"int\"","metadata":null}`, ""},
		{"POST", "/subjects/a/versions", "application/octet-stream", `{"schema":"\"int\""}`, ""},
		{"POST", "/subjects/a/versions", "", `{"schema":"\"int\"","unknown":1}`, ""},
		{"POST", "/subjects/a/versions", "text/plain", `{}`, "Content-Type"},
		{"POST", "/subjects/a/versions", vendor, `{"schema":{}}`, "/schema"},
		{"POST", "/subjects/a/versions?normalize=x", vendor, `{}`, "normalize"},
		{"POST", "/subjects/a/versions", vendor, ``, "not JSON"},
		{"GET", "/schemas/ids/x", "", ``, "id"},
		{"GET", "/nope", "", ``, "no matching operation"},
	} {
		h := http.Header{}
		if q.contentType != "" {
			h.Set("Content-Type", q.contentType)
		}
		err := c.CheckRequest(q.method, q.target, h, []byte(q.body))
		if q.wrong == "" && err != nil || q.wrong != "" && (err == nil || !strings.Contains(err.Error(), q.wrong)) {
			t.Errorf("%s %s %s: got %v, want something of %q", q.method, q.target, q.body, err, q.wrong)
		}
	}
}

// What was let pass is seen; what was refused is not.
func TestUnseen(t *testing.T) {
	c := newChecker(t)
	h := header("X-Request-ID: id", "Content-Type: "+vendor)
	if !slices.Contains(c.Unseen(), "GET /subjects") {
		t.Error("GET /subjects is seen before it was called")
	}
	if err := c.Check("GET", "/subjects", nil, 200, h, []byte(`{}`)); err == nil {
		t.Error("an object passes for a list")
	}
	if !slices.Contains(c.Unseen(), "GET /subjects") {
		t.Error("GET /subjects is seen by an answer that was refused")
	}
	if err := c.Check("GET", "/subjects", nil, 200, h, []byte(`[]`)); err != nil {
		t.Error(err)
	}
	if slices.Contains(c.Unseen(), "GET /subjects") {
		t.Error("GET /subjects is not seen")
	}
	answers := c.UnseenAnswers()
	if slices.Contains(answers, "GET /subjects 200") || !slices.Contains(answers, "GET /subjects 406") {
		t.Errorf("after an answer of 200 these are unseen: %v", answers)
	}
}

func TestNewRefuses(t *testing.T) {
	for text, wrong := range map[string]string{
		":":              "cannot read",
		"openapi: 3.0.3": "not valid OpenAPI",
		"":               "",
	} {
		if _, err := openapitest.New([]byte(text)); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q: %v, want something of %q", text, err, wrong)
		}
	}
}
