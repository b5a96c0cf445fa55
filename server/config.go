package server

import (
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
)

// The calls on configuration and mode come without a subject, for the whole
// registry, or with one.

func (s *Server) getConfig(c *call) error {
	cfg, err := s.registry.Config(c.param("subject"), c.flag("defaultToGlobal"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, cfg)
}

func (s *Server) putConfig(c *call) error {
	name := "updateSubjectLevelConfig"
	if c.param("subject") == "" {
		name = "updateTopLevelConfig"
	}
	u, err := api.ReadBody(c.body, name, "ConfigUpdateRequest", api.ReadConfigUpdate)
	if err != nil {
		return err
	}
	cfg, err := s.registry.UpdateConfig(c.ctx(), c.param("subject"), u)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, cfg.Stored())
}

func (s *Server) deleteConfig(c *call) error {
	cfg, err := s.registry.DeleteConfig(c.ctx(), c.param("subject"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, cfg)
}

type modeAnswer struct {
	Mode string `json:"mode"`
}

func (s *Server) getMode(c *call) error {
	m, err := s.registry.Mode(c.param("subject"), c.flag("defaultToGlobal"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, modeAnswer{string(m)})
}

func (s *Server) putMode(c *call) error {
	name := "updateMode"
	if c.param("subject") == "" {
		name = "updateTopLevelMode"
	}
	u, err := api.ReadBody(c.body, name, "ModeUpdateRequest", api.ReadModeUpdate)
	if err != nil {
		return err
	}
	if !u.Present {
		return api.InvalidMode()
	}
	if err := s.registry.SetMode(c.ctx(), c.param("subject"), u.Mode, c.flag("force")); err != nil {
		return err
	}
	return c.json(http.StatusOK, struct {
		Mode *string `json:"mode"`
	}{u.Mode})
}

func (s *Server) deleteMode(c *call) error {
	m, err := s.registry.DeleteMode(c.ctx(), c.param("subject"), c.flag("recursive"))
	if err != nil {
		return err
	}
	if m == nil {
		return c.json(http.StatusOK, struct{}{})
	}
	return c.json(http.StatusOK, modeAnswer{string(*m)})
}
