package server

import (
	"log/slog"
	"time"
)

// Settings say how the registry is served. DefaultSettings gives safe values.
type Settings struct {
	Listen string // host:port; port 0 picks a free one

	TLSCert, TLSKey string // PEM files; both empty serves plain HTTP
	TLSClientCA     string // PEM file of the authorities that sign clients' certificates
	TLSClientAuth   string // none, request, require: whether clients must show a certificate

	AuthFile  string        // htpasswd-style file of users and roles; empty serves everyone
	AuthRealm string        // named in WWW-Authenticate
	AuthRoles []string      // roles that may use the registry; empty or * lets any user in
	UserAuth  Authenticator // instead of AuthFile, for tests and embedding

	AllowOrigin, AllowMethods, AllowHeaders string // CORS; an empty origin sends no CORS headers

	ResponseHeaders map[string]string // sent with every answer

	MaxBody        int64         // bytes of a request body; above is 413
	MaxHeader      int           // bytes of a request's header; above is 431
	HeaderTimeout  time.Duration // to receive the header
	RequestTimeout time.Duration // to receive a request and answer it; above is 504
	IdleTimeout    time.Duration // of a kept connection
	ShutdownGrace  time.Duration // for requests that have begun when the server stops

	AccessLog   bool // one line per request
	AnswerCache int  // bytes of answers held ready; 0 holds none
	Logger      *slog.Logger
	Version     string // of the program, for /v1/metadata/version
	Commit      string
	ClusterID   string // kafka-cluster in /v1/metadata/id
	GroupID     string // schema-registry-cluster in /v1/metadata/id
}

// Authenticator tells who a user is by name and password.
type Authenticator interface {
	// Authenticate returns the user's roles; ok is false for a wrong name or password.
	Authenticate(user, password string) (roles []string, ok bool)
}

// DefaultSettings are the settings of a server that was told nothing.
func DefaultSettings() Settings {
	return Settings{
		Listen:         "127.0.0.1:8081",
		TLSClientAuth:  "none",
		AuthRealm:      "SchemaRegistry-Props",
		MaxBody:        16 << 20,
		MaxHeader:      64 << 10,
		HeaderTimeout:  10 * time.Second,
		RequestTimeout: 10 * time.Minute,
		IdleTimeout:    2 * time.Minute,
		ShutdownGrace:  30 * time.Second,
		AnswerCache:    64 << 20,
		Logger:         slog.New(slog.DiscardHandler),
		Version:        "dev",
		Commit:         "Unknown",
		GroupID:        "schema-registry",
	}
}
