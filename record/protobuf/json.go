package protobuf

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seed-9f7c7091/concordat/record"
)

// ToJSON is the record as proto3 JSON with lowerCamelCase names and the defaults of fields that have no
// presence, 64-bit integers and bytes as text: objects that are read where one looks,
// with their fields in the order of their numbers. A *record.MismatchError reports a value that has
// no JSON, such as a timestamp out of its range.
func (f *Format) ToJSON(v any) (any, error) { return f.view(v, true) }

// Print writes the record as proto3 JSON without defaults, its fields in the order of their
// numbers. Unknown fields are left out.
func (f *Format) Print(v any) ([]byte, error) {
	j, err := f.view(v, false)
	if err != nil {
		return nil, err
	}
	return appendJSON(nil, j)
}

func (f *Format) view(v any, defaults bool) (any, error) {
	m, err := f.message(v)
	if err != nil {
		return nil, err
	}
	s := f.shapeOf(m)
	view := viewer{f.linked, defaults}
	if s.risky {
		if err := view.check(s, m, 0); err != nil {
			return nil, err
		}
	}
	return view.message(s, m), nil
}

// viewer makes JSON of values.
type viewer struct {
	*linked
	defaults bool // fields without presence are there whatever their value
}

// check looks for values within a message that have no JSON. packed counts the messages that it is packed in.
func (w viewer) check(s *shape, m protoreflect.Message, packed int) error {
	switch {
	case s.known >= special:
		_, err := w.special(m)
		return err
	case s.known == anything && packed >= maxPacked:
		return mismatch("is packed too deeply")
	case s.known == anything:
		_, inner, held, err := w.unpack(m)
		if err == nil && held != nil && inner.risky {
			err = w.check(inner, held, packed+1)
		}
		return err
	}
	for i := range s.fields {
		f := &s.fields[i]
		if f.message == nil || !f.message.risky || !m.Has(f.desc) {
			continue
		}
		v := m.Get(f.desc)
		switch {
		case f.desc.IsMap():
			for _, k := range sortedKeys(v.Map()) {
				if err := w.check(f.message, v.Map().Get(k).Message(), packed); err != nil {
					return within(f.json, within(k.String(), err))
				}
			}
		case f.desc.IsList():
			for i := range v.List().Len() {
				if err := w.check(f.message, v.List().Get(i).Message(), packed); err != nil {
					return within(f.json, within(strconv.Itoa(i), err))
				}
			}
		default:
			if err := w.check(f.message, v.Message(), packed); err != nil {
				return within(f.json, err)
			}
		}
	}
	return nil
}

