package protobuf

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed-9f7c7091/concordat/schema"
)

// SyntaxError is a text that is no .proto file. Line and Column count from 1;
// columns are UTF-16 code units, as in the reference's messages.
type SyntaxError struct {
	Message      string
	Line, Column int
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("Could not parse Protobuf - Syntax error in :%d:%d: %s", e.Line, e.Column, e.Message)
}

// DuplicateError is a type or service declared twice.
type DuplicateError struct {
	Name          string
	Second, First string // places, as ":line:column"
}

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("Could not parse Protobuf - %s (%s) is already defined at %s", e.Name, e.Second, e.First)
}

// reader cuts a text into characters, words and strings. It stops at the
// first error by a panic with an error value, which parse turns into its result.
type reader struct {
	text  string
	at    int
	depth int
}

// maxNesting bounds messages within messages and values within values. Every
// level costs a parser, and the indented text, so it is tighter than
// schema.MaxDepth; it is the limit of the Protobuf runtimes for messages within
// messages, so deeper files have no readable descriptor anyway.
const maxNesting = 100

func (r *reader) enter(levels int) {
	if r.depth += levels; r.depth > maxNesting {
		panic(errTooDeep)
	}
}

func (r *reader) leave(levels int) { r.depth -= levels }

var errTooDeep = fmt.Errorf("Could not parse Protobuf - %w: at most %d levels are read", schema.ErrTooDeep, maxNesting)

// place returns line and column of an offset.
func (r *reader) place(at int) (line, column int) {
	head := r.text[:at]
	line = strings.Count(head, "\n") + 1
	column = 1
	for _, c := range head[strings.LastIndexByte(head, '\n')+1:] {
		if column++; c > 0xFFFF {
			column++
		}
	}
	return line, column
}

func (r *reader) fail(at int, format string, args ...any) {
	line, column := r.place(at)
	panic(&SyntaxError{fmt.Sprintf(format, args...), line, column})
}

// space skips white space and comments.
func (r *reader) space() {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f':
			r.at++
		case c == '/':
			r.comment()
		default:
			return
		}
	}
}

func (r *reader) comment() {
	rest := r.text[r.at+1:]
	switch {
	case strings.HasPrefix(rest, "/"):
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			r.at += 1 + n + 1
		} else {
			r.at = len(r.text)
		}
	case strings.HasPrefix(rest, "*"):
		n := strings.Index(rest[1:], "*/")
		if n < 0 {
			r.fail(len(r.text), "unterminated comment")
		}
		r.at += 2 + n + 2
	default:
		r.fail(r.at+1, "unexpected '/'")
	}
}

// peek returns the next character that is neither space nor comment.
func (r *reader) peek() byte {
	r.space()
	if r.at >= len(r.text) {
		r.fail(len(r.text), "unexpected end of file")
	}
	return r.text[r.at]
}

// accept takes the next character if it is c.
func (r *reader) accept(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.at++
	return true
}

// require takes the next character, which must be c.
func (r *reader) require(c byte) {
	got := r.peek()
	_, size := utf8.DecodeRuneInString(r.text[r.at:])
	r.at += size
	if got != c {
		r.fail(r.at, "expected '%c'", c)
	}
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

func isWord(s string) bool {
	for i := 0; i < len(s); i++ {
		if !wordByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// word takes a run of letters, digits, '_', '-' and '.'. What it must look
// like beyond that, the grammar does not say, and neither does the reference.
func (r *reader) word() string {
	r.space()
	from := r.at
	for r.at < len(r.text) && wordByte(r.text[r.at]) {
		r.at++
	}
	if from == r.at {
		r.fail(r.at, "expected a word")
	}
	return r.text[from:r.at]
}

// name takes a word, which may stand in parentheses.
func (r *reader) name() string {
	if !r.accept('(') {
		return r.word()
	}
	w := r.word()
	r.require(')')
	return w
}

// integer takes a decimal, hexadecimal or octal number of 32 bits.
func (r *reader) integer() int32 {
	w := r.word()
	digits, base := strings.TrimPrefix(w, "-"), 10
	switch {
	case strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0X"):
		digits, base = digits[2:], 16
	case len(digits) > 1 && digits[0] == '0':
		digits, base = digits[1:], 8
	}
	if w[0] == '-' {
		digits = "-" + digits
	}
	n, err := strconv.ParseInt(digits, base, 32)
	if err != nil {
		r.fail(r.at, "expected an integer but was %s", w)
	}
	return int32(n)
}

func quote(c byte) bool { return c == '"' || c == '\'' }

// quoted takes a string: one or more quoted parts, joined.
func (r *reader) quoted() string {
	s := r.part()
	if !quote(r.peek()) {
		return s
	}
	var b strings.Builder
	b.WriteString(s)
	for quote(r.peek()) {
		b.WriteString(r.part())
	}
	return b.String()
}

func (r *reader) part() string {
	start := r.peek()
	if !quote(start) {
		r.fail(r.at, "expected a quoted string")
	}
	r.at++
	for from := r.at; r.at < len(r.text); r.at++ {
		switch r.text[r.at] {
		case start:
			s := r.text[from:r.at]
			r.at++
			return s
		case '\\':
			return r.escaped(start, from)
		}
	}
	r.fail(r.at, "unterminated string")
	return ""
}

const (
	escapes  = "abfnrtv\\'\"?"
	escapees = "\a\b\f\n\r\t\v\\'\"?"
)

// escaped takes the rest of a quoted part from its first escape on.
func (r *reader) escaped(start byte, from int) string {
	b := append([]byte(nil), r.text[from:r.at]...)
	for r.at < len(r.text) {
		c := r.text[r.at]
		r.at++
		if c == start {
			return string(b)
		}
		if c != '\\' {
			b = append(b, c)
			continue
		}
		if r.at == len(r.text) {
			r.fail(r.at, "unexpected end of file")
		}
		c = r.text[r.at]
		r.at++
		switch {
		case c == 'x' || c == 'X':
			b = append(b, byte(r.code(16, 1, 2)))
		case c >= '0' && c <= '7':
			r.at--
			b = append(b, byte(r.code(8, 1, 3)))
		case c == 'u':
			b = utf8.AppendRune(b, rune(r.code(16, 4, 4)))
		case c == 'U':
			b = utf8.AppendRune(b, rune(r.code(16, 8, 8)))
		default:
			if i := strings.IndexByte(escapes, c); i >= 0 {
				c = escapees[i]
			}
			b = append(b, c)
		}
	}
	r.fail(r.at, "unterminated string")
	return ""
}

// code takes from least to most digits of an escape.
func (r *reader) code(base, least, most int) uint64 {
	from := r.at
	for r.at < len(r.text) && r.at-from < most {
		if _, err := strconv.ParseUint(r.text[r.at:r.at+1], base, 8); err != nil {
			break
		}
		r.at++
	}
	n, err := strconv.ParseUint(r.text[from:r.at], base, 64)
	if err != nil || r.at-from < least || n > utf8.MaxRune {
		r.fail(r.at, "expected a digit after \\x or \\X")
	}
	return n
}
