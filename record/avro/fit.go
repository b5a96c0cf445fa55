package avro

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"

	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// fit is a value as records hold values of the type, and whether it can be one:
// numbers become those of the type where they fit. Of records, arrays and maps only the outermost
// Go type is looked at; a value of a union is one of any branch.
func (n *node) fit(v any) (any, bool) {
	switch n.kind {
	case avro.Null:
		return nil, nothing(v)
	case avro.Boolean:
		if _, ok := v.(bool); ok {
			return v, true
		}
	case avro.Int:
		if _, ok := v.(int32); ok {
			return v, true
		}
		if i, ok := integer(v); ok {
			return int32(i), i == int64(int32(i))
		}
	case avro.Long:
		if _, ok := v.(int64); ok {
			return v, true
		}
		if i, ok := integer(v); ok {
			return i, true
		}
	case avro.Float:
		if _, ok := v.(float32); ok {
			return v, true
		}
		if f, ok := float(v); ok {
			return float32(f), math.IsInf(f, 0) || !math.IsInf(float64(float32(f)), 0)
		}
	case avro.Double:
		if _, ok := v.(float64); ok {
			return v, true
		}
		if f, ok := float(v); ok {
			return f, true
		}
	case avro.String:
		if _, ok := v.(string); ok {
			return v, true
		}
	case avro.Enum:
		if s, ok := v.(string); ok {
			return v, n.symbol(s) >= 0
		}
	case avro.Bytes:
		if _, ok := v.([]byte); ok {
			return v, true
		}
	case avro.Fixed:
		if b, ok := v.([]byte); ok {
			return v, len(b) == n.size
		}
	case avro.Array:
		if _, ok := v.([]any); ok {
			return v, true
		}
	case avro.Record, avro.Map:
		if _, ok := v.(map[string]any); ok {
			return v, true
		}
	case avro.Union:
		i, inner := n.choose(v)
		if i < 0 {
			return nil, false
		}
		fitted, ok := n.branches[i].fit(inner)
		return n.wrap(i, fitted), ok
	}
	// What is left are the Go types of structs: pointers, named types, times.
	if raw, wrong := n.natural(reflect.ValueOf(v), 0); wrong == nil && classOf(raw) == classOfKind[n.kind] {
		return raw, true
	}
	return nil, false
}

// integer is a value as an integer, if it is one.
func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int32:
		return int64(v), true
	case int:
		return int64(v), true
	case float64:
		return whole(v)
	case float32:
		return whole(float64(v))
	case uint64:
		return int64(v), v <= math.MaxInt64
	case json.Number:
		if i, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return i, true
		}
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return 0, false
		}
		return whole(f)
	}
	r := reflect.ValueOf(v)
	switch {
	case r.CanInt():
		return r.Int(), true
	case r.CanUint():
		return int64(r.Uint()), r.Uint() <= math.MaxInt64
	case r.CanFloat():
		return whole(r.Float())
	}
	return 0, false
}

func whole(f float64) (int64, bool) {
	if f != math.Trunc(f) || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}

// float is a value as a float64, if it is a number.
func float(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case float32:
		return float64(v), true
	case json.Number:
		f, err := strconv.ParseFloat(string(v), 64)
		return f, err == nil
	}
	r := reflect.ValueOf(v)
	switch {
	case r.CanFloat():
		return r.Float(), true
	case r.CanInt():
		return float64(r.Int()), true
	case r.CanUint():
		return float64(r.Uint()), true
	}
	return 0, false
}

// nothing reports whether a value stands for null: nil, or a nil pointer.
func nothing(v any) bool {
	if v == nil {
		return true
	}
	switch v.(type) {
	case string, int32, int64, float64, bool, map[string]any, []any, []byte:
		return false
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}
