// Package jsontree reads JSON into a tree that keeps what the schema languages
// need and encoding/json drops: the order of members, numbers as they were
// written, and where each value stood.
package jsontree

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed-9f7c7091/concordat/schema"
)

// Kind is the kind of a value.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"null", "boolean", "number", "string", "array", "object"}

func (k Kind) String() string { return kindNames[k] }

// Value is a node of the tree. Which fields count depends on Kind.
type Value struct {
	Kind    Kind
	Bool    bool
	Text    string   // String: the decoded text. Number: the literal as written.
	Items   []Value  // Array
	Members []Member // Object; each name once, a repeated name keeps its first place and its last value
	Offset  int      // of the value's first byte in the text
}

// Member is a name and its value in an object.
type Member struct {
	Name  string
	Value Value
}

// Get returns the member of that name, or nil; nil too on values that are no objects.
func (v *Value) Get(name string) *Value {
	if v == nil {
		return nil
	}
	for i := range v.Members {
		if v.Members[i].Name == name {
			return &v.Members[i].Value
		}
	}
	return nil
}

// Options say what is accepted beyond JSON.
type Options struct {
	NonFinite bool // the tokens NaN, Infinity, +Infinity, -Infinity, INF, +INF, -INF, as numbers
	Trailing  bool // anything after the first value is ignored
}

// Error is a syntax error with its place; lines and columns (in bytes) count
// from 1. The messages are those of the JSON parser the reference uses, because its answers quote them.
type Error struct {
	Message      string
	Line, Column int
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s at line %d, column %d", e.Message, e.Line, e.Column)
}

// Parse reads one value. Values nested deeper than schema.MaxDepth are refused
// with schema.ErrTooDeep, other errors are *Error.
func Parse(text string, opts Options) (*Value, error) {
	p := parser{text: text, opts: opts}
	p.space()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if !opts.Trailing {
		p.space()
		if p.at < len(text) {
			return nil, p.unexpected("was expecting the end of the text")
		}
	}
	return &v, nil
}

type parser struct {
	text string
	at   int
	opts Options

	// The elements read so far of the arrays and objects that are open, the
	// innermost last; each takes its own when it is closed.
	items   []Value
	members []Member
}

func (p *parser) fail(at int, format string, args ...any) error {
	head := p.text[:at]
	line := strings.Count(head, "\n") + 1
	return &Error{fmt.Sprintf(format, args...), line, at - strings.LastIndexByte(head, '\n')}
}

