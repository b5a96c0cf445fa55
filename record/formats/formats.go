// Package formats finds the record format of a parsed schema.
package formats

import (
	"fmt"

	"github.com/seed-9f7c7091/concordat/record"
	recordavro "github.com/seed-9f7c7091/concordat/record/avro"
	recordjson "github.com/seed-9f7c7091/concordat/record/jsonschema"
	recordprotobuf "github.com/seed-9f7c7091/concordat/record/protobuf"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema/protobuf"
)

// Of makes the format of a schema's records; for Protobuf those of the first
// message of the file.
func Of(s schema.Schema) (record.Format, error) {
	switch s := s.(type) {
	case *avro.Schema:
		return made(recordavro.New(s))
	case *jsonschema.Schema:
		return made(recordjson.NewFormat(s))
	case *protobuf.Schema:
		return made(recordprotobuf.New(s))
	}
	return nil, fmt.Errorf("records of the type %s are not known", s.Type())
}

// made keeps a pointer that is nil out of the interface.
func made[F record.Format](f F, err error) (record.Format, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}
