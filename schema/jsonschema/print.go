package jsonschema

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// maxNumber is the longest number the reference's JSON parser reads, in characters.
const maxNumber = 1000

var (
	errLongNumber = errors.New("a number is longer than 1000 characters")
	errExponent   = errors.New("the exponent of a number is out of range")
)

// settle prepares a tree just parsed for what follows, in place: a token such
// as NaN becomes the string it is printed as, and a number becomes the text
// that Java's BigDecimal prints for it.
func settle(v *jsontree.Value) error {
	switch v.Kind {
	case jsontree.Number:
		if last := v.Text[len(v.Text)-1]; last < '0' || last > '9' {
			v.Kind = jsontree.String
			return nil
		}
		var err error
		v.Text, err = decimal(v.Text)
		return err
	case jsontree.Array:
		for i := range v.Items {
			if err := settle(&v.Items[i]); err != nil {
				return err
			}
		}
	case jsontree.Object:
		for i := range v.Members {
			if err := settle(&v.Members[i].Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// decimal prints a JSON number as java.math.BigDecimal does: digits and scale
// stay as they were written, scientific notation is used for positive exponents
// and for values below 1e-6.
func decimal(literal string) (string, error) {
	if len(literal) > maxNumber {
		return "", errLongNumber
	}
	mantissa, exponent := literal, ""
	if i := strings.IndexAny(literal, "eE"); i >= 0 {
		mantissa, exponent = literal[:i], literal[i+1:]
	}
	point := strings.IndexByte(mantissa, '.')
	if point < 0 && exponent == "" {
		if literal == "-0" {
			return "0", nil
		}
		return literal, nil
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	digits, scale := mantissa, int64(0)
	if whole, fraction, ok := strings.Cut(mantissa, "."); ok {
		digits, scale = whole+fraction, int64(len(fraction))
	}
	if exponent != "" {
		e, err := strconv.ParseInt(exponent, 10, 32)
		if err != nil {
			return "", errExponent
		}
		scale -= e
	}
	if scale > math.MaxInt32 || scale < math.MinInt32 {
		return "", errExponent
	}
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		digits, negative = "0", false
	}
	out := make([]byte, 0, len(literal)+8)
	if negative {
		out = append(out, '-')
	}
	adjusted := int64(len(digits)-1) - scale
	switch {
	case scale == 0:
		out = append(out, digits...)
	case scale > 0 && adjusted >= -6:
		if missing := int(scale) - len(digits) + 1; missing > 0 {
			digits = strings.Repeat("0", missing) + digits
		}
		cut := len(digits) - int(scale)
		out = append(append(append(out, digits[:cut]...), '.'), digits[cut:]...)
	default:
		out = append(out, digits[0])
		if len(digits) > 1 {
			out = append(append(out, '.'), digits[1:]...)
		}
		if adjusted != 0 {
			out = append(out, 'E')
			if adjusted > 0 {
				out = append(out, '+')
			}
			out = strconv.AppendInt(out, adjusted, 10)
		}
	}
	return string(out), nil
}

// appendValue appends a settled value as compact JSON, members in their order.
func appendValue(dst []byte, v *jsontree.Value) []byte {
	switch v.Kind {
	case jsontree.Bool:
		return strconv.AppendBool(dst, v.Bool)
	case jsontree.Number:
		return append(dst, v.Text...)
	case jsontree.String:
		return jsontree.AppendString(dst, v.Text)
	case jsontree.Array:
		dst = append(dst, '[')
		for i := range v.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, &v.Items[i])
		}
		return append(dst, ']')
	case jsontree.Object:
		dst = append(dst, '{')
		for i := range v.Members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(jsontree.AppendString(dst, v.Members[i].Name), ':')
			dst = appendValue(dst, &v.Members[i].Value)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

// sorted returns a value whose objects have their members in the order of
// UTF-16, at every depth. Nothing of the original is changed; what has no
// objects in it is shared.
func sorted(v *jsontree.Value) jsontree.Value {
	w := *v
	if len(v.Items) > 0 {
		w.Items = make([]jsontree.Value, len(v.Items))
		for i := range v.Items {
			w.Items[i] = sorted(&v.Items[i])
		}
	}
	if len(v.Members) > 0 {
		w.Members = make([]jsontree.Member, len(v.Members))
		for i := range v.Members {
			w.Members[i] = jsontree.Member{Name: v.Members[i].Name, Value: sorted(&v.Members[i].Value)}
		}
		slices.SortFunc(w.Members, func(a, b jsontree.Member) int { return schema.CompareUTF16(a.Name, b.Name) })
	}
	return w
}

// sortedMembers returns the members of an object in the order of UTF-16.
func sortedMembers(v *jsontree.Value) []*jsontree.Member {
	members := make([]*jsontree.Member, len(v.Members))
	for i := range v.Members {
		members[i] = &v.Members[i]
	}
	slices.SortFunc(members, func(a, b *jsontree.Member) int { return schema.CompareUTF16(a.Name, b.Name) })
	return members
}

// valueKey is a text that two values share if and only if they are equal
// whatever the order of their members; 1 and 1.0 differ, as they do in Java.
func valueKey(v *jsontree.Value) string {
	if v.Kind == jsontree.Array || v.Kind == jsontree.Object {
		w := sorted(v)
		v = &w
	}
	return string(appendValue(nil, v))
}
