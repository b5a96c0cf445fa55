package serde

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/seed-9f7c7091/concordat/client"
)

// Deserializer turns messages into values of T. It is safe for concurrent use.
//
// T is as that of a Serializer. Values share no memory with messages.
type Deserializer[T any] struct {
	r      *reader
	target func() any // a pointer to what is read; nil where records are dynamic
	kind   targetKind
}

type targetKind int

const (
	records     targetKind = iota // what is read is the record
	intoValue                     // the target is a *T
	intoPointer                   // the target is a T
)

// NewDeserializer makes a deserializer. It asks the registry nothing yet: the first message of each schema does. The
// format Any, with a T of any, reads messages of all formats.
func NewDeserializer[T any](c *client.Client, format Format, opts ...Option) (*Deserializer[T], error) {
	conf, err := configured(format, reflect.TypeFor[T](), opts)
	if err != nil {
		return nil, err
	}
	conf.derive = deriveAvro[T]
	if conf.unframed && conf.id < 0 && conf.guid == "" {
		return nil, errors.New("data without frames is read by UseSchemaID or UseSchemaGUID")
	}
	d := &Deserializer[T]{r: &reader{contracts: newContracts(c, conf)}}
	switch {
	case conf.format == Any && !conf.dynamic():
		return nil, fmt.Errorf("messages of any format cannot be read into a %s: give any", conf.goType)
	case conf.dynamic():
		d.r.fits = func(v any) bool {
			_, ok := v.(T)
			return ok || v == nil
		}
	case conf.goType.Kind() == reflect.Pointer:
		d.kind = intoPointer
		to := conf.goType.Elem()
		d.target = func() any { return reflect.New(to).Interface() }
	default:
		d.kind = intoValue
	}
	for _, f := range []Format{Avro, JSON, Protobuf} {
		if conf.format == f || conf.format == Any {
			bind, err := conf.binding(f)
			if err != nil {
				return nil, err
			}
			d.r.binds = append(d.r.binds, bind)
			d.r.formats = append(d.r.formats, f)
		}
	}
	if len(d.r.binds) == 0 {
		return nil, fmt.Errorf("there is no format %q", string(conf.format))
	}
	if conf.format == Protobuf && d.kind != records && !conf.generated() {
		return nil, fmt.Errorf("a Protobuf message cannot be read into a %s: give a generated message, proto.Message or any", conf.goType)
	}
	return d, nil
}

// Deserialize reads a message of a topic, whose record may have headers. nil is null, a
// tombstone, and gives the zero T. Errors are *Error.
func (d *Deserializer[T]) Deserialize(ctx context.Context, topic string, data []byte, headers ...Header) (T, error) {
	return d.read(ctx, topic, data, headers, nil)
}

// DeserializeRecord is Deserialize of a record with all that it has.
func (d *Deserializer[T]) DeserializeRecord(ctx context.Context, r *Record) (T, error) {
	return d.read(ctx, r.Topic, r.Data, r.Headers, r)
}

func (d *Deserializer[T]) read(ctx context.Context, topic string, data []byte, headers []Header, r *Record) (T, error) {
	var zero T
	if data == nil {
		return zero, nil
	}
	switch d.kind {
	case intoValue:
		v := new(T)
		if _, err := d.r.read(ctx, topic, data, headers, r, v); err != nil {
			return zero, err
		}
		return *v, nil
	case intoPointer:
		target := d.target()
		if _, err := d.r.read(ctx, topic, data, headers, r, target); err != nil {
			return zero, err
		}
		return target.(T), nil
	}
	v, err := d.r.read(ctx, topic, data, headers, r, nil)
	if err != nil || v == nil {
		return zero, err
	}
	return v.(T), nil
}
