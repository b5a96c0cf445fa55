package picture

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDecimals bounds the digits of a fraction, as in the reference.
const maxDecimals = 100

// Number is a compiled picture of $formatNumber.
//
// It differs from the reference where that writes no number or another one.
// Infinite numbers are written by their symbol between prefix and suffix, NaN by
// its symbol alone, as XPath has it. Finite numbers from 1e21 up are written with
// all their digits; the reference groups and cuts their exponent form as if it
// were digits. Grouping separators left of the first digit are not written. And
// the one digit of a mantissa like "#" is kept.
type Number struct {
	symbols  Symbols
	zero     rune
	positive subPicture
	negative subPicture
}

// subPicture is what one half of a number picture asks for (XPath Functions,
// 4.7.4 Analyzing the picture string).
type subPicture struct {
	prefix, suffix string
	scale          float64 // 100 for per cent, 1000 for per mille

	minInteger      int
	grouping        grouping // of the integer part
	minFraction     int
	maxFraction     int
	fractionGroup   int // digits to the left of the first separator, 0 without
	minExponent     int // 0 without exponent
	mantissaInteger int // digits of the mantissa before its decimal separator
}

// CompileNumber reads a picture of $formatNumber. No symbols are the default
// ones. The error is an *Error.
func CompileNumber(picture string, symbols *Symbols) (*Number, error) {
	n := &Number{symbols: DefaultSymbols()}
	if symbols != nil {
		n.symbols = *symbols
	}
	n.zero, _ = utf8.DecodeRuneInString(n.symbols.ZeroDigit)
	halves := strings.Split(picture, n.symbols.PatternSeparator)
	if len(halves) > 2 {
		return nil, &Error{Code: "D3080"}
	}
	if len(halves) == 0 || n.symbols.ZeroDigit == "" {
		return nil, &Error{Code: "D3085"}
	}
	var err error
	if n.positive, err = n.analyse(halves[0]); err != nil {
		return nil, err
	}
	if len(halves) == 2 {
		n.negative, err = n.analyse(halves[1])
		return n, err
	}
	n.negative = n.positive
	n.negative.prefix = n.symbols.MinusSign + n.positive.prefix
	return n, nil
}

func (n *Number) family(r rune) bool   { return n.zero <= r && r <= n.zero+9 }
func (n *Number) optional(r rune) bool { return string(r) == n.symbols.Digit }
func (n *Number) digit(r rune) bool    { return n.family(r) || n.optional(r) }

func (n *Number) exponent(r rune) bool { return string(r) == n.symbols.ExponentSeparator }

// active reports whether r may stand within a number in a picture.
func (n *Number) active(r rune) bool { return n.edge(r) || n.exponent(r) }

// edge reports whether r may begin and end a number in a picture.
func (n *Number) edge(r rune) bool {
	return !n.exponent(r) && (n.digit(r) ||
		string(r) == n.symbols.DecimalSeparator || string(r) == n.symbols.GroupingSeparator)
}

// pieces are the parts of a sub-picture.
type pieces struct {
	whole                       string
	prefix, body, suffix        string
	mantissa, integer, fraction string
	exponent                    string
	hasDecimal, hasExponent     bool
}

func (n *Number) split(whole string) pieces {
	p := pieces{whole: whole, body: whole}
	if first := strings.IndexFunc(whole, n.edge); first >= 0 {
		last := strings.LastIndexFunc(whole, n.edge)
		_, size := utf8.DecodeRuneInString(whole[last:])
		p.prefix, p.body, p.suffix = whole[:first], whole[first:last+size], whole[last+size:]
	}
	p.mantissa = p.body
	if at := strings.Index(whole[len(p.prefix):], n.symbols.ExponentSeparator); at >= 0 && at <= len(p.body) {
		// The place of the exponent is counted from the start of the
		// sub-picture, as the reference does, not from the end of its prefix.
		body := []rune(p.body)
		place := utf8.RuneCountInString(whole[:len(p.prefix)+at])
		p.hasExponent = true
		p.mantissa = string(body[:min(place, len(body))])
		p.exponent = string(body[min(place+1, len(body)):])
	}
	p.integer, p.fraction, p.hasDecimal = strings.Cut(p.mantissa, n.symbols.DecimalSeparator)
	return p
}

