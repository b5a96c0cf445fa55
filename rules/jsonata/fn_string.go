package jsonata

import (
	"bytes"
	"encoding/base64"
	"iter"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

var stringFunctions = []builtin{
	{"string", "<x-b?:s>", 1, fnString},
	{"substring", "<s-nn?:s>", 3, fnSubstring},
	{"substringBefore", "<s-s:s>", 2, fnSubstringBefore},
	{"substringAfter", "<s-s:s>", 2, fnSubstringAfter},
	{"lowercase", "<s-:s>", 1, fnLowercase},
	{"uppercase", "<s-:s>", 1, fnUppercase},
	{"length", "<s-:n>", 1, fnLength},
	{"trim", "<s-:s>", 1, fnTrim},
	{"pad", "<s-ns?:s>", 3, fnPad},
	{"match", "<s-f<s:o>n?:a<o>>", 3, fnMatch},
	{"contains", "<s-(sf):b>", 2, fnContains},
	{"replace", "<s-(sf)(sf)n?:s>", 4, fnReplace},
	{"split", "<s-(sf)n?:a<s>>", 3, fnSplit},
	{"join", "<a<s>s?:s>", 2, fnJoin},
	{"base64encode", "<s-:s>", 1, fnBase64Encode},
	{"base64decode", "<s-:s>", 1, fnBase64Decode},
	{"encodeUrlComponent", "<s-:s>", 1, encodeURL("encodeUrlComponent", urlUnreserved)},
	{"encodeUrl", "<s-:s>", 1, encodeURL("encodeUrl", urlUnreserved+urlReserved)},
	{"decodeUrlComponent", "<s-:s>", 1, decodeURL("decodeUrlComponent", "")},
	{"decodeUrl", "<s-:s>", 1, decodeURL("decodeUrl", urlReserved)},
}

func fnString(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0).inner()
	switch v.kind {
	case undefinedKind, stringKind:
		return v, nil
	case numberKind:
		if outOfRange(v.num) {
			return undefined, fail("D3001").value(v.num)
		}
	}
	s, err := st.print(v, arg(args, 1).isTrue())
	return text(s), err
}

func fnSubstring(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	s := v.str()
	n := float64(length(s))
	start := arg(args, 1).num
	if n+start < 0 || math.IsNaN(start) && arg(args, 2).kind == undefinedKind {
		start = 0
	}
	from, to := math.Trunc(start), n
	if from < 0 {
		from += n
	}
	if count := arg(args, 2); count.kind == numberKind {
		if count.num <= 0 || arg(args, 1).kind == undefinedKind {
			return text(""), nil
		}
		to = start + count.num
		if start < 0 {
			to += n
		}
		to = math.Trunc(to)
	}
	to = min(to, n)
	if from >= to {
		return text(""), nil
	}
	if err := st.tick(len(s) >> 6); err != nil {
		return undefined, err
	}
	begin := skip(s, int(from))
	return st.text(s[begin : begin+skip(s[begin:], int(to-from))])
}

func fnSubstringBefore(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	mark := arg(args, 1)
	if mark.kind == undefinedKind {
		return v, nil
	}
	before, _, _ := strings.Cut(v.str(), mark.str())
	return st.text(before)
}

