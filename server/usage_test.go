package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	concordat "github.com/seed-9f7c7091/concordat"
	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/server"
	"github.com/seed-9f7c7091/concordat/server/openapitest"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
	"github.com/seed-9f7c7091/concordat/storage"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
	"github.com/seed-9f7c7091/concordat/storage/memory"
	"github.com/seed-9f7c7091/concordat/storage/storagetest"
)

// used is a server of a store. Each exchange is held against the description of the API.
type used struct {
	t      testing.TB
	reg    *registry.Registry
	client *replaytest.Client
	check  *openapitest.Checker
	addr   string
	user   string // name:password, or ""
}

func newUsed(t testing.TB, store storage.Store, adapt func(*registry.Settings, *server.Settings)) *used {
	t.Helper()
	ofRegistry, ofServer := registry.DefaultSettings(), server.DefaultSettings()
	if adapt != nil {
		adapt(&ofRegistry, &ofServer)
	}
	reg, err := registry.New(store, ofRegistry)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(reg, store, ofServer)
	if err != nil {
		t.Fatal(err)
	}
	check, err := openapitest.New(concordat.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	addr := serve(t, srv)
	u := &used{t: t, reg: reg, check: check, addr: addr, client: replaytest.NewClient(addr)}
	t.Cleanup(u.client.Close)
	return u
}

func inMemory() *memory.Store {
	return memory.Open(memory.Options{Buckets: registry.Buckets()}, registry.Apply)
}

func (u *used) send(method, path, body string) *replaytest.Answer {
	u.t.Helper()
	q := &replaytest.Request{Method: method, Path: path}
	if body != "" {
		q.BodyText = &body
	}
	if name, password, ok := strings.Cut(u.user, ":"); ok {
		r, _ := http.NewRequest("GET", "/", nil)
		r.SetBasicAuth(name, password)
		q.Headers = map[string]string{"Authorization": r.Header.Get("Authorization"), "Content-Type": "application/json"}
	}
	a, err := u.client.Do(q)
	if err != nil {
		u.t.Fatalf("%s %s: %v", method, path, err)
	}
	if err := u.check.Check(method, path, nil, a.Status, a.Header, a.Body); err != nil {
		u.t.Error(err)
	}
	return a
}

func (u *used) want(method, path, body string, status int, answer string) {
	u.t.Helper()
	if a := u.send(method, path, body); a.Status != status || answer != "" && string(a.Body) != answer {
		u.t.Errorf("%s %s %.200s: %d %.300s, want %d %.300s", method, path, body, a.Status, a.Body, status, answer)
	}
}

const (
	usagePath  = "/concordat/v1/usage"
	noneIsLost = `{"unknown":[]}`
)

// list asks for uses and gives each in a line, without its time.
func (u *used) list(query string) string {
	u.t.Helper()
	a := u.send("GET", usagePath+query, "")
	var list api.Usages
	if err := json.Unmarshal(a.Body, &list); err != nil || a.Status != http.StatusOK || list.Usages == nil {
		u.t.Fatalf("%s: %d %s", query, a.Status, a.Body)
	}
	var lines []string
	for _, use := range list.Usages {
		if use.LastSeen == 0 {
			u.t.Errorf("%+v was never seen", use)
		}
		lines = append(lines, strings.Join([]string{use.Subject, fmt.Sprint(use.Version), use.Role, use.Topic, use.Application, use.Principal}, " "))
	}
	return strings.Join(lines, "\n")
}

func TestUsageRequests(t *testing.T) {
	u := newUsed(t, inMemory(), nil)
	for _, subject := range []string{"s", "deleted", ":.ctx:s"} {
		u.want("POST", "/subjects/"+subject+"/versions", stringSchema, 200, "")
	}
	u.want("POST", "/subjects/s/versions", `{"schema":"\"string\"","metadata":{"properties":{"a":"b"}}}`, 200, "")
	u.want("DELETE", "/subjects/deleted", "", 200, "[1]")
	u.want("PUT", "/config/alias", `{"alias":"s"}`, 200, "")
	long := func(n int) string { return strings.Repeat("x", n) }
	refused := func(text string) string { return `{"error_code":422,"message":"` + text + `"}` }
	uses := func(list ...string) string { return `{"uses":[` + strings.Join(list, ",") + `]}` }
	use := func(more string) string { return uses(`{"subject":"s","version":1,"role":"PRODUCER",` + more + `}`) }
	many := func(n int) string {
		return uses(strings.Repeat(`{"subject":"s","version":1,"role":"PRODUCER"},`, n-1) + `{"subject":"s","version":1,"role":"PRODUCER"}`)
	}
	for _, c := range []struct {
		body   string
		status int
		answer string
	}{
		{uses(), 200, noneIsLost},
		{uses(`{"subject":"s","version":1,"role":"PRODUCER","topic":"t","application":"a"}`), 200, noneIsLost},
		{uses(`{"subject":"s","version":"2","role":"consumer","topic":null,"principal":"me","lastSeen":7,"unknown":1}`), 200, noneIsLost},
		{uses(`{"subject":"deleted","version":1,"role":"CONSUMER"}`), 200, noneIsLost},
		{uses(`{"subject":":.ctx:s","version":1,"role":"CONSUMER"}`, `{"subject":":.:s","version":1,"role":"CONSUMER"}`), 200, noneIsLost},
		{uses(`{"subject":"alias","version":2,"role":"CONSUMER","application":"by alias"}`), 200, noneIsLost},
		{
			uses(`{"subject":"s","version":3,"role":"CONSUMER"}`, `{"subject":":.:s","version":3,"role":"CONSUMER"}`, `{"subject":"none","version":1,"role":"CONSUMER"}`,
				`{"subject":"s","version":3,"role":"PRODUCER"}`, `{"subject":"s","version":1,"role":"CONSUMER","topic":"besides"}`), 200,
			`{"unknown":[{"subject":"s","version":3},{"subject":":.:s","version":3},{"subject":"none","version":1}]}`,
		},
		{many(1000), 200, noneIsLost},
		{use(`"topic":"` + long(249) + `","application":"` + long(256) + `"`), 200, noneIsLost},

		{"", 422, refused("reportUsage.request must not be null (was null)")},
		{"null", 422, refused("reportUsage.request must not be null (was null)")},
		{`{}`, 422, refused("uses must not be null")},
		{`{"uses":null}`, 422, refused("uses must not be null")},
		{many(1001), 422, refused("uses must be at most 1000, and are 1001; send several reports")},
		{uses(`{"version":1,"role":"CONSUMER"}`), 422, refused("uses[0].subject must not be empty")},
		{uses(`{"subject":"s","version":1,"role":"CONSUMER"}`, `{"subject":"s","role":"CONSUMER"}`), 422, refused("uses[1].version must be a number from 1, and is 0")},
		{uses(`{"subject":"s","version":-1,"role":"CONSUMER"}`), 422, refused("uses[0].version must be a number from 1, and is -1")},
		{uses(`{"subject":"s","version":1}`), 422, refused("uses[0].role must be PRODUCER or CONSUMER")},
		{uses(`{"subject":"s","version":1,"role":"READER"}`), 422, refused("uses[0].role must be PRODUCER or CONSUMER")},
		{uses(`{"subject":"` + long(1025) + `","version":1,"role":"CONSUMER"}`), 422, refused("uses[0].subject is longer than 1024 bytes")},
		{use(`"topic":"` + long(250) + `"`), 422, refused("uses[0].topic is longer than 249 bytes")},
		{use(`"application":"` + long(257) + `"`), 422, refused("uses[0].application is longer than 256 bytes")},
		{use(`"application":"a\u0000b"`), 422, refused("uses[0].application has a control character")},
		{use(`"topic":"a\nb"`), 422, refused("uses[0].topic has a control character")},

		{`[]`, 400, ""},
		{`{"uses":{}}`, 400, ""},
		{`{"uses":[null]}`, 400, ""},
		{`{"uses":[1]}`, 400, ""},
		{uses(`{"subject":"s","version":"latest","role":"CONSUMER"}`), 400, ""},
		{`{"uses":[`, 400, ""},
	} {
		u.want("POST", usagePath, c.body, c.status, c.answer)
	}

	ofX := "s 1 PRODUCER " + long(249) + " " + long(256) + " "
	all := strings.Join([]string{
		":.ctx:s 1 CONSUMER   ",
		"deleted 1 CONSUMER   ",
		"s 1 CONSUMER   ",
		"s 1 CONSUMER besides  ",
		"s 1 PRODUCER   ",
		"s 1 PRODUCER t a ",
		ofX,
		"s 2 CONSUMER   ",
		"s 2 CONSUMER  by alias ",
	}, "\n")
	lines := strings.Split(all, "\n")
	some := func(from, to int) string { return strings.Join(lines[from:to], "\n") }
	for _, c := range []struct{ query, want string }{
		{"", all},
		{"?subject=s", some(2, 9)},
		{"?subject=:.:s&version=2", some(7, 9)},
		{"?subject=alias&version=2", some(7, 9)},
		{"?subject=s&version=latest", some(7, 9)},
		{"?subject=s&version=-1", some(7, 9)},
		{"?subject=s&role=PRODUCER", some(4, 7)},
		{"?subject=s&version=1&role=consumer", some(2, 4)},
		{"?role=", all},
		{"?subject=" + url.QueryEscape(":.ctx:s"), some(0, 1)},
		{"?subject=deleted", some(1, 2)},
		{"?subject=deleted&version=latest", ""},
		{"?subject=none", ""},
		{"?subject=s&version=7", ""},
		{"?principal=", all},
		{"?principal=me", ""},
		{"?limit=2", some(0, 2)},
		{"?limit=2&offset=3", some(3, 5)},
		{"?subject=s&offset=6&limit=5", some(8, 9)},
		{"?offset=100", ""},
		{"?offset=-3&limit=-3", all},
	} {
		if got := u.list(c.query); got != c.want {
			t.Errorf("%s lists\n%s\nwant\n%s", c.query, got, c.want)
		}
	}
	for _, c := range []struct {
		query  string
		status int
		answer string
	}{
		{"?role=READER", 422, refused("role must be PRODUCER or CONSUMER")},
		{"?version=1", 422, refused("version goes with a subject")},
		{"?version=latest", 422, refused("version goes with a subject")},
		{"?subject=s&version=0", 422, ""},
		{"?subject=s&version=first", 422, ""},
		{"?offset=x", 404, ""},
		{"?limit=99999999999", 404, ""},
	} {
		u.want("GET", usagePath+c.query, "", c.status, c.answer)
	}
	u.want("HEAD", usagePath, "", 200, "")
	u.want("OPTIONS", usagePath, "", 200, "")
	u.want("PUT", usagePath, `{}`, 405, "")
	u.want("POST", "/contexts/.ctx"+usagePath, uses(`{"subject":"s","version":2,"role":"CONSUMER"}`), 200, noneIsLost)
	u.want("GET", "/contexts/.ctx"+usagePath+"?subject=none", "", 200, `{"uses":[]}`)
}

// The list is as long as lists of schemas may be.
func TestUsageLimit(t *testing.T) {
	u := newUsed(t, inMemory(), func(r *registry.Settings, _ *server.Settings) {
		r.Schemas = registry.SearchLimit{Default: 2, Max: 3}
	})
	u.want("POST", "/subjects/s/versions", stringSchema, 200, "")
	for i := range 5 {
		u.want("POST", usagePath, fmt.Sprintf(`{"uses":[{"subject":"s","version":1,"role":"CONSUMER","topic":"t%d"}]}`, i), 200, noneIsLost)
	}
	for query, want := range map[string]int{"": 2, "?limit=3": 3, "?limit=4": 2, "?offset=4": 1} {
		if n := strings.Count(u.list(query), "CONSUMER"); n != want {
			t.Errorf("%q lists %d, want %d", query, n, want)
		}
	}
}

type passwords map[string]string

func (p passwords) Authenticate(user, password string) (roles []string, ok bool) {
	want, ok := p[user]
	return []string{"role of " + user}, ok && want == password
}

// Who reports is who logged in. Who may use the registry may report and list.
func TestUsageAuth(t *testing.T) {
	tooLong := strings.Repeat("x", 257)
	u := newUsed(t, inMemory(), func(_ *registry.Settings, s *server.Settings) {
		s.UserAuth = passwords{"ann": "1", "bob": "2", "eve": "3", tooLong: "4"}
		s.AuthRoles = []string{"role of ann", "role of bob", "role of " + tooLong}
	})
	const report = `{"uses":[{"subject":"s","version":1,"role":"CONSUMER","principal":"eve"}]}`
	u.user = "ann:1"
	u.want("POST", "/subjects/s/versions", stringSchema, 200, "")
	u.want("POST", usagePath, report, 200, noneIsLost)
	u.user = "bob:2"
	u.want("POST", usagePath, report, 200, noneIsLost)
	for query, want := range map[string]string{
		"":               "s 1 CONSUMER   ann\ns 1 CONSUMER   bob",
		"?principal=bob": "s 1 CONSUMER   bob",
		"?principal=eve": "",
		"?principal=":    "",
	} {
		if got := u.list(query); got != want {
			t.Errorf("%q lists\n%s\nwant\n%s", query, got, want)
		}
	}
	u.user = tooLong + ":4"
	u.want("POST", usagePath, report, 422, `{"error_code":422,"message":"the user's name is longer than 256 bytes or has characters that cannot be kept"}`)
	for user, status := range map[string]int{"": 401, "ann:2": 401, "eve:3": 403} {
		u.user = user
		u.want("POST", usagePath, report, status, "")
		u.want("GET", usagePath, "", status, "")
	}
}

// Uses are there after a restart, and are no records.
func TestUsageAfterRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	seen := int64(0)
	for round := range 3 {
		store, err := bolt.Open(path, bolt.Options{Buckets: registry.Buckets(), NoSync: true}, registry.Apply)
		if err != nil {
			t.Fatal(err)
		}
		u := newUsed(t, store, nil)
		if round == 0 {
			u.want("POST", "/subjects/s/versions", stringSchema, 200, "")
			u.want("POST", usagePath, `{"uses":[{"subject":"s","version":1,"role":"CONSUMER","topic":"kept"}]}`, 200, noneIsLost)
		}
		var answer api.Usages
		err = json.Unmarshal(u.send("GET", usagePath, "").Body, &answer)
		if list := answer.Usages; err != nil || len(list) != 1 || list[0].Topic != "kept" {
			t.Errorf("round %d: %+v, %v", round, list, err)
		} else if seen == 0 {
			seen = list[0].LastSeen
		} else if list[0].LastSeen != seen {
			t.Errorf("seen at %d, and then at %d", seen, list[0].LastSeen)
		}
		if round == 1 { // as in a crash: neither is closed in order
			u.want("POST", usagePath, `{"uses":[{"subject":"s","version":1,"role":"CONSUMER","topic":"lost"}]}`, 200, noneIsLost)
		} else if err := u.reg.Close(); err != nil {
			t.Error(err)
		}
		st, err := store.Stats()
		if err != nil || st.Records != 1 {
			t.Errorf("%d records, %v", st.Records, err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if err := bolt.Check(path); err != nil {
			t.Error(err)
		}
	}
}

// Uses are told where nothing may be registered: a node that may not lead, and a store that cannot be written.
func TestUsageWithoutWrites(t *testing.T) {
	const report = `{"uses":[{"subject":"s","version":1,"role":"CONSUMER"}]}`
	store := inMemory()
	newUsed(t, store, nil).want("POST", "/subjects/s/versions", stringSchema, 200, "")

	follower := newUsed(t, store, func(r *registry.Settings, _ *server.Settings) { r.LeaderEligibility = false })
	follower.want("POST", "/subjects/other/versions", stringSchema, 500, "")
	follower.want("POST", usagePath, report, 200, noneIsLost)
	if err := follower.reg.Close(); err != nil {
		t.Error(err)
	}
	if got := newUsed(t, store, nil).list(""); got != "s 1 CONSUMER   " {
		t.Errorf("the follower kept %q", got)
	}

	faulty := &storagetest.Faulty{Store: store} // which keeps no notes
	faulty.Fail(storage.ErrUnavailable)
	broken := newUsed(t, faulty, nil)
	broken.want("POST", usagePath, report, 200, noneIsLost)
	if got := broken.list(""); got != "s 1 CONSUMER   " {
		t.Errorf("in memory there is %q", got)
	}
	if err := broken.reg.Close(); err != nil {
		t.Error(err)
	}
}

// Reports, lists, registrations and look-ups go on together.
func TestUsageConcurrent(t *testing.T) {
	store, err := bolt.Open(filepath.Join(t.TempDir(), "test.db"), bolt.Options{Buckets: registry.Buckets(), NoSync: true}, registry.Apply)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	u := newUsed(t, store, nil)
	u.want("POST", "/subjects/s/versions", stringSchema, 200, "")
	var wg sync.WaitGroup
	const tellers, rounds = 4, 25
	for i := range tellers {
		wg.Go(func() {
			mine := &used{t: t, check: u.check, client: replaytest.NewClient(u.addr)}
			defer mine.client.Close()
			for j := range rounds {
				mine.want("POST", fmt.Sprintf("/subjects/s%d-%d/versions", i, j), stringSchema, 200, "")
				mine.want("POST", usagePath, fmt.Sprintf(`{"uses":[{"subject":"s%d-%d","version":1,"role":"PRODUCER"},{"subject":"s","version":1,"role":"CONSUMER","application":"a%d"}]}`, i, j, i), 200, noneIsLost)
				if got, want := mine.list(fmt.Sprintf("?subject=s%d-%d", i, j)), fmt.Sprintf("s%d-%d 1 PRODUCER   ", i, j); got != want {
					t.Errorf("lists %q, want %q", got, want)
				}
				mine.want("GET", "/subjects/s/versions/1/schema", "", 200, `"string"`)
			}
		})
	}
	wg.Wait()
	if err := u.reg.Close(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(u.list(""), "\n") + 1; n != tellers*rounds+tellers {
		t.Errorf("%d uses, want %d", n, tellers*rounds+tellers)
	}
}