// numberChecks are the conditions no sub-picture may meet. If it meets
// several, the last one is reported.
var numberChecks = []struct {
	code  string
	holds func(*Number, *pieces) bool
}{
	{"D3081", func(n *Number, p *pieces) bool { return strings.Count(p.whole, n.symbols.DecimalSeparator) > 1 }},
	{"D3082", func(n *Number, p *pieces) bool { return strings.Count(p.whole, n.symbols.Percent) > 1 }},
	{"D3083", func(n *Number, p *pieces) bool { return strings.Count(p.whole, n.symbols.PerMille) > 1 }},
	{"D3084", func(n *Number, p *pieces) bool {
		return strings.Contains(p.whole, n.symbols.Percent) && strings.Contains(p.whole, n.symbols.PerMille)
	}},
	{"D3085", func(n *Number, p *pieces) bool { return !strings.ContainsFunc(p.mantissa, n.digit) }},
	{"D3086", func(n *Number, p *pieces) bool {
		return strings.ContainsFunc(p.body, func(r rune) bool { return !n.active(r) })
	}},
	{"D3087", func(n *Number, p *pieces) bool {
		return p.hasDecimal && (strings.HasSuffix(p.integer, n.symbols.GroupingSeparator) ||
			strings.HasPrefix(p.fraction, n.symbols.GroupingSeparator))
	}},
	{"D3088", func(n *Number, p *pieces) bool {
		return !p.hasDecimal && strings.HasSuffix(p.integer, n.symbols.GroupingSeparator)
	}},
	{"D3089", func(n *Number, p *pieces) bool {
		return strings.Contains(p.whole, n.symbols.GroupingSeparator+n.symbols.GroupingSeparator)
	}},
	{"D3090", func(n *Number, p *pieces) bool {
		first := strings.IndexFunc(p.integer, n.optional)
		return first >= 0 && strings.ContainsFunc(p.integer[:first], n.family)
	}},
	{"D3091", func(n *Number, p *pieces) bool {
		last := strings.LastIndexFunc(p.fraction, n.optional)
		return last >= 0 && strings.ContainsFunc(p.fraction[last:], n.family)
	}},
	{"D3092", func(n *Number, p *pieces) bool {
		return p.exponent != "" && (strings.Contains(p.whole, n.symbols.Percent) || strings.Contains(p.whole, n.symbols.PerMille))
	}},
	{"D3093", func(n *Number, p *pieces) bool {
		return p.hasExponent && (p.exponent == "" ||
			strings.ContainsFunc(p.exponent, func(r rune) bool { return !n.family(r) }))
	}},
}

func (n *Number) analyse(whole string) (subPicture, error) {
	p := n.split(whole)
	for _, c := range slices.Backward(numberChecks) {
		if c.holds(n, &p) {
			return subPicture{}, &Error{Code: c.code}
		}
	}
	s := subPicture{prefix: p.prefix, suffix: p.suffix, scale: 1}
	switch {
	case strings.Contains(whole, n.symbols.Percent):
		s.scale = 100
	case strings.Contains(whole, n.symbols.PerMille):
		s.scale = 1000
	}
	s.minInteger = count(p.integer, n.family)
	s.mantissaInteger = s.minInteger
	s.minFraction = count(p.fraction, n.family)
	s.maxFraction = count(p.fraction, n.digit)
	s.minExponent = utf8.RuneCountInString(p.exponent)
	if s.maxFraction > maxDecimals {
		return s, &Error{Code: "D1001", Value: s.maxFraction}
	}
	s.grouping = n.groups(p.integer)
	if left, _, ok := strings.Cut(p.fraction, n.symbols.GroupingSeparator); ok {
		s.fractionGroup = count(left, n.digit)
	}

	// A number shows at least one digit.
	if s.minInteger == 0 && s.maxFraction == 0 {
		if p.hasExponent {
			s.minFraction, s.maxFraction = 1, 1
		} else {
			s.minInteger = 1
		}
	}
	if p.hasExponent && s.minInteger == 0 && strings.ContainsFunc(p.integer, n.optional) {
		s.minInteger = 1
	}
	if s.minInteger == 0 && s.minFraction == 0 {
		s.minFraction = 1
	}
	return s, nil
}

