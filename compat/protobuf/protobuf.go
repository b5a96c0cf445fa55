// Package protobuf compares Protobuf schemas: messages and enums by name, fields by
// number. The rules are those of the reference registry, not of the wire format:
// some changes that old readers survive are refused, and some that they do
// not are let pass.
package protobuf

import (
	"maps"
	"slices"
	"strconv"

	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/protobuf"
)

// Differ compares Protobuf schemas. It knows no policies.
type Differ struct{}

var _ compat.Differ = Differ{}

// Kinds implements compat.Differ.
func (Differ) Kinds() []*compat.Kind { return Kinds }

// Diff returns the differences that break a reader, messages in the order of a
// Java hash set, as the reference walks them. Both schemas must be of the
// package schema/protobuf.
func (Differ) Diff(reader, writer schema.Schema, _ compat.Policy) []compat.Difference {
	r, w := reader.(*protobuf.Schema), writer.(*protobuf.Schema)
	c := &comparison{reader: r, writer: w}
	rf, wf := r.File(), w.File()
	if rf.Package != wf.Package {
		c.report(&PackageChanged, "#/", rf.Package, wf.Package)
	}
	c.messages("#/", rf.Messages, wf.Messages, r.Scope(rf.Package), w.Scope(wf.Package))
	return c.found
}

// Limits on what one comparison does. Types of references are compared wherever they are
// used, so that a few of them that use each other make a lot of places.
const (
	maxFound = 10_000 // differences reported
	maxWork  = 10_000 // pairs of types compared before provisional results are taken
)

// comparison is one run of the differ.
type comparison struct {
	reader, writer *protobuf.Schema
	found          []compat.Difference

	stack map[pair]int // pairs being compared, and how deep
	low   int          // the shallowest pair on the stack that was met again
	done  map[pair]result
	work  int

	entered map[pair]bool // entries of maps being compared, which may hold themselves
}

// pair is two messages that are compared.
type pair struct{ reader, writer *protobuf.Message }

// result is what comparing a pair found. It is provisional if it took for granted
// that a pair then on the stack is compatible.
type result struct {
	found       []compat.Difference
	provisional bool
}

// report takes what the two sides have at the path.
func (c *comparison) report(kind *compat.Kind, path, reader, writer string) {
	c.add(compat.Difference{Kind: kind, Path: path, Reader: reader, Writer: writer})
}

func (c *comparison) add(found ...compat.Difference) {
	c.found = append(c.found, found[:min(len(found), maxFound-len(c.found))]...)
}

// below is the path of something inside of what is at the path.
func below(path string, steps ...string) string {
	for _, s := range steps {
		if path[len(path)-1] != '/' {
			path += "/"
		}
		path += s
	}
	return path
}

// messages compares the messages declared in two scopes.
func (c *comparison) messages(path string, reader, writer []*protobuf.Message, rat, wat *protobuf.Scope) {
	if len(writer) == 0 {
		return
	}
	rs, ws := byName(reader), byName(writer)
	for _, name := range setOrder(names(writer), names(reader)) {
		r, w := rs[name], ws[name]
		switch {
		case w == nil:
		case r == nil && !w.IsMapEntry():
			c.report(&MessageRemoved, below(path, name), "", name)
		case r != nil:
			c.message(below(path, name), r, w, rat.Enter(name), wat.Enter(name))
		}
	}
}

func byName(messages []*protobuf.Message) map[string]*protobuf.Message {
	m := make(map[string]*protobuf.Message, len(messages))
	for _, x := range messages {
		m[x.Name] = x
	}
	return m
}

// names lists names once each.
func names(messages []*protobuf.Message) []string {
	out := make([]string, 0, len(messages))
	seen := make(map[string]bool, len(messages))
	for _, m := range messages {
		if !seen[m.Name] {
			seen[m.Name] = true
			out = append(out, m.Name)
		}
	}
	return out
}

