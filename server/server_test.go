package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	compatavro "github.com/seed-9f7c7091/concordat/compat/avro"
	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/server"
	"github.com/seed-9f7c7091/concordat/server/replaytest"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

// newServer makes a server of an empty registry.
func newServer(t testing.TB, adapt func(*server.Settings)) *server.Server {
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

// serve puts a server behind a loopback address.
func serve(t testing.TB, srv *server.Server) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, ln, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

func send(t testing.TB, c *replaytest.Client, method, path, body string) *replaytest.Answer {
	t.Helper()
	q := &replaytest.Request{Method: method, Path: path}
	if body != "" {
		q.BodyText = &body
	}
	a, err := c.Do(q)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

const stringSchema = `{"schema":"\"string\""}`

// A subject is the decoded segment of the path, decoded once, wherever it stands.
func TestSubjectsInPaths(t *testing.T) {
	for _, c := range []struct{ segment, subject string }{
		{"a%2Fb", "a/b"},
		{"a%252Fb", "a%2Fb"},
		{"a%25b", "a%b"},
		{"a%2525b", "a%25b"},
		{"%3A.ctx%3As", ":.ctx:s"},
		{":.ctx:a%2Fb", ":.ctx:a/b"},
		{":.ctx:a%252Fb", ":.ctx:a%2Fb"},
		{":.:plain", "plain"},
		{"a+b", "a+b"},
		{"a%20b", "a b"},
		{"a%3Fb", "a?b"},
		{"a%23b", "a#b"},
		{"a%3Bb", "a;b"},
		{"%E6%97%A5", "日"},
	} {
		t.Run(c.segment, func(t *testing.T) {
			client := replaytest.NewClient(serve(t, newServer(t, nil)))
			defer client.Close()
			want := func(method, path, body, answer string) {
				t.Helper()
				a := send(t, client, method, path, body)
				if a.Status != http.StatusOK || answer != "" && string(a.Body) != answer {
					t.Errorf("%s %s: %d %s, want 200 %s", method, path, a.Status, a.Body, answer)
				}
			}
			name, _ := json.Marshal(c.subject)
			s := c.segment
			want("POST", "/subjects/"+s+"/versions", stringSchema, "")
			want("GET", "/subjects", "", "["+string(name)+"]")
			want("GET", "/subjects/"+s+"/versions", "", "[1]")
			want("GET", "/subjects/"+s+"/versions/1/schema", "", `"string"`)
			want("GET", "/subjects/"+s+"/versions/1/referencedby", "", "[]")
			want("POST", "/subjects/"+s, stringSchema, "")
			want("POST", "/compatibility/subjects/"+s+"/versions/1", stringSchema, `{"is_compatible":true}`)
			want("POST", "/compatibility/subjects/"+s+"/versions", stringSchema, `{"is_compatible":true}`)
			want("PUT", "/config/"+s, `{"compatibility":"FULL"}`, `{"compatibility":"FULL"}`)
			want("GET", "/config/"+s, "", `{"compatibilityLevel":"FULL"}`)
			want("PUT", "/mode/"+s, `{"mode":"READWRITE"}`, `{"mode":"READWRITE"}`)
			want("GET", "/mode/"+s, "", `{"mode":"READWRITE"}`)
			want("DELETE", "/mode/"+s, "", `{"mode":"READWRITE"}`)
			want("DELETE", "/config/"+s, "", `{"compatibilityLevel":"FULL"}`)
			want("DELETE", "/subjects/"+s+"/versions/1", "", "1")
			want("DELETE", "/subjects/"+s+"?permanent=true", "", "[1]")
		})
	}
}

// A context's prefix reaches the subject of every path.
func TestContextPrefix(t *testing.T) {
	client := replaytest.NewClient(serve(t, newServer(t, nil)))
	defer client.Close()
	for _, c := range []struct{ method, path, body, answer string }{
		{"POST", "/contexts/.ctx/subjects/a%2Fb/versions", stringSchema, ""},
		{"GET", "/subjects", "", `[":.ctx:a/b"]`},
		{"GET", "/contexts/ctx/subjects", "", `[":.ctx:a/b"]`},
		{"GET", "/contexts/:.ctx:/subjects/a%2Fb/versions", "", `[1]`},
		{"GET", "/contexts/%3A.ctx%3A/subjects/%3A.ctx%3Aa%2Fb/versions", "", `[1]`},
		{"PUT", "/contexts/.ctx/config", `{"compatibility":"NONE"}`, `{"compatibility":"NONE"}`},
		{"GET", "/config/:.ctx:", "", `{"compatibilityLevel":"NONE"}`},
		{"PUT", "/contexts/.ctx/mode/a%2Fb", `{"mode":"READONLY"}`, `{"mode":"READONLY"}`},
		{"GET", "/mode/:.ctx:a%2Fb", "", `{"mode":"READONLY"}`},
		{"POST", "/contexts/.ctx/compatibility/subjects/a%2Fb/versions/latest", stringSchema, `{"is_compatible":true}`},
		{"GET", "/contexts/.ctx/schemas/ids/1/versions", "", `[{"subject":":.ctx:a/b","version":1}]`},
		{"GET", "/contexts/.ctx/schemas/types", "", `["JSON","PROTOBUF","AVRO"]`},
		{"GET", "/contexts/.ctx/contexts", "", `[".",".ctx"]`},
	} {
		a := send(t, client, c.method, c.path, c.body)
		if a.Status != http.StatusOK || c.answer != "" && string(a.Body) != c.answer {
			t.Errorf("%s %s: %d %s, want 200 %s", c.method, c.path, a.Status, a.Body, c.answer)
		}
	}
}

// Whatever a client sends, it gets an answer in the shape of an error, and the
// server goes on.
func TestHostileRequests(t *testing.T) {
	srv := newServer(t, func(s *server.Settings) { s.MaxBody = 11 << 20 })
	client := replaytest.NewClient(serve(t, srv))
	defer client.Close()
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	for _, c := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"a body of 10 MB that is one schema", "POST", "/subjects/s/versions", `{"schema":` + quoted(`{"type":"record","name":"R","doc":"`+strings.Repeat("x", 10<<20)+`","fields":[]}`) + `}`, 422},
		{"a body above the limit", "POST", "/subjects/s/versions", `{"schema":"` + strings.Repeat("x", 12<<20) + `"}`, 413},
		{"a body nested 100,000 deep", "POST", "/subjects/s/versions", deep, 400},
		{"metadata nested 100,000 deep", "POST", "/subjects/s/versions", `{"schema":"\"string\"","metadata":` + deep + `}`, 400},
		{"an Avro schema nested 100,000 deep", "POST", "/subjects/s/versions", `{"schema":` + quoted(deep) + `}`, 422},
		{"Avro arrays nested 100,000 deep", "POST", "/subjects/s/versions", `{"schema":` + quoted(strings.Repeat(`{"type":"array","items":`, 100_000)+`"int"`+strings.Repeat("}", 100_000)) + `}`, 422},
		{"a JSON schema nested 100,000 deep", "POST", "/subjects/s/versions", `{"schemaType":"JSON","schema":` + quoted(strings.Repeat(`{"not":`, 100_000)+`true`+strings.Repeat("}", 100_000)) + `}`, 422},
		{"Protobuf messages nested 100,000 deep", "POST", "/subjects/s/versions", `{"schemaType":"PROTOBUF","schema":` + quoted(strings.Repeat(`message A{`, 100_000)+strings.Repeat("}", 100_000)) + `}`, 422},
		{"invalid UTF-8", "POST", "/subjects/s/versions", "{\"schema\":\"\xff\xfe\"}", 400},
		{"a version out of range", "POST", "/subjects/s/versions", `{"schema":"\"string\"","version":99999999999}`, 400},
		{"an id out of range", "POST", "/subjects/s/versions", `{"schema":"\"string\"","id":1e400}`, 400},
		{"a version that is no number", "GET", "/subjects/s/versions/99999999999", "", 422},
		{"an id above 32 bits", "GET", "/schemas/ids/99999999999", "", 404},
		{"an offset that is no number", "GET", "/subjects?offset=x", "", 404},
		{"a negative offset", "GET", "/subjects?offset=-1", "", 200},
		{"an empty segment", "GET", "/subjects//versions", "", 400},
		{"an escaped zero byte", "GET", "/subjects/a%00b/versions", "", 400},
		{"a zero byte escaped twice", "GET", "/subjects/a%2500b/versions", "", 404},
		{"a header above the limit", "GET", "/subjects?subjectPrefix=" + strings.Repeat("x", 100<<10), "", 431},
		{"a truncated body", "POST", "/subjects/s/versions", `{"schema":"`, 400},
		{"a context with a colon", "GET", "/contexts/a:b/subjects", "", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := send(t, client, c.method, c.path, c.body)
			if a.Status != c.status {
				t.Errorf("status %d, want %d: %.300s", a.Status, c.status, a.Body)
			}
			if a.Status >= 400 {
				wantErrorShape(t, a.Body)
			}
		})
	}
	if a := send(t, client, "GET", "/subjects", ""); string(a.Body) != "[]" {
		t.Errorf("after all this the registry holds %s, want nothing", a.Body)
	}
}

