package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/schema"
)

// clock is a clock that the test sets.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

// questions are the questions to a cache that a registry with one schema can answer.
func questions(k *client.Cache, guid schema.GUID) map[string]func(context.Context) (*api.Schema, error) {
	s := &api.Schema{Schema: `"int"`, Metadata: &api.Metadata{Properties: map[string]string{"a": "b"}}}
	return map[string]func(context.Context) (*api.Schema, error){
		"id":       func(ctx context.Context) (*api.Schema, error) { return k.ByID(ctx, "s", 1) },
		"guid":     func(ctx context.Context) (*api.Schema, error) { return k.ByGUID(ctx, guid) },
		"version":  func(ctx context.Context) (*api.Schema, error) { return k.Version(ctx, "s", 1) },
		"latest":   func(ctx context.Context) (*api.Schema, error) { return k.Latest(ctx, "s") },
		"register": func(ctx context.Context) (*api.Schema, error) { return k.Register(ctx, "s", s, false) },
		"look up":  func(ctx context.Context) (*api.Schema, error) { return k.LookUp(ctx, "s", s, true, true) },
		"metadata": func(ctx context.Context) (*api.Schema, error) {
			return k.LatestWithMetadata(ctx, "s", map[string]string{"a": "b"})
		},
	}
}

func guidOf(t *testing.T, text string) schema.GUID {
	t.Helper()
	g, ok := schema.ParseGUID(text)
	if !ok {
		t.Fatalf("%q is no GUID", text)
	}
	return g
}

// What was asked once is not asked again, and the answer is the whole of what the registry has.
func TestCacheRemembers(t *testing.T) {
	c, n := ofRegistry(t)
	a := must(c.Register(background, "s", &api.RegisterRequest{Schema: `"int"`, Metadata: &api.Metadata{Properties: map[string]string{"a": "b"}}}))(t)
	guid := guidOf(t, a.GUID)
	for name, ask := range questions(c.Cache(), guid) {
		t.Run(name, func(t *testing.T) {
			before := n.requests.Load()
			first := must(ask(background))(t)
			if first != must(ask(background))(t) {
				t.Error("two answers")
			}
			same(t, "requests", n.requests.Load()-before, 1)
			if first.GUID != a.GUID || first.SchemaType != api.Avro || first.Schema != `"int"` || first.Metadata.Properties["a"] != "b" {
				t.Errorf("answer %+v", first)
			}
			if name != "guid" && (first.Subject != "s" || first.Version != 1 || first.ID != 1) {
				t.Errorf("answer %+v", first)
			}
		})
	}
	if k := c.Cache(); must(k.Version(background, "s", -1))(t) != must(k.Latest(background, "s"))(t) {
		t.Error("version -1 is not the latest")
	}
	same(t, "TTL", c.Cache().LatestTTL(), 0)
}

// Of all who ask at the same time one does, whatever it is.
func TestCacheAsksOnceConcurrent(t *testing.T) {
	reg := newRegistry(t, nil)
	var hold atomic.Pointer[chan struct{}]
	addr, n := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wait := hold.Load(); wait != nil {
			<-*wait
		}
		reg.ServeHTTP(w, r)
	}))
	c := connect(t, addr)
	a := must(c.Register(background, "s", &api.RegisterRequest{Schema: `"int"`, Metadata: &api.Metadata{Properties: map[string]string{"a": "b"}}}))(t)
	for name, ask := range questions(c.Cache(), guidOf(t, a.GUID)) {
		t.Run(name, func(t *testing.T) {
			before := n.requests.Load()
			wait := make(chan struct{})
			hold.Store(&wait)
			defer hold.Store(nil)
			const many = 100
			var asking, done sync.WaitGroup
			errs := make(chan error, many)
			for range many {
				asking.Add(1)
				done.Go(func() {
					asking.Done()
					_, err := ask(background)
					errs <- err
				})
			}
			asking.Wait()
			close(wait)
			done.Wait()
			for range many {
				if err := <-errs; err != nil {
					t.Error(err)
				}
			}
			same(t, "requests", n.requests.Load()-before, 1)
		})
	}
}

