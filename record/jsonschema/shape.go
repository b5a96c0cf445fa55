package jsonschema

import (
	"fmt"
	"slices"

	"github.com/seed-9f7c7091/concordat/schema/jsonschema/javaregexp"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"

	source "github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// shape is a schema with its references followed, for those who go through
// records beside it and who make records up. What it says of values that are no
// objects and arrays is read from the text where it is needed. Shapes are
// immutable once made; references make cycles of them.
type shape struct {
	value   *jsontree.Value // the schema: true, false or an object
	dialect *dialect
	tags    []string
	types   []string // that values may have; nil for all
	fixed   bool     // values are listed, by enum or const
	plain   bool     // there are no keywords beside type

	// What follows is about the same value.

	all                        []*shape // allOf and what references lead to
	any, one                   []*shape
	condition, then, otherwise *shape
	dependents                 []*property // in force where there is a property of the name
	not                        *shape

	// What follows is about parts of the value.

	properties       []*property
	byName           map[string]*shape
	patterns         []*pattern
	additional       *shape // of properties that have no schema of their own
	names            *shape // of the names of properties
	tuple            []*shape
	items            *shape // behind the tuple
	contains         *shape
	unevaluatedItems *shape
	unevaluated      *shape // properties
}

// property is what is said of a property, or because of it.
type property struct {
	name  string
	shape *shape
}

// pattern is what is said of the properties whose names match.
type pattern struct {
	re    *javaregexp.Regexp
	shape *shape
}

// inPlace are the shapes that a value may be held against together with this
// one; what is not ruled out is among them.
func (s *shape) inPlace() []*shape {
	list := slices.Concat(s.all, s.any, s.one)
	for _, d := range s.dependents {
		list = append(list, d.shape)
	}
	for _, branch := range []*shape{s.then, s.otherwise} {
		if branch != nil {
			list = append(list, branch)
		}
	}
	return list
}

// conditional reports whether it depends on the value which shapes are held against it.
func (s *shape) conditional() bool {
	return len(s.any)+len(s.one)+len(s.dependents) > 0 || s.condition != nil
}

// itemShapes are those of the items.
func (s *shape) itemShapes() []*shape {
	if s.items == nil {
		return s.tuple
	}
	return append(slices.Clone(s.tuple), s.items)
}

// item is the shape of the item at an index, nil for none.
func (s *shape) item(i int) *shape {
	if i < len(s.tuple) {
		return s.tuple[i]
	}
	return s.items
}

// number is a keyword that is a number, as text, "" if it is absent.
func (s *shape) number(keyword string) string {
	if v := s.keyword(keyword); v != nil && v.Kind == jsontree.Number {
		return v.Text
	}
	return ""
}

// keyword is the value of a keyword that the dialect has, nil if it is absent.
func (s *shape) keyword(name string) *jsontree.Value {
	if _, known := s.dialect.keywords[name]; !known || s.hidden(name) {
		return nil
	}
	return s.value.Get(name)
}

// hidden reports whether a keyword is without force beside a $ref.
func (s *shape) hidden(keyword string) bool {
	return keyword != "$ref" && !s.dialect.modern && s.value.Get("$ref") != nil
}

// shaper makes the shapes of a schema.
type shaper struct {
	known    map[*jsontree.Value]*shape
	all      []*shape
	branches []source.Position // schemas that values are held against by themselves
}

func newShaper() *shaper { return &shaper{known: make(map[*jsontree.Value]*shape)} }

// tagsKeyword holds the tags of a schema.
const tagsKeyword = "confluent:tags"

func (b *shaper) shape(p source.Position) (*shape, error) {
	if s := b.known[p.Value]; s != nil {
		return s, nil
	}
	if len(b.known) == maxSchemas {
		return nil, &LimitError{fmt.Sprintf("the schema has more than %d schemas in it", maxSchemas)}
	}
	s := &shape{value: p.Value, dialect: dialects[p.Dialect()], plain: true}
	b.known[p.Value] = s
	b.all = append(b.all, s)
	if tags := p.Value.Get(tagsKeyword); tags != nil {
		s.tags = texts(tags)
	}
	for i := range p.Value.Members {
		m := &p.Value.Members[i]
		if _, known := s.dialect.keywords[m.Name]; !known || s.hidden(m.Name) {
			continue
		}
		if m.Name != "type" {
			s.plain = false
		}
		if read := shapers[m.Name]; read != nil {
			if err := read(&reading{b, p, s}, &m.Value); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// texts are the texts of a list.
func texts(list *jsontree.Value) []string {
	var all []string
	for i := range list.Items {
		if list.Items[i].Kind == jsontree.String {
			all = append(all, list.Items[i].Text)
		}
	}
	return all
}

// reading is the making of one shape.
type reading struct {
	*shaper
	position source.Position
	shape    *shape
}

// shapers are how the keywords are read that lead to other schemas, or tell which values there are.
var shapers map[string]func(r *reading, v *jsontree.Value) error

func init() {
	shapers = map[string]func(r *reading, v *jsontree.Value) error{
		"type": func(r *reading, v *jsontree.Value) error {
			if r.shape.types = texts(v); v.Kind == jsontree.String {
				r.shape.types = []string{v.Text}
			}
			return nil
		},
		"enum":  func(r *reading, _ *jsontree.Value) error { r.shape.fixed = true; return nil },
		"const": func(r *reading, _ *jsontree.Value) error { r.shape.fixed = true; return nil },

		"$ref":        (*reading).reference,
		"$dynamicRef": (*reading).reference,
		"allOf":       func(r *reading, v *jsontree.Value) error { return r.many(&r.shape.all, v) },
		"anyOf":       func(r *reading, v *jsontree.Value) error { return r.branching(&r.shape.any, v) },
		"oneOf":       func(r *reading, v *jsontree.Value) error { return r.branching(&r.shape.one, v) },
		"not":         (*reading).negation,

		"if":               (*reading).conditional,
		"then":             func(r *reading, v *jsontree.Value) error { return r.single(&r.shape.then, v) },
		"else":             func(r *reading, v *jsontree.Value) error { return r.single(&r.shape.otherwise, v) },
		"dependencies":     (*reading).dependents,
		"dependentSchemas": (*reading).dependents,

		"properties":            (*reading).properties,
		"patternProperties":     (*reading).patterns,
		"additionalProperties":  func(r *reading, v *jsontree.Value) error { return r.single(&r.shape.additional, v) },
		"unevaluatedProperties": func(r *reading, v *jsontree.Value) error { return r.single(&r.shape.unevaluated, v) },
		"propertyNames":         func(r *reading, v *jsontree.Value) error { return r.single(&r.shape.names, v) },

		"items":            (*reading).items,
		"prefixItems":      func(r *reading, v *jsontree.Value) error { return r.many(&r.shape.tuple, v) },
		"additionalItems":  (*reading).additionalItems,
		"unevaluatedItems": func(r *reading, v *jsontree.Value) error { return r.single(&r.shape.unevaluatedItems, v) },
		"contains":         func(r *reading, v *jsontree.Value) error { return r.single(&r.shape.contains, v) },
	}
}

func (r *reading) below(v *jsontree.Value) (*shape, error) {
	p, err := r.position.Below(v)
	if err != nil {
		return nil, err
	}
	return r.shaper.shape(p)
}

func (r *reading) single(to **shape, v *jsontree.Value) (err error) {
	*to, err = r.below(v)
	return err
}

func (r *reading) many(to *[]*shape, v *jsontree.Value) error {
	for i := range v.Items {
		s, err := r.below(&v.Items[i])
		if err != nil {
			return err
		}
		*to = append(*to, s)
	}
	return nil
}

// branching reads schemas of which values have to be held against each.
func (r *reading) branching(to *[]*shape, v *jsontree.Value) error {
	for i := range v.Items {
		if err := r.branch(&v.Items[i]); err != nil {
			return err
		}
	}
	return r.many(to, v)
}

// branch notes a schema that values are held against by itself.
func (r *reading) branch(v *jsontree.Value) error {
	if v.Kind != jsontree.Object {
		return nil
	}
	p, err := r.position.Below(v)
	if err == nil {
		r.branches = append(r.branches, p)
	}
	return err
}

func (r *reading) conditional(v *jsontree.Value) error {
	if err := r.branch(v); err != nil {
		return err
	}
	return r.single(&r.shape.condition, v)
}

func (r *reading) negation(v *jsontree.Value) error {
	if err := r.branch(v); err != nil {
		return err
	}
	return r.single(&r.shape.not, v)
}

func (r *reading) reference(v *jsontree.Value) error {
	to, err := r.position.Follow(v.Text)
	if err != nil {
		return fmt.Errorf("$ref %q: %w", v.Text, err)
	}
	target, err := r.shaper.shape(to)
	r.shape.all = append(r.shape.all, target)
	return err
}

func (r *reading) dependents(v *jsontree.Value) error {
	for i := range v.Members {
		m := &v.Members[i]
		if m.Value.Kind == jsontree.Array {
			continue
		}
		s, err := r.below(&m.Value)
		if err != nil {
			return err
		}
		r.shape.dependents = append(r.shape.dependents, &property{m.Name, s})
	}
	return nil
}

func (r *reading) properties(v *jsontree.Value) error {
	r.shape.byName = make(map[string]*shape, len(v.Members))
	for i := range v.Members {
		m := &v.Members[i]
		s, err := r.below(&m.Value)
		if err != nil {
			return err
		}
		r.shape.properties = append(r.shape.properties, &property{m.Name, s})
		r.shape.byName[m.Name] = s
	}
	return nil
}

func (r *reading) patterns(v *jsontree.Value) error {
	for i := range v.Members {
		m := &v.Members[i]
		re, err := javaregexp.Compile(m.Name)
		if err != nil {
			return err
		}
		s, err := r.below(&m.Value)
		if err != nil {
			return err
		}
		r.shape.patterns = append(r.shape.patterns, &pattern{re, s})
	}
	return nil
}

// items reads a schema of all items, or up to draft 7 those of the first ones.
func (r *reading) items(v *jsontree.Value) error {
	if v.Kind == jsontree.Array {
		return r.many(&r.shape.tuple, v)
	}
	return r.single(&r.shape.items, v)
}

// additionalItems counts only behind a tuple.
func (r *reading) additionalItems(v *jsontree.Value) error {
	if items := r.position.Value.Get("items"); items == nil || items.Kind != jsontree.Array {
		return nil
	}
	return r.single(&r.shape.items, v)
}
