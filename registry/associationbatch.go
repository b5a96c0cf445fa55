package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/seed-9f7c7091/concordat/api"
)

// A batch answers each of its requests by itself: one that fails hinders none of the others. Within a
// request of changes all operations are carried out, or none.

// checkBatch bounds what one call can ask for by the longest list that is answered.
func (r *Registry) checkBatch(requests int) error {
	switch most := r.settings.Schemas.Max; {
	case requests == 0:
		return api.InvalidAssociation("requests", "cannot be null or empty")
	case requests > most:
		return api.InvalidAssociation("requests", fmt.Sprintf("%d requests are given, at most %d are carried out at once", requests, most))
	}
	return nil
}

// MutateAssociations carries out the operations on each resource in turn, and answers the associations the
// resource then has.
func (r *Registry) MutateAssociations(ctx context.Context, batch []api.AssociationOpRequest, o AssociateOptions) ([]api.AssociationResult, error) {
	if err := r.checkBatch(len(batch)); err != nil {
		return nil, err
	}
	results := make([]api.AssociationResult, len(batch))
	for i := range batch {
		a, err := associating(ctx, r, o.DryRun, func(t *turn) (*api.AssociationResponse, error) { return r.mutate(t, &batch[i], o) })
		results[i] = batchResult(a, err, "Error while creating association: ")
	}
	return results, nil
}

// batchResult is what a request of a batch came to. An invalid schema counts as an invalid association.
func batchResult(a *api.AssociationResponse, err error, unexpected string) api.AssociationResult {
	var e *api.Error
	switch {
	case err == nil:
		return api.AssociationResult{Result: a}
	case !errors.As(err, &e):
		e = &api.Error{Code: 500, Message: unexpected + err.Error()}
	case e.Code == api.CodeInvalidSchema:
		e = &api.Error{Code: api.CodeInvalidAssociation, Message: e.Message}
	}
	return api.AssociationResult{Error: e}
}

// mutate carries out the operations on one resource, in order; neighbouring creations, and neighbouring
// updates, at once.
func (r *Registry) mutate(t *turn, q *api.AssociationOpRequest, o AssociateOptions) (*api.AssociationResponse, error) {
	whole := api.AssociationRequest{ResourceName: q.ResourceName, ResourceNamespace: q.ResourceNamespace, ResourceID: q.ResourceID, ResourceType: q.ResourceType}
	if err := checkResource(q.ResourceName, q.ResourceNamespace, q.ResourceType); err != nil {
		return nil, err
	}
	if q.ResourceID == "" && !o.DryRun {
		return nil, api.InvalidAssociation("resourceId", "cannot be null or empty")
	}
	if len(q.Associations) == 0 {
		return nil, api.InvalidAssociation("associations", "cannot be null or empty")
	}
	for rest := q.Associations; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].OpType == rest[0].OpType && rest[n].OpType != api.OpDelete {
			n++
		}
		if err := r.applyOps(t, whole, rest[:n], o); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	a := &api.AssociationResponse{ResourceName: q.ResourceName, ResourceNamespace: q.ResourceNamespace, ResourceID: q.ResourceID, ResourceType: Topic}
	for _, held := range t.collect(setOf(q.ResourceID, q.ResourceNamespace, q.ResourceName), AssociationFilter{ResourceType: Topic}) {
		a.Associations = append(a.Associations, held.entry())
	}
	return a, nil
}

// applyOps carries out operations of one type.
func (r *Registry) applyOps(t *turn, q api.AssociationRequest, ops []api.AssociationOp, o AssociateOptions) error {
	if op := &ops[0]; op.OpType == api.OpDelete {
		kind, err := associationType(op.AssociationType)
		if err != nil {
			return err
		}
		return t.dissociate(setOf(q.ResourceID, q.ResourceNamespace, q.ResourceName), cmp.Or(q.ResourceID, q.ResourceName),
			DissociateOptions{ResourceType: Topic, Types: []string{kind}, Cascade: op.CascadeLifecycle, DryRun: o.DryRun})
	}
	o.Update = ops[0].OpType == api.OpUpsert
	for i := range ops {
		q.Associations = append(q.Associations, ops[i].AssociationSpec)
	}
	_, err := r.associate(t, &q, o)
	return err
}

// setOf names the associations of a resource by its id or, without one, by its name.
func setOf(id, namespace, name string) associationSet {
	if id != "" {
		return ofResource(id)
	}
	return ofName(namespace, name)
}

// entry is an association as answered within its resource.
func (a *storedAssociation) entry() api.AssociationEntry {
	return api.AssociationEntry{Subject: a.Subject, AssociationType: a.AssociationType, Lifecycle: a.Lifecycle, Frozen: servedFrozen(a.Lifecycle, a.Frozen)}
}

// FindAssociations answers each query with the resource and its associations that match; without any where there are none. With
// schemas set each association comes with the latest version of its subject.
func (r *Registry) FindAssociations(batch []api.AssociationQuery, schemas bool) ([]api.AssociationResult, error) {
	if err := r.checkBatch(len(batch)); err != nil {
		return nil, err
	}
	return view(r, func(s state) ([]api.AssociationResult, error) {
		results := make([]api.AssociationResult, len(batch))
		for i := range batch {
			a, err := r.find(s, &batch[i], schemas)
			results[i] = batchResult(a, err, "Error while getting associations: ")
		}
		return results, nil
	})
}

// queryError tells what is wrong with a query. The reference has no code of its own for it, and shows it as an
// unexpected error.
type queryError struct{ property, detail string }

func (e *queryError) Error() string {
	return fmt.Sprintf("property: %s; detail: %s", e.property, e.detail)
}

func checkAssociationQuery(q *api.AssociationQuery) error {
	switch {
	case q.ResourceID != "":
	case q.ResourceName == "" && q.ResourceNamespace == "":
		return &queryError{"resourceId", "cannot be null or empty without resourceName and resourceNamespace"}
	case q.ResourceName == "":
		return &queryError{"resourceName", "cannot be null or empty"}
	case q.ResourceNamespace == "":
		return &queryError{"resourceNamespace", "cannot be null or empty"}
	}
	if q.ResourceType != "" && q.ResourceType != Topic {
		return &queryError{"resourceType", "must be 'topic'"}
	}
	for _, kind := range q.AssociationTypes {
		if kind != associatesKey && kind != associatesValue {
			return &queryError{"associationTypes", "must be either 'key' or 'value'"}
		}
	}
	return nil
}

func (r *Registry) find(s state, q *api.AssociationQuery, schemas bool) (*api.AssociationResponse, error) {
	if err := checkAssociationQuery(q); err != nil {
		return nil, err
	}
	f := AssociationFilter{ResourceType: Topic, Types: q.AssociationTypes}
	if q.Lifecycle != "" {
		f.Lifecycles = []string{q.Lifecycle}
	}
	a := &api.AssociationResponse{ResourceName: q.ResourceName, ResourceNamespace: q.ResourceNamespace, ResourceID: q.ResourceID, ResourceType: Topic}
	for _, held := range s.collect(setOf(q.ResourceID, q.ResourceNamespace, q.ResourceName), f) {
		a.ResourceName, a.ResourceNamespace, a.ResourceID = held.ResourceName, held.ResourceNamespace, held.ResourceID
		entry := held.entry()
		if e, ok := s.latest(held.Subject); ok && schemas {
			st, err := s.load(held.Subject, e)
			if err != nil {
				return nil, err
			}
			if entry.Schema, err = r.answer(s, fromStore(st), ""); err != nil {
				return nil, err
			}
		}
		a.Associations = append(a.Associations, entry)
	}
	return a, nil
}
