package registry

import (
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

// Page is a part of a list. Limit is judged by the limits of the settings.
type Page struct{ Offset, Limit int }

// page cuts a page out of a list.
func page[T any](list []T, p Page, l SearchLimit) []T {
	from := min(max(p.Offset, 0), len(list))
	to := len(list)
	if n := l.Limit(p.Limit); n < to-from {
		to = from + n
	}
	return list[from:to:to]
}

// Deletion says which versions of a list count.
type Deletion int

// What counts: live versions, all, or deleted ones alone.
const (
	Live Deletion = iota
	WithDeleted
	OnlyDeleted
)

// Subjects lists subject names in order. prefix "" means the default context, ":*:x" names that begin
// with x in every context, anything else qualified names that begin so. OnlyDeleted lists subjects whose every version is deleted.
func (r *Registry) Subjects(prefix string, which Deletion, p Page) ([]string, error) {
	return view(r, func(s state) ([]string, error) {
		list := []string{}
		enough := max(p.Offset, 0) + r.settings.Subjects.Limit(p.Limit)
		s.eachSubject(prefix, func(subject string, versions []entry) bool {
			live := slices.ContainsFunc(versions, func(e entry) bool { return !e.Deleted })
			if which == WithDeleted || live == (which == Live) {
				list = append(list, subject)
			}
			return len(list) < enough
		})
		return page(list, p, r.settings.Subjects), nil
	})
}

// eachSubject walks the subjects a prefix names, in order, with their versions.
func (s state) eachSubject(prefix string, yield func(subject string, versions []entry) bool) {
	var subject string
	var list []entry
	goOn := true
	s.eachVersion(scanPrefix(prefix), func(sub string, e entry) bool {
		if !prefixMatches(prefix, sub) {
			return true
		}
		if sub != subject && list != nil {
			if goOn = yield(subject, list); !goOn {
				return false
			}
			list = nil
		}
		subject, list = sub, append(list, e)
		return true
	})
	if goOn && list != nil {
		yield(subject, list)
	}
}

// scanPrefix is what stored names matching a subject prefix have in common.
func scanPrefix(prefix string) string {
	if strings.HasPrefix(prefix, AllContexts) {
		return ""
	}
	return NormalizePrefix(prefix)
}

// NormalizePrefix gives the stored form of what names begin with: the default
// context, when a prefix names it, has none.
func NormalizePrefix(prefix string) string {
	return strings.TrimPrefix(prefix, ":"+DefaultContext+":")
}

func prefixMatches(prefix, subject string) bool {
	prefix = NormalizePrefix(prefix)
	if name, ok := strings.CutPrefix(prefix, AllContexts); ok {
		return strings.HasPrefix(ParseSubject(subject).Name, name)
	}
	if prefix == "" {
		return ParseSubject(subject).Context == DefaultContext
	}
	return strings.HasPrefix(subject, prefix)
}

// Versions lists the version numbers of a subject.
func (r *Registry) Versions(subject string, which Deletion, negative bool, p Page) ([]int, error) {
	return view(r, func(s state) ([]int, error) {
		all := s.versions(NormalizeSubject(subject))
		live := slices.ContainsFunc(all, func(e entry) bool { return !e.Deleted })
		if len(all) == 0 || !live && which == Live {
			return nil, api.SubjectNotFound(subject)
		}
		list := []int{}
		for _, e := range all {
			switch {
			case negative && e.Deleted:
				list = append(list, -e.Version)
			case negative || which == WithDeleted || e.Deleted == (which == OnlyDeleted):
				list = append(list, e.Version)
			}
		}
		return page(list, p, r.settings.Versions), nil
	})
}

// fetch resolves a version of a subject, in other contexts too where the subject
// names none and has none.
func (r *Registry) fetch(s state, subject string, version int, deleted bool) (*stored, error) {
	name := NormalizeSubject(subject)
	e, ok := s.find(name, version, deleted)
	if !ok && ParseSubject(name).Context == DefaultContext {
		for _, context := range s.namedContexts() {
			other := contextPrefix(context) + name
			if e, ok = s.find(other, version, deleted); ok {
				name = other
				break
			}
		}
	}
	if !ok {
		if !s.has(name, deleted) {
			return nil, api.SubjectNotFound(subject)
		}
		return nil, api.VersionNotFound(version)
	}
	return s.load(name, e)
}

// FetchOptions say how a schema is answered.
type FetchOptions struct {
	Deleted         bool
	Format          string
	ReferenceFormat string   // "qualified" names the context of references
	FindTags        []string // inline tags to look for; "*" for all
}

// Version answers a version of a subject.
func (r *Registry) Version(subject string, version int, o FetchOptions) (*api.Schema, error) {
	return view(r, func(s state) (*api.Schema, error) {
		st, err := r.fetch(s, subject, version, o.Deleted)
		if err != nil {
			return nil, err
		}
		return r.dress(s, st, o, true)
	})
}

// dress answers a stored version as the options ask.
func (r *Registry) dress(s state, st *stored, o FetchOptions, rehash bool) (*api.Schema, error) {
	a, err := r.answer(s, fromStore(st), o.Format)
	if err != nil {
		return nil, err
	}
	if len(o.FindTags) > 0 {
		if a.SchemaTags, err = r.findTags(s, st, o.FindTags); err != nil {
			return nil, err
		}
	}
	context := ParseSubject(st.Subject).Context
	if strings.EqualFold(o.ReferenceFormat, "qualified") && context != DefaultContext && len(a.References) > 0 {
		a.References = slices.Clone(a.References)
		for i := range a.References {
			a.References[i].Subject = qualifyReference(a.References[i].Subject, context)
		}
		if rehash { // a quirk of the reference: the digest is taken again over the rewritten references
			a.GUID = schema.Identify(st.Schema, a.References, st.Metadata, st.RuleSet).String()
		}
	}
	return a, nil
}

func (r *Registry) findTags(s state, st *stored, wanted []string) ([]api.SchemaTags, error) {
	if st.Schema == "" {
		return nil, nil
	}
	parsed, _, err := r.reparse(s, st)
	if err != nil {
		return nil, err
	}
	all := parsed.Tags()
	if slices.Contains(wanted, "*") {
		return all, nil
	}
	return slices.DeleteFunc(all, func(t api.SchemaTags) bool {
		return !slices.ContainsFunc(t.Tags, func(tag string) bool { return slices.Contains(wanted, tag) })
	}), nil
}

// ReferencedBy lists the ids of the schemas that refer to a version, by context and id.
func (r *Registry) ReferencedBy(subject string, version int, deleted bool, p Page) ([]int, error) {
	return view(r, func(s state) ([]int, error) {
		st, err := r.fetch(s, subject, version, true)
		if err != nil {
			return nil, err
		}
		list := []int{}
		s.eachReferrer(st.Subject, st.Version, func(context string, id int) bool {
			if deleted || s.liveUse(context, id) {
				list = append(list, id)
			}
			return true
		})
		return page(list, p, r.settings.Schemas), nil
	})
}

func (s state) liveUse(context string, id int) bool {
	live := false
	s.usesOf(context, id, func(sub string, version int) bool {
		e, ok := s.entry(sub, version)
		live = ok && !e.Deleted
		return !live
	})
	return live
}

// MetadataOptions say which version a metadata look-up wants: one whose metadata
// properties contain all pairs.
type MetadataOptions struct {
	Pairs   [][2]string
	Deleted bool
	Format  string
}

// VersionWithMetadata answers the highest version of a subject with the properties asked for.
func (r *Registry) VersionWithMetadata(subject string, o MetadataOptions) (*api.Schema, error) {
	return view(r, func(s state) (*api.Schema, error) {
		all := s.versions(NormalizeSubject(subject))
		if !slices.ContainsFunc(all, func(e entry) bool { return o.Deleted || !e.Deleted }) {
			return nil, api.SubjectNotFound(subject)
		}
		for _, e := range slices.Backward(all) {
			if e.Deleted && !o.Deleted {
				continue
			}
			st, err := s.load(NormalizeSubject(subject), e)
			if err != nil {
				return nil, err
			}
			if st.Metadata != nil && hasAll(st.Metadata.Properties, o.Pairs) {
				return r.answer(s, fromStore(st), o.Format)
			}
		}
		return nil, api.SchemaNotFound()
	})
}

func hasAll(properties map[string]string, pairs [][2]string) bool {
	for _, p := range pairs {
		if v, ok := properties[p[0]]; !ok || v != p[1] {
			return false
		}
	}
	return true
}

// SchemasOptions say which versions a list of schemas has.
type SchemasOptions struct {
	Prefix     string // as of Subjects
	Deleted    bool
	LatestOnly bool   // the highest version of each subject only
	Aliases    bool   // the targets of aliases as well
	RuleType   string // those with a rule of this type only; "" for all
	Associated AssociationFilter
	Page       Page
}

// Schemas lists versions by subject and version.
func (r *Registry) Schemas(o SchemasOptions) ([]*api.Schema, error) {
	return view(r, func(s state) ([]*api.Schema, error) {
		list := []*api.Schema{}
		var aliases map[string][]string
		if o.Aliases {
			aliases = s.aliasesWithin(o.Prefix)
		}
		skip, want := max(o.Page.Offset, 0), r.settings.Schemas.Limit(o.Page.Limit)
		var failed error
		visit := func(subject string, versions []entry) bool {
			if !prefixMatches(o.Prefix, subject) && aliases[subject] == nil {
				return true
			}
			linked, keep := s.associatedBy(subject, o.Associated)
			if !keep {
				return true
			}
			counted := slices.DeleteFunc(versions, func(e entry) bool { return e.Deleted && !o.Deleted })
			if o.LatestOnly && len(counted) > 1 {
				counted = counted[len(counted)-1:]
			}
			for _, e := range counted {
				if skip > 0 && o.RuleType == "" {
					skip--
					continue
				}
				st, err := s.load(subject, e)
				if err != nil {
					failed = err
					return false
				}
				if o.RuleType != "" && !hasRuleType(st.RuleSet, o.RuleType) {
					continue
				}
				if skip > 0 {
					skip--
					continue
				}
				a, _ := r.answer(s, fromStore(st), "")
				a.Aliases, a.Associations = aliases[subject], linked
				if list = append(list, a); len(list) >= want {
					return false
				}
			}
			return true
		}
		scan := o.Prefix
		if len(aliases) > 0 {
			scan = AllContexts
		}
		if want > 0 {
			s.eachSubject(scan, visit)
		}
		return list, failed
	})
}

func hasRuleType(s *api.RuleSet, ruleType string) bool {
	if s == nil {
		return false
	}
	for _, list := range ruleLists {
		if slices.ContainsFunc(list.rules(s), func(r api.Rule) bool { return r.Type == ruleType }) {
			return true
		}
	}
	return false
}

// aliasesWithin maps the targets of the aliases configured on subjects under a
// prefix to the names of these aliases.
func (s state) aliasesWithin(prefix string) map[string][]string {
	found := map[string][]string{}
	s.Ascend(configs, []byte(scanPrefix(prefix)), nil, func(k, _ []byte) bool {
		subject := string(k[:len(k)-1])
		if subject == "" || !prefixMatches(prefix, subject) {
			return true
		}
		if target := s.alias(subject); target != subject {
			target = NormalizeSubject(target)
			found[target] = append(found[target], subject)
		}
		return true
	})
	return found
}

// Contexts lists the contexts whose names begin with prefix, the default one first.
func (r *Registry) Contexts(prefix string, p Page) ([]string, error) {
	return view(r, func(s state) ([]string, error) {
		list := slices.DeleteFunc(append([]string{DefaultContext}, s.namedContexts()...), func(c string) bool { return !strings.HasPrefix(c, prefix) })
		return page(list, p, r.settings.Contexts), nil
	})
}