func (p *parser) unexpected(wanted string) error {
	if p.at >= len(p.text) {
		return p.fail(len(p.text), "Unexpected end-of-input: %s", wanted)
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return p.fail(p.at, "Unexpected character ('%c' (code %d)): %s", r, r, wanted)
}

const valueWanted = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'"

// noValue reports that what stands here begins no value.
func (p *parser) noValue() error {
	end := p.at
	for p.wordByte(end) {
		end++
	}
	if end > p.at {
		token := p.text[p.at:end]
		if len(token) > 256 {
			token = strings.ToValidUTF8(token[:256], "") + "..."
		}
		return p.fail(p.at, "Unrecognized token '%s': was expecting (%s)", token, valueWanted)
	}
	return p.unexpected("expected a valid value (" + valueWanted + ")")
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) value(depth int) (Value, error) {
	if depth > schema.MaxDepth {
		return Value{}, schema.ErrTooDeep
	}
	start := p.at
	if start >= len(p.text) {
		return Value{}, p.unexpected("expected a value")
	}
	switch c := p.text[start]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, err := p.str()
		return Value{Kind: String, Text: s, Offset: start}, err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for _, w := range words {
		if strings.HasPrefix(p.text[start:], w.text) && (!w.nonFinite || p.opts.NonFinite) && !p.wordByte(start+len(w.text)) {
			p.at += len(w.text)
			return Value{Kind: w.kind, Bool: w.text == "true", Text: w.number, Offset: start}, nil
		}
	}
	return Value{}, p.noValue()
}

var words = []struct {
	text      string
	kind      Kind
	number    string
	nonFinite bool
}{
	{"true", Bool, "", false},
	{"false", Bool, "", false},
	{"null", Null, "", false},
	{"NaN", Number, "NaN", true},
	{"Infinity", Number, "Infinity", true},
	{"+Infinity", Number, "Infinity", true},
	{"-Infinity", Number, "-Infinity", true},
	{"INF", Number, "Infinity", true},
	{"+INF", Number, "Infinity", true},
	{"-INF", Number, "-Infinity", true},
}

func (p *parser) wordByte(i int) bool {
	if i >= len(p.text) {
		return false
	}
	c := p.text[i]
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

func (p *parser) digits() bool {
	start := p.at
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	return p.at > start
}

func (p *parser) number() (Value, error) {
	start := p.at
	if p.text[p.at] == '-' {
		p.at++
		if p.opts.NonFinite && p.at < len(p.text) && p.text[p.at] == 'I' {
			for _, w := range words {
				if w.nonFinite && w.text[0] == '-' && strings.HasPrefix(p.text[start:], w.text) && !p.wordByte(start+len(w.text)) {
					p.at = start + len(w.text)
					return Value{Kind: Number, Text: w.number, Offset: start}, nil
				}
			}
		}
	}
	zero := p.at < len(p.text) && p.text[p.at] == '0'
	first := p.at
	if !p.digits() {
		return Value{}, p.unexpected("expected digit (0-9) to follow minus sign, for valid numeric value")
	}
	if zero && p.at-first > 1 {
		return Value{}, p.fail(first, "Invalid numeric value: leading zeroes are not allowed")
	}
	if p.at < len(p.text) && p.text[p.at] == '.' {
		p.at++
		if !p.digits() {
			return Value{}, p.unexpected("Decimal point not followed by a digit")
		}
	}
	if p.at < len(p.text) && (p.text[p.at] == 'e' || p.text[p.at] == 'E') {
		p.at++
		if p.at < len(p.text) && (p.text[p.at] == '+' || p.text[p.at] == '-') {
			p.at++
		}
		if !p.digits() {
			return Value{}, p.unexpected("Exponent indicator not followed by a digit")
		}
	}
	if p.wordByte(p.at) {
		return Value{}, p.unexpected("Expected space separating root-level values")
	}
	return Value{Kind: Number, Text: p.text[start:p.at], Offset: start}, nil
}

func (p *parser) array(depth int) (Value, error) {
	v := Value{Kind: Array, Offset: p.at}
	p.at++
	p.space()
	if p.at < len(p.text) && p.text[p.at] == ']' {
		p.at++
		return v, nil
	}
	from := len(p.items)
	for {
		p.space()
		item, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		p.items = append(p.items, item)
		p.space()
		switch {
		case p.at < len(p.text) && p.text[p.at] == ',':
			p.at++
		case p.at < len(p.text) && p.text[p.at] == ']':
			p.at++
			v.Items = append(make([]Value, 0, len(p.items)-from), p.items[from:]...)
			p.items = p.items[:from]
			return v, nil
		default:
			return Value{}, p.unexpected("was expecting comma to separate Array entries")
		}
	}
}

// Objects above this many members find repeated names by a map.
const smallObject = 16

func (p *parser) object(depth int) (Value, error) {
	v := Value{Kind: Object, Offset: p.at}
	var index map[string]int
	p.at++
	p.space()
	if p.at < len(p.text) && p.text[p.at] == '}' {
		p.at++
		return v, nil
	}
	from := len(p.members)
	for {
		p.space()
		if p.at >= len(p.text) || p.text[p.at] != '"' {
			return Value{}, p.unexpected("was expecting double-quote to start field name")
		}
		name, err := p.str()
		if err != nil {
			return Value{}, err
		}
		p.space()
		if p.at >= len(p.text) || p.text[p.at] != ':' {
			return Value{}, p.unexpected("was expecting a colon to separate field name and value")
		}
		p.at++
		p.space()
		val, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		read := p.members[from:]
		if i := place(read, name, index); i >= 0 {
			read[i].Value = val
		} else {
			p.members = append(p.members, Member{name, val})
			read = p.members[from:]
			if len(read) == smallObject {
				index = make(map[string]int, 2*smallObject)
				for i := range read {
					index[read[i].Name] = i
				}
			} else if index != nil {
				index[name] = len(read) - 1
			}
		}
		p.space()
		switch {
		case p.at < len(p.text) && p.text[p.at] == ',':
			p.at++
		case p.at < len(p.text) && p.text[p.at] == '}':
			p.at++
			v.Members = append(make([]Member, 0, len(p.members)-from), p.members[from:]...)
			p.members = p.members[:from]
			return v, nil
		default:
			return Value{}, p.unexpected("was expecting comma to separate Object entries")
		}
	}
}

func place(members []Member, name string, index map[string]int) int {
	if index != nil {
		if i, ok := index[name]; ok {
			return i
		}
		return -1
	}
	for i := range members {
		if members[i].Name == name {
			return i
		}
	}
	return -1
}

// str reads a string. Lone surrogates, which no UTF-8 text can carry, become
// '?', as they do when Java encodes them.
func (p *parser) str() (string, error) {
	start := p.at
	p.at++
	from := p.at
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"':
			s := p.text[from:p.at]
			p.at++
			if !utf8.ValidString(s) {
				return "", p.fail(start, "Invalid UTF-8 in a string")
			}
			return s, nil
		case c == '\\':
			return p.escaped(start, from)
		case c < 0x20:
			return "", p.fail(p.at, "Illegal unquoted control character (code %d) in a string", c)
		}
		p.at++
	}
	return "", p.fail(start, "Unexpected end of input in a string")
}

