package jsonschema

import (
	"errors"
	"math"
	"slices"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// What is tried to make one record up.
const (
	maxAttempts = 24   // of whole records
	maxRetries  = 400  // of parts of one record
	partRetries = 8    // of one part
	maxValues   = 2000 // in one record, before it becomes as small as can be
	maxMade     = 200  // depth; beyond it there is null whatever the schema says
	maxText     = 1 << 12
)

// Generate makes up a record that matches the schema, as Generated does. Where
// none was found it is the one that comes nearest.
func (f *Format) Generate(g *record.Generator) any {
	v, _ := f.Generated(g)
	return v
}

// Generated makes up a record that matches the schema: the Validator has seen
// it. Some schemas let no record match, and of others none is found within
// a number of attempts; the error is then what the Validator says of the record.
func (f *Format) Generated(g *record.Generator) (any, error) {
	validator := f.Validator()
	var best any
	var why error
	for attempt := range maxAttempts {
		choices := g
		if attempt > 0 {
			// The same choices would fail in the same way.
			const many = 1 << 30
			choices = record.NewGenerator(uint64(g.Intn(many))*maxAttempts+uint64(attempt), g.Size())
		}
		m := &maker{Generator: choices, format: f, retries: maxRetries, values: maxValues}
		v := m.value([]*shape{f.shape}, 0)
		err := validator.ValidateValue(v)
		if err == nil {
			return v, nil
		}
		if attempt == 0 || failures(err) < failures(why) {
			best, why = v, err
		}
		if invalid := (*InvalidError)(nil); !errors.As(err, &invalid) {
			break
		}
	}
	return best, why
}

// failures is the number of things that are wrong with a record.
func failures(err error) int {
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		return len(invalid.Causes) + invalid.More
	}
	return math.MaxInt
}

// maker makes up one record.
type maker struct {
	*record.Generator
	format  *Format
	retries int // left
	values  int // left before the record has to end
}

// demand is what a value has to be: the shapes it is held against, branches chosen.
type demand struct {
	shapes  []*shape
	refused []*shape        // that the value must not match
	then    map[*shape]bool // of shapes with conditions, whether they were chosen to hold
}

// exhausted reports that what is made from now on has to be as small as can be.
func (m *maker) exhausted(depth int) bool {
	const usual, perLevel = 3, 8
	return m.values <= 0 || depth > usual+m.Size()/perLevel
}

// value makes a value that shapes accept.
func (m *maker) value(shapes []*shape, depth int) any {
	if depth > maxMade {
		return nil
	}
	for try := 0; ; try++ {
		m.values--
		d := &demand{then: make(map[*shape]bool)}
		m.choose(d, shapes, m.exhausted(depth))
		if try > 0 { // what is made without regard to it is seldom refused
			for _, s := range d.refused {
				if contrary := m.contrary(s); contrary != nil {
					d.shapes = append(d.shapes, contrary)
				}
			}
		}
		v := m.one(d, depth)
		if try == partRetries || m.retries <= 0 || m.right(d, v) {
			return v
		}
		m.retries--
	}
}

// choose collects the shapes that a value has to match.
func (m *maker) choose(d *demand, shapes []*shape, least bool) {
	for _, s := range shapes {
		if slices.Contains(d.shapes, s) {
			continue
		}
		d.shapes = append(d.shapes, s)
		m.choose(d, s.all, least)
		if len(s.any) > 0 {
			m.choose(d, []*shape{m.branch(s.any, least)}, least)
		}
		if len(s.one) > 0 {
			chosen := m.branch(s.one, least)
			m.choose(d, []*shape{chosen}, least)
			for _, other := range s.one {
				if other != chosen {
					d.refused = append(d.refused, other)
				}
			}
		}
		if s.not != nil {
			d.refused = append(d.refused, s.not)
		}
		if s.condition == nil {
			continue
		}
		branch := s.otherwise
		if d.then[s] = m.Bool() && s.then != nil; d.then[s] {
			m.choose(d, []*shape{s.condition}, least)
			branch = s.then
		} else {
			d.refused = append(d.refused, s.condition)
		}
		if branch != nil {
			m.choose(d, []*shape{branch}, least)
		}
	}
}