func fnSubstringAfter(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	if _, after, ok := strings.Cut(v.str(), arg(args, 1).unwrapText()); ok {
		return st.text(after)
	}
	return v, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func fnLowercase(st *state, args []value, _ value) (value, *Error) {
	return changeCase(st, arg(args, 0), strings.ToLower, cases.Lower)
}

func fnUppercase(st *state, args []value, _ value) (value, *Error) {
	return changeCase(st, arg(args, 0), strings.ToUpper, cases.Upper)
}

// changeCase knows the letters of all languages: one may become several (ß, SS).
func changeCase(st *state, v value, ascii func(string) string, all func(language.Tag, ...cases.Option) cases.Caser) (value, *Error) {
	if v.kind == undefinedKind {
		return undefined, nil
	}
	s := v.str()
	if err := st.alloc(2 * len(s)); err != nil {
		return undefined, err
	}
	if isASCII(s) {
		return st.text(ascii(s))
	}
	return st.text(all(language.Und).String(s))
}

func fnLength(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	s := v.str()
	return number(float64(length(s))), st.tick(len(s) >> 6)
}

func fnTrim(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	s := v.str()
	if err := st.tick(len(s) >> 6); err != nil {
		return undefined, err
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; c {
		case ' ', '\t', '\n', '\r':
			if n := len(b); n > 0 && b[n-1] != ' ' {
				b = append(b, ' ')
			}
		default:
			b = append(b, c)
		}
	}
	return st.text(string(bytes.TrimSuffix(b, []byte(" "))))
}

func fnPad(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	s, width, fill := v.str(), math.Trunc(arg(args, 1).num), arg(args, 2).unwrapText()
	if fill == "" {
		fill = " "
	}
	missing := math.Abs(width) - float64(length(s))
	if !(missing > 0) {
		return v, nil
	}
	each := length(fill)
	if missing*float64(len(fill))/float64(each) > float64(st.bytes) {
		return undefined, st.alloc(st.bytes + 1)
	}
	n := int(missing)
	padding := strings.Repeat(fill, n/each) + fill[:skip(fill, n%each)]
	if width > 0 {
		return st.text(s + padding)
	}
	return st.text(padding + s)
}

// limitOf is the limit that an argument sets on matches, -1 for none.
func limitOf(v value, code string, index int) (float64, *Error) {
	if v.kind != numberKind {
		return math.Inf(1), nil
	}
	if v.num < 0 {
		return 0, fail(code).value(v.num).index(index)
	}
	return v.num, nil
}

func fnMatch(st *state, args []value, _ value) (value, *Error) {
	v, f := arg(args, 0), arg(args, 1)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	limit, err := limitOf(arg(args, 2), "D3040", 3)
	if err != nil {
		return undefined, err
	}
	all := sequenceOf()
	if limit <= 0 || f.kind != functionKind {
		return list(all), nil
	}
	m, err := st.matcher(f.ref.(*function), v.str())
	if err != nil {
		return undefined, err
	}
	x, err := m.next()
	for err == nil && x != nil && float64(len(all.items)) < limit {
		o := freshObject(3)
		o.add("match", text(x.text))
		o.add("index", number(x.units))
		o.add("groups", list(&array{items: x.groups}))
		all.items = append(all.items, object(o))
		if err = st.grown(len(all.items), 6); err == nil {
			x, err = m.next()
		}
	}
	return list(all), err
}

func fnContains(st *state, args []value, _ value) (value, *Error) {
	v, token := arg(args, 0), arg(args, 1)
	if v.kind == undefinedKind || token.kind == undefinedKind {
		return undefined, nil
	}
	if token.kind == stringKind {
		return boolean(strings.Contains(v.str(), token.str())), st.tick(len(v.str()) >> 6)
	}
	m, err := st.matcher(token.ref.(*function), v.str())
	if err != nil {
		return undefined, err
	}
	x, err := m.next()
	return boolean(x != nil), err
}

func fnReplace(st *state, args []value, _ value) (value, *Error) {
	v, pattern, by := arg(args, 0), arg(args, 1), arg(args, 2)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	if pattern.kind == stringKind && pattern.str() == "" {
		return undefined, fail("D3010").value("").index(2)
	}
	limit, err := limitOf(arg(args, 3), "D3011", 4)
	if err != nil {
		return undefined, err
	}
	s := v.str()
	if limit <= 0 || pattern.kind == undefinedKind {
		return v, nil
	}
	var b strings.Builder
	write := func(part string) *Error {
		b.WriteString(part)
		if b.Len() > st.bytes {
			return st.alloc(b.Len())
		}
		return st.tick(1 + len(part)>>6)
	}
	if pattern.kind == stringKind {
		if by.kind == undefinedKind {
			by = text("undefined")
		}
		for n := 0.0; n < limit; n++ {
			before, after, ok := strings.Cut(s, pattern.str())
			if !ok {
				break
			}
			if by.kind != stringKind {
				return undefined, fail("D3012").value(by.unwrap()).index(3)
			}
			if err := write(before); err != nil {
				return undefined, err
			}
			if err := write(by.str()); err != nil {
				return undefined, err
			}
			s = after
		}
		if err := write(s); err != nil {
			return undefined, err
		}
		return st.text(b.String())
	}
	m, err := st.matcher(pattern.ref.(*function), s)
	if err != nil {
		return undefined, err
	}
	x, err := m.next()
	if err != nil || x == nil {
		return v, err
	}
	at := 0
	for n := 0.0; x != nil && n < limit; n++ {
		if err := write(s[min(at, x.start):x.start]); err != nil {
			return undefined, err
		}
		if by.kind == stringKind {
			err = substitute(by.str(), x, write)
		} else {
			var part string
			if part, err = st.replacement(by, x); err == nil {
				err = write(part)
			}
		}
		if err != nil {
			return undefined, err
		}
		at = min(len(s), x.start+len(x.text))
		if x, err = m.next(); err != nil {
			return undefined, err
		}
	}
	if err := write(s[at:]); err != nil {
		return undefined, err
	}
	return st.text(b.String())
}

// replacement asks a function what a match is replaced by.
func (st *state) replacement(f value, x *found) (string, *Error) {
	o := freshObject(4)
	o.add("match", text(x.text))
	o.add("start", number(x.units))
	o.add("end", number(x.units+float64(units(x.text))))
	o.add("groups", list(&array{items: x.groups}))
	if f.kind != functionKind {
		return "", fail("D3012")
	}
	r, err := st.call(f.ref.(*function), []value{object(o)}, null)
	if err != nil {
		return "", err
	}
	if r = collapse(r, false); r.kind != stringKind {
		return "", fail("D3012").value(r.unwrap())
	}
	return r.str(), nil
}

// substitute fills a match into a replacement: $0 is all of it, $1 the first
// group, $$ a dollar sign.
func substitute(by string, x *found, write func(string) *Error) *Error {
	for {
		before, after, ok := strings.Cut(by, "$")
		if err := write(before); err != nil || !ok {
			return err
		}
		part := ""
		by = after
		switch {
		case strings.HasPrefix(by, "$"):
			part, by = "$", by[1:]
		case strings.HasPrefix(by, "0"):
			part, by = x.text, by[1:]
		default:
			// As many digits as there may be groups, one less if that is too many.
			most := len(strconv.Itoa(max(1, len(x.groups))))
			digits := 0
			for digits < most && digits < len(by) && by[digits] >= '0' && by[digits] <= '9' {
				digits++
			}
			if digits == 0 {
				part = "$"
				break
			}
			n, _ := strconv.Atoi(by[:digits])
			if most > 1 && n > len(x.groups) && digits == most {
				digits--
				n, _ = strconv.Atoi(by[:digits])
			}
			if n > 0 && n <= len(x.groups) && x.groups[n-1].kind == stringKind {
				part = x.groups[n-1].str()
			}
			by = by[len(strconv.Itoa(n)):]
		}
		if err := write(part); err != nil {
			return err
		}
	}
}

func fnSplit(st *state, args []value, _ value) (value, *Error) {
	v, separator := arg(args, 0), arg(args, 1)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	limit, err := limitOf(arg(args, 2), "D3020", 3)
	if err != nil {
		return undefined, err
	}
	out := &array{}
	s := v.str()
	if limit <= 0 {
		return list(out), nil
	}
	add := func(part string) *Error {
		out.items = append(out.items, text(part))
		return st.grown(len(out.items), 1)
	}
	if separator.kind != functionKind {
		parts := strings.SplitSeq(s, separator.unwrapText())
		switch {
		case separator.kind == undefinedKind:
			parts = func(yield func(string) bool) { yield(s) }
		case separator.str() == "":
			parts = unitsOf(s)
		}
		if arg(args, 2).kind == numberKind { // as JavaScript has it
			limit = math.Mod(math.Trunc(limit), 1<<32)
			if math.IsNaN(limit) {
				limit = 0
			}
		}
		for part := range parts {
			if float64(len(out.items)) >= limit {
				break
			}
			if err := add(part); err != nil {
				return undefined, err
			}
		}
		return list(out), nil
	}
	m, err := st.matcher(separator.ref.(*function), s)
	if err != nil {
		return undefined, err
	}
	at := 0
	x, err := m.next()
	for err == nil && x != nil && float64(len(out.items)) < limit {
		if err := add(s[min(at, x.start):x.start]); err != nil {
			return undefined, err
		}
		at = x.end
		x, err = m.next()
	}
	if err == nil && float64(len(out.items)) < limit {
		err = add(s[at:])
	}
	return list(out), err
}

// unitsOf walks the UTF-16 units of a string, as JavaScript does without a separator.
func unitsOf(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for len(s) > 0 {
			r, size := decodeRune(s)
			char := s[:size]
			s = s[size:]
			if r <= 0xFFFF {
				if !yield(char) {
					return
				}
				continue
			}
			r -= 0x10000
			if !yield(string(appendUnit(nil, uint16(0xD800+r>>10)))) || !yield(string(appendUnit(nil, uint16(0xDC00+r&0x3FF)))) {
				return
			}
		}
	}
}

