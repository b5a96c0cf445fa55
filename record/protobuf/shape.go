package protobuf

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/seed-9f7c7091/concordat/record"
)

// shape is what is known beforehand of the records of a message.
type shape struct {
	desc   protoreflect.MessageDescriptor
	known  known
	fields []field        // by number
	index  map[string]int // of fields, by their JSON names and, where these leave room, their own
	names  []string       // JSON names of fields
	risky  bool           // a record may have no JSON: some type within has values without
}

// field is a field of a message.
type field struct {
	desc     protoreflect.FieldDescriptor
	value    protoreflect.FieldDescriptor // of the values of a map; else desc
	json     string
	message  *shape // of the value, nil for those that are no message
	presence bool   // an unset field is told from one that has its default
}

// known is how the JSON of a message differs from that of others.
type known uint8

const (
	plain     known = iota
	wrapper         // stands for the value of its one field
	anything        // the fields of another message, and its type
	special         // as the runtime makes it
	anyValue        // special; null is a value of it
	nullValue       // the enum whose one value is null
)

var wellKnown = map[protoreflect.FullName]known{
	"google.protobuf.Any":         anything,
	"google.protobuf.Timestamp":   special,
	"google.protobuf.Duration":    special,
	"google.protobuf.FieldMask":   special,
	"google.protobuf.Struct":      special,
	"google.protobuf.ListValue":   special,
	"google.protobuf.Value":       anyValue,
	"google.protobuf.NullValue":   nullValue,
	"google.protobuf.BoolValue":   wrapper,
	"google.protobuf.Int32Value":  wrapper,
	"google.protobuf.Int64Value":  wrapper,
	"google.protobuf.UInt32Value": wrapper,
	"google.protobuf.UInt64Value": wrapper,
	"google.protobuf.FloatValue":  wrapper,
	"google.protobuf.DoubleValue": wrapper,
	"google.protobuf.StringValue": wrapper,
	"google.protobuf.BytesValue":  wrapper,
}

// knownOf tells well-known messages by their names. A message that only has the name of one, and
// other fields, is a message like any other.
func knownOf(d protoreflect.MessageDescriptor) known {
	k := wellKnown[d.FullName()]
	if k == plain {
		return plain
	}
	real, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return plain
	}
	fields := real.Descriptor().Fields()
	if fields.Len() != d.Fields().Len() {
		return plain
	}
	for i := range fields.Len() {
		want := fields.Get(i)
		if got := d.Fields().ByNumber(want.Number()); got == nil || !alike(got, want) {
			return plain
		}
	}
	return k
}

// alike reports whether the values of two fields are of one form.
func alike(a, b protoreflect.FieldDescriptor) bool {
	if a.IsMap() != b.IsMap() || a.IsList() != b.IsList() {
		return false
	}
	if a.IsMap() {
		return a.MapKey().Kind() == b.MapKey().Kind() && a.MapValue().Kind() == b.MapValue().Kind()
	}
	return a.Kind() == b.Kind()
}

// shapes are the shapes of messages and of all messages within them.
type shapes map[protoreflect.MessageDescriptor]*shape

func (all shapes) of(d protoreflect.MessageDescriptor) *shape {
	if s := all[d]; s != nil {
		return s
	}
	var made []*shape
	s := all.layOut(d, &made)
	// What is risky makes the messages risky that hold it.
	for changed := true; changed; {
		changed = false
		for _, s := range made {
			holds := slices.ContainsFunc(s.fields, func(f field) bool { return f.message != nil && f.message.risky })
			if holds && !s.risky {
				s.risky, changed = true, true
			}
		}
	}
	return s
}

func (all shapes) layOut(d protoreflect.MessageDescriptor, made *[]*shape) *shape {
	if s := all[d]; s != nil {
		return s
	}
	s := &shape{desc: d, known: knownOf(d)}
	s.risky = s.known >= anything
	all[d] = s
	*made = append(*made, s)
	n := d.Fields().Len()
	s.fields, s.index, s.names = make([]field, n), make(map[string]int, n), make([]string, n)
	for i := range n {
		fd := d.Fields().Get(i)
		f := field{desc: fd, value: fd, json: fd.JSONName(), presence: fd.HasPresence()}
		if fd.IsMap() {
			f.value = fd.MapValue()
		}
		if m := f.value.Message(); m != nil {
			f.message = all.layOut(m, made)
		}
		s.fields[i] = f
	}
	slices.SortFunc(s.fields, func(a, b field) int { return cmp.Compare(a.desc.Number(), b.desc.Number()) })
	for i := range s.fields {
		s.index[s.fields[i].desc.TextName()] = i
	}
	users := make(map[string]int, n)
	for i := range s.fields {
		users[s.fields[i].json]++
	}
	for i := range s.fields {
		f := &s.fields[i]
		if users[f.json] > 1 { // compilers only warn of it
			f.json = f.desc.TextName()
		}
		s.names[i] = f.json
		s.index[f.json] = i
	}
	return s
}

// isNull reports whether a field is of the enum whose one value is null.
func isNull(fd protoreflect.FieldDescriptor) bool {
	return fd.Enum() != nil && wellKnown[fd.Enum().FullName()] == nullValue
}

// sortedKeys are the keys of a map in their order.
func sortedKeys(m protoreflect.Map) []protoreflect.MapKey {
	keys := make([]protoreflect.MapKey, 0, m.Len())
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k)
		return true
	})
	slices.SortFunc(keys, compareKeys)
	return keys
}

func compareKeys(a, b protoreflect.MapKey) int {
	switch x := a.Interface().(type) {
	case string:
		return cmp.Compare(x, b.String())
	case bool:
		if x == b.Bool() {
			return 0
		} else if x {
			return 1
		}
		return -1
	case int32, int64:
		return cmp.Compare(a.Int(), b.Int())
	}
	return cmp.Compare(a.Uint(), b.Uint())
}

// fault finds why a message cannot be encoded: the first required field that is
// not set, or the first text that is none. It is nil if there is none.
func fault(m protoreflect.Message) *record.MismatchError {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if !m.Has(fd) {
			if fd.Cardinality() == protoreflect.Required {
				return mismatch("required field %s is not set", fd.FullName())
			}
			continue
		}
		if err := faultWithin(fd, m.Get(fd)); err != nil {
			_ = within(fd.JSONName(), err)
			return err
		}
	}
	return nil
}

func faultWithin(fd protoreflect.FieldDescriptor, v protoreflect.Value) *record.MismatchError {
	single := func(fd protoreflect.FieldDescriptor, v protoreflect.Value) *record.MismatchError {
		if fd.Message() != nil {
			return fault(v.Message())
		}
		if fd.Kind() == protoreflect.StringKind && !utf8.ValidString(v.String()) {
			return mismatch("the text is not valid UTF-8")
		}
		return nil
	}
	switch {
	case fd.IsMap():
		for _, k := range sortedKeys(v.Map()) {
			err := single(fd.MapKey(), k.Value())
			if err == nil {
				err = single(fd.MapValue(), v.Map().Get(k))
			}
			if err != nil {
				_ = within(fmt.Sprint(k.Interface()), err)
				return err
			}
		}
		return nil
	case fd.IsList():
		for i := range v.List().Len() {
			if err := single(fd, v.List().Get(i)); err != nil {
				_ = within(strconv.Itoa(i), err)
				return err
			}
		}
		return nil
	}
	return single(fd, v)
}
