package avro

import (
	"bytes"
	"reflect"
	"slices"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// propTags is the property of fields that holds their tags.
const propTags = "confluent:tags"

var typeOfKind = [...]record.Type{
	avro.Null: record.Null, avro.Boolean: record.Boolean, avro.Int: record.Int, avro.Long: record.Long,
	avro.Float: record.Float, avro.Double: record.Double, avro.Bytes: record.Bytes, avro.String: record.String,
	avro.Record: record.Record, avro.Enum: record.Enum, avro.Fixed: record.Fixed, avro.Array: record.Array,
	avro.Map: record.Map, avro.Union: record.Combined,
}

// walk is a walk that is prepared: a graph of the parts of a record that lead
// to a field wanted. All that leads to none is left out of it.
type walk struct {
	root *part
	all  []*record.Field
}

// part is a part of a record that is walked through.
type part struct {
	node     *node
	leaf     *record.Field // of a value that is visited
	fields   []member      // Record
	items    *part         // Array, Map
	branches []*part       // Union; nil for those that lead nowhere
}

type member struct {
	field *field
	part  *part
}

// Fields prepares a walk. Of a field that can have values of more types, as that of a union can, Walk.All has one
// Field for each. A record in a field has its own tags only; arrays, maps and unions have those of the field.
func (f *Format) Fields(more *record.Tags, wanted []string) record.Walk {
	b := &walkBuilder{more: more, wanted: wanted, parts: make(map[*node]*part)}
	b.find(f.root)
	w := &walk{root: b.part(f.root, nil)}
	for i := 0; i < len(b.order); i++ {
		b.fill(b.order[i])
	}
	if w.root != nil {
		w.list(w.root, make(map[*part]bool), make(map[*record.Field]bool))
	}
	return w
}

type walkBuilder struct {
	more   *record.Tags
	wanted []string
	useful map[*node]bool // records that lead to a field
	parts  map[*node]*part
	order  []*part // of records, to be filled
}

// find finds the records that lead to a field wanted: those that have one, and those that have such records.
func (b *walkBuilder) find(root *node) {
	b.useful = make(map[*node]bool)
	in := make(map[*node][]*node) // the records that have a record in a field
	seen := make(map[*node]bool)
	var queue, found []*node
	reach := func(n *node) {
		if !seen[n] {
			seen[n] = true
			queue = append(queue, n)
		}
	}
	records(root, reach)
	for i := 0; i < len(queue); i++ {
		r := queue[i]
		for j := range r.fields {
			f := &r.fields[j]
			records(f.node, func(inner *node) {
				in[inner] = append(in[inner], r)
				reach(inner)
			})
			if !b.useful[r] && hasLeaf(f.node) && record.Share(b.tags(r, f), b.wanted) {
				b.useful[r] = true
				found = append(found, r)
			}
		}
	}
	for i := 0; i < len(found); i++ {
		for _, r := range in[found[i]] {
			if !b.useful[r] {
				b.useful[r] = true
				found = append(found, r)
			}
		}
	}
}

// records calls found for the records that values of a type have, not for those within them.
func records(n *node, found func(*node)) {
	switch n.kind {
	case avro.Record:
		found(n)
	case avro.Array, avro.Map:
		records(n.items, found)
	case avro.Union:
		for _, b := range n.branches {
			records(b, found)
		}
	}
}

// hasLeaf reports whether values of a type have parts that are visited, outside of records.
func hasLeaf(n *node) bool {
	switch n.kind {
	case avro.Record:
		return false
	case avro.Array, avro.Map:
		return hasLeaf(n.items)
	case avro.Union:
		return slices.ContainsFunc(n.branches, hasLeaf)
	}
	return true
}

// tags are the tags of a field.
func (b *walkBuilder) tags(r *node, f *field) []string {
	var inline []string
	if v := f.of.Prop(propTags); v != nil && v.Kind == jsontree.Array {
		for i := range v.Items {
			if v.Items[i].Kind == jsontree.String {
				inline = append(inline, v.Items[i].Text)
			}
		}
	}
	return b.more.Of(r.name+"."+f.name, inline)
}

// leaves makes the leaves of a field, one for each type.
type leaves struct {
	of    record.Field
	known map[record.Type]*record.Field
}

func (l *leaves) leaf(t record.Type) *record.Field {
	if l.known[t] == nil {
		f := l.of
		f.Type = t
		l.known[t] = &f
	}
	return l.known[t]
}

// part is the part for values of a type, nil if they lead to nothing. l makes the leaves, nil if they are not wanted.
func (b *walkBuilder) part(n *node, l *leaves) *part {
	switch n.kind {
	case avro.Record:
		if !b.useful[n] {
			return nil
		}
		if p := b.parts[n]; p != nil {
			return p
		}
		p := &part{node: n}
		b.parts[n] = p
		b.order = append(b.order, p)
		return p
	case avro.Array, avro.Map:
		if items := b.part(n.items, l); items != nil {
			return &part{node: n, items: items}
		}
		return nil
	case avro.Union:
		p := &part{node: n, branches: make([]*part, len(n.branches))}
		empty := true
		for i, branch := range n.branches {
			p.branches[i] = b.part(branch, l)
			empty = empty && p.branches[i] == nil
		}
		if empty {
			return nil
		}
		return p
	}
	if l == nil {
		return nil
	}
	return &part{node: n, leaf: l.leaf(typeOfKind[n.kind])}
}

func (b *walkBuilder) fill(p *part) {
	r := p.node
	for i := range r.fields {
		f := &r.fields[i]
		tags := b.tags(r, f)
		var l *leaves
		if record.Share(tags, b.wanted) {
			l = &leaves{record.Field{FullName: r.name + "." + f.name, Name: f.name, Tags: tags}, make(map[record.Type]*record.Field)}
		}
		if inner := b.part(f.node, l); inner != nil {
			p.fields = append(p.fields, member{f, inner})
		}
	}
}

// list collects the leaves in the order of the schema.
func (w *walk) list(p *part, seen map[*part]bool, listed map[*record.Field]bool) {
	if p == nil || seen[p] {
		return
	}
	seen[p] = true
	if p.leaf != nil && !listed[p.leaf] {
		listed[p.leaf] = true
		w.all = append(w.all, p.leaf)
	}
	for i := range p.fields {
		w.list(p.fields[i].part, seen, listed)
	}
	w.list(p.items, seen, listed)
	for _, branch := range p.branches {
		w.list(branch, seen, listed)
	}
}

// Empty reports that no record has a field to visit.
func (w *walk) Empty() bool { return w.root == nil }

// All lists the fields that may be visited.
func (w *walk) All() []*record.Field { return w.all }

// visitor is what a walk calls.
type visitor func(f *record.Field, in any, value any) (any, error)

// Visit visits the fields of a record. A struct that is not given by its pointer is changed in the copy returned. What
// visit returns is made a value of the field's type where it fits; where it does not the error is a *record.MismatchError. A value
// of a union stays one of its branch if what replaces it is one, else it becomes one of any that takes it.
// Fields that a map lacks are there with their defaults.
func (w *walk) Visit(v any, visit func(f *record.Field, in any, value any) (any, error)) (any, error) {
	if w.root == nil || v == nil {
		return v, nil
	}
	changed, _, err := w.root.visit(nil, v, visit, 0)
	if bad, ok := err.(*wrong); ok {
		return v, bad.mismatch()
	}
	if err != nil {
		return v, err
	}
	return changed, nil
}

// at adds to the path of errors of ours.
func at(err error, name string) error {
	if bad, ok := err.(*wrong); ok {
		return bad.at(name)
	}
	return err
}

func atItem(err error, i int) error {
	if bad, ok := err.(*wrong); ok {
		return bad.item(i)
	}
	return err
}

// visit visits a value. It returns what is to stand in its place, and whether that is something else.
func (p *part) visit(in, v any, visit visitor, depth int) (any, bool, error) {
	if p.leaf != nil {
		x, err := visit(p.leaf, in, v)
		if err != nil {
			return nil, false, err
		}
		if same(v, x) {
			return v, false, nil
		}
		fitted, ok := p.node.fit(x)
		if !ok {
			return nil, false, p.node.unfit(x)
		}
		return fitted, true, nil
	}
	if p.branches != nil {
		return p.visitUnion(in, v, visit, depth)
	}
	if depth >= maxDepth {
		return nil, false, tooDeep()
	}
	switch x := v.(type) {
	case map[string]any:
		if p.fields != nil {
			return v, false, p.visitRecord(x, v, visit, depth)
		}
		if p.items != nil && p.node.kind == avro.Map {
			return v, false, p.visitMap(in, x, visit, depth)
		}
	case []any:
		if p.items != nil && p.node.kind == avro.Array {
			return v, false, p.visitArray(in, x, visit, depth)
		}
	}
	return p.visitOther(in, v, visit, depth)
}

func (p *part) visitRecord(m map[string]any, in any, visit visitor, depth int) error {
	for i := range p.fields {
		f := &p.fields[i]
		v, ok := m[f.field.name]
		if !ok {
			var bad *wrong
			if v, bad = f.field.value(); bad != nil {
				return bad.at(f.field.name)
			}
			m[f.field.name] = v
		}
		x, changed, err := f.part.visit(in, v, visit, depth+1)
		if err != nil {
			return at(err, f.field.name)
		}
		if changed {
			m[f.field.name] = x
		}
	}
	return nil
}

func (p *part) visitMap(in any, m map[string]any, visit visitor, depth int) error {
	for name, v := range m {
		x, changed, err := p.items.visit(in, v, visit, depth+1)
		if err != nil {
			return at(err, name)
		}
		if changed {
			m[name] = x
		}
	}
	return nil
}

func (p *part) visitArray(in any, a []any, visit visitor, depth int) error {
	for i, v := range a {
		x, changed, err := p.items.visit(in, v, visit, depth+1)
		if err != nil {
			return atItem(err, i)
		}
		if changed {
			a[i] = x
		}
	}
	return nil
}

func (p *part) visitUnion(in, v any, visit visitor, depth int) (any, bool, error) {
	i, inner := p.node.choose(v)
	if i < 0 {
		return nil, false, p.node.noBranch(v)
	}
	branch := p.branches[i]
	if branch == nil {
		return v, false, nil
	}
	if branch.leaf == nil {
		x, changed, err := branch.visit(in, inner, visit, depth)
		if err != nil || !changed {
			return v, false, err
		}
		return p.node.wrap(i, x), true, nil
	}
	x, err := visit(branch.leaf, in, inner)
	if err != nil {
		return nil, false, err
	}
	if same(inner, x) {
		return v, false, nil
	}
	fitted, ok := p.node.replaced(i, x)
	if !ok {
		return nil, false, p.node.noBranch(x)
	}
	return fitted, true, nil
}

// replaced is a value that takes the place of one of a branch.
func (n *node) replaced(i int, v any) (any, bool) {
	if fitted, ok := n.branches[i].fit(v); ok {
		return n.wrap(i, fitted), true
	}
	return n.fit(v)
}

// same reports whether a visit has left a value as it was.
func same(a, b any) bool {
	switch x := a.(type) {
	case []byte:
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y) && (x == nil) == (y == nil)
	case string, int32, int64, bool, float64, float32, nil:
		return classOf(b) == classOf(a) && a == b
	}
	return false
}

