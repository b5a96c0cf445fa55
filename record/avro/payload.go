package avro

import (
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// DecodeJSON reads a payload as ToJSON would give its record, without making the record. With whole set, bytes
// behind the record are an error. Errors are a *PayloadError. What it returns is the caller's.
func (f *Format) DecodeJSON(payload []byte, whole bool) (any, error) {
	if f.RawBytes() {
		return characters(payload), nil
	}
	s := &source{rest: payload, size: len(payload), room: len(payload) + maxBeyond}
	v, wrong := s.json(f.root)
	if wrong != nil {
		return nil, &PayloadError{Offset: wrong.offset, Path: wrong.pointer(), Reason: wrong.reason}
	}
	if whole && len(s.rest) > 0 {
		return nil, trailing(len(payload)-len(s.rest), len(s.rest))
	}
	return v, nil
}

// json reads a value as JSON.
func (s *source) json(n *node) (any, *wrong) {
	switch n.kind {
	case avro.Boolean:
		b, wrong := s.bytes("a boolean", 1)
		return wrong == nil && b[0] == 1, wrong
	case avro.Int:
		i, wrong := s.long(32)
		return i, wrong
	case avro.Long:
		i, wrong := s.long(64)
		return i, wrong
	case avro.Float:
		f, wrong := s.single()
		if wrong != nil {
			return nil, wrong
		}
		if word := notFinite(float64(f)); word != "" {
			return word, nil
		}
		return f, nil
	case avro.Double:
		f, wrong := s.double()
		if wrong != nil {
			return nil, wrong
		}
		if word := notFinite(f); word != "" {
			return word, nil
		}
		return f, nil
	case avro.String:
		b, wrong := s.text(n.name)
		if wrong != nil {
			return nil, wrong
		}
		return s.string(b), nil
	case avro.Bytes:
		b, wrong := s.text(n.name)
		return characters(b), wrong
	case avro.Fixed:
		b, wrong := s.bytes(n.name, int64(n.size))
		return characters(b), wrong
	case avro.Enum:
		i, wrong := s.choice(n)
		if wrong != nil {
			return nil, wrong
		}
		return n.symbols[i], nil
	case avro.Union:
		i, wrong := s.choice(n)
		if wrong != nil || n.branches[i].kind == avro.Null {
			return nil, wrong
		}
		v, wrong := s.json(n.branches[i])
		return &chosen{n.branches[i].name, v}, wrong
	case avro.Record:
		return s.fields(n)
	case avro.Array:
		return s.array(reader{json: n.items}, n.items.empty)
	case avro.Map:
		return s.row(n)
	}
	return nil, nil
}

func (s *source) fields(n *node) (any, *wrong) {
	if wrong := s.enter(); wrong != nil {
		return nil, wrong
	}
	if s.room -= n.spared; s.room < 0 {
		return nil, s.tooMany()
	}
	values := make([]any, len(n.fields))
	for i := range n.fields {
		f := &n.fields[i]
		v, wrong := s.json(f.node)
		if wrong != nil {
			return nil, wrong.at(f.name)
		}
		values[i] = v
	}
	s.depth--
	return &row{n.names, n.index, values}, nil
}

func (s *source) row(n *node) (any, *wrong) {
	r, ordered := new(row), true
	wrong := s.each(false, func(left int) *wrong {
		if r.names == nil {
			r.names, r.values = make([]string, 0, left), make([]any, 0, left)
		}
		name, v, wrong := s.entry(reader{json: n.items})
		ordered = ordered && (len(r.names) == 0 || r.names[len(r.names)-1] < name)
		r.names, r.values = append(r.names, name), append(r.values, v)
		return wrong
	})
	if wrong != nil {
		return nil, wrong
	}
	if !ordered {
		r.order()
	}
	return r, nil
}

// row is a record or a map as JSON, read from a payload.
type row struct {
	names  []string       // of a record those of the schema, of a map in their order
	index  map[string]int // of a record
	values []any          // of names
}

// order puts the entries of a map in their order. Of those that have one key, the last stays.
func (r *row) order() {
	type entry struct {
		name  string
		value any
	}
	all := make([]entry, len(r.names))
	for i, name := range r.names {
		all[i] = entry{name, r.values[i]}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	r.names, r.values = r.names[:0], r.values[:0]
	for i, e := range all {
		if i+1 < len(all) && all[i+1].name == e.name {
			continue
		}
		r.names, r.values = append(r.names, e.name), append(r.values, e.value)
	}
}

// Names are the names in their order.
func (r *row) Names() []string { return r.names }

// Value is the value of the i-th name.
func (r *row) Value(i int) any { return r.values[i] }

// Get is the value of a name, and whether there is one.
func (r *row) Get(name string) (any, bool) {
	i, ok := r.index[name]
	if r.index == nil {
		i, ok = slices.BinarySearch(r.names, name)
	}
	if !ok {
		return nil, false
	}
	return r.values[i], true
}

func (r *row) MarshalJSON() ([]byte, error) { return appendJSON(nil, r) }

// chosen is a value of a union under the name of its branch, read from a payload.
type chosen struct {
	name  string
	value any
}

// Names is the name of the branch.
func (c *chosen) Names() []string { return []string{c.name} }

// Get is the value, under the name of the branch.
func (c *chosen) Get(name string) (any, bool) {
	if name != c.name {
		return nil, false
	}
	return c.value, true
}

func (c *chosen) MarshalJSON() ([]byte, error) { return appendJSON(nil, c) }
