package serde

import (
	"context"
	"fmt"
	"reflect"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules"
)

// binding is what one format makes of values of one Go type.
type binding interface {
	// name tells values of different messages apart: the message's full name for Protobuf, else "".
	name(v any) (string, error)
	// own is the schema that values of the name have by themselves, nil if there is none.
	own(v any) (*own, error)
	// message is the format of the records of a name by a schema, and for Protobuf the message's place in it.
	message(k *contract, name string) (record.Format, []int, error)
	// writes prepares writing.
	writes(f record.Format, domain *rules.Chain) (writeFunc, error)
	// indexed reports that frames have message indexes.
	indexed() bool
	// at is the format of the message at a place of the writer's schema.
	at(k *contract, indexes []int) (record.Format, error)
	// reads prepares reading.
	reads(way way) (readFunc, error)
}

// writeFunc runs the domain rules on a value and appends its encoding to dst.
type writeFunc func(ctx context.Context, dst []byte, v any, env *rules.Env) ([]byte, error)

// readFunc reads a payload and runs the rules. With a target, a pointer to what is read, the result is in
// it; else the record is returned.
type readFunc func(ctx context.Context, payload []byte, target any, env *rules.Env) (any, error)

// way is how records come from a writer to a reader.
type way struct {
	writer, reader record.Format
	path           *rules.Path  // between versions, nil where there is none
	domain         *rules.Chain // of the reader
}

// bindings are those of a format.
func (c *config) binding(format Format) (binding, error) {
	switch format {
	case Avro:
		return avroBinding{c}, nil
	case JSON:
		return jsonBinding{c}, nil
	case Protobuf:
		return protobufBinding{c}, nil
	}
	return nil, fmt.Errorf("there is no format %q", string(format))
}

var (
	messageType = reflect.TypeFor[proto.Message]()
	dynamicType = reflect.TypeFor[*dynamicpb.Message]()
)

// dynamic reports whether values are records of no Go type of the program's.
func (c *config) dynamic() bool {
	switch c.goType.Kind() {
	case reflect.Interface:
		return true
	case reflect.Map:
		return c.goType == reflect.TypeFor[map[string]any]()
	case reflect.Slice:
		return c.goType == reflect.TypeFor[[]any]()
	}
	return c.goType == dynamicType
}

// generated reports whether values are messages of a generated type.
func (c *config) generated() bool {
	return c.goType.Kind() != reflect.Interface && c.goType != dynamicType && c.goType.Implements(messageType)
}