// visitOther visits what Go has beside maps and slices of any: structs, pointers and typed collections.
func (p *part) visitOther(in, v any, visit visitor, depth int) (any, bool, error) {
	r := reflect.ValueOf(v)
	inner := indirect(r)
	if !inner.IsValid() {
		return nil, false, p.node.unfit(v)
	}
	copied := r.Kind() != reflect.Pointer && (r.Kind() == reflect.Struct || r.Kind() == reflect.Array)
	if copied {
		inner = reflect.New(r.Type()).Elem()
		inner.Set(r)
	}
	if err := p.visitGo(in, inner, visit, depth); err != nil {
		return nil, false, err
	}
	if copied {
		return inner.Interface(), true, nil
	}
	return v, false, nil
}

// visitGo visits a Go variable and changes it in place.
func (p *part) visitGo(in any, r reflect.Value, visit visitor, depth int) error {
	if depth >= maxDepth {
		return tooDeep()
	}
	if r.Kind() == reflect.Interface && !r.IsNil() {
		x, changed, err := p.visit(in, r.Elem().Interface(), visit, depth)
		if err == nil && changed && !p.node.set(r, x) {
			return p.node.unfit(x)
		}
		return err
	}
	if p.leaf != nil || p.branches != nil {
		return p.visitGoValue(in, r, visit, depth)
	}
	r = indirect(r)
	switch {
	case !r.IsValid():
		return p.node.unfit(nil)
	case p.fields != nil && r.Kind() == reflect.Struct:
		return p.visitStruct(r, visit, depth)
	case r.Kind() == reflect.Map && r.Type().Key().Kind() == reflect.String && p.node.kind != avro.Array:
		return p.visitGoMap(in, r, visit, depth)
	case (r.Kind() == reflect.Slice || r.Kind() == reflect.Array) && p.node.kind == avro.Array:
		for i := range r.Len() {
			if err := p.items.visitGo(in, r.Index(i), visit, depth+1); err != nil {
				return atItem(err, i)
			}
		}
		return nil
	}
	return p.node.unfit(r.Interface())
}

