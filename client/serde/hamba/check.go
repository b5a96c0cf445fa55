package hamba

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"github.com/hamba/avro/v2"
)

// check looks for what the library would do to a Go type and nobody wants: write over memory of another
// type, or follow a type that contains itself until the stack ends, which no program survives.
type check struct {
	api    avro.API
	tagKey string
	// loops are the fields, as record.field, that the library cannot pass over.
	loops map[string]bool
	seen  map[place]bool
}

// place is a record that is read into a type.
type place struct {
	name string
	t    reflect.Type
}

// anything is what values are read into that nobody has a type for.
var anything = reflect.TypeFor[any]()

// room reports what a Go type has no room for.
func (c check) room(s avro.Schema, t reflect.Type) error {
	c.seen = map[place]bool{}
	return c.walk(s, t)
}

func (c check) walk(s avro.Schema, t reflect.Type) error {
	switch s := named(s).(type) {
	case *avro.RecordSchema:
		at := place{s.FullName(), t}
		if c.seen[at] {
			return nil
		}
		c.seen[at] = true
		return c.record(s, t)
	case *avro.ArraySchema:
		return c.walk(s.Items(), inner(t, reflect.Slice))
	case *avro.MapSchema:
		return c.walk(s.Values(), inner(t, reflect.Map))
	case *avro.UnionSchema:
		return c.union(s, t)
	case *avro.PrimitiveSchema:
		if t == reflect.TypeFor[big.Rat]() && s.Type() == avro.Bytes {
			return errors.New("a decimal is read into a *big.Rat, and one that may be null into a **big.Rat: into the value of a big.Rat hamba/avro reads 0")
		}
	}
	return nil
}

// inner is the type of items within a type. What is neither of the kind nor an interface is refused by the library.
func inner(t reflect.Type, k reflect.Kind) reflect.Type {
	if t.Kind() == k {
		return t.Elem()
	}
	return anything
}

