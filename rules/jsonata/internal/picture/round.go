package picture

import (
	"bytes"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// shift multiplies v by a power of ten in its shortest decimal text, so that
// 1.005 becomes 100.5 exactly.
func shift(v float64, power int) float64 {
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], v, 'e', -1, 64)
	for i, c := range text {
		if c == 'e' {
			exponent, _ := strconv.Atoi(string(text[i+1:]))
			text = strconv.AppendInt(text[:i+1], int64(exponent+power), 10)
			break
		}
	}
	// An overflow is infinite, which is what the caller looks for.
	v, _ = strconv.ParseFloat(string(text), 64)
	return v
}

// round rounds v to so many decimals, halves to even, as $round does.
func round(v float64, decimals int) float64 {
	if decimals == 0 {
		return math.RoundToEven(v)
	}
	shifted := math.RoundToEven(shift(v, decimals))
	if math.IsInf(shifted, 0) {
		return v
	}
	return shift(shifted, -decimals)
}

// fixed writes a number from 0 up with so many decimals of its exact value into
// buf, which grows as needed. Halves go up, as in JavaScript.
func fixed(buf []byte, v float64, decimals int) []byte {
	if fractionBits(v) != decimals+1 {
		return strconv.AppendFloat(buf[:0], v, 'f', decimals, 64)
	}
	// A binary fraction has as many decimals as bits, the last one a 5: v lies
	// just between two results.
	buf = strconv.AppendFloat(buf[:0], v, 'f', decimals+1, 64)
	buf = bytes.TrimSuffix(buf[:len(buf)-1], []byte("."))
	for i, c := range slices.Backward(buf) {
		switch c {
		case '.':
		case '9':
			buf[i] = '0'
		default:
			buf[i]++
			return buf
		}
	}
	return append([]byte{'1'}, buf...)
}

// fractionBits returns how many binary digits v has after the point.
func fractionBits(v float64) int {
	mantissa, exponent := math.Frexp(v)
	whole := uint64(math.Ldexp(mantissa, 53))
	return max(0, 53-exponent-bits.TrailingZeros64(whole))
}
