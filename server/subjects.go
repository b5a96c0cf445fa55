package server

import (
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/registry"
)

func (s *Server) listSubjects(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	prefix := registry.AllContexts
	if given := c.qs("subjectPrefix"); len(given) > 0 {
		prefix = given[0]
	}
	list, err := s.registry.Subjects(prefix, c.deletion(), p)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, list)
}

func (s *Server) listVersions(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	list, err := s.registry.Versions(c.param("subject"), c.deletion(), c.flag("deletedAsNegative"), p)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, list)
}

func (s *Server) lookUpSchema(c *call) error {
	q, err := api.ReadBody(c.body, "lookUpSchemaUnderSubject", "RegisterSchemaRequest", api.ReadRegisterRequest)
	if err != nil {
		return err
	}
	found, err := s.registry.Lookup(c.param("subject"), &q, registry.LookupOptions{Normalize: c.flag("normalize"), Deleted: c.flag("deleted"), Format: c.q("format")})
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, found)
}

func (s *Server) register(c *call) error {
	q, err := api.ReadBody(c.body, "register", "RegisterSchemaRequest", api.ReadRegisterRequest)
	if err != nil {
		return err
	}
	subject := c.param("subject")
	o := registry.RegisterOptions{Normalize: c.flag("normalize"), Force: c.flag("force"), Format: c.q("format"), Problems: s.warnOf(c, subject)}
	any, own := s.registry.AnyStamp(), s.registry.SubjectStamp(subject)
	a, known, err := s.registry.Register(c.ctx(), subject, &q, o)
	if err != nil {
		return err
	}
	if known && c.hold != nil && len(q.References) == 0 {
		// What the content is known by may have changed before its stamp was taken; so it is asked again.
		content := s.registry.ContentStamp(a.Schema)
		if a, known, err = s.registry.Register(c.ctx(), subject, &q, o); err != nil {
			return err
		}
		if known {
			c.holdUnder(any, own, content)
		}
	}
	return c.json(http.StatusOK, registered(a))
}

func registered(a *api.Schema) api.RegisterResponse {
	return api.RegisterResponse{ID: a.ID, Version: a.Version, GUID: a.GUID, SchemaType: a.SchemaType, References: a.References,
		Metadata: a.Metadata, RuleSet: a.RuleSet, Schema: a.Schema, TS: a.TS, Deleted: a.Deleted}
}

func (s *Server) editTags(c *call) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	q, err := api.ReadBody(c.body, "modifyTags", "TagSchemaRequest", api.ReadTagsRequest)
	if err != nil {
		return err
	}
	a, err := s.registry.EditTags(c.ctx(), c.param("subject"), version, &q)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, registered(a))
}

func (c *call) fetchOptions() registry.FetchOptions {
	return registry.FetchOptions{Deleted: c.flag("deleted"), Format: c.q("format"), ReferenceFormat: c.q("referenceFormat"), FindTags: c.qs("findTags")}
}

// version fetches the version that a path names.
func (s *Server) version(c *call) (*api.Schema, error) {
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	subject := c.param("subject")
	any, own := s.registry.AnyStamp(), s.registry.SubjectStamp(subject)
	a, err := s.registry.Version(subject, version, c.fetchOptions())
	// An answer out of another context depends on more than its own subject.
	if err == nil && a.Subject == registry.NormalizeSubject(subject) {
		c.holdUnder(any, own)
	}
	return a, err
}

func (s *Server) getVersion(c *call) error {
	a, err := s.version(c)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, a)
}

func (s *Server) getVersionText(c *call) error {
	a, err := s.version(c)
	if err != nil {
		return err
	}
	return c.text(http.StatusOK, a.Schema)
}

func (s *Server) referencedBy(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	version, err := c.version()
	if err != nil {
		return err
	}
	list, err := s.registry.ReferencedBy(c.param("subject"), version, c.flag("deleted"), p)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, list)
}

func (s *Server) getVersionWithMetadata(c *call) error {
	o := registry.MetadataOptions{Deleted: c.flag("deleted"), Format: c.q("format")}
	keys, values := c.qs("key"), c.qs("value")
	for i := range min(len(keys), len(values)) {
		o.Pairs = append(o.Pairs, [2]string{keys[i], values[i]})
	}
	a, err := s.registry.VersionWithMetadata(c.param("subject"), o)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, a)
}

func (s *Server) deleteVersion(c *call) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	gone, err := s.registry.DeleteVersion(c.ctx(), c.param("subject"), version, c.flag("permanent"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, gone)
}

func (s *Server) deleteSubject(c *call) error {
	gone, err := s.registry.DeleteSubject(c.ctx(), c.param("subject"), c.flag("permanent"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, gone)
}
