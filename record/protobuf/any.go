package protobuf

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/seed-9f7c7091/concordat/record"
)

// maxPacked bounds how many messages are packed one within the other. Each is
// decoded once for each around it.
const maxPacked = 32

// typeMember names the type of what an Any holds, valueMember its value where that is no object of fields.
const (
	typeMember  = "@type"
	valueMember = "value"
)

// unmarshal decodes a payload. The runtime panics at the entry of a map that
// has one key and then another of a wrong wire type; that is an error here.
func unmarshal(types *resolver, payload []byte, m protoreflect.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot parse invalid wire-format data: %v", p)
		}
	}()
	return proto.UnmarshalOptions{Resolver: types, RecursionLimit: maxDepth}.Unmarshal(payload, m.Interface())
}

// packedAsValue tells how an Any has the fields of a message: beside the name of its type, or as one value.
func (s *shape) packedAsValue() bool {
	return s.known != plain || s.desc.FullName() == "google.protobuf.Empty"
}

// unpack decodes what an Any holds. An empty one holds nothing, which is a nil message.
func (l *linked) unpack(m protoreflect.Message) (url string, s *shape, held protoreflect.Message, err error) {
	fields := m.Descriptor().Fields()
	url, payload := m.Get(fields.ByNumber(1)).String(), m.Get(fields.ByNumber(2)).Bytes()
	if url == "" {
		if len(payload) > 0 {
			return "", nil, nil, mismatch("holds a value of no type")
		}
		return "", nil, nil, nil
	}
	s, held, err = l.fresh(url)
	if err == nil {
		err = unmarshal(l.types, payload, held)
	}
	if err != nil {
		return "", nil, nil, &record.MismatchError{Reason: fmt.Sprintf("holds a %s that cannot be read: %s", url, reason(err)), Err: err}
	}
	return url, s, held, nil
}

// fresh makes an empty message of the type that a URL names.
func (l *linked) fresh(url string) (*shape, protoreflect.Message, error) {
	t, err := l.types.FindMessageByURL(url)
	if err != nil {
		return nil, nil, errors.New("the type is not known")
	}
	return l.foreignShape(t.Descriptor()), t.New(), nil
}

// packed is an Any seen as a JSON object.
type packed struct {
	viewer
	url   string
	shape *shape
	held  protoreflect.Message // nil for an empty one
}

func (w viewer) packed(m protoreflect.Message) (*packed, error) {
	url, s, held, err := w.unpack(m)
	return &packed{w, url, s, held}, err
}

// Names are that of the type and those of the fields.
func (p *packed) Names() []string {
	switch {
	case p.held == nil:
		return nil
	case p.shape.packedAsValue():
		return []string{typeMember, valueMember}
	}
	return append([]string{typeMember}, (&object{p.viewer, p.shape, p.held}).Names()...)
}

// Get returns the type, or the value of a field.
func (p *packed) Get(name string) (any, bool) {
	switch {
	case p.held == nil:
		return nil, false
	case name == typeMember:
		return p.url, true
	case p.shape.packedAsValue():
		if name != valueMember {
			return nil, false
		}
		return p.message(p.shape, p.held), true
	}
	return (&object{p.viewer, p.shape, p.held}).Get(name)
}

// MarshalJSON writes the object as it is seen.
func (p *packed) MarshalJSON() ([]byte, error) { return appendJSON(nil, p) }

// pack fills in an Any.
func (r reader) pack(m protoreflect.Message, v any, depth int) error {
	o, ok := membersOf(v)
	if !ok {
		return mismatch("expects an object, not %s", described(v))
	}
	if o.len() == 0 {
		return nil
	}
	if r.packed >= maxPacked {
		return mismatch("is packed too deeply")
	}
	r.packed++
	named, _ := o.get(typeMember)
	url, _ := named.(string)
	if url == "" {
		return mismatch("expects the type of the message as %s", typeMember)
	}
	s, held, err := r.fresh(url)
	if err != nil {
		return within(typeMember, &record.MismatchError{Reason: fmt.Sprintf("the type %q is not known", url), Err: err})
	}
	if !s.packedAsValue() {
		err = r.fields(held, s, o, typeMember, depth+1)
	} else if value, ok := o.get(valueMember); ok || s.known != plain {
		if !ok || o.len() > 2 {
			return mismatch("expects %s and %s alone", typeMember, valueMember)
		}
		err = within(valueMember, r.message(held, s, value, depth+1))
	} else if o.len() > 1 {
		return mismatch("expects %s and %s alone", typeMember, valueMember)
	}
	if err != nil {
		return err
	}
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(held.Interface())
	if err != nil {
		return &record.MismatchError{Reason: reason(err), Err: err}
	}
	fields := m.Descriptor().Fields()
	m.Set(fields.ByNumber(1), protoreflect.ValueOfString(url))
	m.Set(fields.ByNumber(2), protoreflect.ValueOfBytes(payload))
	return nil
}