// branch chooses among shapes of which there are values, or the one of which there are the simplest.
func (m *maker) branch(branches []*shape, least bool) *shape {
	heights := m.format.leastHeights()
	best := slices.MinFunc(branches, func(a, b *shape) int { return heights[a] - heights[b] })
	if least {
		return best
	}
	chosen := branches[m.Intn(len(branches))]
	if heights[chosen] >= impossible {
		return best
	}
	return chosen
}

// right reports whether a value is what was chosen, as far as the making of it
// does not see to that.
func (m *maker) right(d *demand, v any) bool {
	accepts := func(s *shape) bool {
		ok, err := m.format.accepts(s, v, false)
		return ok && err == nil
	}
	for _, s := range d.shapes {
		if s.not != nil && accepts(s.not) || s.condition != nil && accepts(s.condition) != d.then[s] {
			return false
		}
		matched := 0
		for _, branch := range s.one {
			if accepts(branch) {
				matched++
			}
		}
		if len(s.one) > 0 && matched != 1 {
			return false
		}
	}
	return true
}

// one makes a value without looking back.
func (m *maker) one(d *demand, depth int) any {
	types := d.types()
	if values, fixed := d.listed(types); fixed {
		if len(values) == 0 {
			return nil
		}
		return values[m.Intn(len(values))]
	}
	if len(types) == 0 {
		return nil
	}
	chosen := types[m.Intn(len(types))]
	if m.exhausted(depth) {
		chosen = types[0]
	}
	return makers[chosen](m, d, depth)
}

// makers make the values of a type.
var makers map[string]func(m *maker, d *demand, depth int) any

func init() {
	makers = map[string]func(m *maker, d *demand, depth int) any{
		"null":    func(*maker, *demand, int) any { return nil },
		"boolean": func(m *maker, _ *demand, _ int) any { return m.Bool() },
		"integer": func(m *maker, d *demand, _ int) any { return m.number(d, true) },
		"number":  func(m *maker, d *demand, _ int) any { return m.number(d, false) },
		"string":  func(m *maker, d *demand, _ int) any { return m.text(d) },
		"array":   func(m *maker, d *demand, depth int) any { return m.array(d, depth) },
		"object":  func(m *maker, d *demand, depth int) any { return m.object(d, depth) },
	}
}

// allTypes are in the order of simplicity.
var allTypes = []string{"null", "boolean", "integer", "number", "string", "array", "object"}

// asking are keywords by which a schema asks for a type, though it does not say so.
var asking = map[string]string{
	"properties": "object", "required": "object", "patternProperties": "object", "additionalProperties": "object",
	"minProperties": "object", "dependentRequired": "object", "propertyNames": "object", "unevaluatedProperties": "object",
	"items": "array", "prefixItems": "array", "minItems": "array", "contains": "array", "uniqueItems": "array", "unevaluatedItems": "array",
	"minLength": "string", "maxLength": "string", "pattern": "string", "format": "string",
	"minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number", "multipleOf": "number",
}

// types are those that a value may have: of the types that the shapes say, or of
// those that they ask for, else any that is simple.
func (d *demand) types() []string {
	var asked []string
	said := false
	allowed := slices.Clone(allTypes)
	for _, s := range d.shapes {
		if s.value.Kind == jsontree.Bool {
			if !s.value.Bool {
				return nil
			}
			continue
		}
		if s.types != nil {
			said = true
			allowed = slices.DeleteFunc(allowed, func(t string) bool {
				return !slices.Contains(s.types, t) && (t != "integer" || !slices.Contains(s.types, "number"))
			})
		}
		for _, member := range s.value.Members {
			if t := asking[member.Name]; t != "" && s.keyword(member.Name) != nil {
				asked = append(asked, t)
			}
		}
	}
	switch {
	case said && slices.Contains(allowed, "number"): // integers are numbers too
		return slices.DeleteFunc(allowed, func(t string) bool { return t == "integer" })
	case said:
		return allowed
	case len(asked) > 0:
		return slices.DeleteFunc(allowed, func(t string) bool { return !slices.Contains(asked, t) })
	}
	return slices.DeleteFunc(allowed, func(t string) bool { return t == "array" || t == "object" })
}

