package server

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/registry"
)

// call is one request on its way through a handler.
type call struct {
	echo        echo.Context
	query       url.Values
	body        []byte
	contentType string // of the answer
	hold        *holding
}

// holding is where a handler says what its answer depends on, so that it can be held ready.
type holding struct {
	stamps []registry.Stamp
	ok     bool
}

// ctx ends when the client goes away or the request has taken too long.
func (c *call) ctx() context.Context { return c.echo.Request().Context() }

// param is a path parameter, decoded.
func (c *call) param(name string) string {
	v, err := url.PathUnescape(c.echo.Param(name))
	if err != nil {
		return c.echo.Param(name)
	}
	return v
}

// id is a path parameter that must be a number of 32 bits.
func (c *call) id(name string) (int, error) {
	n, err := strconv.ParseInt(c.param(name), 10, 32)
	if err != nil {
		return 0, api.NotFound()
	}
	return int(n), nil
}

func (c *call) version() (int, error) { return registry.ParseVersion(c.param("version")) }

// q is the first value of a query parameter, or "".
func (c *call) q(name string) string { return c.query.Get(name) }

// qs are all values of a query parameter.
func (c *call) qs(name string) []string { return c.query[name] }

// flag is a query parameter that is true only if it says so.
func (c *call) flag(name string) bool { return strings.EqualFold(c.query.Get(name), "true") }

// wantsSuggestions reports whether the request asks for suggestions, which
// clients that know none may stumble over: by the query, or by a parameter of the media type
// it accepts.
func (c *call) wantsSuggestions() bool {
	if c.flag("suggestions") {
		return true
	}
	_, params, err := mime.ParseMediaType(c.contentType)
	return err == nil && strings.EqualFold(params["suggestions"], "true")
}

// page reads offset and limit.
func (c *call) page() (registry.Page, error) {
	var p registry.Page
	for _, f := range []struct {
		name string
		to   *int
	}{{"offset", &p.Offset}, {"limit", &p.Limit}} {
		text := strings.TrimSpace(c.query.Get(f.name))
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return p, api.NotFound()
		}
		*f.to = int(n)
	}
	return p, nil
}

// deletion reads the query parameters by which lists choose what counts.
func (c *call) deletion() registry.Deletion {
	switch {
	case c.flag("deletedOnly"):
		return registry.OnlyDeleted
	case c.flag("deleted"):
		return registry.WithDeleted
	}
	return registry.Live
}

// json answers with v as compact JSON.
func (c *call) json(status int, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return c.blob(status, bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// text answers with a schema's text, as it is.
func (c *call) text(status int, s string) error { return c.blob(status, []byte(s)) }

func (c *call) blob(status int, b []byte) error {
	return send(c.echo.Response(), c.echo.Request(), status, c.contentType, b)
}

// empty answers without a body.
func (c *call) empty(status int) error {
	c.echo.Response().WriteHeader(status)
	return nil
}

// holdUnder lets the answer be held ready while the stamps hold. They must have been
// taken before what is answered was read.
func (c *call) holdUnder(stamps ...registry.Stamp) {
	if c.hold != nil {
		c.hold.stamps, c.hold.ok = stamps, true
	}
}

// Handlers answer through a call or return an error: an *api.Error is answered
// as it is, one of the store by the texts of the operation.
type handler func(*call) error

var _ http.Handler = (*Server)(nil)