// Who gives up is back at once, and takes nobody along, not even if it was the first.
func TestCacheWaitersConcurrent(t *testing.T) {
	wait := make(chan struct{})
	addr, n := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-wait
		says(200, vendorJSON, oneSchema)(w, r)
	}))
	k := connect(t, addr).Cache()
	ctx, cancel := context.WithCancel(background)
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { _, err := k.Latest(ctx, "s"); first <- err }()
	for n.requests.Load() == 0 {
		runtime.Gosched()
	}
	go func() { _, err := k.Latest(background, "s"); second <- err }()
	cancel()
	err := <-first
	var e *client.Error
	if !errors.Is(err, context.Canceled) || !errors.As(err, &e) || e.URL != addr+"/subjects/s/versions/latest" {
		t.Errorf("first: %v", err)
	}
	close(wait)
	if err := <-second; err != nil {
		t.Errorf("second: %v", err)
	}
	must(k.Latest(ctx, "s"))(t) // what is known needs no waiting
	same(t, "requests", n.requests.Load(), 1)
}

// A panic below the cache is an error of those who asked.
func TestCachePanics(t *testing.T) {
	broken := true
	h := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if broken {
			panic("broken")
		}
		w := httptest.NewRecorder()
		says(200, vendorJSON, oneSchema)(w, r)
		return w.Result(), nil
	})}
	k := connect(t, "http://host", client.WithHTTPClient(h)).Cache()
	if _, err := k.Latest(background, "s"); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("error %v", err)
	}
	broken = false
	must(k.Latest(background, "s"))(t)
}

func TestCacheForgetsFailures(t *testing.T) {
	addr, n := serve(t, inTurn(says(404, vendorJSON, `{"error_code":40401,"message":"no"}`), says(200, vendorJSON, oneSchema)))
	k := connect(t, addr).Cache()
	if _, err := k.Latest(background, "s"); !errors.Is(err, client.ErrSubjectNotFound) {
		t.Error(err)
	}
	must(k.Latest(background, "s"))(t)
	same(t, "requests", n.requests.Load(), 2)
}

func TestCacheTTL(t *testing.T) {
	clk := newClock()
	addr, n := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/associations") {
			says(200, vendorJSON, `[{"subject":"s","resourceName":"t","associationType":"value"}]`)(w, r)
			return
		}
		says(200, vendorJSON, oneSchema)(w, r)
	}))
	c := connect(t, addr, client.WithClock(clk.now), client.WithLatestTTL(time.Minute))
	k := c.Cache()
	same(t, "TTL", k.LatestTTL(), time.Minute)
	for _, step := range []struct {
		after    time.Duration
		requests int64 // so far, of the latest version, with metadata, of associations, and of version 1
	}{{0, 4}, {time.Minute - 1, 4}, {1, 7}, {time.Second, 7}, {time.Minute, 10}} {
		clk.advance(step.after)
		must(k.Latest(background, "s"))(t)
		must(k.LatestWithMetadata(background, "s", map[string]string{"b": "1", "a": "2"}))(t)
		must(k.AssociatedSubject(background, "", "t", "value"))(t)
		must(k.Version(background, "s", 1))(t)
		same(t, "requests", n.requests.Load(), step.requests)
	}
}

// That a topic has no association is believed for five minutes, however it was said.
func TestCacheOfAbsence(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"empty list":   says(200, vendorJSON, `[]`),
		"old registry": says(404, vendorJSON, `{"error_code":404,"message":"HTTP 404 Not Found"}`),
		"no API":       says(404, "text/html", `<html>`),
		"not found":    says(404, vendorJSON, `{"error_code":40410,"message":"no"}`),
		"of others":    says(200, vendorJSON, `[{"subject":"x","resourceName":"u","associationType":"value"},{"subject":"y","resourceName":"t","associationType":"key"}]`),
	} {
		t.Run(name, func(t *testing.T) {
			clk := newClock()
			addr, n := serve(t, h)
			k := connect(t, addr, client.WithClock(clk.now)).Cache()
			for _, step := range []struct {
				after    time.Duration
				requests int64
			}{{0, 1}, {5*time.Minute - 1, 1}, {1, 2}} {
				clk.advance(step.after)
				same(t, "subject", must(k.AssociatedSubject(background, "", "t", "value"))(t), "")
				same(t, "requests", n.requests.Load(), step.requests)
			}
		})
	}
	// A registry that cannot tell has not said that there is none.
	addr, n := serve(t, inTurn(says(500, "", ""), says(200, vendorJSON, `[{"subject":"s"}]`)))
	k := connect(t, addr, client.WithRetries(0, 0, 0)).Cache()
	if _, err := k.AssociatedSubject(background, "", "t", "value"); !errors.Is(err, client.ErrUnavailable) {
		t.Error(err)
	}
	same(t, "subject", must(k.AssociatedSubject(background, "", "t", "value"))(t), "s")
	same(t, "requests", n.requests.Load(), 2)
}

