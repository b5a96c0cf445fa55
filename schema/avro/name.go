package avro

import (
	"fmt"
	"strings"
	"unicode"
)

// Name is the name of a named type.
type Name struct {
	full  string
	space int // length of the namespace within full, 0 for none
}

// newName joins a name as written with the namespace it stands in; dots in the
// name take precedence.
func newName(name, space string) Name {
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		if dot == 0 {
			return Name{full: name[1:]}
		}
		return Name{name, dot}
	}
	if space == "" {
		return Name{full: name}
	}
	return Name{space + "." + name, len(space)}
}

// Full is the name with its namespace.
func (n Name) Full() string { return n.full }

// Space is the namespace, "" where there is none.
func (n Name) Space() string { return n.full[:n.space] }

// Simple is the name without its namespace.
func (n Name) Simple() string {
	if n.space == 0 {
		return n.full
	}
	return n.full[n.space+1:]
}

// within is the shortest spelling that means the name inside a namespace.
// Names that read like kinds are never shortened.
func (n Name) within(space string) string {
	if n.space == 0 || n.Space() != space {
		return n.full
	}
	simple := n.Simple()
	for _, kind := range kindNames {
		if simple == kind {
			return n.full
		}
	}
	return simple
}

// checkName says what is wrong with a simple name, or nothing. Strict names
// are ASCII, as the Avro specification has them; others may use the letters and
// digits of Unicode's basic plane, like Java's identifiers.
func checkName(name string, strict bool) string {
	if name == "" {
		return "Empty name"
	}
	for i, r := range name {
		digit := r >= '0' && r <= '9'
		ok := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || digit
		if !ok && !strict && r >= 0x80 && r <= 0xFFFF {
			digit = unicode.IsDigit(r)
			ok = digit || unicode.IsLetter(r)
		}
		switch {
		case i == 0 && (!ok || digit):
			return "Illegal initial character: " + name
		case !ok:
			return "Illegal character in: " + name
		}
	}
	return ""
}

// checkSpace says what is wrong with the namespace of a strict name, or nothing.
func checkSpace(n Name) string {
	if n.space == 0 {
		return ""
	}
	for part := range strings.SplitSeq(n.Space(), ".") {
		if wrong := checkName(part, true); wrong != "" {
			return fmt.Sprintf("Namespace part %q is invalid: %s", part, wrong)
		}
	}
	return ""
}
