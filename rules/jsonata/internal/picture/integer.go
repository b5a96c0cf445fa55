package picture

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxRoman is the largest number written in Roman numerals, which grow by one
// letter per thousand.
const maxRoman = 1e7

// Integer is a compiled picture of $formatInteger and $parseInteger. The
// components of dates are written and read by it too.
//
// It differs from the reference in that numbers from 1e21 up are written with
// all their digits, not in exponent form, that a separator left of the first
// digit is not written, and that infinite numbers and NaN are errors.
type Integer struct {
	sequence sequence
	cased    letterCase
	ordinal  bool

	// The rest describes sequences of decimal digits.
	zero      rune
	mandatory int // digits
	optional  int // digits
	grouping  grouping
	ignored   map[rune]bool // separators in a text that is parsed
}

type sequence int

const (
	decimals sequence = iota
	letters
	roman
	words
)

type letterCase int

const (
	lower letterCase = iota
	upper
	title
)

// sequences are the pictures other than decimal digits.
var sequences = map[string]struct {
	sequence sequence
	cased    letterCase
}{
	"a":  {letters, lower},
	"A":  {letters, upper},
	"i":  {roman, lower},
	"I":  {roman, upper},
	"w":  {words, lower},
	"W":  {words, upper},
	"Ww": {words, title},
}

// CompileInteger reads an integer picture: a sequence, and after the last
// semicolon a modifier, of which "o" for ordinal numbers has a meaning. The
// error is an *Error.
func CompileInteger(picture string) (*Integer, error) {
	primary, modifier := picture, ""
	if i := strings.LastIndexByte(picture, ';'); i >= 0 {
		primary, modifier = picture[:i], picture[i+1:]
	}
	return compileInteger(primary, strings.HasPrefix(modifier, "o"))
}

func compileInteger(primary string, ordinal bool) (*Integer, error) {
	p := &Integer{ordinal: ordinal, zero: '0'}
	if s, ok := sequences[primary]; ok {
		p.sequence, p.cased = s.sequence, s.cased
		return p, nil
	}
	var separators []separator
	for _, r := range primary {
		switch zero, ok := zeroOf(r); {
		case r == '#':
			p.optional++
		case !ok:
			separators = append(separators, separator{char: r, place: p.mandatory + p.optional})
		case p.mandatory > 0 && zero != p.zero:
			return nil, &Error{Code: "D3131", Value: primary}
		default:
			p.zero = zero
			p.mandatory++
		}
	}
	if p.mandatory == 0 {
		return nil, &Error{Code: "D3130", Value: primary}
	}
	p.grouping = newGrouping(separators, p.mandatory+p.optional)
	p.ignored = map[rune]bool{}
	for _, s := range separators {
		p.ignored[s.char] = true
	}
	if p.grouping.distance > 0 {
		// The reference looks for a comma, whatever the picture has.
		p.ignored = map[rune]bool{',': true}
	}
	return p, nil
}

// Format writes the integer part of v, rounded down, by the picture. The error
// is an *Error.
func (p *Integer) Format(v float64) (string, error) {
	var buf [64]byte
	text, err := p.Append(buf[:0], v)
	return string(text), err
}

// Append appends the integer part of v, rounded down, to dst.
func (p *Integer) Append(dst []byte, v float64) ([]byte, error) {
	v = math.Floor(v)
	if math.IsInf(v, 0) || math.IsNaN(v) || p.sequence == roman && math.Abs(v) > maxRoman {
		return dst, &Error{Code: "D1001", Value: v}
	}
	if v < 0 {
		dst = append(dst, '-')
	}
	v = math.Abs(v)
	switch p.sequence {
	case letters:
		return p.appendLetters(dst, v), nil
	case roman:
		return p.appendRoman(dst, int(v)), nil
	case words:
		return p.cased.appendWords(dst, v, p.ordinal), nil
	}
	return p.appendDecimal(dst, v), nil
}

func (p *Integer) appendDecimal(dst []byte, v float64) []byte {
	var buf [32]byte
	digits := strconv.AppendFloat(buf[:0], v, 'f', -1, 64)
	start := len(dst)
	dst = p.grouping.append(dst, p.zero, digits, p.mandatory)
	if p.ordinal {
		dst = append(dst, ordinalSuffix(dst[start:])...)
	}
	return dst
}

// ordinalSuffix returns what turns a number into an ordinal. It looks at the
// text, as the reference does: other digits than ours always get "th".
func ordinalSuffix(text []byte) string {
	if n := len(text); n < 2 || text[n-2] != '1' {
		switch text[n-1] {
		case '1':
			return "st"
		case '2':
			return "nd"
		case '3':
			return "rd"
		}
	}
	return "th"
}

