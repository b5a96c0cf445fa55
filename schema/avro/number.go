package avro

import (
	"math"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// maxDigits is how long a number may be written.
const maxDigits = 1000

// integral reports whether a number in Java's spelling is an integer.
func integral(text string) bool { return strings.IndexByte(text, '.') < 0 && finite(text) }

// finite reports whether a number in Java's spelling is one JSON can carry.
func finite(text string) bool {
	last := text[len(text)-1]
	return last >= '0' && last <= '9'
}

// fits reports whether a number in Java's spelling is an integer of so many bits.
func fits(text string, bits int) bool {
	if !integral(text) {
		return false
	}
	_, err := strconv.ParseInt(text, 10, bits)
	return err == nil
}

// javaNumber spells a number of JSON as Java prints it once read: integers as
// they are, everything else as a double.
func javaNumber(text string) string {
	if strings.ContainsAny(text, ".eE") {
		f, _ := strconv.ParseFloat(text, 64) // out of range is infinite, as in Java
		return formatFloat(f, 64)
	}
	if text == "-0" {
		return "0"
	}
	return text
}

// formatFloat prints like Double.toString and Float.toString of Java 19 and
// later: the shortest digits that read back the same, though at least two.
func formatFloat(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		if math.Signbit(f) {
			return "-0.0"
		}
		return "0.0"
	}
	var buf [40]byte
	e := strconv.AppendFloat(buf[:0], f, 'e', -1, bits)
	sign := 0
	if f < 0 {
		sign = 1
	}
	if e[sign+1] == 'e' {
		e = strconv.AppendFloat(buf[:0], f, 'e', 1, 64)
	}
	at := len(e) - 1
	for e[at] != 'e' {
		at--
	}
	exp, _ := strconv.Atoi(string(e[at+1:]))
	if exp >= -3 && exp < 7 {
		return decimal(e[sign:at], exp, sign == 1)
	}
	return string(e[:at]) + "E" + strconv.Itoa(exp)
}

// decimal writes d.ddd × 10^exp without an exponent.
func decimal(mantissa []byte, exp int, negative bool) string {
	b := make([]byte, 0, 32)
	if negative {
		b = append(b, '-')
	}
	digits := append([]byte{mantissa[0]}, mantissa[2:]...)
	for len(digits) > 1 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	if exp < 0 {
		b = append(b, "0."...)
		for range -exp - 1 {
			b = append(b, '0')
		}
		return string(append(b, digits...))
	}
	for len(digits) < exp+2 {
		digits = append(digits, '0')
	}
	b = append(b, digits[:exp+1]...)
	b = append(b, '.')
	return string(append(b, digits[exp+1:]...))
}

// parseFloat reads what Java's Double.parseDouble reads: also NaN, Infinity,
// hexadecimal numbers, a type suffix and spaces around it.
func parseFloat(text string) (float64, bool) {
	s := strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	unsigned := strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-")
	if len(s)-len(unsigned) > 1 {
		return 0, false
	}
	switch unsigned {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1 - 2*strings.Count(s, "-")), true
	}
	if n := len(s); n > 0 && strings.IndexByte("fFdD", s[n-1]) >= 0 {
		s = s[:n-1]
	}
	hex := strings.HasPrefix(unsigned, "0x") || strings.HasPrefix(unsigned, "0X")
	for i := range len(s) {
		c := s[i]
		ok := c >= '0' && c <= '9' || strings.IndexByte("+-.eE", c) >= 0 ||
			hex && (c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || strings.IndexByte("xXpP", c) >= 0)
		if !ok {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// javaNumbers respells all numbers of a value in place. big reports an
// integer that needs more than 64 bits, long a number that is written too long.
func javaNumbers(v *jsontree.Value) (big, long bool) {
	switch v.Kind {
	case jsontree.Number:
		long = len(v.Text) > maxDigits
		if !long {
			v.Text = javaNumber(v.Text)
			big = integral(v.Text) && !fits(v.Text, 64)
		}
	case jsontree.Array:
		for i := range v.Items {
			b, l := javaNumbers(&v.Items[i])
			big, long = big || b, long || l
		}
	case jsontree.Object:
		for i := range v.Members {
			b, l := javaNumbers(&v.Members[i].Value)
			big, long = big || b, long || l
		}
	}
	return big, long
}
