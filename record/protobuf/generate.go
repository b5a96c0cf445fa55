package protobuf

import (
	"math"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/seed-9f7c7091/concordat/record"
)

// Generate makes a record up. The simplest one is empty but for required fields. Values
// of well-known types are such that they have JSON. An Any is empty or holds a text.
func (f *Format) Generate(g *record.Generator) any {
	m := dynamicpb.NewMessage(f.shape.desc)
	made := maker{g, 16 + 8*g.Size()}
	made.message(m, f.shape, 0)
	return m
}

// maker makes values up.
type maker struct {
	*record.Generator
	left int // values that may still be made, but for required ones
}

// maxRequired bounds how deep required messages go. A message that always holds another of its type has no record.
const maxRequired = 100

func (g *maker) message(m protoreflect.Message, s *shape, depth int) {
	switch s.known {
	case wrapper:
		m.Set(s.fields[0].desc, g.scalar(s.fields[0].desc))
		return
	case anything, special, anyValue:
		if g.special(m, s, depth) {
			return
		}
	}
	for i := range s.fields {
		f := &s.fields[i]
		o := f.desc.ContainingOneof()
		switch {
		case o != nil && !o.IsSynthetic():
			if o.Fields().Get(0) == f.desc {
				g.oneOf(m, s, o, depth)
			}
		case f.desc.IsMap():
			for range g.length(f, depth) {
				k := g.scalar(f.desc.MapKey()).MapKey()
				m.Mutable(f.desc).Map().Set(k, g.single(m.Mutable(f.desc).Map().NewValue, f, depth))
			}
		case f.desc.IsList():
			for range g.length(f, depth) {
				items := m.Mutable(f.desc).List()
				items.Append(g.single(items.NewElement, f, depth))
			}
		case f.desc.Cardinality() == protoreflect.Required:
			if depth < maxRequired {
				g.set(m, f, depth)
			}
		case f.message != nil || f.presence:
			if g.may(f, depth) && g.Bool() {
				g.set(m, f, depth)
			}
		default:
			g.set(m, f, depth)
		}
	}
}

// may reports whether a field that need not be there may be.
func (g *maker) may(f *field, depth int) bool {
	g.left--
	return g.left > 0 && (f.message == nil || depth < 2+g.Size()/4)
}

func (g *maker) length(f *field, depth int) int {
	if !g.may(f, depth) {
		return 0
	}
	n := min(g.Length(), g.left)
	g.left -= n
	return n
}

func (g *maker) oneOf(m protoreflect.Message, s *shape, o protoreflect.OneofDescriptor, depth int) {
	n := g.Intn(o.Fields().Len() + 1)
	if n == 0 {
		return
	}
	chosen := o.Fields().Get(n - 1)
	i := slices.IndexFunc(s.fields, func(f field) bool { return f.desc == chosen })
	if g.may(&s.fields[i], depth) {
		g.set(m, &s.fields[i], depth)
	}
}

func (g *maker) set(m protoreflect.Message, f *field, depth int) {
	m.Set(f.desc, g.single(func() protoreflect.Value { return m.NewField(f.desc) }, f, depth))
}

func (g *maker) single(fresh func() protoreflect.Value, f *field, depth int) protoreflect.Value {
	if f.message == nil {
		return g.scalar(f.value)
	}
	v := fresh()
	g.message(v.Message(), f.message, depth+1)
	return v
}

func (g *maker) scalar(fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch kindOf(fd) {
	case record.Boolean:
		return protoreflect.ValueOfBool(g.Bool())
	case record.String:
		return protoreflect.ValueOfString(g.Text())
	case record.Bytes:
		return protoreflect.ValueOfBytes(g.Bytes(g.Length()))
	case record.Enum:
		values := fd.Enum().Values()
		n := values.Len()
		if !fd.Enum().IsClosed() && !isNull(fd) {
			n++
		}
		if i := g.Intn(n); i < values.Len() {
			return protoreflect.ValueOfEnum(values.Get(i).Number())
		}
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(g.Int(32)))
	case record.Float, record.Double:
		f := g.Float()
		if notFinite := g.Intn(20); notFinite > 16 {
			f = [...]float64{math.NaN(), math.Inf(1), math.Inf(-1)}[notFinite-17]
		}
		return floatValue(fd, f)
	}
	bits := 64
	if kindOf(fd) == record.Int {
		bits = 32
	}
	n := signed(g.Int(bits))
	if unsigned(fd) {
		n = whole{amount: g.Uint(bits)}
	}
	v, _ := n.value(fd)
	return v
}

// The ranges of timestamps, from year 1 to 9999, and of durations.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
	maxDuration = 315576000000
	maxNanos    = 999999999
)

// special makes up a message that may not have any values. It reports false for
// those whose fields may be made up like all others.
func (g *maker) special(m protoreflect.Message, s *shape, depth int) bool {
	set := func(n protoreflect.FieldNumber, v protoreflect.Value) { m.Set(s.desc.Fields().ByNumber(n), v) }
	switch s.desc.FullName() {
	case "google.protobuf.Timestamp":
		set(1, protoreflect.ValueOfInt64(g.among(0, firstSecond, lastSecond)))
		set(2, protoreflect.ValueOfInt32(int32(g.among(0, 0, maxNanos))))
	case "google.protobuf.Duration":
		seconds, nanos := g.among(0, -maxDuration, maxDuration), g.among(0, 0, maxNanos)
		if seconds < 0 {
			nanos = -nanos
		}
		if seconds == maxDuration || seconds == -maxDuration {
			nanos = 0
		}
		set(1, protoreflect.ValueOfInt64(seconds))
		set(2, protoreflect.ValueOfInt32(int32(nanos)))
	case "google.protobuf.FieldMask":
		paths := m.Mutable(s.fields[0].desc).List()
		for range g.Length() {
			paths.Append(protoreflect.ValueOfString(g.Word() + "." + g.Word()))
		}
	case "google.protobuf.Any":
		if g.Bool() {
			text := &wrapperspb.StringValue{Value: g.Text()}
			payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(text)
			if err == nil {
				set(1, protoreflect.ValueOfString("type.googleapis.com/google.protobuf.StringValue"))
				set(2, protoreflect.ValueOfBytes(payload))
			}
		}
	case "google.protobuf.Value":
		f := &s.fields[g.Intn(len(s.fields))]
		if f.message != nil && !g.may(f, depth) {
			f = &s.fields[0]
		}
		if f.value.Kind() == protoreflect.DoubleKind {
			set(f.desc.Number(), protoreflect.ValueOfFloat64(g.Float()))
		} else {
			g.set(m, f, depth)
		}
	default:
		return false
	}
	return true
}

// among chooses a number, the ends of its range among them.
func (g *maker) among(simplest, least, most int64) int64 {
	switch g.Intn(4) {
	case 1:
		return least
	case 2:
		return most
	case 3:
		return least + int64(g.Uint(63)%uint64(most-least+1))
	}
	return simplest
}
