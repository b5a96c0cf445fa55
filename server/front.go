package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-9f7c7091/concordat/api"
)

var contentTypeBest = []string{produced[0]}

// ServeHTTP answers any request. Held answers leave from here; all others go
// through the router.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	answering(r)
	h := w.Header()
	requestID := requestID(r)
	h["X-Request-Id"] = []string{requestID}
	for k, v := range s.settings.ResponseHeaders {
		h.Set(k, v)
	}
	user := ""
	if s.users != nil && !strings.HasPrefix(r.URL.Path, "/health/") && !s.preflight(r) {
		var denied *authFailure
		if user, denied = authenticate(r, s.users, s.settings.AuthRealm, s.settings.AuthRoles); denied != nil {
			s.cors(w, r)
			denied.write(w, r)
			s.log(r, "", user, requestID, denied.status, start)
			return
		}
	}
	body, failure := s.readBody(w, r)
	if failure == nil && s.answers != nil && plain(r) {
		if a := s.answers.find(r.RequestURI, body); a != nil && (len(a.body) < minGzip || !acceptsGzip(r)) {
			h["Content-Type"] = contentTypeBest
			h["Content-Length"] = a.length
			h["Vary"] = varyAcceptEncoding
			w.Write(a.body)
			s.metrics.held.Inc()
			a.route.done(http.StatusOK, time.Since(start))
			if s.settings.AccessLog {
				s.log(r, a.route.path, user, requestID, http.StatusOK, start)
			}
			return
		}
	}
	s.slow(w, r, &journey{body: body, failure: failure, user: user, requestID: requestID, start: start})
}

// plain reports whether a held answer suits the request: its type is the best
// and nothing else about the request changes the answer. Answers held are never compressed ones.
func plain(r *http.Request) bool {
	h := r.Header
	return (r.Method == http.MethodGet || r.Method == http.MethodPost && judgeContentType(h["Content-Type"]) == bodyFine) &&
		plainAccept(h["Accept"]) && len(h["Origin"]) == 0
}

// requestID is the id a client gave its request, if it gave one, else a new UUID.
func requestID(r *http.Request) string {
	if given := r.Header["X-Request-Id"]; len(given) == 1 && strings.TrimSpace(given[0]) != "" {
		return given[0]
	}
	const digits = "0123456789abcdef"
	hi, lo := rand.Uint64(), rand.Uint64()
	hi = hi&^0xF000 | 0x4000
	lo = lo&^(3<<62) | 2<<62
	var b [36]byte
	at := 0
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b[at] = '-'
			at++
		}
		word := hi
		if i >= 16 {
			word = lo
		}
		b[at] = digits[word>>(60-4*(i%16))&15]
		at++
	}
	return string(b[:])
}

// readBody takes in the body of a request, up to the limit.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, *api.Error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil, nil
	}
	limit := s.settings.MaxBody
	if r.ContentLength > limit {
		// As much again is read away, so that most clients get to read the answer.
		io.CopyN(io.Discard, r.Body, limit)
		return nil, tooLarge(limit)
	}
	var b []byte
	var err error
	if t := s.maxTime(); t > 0 {
		control := http.NewResponseController(w)
		control.SetReadDeadline(time.Now().Add(t))
		defer func() {
			if err != nil {
				w.Header().Set("Connection", "close") // what is left of the body is not waited for
				return
			}
			control.SetReadDeadline(time.Time{})
		}()
	}
	if r.ContentLength > 0 {
		// A length is only a promise: memory is given as the bytes come.
		if r.ContentLength <= 1<<16 {
			b = make([]byte, r.ContentLength)
			_, err = io.ReadFull(r.Body, b)
		} else {
			var buf bytes.Buffer
			var n int64
			n, err = buf.ReadFrom(io.LimitReader(r.Body, r.ContentLength))
			if b = buf.Bytes(); err == nil && n < r.ContentLength {
				err = io.ErrUnexpectedEOF
			}
		}
	} else {
		b, err = io.ReadAll(io.LimitReader(r.Body, limit+1))
		if int64(len(b)) > limit {
			return nil, tooLarge(limit)
		}
	}
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return b, nil
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil, &api.Error{Code: http.StatusGatewayTimeout, Message: "Request timed out"}
	}
	return nil, api.BadRequest("The request body ended before its announced length")
}

