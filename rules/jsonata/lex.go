package jsonata

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// tokenKind is what a token is.
type tokenKind uint8

const (
	endToken tokenKind = iota
	nameToken
	variableToken
	operatorToken
	stringToken
	numberToken
	literalToken // true, false, null
	regexToken
)

// token is a word of an expression.
type token struct {
	kind       tokenKind
	text       string  // name, variable without $, operator, string's value, literal, regex's pattern
	num        float64 // of a number
	flags      string  // of a regex
	start, end int     // offsets in the source
}

// shown is the token as errors name it.
func (t *token) shown() string {
	if t.kind == endToken {
		return "(end)"
	}
	return t.text
}

type lexer struct {
	source string
	at     int
}

// operator marks the characters that are operators, alone or the first of two.
var operator = func() (marks [256]bool) {
	for _, c := range []byte(".[]{}(),@#;:?+-*/%|=<>^&!~") {
		marks[c] = true
	}
	return marks
}()

// double are the operators of two characters.
var double = [...]string{"..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' && c != '\f' }

// next reads a token. Where a value is expected a slash begins a regex.
func (l *lexer) next(valueExpected bool) (token, *Error) {
	if err := l.skip(); err != nil {
		return token{}, err
	}
	start := l.at
	if l.at >= len(l.source) {
		return token{kind: endToken, start: start, end: start}, nil
	}
	c := l.source[l.at]
	if c == '/' && valueExpected {
		return l.regex()
	}
	if operator[c] {
		if l.at+1 < len(l.source) {
			for _, op := range double {
				if l.source[l.at:l.at+2] == op {
					l.at += 2
					return token{kind: operatorToken, text: op, start: start, end: l.at}, nil
				}
			}
		}
		l.at++
		if c == '!' || c == '~' {
			return token{}, fail("S0204").at(start, l.at).token(l.source[start:l.at])
		}
		return token{kind: operatorToken, text: l.source[start:l.at], start: start, end: l.at}, nil
	}
	switch {
	case c == '"' || c == '\'':
		return l.quoted(c)
	case c >= '0' && c <= '9':
		return l.number()
	case c == '`':
		end := strings.IndexByte(l.source[l.at+1:], '`')
		if end < 0 {
			l.at = len(l.source)
			return token{}, fail("S0105").at(start, l.at)
		}
		l.at += end + 2
		return token{kind: nameToken, text: l.source[start+1 : l.at-1], start: start, end: l.at}, nil
	}
	for l.at < len(l.source) && !isSpace(l.source[l.at]) && !operator[l.source[l.at]] {
		l.at++
	}
	t := token{kind: nameToken, text: l.source[start:l.at], start: start, end: l.at}
	switch {
	case t.text[0] == '$':
		t.kind, t.text = variableToken, t.text[1:]
	case t.text == "and" || t.text == "or" || t.text == "in":
		t.kind = operatorToken
	case t.text == "true" || t.text == "false" || t.text == "null":
		t.kind = literalToken
	}
	return t, nil
}

// skip passes white space and comments.
func (l *lexer) skip() *Error {
	for l.at < len(l.source) {
		switch {
		case isSpace(l.source[l.at]):
			l.at++
		case strings.HasPrefix(l.source[l.at:], "/*"):
			end := strings.Index(l.source[l.at+2:], "*/")
			if end < 0 {
				start := l.at
				l.at = len(l.source)
				return fail("S0106").at(start, l.at)
			}
			l.at += end + 4
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) number() (token, *Error) {
	start := l.at
	digits := func() bool {
		from := l.at
		for l.at < len(l.source) && l.source[l.at] >= '0' && l.source[l.at] <= '9' {
			l.at++
		}
		return l.at > from
	}
	if l.source[l.at] == '0' {
		l.at++
	} else {
		digits()
	}
	if before := l.at; strings.HasPrefix(l.source[l.at:], ".") {
		if l.at++; !digits() {
			l.at = before
		}
	}
	if before := l.at; l.at < len(l.source) && l.source[l.at]|0x20 == 'e' {
		l.at++
		if l.at < len(l.source) && (l.source[l.at] == '+' || l.source[l.at] == '-') {
			l.at++
		}
		if !digits() {
			l.at = before
		}
	}
	s := l.source[start:l.at]
	f, _ := strconv.ParseFloat(s, 64)
	if math.IsInf(f, 0) {
		return token{}, fail("S0102").at(start, l.at).token(s)
	}
	return token{kind: numberToken, text: s, num: f, start: start, end: l.at}, nil
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (l *lexer) quoted(quote byte) (token, *Error) {
	start := l.at
	l.at++
	var b []byte
	from := l.at
	for l.at < len(l.source) {
		switch c := l.source[l.at]; c {
		case quote:
			s := l.source[from:l.at]
			if b != nil {
				s = string(append(b, s...))
			}
			l.at++
			return token{kind: stringToken, text: s, start: start, end: l.at}, nil
		case '\\':
			b = append(b, l.source[from:l.at]...)
			l.at++
			if l.at >= len(l.source) {
				return token{}, fail("S0103").at(l.at-1, l.at)
			}
			c := l.source[l.at]
			l.at++
			if plain, ok := escapes[c]; ok {
				b = append(b, plain)
			} else if c == 'u' {
				unit, ok := hex4(l.source[l.at:])
				if !ok {
					return token{}, fail("S0104").at(l.at-2, l.at-1)
				}
				l.at += 4
				b = appendUnit(b, unit)
			} else {
				_, size := utf8.DecodeRuneInString(l.source[l.at-1:])
				return token{}, fail("S0103").at(l.at-2, l.at-1).token(l.source[l.at-1 : l.at-1+size])
			}
			from = l.at
		default:
			l.at++
		}
	}
	return token{}, fail("S0101").at(start, l.at)
}

func hex4(s string) (uint16, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 16)
	return uint16(n), err == nil
}

// regex reads a pattern up to the slash that is in no brackets.
func (l *lexer) regex() (token, *Error) {
	start := l.at
	l.at++
	depth := 0
	for l.at < len(l.source) {
		c := l.source[l.at]
		switch {
		case c == '\\':
			l.at++
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case c == '/' && depth == 0:
			pattern := l.source[start+1 : l.at]
			if pattern == "" {
				return token{}, fail("S0301").at(start, l.at)
			}
			l.at++
			from := l.at
			for l.at < len(l.source) && (l.source[l.at] == 'i' || l.source[l.at] == 'm') {
				l.at++
			}
			return token{kind: regexToken, text: pattern, flags: l.source[from:l.at], start: start, end: l.at}, nil
		}
		l.at++
	}
	return token{}, fail("S0302").at(start, min(l.at, len(l.source)))
}
