// Package schema is what the registry knows of schema languages: how a text is
// parsed with its references, its canonical text and normal form, its identity
// and its inline tags. The languages themselves are the packages below it.
package schema

import (
	"errors"
	"fmt"

	"github.com/seed-9f7c7091/concordat/api"
)

// Dependency is a schema that a source refers to, directly or through other
// dependencies, with its canonical text.
type Dependency struct {
	Name    string // as the referring text names it
	Subject string // qualified subject it is registered under
	Version int
	Type    string // schema type of the dependency
	Text    string
}

// Source is the text of a schema with everything needed to read it.
type Source struct {
	Text string
	// Dependencies holds direct and transitive dependencies, each once per
	// name and before those that need it.
	Dependencies []Dependency
	// New asks for the checks that apply only to schemas about to be
	// registered: for Avro strict names and checked defaults. Stored schemas and
	// lookups are read without.
	New bool
}

// Schema is a parsed schema. It is immutable and safe for concurrent use.
type Schema interface {
	// Type is the schema type, as in api.Avro.
	Type() string
	// Name is the schema's own name (record, message), or "" where it has none.
	Name() string
	// Canonical is the text that is stored, hashed and served.
	Canonical() string
	// Validate runs the checks that follow parsing. With fields set it also
	// refuses field names reserved by the language's conventions.
	Validate(fields bool) error
	// Normalized returns the schema in normal form; the receiver stays as it is.
	Normalized() (Schema, error)
	// Format renders the schema in one of the formats of the language, named in
	// any letter case. Unknown names give the canonical text.
	Format(name string) (string, error)
	// Equivalent reports whether other, of the same language, says the same in
	// the sense of lookups: for Avro equal parsed schemas whatever the order of
	// their properties, otherwise equal canonical texts.
	Equivalent(other Schema) bool
	// Fields returns the names of the top-level fields, for reserved-field
	// checks: of an Avro record, of the root properties of a JSON Schema; for
	// Protobuf the top-level messages. The caller must not change the slice.
	Fields() []string
	// Tags lists the entities that carry inline tags, records before their
	// fields, in the order of the reference. The caller owns the result.
	Tags() []api.SchemaTags
	// WithTags returns the schema with tags added to and then removed from the
	// entities named. An entity that does not exist is a *NoEntityError.
	WithTags(add, remove []api.SchemaTags) (Schema, error)
	// Size estimates the memory the parsed form holds, in bytes.
	Size() int
}

// Language reads schemas of one type.
type Language interface {
	// Type is the schema type this language reads, as in api.Avro.
	Type() string
	// Parse reads a source. Errors describe the text, with line and column
	// where the language has them.
	Parse(Source) (Schema, error)
}

// Limits on what any language reads, so that no text can exhaust the process.
const (
	// MaxDepth bounds nesting of a text: brackets, types within types.
	MaxDepth = 1000
)

// ErrTooDeep reports a text nested deeper than MaxDepth.
var ErrTooDeep = errors.New("nested too deeply")

// NoEntityError reports a tag edit of an entity that the schema lacks.
type NoEntityError struct{ Text string }

// NoPath is the error of Avro and JSON Schema for an entity path that matches nothing.
func NoPath(path string) error {
	return &NoEntityError{fmt.Sprintf("No matching path '%s' found in the schema", path)}
}

func (e *NoEntityError) Error() string { return e.Text }
