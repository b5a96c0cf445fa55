package protobuf

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seed-9f7c7091/concordat/record"

	source "github.com/seed-9f7c7091/concordat/schema/protobuf"
)

// Fields prepares a walk. Fields are visited in the order of their numbers: those that tell unset from
// default only where they are set, all others with their defaults too; items of repeated fields and values of maps, in the
// order of their keys, as the field they belong to; never keys. Messages are entered.
//
// Values are bool, int32, int64, uint32, uint64, float32, float64, string and
// []byte, and int32 for enums, whose type is ENUM. A number given back may be of any Go type, if it
// is in the range of the field; an enum may be given back by name. All else is a *record.MismatchError.
func (f *Format) Fields(more *record.Tags, wanted []string) record.Walk {
	w := &walk{format: f, more: more, wanted: wanted, foreign: make(map[protoreflect.MessageDescriptor]*stop)}
	w.root = w.plan(f.shape.desc)
	return w
}

// walk is a walk over the messages of a format.
type walk struct {
	format *Format
	more   *record.Tags
	wanted []string
	root   *stop

	mu      sync.Mutex
	foreign map[protoreflect.MessageDescriptor]*stop // of records with descriptors of their own
}

// stop is a message on the way, with the fields that lead on.
type stop struct {
	fields []way
	live   bool // some field is to be visited here or further on
}

// way is a field that is visited, or whose messages are entered.
type way struct {
	desc  protoreflect.FieldDescriptor // of the record
	value protoreflect.FieldDescriptor // of the values of a map, else desc
	field *record.Field                // nil where messages are entered
	next  *stop
}

// pair is a message of the schema beside that of a record.
type pair struct {
	schema, record protoreflect.MessageDescriptor
}

// plan lays the way out through records of a descriptor.
func (w *walk) plan(d protoreflect.MessageDescriptor) *stop {
	known := make(map[pair]*stop)
	root := w.stop(pair{w.format.shape.desc, d}, known)
	for changed := true; changed; {
		changed = false
		for _, s := range known {
			live := slices.ContainsFunc(s.fields, func(f way) bool { return f.field != nil || f.next.live })
			if live != s.live {
				s.live, changed = live, true
			}
		}
	}
	for _, s := range known {
		s.fields = slices.DeleteFunc(s.fields, func(f way) bool { return f.field == nil && !f.next.live })
	}
	return root
}

func (w *walk) stop(p pair, known map[pair]*stop) *stop {
	if s := known[p]; s != nil {
		return s
	}
	s := new(stop)
	known[p] = s
	fields := p.schema.Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		f := way{desc: fd}
		if p.schema != p.record {
			if f.desc = p.record.Fields().ByNumber(fd.Number()); f.desc == nil || !alike(fd, f.desc) {
				continue
			}
		}
		value := fd
		f.value = f.desc
		if fd.IsMap() {
			value, f.value = fd.MapValue(), f.desc.MapValue()
		}
		if value.Message() != nil {
			f.next = w.stop(pair{value.Message(), f.value.Message()}, known)
			s.fields = append(s.fields, f)
			continue
		}
		name := string(fd.FullName())
		tags := w.more.Of(name, source.FieldTags(fd))
		if !record.Share(tags, w.wanted) {
			continue
		}
		f.field = &record.Field{FullName: name, Name: string(fd.Name()), Type: kindOf(value), Tags: tags}
		s.fields = append(s.fields, f)
	}
	slices.SortStableFunc(s.fields, func(a, b way) int { return int(a.desc.Number()) - int(b.desc.Number()) })
	return s
}

// Empty reports that no record has a field to visit.
func (w *walk) Empty() bool { return !w.root.live }

// All lists the fields that may be visited, each once, those of a message where it is first met.
func (w *walk) All() []*record.Field {
	var all []*record.Field
	seen := make(map[*stop]bool)
	var enter func(s *stop)
	enter = func(s *stop) {
		if seen[s] {
			return
		}
		seen[s] = true
		for i := range s.fields {
			if f := &s.fields[i]; f.field != nil {
				all = append(all, f.field)
			} else {
				enter(f.next)
			}
		}
	}
	enter(w.root)
	return all
}

