package serde

import (
	"bytes"
	"fmt"
	"reflect"

	"google.golang.org/protobuf/proto"

	"github.com/seed-9f7c7091/concordat/record"
)

// clone copies a value with all that it leads to and that rules could change:
// maps, slices, pointers, and the exported fields of structs. Rules change a copy, since the value is the caller's.
// A value nested deeper than any that could be written, as one that contains itself is, is a *record.MismatchError.
func clone(v any) (any, error) {
	var c cloning
	v = c.copied(v, 0)
	if c.tooDeep {
		return nil, &record.MismatchError{Reason: fmt.Sprintf("the value is nested more than %d deep", maxDepth)}
	}
	return v, nil
}

// maxDepth is how deep values are copied: as deep as JSON, of all formats, lets them be.
const maxDepth = 10_000

// cloning is a copy being made.
type cloning struct {
	tooDeep bool // which ends it: what leads to itself in two ways is beyond all counting
}

func (c *cloning) beyond(depth int) bool {
	c.tooDeep = c.tooDeep || depth > maxDepth
	return c.tooDeep
}

func (c *cloning) copied(v any, depth int) any {
	if c.beyond(depth) {
		return v
	}
	switch v := v.(type) {
	case nil, bool, string, int, int32, int64, float32, float64:
		return v
	case map[string]any:
		if v == nil {
			return v // which is null, and no object without members
		}
		m := make(map[string]any, len(v))
		for name, x := range v {
			m[name] = c.copied(x, depth+1)
		}
		return m
	case []any:
		if v == nil {
			return v
		}
		a := make([]any, len(v))
		for i, x := range v {
			a[i] = c.copied(x, depth+1)
		}
		return a
	case []byte:
		return bytes.Clone(v)
	case proto.Message:
		return proto.Clone(v)
	}
	return c.cloned(reflect.ValueOf(v), depth).Interface()
}

func (c *cloning) cloned(v reflect.Value, depth int) reflect.Value {
	if c.beyond(depth) {
		return v
	}
	depth++
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(c.cloned(v.Elem(), depth))
		return p
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		i := reflect.New(v.Type()).Elem()
		i.Set(c.cloned(v.Elem(), depth))
		return i
	case reflect.Struct:
		s := reflect.New(v.Type()).Elem()
		s.Set(v) // what is not exported is shared
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && refers(v.Field(i).Kind()) {
				s.Field(i).Set(c.cloned(v.Field(i), depth))
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
				s.Index(i).Set(c.cloned(v.Index(i), depth))
			}
		}
		return s
	case reflect.Array:
		a := reflect.New(v.Type()).Elem()
		a.Set(v)
		if refers(v.Type().Elem().Kind()) {
			for i := range v.Len() {
				a.Index(i).Set(c.cloned(v.Index(i), depth))
			}
		}
		return a
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		m := reflect.MakeMapWithSize(v.Type(), v.Len())
		for each := v.MapRange(); each.Next(); {
			m.SetMapIndex(each.Key(), c.cloned(each.Value(), depth))
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
