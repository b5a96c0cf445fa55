// Package avro reads, writes and walks the records of Avro schemas.
//
// It follows the Java library of Apache Avro 1.12 where the two could differ:
// in the branch of a union that a value is of, in what a reader's schema makes
// of a writer's data, and in that data is refused only where it cannot be read, not
// because some other data of its schema could not. That is why maps, which records are by
// default, are encoded and decoded here. Structs are encoded by
// github.com/twmb/avro, whose tags they have, and decoded here where their fields are of
// the types that most are.
package avro

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	twmb "github.com/twmb/avro"
)

// Format knows the records of one schema. It implements record.Format.
type Format struct {
	schema *avro.Schema
	root   *node
	plan   *plan
	codec  func() *twmb.Schema // decodes structs; nil where it refuses the schema
	// structs encodes structs, nil where it cannot: where it refuses the schema,
	// or where it would choose among the branches of a union by other rules than ours.
	structs func() *twmb.Schema
}

var _ record.Format = (*Format)(nil)

// New prepares a schema. It refuses those of which no record can exist, because
// a type contains itself without a way out.
func New(s *avro.Schema) (*Format, error) {
	c := compile(s.Root())
	if endless := c.root.endless(); endless != nil {
		return nil, fmt.Errorf("a record of %s would have no end: it always contains another one", endless.name)
	}
	f := &Format{schema: s, root: c.root, plan: resolve(c.root, c.root)}
	f.codec = sync.OnceValue(func() *twmb.Schema {
		text, err := s.Format(avro.FormatResolved)
		if err != nil {
			return nil
		}
		codec, err := twmb.Parse(text, twmb.WithLaxNames(nil))
		if err != nil {
			return nil
		}
		return codec
	})
	f.structs = f.codec
	if c.choices {
		f.structs = func() *twmb.Schema { return nil }
	}
	return f, nil
}

// Type is api.Avro.
func (f *Format) Type() string { return api.Avro }

// Name is the full name of a record, "" for every other schema.
func (f *Format) Name() string { return f.schema.Name() }

// Schema is the schema, an *avro.Schema of package schema/avro.
func (f *Format) Schema() schema.Schema { return f.schema }

// RawBytes reports that the schema is "bytes", whose payloads have no length: see Decode.
func (f *Format) RawBytes() bool { return f.root.kind == avro.Bytes }

// Decode reads a payload. What follows the record in it is passed over, as Java
// does. Errors are a *PayloadError.
//
// A payload of the schema "bytes" is those bytes alone: the serializers of the
// reference write no length before them.
func (f *Format) Decode(payload []byte) (any, error) {
	return f.plan.decode(payload)
}

// Reader returns a function that reads payloads of a writer's schema as records of this one, by the
// schema resolution of Avro 1.12. Nothing is decided before it must be: a writer's
// branch or symbol that this schema lacks is an error only in the payload that has it. Errors
// are a *PayloadError, or a *record.MismatchError for what this schema cannot take.
func (f *Format) Reader(writer *Format) func(payload []byte) (any, error) {
	return f.Reading(writer, false).Record
}

// Append encodes a record and appends it to dst. Fields that a map lacks are
// filled from their defaults, keys that are no fields are passed over. Numbers of every Go type are
// taken where they fit exactly; float64 is rounded to float.
// Entries of maps are written in the order of their keys, so that equal records are equal bytes.
func (f *Format) Append(dst []byte, v any) ([]byte, error) {
	if f.root.kind == avro.Bytes {
		if b, ok := f.root.fit(v); ok {
			return append(dst, b.([]byte)...), nil
		}
	}
	if isStruct(v) {
		if codec := f.structs(); codec != nil {
			// What it refuses may be a value that it does not know and we do; and we say where it is.
			if b, err := codec.AppendEncode(dst, v); err == nil {
				return b, nil
			}
		}
	}
	b, wrong := f.root.append(dst, v, 0)
	if wrong != nil {
		return nil, wrong.mismatch()
	}
	return b, nil
}

// isStruct reports whether a value is a struct or a pointer to one.
func isStruct(v any) bool {
	switch v.(type) {
	case map[string]any, []any, string, []byte, nil, *record.Branch:
		return false
	}
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}