func (p *parser) escaped(start, from int) (string, error) {
	b := append(make([]byte, 0, 2*(p.at-from)+16), p.text[from:p.at]...)
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '"':
			p.at++
			if !utf8.Valid(b) {
				return "", p.fail(start, "Invalid UTF-8 in a string")
			}
			return string(b), nil
		case c < 0x20:
			return "", p.fail(p.at, "Illegal unquoted control character (code %d) in a string", c)
		case c != '\\':
			b = append(b, c)
			p.at++
			continue
		}
		if p.at+1 >= len(p.text) {
			break
		}
		e := p.text[p.at+1]
		if e == 'u' {
			u, ok := p.hex4(p.at + 2)
			if !ok {
				return "", p.fail(p.at, "Invalid \\u escape: four hexadecimal digits are needed")
			}
			p.at += 6
			switch {
			case u < 0xD800 || u > 0xDFFF:
				b = utf8.AppendRune(b, u)
			case u < 0xDC00 && strings.HasPrefix(p.text[p.at:], `\u`):
				if low, ok := p.hex4(p.at + 2); ok && low >= 0xDC00 && low <= 0xDFFF {
					b = utf8.AppendRune(b, 0x10000+(u-0xD800)<<10+(low-0xDC00))
					p.at += 6
				} else {
					b = append(b, '?')
				}
			default:
				b = append(b, '?')
			}
			continue
		}
		i := strings.IndexByte(`"\/bfnrt`, e)
		if i < 0 {
			return "", p.fail(p.at, "Unrecognized character escape '\\%c'", e)
		}
		b = append(b, "\"\\/\b\f\n\r\t"[i])
		p.at += 2
	}
	return "", p.fail(start, "Unexpected end of input in a string")
}

func (p *parser) hex4(at int) (rune, bool) {
	if at+4 > len(p.text) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.text[at:at+4], 16, 32)
	return rune(n), err == nil && p.text[at] != '+' && p.text[at] != '-' && p.text[at] != '_'
}

const hexDigits = "0123456789ABCDEF"

// AppendString appends s as a JSON string with no more escapes than JSON
// needs, written as Jackson writes them (\u001F with upper-case digits).
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, `\u00`...)
			dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}
