package avro

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// ToJSON is a record in the JSON encoding of the Avro specification, made where
// one looks: records and maps have the methods Names and Get, arrays Len and At, all MarshalJSON.
// Integers are int64, bytes the text of their characters; NaN and the infinities are words.
func (f *Format) ToJSON(v any) (any, error) {
	v, wrong := f.root.shallow(v)
	if wrong != nil {
		return nil, wrong.mismatch()
	}
	return f.root.json(v), nil
}

// shallow is a value whose outermost Go type is one that Decode gives.
func (n *node) shallow(v any) (any, *wrong) {
	if n.kind == avro.Union {
		i, inner := n.choose(v)
		if i < 0 {
			return nil, n.noBranch(v)
		}
		inner, wrong := n.branches[i].shallow(inner)
		return n.wrap(i, inner), wrong
	}
	fitted, ok := n.fit(v)
	if !ok {
		return nil, n.unfit(v)
	}
	return fitted, nil
}

// json is a value as JSON. What is no value of the type is left as it is, for
// those who read the JSON to refuse.
func (n *node) json(v any) any {
	if n.kind == avro.Union {
		i, inner := n.choose(v)
		switch {
		case i < 0:
			return v
		case n.branches[i].kind == avro.Null:
			return nil
		}
		return tagged{n.branches[i], inner}
	}
	fitted, ok := n.fit(v)
	if !ok {
		return v
	}
	switch x := fitted.(type) {
	case int32:
		return int64(x)
	case float32:
		if word := notFinite(float64(x)); word != "" {
			return word
		}
	case float64:
		if word := notFinite(x); word != "" {
			return word
		}
	case []byte:
		return characters(x)
	case []any:
		return list{n.items, x}
	case map[string]any:
		return object{n, x}
	}
	return fitted
}

// notFinite is the word for a number that JSON has none for, "" for all others.
func notFinite(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return ""
}

// words are the numbers that are words, as Java reads them.
var words = map[string]float64{
	"NaN": math.NaN(), "Infinity": math.Inf(1), "INF": math.Inf(1), "-Infinity": math.Inf(-1), "-INF": math.Inf(-1),
}

// characters is the text of bytes: each byte is the character of that code.
func characters(b []byte) string {
	for _, c := range b {
		if c >= 0x80 {
			runes := make([]rune, len(b))
			for i, c := range b {
				runes[i] = rune(c)
			}
			return string(runes)
		}
	}
	return string(b)
}

// object is a record or a map as JSON.
type object struct {
	node *node
	of   map[string]any
}

// Names are the fields in the order of the schema, or the keys in theirs.
func (o object) Names() []string {
	if o.node.kind == avro.Map {
		return sortedNames(o.of)
	}
	for _, name := range o.node.names {
		if _, ok := o.of[name]; !ok {
			return slices.DeleteFunc(slices.Clone(o.node.names), func(name string) bool { _, ok := o.of[name]; return !ok })
		}
	}
	return o.node.names
}

// Get is the value of a name, and whether there is one.
func (o object) Get(name string) (any, bool) {
	n := o.node.items
	if o.node.kind == avro.Record {
		f := o.node.field(name)
		if f == nil {
			return nil, false
		}
		n = f.node
	}
	v, ok := o.of[name]
	if !ok {
		return nil, false
	}
	return n.json(v), true
}

func (o object) MarshalJSON() ([]byte, error) { return appendJSON(nil, o) }

// list is an array as JSON.
type list struct {
	items *node
	of    []any
}

// Len is the number of items.
func (l list) Len() int { return len(l.of) }

// At is an item.
func (l list) At(i int) any { return l.items.json(l.of[i]) }

func (l list) MarshalJSON() ([]byte, error) { return appendJSON(nil, l) }

// tagged is a value of a union under the name of its branch.
type tagged struct {
	branch *node
	of     any
}

// Names is the name of the branch.
func (t tagged) Names() []string { return []string{t.branch.name} }

// Get is the value, under the name of the branch.
func (t tagged) Get(name string) (any, bool) {
	if name != t.branch.name {
		return nil, false
	}
	return t.branch.json(t.of), true
}

func (t tagged) MarshalJSON() ([]byte, error) { return appendJSON(nil, t) }

// named and numbered are what other packages keep objects and arrays in; our own views are both.
type (
	named interface {
		Names() []string
		Get(name string) (any, bool)
	}
	numbered interface {
		Len() int
		At(i int) any
	}
)

// appendJSON writes what ToJSON gives.
func appendJSON(dst []byte, v any) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case string:
		return jsontree.AppendString(dst, strings.ToValidUTF8(v, "\ufffd")), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case named:
		dst = append(dst, '{')
		for i, name := range v.Names() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(jsontree.AppendString(dst, strings.ToValidUTF8(name, "\ufffd")), ':')
			inner, _ := v.Get(name)
			if dst, err = appendJSON(dst, inner); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	case numbered:
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendJSON(dst, v.At(i)); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	}
	b, err := json.Marshal(v)
	return append(dst, b...), err
}

// plainJSON is a tree in the form of encoding/json, with json.Number for numbers.
func plainJSON(v *jsontree.Value) any {
	switch v.Kind {
	case jsontree.Bool:
		return v.Bool
	case jsontree.Number:
		return json.Number(v.Text)
	case jsontree.String:
		return v.Text
	case jsontree.Array:
		a := make([]any, len(v.Items))
		for i := range v.Items {
			a[i] = plainJSON(&v.Items[i])
		}
		return a
	case jsontree.Object:
		m := make(map[string]any, len(v.Members))
		for i := range v.Members {
			m[v.Members[i].Name] = plainJSON(&v.Members[i].Value)
		}
		return m
	}
	return nil
}

var numberType = reflect.TypeFor[json.Number]()
