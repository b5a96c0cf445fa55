// Package openapitest holds exchanges with a server against the OpenAPI
// description of its API, and tells what of the description was never seen. It is
// imported by tests alone.
package openapitest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Extensions of OpenAPI that the description uses.
const (
	// On a schema: the body is the text itself, whatever the media type says.
	extensionText = "x-concordat-text"
	// On a path: the server setting that takes the path out of service, where it is
	// answered as an unknown one.
	extensionSetting = "x-concordat-setting"
)

// Checker holds exchanges against one description. Safe for concurrent use.
type Checker struct {
	doc      *openapi3.T
	router   routers.Router
	coverage coverage
}

// New makes a checker of an OpenAPI document in YAML or JSON. A document that is
// not valid OpenAPI 3.0 is an error.
func New(doc []byte) (*Checker, error) {
	d, err := openapi3.NewLoader().LoadFromData(doc)
	if err != nil {
		return nil, fmt.Errorf("cannot read the description: %w", err)
	}
	if err := d.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("the description is not valid OpenAPI: %w", err)
	}
	router, err := gorillamux.NewRouter(d)
	if err != nil {
		return nil, fmt.Errorf("cannot route by the description: %w", err)
	}
	return &Checker{doc: d, router: router, coverage: newCoverage(d)}, nil
}

// Check holds an exchange against the description: the request must lead to an
// operation of it, and the answer's status, headers, media type and body must be
// among those that the operation describes. The body must be as the handler sent
// it, without a transfer or content encoding.
//
// Requests that lead to no operation must be refused as such: 404 for an unknown
// path, 405 for an unknown method, or what is refused before routing.
//
// The request itself may be malformed; CheckRequest is for those that are not.
func (c *Checker) Check(method, rawPathAndQuery string, reqHeader http.Header, status int, header http.Header, body []byte) error {
	if err := c.check(method, rawPathAndQuery, reqHeader, &answer{status, header, body}); err != nil {
		return fmt.Errorf("%s %s: %d: %w", method, rawPathAndQuery, status, err)
	}
	return nil
}

// CheckRequest tells whether a request is as its operation describes it: its
// parameters, its media type and its body. Unknown query parameters are let pass, as servers do.
func (c *Checker) CheckRequest(method, rawPathAndQuery string, header http.Header, body []byte) error {
	if err := c.checkRequest(method, rawPathAndQuery, header, body); err != nil {
		return fmt.Errorf("%s %s: %w", method, rawPathAndQuery, err)
	}
	return nil
}

// Unseen lists the described operations, as "GET /subjects", that no exchange
// which Check let pass has called. It is sorted.
func (c *Checker) Unseen() []string { return c.coverage.operations() }

// UnseenAnswers lists the described answers, as "GET /subjects 406", that were in no exchange
// which Check let pass, of operations that were called. It is sorted.
func (c *Checker) UnseenAnswers() []string { return c.coverage.answers() }

// answer is what a server answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call is a request on the way to its operation.
type call struct {
	*routers.Route
	request *http.Request
	params  map[string]string
}

// errNoURI says that a request's target cannot be read. Such a request is refused
// by the HTTP layer, in its own words.
var errNoURI = errors.New("not a URI")

// parameterOfSegment is what follows a semicolon in a segment of a path, and is no part of it.
var parameterOfSegment = regexp.MustCompile(`;[^/]*`)

// route finds the operation of a request as servers do, which tolerate a trailing
// slash. Contexts are found by the description's second server, /contexts/{contextName}.
func (c *Checker) route(method, target string, header http.Header) (*call, error) {
	path, query, _ := strings.Cut(target, "?")
	path = parameterOfSegment.ReplaceAllString(path, "")
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return nil, errNoURI
	}
	u.RawQuery = query
	r := &http.Request{Method: method, URL: u, Header: header}
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	return &call{route, r, params}, nil
}

