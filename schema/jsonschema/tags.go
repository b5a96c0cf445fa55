package jsonschema

import (
	"errors"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

// Tags is to come.
func (s *Schema) Tags() []api.SchemaTags { return nil }

// WithTags is to come.
func (s *Schema) WithTags(add, remove []api.SchemaTags) (schema.Schema, error) {
	return nil, errors.New("x")
}
