package avro

import (
	"encoding"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	twmb "github.com/twmb/avro"
)

// structFields are the fields of a struct type by the names of the schema.
type structFields map[string]structField

type structField struct {
	index    []int
	tagged   bool
	omitZero bool
	twice    bool // two fields have the name, and none is before the other
}

var structs sync.Map // structFields by reflect.Type

// structOf returns the fields of a struct type by the rules of the struct tags of
// github.com/twmb/avro: the name in the tag, else that of the field; fields of embedded structs and of
// those tagged inline are the struct's own; a tagged field goes before one that is not, then the one less deep.
func structOf(t reflect.Type) structFields {
	if s, ok := structs.Load(t); ok {
		return s.(structFields)
	}
	s := make(structFields)
	s.collect(t, nil, nil)
	known, _ := structs.LoadOrStore(t, s)
	return known.(structFields)
}

func (s structFields) collect(t reflect.Type, index []int, within []reflect.Type) {
	for _, outer := range within {
		if outer == t {
			return
		}
	}
	within = append(within, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("avro")
		if tag == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		at := append(append([]int(nil), index...), i)
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && (f.Anonymous && name == "" || hasOption(options, "inline")) {
			s.collect(inner, at, within)
			continue
		}
		if !f.IsExported() {
			continue
		}
		found := structField{index: at, tagged: name != "", omitZero: hasOption(options, "omitzero")}
		if name == "" {
			name = f.Name
		}
		s.add(name, found)
	}
}

func (s structFields) add(name string, f structField) {
	old, ok := s[name]
	switch {
	case !ok || f.tagged && !old.tagged:
		s[name] = f
	case old.tagged && !f.tagged || len(old.index) < len(f.index):
	case len(f.index) < len(old.index):
		s[name] = f
	default:
		old.twice = true
		s[name] = old
	}
}

func hasOption(options, name string) bool {
	for o := range strings.SplitSeq(options, ",") {
		if strings.HasPrefix(o, "default=") {
			return false // which takes all that follows
		}
		if o == name {
			return true
		}
	}
	return false
}

// of returns a field of a struct; the zero Value where it lies in an embedded pointer that is nil.
func (f structField) of(r reflect.Value) reflect.Value {
	for _, i := range f.index {
		if r.Kind() == reflect.Pointer {
			if r.IsNil() {
				return reflect.Value{}
			}
			r = r.Elem()
		}
		r = r.Field(i)
	}
	return r
}

// indirect is what pointers and interfaces lead to, the zero Value if it is nil.
func indirect(r reflect.Value) reflect.Value {
	for range 10 { // which ends pointers to themselves
		if r.Kind() != reflect.Pointer && r.Kind() != reflect.Interface {
			return r
		}
		r = r.Elem()
	}
	return reflect.Value{}
}

// naturally is a value with all that is in it as Decode would give it.
func (n *node) naturally(v any) (any, *wrong) { return n.natural(reflect.ValueOf(v), 0) }

func (n *node) natural(r reflect.Value, depth int) (any, *wrong) {
	if n.kind == avro.Union {
		return n.naturalUnion(r, depth)
	}
	inner := indirect(r)
	if !inner.IsValid() {
		if n.kind == avro.Null {
			return nil, nil
		}
		return nil, mismatch("%s is wanted, not null", n.wanted())
	}
	if depth >= maxDepth {
		return nil, tooDeep()
	}
	switch n.kind {
	case avro.Record:
		return n.naturalRecord(inner, depth)
	case avro.Map:
		return n.naturalMap(inner, depth)
	case avro.Array:
		return n.naturalArray(inner, depth)
	}
	if v, ok := n.raw(r, inner); ok {
		return v, nil
	}
	return nil, mismatch("%s is wanted, not %s", n.wanted(), describe(inner.Interface()))
}

func (n *node) naturalUnion(r reflect.Value, depth int) (any, *wrong) {
	i, v := n.branchOf(r)
	if i < 0 {
		return nil, n.noBranch(v)
	}
	natural, wrong := n.branches[i].natural(reflect.ValueOf(v), depth)
	if wrong != nil {
		return nil, wrong
	}
	return n.wrap(i, natural), nil
}

// branchOf returns the branch of a field's value, or -1, and the value. What is nil is null where there is null.
func (n *node) branchOf(r reflect.Value) (int, any) {
	if r.IsValid() && r.CanInterface() {
		if b, ok := r.Interface().(*record.Branch); ok && b != nil {
			return n.named(b.Name), b.Value
		}
	}
	if r.Kind() == reflect.Interface && !r.IsNil() {
		return n.branchOf(r.Elem())
	}
	inner := indirect(r)
	if !inner.IsValid() || n.null >= 0 && (inner.Kind() == reflect.Slice || inner.Kind() == reflect.Map) && inner.IsNil() {
		return n.null, nil
	}
	return n.choose(inner.Interface())
}

