package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/server"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
	"github.com/seed-9f7c7091/concordat/storage"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

// users are those of the recordings.
type users map[string]string

func (u users) Authenticate(user, password string) ([]string, bool) {
	role, ok := u[user+"/"+password]
	return []string{role}, ok
}

var recordedUsers = users{"alice/alice-pw": "admin", "bob/bob-pw": "user", "carol/carol-pw": "guest"}

// deviations are the answers in which we differ from the reference on purpose.
var deviations = []struct {
	reason string
	is     func(e *replaytest.Exchange, a *replaytest.Answer) bool
}{
	{"the reference fails (5xx) on a request of the client's; ours says what is wrong, or does what was asked", func(e *replaytest.Exchange, a *replaytest.Answer) bool {
		return e.Response.Status >= 500 && a.Status < 500 && a.Status >= 200 && (a.Status < 300 || isError(a))
	}},
	{"the reference's container refuses the URI with a page; ours refuses it in the shape of every other error", func(e *replaytest.Exchange, a *replaytest.Answer) bool {
		return e.Response.Status == 400 && strings.HasPrefix(e.Response.Headers["Content-Type"], "text/html") && a.Status == 400 && isError(a)
	}},
}

func isError(a *replaytest.Answer) bool {
	var e struct {
		Code    int    `json:"error_code"`
		Message string `json:"message"`
	}
	return json.Unmarshal(a.Body, &e) == nil && e.Code != 0 && e.Message != ""
}

// served starts a server with the settings that the properties of a recording
// give, and returns its address. between stands between the registry and its store.
func served(t *testing.T, properties map[string]string, between func(storage.Store) storage.Store) string {
	t.Helper()
	var text strings.Builder
	for k, v := range properties {
		fmt.Fprintf(&text, "%s=%s\n", k, v)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "recorded.properties")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := load([]assignment{{key: "properties", value: file}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := l.config
	store, err := bolt.Open(filepath.Join(dir, "test.db"), bolt.Options{Buckets: registry.Buckets(), MaxRecord: c.Registry.MaxRecord, NoSync: true}, registry.Apply)
	if err != nil {
		t.Fatal(err)
	}
	used := storage.Store(store)
	if between != nil {
		used = between(used)
	}
	reg, err := registry.New(used, c.Registry)
	if err != nil {
		t.Fatal(err)
	}
	if properties["authentication.method"] == "BASIC" {
		c.Server.UserAuth = recordedUsers
	}
	srv, err := server.New(reg, used, c.Server)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, ln, nil) }()
	t.Cleanup(func() {
		stop()
		<-done
		store.Close()
	})
	return ln.Addr().String()
}

// tally counts the exchanges of an area.
type tally struct {
	area                      string
	passed, total, deviations int
}

func (y *tally) print(t *testing.T) {
	t.Logf("conformance %s %d/%d deviations %d", y.area, y.passed, y.total, y.deviations)
}

// replay sends the exchanges of a scenario and counts the answers that are as recorded.
func (y *tally) replay(t *testing.T, s *replaytest.Scenario, skip func(*replaytest.Exchange) bool, before func(*replaytest.Exchange), addr string) {
	client := replaytest.NewClient(addr)
	defer client.Close()
	for i := range s.Exchanges {
		e := &s.Exchanges[i]
		if skip != nil && skip(e) {
			continue
		}
		if before != nil {
			before(e)
		}
		if acceptedHere(e) {
			y.aside(t, s, e)
			continue
		}
		a, err := client.Do(&e.Request)
		if err != nil {
			t.Errorf("%s %d %s %s: %v", s.File, e.N, e.Request.Method, e.Request.Path, err)
			y.total++
			continue
		}
		described(t, &e.Request, a)
		diffs := replaytest.Compare(e, a)
		if len(diffs) > 0 && deviates(e, a) {
			y.deviations++
			continue
		}
		y.total++
		if len(diffs) == 0 {
			y.passed++
			continue
		}
		t.Errorf("%s %d %s %.200s %.700s\n    %s", s.File, e.N, e.Request.Method, e.Request.Path, e.Request.Body, strings.Join(diffs, "\n    "))
	}
}

// acceptedHere tells a registration that the reference refuses and we accept, as
// a decided deviation: a Protobuf file of edition 2023. It must not happen in the
// registry under replay, whose ids would then be others than those recorded.
func acceptedHere(e *replaytest.Exchange) bool {
	var q struct{ SchemaType, Schema string }
	return e.Request.Method == "POST" && e.Response.Status == 422 && json.Unmarshal(e.Request.Body, &q) == nil &&
		q.SchemaType == "PROTOBUF" && editionFile.MatchString(q.Schema)
}

var editionFile = regexp.MustCompile(`^\s*edition\s*=\s*"2023"\s*;`)

// aside sends an exchange to a registry of its own, and counts the deviation.
func (y *tally) aside(t *testing.T, s *replaytest.Scenario, e *replaytest.Exchange) {
	client := replaytest.NewClient(served(t, s.ServerConfig, nil))
	defer client.Close()
	a, err := client.Do(&e.Request)
	if err != nil || a.Status != 200 {
		t.Errorf("%s %d: %v %v, want the edition to be accepted", s.File, e.N, a, err)
		y.total++
		return
	}
	y.deviations++
}

func deviates(e *replaytest.Exchange, a *replaytest.Answer) bool {
	for _, d := range deviations {
		if d.is(e, a) {
			return true
		}
	}
	return false
}

func recorded(t *testing.T, area string) []*replaytest.Scenario {
	folder := filepath.Join(replaytest.Vectors("../.."), area)
	list, err := replaytest.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Skipf("no recordings in %s; set VECTORS to the folder that holds them", folder)
	}
	return list
}

// notServed are the scenarios of parts that this registry does not have yet.
func notServed(s *replaytest.Scenario) bool {
	return strings.HasPrefix(s.File, "dek-") || strings.HasPrefix(s.File, "logical-") || s.Replay == "informative"
}

func TestConformanceREST(t *testing.T) {
	y := &tally{area: "rest"}
	for _, s := range recorded(t, "rest") {
		if notServed(s) {
			continue
		}
		t.Run(s.File, func(t *testing.T) {
			fault := faults[s.File]
			y.replay(t, s, nil, fault.before(), served(t, s.ServerConfig, fault.between()))
		})
	}
	y.print(t)
}

func TestConformanceRandom(t *testing.T) {
	y := &tally{area: "rest-random"}
	for _, s := range recorded(t, "rest-random") {
		t.Run(s.File, func(t *testing.T) {
			y.replay(t, s, func(e *replaytest.Exchange) bool { return strings.HasPrefix(e.Request.Path, "/dek-registry") }, nil, served(t, s.ServerConfig, nil))
		})
	}
	y.print(t)
}