// What is not there is asked again after WithMissingTTL, which is at once by default, or when the client has registered something.
func TestCacheOfMissing(t *testing.T) {
	guid := guidOf(t, "00000000-0000-0000-0000-000000000001")
	clk := newClock()
	reg := newRegistry(t, nil)
	addr, n := serve(t, reg)
	c := connect(t, addr, client.WithClock(clk.now), client.WithMissingTTL(time.Minute))
	ask := questions(c.Cache(), guid)
	delete(ask, "register")
	for _, step := range []struct {
		after    time.Duration
		requests int
	}{{0, 1}, {time.Minute - 1, 1}, {1, 2}} {
		clk.advance(step.after)
		for what, f := range ask {
			var e *client.Error
			if _, err := f(background); !errors.As(err, &e) || e.Status != 404 {
				t.Errorf("%s: %v", what, err)
			}
		}
		same(t, "requests", int(n.requests.Load()), step.requests*len(ask))
	}
	must(c.Cache().Register(background, "s", &api.Schema{Schema: `"int"`, Metadata: &api.Metadata{Properties: map[string]string{"a": "b"}}}, false))(t)
	before := n.requests.Load()
	for what, f := range ask {
		if _, err := f(background); err != nil && what != "guid" { // of which there still is none
			t.Errorf("%s after the registration: %v", what, err)
		}
	}
	same(t, "requests", int(n.requests.Load()-before), len(ask))
	must(c.Cache().Register(background, "s", &api.Schema{Schema: `"int"`, Metadata: &api.Metadata{Properties: map[string]string{"a": "b"}}}, false))(t)
	same(t, "requests of what was registered", int(n.requests.Load()-before), len(ask))

	// A failure of another kind is never believed.
	addr, n = serve(t, says(409, vendorJSON, `{"error_code":409,"message":"no"}`))
	k := connect(t, addr, client.WithMissingTTL(time.Minute)).Cache()
	for range 2 {
		if _, err := k.Latest(background, "s"); err == nil {
			t.Error("no error")
		}
	}
	same(t, "requests", n.requests.Load(), 2)
}

// That something is not there is not believed if it was said before the client registered something.
func TestCacheDoubtsFlightsConcurrent(t *testing.T) {
	reg := newRegistry(t, nil)
	answered, deliver := make(chan struct{}), make(chan struct{})
	var once sync.Once
	addr, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		early := httptest.NewRecorder()
		reg.ServeHTTP(early, r)
		if r.Method == http.MethodGet {
			once.Do(func() { close(answered); <-deliver })
		}
		says(early.Code, vendorJSON, early.Body.String())(w, r)
	}))
	c := connect(t, addr, client.WithMissingTTL(time.Hour))
	got := make(chan error)
	go func() {
		_, err := c.Cache().ByID(background, "s", 1)
		got <- err
	}()
	<-answered
	must(c.Register(background, "s", avro(record("R", "a"))))(t)
	close(deliver)
	if err := <-got; err == nil {
		t.Error("found before it was there")
	}
	must(c.Cache().ByID(background, "s", 1))(t)
}

// The cache holds what was used last, and no more than it may.
func TestCacheCapacity(t *testing.T) {
	addr, n := serve(t, says(200, vendorJSON, oneSchema))
	k := connect(t, addr, client.WithCacheCapacity(3)).Cache()
	for _, step := range []struct{ id, requests int }{{1, 1}, {2, 2}, {3, 3}, {1, 3}, {4, 4}, {1, 4}, {3, 4}, {2, 5}, {4, 6}} {
		must(k.ByID(background, "s", step.id))(t)
		same(t, fmt.Sprintf("requests after id %d", step.id), n.requests.Load(), int64(step.requests))
	}
	none := connect(t, addr, client.WithCacheCapacity(0)).Cache()
	must(none.ByID(background, "s", 1))(t)
	must(none.ByID(background, "s", 1))(t)
	same(t, "requests without room", n.requests.Load(), 8)
}

