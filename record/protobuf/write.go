package protobuf

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// appendJSON writes JSON of any of the forms that FromJSON takes.
func appendJSON(dst []byte, v any) ([]byte, error) { return appendValue(dst, v, 0) }

func appendValue(dst []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, mismatch("is nested too deeply")
	}
	switch x := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, x), nil
	case string:
		return appendText(dst, x), nil
	case []byte: // its bytes are characters
		return appendText(dst, latin1(x)), nil
	case json.Number:
		if _, ok := numeralOf(string(x)); !ok {
			return dst, mismatch("%q is not a number", string(x))
		}
		return append(dst, x...), nil
	case float64:
		return appendFloat(dst, x, 64)
	case float32:
		return appendFloat(dst, float64(x), 32)
	case map[string]any:
		names := slices.Sorted(maps.Keys(x))
		return appendObject(dst, names, func(name string) any { return x[name] }, depth)
	case named:
		return appendObject(dst, x.Names(), func(name string) any { v, _ := x.Get(name); return v }, depth)
	case []any:
		return appendArray(dst, len(x), func(i int) any { return x[i] }, depth)
	case indexed:
		return appendArray(dst, x.Len(), x.At, depth)
	}
	n, ok := wholeOf(v)
	if !ok {
		return dst, mismatch("a value of type %T is no JSON", v)
	}
	if n.negative {
		dst = append(dst, '-')
	}
	return strconv.AppendUint(dst, n.amount, 10), nil
}

func appendObject(dst []byte, names []string, get func(string) any, depth int) ([]byte, error) {
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, name), ':')
		var err error
		if dst, err = appendValue(dst, get(name), depth+1); err != nil {
			return dst, within(name, err)
		}
	}
	return append(dst, '}'), nil
}

func appendArray(dst []byte, n int, at func(int) any, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendValue(dst, at(i), depth+1); err != nil {
			return dst, within(strconv.Itoa(i), err)
		}
	}
	return append(dst, ']'), nil
}

// appendFloat writes a number in the shortest way that reads as the same.
func appendFloat(dst []byte, f float64, bits int) ([]byte, error) {
	if s := notFinite(f); s != "" {
		return dst, mismatch("%s is not a number of JSON", s)
	}
	var text []byte
	var err error
	if bits == 32 {
		text, err = json.Marshal(float32(f))
	} else {
		text, err = json.Marshal(f)
	}
	return append(dst, text...), err
}

const hexDigits = "0123456789abcdef"

// appendText writes a string. Bytes that are no UTF-8 become U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r < ' ' || r == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&0xf])
		case r == '\u2028' || r == '\u2029':
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// latin1 is the text whose characters are the bytes.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}