func (c *Checker) check(method, target string, reqHeader http.Header, a *answer) error {
	if given := reqHeader.Values("X-Request-ID"); len(given) == 1 && strings.TrimSpace(given[0]) != "" && a.header.Get("X-Request-ID") != given[0] {
		return fmt.Errorf("header X-Request-ID %q does not repeat the request's %q", a.header.Get("X-Request-ID"), given[0])
	}
	call, err := c.route(method, target, reqHeader)
	if err != nil {
		return a.refused(method, err)
	}
	if a.status == http.StatusMethodNotAllowed {
		return fmt.Errorf("the description has this method at %s", call.Path)
	}
	described := call.Operation.Responses.Value(strconv.Itoa(a.status))
	if described == nil {
		return fmt.Errorf("status not described; %s %s has %s", method, call.Path, strings.Join(slices.Sorted(maps.Keys(call.Operation.Responses.Map())), ", "))
	}
	response := described.Value
	if err := a.headers(response.Headers); err != nil {
		return err
	}
	switch {
	case method == http.MethodOptions && a.status == http.StatusOK:
		err = a.options(call, response.Content)
	case method == http.MethodHead:
		err = a.empty()
	default:
		err = a.content(response.Content)
	}
	if err != nil {
		return err
	}
	if a.status == http.StatusNotFound && a.errorCode() == http.StatusNotFound && call.PathItem.Extensions[extensionSetting] == nil && call.parameters() == nil {
		return fmt.Errorf("answered as an unknown path, but the description has it as %s, and the parameters are fit for it", call.Path)
	}
	c.coverage.add(method+" "+call.Path, a.status)
	return nil
}

// beforeRouting are the statuses that a request may be refused with whatever its path.
var beforeRouting = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
	http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge,
}

// refused holds the answer to a request that leads to no operation against the
// answers such requests have.
func (a *answer) refused(method string, why error) error {
	if errors.Is(why, errNoURI) {
		if a.status != http.StatusBadRequest {
			return fmt.Errorf("the target is %w, so the status must be %d", why, http.StatusBadRequest)
		}
		return nil
	}
	want := http.StatusNotFound
	if errors.Is(why, routers.ErrMethodNotAllowed) {
		want = http.StatusMethodNotAllowed
	}
	if a.status != want && !slices.Contains(beforeRouting, a.status) {
		return fmt.Errorf("the description has no such operation (%v), so the status must be %d", why, want)
	}
	if a.header.Get("X-Request-ID") == "" {
		return errors.New("no header X-Request-ID")
	}
	if len(a.body) == 0 && (method == http.MethodHead || a.status != want) {
		return nil
	}
	if method == http.MethodHead {
		return a.empty()
	}
	if contentType := a.header.Get("Content-Type"); contentType != "" && contentType != "application/json" && !strings.HasSuffix(contentType, "+json") {
		return fmt.Errorf("Content-Type %q of an error", contentType)
	}
	if a.errorCode() != a.status {
		return fmt.Errorf(`the body must be {"error_code":%d,"message":"…"}: %.200q`, a.status, a.body)
	}
	return nil
}

// errorCode is the code of an error object, and 0 where the body is none.
func (a *answer) errorCode() int {
	var e struct {
		Code    int     `json:"error_code"`
		Message *string `json:"message"`
	}
	dec := json.NewDecoder(bytes.NewReader(a.body))
	dec.DisallowUnknownFields()
	if dec.Decode(&e) != nil || e.Message == nil {
		return 0
	}
	return e.Code
}

func (a *answer) headers(described openapi3.Headers) error {
	for _, name := range slices.Sorted(maps.Keys(described)) {
		h := described[name].Value
		values := a.header.Values(name)
		if len(values) == 0 {
			if h.Required {
				return fmt.Errorf("no header %s", name)
			}
			continue
		}
		var value any = strings.Join(values, ", ")
		if h.Schema.Value.Type.Is(openapi3.TypeInteger) {
			value = json.Number(values[0])
		}
		if err := visit(h.Schema, value, openapi3.VisitAsResponse()); err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
	}
	return nil
}

// options holds the answer to OPTIONS against the methods of its path. A preflight
// of a browser that is let in is answered by headers alone.
func (a *answer) options(call *call, described openapi3.Content) error {
	if a.header.Get("Access-Control-Allow-Methods") != "" {
		if call.request.Header.Get("Access-Control-Request-Method") == "" {
			return errors.New("answered as a preflight, but the request is none")
		}
		return a.empty()
	}
	want := slices.Sorted(maps.Keys(call.PathItem.Operations()))
	got := strings.Split(a.header.Get("Allow"), ",")
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return fmt.Errorf("header Allow names %s, but the description has %s at %s", strings.Join(got, ","), strings.Join(want, ","), call.Path)
	}
	return a.content(described)
}

