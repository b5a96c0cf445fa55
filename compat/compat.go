// Package compat gives verdicts on schema changes: levels, transitivity and
// groups, written once, above one differ per schema language (the packages
// below it).
package compat

import (
	"strings"

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

// Difference is one reason why a reader cannot read what a writer wrote.
type Difference struct {
	// Kind is the name of the kind of difference in its language's table.
	Kind string
	// Path is where it is, as the language writes paths.
	Path string
	// Template is the message in the reference's words, where each %s stands in
	// turn for the words that tell the two schemas apart: reader, writer, reader, …
	// Every other % is literal.
	Template string
}

// Text renders the difference, calling the two schemas by the given words
// ("new", "old").
func (d Difference) Text(reader, writer string) string {
	var b strings.Builder
	rest, words, n := d.Template, [2]string{reader, writer}, 0
	for {
		i := strings.Index(rest, "%s")
		if i < 0 {
			b.WriteString(rest)
			return b.String()
		}
		b.WriteString(rest[:i])
		b.WriteString(words[n%2])
		n, rest = n+1, rest[i+2:]
	}
}

// Differ compares schemas of one language.
type Differ interface {
	// Diff returns the incompatible differences between a reader's schema and
	// the schema data was written with, in the reference's order; none means the
	// reader can read the data. Both are of the differ's language.
	Diff(reader, writer schema.Schema, policy Policy) []Difference
}
