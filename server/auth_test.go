package server

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// recordedVector opens a recorded file, or skips the test where there are none.
func recordedVector(t *testing.T, name string, into any) {
	t.Helper()
	root := os.Getenv("VECTORS")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "vectors")
	}
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Skipf("no recorded exchanges (set VECTORS to their folder): %v", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// The reference's answers to credentials, right and wrong. Where it lets a
// request through, authenticate must too.
func TestAuthenticateAsRecorded(t *testing.T) {
	var recorded struct {
		ServerConfig map[string]string `json:"server_config"`
		Exchanges    []struct {
			N       int
			Request struct {
				Method, Path string
				Headers      map[string]string
			}
			Response struct {
				Status  int
				Headers map[string]string
				Body    json.RawMessage
			}
		}
	}
	recordedVector(t, "rest/auth-basic.json", &recorded)
	users := loadUsers(t, "alice:{plain}alice-pw:admin\nbob:"+testHash(t, "bob-pw")+":user\ncarol:{plain}carol-pw:guest\n")
	realm := recorded.ServerConfig["authentication.realm"]
	roles := strings.Split(recorded.ServerConfig["authentication.roles"], ",")
	for _, e := range recorded.Exchanges {
		r := httptest.NewRequest(e.Request.Method, e.Request.Path, nil)
		for name, value := range e.Request.Headers {
			r.Header.Set(name, value)
		}
		want := e.Response
		if want.Status == http.StatusInternalServerError {
			// An Authorization header that cannot be decoded breaks the reference. It is
			// no credential, so the answer is that of the first exchange.
			want = recorded.Exchanges[0].Response
		}
		_, failure := authenticate(r, users, realm, roles)
		if want.Status != http.StatusUnauthorized && want.Status != http.StatusForbidden {
			if failure != nil {
				t.Errorf("exchange %d: refused with %d, want it to pass", e.N, failure.status)
			}
			continue
		}
		if failure == nil {
			t.Errorf("exchange %d: passed, want %d", e.N, want.Status)
			continue
		}
		w := httptest.NewRecorder()
		failure.write(w, r)
		if w.Code != want.Status || w.Body.String() != compactJSON(t, want.Body) {
			t.Errorf("exchange %d: got %d %s, want %d %s", e.N, w.Code, w.Body, want.Status, want.Body)
		}
		for _, name := range []string{"Content-Type", "WWW-Authenticate"} {
			if got := w.Header().Get(name); got != want.Headers[name] {
				t.Errorf("exchange %d: %s: got %q, want %q", e.N, name, got, want.Headers[name])
			}
		}
	}
}

func compactJSON(t *testing.T, body json.RawMessage) string {
	t.Helper()
	if len(body) == 0 {
		return ""
	}
	var b bytes.Buffer
	if err := json.Compact(&b, body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAuthenticateRoles(t *testing.T) {
	users := loadUsers(t, "ann:{plain}pw:reader,writer\nbo:{plain}pw\n")
	for _, test := range []struct {
		user   string
		roles  []string
		status int // 0 lets it pass
		name   string
	}{
		{"ann", nil, 0, "ann"},
		{"ann", []string{"*"}, 0, "ann"},
		{"ann", []string{"admin", "writer"}, 0, "ann"},
		{"ann", []string{"admin"}, 403, "ann"},
		{"bo", nil, 0, "bo"},
		{"bo", []string{"reader"}, 403, "bo"},
		{"nobody", nil, 401, ""},
	} {
		r := httptest.NewRequest("GET", "/subjects", nil)
		r.SetBasicAuth(test.user, "pw")
		name, failure := authenticate(r, users, "realm", test.roles)
		status := 0
		if failure != nil {
			status = failure.status
		}
		if status != test.status || name != test.name {
			t.Errorf("%s for %v: got %d as %q, want %d as %q", test.user, test.roles, status, name, test.status, test.name)
		}
	}
}

func TestRealmIsQuoted(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	_, failure := authenticate(r, loadUsers(t, ""), `a "b" \c`, nil)
	if got, want := failure.challenge, `Basic realm="a \"b\" \\c"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUsers(t *testing.T) {
	users := loadUsers(t, `
# who may log in
bcrypt:`+testHash(t, "open sesame")+`:admin, user
php:`+strings.Replace(testHash(t, "open sesame"), "$2a$", "$2y$", 1)+`
sha:{SHA}W8r/fyL/UzygmbNAjq2HbA67qac=:user
plain:{plain}open sesame
`)
	for _, test := range []struct {
		user, password string
		ok             bool
		roles          string
	}{
		{"bcrypt", "open sesame", true, "admin,user"},
		{"bcrypt", "open sesame", true, "admin,user"}, // remembered
		{"bcrypt", "open sesam", false, ""},
		{"bcrypt", "", false, ""},
		{"php", "open sesame", true, ""},
		{"sha", "open sesame", true, "user"},
		{"sha", "Open sesame", false, ""},
		{"plain", "open sesame", true, ""},
		{"plain", "", false, ""},
		{"nobody", "open sesame", false, ""},
		{"", "", false, ""},
		{"# who may log in", "", false, ""},
	} {
		roles, ok := users.Authenticate(test.user, test.password)
		if ok != test.ok || strings.Join(roles, ",") != test.roles {
			t.Errorf("%q with %q: got %v %v, want %v %s", test.user, test.password, ok, roles, test.ok, test.roles)
		}
	}
}

// Errors name the line and say what to do, and never show a password.
func TestUsersErrors(t *testing.T) {
	for text, want := range map[string]string{
		"ann":                           ":1: want user:hash",
		":hash":                         ":1: want user:hash",
		"ann:secret":                    `:1: user "ann": neither a bcrypt hash nor {SHA} nor {plain}`,
		"ann:{plain}sec:ret:user":       "a password after {plain} cannot hold a colon",
		"ann:$apr1$secret$x":            `apr1 (MD5) hashes are not accepted; make a bcrypt hash with`,
		"ann:{SHA}c2VjcmV0":             "not a SHA-1 hash in base64",
		"ann:$2y$secret":                "not a bcrypt hash",
		"# one\n\nann:{plain}a\nbo":     ":4: want user:hash",
		"ann:{plain}a\nann:{plain}b":    `:2: user "ann" has a line already`,
		strings.Repeat("x", 1<<17):      "token too long",
		"ann: " + testHash(t, "secret"): "neither a bcrypt hash",
		"ann:{CRYPT}secretsecretsecr":   "neither a bcrypt hash",
	} {
		_, err := LoadUsers(testFile(t, filepath.Join(t.TempDir(), "users"), text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.40q: got %v, want %q", text, err, want)
		}
	}
	if _, err := LoadUsers(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file that is not there: got %v", err)
	}
}

func TestUsersAreReadAgain(t *testing.T) {
	users := loadUsers(t, "ann:{plain}old\n")
	users.Logger = slog.New(slog.DiscardHandler)
	steps := []struct {
		text     string // empty removes the file
		password string // the one that is right afterwards
	}{
		{"ann:{plain}new\n", "new"},
		{"ann:mistake\n", "new"}, // cannot be read: the users stay
		{"ann:{plain}newer\n", "newer"},
		{"", "newer"},
		{"ann:{plain}newest\n", "newest"},
	}
	then := time.Now()
	for i, step := range steps {
		if step.text == "" {
			if err := os.Remove(users.path); err != nil {
				t.Fatal(err)
			}
		} else {
			testFile(t, users.path, step.text)
			then = then.Add(time.Second) // whatever the resolution of the file system's clock
			if err := os.Chtimes(users.path, then, then); err != nil {
				t.Fatal(err)
			}
		}
		for _, password := range []string{"old", "new", "newer", "newest"} {
			if _, ok := users.Authenticate("ann", password); ok != (password == step.password) {
				t.Errorf("step %d: password %q: got %v", i, password, ok)
			}
		}
	}
}

// What was proven once costs no hash again; what is wrong always does.
func BenchmarkAuthenticateProven(b *testing.B) {
	users, err := LoadUsers(testFile(b, filepath.Join(b.TempDir(), "users"), "ann:"+testHash(b, "pw")+"\n"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, ok := users.Authenticate("ann", "pw"); !ok {
			b.Fatal("refused")
		}
	}
}

func loadUsers(t *testing.T, text string) *Users {
	t.Helper()
	users, err := LoadUsers(testFile(t, filepath.Join(t.TempDir(), "users"), text))
	if err != nil {
		t.Fatal(err)
	}
	return users
}

func testHash(t testing.TB, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

func testFile(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
