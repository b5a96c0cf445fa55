package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/server"
)

// users lets one user in.
type users struct{ name, password string }

func (u users) Authenticate(name, password string) ([]string, bool) {
	return nil, name == u.name && password == u.password
}

func TestBasicAuth(t *testing.T) {
	addr, _ := serve(t, newRegistry(t, func(s *server.Settings) {
		s.UserAuth = users{"me", "p@ss:wörd/1"}
	}))
	host := strings.TrimPrefix(addr, "http://")
	for _, c := range []struct {
		name string
		url  string
		opts []client.Option
		in   bool
	}{
		{"nobody", addr, nil, false},
		{"option", addr, []client.Option{client.WithBasicAuth("me", "p@ss:wörd/1")}, true},
		{"wrong", addr, []client.Option{client.WithBasicAuth("me", "s3cret")}, false},
		{"URL", "http://me:" + url.PathEscape("p@ss:wörd/1") + "@" + host, nil, true},
		{"option before URL", "http://me:s3cret@" + host, []client.Option{client.WithBasicAuth("me", "p@ss:wörd/1")}, true},
		{"token", addr, []client.Option{client.WithBearerToken("s3cret")}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl := connect(t, c.url, c.opts...)
			_, err := cl.Subjects(background)
			if c.in != (err == nil) || !c.in && !errors.Is(err, client.ErrUnauthorized) {
				t.Error(err)
			}
			_, err = cl.DeleteSubject(background, "s") // refused without a body
			if c.in == errors.Is(err, client.ErrUnauthorized) || strings.Contains(err.Error(), "s3cret") {
				t.Error(err)
			}
		})
	}
}

// Each of several URLs has its own user.
func TestUserOfEachURL(t *testing.T) {
	var users []string
	var urls []string
	for i := range 2 {
		addr, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			users = append(users, user+password)
			w.WriteHeader(503)
		}))
		urls = append(urls, strings.Replace(addr, "http://", fmt.Sprintf("http://u%d:p%d@", i, i), 1))
	}
	_, _ = connect(t, strings.Join(urls, ","), client.WithRetries(0, 0, 0)).Subjects(background)
	same(t, "users", users, []string{"u0p0", "u1p1"})
}

// wants answers those who have a token that is good.
func wants(good func(token string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || !good(token) {
			says(401, vendorJSON, `{"error_code":40101,"message":"no"}`)(w, r)
			return
		}
		says(200, vendorJSON, `["s"]`)(w, r)
	}
}

// source is a source of tokens that are numbered.
type source struct {
	life  time.Duration // 0: for ever
	now   func() time.Time
	asked atomic.Int64
	err   atomic.Pointer[error]
	hold  chan struct{} // nil, or waited for
}

func (s *source) Token(ctx context.Context) (string, time.Time, error) {
	n := s.asked.Add(1)
	if s.hold != nil {
		<-s.hold
	}
	if err := s.err.Load(); err != nil {
		return "", time.Time{}, *err
	}
	var expires time.Time
	if s.life > 0 {
		expires = s.now().Add(s.life)
	}
	return fmt.Sprintf("token%d", n), expires, nil
}

func TestBearerToken(t *testing.T) {
	var headers http.Header
	addr, n := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers = r.Header
		wants(func(token string) bool { return token == "right" })(w, r)
	}))
	must(connect(t, addr, client.WithBearerToken("right"), client.WithLogicalCluster("lsrc-1"), client.WithIdentityPools("p1", "p2")).Subjects(background))(t)
	same(t, "cluster", headers.Get("target-sr-cluster"), "lsrc-1")
	same(t, "pools", headers.Get("Confluent-Identity-Pool-Id"), "p1,p2")
	// A token that was given cannot be renewed.
	if _, err := connect(t, addr, client.WithBearerToken("wrong")).Subjects(background); !errors.Is(err, client.ErrUnauthorized) {
		t.Error(err)
	}
	same(t, "requests", n.requests.Load(), 2)
	if _, err := connect(t, addr, client.WithBearerToken("wr\nong")).Subjects(background); err == nil || strings.Contains(err.Error(), "ong") {
		t.Error(err)
	}
}

