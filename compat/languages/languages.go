// Package languages lists the schema languages: how each is read, and how its
// schemas are compared.
package languages

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

// Language is what there is to know of a schema type.
type Language struct {
	schema.Language
	compat.Differ
}

// ByType holds the languages by schema type, as in api.Avro. It must not be changed.
var ByType = map[string]Language{
	api.Avro:     {avro.Language, compatavro.Differ},
	api.JSON:     {jsonschema.Language, compatjson.Differ},
	api.Protobuf: {protobuf.Language{}, compatprotobuf.Differ{}},
}

// Types are the schema types in the reference's order.
func Types() []string { return []string{api.JSON, api.Protobuf, api.Avro} }
