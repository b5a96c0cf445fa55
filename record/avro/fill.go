package avro

import (
	"encoding"
	"reflect"

	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// filler is how payloads are read right into variables of a Go type, for the types that most programs have:
// structs of Go's own basic types, slices, maps and pointers to them. It is a tree and no function of functions,
// through which a source would have to live on the heap.
type filler struct {
	plan  *plan
	of    reflect.Type
	how   fillKind
	items *filler     // of a slice, a map, or what a pointer leads to
	parts []fillField // of a struct
	rest  []fillField // fields of a struct that the writer lacks
	null  int         // branch of null, where the writer has a union; -1 else
	first int         // of a slice: for how many items there is room at first, whatever a payload claims
}

// firstRoom is how many bytes are given to a slice at first. It grows as items are read.
const firstRoom = 4 << 10

type fillKind uint8

const (
	fillBool fillKind = iota
	fillInt
	fillFloat
	fillString
	fillBytes
	fillEnum
	fillTime // time.Time and time.Duration
	fillStruct
	fillSlice
	fillTexts // []string
	fillMap
	fillLabels // map[string]string
	fillPointer
)

// fillField is a field of a record and where in a struct it goes.
type fillField struct {
	name    string
	index   int
	within  []int   // of an embedded struct at the index: where in that
	filler  *filler // nil: the struct, or the reader, does not have the field
	skipped *node
	missing *field // which the writer lacks
	value   any    // its default, if that may be shared
}

// of is the field of a struct.
func (f *fillField) of(v reflect.Value) reflect.Value {
	v = v.Field(f.index)
	for _, i := range f.within {
		v = v.Field(i)
	}
	return v
}

// fillers finds how to fill variables of a type by a plan, nil if there is no such way.
func fillers(p *plan, t reflect.Type) *filler {
	b := &fillBuilder{known: make(map[fillPlace]*filler)}
	f := b.filler(p, t)
	if f == nil || b.failed {
		return nil
	}
	return f
}

type fillBuilder struct {
	known  map[fillPlace]*filler
	failed bool
}

type fillPlace struct {
	plan *plan
	t    reflect.Type
}

var (
	bytesType       = reflect.TypeFor[[]byte]()
	textsType       = reflect.TypeFor[[]string]()
	labelsType      = reflect.TypeFor[map[string]string]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// fail ends the search: part of a type has no such way.
func (b *fillBuilder) fail() *filler {
	b.failed = true
	return nil
}

func (b *fillBuilder) filler(p *plan, t reflect.Type) *filler {
	at := fillPlace{p, t}
	if f := b.known[at]; f != nil {
		return f
	}
	f := &filler{plan: p, of: t, null: -1}
	b.known[at] = f
	if b.failed || p.refused != "" {
		return b.fail()
	}
	if t.Kind() == reflect.Pointer {
		return b.pointer(f)
	}
	if p.union != nil || p.writer.kind == avro.Union {
		return b.fail()
	}
	if p.reader.meansTime(t) {
		f.how = fillTime
		return f
	}
	if (p.writer.typ.LogicalType() != "" || p.reader.typ.LogicalType() != "") && t != int32Type && t != int64Type && t != stringType {
		return b.fail()
	}
	if how, ok := basic(p.to, t); ok {
		f.how = how
		return f
	}
	switch {
	case p.to == avro.Record && t.Kind() == reflect.Struct:
		f.how = fillStruct
		b.fields(f)
	case p.to == avro.Array && t == textsType && p.items.to == avro.String && p.items.writer.kind == avro.String:
		f.how = fillTexts
	case p.to == avro.Map && t == labelsType && p.items.to == avro.String && p.items.writer.kind == avro.String:
		f.how = fillLabels
	case p.to == avro.Array && t.Kind() == reflect.Slice:
		f.how, f.items = fillSlice, b.filler(p.items, t.Elem())
		f.first = max(1, firstRoom/max(1, int(t.Elem().Size())))
	case p.to == avro.Map && t.Kind() == reflect.Map && t.Key() == stringType:
		f.how, f.items = fillMap, b.filler(p.items, t.Elem())
	default:
		return b.fail()
	}
	return f
}

// basic is how a type that is one of Go's basic types fills from a kind. Types that say themselves how they are
// made of texts are left to others, and so are durations.
func basic(kind avro.Kind, t reflect.Type) (how fillKind, ok bool) {
	if t == goDuration || reflect.PointerTo(t).Implements(textUnmarshaler) {
		return 0, false
	}
	k := t.Kind()
	switch kind {
	case avro.Boolean:
		return fillBool, k == reflect.Bool
	case avro.Int:
		return fillInt, k == reflect.Int32 || k == reflect.Int64 || k == reflect.Int
	case avro.Long:
		return fillInt, k == reflect.Int64
	case avro.Float:
		return fillFloat, k == reflect.Float32 || k == reflect.Float64
	case avro.Double:
		return fillFloat, k == reflect.Float64
	case avro.String:
		return fillString, k == reflect.String
	case avro.Enum:
		return fillEnum, k == reflect.String
	case avro.Bytes:
		return fillBytes, t == bytesType
	}
	return 0, false
}

// pointer is a filler for pointers, to what is there or what may be null.
func (b *fillBuilder) pointer(f *filler) *filler {
	p := f.plan
	f.how = fillPointer
	if f.of.Elem().Kind() == reflect.Pointer { // which may never end
		return b.fail()
	}
	if p.writer.kind == avro.Union {
		if len(p.branches) != 2 || p.writer.null < 0 {
			return b.fail()
		}
		f.null = p.writer.null
		if null := p.branches[f.null]; null.refused != "" {
			return b.fail()
		}
		p = p.branches[1-f.null]
	}
	if p.union != nil {
		p = p.items
	}
	f.items = b.filler(p, f.of.Elem())
	return f
}

func (b *fillBuilder) fields(f *filler) {
	of := structOf(f.of)
	room := func(part *fillField) (reflect.Type, bool) {
		sf, ok := of[part.name]
		if !ok {
			return nil, false
		}
		t := f.of
		for i, at := range sf.index {
			if sf.twice || i > 0 && t.Kind() == reflect.Pointer { // which may be nil
				b.failed = true
				return nil, false
			}
			t = t.Field(at).Type
		}
		part.index, part.within = sf.index[0], sf.index[1:]
		return t, true
	}
	for i := range f.plan.steps {
		st := &f.plan.steps[i]
		part := fillField{name: st.name, skipped: st.skipped}
		if st.plan != nil {
			if t, ok := room(&part); ok {
				part.filler = b.filler(st.plan, t)
			} else {
				part.skipped = st.plan.writer
			}
		}
		f.parts = append(f.parts, part)
	}
	for _, missing := range f.plan.missing {
		part := fillField{name: missing.name, missing: missing}
		if _, ok := room(&part); !ok {
			continue
		}
		if v, wrong := missing.value(); wrong == nil {
			switch v.(type) {
			case string, int32, int64, float32, float64, bool:
				part.value = v
			}
		}
		f.rest = append(f.rest, part)
	}
}

// fill reads a payload into what into points to, and tells how much is left.
func (f *filler) fill(payload []byte, into any) (rest int, ok bool) {
	v := reflect.ValueOf(into)
	if v.IsNil() {
		return 0, false
	}
	s := source{rest: payload, size: len(payload), room: len(payload) + maxBeyond}
	wrong := s.fill(f, v.Elem())
	return len(s.rest), wrong == nil
}

// fill reads a value into a variable.
func (s *source) fill(f *filler, v reflect.Value) *wrong {
	switch f.how {
	case fillBool:
		b, wrong := s.bytes("a boolean", 1)
		if wrong != nil {
			return wrong
		}
		v.SetBool(b[0] == 1)
	case fillInt:
		bits := 64
		if f.plan.writer.kind == avro.Int {
			bits = 32
		}
		i, wrong := s.long(bits)
		if wrong != nil {
			return wrong
		}
		v.SetInt(i)
	case fillFloat:
		x, wrong := s.float(f.plan)
		if wrong != nil {
			return wrong
		}
		v.SetFloat(x)
	case fillString:
		b, wrong := s.text(f.plan.writer.name)
		if wrong != nil {
			return wrong
		}
		v.SetString(s.string(b))
	case fillBytes:
		b, wrong := s.text(f.plan.writer.name)
		if wrong != nil {
			return wrong
		}
		v.SetBytes(append([]byte{}, b...))
	case fillEnum:
		x, wrong := s.enum(f.plan)
		if wrong != nil {
			return wrong
		}
		v.SetString(x.(string))
	case fillTime:
		x, wrong := s.read(f.plan)
		if wrong == nil {
			wrong = f.plan.reader.into(v, x)
		}
		return wrong
	case fillStruct:
		return s.fillStruct(f, v)
	case fillSlice:
		return s.fillSlice(f, v)
	case fillTexts:
		return s.fillTexts(v.Addr().Interface().(*[]string))
	case fillMap:
		return s.fillMap(f, v)
	case fillLabels:
		return s.fillLabels(v.Addr().Interface().(*map[string]string))
	case fillPointer:
		if f.null >= 0 {
			i, wrong := s.choice(f.plan.writer)
			if wrong != nil {
				return wrong
			}
			if i == f.null {
				v.SetZero()
				return nil
			}
		}
		to := reflect.New(f.items.of)
		if wrong := s.fill(f.items, to.Elem()); wrong != nil {
			return wrong
		}
		v.Set(to)
	}
	return nil
}

// float reads a number of any type that is promoted to one with a fraction.
func (s *source) float(p *plan) (float64, *wrong) {
	switch p.writer.kind {
	case avro.Float:
		f, wrong := s.single()
		return float64(f), wrong
	case avro.Double:
		return s.double()
	}
	bits := 64
	if p.writer.kind == avro.Int {
		bits = 32
	}
	i, wrong := s.long(bits)
	if p.to == avro.Float {
		return float64(float32(i)), wrong
	}
	return float64(i), wrong
}

func (s *source) fillStruct(f *filler, v reflect.Value) *wrong {
	if wrong := s.enter(); wrong != nil {
		return wrong
	}
	if s.room -= f.plan.extra; s.room < 0 {
		return s.tooMany()
	}
	for i := range f.parts {
		part := &f.parts[i]
		var wrong *wrong
		if part.filler == nil {
			wrong = s.skip(part.skipped)
		} else {
			wrong = s.fill(part.filler, part.of(v))
		}
		if wrong != nil {
			return wrong.at(part.name)
		}
	}
	for i := range f.rest {
		part := &f.rest[i]
		if part.value != nil && part.missing.node.simple(part.of(v), part.value) {
			continue
		}
		x, wrong := part.missing.value()
		if wrong == nil {
			wrong = part.missing.node.into(part.of(v), x)
		}
		if wrong != nil {
			return wrong.at(part.name)
		}
	}
	s.depth--
	return nil
}

func (s *source) fillSlice(f *filler, v reflect.Value) *wrong {
	v.Set(reflect.MakeSlice(f.of, 0, 0)) // and not what was there, which may be somebody's
	n := 0
	return s.each(f.plan.writer.items.empty, func(left int) *wrong {
		if n == v.Cap() {
			v.Grow(min(left, max(n, f.first)))
		}
		v.SetLen(n + 1)
		if wrong := s.fill(f.items, v.Index(n)); wrong != nil {
			return wrong.item(n)
		}
		n++
		return nil
	})
}

func (s *source) fillTexts(to *[]string) *wrong {
	a := []string{}
	wrong := s.each(false, func(left int) *wrong {
		if len(a) == 0 {
			a = make([]string, 0, left)
		}
		b, wrong := s.text("string")
		if wrong != nil {
			return wrong.item(len(a))
		}
		a = append(a, s.string(b))
		return nil
	})
	*to = a
	return wrong
}

func (s *source) fillMap(f *filler, v reflect.Value) *wrong {
	made, item := reflect.MakeMap(f.of), reflect.New(f.items.of).Elem()
	wrong := s.each(false, func(int) *wrong {
		name, wrong := s.key()
		if wrong != nil {
			return wrong
		}
		item.SetZero()
		if wrong := s.fill(f.items, item); wrong != nil {
			return wrong.at(name)
		}
		made.SetMapIndex(reflect.ValueOf(name), item)
		return nil
	})
	v.Set(made)
	return wrong
}

func (s *source) fillLabels(to *map[string]string) *wrong {
	m := make(map[string]string)
	wrong := s.each(false, func(int) *wrong {
		name, wrong := s.key()
		if wrong != nil {
			return wrong
		}
		b, wrong := s.text("string")
		if wrong != nil {
			return wrong.at(name)
		}
		m[name] = s.string(b)
		return nil
	})
	*to = m
	return wrong
}
