package registry

import (
	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat"
	compatavro "github.com/seed-9f7c7091/concordat/compat/avro"
	compatjson "github.com/seed-9f7c7091/concordat/compat/jsonschema"
	compatprotobuf "github.com/seed-9f7c7091/concordat/compat/protobuf"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema/protobuf"
)

// language is what the registry needs of a schema type.
type language struct {
	schema.Language
	compat.Differ
}

// languages by schema type.
var languages = map[string]language{
	api.Avro:     {avro.Language, compatavro.Differ},
	api.JSON:     {jsonschema.Language, compatjson.Differ},
	api.Protobuf: {protobuf.Language{}, compatprotobuf.Differ{}},
}

// Types are the schema types served, in the reference's order.
func Types() []string { return []string{api.JSON, api.Protobuf, api.Avro} }
