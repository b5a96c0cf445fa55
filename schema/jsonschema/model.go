package jsonschema

import (
	"strings"
	"unsafe"

	"github.com/seed-9f7c7091/concordat/schema/jsonschema/javaregexp"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// Kind is the kind of a Node.
type Kind uint8

// The kinds of nodes. True, the schema true, is a sub-kind of Empty.
const (
	Empty Kind = iota
	True
	False
	String
	Number
	Boolean
	Null
	Object
	Array
	Enum
	Const
	Combined
	Not
	Conditional
	Reference
)

// Node is a schema as compatibility sees it: of one kind, with the rules of
// that kind. A text that says things of several kinds is a Combined node that
// asks for all of them. The nodes of a schema are immutable; references make
// cycles of them.
type Node struct {
	Kind                   Kind
	ID, Title, Description *string         // nil when absent
	Default                *jsontree.Value // nil when absent
	// Extra holds the members that the dialect gives no meaning, in their order.
	Extra []jsontree.Member

	String *StringRules // of a String
	Number *NumberRules // of a Number
	Object *ObjectRules // of an Object
	Array  *ArrayRules  // of an Array

	// Values holds the values of an Enum, each once, or the one value of a
	// Const, as texts that are equal if and only if the values are.
	Values []string

	Criterion Criterion // of a Combined
	Members   []*Node   // of a Combined, each once
	Listed    int       // of a Combined: its members as written, repeated ones too
	Inner     *Node     // of a Not
	If        *Node     // of a Conditional; nil when absent
	Then      *Node
	Else      *Node
	Target    *Node // of a Reference
	// Copied is set on a Reference of the later dialects: the reference makes a
	// copy of the target for it, where the drafts up to 7 share one.
	Copied bool
}

// Limit is a number that a keyword sets, as the double it is compared as.
type Limit struct {
	Set   bool
	Value float64
}

// StringRules are the rules of a String.
type StringRules struct {
	MinLength, MaxLength Limit
	Pattern              *string // a Java regular expression; nil when absent
}

// NumberRules are the rules of a Number.
type NumberRules struct {
	Integer                            bool
	Minimum, Maximum                   Limit
	ExclusiveMinimum, ExclusiveMaximum Limit
	MultipleOf                         string // decimal text, "" when absent
}

// Property is a named schema.
type Property struct {
	Name string
	Node *Node
}

// PatternProperty is the schema of the properties whose names match.
type PatternProperty struct {
	Pattern *javaregexp.Regexp
	Node    *Node
}

// ObjectRules are the rules of an Object.
type ObjectRules struct {
	Properties    []Property // in the order of the text
	index         map[string]int
	Required      map[string]bool
	Patterns      []PatternProperty
	NoAdditional  bool  // additionalProperties is false
	Additional    *Node // additionalProperties, unless a boolean
	Unevaluated   *Node // unevaluatedProperties; nil when absent
	MinProperties Limit
	MaxProperties Limit

	DependentRequired []Dependents
	DependentSchemas  []Property
}

// Dependents are the properties that another one requires.
type Dependents struct {
	Name  string
	Names map[string]bool
}

// Property returns the schema of a property, nil when properties has none of that name.
func (o *ObjectRules) Property(name string) *Node {
	if i, ok := o.index[name]; ok {
		return o.Properties[i].Node
	}
	return nil
}

// ArrayRules are the rules of an Array.
type ArrayRules struct {
	Items        *Node   // the schema of all items; nil when absent
	Tuple        []*Node // the schemas of the first items; nil when absent
	NoAdditional bool    // no items beyond the tuple
	Additional   *Node   // of the items beyond the tuple; nil when absent
	Unevaluated  *Node   // unevaluatedItems; nil when absent
	MinItems     Limit
	MaxItems     Limit
	MinContains  Limit
	MaxContains  Limit
	Unique       bool
}

// Criterion says how many members of a Combined node must hold.
type Criterion uint8

// The criteria.
const (
	All Criterion = iota
	Any
	One
)

// Keyword is the name of the keyword that states the criterion.
func (c Criterion) Keyword() string { return [...]string{"allOf", "anyOf", "oneOf"}[c] }

// Resolve follows references to the schema they stand for. References that
// only lead to each other stand for the empty schema.
func (n *Node) Resolve() *Node {
	slow, step := n, 0
	for n != nil && n.Kind == Reference {
		n = n.Target
		if step++; step%2 == 0 {
			slow = slow.Target
		}
		if n == slow && n != nil && n.Kind == Reference {
			return &nothing
		}
	}
	return n
}

var nothing = Node{Kind: Empty}

// Permissive reports whether a node allows everything: it is Empty or True.
func (n *Node) Permissive() bool { return n.Kind == Empty || n.Kind == True }

// What the parts of a model take, in bytes, with rules and indexes.
const (
	nodeSize     = int(unsafe.Sizeof(Node{})) + 100
	propertySize = 100
	patternSize  = 150 // per character, with its program
)

// modelSize estimates the bytes of the model of a tree from its canonical text
// on. Every object and boolean may be a schema, and what is referred to has a
// second node.
func modelSize(root *jsontree.Value, canonical string) int {
	size := nodeSize + nodesSize(root)
	if strings.Contains(canonical, `"$ref"`) {
		size *= 2
	}
	return size
}

func nodesSize(v *jsontree.Value) int {
	size := 0
	for i := range v.Items {
		size += nodesSize(&v.Items[i]) + int(unsafe.Sizeof(v))
	}
	for i := range v.Members {
		m := &v.Members[i]
		size += nodesSize(&m.Value) + propertySize
		switch m.Name {
		case "type":
			size += len(m.Value.Items) * nodeSize
		case "patternProperties":
			for k := range m.Value.Members {
				size += patternSize * len(m.Value.Members[k].Name)
			}
		}
	}
	if v.Kind == jsontree.Object || v.Kind == jsontree.Bool {
		size += nodeSize
	}
	return size
}
