package avro

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// FromJSON makes a record of the JSON encoding of the Avro specification, as
// strictly as Java's decoder of it: every field must be there, defaults are not filled in, values
// of unions stand under the names of their branches, and fields that a record does not have are passed over.
// Where Java would silently change a value it is refused: a number with a fraction for an
// integer, a character beyond U+00FF for a byte.
func (f *Format) FromJSON(j any) (any, error) {
	v, wrong := new(fromJSON).value(f.root, j, 0)
	if wrong != nil {
		return nil, wrong.mismatch()
	}
	return v, nil
}

// FromJSONInto is FromJSON into what into points to, as Reading.Into reads payloads.
func (f *Format) FromJSONInto(j any, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("a record is put into a pointer, not into a %T", into)
	}
	if wrong := new(fromJSON).into(f.root, target.Elem(), j, 0); wrong != nil {
		return wrong.mismatch()
	}
	return nil
}

// into puts JSON into a Go variable. Records go into structs without a map between.
func (j *fromJSON) into(n *node, r reflect.Value, v any, depth int) *wrong {
	if depth > maxDepth {
		return tooDeep()
	}
	switch {
	case n.kind == avro.Union && !j.lenient && v != nil:
		p, ok := propertiesOf(v)
		if !ok {
			break
		}
		if name, ok := p.only(); ok {
			if i := n.named(name); i >= 0 && r.Kind() != reflect.Interface {
				inner, _ := p.get(name)
				if wrong := j.into(n.branches[i], r, inner, depth+1); wrong != nil {
					return wrong.at(name)
				}
				return nil
			}
		}
	case r.Kind() == reflect.Pointer && v != nil:
		to := reflect.New(r.Type().Elem())
		if wrong := j.into(n, to.Elem(), v, depth); wrong != nil {
			return wrong
		}
		r.Set(to)
		return nil
	case n.kind == avro.Record && r.Kind() == reflect.Struct:
		return j.intoStruct(n, r, v, depth)
	case n.kind == avro.Array && r.Kind() == reflect.Slice && v != nil:
		return j.intoSlice(n, r, v, depth)
	case n.kind == avro.Map && r.Kind() == reflect.Map && r.Type().Key() == stringType && v != nil:
		return j.intoMap(n, r, v, depth)
	}
	x, wrong := j.value(n, v, depth)
	if wrong != nil {
		return wrong
	}
	if n.simple(r, x) {
		return nil
	}
	return n.into(r, x)
}

func (j *fromJSON) intoStruct(n *node, r reflect.Value, v any, depth int) *wrong {
	p, ok := propertiesOf(v)
	if !ok {
		return n.unfit(v)
	}
	rooms := n.roomsIn(r.Type())
	for i := range n.fields {
		f := &n.fields[i]
		x, ok := p.get(f.name)
		if !ok {
			return mismatch("the field is missing").at(f.name)
		}
		sf := &rooms[i]
		if sf.index == nil { // the struct has no room for it, but it must be right
			if _, wrong := j.value(f.node, x, depth+1); wrong != nil {
				return wrong.at(f.name)
			}
			continue
		}
		to, ok := sf.room(r)
		if !ok {
			return n.noRoom(r).at(f.name)
		}
		if wrong := j.into(f.node, to, x, depth+1); wrong != nil {
			return wrong.at(f.name)
		}
	}
	return nil
}

// rooms are the fields of a struct type for the fields of a record, in their order; without an index for those that it does not have.
type rooms struct {
	of     reflect.Type
	fields []structField
}

// roomsIn finds them. Those of the first type, which mostly is the only one, are kept.
func (n *node) roomsIn(t reflect.Type) []structField {
	if known := n.rooms.Load(); known != nil && known.of == t {
		return known.fields
	}
	s, found := structOf(t), make([]structField, len(n.fields))
	for i := range n.fields {
		if sf, ok := s[n.fields[i].name]; ok && !sf.twice {
			found[i] = sf
		}
	}
	n.rooms.CompareAndSwap(nil, &rooms{t, found})
	return found
}

