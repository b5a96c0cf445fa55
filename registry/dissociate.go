package registry

import (
	"context"

	"github.com/seed-9f7c7091/concordat/api"
)

// DissociateOptions say which associations of a resource are deleted, and how.
type DissociateOptions struct {
	ResourceType string
	Types        []string // association types; none for all
	Cascade      bool     // delete the subjects of STRONG associations with them
	DryRun       bool     // only check
}

// Dissociate deletes associations of a resource, all or none.
func (r *Registry) Dissociate(ctx context.Context, resourceID string, o DissociateOptions) error {
	_, err := associating(ctx, r, o.DryRun, func(t *turn) (struct{}, error) {
		return struct{}{}, t.dissociate(ofResource(resourceID), resourceID, o)
	})
	return err
}

// dissociate deletes associations of the set that belongs to the resource called so.
func (t *turn) dissociate(set associationSet, resource string, o DissociateOptions) error {
	list := t.collect(set, AssociationFilter{ResourceType: o.ResourceType, Types: o.Types})
	if len(list) == 0 {
		return api.AssociationNotFound(resource)
	}
	for _, a := range list {
		if err := t.writable(a.Subject); err != nil {
			return err
		}
		if a.Frozen && !o.Cascade {
			return api.AssociationFrozen(a.AssociationType, a.Subject)
		}
	}
	for _, a := range list {
		if err := t.tombstone(associationKey(&a.associationValue)); err != nil {
			return err
		}
		if o.Cascade && a.Lifecycle == Strong && t.effectiveMode(a.Subject) != Import {
			if err := t.deleteForGood(a.Subject, o.DryRun); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteForGood deletes a subject softly and then permanently. A dry run can only try the first.
func (t *turn) deleteForGood(subject string, dryRun bool) error {
	if t.has(subject, false) {
		if _, err := t.deleteSubject(subject, false, true); err != nil {
			return err
		}
	}
	if dryRun || !t.has(subject, true) {
		return nil
	}
	_, err := t.deleteSubject(subject, true, true)
	return err
}
