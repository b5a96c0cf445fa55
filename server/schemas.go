package server

import (
	"net/http"
	"slices"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat/languages"
	"github.com/seed-9f7c7091/concordat/registry"
)

func (s *Server) listTypes(c *call) error { return c.json(http.StatusOK, languages.Types()) }

func (s *Server) listSchemas(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	filter, err := c.associationFilter()
	if err != nil {
		return err
	}
	list, err := s.registry.Schemas(registry.SchemasOptions{
		Prefix: c.q("subjectPrefix"), Deleted: c.flag("deleted"), LatestOnly: c.flag("latestOnly"), Aliases: c.flag("aliases"),
		RuleType: c.q("ruleType"), Associated: filter, Page: p,
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, list)
}

// associationFilter reads the query parameters that pick associations.
func (c *call) associationFilter() (registry.AssociationFilter, error) {
	f := registry.AssociationFilter{ResourceType: c.q("resourceType"), Types: c.qs("associationType"), Lifecycles: c.qs("lifecycle")}
	for _, l := range f.Lifecycles {
		if !slices.Contains([]string{"NONE", registry.Strong, registry.Weak}, l) {
			return f, api.NotFound()
		}
	}
	return f, nil
}

// schemaByID fetches the schema that a path names by id. The answer depends on
// the id's uses and on the one that was picked, which is only known afterwards; so it is read until the
// same is picked twice.
func (s *Server) schemaByID(c *call, o registry.FetchOptions) (*api.SchemaString, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	subject := c.q("subject")
	read := func() (*api.SchemaString, error) { return s.registry.SchemaByID(id, subject, o, c.flag("fetchMaxId")) }
	any, ofID := s.registry.AnyStamp(), s.registry.IDStamp(registry.ParseSubject(subject).Context, id)
	a, err := read()
	if err != nil || c.hold == nil || c.flag("fetchMaxId") || subject != "" && registry.ParseSubject(subject).Name != "" {
		return a, err
	}
	own := s.registry.SubjectStamp(a.Subject)
	again, err := read()
	if err == nil && again.Subject == a.Subject {
		c.holdUnder(any, ofID, own)
	}
	return again, err
}

func (s *Server) getSchemaByID(c *call) error {
	a, err := s.schemaByID(c, c.fetchOptions())
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, a)
}

func (s *Server) getTextByID(c *call) error {
	a, err := s.schemaByID(c, registry.FetchOptions{Format: c.q("format")})
	if err != nil {
		return err
	}
	return c.text(http.StatusOK, a.Schema)
}

func (s *Server) listSubjectsOfID(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	p, err := c.page()
	if err != nil {
		return err
	}
	list, err := s.registry.SubjectsOfID(id, c.q("subject"), c.flag("deleted"), p)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, list)
}

func (s *Server) listVersionsOfID(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	p, err := c.page()
	if err != nil {
		return err
	}
	list, err := s.registry.UsesOfID(id, c.q("subject"), c.flag("deleted"), p)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, list)
}

func (s *Server) getSchemaByGUID(c *call) error {
	a, err := s.registry.SchemaByGUID(c.param("guid"), c.q("format"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, a)
}

func (s *Server) listIDsOfGUID(c *call) error {
	list, err := s.registry.IDsOfGUID(c.param("guid"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, list)
}
