// Package avro reads Avro schemas the way the reference registry does, which
// reads them with the Java library of Apache Avro 1.12: Parse accepts what that
// library accepts, and the canonical text is what it prints.
//
// A parsed Schema leads to an immutable tree of Type values. A named type
// defined once is one *Type however often it is used, so the tree of a
// recursive schema has cycles.
package avro

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// Language reads Avro schemas.
var Language schema.Language = language{}

type language struct{}

func (language) Type() string { return api.Avro }

func (language) Parse(src schema.Source) (schema.Schema, error) {
	s, err := Parse(src)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// FormatResolved is the format in which types that come from references are
// written out at their first use.
const FormatResolved = "resolved"

// Schema is a parsed Avro schema. It implements schema.Schema.
type Schema struct {
	root      *Type
	canonical string
	source    schema.Source
	// provided holds the full names that the canonical text takes for granted:
	// those of the outermost types of the references.
	provided []string
	size     int

	fields   []string
	fieldsOf sync.Once
}

// Parse reads a schema and the schemas it depends on. Errors are a
// *jsontree.Error, schema.ErrTooDeep, an *Error, or one of them wrapped in a
// *DependencyError.
func Parse(src schema.Source) (*Schema, error) {
	p := newParser(src.New, src.Text)
	var provided []string
	size := int(unsafe.Sizeof(Schema{}))
	for i := range src.Dependencies {
		d := &src.Dependencies[i]
		t, err := p.document(d.Text)
		if err != nil {
			return nil, &DependencyError{Name: d.Name, Subject: d.Subject, Version: d.Version, Err: err}
		}
		provided = append(provided, t.FullName())
		size += len(d.Text)
	}
	root, err := p.document(src.Text)
	if err != nil {
		return nil, err
	}
	s := &Schema{root: root, source: src, provided: provided}
	if s.canonical, err = printed(root, provided, src.Text); err != nil {
		return nil, err
	}
	s.size = size + p.size + len(src.Text) + len(s.canonical)
	return s, nil
}

// DependencyError is an error in a schema that the parsed one depends on.
type DependencyError struct {
	Name, Subject string
	Version       int
	Err           error
}

func (e *DependencyError) Error() string {
	return fmt.Sprintf("in the reference %q (subject %q, version %d): %v", e.Name, e.Subject, e.Version, e.Err)
}

func (e *DependencyError) Unwrap() error { return e.Err }

// Root is the outermost type.
func (s *Schema) Root() *Type { return s.root }

// Type is api.Avro.
func (s *Schema) Type() string { return api.Avro }

// Name is the full name of a record, "" for every other schema.
func (s *Schema) Name() string {
	if s.root.Kind == Record {
		return s.root.FullName()
	}
	return ""
}

// Canonical is the text as Avro prints it, compact and with types from
// references by their names.
func (s *Schema) Canonical() string { return s.canonical }

// Validate accepts every parsed schema: Avro has no checks beyond parsing.
func (s *Schema) Validate(bool) error { return nil }

// Format renders the schema: FormatResolved with the types from references
// written out, everything else as the canonical text.
func (s *Schema) Format(name string) (string, error) {
	if !strings.EqualFold(name, FormatResolved) || len(s.provided) == 0 {
		return s.canonical, nil
	}
	return printed(s.root, nil, s.canonical)
}

// Equivalent reports whether other says the same: equal types, names,
// defaults, properties, docs and aliases, in whatever order properties and
// aliases are written, and wherever named types are defined.
func (s *Schema) Equivalent(other schema.Schema) bool {
	o, ok := other.(*Schema)
	return ok && (s == o || equal(s.root, o.root, true))
}

// Fields returns the names of the fields of a record, nil for every other schema.
func (s *Schema) Fields() []string {
	s.fieldsOf.Do(func() {
		if s.root.Kind != Record {
			return
		}
		s.fields = make([]string, len(s.root.Named.Fields))
		for i := range s.root.Named.Fields {
			s.fields[i] = s.root.Named.Fields[i].Name
		}
	})
	return s.fields
}

// Size estimates the memory of the parsed form in bytes.
func (s *Schema) Size() int { return s.size }

// Error reports a text that is JSON but no Avro schema.
type Error struct {
	Message      string
	Line, Column int // in the text, from 1; columns count bytes
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s (line %d, column %d)", e.Message, e.Line, e.Column)
}

func errorAt(text string, offset int, format string, args ...any) error {
	head := text[:min(offset, len(text))]
	return &Error{
		Message: fmt.Sprintf(format, args...),
		Line:    strings.Count(head, "\n") + 1,
		Column:  len(head) - strings.LastIndexByte(head, '\n'),
	}
}

// written prints a value of the text for a message, cut where it is long.
func written(v *jsontree.Value) string {
	const most = 500
	s := string(appendJSON(nil, v))
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
