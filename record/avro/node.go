package avro

import (
	"math"
	"slices"
	"sync/atomic"

	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// maxDepth bounds how deep records, arrays and maps are nested in each other
// in a value, so that neither a payload nor a value that contains itself exhausts the stack.
const maxDepth = 1000

// node is a type of the schema with all that is wanted for each value of it.
// Nodes are immutable once compiled; those of a recursive schema have cycles.
type node struct {
	kind avro.Kind
	typ  *avro.Type
	name string // by which unions know the type: its full name, of types without a name the kind

	fields []field  // Record
	names  []string // Record: of fields
	index  map[string]int
	rooms  atomic.Pointer[rooms]
	height int // Record: how many records are at least nested in each other in a value; endless if there is no value

	symbols []any // Enum: strings, ready to be given out
	size    int   // Fixed
	items   *node // Array, Map

	// Union:
	branches []*node
	null     int            // branch of null, or -1
	of       [classes][]int // branches for values of a class, the one preferred first
	written  [forms][]int   // branches for JSON without the name of a branch, the one preferred first

	empty  bool // a value may take no byte of a payload
	spared int  // Record: how many fields may take none
}

// field is a field of a record.
type field struct {
	name   string
	node   *node
	def    any // the default as JSON, where there is one
	hasDef bool
	of     *avro.Field
}

// value is the default, nobody else's.
func (f *field) value() (any, *wrong) {
	if !f.hasDef {
		return nil, mismatch("the field is missing and has no default")
	}
	v, wrong := (&fromJSON{lenient: true}).value(f.node, f.def, 0)
	if wrong != nil {
		return nil, mismatch("the field is missing, and its default is none: %s", wrong.reason)
	}
	return v, nil
}

// class is the kind of a Go value, as far as values of different branches of a
// union can be told apart by it.
type class uint8

const (
	nullClass class = iota
	boolClass
	intClass
	longClass
	floatClass
	doubleClass
	binaryClass
	textClass
	objectClass
	listClass
	otherClass // not what Decode gives: structs, int, …
	classes
)

var classOfKind = [...]class{
	avro.Null: nullClass, avro.Boolean: boolClass, avro.Int: intClass, avro.Long: longClass,
	avro.Float: floatClass, avro.Double: doubleClass, avro.Bytes: binaryClass, avro.String: textClass,
	avro.Record: objectClass, avro.Enum: textClass, avro.Fixed: binaryClass, avro.Array: listClass,
	avro.Map: objectClass, avro.Union: otherClass,
}

func classOf(v any) class {
	switch v.(type) {
	case nil:
		return nullClass
	case string:
		return textClass
	case int32:
		return intClass
	case int64:
		return longClass
	case map[string]any:
		return objectClass
	case bool:
		return boolClass
	case float64:
		return doubleClass
	case []any:
		return listClass
	case []byte:
		return binaryClass
	case float32:
		return floatClass
	}
	return otherClass
}

// compiled are the nodes of a schema.
type compiled struct {
	root    *node
	records []*node
	choices bool // some union has values of which it could be doubted what they are
}

func compile(t *avro.Type) *compiled {
	c := &compiler{nodes: make(map[*avro.Type]*node)}
	c.root = c.node(t)
	// Fields come after their record, so that chains of records cost no stack.
	for i := 0; i < len(c.records); i++ {
		c.fields(c.records[i])
	}
	measure(c.records)
	known := make(map[*node]bool)
	for _, r := range c.records {
		r.weigh(known)
	}
	for _, u := range c.unions {
		u.rank()
		c.choices = c.choices || u.choices()
	}
	return &c.compiled
}

type compiler struct {
	compiled
	nodes  map[*avro.Type]*node
	unions []*node
}

func (c *compiler) node(t *avro.Type) *node {
	if n := c.nodes[t]; n != nil {
		return n
	}
	n := &node{kind: t.Kind, typ: t, name: t.FullName(), null: -1}
	c.nodes[t] = n
	switch t.Kind {
	case avro.Null:
		n.empty = true
	case avro.Record:
		c.records = append(c.records, n)
	case avro.Enum:
		n.index = make(map[string]int, len(t.Named.Symbols))
		for i, s := range t.Named.Symbols {
			n.symbols = append(n.symbols, s)
			n.index[s] = i
		}
	case avro.Fixed:
		n.size = t.Named.Size
		n.empty = n.size == 0
	case avro.Array, avro.Map:
		n.items = c.node(t.Items)
	case avro.Union:
		for i, b := range t.Branches {
			n.branches = append(n.branches, c.node(b))
			if b.Kind == avro.Null {
				n.null = i
			}
		}
		c.unions = append(c.unions, n)
	}
	return n
}

func (c *compiler) fields(n *node) {
	of := n.typ.Named.Fields
	n.fields = make([]field, len(of))
	n.names = make([]string, len(of))
	n.index = make(map[string]int, len(of))
	for i := range of {
		n.fields[i] = field{name: of[i].Name, node: c.node(of[i].Type), of: &of[i]}
		if of[i].Default != nil {
			n.fields[i].def, n.fields[i].hasDef = plainJSON(of[i].Default), true
		}
		n.names[i] = of[i].Name
		n.index[of[i].Name] = i
	}
}

// choices reports whether there can be a doubt about the branch of a Go value:
// there are branches beside null and another one, or that one has values that look like the name of a branch with its value.
func (n *node) choices() bool {
	if len(n.branches) > 2 || len(n.branches) == 2 && n.null < 0 {
		return true
	}
	for _, b := range n.branches {
		if _, named := b.index[b.name]; b.kind == avro.Map || b.kind == avro.Record && named {
			return true
		}
	}
	return false
}

// rank orders the branches of a union for those who look for one.
func (n *node) rank() {
	for i, b := range n.branches {
		c := classOfKind[b.kind]
		n.of[c] = append(n.of[c], i)
		for f := range n.written {
			if preferred[f][b.kind] > 0 {
				n.written[f] = append(n.written[f], i)
			}
		}
	}
	for c := range n.of {
		slices.SortStableFunc(n.of[c], func(i, j int) int {
			return int(n.branches[i].kind) - int(n.branches[j].kind) // text before enums, bytes before fixed, records before maps
		})
	}
	for f := range n.written {
		slices.SortStableFunc(n.written[f], func(i, j int) int {
			return preferred[f][n.branches[i].kind] - preferred[f][n.branches[j].kind]
		})
	}
}

// weigh finds whether a record may take no byte, after the records in it.
func (n *node) weigh(known map[*node]bool) {
	if n.kind != avro.Record || known[n] {
		return
	}
	known[n] = true
	for i := range n.fields {
		inner := n.fields[i].node
		inner.weigh(known)
		if inner.empty {
			n.spared++
		}
	}
	n.empty = n.spared == len(n.fields)
}

// counts reports whether values may have arrays or maps in them, whose items a payload counts.
func (n *node) counts(known map[*node]bool) bool {
	if known[n] {
		return false
	}
	known[n] = true
	switch n.kind {
	case avro.Array, avro.Map:
		return true
	case avro.Union:
		return slices.ContainsFunc(n.branches, func(b *node) bool { return b.counts(known) })
	case avro.Record:
		return slices.ContainsFunc(n.fields, func(f field) bool { return f.node.counts(known) })
	}
	return false
}

// endless is the height of what has no value.
const endless = math.MaxInt

// measure finds how high the records are. Those found first are the lowest, so
// each is looked at once for each field that has it.
func measure(records []*node) {
	type place struct {
		record *node
		field  int
	}
	needs := make(map[*node][]place) // the fields that a record is a value of
	open := make(map[*node]int)      // fields of a record whose height is not known
	var known []*node
	for _, r := range records {
		r.height = endless
	}
	for _, r := range records {
		for i := range r.fields {
			n := r.fields[i].node
			if n.least() < endless {
				continue
			}
			open[r]++
			for _, b := range slices.Concat(n.branches, []*node{n}) {
				if b.kind == avro.Record {
					needs[b] = append(needs[b], place{r, i})
				}
			}
		}
		if open[r] == 0 {
			known = append(known, r)
		}
	}
	for _, r := range known {
		r.height = 1
	}
	done := make(map[place]bool)
	for len(known) > 0 {
		r := known[0]
		known = known[1:]
		for _, p := range needs[r] {
			if done[p] {
				continue
			}
			done[p] = true
			if open[p.record]--; open[p.record] == 0 {
				p.record.height = r.height + 1
				known = append(known, p.record)
			}
		}
	}
}

// least is the height of the lowest value of a type.
func (n *node) least() int {
	switch n.kind {
	case avro.Record:
		return n.height
	case avro.Union:
		least := endless
		for _, b := range n.branches {
			least = min(least, b.least())
		}
		return least
	}
	return 0
}

// endless returns the record that makes a value of the type impossible, or nil.
func (n *node) endless() *node {
	switch {
	case n.least() < endless:
		return nil
	case n.kind == avro.Union && len(n.branches) > 0:
		return n.branches[0]
	}
	return n
}

// field returns a field by its name, or nil.
func (n *node) field(name string) *field {
	if i, ok := n.index[name]; ok {
		return &n.fields[i]
	}
	return nil
}

// symbol returns the place of a symbol, or -1.
func (n *node) symbol(s string) int {
	if i, ok := n.index[s]; ok {
		return i
	}
	return -1
}