// What the client changes it sees at once.
func TestCacheSeesOwnChanges(t *testing.T) {
	c, _ := ofRegistry(t)
	k := c.Cache()
	one, two, three := record("R", "a"), record("R", "a", "b"), record("R", "a", "b", "c")
	with := map[string]string{"team": "x"}
	meta := &api.Metadata{Properties: with}
	must(k.Register(background, "s", &api.Schema{Schema: one, Metadata: meta}, false))(t)
	same(t, "latest", must(k.Latest(background, "s"))(t).Version, 1)
	same(t, "with metadata", must(k.LatestWithMetadata(background, "s", with))(t).Version, 1)
	must(k.Register(background, "s", &api.Schema{Schema: two, Metadata: meta}, false))(t)
	same(t, "latest", must(k.Latest(background, "s"))(t).Version, 2)
	same(t, "with metadata", must(k.LatestWithMetadata(background, "s", with))(t).Version, 2)
	must(c.Register(background, "s", avro(three)))(t)
	same(t, "latest", must(k.Latest(background, "s"))(t).Version, 3)
	must(c.DeleteVersion(background, "s", 3))(t)
	same(t, "latest", must(k.Latest(background, "s"))(t).Version, 2)
	must(c.DeleteSubject(background, "s"))(t)
	if _, err := k.Latest(background, "s"); !errors.Is(err, client.ErrSubjectNotFound) && !errors.Is(err, client.ErrVersionNotFound) {
		t.Errorf("latest of a deleted subject: %v", err)
	}
	same(t, "registered again", must(k.Register(background, "s", &api.Schema{Schema: two, Metadata: meta}, false))(t).Version, 4)
	same(t, "deleted version", *must(k.Version(background, "s", 3))(t).Deleted, true)
}

// An answer that was on its way when the latest version changed is not kept.
func TestCacheDropsStaleFlightsConcurrent(t *testing.T) {
	reg := newRegistry(t, nil)
	answered, deliver := make(chan struct{}), make(chan struct{})
	var slow atomic.Bool
	addr, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slow.Load() || r.Method != http.MethodGet {
			reg.ServeHTTP(w, r)
			return
		}
		slow.Store(false)
		old := httptest.NewRecorder()
		reg.ServeHTTP(old, r)
		close(answered)
		<-deliver
		says(old.Code, vendorJSON, old.Body.String())(w, r)
	}))
	c := connect(t, addr)
	k := c.Cache()
	must(c.Register(background, "s", avro(record("R", "a"))))(t)
	slow.Store(true)
	got := make(chan int)
	go func() {
		s, err := k.Latest(background, "s")
		if err != nil {
			t.Error(err)
			got <- 0
			return
		}
		got <- s.Version
	}()
	<-answered
	must(c.Register(background, "s", avro(record("R", "b"))))(t)
	same(t, "asked after the change", must(k.Latest(background, "s"))(t).Version, 2)
	close(deliver)
	same(t, "asked before the change", <-got, 1)
	same(t, "kept", must(k.Latest(background, "s"))(t).Version, 2)
}

// Registries of old answer a registration with the id alone.
func TestCacheOfOldRegistry(t *testing.T) {
	addr, _ := serve(t, says(200, vendorJSON, `{"id":5}`))
	k := connect(t, addr).Cache()
	s := &api.Schema{Schema: "x", References: []api.Reference{{Name: "n", Subject: "r", Version: 1}}, Metadata: &api.Metadata{}}
	got := must(k.Register(background, "s", s, false))(t)
	s.References[0].Name = "changed afterwards"
	same(t, "answer", got, &api.Schema{Subject: "s", ID: 5, SchemaType: api.Avro, Schema: "x",
		References: []api.Reference{{Name: "n", Subject: "r", Version: 1}}, Metadata: &api.Metadata{}})
}

