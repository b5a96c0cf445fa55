// Package replaytest replays recorded exchanges of a registry against a live
// server and tells where the answers differ. It is imported by tests alone.
package replaytest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Vectors is the folder of recordings: $VECTORS, or the one beside the
// repository. root is the repository's root as seen from the test.
func Vectors(root string) string {
	if dir := os.Getenv("VECTORS"); dir != "" {
		return dir
	}
	return filepath.Join(root, "..", "shared", "vectors")
}

// Scenario is a recorded row of exchanges, to be replayed in order against an
// empty registry.
type Scenario struct {
	Name         string            `json:"scenario"`
	Area         string            `json:"area"`
	ServerConfig map[string]string `json:"server_config"`
	Replay       string            `json:"replay"`
	Exchanges    []Exchange        `json:"exchanges"`
	File         string            `json:"-"`
}

// Exchange is a request and the answer it had.
type Exchange struct {
	N        int      `json:"n"`
	Note     string   `json:"note"`
	Request  Request  `json:"request"`
	Response Response `json:"response"`

	Volatile       []string `json:"volatile"`        // JSON pointers to values that differ run to run
	Unordered      []string `json:"unordered"`       // JSON pointers to arrays in no order
	Loose          []string `json:"loose"`           // JSON pointers to messages in implementation words
	UnstableStatus []int    `json:"unstable_status"` // statuses that are as good
}

// Request is a recorded request.
type Request struct {
	Method    string            `json:"method"`
	Path      string            `json:"path"` // path and query as sent
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	BodyText  *string           `json:"body_text"`
	BodyParts []json.RawMessage `json:"body_parts"`
}

// Response is a recorded answer.
type Response struct {
	Status   int               `json:"status"`
	Headers  map[string]string `json:"headers"`
	Body     json.RawMessage   `json:"body"`
	BodyText *string           `json:"body_text"`
}

// Load reads the scenarios of a folder, by file name.
func Load(folder string) ([]*Scenario, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var list []*Scenario
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		s := &Scenario{File: strings.TrimSuffix(filepath.Base(f), ".json")}
		if err := json.Unmarshal(b, s); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		list = append(list, s)
	}
	return list, nil
}

// Bytes is the body to send; nil for none.
func (r *Request) Bytes() ([]byte, error) {
	switch {
	case r.BodyText != nil:
		return []byte(*r.BodyText), nil
	case len(r.BodyParts) > 0:
		var b []byte
		for _, part := range r.BodyParts {
			var text string
			var repeat struct {
				Repeat string
				Times  int
			}
			if json.Unmarshal(part, &text) == nil {
				b = append(b, text...)
			} else if err := json.Unmarshal(part, &repeat); err == nil {
				b = append(b, strings.Repeat(repeat.Repeat, repeat.Times)...)
			} else {
				return nil, err
			}
		}
		return b, nil
	case len(r.Body) > 0:
		var b bytes.Buffer
		err := json.Compact(&b, r.Body)
		return b.Bytes(), err
	}
	return nil, nil
}

// Answer is what a server answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Client sends requests byte for byte over one connection, which it renews
// when the server closes it.
type Client struct {
	addr string
	conn net.Conn
	r    *bufio.Reader
}

// NewClient makes a client of the server at host:port.
func NewClient(addr string) *Client { return &Client{addr: addr} }

// Close gives up the connection.
func (c *Client) Close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// Do sends a request as recorded.
func (c *Client) Do(q *Request) (*Answer, error) {
	body, err := q.Bytes()
	if err != nil {
		return nil, err
	}
	a, err := c.once(q, body)
	if err != nil {
		c.Close()
		a, err = c.once(q, body)
	}
	return a, err
}

