package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
)

// Client calls one registry. It is safe for concurrent use.
//
// Its methods are the calls of the REST API. Each takes a context, whose end it obeys while it sends, receives and waits, and returns
// what the registry answered or a *Error. Answers belong to the caller.
type Client struct {
	endpoints   []*endpoint
	current     atomic.Int32 // index of the endpoint that answered last
	credentials credentials  // nil for what the endpoint's URL says
	http        *http.Client
	ownHTTP     bool // its idle connections are the client's to close
	userAgent   string
	headers     http.Header
	retries     retries
	timeout     time.Duration // of an attempt
	maxAnswer   int64
	life        context.Context // ends with the client
	end         context.CancelFunc
	cache       *Cache
}

// New makes a client of the registry at a URL, or at several that are separated by commas. A URL may have a path, below which
// the registry is ("https://host/contexts/.name" is a context as if it were a registry), and user and password.
//
// Nothing is sent before the first call.
func New(url string, opts ...Option) (*Client, error) {
	s := defaults()
	for _, o := range opts {
		o(s)
	}
	return s.client(url)
}

// client makes a client as the settings say.
func (s *settings) client(url string) (*Client, error) {
	endpoints, err := readEndpoints(url)
	if err = errors.Join(append(s.problems, err)...); err != nil {
		return nil, err
	}
	c := &Client{
		endpoints: endpoints, userAgent: s.userAgent, headers: s.headers, retries: s.retries, timeout: s.timeout, maxAnswer: s.maxAnswer,
	}
	c.life, c.end = context.WithCancel(context.Background())
	if c.http, c.ownHTTP, err = s.httpClient(); err != nil {
		return nil, err
	}
	if c.http.CheckRedirect == nil {
		c.http.CheckRedirect = c.redirect
	}
	if c.credentials, err = s.credentials(c); err != nil {
		return nil, err
	}
	if s.random {
		c.current.Store(int32(rand.IntN(len(endpoints))))
	}
	c.cache = newCache(c, s)
	return c, nil
}

// httpClient is a copy of the caller's, or one of its own.
func (s *settings) httpClient() (h *http.Client, own bool, err error) {
	config, err := s.tls.config()
	if err != nil {
		return nil, false, err
	}
	if s.http != nil {
		if config != nil || s.proxy != nil || s.connectTimeout != 0 {
			return nil, false, errors.New("the client given by WithHTTPClient has its own TLS, proxy and connect timeout; set them there")
		}
		shallow := *s.http
		return &shallow, false, nil
	}
	const idlePerHost = 32
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: 90 * time.Second}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok { // a program may have put something else there
		t = standard.Clone()
	}
	t.MaxIdleConnsPerHost = idlePerHost
	t.TLSClientConfig = config
	if s.proxy != nil {
		t.Proxy = http.ProxyURL(s.proxy)
	}
	if s.connectTimeout > 0 {
		t.DialContext = (&net.Dialer{Timeout: s.connectTimeout, KeepAlive: 30 * time.Second}).DialContext
		t.TLSHandshakeTimeout = s.connectTimeout
	}
	return &http.Client{Transport: t}, true, nil
}

// Close ends all calls that are under way, with ErrClosed, and lets no others begin. Reporters of usage are to be closed before.
func (c *Client) Close() {
	c.end()
	if c.ownHTTP {
		c.http.CloseIdleConnections()
	}
}

// Cache is what the client keeps of what the registry has answered: one for all who share the client.
func (c *Client) Cache() *Cache { return c.cache }

// String names the registry by its URLs, without passwords.
func (c *Client) String() string {
	urls := make([]string, len(c.endpoints))
	for i, e := range c.endpoints {
		urls[i] = e.base
	}
	return "registry at " + strings.Join(urls, ",")
}

// GoString is String: the parts of a client are nobody's business.
func (c *Client) GoString() string { return c.String() }

