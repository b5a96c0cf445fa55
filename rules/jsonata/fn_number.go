package jsonata

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/rules/jsonata/internal/picture"
)

var numberFunctions = []builtin{
	{"sum", "<a<n>:n>", 1, fnSum},
	{"count", "<a:n>", 1, fnCount},
	{"max", "<a<n>:n>", 1, fnMax},
	{"min", "<a<n>:n>", 1, fnMin},
	{"average", "<a<n>:n>", 1, fnAverage},
	{"number", "<(nsb)-:n>", 1, fnNumber},
	{"floor", "<n-:n>", 1, ofNumber(math.Floor)},
	{"ceil", "<n-:n>", 1, ofNumber(math.Ceil)},
	{"round", "<n-n?:n>", 2, fnRound},
	{"abs", "<n-:n>", 1, ofNumber(math.Abs)},
	{"sqrt", "<n-:n>", 1, fnSqrt},
	{"power", "<n-n:n>", 2, fnPower},
	{"random", "<:n>", 0, fnRandom},
	{"formatNumber", "<n-so?:s>", 3, fnFormatNumber},
	{"formatBase", "<n-n?:s>", 2, fnFormatBase},
	{"formatInteger", "<n-s:s>", 2, fnFormatInteger},
	{"parseInteger", "<s-s:n>", 2, fnParseInteger},
}

var booleanFunctions = []builtin{
	{"boolean", "<x-:b>", 1, fnBoolean},
	{"not", "<x-:b>", 1, fnNot},
	{"exists", "<x:b>", 1, fnExists},
}

func fnSum(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	n := v.count()
	if err := st.tick(n); err != nil {
		return undefined, err
	}
	total := 0.0
	if a := v.made(); a != nil {
		for i := range a.items {
			total += a.items[i].num
		}
	} else {
		for i := range n {
			total += v.item(i).num
		}
	}
	return number(total), nil
}

func fnCount(_ *state, args []value, _ value) (value, *Error) {
	return number(float64(arg(args, 0).count())), nil
}

func fnMax(st *state, args []value, _ value) (value, *Error) {
	return extreme(st, arg(args, 0), math.Max)
}

func fnMin(st *state, args []value, _ value) (value, *Error) {
	return extreme(st, arg(args, 0), math.Min)
}

func extreme(st *state, v value, of func(a, b float64) float64) (value, *Error) {
	n := v.count()
	if n == 0 {
		return undefined, nil
	}
	if err := st.tick(n); err != nil {
		return undefined, err
	}
	best := v.item(0).num
	for i := 1; i < n; i++ {
		best = of(best, v.item(i).num)
	}
	return number(best), nil
}

func fnAverage(st *state, args []value, in value) (value, *Error) {
	v := arg(args, 0)
	n := v.count()
	if n == 0 {
		return undefined, nil
	}
	total, err := fnSum(st, args, in)
	return number(total.num / float64(n)), err
}

// maxRadixDigits is how many digits a number in another radix may have: more
// than that no float64 holds.
const maxRadixDigits = 1100

var decimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$`)

func fnNumber(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	switch v.kind {
	case undefinedKind, numberKind:
		return v, nil
	case boolKind:
		return number(v.num), nil
	case stringKind:
		s := v.str()
		if err := st.tick(len(s)); err != nil {
			return undefined, err
		}
		if decimal.MatchString(s) {
			if f, _ := strconv.ParseFloat(s, 64); !math.IsInf(f, 0) {
				return number(f), nil
			}
		} else if len(s) > 2 && s[0] == '0' && strings.IndexByte("xXoObB", s[1]) >= 0 && !strings.Contains(s, "_") {
			digits := strings.TrimLeft(s[2:], "0")
			if len(digits) > maxRadixDigits {
				break
			}
			if n, ok := new(big.Int).SetString(s[:2]+"0"+digits, 0); ok {
				if f, _ := new(big.Float).SetInt(n).Float64(); !math.IsInf(f, 0) {
					return number(f), nil
				}
			}
		}
	}
	return undefined, fail("D3030").value(v.unwrap()).index(1)
}

// ofNumber is a function of one number.
func ofNumber(f func(float64) float64) func(*state, []value, value) (value, *Error) {
	return func(_ *state, args []value, _ value) (value, *Error) {
		v := arg(args, 0)
		if v.kind == undefinedKind {
			return undefined, nil
		}
		return number(f(v.num)), nil
	}
}

// fnRound rounds halves to even, after the point is moved in the decimal text of the number.
func fnRound(_ *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	f, places := v.num, 0
	if p := arg(args, 1); p.kind == numberKind && !math.IsNaN(p.num) {
		if p.num != math.Trunc(p.num) || math.Abs(p.num) >= 1e21 {
			return number(math.NaN()), nil
		}
		places = int(max(-maxShift, min(maxShift, p.num)))
	}
	f = shifted(math.RoundToEven(shifted(f, places)), -places)
	if f == 0 {
		f = 0 // there is no negative zero
	}
	return number(f), nil
}

// maxShift is more than any number has places.
const maxShift = 1000

// shifted moves the decimal point in the text of a number. What goes out of range has none to move back.
func shifted(f float64, places int) float64 {
	if places == 0 {
		return f
	}
	if outOfRange(f) {
		return math.NaN()
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	e, _ := strconv.Atoi(exponent)
	f, _ = strconv.ParseFloat(mantissa+"e"+strconv.Itoa(e+places), 64)
	return f
}

func fnSqrt(_ *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	if v.num < 0 {
		return undefined, fail("D3060").value(v.num).index(1)
	}
	return number(math.Sqrt(v.num)), nil
}

func fnPower(st *state, args []value, _ value) (value, *Error) {
	v, e := arg(args, 0), arg(args, 1)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	if e.kind == undefinedKind {
		return undefined, fail("D3061").value(v.num).index(1)
	}
	f := power(v.num, e.num)
	if outOfRange(f) {
		return undefined, fail("D3061").value(v.num).value2(e.num).index(1)
	}
	return number(f), st.tick(100)
}

// powerBits is the precision of powers before they are rounded.
const powerBits = 160

// power is the float64 next to a power. That of package math has errors that are seen in the last digits.
func power(x, y float64) float64 {
	f := math.Pow(x, y)
	if math.Abs(x) == 1 && outOfRange(y) {
		return math.NaN() // as ECMAScript has it
	}
	whole, part := math.Modf(math.Abs(y))
	if outOfRange(x) || outOfRange(y) || outOfRange(f) || f == 0 || whole > 1<<30 {
		return f
	}
	square := new(big.Float).SetPrec(powerBits).SetFloat64(math.Abs(x))
	root := new(big.Float).Set(square)
	result := new(big.Float).SetPrec(powerBits).SetInt64(1)
	for n := int(whole); n > 0; n >>= 1 {
		if n&1 != 0 {
			result.Mul(result, square)
		}
		square.Mul(square, square)
	}
	// The bits of a fraction stand for the square root, the root of that, and so on.
	for part > 0 {
		root.Sqrt(root)
		if part *= 2; part >= 1 {
			result.Mul(result, root)
			part--
		}
	}
	if y < 0 {
		result.Quo(new(big.Float).SetInt64(1), result)
	}
	exact, _ := result.Float64()
	return math.Copysign(exact, f)
}

func fnRandom(*state, []value, value) (value, *Error) { return number(rand.Float64()), nil }

func fnFormatBase(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	radix := 10.0
	if r := arg(args, 1); r.kind == numberKind {
		radix = math.RoundToEven(r.num)
	}
	if !(radix >= 2 && radix <= 36) {
		return undefined, fail("D3100").value(radix)
	}
	f := math.RoundToEven(v.num)
	if outOfRange(f) || radix == 10 {
		s, err := st.scriptText(number(f), 0)
		return text(s), err
	}
	return text(inRadix(f, radix)), nil
}

// inRadix writes an integer as JavaScript does, whose large numbers end with zeros: it
// divides float64s.
func inRadix(f, radix float64) string {
	var b []byte
	rest := math.Abs(f)
	for rest/radix >= 1<<53 {
		b = append(b, '0')
		rest /= radix
	}
	for more := true; more; more = rest > 0 {
		digit := math.Mod(rest, radix)
		b = append(b, "0123456789abcdefghijklmnopqrstuvwxyz"[int(digit)])
		rest = (rest - digit) / radix
	}
	if f < 0 {
		b = append(b, '-')
	}
	slices.Reverse(b)
	return string(b)
}

func fnBoolean(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	for v.kind == arrayKind && v.count() == 1 {
		if v = v.item(0); v.kind == undefinedKind {
			return undefined, nil
		}
	}
	yes, err := st.truthy(v)
	return boolean(yes), err
}

func fnNot(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	yes, err := st.truthy(v)
	return boolean(!yes), err
}

func fnExists(_ *state, args []value, _ value) (value, *Error) {
	return boolean(arg(args, 0).kind != undefinedKind), nil
}

// pictureError gives an error of a picture its place among those of expressions.
func pictureError(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var e *picture.Error
	if errors.As(err, &e) {
		return &Error{Code: e.Code, Message: e.Error(), Value: e.Value}
	}
	return &Error{Code: "D3110", Message: err.Error()}
}

type numberPicture struct {
	picture string
	symbols picture.Symbols
}

var (
	numberPictures  = newPictures(compileNumber, func(p numberPicture) int { return len(p.picture) })
	integerPictures = newPictures(picture.CompileInteger, func(p string) int { return len(p) })
	timePictures    = newPictures(picture.CompileTime, func(p string) int { return len(p) })
)

func compileNumber(p numberPicture) (*picture.Number, error) {
	return picture.CompileNumber(p.picture, &p.symbols)
}

func fnFormatNumber(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	p := numberPicture{arg(args, 1).unwrapText(), picture.DefaultSymbols()}
	if o := arg(args, 2); o.kind == objectKind {
		for _, name := range o.names() {
			if x := o.field(name); x.kind == stringKind {
				p.symbols.Set(name, x.str())
			}
		}
	}
	n, err := numberPictures.get(st, p)
	if err != nil {
		return undefined, pictureError(err)
	}
	return st.text(n.Format(v.num))
}

func fnFormatInteger(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	p, err := integerPictures.get(st, arg(args, 1).unwrapText())
	if err != nil {
		return undefined, pictureError(err)
	}
	s, err := p.Format(v.num)
	if err != nil {
		return undefined, pictureError(err)
	}
	return st.text(s)
}

func fnParseInteger(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	p, err := integerPictures.get(st, arg(args, 1).unwrapText())
	if err != nil {
		return undefined, pictureError(err)
	}
	s := v.str()
	if err := st.tick(len(s)); err != nil {
		return undefined, err
	}
	f, ok, err := p.Parse(s)
	if err != nil {
		return undefined, pictureError(err)
	}
	if !ok {
		f = math.NaN()
	}
	return number(f), nil
}