// groups finds the grouping separators of an integer part.
func (n *Number) groups(integer string) grouping {
	var separators []separator
	digits := 0
	for _, r := range integer {
		if string(r) == n.symbols.GroupingSeparator {
			separators = append(separators, separator{char: r, place: digits})
		} else if n.digit(r) {
			digits++
		}
	}
	return newGrouping(separators, digits)
}

func count(s string, is func(rune) bool) int {
	total := 0
	for _, r := range s {
		if is(r) {
			total++
		}
	}
	return total
}

// Format writes v by the picture.
func (n *Number) Format(v float64) string {
	var buf [64]byte
	return string(n.Append(buf[:0], v))
}

// Append appends v by the picture to dst.
func (n *Number) Append(dst []byte, v float64) []byte {
	if math.IsNaN(v) {
		return append(dst, n.symbols.NaN...)
	}
	s := &n.positive
	if v < 0 {
		s = &n.negative
	}
	dst = append(dst, s.prefix...)
	dst = n.appendValue(dst, s, math.Abs(v)*s.scale)
	return append(dst, s.suffix...)
}

func (n *Number) appendValue(dst []byte, s *subPicture, v float64) []byte {
	if math.IsInf(v, 0) {
		return append(dst, n.symbols.Infinity...)
	}
	exponent := 0
	if s.minExponent > 0 {
		v, exponent = mantissa(v, s.mantissaInteger)
	}
	var buf [64]byte
	digits := fixed(buf[:0], round(v, s.maxFraction), s.maxFraction)
	integer, fraction := digits, []byte(nil)
	if s.maxFraction > 0 {
		point := len(digits) - s.maxFraction - 1
		integer, fraction = digits[:point], digits[point+1:]
	}
	dst = s.grouping.append(dst, n.zero, bytes.TrimLeft(integer, "0"), s.minInteger)
	dst = n.appendFraction(dst, s, fraction)
	if s.minExponent > 0 {
		dst = append(dst, n.symbols.ExponentSeparator...)
		if exponent < 0 {
			dst = append(dst, n.symbols.MinusSign...)
			exponent = -exponent
		}
		text := strconv.AppendInt(buf[:0], int64(exponent), 10)
		for i := len(text); i < s.minExponent; i++ {
			dst = appendDigit(dst, n.zero, '0')
		}
		for _, c := range text {
			dst = appendDigit(dst, n.zero, c)
		}
	}
	return dst
}

// mantissa brings v between 10^(digits-1) and 10^digits and returns the power
// of ten that was taken away. It goes step by step, as the reference does: the
// last digits depend on it.
func mantissa(v float64, digits int) (float64, int) {
	if v == 0 {
		return 0, 0
	}
	exponent := 0
	most, least := math.Pow10(digits), math.Pow10(digits-1)
	for v < least && v <= math.MaxFloat64/10 {
		v *= 10
		exponent--
	}
	for v > most {
		v /= 10
		exponent++
	}
	return v, exponent
}

// appendFraction appends the decimal separator and what follows it up to the
// exponent. A fraction has one grouping separator at most, which stands even
// where the digits end before it: so does the reference.
func (n *Number) appendFraction(dst []byte, s *subPicture, digits []byte) []byte {
	for len(digits) > s.minFraction && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	if len(digits) == 0 && s.fractionGroup == 0 {
		return dst
	}
	dst = append(dst, n.symbols.DecimalSeparator...)
	group := min(s.fractionGroup, len(digits))
	for _, c := range digits[:group] {
		dst = appendDigit(dst, n.zero, c)
	}
	if s.fractionGroup > 0 {
		dst = append(dst, n.symbols.GroupingSeparator...)
	}
	for _, c := range digits[group:] {
		dst = appendDigit(dst, n.zero, c)
	}
	return dst
}
