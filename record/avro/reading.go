package avro

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/seed-9f7c7091/concordat/schema/avro"
	twmb "github.com/twmb/avro"
)

// Reading reads payloads of a writer's schema as records of a reader's. It is
// safe for concurrent use.
type Reading struct {
	plan  *plan
	whole bool
	first atomic.Pointer[filling] // of the first type that was read into, which mostly is the only one
	// codec reads into all Go types, if not as quickly; nil where it refuses the schemas.
	codec func() *twmb.Schema
	unfit atomic.Bool // it has failed where the plan has not
	// counts reports whether payloads tell how many items there are, which the codec believes.
	counts func() bool
}

// filling is how variables of a type are filled, nil if they are not.
type filling struct {
	of  reflect.Type
	how *filler
}

// Reading prepares reading payloads of the writer's schema as records of this
// one, as Reader does. With whole set, bytes behind a record are an error.
func (f *Format) Reading(writer *Format, whole bool) *Reading {
	r := &Reading{plan: f.plan, whole: whole, codec: f.codec}
	r.counts = sync.OnceValue(func() bool { return writer.root.counts(make(map[*node]bool)) })
	if writer == f {
		return r
	}
	r.plan = resolve(writer.root, f.root)
	r.codec = sync.OnceValue(func() *twmb.Schema {
		from, to := writer.codec(), f.codec()
		if from == nil || to == nil {
			return nil
		}
		s, err := twmb.Resolve(from, to)
		if err != nil {
			return nil
		}
		return s
	})
	return r
}

// Record reads a payload, as Format.Decode does.
func (r *Reading) Record(payload []byte) (any, error) {
	v, rest, err := r.plan.decodeSome(payload)
	if err != nil {
		return nil, err
	}
	return v, r.ends(payload, rest)
}

// ends reports what follows a record, where nothing may.
func (r *Reading) ends(payload []byte, rest int) error {
	if r.whole && rest > 0 {
		return trailing(len(payload)-rest, rest)
	}
	return nil
}

// Into reads a payload into what into points to: a struct with avro tags, or any
// other Go type that has room for the record. Fields of a struct that the record does not have
// are left as they are; fields of the record that the struct does not have are passed over, and null is
// the zero value. Errors are those of Format.Reader; what into points to is then in no certain state.
func (r *Reading) Into(payload []byte, into any) error {
	if how := r.filler(into); how != nil {
		if rest, ok := how.fill(payload, into); ok {
			return r.ends(payload, rest)
		}
		return r.byRecord(payload, into) // which says what is wrong
	}
	if !r.unfit.Load() {
		if rest, ok := r.byCodec(payload, into); ok {
			return r.ends(payload, rest)
		}
	}
	// What the codec refuses may be a type that lacks a field, or a resolution that is decided value by value.
	if err := r.byRecord(payload, into); err != nil {
		return err
	}
	r.unfit.Store(true)
	return nil
}

// filler is how what into points to is filled, nil if it is not.
func (r *Reading) filler(into any) *filler {
	t := reflect.TypeOf(into)
	f := r.first.Load()
	if f == nil {
		f = &filling{of: t}
		if t != nil && t.Kind() == reflect.Pointer && r.plan.writer.kind != avro.Bytes { // whose payload has no length
			f.how = fillers(r.plan, t.Elem())
		}
		r.first.CompareAndSwap(nil, f)
	}
	if f.of != t {
		return nil
	}
	return f.how
}

// byCodec reads a payload by the codec for all types, and tells how much is left. That gives as much room as a payload claims
// to have items for, so they are looked for first.
func (r *Reading) byCodec(payload []byte, into any) (rest int, ok bool) {
	codec := r.codec()
	if codec == nil || r.plan.writer.kind == avro.Bytes {
		return 0, false
	}
	if r.counts() {
		if _, wrong := r.plan.writer.sizeOf(payload); wrong != nil {
			return 0, false
		}
	}
	left, err := codec.Decode(payload, into)
	return len(left), err == nil
}

// byRecord reads a payload by way of its record, which knows every type and says what is wrong.
func (r *Reading) byRecord(payload []byte, into any) error {
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