func (j *fromJSON) intoSlice(n *node, r reflect.Value, v any, depth int) *wrong {
	size, at, ok := itemsOf(v)
	if !ok {
		return n.unfit(v)
	}
	to := reflect.MakeSlice(r.Type(), size, size)
	for i := range size {
		if wrong := j.into(n.items, to.Index(i), at(i), depth+1); wrong != nil {
			return wrong.item(i)
		}
	}
	r.Set(to)
	return nil
}

func (j *fromJSON) intoMap(n *node, r reflect.Value, v any, depth int) *wrong {
	p, ok := propertiesOf(v)
	if !ok {
		return n.unfit(v)
	}
	names := p.names()
	if m, ok := r.Addr().Interface().(*map[string]string); ok && n.items.kind == avro.String { // as most are
		to := make(map[string]string, len(names))
		for _, name := range names {
			x, _ := p.get(name)
			x, wrong := j.value(n.items, x, depth+1)
			if wrong != nil {
				return wrong.at(name)
			}
			to[name] = x.(string)
		}
		*m = to
		return nil
	}
	to, item := reflect.MakeMapWithSize(r.Type(), len(names)), reflect.New(r.Type().Elem()).Elem()
	for _, name := range names {
		item.SetZero()
		x, _ := p.get(name)
		if wrong := j.into(n.items, item, x, depth+1); wrong != nil {
			return wrong.at(name)
		}
		to.SetMapIndex(reflect.ValueOf(name), item)
	}
	r.Set(to)
	return nil
}

// itemsOf reads an array, whatever it is kept in.
func itemsOf(v any) (size int, at func(int) any, ok bool) {
	switch v := v.(type) {
	case []any:
		return len(v), func(i int) any { return v[i] }, true
	case numbered:
		return v.Len(), v.At, true
	}
	return 0, nil, false
}

var (
	stringType  = reflect.TypeFor[string]()
	int64Type   = reflect.TypeFor[int64]()
	int32Type   = reflect.TypeFor[int32]()
	float64Type = reflect.TypeFor[float64]()
	boolType    = reflect.TypeFor[bool]()
)

// simple puts a value into a variable of the very type that records have for it.
func (n *node) simple(r reflect.Value, v any) bool {
	t := r.Type()
	switch v := v.(type) {
	case string:
		if t == stringType {
			r.SetString(v)
			return true
		}
	case int64:
		if t == int64Type {
			r.SetInt(v)
			return true
		}
	case int32:
		if t == int32Type {
			r.SetInt(int64(v))
			return true
		}
	case float64:
		if t == float64Type {
			r.SetFloat(v)
			return true
		}
	case bool:
		if t == boolType {
			r.SetBool(v)
			return true
		}
	}
	return false
}

// Read makes a record of JSON as people write it. A field that a record does not have is an error,
// as is JSON of which it would take too long to find the branches. Texts that are no JSON are a *jsontree.Error.
func (f *Format) Read(text []byte) (any, error) {
	tree, err := jsontree.Parse(string(text), jsontree.Options{})
	if err != nil {
		return nil, err
	}
	v, wrong := (&fromJSON{lenient: true}).value(f.root, plainJSON(tree), 0)
	if wrong != nil {
		return nil, wrong.mismatch()
	}
	return v, nil
}

// fromJSON makes records of JSON.
type fromJSON struct {
	lenient bool // as people write it
	work    int  // values looked at so far
}

// maxWork bounds the values that Read looks at, which can be as many as there
// are values times branches at each depth.
const maxWork = 1 << 22

func (j *fromJSON) value(n *node, v any, depth int) (any, *wrong) {
	if depth > maxDepth {
		return nil, tooDeep()
	}
	if j.work++; j.lenient && j.work > maxWork {
		return nil, mismatch("it would take too long to find the branches of its unions: name them")
	}
	switch n.kind {
	case avro.Union:
		return j.union(n, v, depth)
	case avro.Record:
		return j.record(n, v, depth)
	case avro.Map:
		return j.mapping(n, v, depth)
	case avro.Array:
		return j.array(n, v, depth)
	case avro.Bytes, avro.Fixed:
		return j.bytes(n, v)
	case avro.Float, avro.Double:
		if s, ok := v.(string); ok {
			f, ok := words[s]
			if !ok {
				return nil, n.unfit(v)
			}
			v = f
		}
	}
	fitted, ok := n.fit(v)
	if !ok {
		return nil, n.unfit(v)
	}
	return fitted, nil
}

