package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// OAuth is how a client gets bearer tokens for itself: the grant "client credentials" of RFC 6749.
type OAuth struct {
	TokenURL     string // of the token endpoint
	ClientID     string
	ClientSecret string
	Scopes       []string          // may be empty
	Parameters   map[string]string // more for the form, such as "audience"
}

// String tells where tokens come from, and not the secret.
func (o OAuth) String() string {
	return fmt.Sprintf("OAuth client %s, scopes %q", o.ClientID, o.Scopes)
}

// GoString is String.
func (o OAuth) GoString() string { return o.String() }

// clientCredentials is a TokenSource by the grant of that name.
type clientCredentials struct {
	endpoint string
	id       string
	secret   secret
	form     url.Values
	http     *http.Client
	retries  retries
	timeout  time.Duration
	agent    string
	now      func() time.Time
	inForm   atomic.Bool // id and secret go in the form, as the endpoint refused them in the header
}

func (o *OAuth) source(c *Client, now func() time.Time) (*clientCredentials, error) {
	u, err := url.Parse(o.TokenURL)
	switch {
	case o.TokenURL == "" || err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the URL of the token endpoint must begin with http:// or https://")
	case u.User != nil:
		return nil, errors.New("the URL of the token endpoint must not have a user; it is the client's id and secret that are sent")
	case o.ClientID == "" || o.ClientSecret == "":
		return nil, errors.New("OAuth needs the id and the secret of the client")
	}
	s := &clientCredentials{
		endpoint: u.String(), id: o.ClientID, secret: hide(o.ClientSecret), form: url.Values{"grant_type": {"client_credentials"}},
		retries: c.retries, timeout: c.timeout, agent: c.userAgent, now: now,
	}
	if len(o.Scopes) > 0 {
		s.form.Set("scope", strings.Join(o.Scopes, " "))
	}
	for name, value := range o.Parameters {
		s.form.Set(name, value)
	}
	// Who has the token endpoint redirect may have the secret; so nothing is followed.
	h := *c.http
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.http = &h
	return s, nil
}

// Token gets a token. It repeats what may go better, as the calls of the registry are repeated.
func (s *clientCredentials) Token(ctx context.Context) (token string, expires time.Time, err error) {
	for try := 0; ; try++ {
		var f *failure
		token, expires, f = s.attempt(ctx, s.inForm.Load())
		if f != nil && (f.status == http.StatusUnauthorized || f.status == http.StatusBadRequest) && !s.inForm.Load() {
			inHeader := f
			if token, expires, f = s.attempt(ctx, true); f == nil {
				s.inForm.Store(true)
			} else if !f.passing {
				f = inHeader
			}
		}
		switch {
		case f == nil:
			return token, expires, nil
		case !f.passing || try == s.retries.max:
			return "", expires, fmt.Errorf("the token endpoint %s: %w", hostOf(s.endpoint), f.err)
		}
		if err := pause(ctx, s.retries.delay(try)); err != nil {
			return "", expires, fmt.Errorf("the token endpoint %s: %w, before another attempt after: %w", hostOf(s.endpoint), err, f.err)
		}
	}
}

func hostOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Host
}

// tokenAnswer is what a token endpoint answers, one way or the other.
type tokenAnswer struct {
	AccessToken string          `json:"access_token"`
	TokenType   string          `json:"token_type"`
	ExpiresIn   json.RawMessage `json:"expires_in"` // seconds; some write it as a string
	Error       string          `json:"error"`
	Description string          `json:"error_description"`
}

func (s *clientCredentials) attempt(ctx context.Context, inForm bool) (token string, expires time.Time, f *failure) {
	inner, cancel := context.WithTimeoutCause(ctx, s.timeout, ErrTimeout)
	defer cancel()
	defer func() {
		if f != nil && f.cut {
			f.blame(ctx, inner, s.timeout)
		}
	}()
	form := s.form
	if inForm {
		form = url.Values{"client_id": {s.id}, "client_secret": {s.secret.reveal()}}
		for name, values := range s.form {
			form[name] = values
		}
	}
	r, err := http.NewRequestWithContext(inner, http.MethodPost, s.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", expires, &failure{err: err}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", s.agent)
	if !inForm {
		r.SetBasicAuth(url.QueryEscape(s.id), url.QueryEscape(s.secret.reveal())) // RFC 6749, section 2.3.1
	}
	asked := s.now()
	resp, err := s.http.Do(r)
	if err != nil {
		return "", expires, failed(err)
	}
	defer resp.Body.Close()
	body, err := readAll(resp.Body, maxRefusal)
	if err != nil {
		f = failed(err)
		f.passing = f.passing && !errors.Is(err, errTooLong)
		return "", expires, f
	}
	// What the body says is not repeated but for the two members that RFC 6749 means for people: it may hold a token.
	var a tokenAnswer
	err = json.Unmarshal(body, &a)
	if resp.StatusCode != http.StatusOK {
		text := fmt.Sprintf("status %d", resp.StatusCode)
		if a.Error != "" {
			text += ", " + strings.TrimSpace(a.Error+" "+a.Description)
		}
		return "", expires, &failure{err: errors.New(text), status: resp.StatusCode, passing: passing(resp.StatusCode)}
	}
	switch {
	case err != nil:
		return "", expires, &failure{err: errors.New("its answer is not the JSON of a token")}
	case a.AccessToken == "":
		return "", expires, &failure{err: errors.New("its answer has no access_token")}
	case a.TokenType != "" && !strings.EqualFold(a.TokenType, "bearer"):
		return "", expires, &failure{err: fmt.Errorf("its token is not a bearer token but %q", a.TokenType)}
	}
	if len(a.ExpiresIn) > 0 && string(a.ExpiresIn) != "null" {
		seconds, err := strconv.ParseFloat(strings.Trim(string(a.ExpiresIn), `"`), 64)
		if err != nil || math.IsNaN(seconds) {
			return "", expires, &failure{err: errors.New("its expires_in is no number")}
		}
		const year = 365 * 24 * 3600
		expires = asked.Add(time.Duration(min(max(seconds, 0), year) * float64(time.Second)))
	}
	return a.AccessToken, expires, nil
}
