package concordattest_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/concordattest"
	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/server"
)

// get reads a path of a registry.
func get(t testing.TB, r *concordattest.Registry, path string) (status int, body string) {
	t.Helper()
	a, err := http.Get(r.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(b)
}

func want(t testing.TB, r *concordattest.Registry, path string, status int, body string) {
	t.Helper()
	if s, b := get(t, r, path); s != status || b != body {
		t.Errorf("GET %s: %d %s, want %d %s", path, s, b, status, body)
	}
}

func TestRegister(t *testing.T) {
	r := concordattest.Start(t)
	s := r.Register("s", `"string"`)
	if s.ID != 1 || s.Version != 1 || s.Subject != "s" {
		t.Errorf("registered as %+v", s)
	}
	r.Register("j", `{"type":"object"}`, func(q *api.RegisterRequest) {
		q.SchemaType = api.JSON
		q.Metadata = &api.Metadata{Properties: map[string]string{"owner": "us"}}
	})
	want(t, r, "/subjects", 200, `["j","s"]`)
	want(t, r, "/subjects/s/versions/1/schema", 200, `"string"`)
	if _, body := get(t, r, "/subjects/j/versions/1"); !strings.Contains(body, `"owner":"us"`) {
		t.Errorf("the metadata is not there: %s", body)
	}
	// Each has its own data.
	want(t, concordattest.Start(t), "/subjects", 200, `[]`)
}

func TestWithSettings(t *testing.T) {
	r := concordattest.Start(t, concordattest.WithSettings(func(r *registry.Settings, s *server.Settings) {
		r.Subjects = registry.SearchLimit{Default: 1, Max: 1}
		s.ResponseHeaders = map[string]string{"X-Mine": "yes"}
	}))
	r.Register("a", `"string"`)
	r.Register("b", `"string"`)
	want(t, r, "/subjects", 200, `["a"]`)
	_, err := concordattest.New(concordattest.WithSettings(func(_ *registry.Settings, s *server.Settings) {
		s.AuthFile = "no such file"
	}))
	if err == nil {
		t.Error("started without its users")
	}
}

func TestWithKafka(t *testing.T) {
	r := concordattest.Start(t, concordattest.WithKafka("seeded"))
	for _, topic := range []string{"seeded", "other"} {
		c, err := kgo.NewClient(kgo.SeedBrokers(r.Brokers()...), kgo.DefaultProduceTopic(topic), kgo.ConsumeTopics(topic), kgo.AllowAutoTopicCreation())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.ProduceSync(t.Context(), kgo.StringRecord("hello")).FirstErr(); err != nil {
			t.Errorf("%s: %v", topic, err)
		}
		fetched := c.PollFetches(t.Context())
		if err := fetched.Err(); err != nil || len(fetched.Records()) != 1 || string(fetched.Records()[0].Value) != "hello" {
			t.Errorf("%s: read %d records; %v", topic, len(fetched.Records()), err)
		}
		c.Close()
	}
	if without := concordattest.Start(t); without.Brokers() != nil {
		t.Error("a broker that nobody asked for")
	}
}

func TestClient(t *testing.T) {
	r := concordattest.Start(t)
	r.Register("s", `"string"`)
	c := r.Client()
	if r.Client() != c {
		t.Error("a second client")
	}
	subjects, err := c.Subjects(t.Context())
	if err != nil || !slices.Equal(subjects, []string{"s"}) {
		t.Errorf("Subjects gave %q, %v", subjects, err)
	}
	used := api.Usage{Subject: "s", Version: 1, Role: api.Consumer, Topic: "t", Application: "a"}
	if _, err := c.ReportUsage(t.Context(), []api.Usage{used}); err != nil {
		t.Error(err)
	}
	uses, err := c.Usage(t.Context())
	if err != nil || len(uses) != 1 || uses[0].LastSeen == 0 {
		t.Fatalf("Usage gave %+v, %v", uses, err)
	}
	used.LastSeen = uses[0].LastSeen
	if uses[0] != used {
		t.Errorf("Usage gave %+v, want %+v", uses[0], used)
	}
}

// failing is a test that may fail.
type failing struct {
	testing.TB
	message string
	cleanup func()
}

var errFailed = errors.New("the test failed")

func (f *failing) Helper()          {}
func (f *failing) Cleanup(c func()) { f.cleanup = c }
func (f *failing) Fatal(args ...any) {
	f.message = fmt.Sprint(args...)
	panic(errFailed)
}

func TestRegisterFails(t *testing.T) {
	f := &failing{TB: t}
	r := concordattest.Start(f)
	func() {
		defer func() {
			if p := recover(); p != errFailed {
				t.Errorf("recovered %v", p)
			}
		}()
		r.Register("s", `{`)
	}()
	if !strings.Contains(f.message, `"s"`) || !strings.Contains(f.message, "42201") {
		t.Errorf("the test was told %q", f.message)
	}
	f.cleanup()
	if conn, err := net.Dial("tcp", strings.TrimPrefix(r.URL, "http://")); err == nil {
		conn.Close()
		t.Error("still served after the test")
	}
}

func TestNew(t *testing.T) {
	r, err := concordattest.New()
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a schema that is refused does not panic")
			}
		}()
		r.Register("s", `{`)
	}()
	want(t, r, "/subjects", 200, `[]`)
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestConcurrent(t *testing.T) {
	r := concordattest.Start(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			r.Register(fmt.Sprint("s", i), `"string"`)
			other := concordattest.Start(t)
			want(t, other, "/subjects", 200, `[]`)
		})
	}
	wg.Wait()
	want(t, r, "/subjects", 200, `["s0","s1","s2","s3","s4","s5","s6","s7"]`)
}

// Tests must not wait for it.
func TestStartIsFast(t *testing.T) {
	best := time.Hour
	for range 5 {
		start := time.Now()
		r, err := concordattest.New()
		if err != nil {
			t.Fatal(err)
		}
		want(t, r, "/subjects", 200, `[]`)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	t.Logf("started, asked and stopped in %v", best)
	if best > 500*time.Millisecond { // ten times what it may be: the machine may be busy
		t.Errorf("it takes %v", best)
	}
}
