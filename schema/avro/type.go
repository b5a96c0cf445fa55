package avro

import (
	"fmt"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// Kind is the kind of a type.
type Kind uint8

// The kinds of types, primitives first.
const (
	Null Kind = iota
	Boolean
	Int
	Long
	Float
	Double
	Bytes
	String
	Record
	Enum
	Fixed
	Array
	Map
	Union
	// unresolved stands for a name used before its definition; no finished
	// tree holds one.
	unresolved
)

var kindNames = [...]string{
	"null", "boolean", "int", "long", "float", "double", "bytes", "string",
	"record", "enum", "fixed", "array", "map", "union", "",
}

// String is the kind as schemas spell it.
func (k Kind) String() string { return kindNames[k] }

// Primitive reports whether the kind is one of the eight without parts.
func (k Kind) Primitive() bool { return k <= String }

// primitive returns the primitive kind of that name.
func primitive(name string) (k Kind, ok bool) {
	switch name {
	case "null":
		return Null, true
	case "boolean":
		return Boolean, true
	case "int":
		return Int, true
	case "long":
		return Long, true
	case "float":
		return Float, true
	case "double":
		return Double, true
	case "bytes":
		return Bytes, true
	case "string":
		return String, true
	}
	return 0, false
}

// Type is a node of a schema. Types are read-only, whoever holds them.
type Type struct {
	Kind     Kind
	Named    *Named  // Record, Enum, Fixed
	Items    *Type   // Array: of its items, Map: of its values
	Branches []*Type // Union
	// Props are the attributes that Avro gives no meaning, logicalType and its
	// parameters among them, in the order of the text. Numbers are in Java's spelling.
	Props []jsontree.Member
}

// Named is what records, enums and fixed types have beyond other types.
type Named struct {
	Name    Name
	Doc     *string
	Aliases []Name

	Fields  []Field // Record
	IsError bool    // Record: declared as "error"
	Symbols []string
	Default *string // Enum: the symbol that stands for unknown ones
	Size    int     // Fixed: in bytes

	index map[string]int      // of Fields, where there are many
	alias map[string]struct{} // the full names of Aliases
}

// Order says how a field counts when records are sorted.
type Order uint8

// The orders of fields.
const (
	Ascending Order = iota
	Descending
	Ignore
)

var orderNames = [...]string{"ascending", "descending", "ignore"}

func (o Order) String() string { return orderNames[o] }

// Field is a field of a record.
type Field struct {
	Name string
	Type *Type
	Doc  *string
	// Default is nil where there is none; the default null is a value of kind
	// Null. Numbers are in Java's spelling, with NaN and the infinities as words.
	Default *jsontree.Value
	Order   Order
	Aliases []string
	Props   []jsontree.Member
}

// FullName is the full name of a named type, for others the name of the kind.
func (t *Type) FullName() string {
	if t.Named != nil {
		return t.Named.Name.Full()
	}
	return t.Kind.String()
}

// String is the schema of the type on its own, as Avro prints it. Where it is
// nested too deeply to be printed it is the name.
func (t *Type) String() string {
	s, err := printed(t, nil, "")
	if err != nil {
		return t.FullName()
	}
	return s
}

// Prop returns the attribute of that name, or nil.
func (t *Type) Prop(name string) *jsontree.Value { return prop(t.Props, name) }

// Prop returns the attribute of that name, or nil.
func (f *Field) Prop(name string) *jsontree.Value { return prop(f.Props, name) }

func prop(props []jsontree.Member, name string) *jsontree.Value {
	for i := range props {
		if props[i].Name == name {
			return &props[i].Value
		}
	}
	return nil
}

// manyFields is from how many fields on a record finds them by a map.
const manyFields = 9

// Field returns the index of the field of that name, or -1.
func (n *Named) Field(name string) int {
	if n.index != nil {
		if i, ok := n.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// HasAlias reports whether a full name is one of the aliases.
func (n *Named) HasAlias(full string) bool {
	_, ok := n.alias[full]
	return ok
}

// Describe names a field for a message, with its kind and place.
func (n *Named) Describe(i int) string {
	f := &n.Fields[i]
	return fmt.Sprintf("%s type:%s pos:%d", f.Name, strings.ToUpper(f.Type.Kind.String()), i)
}
