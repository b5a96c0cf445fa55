package cel

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"google.golang.org/protobuf/proto"

	"github.com/seed-9f7c7091/concordat/record"
)

// values shows the Go values of records to expressions. Nothing is copied:
// maps, slices and structs are read where an expression looks.
type values struct {
	tag string // of structs, which says how their fields are called

	layouts sync.Map // *layout by reflect.Type
}

var (
	avroValues = &values{tag: "avro"}
	jsonValues = &values{tag: "json"}
)

// NativeToValue is a value as expressions see it.
func (a *values) NativeToValue(v any) ref.Val {
	switch v := v.(type) {
	case nil:
		return types.NullValue
	case ref.Val:
		return v
	case string:
		return types.String(v)
	case bool:
		return types.Bool(v)
	case int32:
		return types.Int(v)
	case int64:
		return types.Int(v)
	case float32:
		return types.Double(v)
	case float64:
		return types.Double(v)
	case []byte:
		return types.Bytes(v)
	case map[string]any:
		return types.NewStringInterfaceMap(a, v)
	case []any:
		return types.NewList(a, v)
	case *record.Branch:
		return a.NativeToValue(v.Value)
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return types.Int(n)
		}
		f, err := v.Float64()
		if err != nil {
			return types.WrapErr(err)
		}
		return types.Double(f)
	case object:
		return &mapping{a, v, v}
	case array:
		items := make([]any, v.Len())
		for i := range items {
			items[i] = v.At(i)
		}
		return types.NewList(a, items)
	}
	return a.reflected(v)
}

// reflected shows a value of a type that is not known beforehand.
func (a *values) reflected(v any) ref.Val {
	r := reflect.ValueOf(v)
	if a.tag == "json" && r.Kind() != reflect.Map && r.Kind() != reflect.Slice {
		if m, ok := v.(json.Marshaler); ok && !(r.Kind() == reflect.Pointer && r.IsNil()) {
			return a.marshalled(m)
		}
	}
	switch r.Kind() {
	case reflect.Pointer, reflect.Interface:
		if r.IsNil() {
			return types.NullValue
		}
		if r.Elem().Kind() != reflect.Struct {
			return a.NativeToValue(r.Elem().Interface())
		}
		r = r.Elem()
	case reflect.Slice, reflect.Array:
		if r.Type().Elem().Kind() != reflect.Uint8 {
			return types.NewDynamicList(a, v)
		}
	case reflect.Map:
		return types.NewDynamicMap(a, v)
	}
	if r.Kind() == reflect.Struct {
		switch v.(type) {
		case time.Time, *time.Time, proto.Message:
		default:
			return &mapping{a, structure{a.layout(r.Type()), r}, v}
		}
	}
	return types.DefaultTypeAdapter.NativeToValue(v)
}

// marshalled shows a value of a type that has a JSON form of its own.
func (a *values) marshalled(m json.Marshaler) ref.Val {
	text, err := json.Marshal(m)
	if err != nil {
		return types.WrapErr(err)
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return types.WrapErr(err)
	}
	return a.NativeToValue(v)
}

// member is a member of what is a record in Go.
func (a *values) member(in any, name string) (any, bool) {
	switch in := in.(type) {
	case map[string]any:
		v, ok := in[name]
		return v, ok
	case nil:
		return nil, false
	case object:
		return in.Get(name)
	case map[ref.Val]ref.Val: // made by an expression
		v, ok := in[types.String(name)]
		return v, ok
	case *record.Branch:
		return a.member(in.Value, name)
	}
	r := reflect.ValueOf(in)
	for r.Kind() == reflect.Pointer && !r.IsNil() {
		r = r.Elem()
	}
	switch r.Kind() {
	case reflect.Struct:
		return structure{a.layout(r.Type()), r}.Get(name)
	case reflect.Map:
		if r.Type().Key().Kind() == reflect.String {
			if v := r.MapIndex(reflect.ValueOf(name).Convert(r.Type().Key())); v.IsValid() {
				return v.Interface(), true
			}
		}
	}
	return nil, false
}

// member is a member by its name, of which it is remembered where it was in a struct.
type member struct {
	values *values
	name   string
	found  atomic.Pointer[memberOf]
}

type memberOf struct {
	layout *layout
	place  place
}

func (m *member) of(in any) (any, bool) {
	switch in.(type) {
	case nil, map[string]any, *record.Branch, object:
		return m.values.member(in, m.name)
	}
	r := reflect.ValueOf(in)
	if r.Kind() == reflect.Pointer && !r.IsNil() {
		r = r.Elem()
	}
	if r.Kind() != reflect.Struct {
		return m.values.member(in, m.name)
	}
	if f := m.found.Load(); f != nil && f.layout.of == r.Type() {
		return f.place.of(r)
	}
	v, ok := m.values.member(in, m.name)
	if l := m.values.layout(r.Type()); ok {
		if p, ok := l.fields[m.name]; ok {
			m.found.CompareAndSwap(nil, &memberOf{l, p})
		}
	}
	return v, ok
}

// object and array are what the forms of records keep that are read lazily.
type object interface {
	Get(name string) (any, bool)
	Names() []string
}

type array interface {
	Len() int
	At(i int) any
}