func (p *Integer) letter() rune {
	if p.cased == upper {
		return 'A'
	}
	return 'a'
}

// appendLetters appends v in bijective base 26: a, b, ... z, aa, ab.
func (p *Integer) appendLetters(dst []byte, v float64) []byte {
	start := len(dst)
	for v > 0 {
		dst = append(dst, byte(p.letter())+byte(math.Mod(v-1, 26)))
		v = math.Floor((v - 1) / 26)
	}
	slices.Reverse(dst[start:])
	return dst
}

// romans are the Roman numerals with the pairs that count down.
var romans = []struct {
	value int
	text  string
}{
	{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"},
	{100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"},
	{10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"},
}

func (p *Integer) appendRoman(dst []byte, v int) []byte {
	for _, numeral := range romans {
		for ; v >= numeral.value; v -= numeral.value {
			for _, c := range []byte(numeral.text) {
				if p.cased == lower {
					c += 'a' - 'A'
				}
				dst = append(dst, c)
			}
		}
	}
	return dst
}

// Parse reads a number written by the picture, leniently as the reference
// does: what follows the digits is ignored, separators may stand anywhere, an
// ordinal suffix is not looked at. It reports false for a text that is no
// number at all, where the reference gives NaN or fails. A number beyond the
// largest one is an *Error.
func (p *Integer) Parse(text string) (v float64, ok bool, err error) {
	switch p.sequence {
	case letters:
		v, ok = p.parseLetters(text), true
	case roman:
		v, ok = p.parseRoman(text)
	case words:
		v, ok = parseWords(text)
	default:
		v, ok = p.parseDecimal(text)
	}
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, false, &Error{Code: "D1001", Value: text}
	}
	return v, ok, nil
}

// parseLetters counts what is no letter by its distance from the first one.
// It sums up from the right, as the reference does: numbers above 2^53 depend
// on it.
func (p *Integer) parseLetters(text string) float64 {
	v, place := 0.0, 1.0
	for text != "" {
		r, size := utf8.DecodeLastRuneInString(text)
		v += float64(float64(r-p.letter()+1) * place)
		place *= 26
		text = text[:len(text)-size]
	}
	return v
}

// parseRoman takes a numeral away from the sum if a greater one follows it.
func (p *Integer) parseRoman(text string) (float64, bool) {
	if p.cased == lower {
		text = strings.ToUpper(text)
	}
	v, most := 0, 0
	for _, c := range slices.Backward([]byte(text)) {
		value := romanValue(c)
		switch {
		case value == 0:
			return 0, false
		case value < most:
			v -= value
		default:
			most = value
			v += value
		}
	}
	return float64(v), true
}

func romanValue(letter byte) int {
	for _, numeral := range romans {
		if numeral.text == string(letter) {
			return numeral.value
		}
	}
	return 0
}

func (p *Integer) parseDecimal(text string) (float64, bool) {
	if p.ordinal {
		text = cutLast(text, 2)
	}
	digits := make([]byte, 0, 32)
	for _, r := range text {
		if p.ignored[r] {
			continue
		}
		if r += '0' - p.zero; r < 0 {
			return 0, false
		}
		digits = utf8.AppendRune(digits, r)
	}
	return leadingInteger(string(digits))
}

// cutLast returns text without its last UTF-16 code units.
func cutLast(text string, units int) string {
	for units > 0 && text != "" {
		r, size := utf8.DecodeLastRuneInString(text)
		units -= utf16.RuneLen(r)
		text = text[:len(text)-size]
	}
	return text
}

// leadingInteger reads the integer that text begins with, as parseInt of
// JavaScript does. It may be infinite.
func leadingInteger(text string) (v float64, ok bool) {
	text = strings.TrimLeftFunc(text, space)
	sign := 1.0
	if strings.HasPrefix(text, "-") {
		sign = -1
	}
	if text != "" && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	digits, exponent := decimalDigits, ""
	if len(text) > 1 && text[0] == '0' && text[1]|0x20 == 'x' {
		digits, exponent = hexDigits, "p0"
		text = text[2:]
	}
	text = text[:len(text)-len(strings.TrimLeft(text, digits))]
	if text == "" {
		return 0, false
	}
	if exponent != "" {
		text = "0x" + text + exponent
	}
	// Out of range is infinite, which the caller looks for.
	v, _ = strconv.ParseFloat(text, 64)
	return sign * v, true
}

const (
	decimalDigits = "0123456789"
	hexDigits     = decimalDigits + "abcdefABCDEF"
)

// space reports whether JavaScript takes r for white space.
func space(r rune) bool {
	return unicode.IsSpace(r) && r != '\u0085' || r == '\ufeff'
}
