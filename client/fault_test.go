package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
)

// breaking ends the connection in the middle of an answer.
func breaking(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "1000")
	io.WriteString(w, `{"subject":`)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// hanging says nothing until the client goes away.
func hanging(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// closedURL is a URL at which nobody listens.
func closedURL(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return "http://" + ln.Addr().String()
}

// What answers may be like, how often they are asked for, and what the caller is told.
func TestFaults(t *testing.T) {
	ok := says(200, vendorJSON, oneSchema)
	refuses := func(status, code int) http.HandlerFunc {
		return says(status, vendorJSON, fmt.Sprintf(`{"error_code":%d,"message":"no"}`, code))
	}
	for _, c := range []struct {
		name     string
		handler  http.Handler
		requests int64
		status   int   // of the error
		is       error // nil: it goes well
		garbage  bool
	}{
		{"429 then well", inTurn(refuses(429, 429), ok), 2, 0, nil, false},
		{"503 twice then well", inTurn(says(503, "text/html", "<html>"), says(503, "", ""), ok), 3, 0, nil, false},
		{"500 always", refuses(500, 50001), 4, 500, client.ErrUnavailable, false},
		{"504 always", says(504, "text/html", "<html>gateway"), 4, 504, client.ErrUnavailable, true},
		{"408 then well", inTurn(refuses(408, 408), ok), 2, 0, nil, false},
		{"broken then well", inTurn(http.HandlerFunc(breaking), ok), 2, 0, nil, false},
		{"broken always", http.HandlerFunc(breaking), 4, 200, client.ErrUnavailable, false},
		{"404", refuses(404, 40401), 1, 404, client.ErrSubjectNotFound, false},
		{"409", refuses(409, 40901), 1, 409, client.ErrIncompatibleSchema, false},
		{"422", refuses(422, 42201), 1, 422, client.ErrInvalidSchema, false},
		{"501 is not passing", refuses(501, 501), 1, 501, &api.Error{Code: 501}, false},
		{"401 without a body", says(401, "", ""), 1, 401, client.ErrUnauthorized, false},
		{"401 with another code", refuses(401, 40101), 1, 401, client.ErrUnauthorized, false},
		{"403 as a page", says(403, "text/html", "<html>"), 1, 403, client.ErrForbidden, true},
		{"404 as a page", says(404, "text/html", "<html>not found"), 1, 404, nil, true},
		{"404 as other JSON", says(404, "application/json", `{"message":"no such route"}`), 1, 404, nil, true},
		{"200 as a page", says(200, "text/html", "<html>welcome"), 1, 200, nil, true},
		{"200 without a body", says(200, vendorJSON, ""), 1, 200, nil, true},
		{"200 cut off", says(200, vendorJSON, oneSchema[:20]), 1, 200, nil, true},
		{"200 and more", says(200, vendorJSON, oneSchema+"x"), 1, 200, nil, true},
		{"200 of other JSON", says(200, vendorJSON, `{"status":"UP"}`), 1, 200, nil, true},
		{"200 of another shape", says(200, vendorJSON, `[1]`), 1, 200, nil, true},
		{"200 null", says(200, vendorJSON, `null`), 1, 200, nil, true},
		{"huge", says(200, vendorJSON, `"`+strings.Repeat("x", 2000)+`"`), 1, 200, nil, true},
		{"huge and refusing", says(404, vendorJSON, strings.Repeat(" ", 2<<20)), 1, 404, nil, true},
		{"304", says(304, "", ""), 1, 304, &api.Error{Code: 304}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, n := serve(t, c.handler)
			cl := connect(t, strings.Replace(url, "http://", "http://user:s3cret@", 1), client.WithMaxAnswer(1000))
			_, err := cl.Version(background, "s", 1)
			same(t, "requests", n.requests.Load(), c.requests)
			if c.is == nil && !c.garbage {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var e *client.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %#v", err)
			}
			same(t, "status", e.Status, c.status)
			same(t, "attempts", int64(e.Attempts), c.requests)
			same(t, "URL", e.URL, url+"/subjects/s/versions/1")
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
			if errors.Is(err, client.ErrUnavailable) != (c.is == client.ErrUnavailable) {
				t.Errorf("unavailable: %v", err)
			}
			var g *client.GarbageError
			if errors.As(err, &g) != c.garbage {
				t.Errorf("garbage: %v", err)
			}
			if strings.Contains(err.Error(), "s3cret") || len(err.Error()) > 500 {
				t.Errorf("error text %q", err)
			}
		})
	}
}

