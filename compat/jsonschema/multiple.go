package jsonschema

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// maxExponent is the exponent beyond which numbers are compared as doubles.
const maxExponent = 400

// multiple reports whether a is a whole multiple of b, both decimal texts.
func multiple(a, b string) bool {
	x, xok := exact(a)
	y, yok := exact(b)
	if xok && yok {
		if y.Sign() == 0 {
			return false
		}
		return x.Quo(x, y).IsInt()
	}
	f, _ := strconv.ParseFloat(a, 64)
	g, _ := strconv.ParseFloat(b, 64)
	return math.Mod(f, g) == 0
}

func exact(s string) (*big.Rat, bool) {
	if i := strings.IndexByte(s, 'E'); i >= 0 {
		if e, err := strconv.Atoi(s[i+1:]); err != nil || e > maxExponent || e < -maxExponent {
			return nil, false
		}
	}
	return new(big.Rat).SetString(s)
}