func (a *answer) empty() error {
	if len(a.body) > 0 {
		return fmt.Errorf("the body must be empty: %.200q", a.body)
	}
	return nil
}

// content holds the body against what is described for its media type. "*/*"
// stands for a body that is sent without one.
func (a *answer) content(described openapi3.Content) error {
	contentType := a.header.Get("Content-Type")
	if len(described) == 0 {
		if contentType != "" {
			return fmt.Errorf("Content-Type %q on an answer without a body", contentType)
		}
		return a.empty()
	}
	mediaType := "*/*"
	if contentType != "" {
		var err error
		if mediaType, _, err = mime.ParseMediaType(contentType); err != nil {
			return fmt.Errorf("Content-Type %q: %w", contentType, err)
		}
	}
	media := described[mediaType]
	if media == nil {
		return fmt.Errorf("Content-Type %q not described; there is %s", contentType, strings.Join(slices.Sorted(maps.Keys(described)), ", "))
	}
	value, err := decode(a.body, mediaType, media.Schema.Value)
	if err != nil {
		return err
	}
	if err := visit(media.Schema, value, openapi3.VisitAsResponse()); err != nil {
		return fmt.Errorf("body %.500s: %w", a.body, err)
	}
	return nil
}

// decode reads a body: JSON where the media type says so, else text.
func decode(body []byte, mediaType string, schema *openapi3.Schema) (any, error) {
	if schema.Format == "binary" {
		return string(body), nil
	}
	if text, _ := schema.Extensions[extensionText].(bool); text || !isJSON(mediaType) {
		if !utf8.Valid(body) {
			return nil, fmt.Errorf("body is not UTF-8: %.200q", body)
		}
		return string(body), nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("body is not JSON: %w: %.200q", err, body)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("body goes on after its JSON value: %.200q", body)
	}
	return v, nil
}

// isJSON takes a body without a media type, and one of bytes, for JSON, as servers do.
func isJSON(mediaType string) bool {
	return mediaType == "*/*" || mediaType == "application/json" || mediaType == "application/octet-stream" || strings.HasSuffix(mediaType, "+json")
}

func visit(schema *openapi3.SchemaRef, value any, as openapi3.SchemaValidationOption) error {
	return schema.Value.VisitJSON(value, as, openapi3.MultiErrors(), openapi3.SetSchemaErrorMessageCustomizer(func(e *openapi3.SchemaError) string {
		return fmt.Sprintf("at /%s: %s", strings.Join(e.JSONPointer(), "/"), e.Reason)
	}))
}

// parameters tells what is wrong with the parameters of a request.
func (call *call) parameters() error {
	input := &openapi3filter.RequestValidationInput{Request: call.request, PathParams: call.params, Route: call.Route}
	for _, p := range slices.Concat(call.Operation.Parameters, call.PathItem.Parameters) {
		if err := openapi3filter.ValidateParameter(context.Background(), input, p.Value); err != nil {
			return err
		}
	}
	return nil
}

func (c *Checker) checkRequest(method, target string, header http.Header, body []byte) error {
	call, err := c.route(method, target, header)
	if err != nil {
		return err
	}
	if err := call.parameters(); err != nil {
		return err
	}
	described := call.Operation.RequestBody
	if described == nil {
		return nil // Bodies where none is expected are not read.
	}
	mediaType := "application/json"
	if contentType := header.Get("Content-Type"); contentType != "" {
		if mediaType, _, err = mime.ParseMediaType(contentType); err != nil {
			return fmt.Errorf("Content-Type %q: %w", contentType, err)
		}
	}
	media := described.Value.Content[mediaType]
	if media == nil {
		return fmt.Errorf("Content-Type %q not described", mediaType)
	}
	value, err := decode(body, mediaType, media.Schema.Value)
	if err != nil {
		return err
	}
	if err := visit(media.Schema, value, openapi3.VisitAsRequest()); err != nil {
		return fmt.Errorf("body %.500s: %w", body, err)
	}
	return nil
}