// What must not be done twice is sent again only if it was not done.
func TestRepeatsOfWrites(t *testing.T) {
	twice := http.HandlerFunc(breaking)
	unavailable := says(503, vendorJSON, `{"error_code":503,"message":"no"}`)
	version := 2
	for _, c := range []struct {
		name        string
		call        func(*client.Client) error
		broken, not int64 // requests when the connection breaks, and when nothing was done
	}{
		{"register", func(c *client.Client) error { _, err := c.Register(background, "s", avro(`"int"`)); return err }, 4, 4},
		{"register a number", func(c *client.Client) error {
			_, err := c.Register(background, "s", &api.RegisterRequest{Schema: `"int"`, Version: &version})
			return err
		}, 1, 4},
		{"delete version", func(c *client.Client) error { _, err := c.DeleteVersion(background, "s", -1); return err }, 1, 4},
		{"delete subject", func(c *client.Client) error { _, err := c.DeleteSubject(background, "s"); return err }, 1, 4},
		{"edit tags", func(c *client.Client) error { _, err := c.EditTags(background, "s", 1, &api.TagsRequest{}); return err }, 1, 4},
		{"set mode", func(c *client.Client) error { return c.SetMode(background, "s", "IMPORT") }, 4, 4},
		{"delete config", func(c *client.Client) error { _, err := c.DeleteConfig(background, "s"); return err }, 1, 4},
		{"ready", func(c *client.Client) error { return c.Ready(background) }, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, answer := range []struct {
				handler http.Handler
				want    int64
			}{{twice, c.broken}, {unavailable, c.not}} {
				url, n := serve(t, answer.handler)
				err := c.call(connect(t, url))
				if !errors.Is(err, client.ErrUnavailable) {
					t.Error(err)
				}
				same(t, "requests", n.requests.Load(), answer.want)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	first, second := closedURL(t), closedURL(t)
	c := connect(t, first+","+second, client.WithRetries(1, 0, 0))
	_, err := c.Subjects(background)
	var e *client.Error
	if !errors.Is(err, client.ErrUnavailable) || !errors.As(err, &e) || e.Attempts != 4 || e.URL != second+"/subjects" || e.Status != 0 {
		t.Errorf("error %+v", err)
	}
	// A deletion was not carried out by who was not there.
	_, err = c.DeleteSubject(background, "s")
	if errors.As(err, &e); e.Attempts != 4 {
		t.Errorf("error %+v", err)
	}
}

// A registry that comes up while the client waits is found.
func TestDownAtStart(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	c := connect(t, "http://"+addr, client.WithRetries(500, 4*time.Millisecond, 4*time.Millisecond))
	got := make(chan error, 1)
	go func() {
		_, err := c.Version(background, "s", 1)
		got <- err
	}()
	time.Sleep(10 * time.Millisecond)
	if ln, err = net.Listen("tcp", addr); err != nil {
		t.Skip("the port was taken: ", err)
	}
	hs := &http.Server{Handler: says(200, vendorJSON, oneSchema)}
	go hs.Serve(ln)
	defer hs.Close()
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// A registry that goes down in the middle of things and comes back.
func TestDownInMidFlight(t *testing.T) {
	reg := newRegistry(t, nil)
	var down atomic.Bool
	url, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.CompareAndSwap(true, false) {
			panic(http.ErrAbortHandler)
		}
		reg.ServeHTTP(w, r)
	}))
	c := connect(t, url)
	for i := range 20 {
		down.Store(i%2 == 0)
		same(t, "id", must(c.Register(background, "s", avro(`"int"`)))(t).ID, 1)
		down.Store(i%2 == 0)
		same(t, "versions", must(c.Versions(background, "s"))(t), []int{1})
	}
}

func TestHangingServer(t *testing.T) {
	url, n := serve(t, http.HandlerFunc(hanging))
	c := connect(t, url, client.WithTimeout(20*time.Millisecond), client.WithRetries(1, 0, 0))
	_, err := c.Subjects(background)
	if !errors.Is(err, client.ErrTimeout) || !errors.Is(err, client.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	same(t, "requests", n.requests.Load(), 2)

	// In the middle of an answer, too, and also as a stream.
	url, _ = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "[")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	c = connect(t, url, client.WithTimeout(20*time.Millisecond), client.WithRetries(0, 0, 0))
	if _, err = c.Subjects(background); !errors.Is(err, client.ErrTimeout) {
		t.Errorf("error %v", err)
	}
	r := must(c.Backup(background))(t)
	defer r.Close()
	if b, err := io.ReadAll(r); !errors.Is(err, client.ErrTimeout) || string(b) != "[" {
		t.Errorf("stream %q, %v", b, err)
	}
}

// A backup may take as long as it likes, as long as it goes on.
func TestSlowBackup(t *testing.T) {
	url, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 10 {
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}))
	r := must(connect(t, url, client.WithTimeout(60*time.Millisecond)).Backup(background))(t)
	defer r.Close()
	same(t, "backup", string(must(io.ReadAll(r))(t)), "xxxxxxxxxx")
}

