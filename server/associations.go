package server

import (
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/registry"
)

// associationList reads the query parameters of a list of associations.
func (c *call) associationList() (registry.AssociationFilter, registry.Page, error) {
	f := registry.AssociationFilter{ResourceType: c.q("resourceType"), Types: c.qs("associationType")}
	switch l := c.q("lifecycle"); l {
	case "":
	case registry.Strong, registry.Weak:
		f.Lifecycles = []string{l}
	default:
		return f, registry.Page{}, api.NotFound()
	}
	p, err := c.page()
	return f, p, err
}

// listAssociations answers a list, read by one of the registry's queries.
func (c *call) listAssociations(read func(registry.AssociationFilter, registry.Page) ([]api.Association, error)) error {
	f, p, err := c.associationList()
	if err != nil {
		return err
	}
	list, err := read(f, p)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, list)
}

func (s *Server) listAssociationsOfSubject(c *call) error {
	return c.listAssociations(func(f registry.AssociationFilter, p registry.Page) ([]api.Association, error) {
		return s.registry.AssociationsOfSubject(c.param("subject"), f, p)
	})
}

func (s *Server) listAssociationsOfResource(c *call) error {
	return c.listAssociations(func(f registry.AssociationFilter, p registry.Page) ([]api.Association, error) {
		return s.registry.AssociationsOfResource(c.param("resource"), f, p)
	})
}

// listAssociationsByName takes the namespace where the other calls on resources take the id.
func (s *Server) listAssociationsByName(c *call) error {
	return c.listAssociations(func(f registry.AssociationFilter, p registry.Page) ([]api.Association, error) {
		return s.registry.AssociationsByName(c.param("resource"), c.param("name"), f, p)
	})
}

func (c *call) associateOptions() registry.AssociateOptions {
	return registry.AssociateOptions{Context: c.q("context"), DryRun: c.flag("dryRun")}
}

func (s *Server) postAssociations(c *call) error {
	q, err := api.ReadBody(c.body, "createAssociation", "AssociationCreateOrUpdateRequest", api.ReadAssociationRequest)
	if err != nil {
		return err
	}
	a, err := s.registry.Associate(c.ctx(), &q, c.associateOptions())
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, a)
}

func (s *Server) putAssociations(c *call) error {
	q, err := api.ReadBody(c.body, "createOrUpdateAssociation", "AssociationCreateOrUpdateRequest", api.ReadAssociationRequest)
	if err != nil {
		return err
	}
	o := c.associateOptions()
	o.Update = true
	id := c.param("resource")
	if q.ResourceID == "" && o.DryRun {
		q.ResourceID = id
	}
	if q.ResourceID != "" && q.ResourceID != id {
		return api.InvalidAssociation("resourceId", "must be the one in the path, '"+id+"'")
	}
	a, err := s.registry.Associate(c.ctx(), &q, o)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, a)
}

func (s *Server) deleteAssociations(c *call) error {
	err := s.registry.Dissociate(c.ctx(), c.param("resource"), registry.DissociateOptions{
		ResourceType: c.q("resourceType"), Types: c.qs("associationType"), Cascade: c.flag("cascadeLifecycle"), DryRun: c.flag("dryRun"),
	})
	if err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}

func (s *Server) batchGetAssociations(c *call) error {
	b, err := api.ReadBody(c.body, "batchGetAssociations", "AssociationBatchGetRequest", api.ReadAssociationQueries)
	if err != nil {
		return err
	}
	results, err := s.registry.FindAssociations(b.Requests, c.flag("includeSchemas"))
	if err != nil {
		return err
	}
	return c.json(http.StatusMultiStatus, api.AssociationResults{Results: results})
}

func (s *Server) batchMutateAssociations(c *call) error {
	b, err := api.ReadBody(c.body, "mutateAssociations", "AssociationBatchRequest", api.ReadAssociationOps)
	if err != nil {
		return err
	}
	results, err := s.registry.MutateAssociations(c.ctx(), b.Requests, c.associateOptions())
	if err != nil {
		return err
	}
	return c.json(http.StatusMultiStatus, api.AssociationResults{Results: results})
}
