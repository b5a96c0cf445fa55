package registry

import (
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

// byID finds a schema by id. The subject, written or "", says in which context, and
// which use of the id is preferred.
func (s state) byID(id int, subject string) (*stored, bool) {
	q := ParseSubject(subject)
	if q.Context == "*" {
		q.Context = DefaultContext
	}
	try := func(context string) (*stored, bool) {
		name := contextPrefix(context) + q.Name
		if e, ok := s.versionOf(context, id, name); ok {
			st, err := s.load(name, e)
			return st, err == nil
		}
		return nil, false
	}
	if q.Name != "" {
		if st, ok := try(q.Context); ok {
			return st, true
		}
		if q.Context != DefaultContext {
			return nil, false
		}
		for _, context := range s.namedContexts() {
			if st, ok := try(context); ok {
				return st, true
			}
		}
	}
	if sub, e, ok := s.firstUse(q.Context, id); ok {
		st, err := s.load(sub, e)
		return st, err == nil
	}
	return nil, false
}

// SchemaByID answers a schema by its id. The subject, or "", gives the context and the use preferred; deleted versions
// count. maxID adds the highest id of the context.
func (r *Registry) SchemaByID(id int, subject string, o FetchOptions, maxID bool) (*api.SchemaString, error) {
	return view(r, func(s state) (*api.SchemaString, error) {
		st, ok := s.byID(id, subject)
		if !ok {
			return nil, api.SchemaNotFoundAs(id)
		}
		a, err := r.dress(s, st, o, false)
		if err != nil {
			return nil, err
		}
		out := schemaString(a)
		if maxID {
			n := max(s.maxID(ParseSubject(st.Subject).Context), 1)
			out.MaxID = &n
		}
		return out, nil
	})
}

func schemaString(a *api.Schema) *api.SchemaString {
	return &api.SchemaString{Subject: a.Subject, Version: a.Version, GUID: a.GUID, SchemaType: a.SchemaType, Schema: a.Schema,
		References: a.References, Metadata: a.Metadata, RuleSet: a.RuleSet, SchemaTags: a.SchemaTags, TS: a.TS, Deleted: a.Deleted}
}

// UsesOfID lists the versions that carry an id's content. The subject gives the context.
func (r *Registry) UsesOfID(id int, subject string, deleted bool, p Page) ([]api.SubjectVersion, error) {
	return view(r, func(s state) ([]api.SubjectVersion, error) {
		list, err := s.uses(id, subject, deleted)
		return page(list, p, r.settings.Versions), err
	})
}

// SubjectsOfID lists the subjects that carry an id's content. The subject gives the context.
func (r *Registry) SubjectsOfID(id int, subject string, deleted bool, p Page) ([]string, error) {
	return view(r, func(s state) ([]string, error) {
		uses, err := s.uses(id, subject, deleted)
		list := []string{}
		for _, u := range uses {
			list = append(list, u.Subject)
		}
		return page(list, p, r.settings.Subjects), err
	})
}

// uses finds the schema of an id, and lists where the id that its content is now known by is used.
func (s state) uses(id int, subject string, deleted bool) ([]api.SubjectVersion, error) {
	st, ok := s.byID(id, subject)
	if !ok {
		return nil, api.SchemaNotFound()
	}
	context := ParseSubject(st.Subject).Context
	list := []api.SubjectVersion{}
	current, ok := s.idOf(st.GUID, context)
	if !ok {
		return list, nil
	}
	s.usesOf(context, current, func(sub string, version int) bool {
		if e, ok := s.entry(sub, version); ok && (deleted || !e.Deleted) {
			list = append(list, api.SubjectVersion{Subject: sub, Version: version})
		}
		return true
	})
	inHashOrder(list, func(u api.SubjectVersion) string { return u.Subject })
	return list, nil
}

// byGUID finds a schema by its GUID, in the default context first.
func (s state) byGUID(text string) (*stored, bool) {
	guid, ok := schema.ParseGUID(text)
	if !ok {
		return nil, false
	}
	for _, context := range append([]string{DefaultContext}, s.namedContexts()...) {
		id, ok := s.idOf(guid, context)
		if !ok {
			continue
		}
		if sub, e, ok := s.firstUse(context, id); ok {
			st, err := s.load(sub, e)
			return st, err == nil
		}
	}
	return nil, false
}

// SchemaByGUID answers a schema by its GUID, a UUID with or without dashes. No subject or version is told.
func (r *Registry) SchemaByGUID(guid, format string) (*api.SchemaString, error) {
	return view(r, func(s state) (*api.SchemaString, error) {
		st, ok := s.byGUID(guid)
		if !ok {
			return nil, api.SchemaNotFoundAs(guid)
		}
		a, err := r.answer(s, fromStore(st), format)
		if err != nil {
			return nil, err
		}
		out := schemaString(a)
		out.Subject, out.Version = "", 0
		return out, nil
	})
}

// IDsOfGUID lists the ids a content has, by context and id. Malformed GUIDs have none.
func (r *Registry) IDsOfGUID(text string) ([]api.ContextID, error) {
	return view(r, func(s state) ([]api.ContextID, error) {
		list := []api.ContextID{}
		guid, ok := schema.ParseGUID(text)
		if !ok {
			return list, nil
		}
		for _, context := range append([]string{DefaultContext}, s.namedContexts()...) {
			// A content stays known by its id when its last version is gone.
			if v := s.Get(hashes, hashKey(guid, context)); v != nil {
				list = append(list, api.ContextID{Context: context, ID: number(v)})
			}
		}
		slices.SortFunc(list, func(a, b api.ContextID) int { return strings.Compare(a.Context, b.Context) })
		return list, nil
	})
}
