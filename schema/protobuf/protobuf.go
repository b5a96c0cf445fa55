// Package protobuf reads Protobuf schemas: .proto files of proto2, proto3 and
// edition 2023.
//
// A text is read into its structure (File), not compiled: the registry that
// this one must match is built on Square's Wire, which checks little, so that
// files which no compiler takes are registered, printed and compared. For the
// same reason the text is read by a parser of our own: a compiler's parser
// refuses what the registry must take, or at least must name in its own words.
//
// The way of a text: lex and parse make a File of it; print makes the canonical text
// of a File; normalize makes another File, with every name resolved; serialize
// and descriptor convert to and from compiled descriptors.
package protobuf

import (
	"strings"
	"sync"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

// Language reads Protobuf schemas. A Dependency is named by its import path.
type Language struct{}

var _ schema.Language = Language{}

// Type returns api.Protobuf.
func (Language) Type() string { return api.Protobuf }

// Parse reads a .proto file, or a serialized FileDescriptorProto in base64.
// Errors are *SyntaxError, *DuplicateError or schema.ErrTooDeep. What the
// file refers to is not looked at before Validate, Normalized or Scope.
func (Language) Parse(src schema.Source) (schema.Schema, error) {
	f, err := read(src.Text)
	if err != nil {
		return nil, err
	}
	s := newSchema(f, src.Dependencies)
	s.read = len(src.Text)
	return s, nil
}

// read reads either form of a file.
func read(text string) (*File, error) {
	f, err := parse(text)
	if err == nil {
		return f, nil
	}
	if f := decode(text); f != nil {
		return f, nil
	}
	return nil, err
}

// Schema is a parsed Protobuf schema.
type Schema struct {
	file *File
	deps []schema.Dependency
	read int // bytes of the text that was read, of which the structure holds parts

	printed   sync.Once
	canonical string

	known    sync.Once
	names    *world
	namesErr error

	normalized sync.Once
	normal     *Schema
	normalErr  error
}

var _ schema.Schema = (*Schema)(nil)

func newSchema(f *File, deps []schema.Dependency) *Schema {
	return &Schema{file: f, deps: deps}
}

// File returns the structure of the schema, which must not be changed.
func (s *Schema) File() *File { return s.file }

// Type returns api.Protobuf.
func (s *Schema) Type() string { return api.Protobuf }

// Name is the full name of the first message, or else of the first enum; ""
// for a file without either.
func (s *Schema) Name() string {
	switch f := s.file; {
	case len(f.Messages) > 0:
		return join(f.Package, f.Messages[0].Name)
	case len(f.Enums) > 0:
		return join(f.Package, f.Enums[0].Name)
	}
	return ""
}

// Canonical is the file printed anew.
func (s *Schema) Canonical() string {
	s.printed.Do(func() { s.canonical = print(s.file, false) })
	return s.canonical
}

// Validate checks that every type name resolves, that maps have possible keys,
// and that the printed text can be read. With fields set it also builds the
// descriptor, whose rules are those of the Protobuf runtimes.
func (s *Schema) Validate(fields bool) error {
	normal, err := s.Normalized()
	if err != nil {
		return err
	}
	if s.file.rawDefaults {
		// The reference prints defaults other than strings without quotes, and
		// refuses those it cannot read again.
		if _, err := parse(normal.Canonical()); err != nil {
			return err
		}
		return &SyntaxError{"default value cannot stand without quotes", 1, 1}
	}
	if fields {
		_, err := s.descriptor()
		return err
	}
	return nil
}

// Normalized resolves names and sorts what may be sorted. The order of messages, enums,
// services and methods stays: message indexes depend on it.
func (s *Schema) Normalized() (schema.Schema, error) {
	s.normalized.Do(func() {
		f, err := normalize(s)
		if err != nil {
			s.normalErr = err
			return
		}
		s.normal = newSchema(f, s.deps)
	})
	if s.normalErr != nil {
		return nil, s.normalErr
	}
	return s.normal, nil
}

// The formats.
const (
	formatPlain      = "ignore_extensions"
	formatSerialized = "serialized"
)

// Format renders the schema: "serialized" is its FileDescriptorProto in base64,
// "ignore_extensions" leaves out custom options and extensions.
func (s *Schema) Format(name string) (string, error) {
	switch strings.ToLower(name) {
	case formatPlain:
		return print(s.file, true), nil
	case formatSerialized:
		return s.serialized()
	}
	return s.Canonical(), nil
}

// Equivalent reports whether the canonical texts are equal.
func (s *Schema) Equivalent(other schema.Schema) bool {
	o, ok := other.(*Schema)
	return ok && s.Canonical() == o.Canonical()
}

// Fields returns the names of the fields of all top-level messages.
func (s *Schema) Fields() []string {
	var names []string
	add := func(fields []*Field) {
		for _, f := range fields {
			names = append(names, f.Name)
		}
	}
	for _, m := range s.file.Messages {
		add(m.Fields)
		for _, o := range m.OneOfs {
			add(o.Fields)
		}
	}
	return names
}

// Size estimates the memory the schema holds, with its normal form and the
// names it can use, which are made when they are first needed: the structure of
// a file takes several times its text, and those of references count as well.
func (s *Schema) Size() int {
	const perByte = 14
	n := 1500 + s.read + perByte*len(s.Canonical())
	for i := range s.deps {
		n += perByte * len(s.deps[i].Text)
	}
	return n
}
