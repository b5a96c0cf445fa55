package avro

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// Normalized returns the schema with its properties and aliases sorted, empty
// docs of named types dropped and defaults written as values of their type.
//
// As in the reference the normal form is written with full names and read
// again, so a type without a namespace inside one that has a namespace moves
// into it, and a default that is no value of its type is lost.
func (s *Schema) Normalized() (schema.Schema, error) {
	n := normalizer{printer{buf: make([]byte, 0, len(s.canonical)+64), known: make(map[string]struct{})}}
	for _, name := range s.provided {
		n.known[name] = struct{}{}
	}
	if err := n.typ(s.root); err != nil {
		return nil, err
	}
	src := s.source
	src.Text = string(n.buf)
	normal, err := Parse(src)
	if err != nil {
		return nil, err
	}
	return normal, nil
}

// normalizer writes the normal form; the order of attributes with a meaning is
// left to the printing that follows.
type normalizer struct{ printer }

func (n *normalizer) typ(t *Type) error {
	switch t.Kind {
	case Union:
		n.raw("[")
		for i, b := range t.Branches {
			if i > 0 {
				n.raw(",")
			}
			if err := n.typ(b); err != nil {
				return err
			}
		}
		n.raw("]")
		return nil
	case Record, Enum, Fixed:
		return n.named(t)
	}
	if t.Kind.Primitive() && len(t.Props) == 0 {
		n.raw(`"`, t.Kind.String(), `"`)
		return nil
	}
	n.raw(`{"type":"`, t.Kind.String(), `"`)
	switch t.Kind {
	case Array:
		n.raw(`,"items":`)
	case Map:
		n.raw(`,"values":`)
	}
	if t.Items != nil {
		if err := n.typ(t.Items); err != nil {
			return err
		}
	}
	n.typeProps(t)
	n.raw("}")
	return nil
}

func (n *normalizer) named(t *Type) error {
	d := t.Named
	if _, ok := n.known[d.Name.Full()]; ok {
		n.str(d.Name.Full())
		return nil
	}
	n.known[d.Name.Full()] = struct{}{}
	n.raw(`{"type":"`, t.Kind.String(), `","name":`)
	n.str(d.Name.Full())
	switch t.Kind {
	case Record:
		n.raw(`,"fields":[`)
		for i := range d.Fields {
			if i > 0 {
				n.raw(",")
			}
			if err := n.field(&d.Fields[i]); err != nil {
				return err
			}
		}
		n.raw("]")
	case Enum:
		n.raw(`,"symbols":[`)
		for i, s := range d.Symbols {
			if i > 0 {
				n.raw(",")
			}
			n.str(s)
		}
		n.raw("]")
		if d.Default != nil {
			n.raw(`,"default":`)
			n.str(*d.Default)
		}
	case Fixed:
		n.raw(`,"size":`, strconv.Itoa(d.Size))
	}
	if d.Doc != nil && *d.Doc != "" {
		n.doc(d.Doc)
	}
	n.aliases(fullNames(d.Aliases))
	n.typeProps(t)
	n.raw("}")
	return nil
}

func (n *normalizer) field(f *Field) error {
	n.raw(`{"name":`)
	n.str(f.Name)
	n.raw(`,"type":`)
	if err := n.typ(f.Type); err != nil {
		return err
	}
	if f.Order != Ascending {
		n.raw(`,"order":"`, f.Order.String(), `"`)
	}
	n.doc(f.Doc)
	n.aliases(slices.Clone(f.Aliases))
	if err := n.fieldDefault(f); err == errNoBranch {
		return err
	} else if err != nil {
		return fmt.Errorf("default of field %s: %w", f.Name, err)
	}
	for _, m := range sortedMembers(f.Props) {
		if holdsBig(&m.Value) {
			return fmt.Errorf("property %s of field %s: an integer of more than 64 bits has no normal form", m.Name, f.Name)
		}
		n.prop(&m)
	}
	n.raw("}")
	return nil
}

func (n *normalizer) fieldDefault(f *Field) error {
	if f.Default == nil {
		if f.Type.Kind == Union && len(f.Type.Branches) == 0 {
			return errNoBranch
		}
		return nil
	}
	before := len(n.buf)
	n.raw(`,"default":`)
	ok, err := n.value(f.Default, f.Type)
	if !ok {
		n.buf = n.buf[:before]
	}
	return err
}

func (n *normalizer) aliases(names []string) {
	slices.SortFunc(names, schema.CompareUTF16)
	for i, a := range names {
		n.raw(separator(i))
		n.str(a)
	}
	if len(names) > 0 {
		n.raw("]")
	}
}

func (n *normalizer) prop(m *jsontree.Member) {
	n.raw(",")
	n.str(m.Name)
	n.raw(":")
	n.any(&m.Value)
}

// typeProps writes the properties of a type: those of its logical type first,
// then all others by name.
func (n *normalizer) typeProps(t *Type) {
	var leading []string
	switch t.LogicalType() {
	case "":
	case "decimal":
		leading = []string{"logicalType", "precision"}
		if _, scale, _ := t.Decimal(); scale != 0 {
			leading = append(leading, "scale")
		}
	default:
		leading = []string{"logicalType"}
	}
	for _, name := range leading {
		n.prop(&jsontree.Member{Name: name, Value: *t.Prop(name)})
	}
	for _, m := range sortedMembers(t.Props) {
		if !slices.Contains(leading, m.Name) {
			n.prop(&m)
		}
	}
}

