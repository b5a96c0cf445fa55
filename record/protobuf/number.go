package protobuf

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seed-9f7c7091/concordat/record"
)

// kinds are the types of values as rules see them.
var kinds = map[protoreflect.Kind]record.Type{
	protoreflect.BoolKind:     record.Boolean,
	protoreflect.EnumKind:     record.Enum,
	protoreflect.Int32Kind:    record.Int,
	protoreflect.Sint32Kind:   record.Int,
	protoreflect.Sfixed32Kind: record.Int,
	protoreflect.Uint32Kind:   record.Int,
	protoreflect.Fixed32Kind:  record.Int,
	protoreflect.Int64Kind:    record.Long,
	protoreflect.Sint64Kind:   record.Long,
	protoreflect.Sfixed64Kind: record.Long,
	protoreflect.Uint64Kind:   record.Long,
	protoreflect.Fixed64Kind:  record.Long,
	protoreflect.FloatKind:    record.Float,
	protoreflect.DoubleKind:   record.Double,
	protoreflect.StringKind:   record.String,
	protoreflect.BytesKind:    record.Bytes,
	protoreflect.MessageKind:  record.Record,
	protoreflect.GroupKind:    record.Record,
}

// kindOf is the type of a single value of a field.
func kindOf(fd protoreflect.FieldDescriptor) record.Type { return kinds[fd.Kind()] }

// unsigned reports whether a field is of integers that are not negative.
func unsigned(fd protoreflect.FieldDescriptor) bool {
	switch fd.Kind() {
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return true
	}
	return false
}

// whole is an integer of any of the types: its amount and its sign.
type whole struct {
	amount   uint64
	negative bool
}

func signed(n int64) whole {
	if n < 0 {
		return whole{-uint64(n), true}
	}
	return whole{uint64(n), false}
}

// value is the integer as one of the field's type, if it is in its range.
func (n whole) value(fd protoreflect.FieldDescriptor) (protoreflect.Value, bool) {
	most := uint64(math.MaxInt64)
	long := kindOf(fd) == record.Long
	switch {
	case unsigned(fd):
		most = math.MaxUint64
		if !long {
			most = math.MaxUint32
		}
		if n.negative && n.amount > 0 || n.amount > most {
			return protoreflect.Value{}, false
		}
		if long {
			return protoreflect.ValueOfUint64(n.amount), true
		}
		return protoreflect.ValueOfUint32(uint32(n.amount)), true
	case !long:
		most = math.MaxInt32
	}
	if n.negative {
		most++
	}
	if n.amount > most {
		return protoreflect.Value{}, false
	}
	i := int64(n.amount)
	if n.negative {
		i = -i
	}
	switch {
	case long:
		return protoreflect.ValueOfInt64(i), true
	case fd.Enum() != nil:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(i)), true
	}
	return protoreflect.ValueOfInt32(int32(i)), true
}

// wholeOf takes a number of any Go type, or one written as JSON has it.
func wholeOf(v any) (whole, bool) {
	switch x := v.(type) {
	case int64:
		return signed(x), true
	case int32:
		return signed(int64(x)), true
	case int:
		return signed(int64(x)), true
	case uint64:
		return whole{x, false}, true
	case uint32:
		return whole{uint64(x), false}, true
	case uint:
		return whole{uint64(x), false}, true
	case float64:
		return wholeFloat(x)
	case float32:
		return wholeFloat(float64(x))
	case protoreflect.EnumNumber:
		return signed(int64(x)), true
	case json.Number:
		return wholeText(string(x))
	}
	return whole{}, false
}

func wholeFloat(f float64) (whole, bool) {
	if a := math.Abs(f); a < 1<<64 && a == math.Trunc(a) {
		return whole{uint64(a), f < 0}, true
	}
	return whole{}, false
}

func wholeDigits(s string) (whole, bool) {
	digits, negative := strings.CutPrefix(s, "-")
	n, err := strconv.ParseUint(digits, 10, 64)
	return whole{n, negative}, err == nil
}

// numeral is a number as JSON writes it, in its parts.
type numeral struct {
	negative          bool
	integer, decimals string // digits; no decimals are ""
	exponent          string // with its sign, "" for none
}

// numeralOf reads a number as JSON writes it.
func numeralOf(s string) (n numeral, ok bool) {
	s, n.negative = strings.CutPrefix(s, "-")
	digits := func() (d string) {
		i := 0
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			i++
		}
		d, s = s[:i], s[i:]
		return d
	}
	n.integer = digits()
	if n.integer == "" || len(n.integer) > 1 && n.integer[0] == '0' {
		return n, false
	}
	s, ok = strings.CutPrefix(s, ".")
	if ok {
		if n.decimals = digits(); n.decimals == "" {
			return n, false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		sign := ""
		if s != "" && (s[0] == '+' || s[0] == '-') {
			sign, s = s[:1], s[1:]
		}
		d := digits()
		if d == "" {
			return n, false
		}
		n.exponent = sign + d
	}
	return n, s == ""
}

// wholeText reads an integer as JSON may write it: 10 is 1e1 and 10.0 too.
func wholeText(s string) (whole, bool) {
	n, ok := numeralOf(s)
	if !ok {
		return whole{}, false
	}
	if n.decimals == "" && n.exponent == "" {
		return wholeDigits(s)
	}
	digits := strings.TrimLeft(n.integer+n.decimals, "0")
	if digits == "" {
		return whole{}, true
	}
	power := 0
	if n.exponent != "" {
		var err error
		if power, err = strconv.Atoi(n.exponent); err != nil {
			return whole{}, false
		}
	}
	significant := strings.TrimRight(digits, "0")
	power += len(digits) - len(significant) - len(n.decimals)
	if power < 0 || power > 20 {
		return whole{}, false
	}
	amount, err := strconv.ParseUint(significant+strings.Repeat("0", power), 10, 64)
	return whole{amount, n.negative}, err == nil
}

// floatOf takes a number of any Go type, or one written as JSON has it, as a
// value of a floating-point field.
func floatOf(fd protoreflect.FieldDescriptor, v any) (protoreflect.Value, bool) {
	bits := 64
	if kindOf(fd) == record.Float {
		bits = 32
	}
	var f float64
	switch x := v.(type) {
	case float64:
		f = x
	case float32:
		f = float64(x)
	case json.Number:
		var err error
		if _, ok := numeralOf(string(x)); !ok {
			return protoreflect.Value{}, false
		}
		if f, err = strconv.ParseFloat(string(x), bits); err != nil {
			return protoreflect.Value{}, false
		}
	default:
		n, ok := wholeOf(v)
		if !ok {
			return protoreflect.Value{}, false
		}
		if f = float64(n.amount); n.negative {
			f = -f
		}
	}
	if bits == 32 && math.IsInf(float64(float32(f)), 0) && !math.IsInf(f, 0) {
		return protoreflect.Value{}, false
	}
	return floatValue(fd, f), true
}

// floatValue is a number as a value of a floating-point field.
func floatValue(fd protoreflect.FieldDescriptor, f float64) protoreflect.Value {
	if kindOf(fd) == record.Float {
		return protoreflect.ValueOfFloat32(float32(f))
	}
	return protoreflect.ValueOfFloat64(f)
}

// infinite are the numbers that JSON has as text.
var infinite = map[string]float64{"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}
