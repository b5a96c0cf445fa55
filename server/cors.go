package server

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// allowedOrigin reports whether pages of the request's origin may read the
// answer. AllowOrigin is a comma list; * means any.
func (s *Server) allowedOrigin(r *http.Request) (string, bool) {
	origin := r.Header.Get("Origin")
	if origin == "" || s.settings.AllowOrigin == "" {
		return "", false
	}
	allowed := slices.ContainsFunc(strings.Split(s.settings.AllowOrigin, ","), func(o string) bool {
		o = strings.TrimSpace(o)
		return o == "*" || o == origin
	})
	return origin, allowed
}

// preflight reports whether a request is one of a browser asking what it may
// send. It carries no login.
func (s *Server) preflight(r *http.Request) bool {
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	_, ok := s.allowedOrigin(r)
	return ok
}

// corsMaxAge is how long, in seconds, a browser may remember a preflight.
const corsMaxAge = 1800

// cors adds the headers for the request's origin. It answers preflights, and
// then returns true.
func (s *Server) cors(w http.ResponseWriter, r *http.Request) bool {
	origin, ok := s.allowedOrigin(r)
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	if s.settings.AllowOrigin != "*" {
		h.Add("Vary", "Origin")
	}
	if !s.preflight(r) {
		return false
	}
	h.Set("Access-Control-Allow-Methods", s.settings.AllowMethods)
	h.Set("Access-Control-Allow-Headers", s.settings.AllowHeaders)
	h.Set("Access-Control-Max-Age", strconv.Itoa(corsMaxAge))
	h["Content-Type"] = nil
	w.WriteHeader(http.StatusOK)
	return true
}