// Contents that differ in anything are asked for each by itself.
func TestCacheByContent(t *testing.T) {
	addr, n := serve(t, says(200, vendorJSON, oneSchema))
	k := connect(t, addr).Cache()
	schemas := []*api.Schema{
		{Schema: "a"}, {Schema: "b"}, {Schema: "a", SchemaType: api.JSON}, {Schema: "a", Metadata: &api.Metadata{}}, {Schema: "a", RuleSet: &api.RuleSet{}},
		{Schema: "a", References: []api.Reference{{Name: "n", Subject: "s", Version: 1}}}, {Schema: "a", References: []api.Reference{{Name: "n", Subject: "s", Version: 2}}},
		{Schema: "a", RuleSet: &api.RuleSet{DomainRules: []api.Rule{{Name: "r"}}}}, {Schema: "a", Metadata: &api.Metadata{Properties: map[string]string{"a": "b"}}},
	}
	for range 2 {
		for _, s := range schemas {
			for _, yes := range []bool{false, true} {
				must(k.Register(background, "s", s, yes))(t)
				must(k.LookUp(background, "s", s, yes, false))(t)
				must(k.LookUp(background, "s", s, yes, true))(t)
			}
			must(k.LookUp(background, "t", s, false, false))(t)
		}
	}
	same(t, "requests", n.requests.Load(), int64(7*len(schemas)))
}

// tree registers schemas that refer to each other.
func tree(t *testing.T, c *client.Client, in string, schemas ...[]string) {
	t.Helper()
	for _, s := range schemas {
		var refs []api.Reference
		var fields []string
		for _, name := range s[1:] {
			refs = append(refs, api.Reference{Name: name, Subject: name, Version: 1})
			fields = append(fields, fmt.Sprintf(`{"name":"f%s","type":%q}`, name, name))
		}
		text := fmt.Sprintf(`{"type":"record","name":%q,"fields":[%s]}`, s[0], strings.Join(fields, ","))
		must(c.Register(background, in+s[0], &api.RegisterRequest{Schema: text, References: refs}))(t)
	}
}

func names(list []schema.Dependency) string {
	var out []string
	for _, d := range list {
		out = append(out, d.Name+"@"+d.Subject)
	}
	return strings.Join(out, " ")
}

// Dependencies come before those that need them, each once.
func TestDependencies(t *testing.T) {
	for _, in := range []string{"", ":.ctx:"} {
		t.Run("in "+in, func(t *testing.T) {
			c, n := ofRegistry(t)
			k := c.Cache()
			tree(t, c, in, []string{"D"}, []string{"C", "D"}, []string{"B", "D"}, []string{"A", "B", "C"})
			want := strings.ReplaceAll("D@.D B@.B C@.C", "@.", "@"+in)
			for name, ask := range map[string]func() (*api.Schema, error){
				"latest": func() (*api.Schema, error) { return k.Latest(background, in+"A") },
				"id":     func() (*api.Schema, error) { return k.ByID(background, in+"A", 4) },
				"registered": func() (*api.Schema, error) {
					s, err := k.Latest(background, in+"A")
					if err != nil {
						return nil, err
					}
					return k.Register(background, in+"A", s, false)
				},
				"guid": func() (*api.Schema, error) {
					s, err := k.Latest(background, in+"A")
					if err != nil {
						return nil, err
					}
					return k.ByGUID(background, guidOf(t, s.GUID))
				},
			} {
				s := must(ask())(t)
				deps := must(k.Dependencies(background, s))(t)
				same(t, name, names(deps), want)
				if deps[0].Type != api.Avro || deps[0].Version != 1 || !strings.Contains(deps[0].Text, `"D"`) {
					t.Errorf("dependency %+v", deps[0])
				}
			}
			before := n.requests.Load()
			same(t, "latest by reference", names(must(k.Dependencies(background, &api.Schema{Subject: in + "X",
				References: []api.Reference{{Name: "C", Subject: "C", Version: 1}}}))(t)), strings.ReplaceAll("D@.D C@.C", "@.", "@"+in))
			same(t, "requests", n.requests.Load(), before)
			_, err := k.Dependencies(background, &api.Schema{Subject: in + "X", References: []api.Reference{{Name: "Y", Subject: "Y", Version: 1}}})
			if !errors.Is(err, client.ErrSubjectNotFound) || !strings.Contains(err.Error(), in+"Y version 1") {
				t.Errorf("missing: %v", err)
			}
		})
	}
	k := connect(t, "http://127.0.0.1:1").Cache()
	if deps, err := k.Dependencies(background, &api.Schema{}); err != nil || deps != nil {
		t.Errorf("of none: %v, %v", deps, err)
	}
	if _, err := k.Dependencies(background, &api.Schema{References: []api.Reference{{Name: "n"}}}); err == nil {
		t.Error("an incomplete reference")
	}
}

