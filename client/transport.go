package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const mediaType = "application/vnd.schemaregistry.v1+json"

// endpoint is one URL of the registry.
type endpoint struct {
	base string // without user and password, and without a slash at the end
	user *basic // from the URL
}

// readEndpoints reads URLs that are separated by commas. Errors do not repeat what might be a password.
func readEndpoints(list string) ([]*endpoint, error) {
	var endpoints []*endpoint
	for text := range strings.SplitSeq(list, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		e, err := readEndpoint(text)
		if err != nil {
			return nil, fmt.Errorf("URL %d of the registry: %w", len(endpoints)+1, err)
		}
		endpoints = append(endpoints, e)
	}
	if len(endpoints) == 0 {
		return nil, errors.New("no URL of a registry was given")
	}
	return endpoints, nil
}

func readEndpoint(text string) (*endpoint, error) {
	scheme, _, ok := strings.Cut(text, "://")
	switch {
	case !ok:
		return nil, errors.New("it must begin with http:// or https://")
	case scheme == "mock":
		return nil, errors.New("mock:// names a registry in the memory of Confluent's Java client; start one in the test instead, by package concordattest")
	case scheme != "http" && scheme != "https":
		return nil, errors.New("it must begin with http:// or https://")
	}
	u, err := url.Parse(text)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		var port url.InvalidHostError
		if errors.As(err, &port) || strings.Contains(text, "@") {
			return nil, errors.New("it cannot be read; are user and password escaped, as %40 for @?")
		}
		return nil, err
	}
	if u.Host == "" {
		return nil, errors.New("it has no host")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("it must not have a query or a fragment")
	}
	e := &endpoint{}
	if u.User != nil {
		password, _ := u.User.Password()
		e.user = newBasic(u.User.Username(), password)
		u.User = nil
	}
	if strings.Contains(u.Path, "@") { // a password with a slash in it
		return nil, errors.New("its path has an @ in it; are user and password escaped, as %2F for a slash?")
	}
	e.base = u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/")
	return e, nil
}

// do makes a call: it goes on with the URL that answered last, repeats what may be repeated, then goes through the other
// URLs, each once.
func (c *Client) do(ctx context.Context, q *request) (*answer, error) {
	start := int(c.current.Load())
	fail := &Error{Method: q.method, URL: c.endpoints[start].base + q.target()}
	if fail.Err = q.err; fail.Err == nil && c.life.Err() != nil {
		fail.Err = ErrClosed
	}
	if fail.Err != nil {
		return nil, fail
	}
	s := &sending{request: q, id: requestID(ctx)}
	fail.RequestID = s.id
	if s.payload, fail.Err = q.payload(); fail.Err == nil && !headerValue(s.id) {
		fail.Err = errors.New("the request id cannot be sent in a header")
	}
	if fail.Err != nil {
		return nil, fail
	}
	var f *failure
	renewed := false
	for round := range c.endpoints {
		i := (start + round) % len(c.endpoints)
		fail.URL = c.endpoints[i].base + q.target()
		for try := 0; ; {
			var a *answer
			fail.Attempts++
			a, f = c.attempt(ctx, c.endpoints[i], s)
			if f == nil {
				if round > 0 {
					c.current.Store(int32(i))
				}
				a.url, a.attempts, a.requestID = fail.URL, fail.Attempts, s.id
				return a, nil
			}
			fail.Status, fail.Err = f.status, f.err
			if f.status == http.StatusUnauthorized && !renewed && c.credentials != nil && c.credentials.renew(s.token) {
				renewed = true
				continue
			}
			if !q.repeat.allows(f) {
				if f.passing {
					fail.Err = fmt.Errorf("%w: %w", ErrUnavailable, f.err)
				}
				return nil, fail
			}
			if try == c.retries.max {
				break
			}
			if err := c.pause(ctx, c.retries.delay(try)); err != nil {
				fail.Err = fmt.Errorf("%w, before another attempt after: %w", err, f.err)
				return nil, fail
			}
			try++
		}
	}
	fail.Err = fmt.Errorf("%w: %w", ErrUnavailable, f.err)
	return nil, fail
}

