// Package javaregexp reads regular expressions as java.util.regex.Pattern does
// and finds them in texts. It accepts what Java accepts, look-around, back
// references and possessive quantifiers included, and takes no more than a
// bounded number of steps whatever the pattern and the text.
//
// Known differences: canonical equivalence and the names of characters
// (\N{…}) are not supported, and blocks of Unicode beyond the common ones match
// nothing.
package javaregexp

import (
	"strings"
	"sync/atomic"
)

// Regexp is a pattern that was read. It is immutable and safe for concurrent use.
type Regexp struct {
	pattern string
	root    node
	groups  int
	// kept is the program, once it was needed and if it is not much larger than
	// the pattern. Repetitions are written out in programs, so that a few
	// characters can make a long one; those are made anew for each text.
	kept atomic.Pointer[program]
}

// Compile reads a pattern; what Java would not read is an *Error. The memory
// it takes is linear in the pattern.
func Compile(pattern string) (*Regexp, error) {
	p := parser{text: unquote(pattern)}
	n, err := p.pattern()
	if err != nil {
		return nil, err
	}
	return &Regexp{pattern: pattern, root: n, groups: p.groups}, nil
}

// program returns the instructions of the pattern, and whether they had to be made.
func (r *Regexp) program() (p *program, made bool) {
	if p := r.kept.Load(); p != nil {
		return p, false
	}
	var c compiler
	c.node(r.root)
	c.emit(inst{op: opMatch})
	if len(c.prog) <= 2*len(r.pattern)+8 {
		r.kept.Store(&c.program)
	}
	return &c.program, true
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