// listed are the values that enum and const leave, of the types.
func (d *demand) listed(types []string) (values []any, fixed bool) {
	for _, s := range d.shapes {
		if !s.fixed {
			continue
		}
		var own []any
		if c := s.keyword("const"); c != nil {
			own = []any{made(c)}
		} else if all := s.keyword("enum"); all != nil {
			for i := range all.Items {
				own = append(own, made(&all.Items[i]))
			}
		}
		if fixed {
			own = slices.DeleteFunc(own, func(v any) bool {
				return !slices.ContainsFunc(values, func(other any) bool { return key(v) == key(other) })
			})
		}
		values, fixed = own, true
	}
	typed := slices.ContainsFunc(d.shapes, func(s *shape) bool { return s.types != nil })
	if typed {
		values = slices.DeleteFunc(values, func(v any) bool {
			return !slices.ContainsFunc(types, func(t string) bool { return hasType(v, t) })
		})
	}
	return values, fixed
}

// made is a value of the schema as a value of a record.
func made(v *jsontree.Value) any {
	switch v.Kind {
	case jsontree.Bool:
		return v.Bool
	case jsontree.Number:
		return numberOf(v.Text)
	case jsontree.String:
		return v.Text
	case jsontree.Array:
		list := make([]any, len(v.Items))
		for i := range v.Items {
			list[i] = made(&v.Items[i])
		}
		return list
	case jsontree.Object:
		object := make(map[string]any, len(v.Members))
		for i := range v.Members {
			object[v.Members[i].Name] = made(&v.Members[i].Value)
		}
		return object
	}
	return nil
}

// key is a text that equal values share.
func key(v any) string {
	text, err := appendJSON(nil, v, 0)
	if err != nil {
		return ""
	}
	return string(text)
}

// impossible is the height of shapes that no value is known for.
const impossible = 1 << 20

// leastHeights are the heights of the flattest values of the shapes: how deep
// they have to be nested, as far as that is easily seen.
func (f *Format) leastHeights() map[*shape]int {
	f.measure.Do(func() {
		f.heights = make(map[*shape]int, len(f.shapes))
		for _, s := range f.shapes {
			f.heights[s] = impossible
		}
		const rounds = 100
		changed := true
		for round := 0; changed && round < rounds; round++ {
			changed = false
			for i := len(f.shapes) - 1; i >= 0; i-- { // what is referred to comes behind
				s := f.shapes[i]
				if h := f.height(s); h < f.heights[s] {
					f.heights[s] = h
					changed = true
				}
			}
		}
	})
	return f.heights
}

// height is that of a shape by those of the others.
func (f *Format) height(s *shape) int {
	if s.value.Kind == jsontree.Bool {
		if s.value.Bool {
			return 0
		}
		return impossible
	}
	least := func(shapes []*shape) int {
		h := impossible
		for _, other := range shapes {
			h = min(h, f.heights[other])
		}
		return h
	}
	h := 0
	for _, other := range s.all {
		h = max(h, f.heights[other])
	}
	if len(s.any) > 0 {
		h = max(h, least(s.any))
	}
	if len(s.one) > 0 {
		h = max(h, least(s.one))
	}
	if s.fixed || s.types == nil || slices.ContainsFunc(s.types, func(t string) bool { return t != "object" && t != "array" }) {
		return h
	}
	parts := impossible
	if slices.Contains(s.types, "array") {
		parts = 0
		least := count(s, "minItems")
		for i := 0; i < least && i <= len(s.tuple); i++ {
			if item := s.item(i); item != nil {
				parts = max(parts, f.heights[item])
			}
		}
	}
	if slices.Contains(s.types, "object") {
		inner := 0
		if required := s.keyword("required"); required != nil {
			for _, name := range texts(required) {
				if property := s.byName[name]; property != nil {
					inner = max(inner, f.heights[property])
				}
			}
		}
		parts = min(parts, inner)
	}
	return min(impossible, max(h, 1+parts))
}
