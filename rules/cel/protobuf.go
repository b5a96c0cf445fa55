package cel

import (
	"strconv"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// fillMessage sets the fields of a new message to the members of a map, by
// either kind of names. null leaves a field as it is.
func fillMessage(m protoreflect.Message, from traits.Mapper, path string) (any, error) {
	fields := m.Descriptor().Fields()
	for it := from.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		name, err := keyText(key)
		if err != nil {
			return nil, mismatch(path, "%v", err)
		}
		f := fields.ByName(protoreflect.Name(name))
		if f == nil {
			f = fields.ByJSONName(name)
		}
		if f == nil {
			return nil, mismatch(below(path, name), "%s has no such field", m.Descriptor().FullName())
		}
		v, _ := from.Find(key)
		if v == types.NullValue {
			continue
		}
		if err := setField(m, f, v, below(path, name)); err != nil {
			return nil, err
		}
	}
	return m.Interface(), nil
}

func setField(m protoreflect.Message, f protoreflect.FieldDescriptor, v ref.Val, path string) error {
	switch {
	case f.IsMap():
		from, ok := v.(traits.Mapper)
		if !ok {
			return mismatch(path, "a %s is no map", v.Type().TypeName())
		}
		to := m.Mutable(f).Map()
		for it := from.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			name, err := keyText(key)
			if err != nil {
				return mismatch(path, "%v", err)
			}
			k, err := scalar(f.MapKey(), key, below(path, name))
			if err != nil {
				return err
			}
			item, _ := from.Find(key)
			made, err := element(to.NewValue, f.MapValue(), item, below(path, name))
			if err != nil {
				return err
			}
			to.Set(k.MapKey(), made)
		}
		return nil
	case f.IsList():
		from, ok := v.(traits.Lister)
		if !ok {
			return mismatch(path, "a %s is no list", v.Type().TypeName())
		}
		to := m.Mutable(f).List()
		for it := from.Iterator(); it.HasNext() == types.True; {
			made, err := element(to.NewElement, f, it.Next(), below(path, strconv.Itoa(to.Len())))
			if err != nil {
				return err
			}
			to.Append(made)
		}
		return nil
	}
	made, err := element(func() protoreflect.Value { return m.NewField(f) }, f, v, path)
	if err == nil {
		m.Set(f, made)
	}
	return err
}

// element is a value for a field, or for an item of one.
func element(empty func() protoreflect.Value, f protoreflect.FieldDescriptor, v ref.Val, path string) (protoreflect.Value, error) {
	if f.Message() == nil {
		return scalar(f, v, path)
	}
	made := empty()
	m := made.Message()
	switch x := v.(type) {
	case types.Timestamp:
		return made, setTime(m, "google.protobuf.Timestamp", x.Unix(), int32(x.Nanosecond()), path)
	case types.Duration:
		return made, setTime(m, "google.protobuf.Duration", int64(x.Duration/time.Second), int32(x.Duration%time.Second), path)
	case traits.Mapper:
		_, err := fillMessage(m, x, path)
		return made, err
	}
	if from, ok := v.Value().(proto.Message); ok && from.ProtoReflect().Descriptor().FullName() == m.Descriptor().FullName() {
		return made, copyMessage(m.Interface(), from)
	}
	if wrapped := m.Descriptor().Fields().ByName("value"); wrapped != nil && m.Descriptor().Fields().Len() == 1 && m.Descriptor().ParentFile().Package() == "google.protobuf" {
		return made, setField(m, wrapped, v, path) // Int32Value and the like
	}
	return protoreflect.Value{}, mismatch(path, "a %s is no %s", v.Type().TypeName(), m.Descriptor().FullName())
}

func setTime(m protoreflect.Message, name protoreflect.FullName, seconds int64, nanos int32, path string) error {
	if m.Descriptor().FullName() != name {
		return mismatch(path, "a time is no %s", m.Descriptor().FullName())
	}
	fields := m.Descriptor().Fields()
	m.Set(fields.ByName("seconds"), protoreflect.ValueOfInt64(seconds))
	m.Set(fields.ByName("nanos"), protoreflect.ValueOfInt32(nanos))
	return nil
}

// copyMessage copies a message to one whose descriptor may be another one of the same name.
func copyMessage(to, from proto.Message) error {
	if to.ProtoReflect().Descriptor() == from.ProtoReflect().Descriptor() {
		proto.Merge(to, from)
		return nil
	}
	payload, err := proto.Marshal(from)
	if err != nil {
		return err
	}
	return proto.Unmarshal(payload, to)
}

// scalar is a value of a field that is no message. Numbers are cast where they fit.
func scalar(f protoreflect.FieldDescriptor, v ref.Val, path string) (protoreflect.Value, error) {
	switch f.Kind() {
	case protoreflect.BoolKind:
		if b, ok := v.(types.Bool); ok {
			return protoreflect.ValueOfBool(bool(b)), nil
		}
	case protoreflect.StringKind:
		if s, ok := v.(types.String); ok {
			return protoreflect.ValueOfString(string(s)), nil
		}
	case protoreflect.BytesKind:
		if b, ok := v.(types.Bytes); ok {
			return protoreflect.ValueOfBytes(b), nil
		}
	case protoreflect.EnumKind:
		if n, ok, err := integer(v); ok && err == nil && int64(int32(n)) == n {
			return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)), nil
		}
		if s, ok := v.(types.String); ok {
			if e := f.Enum().Values().ByName(protoreflect.Name(s)); e != nil {
				return protoreflect.ValueOfEnum(e.Number()), nil
			}
		}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		if n, ok := float(v); ok {
			if f.Kind() == protoreflect.FloatKind {
				return protoreflect.ValueOfFloat32(float32(n)), nil
			}
			return protoreflect.ValueOfFloat64(n), nil
		}
	default:
		return scalarInteger(f.Kind(), v, path)
	}
	return protoreflect.Value{}, mismatch(path, "a %s is no %s", v.Type().TypeName(), f.Kind())
}

func scalarInteger(k protoreflect.Kind, v ref.Val, path string) (protoreflect.Value, error) {
	if u, ok := v.(types.Uint); ok && (k == protoreflect.Uint64Kind || k == protoreflect.Fixed64Kind) {
		return protoreflect.ValueOfUint64(uint64(u)), nil
	}
	n, ok, err := integer(v)
	if err == nil && !ok {
		return protoreflect.Value{}, mismatch(path, "a %s is no %s", v.Type().TypeName(), k)
	}
	if err == nil {
		switch k {
		case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
			if int64(int32(n)) == n {
				return protoreflect.ValueOfInt32(int32(n)), nil
			}
		case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
			if int64(uint32(n)) == n {
				return protoreflect.ValueOfUint32(uint32(n)), nil
			}
		case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
			if n >= 0 {
				return protoreflect.ValueOfUint64(uint64(n)), nil
			}
		default:
			return protoreflect.ValueOfInt64(n), nil
		}
	}
	return protoreflect.Value{}, mismatch(path, "%v is beyond the range of %s", v.Value(), k)
}
