package avro

import (
	"reflect"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// named returns the branch of a name, or -1.
func (n *node) named(name string) int {
	for i, b := range n.branches {
		if b.name == name {
			return i
		}
	}
	return -1
}

// choose returns the branch of a value, or -1, and the value without the name of its branch.
//
// Java asks the value for its schema. Our values are told by their Go types,
// texts by the symbols of enums, bytes by the sizes of fixed types and objects by the names of fields;
// where more than one branch takes a value, a string is preferred to an enum,
// bytes to fixed, a record to a map, and then what stands first.
func (n *node) choose(v any) (int, any) {
	if b, ok := v.(*record.Branch); ok && b != nil {
		return n.named(b.Name), b.Value
	}
	like := n.of[classOf(v)]
	for _, i := range like {
		if n.branches[i].takes(v, 1) {
			return i, v
		}
	}
	for _, i := range like {
		if n.branches[i].takes(v, 0) {
			return i, v
		}
	}
	if i, inner := n.tagged(v); i >= 0 {
		return i, inner
	}
	if i := n.convertible(v); i >= 0 {
		return i, v
	}
	if len(like) > 0 {
		return like[0], v // which then says what is wrong
	}
	return -1, v
}

// tagged reads a value with the name of its branch, as {"com.example.A": {…}}, which no branch takes as it is.
func (n *node) tagged(v any) (int, any) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return -1, nil
	}
	for name, inner := range m {
		if i := n.named(name); i >= 0 && n.branches[i].kind != avro.Null {
			return i, inner
		}
	}
	return -1, nil
}

// convertible returns the first branch that a value can be converted to, or -1.
func (n *node) convertible(v any) int {
	if nothing(v) {
		return n.null
	}
	for i, b := range n.branches {
		switch b.kind {
		case avro.Null:
		case avro.Record:
			if hasFields(b, v) {
				return i
			}
		case avro.Array:
			if k := indirect(reflect.ValueOf(v)); k.Kind() == reflect.Slice && k.Type().Elem().Kind() != reflect.Uint8 {
				return i
			}
		case avro.Map:
			if indirect(reflect.ValueOf(v)).Kind() == reflect.Map {
				return i
			}
		default:
			if _, ok := b.fit(v); ok {
				return i
			}
		}
	}
	return -1
}

// hasFields reports whether a map or a struct has what a record needs: the fields without default.
func hasFields(n *node, v any) bool {
	var has func(name string) bool
	if m, ok := v.(map[string]any); ok {
		has = func(name string) bool { _, ok := m[name]; return ok }
	} else {
		r := indirect(reflect.ValueOf(v))
		switch r.Kind() {
		case reflect.Struct:
			s := structOf(r.Type())
			has = func(name string) bool { _, ok := s[name]; return ok }
		case reflect.Map:
			if r.Type().Key().Kind() != reflect.String {
				return false
			}
			has = func(name string) bool { return r.MapIndex(reflect.ValueOf(name).Convert(r.Type().Key())).IsValid() }
		default:
			return false
		}
	}
	for i := range n.fields {
		if f := &n.fields[i]; !f.hasDef && !has(f.name) {
			return false
		}
	}
	return true
}

// takes reports whether a value could be one of the type, by its Go type. It looks
// so deep into objects; deeper, what could be one is taken for one, so that the cost is
// that of the names.
func (n *node) takes(v any, depth int) bool {
	switch n.kind {
	case avro.Enum:
		s, ok := v.(string)
		return ok && n.symbol(s) >= 0
	case avro.Fixed:
		b, ok := v.([]byte)
		return ok && len(b) == n.size
	case avro.Record:
		m, ok := v.(map[string]any)
		if !ok || len(m) != len(n.fields) {
			return false
		}
		for i := range n.fields {
			x, ok := m[n.fields[i].name]
			if !ok || depth > 0 && !n.fields[i].node.takes(x, depth-1) {
				return false
			}
		}
		return true
	case avro.Map:
		m, ok := v.(map[string]any)
		if !ok {
			return false
		}
		if depth > 0 {
			for _, x := range m {
				if !n.items.takes(x, depth-1) {
					return false
				}
			}
		}
		return true
	case avro.Union:
		if b, ok := v.(*record.Branch); ok && b != nil {
			return n.named(b.Name) >= 0
		}
		for _, i := range n.of[classOf(v)] {
			if n.branches[i].takes(v, depth) {
				return true
			}
		}
		return false
	}
	return classOf(v) == classOfKind[n.kind]
}

// wrap is a value of a branch as records hold it: alone, or with the name of the
// branch where others would take it.
func (n *node) wrap(i int, v any) any {
	b := n.branches[i]
	like := n.of[classOfKind[b.kind]]
	if len(like) == 1 {
		return v
	}
	takers := 0
	for _, j := range like {
		if j == i || n.branches[j].takes(v, 1) {
			takers++
		}
	}
	if takers == 1 {
		return v
	}
	return &record.Branch{Name: b.name, Value: v}
}