func fnJoin(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	separator := arg(args, 1).unwrapText()
	var b []byte
	for i := range v.count() {
		if i > 0 {
			b = append(b, separator...)
		}
		b = append(b, v.item(i).unwrapText()...)
		if len(b) > st.bytes {
			return undefined, st.alloc(len(b))
		}
	}
	return st.text(validText(b))
}

// fnBase64Encode takes the low byte of each UTF-16 unit, as the reference does.
func fnBase64Encode(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	s := v.str()
	if err := st.alloc(3 * len(s)); err != nil {
		return undefined, err
	}
	return st.text(base64.StdEncoding.EncodeToString(lowBytes(s)))
}

// lowBytes are the low bytes of the UTF-16 units of a string.
func lowBytes(s string) []byte {
	b := make([]byte, 0, len(s))
	for len(s) > 0 {
		r, size := decodeRune(s)
		s = s[size:]
		if r > 0xFFFF {
			high, low := utf16.EncodeRune(r)
			b = append(b, byte(high), byte(low))
		} else {
			b = append(b, byte(r))
		}
	}
	return b
}

// fnBase64Decode reads standard and URL alphabets, padded or not, and passes over other
// characters. Of each UTF-16 unit it takes the low byte, too.
func fnBase64Decode(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	s := v.str()
	if err := st.alloc(3 * len(s)); err != nil {
		return undefined, err
	}
	clean := make([]byte, 0, len(s))
	for _, c := range lowBytes(s) {
		switch {
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/':
			clean = append(clean, c)
		case c == '-':
			clean = append(clean, '+')
		case c == '_':
			clean = append(clean, '/')
		}
		if c == '=' {
			break
		}
	}
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	b, _ := base64.RawStdEncoding.DecodeString(string(clean))
	return st.text(value{kind: stringKind, ref: b}.str())
}

