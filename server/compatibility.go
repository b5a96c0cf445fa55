package server

import (
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/registry"
)

func (s *Server) checkAll(c *call) error { return s.check(c, "testCompatibilityForSubject", 0) }

func (s *Server) checkVersion(c *call) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	return s.check(c, "testCompatibilityBySubjectName", version)
}

// check answers a compatibility question, against one version or (0) all.
func (s *Server) check(c *call, name string, version int) error {
	q, err := api.ReadBody(c.body, name, "RegisterSchemaRequest", api.ReadRegisterRequest)
	if err != nil {
		return err
	}
	result, err := s.registry.Compatibility(c.param("subject"), &q, registry.CompatibilityOptions{Version: version, Normalize: c.flag("normalize"), Verbose: c.flag("verbose"), Suggest: c.wantsSuggestions()})
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, result)
}