// Visit visits the fields of a record, and changes it in place. in is the message that has the field.
func (w *walk) Visit(v any, visit func(f *record.Field, in any, value any) (any, error)) (any, error) {
	m, err := w.format.message(v)
	if err != nil {
		return v, err
	}
	at := w.root
	if d := m.Descriptor(); d != w.format.shape.desc {
		at = w.foreignPlan(d)
	}
	if !at.live {
		return v, nil
	}
	return v, at.visit(m, visit)
}

func (w *walk) foreignPlan(d protoreflect.MessageDescriptor) *stop {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.foreign[d]
	if s == nil {
		if len(w.foreign) > maxForeign {
			clear(w.foreign)
		}
		s = w.plan(d)
		w.foreign[d] = s
	}
	return s
}

type visitor = func(f *record.Field, in any, value any) (any, error)

func (s *stop) visit(m protoreflect.Message, visit visitor) error {
	in := m.Interface()
	for i := range s.fields {
		f := &s.fields[i]
		var err error
		switch {
		case f.desc.IsMap():
			if m.Has(f.desc) {
				err = f.visitMap(m.Mutable(f.desc).Map(), in, visit)
			}
		case f.desc.IsList():
			if m.Has(f.desc) {
				err = f.visitList(m.Mutable(f.desc).List(), in, visit)
			}
		case f.field == nil:
			if m.Has(f.desc) {
				err = f.next.visit(m.Mutable(f.desc).Message(), visit)
			}
		default:
			if f.desc.HasPresence() && !m.Has(f.desc) {
				break
			}
			var v protoreflect.Value
			var changed bool
			if v, changed, err = f.call(m.Get(f.desc), in, visit); changed {
				m.Set(f.desc, v)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *way) visitList(items protoreflect.List, in any, visit visitor) error {
	for i := range items.Len() {
		if f.field == nil {
			if err := f.next.visit(items.Get(i).Message(), visit); err != nil {
				return err
			}
			continue
		}
		v, changed, err := f.call(items.Get(i), in, visit)
		if err != nil {
			return err
		}
		if changed {
			items.Set(i, v)
		}
	}
	return nil
}

func (f *way) visitMap(values protoreflect.Map, in any, visit visitor) error {
	for _, k := range sortedKeys(values) {
		if f.field == nil {
			if err := f.next.visit(values.Mutable(k).Message(), visit); err != nil {
				return err
			}
			continue
		}
		v, changed, err := f.call(values.Get(k), in, visit)
		if err != nil {
			return err
		}
		if changed {
			values.Set(k, v)
		}
	}
	return nil
}

// call visits one value, and tells what takes its place.
func (f *way) call(v protoreflect.Value, in any, visit visitor) (out protoreflect.Value, changed bool, err error) {
	before := v.Interface()
	if e, ok := before.(protoreflect.EnumNumber); ok {
		before = int32(e)
	}
	after, err := visit(f.field, in, before)
	if err != nil || same(before, after) {
		return v, false, err
	}
	if out, err = replacement(f.value, after); err != nil {
		return v, false, within(f.desc.JSONName(), err)
	}
	return out, true, nil
}

// same reports whether a visit gave back what it was given.
func same(before, after any) bool {
	if b, ok := before.([]byte); ok {
		a, ok := after.([]byte)
		return ok && bytes.Equal(a, b)
	}
	return before == after
}

// replacement takes a Go value as a value of a field.
func replacement(fd protoreflect.FieldDescriptor, v any) (value protoreflect.Value, err error) {
	ok := false
	switch kindOf(fd) {
	case record.Boolean:
		var b bool
		b, ok = v.(bool)
		value = protoreflect.ValueOfBool(b)
	case record.String:
		var s string
		s, ok = v.(string)
		if !utf8.ValidString(s) {
			return value, mismatch("the text is not valid UTF-8")
		}
		value = protoreflect.ValueOfString(s)
	case record.Bytes:
		var b []byte
		b, ok = v.([]byte)
		value = protoreflect.ValueOfBytes(b)
	case record.Enum:
		if name, named := v.(string); named {
			return scalarOf(fd, name)
		}
		value, ok = integerOf(fd, v)
	case record.Float, record.Double:
		value, ok = floatOf(fd, v)
	default:
		value, ok = integerOf(fd, v)
	}
	if !ok {
		return value, mismatch("expects %s, not %s", expectation(fd), goValue(v))
	}
	return value, nil
}

// goValue says what a Go value is.
func goValue(v any) string {
	switch v.(type) {
	case nil, bool, int, int32, int64, uint, uint32, uint64, float32, float64:
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("a value of type %T", v)
}
