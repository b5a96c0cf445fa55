package avro

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// append encodes a value. The depth is that of the value in the record.
func (n *node) append(dst []byte, v any, depth int) ([]byte, *wrong) {
	switch n.kind {
	case avro.Record:
		return n.appendRecord(dst, v, depth)
	case avro.Array:
		return n.appendArray(dst, v, depth)
	case avro.Map:
		return n.appendMap(dst, v, depth)
	case avro.Union:
		i, inner := n.choose(v)
		if i < 0 {
			return dst, n.noBranch(v)
		}
		return n.branches[i].append(appendLong(dst, int64(i)), inner, depth)
	}
	fitted, ok := n.fit(v)
	if !ok {
		return dst, n.unfit(v)
	}
	switch x := fitted.(type) {
	case bool:
		if x {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case int32:
		return appendLong(dst, int64(x)), nil
	case int64:
		return appendLong(dst, x), nil
	case float32:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(x)), nil
	case float64:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(x)), nil
	case string:
		if n.kind == avro.Enum {
			return appendLong(dst, int64(n.symbol(x))), nil
		}
		return append(appendLong(dst, int64(len(x))), x...), nil
	case []byte:
		if n.kind == avro.Bytes {
			dst = appendLong(dst, int64(len(x)))
		}
		return append(dst, x...), nil
	}
	return dst, nil // null
}

func appendLong(dst []byte, i int64) []byte { return binary.AppendVarint(dst, i) }

func (n *node) appendRecord(dst []byte, v any, depth int) ([]byte, *wrong) {
	m, wrong := n.objectOf(v, depth)
	if wrong != nil {
		return dst, wrong
	}
	for i := range n.fields {
		f := &n.fields[i]
		x, ok := m[f.name]
		if !ok {
			if x, wrong = f.value(); wrong != nil {
				return dst, wrong.at(f.name)
			}
		}
		if dst, wrong = f.node.append(dst, x, depth+1); wrong != nil {
			return dst, wrong.at(f.name)
		}
	}
	return dst, nil
}

func (n *node) appendArray(dst []byte, v any, depth int) ([]byte, *wrong) {
	a, ok := v.([]any)
	if !ok {
		fitted, ok := n.fit(v)
		if !ok {
			return dst, n.unfit(v)
		}
		a = fitted.([]any)
	}
	if depth >= maxDepth {
		return dst, tooDeep()
	}
	if len(a) > 0 {
		dst = appendLong(dst, int64(len(a)))
		var wrong *wrong
		for i, x := range a {
			if dst, wrong = n.items.append(dst, x, depth+1); wrong != nil {
				return dst, wrong.item(i)
			}
		}
	}
	return append(dst, 0), nil
}

func (n *node) appendMap(dst []byte, v any, depth int) ([]byte, *wrong) {
	m, wrong := n.objectOf(v, depth)
	if wrong != nil {
		return dst, wrong
	}
	if len(m) > 0 {
		dst = appendLong(dst, int64(len(m)))
		for _, name := range sortedNames(m) {
			dst = append(appendLong(dst, int64(len(name))), name...)
			if dst, wrong = n.items.append(dst, m[name], depth+1); wrong != nil {
				return dst, wrong.at(name)
			}
		}
	}
	return append(dst, 0), nil
}

// objectOf is a value as the map of a record or of a map.
func (n *node) objectOf(v any, depth int) (map[string]any, *wrong) {
	m, ok := v.(map[string]any)
	if !ok {
		fitted, ok := n.fit(v)
		if !ok {
			return nil, n.unfit(v)
		}
		m = fitted.(map[string]any)
	}
	if depth >= maxDepth {
		return nil, tooDeep()
	}
	return m, nil
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func tooDeep() *wrong { return mismatch("the value is nested more than %d deep", maxDepth) }

// unfit says why a value is none of the type.
func (n *node) unfit(v any) *wrong {
	switch n.kind {
	case avro.Enum:
		if s, ok := v.(string); ok {
			return mismatch("%s is no symbol of %s", quote(s), n.name)
		}
	case avro.Fixed:
		if b, ok := v.([]byte); ok {
			return mismatch("%s has %d bytes, not %d", n.name, n.size, len(b))
		}
	case avro.Record, avro.Array, avro.Map:
		if _, wrong := n.naturally(v); wrong != nil {
			return wrong
		}
	}
	return mismatch("%s is wanted, not %s", n.wanted(), describe(v))
}

func (n *node) noBranch(v any) *wrong {
	return mismatch("%s is wanted, not %s", n.wanted(), describe(v))
}

// wanted names a type for a message.
func (n *node) wanted() string {
	switch n.kind {
	case avro.Null:
		return "null"
	case avro.Record, avro.Enum, avro.Fixed:
		return n.kind.String() + " " + n.name
	case avro.Union:
		const most = 10
		s := "one of "
		for i, b := range n.branches {
			switch {
			case i == most:
				return s + ", …"
			case i > 0:
				s += ", "
			}
			s += b.name
		}
		return s
	}
	return "a value of type " + n.name
}