// The caller's context ends whatever goes on: an attempt, or a wait.
func TestContexts(t *testing.T) {
	for name, h := range map[string]http.Handler{"attempt": http.HandlerFunc(hanging), "wait": says(503, "", "")} {
		t.Run(name, func(t *testing.T) {
			url, _ := serve(t, h)
			c := connect(t, url, client.WithRetries(10, time.Hour, time.Hour))
			ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, err := c.Subjects(ctx)
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrUnavailable) || time.Since(began) > 5*time.Second {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
		})
	}
}

// Close ends what is under way.
func TestCloseConcurrent(t *testing.T) {
	for name, h := range map[string]http.Handler{"attempt": http.HandlerFunc(hanging), "wait": says(503, "", "")} {
		t.Run(name, func(t *testing.T) {
			url, n := serve(t, h)
			c := connect(t, url, client.WithRetries(10, time.Hour, time.Hour))
			ended := make(chan error, 2)
			go func() { _, err := c.Subjects(background); ended <- err }()
			go func() { _, err := c.Cache().Latest(background, "s"); ended <- err }()
			for n.requests.Load() < 2 {
				time.Sleep(time.Millisecond)
			}
			c.Close()
			for range 2 {
				if err := <-ended; !errors.Is(err, client.ErrClosed) {
					t.Error(err)
				}
			}
			if _, err := c.Subjects(background); !errors.Is(err, client.ErrClosed) {
				t.Error(err)
			}
		})
	}
}

// The client stays with the URL that works.
func TestFailOver(t *testing.T) {
	bad, nBad := serve(t, says(503, "", ""))
	good, nGood := serve(t, newRegistry(t, nil))
	c := connect(t, bad+", "+good, client.WithRetries(1, 0, 0))
	for i := range int64(3) {
		must(c.Subjects(background))(t)
		same(t, "requests to the bad one", nBad.requests.Load(), 2)
		same(t, "requests to the good one", nGood.requests.Load(), i+1)
	}
	// An answer that refuses is an answer.
	if _, err := c.Version(background, "s", 1); !errors.Is(err, client.ErrSubjectNotFound) {
		t.Error(err)
	}
	same(t, "requests to the bad one", nBad.requests.Load(), 2)
}

// One round through all URLs is enough, from wherever it begins.
func TestFailOverEnds(t *testing.T) {
	var urls []string
	var ns []*counted
	for range 3 {
		url, n := serve(t, says(502, "", ""))
		urls, ns = append(urls, url), append(ns, n)
	}
	c := connect(t, strings.Join(urls, ","), client.WithRandomStart(), client.WithRetries(1, 0, 0))
	if _, err := c.Subjects(background); !errors.Is(err, client.ErrUnavailable) {
		t.Error(err)
	}
	for _, n := range ns {
		same(t, "requests", n.requests.Load(), 2)
	}
}

