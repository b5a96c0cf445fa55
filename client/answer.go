package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
)

// answer is what came back with a status of success.
type answer struct {
	status      int
	url         string
	requestID   string
	attempts    int
	contentType string
	body        []byte
	stream      io.ReadCloser // instead of body, if the request asked for it
}

// maxRefusal bounds what is read of an answer that is an error.
const maxRefusal = 1 << 20

var errTooLong = errors.New("the answer is too long")

// readAll reads a body of at most limit bytes.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, errTooLong
	}
	return b, err
}

// refusal is the error in the body of an answer with a status of failure.
func refusal(status int, contentType string, body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return &api.Error{Code: status, Message: strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))}
	}
	var e api.Error
	if err := json.Unmarshal(body, &e); err != nil {
		return garbage(contentType, body, fmt.Sprintf("status %d without an error in JSON", status))
	}
	if e.Code == 0 {
		return garbage(contentType, body, fmt.Sprintf("status %d without an error_code", status))
	}
	return &e
}

func garbage(contentType string, body []byte, reason string) *GarbageError {
	const most = 200
	e := &GarbageError{ContentType: contentType, Reason: reason}
	if len(body) > 0 {
		e.Excerpt = strconv.QuoteToASCII(string(body[:min(len(body), most-2)]))
		if len(e.Excerpt) > most { // a byte takes up to four when it is quoted
			e.Excerpt = strconv.QuoteToASCII(string(body[:min(len(body), (most-2)/4)]))
		}
	}
	return e
}

// call makes a request whose answer is JSON. sound tells what is missing in an answer, "" for nothing; it may be nil.
func call[T any](ctx context.Context, c *Client, q *request, sound func(*T) string) (T, error) {
	a, err := c.do(ctx, q)
	if err != nil {
		var none T
		return none, err
	}
	v, err := decode(a, sound)
	if err != nil {
		return v, a.fail(q, err)
	}
	return v, nil
}

// fail is the error of an answer that cannot be used.
func (a *answer) fail(q *request, err error) error {
	return &Error{Method: q.method, URL: a.url, Status: a.status, Attempts: a.attempts, RequestID: a.requestID, Err: err}
}

// decode reads the body of an answer. Members that are not known are passed over.
func decode[T any](a *answer, sound func(*T) string) (T, error) {
	var v, none T
	if err := json.Unmarshal(a.body, &v); err != nil {
		return none, garbage(a.contentType, a.body, "not the JSON that was expected: "+err.Error())
	}
	if string(bytes.TrimSpace(a.body)) == "null" {
		return none, garbage(a.contentType, a.body, "null")
	}
	if sound != nil {
		if missing := sound(&v); missing != "" {
			return none, garbage(a.contentType, a.body, missing)
		}
	}
	return v, nil
}

// callText makes a request whose answer is the text of a schema.
func callText(ctx context.Context, c *Client, q *request) (string, error) {
	a, err := c.do(ctx, q)
	if err != nil {
		return "", err
	}
	if t, _, _ := mime.ParseMediaType(a.contentType); t == "text/html" {
		return "", a.fail(q, garbage(a.contentType, a.body, "a web page"))
	}
	return string(a.body), nil
}

// callNothing makes a request whose answer says no more than its status.
func callNothing(ctx context.Context, c *Client, q *request) error {
	a, err := c.do(ctx, q)
	if err != nil {
		return err
	}
	if t, _, _ := mime.ParseMediaType(a.contentType); t == "text/html" {
		return a.fail(q, garbage(a.contentType, a.body, "a web page"))
	}
	return nil
}

// schemaAnswer is a schema in an answer, of which it shows whether it has an id.
type schemaAnswer struct {
	api.Schema
	ID *int `json:"id"`
}

func (a *schemaAnswer) sound() string {
	if a.ID == nil {
		return "a schema without an id"
	}
	a.Schema.ID = *a.ID
	settleSchema(&a.Schema)
	return ""
}

// callSchema makes a request whose answer is a schema.
func callSchema(ctx context.Context, c *Client, q *request) (*api.Schema, error) {
	a, err := call(ctx, c, q, (*schemaAnswer).sound)
	if err != nil {
		return nil, err
	}
	return &a.Schema, nil
}

// registerAnswer is the answer to a registration, of which it shows whether it has an id.
type registerAnswer struct {
	api.RegisterResponse
	ID *int `json:"id"`
}

func (a *registerAnswer) sound() string {
	if a.ID == nil {
		return "a registration without an id"
	}
	a.RegisterResponse.ID = *a.ID
	if a.Schema != "" {
		settleType(&a.SchemaType)
	}
	settleMetadata(a.Metadata)
	settleRuleSet(a.RuleSet)
	return ""
}

func soundSchemaString(s *api.SchemaString) string {
	if s.Schema == "" && s.Subject == "" && s.GUID == "" && s.Version == 0 {
		return "a schema without a text"
	}
	settleType(&s.SchemaType)
	settleMetadata(s.Metadata)
	settleRuleSet(s.RuleSet)
	return ""
}

// What package api promises of decoded values holds for those of other registries, too: what they leave out because it
// is the default is filled in, and sets are sorted.

func settleSchema(s *api.Schema) {
	settleType(&s.SchemaType)
	settleMetadata(s.Metadata)
	settleRuleSet(s.RuleSet)
}

func settleType(t *string) {
	if *t == "" {
		*t = api.Avro
	}
}

func settleSet(s *[]string) {
	slices.Sort(*s)
	*s = slices.Compact(*s)
}

func settleMetadata(m *api.Metadata) {
	if m == nil {
		return
	}
	for k, tags := range m.Tags {
		settleSet(&tags)
		m.Tags[k] = tags
	}
	settleSet(&m.Sensitive)
}

func settleRuleSet(s *api.RuleSet) {
	if s == nil {
		return
	}
	for _, rules := range [][]api.Rule{s.MigrationRules, s.DomainRules, s.EncodingRules} {
		for i := range rules {
			r := &rules[i]
			if r.Kind == "" {
				r.Kind = api.KindTransform
			}
			if r.Mode == "" {
				r.Mode = api.ModeWriteRead
			}
			settleSet(&r.Tags)
		}
	}
}