func (c check) record(s *avro.RecordSchema, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var fields map[string]reflect.Type
	if t.Kind() == reflect.Struct {
		fields = fieldsOf(t, c.tagKey)
	}
	for _, f := range s.Fields() {
		to := anything
		if fields != nil {
			if to = fieldOf(fields, f); to == nil {
				if c.loops[s.FullName()+"."+f.Name()] {
					return fmt.Errorf("%s has no field for %s of %s, which contains values of its own type: hamba/avro cannot pass over it", t, f.Name(), s.FullName())
				}
				continue
			}
		}
		if err := c.walk(f.Type(), to); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	return nil
}

func fieldOf(fields map[string]reflect.Type, f *avro.Field) reflect.Type {
	if t := fields[f.Name()]; t != nil {
		return t
	}
	for _, alias := range f.Aliases() {
		if t := fields[alias]; t != nil {
			return t
		}
	}
	return nil
}

// fieldsOf are the types of a struct's fields by their names, those of embedded structs included, as the
// library finds them: the least deep first.
func fieldsOf(t reflect.Type, tagKey string) map[string]reflect.Type {
	fields, seen := map[string]reflect.Type{}, map[reflect.Type]bool{}
	for level := []reflect.Type{t}; len(level) > 0; {
		var deeper []reflect.Type
		for _, t := range level {
			if seen[t] {
				continue
			}
			seen[t] = true
			for i := range t.NumField() {
				f := t.Field(i)
				if f.Anonymous {
					embedded := f.Type
					if embedded.Kind() == reflect.Pointer {
						embedded = embedded.Elem()
					}
					if embedded.Kind() == reflect.Struct {
						deeper = append(deeper, embedded)
					}
					continue
				}
				name := f.Name
				if tag, ok := f.Tag.Lookup(tagKey); ok {
					name, _, _ = strings.Cut(tag, ",")
				}
				if _, ok := fields[name]; !ok && f.IsExported() {
					fields[name] = f.Type
				}
			}
		}
		level = deeper
	}
	return fields
}

func (c check) union(s *avro.UnionSchema, t reflect.Type) error {
	switch {
	case t.Kind() == reflect.Struct:
		return fmt.Errorf("a union is read into a pointer or an interface: into the value of a %s hamba/avro writes over what is in it", t)
	case t.Kind() == reflect.Interface, t.Implements(reflect.TypeFor[avro.UnionConverter]()):
		return c.branches(s, c.registered)
	case t.Kind() == reflect.Pointer:
		return c.branches(s, func(avro.Schema) (reflect.Type, error) { return t.Elem(), nil })
	case t.Kind() == reflect.Map:
		return c.branches(s, func(avro.Schema) (reflect.Type, error) { return anything, nil })
	}
	return c.branches(s, func(avro.Schema) (reflect.Type, error) { return t, nil })
}

// branches looks at each branch but null with what it is read into.
func (c check) branches(s *avro.UnionSchema, into func(avro.Schema) (reflect.Type, error)) error {
	for _, b := range s.Types() {
		if b.Type() == avro.Null {
			continue
		}
		t, err := into(b)
		if err == nil {
			err = c.walk(b, t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// registered is the type that is registered for a branch, that of an interface where none is.
func (c check) registered(branch avro.Schema) (reflect.Type, error) {
	name := nameOf(branch)
	switch b := named(branch).(type) {
	case *avro.ArraySchema:
		name += ":" + nameOf(b.Items())
	case *avro.MapSchema:
		name += ":" + nameOf(b.Values())
	}
	found, err := c.api.TypeOf(name)
	if err != nil {
		return anything, nil
	}
	t := found.Type1()
	if t.Kind() == reflect.Pointer && t.Elem().Size() < reflect.TypeFor[uintptr]().Size() {
		return nil, fmt.Errorf("%s is registered as a %s, which is smaller than a pointer: register the value instead", name, t)
	}
	return t, nil
}

// nameOf is the name by which a type is registered.
func nameOf(s avro.Schema) string {
	s = named(s)
	if n, ok := s.(avro.NamedSchema); ok {
		return n.FullName()
	}
	name := string(s.Type())
	if l, ok := s.(avro.LogicalTypeSchema); ok && l.Logical() != nil {
		name += "." + string(l.Logical().Type())
	}
	return name
}

// named is the schema that a name stands for, and any other itself.
func named(s avro.Schema) avro.Schema {
	if ref, ok := s.(*avro.RefSchema); ok {
		return ref.Schema()
	}
	return s
}

// records collects the records that are in values of a type; without unions, those that must be.
func records(s avro.Schema, unions bool, found map[string]*avro.RecordSchema) {
	switch s := named(s).(type) {
	case *avro.RecordSchema:
		if found[s.FullName()] != nil {
			return
		}
		found[s.FullName()] = s
		recordsWithin(s, unions, found)
	case *avro.ArraySchema:
		records(s.Items(), unions, found)
	case *avro.MapSchema:
		records(s.Values(), unions, found)
	case *avro.UnionSchema:
		if unions {
			for _, b := range s.Types() {
				records(b, unions, found)
			}
		}
	}
}

func recordsWithin(s *avro.RecordSchema, unions bool, found map[string]*avro.RecordSchema) {
	for _, f := range s.Fields() {
		records(f.Type(), unions, found)
	}
}

// within reports whether a record contains itself.
func within(s *avro.RecordSchema, unions bool) bool {
	found := map[string]*avro.RecordSchema{}
	recordsWithin(s, unions, found)
	return found[s.FullName()] != nil
}

// endless reports whether a type in the schema contains itself, and which fields the library cannot pass over:
// it works out the whole of what it is to pass over beforehand, unions excepted.
func endless(s avro.Schema) (recursive bool, loops map[string]bool) {
	all := map[string]*avro.RecordSchema{}
	records(s, true, all)
	looping := map[string]bool{}
	for name, r := range all {
		recursive = recursive || within(r, true)
		looping[name] = within(r, false)
	}
	loops = map[string]bool{}
	if !recursive {
		return false, loops
	}
	for name, r := range all {
		for _, f := range r.Fields() {
			reached := map[string]*avro.RecordSchema{}
			records(f.Type(), true, reached)
			for inside := range reached {
				if looping[inside] {
					loops[name+"."+f.Name()] = true
				}
			}
		}
	}
	return true, loops
}

// maxParts is how many parts a plain value may have.
const maxParts = 1000

// plain reports whether the schema bounds what reading one of its values takes, but for the lengths of strings: nothing in it
// is counted by the payload. room is how many parts there may be.
func plain(s avro.Schema, room *int) bool {
	if *room--; *room < 0 {
		return false
	}
	switch s := named(s).(type) {
	case *avro.RecordSchema:
		for _, f := range s.Fields() {
			if !plain(f.Type(), room) {
				return false
			}
		}
	case *avro.UnionSchema:
		for _, b := range s.Types() {
			if !plain(b, room) {
				return false
			}
		}
	case *avro.FixedSchema:
		return s.Size() <= maxKept
	case *avro.ArraySchema, *avro.MapSchema:
		return false
	}
	return true
}

// tagged reports whether an API names the fields of structs by tags of a key.
func tagged(api avro.API, key string) bool {
	s, err := read(`{"type":"record","name":"probe","fields":[{"name":"probe","type":"boolean"}]}`)
	if err != nil {
		return false
	}
	probe := reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[bool](), Tag: reflect.StructTag(key + `:"probe"`)}})
	_, err = api.Marshal(s, reflect.Zero(probe).Interface())
	return err == nil
}
