package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// object is an object in a form of somebody else's, which keeps its order.
type object interface {
	Get(name string) (v any, ok bool)
	Names() []string
}

// list is an array in a form of somebody else's.
type list interface {
	Len() int
	At(i int) any
}

func mismatch(format string, args ...any) error {
	return &record.MismatchError{Reason: fmt.Sprintf(format, args...)}
}

func tooDeep() error {
	return &LimitError{fmt.Sprintf("the record is nested more than %d deep", maxDepth)}
}

// under places an error of a part of a record at the step that leads there.
func under(err error, step string) error {
	var m *record.MismatchError
	if errors.As(err, &m) {
		m.Path = "/" + escapePointer.Replace(step) + m.Path
	}
	return err
}

// appendJSON writes a record.
func appendJSON(dst []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, tooDeep()
	}
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return appendString(dst, v), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		return appendFloat(dst, v, 64)
	case float32:
		return appendFloat(dst, float64(v), 32)
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int32:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case json.Number:
		if err := readNumber(string(v)); err != nil {
			return nil, mismatch("%v", err)
		}
		return append(dst, v...), nil
	case map[string]any:
		if v == nil {
			return append(dst, "null"...), nil
		}
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		get := func(name string) (any, bool) { return v[name], true }
		return appendObject(dst, names, get, depth)
	case []any:
		if v == nil {
			return append(dst, "null"...), nil
		}
		return appendArray(dst, len(v), func(i int) any { return v[i] }, depth)
	case object:
		return appendObject(dst, v.Names(), v.Get, depth)
	case list:
		return appendArray(dst, v.Len(), v.At, depth)
	}
	text, err := marshal(v)
	return append(dst, text...), err
}

func appendObject(dst []byte, names []string, get func(string) (any, bool), depth int) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	for _, name := range names {
		v, ok := get(name)
		if !ok {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, name), ':')
		var err error
		if dst, err = appendJSON(dst, v, depth+1); err != nil {
			return nil, under(err, name)
		}
	}
	return append(dst, '}'), nil
}

func appendArray(dst []byte, n int, at func(int) any, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendJSON(dst, at(i), depth+1); err != nil {
			return nil, under(err, strconv.Itoa(i))
		}
	}
	return append(dst, ']'), nil
}

func appendString(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, string(utf8.RuneError))
	}
	return jsontree.AppendString(dst, s)
}

// appendFloat writes a number as encoding/json does.
func appendFloat(dst []byte, f float64, bits int) ([]byte, error) {
	const least, most = 1e-6, 1e21 // that are written without an exponent
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, mismatch("%v is no number of JSON", f)
	}
	if size := math.Abs(f); size == 0 || size >= least && size < most {
		return strconv.AppendFloat(dst, f, 'f', -1, bits), nil
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	if n := len(dst); dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1] // e-09 is e-9
		dst = dst[:n-1]
	}
	return dst, nil
}

// marshal writes what encoding/json knows how to write.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, &record.MismatchError{Reason: fmt.Sprintf("a Go value of type %T is no JSON", v), Err: err}
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// generic is a record as Decode would yield it: the record itself where it is
// made of that alone, with int, int32 and float32 as they are.
func generic(v any) (any, error) {
	made, _, err := genericPart(v, 0)
	return made, err
}

// genericPart also tells whether a part was made anew, and what is around has to be too.
func genericPart(v any, depth int) (made any, anew bool, err error) {
	if depth > maxDepth {
		return nil, false, tooDeep()
	}
	switch v := v.(type) {
	case nil, string, bool, int64, float64, json.Number, int, int32, float32:
		return v, false, nil
	case map[string]any:
		var changed map[string]any
		for name, inner := range v {
			made, anew, err := genericPart(inner, depth+1)
			if err != nil {
				return nil, false, under(err, name)
			}
			if anew && changed == nil {
				changed = maps.Clone(v)
			}
			if anew {
				changed[name] = made
			}
		}
		if changed != nil {
			return changed, true, nil
		}
		return v, false, nil
	case []any:
		var changed []any
		for i, inner := range v {
			made, anew, err := genericPart(inner, depth+1)
			if err != nil {
				return nil, false, under(err, strconv.Itoa(i))
			}
			if anew && changed == nil {
				changed = slices.Clone(v)
			}
			if anew {
				changed[i] = made
			}
		}
		if changed != nil {
			return changed, true, nil
		}
		return v, false, nil
	}
	text, err := appendJSON(nil, v, depth)
	if err != nil {
		return nil, false, err
	}
	made, err = decode(text)
	return made, true, err
}

// settled makes a record of JSON in any of the forms that expressions yield.
// Whole numbers become int64 where they fit.
func settled(v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, tooDeep()
	}
	switch v := v.(type) {
	case nil, string, bool, int64:
		return v, nil
	case float64:
		return settledFloat(v)
	case float32:
		return settledFloat(shortest(v))
	case int, int32:
		return exact(v), nil
	case uint64:
		return number(strconv.FormatUint(v, 10), true), nil
	case json.Number:
		if err := readNumber(string(v)); err != nil {
			return nil, mismatch("%v", err)
		}
		return number(string(v), !strings.ContainsAny(string(v), ".eE")), nil
	case map[string]any:
		get := func(name string) (any, bool) { x, ok := v[name]; return x, ok }
		return settledObject(slices.Collect(maps.Keys(v)), get, depth)
	case []any:
		return settledArray(len(v), func(i int) any { return v[i] }, depth)
	case object:
		return settledObject(v.Names(), v.Get, depth)
	case list:
		return settledArray(v.Len(), v.At, depth)
	}
	return nil, mismatch("a Go value of type %T is no JSON", v)
}

// exact is a value with its number in one of the forms that Decode yields.
func exact(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case float32:
		return shortest(v)
	}
	return v
}

// shortest is the number that a float32 is written as: 0.1, not 0.10000000149011612.
func shortest(v float32) float64 {
	f, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	return f
}

func settledFloat(f float64) (any, error) {
	const beyond = 1 << 63
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil, mismatch("%v is no number of JSON", f)
	case f == math.Trunc(f) && f >= -beyond && f < beyond:
		return int64(f), nil
	}
	return f, nil
}

func settledObject(names []string, get func(string) (any, bool), depth int) (any, error) {
	all := make(map[string]any, len(names))
	for _, name := range names {
		v, ok := get(name)
		if !ok {
			continue
		}
		made, err := settled(v, depth+1)
		if err != nil {
			return nil, under(err, name)
		}
		all[name] = made
	}
	return all, nil
}

func settledArray(n int, at func(int) any, depth int) (any, error) {
	all := make([]any, n)
	for i := range all {
		made, err := settled(at(i), depth+1)
		if err != nil {
			return nil, under(err, strconv.Itoa(i))
		}
		all[i] = made
	}
	return all, nil
}