// ownVersion is the version of this module in the program, "dev" if it is not known.
func ownVersion() string {
	const path = "github.com/seed-9f7c7091/concordat"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == path && m.Version != "" && m.Version != "(devel)" {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return "dev"
}

// Option is a choice about a client. Options that contradict each other or cannot be met are an error of New.
type Option func(*settings)

type settings struct {
	problems       []error
	http           *http.Client
	proxy          *url.URL
	tls            tlsSettings
	connectTimeout time.Duration // 0 if it was not set
	timeout        time.Duration
	retries        retries
	random         bool
	userAgent      string
	headers        http.Header
	maxAnswer      int64

	auth          func(*Client) (credentials, error) // nil for none
	noAuth        error                              // why there must be one, nil if there need not
	cluster, pool string

	latestTTL      time.Duration // 0 for ever
	associationTTL time.Duration // 0: as latestTTL
	absenceTTL     time.Duration
	missing        missingTTL
	latestCapacity int
	capacity       int
	now            func() time.Time
}

// What holds unless it is said otherwise.
const (
	defaultTimeout    = 10 * time.Second
	defaultRetries    = 3
	defaultWait       = time.Second
	defaultMaxWait    = 20 * time.Second
	defaultMaxAnswer  = 64 << 20
	defaultCapacity   = 1000
	defaultAbsenceTTL = 5 * time.Minute
)

func defaults() *settings {
	return &settings{
		timeout: defaultTimeout, retries: retries{defaultRetries, defaultWait, defaultMaxWait}, maxAnswer: defaultMaxAnswer,
		userAgent: "concordat-go/" + ownVersion(), headers: http.Header{},
		latestCapacity: defaultCapacity, capacity: defaultCapacity, now: time.Now,
	}
}

func (s *settings) refuse(text string) { s.problems = append(s.problems, errors.New(text)) }

func (s *settings) authenticate(how func(*Client) (credentials, error)) {
	if s.auth != nil {
		s.refuse("several ways to authenticate were given; one is needed")
	}
	s.auth = how
}

func (s *settings) credentials(c *Client) (credentials, error) {
	if s.auth == nil {
		return nil, s.noAuth
	}
	creds, err := s.auth(c)
	if b, ok := creds.(*bearer); ok {
		b.cluster, b.pool = s.cluster, s.pool
	}
	return creds, err
}

// WithTimeout bounds an attempt, from the connection to the end of the answer; 10 seconds by default. A call may make several.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) {
		if d <= 0 {
			s.refuse("the timeout must be positive")
			return
		}
		s.timeout = d
	}
}

// WithConnectTimeout bounds the connection, and then the TLS handshake, of an attempt.
func WithConnectTimeout(d time.Duration) Option {
	return func(s *settings) {
		if d <= 0 {
			s.refuse("the connect timeout must be positive")
			return
		}
		s.connectTimeout = d
	}
}

// WithRetries says how often an attempt is repeated at one URL, and how long to wait before: a random part of wait, of twice
// wait before the next, and so on, but not of more than maxWait. By default 3 times, 1 second, 20 seconds.
func WithRetries(max int, wait, maxWait time.Duration) Option {
	return func(s *settings) {
		if max < 0 || wait < 0 || maxWait < 0 {
			s.refuse("numbers and times of retries must not be negative")
			return
		}
		s.retries = retries{max, wait, maxWait}
	}
}

// WithRandomStart begins with any of the URLs instead of the first.
func WithRandomStart() Option { return func(s *settings) { s.random = true } }

// WithHTTPClient sends by a client of the caller's, which is copied. What would be set in its transport must be set there: TLS, proxies,
// limits of connections. Where it has no CheckRedirect it gets that of this package.
func WithHTTPClient(h *http.Client) Option {
	return func(s *settings) {
		if h == nil {
			s.refuse("the HTTP client is nil")
			return
		}
		s.http = h
	}
}

// WithProxy sends through a proxy. By default the environment says through which: HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
func WithProxy(proxy *url.URL) Option { return func(s *settings) { s.proxy = proxy } }

