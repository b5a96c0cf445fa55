package picture

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// zeroOf returns the zero of the family of decimal digits that r belongs to.
// Families beyond the Basic Multilingual Plane are not digits to JSONata.
func zeroOf(r rune) (zero rune, ok bool) {
	if '0' <= r && r <= '9' {
		return '0', true
	}
	if r < utf8.RuneSelf || r > math.MaxUint16 {
		return 0, false
	}
	for _, family := range unicode.Nd.R16 {
		lo, hi := rune(family.Lo), rune(family.Hi)
		if lo <= r && r <= hi {
			// A range may hold several families, each of ten digits.
			return r - (r-lo)%10, true
		}
	}
	return 0, false
}

// appendDigit appends an ASCII digit as the digit of the family of zero.
func appendDigit(dst []byte, zero rune, digit byte) []byte {
	return utf8.AppendRune(dst, zero+rune(digit-'0'))
}

// grouping is where separators stand in the digits of an integer.
type grouping struct {
	separators []separator // from left to right
	// distance is that of separators that are all equal and at equal distances:
	// they go on to the left of the picture. It is 0 for others.
	distance int
}

type separator struct {
	char  rune
	place int // digits to its right
}

// newGrouping takes separators whose place still counts the digits to their
// left, of total digits.
func newGrouping(separators []separator, total int) grouping {
	g := grouping{separators: separators}
	present := make(map[int]bool, len(separators))
	equal := true
	for i := range separators {
		s := &separators[i]
		s.place = total - s.place
		present[s.place] = true
		g.distance = gcd(g.distance, s.place)
		equal = equal && s.char == separators[0].char
	}
	for i := range separators {
		equal = equal && present[(i+1)*g.distance]
	}
	if !equal {
		g.distance = 0
	}
	return g
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// append appends digits, with zeros in front of them up to the least number of
// digits. No separator stands left of the first digit.
func (g *grouping) append(dst []byte, zero rune, digits []byte, least int) []byte {
	rest := g.separators
	for left := max(len(digits), least); left > 0; left-- {
		digit := byte('0')
		if left <= len(digits) {
			digit = digits[len(digits)-left]
		}
		dst = appendDigit(dst, zero, digit)
		right := left - 1
		if g.distance > 0 {
			if right > 0 && right%g.distance == 0 {
				dst = utf8.AppendRune(dst, rest[0].char)
			}
			continue
		}
		for len(rest) > 0 && rest[0].place >= right {
			if rest[0].place == right {
				dst = utf8.AppendRune(dst, rest[0].char)
			}
			rest = rest[1:]
		}
	}
	return dst
}
