package jsonschema

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// walk goes over the fields of records.
//
// It is a tree of places, by the names and indices that lead to them, which
// grows as records show what there is: what is known of a place, such as the
// tags that patterns give to its name, is found out once.
type walk struct {
	format *Format
	more   *record.Tags
	wanted []string
	useful map[*shape]bool // that lead to a field that is wanted by its own tags
	root   *place
	empty  bool

	growing sync.Mutex
	kept    atomic.Int32 // places that were added
}

// Of a walk are kept so many places, and so many items of one array.
const (
	maxPlaces = 1 << 13
	maxItems  = 1 << 9
)

// place is where a value stands in a record: a property, or an item of the
// array that a property is.
type place struct {
	path   string       // names of properties below begin with it
	field  record.Field // that the value belongs to; without a full name if there is none
	shapes []*shape     // what it is held against; without what depends on the value if that is known

	depends  bool // on the value, which shapes there are
	variants atomic.Pointer[[]*variant]
}

// variant is a place for values that the same shapes are in force for.
type variant struct {
	shapes     []*shape
	visited    bool           // as a leaf
	fields     []record.Field // by type, what the place may hold
	properties []propertyPlace
	keyed      bool // there are properties, wanted or not
	array      bool // there are items that lead somewhere
	named      bool // items have names of their own, for there are properties in them
	items      atomic.Pointer[[]*place]
}

type propertyPlace struct {
	name  string
	place *place
}

// Fields prepares a walk over the properties that have one of the tags. Their names are
// those of the path that leads to them, "$.lines[0].sku". The tags of a field
// are those of all schemas its value is held against, from the property to the leaf, and those
// that patterns give to its name, indices included.
//
// A property that is not there is not visited. Neither are properties without a
// schema of their own under properties, or the whole record. A value is visited once, whatever the number of
// schemas it is held against; which these are is decided before anything in the value is changed. The type
// of a field is the first of its types that its value has, and what the value
// looks like if the schema does not tell.
func (f *Format) Fields(more *record.Tags, wanted []string) record.Walk {
	w := &walk{format: f, more: more, wanted: wanted}
	w.useful = leadingTo(f.shapes, func(s *shape) bool {
		return leafy(s) && (len(wanted) == 0 || len(s.tags) > 0 && record.Share(s.tags, wanted))
	}, (*shape).below)
	w.root = w.place("$", record.Field{}, []*shape{f.shape})
	wanting := func(s *shape) bool {
		return slices.ContainsFunc(s.properties, func(p *property) bool { return w.useful[p.shape] })
	}
	w.empty = !slices.ContainsFunc(reachable([]*shape{f.shape}, (*shape).sameField), wanting) && !w.reaches("$", f.shape)
	return w
}

// sameField are the shapes of values that belong to the field of this one.
func (s *shape) sameField() []*shape { return append(s.inPlace(), s.itemShapes()...) }

// leafy reports whether a value may be a leaf as far as the shape itself tells.
func leafy(s *shape) bool {
	if s.value.Kind == jsontree.Bool {
		return s.value.Bool
	}
	return s.types == nil || slices.ContainsFunc(s.types, func(t string) bool { return t != "object" })
}

// reachable are the shapes that steps lead to, those given among them.
func reachable(from []*shape, next func(*shape) []*shape) []*shape {
	seen := make(map[*shape]bool)
	var list []*shape
	add := func(shapes []*shape) {
		for _, s := range shapes {
			if !seen[s] {
				seen[s] = true
				list = append(list, s)
			}
		}
	}
	add(from)
	for i := 0; i < len(list); i++ {
		add(next(list[i]))
	}
	return list
}

// below are the shapes that a walk goes on to from this one.
func (s *shape) below() []*shape {
	list := s.sameField()
	for _, p := range s.properties {
		list = append(list, p.shape)
	}
	return list
}

// leadingTo finds the shapes from which steps lead to one that is sought.
func leadingTo(shapes []*shape, sought func(*shape) bool, next func(*shape) []*shape) map[*shape]bool {
	before := make(map[*shape][]*shape, len(shapes))
	var found []*shape
	for _, s := range shapes {
		for _, to := range next(s) {
			before[to] = append(before[to], s)
		}
		if sought(s) {
			found = append(found, s)
		}
	}
	leading := make(map[*shape]bool, len(found))
	for _, s := range reachable(found, func(s *shape) []*shape { return before[s] }) {
		leading[s] = true
	}
	return leading
}

