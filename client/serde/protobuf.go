package serde

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seed-9f7c7091/concordat/record"
	recordprotobuf "github.com/seed-9f7c7091/concordat/record/protobuf"
	"github.com/seed-9f7c7091/concordat/rules"
)

// protobufBinding codes Protobuf messages.
type protobufBinding struct{ *config }

func (protobufBinding) name(v any) (string, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return "", nil // an object, of the schema's first message
	}
	return string(m.ProtoReflect().Descriptor().FullName()), nil
}

func (protobufBinding) own(v any) (*own, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, nil
	}
	return ownProtobuf(m.ProtoReflect().Descriptor())
}

func (protobufBinding) message(k *contract, name string) (record.Format, []int, error) {
	f := k.format.(*recordprotobuf.Format)
	if name != "" {
		var err error
		if f, err = f.ByName(name); err != nil {
			return nil, nil, err
		}
	}
	indexes, err := f.Indexes()
	return f, indexes, err
}

func (protobufBinding) indexed() bool { return true }

func (protobufBinding) at(k *contract, indexes []int) (record.Format, error) {
	f, err := k.format.(*recordprotobuf.Format).Message(indexes)
	if err != nil {
		return nil, &FrameError{Reason: err.Error()}
	}
	return f, nil
}

// asMessage is a value as a message: what is none is read as an object of proto3 JSON.
func asMessage(f *recordprotobuf.Format, v any) (proto.Message, error) {
	if m, ok := v.(proto.Message); ok {
		return m, nil
	}
	made, err := f.FromJSON(v)
	if err != nil {
		return nil, err
	}
	return made.(proto.Message), nil
}

func (b protobufBinding) writes(f record.Format, domain *rules.Chain) (writeFunc, error) {
	format := f.(*recordprotobuf.Format)
	changes := transforms(domain)
	return func(ctx context.Context, dst []byte, v any, env *rules.Env) ([]byte, error) {
		m, err := asMessage(format, v)
		if err != nil {
			return nil, err
		}
		if domain == nil {
			return b.marshal(dst, m)
		}
		if changes {
			m = proto.Clone(m) // the caller's own stays as it is
		}
		rec, err := domain.Run(ctx, m, env)
		if err != nil {
			return nil, err
		}
		if m, err = asMessage(format, rec); err != nil {
			return nil, err
		}
		return b.marshal(dst, m)
	}, nil
}

// marshal appends a message. Of equal messages equal bytes are made where it matters, that is of keys, by whose bytes Kafka knows them, and where
// otherwise not even the fields had an order. The entries of maps in other messages come as they come: to sort them costs.
func (b protobufBinding) marshal(dst []byte, m proto.Message) ([]byte, error) {
	_, dynamic := m.(*dynamicpb.Message)
	return proto.MarshalOptions{Deterministic: dynamic || b.isKey}.MarshalAppend(dst, m)
}

func (b protobufBinding) reads(w way) (readFunc, error) {
	writer, reader := w.writer.(*recordprotobuf.Format), w.reader.(*recordprotobuf.Format)
	typed := b.generated()
	switch {
	case !typed && !b.dynamic():
		return nil, fmt.Errorf("a Protobuf message cannot be read into a %s: give a generated message, proto.Message or any", b.goType)
	case typed && w.path == nil && w.domain == nil:
		into := proto.UnmarshalOptions{Merge: true} // into what is new, and need not be emptied first
		return func(_ context.Context, payload []byte, target any, _ *rules.Env) (any, error) {
			return target, into.Unmarshal(payload, target.(proto.Message))
		}, nil
	}
	return func(ctx context.Context, payload []byte, target any, env *rules.Env) (any, error) {
		var rec any
		var err error
		switch {
		case w.path != nil:
			if rec, err = writer.Decode(payload); err != nil {
				return nil, err
			}
			if rec, err = w.path.Run(ctx, rec, env); err != nil {
				return nil, migrated(err)
			}
		case typed:
			rec, err = target, proto.Unmarshal(payload, target.(proto.Message))
		default:
			rec, err = reader.Decode(payload)
		}
		if err != nil {
			return nil, err
		}
		if rec, err = w.domain.Run(ctx, rec, env); err != nil {
			return nil, err
		}
		m, err := asMessage(reader, rec)
		switch {
		case err != nil:
			return nil, err
		case !typed:
			return m, nil
		case m == target:
			return target, nil
		}
		body, err := reader.Append(nil, m)
		if err != nil {
			return nil, err
		}
		return target, proto.Unmarshal(body, target.(proto.Message))
	}, nil
}

// readerOf is the reader's message for records of the writer's: that of the same name, and where there is none the first,
// as the Go and Python clients have it after a migration.
func readerOf(reader *contract, writer record.Format, migrates bool) (record.Format, error) {
	f, ok := reader.format.(*recordprotobuf.Format)
	if !ok {
		return reader.format, nil
	}
	named, err := f.ByName(writer.Name())
	switch {
	case err == nil:
		return named, nil
	case migrates:
		return f, nil
	}
	return nil, err
}

// expects fails for a message of another type than T.
func (c *config) expects(f record.Format) error {
	if !c.generated() {
		return nil
	}
	want := reflect.Zero(c.goType).Interface().(proto.Message).ProtoReflect().Descriptor().FullName()
	if string(want) != f.Name() {
		return errors.New("the message is a " + f.Name() + ", not a " + string(want))
	}
	return nil
}
