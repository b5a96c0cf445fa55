package registry

import (
	"encoding/json"
	"slices"

	"github.com/seed-9f7c7091/concordat/api"
)

// An association binds a resource, which is a topic, and one of its parts, its keys or
// its values, to the subject that describes them. A STRONG one is frozen: its
// subject belongs to the resource alone, is named after it, is made with it and goes with it. A
// WEAK one points at a subject that lives its own life and may be shared.

// Lifecycles of an association. None is only asked for in filters: subjects without one.
const (
	Strong        = "STRONG"
	Weak          = "WEAK"
	lifecycleNone = "NONE"
)

// AssociationFilter picks associations. Empty members let all pass.
type AssociationFilter struct {
	ResourceType string
	Types        []string
	Lifecycles   []string
}

func (f *AssociationFilter) active() bool {
	return f.ResourceType != "" || len(f.Types) > 0 || len(f.Lifecycles) > 0
}

func (f *AssociationFilter) matches(a *storedAssociation) bool {
	return (f.ResourceType == "" || a.ResourceType == f.ResourceType) &&
		(len(f.Types) == 0 || slices.Contains(f.Types, a.AssociationType)) &&
		(len(f.Lifecycles) == 0 || slices.Contains(f.Lifecycles, a.Lifecycle))
}

// storedAssociation is an association as the index keeps it.
type storedAssociation struct {
	associationValue
	UpdateTS int64 `json:"updateTs,omitempty"`
}

// resource is what the keys of all indexes have in common.
func (a *storedAssociation) resource() []byte {
	var k []byte
	for _, part := range []string{a.ResourceName, a.ResourceNamespace, a.ResourceType, a.AssociationType} {
		k = append(append(k, part...), 0)
	}
	return k
}

// key is the key in the index that holds the association itself.
func (a *storedAssociation) key() []byte { return key(a.Subject, a.resource()...) }

// indexKeys are the keys under which the other indexes refer to key.
func (a *storedAssociation) indexKeys() map[string][]byte {
	k := append(a.resource(), a.Subject...)
	return map[string][]byte{resources: key(a.ResourceID, k...), resourceNames: k, namespaces: key(a.ResourceNamespace, k...)}
}

// eachAssociation walks associations in the order they are listed in: by name of the
// resource, namespace, type, association type and subject.
func (s state) eachAssociation(index string, prefix []byte, yield func(*storedAssociation) bool) {
	s.Ascend(index, prefix, nil, func(_, v []byte) bool {
		if index != associations {
			v = s.Get(associations, v)
		}
		a := new(storedAssociation)
		return v == nil || json.Unmarshal(v, a) != nil || yield(a)
	})
}

// associationSet names associations: an index, what their keys there begin with, and a test, as a
// name with a zero byte in it would look like two.
type associationSet struct {
	index  string
	prefix []byte
	holds  func(*storedAssociation) bool
}

func ofSubject(subject string) associationSet {
	return associationSet{associations, key(subject), func(a *storedAssociation) bool { return a.Subject == subject }}
}

func ofResource(id string) associationSet {
	return associationSet{resources, key(id), func(a *storedAssociation) bool { return a.ResourceID == id }}
}

func ofName(namespace, name string) associationSet {
	return associationSet{resourceNames, key(name, key(namespace)...), func(a *storedAssociation) bool {
		return a.ResourceNamespace == namespace && a.ResourceName == name
	}}
}

// anyName stands for every name, or every namespace, in the calls that list by name.
const anyName = "-"

func matchingName(namespace, name string) associationSet {
	switch {
	case namespace == anyName && name == anyName:
		return associationSet{resourceNames, nil, func(*storedAssociation) bool { return true }}
	case namespace == anyName:
		return associationSet{resourceNames, key(name), func(a *storedAssociation) bool { return a.ResourceName == name }}
	case name == anyName:
		return associationSet{namespaces, key(namespace), func(a *storedAssociation) bool { return a.ResourceNamespace == namespace }}
	}
	return ofName(namespace, name)
}

// collect lists a set's associations that pass a filter.
func (s state) collect(set associationSet, f AssociationFilter) []*storedAssociation {
	var list []*storedAssociation
	s.eachAssociation(set.index, set.prefix, func(a *storedAssociation) bool {
		if set.holds(a) && f.matches(a) {
			list = append(list, a)
		}
		return true
	})
	return list
}

func (r *Registry) listAssociations(set associationSet, f AssociationFilter, p Page) ([]api.Association, error) {
	return view(r, func(s state) ([]api.Association, error) {
		list := []api.Association{}
		skip, want := p.Offset, r.settings.Schemas.Limit(p.Limit)
		if want <= 0 {
			return list, nil
		}
		s.eachAssociation(set.index, set.prefix, func(a *storedAssociation) bool {
			switch {
			case !set.holds(a) || !f.matches(a):
			case skip > 0:
				skip--
			default:
				list = append(list, a.answer())
			}
			return len(list) < want
		})
		return list, nil
	})
}

// AssociationsOfSubject lists the associations of a subject.
func (r *Registry) AssociationsOfSubject(subject string, f AssociationFilter, p Page) ([]api.Association, error) {
	return r.listAssociations(ofSubject(NormalizeSubject(subject)), f, p)
}

// AssociationsOfResource lists the associations of a resource by its id.
func (r *Registry) AssociationsOfResource(id string, f AssociationFilter, p Page) ([]api.Association, error) {
	return r.listAssociations(ofResource(id), f, p)
}

// AssociationsByName lists the associations of a resource by its name; "-" stands for every
// namespace and for every name.
func (r *Registry) AssociationsByName(namespace, name string, f AssociationFilter, p Page) ([]api.Association, error) {
	return r.listAssociations(matchingName(namespace, name), f, p)
}

func (s state) associated(subject string) bool {
	found := false
	s.eachAssociation(associations, key(subject), func(*storedAssociation) bool { found = true; return false })
	return found
}

func (s state) stronglyAssociated(subject string) bool {
	found := false
	s.eachAssociation(associations, key(subject), func(a *storedAssociation) bool {
		found = a.Lifecycle == Strong
		return !found
	})
	return found
}

// associatedBy applies a filter to a subject: the associations that match, and
// whether the subject is kept.
func (s state) associatedBy(subject string, f AssociationFilter) ([]api.Association, bool) {
	if !f.active() {
		return nil, true
	}
	var list []api.Association
	for _, a := range s.collect(ofSubject(subject), f) {
		list = append(list, a.answer())
	}
	return list, len(list) > 0 || slices.Contains(f.Lifecycles, lifecycleNone) && !s.associated(subject)
}

// answer is an association as served.
func (a *storedAssociation) answer() api.Association {
	return api.Association{Subject: a.Subject, GUID: a.GUID, ResourceName: a.ResourceName, ResourceNamespace: a.ResourceNamespace,
		ResourceID: a.ResourceID, ResourceType: a.ResourceType, AssociationType: a.AssociationType, Lifecycle: a.Lifecycle,
		Frozen: servedFrozen(a.Lifecycle, a.Frozen), CreateTS: a.CreateTS, UpdateTS: a.UpdateTS}
}

// servedFrozen tells frozen only where it is not what the lifecycle implies.
func servedFrozen(lifecycle string, frozen bool) *bool {
	if frozen == (lifecycle == Strong) {
		return nil
	}
	return &frozen
}
