package serde

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/seed-9f7c7091/concordat/client"
)

// Serializer turns values of T into messages. It is safe for concurrent use.
//
// T is a struct or a pointer to one (with avro tags, or json tags for JSON Schema), for
// Protobuf a generated message or proto.Message, or any for records as package record has them: maps, slices and plain values.
// Values are never changed: rules that transform work on a copy.
type Serializer[T any] struct {
	w     *writer
	boxes sync.Pool // of *T, for T that are no pointers
}

// NewSerializer makes a serializer. It asks the registry nothing yet: the first message of a topic does.
func NewSerializer[T any](c *client.Client, format Format, opts ...Option) (*Serializer[T], error) {
	conf, err := configured(format, reflect.TypeFor[T](), opts)
	if err != nil {
		return nil, err
	}
	conf.derive = deriveAvro[T]
	bind, err := conf.binding(conf.format)
	if err != nil {
		return nil, err
	}
	if conf.format == Protobuf && !conf.generated() && !conf.dynamic() {
		return nil, fmt.Errorf("a %s is no Protobuf message: give a generated message, proto.Message or any", conf.goType)
	}
	s := &Serializer[T]{w: &writer{contracts: newContracts(c, conf), bind: bind}}
	s.boxes.New = func() any { return new(T) }
	s.w.shape = shapeOf(conf.goType)
	if conf.format == Protobuf && conf.generated() {
		s.w.fixed = true
		s.w.fixedName = string(reflect.Zero(conf.goType).Interface().(proto.Message).ProtoReflect().Descriptor().FullName())
	}
	if conf.format != Protobuf {
		s.w.fixed = true
	}
	return s, nil
}

// Serialize makes the message of a value for a topic. A nil value is null, a
// tombstone, and gives nil. Errors are *Error.
func (s *Serializer[T]) Serialize(ctx context.Context, topic string, v T) ([]byte, error) {
	return s.Append(ctx, nil, topic, v)
}

// Append is Serialize into the caller's buffer: it appends to dst, which may be
// nil, and returns the whole. A nil value gives nil.
func (s *Serializer[T]) Append(ctx context.Context, dst []byte, topic string, v T) ([]byte, error) {
	if s.w.headers {
		return nil, s.w.failed(topic, nil, StageFrame, errHeaders)
	}
	out, _, err := s.append(ctx, dst, topic, v, nil)
	return out, err
}

var errHeaders = errors.New("with header framing records are made by SerializeRecord")

// SerializeRecord sets the data of a record, appending to r.Data[:0], and with header framing its
// header. Rules and dead letters see the record's topic, headers and key. On an error the record stays as it was, but for what r.Data has room for.
func (s *Serializer[T]) SerializeRecord(ctx context.Context, r *Record, v T) error {
	out, header, err := s.append(ctx, r.Data[:0], r.Topic, v, r)
	if err != nil {
		return err
	}
	r.Data = out
	if header != nil {
		r.setHeader(s.w.headerName(), header)
	}
	return nil
}

// setHeader adds a header, unless the last one of the name has the value already, as the Java client does.
func (r *Record) setHeader(name string, value []byte) {
	for i := len(r.Headers) - 1; i >= 0; i-- {
		if r.Headers[i].Key == name {
			if string(r.Headers[i].Value) == string(value) {
				return
			}
			break
		}
	}
	r.Headers = append(r.Headers, Header{name, value})
}

func (s *Serializer[T]) append(ctx context.Context, dst []byte, topic string, v T, r *Record) (out, header []byte, err error) {
	switch s.w.shape {
	case nilable:
		boxed := any(v)
		if isNil(boxed) {
			return nil, nil, nil
		}
		return s.w.append(ctx, dst, topic, boxed, r)
	case structs:
		box := s.boxes.Get().(*T)
		*box = v
		out, header, err = s.w.append(ctx, dst, topic, box, r)
		var zero T
		*box = zero
		s.boxes.Put(box)
		return out, header, err
	}
	return s.w.append(ctx, dst, topic, v, r)
}

// shape is how values of T are passed on.
type shape int

const (
	plain   shape = iota // as they are
	nilable              // as they are, unless they are nil, which is null
	structs              // by a pointer to a copy
)

func shapeOf(t reflect.Type) shape {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Interface, reflect.Slice:
		return nilable
	case reflect.Struct:
		return structs
	}
	return plain
}

// isNil reports whether a value is nil, or nil within an interface. An empty slice is not.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		return r.IsNil()
	}
	return false
}
