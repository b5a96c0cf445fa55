package jsonschema

import (
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// effective appends the shapes that a value of an object of the Go types of a
// record is held against, in the order of the schema: those given, what they refer to, all
// of allOf, of oneOf the first that accepts the value, of anyOf all that do, then or else.
//
// Where none of oneOf or anyOf accepts the value, it is asked again without what
// strings have to look like: another one may stand there that rules have put
// in place of the one that fits, and that they have to find again.
func (f *Format) effective(dst, shapes []*shape, v any) ([]*shape, error) {
	for _, s := range shapes {
		if slices.Contains(dst, s) {
			continue
		}
		dst = append(dst, s)
		more := s.all
		if s.conditional() {
			chosen, err := f.chosen(s, v)
			if err != nil {
				return nil, err
			}
			more = append(slices.Clone(more), chosen...)
		}
		var err error
		if dst, err = f.effective(dst, more, v); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// chosen are the branches of a shape that a value takes.
func (f *Format) chosen(s *shape, v any) ([]*shape, error) {
	const all = math.MaxInt
	list, err := f.accepting(nil, s.any, v, all)
	if err != nil {
		return nil, err
	}
	if list, err = f.accepting(list, s.one, v, 1); err != nil {
		return nil, err
	}
	if s.condition != nil {
		branch := s.then
		ok, err := f.accepts(s.condition, v, false)
		if err != nil {
			return nil, err
		}
		if !ok {
			branch = s.otherwise
		}
		if branch != nil {
			list = append(list, branch)
		}
	}
	if m, ok := v.(map[string]any); ok {
		for _, d := range s.dependents {
			if _, there := m[d.name]; there {
				list = append(list, d.shape)
			}
		}
	}
	return list, nil
}

// accepting appends the first branches that accept a value.
func (f *Format) accepting(dst, branches []*shape, v any, most int) ([]*shape, error) {
	for _, loose := range []bool{false, true} {
		found := 0
		for _, b := range branches {
			if found == most {
				break
			}
			ok, err := f.accepts(b, v, loose)
			if err != nil {
				return nil, err
			}
			if ok {
				dst = append(dst, b)
				found++
			}
		}
		if found > 0 {
			break
		}
	}
	return dst, nil
}

// accepts tells whether a value matches a branch. The validator is asked only
// where the type does not decide.
func (f *Format) accepts(s *shape, v any, loose bool) (bool, error) {
	switch {
	case s.value.Kind == jsontree.Bool:
		return s.value.Bool, nil
	case s.types != nil && !slices.ContainsFunc(s.types, func(t string) bool { return hasType(v, t) }):
		return false, nil
	case s.plain:
		return true, nil
	}
	v, err := generic(v)
	if err != nil {
		return false, err
	}
	return f.validator(loose).accepts(s.value, v)
}

// hasType reports whether a value has a type of JSON Schema.
func hasType(v any, name string) bool {
	switch t := typeOf(v); {
	case t != "number":
		return t == name
	case name == "integer":
		return whole(v)
	default:
		return name == t
	}
}

// typeOf is the type of a value in JSON Schema, number for whole ones too; ""
// for what is no JSON.
func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case int64, float64, json.Number, int, int32, float32:
		return "number"
	case map[string]any:
		return "object"
	case []any:
		return "array"
	}
	return ""
}

// whole reports whether a number is an integer.
func whole(v any) bool {
	switch v := v.(type) {
	case float64:
		return v == math.Trunc(v)
	case float32:
		return float64(v) == math.Trunc(float64(v))
	case json.Number:
		s := significand(string(v))
		return s.exponent >= 0 || !strings.ContainsAny(string(v), ".eE")
	}
	return true
}
