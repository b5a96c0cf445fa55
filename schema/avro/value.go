package avro

import "github.com/seed-9f7c7091/concordat/schema/jsontree"

// appendJSON appends a value as compact JSON. Numbers that JSON cannot carry
// are written as strings.
func appendJSON(dst []byte, v *jsontree.Value) []byte {
	switch v.Kind {
	case jsontree.Bool:
		if v.Bool {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case jsontree.Number:
		if !finite(v.Text) {
			return jsontree.AppendString(dst, v.Text)
		}
		return append(dst, v.Text...)
	case jsontree.String:
		return jsontree.AppendString(dst, v.Text)
	case jsontree.Array:
		dst = append(dst, '[')
		for i := range v.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, &v.Items[i])
		}
		return append(dst, ']')
	case jsontree.Object:
		dst = append(dst, '{')
		for i := range v.Members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = jsontree.AppendString(dst, v.Members[i].Name)
			dst = append(dst, ':')
			dst = appendJSON(dst, &v.Members[i].Value)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

// sameValue compares values in Java's spelling; the order of members does not
// count, nor do 1 and 1.0 equal each other.
func sameValue(a, b *jsontree.Value) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind {
		return false
	}
	switch a.Kind {
	case jsontree.Bool:
		return a.Bool == b.Bool
	case jsontree.Number, jsontree.String:
		return a.Text == b.Text
	case jsontree.Array:
		if len(a.Items) != len(b.Items) {
			return false
		}
		for i := range a.Items {
			if !sameValue(&a.Items[i], &b.Items[i]) {
				return false
			}
		}
	case jsontree.Object:
		return sameMembers(a.Members, b.Members)
	}
	return true
}

// fewMembers is up to how many members are found without a map.
const fewMembers = 16

func sameMembers(a, b []jsontree.Member) bool {
	if len(a) != len(b) {
		return false
	}
	find := finder(b)
	for i := range a {
		v := &b[i].Value
		if b[i].Name != a[i].Name {
			if v = find(a[i].Name); v == nil {
				return false
			}
		}
		if !sameValue(&a[i].Value, v) {
			return false
		}
	}
	return true
}

// finder returns the values of members by name, or nil.
func finder(members []jsontree.Member) func(name string) *jsontree.Value {
	if len(members) <= fewMembers {
		return func(name string) *jsontree.Value { return prop(members, name) }
	}
	index := make(map[string]*jsontree.Value, len(members))
	for i := range members {
		index[members[i].Name] = &members[i].Value
	}
	return func(name string) *jsontree.Value { return index[name] }
}
