package jsonata

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Strings are UTF-8, in which halves of surrogate pairs, that JavaScript's
// strings may hold, are written as if they were characters (three bytes).

func isSurrogate(r rune) bool { return r >= 0xD800 && r <= 0xDFFF }

// decodeRune reads a character or half of a surrogate pair. What is neither is U+FFFD of one byte.
func decodeRune(s string) (rune, int) {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 && len(s) >= 3 && s[0] == 0xED && s[1] >= 0xA0 && s[1] <= 0xBF && s[2] >= 0x80 && s[2] <= 0xBF {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, size
}

// appendUnit appends a UTF-16 unit. The second half of a pair joins the first if it is there.
func appendUnit(b []byte, unit uint16) []byte {
	r := rune(unit)
	if !isSurrogate(r) {
		return utf8.AppendRune(b, r)
	}
	if n := len(b); unit >= 0xDC00 && n >= 3 && b[n-3] == 0xED && b[n-2] >= 0xA0 && b[n-2] < 0xB0 {
		high, _ := decodeRune(string(b[n-3:]))
		return utf8.AppendRune(b[:n-3], utf16.DecodeRune(high, r))
	}
	return append(b, 0xED, byte(r>>6)&0x3F|0x80, byte(r)&0x3F|0x80)
}

// validText makes a string of bytes; what is no UTF-8, nor half of a surrogate pair, becomes U+FFFD.
func validText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out []byte
	for s := string(b); len(s) > 0; {
		r, size := decodeRune(s)
		if r == utf8.RuneError && size == 1 {
			out = utf8.AppendRune(out, utf8.RuneError)
		} else {
			out = append(out, s[:size]...)
		}
		s = s[size:]
	}
	return string(out)
}

// length counts characters.
func length(s string) int {
	n := utf8.RuneCountInString(s)
	if strings.IndexByte(s, 0xED) < 0 || utf8.ValidString(s) {
		return n
	}
	n = 0
	for len(s) > 0 {
		_, size := decodeRune(s)
		s = s[size:]
		n++
	}
	return n
}

// skip is the offset of the n-th character, len(s) if there are fewer.
func skip(s string, n int) int {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		_, size := decodeRune(s[at:])
		at += size
	}
	return at
}

// units counts UTF-16 units.
func units(s string) int {
	n := 0
	for len(s) > 0 {
		r, size := decodeRune(s)
		n++
		if r > 0xFFFF {
			n++
		}
		s = s[size:]
	}
	return n
}

// compareUTF16 orders strings by their UTF-16 units, as JavaScript does.
func compareUTF16(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return compareNumbers(float64(len(a)), float64(len(b)))
	}
	for i > 0 && !utf8.RuneStart(a[i]) {
		i--
	}
	x, _ := decodeRune(a[i:])
	y, _ := decodeRune(b[i:])
	if (x > 0xFFFF) != (y > 0xFFFF) {
		if firstUnit(x) < firstUnit(y) {
			return -1
		}
		return 1
	}
	return strings.Compare(a[i:], b[i:])
}

func firstUnit(r rune) rune {
	if r > 0xFFFF {
		r, _ = utf16.EncodeRune(r)
	}
	return r
}