// A token that is refused is got anew, once.
func TestTokenRefused(t *testing.T) {
	var good atomic.Value
	good.Store("token1")
	addr, n := serve(t, wants(func(token string) bool { return token == good.Load() }))
	s := &source{}
	c := connect(t, addr, client.WithTokenSource(s), client.WithRetries(0, 0, 0))
	must(c.Subjects(background))(t)
	must(c.Subjects(background))(t)
	same(t, "tokens", s.asked.Load(), 1)
	good.Store("token2") // token1 was revoked
	must(c.Subjects(background))(t)
	same(t, "tokens", s.asked.Load(), 2)
	same(t, "requests", n.requests.Load(), 4)
	good.Store("none")
	if _, err := c.Subjects(background); !errors.Is(err, client.ErrUnauthorized) {
		t.Error(err)
	}
	same(t, "tokens", s.asked.Load(), 3)
	same(t, "requests", n.requests.Load(), 6)
}

// A token is renewed at four fifths of its life, without anybody waiting; an old one is not sent.
func TestTokenRenewal(t *testing.T) {
	clk := newClock()
	var last atomic.Value
	addr, _ := serve(t, wants(func(token string) bool { last.Store(token); return true }))
	s := &source{life: 100 * time.Second, now: clk.now}
	c := connect(t, addr, client.WithTokenSource(s), client.WithClock(clk.now))
	call := func(want string) {
		t.Helper()
		must(c.Subjects(background))(t)
		same(t, "token", last.Load(), any(want))
	}
	call("token1")
	clk.advance(80*time.Second - 1)
	call("token1")
	same(t, "tokens", s.asked.Load(), 1)
	clk.advance(1)
	call("token1")
	for last.Load() == "token1" {
		must(c.Subjects(background))(t)
	}
	call("token2")
	same(t, "tokens", s.asked.Load(), 2)

	// While renewals fail the token goes on being used, and the source is left alone for a while; then it is over.
	failed := errors.New("no token today")
	s.err.Store(&failed)
	clk.advance(80 * time.Second)
	call("token2")
	for s.asked.Load() < 3 {
		time.Sleep(time.Millisecond)
	}
	call("token2")
	clk.advance(20 * time.Second)
	_, err := c.Subjects(background)
	if !errors.Is(err, failed) || errors.Is(err, client.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	s.err.Store(nil)
	must(c.Subjects(background))(t)
}

// One gets the token for all.
func TestTokenOnceConcurrent(t *testing.T) {
	addr, _ := serve(t, wants(func(token string) bool { return token == "token1" }))
	s := &source{hold: make(chan struct{})}
	c := connect(t, addr, client.WithTokenSource(s))
	ctx, cancel := context.WithCancel(background)
	gaveUp := make(chan error)
	go func() { _, err := c.Subjects(ctx); gaveUp <- err }()
	for s.asked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := c.Subjects(background); err != nil {
				t.Error(err)
			}
		})
	}
	close(s.hold)
	wg.Wait()
	same(t, "tokens", s.asked.Load(), 1)
}

// issuer is a token endpoint.
type issuer struct {
	forms  []url.Values
	inForm bool // takes id and secret in the form alone
	answer http.HandlerFunc
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	i.forms = append(i.forms, r.PostForm)
	id, secret, _ := r.BasicAuth()
	if i.inForm {
		id, secret = url.QueryEscape(r.PostForm.Get("client_id")), url.QueryEscape(r.PostForm.Get("client_secret"))
	}
	if id != "my+id" || secret != "s3cret%2F" {
		says(401, "application/json", `{"error":"invalid_client","error_description":"who is it?"}`)(w, r)
		return
	}
	i.answer(w, r)
}