// structure is a struct as an object.
type structure struct {
	layout *layout
	value  reflect.Value
}

func (s structure) Names() []string {
	if !s.layout.optional {
		return s.layout.names
	}
	var names []string
	for _, name := range s.layout.names {
		if _, ok := s.Get(name); ok {
			names = append(names, name)
		}
	}
	return names
}

func (s structure) Get(name string) (any, bool) {
	f, ok := s.layout.fields[name]
	if !ok {
		return nil, false
	}
	return f.of(s.value)
}

// of is the field of a struct, if it is there.
func (f place) of(s reflect.Value) (any, bool) {
	v := s
	var err error
	if len(f.index) == 1 {
		v = s.Field(f.index[0])
	} else {
		v, err = s.FieldByIndexErr(f.index)
	}
	if err != nil || f.optional && empty(v) {
		return nil, false
	}
	switch f.basic { // as NativeToValue would have it, without a copy between
	case reflect.String:
		return types.String(v.String()), true
	case reflect.Int32, reflect.Int64:
		return types.Int(v.Int()), true
	case reflect.Float32, reflect.Float64:
		return types.Double(v.Float()), true
	case reflect.Bool:
		return types.Bool(v.Bool()), true
	}
	return v.Interface(), true
}

// empty is as omitempty of encoding/json says.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// layout says where in a struct the fields of a record are.
type layout struct {
	of       reflect.Type
	names    []string
	fields   map[string]place
	optional bool // some fields may be left out
}

type place struct {
	index    []int
	tagged   bool
	optional bool
	basic    reflect.Kind // of a type of the language itself; Invalid for others
}

func (a *values) layout(t reflect.Type) *layout {
	l, ok := a.layouts.Load(t)
	if !ok {
		made := &layout{of: t, fields: map[string]place{}}
		a.collect(made, t, nil, map[reflect.Type]bool{})
		l, _ = a.layouts.LoadOrStore(t, made)
	}
	return l.(*layout)
}

// collect lays out the fields of a struct and of those embedded in it. Of
// fields of one name a tagged one counts before others, and then the one nearest to the top.
func (a *values) collect(l *layout, t reflect.Type, index []int, within map[reflect.Type]bool) {
	if within[t] {
		return
	}
	within[t] = true
	defer delete(within, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get(a.tag)
		name, options, _ := strings.Cut(tag, ",")
		has := func(option string) bool { return strings.Contains(","+options+",", ","+option+",") }
		if tag == "-" {
			continue
		}
		p := place{index: append(slices.Clone(index), i), tagged: name != "", optional: a.tag == "json" && has("omitempty")}
		if f.Type.PkgPath() == "" {
			p.basic = f.Type.Kind()
		}
		if s := deref(f.Type); name == "" && s.Kind() == reflect.Struct && (f.Anonymous || a.tag == "avro" && has("inline")) {
			a.collect(l, s, p.index, within)
			continue
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		before, taken := l.fields[name]
		if taken && (before.tagged && !p.tagged || before.tagged == p.tagged && len(before.index) <= len(p.index)) {
			continue
		}
		if !taken {
			l.names = append(l.names, name)
		}
		l.fields[name] = p
		l.optional = l.optional || p.optional || len(p.index) > 1
	}
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// mapping is an object as expressions see it: a map from strings.
type mapping struct {
	values *values
	object object
	value  any // what it was made of
}

var _ traits.Mapper = (*mapping)(nil)

func (m *mapping) Type() ref.Type { return types.MapType }
func (m *mapping) Value() any     { return m.value }
func (m *mapping) Size() ref.Val  { return types.Int(len(m.object.Names())) }

func (m *mapping) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return nil, false
	}
	v, ok := m.object.Get(string(name))
	if !ok {
		return nil, false
	}
	return m.values.NativeToValue(v), true
}

func (m *mapping) Get(key ref.Val) ref.Val {
	if v, ok := m.Find(key); ok {
		return v
	}
	return types.NewErr("no such key: %v", key)
}

func (m *mapping) Contains(key ref.Val) ref.Val {
	_, ok := m.Find(key)
	return types.Bool(ok)
}

func (m *mapping) Iterator() traits.Iterator {
	return types.NewStringList(m.values, m.object.Names()).Iterator()
}

func (m *mapping) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Mapper)
	if !ok || m.Size() != o.Size() {
		return types.False
	}
	for _, name := range m.object.Names() {
		theirs, ok := o.Find(types.String(name))
		if !ok {
			return types.False
		}
		v, _ := m.object.Get(name)
		if types.Equal(m.values.NativeToValue(v), theirs) != types.True {
			return types.False
		}
	}
	return types.True
}

func (m *mapping) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.MapType:
		return m
	case types.TypeType:
		return types.MapType
	}
	return types.NewErr("type conversion error from 'map' to '%s'", t)
}

func (m *mapping) ConvertToNative(t reflect.Type) (any, error) {
	if v := reflect.ValueOf(m.value); v.Type().AssignableTo(t) {
		return m.value, nil
	}
	all := make(map[string]any, len(m.object.Names()))
	for _, name := range m.object.Names() {
		all[name], _ = m.object.Get(name)
	}
	return types.NewStringInterfaceMap(m.values, all).ConvertToNative(t)
}
