package serde_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/client/serde"
	"github.com/seed-9f7c7091/concordat/concordattest"
)

// front is a registry, and what stands before it: that counts the requests and may answer in its place.
type front struct {
	*concordattest.Registry
	Client *client.Client
	url    string

	instead atomic.Pointer[answering]
	mu      sync.Mutex
	asked   []string
}

// answering answers a request in place of the registry, and reports whether it did.
type answering func(w http.ResponseWriter, r *http.Request) bool

// start starts a registry with a client that does not wait before it tries again.
func start(t testing.TB, opts ...client.Option) *front {
	t.Helper()
	f := &front{Registry: concordattest.Start(t)}
	target, err := url.Parse(f.Registry.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	proxy.Transport = transport
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI())
		f.mu.Unlock()
		if instead := f.instead.Load(); instead != nil && (*instead)(w, r) {
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		f.answer(nil)
		srv.CloseClientConnections()
		srv.Close()
		transport.CloseIdleConnections()
	})
	f.url = srv.URL
	f.Client = f.connect(t, opts...)
	return f
}

// connect makes another client, with a cache of its own.
func (f *front) connect(t testing.TB, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(f.url, append([]client.Option{client.WithRetries(1, time.Millisecond, time.Millisecond)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// answer has requests answered in place of the registry; nil ends it.
func (f *front) answer(instead answering) {
	if instead == nil {
		f.instead.Store(nil)
		return
	}
	f.instead.Store(&instead)
}

// down has nothing answered any more.
func (f *front) down() {
	f.answer(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
}

// requests are those that have a text in them, so far.
func (f *front) requests(with string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []string
	for _, q := range f.asked {
		if strings.Contains(q, with) {
			found = append(found, q)
		}
	}
	return found
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

func ofJSON(q *api.RegisterRequest)     { q.SchemaType = api.JSON }
func ofProtobuf(q *api.RegisterRequest) { q.SchemaType = api.Protobuf }

func withRules(rs api.RuleSet) concordattest.With {
	return func(q *api.RegisterRequest) { q.RuleSet = &rs }
}

func withMetadata(properties map[string]string) concordattest.With {
	return func(q *api.RegisterRequest) { q.Metadata = &api.Metadata{Properties: properties} }
}

func writes[T any](t testing.TB, c *client.Client, f serde.Format, opts ...serde.Option) *serde.Serializer[T] {
	t.Helper()
	s, err := serde.NewSerializer[T](c, f, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func reads[T any](t testing.TB, c *client.Client, f serde.Format, opts ...serde.Option) *serde.Deserializer[T] {
	t.Helper()
	d, err := serde.NewDeserializer[T](c, f, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func write[T any](t testing.TB, s *serde.Serializer[T], topic string, v T) []byte {
	t.Helper()
	b, err := s.Serialize(t.Context(), topic, v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read[T any](t testing.TB, d *serde.Deserializer[T], topic string, data []byte, headers ...serde.Header) T {
	t.Helper()
	v, err := d.Deserialize(t.Context(), topic, data, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// idOf is the schema id in the prefix of a message.
func idOf(t testing.TB, message []byte) int {
	t.Helper()
	if len(message) < 5 || message[0] != 0 {
		t.Fatalf("no prefix: %x", message)
	}
	return int(binary.BigEndian.Uint32(message[1:]))
}

// framed puts a prefix before a body.
func framed(id int, body ...byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(id)), body...)
}

// fails holds an error against what is promised of all: it is an *Error of the stage.
func fails(t testing.TB, err error, stage serde.Stage) *serde.Error {
	t.Helper()
	var e *serde.Error
	if !errors.As(err, &e) || err != error(e) {
		t.Fatalf("%v is a %T, not a *serde.Error", err, err)
	}
	if e.Stage != stage {
		t.Errorf("%v: failed in stage %s, want %s", err, e.Stage, stage)
	}
	return e
}

// is matches errors as errors.Is does, as is errors of a type.
func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func same(t testing.TB, got, want any) {
	t.Helper()
	if g, ok := got.(proto.Message); ok {
		if w, ok := want.(proto.Message); ok {
			if !sameMessage(g, w) {
				t.Errorf("got %v, want %v", g, w)
			}
			return
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

// sameMessage compares messages of one name, generated and dynamic ones.
func sameMessage(a, b proto.Message) bool {
	x, err1 := proto.MarshalOptions{Deterministic: true}.Marshal(a)
	y, err2 := proto.MarshalOptions{Deterministic: true}.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y) && a.ProtoReflect().Descriptor().FullName() == b.ProtoReflect().Descriptor().FullName()
}

// watcher remembers what it is told.
type watcher struct {
	mu     sync.Mutex
	seen   []*serde.Seen
	rules  []string // "rule mode action skipped"
	failed []*serde.Failure
}

func (w *watcher) SchemaSeen(s *serde.Seen) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, s)
}

func (w *watcher) RuleRan(r *serde.RuleRun) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := r.Role + " " + r.Step.Rule.Name + " " + r.Step.Mode
	switch {
	case r.Step.Skipped != "":
		text += " skipped"
	case r.Step.Err != nil:
		text += " failed " + r.Step.Action
	}
	w.rules = append(w.rules, text)
}

func (w *watcher) Failed(f *serde.Failure) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = append(w.failed, f)
}

// all are the schemas seen.
func (w *watcher) all() []*serde.Seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*serde.Seen(nil), w.seen...)
}

// ran are the rules that ran since the last time.
func (w *watcher) ran() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ran := w.rules
	w.rules = nil
	return ran
}

// failures are those told so far.
func (w *watcher) failures() []*serde.Failure {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*serde.Failure(nil), w.failed...)
}
