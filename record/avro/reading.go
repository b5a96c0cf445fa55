package avro

import (
	"fmt"
	"reflect"
	"sync/atomic"

	"github.com/seed-9f7c7091/concordat/schema/avro"
	twmb "github.com/twmb/avro"
)

// Reading reads payloads of a writer's schema as records of a reader's. It is
// safe for concurrent use.
type Reading struct {
	plan  *plan
	whole bool
	// structs is the quick way into Go values, nil where there is none.
	structs *twmb.Schema
	unfit   atomic.Bool // structs has failed where the plan has not
}

// Reading prepares reading payloads of the writer's schema as records of this
// one, as Reader does. With whole set, bytes behind a record are an error.
func (f *Format) Reading(writer *Format, whole bool) *Reading {
	r := &Reading{plan: f.plan, whole: whole, structs: f.codec()}
	if writer != f {
		r.plan = resolve(writer.root, f.root)
		r.structs = nil
		if from, to := writer.codec(), f.codec(); from != nil && to != nil {
			if resolved, err := twmb.Resolve(from, to); err == nil {
				r.structs = resolved
			}
		}
	}
	if r.plan.writer.kind == avro.Bytes {
		r.structs = nil // whose payload has no length
	}
	return r
}

// Record reads a payload, as Format.Decode does.
func (r *Reading) Record(payload []byte) (any, error) {
	v, rest, err := r.plan.decodeSome(payload)
	if err == nil && r.whole && rest > 0 {
		return nil, trailing(len(payload)-rest, rest)
	}
	return v, err
}

// Into reads a payload into what into points to: a struct with avro tags, or any
// other Go type that has room for the record. Fields of a struct that the record does not have
// are left as they are; fields of the record that the struct does not have are passed over, and null is
// the zero value. Errors are those of Format.Reader; what into points to is then in no certain state.
func (r *Reading) Into(payload []byte, into any) error {
	if r.structs != nil && !r.unfit.Load() {
		rest, err := r.structs.Decode(payload, into)
		if err == nil {
			if r.whole && len(rest) > 0 {
				return trailing(len(payload)-len(rest), len(rest))
			}
			return nil
		}
	}
	// What the codec refuses may be a type that lacks a field, or a resolution that is decided value by value.
	v, err := r.Record(payload)
	if err != nil {
		return err
	}
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("a record is read into a pointer, not into a %T", into)
	}
	target = target.Elem()
	target.SetZero()
	if wrong := r.plan.reader.into(target, v); wrong != nil {
		return wrong.mismatch()
	}
	r.unfit.Store(true)
	return nil
}

func trailing(offset, n int) error {
	return &PayloadError{Offset: offset, Reason: fmt.Sprintf("%d bytes follow the record", n)}
}

// into puts a value as Decode gives it into a Go variable.
func (n *node) into(r reflect.Value, v any) *wrong {
	if v == nil || r.Kind() == reflect.Interface && r.NumMethod() == 0 {
		if !n.set(r, v) {
			return n.noRoom(r)
		}
		return nil
	}
	if n.kind == avro.Union {
		i, inner := n.choose(v)
		if i < 0 {
			return n.noBranch(v)
		}
		return n.branches[i].into(r, inner)
	}
	if r.Kind() == reflect.Pointer {
		p := reflect.New(r.Type().Elem())
		if wrong := n.into(p.Elem(), v); wrong != nil {
			return wrong
		}
		r.Set(p)
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		return n.intoObject(r, v)
	case []any:
		return n.intoList(r, v)
	}
	if !n.set(r, v) {
		return n.noRoom(r)
	}
	return nil
}

func (n *node) noRoom(r reflect.Value) *wrong {
	return mismatch("a %s has no room for %s", r.Type(), n.wanted())
}

func (n *node) intoObject(r reflect.Value, m map[string]any) *wrong {
	switch {
	case r.Kind() == reflect.Struct && n.kind == avro.Record:
		rooms := n.roomsIn(r.Type())
		for i := range n.fields {
			f, sf := &n.fields[i], &rooms[i]
			if sf.index == nil {
				continue
			}
			to, ok := sf.room(r)
			if !ok {
				return n.noRoom(r).at(f.name)
			}
			if wrong := f.node.into(to, m[f.name]); wrong != nil {
				return wrong.at(f.name)
			}
		}
		return nil
	case r.Kind() == reflect.Map && r.Type().Key().Kind() == reflect.String:
		made := reflect.MakeMapWithSize(r.Type(), len(m))
		for name, v := range m {
			item := n.items
			if n.kind == avro.Record {
				item = n.fields[n.index[name]].node
			}
			to := reflect.New(r.Type().Elem()).Elem()
			if wrong := item.into(to, v); wrong != nil {
				return wrong.at(name)
			}
			made.SetMapIndex(reflect.ValueOf(name).Convert(r.Type().Key()), to)
		}
		r.Set(made)
		return nil
	}
	return n.noRoom(r)
}

func (n *node) intoList(r reflect.Value, a []any) *wrong {
	switch r.Kind() {
	case reflect.Slice:
		r.Set(reflect.MakeSlice(r.Type(), len(a), len(a)))
	case reflect.Array:
		if r.Len() != len(a) {
			return mismatch("a %s has no room for %d items", r.Type(), len(a))
		}
	default:
		return n.noRoom(r)
	}
	for i, v := range a {
		if wrong := n.items.into(r.Index(i), v); wrong != nil {
			return wrong.item(i)
		}
	}
	return nil
}

// room is a field of a struct to write to; embedded pointers that are nil are made.
func (f structField) room(r reflect.Value) (reflect.Value, bool) {
	for _, i := range f.index {
		if r.Kind() == reflect.Pointer {
			if r.IsNil() {
				if !r.CanSet() {
					return r, false
				}
				r.Set(reflect.New(r.Type().Elem()))
			}
			r = r.Elem()
		}
		r = r.Field(i)
	}
	return r, r.CanSet()
}
