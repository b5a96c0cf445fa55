// Package javaregexp reads regular expressions as java.util.regex.Pattern does
// and finds them in texts. It accepts what Java accepts, look-around, back
// references and possessive quantifiers included, and takes no more than a
// bounded number of steps whatever the pattern and the text.
//
// Known differences: canonical equivalence and the names of characters
// (\N{…}) are not supported, and blocks of Unicode beyond the common ones match
// nothing.
package javaregexp

import "strings"

// Regexp is a compiled pattern. It is immutable and safe for concurrent use.
type Regexp struct {
	pattern string
	prog    []inst
	groups  int
	// remembers is set where the pattern refers back to its groups, so that a
	// position in pattern and text does not tell how matching will go on.
	remembers bool
}

// Compile reads a pattern; what Java would not read is an *Error.
func Compile(pattern string) (*Regexp, error) {
	p := parser{text: unquote(pattern)}
	n, err := p.pattern()
	if err != nil {
		return nil, err
	}
	c := compiler{}
	c.node(n)
	c.emit(inst{op: opMatch})
	return &Regexp{pattern: pattern, prog: c.prog, groups: p.groups, remembers: c.remembers}, nil
}

// String is the pattern as it was written.
func (r *Regexp) String() string { return r.pattern }

// unquote replaces \Q…\E by escaped characters, before anything else is read, as Java does.
func unquote(s string) string {
	if !strings.Contains(s, `\Q`) {
		return s
	}
	var b strings.Builder
	quoting := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoting && strings.HasPrefix(s[i:], `\E`):
			quoting = false
			i++
		case quoting:
			if c < 0x80 && (!isWord(rune(c)) || c == '_') {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		case strings.HasPrefix(s[i:], `\Q`):
			quoting = true
			i++
		case c == '\\' && i+1 < len(s):
			b.WriteByte(c)
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
