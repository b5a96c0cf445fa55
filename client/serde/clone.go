package serde

import (
	"reflect"

	"google.golang.org/protobuf/proto"

	"github.com/seed-9f7c7091/concordat/schema"
)

// clone copies a value with all that it leads to and that rules could change:
// maps, slices, pointers, and the exported fields of structs. Rules change a copy, since the value is the caller's.
func clone(v any) any { return copied(v, 0) }

// maxDepth is how deep values are copied; a value that contains itself is none that could be written.
const maxDepth = schema.MaxDepth

func copied(v any, depth int) any {
	if depth > maxDepth {
		return v
	}
	switch v := v.(type) {
	case nil, bool, string, int, int32, int64, float32, float64:
		return v
	case map[string]any:
		m := make(map[string]any, len(v))
		for name, x := range v {
			m[name] = copied(x, depth+1)
		}
		return m
	case []any:
		a := make([]any, len(v))
		for i, x := range v {
			a[i] = copied(x, depth+1)
		}
		return a
	case []byte:
		return append([]byte(nil), v...)
	case proto.Message:
		return proto.Clone(v)
	}
	return cloned(reflect.ValueOf(v), depth).Interface()
}

func cloned(v reflect.Value, depth int) reflect.Value {
	if depth > maxDepth {
		return v
	}
	depth++
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(cloned(v.Elem(), depth))
		return p
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		i := reflect.New(v.Type()).Elem()
		i.Set(cloned(v.Elem(), depth))
		return i
	case reflect.Struct:
		s := reflect.New(v.Type()).Elem()
		s.Set(v) // what is not exported is shared
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && refers(v.Field(i).Kind()) {
				s.Field(i).Set(cloned(v.Field(i), depth))
			}
		}
		return s
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		s := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(s, v)
		if refers(v.Type().Elem().Kind()) {
			for i := range v.Len() {
				s.Index(i).Set(cloned(v.Index(i), depth))
			}
		}
		return s
	case reflect.Array:
		a := reflect.New(v.Type()).Elem()
		a.Set(v)
		if refers(v.Type().Elem().Kind()) {
			for i := range v.Len() {
				a.Index(i).Set(cloned(v.Index(i), depth))
			}
		}
		return a
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		m := reflect.MakeMapWithSize(v.Type(), v.Len())
		for each := v.MapRange(); each.Next(); {
			m.SetMapIndex(each.Key(), cloned(each.Value(), depth))
		}
		return m
	}
	return v
}

// refers reports whether values of a kind may lead to others.
func refers(k reflect.Kind) bool {
	switch k {
	case reflect.Pointer, reflect.Interface, reflect.Struct, reflect.Slice, reflect.Array, reflect.Map:
		return true
	}
	return false
}
