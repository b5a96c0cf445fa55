package jsonschema

import (
	"slices"
	"strconv"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// contrary makes a shape whose values break one of the keywords of another
// shape, nil if none of its keywords is among those that are known how to break.
func (m *maker) contrary(s *shape) *shape {
	type broken struct {
		shape   *shape
		keyword string
	}
	var all []broken
	for _, same := range reachable([]*shape{s}, func(s *shape) []*shape { return s.all }) {
		for _, member := range same.value.Members {
			if contraries[member.Name] != nil && same.keyword(member.Name) != nil {
				all = append(all, broken{same, member.Name})
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	chosen := all[m.Intn(len(all))]
	return contraries[chosen.keyword](m, chosen.shape, chosen.shape.keyword(chosen.keyword))
}

// contraries are how keywords are broken; nil where that cannot be.
var contraries map[string]func(m *maker, s *shape, v *jsontree.Value) *shape

func init() {
	contraries = map[string]func(m *maker, s *shape, v *jsontree.Value) *shape{
		"type": func(_ *maker, s *shape, _ *jsontree.Value) *shape { return otherTypes(s) },

		"minimum":          limited("exclusiveMaximum", 0),
		"exclusiveMinimum": limited("maximum", 0),
		"maximum":          limited("exclusiveMinimum", 0),
		"exclusiveMaximum": limited("minimum", 0),
		"minLength":        limited("maxLength", -1),
		"maxLength":        limited("minLength", 1),
		"minItems":         limited("maxItems", -1),
		"maxItems":         limited("minItems", 1),
		"minProperties":    limited("maxProperties", -1),
		"maxProperties":    limited("minProperties", 1),

		"required": func(m *maker, _ *shape, v *jsontree.Value) *shape {
			names := texts(v)
			if len(names) == 0 {
				return nil
			}
			return withProperty(names[m.Intn(len(names))], never, false)
		},
		"properties": func(m *maker, s *shape, _ *jsontree.Value) *shape {
			if len(s.properties) == 0 {
				return nil
			}
			p := s.properties[m.Intn(len(s.properties))]
			if inner := m.contrary(p.shape); inner != nil {
				return withProperty(p.name, inner, true)
			}
			return nil
		},
		"additionalProperties": func(m *maker, s *shape, _ *jsontree.Value) *shape {
			if isFalse(s.additional) {
				return withProperty(m.Word(), anything, true)
			}
			return nil
		},
	}
}

// invented makes a shape that is in no text.
func invented(members ...jsontree.Member) *shape {
	return &shape{value: &jsontree.Value{Kind: jsontree.Object, Members: members}, dialect: dialects["2020-12"]}
}

var (
	anything = invented()
	never    = &shape{value: &jsontree.Value{Kind: jsontree.Bool}, dialect: anything.dialect}
	anyText  = &shape{value: anything.value, dialect: anything.dialect, types: []string{"string"}}
)

// limited breaks a limit by one from the other side, so many beyond it.
func limited(keyword string, beyond int) func(m *maker, s *shape, v *jsontree.Value) *shape {
	return func(_ *maker, _ *shape, v *jsontree.Value) *shape {
		if v.Kind != jsontree.Number {
			return nil
		}
		text := v.Text
		if beyond != 0 {
			n, err := strconv.Atoi(text)
			if err != nil || n+beyond < 0 {
				return nil
			}
			text = strconv.Itoa(n + beyond)
		}
		return invented(jsontree.Member{Name: keyword, Value: jsontree.Value{Kind: jsontree.Number, Text: text}})
	}
}

// otherTypes has the types that a shape does not.
func otherTypes(s *shape) *shape {
	other := invented()
	other.types = slices.DeleteFunc(slices.Clone(allTypes), func(t string) bool {
		return slices.Contains(s.types, t) || t == "integer" && slices.Contains(s.types, "number") || t == "number"
	})
	return other
}

// withProperty has a property of a shape, which may have to be there.
func withProperty(name string, inner *shape, required bool) *shape {
	s := invented()
	s.byName = map[string]*shape{name: inner}
	if required {
		list := jsontree.Value{Kind: jsontree.Array, Items: []jsontree.Value{{Kind: jsontree.String, Text: name}}}
		s.value.Members = []jsontree.Member{{Name: "required", Value: list}}
	}
	return s
}
