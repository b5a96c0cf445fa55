// Package protobuf reads and writes the records of Protobuf schemas.
//
// A schema is linked once into descriptors; what JSON, rules and generated
// records need of each message is laid out beside its descriptor as a shape. Records are proto.Message:
// dynamic ones where this package makes them, those of the caller's generated types where the
// caller gives them. A record is taken by the full name of its message. Where its descriptor is not the schema's,
// the record's own says how it is printed, and fields are paired by their numbers where rules visit them.
//
// Extension fields are unknown fields of a record: they are kept, and neither
// printed nor visited.
package protobuf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema"

	source "github.com/seed-9f7c7091/concordat/schema/protobuf"
)

// maxDepth bounds how deep messages are nested in a record that is read.
const maxDepth = schema.MaxDepth

// Format knows the records of one message of a schema.
type Format struct {
	*linked
	shape *shape
}

var _ record.Format = (*Format)(nil)

// linked is a schema with its descriptors. All formats of a schema share it.
type linked struct {
	schema *source.Schema
	file   protoreflect.FileDescriptor
	types  *resolver

	mu      sync.Mutex
	shapes  shapes // of the schema's descriptors
	foreign shapes // of those that records bring along
}

// New links a schema and returns the format of the first message of its file.
func New(s *source.Schema) (*Format, error) {
	file, files, err := s.Link()
	if err != nil {
		return nil, err
	}
	if file.Messages().Len() == 0 {
		return nil, errors.New("the schema has no message")
	}
	l := &linked{schema: s, file: file, types: &resolver{dynamicpb.NewTypes(files)}, shapes: shapes{}, foreign: shapes{}}
	return l.format(file.Messages().Get(0)), nil
}

func (l *linked) format(d protoreflect.MessageDescriptor) *Format {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Format{l, l.shapes.of(d)}
}

// Message returns the format of a message by its place in the file: the index of
// the outermost message, then those of the messages nested within.
func (f *Format) Message(indexes []int) (*Format, error) {
	messages, d := f.file.Messages(), protoreflect.MessageDescriptor(nil)
	for _, i := range indexes {
		if i < 0 || i >= messages.Len() || messages.Get(i).IsMapEntry() {
			return nil, fmt.Errorf("the schema has no message of index %v", indexes)
		}
		d = messages.Get(i)
		messages = d.Messages()
	}
	if d == nil {
		return nil, errors.New("no message index")
	}
	return f.format(d), nil
}

// ByName returns the format of a message by its full name: one of the schema, or of those that it can name.
func (f *Format) ByName(full string) (*Format, error) {
	if full == f.Name() {
		return f, nil
	}
	if t, err := f.types.own.FindMessageByName(protoreflect.FullName(full)); err == nil && !t.Descriptor().IsMapEntry() {
		return f.format(t.Descriptor()), nil
	}
	return nil, fmt.Errorf("the schema has no message %q", full)
}

// Indexes is the place of the message in the schema's own file, as Message takes it. A message
// of another file has none.
func (f *Format) Indexes() ([]int, error) {
	var indexes []int
	for d := protoreflect.Descriptor(f.shape.desc); ; d = d.Parent() {
		if file, ok := d.(protoreflect.FileDescriptor); ok {
			if file != f.file {
				return nil, fmt.Errorf("the message %s is not of the schema itself, but of %s", f.Name(), file.Path())
			}
			slices.Reverse(indexes)
			return indexes, nil
		}
		indexes = append(indexes, d.Index())
	}
}

// Type returns api.Protobuf.
func (f *Format) Type() string { return api.Protobuf }

// Name is the full name of the message.
func (f *Format) Name() string { return string(f.shape.desc.FullName()) }

// Schema is the schema of the records.
func (f *Format) Schema() schema.Schema { return f.schema }

// Descriptor is the linked descriptor of the message.
func (f *Format) Descriptor() protoreflect.MessageDescriptor { return f.shape.desc }

// Decode reads a payload, without message indexes, into a *dynamicpb.Message.
// Required fields must be there.
func (f *Format) Decode(payload []byte) (any, error) {
	m := dynamicpb.NewMessage(f.shape.desc)
	if err := unmarshal(f.types, payload, m); err != nil {
		return nil, fmt.Errorf("decode %s: %s", f.Name(), reason(err))
	}
	return m, nil
}

// Append encodes a record: the same bytes each time for the same record.
func (f *Format) Append(dst []byte, v any) ([]byte, error) {
	m, err := f.message(v)
	if err != nil {
		return dst, err
	}
	out, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(dst, m.Interface())
	if err != nil {
		mismatch := fault(m)
		if mismatch == nil {
			mismatch = &record.MismatchError{Reason: reason(err)}
		}
		mismatch.Err = err
		return dst, mismatch
	}
	return out, nil
}

// message checks that v is a record of the format.
func (f *Format) message(v any) (protoreflect.Message, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, mismatch("expects a Protobuf message %s, not a value of type %T", f.Name(), v)
	}
	r := m.ProtoReflect()
	if name := r.Descriptor().FullName(); name != f.shape.desc.FullName() {
		return nil, mismatch("expects a message %s, not %s", f.Name(), name)
	}
	if !r.IsValid() {
		return nil, mismatch("is a nil message")
	}
	return r, nil
}

// shapeOf is the shape of a record.
func (f *Format) shapeOf(m protoreflect.Message) *shape {
	d := m.Descriptor()
	if d == f.shape.desc {
		return f.shape
	}
	return f.foreignShape(d)
}

// maxForeign bounds how many shapes are kept of descriptors that records bring along.
const maxForeign = 1000

func (l *linked) foreignShape(d protoreflect.MessageDescriptor) *shape {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.shapes[d]; s != nil {
		return s
	}
	if len(l.foreign) > maxForeign {
		l.foreign = shapes{}
	}
	return l.foreign.of(d)
}

func mismatch(format string, args ...any) *record.MismatchError {
	return &record.MismatchError{Reason: fmt.Sprintf(format, args...)}
}

// escapePointer escapes a step of a JSON pointer.
var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// within puts the path of a mismatch below a step.
func within(step string, err error) error {
	if e, ok := err.(*record.MismatchError); ok {
		e.Path = "/" + escapePointer.Replace(step) + e.Path
	}
	return err
}

// reason is what an error of the Protobuf runtime says, without the marks it
// puts around it on purpose.
func reason(err error) string {
	s := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	s = strings.TrimPrefix(s, "proto: ")
	if rest, ok := strings.CutPrefix(strings.TrimPrefix(s, "syntax error "), "(line "); ok {
		if _, said, ok := strings.Cut(rest, "): "); ok {
			return said
		}
	}
	return s
}

// resolver finds messages by name, for those packed in an Any: those of the schema before
// those the program knows. It finds no extensions, which leaves them among the unknown fields.
type resolver struct{ own *dynamicpb.Types }

func (r *resolver) FindMessageByName(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if t, err := r.own.FindMessageByName(name); err == nil {
		return t, nil
	}
	return protoregistry.GlobalTypes.FindMessageByName(name)
}

func (r *resolver) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	return r.FindMessageByName(protoreflect.FullName(url[strings.LastIndexByte(url, '/')+1:]))
}

func (*resolver) FindExtensionByName(name protoreflect.FullName) (protoreflect.ExtensionType, error) {
	return nil, protoregistry.NotFound
}

func (*resolver) FindExtensionByNumber(protoreflect.FullName, protoreflect.FieldNumber) (protoreflect.ExtensionType, error) {
	return nil, protoregistry.NotFound
}