func (n *node) naturalRecord(r reflect.Value, depth int) (any, *wrong) {
	m := make(map[string]any, len(n.fields))
	var get func(f *field) reflect.Value
	switch {
	case r.Kind() == reflect.Struct:
		s := structOf(r.Type())
		get = func(f *field) reflect.Value { return s.get(n, f, r) }
	case r.Kind() == reflect.Map && r.Type().Key().Kind() == reflect.String:
		get = func(f *field) reflect.Value {
			return r.MapIndex(reflect.ValueOf(f.name).Convert(r.Type().Key()))
		}
	default:
		return nil, mismatch("%s is wanted, not %s", n.wanted(), describe(r.Interface()))
	}
	for i := range n.fields {
		f := &n.fields[i]
		x := get(f)
		if !x.IsValid() {
			v, wrong := f.value()
			if wrong != nil {
				return nil, wrong.at(f.name)
			}
			m[f.name] = v
			continue
		}
		v, wrong := f.node.natural(x, depth+1)
		if wrong != nil {
			return nil, wrong.at(f.name)
		}
		m[f.name] = v
	}
	return m, nil
}

// get returns a field of a struct, the zero Value if the field's default is meant.
func (s structFields) get(n *node, f *field, r reflect.Value) reflect.Value {
	sf, ok := s[f.name]
	if !ok || sf.twice {
		return reflect.Value{}
	}
	x := sf.of(r)
	if sf.omitZero && x.IsValid() && x.IsZero() {
		switch {
		case f.hasDef:
			return reflect.Value{}
		case f.node.kind == avro.Union && f.node.null >= 0:
			return reflect.ValueOf((*int)(nil))
		}
	}
	return x
}

func (n *node) naturalMap(r reflect.Value, depth int) (any, *wrong) {
	if r.Kind() != reflect.Map || r.Type().Key().Kind() != reflect.String {
		return nil, mismatch("%s is wanted, not %s", n.wanted(), describe(r.Interface()))
	}
	m := make(map[string]any, r.Len())
	for each := r.MapRange(); each.Next(); {
		v, wrong := n.items.natural(each.Value(), depth+1)
		if wrong != nil {
			return nil, wrong.at(each.Key().String())
		}
		m[each.Key().String()] = v
	}
	return m, nil
}

func (n *node) naturalArray(r reflect.Value, depth int) (any, *wrong) {
	if r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
		return nil, mismatch("%s is wanted, not %s", n.wanted(), describe(r.Interface()))
	}
	a := make([]any, r.Len())
	for i := range a {
		v, wrong := n.items.natural(r.Index(i), depth+1)
		if wrong != nil {
			return nil, wrong.item(i)
		}
		a[i] = v
	}
	return a, nil
}

// raw is a Go value as the value of a type without parts. r is where it was found, which may be a pointer to it.
func (n *node) raw(r, inner reflect.Value) (any, bool) {
	if !inner.CanInterface() {
		return nil, false
	}
	switch v := inner.Interface().(type) {
	case time.Time, time.Duration, big.Rat, twmb.Duration:
		if x, ok := logicals[n.typ.LogicalType()]; ok && x.raw != nil {
			return x.raw(n, v)
		}
		if d, ok := v.(time.Duration); ok {
			return n.fit(int64(d))
		}
		return nil, false
	}
	if n.kind == avro.String || n.kind == avro.Enum {
		if m, ok := marshaler(r, inner); ok {
			text, err := m.MarshalText()
			if err != nil {
				return nil, false
			}
			return n.fit(string(text))
		}
	}
	switch k := inner.Kind(); {
	case k == reflect.Bool:
		return inner.Bool(), n.kind == avro.Boolean
	case k == reflect.String && inner.Type() != numberType:
		if n.kind != avro.String && n.kind != avro.Enum {
			return nil, false
		}
		return n.fit(inner.String())
	case (k == reflect.Slice || k == reflect.Array) && inner.Type().Elem().Kind() == reflect.Uint8:
		b := make([]byte, inner.Len())
		for i := range b {
			b[i] = byte(inner.Index(i).Uint())
		}
		switch {
		case n.kind == avro.String && n.typ.LogicalType() == "uuid" && len(b) == 16:
			return uuidText(b), true
		case n.kind == avro.Bytes || n.kind == avro.Fixed:
			return n.fit(b)
		}
		return nil, false
	case inner.CanInt() || inner.CanUint() || inner.CanFloat() || inner.Type() == numberType:
		return n.number(inner)
	}
	return nil, false
}

