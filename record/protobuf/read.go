package protobuf

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// Read makes a record of proto3 JSON, its fields under their JSON names or their own.
// Of a name given twice the last value counts. Errors are *jsontree.Error where the text is no
// JSON, and *record.MismatchError.
func (f *Format) Read(text []byte) (any, error) {
	tree, err := jsontree.Parse(string(text), jsontree.Options{})
	if err != nil {
		return nil, err
	}
	return f.FromJSON(treeValue(tree))
}

// treeValue is a tree in the form of encoding/json, with json.Number.
func treeValue(v *jsontree.Value) any {
	switch v.Kind {
	case jsontree.Bool:
		return v.Bool
	case jsontree.Number:
		return json.Number(v.Text)
	case jsontree.String:
		return v.Text
	case jsontree.Array:
		items := make([]any, len(v.Items))
		for i := range v.Items {
			items[i] = treeValue(&v.Items[i])
		}
		return items
	case jsontree.Object:
		members := make(map[string]any, len(v.Members))
		for i := range v.Members {
			members[v.Members[i].Name] = treeValue(&v.Members[i].Value)
		}
		return members
	}
	return nil
}

// FromJSON makes a record of proto3 JSON, by the rules of the Protobuf runtime: fields are named by
// their JSON names or their own, unknown ones are refused, null leaves a field unset, numbers may be text.
func (f *Format) FromJSON(j any) (any, error) {
	m := dynamicpb.NewMessage(f.shape.desc)
	r := reader{linked: f.linked}
	if err := r.message(m, f.shape, j, 0); err != nil {
		return nil, err
	}
	return m, nil
}

// reader makes values of JSON.
type reader struct {
	*linked
	packed int // messages that the value is packed in
}

// members is an object of any of the forms.
type members struct {
	object map[string]any
	named  named
}

func membersOf(v any) (o members, ok bool) {
	switch x := v.(type) {
	case map[string]any:
		return members{object: x}, x != nil
	case named:
		return members{named: x}, true
	}
	return o, false
}

func (o members) get(name string) (any, bool) {
	if o.named != nil {
		return o.named.Get(name)
	}
	v, ok := o.object[name]
	return v, ok
}

func (o members) len() int {
	if o.named != nil {
		return len(o.named.Names())
	}
	return len(o.object)
}

func (o members) names() []string {
	if o.named != nil {
		return o.named.Names()
	}
	return slices.Sorted(maps.Keys(o.object))
}

// message fills in a message.
func (r reader) message(m protoreflect.Message, s *shape, v any, depth int) error {
	if depth > maxDepth {
		return mismatch("is nested too deeply")
	}
	switch s.known {
	case wrapper:
		value, err := scalarOf(s.fields[0].desc, v)
		if err == nil {
			m.Set(s.fields[0].desc, value)
		}
		return err
	case anything:
		return r.pack(m, v, depth)
	case special, anyValue:
		return r.special(m, v)
	}
	o, ok := membersOf(v)
	if !ok {
		return mismatch("expects an object, not %s", described(v))
	}
	return r.fields(m, s, o, "", depth)
}

// fields fills in the fields of a message. A member may be there that is no field.
func (r reader) fields(m protoreflect.Message, s *shape, o members, but string, depth int) error {
	found := 0
	for i := range s.fields {
		f := &s.fields[i]
		v, ok := o.get(f.json)
		name := f.json
		if own := f.desc.TextName(); own != f.json && s.index[own] == i {
			if again, both := o.get(own); both {
				if ok {
					return within(own, mismatch("the field is given as %s too", f.json))
				}
				v, ok, name = again, true, own
			}
		}
		if !ok {
			continue
		}
		found++
		if err := r.field(m, f, v, depth); err != nil {
			return within(name, err)
		}
	}
	if found < o.len() {
		for _, name := range o.names() {
			if _, ok := s.index[name]; !ok && (name != but || but == "") {
				return within(name, mismatch("message %s has no such field", s.desc.FullName()))
			}
		}
	}
	required := s.desc.RequiredNumbers()
	for i := range required.Len() {
		if fd := s.desc.Fields().ByNumber(required.Get(i)); !m.Has(fd) {
			return mismatch("required field %s is not set", fd.FullName())
		}
	}
	return nil
}

// special reads a well-known message as the runtime does.
func (r reader) special(m protoreflect.Message, v any) error {
	text, err := appendJSON(nil, v)
	if err != nil {
		return err
	}
	options := protojson.UnmarshalOptions{RecursionLimit: maxDepth}
	if err := options.Unmarshal(text, m.Interface()); err != nil {
		return &record.MismatchError{Reason: reason(err), Err: err}
	}
	return nil
}

func (r reader) field(m protoreflect.Message, f *field, v any, depth int) error {
	if v == nil && (f.desc.IsList() || f.desc.IsMap() || !isNull(f.desc) && (f.message == nil || f.message.known != anyValue)) {
		return nil
	}
	switch {
	case f.desc.IsMap():
		return r.mapping(m.Mutable(f.desc).Map(), f, v, depth)
	case f.desc.IsList():
		return r.list(m.Mutable(f.desc).List(), f, v, depth)
	}
	if o := f.desc.ContainingOneof(); o != nil {
		if other := m.WhichOneof(o); other != nil {
			return mismatch("%s is given too, but only one field of %s may be", other.JSONName(), o.Name())
		}
	}
	if f.message != nil {
		inner := m.NewField(f.desc)
		if err := r.message(inner.Message(), f.message, v, depth+1); err != nil {
			return err
		}
		m.Set(f.desc, inner)
		return nil
	}
	value, err := scalarOf(f.desc, v)
	if err == nil {
		m.Set(f.desc, value)
	}
	return err
}