// message compares two messages, whose scopes are rat and wat.
func (c *comparison) message(path string, reader, writer *protobuf.Message, rat, wat *protobuf.Scope) {
	rs, ws := fieldsOf(reader), fieldsOf(writer)
	c.exclusivity(path, reader, rs, ws)
	kept := keptOneOfs(reader, writer, rs)
	tags := slices.AppendSeq(make([]int32, 0, len(rs)+len(ws)), maps.Keys(rs))
	for tag := range ws {
		if _, ok := rs[tag]; !ok {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	for _, tag := range tags {
		r, rok := rs[tag]
		w, wok := ws[tag]
		switch {
		case rok && wok:
			c.field(path, r, w, rat, wat)
		case rok && r.Label == protobuf.Required:
			c.report(&RequiredFieldAdded, r.path(path), r.Name, "")
		case wok && kept[w.oneOf]:
			c.report(&OneOfFieldRemoved, w.path(path), "", w.Name)
		case wok && w.Label == protobuf.Required:
			c.report(&RequiredFieldRemoved, w.path(path), "", w.Name)
		}
	}
	c.messages(path, reader.Messages, writer.Messages, rat, wat)
}

// member is a field and where in its message it is.
type member struct {
	*protobuf.Field
	oneOf *protobuf.OneOf // nil outside of oneofs
}

func (m member) path(message string) string {
	tag := strconv.Itoa(int(m.Tag))
	if m.oneOf == nil {
		return below(message, tag)
	}
	return below(message, m.oneOf.Name, tag)
}

func fieldsOf(m *protobuf.Message) map[int32]member {
	out := make(map[int32]member, len(m.Fields))
	for _, f := range m.Fields {
		out[f.Tag] = member{f, nil}
	}
	for _, o := range m.OneOfs {
		for _, f := range o.Fields {
			out[f.Tag] = member{f, o}
		}
	}
	return out
}

// exclusivity checks that no two fields that data may hold together are now in
// one oneof.
func (c *comparison) exclusivity(path string, reader *protobuf.Message, rs, ws map[int32]member) {
	for _, o := range reader.OneOfs {
		origins := make(map[*protobuf.OneOf]bool)
		plain := make(map[int32]bool)
		for _, f := range o.Fields {
			w, ok := ws[f.Tag]
			switch {
			case !ok || rs[f.Tag].oneOf != o: // new, or its number is used again
			case w.oneOf != nil:
				origins[w.oneOf] = true
			default:
				plain[f.Tag] = true
			}
		}
		switch {
		case len(plain) > 1:
			c.report(&MultipleFieldsMoved, below(path, o.Name), o.Name, "")
		case len(origins)+len(plain) > 1:
			c.report(&FieldMovedToExistingOneOf, below(path, o.Name), o.Name, "")
		}
	}
}

// keptOneOfs returns the writer's oneofs that the reader has not deleted as a
// whole: there is one of that name still, or one of the fields.
func keptOneOfs(reader, writer *protobuf.Message, rs map[int32]member) map[*protobuf.OneOf]bool {
	kept := make(map[*protobuf.OneOf]bool, len(writer.OneOfs))
	named := make(map[string]bool, len(reader.OneOfs))
	for _, o := range reader.OneOfs {
		named[o.Name] = true
	}
	for _, o := range writer.OneOfs {
		kept[o] = named[o.Name] || slices.ContainsFunc(o.Fields, func(f *protobuf.Field) bool {
			_, ok := rs[f.Tag]
			return ok
		})
	}
	return kept
}

// class is how a field's type is compared.
type class uint8

const (
	scalar class = iota
	mapping
	message
)

// usage is a type as one side uses it.
type usage struct {
	class      class
	key, value string            // mapping
	at         *protobuf.Scope   // mapping: where key and value are named
	name       string            // scalar, and the names that mean nothing
	target     *protobuf.Type    // message; nil if the name means nothing
	entry      *protobuf.Message // mapping: the message of its entries; nil for a map field
}

// words name the type as its author would.
func (u usage) words() string {
	if u.class == mapping {
		return "map<" + u.key + ", " + u.value + ">"
	}
	return u.local()
}

// group is a set of scalar types that may replace each other.
var groups = map[string]string{
	"int32": "varint", "int64": "varint", "uint32": "varint", "uint64": "varint", "bool": "varint", "enum": "varint",
	"sint32": "zigzag", "sint64": "zigzag",
	"string": text, "bytes": text,
	"fixed32": "fixed32", "sfixed32": "fixed32",
	"fixed64": "fixed64", "sfixed64": "fixed64",
	"float": "float", "double": "double",
}

const text = "text"

// use finds out what the name of a type means to a schema.
func use(s *protobuf.Schema, at *protobuf.Scope, name string) usage {
	if protobuf.IsScalar(name) {
		return usage{name: name}
	}
	t := at.Resolve(name)
	switch {
	case t == nil:
		return usage{class: message, name: name}
	case t.Message == nil:
		return usage{name: "enum"}
	}
	if key, value, ok := t.Message.MapEntry(); ok {
		return usage{class: mapping, key: key, value: value, at: s.Scope(t.Name), entry: t.Message}
	}
	return usage{class: message, target: t}
}

func useField(s *protobuf.Schema, at *protobuf.Scope, f *protobuf.Field) usage {
	if f.Key != "" {
		return usage{class: mapping, key: f.Key, value: f.Type, at: at}
	}
	return use(s, at, f.Type)
}

// field compares the fields of one number.
func (c *comparison) field(path string, reader, writer member, rat, wat *protobuf.Scope) {
	r, w := useField(c.reader, rat, reader.Field), useField(c.writer, wat, writer.Field)
	where := func() string { return reader.path(path) }
	same := c.types(where, r, w)
	if same && r.class == scalar && groups[r.name] != text &&
		reader.Label != writer.Label && reader.Label != "" && writer.Label != "" {
		c.report(&FieldNumericLabelChanged, where(), string(reader.Label), string(writer.Label))
	}
}

// types compares two uses of types. It tells whether it reported nothing.
func (c *comparison) types(where func() string, r, w usage) bool {
	before := len(c.found)
	switch {
	case r.class != w.class:
		c.report(&FieldKindChanged, where(), r.words(), w.words())
	case r.class == scalar:
		if groups[r.name] != groups[w.name] {
			c.report(&FieldScalarKindChanged, where(), r.name, w.name)
		}
	case r.class == mapping && r.entry != nil && w.entry != nil && c.entered[pair{r.entry, w.entry}]:
		// Within itself; what there is to say about it is said outside.
	case r.class == mapping:
		if r.entry != nil && w.entry != nil {
			if c.entered == nil {
				c.entered = make(map[pair]bool)
			}
			p := pair{r.entry, w.entry}
			c.entered[p] = true
			defer delete(c.entered, p)
		}
		c.types(where, use(c.reader, r.at, r.key), use(c.writer, w.at, w.key))
		c.types(where, use(c.reader, r.at, r.value), use(c.writer, w.at, w.value))
	default:
		c.named(where, r, w)
	}
	return len(c.found) == before
}

// local is a message's name without its package, or the name as it is written.
func (u usage) local() string {
	if u.target == nil {
		return u.name
	}
	return u.target.Local()
}

// named compares the message types of two fields. Messages of the same origin are
// compared in their own right, or are the same; others are compared here.
func (c *comparison) named(where func() string, r, w usage) {
	switch {
	case r.local() != w.local():
		c.report(&FieldNamedTypeChanged, where(), r.local(), w.local())
	case r.target == nil || w.target == nil || r.target.Origin == w.target.Origin:
	default:
		if found, deep := c.targets(r.target, w.target); deep || len(found) > 0 {
			c.add(found...)
			c.report(&FieldNamedTypeChanged, where(), r.local(), w.local())
		}
	}
}

// targets compares two messages of different origins. Chains of types longer than
// schema.MaxDepth are not followed to their end, but reported as deep.
func (c *comparison) targets(r, w *protobuf.Type) (found []compat.Difference, deep bool) {
	p := pair{r.Message, w.Message}
	if done, ok := c.done[p]; ok && (!done.provisional || c.work > maxWork) {
		return done.found, false
	}
	depth := len(c.stack)
	if at, ok := c.stack[p]; ok {
		c.low = min(c.low, at)
		return nil, false
	}
	if depth >= schema.MaxDepth {
		return nil, true
	}
	if c.done == nil {
		c.done, c.stack = make(map[pair]result), make(map[pair]int)
	}
	c.work++
	outer, low := c.found, c.low
	c.found, c.low = nil, depth
	c.stack[p] = depth
	c.message(below("#/", r.Local()), r.Message, w.Message, c.reader.Scope(r.Name), c.writer.Scope(w.Name))
	delete(c.stack, p)
	found = c.found
	c.done[p] = result{found, c.low < depth}
	c.found, c.low = outer, min(low, c.low)
	return found, false
}
