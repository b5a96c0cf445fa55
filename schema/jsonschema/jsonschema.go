// Package jsonschema reads JSON Schema the way the reference registry does.
// The canonical text is the text itself, compact and with exact numbers.
// Whether the keywords are right, and what they mean for compatibility, is
// known once the model of the schema is made: a tree of Node values, built when
// it is first asked for.
//
// The reference reads the drafts up to 7 and the later dialects with two
// different libraries, whose differences are the tables of dialect.go.
package jsonschema

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// Language reads JSON Schemas.
var Language schema.Language = language{}

type language struct{}

func (language) Type() string { return api.JSON }

func (language) Parse(src schema.Source) (schema.Schema, error) {
	s, err := Parse(src)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Schema is a parsed JSON Schema. It implements schema.Schema.
type Schema struct {
	root         *jsontree.Value // nil for a blank text
	canonical    string
	held         int // bytes of the text that was read, of which the tree holds parts
	dependencies []schema.Dependency

	model    *Node
	modelErr error
	modelled sync.Once
}

// ParseError reports a text that is no JSON; what it wraps says where.
type ParseError struct{ Err error }

func (e *ParseError) Error() string { return "Invalid JSON schema" }

func (e *ParseError) Unwrap() error { return e.Err }

// InvalidError reports JSON that is no JSON Schema; what it wraps, usually an
// *Error, says why.
type InvalidError struct{ Err error }

func (e *InvalidError) Error() string { return "Invalid JSON" }

func (e *InvalidError) Unwrap() error { return e.Err }

// RootError reports a text whose root can be no schema.
type RootError struct{ Found string }

func (e *RootError) Error() string {
	return "Invalid JSON schema: expected an object or boolean at the root, found " + e.Found
}

// FieldNameError reports a property whose name is reserved.
type FieldNameError struct{ Name string }

func (e *FieldNameError) Error() string {
	return fmt.Sprintf("#: Field names cannot start with %s prefix", reservedPrefix)
}

// reservedPrefix begins the names that are not for properties of the root.
const reservedPrefix = "$$"

// Parse reads the text of a schema. What follows the first JSON value is
// ignored. Errors are a *ParseError; everything else is left to Validate.
func Parse(src schema.Source) (*Schema, error) {
	root, err := parseTree(src.Text)
	if err != nil {
		return nil, &ParseError{err}
	}
	return newSchema(root, src.Dependencies, len(src.Text)), nil
}

// newSchema makes the schema of a tree read from a text of so many bytes.
func newSchema(root *jsontree.Value, deps []schema.Dependency, read int) *Schema {
	s := &Schema{root: root, held: read, dependencies: deps}
	if root != nil {
		s.canonical = string(appendValue(make([]byte, 0, read), root))
	}
	return s
}

// parseTree reads a text into a settled tree; a blank one is nil.
func parseTree(text string) (*jsontree.Value, error) {
	if strings.TrimLeft(text, " \t\r\n") == "" {
		return nil, nil
	}
	root, err := jsontree.Parse(text, jsontree.Options{NonFinite: true, Trailing: true})
	if err != nil {
		return nil, err
	}
	return root, settle(root)
}

// Type is api.JSON.
func (s *Schema) Type() string { return api.JSON }

// Name is the title of the schema, "" without one.
func (s *Schema) Name() string {
	if title := s.root.Get("title"); title != nil && title.Kind == jsontree.String {
		return title.Text
	}
	return ""
}

// Canonical is the text as compact JSON with its members in their order.
func (s *Schema) Canonical() string { return s.canonical }

// kindNames are the names of what can stand at the root.
var kindNames = [...]string{"NULL", "BOOLEAN", "NUMBER", "STRING", "ARRAY", "OBJECT"}

// Validate refuses texts whose root is neither an object nor a boolean
// (*RootError), keywords with values they cannot have and references that lead
// nowhere (*InvalidError), and, with fields set, properties of the root with a
// reserved prefix (*FieldNameError).
func (s *Schema) Validate(fields bool) error {
	if _, err := s.Model(); err != nil {
		return err
	}
	if fields {
		for _, name := range s.Fields() {
			if strings.HasPrefix(name, reservedPrefix) {
				return &FieldNameError{name}
			}
		}
	}
	return nil
}

// Model is the schema as compatibility sees it, references followed. The
// caller must not change it. Errors are those of Validate.
func (s *Schema) Model() (*Node, error) {
	s.modelled.Do(func() {
		if s.root == nil {
			s.modelErr = &RootError{"MISSING"}
			return
		}
		if s.root.Kind != jsontree.Object && s.root.Kind != jsontree.Bool {
			s.modelErr = &RootError{kindNames[s.root.Kind]}
			return
		}
		n, err := load(s.root, s.dependencies)
		if err != nil {
			s.modelErr = &InvalidError{err}
			return
		}
		s.model = n
	})
	return s.model, s.modelErr
}

// Normalized returns the schema with the members of all objects sorted.
func (s *Schema) Normalized() (schema.Schema, error) {
	if s.root == nil {
		return s, nil
	}
	root := sorted(s.root)
	return newSchema(&root, s.dependencies, s.held), nil
}

// Format is the canonical text whatever the format: JSON Schema has only one.
func (s *Schema) Format(string) (string, error) { return s.canonical, nil }

// Equivalent reports whether the canonical texts are equal.
func (s *Schema) Equivalent(other schema.Schema) bool {
	o, ok := other.(*Schema)
	return ok && s.canonical == o.canonical
}

// Fields returns the names of the properties of the root.
func (s *Schema) Fields() []string {
	properties := s.root.Get("properties")
	if properties == nil || len(properties.Members) == 0 {
		return nil
	}
	names := make([]string, len(properties.Members))
	for i := range properties.Members {
		names[i] = properties.Members[i].Name
	}
	return names
}

// Size estimates the memory of the parsed form in bytes, with its model,
// whether or not that was made yet.
func (s *Schema) Size() int {
	size := int(unsafe.Sizeof(*s)) + s.held + 2*len(s.canonical)
	if s.root != nil {
		size += treeSize(s.root) + modelSize(s.root, s.canonical)
	}
	for i := range s.dependencies {
		// Their trees last as long as the model is made; nodes stay for what is referred to.
		const perByte = 40
		size += perByte * len(s.dependencies[i].Text)
	}
	return size
}

// treeSize counts the bytes of the values below a value, without their texts.
func treeSize(v *jsontree.Value) int {
	size := cap(v.Items)*int(unsafe.Sizeof(jsontree.Value{})) + cap(v.Members)*int(unsafe.Sizeof(jsontree.Member{}))
	for i := range v.Items {
		size += treeSize(&v.Items[i])
	}
	for i := range v.Members {
		size += treeSize(&v.Members[i].Value)
	}
	return size
}