func TestOAuth(t *testing.T) {
	addr, _ := serve(t, wants(func(token string) bool { return token == "t" }))
	good := says(200, "application/json", `{"access_token":"t","token_type":"Bearer","expires_in":3600,"scope":"x"}`)
	for _, c := range []struct {
		name     string
		secret   string
		issuer   *issuer
		requests int64
		text     string // of the error, "" for none
	}{
		{"well", "s3cret/", &issuer{answer: good}, 1, ""},
		{"in the form", "s3cret/", &issuer{answer: good, inForm: true}, 2, ""},
		{"without a type, seconds as text", "s3cret/", &issuer{answer: says(200, "", `{"access_token":"t","expires_in":"60"}`)}, 1, ""},
		{"without an end", "s3cret/", &issuer{answer: says(200, "", `{"access_token":"t"}`)}, 1, ""},
		{"later", "s3cret/", &issuer{answer: inTurn(says(503, "", ""), http.HandlerFunc(breaking), good)}, 3, ""},
		{"wrong secret", "wrong", &issuer{answer: good}, 2, "invalid_client who is it?"},
		{"never", "s3cret/", &issuer{answer: says(500, "", "")}, 4, "status 500"},
		{"page", "s3cret/", &issuer{answer: says(200, "text/html", "<html>s3cret")}, 1, "not the JSON"},
		{"nothing", "s3cret/", &issuer{answer: says(200, "", `{}`)}, 1, "no access_token"},
		{"another type", "s3cret/", &issuer{answer: says(200, "", `{"access_token":"t","token_type":"mac"}`)}, 1, "mac"},
		{"no number", "s3cret/", &issuer{answer: says(200, "", `{"access_token":"t","expires_in":{}}`)}, 1, "expires_in"},
		{"endless", "s3cret/", &issuer{answer: says(200, "", strings.Repeat(" ", 2<<20))}, 1, "too long"},
		{"redirected", "s3cret/", &issuer{answer: http.RedirectHandler(addr, http.StatusTemporaryRedirect).ServeHTTP}, 1, "status 307"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, n := serve(t, c.issuer)
			o := client.OAuth{TokenURL: at + "/token", ClientID: "my id", ClientSecret: c.secret, Scopes: []string{"a", "b"}, Parameters: map[string]string{"audience": "x"}}
			cl := connect(t, addr, client.WithOAuth(o))
			_, err := cl.Subjects(background)
			if c.text == "" {
				if err != nil {
					t.Fatal(err)
				}
				must(cl.Subjects(background))(t)
			} else if err == nil || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error %v", err)
			}
			same(t, "requests", n.requests.Load(), c.requests)
			form := c.issuer.forms[0]
			same(t, "form", form.Encode(), "audience=x&grant_type=client_credentials&scope=a+b")
			for _, text := range []string{fmt.Sprint(o), fmt.Sprintf("%+v", o), fmt.Sprintf("%#v", o)} {
				if strings.Contains(text, c.secret) {
					t.Errorf("printed as %s", text)
				}
			}
		})
	}
	for _, o := range []client.OAuth{{}, {TokenURL: "host/token", ClientID: "a", ClientSecret: "b"}, {TokenURL: "http://host/"}, {TokenURL: "http://u:p@host/", ClientID: "a", ClientSecret: "b"}} {
		if _, err := client.New("http://host", client.WithOAuth(o)); err == nil {
			t.Errorf("%v was taken", o)
		}
	}
	// A token endpoint that hangs is a bounded wait.
	at, _ := serve(t, http.HandlerFunc(hanging))
	cl := connect(t, addr, client.WithOAuth(client.OAuth{TokenURL: at, ClientID: "a", ClientSecret: "b"}), client.WithTimeout(20*time.Millisecond), client.WithRetries(0, 0, 0))
	if _, err := cl.Subjects(background); !errors.Is(err, client.ErrTimeout) {
		t.Errorf("error %v", err)
	}
}

// No way of printing a client or its parts shows a secret.
func TestSecretsAreHidden(t *testing.T) {
	for _, o := range []client.Option{client.WithBasicAuth("u", "s3cret"), client.WithBearerToken("s3cret"),
		client.WithOAuth(client.OAuth{TokenURL: "http://host", ClientID: "a", ClientSecret: "s3cret"})} {
		c := connect(t, "http://user:s3cret@host", o)
		type copied struct{ c *client.Client }
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			for _, v := range []any{o, c, copied{c}} {
				if text := fmt.Sprintf(format, v); strings.Contains(text, "s3cret") || strings.Contains(text, "dTpz") {
					t.Errorf("%s: %s", format, text)
				}
			}
		}
	}
}