// What a broken registry may say of references ends with an error, not with the memory.
func TestDependenciesHaveBounds(t *testing.T) {
	refers := func(to string) string {
		return fmt.Sprintf(`{"subject":"s","version":1,"id":1,"schema":"x","references":[%s]}`, to)
	}
	var many []string
	for i := range 10_001 {
		many = append(many, fmt.Sprintf(`{"name":"n%d","subject":"s%d","version":1}`, i, i))
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // s1 refers to s2, and so on
		var i int
		_, _ = fmt.Sscanf(r.URL.Path, "/subjects/s%d/", &i)
		says(200, vendorJSON, refers(fmt.Sprintf(`{"name":"n%d","subject":"s%d","version":1}`, i+1, i+1)))(w, r)
	})
	for name, c := range map[string]struct {
		handler http.Handler
		text    string
	}{
		"circle":  {says(200, vendorJSON, refers(`{"name":"m","subject":"s","version":1}`)), "circle"},
		"many":    {says(200, vendorJSON, refers(strings.Join(many, ","))), "10000"},
		"deep":    {next, "10000"},
		"nothing": {says(200, vendorJSON, refers(`{}`)), "incomplete"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "deep" && testing.Short() {
				t.Skip("10,000 requests")
			}
			addr, _ := serve(t, c.handler)
			k := connect(t, addr).Cache()
			_, err := k.Dependencies(background, &api.Schema{References: []api.Reference{{Name: "n", Subject: "s", Version: 1}}})
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// The schemas of one distance are fetched at the same time, but not all.
func TestDependenciesInParallelConcurrent(t *testing.T) {
	var now, most atomic.Int64
	addr, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
		says(200, vendorJSON, oneSchema)(w, r)
	}))
	s := &api.Schema{}
	for i := range 40 {
		s.References = append(s.References, api.Reference{Name: fmt.Sprint(i), Subject: fmt.Sprint(i), Version: 1})
	}
	same(t, "dependencies", len(must(connect(t, addr).Cache().Dependencies(background, s))(t)), 40)
	if m := most.Load(); m < 2 || m > 8 {
		t.Errorf("%d at the same time", m)
	}
}

// Many who use a cache in all ways at once are told no contradictions.
func TestCacheConcurrent(t *testing.T) {
	c, _ := ofRegistry(t, client.WithCacheCapacity(4))
	k := c.Cache()
	must(c.SetCompatibility(background, "", "NONE"))(t)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			subject := fmt.Sprintf("s%d", g%3)
			last := 0
			for i := range 30 {
				s, err := k.Register(background, subject, &api.Schema{Schema: record("R", fmt.Sprintf("f%d", (i+g)%10))}, i%2 == 0)
				if err != nil {
					t.Error(err)
					return
				}
				if again, err := k.ByID(background, subject, s.ID); err != nil || again.Schema != s.Schema {
					t.Errorf("id %d: %v, %v", s.ID, again, err)
				}
				latest, err := k.Latest(background, subject)
				if err != nil || latest.Version < last {
					t.Errorf("latest: %v, %v, after %d", latest, err, last)
					return
				}
				last = latest.Version
			}
		})
	}
	wg.Wait()
}

func TestSubjectOfIDInQuery(t *testing.T) {
	var query url.Values
	addr, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query()
		says(200, vendorJSON, `{"id":3,"schema":"x"}`)(w, r)
	}))
	k := connect(t, addr).Cache()
	got := must(k.ByID(background, ":.ctx:a b&c", 3))(t)
	same(t, "subject", query.Get("subject"), ":.ctx:a b&c")
	same(t, "schema of an old registry", got, &api.Schema{ID: 3, SchemaType: api.Avro, Schema: "x"})
	must(k.ByID(background, "", 3))(t)
	same(t, "no subject", query.Has("subject"), false)
	must(k.LatestWithMetadata(background, "s", map[string]string{"b": "2", "a": "1"}))(t)
	same(t, "pairs", fmt.Sprint(query["key"], query["value"]), "[a b] [1 2]")
}

func BenchmarkCacheHit(b *testing.B) {
	addr, _ := serve(b, says(200, vendorJSON, oneSchema))
	k := connect(b, addr).Cache()
	s := &api.Schema{Schema: record("R", "a", "b", "c")}
	for name, ask := range map[string]func() (*api.Schema, error){
		"ByID":     func() (*api.Schema, error) { return k.ByID(background, "s", 1) },
		"Register": func() (*api.Schema, error) { return k.Register(background, "s", s, false) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