func (p *part) visitStruct(r reflect.Value, visit visitor, depth int) error {
	in := r.Interface
	if r.CanAddr() {
		in = r.Addr().Interface
	}
	s := structOf(r.Type())
	for i := range p.fields {
		f := &p.fields[i]
		of, ok := s[f.field.name]
		if !ok || of.twice {
			continue // Append says so, if there is no default
		}
		x := of.of(r)
		if !x.IsValid() {
			continue
		}
		if err := f.part.visitGo(in(), x, visit, depth+1); err != nil {
			return at(err, f.field.name)
		}
	}
	return nil
}

// visitGoMap visits a map whose values have a type of their own: a map of the schema, or a record.
func (p *part) visitGoMap(in any, r reflect.Value, visit visitor, depth int) error {
	visitEntry := func(in any, inner *part, key reflect.Value) error {
		v := r.MapIndex(key)
		if !v.IsValid() {
			return nil
		}
		x := reflect.New(v.Type()).Elem()
		x.Set(v)
		if err := inner.visitGo(in, x, visit, depth+1); err != nil {
			return at(err, key.String())
		}
		r.SetMapIndex(key, x)
		return nil
	}
	if p.node.kind == avro.Record {
		for i := range p.fields {
			f := &p.fields[i]
			if err := visitEntry(r.Interface(), f.part, reflect.ValueOf(f.field.name).Convert(r.Type().Key())); err != nil {
				return err
			}
		}
		return nil
	}
	for _, key := range r.MapKeys() {
		if err := visitEntry(in, p.items, key); err != nil {
			return err
		}
	}
	return nil
}

// visitGoValue visits a variable that is a leaf, or one of a union.
func (p *part) visitGoValue(in any, r reflect.Value, visit visitor, depth int) error {
	part, branch, v := p, -1, any(nil)
	if p.branches != nil {
		if branch, v = p.node.branchOf(r); branch < 0 {
			return p.node.noBranch(v)
		}
		if part = p.branches[branch]; part == nil {
			return nil
		}
		if part.leaf == nil {
			return part.visitGo(in, r, visit, depth)
		}
	}
	var old any
	if part.node.kind != avro.Null {
		var bad *wrong
		if old, bad = part.node.natural(r, depth); bad != nil {
			return bad
		}
	}
	given := old
	if b, ok := old.([]byte); ok {
		given = bytes.Clone(b) // which visit may change, and give back
	}
	x, err := visit(part.leaf, in, given)
	if err != nil || same(old, x) {
		return err
	}
	fit := p.node.fit
	if branch >= 0 {
		fit = func(x any) (any, bool) { return p.node.replaced(branch, x) }
	}
	fitted, ok := fit(x)
	if !ok || !p.node.set(r, fitted) {
		return p.node.unfit(x)
	}
	return nil
}
