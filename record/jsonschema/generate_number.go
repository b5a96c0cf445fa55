package jsonschema

import (
	"encoding/json"
	"math/big"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// interval is the numbers that the shapes allow, all multiples of the step if there is one.
type interval struct {
	low, high         *big.Rat // nil: without end
	lowOpen, highOpen bool
	step              *big.Rat
}

// rational is a keyword that is a number, nil if it is absent.
func (s *shape) rational(keyword string) *big.Rat {
	text := s.number(keyword)
	if text == "" || checkNumber(text) != nil {
		return nil
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	return r
}

// interval is what the shapes say of numbers.
func (d *demand) interval() *interval {
	in := &interval{}
	for _, s := range d.shapes {
		// In draft 4 minimum and maximum are made exclusive by booleans.
		exclusive := func(keyword string) bool {
			v := s.keyword(keyword)
			return v != nil && v.Kind == jsontree.Bool && v.Bool
		}
		in.from(s.rational("minimum"), exclusive("exclusiveMinimum"))
		in.from(s.rational("exclusiveMinimum"), true)
		in.to(s.rational("maximum"), exclusive("exclusiveMaximum"))
		in.to(s.rational("exclusiveMaximum"), true)
		in.multiple(s.rational("multipleOf"))
	}
	return in
}

func (in *interval) from(r *big.Rat, open bool) {
	if r != nil && (in.low == nil || r.Cmp(in.low) > 0 || r.Cmp(in.low) == 0 && open) {
		in.low, in.lowOpen = r, open
	}
}

func (in *interval) to(r *big.Rat, open bool) {
	if r != nil && (in.high == nil || r.Cmp(in.high) < 0 || r.Cmp(in.high) == 0 && open) {
		in.high, in.highOpen = r, open
	}
}

// multiple narrows the numbers to multiples of a number too.
func (in *interval) multiple(r *big.Rat) {
	if r == nil || r.Sign() == 0 {
		return
	}
	r = new(big.Rat).Abs(r)
	if in.step != nil {
		// The least common multiple of fractions in lowest terms.
		a, b := in.step, r
		gcd := new(big.Int).GCD(nil, nil, a.Num(), b.Num())
		lcm := new(big.Int).Mul(a.Num(), new(big.Int).Quo(b.Num(), gcd))
		r = new(big.Rat).SetFrac(lcm, new(big.Int).GCD(nil, nil, a.Denom(), b.Denom()))
	}
	in.step = r
}

// number makes a number.
func (m *maker) number(d *demand, whole bool) any {
	in := d.interval()
	if in.low == nil && in.high == nil && in.step == nil {
		const bits = 64
		if whole || m.Bool() {
			return m.Int(bits)
		}
		return numberOf(key(m.Float()))
	}
	if whole {
		in.multiple(big.NewRat(1, 1))
	}
	if in.step == nil {
		in.step = in.fineness()
	}
	low, high := in.factors()
	if low.Cmp(high) > 0 { // nothing fits
		high = low
	}
	r := new(big.Rat).SetInt(m.between(low, high))
	return rationalNumber(r.Mul(r, in.step))
}

// fineness is a step that has multiples in the interval: 1, or where that is
// too coarse a power of ten.
func (in *interval) fineness() *big.Rat {
	step := big.NewRat(1, 1)
	if in.low == nil || in.high == nil {
		return step
	}
	const enough = 10
	width := new(big.Rat).Sub(in.high, in.low)
	if width.Sign() <= 0 { // one number at most
		if in.low.Sign() != 0 {
			return new(big.Rat).Abs(in.low)
		}
		return step
	}
	ten := big.NewRat(enough, 1)
	for new(big.Rat).Mul(step, ten).Cmp(width) > 0 {
		step.Quo(step, ten)
	}
	return step
}

// factors are the least and the largest multiple of the step in the interval.
func (in *interval) factors() (low, high *big.Int) {
	const far = 1000 // from the other end, or from 0, where there is no end
	one := big.NewInt(1)
	if in.low != nil {
		q := new(big.Rat).Quo(in.low, in.step)
		low = floor(q)
		if !q.IsInt() || in.lowOpen {
			low.Add(low, one)
		}
	}
	if in.high != nil {
		q := new(big.Rat).Quo(in.high, in.step)
		high = floor(q)
		if q.IsInt() && in.highOpen {
			high.Sub(high, one)
		}
	}
	switch {
	case low == nil && high == nil:
		return big.NewInt(-far), big.NewInt(far)
	case low == nil:
		low = new(big.Int).Sub(high, big.NewInt(far))
	case high == nil:
		high = new(big.Int).Add(low, big.NewInt(far))
	}
	return low, high
}

// floor is the largest integer that is not above a number.
func floor(r *big.Rat) *big.Int {
	return new(big.Int).Div(r.Num(), r.Denom()) // Euclidean, and denominators are positive
}

// between chooses a number, the one nearest to 0 first, the ends among them.
func (m *maker) between(low, high *big.Int) *big.Int {
	nearest := new(big.Int)
	switch {
	case low.Sign() > 0:
		nearest.Set(low)
	case high.Sign() < 0:
		nearest.Set(high)
	}
	const simplest, lowest, highest, choices = 0, 1, 2, 6
	switch m.Intn(choices) {
	case simplest:
		return nearest
	case lowest:
		return low
	case highest:
		return high
	}
	span := new(big.Int).Sub(high, low)
	const most = 1 << 40
	if span.IsInt64() && span.Int64() < most {
		return span.Add(low, big.NewInt(int64(m.Intn(int(span.Int64())+1))))
	}
	return span.Add(low, span.Mod(big.NewInt(int64(m.Intn(most))), span))
}

// rationalNumber is a number as a value of a record.
func rationalNumber(r *big.Rat) any {
	if r.IsInt() {
		return numberOf(r.Num().String())
	}
	if digits, exact := r.FloatPrec(); exact {
		return numberOf(strings.TrimRight(r.FloatString(digits), "0"))
	}
	f, _ := r.Float64()
	return numberOf(key(f))
}

// numberOf is the number that a text tells.
func numberOf(text string) any {
	if checkNumber(text) != nil {
		return json.Number(text)
	}
	return number(text, !strings.ContainsAny(text, ".eE"))
}