// WithHeader adds a header to all requests. It does not follow a redirection to another host.
func WithHeader(name, value string) Option {
	return func(s *settings) {
		if !headerName(name) || !headerValue(value) {
			s.refuse("a header has a name or a value that cannot be sent")
			return
		}
		s.headers.Add(name, value)
	}
}

// headerName reports whether a text can be the name of a header.
func headerName(s string) bool {
	const others = "!#$%&'*+-.^_`|~"
	for _, b := range []byte(s) {
		if (b|0x20 < 'a' || b|0x20 > 'z') && (b < '0' || b > '9') && strings.IndexByte(others, b) < 0 {
			return false
		}
	}
	return s != ""
}

// WithUserAgent replaces "concordat-go/" and the version.
func WithUserAgent(name string) Option {
	return func(s *settings) {
		if !headerValue(name) {
			s.refuse("the user agent cannot be sent in a header")
			return
		}
		s.userAgent = name
	}
}

// WithMaxAnswer bounds the answers that are read, in bytes; 64 MiB by default. Longer ones are a *GarbageError.
func WithMaxAnswer(bytes int64) Option {
	return func(s *settings) {
		if bytes <= 0 {
			s.refuse("the greatest length of an answer must be positive")
			return
		}
		s.maxAnswer = bytes
	}
}

// WithBasicAuth logs in by a user and a password. By default those of the URL are used, if it has any.
func WithBasicAuth(user, password string) Option {
	return func(s *settings) {
		s.authenticate(func(*Client) (credentials, error) { return newBasic(user, password), nil })
	}
}

// WithBearerToken logs in by a token.
func WithBearerToken(token string) Option {
	return func(s *settings) {
		s.authenticate(func(*Client) (credentials, error) { return &bearer{token: hide(token)}, nil })
	}
}

// WithTokenSource logs in by the tokens of a source.
func WithTokenSource(source TokenSource) Option {
	return func(s *settings) {
		s.authenticate(func(c *Client) (credentials, error) {
			return &bearer{source: &tokens{source: source, timeout: c.longest(), now: s.now}}, nil
		})
	}
}

// WithOAuth logs in by tokens that the client gets for itself, by its own client id and secret.
func WithOAuth(o OAuth) Option {
	return func(s *settings) {
		s.authenticate(func(c *Client) (credentials, error) {
			source, err := o.source(c, s.now)
			if err != nil {
				return nil, err
			}
			return &bearer{source: &tokens{source: source, timeout: c.longest(), now: s.now}}, nil
		})
	}
}

// WithLogicalCluster sends the id of a Schema Registry cluster of Confluent Cloud with bearer tokens.
func WithLogicalCluster(id string) Option { return func(s *settings) { s.cluster = id } }

// WithIdentityPools sends the ids of identity pools of Confluent Cloud with bearer tokens.
func WithIdentityPools(ids ...string) Option {
	return func(s *settings) { s.pool = strings.Join(ids, ",") }
}

// WithLatestTTL is how long the cache believes the latest version of a subject, and the associations of a topic. 0 and less is for
// ever, which is the default: until the client itself registers something under the subject.
func WithLatestTTL(d time.Duration) Option { return func(s *settings) { s.latestTTL = max(d, 0) } }

// WithMissingTTL is how long the cache believes that an id, a version or a schema is not there. 0 and less, the default, has it ask each
// time: a registry that is a copy of another one may be late. A consumer that passes over messages of unknown schemas spares the
// registry a request for each.
func WithMissingTTL(d time.Duration) Option {
	d = max(d, 0)
	return func(s *settings) { s.missing = missingTTL{d, d, d} }
}

// WithCacheCapacity is how many answers of each kind the cache holds; 1000 by default.
func WithCacheCapacity(n int) Option {
	return func(s *settings) {
		if n < 0 {
			s.refuse("the capacity of the cache must not be negative")
			return
		}
		s.capacity, s.latestCapacity = n, n
	}
}
