package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/server"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

// newRegistry is a server of an empty registry.
func newRegistry(t testing.TB, adapt func(*server.Settings)) *server.Server {
	t.Helper()
	store, err := bolt.Open(filepath.Join(t.TempDir(), "test.db"), bolt.Options{Buckets: registry.Buckets(), NoSync: true}, registry.Apply)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	reg, err := registry.New(store, registry.DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	settings := server.DefaultSettings()
	if adapt != nil {
		adapt(&settings)
	}
	srv, err := server.New(reg, store, settings)
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

// counted is a handler that counts its requests, and lets the test look at them.
type counted struct {
	http.Handler
	requests atomic.Int64
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.requests.Add(1)
	c.Handler.ServeHTTP(w, r)
}

// serve puts a handler behind a URL.
func serve(t testing.TB, h http.Handler) (string, *counted) {
	t.Helper()
	c := &counted{Handler: h}
	s := httptest.NewServer(c)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL, c
}

// quick are retries that take no time to speak of.
var quick = client.WithRetries(3, time.Millisecond, 2*time.Millisecond)

// connect makes a client that is closed with the test.
func connect(t testing.TB, url string, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(url, append([]client.Option{quick}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// ofRegistry is a client of an empty registry.
func ofRegistry(t testing.TB, opts ...client.Option) (*client.Client, *counted) {
	t.Helper()
	url, n := serve(t, newRegistry(t, nil))
	return connect(t, url, opts...), n
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func avro(text string) *api.RegisterRequest { return &api.RegisterRequest{Schema: text} }

// record is an Avro schema of a record with fields of type int.
func record(name string, fields ...string) string {
	var list []string
	for _, f := range fields {
		list = append(list, fmt.Sprintf(`{"name":%q,"type":"int","default":0}`, f))
	}
	return fmt.Sprintf(`{"type":"record","name":%q,"fields":[%s]}`, name, strings.Join(list, ","))
}

// says answers every request the same.
func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

const vendorJSON = "application/vnd.schemaregistry.v1+json"

// oneSchema is an answer to a question for any schema.
const oneSchema = `{"subject":"s","version":1,"id":7,"schema":"\"int\""}`

// inTurn answers with one handler after the other, and keeps to the last.
func inTurn(handlers ...http.Handler) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		i := int(n.Add(1)) - 1
		handlers[min(i, len(handlers)-1)].ServeHTTP(w, r)
	}
}

var background = context.Background()