// special is the JSON of a well-known message, in the form of encoding/json.
func (w viewer) special(m protoreflect.Message) (any, error) {
	text, err := protojson.Marshal(m.Interface())
	if err != nil {
		return nil, &record.MismatchError{Reason: reason(err), Err: err}
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil { // its numbers are float64 anyway
		return nil, fmt.Errorf("JSON of %s: %w", m.Descriptor().FullName(), err)
	}
	return v, nil
}

func (w viewer) message(s *shape, m protoreflect.Message) any {
	switch s.known {
	case plain:
		return &object{w, s, m}
	case wrapper:
		return scalarJSON(s.fields[0].desc, m.Get(s.fields[0].desc))
	case anything:
		p, err := w.packed(m)
		if err != nil {
			return nil // only of a record that has changed since it was checked
		}
		return p
	}
	v, _ := w.special(m)
	return v
}

func (w viewer) single(f *field, v protoreflect.Value) any {
	if f.message != nil {
		return w.message(f.message, v.Message())
	}
	return scalarJSON(f.value, v)
}

// scalarJSON is the JSON of a value that is no message.
func scalarJSON(fd protoreflect.FieldDescriptor, v protoreflect.Value) any {
	switch x := v.Interface().(type) {
	case int64:
		return strconv.FormatInt(x, 10)
	case uint64:
		return strconv.FormatUint(x, 10)
	case uint32:
		return int64(x)
	case []byte:
		return base64.StdEncoding.EncodeToString(x)
	case float32:
		if s := notFinite(float64(x)); s != "" {
			return s
		}
		return x
	case float64:
		if s := notFinite(x); s != "" {
			return s
		}
		return x
	case protoreflect.EnumNumber:
		if isNull(fd) {
			return nil
		}
		if c := fd.Enum().Values().ByNumber(x); c != nil {
			return string(c.Name())
		}
		return int32(x)
	default: // bool, int32, string
		return x
	}
}

// notFinite is the text that stands for a number that JSON does not have, "" for others.
func notFinite(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return ""
}

// object is a message seen as a JSON object.
type object struct {
	viewer
	shape *shape
	m     protoreflect.Message
}

func (o *object) has(f *field) bool {
	return o.defaults && !f.presence || o.m.Has(f.desc)
}

// Names are the JSON names of the fields that are there.
func (o *object) Names() []string {
	fields := o.shape.fields
	for i := range fields {
		if !o.has(&fields[i]) {
			names := append(make([]string, 0, len(fields)), o.shape.names[:i]...)
			for i := i + 1; i < len(fields); i++ {
				if o.has(&fields[i]) {
					names = append(names, fields[i].json)
				}
			}
			return names
		}
	}
	return o.shape.names
}

// Get returns the value of a field by its JSON name.
func (o *object) Get(name string) (any, bool) {
	i, ok := o.shape.index[name]
	if !ok || o.shape.fields[i].json != name || !o.has(&o.shape.fields[i]) {
		return nil, false
	}
	f := &o.shape.fields[i]
	v := o.m.Get(f.desc)
	switch {
	case f.desc.IsMap():
		return &mapping{o.viewer, f, v.Map()}, true
	case f.desc.IsList():
		return &list{o.viewer, f, v.List()}, true
	}
	return o.single(f, v), true
}

// MarshalJSON writes the object as it is seen.
func (o *object) MarshalJSON() ([]byte, error) { return appendJSON(nil, o) }

// list is a repeated field seen as a JSON array.
type list struct {
	viewer
	field *field
	items protoreflect.List
}

// Len is the number of items.
func (l *list) Len() int { return l.items.Len() }

// At returns an item.
func (l *list) At(i int) any { return l.single(l.field, l.items.Get(i)) }

// MarshalJSON writes the array as it is seen.
func (l *list) MarshalJSON() ([]byte, error) { return appendJSON(nil, l) }

// mapping is a map field seen as a JSON object.
type mapping struct {
	viewer
	field  *field
	values protoreflect.Map
}

// Names are the keys in their order.
func (m *mapping) Names() []string {
	keys := sortedKeys(m.values)
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.String()
	}
	return names
}

// Get returns the value of a key.
func (m *mapping) Get(name string) (any, bool) {
	k, ok := mapKey(m.field.desc.MapKey(), name)
	if !ok || k.String() != name || !m.values.Has(k) {
		return nil, false
	}
	return m.single(m.field, m.values.Get(k)), true
}

// MarshalJSON writes the object as it is seen.
func (m *mapping) MarshalJSON() ([]byte, error) { return appendJSON(nil, m) }

// mapKey reads the key of a map.
func mapKey(fd protoreflect.FieldDescriptor, name string) (protoreflect.MapKey, bool) {
	switch kindOf(fd) {
	case record.String:
		return protoreflect.ValueOfString(name).MapKey(), true
	case record.Boolean:
		return protoreflect.ValueOfBool(name == "true").MapKey(), name == "true" || name == "false"
	}
	if n, ok := wholeDigits(name); ok {
		if v, ok := n.value(fd); ok {
			return v.MapKey(), true
		}
	}
	return protoreflect.MapKey{}, false
}

// named and indexed are the forms that objects and arrays come in beside those of encoding/json.
type (
	named interface {
		Names() []string
		Get(name string) (any, bool)
	}
	indexed interface {
		Len() int
		At(i int) any
	}
)