func tooLarge(limit int64) *api.Error {
	return &api.Error{Code: http.StatusRequestEntityTooLarge, Message: "Request body is larger than the limit of " + byteCount(limit)}
}

// journey is what a request carries from the front to its handler.
type journey struct {
	body      []byte
	failure   *api.Error // what is wrong with the body
	user      string
	requestID string
	start     time.Time
	query     url.Values
	route     *routeMetrics // set once the route is known
	subject   string
}

type journeyKey struct{}

// slow rewrites and routes a request.
func (s *Server) slow(w http.ResponseWriter, r *http.Request, j *journey) {
	s.metrics.inFlight.Inc()
	defer s.metrics.inFlight.Dec()
	status := &statusWriter{ResponseWriter: w}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.settings.Logger.Error("a request made the server panic", "request_id", j.requestID, "method", r.Method, "uri", r.RequestURI, "panic", p, "stack", string(debug.Stack()))
			if status.status == 0 {
				sendError(status, r, produced[0], &api.Error{Code: http.StatusInternalServerError, Message: "Internal Server Error"})
			}
		}
		took := time.Since(j.start)
		route := ""
		if j.route != nil {
			route = j.route.path
			j.route.done(status.status, took)
		}
		s.log(r, route, j.user, j.requestID, status.status, j.start, slog.String("subject", j.subject))
	}()
	if s.cors(status, r) {
		return
	}
	if headerSize(r) > s.settings.MaxHeader {
		sendError(status, r, produced[len(produced)-1], &api.Error{Code: http.StatusRequestHeaderFieldsTooLarge, Message: "Request header is larger than the limit of " + byteCount(int64(s.settings.MaxHeader))})
		return
	}
	escaped := r.URL.EscapedPath()
	if why := refuse(escaped); why != "" {
		sendError(status, r, produced[len(produced)-1], api.BadRequest("%s", why))
		return
	}
	path, query, err := s.rewrite(escaped, r.URL.RawQuery, r.Method)
	if err != nil {
		contentType, _ := negotiate(r.Header["Accept"])
		sendError(status, r, contentType, opRead.asAPI(err))
		return
	}
	for i, seg := range path {
		plain, err := url.PathUnescape(seg)
		if err != nil {
			sendError(status, r, produced[len(produced)-1], api.BadRequest("Malformed escape in the path"))
			return
		}
		path[i] = strings.ReplaceAll(url.PathEscape(plain), "%3A", ":")
	}
	j.query = query
	ctx := context.WithValue(r.Context(), journeyKey{}, j)
	if t := s.maxTime(); t > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t)
		defer cancel()
	}
	routed := r.WithContext(ctx)
	u := *r.URL
	u.RawPath = "/" + strings.Join(path, "/")
	routed.URL = &u
	s.echo.ServeHTTP(status, routed)
}