func sortedMembers(members []jsontree.Member) []jsontree.Member {
	sorted := slices.Clone(members)
	slices.SortFunc(sorted, func(a, b jsontree.Member) int { return schema.CompareUTF16(a.Name, b.Name) })
	return sorted
}

// any writes a value with all members sorted.
func (n *normalizer) any(v *jsontree.Value) {
	switch v.Kind {
	case jsontree.Array:
		n.raw("[")
		for i := range v.Items {
			if i > 0 {
				n.raw(",")
			}
			n.any(&v.Items[i])
		}
		n.raw("]")
	case jsontree.Object:
		n.raw("{")
		for i, m := range sortedMembers(v.Members) {
			if i > 0 {
				n.raw(",")
			}
			n.str(m.Name)
			n.raw(":")
			n.any(&m.Value)
		}
		n.raw("}")
	default:
		n.buf = appendJSON(n.buf, v)
	}
}

func holdsBig(v *jsontree.Value) bool {
	big := v.Kind == jsontree.Number && integral(v.Text) && !fits(v.Text, 64)
	for i := range v.Items {
		big = big || holdsBig(&v.Items[i])
	}
	for i := range v.Members {
		big = big || holdsBig(&v.Members[i].Value)
	}
	return big
}

// Errors of defaults that have no normal form. The first is in the reference's
// words: even a field without a default has none if its union is empty.
var (
	errNoBranch = errors.New("Index 0 out of bounds for length 0")
	errLostPart = errors.New("a part of it is no value of its type")
)

// value writes a default as a value of its type: numbers in the precision of
// the type, members sorted, and of a union's branches the first alone counts.
// It reports false for what is no value of the type. Where the type does not
// say what the parts of a value are (t is nil) they stay as they are.
func (n *normalizer) value(v *jsontree.Value, t *Type) (bool, error) {
	for t != nil && t.Kind == Union {
		if len(t.Branches) == 0 {
			return false, errNoBranch
		}
		t = t.Branches[0]
	}
	switch v.Kind {
	case jsontree.Number:
		text, ok := normalNumber(v.Text, t)
		if !ok {
			return false, nil
		}
		n.buf = appendJSON(n.buf, &jsontree.Value{Kind: jsontree.Number, Text: text})
	case jsontree.String:
		text, ok := normalText(v.Text, t)
		if !ok {
			return false, nil
		}
		n.str(text)
	case jsontree.Array:
		return true, n.items(v, t)
	case jsontree.Object:
		return true, n.members(v, t)
	default:
		n.buf = appendJSON(n.buf, v)
	}
	return true, nil
}

func (n *normalizer) items(v *jsontree.Value, t *Type) error {
	n.raw("[")
	for i := range v.Items {
		if i > 0 {
			n.raw(",")
		}
		var item *Type
		if t != nil {
			if t.Kind != Array {
				return fmt.Errorf("Not an array: %s", t)
			}
			item = t.Items
		}
		if err := n.part(&v.Items[i], item); err != nil {
			return err
		}
	}
	n.raw("]")
	return nil
}

func (n *normalizer) members(v *jsontree.Value, t *Type) error {
	n.raw("{")
	for i, m := range sortedMembers(v.Members) {
		if i > 0 {
			n.raw(",")
		}
		var member *Type
		switch {
		case t == nil:
		case t.Kind == Map:
			member = t.Items
		case t.Kind == Record:
			at := t.Named.Field(m.Name)
			if at < 0 {
				return fmt.Errorf("record %s has no field %s", t.FullName(), m.Name)
			}
			member = t.Named.Fields[at].Type
		}
		n.str(m.Name)
		n.raw(":")
		if err := n.part(&m.Value, member); err != nil {
			return err
		}
	}
	n.raw("}")
	return nil
}

func (n *normalizer) part(v *jsontree.Value, t *Type) error {
	ok, err := n.value(v, t)
	if err == nil && !ok {
		return errLostPart
	}
	return err
}

// normalNumber spells a number as a value of a type.
func normalNumber(text string, t *Type) (string, bool) {
	isInt := integral(text)
	if isInt && !fits(text, 64) {
		return "", false
	}
	switch {
	case t == nil:
		return text, true
	case t.Kind == Int, t.Kind == Long:
		return text, isInt
	case t.Kind == Double:
		if !isInt {
			return text, true
		}
		f, _ := strconv.ParseFloat(text, 64)
		return formatFloat(f, 64), true
	case t.Kind == Float:
		return formatFloat(float64(float32(toDouble(text))), 32), true
	}
	return "", false
}

// toDouble reads a number in Java's spelling.
func toDouble(text string) float64 {
	if text == "NaN" {
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(text, 64)
	return f
}

// normalText writes a text as a value of a type. Bytes are Latin-1 characters;
// what is none becomes a question mark.
func normalText(s string, t *Type) (string, bool) {
	if t == nil {
		return s, true
	}
	switch t.Kind {
	case String, Enum:
		return s, true
	case Bytes, Fixed:
		b := make([]rune, 0, len(s))
		for _, r := range s {
			if r > 0xFF {
				r = '?'
			}
			b = append(b, r)
		}
		return string(b), true
	}
	return "", false
}
