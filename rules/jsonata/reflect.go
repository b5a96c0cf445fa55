package jsonata

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// reflected is a slice or array of a type known only at run time.
type reflected struct{ v reflect.Value }

func (r reflected) Len() int     { return r.v.Len() }
func (r reflected) At(i int) any { return r.v.Index(i).Interface() }

// MarshalJSON writes what was given.
func (r reflected) MarshalJSON() ([]byte, error) { return json.Marshal(r.v.Interface()) }

// reflectedMap is a map from strings of a type known only at run time.
type reflectedMap struct{ v reflect.Value }

func (r reflectedMap) Get(name string) (any, bool) {
	v := r.v.MapIndex(reflect.ValueOf(name).Convert(r.v.Type().Key()))
	if !v.IsValid() {
		return nil, false
	}
	return v.Interface(), true
}

func (r reflectedMap) Names() []string {
	names := make([]string, 0, r.v.Len())
	for _, k := range r.v.MapKeys() {
		names = append(names, k.String())
	}
	slices.SortFunc(names, compareNames)
	return names
}

func (r reflectedMap) MarshalJSON() ([]byte, error) { return json.Marshal(r.v.Interface()) }

// structView is a struct seen as an object, by its json tags.
type structView struct {
	v      reflect.Value
	fields *structFields
}

type structFields struct {
	names  []string
	byName map[string]*structField
}

type structField struct {
	index     []int
	omitEmpty bool
	omitZero  bool
}

var structTypes sync.Map // of *structFields, by reflect.Type

func structOf(v reflect.Value) *structView {
	t := v.Type()
	known, ok := structTypes.Load(t)
	if !ok {
		fields := &structFields{byName: map[string]*structField{}}
		fields.collect(t, nil, nil)
		known, _ = structTypes.LoadOrStore(t, fields)
	}
	return &structView{v, known.(*structFields)}
}

// collect adds the fields of a struct, and those of structs embedded in it
// unless a field nearer to the outside has the name.
func (s *structFields) collect(t reflect.Type, at []int, within []reflect.Type) {
	if slices.Contains(within, t) {
		return
	}
	var embedded []reflect.StructField
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if tag == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if f.Anonymous && name == "" && structType(f.Type) != nil {
			embedded = append(embedded, f)
			continue
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if s.byName[name] != nil {
			continue
		}
		has := func(o string) bool { return slices.Contains(strings.Split(options, ","), o) }
		s.byName[name] = &structField{append(slices.Clone(at), i), has("omitempty"), has("omitzero")}
		s.names = append(s.names, name)
	}
	for _, f := range embedded {
		s.collect(structType(f.Type), append(slices.Clone(at), f.Index...), append(within, t))
	}
}

// structType is the struct that a type is or points to, nil if it is another type.
func structType(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

func (s *structView) field(f *structField) (reflect.Value, bool) {
	v, err := s.v.FieldByIndexErr(f.index)
	if err != nil || f.omitZero && v.IsZero() || f.omitEmpty && isEmpty(v) {
		return v, false
	}
	return v, v.CanInterface()
}

// isEmpty is what omitempty leaves out.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func (s *structView) Get(name string) (any, bool) {
	f := s.fields.byName[name]
	if f == nil {
		return nil, false
	}
	v, ok := s.field(f)
	if !ok {
		return nil, false
	}
	return v.Interface(), true
}

func (s *structView) Names() []string {
	names := make([]string, 0, len(s.fields.names))
	for _, name := range s.fields.names {
		if _, ok := s.field(s.fields.byName[name]); ok {
			names = append(names, name)
		}
	}
	return names
}

// MarshalJSON writes what was given.
func (s *structView) MarshalJSON() ([]byte, error) { return json.Marshal(s.v.Interface()) }