// headerSize is about how many bytes the header of a request took.
func headerSize(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI)
	for k, values := range r.Header {
		for _, v := range values {
			n += len(k) + len(v) + 4
		}
	}
	return n
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// wrap makes a handler one of the router's.
func (s *Server) wrap(rt route) echo.HandlerFunc {
	handle := rt.handle(s)
	rm := s.metrics.route(rt.method, rt.path)
	return func(ec echo.Context) error {
		r := ec.Request()
		j := r.Context().Value(journeyKey{}).(*journey)
		j.route = rm
		contentType, ok := negotiate(r.Header["Accept"])
		if !ok {
			sendError(ec.Response(), r, "", &api.Error{Code: http.StatusNotAcceptable, Message: statusText(http.StatusNotAcceptable)})
			return nil
		}
		c := &call{echo: ec, query: j.query, body: j.body, contentType: contentType}
		j.subject = c.param("subject")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			switch judgeContentType(r.Header["Content-Type"]) {
			case bodyUnsupported:
				sendError(ec.Response(), r, contentType, &api.Error{Code: http.StatusUnsupportedMediaType, Message: statusText(http.StatusUnsupportedMediaType)})
				return nil
			case bodyMalformed:
				sendError(ec.Response(), r, "application/json", api.BadRequest("Bad Request"))
				return nil
			}
		}
		if j.failure != nil {
			sendError(ec.Response(), r, contentType, j.failure)
			return nil
		}
		if s.answers != nil && plain(r) {
			return s.handleHolding(c, handle, rt, rm, r)
		}
		return s.finish(c, rt, handle(c))
	}
}

// finish answers with the error of a handler, if there is one.
func (s *Server) finish(c *call, rt route, err error) error {
	if err == nil {
		return nil
	}
	e := rt.op.asAPI(err)
	if e.Code == http.StatusInternalServerError || e.Code == api.CodeStoreError {
		s.settings.Logger.Error("a request failed", "method", rt.method, "route", rt.path, "error", err)
	}
	if c.echo.Response().Committed {
		return nil
	}
	if len(e.Suggestions) > 0 && !c.wantsSuggestions() {
		e = &api.Error{Code: e.Code, Message: e.Message}
	}
	sendError(c.echo.Response(), c.echo.Request(), c.contentType, e)
	return nil
}

// handleHolding handles a request whose answer may be held: it notes the bytes
// on their way out, and holds them if the handler said what they depend on.
func (s *Server) handleHolding(c *call, handle handler, rt route, rm *routeMetrics, r *http.Request) error {
	c.hold = &holding{}
	response := c.echo.Response()
	tee := &teeWriter{ResponseWriter: response.Writer}
	response.Writer = tee
	if err := handle(c); err != nil {
		return s.finish(c, rt, err)
	}
	if c.hold.ok && tee.status == http.StatusOK {
		length := response.Header()["Content-Length"]
		if len(length) == 1 {
			s.answers.hold(&answer{uri: r.RequestURI, request: c.body, stamps: c.hold.stamps, body: tee.body, length: length, route: rm})
		}
	}
	return nil
}

// teeWriter keeps what is written.
type teeWriter struct {
	http.ResponseWriter
	status int
	body   []byte
}

func (w *teeWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *teeWriter) Write(b []byte) (int, error) {
	w.body = append(w.body, b...)
	return w.ResponseWriter.Write(b)
}

func (w *teeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// routeError answers where no route, or no method of one, matches.
func (s *Server) routeError(err error, ec echo.Context) {
	if ec.Response().Committed {
		return
	}
	ec.Response().Header().Del("Allow")
	sendError(ec.Response(), ec.Request(), "", opRead.asAPI(err))
}

// options answers with the methods of a path.
func (s *Server) options(header, text string) echo.HandlerFunc {
	return func(ec echo.Context) error {
		ec.Response().Header()["Allow"] = []string{header}
		return send(ec.Response(), ec.Request(), http.StatusOK, "text/plain", []byte(text))
	}
}

// log writes the line of the access log.
func (s *Server) log(r *http.Request, route, user, requestID string, status int, start time.Time, more ...slog.Attr) {
	if !s.settings.AccessLog {
		return
	}
	attrs := append([]slog.Attr{
		slog.String("request_id", requestID), slog.String("method", r.Method), slog.String("route", route), slog.String("uri", r.RequestURI),
		slog.Int("status", status), slog.Duration("duration", time.Since(start)), slog.String("remote", r.RemoteAddr),
	}, more...)
	if user != "" {
		attrs = append(attrs, slog.String("user", user))
	}
	s.settings.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
}

func errorLog(l *slog.Logger) *log.Logger { return slog.NewLogLogger(l.Handler(), slog.LevelWarn) }