// maxNames bounds the names that are tried to find out whether a pattern matches one.
const maxNames = 1 << 10

// reaches reports whether a pattern may give a wanted tag to a property below:
// for sure not, or perhaps, because indices and recursion make more names than can be tried.
func (w *walk) reaches(path string, s *shape) bool {
	left := maxNames
	return w.more != nil && len(w.wanted) > 0 && w.search(path, s, &left)
}

func (w *walk) search(path string, s *shape, left *int) bool {
	for _, same := range reachable([]*shape{s}, (*shape).inPlace) {
		for _, item := range same.itemShapes() {
			if w.format.named[item] {
				return true
			}
		}
		for _, p := range same.properties {
			name := path + "." + p.name
			if *left--; *left < 0 || w.tagged(w.more.Of(name, nil)) || w.search(name, p.shape, left) {
				return true
			}
		}
	}
	return false
}

// tagged reports whether tags are those of a field to visit.
func (w *walk) tagged(tags []string) bool { return record.Share(tags, w.wanted) }

// place makes a place for values that are held against shapes.
func (w *walk) place(path string, field record.Field, shapes []*shape) *place {
	p := &place{path: path, field: field, shapes: shapes}
	closure := reachable(shapes, func(s *shape) []*shape { return s.all })
	p.depends = slices.ContainsFunc(closure, (*shape).conditional)
	if !p.depends {
		p.shapes = closure
	}
	return p
}

// variant is what is known of a place for a value.
func (w *walk) variant(p *place, v any) (*variant, error) {
	shapes := p.shapes
	if p.depends {
		const usual = 8
		var err error
		if shapes, err = w.format.effective(make([]*shape, 0, usual), p.shapes, v); err != nil {
			return nil, err
		}
	}
	if known := p.variants.Load(); known != nil {
		for _, candidate := range *known {
			if !p.depends || slices.Equal(candidate.shapes, shapes) {
				return candidate, nil
			}
		}
	}
	made := w.newVariant(p, slices.Clone(shapes))
	if w.kept.Load() < maxPlaces {
		w.growing.Lock()
		defer w.growing.Unlock()
		var list []*variant
		if known := p.variants.Load(); known != nil {
			list = *known
		}
		list = append(slices.Clone(list), made)
		p.variants.Store(&list)
		w.kept.Add(int32(1 + len(made.properties)))
	}
	return made, nil
}

func (w *walk) newVariant(p *place, shapes []*shape) *variant {
	v := &variant{shapes: shapes}
	field := p.field
	inline := slices.Clone(field.Tags)
	for _, s := range shapes {
		inline = append(inline, s.tags...)
	}
	field.Tags = (*record.Tags)(nil).Of("", inline)
	wanted := field.FullName != "" && w.tagged(field.Tags)
	v.visited = wanted
	for _, t := range leafTypes(shapes) {
		field.Type = t
		v.fields = append(v.fields, field)
	}
	seen := make(map[string]bool)
	for _, s := range shapes {
		for _, item := range s.itemShapes() {
			named := w.format.named[item]
			v.named = v.named || named
			v.array = v.array || wanted || w.useful[item] || named && w.more != nil
		}
		v.keyed = v.keyed || len(s.properties) > 0
		for _, property := range s.properties {
			if seen[property.name] {
				continue
			}
			seen[property.name] = true
			if next := w.property(p, shapes, property.name); next != nil {
				v.properties = append(v.properties, propertyPlace{property.name, next})
			}
		}
	}
	return v
}

// property is the place of a property, nil if nothing there is wanted.
func (w *walk) property(p *place, shapes []*shape, name string) *place {
	var inner []*shape
	useful := false
	for _, s := range shapes {
		if next := s.byName[name]; next != nil {
			inner = append(inner, next)
			useful = useful || w.useful[next]
		}
	}
	path := p.path + "." + name
	field := record.Field{FullName: path, Name: name, Tags: w.more.Of(path, nil)}
	if !useful && len(w.wanted) > 0 {
		useful = w.tagged(field.Tags) || slices.ContainsFunc(inner, func(s *shape) bool { return w.reaches(path, s) })
	}
	if !useful {
		return nil
	}
	return w.place(path, field, inner)
}

