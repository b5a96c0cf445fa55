// Package compat gives verdicts on schema changes: levels, transitivity and
// groups, written once, above one differ per schema language (the packages
// below it).
package compat

import (
	"github.com/seed-9f7c7091/concordat/schema"
)

// Policy is how strict a differ is about changes that are only sometimes harmful.
type Policy string

// The policies. The empty Policy means Strict; only JSON Schema knows Lenient.
const (
	Strict  Policy = "STRICT"
	Lenient Policy = "LENIENT"
	Logical Policy = "LOGICAL"
)

// Difference is one way in which a reader's schema differs from the schema data was written with.
type Difference struct {
	Kind *Kind
	// Path is where it is, as the language writes paths.
	Path string
	// Reader and Writer are what the two sides have there, where a few words
	// say it: a type, a number, a name. They are "" where a side has nothing.
	Reader, Writer string
}

// Text renders the difference in the reference's words, calling the two schemas
// by the words given ("new", "old").
func (d *Difference) Text(reader, writer string) string {
	return d.Kind.render(d, reader, writer)
}

// Differ compares schemas of one language.
type Differ interface {
	// Diff returns the incompatible differences between a reader's schema and
	// the schema data was written with, in the reference's order; none means the
	// reader can read the data. Both are of the differ's language.
	Diff(reader, writer schema.Schema, policy Policy) []Difference
	// Kinds is the table of all kinds of differences of the language. The caller must not change it.
	Kinds() []*Kind
}
