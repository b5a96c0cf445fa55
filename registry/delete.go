package registry

import (
	"context"
	"slices"

	"github.com/seed-9f7c7091/concordat/api"
)

// DeleteVersion deletes a version of a subject: softly, so that it can still be found by id, or
// permanently once it is softly deleted. It returns the version's number.
func (r *Registry) DeleteVersion(ctx context.Context, subject string, version int, permanent bool) (int, error) {
	subject = NormalizeSubject(subject)
	return command(ctx, r, func(t *turn) (int, error) {
		if !t.has(subject, true) {
			return 0, api.SubjectNotFound(subject)
		}
		e, ok := t.find(subject, version, true)
		if !ok {
			return 0, api.VersionNotFound(version)
		}
		if e.Deleted && !permanent {
			return 0, api.VersionSoftDeleted(subject, e.Version)
		}
		if err := t.writable(subject); err != nil {
			return 0, err
		}
		all := t.versions(subject)
		if !permanent && t.associated(subject) && !slices.ContainsFunc(all, func(o entry) bool { return !o.Deleted && o.Version != e.Version }) {
			return 0, api.NoActiveSubjectVersion(subject)
		}
		if err := t.unreferenced(subject, e, permanent, false); err != nil {
			return 0, err
		}
		if permanent {
			if !e.Deleted {
				return 0, api.VersionNotSoftDeleted(subject, e.Version)
			}
			return e.Version, t.removeVersions(subject, []entry{e}, len(all) == 1)
		}
		st, err := t.load(subject, e)
		if err != nil {
			return 0, err
		}
		st.Deleted = true
		return e.Version, t.append(schemaKey(subject, e.Version), st.schemaValue)
	})
}

// removeVersions writes the tombstones of versions, highest first, and where they are the last of the subject those of
// its mode and configuration.
func (t *turn) removeVersions(subject string, list []entry, last bool) error {
	for _, e := range descending(list) {
		if err := t.tombstone(schemaKey(subject, e.Version)); err != nil {
			return err
		}
	}
	if !last {
		return nil
	}
	if _, ok := t.mode(subject); ok {
		if err := t.tombstone(subjectRecordKey(keyMode, subject)); err != nil {
			return err
		}
	}
	if _, ok := t.config(subject); ok {
		return t.tombstone(subjectRecordKey(keyConfig, subject))
	}
	return nil
}

// DeleteSubject deletes the live versions of a subject softly, or all versions of a softly
// deleted subject permanently, and returns their numbers.
func (r *Registry) DeleteSubject(ctx context.Context, subject string, permanent bool) ([]int, error) {
	subject = NormalizeSubject(subject)
	return command(ctx, r, func(t *turn) ([]int, error) { return t.deleteSubject(subject, permanent, false) })
}

// deleteSubject leaves associations to the caller where associated is true.
func (t *turn) deleteSubject(subject string, permanent, associated bool) ([]int, error) {
	all := t.versions(subject)
	if len(all) == 0 {
		return nil, api.SubjectNotFound(subject)
	}
	gone := all
	if !permanent {
		gone = slices.DeleteFunc(slices.Clone(all), func(e entry) bool { return e.Deleted })
		if len(gone) == 0 {
			return nil, api.SubjectSoftDeleted(subject)
		}
	}
	if err := t.writable(subject); err != nil {
		return nil, err
	}
	if !associated && t.associated(subject) {
		return nil, api.AssociationForSubject(subject)
	}
	numbers := make([]int, 0, len(gone))
	for _, e := range gone {
		if err := t.unreferenced(subject, e, permanent, true); err != nil {
			return nil, err
		}
		if permanent && !e.Deleted {
			return nil, api.SubjectNotSoftDeleted(subject)
		}
		numbers = append(numbers, e.Version)
	}
	if permanent {
		return numbers, t.removeVersions(subject, all, true)
	}
	return numbers, t.append(subjectRecordKey(keyDeleteSubject, subject), deleteSubjectValue{subject, numbers[len(numbers)-1]})
}

// DeleteContext forgets a context that holds no versions, not even deleted ones.
func (r *Registry) DeleteContext(ctx context.Context, context string) error {
	_, err := command(ctx, r, func(t *turn) (struct{}, error) {
		empty := true
		t.eachVersion(contextPrefix(context), func(sub string, _ entry) bool {
			empty = ParseSubject(sub).Context != context
			return empty
		})
		if !empty {
			return struct{}{}, api.ContextNotEmpty(":" + context + ":")
		}
		return struct{}{}, t.tombstone(contextKey(context))
	})
	return err
}
