package server

import (
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/registry"
)

// user is who proved to be the sender of the request; "" where no login is asked for.
func (c *call) user() string { return c.ctx().Value(journeyKey{}).(*journey).user }

func (s *Server) reportUsage(c *call) error {
	q, err := api.ReadBody(c.body, "reportUsage", "UsageReport", api.ReadUsageReport)
	if err != nil {
		return err
	}
	unknown, err := s.registry.ReportUsage(c.user(), q.Usages)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, api.UsageResult{Unknown: unknown})
}

func (s *Server) listUsage(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	q := registry.UsageQuery{Subject: c.q("subject"), Role: c.q("role"), Page: p}
	if text := c.q("version"); text != "" {
		if q.Version, err = registry.ParseVersion(text); err != nil {
			return err
		}
	}
	if c.query.Has("principal") {
		principal := c.q("principal")
		q.Principal = &principal
	}
	uses, err := s.registry.Usage(q)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, api.Usages{Usages: uses})
}
