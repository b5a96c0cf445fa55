package jsonata

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Reading.

// ParseJSON reads JSON for Eval: objects keep their order, as *Object, and numbers
// that float64 cannot tell exactly are json.Number. Half of a surrogate pair
// (\ud800) is kept. Values nested more than 10,000 deep are refused.
func ParseJSON(data []byte) (any, error) {
	p := jsonParser{data: data}
	p.space()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.at < len(data) {
		return nil, p.fail("more than one value")
	}
	return v, nil
}

type jsonParser struct {
	data []byte
	at   int
}

func (p *jsonParser) fail(what string) error {
	head := p.data[:min(p.at, len(p.data))]
	line := 1
	last := -1
	for i, c := range head {
		if c == '\n' {
			line++
			last = i
		}
	}
	return fmt.Errorf("not JSON: %s at line %d, column %d", what, line, len(head)-last)
}

func (p *jsonParser) space() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *jsonParser) value(depth int) (any, error) {
	if depth > maxNesting {
		return nil, p.fail("values are nested too deeply")
	}
	if p.at >= len(p.data) {
		return nil, p.fail("unexpected end")
	}
	switch c := p.data[p.at]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		return p.string()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for word, v := range map[string]any{"true": true, "false": false, "null": nil} {
		if strings.HasPrefix(string(p.data[p.at:min(len(p.data), p.at+5)]), word) {
			p.at += len(word)
			return v, nil
		}
	}
	return nil, p.fail("unexpected character")
}

func (p *jsonParser) object(depth int) (any, error) {
	o := NewObject(0)
	p.at++
	p.space()
	if p.at < len(p.data) && p.data[p.at] == '}' {
		p.at++
		return o, nil
	}
	for {
		p.space()
		if p.at >= len(p.data) || p.data[p.at] != '"' {
			return nil, p.fail("a name is expected")
		}
		name, err := p.string()
		if err != nil {
			return nil, err
		}
		p.space()
		if p.at >= len(p.data) || p.data[p.at] != ':' {
			return nil, p.fail("a colon is expected")
		}
		p.at++
		p.space()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o.set(name, wrap(v))
		p.space()
		if p.at >= len(p.data) {
			return nil, p.fail("unexpected end")
		}
		switch p.data[p.at] {
		case ',':
			p.at++
		case '}':
			p.at++
			o.order()
			return o, nil
		default:
			return nil, p.fail("a comma or brace is expected")
		}
	}
}

func (p *jsonParser) array(depth int) (any, error) {
	all := []any{}
	p.at++
	p.space()
	if p.at < len(p.data) && p.data[p.at] == ']' {
		p.at++
		return all, nil
	}
	for {
		p.space()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
		p.space()
		if p.at >= len(p.data) {
			return nil, p.fail("unexpected end")
		}
		switch p.data[p.at] {
		case ',':
			p.at++
		case ']':
			p.at++
			return all, nil
		default:
			return nil, p.fail("a comma or bracket is expected")
		}
	}
}

// exactDigits is how many decimal digits any float64 can tell.
const exactDigits = 15

func (p *jsonParser) number() (any, error) {
	start := p.at
	digits := 0
	run := func() bool {
		from := p.at
		for p.at < len(p.data) && p.data[p.at] >= '0' && p.data[p.at] <= '9' {
			p.at++
		}
		digits += p.at - from
		return p.at > from
	}
	if p.data[p.at] == '-' {
		p.at++
	}
	first := p.at
	if !run() || p.data[first] == '0' && p.at-first > 1 {
		return nil, p.fail("no number")
	}
	if p.at < len(p.data) && p.data[p.at] == '.' {
		p.at++
		if !run() {
			return nil, p.fail("no number")
		}
	}
	mantissa := digits
	if p.at < len(p.data) && p.data[p.at]|0x20 == 'e' {
		p.at++
		if p.at < len(p.data) && (p.data[p.at] == '+' || p.data[p.at] == '-') {
			p.at++
		}
		if !run() {
			return nil, p.fail("no number")
		}
	}
	s := string(p.data[start:p.at])
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || mantissa > exactDigits && strconv.FormatFloat(f, 'f', -1, 64) != s {
		return json.Number(s), nil
	}
	return f, nil
}

func (p *jsonParser) string() (string, error) {
	p.at++
	from := p.at
	var b []byte
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case c == '"':
			b = append(b, p.data[from:p.at]...)
			p.at++
			return validText(b), nil
		case c < ' ':
			return "", p.fail("a control character in a string")
		case c == '\\':
			b = append(b, p.data[from:p.at]...)
			if p.at++; p.at >= len(p.data) {
				return "", p.fail("unexpected end")
			}
			c = p.data[p.at]
			if plain, ok := escapes[c]; ok {
				b = append(b, plain)
				p.at++
			} else if unit, ok := hex4(string(p.data[min(len(p.data), p.at+1):min(len(p.data), p.at+5)])); ok && c == 'u' {
				b = appendUnit(b, unit)
				p.at += 5
			} else {
				return "", p.fail("no escape sequence")
			}
			from = p.at
		default:
			p.at++
		}
	}
	return "", p.fail("unexpected end")
}

// Writing.

// AppendJSON appends the JSON of a result of Eval, in its order. Nothing
// (Undefined) and functions inside of it are left out of objects and null in arrays, infinite
// numbers are null.
func AppendJSON(b []byte, v any) ([]byte, error) {
	w := jsonWriter{b: b, exact: true}
	if err := w.write(wrap(v), 0); err != nil {
		return nil, err.complete()
	}
	return w.b, nil
}

