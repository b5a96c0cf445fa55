package registry

import (
	"slices"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat/languages"
)

// found is a version that a lookup or a registration leads to. stamped tells that
// it comes from the store and is served with its time.
type found struct {
	stored
	stamped bool
}

func fromStore(st *stored) *found { return &found{*st, true} }

// fromContent is a version answered from what was submitted.
func fromContent(subject string, version, id int, c *canonical) *found {
	return &found{stored: stored{
		schemaValue: schemaValue{Subject: subject, Version: version, ID: id, SchemaType: c.Type,
			References: c.References, Metadata: c.Metadata, RuleSet: c.RuleSet, Schema: c.Text},
		GUID: c.guid,
	}}
}

// LookupOptions say how a schema is looked up.
type LookupOptions struct {
	Normalize bool
	Deleted   bool   // consider soft-deleted versions
	Format    string // of the answered text
}

// Lookup finds the version of a subject that a submitted schema is.
func (r *Registry) Lookup(subject string, q *api.RegisterRequest, o LookupOptions) (*api.Schema, error) {
	return view(r, func(s state) (*api.Schema, error) {
		f, err := r.lookupWithInheritance(s, NormalizeSubject(subject), q, o)
		if err != nil {
			return nil, err
		}
		if f == nil && ParseSubject(subject).Context == DefaultContext {
			for _, context := range s.namedContexts() {
				// What is wrong in another context is none of the caller's business.
				if f, _ = r.lookupWithInheritance(s, contextPrefix(context)+ParseSubject(subject).Name, q, o); f != nil {
					break
				}
			}
		}
		if f == nil {
			if !s.has(NormalizeSubject(subject), o.Deleted) {
				return nil, api.SubjectNotFound(subject)
			}
			return nil, api.SchemaNotFound()
		}
		return r.answer(s, f, o.Format)
	})
}

func (r *Registry) lookupWithInheritance(s state, subject string, q *api.RegisterRequest, o LookupOptions) (*found, error) {
	c := contentOf(q)
	scope := lookupScope{normalize: o.Normalize, deleted: o.Deleted}
	f, err := r.lookup(s, subject, c, scope)
	if f != nil || err != nil {
		return f, err
	}
	e, ok := s.latest(subject)
	if !ok {
		return nil, nil
	}
	prev, err := s.load(subject, e)
	if err != nil {
		return nil, err
	}
	filled := c
	inheritMetadataAndRules(r.effective(s, subject), &filled, prev, 0, 0)
	if equalMetadata(filled.Metadata, c.Metadata) && equalRuleSets(filled.RuleSet, c.RuleSet) {
		return nil, nil
	}
	return r.lookup(s, subject, filled, scope)
}

// lookupScope says which versions a lookup considers, and in which form.
type lookupScope struct {
	normalize  bool
	deleted    bool // soft-deleted versions as well
	latestOnly bool // none but the latest live version
}

// lookup finds a version by content: by the digest, then by walking the versions from the newest.
// It returns nil where there is none.
func (r *Registry) lookup(s state, subject string, c content, scope lookupScope) (*found, error) {
	if c.blank() {
		if _, ok := languages.ByType[c.Type]; !ok {
			return nil, api.InvalidSchema("Invalid schema type %s", c.Type)
		}
		return nil, nil
	}
	cfg := r.effective(s, subject)
	next, err := r.canonicalize(s, subject, c, purpose{
		validate:  !s.effectiveMode(subject).imports(),
		fields:    cfg.validateFields,
		normalize: scope.normalize || cfg.normalize,
	})
	if err != nil {
		return nil, err
	}
	context := ParseSubject(subject).Context
	if id, ok := s.idOf(next.guid, context); ok && !scope.latestOnly {
		if e, ok := s.versionOf(context, id, subject); ok && (scope.deleted || !e.Deleted) {
			return fromContent(subject, e.Version, id, next), nil
		}
	}
	list := s.versions(subject)
	for _, e := range slices.Backward(list) {
		if e.Deleted && !scope.deleted {
			continue
		}
		st, err := s.load(subject, e)
		if err != nil {
			return nil, err
		}
		if r.same(s, next, st) {
			return fromStore(st), nil
		}
		if scope.latestOnly {
			break
		}
	}
	return nil, nil
}

// same reports whether a submitted schema is a stored one: equal references, or none where the stored
// one has some, and equal content but for a version stamped into the metadata.
func (r *Registry) same(s state, next *canonical, st *stored) bool {
	if next.Type != st.SchemaType || next.parsed == nil || st.Schema == "" {
		return false
	}
	if !(len(next.References) == 0 && len(st.References) > 0) && !slices.Equal(next.References, st.References) {
		return false
	}
	nextMeta, oldMeta := next.Metadata, st.Metadata
	nextVersion, nextHas := stampedVersion(nextMeta)
	_, oldHas := stampedVersion(oldMeta)
	switch {
	case oldHas && !nextHas:
		oldMeta = withoutVersion(oldMeta)
		if nextMeta == nil {
			nextMeta = &api.Metadata{}
		}
	case nextHas && !oldHas:
		if nextVersion != st.Version {
			return false
		}
		nextMeta = withoutVersion(nextMeta)
		if oldMeta == nil {
			oldMeta = &api.Metadata{}
		}
	}
	if !equalMetadata(nextMeta, oldMeta) || !equalRuleSets(next.RuleSet, st.RuleSet) {
		return false
	}
	if next.Text == st.Schema {
		return true
	}
	if next.Type != api.Avro {
		return false // for the other languages the canonical text is all there is
	}
	old, _, err := r.reparse(s, st)
	return err == nil && next.parsed.Equivalent(old)
}

// answer is a version as answered.
func (r *Registry) answer(s state, f *found, format string) (*api.Schema, error) {
	a := &api.Schema{
		Subject: f.Subject, Version: f.Version, ID: f.ID, SchemaType: f.SchemaType, References: f.References,
		Metadata: f.Metadata, RuleSet: f.RuleSet, Schema: f.Schema,
	}
	if f.Schema != "" {
		a.GUID = f.GUID.String()
	}
	if f.stamped {
		a.TS, a.Deleted = &f.TS, &f.stored.Deleted
	}
	if format != "" && f.Schema != "" {
		text, err := r.formatted(s, &f.stored, format)
		if err != nil {
			return nil, err
		}
		a.Schema = text
	}
	return a, nil
}

// formatted renders a stored text in a format of its language.
func (r *Registry) formatted(s state, st *stored, format string) (string, error) {
	parsed, _, err := r.reparse(s, st)
	if err != nil {
		return "", err
	}
	text, err := parsed.Format(format)
	return text, asInvalid(err)
}