// item is the place of an item, nil if there is no schema for it.
func (w *walk) item(p *place, v *variant, i int) *place {
	known := v.items.Load()
	at := i
	if !v.named { // all behind the tuple are alike
		at = min(i, w.tupleLength(v))
	}
	if known != nil && at < len(*known) && (*known)[at] != nil {
		return (*known)[at]
	}
	var inner []*shape
	for _, s := range v.shapes {
		if item := s.item(i); item != nil {
			inner = append(inner, item)
		}
	}
	if inner == nil {
		return nil
	}
	field := p.field
	for _, s := range v.shapes {
		field.Tags = append(slices.Clip(field.Tags), s.tags...)
	}
	made := w.place(p.path+"["+strconv.Itoa(i)+"]", field, inner)
	if at >= maxItems || w.kept.Load() >= maxPlaces {
		return made
	}
	w.growing.Lock()
	defer w.growing.Unlock()
	var list []*place
	if known = v.items.Load(); known != nil {
		list = *known
	}
	const first = 4
	size := max(len(list), first)
	for size <= at {
		size *= 2
	}
	list = append(make([]*place, 0, size), list...)[:size]
	list[at] = made
	v.items.Store(&list)
	w.kept.Add(1)
	return made
}

func (w *walk) tupleLength(v *variant) int {
	n := 0
	for _, s := range v.shapes {
		n = max(n, len(s.tuple))
	}
	return n
}

// kinds are the types of leaves by those of JSON Schema.
var kinds = map[string]record.Type{
	"string": record.String, "integer": record.Int, "number": record.Double, "boolean": record.Boolean, "null": record.Null,
}

// leafTypes are the types that a leaf of the shapes may have.
func leafTypes(shapes []*shape) []record.Type {
	if slices.ContainsFunc(shapes, func(s *shape) bool { return s.fixed }) {
		return []record.Type{record.Enum}
	}
	var list []record.Type
	open := false // a type is told by the value
	for _, s := range shapes {
		for _, name := range s.types {
			if t, ok := kinds[name]; ok && !slices.Contains(list, t) {
				list = append(list, t)
			}
		}
		open = open || len(s.types) > 1
	}
	if len(list) == 0 || open {
		for _, t := range []record.Type{record.String, record.Int, record.Double, record.Boolean, record.Null} {
			if !slices.Contains(list, t) {
				list = append(list, t)
			}
		}
	}
	return list
}

// leafType is the type of a leaf, "" for what is none.
func (v *variant) leafType(value any) record.Type {
	typed := false
	for _, s := range v.shapes {
		switch len(s.types) {
		case 0:
			continue
		case 1: // as the schema has it, whether the value fits or not
			typed = true
			if t := kinds[s.types[0]]; t != "" {
				return v.fixed(t)
			}
			continue
		}
		for _, name := range s.types {
			if hasType(value, name) {
				return v.fixed(kinds[name])
			}
		}
	}
	t := typeOf(value)
	if t == "number" && whole(value) {
		t = "integer"
	}
	if typed {
		return ""
	}
	return v.fixed(kinds[t])
}

// fixed is the type of values that are listed, where values of the type given are leaves.
func (v *variant) fixed(t record.Type) record.Type {
	if t != "" && len(v.fields) == 1 {
		return v.fields[0].Type
	}
	return t
}

// Empty reports that no record has a field to visit.
func (w *walk) Empty() bool { return w.empty }

// Visit calls visit for the fields of a record. Maps and slices of a record are
// changed in place; structs and the like are replaced by maps.
func (w *walk) Visit(v any, visit func(f *record.Field, in any, value any) (any, error)) (any, error) {
	if w.empty {
		return v, nil
	}
	t := tour{w, visit}
	made, _, err := t.at(w.root, v, nil, 0)
	return made, err
}

// tour is one walk over a record.
type tour struct {
	*walk
	visit func(f *record.Field, in any, value any) (any, error)
}

// at visits what is at a place, and tells whether it has to be put there again.
func (t *tour) at(p *place, v, in any, depth int) (made any, replaced bool, err error) {
	if depth > maxDepth {
		return v, false, tooDeep()
	}
	if typeOf(v) == "" {
		if v, err = generic(v); err != nil {
			return v, false, err
		}
		replaced = true
	}
	found, err := t.variant(p, v)
	if err != nil {
		return v, replaced, err
	}
	switch v := v.(type) {
	case map[string]any:
		if found.keyed {
			return v, replaced, t.object(found, v, depth)
		}
	case []any:
		if found.array {
			return v, replaced, t.array(p, found, v, in, depth)
		}
	}
	if !found.visited {
		return v, replaced, nil
	}
	leaf := exact(v)
	kind := found.leafType(leaf)
	for i := range found.fields {
		if f := &found.fields[i]; f.Type == kind {
			made, err := t.visit(f, in, leaf)
			if err != nil || same(made, leaf) {
				return v, replaced, err
			}
			return made, true, nil
		}
	}
	return v, replaced, nil
}