func (c *Client) once(q *Request, body []byte) (*Answer, error) {
	if c.conn == nil {
		conn, err := net.Dial("tcp", c.addr)
		if err != nil {
			return nil, err
		}
		c.conn, c.r = conn, bufio.NewReader(conn)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", q.Method, q.Path, c.addr)
	for _, k := range sortedKeys(q.Headers) {
		fmt.Fprintf(&b, "%s: %s\r\n", k, q.Headers[k])
	}
	if body != nil {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	if _, err := c.conn.Write(b.Bytes()); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(c.r, &http.Request{Method: q.Method})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.Close {
		c.Close()
	}
	return &Answer{res.StatusCode, res.Header, got}, nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// compared are the headers that must be as recorded, absent where absent.
var compared = []string{"Content-Type", "Allow", "Location", "Www-Authenticate", "Access-Control-Allow-Origin", "Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers", "Access-Control-Allow-Credentials", "Access-Control-Max-Age"}

// Compare tells how an answer differs from the recorded one; nothing means it does not.
func Compare(e *Exchange, a *Answer) []string {
	var diffs []string
	add := func(format string, args ...any) { diffs = append(diffs, fmt.Sprintf(format, args...)) }
	if a.Status != e.Response.Status && !slices.Contains(e.UnstableStatus, a.Status) {
		add("status %d, want %d", a.Status, e.Response.Status)
	}
	want := http.Header{}
	for k, v := range e.Response.Headers {
		want.Set(k, v)
	}
	for _, k := range compared {
		if a.Header.Get(k) != want.Get(k) {
			add("header %s: %q, want %q", k, a.Header.Get(k), want.Get(k))
		}
	}
	if a.Header.Get("X-Request-Id") == "" {
		add("no X-Request-ID")
	}
	if e.Request.Method == http.MethodHead {
		return diffs
	}
	if len(e.Response.Body) > 0 {
		var got any
		if err := decode(a.Body, &got); err != nil {
			add("body is not JSON: %.300q", a.Body)
			return diffs
		}
		var wanted any
		if err := decode(e.Response.Body, &wanted); err != nil {
			add("recording: %v", err)
			return diffs
		}
		c := comparison{e: e}
		c.value("", got, wanted)
		return append(diffs, c.diffs...)
	}
	if e.Response.BodyText != nil && string(a.Body) != *e.Response.BodyText {
		add("body %.600q, want %.600q", a.Body, *e.Response.BodyText)
	}
	return diffs
}

func decode(b []byte, v *any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	return dec.Decode(v)
}

type comparison struct {
	e     *Exchange
	diffs []string
}

func (c *comparison) add(at, format string, args ...any) {
	if at == "" {
		at = "/"
	}
	c.diffs = append(c.diffs, at+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) value(at string, got, want any) {
	switch {
	case slices.Contains(c.e.Volatile, at) || slices.Contains(c.e.Loose, at):
		if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			c.add(at, "%T, want %T", got, want)
		}
		return
	case slices.Contains(c.e.Unordered, at):
		g, gok := got.([]any)
		w, wok := want.([]any)
		if gok && wok {
			got, want = sorted(g), sorted(w)
		}
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			c.add(at, "%s, want an object", text(got))
			return
		}
		for k, v := range w {
			if gv, ok := g[k]; ok {
				c.value(at+"/"+escape(k), gv, v)
			} else {
				c.add(at, "no %q, want %s", k, text(v))
			}
		}
		for k := range g {
			if _, ok := w[k]; !ok {
				c.add(at, "unexpected %q: %s", k, text(g[k]))
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			c.add(at, "%s, want %s", text(got), text(want))
			return
		}
		for i := range w {
			c.value(at+"/"+strconv.Itoa(i), g[i], w[i])
		}
	default:
		if got != want {
			c.add(at, "%s, want %s", text(got), text(want))
		}
	}
}

func escape(k string) string {
	return strings.ReplaceAll(strings.ReplaceAll(k, "~", "~0"), "/", "~1")
}

func text(v any) string {
	b, _ := json.Marshal(v)
	if len(b) > 1500 {
		return string(b[:1500]) + "…"
	}
	return string(b)
}

func sorted(list []any) []any {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(text(a), text(b)) })
	return list
}
