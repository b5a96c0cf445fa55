package avro

import (
	"maps"
	"slices"
)

// equal compares two types with everything they refer to. It follows the
// equality of Avro's Java library, to which docs, aliases and the default
// symbols of enums are nothing; with strict they count.
//
// Pairs under comparison are held equal until something tells them apart, so
// recursive types compare in finite time; the pairs wait in a list, so that
// long chains of types need no stack.
func equal(a, b *Type, strict bool) bool {
	e := equality{strict: strict}
	e.add(a, b)
	for len(e.waiting) > 0 {
		last := len(e.waiting) - 1
		p := e.waiting[last]
		e.waiting = e.waiting[:last]
		if !e.same(p.a, p.b) {
			return false
		}
	}
	return true
}

type pair struct{ a, b *Type }

type equality struct {
	strict  bool
	waiting []pair
	seen    map[pair]struct{}
}

func (e *equality) add(a, b *Type) {
	if a != b {
		e.waiting = append(e.waiting, pair{a, b})
	}
}

func (e *equality) same(a, b *Type) bool {
	if a.Kind != b.Kind || a.Kind == unresolved || !sameMembers(a.Props, b.Props) {
		return false
	}
	switch a.Kind {
	case Array, Map:
		e.add(a.Items, b.Items)
	case Union:
		if len(a.Branches) != len(b.Branches) {
			return false
		}
		for i := range a.Branches {
			e.add(a.Branches[i], b.Branches[i])
		}
	case Record, Enum, Fixed:
		return e.named(a, b)
	}
	return true
}

func (e *equality) named(a, b *Type) bool {
	p := pair{a, b}
	if _, ok := e.seen[p]; ok {
		return true
	}
	if e.seen == nil {
		e.seen = make(map[pair]struct{})
	}
	e.seen[p] = struct{}{}

	m, n := a.Named, b.Named
	if m.Name.Full() != n.Name.Full() || m.Size != n.Size || !slices.Equal(m.Symbols, n.Symbols) || len(m.Fields) != len(n.Fields) {
		return false
	}
	if e.strict && !(sameText(m.Doc, n.Doc) && sameText(m.Default, n.Default) && sameSet(fullNames(m.Aliases), fullNames(n.Aliases))) {
		return false
	}
	for i := range m.Fields {
		f, g := &m.Fields[i], &n.Fields[i]
		if f.Name != g.Name || f.Order != g.Order || !sameValue(f.Default, g.Default) || !sameMembers(f.Props, g.Props) {
			return false
		}
		if e.strict && !(sameText(f.Doc, g.Doc) && sameSet(f.Aliases, g.Aliases)) {
			return false
		}
		e.add(f.Type, g.Type)
	}
	return true
}

func sameText(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func fullNames(names []Name) []string {
	if len(names) == 0 {
		return nil
	}
	full := make([]string, len(names))
	for i, n := range names {
		full[i] = n.Full()
	}
	return full
}

// sameSet compares lists without repetitions.
func sameSet(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	return slices.Equal(a, b) || maps.Equal(set(a), set(b))
}

func set(list []string) map[string]struct{} {
	m := make(map[string]struct{}, len(list))
	for _, s := range list {
		m[s] = struct{}{}
	}
	return m
}
