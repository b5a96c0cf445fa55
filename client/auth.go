package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// credentials say who calls.
type credentials interface {
	// apply sets the headers of a request. It returns the token they carry if renew can replace it, else "".
	apply(ctx context.Context, r *http.Request) (token string, err error)
	// renew is told that a token was refused. It reports whether the next one may be another.
	renew(token string) bool
}

// secret keeps a text out of what is printed of the values it is part of, by %v and its like.
type secret struct{ text *string }

func hide(text string) secret { return secret{&text} }

func (s secret) reveal() string { return *s.text }

// basic is a user and a password.
type basic struct{ header secret }

func newBasic(user, password string) *basic {
	return &basic{hide("Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)))}
}

func (b *basic) apply(_ context.Context, r *http.Request) (string, error) {
	r.Header.Set("Authorization", b.header.reveal())
	return "", nil
}

func (b *basic) renew(string) bool { return false }

// The headers that go with tokens at Confluent Cloud.
const (
	headerLogicalCluster = "Target-Sr-Cluster"
	headerIdentityPool   = "Confluent-Identity-Pool-Id"
)

// bearer is a token, given once or got from a source.
type bearer struct {
	token         secret
	source        *tokens // instead of token
	cluster, pool string
}

func (b *bearer) apply(ctx context.Context, r *http.Request) (renewable string, err error) {
	var token string
	if b.source == nil {
		token = b.token.reveal()
	} else {
		if token, err = b.source.get(ctx); err != nil {
			return "", fmt.Errorf("no bearer token: %w", err)
		}
		renewable = token
	}
	if !headerValue(token) {
		return "", errors.New("the bearer token cannot be sent in a header")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if b.cluster != "" {
		r.Header.Set(headerLogicalCluster, b.cluster)
	}
	if b.pool != "" {
		r.Header.Set(headerIdentityPool, b.pool)
	}
	return renewable, nil
}

func (b *bearer) renew(token string) bool {
	if b.source == nil || token == "" {
		return false
	}
	b.source.drop(token)
	return true
}

// headerValue reports whether a text can be the value of a header as it is.
func headerValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// TokenSource gives bearer tokens.
type TokenSource interface {
	// Token gets a token and when it ends; the zero time says never. It is called by one goroutine at a time, when there is no
	// token yet, at four fifths of the life of the last one, and after the registry refused it.
	Token(ctx context.Context) (token string, expires time.Time, err error)
}

// tokenPatience is how long a failed renewal is left alone while the old token is good.
const tokenPatience = 5 * time.Second

// tokens keeps the token of a source as long as it is good.
type tokens struct {
	source  TokenSource
	timeout time.Duration
	now     func() time.Time

	mu      sync.Mutex
	token   secret // its text is nil while there is none
	expires time.Time
	renewal time.Time // when a new one is wanted
	flight  *flight[freshToken]
}

type freshToken struct {
	token   secret
	expires time.Time
}

// get gives the token that there is, or waits for one. Where the token is old but good, a new one is got meanwhile.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	now := t.now()
	has := t.token.text != nil && (t.expires.IsZero() || now.Before(t.expires))
	if has && (t.renewal.IsZero() || now.Before(t.renewal)) {
		defer t.mu.Unlock()
		return t.token.reveal(), nil
	}
	if t.flight == nil {
		t.flight = launch(ctx, t.timeout, t.ask, t.land)
	}
	f := t.flight
	if has {
		defer t.mu.Unlock()
		return t.token.reveal(), nil
	}
	t.mu.Unlock()
	fresh, err := f.wait(ctx)
	if err != nil {
		return "", err
	}
	return fresh.token.reveal(), nil
}

func (t *tokens) ask(ctx context.Context) (freshToken, error) {
	token, expires, err := t.source.Token(ctx)
	if err == nil && token == "" {
		err = errors.New("the source gave an empty token")
	}
	return freshToken{hide(token), expires}, err
}

func (t *tokens) land(f *flight[freshToken]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flight = nil
	now := t.now()
	if f.err != nil {
		t.renewal = now.Add(tokenPatience)
		return
	}
	t.token, t.expires, t.renewal = f.value.token, f.value.expires, time.Time{}
	if !t.expires.IsZero() {
		t.renewal = now.Add(t.expires.Sub(now) / 5 * 4)
	}
}

// drop forgets a token that was refused, unless it has been replaced already.
func (t *tokens) drop(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token.text != nil && t.token.reveal() == token {
		t.token = secret{}
	}
}
