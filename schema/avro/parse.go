package avro

import (
	"strconv"
	"strings"
	"unsafe"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// parser reads the texts of a schema and of those it depends on, one after the
// other; the names one defines are known to the next.
type parser struct {
	// strict asks for ASCII names and namespaces and for defaults of the
	// right type.
	strict bool
	known  map[string]*Type // by full name
	size   int              // bytes of the nodes made
	names  int              // bytes of the full names made, of types, aliases and uses

	// Of the current text:
	text     string
	pending  []pending // names used before their definition
	unions   []located[*Type]
	defaults []located[*Field]
	valid    map[typed]validity
	work     int
}

// pending is a use of a name that was not known there.
type pending struct {
	slot   **Type
	name   string
	offset int
}

// located is a part of the schema that must be looked at again once all names
// are known.
type located[T any] struct {
	part   T
	offset int
}

// maxNames bounds the full names of a schema, in bytes: in a long namespace short
// names are long, so that a text of some size can ask for its square.
const maxNames = 1 << 25

// spell counts a full name.
func (p *parser) spell(full string, offset int) error {
	if p.names += len(full); p.names > maxNames {
		return p.fail(offset, "Names are longer than %d bytes, with their namespaces", maxNames)
	}
	return nil
}

func newParser(strict bool, text string) *parser {
	return &parser{strict: strict, known: make(map[string]*Type, 8), text: text}
}

// document reads a text and resolves all names in it.
func (p *parser) document(text string) (*Type, error) {
	text = blankComments(strings.TrimRightFunc(text, func(r rune) bool { return r <= ' ' }))
	p.text, p.pending, p.unions, p.defaults, p.valid = text, p.pending[:0], p.unions[:0], p.defaults[:0], nil
	p.work = 0
	if text == "" {
		return nil, p.fail(0, "Cannot parse <null> schema")
	}
	v, err := jsontree.Parse(text, jsontree.Options{})
	if err != nil {
		return nil, err
	}
	var root *Type
	if err := p.typ(v, "", &root); err != nil {
		return nil, err
	}
	if err := p.resolve(); err != nil {
		return nil, err
	}
	if root.Named != nil {
		// A definition repeated from another text gives way to the first one.
		root = p.known[root.Named.Name.Full()]
	}
	return root, nil
}

func (p *parser) fail(offset int, format string, args ...any) error {
	return errorAt(p.text, offset, format, args...)
}

// typ reads a type into slot.
func (p *parser) typ(v *jsontree.Value, space string, slot **Type) error {
	switch v.Kind {
	case jsontree.String:
		return p.name(v.Text, space, v.Offset, slot)
	case jsontree.Object:
		return p.object(v, space, slot)
	case jsontree.Array:
		return p.union(v, space, slot)
	}
	return p.fail(v.Offset, "Schema not yet supported: %s", written(v))
}

func (p *parser) create(k Kind) *Type {
	p.size += int(unsafe.Sizeof(Type{}))
	return &Type{Kind: k}
}

// name finds the type a name means: a primitive, a known type of the namespace
// or of none, or one that is yet to come.
func (p *parser) name(name, space string, offset int, slot **Type) error {
	if k, ok := primitive(name); ok {
		*slot = p.create(k)
		return nil
	}
	full := name
	if space != "" && strings.IndexByte(name, '.') < 0 {
		full = space + "." + name
	}
	if err := p.spell(full, offset); err != nil {
		return err
	}
	t := p.known[full]
	if t == nil {
		t = p.known[name]
	}
	if t == nil {
		t = &Type{Kind: unresolved, Named: &Named{Name: Name{full: full}}}
		p.pending = append(p.pending, pending{slot, full, offset})
	}
	*slot = t
	return nil
}

// attributes are the members of an object that have a meaning for some type.
type attributes struct {
	typ, name, namespace, doc, fields, symbols, items, values, size, aliases, def, order *jsontree.Value
}

func (a *attributes) find(v *jsontree.Value) {
	for i := range v.Members {
		m := &v.Members[i]
		if slot := a.slot(m.Name); slot != nil {
			*slot = &m.Value
		}
	}
}

func (a *attributes) slot(name string) **jsontree.Value {
	switch name {
	case "type":
		return &a.typ
	case "name":
		return &a.name
	case "namespace":
		return &a.namespace
	case "doc":
		return &a.doc
	case "fields":
		return &a.fields
	case "symbols":
		return &a.symbols
	case "items":
		return &a.items
	case "values":
		return &a.values
	case "size":
		return &a.size
	case "aliases":
		return &a.aliases
	case "default":
		return &a.def
	case "order":
		return &a.order
	}
	return nil
}

// text returns the text of a string, nil for absent values and all others.
func text(v *jsontree.Value) *string {
	if v == nil || v.Kind != jsontree.String {
		return nil
	}
	t := v.Text // on its own, for v keeps all members around it
	return &t
}

func (p *parser) object(v *jsontree.Value, space string, slot **Type) error {
	var a attributes
	a.find(v)
	kind := text(a.typ)
	if kind == nil {
		return p.fail(v.Offset, "No type: %s", written(v))
	}
	if k, ok := primitive(*kind); ok {
		t := p.create(k)
		*slot = t
		return p.props(v, t)
	}
	switch *kind {
	case "record", "error":
		return p.record(v, &a, space, slot)
	case "enum":
		return p.enum(v, &a, space, slot)
	case "fixed":
		return p.fixed(v, &a, space, slot)
	case "array":
		if a.items == nil {
			return p.fail(v.Offset, "Array has no items type: %s", written(v))
		}
		return p.collection(v, Array, a.items, space, slot)
	case "map":
		if a.values == nil {
			return p.fail(v.Offset, "Map has no values type: %s", written(v))
		}
		return p.collection(v, Map, a.values, space, slot)
	}
	return p.name(*kind, space, a.typ.Offset, slot)
}

func (p *parser) collection(v *jsontree.Value, k Kind, items *jsontree.Value, space string, slot **Type) error {
	t := p.create(k)
	*slot = t
	if err := p.typ(items, space, &t.Items); err != nil {
		return err
	}
	return p.props(v, t)
}

func (p *parser) union(v *jsontree.Value, space string, slot **Type) error {
	t := p.create(Union)
	*slot = t
	t.Branches = make([]*Type, len(v.Items))
	before := len(p.pending)
	for i := range v.Items {
		if err := p.typ(&v.Items[i], space, &t.Branches[i]); err != nil {
			return err
		}
	}
	if len(p.pending) > before {
		p.unions = append(p.unions, located[*Type]{t, v.Offset})
	}
	for i, b := range t.Branches {
		if b.Kind == Union {
			return p.fail(v.Items[i].Offset, "Nested union: %s", written(v))
		}
	}
	return p.branches(t, v.Offset)
}

// branches checks that the branches of a union can be told apart.
func (p *parser) branches(t *Type, offset int) error {
	var seen map[string]struct{}
	if len(t.Branches) > 8 {
		seen = make(map[string]struct{}, len(t.Branches))
	}
	for i, b := range t.Branches {
		if b.Kind == unresolved {
			continue
		}
		name := b.FullName()
		again := false
		if seen != nil {
			_, again = seen[name]
			seen[name] = struct{}{}
		} else {
			for _, earlier := range t.Branches[:i] {
				again = again || earlier.Kind != unresolved && earlier.FullName() == name
			}
		}
		if again {
			return p.fail(offset, "Duplicate in union:%s", name)
		}
	}
	return nil
}

// named begins a type with a name.
func (p *parser) named(v *jsontree.Value, a *attributes, k Kind, space string) (*Type, error) {
	name := text(a.name)
	if name == nil {
		return nil, p.fail(v.Offset, "No name in schema: %s", written(v))
	}
	if own := text(a.namespace); own != nil {
		space = *own
	}
	t := p.create(k)
	p.size += int(unsafe.Sizeof(Named{}))
	t.Named = &Named{Name: newName(*name, space), Doc: text(a.doc)}
	p.size += len(t.Named.Name.Full())
	if err := p.spell(t.Named.Name.Full(), a.name.Offset); err != nil {
		return nil, err
	}
	if wrong := checkName(t.Named.Name.Simple(), p.strict); wrong != "" {
		return nil, p.fail(a.name.Offset, "%s", wrong)
	}
	if _, ok := primitive(t.Named.Name.Full()); ok {
		return nil, p.fail(a.name.Offset, "Schemas may not be named after primitives: %s", *name)
	}
	return t, nil
}

// define ends a type with a name: from here on the name is known. A name may be
// defined again only as the same type.
func (p *parser) define(v *jsontree.Value, a *attributes, t *Type) error {
	if err := p.props(v, t); err != nil {
		return err
	}
	n := t.Named
	aliases, err := p.aliases(v, a.aliases)
	if err != nil {
		return err
	}
	if len(aliases) > 0 {
		n.alias = make(map[string]struct{}, len(aliases))
	}
	for _, alias := range aliases {
		name := newName(alias, n.Name.Space())
		p.size += len(name.Full()) + aliasSize
		if err := p.spell(name.Full(), a.aliases.Offset); err != nil {
			return err
		}
		if wrong := checkName(name.Simple(), p.strict); wrong != "" {
			return p.fail(a.aliases.Offset, "%s", wrong)
		}
		if !n.HasAlias(name.Full()) {
			n.alias[name.Full()] = struct{}{}
			n.Aliases = append(n.Aliases, name)
		}
	}
	if p.strict {
		if wrong := checkSpace(n.Name); wrong != "" {
			return p.fail(a.name.Offset, "%s", wrong)
		}
	}
	full := n.Name.Full()
	if first := p.known[full]; first == nil {
		p.known[full] = t
	} else if !equal(first, t, false) {
		return p.fail(v.Offset, "Can't redefine: %s", full)
	}
	return nil
}

// aliases reads a list of aliases, without repetitions.
func (p *parser) aliases(owner, list *jsontree.Value) ([]string, error) {
	if list == nil {
		return nil, nil
	}
	if list.Kind != jsontree.Array {
		return nil, p.fail(list.Offset, "aliases not an array: %s", written(owner))
	}
	if len(list.Items) == 0 {
		return nil, nil
	}
	aliases := make([]string, 0, len(list.Items))
	seen := make(map[string]struct{}, len(list.Items))
	for i := range list.Items {
		item := &list.Items[i]
		if item.Kind != jsontree.String {
			return nil, p.fail(item.Offset, "alias not a string: %s", written(item))
		}
		if _, again := seen[item.Text]; !again {
			seen[item.Text] = struct{}{}
			aliases = append(aliases, item.Text)
		}
	}
	return aliases, nil
}

func (p *parser) record(v *jsontree.Value, a *attributes, space string, slot **Type) error {
	t, err := p.named(v, a, Record, space)
	if err != nil {
		return err
	}
	*slot = t
	n := t.Named
	n.IsError = a.typ.Text == "error"
	if a.fields == nil || a.fields.Kind != jsontree.Array {
		return p.fail(v.Offset, "Record has no fields: %s", written(v))
	}
	n.Fields = make([]Field, len(a.fields.Items))
	p.size += len(n.Fields) * int(unsafe.Sizeof(Field{}))
	for i := range n.Fields {
		if err := p.field(&a.fields.Items[i], n.Name.Space(), &n.Fields[i]); err != nil {
			return err
		}
	}
	if err := p.index(n, a.fields); err != nil {
		return err
	}
	return p.define(v, a, t)
}

// index checks that the fields of a record have different names.
func (p *parser) index(n *Named, written *jsontree.Value) error {
	if len(n.Fields) >= manyFields {
		n.index = make(map[string]int, len(n.Fields))
	}
	for i := range n.Fields {
		name, first := n.Fields[i].Name, i
		if n.index == nil {
			first = n.Field(name)
		} else if at, again := n.index[name]; again {
			first = at
		} else {
			n.index[name] = i
		}
		if first != i {
			return p.fail(written.Items[i].Offset, "Duplicate field %s in record %s: %s and %s.",
				name, n.Name.Full(), n.Describe(i), n.Describe(first))
		}
	}
	return nil
}

func (p *parser) field(v *jsontree.Value, space string, f *Field) error {
	var a attributes
	a.find(v)
	name := text(a.name)
	if name == nil {
		return p.fail(v.Offset, "No field name: %s", written(v))
	}
	f.Name, f.Doc = *name, text(a.doc)
	if a.typ == nil {
		return p.fail(v.Offset, "No field type: %s", written(v))
	}
	if err := p.typ(a.typ, space, &f.Type); err != nil {
		return err
	}
	if a.order != nil {
		if err := p.order(a.order, f); err != nil {
			return err
		}
	}
	if a.def != nil {
		if err := p.fieldDefault(a.def, f); err != nil {
			return err
		}
	}
	if wrong := checkName(f.Name, p.strict); wrong != "" {
		return p.fail(a.name.Offset, "%s", wrong)
	}
	if p.strict && f.Default != nil {
		p.defaults = append(p.defaults, located[*Field]{f, a.def.Offset})
		if err := p.checkDefault(f, a.def.Offset); err != nil {
			return err
		}
	}
	var err error
	if f.Props, _, err = p.others(v, fieldReserved); err != nil {
		return err
	}
	f.Aliases, err = p.aliases(v, a.aliases)
	return err
}

func (p *parser) order(v *jsontree.Value, f *Field) error {
	for i, name := range orderNames {
		if v.Kind == jsontree.String && strings.EqualFold(v.Text, name) {
			f.Order = Order(i)
			return nil
		}
	}
	return p.fail(v.Offset, "No enum constant org.apache.avro.Schema.Field.Order.%s", strings.ToUpper(v.Text))
}

// fieldDefault takes the default of a field over. Text for a floating-point
// field is read as a number.
func (p *parser) fieldDefault(v *jsontree.Value, f *Field) error {
	p.size += below(v) + int(unsafe.Sizeof(*v))
	if _, long := javaNumbers(v); long {
		return p.fail(v.Offset, "Number in the default of field %s is longer than %d characters", f.Name, maxDigits)
	}
	if v.Kind == jsontree.String && (f.Type.Kind == Float || f.Type.Kind == Double) {
		number, ok := parseFloat(v.Text)
		if !ok {
			return p.fail(v.Offset, "For input string: %q, the default of field %s", v.Text, f.Name)
		}
		v.Kind, v.Text = jsontree.Number, formatFloat(number, 64)
	}
	kept := *v // on its own, for v keeps all members of the field
	f.Default = &kept
	return nil
}

func (p *parser) enum(v *jsontree.Value, a *attributes, space string, slot **Type) error {
	t, err := p.named(v, a, Enum, space)
	if err != nil {
		return err
	}
	*slot = t
	n := t.Named
	if a.symbols == nil || a.symbols.Kind != jsontree.Array {
		return p.fail(v.Offset, "Enum has no symbols: %s", written(v))
	}
	n.Symbols = make([]string, len(a.symbols.Items))
	seen := make(map[string]struct{}, len(n.Symbols))
	for i := range n.Symbols {
		item := &a.symbols.Items[i]
		if item.Kind != jsontree.String {
			return p.fail(item.Offset, "Null name")
		}
		if wrong := checkName(item.Text, p.strict); wrong != "" {
			return p.fail(item.Offset, "%s", wrong)
		}
		if _, again := seen[item.Text]; again {
			return p.fail(item.Offset, "Duplicate enum symbol: %s", item.Text)
		}
		seen[item.Text] = struct{}{}
		n.Symbols[i] = item.Text
		p.size += int(unsafe.Sizeof(item.Text))
	}
	if n.Default = text(a.def); n.Default != nil {
		if _, ok := seen[*n.Default]; !ok {
			return p.fail(a.def.Offset, "The Enum Default: %s is not in the enum symbol set: [%s]",
				*n.Default, strings.Join(n.Symbols, ", "))
		}
	}
	return p.define(v, a, t)
}

// maxFixed is the largest size of a fixed type, that of a Java array.
const maxFixed = 1<<31 - 1 - 8

func (p *parser) fixed(v *jsontree.Value, a *attributes, space string, slot **Type) error {
	t, err := p.named(v, a, Fixed, space)
	if err != nil {
		return err
	}
	*slot = t
	if a.size == nil || a.size.Kind != jsontree.Number {
		return p.fail(v.Offset, "Invalid or no size: %s", written(v))
	}
	size, err := strconv.ParseInt(a.size.Text, 10, 32)
	switch {
	case err != nil:
		return p.fail(a.size.Offset, "Invalid or no size: %s", written(v))
	case size < 0:
		return p.fail(a.size.Offset, "Malformed data. Length is negative: %d", size)
	case size > maxFixed:
		return p.fail(a.size.Offset, "Cannot read arrays longer than %d bytes in Java library", maxFixed)
	}
	t.Named.Size = int(size)
	return p.define(v, a, t)
}

// typeReserved, enumReserved and fieldReserved tell the members that become no
// property.
func typeReserved(name string) bool {
	switch name {
	case "type", "name", "namespace", "doc", "fields", "symbols", "items", "values", "size", "aliases":
		return true
	}
	return false
}

func enumReserved(name string) bool { return name == "default" || typeReserved(name) }

func fieldReserved(name string) bool {
	switch name {
	case "name", "type", "doc", "default", "order", "aliases":
		return true
	}
	return false
}

// props takes over the members that have no meaning for a type.
func (p *parser) props(v *jsontree.Value, t *Type) error {
	reserved := typeReserved
	if t.Kind == Enum {
		reserved = enumReserved
	}
	props, big, err := p.others(v, reserved)
	if big != nil {
		// Avro's library reads such a number as nothing, and nothing is no property.
		return p.fail(big.Value.Offset, "Can't set a property to null: %s", big.Name)
	}
	t.Props = props
	return err
}

// others returns the members that are not reserved, and one of them that holds
// an integer of more than 64 bits.
func (p *parser) others(v *jsontree.Value, reserved func(string) bool) (props []jsontree.Member, big *jsontree.Member, err error) {
	n := 0
	for i := range v.Members {
		if !reserved(v.Members[i].Name) {
			n++
		}
	}
	if n == 0 {
		return nil, nil, nil
	}
	props = make([]jsontree.Member, 0, n)
	p.size += n * int(unsafe.Sizeof(jsontree.Member{}))
	for i := range v.Members {
		m := &v.Members[i]
		if reserved(m.Name) {
			continue
		}
		p.size += below(&m.Value)
		isBig, long := javaNumbers(&m.Value)
		if long {
			return nil, nil, p.fail(m.Value.Offset, "Number in %s is longer than %d characters", m.Name, maxDigits)
		}
		if isBig {
			big = m
		}
		props = append(props, *m)
	}
	return props, big, nil
}

// resolve puts the types in the places of the names that were used before
// their definition, and repeats the checks that could not see these types.
func (p *parser) resolve() error {
	if len(p.pending) == 0 {
		return nil
	}
	for _, use := range p.pending {
		t := p.known[use.name]
		if t == nil {
			return p.fail(use.offset, "Undefined schema: %s", use.name)
		}
		*use.slot = t
	}
	for _, u := range p.unions {
		if err := p.branches(u.part, u.offset); err != nil {
			return err
		}
	}
	p.valid = nil
	for _, f := range p.defaults {
		if err := p.checkDefault(f.part, f.offset); err != nil {
			return err
		}
	}
	return nil
}

// aliasSize is about what an alias takes in its list and index, in bytes.
const aliasSize = 60

// below counts the bytes of the values below a value, without their texts.
func below(v *jsontree.Value) int {
	size := cap(v.Items)*int(unsafe.Sizeof(jsontree.Value{})) + cap(v.Members)*int(unsafe.Sizeof(jsontree.Member{}))
	for i := range v.Items {
		size += below(&v.Items[i])
	}
	for i := range v.Members {
		size += below(&v.Members[i].Value)
	}
	return size
}