func TestRedirects(t *testing.T) {
	reg := newRegistry(t, nil)
	var seen http.Header
	target, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		reg.ServeHTTP(w, r)
	}))
	for _, c := range []struct {
		status    int
		get, post bool // whether it is followed
	}{{301, true, false}, {302, true, false}, {303, true, false}, {307, true, true}, {308, true, true}} {
		t.Run(fmt.Sprint(c.status), func(t *testing.T) {
			url, n := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, target+r.RequestURI, c.status)
			}))
			cl := connect(t, url, client.WithBasicAuth("u", "p"), client.WithHeader("X-Api-Key", "k"))
			_, err := cl.Subjects(background)
			same(t, "GET", err == nil, c.get)
			same(t, "credentials at another host", seen.Get("Authorization")+seen.Get("X-Api-Key"), "")
			_, err = cl.Register(background, "s", avro(`"int"`))
			same(t, "POST", err == nil, c.post)
			same(t, "requests", n.requests.Load(), 2)
			var e *client.Error
			if !c.post && (!errors.As(err, &e) || e.Status != c.status || errors.Is(err, client.ErrUnavailable)) {
				t.Errorf("error %v", err)
			}
		})
	}
	url, n := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.RequestURI, http.StatusTemporaryRedirect)
	}))
	if _, err := connect(t, url).Subjects(background); err == nil || errors.Is(err, client.ErrUnavailable) {
		t.Errorf("a circle: %v", err)
	}
	same(t, "requests in a circle", n.requests.Load(), 10)

	// Within the host everything goes along.
	url, _ = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		if path, ok := strings.CutPrefix(r.RequestURI, "/old"); ok {
			http.Redirect(w, r, path, http.StatusPermanentRedirect)
			return
		}
		reg.ServeHTTP(w, r)
	}))
	cl := connect(t, url+"/old", client.WithBasicAuth("u", "p"), client.WithHeader("X-Api-Key", "k"))
	must(cl.Register(background, "s", avro(`"int"`)))(t)
	if seen.Get("Authorization") == "" || seen.Get("X-Api-Key") != "k" {
		t.Errorf("headers %v", seen)
	}
}

// The text of a schema is no JSON, and still not just anything.
func TestTextAnswers(t *testing.T) {
	url, _ := serve(t, says(200, vendorJSON, `syntax = "proto3";`))
	same(t, "text", must(connect(t, url).VersionText(background, "s", 1))(t), `syntax = "proto3";`)
	url, _ = serve(t, says(200, "text/html; charset=utf-8", `<html>`))
	var g *client.GarbageError
	if _, err := connect(t, url).VersionText(background, "s", 1); !errors.As(err, &g) {
		t.Error(err)
	}
	if err := connect(t, url).DeleteContext(background, "s"); !errors.As(err, &g) {
		t.Error(err)
	}
}

// What older registries and others leave out is filled in.
func TestSparseAnswers(t *testing.T) {
	url, _ := serve(t, says(200, vendorJSON, `{"id":1,"subject":"s","version":1,"schema":"\"int\"","metadata":{"tags":{"a":["y","x","x"]}},
		"ruleSet":{"domainRules":[{"name":"r","type":"CEL"}]}}`))
	s := must(connect(t, url).Version(background, "s", 1))(t)
	rule := s.RuleSet.DomainRules[0]
	same(t, "type", s.SchemaType, api.Avro)
	same(t, "kind and mode", rule.Kind+rule.Mode, api.KindTransform+api.ModeWriteRead)
	same(t, "tags", s.Metadata.Tags["a"], []string{"x", "y"})
}

func TestURLs(t *testing.T) {
	for _, c := range []struct{ url, text string }{
		{"", "no URL"},
		{" , ", "no URL"},
		{"localhost:8081", "http://"},
		{"ftp://host", "http://"},
		{"mock://scope", "in the test"},
		{"http://", "no host"},
		{"http://host/?a=b", "query"},
		{"http://ok,http://user:p@s:s3cret@host:x", "URL 2"},
		{"http://user:1/s3cret@host", "escaped"},
		{"http://user:s3c/ret@host", "escaped"},
	} {
		_, err := client.New(c.url)
		if err == nil || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "s3c") {
			t.Errorf("%q: %v", c.url, err)
		}
	}
	c := must(client.New("http://user:s3cret@one:1/a/,https://two"))(t)
	defer c.Close()
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c)} {
		same(t, "text", text, "registry at http://one:1/a,https://two")
	}
}