func (c *Client) pause(ctx context.Context, d time.Duration) error {
	both, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	if err := pause(both, d); err == nil || ctx.Err() != nil {
		return err
	}
	return ErrClosed
}

// longest bounds how long a call can take that nobody gives up. There is slack in it, so that it is an attempt that
// times out, and says so, even where the machine is busy.
func (c *Client) longest() time.Duration {
	const slack = 10 * time.Second
	attempts := time.Duration(c.retries.max+2) * c.timeout
	return time.Duration(len(c.endpoints))*(attempts+c.retries.longest()) + slack
}

// sending is a request as it is sent, the same in each attempt.
type sending struct {
	*request
	payload []byte
	id      string
	token   string // that the last attempt went with, if it can be renewed
}

// attempt sends a request to one URL once.
func (c *Client) attempt(ctx context.Context, e *endpoint, s *sending) (*answer, *failure) {
	inner, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(c.timeout, func() { cancel(ErrTimeout) })
	closing := context.AfterFunc(c.life, func() { cancel(ErrClosed) })
	end := func() {
		timer.Stop()
		closing()
		cancel(nil)
	}
	a, f := c.exchange(inner, e, s)
	if f != nil && f.cut {
		f.blame(ctx, inner, c.timeout)
	}
	if f == nil && a.stream != nil {
		timer.Stop()
		a.stream = &stream{ReadCloser: a.stream, caller: ctx, inner: inner, end: end, timer: timer, timeout: c.timeout}
		return a, nil
	}
	end()
	return a, f
}

// exchange sends and receives.
func (c *Client) exchange(ctx context.Context, e *endpoint, s *sending) (*answer, *failure) {
	r, err := http.NewRequestWithContext(ctx, s.method, e.base+s.target(), bytes.NewReader(s.payload))
	if err != nil {
		return nil, &failure{err: err}
	}
	if s.payload == nil {
		r.Body, r.GetBody, r.ContentLength = nil, nil, 0
	} else {
		r.Header.Set("Content-Type", mediaType)
	}
	r.Header.Set("Accept", mediaType)
	if s.accept != "" {
		r.Header.Set("Accept", s.accept)
	}
	r.Header.Set("User-Agent", c.userAgent)
	for name, values := range c.headers {
		r.Header[name] = values
		if name == "Host" {
			r.Host = values[0]
		}
	}
	r.Header.Set("X-Request-ID", s.id)
	if err := c.authorize(ctx, e, s, r); err != nil {
		return nil, &failure{err: err, undone: true, cut: true}
	}
	resp, err := c.http.Do(r)
	if err != nil {
		f := failed(err)
		if resp != nil {
			f.status = resp.StatusCode
		}
		return nil, f
	}
	contentType := resp.Header.Get("Content-Type")
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		body, err := readAll(resp.Body, maxRefusal)
		f := &failure{status: resp.StatusCode, passing: passing(resp.StatusCode), undone: undone(resp.StatusCode)}
		switch {
		case errors.Is(err, errTooLong):
			f.err = garbage(contentType, nil, fmt.Sprintf("status %d and more than %d bytes", f.status, maxRefusal))
		case err != nil && !f.passing:
			f = failed(err)
			f.status = resp.StatusCode
		case err != nil:
			f.err, f.cut = err, true
		default:
			f.err = refusal(resp.StatusCode, contentType, body)
		}
		return nil, f
	}
	a := &answer{status: resp.StatusCode, contentType: contentType}
	if s.stream {
		a.stream = resp.Body
		return a, nil
	}
	defer resp.Body.Close()
	if a.body, err = readAll(resp.Body, c.maxAnswer); err != nil {
		f := failed(err)
		if errors.Is(err, errTooLong) {
			f = &failure{err: garbage(contentType, nil, fmt.Sprintf("more than %d bytes", c.maxAnswer))}
		}
		f.status = resp.StatusCode
		return nil, f
	}
	return a, nil
}

