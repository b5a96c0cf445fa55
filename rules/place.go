package rules

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// general is the place in the schema of a place in a record, as JSON pointers:
// indices of arrays and keys of maps are *. Names that the schema does not know stay what they are.
func general(f record.Format, path string) string {
	parts := strings.Split(path, "/")
	at := roots(f)
	for i, part := range parts[1:] {
		name := pointerNames.Replace(part)
		var named, others []position
		for _, p := range at {
			n, o := p.below(name)
			named, others = append(named, n...), append(others, o...)
		}
		switch _, err := strconv.Atoi(part); {
		case len(named) > 0:
			at = named
		case len(others) > 0 || err == nil:
			parts[i+1], at = "*", others
		default:
			at = nil
		}
	}
	return strings.Join(parts, "/")
}

var (
	pointerNames  = strings.NewReplacer("~1", "/", "~0", "~")
	pointerTokens = strings.NewReplacer("~", "~0", "/", "~1")
)

// position is a place in a schema.
type position interface {
	// below are the places that a name leads to: those of fields of the name, and those of
	// the items of arrays and of the values of maps.
	below(name string) (named, others []position)
}

// roots are the places where records begin; none for a format that does not tell its schema.
func roots(f record.Format) []position {
	if m, ok := f.(interface {
		Descriptor() protoreflect.MessageDescriptor
	}); ok {
		return []position{messagePosition{m.Descriptor()}}
	}
	if d, ok := f.(interface{ Schema() schema.Schema }); ok {
		switch s := d.Schema().(type) {
		case *avro.Schema:
			return []position{avroPosition{s.Root()}}
		case *jsonschema.Schema:
			if root, err := s.Model(); err == nil {
				return []position{nodePosition{root}}
			}
		}
	}
	return nil
}

type avroPosition struct{ t *avro.Type }

func (p avroPosition) below(name string) (named, others []position) {
	switch p.t.Kind {
	case avro.Record:
		for i := range p.t.Named.Fields {
			if f := &p.t.Named.Fields[i]; f.Name == name {
				return []position{avroPosition{f.Type}}, nil
			}
		}
	case avro.Array, avro.Map:
		return nil, []position{avroPosition{p.t.Items}}
	case avro.Union:
		for _, b := range p.t.Branches {
			if b.FullName() == name {
				named = append(named, avroPosition{b})
			}
			n, o := avroPosition{b}.below(name)
			named, others = append(named, n...), append(others, o...)
		}
	}
	return named, others
}

type messagePosition struct {
	m protoreflect.MessageDescriptor
}

// freeForms are the messages whose JSON has members of any names.
var freeForms = []protoreflect.FullName{"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue", "google.protobuf.Any"}

func (p messagePosition) below(name string) (named, others []position) {
	if slices.Contains(freeForms, p.m.FullName()) {
		return nil, []position{anything{}}
	}
	f := p.m.Fields().ByJSONName(name)
	if f == nil {
		f = p.m.Fields().ByTextName(name)
	}
	if f == nil {
		return nil, nil
	}
	return []position{fieldPosition{f}}, nil
}

type fieldPosition struct{ f protoreflect.FieldDescriptor }

func (p fieldPosition) below(name string) (named, others []position) {
	value := p.f
	if p.f.IsMap() {
		value = p.f.MapValue()
	}
	switch {
	case p.f.IsMap() || p.f.IsList():
		if m := value.Message(); m != nil {
			return nil, []position{messagePosition{m}}
		}
		return nil, []position{anything{}}
	case value.Message() != nil:
		return messagePosition{value.Message()}.below(name)
	}
	return nil, nil
}

// anything is a place of values that the schema says nothing of.
type anything struct{}

func (anything) below(string) (named, others []position) { return nil, []position{anything{}} }

type nodePosition struct{ n *jsonschema.Node }

func (p nodePosition) below(name string) (named, others []position) {
	for _, n := range applied(p.n, nil) {
		var items []*jsonschema.Node
		if n.Permissive() {
			others = append(others, anything{})
		}
		if o := n.Object; o != nil {
			if property := o.Property(name); property != nil {
				named = append(named, nodePosition{property})
			}
			for _, x := range o.Patterns {
				items = append(items, x.Node)
			}
			items = append(items, o.Additional, o.Unevaluated)
			if o.Additional == nil && o.Unevaluated == nil && !o.NoAdditional {
				others = append(others, anything{})
			}
		}
		if a := n.Array; a != nil {
			items = append(append(items, a.Items, a.Additional, a.Unevaluated), a.Tuple...)
		}
		for _, x := range items {
			if x != nil {
				others = append(others, nodePosition{x})
			}
		}
	}
	return named, others
}

// applied are the schemas that may hold for a value, one within the other.
func applied(n *jsonschema.Node, seen []*jsonschema.Node) []*jsonschema.Node {
	if n = n.Resolve(); n == nil || slices.Contains(seen, n) {
		return seen
	}
	seen = append(seen, n)
	for _, x := range append([]*jsonschema.Node{n.Inner, n.If, n.Then, n.Else}, n.Members...) {
		if x != nil {
			seen = applied(x, seen)
		}
	}
	return seen
}
