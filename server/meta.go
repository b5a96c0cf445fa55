package server

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	concordat "github.com/seed-9f7c7091/concordat"
	"github.com/seed-9f7c7091/concordat/api"
)

func (s *Server) getRoot(c *call) error { return c.json(http.StatusOK, struct{}{}) }

func (s *Server) postRoot(c *call) error {
	if _, err := api.ReadBody(c.body, "post", "Map", api.ReadStringMap); err != nil {
		return err
	}
	return c.json(http.StatusOK, struct{}{})
}

func (s *Server) listContexts(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	list, err := s.registry.Contexts(c.q("contextPrefix"), p)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, list)
}

func (s *Server) deleteContext(c *call) error {
	context, err := contextName(c.echo.Param("context"))
	if err != nil {
		return err
	}
	if err := s.registry.DeleteContext(c.ctx(), context); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}

func (s *Server) getClusterID(c *call) error {
	type clusters struct {
		Kafka    string `json:"kafka-cluster"`
		Registry string `json:"schema-registry-cluster"`
	}
	type scope struct {
		Path     []string `json:"path"`
		Clusters clusters `json:"clusters"`
	}
	return c.json(http.StatusOK, struct {
		Scope scope `json:"scope"`
	}{scope{[]string{}, clusters{s.settings.ClusterID, s.settings.GroupID}}})
}

func (s *Server) getServerVersion(c *call) error {
	return c.json(http.StatusOK, struct {
		Version  string `json:"version"`
		CommitID string `json:"commitId"`
	}{s.settings.Version, s.settings.Commit})
}

func (s *Server) getDeployment(c *call) error {
	return c.json(http.StatusOK, struct {
		Attributes []string `json:"attributes"`
	}{[]string{}})
}

// addOwnRoutes registers what the reference does not have.
func (s *Server) addOwnRoutes() {
	own := func(path string, h echo.HandlerFunc) {
		rm := s.metrics.route(http.MethodGet, path)
		counted := func(ec echo.Context) error {
			ec.Request().Context().Value(journeyKey{}).(*journey).route = rm
			return h(ec)
		}
		s.echo.GET(path, counted)
		s.echo.HEAD(path, counted)
		allowed := allow([]string{http.MethodGet})
		s.echo.OPTIONS(path, s.options(strings.Join(allowed, ","), strings.Join(allowed, ", ")))
	}
	own("/metrics", echo.WrapHandler(s.metrics.handler()))
	own("/openapi.yaml", func(ec echo.Context) error {
		return send(ec.Response(), ec.Request(), http.StatusOK, "application/yaml", concordat.OpenAPI)
	})
	own("/concordat/v1/backup", s.backup)
	for _, probe := range []struct {
		path string
		up   func() error
	}{
		{"/health/live", func() error { return nil }},
		{"/health/startup", s.readable},
		{"/health/ready", s.serving},
	} {
		own(probe.path, s.health(probe.up))
	}
}

// readable reports whether the store can be read.
func (s *Server) readable() error {
	_, err := s.registry.Stats()
	return err
}

// serving reports whether requests should come here: the store can be read and the server is not going down.
func (s *Server) serving() error {
	if !s.ready.Load() {
		return fmt.Errorf("the server is shutting down")
	}
	return s.readable()
}

func (s *Server) health(up func() error) echo.HandlerFunc {
	return func(ec echo.Context) error {
		status, body := http.StatusOK, `{"status":"UP"}`
		if err := up(); err != nil {
			s.settings.Logger.Warn("a health check failed", "path", ec.Path(), "error", err)
			status, body = http.StatusServiceUnavailable, `{"status":"DOWN"}`
		}
		return send(ec.Response(), ec.Request(), status, "application/json", []byte(body))
	}
}

// backup streams a consistent copy of the store.
func (s *Server) backup(ec echo.Context) error {
	if ec.Request().Method == http.MethodHead {
		return send(ec.Response(), ec.Request(), http.StatusOK, "application/octet-stream", nil)
	}
	w := ec.Response()
	w.Header()["Content-Type"] = []string{"application/octet-stream"}
	w.Header()["Content-Disposition"] = []string{`attachment; filename="concordat.db"`}
	if _, err := s.store.Backup(w); err != nil {
		s.settings.Logger.Error("a backup failed", "error", err)
		// What was sent cannot be taken back; a broken connection tells the client that the copy is not whole.
		panic(http.ErrAbortHandler)
	}
	return nil
}

func byteCount(n int64) string { return fmt.Sprintf("%d bytes", n) }