// authorize sets the headers that say who calls.
func (c *Client) authorize(ctx context.Context, e *endpoint, s *sending, r *http.Request) (err error) {
	switch {
	case c.credentials != nil:
		s.token, err = c.credentials.apply(ctx, r)
	case e.user != nil:
		_, err = e.user.apply(ctx, r)
	}
	return err
}

// failed says of an error of the network what it means for another attempt. Whatever may be gone soon is passing.
func failed(err error) *failure {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	f := &failure{err: err, passing: true, cut: true}
	var (
		op       *net.OpError
		redirect *redirectError
		badCert  *tls.CertificateVerificationError
		noTLS    tls.RecordHeaderError
		unknown  x509.UnknownAuthorityError
		host     x509.HostnameError
		timeout  interface{ Timeout() bool }
	)
	switch {
	case errors.As(err, &redirect), errors.As(err, &badCert), errors.As(err, &noTLS), errors.As(err, &unknown), errors.As(err, &host),
		errors.Is(err, http.ErrSchemeMismatch):
		f.passing = false
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"): // alerts of TLS
		f.passing = false
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		f.undone = true
	}
	if errors.As(err, &timeout) && timeout.Timeout() {
		f.err = fmt.Errorf("%w: %v", ErrTimeout, err) // which would match context.DeadlineExceeded
	}
	return f
}

// blame sets the cause of a failure right where a context had ended: the caller's, or that of the attempt.
func (f *failure) blame(ctx, inner context.Context, timeout time.Duration) {
	switch cause := context.Cause(inner); {
	case ctx.Err() != nil:
		f.err, f.passing = ctx.Err(), false
	case errors.Is(cause, ErrTimeout):
		f.err, f.passing = fmt.Errorf("%w (%v)", ErrTimeout, timeout), true
	case errors.Is(cause, ErrClosed):
		f.err, f.passing = ErrClosed, false
	}
}

// stream is the body of an answer that is read by the caller. Each read must come forward within the timeout.
type stream struct {
	io.ReadCloser
	caller, inner context.Context
	end           func()
	timer         *time.Timer
	timeout       time.Duration
}

func (s *stream) Read(p []byte) (int, error) {
	s.timer.Reset(s.timeout)
	n, err := s.ReadCloser.Read(p)
	s.timer.Stop()
	if err != nil && err != io.EOF {
		f := failure{err: err}
		f.blame(s.caller, s.inner, s.timeout)
		err = f.err
	}
	return n, err
}

func (s *stream) Close() error {
	s.end()
	return s.ReadCloser.Close()
}

// redirectError is a redirection that is not followed.
type redirectError struct{ reason string }

func (e *redirectError) Error() string { return "redirection not followed: " + e.reason }

const maxRedirects = 10

// redirect follows redirections that keep the method, do not give up encryption, and takes what is meant for the registry
// alone off requests to another host.
func (c *Client) redirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case len(via) >= maxRedirects:
		return &redirectError{fmt.Sprintf("the %dth in a row", maxRedirects)}
	case next.Method != first.Method:
		return &redirectError{fmt.Sprintf("it would turn %s into %s; is the URL that of the registry itself, with https if it wants that?", first.Method, next.Method)}
	case first.URL.Scheme == "https" && next.URL.Scheme != "https":
		return &redirectError{"it leads from https to " + next.URL.Scheme}
	}
	if next.URL.Host != first.URL.Host {
		for name := range c.headers {
			next.Header.Del(name)
		}
		for _, name := range []string{"Authorization", headerLogicalCluster, headerIdentityPool} {
			next.Header.Del(name)
		}
	}
	return nil
}
