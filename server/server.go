// Package server serves a registry over HTTP: the routes of the reference's
// REST API, what surrounds them (authentication, content negotiation, limits,
// metrics, health), and the table by which errors become answers.
//
// A request passes the front (front.go), which answers what is held ready; all
// else is rewritten (rewrite.go), routed (routes.go) and handled.
package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/storage"
)

// Server serves one registry.
type Server struct {
	settings Settings
	registry *registry.Registry
	store    storage.Store
	echo     *echo.Echo
	answers  *answers // nil where none are held
	metrics  *metrics
	users    Authenticator
	ready    atomic.Bool
}

// New makes a server of a registry and the store behind it, which is asked for
// backups alone.
func New(reg *registry.Registry, store storage.Store, s Settings) (*Server, error) {
	srv := &Server{
		settings: s,
		registry: reg,
		store:    store,
		echo:     echo.New(),
		metrics:  newMetrics(reg, s.Version),
		users:    s.UserAuth,
	}
	if s.AuthFile != "" {
		users, err := LoadUsers(s.AuthFile)
		if err != nil {
			return nil, err
		}
		users.Logger = s.Logger
		srv.users = users
	}
	if s.AnswerCache > 0 {
		srv.answers = newAnswers(s.AnswerCache)
	}
	srv.echo.HTTPErrorHandler = srv.routeError
	srv.addRoutes()
	srv.addOwnRoutes()
	srv.ready.Store(true)
	return srv, nil
}

// ListenAndServe serves until ctx ends, then finishes the requests that have
// begun. ready, if not nil, is called with the address once connections are taken.
func (s *Server) ListenAndServe(ctx context.Context, ready func(addr string)) error {
	ln, err := net.Listen("tcp", s.settings.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", s.settings.Listen, err)
	}
	return s.Serve(ctx, ln, ready)
}

// Serve is ListenAndServe on a listener, which it closes.
func (s *Server) Serve(ctx context.Context, ln net.Listener, ready func(addr string)) error {
	hs := &http.Server{
		Handler: s,
		// net/http answers a header beyond its bound with a line of text; ours is answered in the shape of other errors.
		MaxHeaderBytes: 4 * s.settings.MaxHeader,
		ErrorLog:       errorLog(s.settings.Logger),
	}
	tlsConfig, err := tlsConfig(s.settings)
	if err != nil {
		ln.Close()
		return err
	}
	watched := newConns(s.settings.HeaderTimeout, s.settings.IdleTimeout)
	ln = watched.attach(hs, ln)
	watching, stopWatching := context.WithCancel(context.Background())
	defer stopWatching()
	go watched.watch(watching)
	failed := make(chan error, 1)
	go func() {
		if tlsConfig != nil {
			hs.TLSConfig = tlsConfig
			failed <- hs.ServeTLS(ln, "", "")
		} else {
			failed <- hs.Serve(ln)
		}
	}()
	if ready != nil {
		ready(ln.Addr().String())
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.ready.Store(false)
	grace, cancel := context.WithTimeout(context.Background(), s.settings.ShutdownGrace)
	defer cancel()
	err = hs.Shutdown(grace)
	<-failed // the listener is closed, even if there was no time to begin
	if errors.Is(err, context.DeadlineExceeded) {
		hs.Close()
		return fmt.Errorf("requests were still running %v after the server was told to stop; their connections were closed", s.settings.ShutdownGrace)
	}
	return err
}

// maxTime bounds a request; 0 is no bound.
func (s *Server) maxTime() time.Duration { return s.settings.RequestTimeout }