// The characters that are not escaped in URLs.
const (
	urlUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()"
	urlReserved   = ";/?:@&=+$,#"
)

func encodeURL(name, plain string) func(*state, []value, value) (value, *Error) {
	return func(st *state, args []value, _ value) (value, *Error) {
		v := arg(args, 0)
		if v.kind == undefinedKind {
			return undefined, nil
		}
		s := v.str()
		if !utf8.ValidString(s) {
			return undefined, fail("D3140").value(s).token(name)
		}
		if err := st.alloc(3 * len(s)); err != nil {
			return undefined, err
		}
		var b strings.Builder
		for i := range len(s) {
			if strings.IndexByte(plain, s[i]) >= 0 {
				b.WriteByte(s[i])
			} else {
				b.WriteByte('%')
				b.WriteByte("0123456789ABCDEF"[s[i]>>4])
				b.WriteByte("0123456789ABCDEF"[s[i]&15])
			}
		}
		return st.text(b.String())
	}
}

// decodeURL makes a function that reads escapes, but for those of the characters to keep.
func decodeURL(name, keep string) func(*state, []value, value) (value, *Error) {
	return func(st *state, args []value, _ value) (value, *Error) {
		v := arg(args, 0)
		if v.kind == undefinedKind {
			return undefined, nil
		}
		s := v.str()
		var b []byte
		for i := 0; i < len(s); i++ {
			if s[i] != '%' {
				b = append(b, s[i])
				continue
			}
			// An escaped character is as many escaped bytes as its first one says.
			var char []byte
			for need := 1; len(char) < need; {
				if i+3 > len(s) || s[i] != '%' {
					return undefined, fail("D3140").value(s).token(name)
				}
				c, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
				if err != nil {
					return undefined, fail("D3140").value(s).token(name)
				}
				i += 3
				char = append(char, byte(c))
				switch {
				case len(char) > 1:
				case c >= 0xF0:
					need = 4
				case c >= 0xE0:
					need = 3
				case c >= 0x80:
					need = 2
				}
			}
			i--
			if !utf8.Valid(char) {
				return undefined, fail("D3140").value(s).token(name)
			}
			if len(char) == 1 && strings.IndexByte(keep, char[0]) >= 0 {
				b = append(b, s[i-2:i+1]...)
			} else {
				b = append(b, char...)
			}
		}
		return st.text(string(b))
	}
}
