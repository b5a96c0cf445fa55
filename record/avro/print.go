package avro

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// Print writes a record as people read it. A value of a union stands under the
// name of its branch only where Read would take it for one of another branch. NaN and the
// infinities are words.
func (f *Format) Print(v any) ([]byte, error) {
	b, wrong := f.root.print(nil, v, 0)
	if wrong != nil {
		return nil, wrong.mismatch()
	}
	return b, nil
}

func (n *node) print(dst []byte, v any, depth int) ([]byte, *wrong) {
	if n.kind == avro.Union {
		return n.printUnion(dst, v, depth)
	}
	fitted, ok := n.fit(v)
	if !ok {
		return nil, n.unfit(v)
	}
	if depth > maxDepth {
		return nil, tooDeep()
	}
	switch x := fitted.(type) {
	case bool:
		return strconv.AppendBool(dst, x), nil
	case int32:
		return strconv.AppendInt(dst, int64(x), 10), nil
	case int64:
		return strconv.AppendInt(dst, x, 10), nil
	case float32:
		return appendFloat(dst, float64(x), 32), nil
	case float64:
		return appendFloat(dst, x, 64), nil
	case string:
		return appendText(dst, x), nil
	case []byte:
		dst = append(append(dst, `{"`+hexName+`":"`...), hex.EncodeToString(x)...)
		return append(dst, `"}`...), nil
	case []any:
		return n.printArray(dst, x, depth)
	case map[string]any:
		return n.printObject(dst, x, depth)
	}
	return append(dst, "null"...), nil
}

func (n *node) printArray(dst []byte, a []any, depth int) ([]byte, *wrong) {
	dst = append(dst, '[')
	var wrong *wrong
	for i, x := range a {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, wrong = n.items.print(dst, x, depth+1); wrong != nil {
			return nil, wrong.item(i)
		}
	}
	return append(dst, ']'), nil
}

func (n *node) printObject(dst []byte, m map[string]any, depth int) ([]byte, *wrong) {
	names := n.names
	if n.kind == avro.Map {
		names = sortedNames(m)
	}
	dst = append(dst, '{')
	for i, name := range names {
		inner := n.items
		x, ok := m[name]
		if n.kind == avro.Record {
			inner = n.fields[i].node
			if !ok {
				var wrong *wrong
				if x, wrong = n.fields[i].value(); wrong != nil {
					return nil, wrong.at(name)
				}
			}
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, name), ':')
		var wrong *wrong
		if dst, wrong = inner.print(dst, x, depth+1); wrong != nil {
			return nil, wrong.at(name)
		}
	}
	return append(dst, '}'), nil
}

func (n *node) printUnion(dst []byte, v any, depth int) ([]byte, *wrong) {
	i, inner := n.choose(v)
	if i < 0 {
		return nil, n.noBranch(v)
	}
	b := n.branches[i]
	inner, wrong := b.shallow(inner)
	if wrong != nil {
		return nil, wrong
	}
	bare := n.bare(i, inner)
	if !bare {
		dst = append(appendText(append(dst, '{'), b.name), ':')
	}
	if dst, wrong = b.print(dst, inner, depth); wrong == nil && !bare {
		dst = append(dst, '}')
	}
	return dst, wrong
}

// bare reports whether Read finds the branch of a value that is printed without its name.
func (n *node) bare(i int, v any) bool {
	b := n.branches[i]
	if b.kind == avro.Null {
		return true
	}
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		for name := range m {
			if name == hexName || n.named(name) >= 0 {
				return false
			}
		}
	}
	for _, j := range n.written[printedForm(v)] {
		if j == i {
			return true
		}
		if n.branches[j].reads(v, 1) {
			return false
		}
	}
	return true
}

// printedForm is the form that a value is printed in.
func printedForm(v any) form {
	switch v := v.(type) {
	case bool:
		return boolForm
	case int32, int64:
		return integerForm
	case float32:
		return printedForm(float64(v))
	case float64:
		if notFinite(v) != "" {
			return stringForm
		}
		return fractionForm
	case string:
		return stringForm
	case []any:
		return arrayForm
	}
	return objectForm
}

// reads reports whether a value, printed, could be read as one of the type. It
// looks so deep into objects.
func (n *node) reads(v any, depth int) bool {
	switch x := v.(type) {
	case nil:
		return n.kind == avro.Null || n.kind == avro.Union
	case bool:
		return n.kind == avro.Boolean || n.kind == avro.Union
	case map[string]any:
		switch n.kind {
		case avro.Record:
			return len(x) == len(n.fields) && n.readsFields(x, depth)
		case avro.Map, avro.Union:
			return true
		}
		return false
	case []any:
		return n.kind == avro.Array || n.kind == avro.Union
	case []byte:
		switch n.kind {
		case avro.Fixed:
			return len(x) == n.size
		case avro.Bytes, avro.Map, avro.Record, avro.Union:
			return true
		}
		return false
	case string:
		switch n.kind {
		case avro.Enum:
			return n.symbol(x) >= 0
		case avro.Float, avro.Double:
			_, word := words[x]
			return word
		case avro.String, avro.Bytes, avro.Fixed, avro.Union:
			return true
		}
		return false
	case float32:
		return n.reads(float64(x), depth)
	case float64:
		if word := notFinite(x); word != "" {
			return n.reads(word, depth)
		}
	}
	switch n.kind {
	case avro.Int, avro.Long:
		_, ok := n.fit(v)
		return ok
	case avro.Float, avro.Double, avro.Union:
		return true
	}
	return n.kind != avro.Null && classOf(v) == otherClass // a *record.Branch
}

func (n *node) readsFields(m map[string]any, depth int) bool {
	for i := range n.fields {
		x, ok := m[n.fields[i].name]
		if !ok || depth > 0 && !n.fields[i].node.reads(x, depth-1) {
			return false
		}
	}
	return true
}

func appendText(dst []byte, s string) []byte {
	return jsontree.AppendString(dst, strings.ToValidUTF8(s, "\ufffd"))
}

// appendFloat writes a number so that it is read as one of a floating type: with a fraction or an exponent.
func appendFloat(dst []byte, f float64, bits int) []byte {
	if word := notFinite(f); word != "" {
		return appendText(dst, word)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, f, format, -1, bits)
	if !strings.ContainsAny(string(dst[from:]), ".e") {
		dst = append(dst, ".0"...)
	}
	return dst
}