// Settings that make no sense are refused together.
func TestBadOptions(t *testing.T) {
	_, err := client.New("http://host", client.WithTimeout(0), client.WithConnectTimeout(-1), client.WithRetries(-1, 0, 0), client.WithMaxAnswer(0),
		client.WithHeader("a b", "c"), client.WithHeader("a", "s3cret\n"), client.WithUserAgent("\n"), client.WithCacheCapacity(-1),
		client.WithTLSConfig(nil), client.WithHTTPClient(nil), client.WithBasicAuth("u", "s3cret"), client.WithBearerToken("s3cret"))
	if err == nil || strings.Count(err.Error(), "\n") != 10 || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
	if _, err := client.New("http://host", client.WithHTTPClient(http.DefaultClient), client.WithConnectTimeout(1)); err == nil {
		t.Error("a setting of the transport was taken with a client that has its own")
	}
}

// roundTrip is a transport of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestOwnHTTPClient(t *testing.T) {
	h := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		says(200, vendorJSON, `["`+r.URL.Host+`"]`)(w, r)
		return w.Result(), nil
	})}
	c := connect(t, "http://nowhere", client.WithHTTPClient(h))
	same(t, "subjects", must(c.Subjects(background))(t), []string{"nowhere"})
	if h.CheckRedirect != nil {
		t.Error("the caller's client was changed")
	}
}

// Whatever comes back, a call ends with an answer or an error that says what came.
func FuzzAnswer(f *testing.F) {
	f.Add(200, vendorJSON, []byte(oneSchema))
	f.Add(200, vendorJSON, []byte(`{"id":1,"version":2,"guid":"g","ruleSet":{"domainRules":[{}]},"metadata":{"tags":{"a":["b","a"]}}}`))
	f.Add(200, vendorJSON, []byte(`[{"id":null},null]`))
	f.Add(200, vendorJSON, []byte(`{"uses":[{"subject":"s"}]}`))
	f.Add(200, vendorJSON, []byte(`{"is_compatible":false,"messages":null,"results":[]}`))
	f.Add(404, vendorJSON, []byte(`{"error_code":40401,"message":"no"}`))
	f.Add(404, "text/html", []byte("<html>\xff\x00"))
	f.Add(200, "application/json", []byte(strings.Repeat("[", 20000)))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		if status < 200 || status > 599 || status/100 == 3 || strings.ContainsAny(contentType, "\r\n") {
			return
		}
		c := connect(t, "http://host", client.WithRetries(0, 0, 0), client.WithMaxAnswer(1<<20), client.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
		})}))
		for _, call := range []func() (any, error){
			func() (any, error) { return c.Version(background, "s", 1) },
			func() (any, error) { return c.SchemaByID(background, 1) },
			func() (any, error) { return c.Schemas(background) },
			func() (any, error) { return c.Register(background, "s", avro("x")) },
			func() (any, error) { return c.Config(background, "s") },
			func() (any, error) { return c.UpdateConfig(background, "s", &api.ConfigUpdate{}) },
			func() (any, error) { return c.Mode(background, "s") },
			func() (any, error) { return c.CheckCompatibility(background, "s", avro("x")) },
			func() (any, error) { return c.BatchGetAssociations(background, nil) },
			func() (any, error) { return c.Usage(background) },
			func() (any, error) { return c.Cache().AssociatedSubject(background, "", "t", "value") },
			func() (any, error) { return c.Cache().Register(background, "s", &api.Schema{Schema: "x"}, false) },
			func() (any, error) { return c.VersionText(background, "s", 1) },
		} {
			_, err := call()
			if err == nil {
				continue
			}
			var e *client.Error
			var g *client.GarbageError
			var refused *api.Error
			if !errors.As(err, &e) || e.Status != status || !errors.As(err, &g) && !errors.As(err, &refused) {
				t.Errorf("error %#v", err)
			}
			if g != nil && len(g.Excerpt) > 200 {
				t.Errorf("%d bytes of excerpt", len(g.Excerpt))
			}
		}
	})
}