// number is fit for numbers of any type.
func (n *node) number(r reflect.Value) (any, bool) {
	switch n.kind {
	case avro.Int, avro.Long:
		if i, ok := integer(r.Interface()); ok {
			if n.kind == avro.Int {
				return int32(i), int64(int32(i)) == i
			}
			return i, true
		}
	case avro.Float, avro.Double:
		if f, ok := float(r.Interface()); ok {
			if n.kind == avro.Float {
				return float32(f), true
			}
			return f, true
		}
	}
	return nil, false
}

func marshaler(r, inner reflect.Value) (encoding.TextMarshaler, bool) {
	if m, ok := inner.Interface().(encoding.TextMarshaler); ok {
		return m, true
	}
	if r.Kind() == reflect.Pointer && r.CanInterface() {
		m, ok := r.Interface().(encoding.TextMarshaler)
		return m, ok
	}
	if inner.CanAddr() {
		m, ok := inner.Addr().Interface().(encoding.TextMarshaler)
		return m, ok
	}
	return nil, false
}

// set puts a value of the type into a field, an item or an entry of a struct.
func (n *node) set(r reflect.Value, v any) bool {
	switch r.Kind() {
	case reflect.Interface:
		if v == nil {
			r.SetZero()
			return true
		}
		x := reflect.ValueOf(v)
		if !x.Type().AssignableTo(r.Type()) {
			return false
		}
		r.Set(x)
		return true
	case reflect.Pointer:
		if v == nil {
			r.SetZero()
			return true
		}
		p := reflect.New(r.Type().Elem())
		if !n.set(p.Elem(), v) {
			return false
		}
		r.Set(p)
		return true
	}
	if b, ok := v.(*record.Branch); ok {
		v = b.Value
	}
	if v == nil {
		// Types without a nil tell null by their zero value, which is how they are read.
		r.SetZero()
		return true
	}
	if n.kind == avro.Union {
		i, inner := n.choose(v)
		return i >= 0 && n.branches[i].set(r, inner)
	}
	if done, ok := n.setLogical(r, v); done {
		return ok
	}
	if n.kind == avro.String || n.kind == avro.Enum {
		if u, ok := r.Addr().Interface().(encoding.TextUnmarshaler); ok {
			return u.UnmarshalText([]byte(v.(string))) == nil
		}
	}
	return assign(r, v)
}

// setLogical sets the Go types of logical types.
func (n *node) setLogical(r reflect.Value, v any) (done, ok bool) {
	switch r.Interface().(type) {
	case time.Time, time.Duration, big.Rat, twmb.Duration:
		l, ok := logicals[n.typ.LogicalType()]
		if !ok || l.cooked == nil {
			return r.Kind() == reflect.Struct, false
		}
		x, ok := l.cooked(n, v, r.Type())
		if !ok {
			return true, false
		}
		r.Set(reflect.ValueOf(x))
		return true, true
	}
	return false, false
}

// assign sets a plain Go variable, if the value fits it.
func assign(r reflect.Value, v any) bool {
	switch v := v.(type) {
	case bool:
		if r.Kind() == reflect.Bool {
			r.SetBool(v)
			return true
		}
	case int32:
		return assignInteger(r, int64(v))
	case int64:
		return assignInteger(r, v)
	case float32:
		return assignFloat(r, float64(v))
	case float64:
		return assignFloat(r, v)
	case string:
		switch {
		case r.Kind() == reflect.String:
			r.SetString(v)
			return true
		case r.Kind() == reflect.Array && r.Len() == 16 && r.Type().Elem().Kind() == reflect.Uint8:
			b, ok := uuidBytes(v)
			return ok && assign(r, b)
		}
	case []byte:
		switch {
		case r.Kind() == reflect.Slice && r.Type().Elem().Kind() == reflect.Uint8:
			r.SetBytes(v)
			return true
		case r.Kind() == reflect.Array && r.Type().Elem().Kind() == reflect.Uint8 && r.Len() == len(v):
			for i := range v {
				r.Index(i).SetUint(uint64(v[i]))
			}
			return true
		case r.Kind() == reflect.String:
			r.SetString(string(v))
			return true
		}
	}
	return false
}

func assignInteger(r reflect.Value, i int64) bool {
	switch {
	case r.CanInt():
		if !r.OverflowInt(i) {
			r.SetInt(i)
			return true
		}
	case r.CanUint():
		if i >= 0 && !r.OverflowUint(uint64(i)) {
			r.SetUint(uint64(i))
			return true
		}
	case r.CanFloat():
		if f := float64(i); int64(f) == i {
			return assignFloat(r, f)
		}
	}
	return false
}

func assignFloat(r reflect.Value, f float64) bool {
	if !r.CanFloat() {
		return false
	}
	r.SetFloat(f)
	return true
}