func (r reader) list(items protoreflect.List, f *field, v any, depth int) error {
	var n int
	var at func(int) any
	switch x := v.(type) {
	case []any:
		n, at = len(x), func(i int) any { return x[i] }
	case indexed:
		n, at = x.Len(), x.At
	default:
		return mismatch("expects an array, not %s", described(v))
	}
	for i := range n {
		value, err := r.single(items.NewElement, f, at(i), depth)
		if err != nil {
			return within(strconv.Itoa(i), err)
		}
		items.Append(value)
	}
	return nil
}

func (r reader) mapping(values protoreflect.Map, f *field, v any, depth int) error {
	o, ok := membersOf(v)
	if !ok {
		return mismatch("expects an object, not %s", described(v))
	}
	for _, name := range o.names() {
		k, ok := mapKey(f.desc.MapKey(), name)
		switch {
		case !ok:
			return within(name, mismatch("the key is no %s", f.desc.MapKey().Kind()))
		case f.desc.MapKey().Kind() == protoreflect.StringKind && !utf8.ValidString(name):
			return within(name, mismatch("the text is not valid UTF-8"))
		case values.Has(k):
			return within(name, mismatch("the key is given twice"))
		}
		item, _ := o.get(name)
		value, err := r.single(values.NewValue, f, item, depth)
		if err != nil {
			return within(name, err)
		}
		values.Set(k, value)
	}
	return nil
}

// single reads an item of a list or a value of a map.
func (r reader) single(fresh func() protoreflect.Value, f *field, v any, depth int) (protoreflect.Value, error) {
	if f.message == nil {
		return scalarOf(f.value, v)
	}
	value := fresh()
	return value, r.message(value.Message(), f.message, v, depth+1)
}

// scalarOf reads a value that is no message.
func scalarOf(fd protoreflect.FieldDescriptor, v any) (value protoreflect.Value, err error) {
	if b, ok := v.([]byte); ok {
		v = latin1(b)
	}
	text, isText := v.(string)
	ok := false
	switch kindOf(fd) {
	case record.Boolean:
		var b bool
		b, ok = v.(bool)
		value = protoreflect.ValueOfBool(b)
	case record.String:
		if isText && !utf8.ValidString(text) {
			return value, mismatch("the text is not valid UTF-8")
		}
		value, ok = protoreflect.ValueOfString(text), isText
	case record.Bytes:
		if !isText {
			break
		}
		b, err := decodeBase64(text)
		if err != nil {
			return value, mismatch("expects bytes as base64: %v", err)
		}
		return protoreflect.ValueOfBytes(b), nil
	case record.Enum:
		if isText {
			c := fd.Enum().Values().ByName(protoreflect.Name(text))
			if c == nil {
				return value, mismatch("%s has no value %q", fd.Enum().FullName(), text)
			}
			return protoreflect.ValueOfEnum(c.Number()), nil
		}
		if v == nil && isNull(fd) {
			return protoreflect.ValueOfEnum(0), nil
		}
		value, ok = integerOf(fd, v)
	case record.Float, record.Double:
		if f, special := infinite[text]; isText && special {
			return floatValue(fd, f), nil
		}
		if isText {
			v = json.Number(text)
		}
		value, ok = floatOf(fd, v)
	default:
		if isText {
			v = json.Number(text)
		}
		value, ok = integerOf(fd, v)
	}
	if !ok {
		if isText {
			v = text
		}
		return value, mismatch("expects %s, not %s", expectation(fd), described(v))
	}
	return value, nil
}

func integerOf(fd protoreflect.FieldDescriptor, v any) (value protoreflect.Value, ok bool) {
	n, ok := wholeOf(v)
	if !ok {
		return value, false
	}
	return n.value(fd)
}

// decodeBase64 reads either alphabet, with or without padding.
func decodeBase64(s string) ([]byte, error) {
	encoding := base64.StdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.URLEncoding
	}
	if len(s)%4 != 0 {
		encoding = encoding.WithPadding(base64.NoPadding)
	}
	return encoding.DecodeString(s)
}

// expectation says what a field takes.
func expectation(fd protoreflect.FieldDescriptor) string {
	kind := fd.Kind().String()
	if e := fd.Enum(); e != nil {
		return "a value of " + string(e.FullName())
	}
	switch {
	case fd.Kind() == protoreflect.BytesKind:
		return kind
	case kind[0] == 'i':
		return "an " + kind
	}
	return "a " + kind
}

// maxShown bounds how much of a value an error shows.
const maxShown = 40

// described says what a value of JSON is.
func described(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case map[string]any, named:
		return "an object"
	case []any, indexed:
		return "an array"
	}
	text, err := appendJSON(nil, v)
	if err != nil {
		return err.Error()
	}
	if len(text) > maxShown {
		return strings.ToValidUTF8(string(text[:maxShown]), "") + "…"
	}
	return string(text)
}