// jsonWriter writes values: as JSON, or in the manner of $string.
type jsonWriter struct {
	b      []byte
	st     *state // whose limits count, nil for none
	exact  bool   // JSON: numbers as they are
	indent bool
	most   int // bytes to write, 0 for all
}

// print is the text of a value that is no string.
func (st *state) print(v value, indent bool) (string, *Error) {
	if v.kind == functionKind {
		return "", nil
	}
	w := jsonWriter{st: st, indent: indent}
	if err := w.write(v, 0); err != nil {
		return "", err
	}
	if err := st.alloc(len(w.b)); err != nil {
		return "", err
	}
	return string(w.b), nil
}

// preview is the text of a value for a message, cut where it is long.
func preview(v any, most int) (string, error) {
	w := jsonWriter{exact: true, most: most}
	if err := w.write(wrap(v), 0); err != nil {
		return "", err
	}
	s := string(w.b)
	if len(s) > most {
		for most > 0 && !utf8.RuneStart(s[most]) {
			most--
		}
		s = s[:most] + "…"
	}
	return s, nil
}

func (w *jsonWriter) newline(depth int) {
	if w.indent {
		w.b = append(w.b, '\n')
		for range depth {
			w.b = append(w.b, ' ', ' ')
		}
	}
}

func (w *jsonWriter) write(v value, depth int) *Error {
	if w.most > 0 && len(w.b) > w.most {
		return nil
	}
	if w.st != nil {
		if err := w.st.tick(1); err != nil {
			return err
		}
		if len(w.b) > w.st.bytes {
			return w.st.alloc(len(w.b))
		}
	}
	if depth > maxNesting {
		return fail("D1011")
	}
	switch v.kind {
	case boolKind:
		w.b = strconv.AppendBool(w.b, v.isTrue())
	case numberKind:
		return w.number(v)
	case stringKind:
		w.b = appendQuoted(w.b, v.str())
	case functionKind:
		w.b = append(w.b, '"', '"')
	case arrayKind:
		return w.array(v, depth)
	case objectKind:
		return w.object(v, depth)
	default:
		w.b = append(w.b, "null"...)
	}
	return nil
}

func (w *jsonWriter) array(v value, depth int) *Error {
	w.b = append(w.b, '[')
	n := v.count()
	for i := range n {
		if w.most > 0 && len(w.b) > w.most {
			return nil
		}
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.newline(depth + 1)
		if err := w.write(v.item(i), depth+1); err != nil {
			return err
		}
	}
	if n > 0 {
		w.newline(depth)
	}
	w.b = append(w.b, ']')
	return nil
}

func (w *jsonWriter) object(v value, depth int) *Error {
	w.b = append(w.b, '{')
	n := 0
	m := v.members()
	for i := range m.len() {
		x := m.value(i)
		if x.kind == undefinedKind || x.kind == functionKind && w.exact {
			continue
		}
		if n > 0 {
			w.b = append(w.b, ',')
		}
		n++
		w.newline(depth + 1)
		w.b = appendQuoted(w.b, *m.name(i))
		w.b = append(w.b, ':')
		if w.indent {
			w.b = append(w.b, ' ')
		}
		if err := w.write(x, depth+1); err != nil {
			return err
		}
	}
	if n > 0 {
		w.newline(depth)
	}
	w.b = append(w.b, '}')
	return nil
}

func (w *jsonWriter) number(v value) *Error {
	if w.exact {
		switch x := v.ref.(type) {
		case json.Number:
			w.b = append(w.b, x...)
			return nil
		case int:
			w.b = strconv.AppendInt(w.b, int64(x), 10)
			return nil
		case int64:
			w.b = strconv.AppendInt(w.b, x, 10)
			return nil
		case uint64:
			w.b = strconv.AppendUint(w.b, x, 10)
			return nil
		}
	}
	if outOfRange(v.num) {
		if w.exact || math.IsNaN(v.num) {
			w.b = append(w.b, "null"...)
			return nil
		}
		return fail("D1001").value(v.num)
	}
	if w.exact {
		w.b = appendNumber(w.b, v.num)
	} else {
		w.b = appendNumber(w.b, rounded(v.num))
	}
	return nil
}

// rounded is a number as $string tells it: what is no integer has 15 significant digits.
func rounded(f float64) float64 {
	if f == math.Trunc(f) {
		return f
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(f, 'e', exactDigits-1, 64), 64)
	if err != nil {
		return f
	}
	return r
}

// appendNumber writes a number as ECMAScript does.
func appendNumber(b []byte, f float64) []byte {
	if f == 0 {
		return append(b, '0')
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	from := len(b)
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	// Exponents have no leading zeros.
	for i := from; i < len(b); i++ {
		if b[i] == 'e' {
			j := i + 2
			for j < len(b)-1 && b[j] == '0' {
				j++
			}
			return append(b[:i+2], b[j:]...)
		}
	}
	return b
}

const hexDigits = "0123456789abcdef"

// appendQuoted writes a string of JSON with the escapes of ECMAScript: control
// characters, quotes, backslashes and halves of surrogate pairs.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := decodeRune(s[i:])
			switch {
			case isSurrogate(r):
				b = append(b, `\ud`...)
				b = append(b, hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
			case r == utf8.RuneError && size == 1:
				b = utf8.AppendRune(b, utf8.RuneError)
			default:
				b = append(b, s[i:i+size]...)
			}
			i += size
			continue
		}
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			if c < ' ' {
				b = append(b, `\u00`...)
				b = append(b, hexDigits[c>>4], hexDigits[c&15])
			} else {
				b = append(b, c)
			}
		}
		i++
	}
	return append(b, '"')
}