func (t *tour) object(found *variant, m map[string]any, depth int) error {
	for i := range found.properties {
		property := &found.properties[i]
		inner, ok := m[property.name]
		if !ok {
			continue
		}
		made, replaced, err := t.at(property.place, inner, m, depth+1)
		if replaced {
			m[property.name] = made
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tour) array(p *place, found *variant, items []any, in any, depth int) error {
	for i, inner := range items {
		next := t.item(p, found, i)
		if next == nil {
			continue
		}
		made, replaced, err := t.at(next, inner, in, depth+1)
		if replaced {
			items[i] = made
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// same reports whether two leaves are one for sure, so that nothing has to be
// written: a record that is only looked at may be read by others meanwhile.
func same(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		s, ok := b.(string)
		return ok && a == s
	case bool:
		s, ok := b.(bool)
		return ok && a == s
	case int64:
		s, ok := b.(int64)
		return ok && a == s
	case float64:
		s, ok := b.(float64)
		return ok && a == s
	}
	return false
}

// All lists the properties that may be visited, each with the one type that its leaves have beside
// null, else COMBINED. Of properties within themselves each is listed once, and
// patterns of names count as for the first items.
func (w *walk) All() []*record.Field {
	l := listing{walk: w, left: maxListing}
	l.below("$", "$", []*shape{w.format.shape})
	return l.fields
}

// listing is what All collects.
type listing struct {
	*walk
	fields []*record.Field
	open   []*shape // whose properties are being listed
	left   int      // properties to look at
}

// maxListing bounds the properties that All looks at.
const maxListing = 1 << 14

// below lists the properties of values of the shapes. The path is theirs without indices,
// the indexed one that of the first items.
func (l *listing) below(path, indexed string, shapes []*shape) {
	closure := reachable(shapes, (*shape).inPlace)
	outer := len(l.open)
	isOpen := func(s *shape) bool { return slices.Contains(l.open[:outer], s) }
	l.open = append(l.open, closure...)
	defer func() { l.open = l.open[:outer] }()
	seen := make(map[string]bool)
	for _, s := range closure {
		for _, p := range s.properties {
			if seen[p.name] || l.left <= 0 || isOpen(s) {
				continue
			}
			l.left--
			seen[p.name] = true
			var inner []*shape
			for _, other := range closure {
				if next := other.byName[p.name]; next != nil {
					inner = append(inner, next)
				}
			}
			l.property(record.Field{FullName: path + "." + p.name, Name: p.name}, indexed+"."+p.name, inner)
		}
	}
	for _, s := range closure {
		for _, item := range s.itemShapes() {
			if l.left > 0 && !isOpen(s) {
				l.left--
				l.below(path, indexed+"[0]", []*shape{item})
			}
		}
	}
}

// property lists a property, if it has leaves, and those below it.
func (l *listing) property(f record.Field, indexed string, shapes []*shape) {
	var tags []string
	var types []record.Type
	open := false // there are values that no type is said of
	for _, s := range reachable(shapes, (*shape).sameField) {
		tags = append(tags, s.tags...)
		if s.fixed {
			types = append(types, record.Enum)
			continue
		}
		for _, name := range s.types {
			if t, ok := kinds[name]; ok {
				types = append(types, t)
			}
		}
		open = open || leafy(s) && s.types == nil && len(s.below()) == 0
	}
	if f.Tags = l.more.Of(indexed, tags); (open || len(types) > 0) && l.tagged(f.Tags) {
		f.Type = common(types)
		l.fields = append(l.fields, &f)
	}
	l.below(f.FullName, indexed, shapes)
}

// common is the one type of some beside null, else COMBINED.
func common(types []record.Type) record.Type {
	found := record.Null
	for _, t := range types {
		switch {
		case found == record.Null:
			found = t
		case t != record.Null && t != found:
			return record.Combined
		}
	}
	if len(types) == 0 {
		return record.Combined
	}
	return found
}