// properties reads an object, whatever it is kept in.
type properties struct {
	of      map[string]any
	named   named   // where it is no map
	entries entries // of what is named, where it is known
	next    int     // the entry that is likely to be asked for next
}

// entries is an object that knows its properties by their places too.
type entries interface {
	Len() int
	Entry(i int) (name string, v any)
}

func propertiesOf(v any) (p properties, ok bool) {
	switch o := v.(type) {
	case map[string]any:
		return properties{of: o}, o != nil
	case named:
		if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
			return properties{}, false
		}
		placed, _ := v.(entries)
		return properties{named: o, entries: placed}, true
	}
	return properties{}, false
}

func (p *properties) len() int {
	if p.named == nil {
		return len(p.of)
	}
	return len(p.named.Names())
}

func (p *properties) names() []string {
	if p.named == nil {
		return sortedNames(p.of)
	}
	return p.named.Names()
}

func (p *properties) get(name string) (any, bool) {
	if p.named == nil {
		v, ok := p.of[name]
		return v, ok
	}
	if p.entries != nil && p.next < p.entries.Len() {
		if next, v := p.entries.Entry(p.next); next == name { // as where an expression keeps the order of the fields
			p.next++
			return v, true
		}
	}
	return p.named.Get(name)
}

// only is the name of the only property.
func (p *properties) only() (string, bool) {
	switch t := p.named.(type) {
	case tagged:
		return t.branch.name, true
	case *chosen:
		return t.name, true
	}
	if p.named == nil && len(p.of) != 1 {
		return "", false
	}
	names := p.names()
	if len(names) != 1 {
		return "", false
	}
	return names[0], true
}

func (j *fromJSON) record(n *node, v any, depth int) (any, *wrong) {
	p, ok := propertiesOf(v)
	if !ok {
		return nil, n.unfit(v)
	}
	m := make(map[string]any, len(n.fields))
	found := 0
	for i := range n.fields {
		f := &n.fields[i]
		x, ok := p.get(f.name)
		var wrong *wrong
		switch {
		case ok:
			found++
			x, wrong = j.value(f.node, x, depth+1)
		case !j.lenient:
			wrong = mismatch("the field is missing")
		case !f.hasDef:
			wrong = mismatch("the field is missing and has no default")
		default:
			x, wrong = j.value(f.node, f.def, depth+1)
		}
		if wrong != nil {
			return nil, wrong.at(f.name)
		}
		m[f.name] = x
	}
	if j.lenient && found < p.len() {
		for _, name := range p.names() {
			if n.field(name) == nil {
				return nil, mismatch("%s has no field %s", n.name, quote(name))
			}
		}
	}
	return m, nil
}

func (j *fromJSON) mapping(n *node, v any, depth int) (any, *wrong) {
	p, ok := propertiesOf(v)
	if !ok {
		return nil, n.unfit(v)
	}
	names := p.names()
	m := make(map[string]any, len(names))
	for _, name := range names {
		x, _ := p.get(name)
		x, wrong := j.value(n.items, x, depth+1)
		if wrong != nil {
			return nil, wrong.at(name)
		}
		m[name] = x
	}
	return m, nil
}

func (j *fromJSON) array(n *node, v any, depth int) (any, *wrong) {
	size, at, ok := itemsOf(v)
	if !ok {
		return nil, n.unfit(v)
	}
	a := make([]any, size)
	for i := range a {
		x, wrong := j.value(n.items, at(i), depth+1)
		if wrong != nil {
			return nil, wrong.item(i)
		}
		a[i] = x
	}
	return a, nil
}

// hexName is the member of an object that stands for bytes.
const hexName = "$bytes"