func wantErrorShape(t testing.TB, body []byte) {
	t.Helper()
	var e struct {
		Code    int    `json:"error_code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Code == 0 || e.Message == "" {
		t.Errorf("not an error of the registry's shape: %.300q", body)
	}
}

// A client that sends its header too slowly is cut off; others are served.
func TestSlowClients(t *testing.T) {
	addr := serve(t, newServer(t, func(s *server.Settings) {
		s.HeaderTimeout, s.RequestTimeout = 100*time.Millisecond, 200*time.Millisecond
	}))
	for name, begin := range map[string]string{
		"header": "GET /subjects HT",
		"body":   "POST /subjects/s/versions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			io.WriteString(conn, begin)
			conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			got, err := io.ReadAll(conn)
			if err != nil {
				t.Fatalf("the connection was left open: %v", err)
			}
			if name == "body" && !bytes.Contains(got, []byte(`"error_code":504`)) {
				t.Errorf("got %q, want error 504", got)
			}
		})
	}
	client := replaytest.NewClient(addr)
	defer client.Close()
	if a := send(t, client, "GET", "/subjects", ""); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
}

// Many clients that register the same and different schemas at once get one id
// for each content and no version twice.
func TestConcurrentRegistration(t *testing.T) {
	const clients, contents = 64, 8
	addr := serve(t, newServer(t, nil))
	type outcome struct{ content, subject, id, version int }
	results := make(chan outcome, clients*contents)
	var wg sync.WaitGroup
	for n := range clients {
		wg.Go(func() {
			client := replaytest.NewClient(addr)
			defer client.Close()
			for i := range contents {
				content, subject := (i+n)%contents, n%4
				body := fmt.Sprintf(`{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f%d\",\"type\":\"int\",\"default\":0}]}"}`, content)
				a, err := client.Do(&replaytest.Request{Method: "POST", Path: fmt.Sprintf("/subjects/s%d/versions", subject), BodyText: &body})
				if err != nil || a.Status != 200 {
					t.Errorf("%v %v", a, err)
					return
				}
				var r struct{ ID, Version int }
				if err := json.Unmarshal(a.Body, &r); err != nil {
					t.Error(err)
				}
				results <- outcome{content, subject, r.ID, r.Version}
			}
		})
	}
	wg.Wait()
	close(results)
	ids, contentOf, versions := map[int]int{}, map[int]int{}, map[[2]int]int{}
	for r := range results {
		if id, ok := ids[r.content]; ok && id != r.id {
			t.Errorf("content %d has the ids %d and %d", r.content, id, r.id)
		}
		if c, ok := contentOf[r.id]; ok && c != r.content {
			t.Errorf("id %d stands for the contents %d and %d", r.id, c, r.content)
		}
		k := [2]int{r.subject, r.version}
		if c, ok := versions[k]; ok && c != r.content {
			t.Errorf("version %d of s%d is content %d and %d", r.version, r.subject, c, r.content)
		}
		ids[r.content], contentOf[r.id], versions[k] = r.id, r.content, r.content
	}
	if len(ids) != contents || len(versions) != 4*contents {
		t.Errorf("%d ids and %d versions, want %d and %d", len(ids), len(versions), contents, 4*contents)
	}
	for id := 1; id <= contents; id++ {
		if _, ok := contentOf[id]; !ok {
			t.Errorf("id %d was left out", id)
		}
	}
}

// A held answer is never served once what it says has changed.
func TestHeldAnswersFollowChanges(t *testing.T) {
	client := replaytest.NewClient(serve(t, newServer(t, nil)))
	defer client.Close()
	get := func(path string) string {
		t.Helper()
		first := send(t, client, "GET", path, "")
		second := send(t, client, "GET", path, "")
		if !bytes.Equal(first.Body, second.Body) || first.Status != second.Status {
			t.Errorf("%s: %s, and then %s", path, first.Body, second.Body)
		}
		return fmt.Sprintf("%d %s", first.Status, first.Body)
	}
	do := func(method, path, body string) {
		t.Helper()
		if a := send(t, client, method, path, body); a.Status >= 300 {
			t.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
		}
	}
	paths := []string{"/schemas/ids/1", "/subjects/a/versions/latest", "/subjects/a/versions/1", "/subjects/a/versions/1/schema", "/schemas/ids/1/schema"}
	var seen []string
	changes := []struct{ method, path, body string }{
		{"POST", "/subjects/a/versions", stringSchema},
		{"PUT", "/config/a", `{"compatibility":"NONE"}`},
		{"POST", "/subjects/a/versions", `{"schema":"\"int\""}`},
		{"DELETE", "/subjects/a/versions/1", ""},
		{"DELETE", "/subjects/a/versions/1?permanent=true", ""},
		{"POST", "/subjects/b/versions", stringSchema},
		{"PUT", "/config/a", `{"alias":"b"}`},
		{"DELETE", "/subjects/b", ""},
		{"PUT", "/config/a", `{"alias":null}`},
		{"DELETE", "/subjects/a", ""},
	}
	fresh := newServer(t, nil) // has the same history, but is asked only at the end
	plain := func(method, path, body string) string {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Accept", "application/json") // such answers are not held
		w := httptest.NewRecorder()
		fresh.ServeHTTP(w, r)
		return fmt.Sprintf("%d %s", w.Code, w.Body)
	}
	for _, c := range changes {
		do(c.method, c.path, c.body)
		plain(c.method, c.path, c.body)
		for _, p := range paths {
			got, want := get(p), plain("GET", p, "")
			if stripTime(got) != stripTime(want) {
				t.Errorf("after %s %s %s:\n%s answers %s\nwant %s", c.method, c.path, c.body, p, got, want)
			}
			seen = append(seen, got)
		}
	}
	if slices.Sort(seen); len(slices.Compact(seen)) < 8 {
		t.Errorf("the changes changed little: %d different answers", len(slices.Compact(seen)))
	}
}

// stripTime takes the time of the record out of an answer.
func stripTime(s string) string {
	i := strings.Index(s, `"ts":`)
	if i < 0 {
		return s
	}
	j := strings.IndexByte(s[i:], ',')
	return s[:i] + s[i+j+1:]
}

// A repeated registration is answered from what is held only while it is still
// what registering would answer.
func TestHeldRegistrationsFollowChanges(t *testing.T) {
	client := replaytest.NewClient(serve(t, newServer(t, nil)))
	defer client.Close()
	register := func() string { return string(send(t, client, "POST", "/subjects/a/versions", stringSchema).Body) }
	first := register()
	if again := register(); again != first || register() != first {
		t.Errorf("%s, then %s", first, again)
	}
	send(t, client, "DELETE", "/subjects/a", "")
	if got := register(); !strings.Contains(got, `"version":2`) {
		t.Errorf("after the deletion: %s, want version 2", got)
	}
	register()
	send(t, client, "PUT", "/config/a", `{"defaultMetadata":{"properties":{"owner":"me"}}}`)
	if got := register(); !strings.Contains(got, `"owner":"me"`) {
		t.Errorf("after a default was set: %s, want it", got)
	}
}

// Suggestions come only to those who ask, for strict clients know no such member.
func TestSuggestions(t *testing.T) {
	client := replaytest.NewClient(serve(t, newServer(t, nil)))
	defer client.Close()
	const one = `{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}"}`
	const two = `{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}"}`
	send(t, client, "POST", "/subjects/s/versions", one)
	ask := func(path, accept, body string) map[string]any {
		t.Helper()
		q := &replaytest.Request{Method: "POST", Path: path, BodyText: &body, Headers: map[string]string{}}
		if accept != "" {
			q.Headers["Accept"] = accept
		}
		a, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(a.Body, &v); err != nil {
			t.Fatalf("%s: %s", path, a.Body)
		}
		return v
	}
	want := map[string]any{
		"kind": "READER_FIELD_MISSING_DEFAULT_VALUE", "path": "/fields/0", "reader": "new", "oldSchemaVersion": 1.0, "new": "a",
		"change": compatavro.ReaderFieldMissingDefaultValue.New.Change, "why": compatavro.ReaderFieldMissingDefaultValue.Why,
		"edit": compatavro.ReaderFieldMissingDefaultValue.New.Edit,
	}
	const asks = "application/json;suggestions=true"
	for _, c := range []struct {
		path, accept string
		asked        bool
	}{
		{"/subjects/s/versions", "", false},
		{"/subjects/s/versions?suggestions=true", "", true},
		{"/subjects/s/versions", asks, true},
		{"/compatibility/subjects/s/versions/latest", "", false},
		{"/compatibility/subjects/s/versions/latest?verbose=true", "", false},
		{"/compatibility/subjects/s/versions/latest?suggestions=true", "", true},
		{"/compatibility/subjects/s/versions?verbose=true", asks, true},
	} {
		got, there := ask(c.path, c.accept, two)["suggestions"]
		if there != c.asked || there && !reflect.DeepEqual(got, []any{want}) {
			t.Errorf("%s, accepting %q: got %v, want them: %t", c.path, c.accept, got, c.asked)
		}
	}
	if got := ask("/compatibility/subjects/s/versions?suggestions=true", "", one)["suggestions"]; !reflect.DeepEqual(got, []any{}) {
		t.Errorf("a compatible schema: got %v, want an empty list", got)
	}
}

// Any path and body get an answer of the registry's own making.
func FuzzRouter(f *testing.F) {
	for _, seed := range []string{"/", "/subjects/a%2Fb/versions", "/contexts/:.c:/subjects/x/versions/1", "/schemas/ids/1?subject=:.c:", "/config/%3A.c%3A", "/subjects/a;b/versions/latest", "/mode?recursive=true", "/associations/resources/-/t"} {
		for _, m := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"} {
			f.Add(m, seed, stringSchema)
		}
	}
	srv := newServer(f, nil)
	f.Fuzz(func(t *testing.T, method, target, body string) {
		if !slices.Contains([]string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"}, method) || !strings.HasPrefix(target, "/") {
			return
		}
		r, err := http.NewRequest(method, "http://x"+target, strings.NewReader(body))
		if err != nil {
			return
		}
		r.RequestURI = target
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("%s %s %s: %d %s", method, target, body, w.Code, w.Body)
		}
		if w.Code >= 400 && method != "HEAD" {
			wantErrorShape(t, w.Body.Bytes())
		}
	})
}

