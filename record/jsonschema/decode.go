package jsonschema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep records may be nested that are read and written.
// Validation is stricter.
const maxDepth = 10_000

// SyntaxError reports a text that is no JSON record.
type SyntaxError struct {
	Line, Column int // from 1, in bytes
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("the record is no JSON: %s at line %d, column %d", e.Reason, e.Line, e.Column)
}

// decode reads a record.
func decode(text []byte) (any, error) {
	d := decoder{text: text}
	d.space()
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.at < len(text) {
		return nil, d.fail("there is more behind the first value")
	}
	return v, nil
}

type decoder struct {
	text []byte
	at   int
}

func (d *decoder) fail(reason string) error {
	head := d.text[:min(d.at, len(d.text))]
	return &SyntaxError{bytes.Count(head, []byte("\n")) + 1, len(head) - bytes.LastIndexByte(head, '\n'), reason}
}

func (d *decoder) space() {
	for d.at < len(d.text) {
		switch d.text[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

// next is the byte at hand, 0 at the end.
func (d *decoder) next() byte {
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

var words = []struct {
	text  string
	value any
}{{"true", true}, {"false", false}, {"null", nil}}

func (d *decoder) value(depth int) (any, error) {
	switch c := d.next(); {
	case c == '"':
		return d.str()
	case c == '{' || c == '[':
		if depth == maxDepth {
			return nil, d.fail(fmt.Sprintf("values are nested more than %d deep", maxDepth))
		}
		if c == '{' {
			return d.object(depth + 1)
		}
		return d.array(depth + 1)
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	}
	for _, w := range words {
		if bytes.HasPrefix(d.text[d.at:], []byte(w.text)) {
			d.at += len(w.text)
			return w.value, nil
		}
	}
	if d.at >= len(d.text) {
		return nil, d.fail("the text ends where a value has to be")
	}
	return nil, d.fail("no value begins")
}

func (d *decoder) object(depth int) (any, error) {
	all := make(map[string]any)
	d.at++
	d.space()
	if d.next() == '}' {
		d.at++
		return all, nil
	}
	for {
		d.space()
		if d.next() != '"' {
			return nil, d.fail("a name in quotes is missing")
		}
		name, err := d.str()
		if err != nil {
			return nil, err
		}
		d.space()
		if d.next() != ':' {
			return nil, d.fail("a colon is missing")
		}
		d.at++
		d.space()
		if all[name], err = d.value(depth); err != nil {
			return nil, err
		}
		d.space()
		switch d.next() {
		case ',':
			d.at++
		case '}':
			d.at++
			return all, nil
		default:
			return nil, d.fail("a comma or the end of an object is missing")
		}
	}
}

func (d *decoder) array(depth int) (any, error) {
	all := []any{}
	d.at++
	d.space()
	if d.next() == ']' {
		d.at++
		return all, nil
	}
	for {
		d.space()
		v, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
		d.space()
		switch d.next() {
		case ',':
			d.at++
		case ']':
			d.at++
			return all, nil
		default:
			return nil, d.fail("a comma or the end of an array is missing")
		}
	}
}

func (d *decoder) str() (string, error) {
	d.at++
	from := d.at
	for d.at < len(d.text) {
		switch c := d.text[d.at]; {
		case c == '"':
			s := d.text[from:d.at]
			if !utf8.Valid(s) {
				return "", d.fail("a string is not UTF-8")
			}
			d.at++
			return string(s), nil
		case c == '\\':
			return d.escaped(from)
		case c < ' ':
			return "", d.fail("a string has a control character in it")
		}
		d.at++
	}
	return "", d.fail("the text ends in a string")
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escaped reads on where the first escape of a string was found. Halves of
// surrogate pairs become U+FFFD.
func (d *decoder) escaped(from int) (string, error) {
	b := make([]byte, 0, 2*(d.at-from)+16)
	for d.at < len(d.text) {
		switch c := d.text[d.at]; {
		case c == '"':
			b = append(b, d.text[from:d.at]...)
			if !utf8.Valid(b) {
				return "", d.fail("a string is not UTF-8")
			}
			d.at++
			return string(b), nil
		case c == '\\':
			b = append(b, d.text[from:d.at]...)
			d.at++
			if plain, ok := escapes[d.next()]; ok {
				b = append(b, plain)
				d.at++
			} else {
				r, ok := d.unit()
				if !ok {
					return "", d.fail("no escape sequence")
				}
				if utf16.IsSurrogate(r) {
					r = d.pair(r)
				}
				b = utf8.AppendRune(b, r)
			}
			from = d.at
			continue
		case c < ' ':
			return "", d.fail("a string has a control character in it")
		}
		d.at++
	}
	return "", d.fail("the text ends in a string")
}

// unit reads u and four digits.
func (d *decoder) unit() (rune, bool) {
	const length = 5
	if d.next() != 'u' || d.at+length > len(d.text) {
		return 0, false
	}
	var r rune
	for _, c := range d.text[d.at+1 : d.at+length] {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if c < '0' || digit < 0 {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	d.at += length
	return r, true
}

// pair reads the second half of a surrogate pair, if it is there.
func (d *decoder) pair(first rune) rune {
	start := d.at
	if d.next() == '\\' {
		d.at++
		if second, ok := d.unit(); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r
			}
		}
	}
	d.at = start
	return utf8.RuneError
}

func (d *decoder) digits() bool {
	from := d.at
	for c := d.next(); c >= '0' && c <= '9'; c = d.next() {
		d.at++
	}
	return d.at > from
}

func (d *decoder) number() (any, error) {
	from := d.at
	if d.next() == '-' {
		d.at++
	}
	switch {
	case d.next() == '0':
		d.at++
	case !d.digits():
		return nil, d.fail("a digit is missing")
	}
	whole := true
	if d.next() == '.' {
		whole = false
		d.at++
		if !d.digits() {
			return nil, d.fail("a digit is missing")
		}
	}
	if d.next()|0x20 == 'e' {
		whole = false
		d.at++
		if c := d.next(); c == '+' || c == '-' {
			d.at++
		}
		if !d.digits() {
			return nil, d.fail("a digit is missing")
		}
	}
	return number(string(d.text[from:d.at]), whole), nil
}

// number is the simplest of int64, float64 and json.Number that tells a number exactly.
func number(text string, whole bool) any {
	if whole {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return json.Number(text)
	case len(text) <= exactDigits && !strings.ContainsAny(text, "eE"):
	case significand(text) != significand(strconv.FormatFloat(f, 'e', -1, 64)):
		return json.Number(text)
	}
	return f
}

// exactDigits is how many decimal digits any float64 can tell.
const exactDigits = 15

// scientific is a number as its digits, without zeros around them, and the power of ten of the last.
type scientific struct {
	negative bool
	digits   string
	exponent int
}

// significand takes a number apart, so that equal numbers become equal.
func significand(text string) (s scientific) {
	if mantissa, exponent, ok := strings.Cut(strings.ReplaceAll(text, "E", "e"), "e"); ok {
		n, err := strconv.Atoi(exponent)
		if err != nil {
			n = maxDepth // beyond all that float64 tells
		}
		text, s.exponent = mantissa, n
	}
	text, s.negative = strings.CutPrefix(text, "-")
	if whole, fraction, ok := strings.Cut(text, "."); ok {
		text = whole + fraction
		s.exponent -= len(fraction)
	}
	s.digits = strings.TrimRight(text, "0")
	s.exponent += len(text) - len(s.digits)
	s.digits = strings.TrimLeft(s.digits, "0")
	if s.digits == "" {
		return scientific{}
	}
	return s
}