func (j *fromJSON) bytes(n *node, v any) (any, *wrong) {
	var b []byte
	switch v := v.(type) {
	case []byte:
		b = append([]byte{}, v...)
	case string:
		b = make([]byte, 0, len(v))
		for _, r := range v {
			if r > 0xff {
				return nil, mismatch("the character %q is no byte", r)
			}
			b = append(b, byte(r))
		}
	default:
		p, ok := propertiesOf(v)
		if !ok || !j.lenient || p.len() != 1 {
			return nil, n.unfit(v)
		}
		digits, _ := p.get(hexName)
		s, ok := digits.(string)
		if !ok {
			return nil, n.unfit(v)
		}
		var err error
		if b, err = hex.DecodeString(s); err != nil {
			return nil, mismatch("%s is no hexadecimal number of whole bytes", quote(s)).at(hexName)
		}
	}
	fitted, ok := n.fit(b)
	if !ok {
		return nil, n.unfit(b)
	}
	return fitted, nil
}

func (j *fromJSON) union(n *node, v any, depth int) (any, *wrong) {
	if v == nil {
		if n.null < 0 {
			return nil, n.noBranch(v)
		}
		return nil, nil
	}
	p, isObject := propertiesOf(v)
	name, single := "", false
	if isObject {
		name, single = p.only()
	}
	if single {
		if i := n.named(name); i >= 0 {
			inner, _ := p.get(name)
			x, wrong := j.value(n.branches[i], inner, depth+1)
			if wrong == nil {
				return n.wrap(i, x), nil
			}
			if !j.lenient || !j.goesOn() {
				return nil, wrong.at(name)
			}
		} else if !j.lenient {
			return nil, mismatch("the union has no branch %s: %s is wanted", quote(name), n.wanted())
		}
	}
	if !j.lenient {
		return nil, mismatch("an object with the name of a branch is wanted, %s, not %s", n.wanted(), describe(v))
	}
	return j.untagged(n, v, depth)
}

// goesOn reports whether there is work left to try another branch.
func (j *fromJSON) goesOn() bool { return j.work <= maxWork }

// untagged finds the branch of JSON that does not name it: the first that it can be read as.
func (j *fromJSON) untagged(n *node, v any, depth int) (any, *wrong) {
	// Records of which something is missing come after those of which nothing is, and maps last.
	late := func(b *node) bool { return b.kind == avro.Map || b.kind == avro.Record && !hasAll(b, v) }
	var first *wrong
	tried := 0
	for _, round := range []bool{false, true} {
		for _, i := range n.written[formOf(v)] {
			b := n.branches[i]
			if late(b) != round {
				continue
			}
			x, wrong := j.value(b, v, depth+1)
			if wrong == nil {
				return n.wrap(i, x), nil
			}
			if tried++; first == nil {
				first = wrong
			}
			if !j.goesOn() {
				return nil, wrong
			}
		}
	}
	if tried == 1 {
		return nil, first
	}
	return nil, n.noBranch(v)
}

// hasAll reports whether an object has every field of a record.
func hasAll(n *node, v any) bool {
	p, ok := propertiesOf(v)
	if !ok {
		return false
	}
	for _, name := range n.names {
		if _, ok := p.get(name); !ok {
			return false
		}
	}
	return true
}

// form is what JSON looks like, as far as branches of a union are told by it.
type form uint8

const (
	boolForm form = iota
	integerForm
	fractionForm
	stringForm
	objectForm
	arrayForm
	forms
)

// preferred orders the kinds that JSON of a form can be, 1 being the first to be tried.
var preferred = [forms][avro.Union + 1]int{
	boolForm:     {avro.Boolean: 1},
	integerForm:  {avro.Int: 1, avro.Long: 2, avro.Double: 3, avro.Float: 4},
	fractionForm: {avro.Double: 1, avro.Float: 2, avro.Int: 3, avro.Long: 4},
	stringForm:   {avro.String: 1, avro.Enum: 2, avro.Double: 3, avro.Float: 4, avro.Bytes: 5, avro.Fixed: 6},
	objectForm:   {avro.Bytes: 1, avro.Fixed: 2, avro.Record: 3, avro.Map: 4},
	arrayForm:    {avro.Array: 1},
}

func formOf(v any) form {
	switch v := v.(type) {
	case bool:
		return boolForm
	case string:
		return stringForm
	case []any, numbered:
		return arrayForm
	case json.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return fractionForm
		}
		return integerForm
	case float64, float32:
		return fractionForm
	}
	if _, ok := propertiesOf(v); ok {
		return objectForm
	}
	return integerForm
}