// Whether an answer is held or not, a client that takes gzip gets it for what is worth it.
func TestGzip(t *testing.T) {
	srv := newServer(t, nil)
	long := fmt.Sprintf(`{"schema":"{\"type\":\"record\",\"name\":\"R\",\"doc\":\"%s\",\"fields\":[]}"}`, strings.Repeat("x", 4000))
	call := func(method, path, body, encoding string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		if encoding != "" {
			r.Header.Set("Accept-Encoding", encoding)
		}
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		return w
	}
	call("POST", "/subjects/long/versions", long, "")
	call("POST", "/subjects/short/versions", stringSchema, "")
	for range 3 { // first answered anew, then from what is held
		for _, c := range []struct {
			path, encoding, want string
		}{
			{"/schemas/ids/1", "", ""},
			{"/schemas/ids/1", "gzip", "gzip"},
			{"/schemas/ids/1", "deflate, gzip;q=1.0", "gzip"},
			{"/schemas/ids/1", "gzip;q=0", ""},
			{"/schemas/ids/2", "gzip", ""},
			{"/schemas/ids/2", "", ""},
		} {
			w := call("GET", c.path, "", c.encoding)
			if got := w.Header().Get("Content-Encoding"); w.Code != 200 || got != c.want {
				t.Errorf("%s with Accept-Encoding %q: %d %q, want %q", c.path, c.encoding, w.Code, got, c.want)
			}
		}
	}
}
