package jsonschema

import "github.com/seed-9f7c7091/concordat/schema/jsontree"

// Position is a schema in the text of a Schema or in one that it refers to: where a reader stands who has to go through
// the texts themselves, because the Model leaves out what only instances are held against. Dialects and references are
// decided as they are for the Model, and nothing is fetched. The positions of one walk share what was read on the way,
// so a walk belongs to one goroutine.
type Position struct {
	Value *jsontree.Value // the schema; it must not be changed

	loader *loader
	scope  scope // within the schema
}

// Start is the schema itself. Errors are those of Validate.
func (s *Schema) Start() (Position, error) {
	if _, err := s.Model(); err != nil {
		return Position{}, err
	}
	l, sc, err := begin(s.root, s.dependencies)
	if err != nil {
		return Position{}, &InvalidError{err}
	}
	return l.position(place{s.root, sc})
}

func (l *loader) position(at place) (Position, error) {
	sc, err := at.scope.enter(at.value)
	return Position{at.value, l, sc}, err
}

// Below is the position of a schema that stands within the one at hand.
func (p Position) Below(v *jsontree.Value) (Position, error) {
	return p.loader.position(place{v, p.scope})
}

// Follow is the position that a reference in the schema at hand leads to.
func (p Position) Follow(ref string) (Position, error) {
	at, err := p.loader.find(ref, p.scope)
	if err != nil {
		return Position{}, err
	}
	return p.loader.position(at)
}

// Alias is the reference that the schema amounts to: up to draft 7 a $ref hides
// all that stands beside it.
func (p Position) Alias() (ref string, ok bool) {
	if v := p.Value.Get("$ref"); v != nil && !p.scope.dialect.modern {
		return v.Text, true
	}
	return "", false
}

// Dialect is the version of JSON Schema that the schema is read as: draft-04,
// draft-06, draft-07, 2019-09 or 2020-12.
func (p Position) Dialect() string { return p.scope.dialect.name }

// Resource is what pointers in references start from: the root of the text, or
// in the later dialects the innermost schema around that has an id.
func (p Position) Resource() *jsontree.Value { return p.scope.root }

// Document is the root of the text, and the URI that references name it by; ""
// for the text of the Schema itself.
func (p Position) Document() (root *jsontree.Value, uri string) {
	return p.scope.document.root, p.scope.document.uri
}
