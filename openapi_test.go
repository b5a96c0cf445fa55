package concordat_test

import (
	"bytes"
	"cmp"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	concordat "github.com/seed-9f7c7091/concordat"
	"github.com/seed-9f7c7091/concordat/server/openapitest"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
)

// checker fails the test if the description is not valid OpenAPI.
func checker(t *testing.T) *openapitest.Checker {
	t.Helper()
	c, err := openapitest.New(concordat.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// notDescribed are recordings of what the description leaves out: encryption
// keys, schemas in the form of logical types, and a registry that drops rule sets.
var notDescribed = regexp.MustCompile(`^(dek|logical|rules-community)-`)

// recorded calls f with each recorded exchange with the reference that the
// description is of.
func recorded(t *testing.T, f func(t *testing.T, name string, e *replaytest.Exchange)) {
	t.Helper()
	vectors := replaytest.Vectors(".")
	for _, folder := range []string{"rest", "rest-random"} {
		path := filepath.Join(vectors, folder)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("no recorded answers in %s: set VECTORS to their folder", path)
		}
		scenarios, err := replaytest.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range scenarios {
			if notDescribed.MatchString(s.File) {
				continue
			}
			for i := range s.Exchanges {
				if e := &s.Exchanges[i]; !strings.Contains(e.Request.Path, "/dek-registry") && !containerPage(e) {
					f(t, s.File, e)
				}
			}
		}
	}
}

// containerPage reports whether an answer is a page of the reference's HTTP
// container, which refuses some URIs before its registry sees them.
func containerPage(e *replaytest.Exchange) bool {
	return e.Response.Status == http.StatusBadRequest && strings.HasPrefix(e.Response.Headers["Content-Type"], "text/html")
}

func headers(m map[string]string) http.Header {
	h := http.Header{}
	for k, v := range m {
		h.Set(k, v)
	}
	return h
}

// answer is a recorded answer as it was on the wire. Recordings leave out
// X-Request-ID, which every answer has.
func answer(e *replaytest.Exchange) (http.Header, []byte) {
	header := headers(e.Response.Headers)
	header.Set("X-Request-ID", cmp.Or(headers(e.Request.Headers).Get("X-Request-ID"), "6f1c2d3e-0000-4000-8000-000000000000"))
	if e.Response.BodyText != nil {
		return header, []byte(*e.Response.BodyText)
	}
	return header, e.Response.Body
}

// notRecorded are the operations that no recording has, and why.
var notRecorded = []struct {
	operations *regexp.Regexp
	why        string
}{
	{regexp.MustCompile(`^(GET|HEAD) (/health/\w+|/metrics|/openapi\.yaml|/concordat/v1/(backup|usage))$`), "ours, not the reference's; called by the tests of the program"},
	{regexp.MustCompile(`^POST /concordat/v1/(rules/\w+|usage)$`), "ours, not the reference's; called by the tests of the server"},
	{regexp.MustCompile(`^HEAD `), "goes with every GET; recorded at some paths, called at all by the tests of the program"},
	{regexp.MustCompile(`^OPTIONS `), "answered alike at every path; recorded at some, called at all by the tests of the program"},
}

// The description has every answer of the reference, and its operations are
// those that the reference was seen to have.
func TestOpenAPIDescribesRecordedAnswers(t *testing.T) {
	check := checker(t)
	n := 0
	recorded(t, func(t *testing.T, name string, e *replaytest.Exchange) {
		n++
		header, body := answer(e)
		if err := check.Check(e.Request.Method, e.Request.Path, headers(e.Request.Headers), e.Response.Status, header, body); err != nil {
			t.Errorf("%s %d: %v", name, e.N, err)
		}
	})
	unseen := check.Unseen()
	for _, known := range notRecorded {
		rest := slices.DeleteFunc(slices.Clone(unseen), known.operations.MatchString)
		if len(rest) == len(unseen) {
			t.Errorf("all that is like %s was recorded: it needs no excuse (%s)", known.operations, known.why)
		}
		unseen = rest
	}
	for _, operation := range unseen {
		t.Errorf("%s is described, but no recording has it", operation)
	}
	answers := check.UnseenAnswers()
	t.Logf("%d exchanges; %d described answers were not recorded:\n%s", n, len(answers), strings.Join(answers, "\n"))
}

// loose are recorded requests that were let pass though they are not as described:
// scalars of another type, which are converted.
var loose = map[string]string{
	"PUT /config/s":               `{"normalize":"true"}`,
	"POST /subjects/t/versions":   `{"metadata":{"properties":{"a":1}},`,
	"GET /subjects?deleted=maybe": "",
}

// What the reference took is described as what may be sent.
func TestOpenAPIDescribesRecordedRequests(t *testing.T) {
	check := checker(t)
	recorded(t, func(t *testing.T, name string, e *replaytest.Exchange) {
		if e.Response.Status >= 300 {
			return
		}
		body, err := e.Request.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := loose[e.Request.Method+" "+e.Request.Path]; ok && bytes.HasPrefix(body, []byte(start)) {
			return
		}
		if err := check.CheckRequest(e.Request.Method, e.Request.Path, headers(e.Request.Headers), body); err != nil {
			t.Errorf("%s %d: %v", name, e.N, err)
		}
	})
}

// An answer that differs from a recorded one in what the description tells is found.
func TestOpenAPIFindsWrongAnswers(t *testing.T) {
	check := checker(t)
	found := map[string]int{}
	recorded(t, func(t *testing.T, name string, e *replaytest.Exchange) {
		header, body := answer(e)
		refused := func(what string, status int, header http.Header, body []byte) {
			found[what]++
			if check.Check(e.Request.Method, e.Request.Path, headers(e.Request.Headers), status, header, body) == nil {
				t.Errorf("%s %d: %s %s: passes with %s", name, e.N, e.Request.Method, e.Request.Path, what)
			}
		}
		with := func(name, value string) http.Header {
			h := header.Clone()
			h.Set(name, value)
			return h
		}
		status := e.Response.Status
		refused("another status", http.StatusTeapot, header, body)
		refused("no X-Request-ID", status, with("X-Request-ID", ""), body)
		if len(body) == 0 {
			return
		}
		refused("another media type", status, with("Content-Type", "text/html"), body)
		path, _, _ := strings.Cut(e.Request.Path, "?")
		if status < 300 && strings.HasSuffix(path, "/schema") || !bytes.HasPrefix(body, []byte("{")) {
			return // text, or a list
		}
		refused("an unknown member", status, header, bytes.Replace(body, []byte("{"), []byte(`{"unknown":1,`), 1))
		if status >= 400 {
			refused("another code", status, header, []byte(`{"error_code":49999,"message":"m"}`))
		}
	})
	t.Log(found)
}

// extensionAny marks what is any JSON because it is a record of whatever schema.
const extensionAny = "x-concordat-any"

// Objects in answers have the members that are described, and no others, so
// that a member too many is found.
func TestOpenAPIAnswersAreClosed(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(concordat.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[*openapi3.Schema]bool{}
	var walk func(at string, ref *openapi3.SchemaRef)
	walk = func(at string, ref *openapi3.SchemaRef) {
		if ref == nil || seen[ref.Value] {
			return
		}
		s := ref.Value
		seen[s] = true
		if s.Type == nil && s.Extensions[extensionAny] == nil {
			t.Errorf("%s: any value would do", at)
		}
		if more := s.AdditionalProperties; s.Type.Is(openapi3.TypeObject) && more.Schema == nil && (more.Has == nil || *more.Has) {
			t.Errorf("%s: an object that takes any member", at)
		}
		for name, p := range s.Properties {
			walk(at+"/"+name, p)
		}
		walk(at+"/*", s.Items)
		walk(at+"/*", s.AdditionalProperties.Schema)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status, response := range op.Responses.Map() {
				for mediaType, media := range response.Value.Content {
					walk(strings.Join([]string{method, path, status, mediaType}, " "), media.Schema)
				}
			}
		}
	}
}
