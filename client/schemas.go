package client

import (
	"context"
	"net/http"
	"strconv"

	"github.com/seed-9f7c7091/concordat/api"
)

func schemaByID(id int, more ...string) *request {
	return newRequest(http.MethodGet, append([]string{"schemas", "ids", strconv.Itoa(id)}, more...)...)
}

func schemaByGUID(guid string, more ...string) *request {
	return newRequest(http.MethodGet, append([]string{"schemas", "guids", guid}, more...)...)
}

func callSchemaString(ctx context.Context, c *Client, q *request) (*api.SchemaString, error) {
	s, err := call(ctx, c, q, soundSchemaString)
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// Schemas lists schemas by subject and version, of the default context unless SubjectPrefix says otherwise. It takes
// SubjectPrefix, Aliases, Deleted, LatestOnly, RuleType, ResourceType, AssociationType, Lifecycle, Offset and Limit.
func (c *Client) Schemas(ctx context.Context, params ...Param) ([]*api.Schema, error) {
	return call(ctx, c, newRequest(http.MethodGet, "schemas").with(params), func(list *[]*api.Schema) string {
		for _, s := range *list {
			if s == nil {
				return "null in a list of schemas"
			}
			settleSchema(s)
		}
		return ""
	})
}

// SchemaTypes lists the types of schemas that the registry knows.
func (c *Client) SchemaTypes(ctx context.Context) ([]string, error) {
	return call[[]string](ctx, c, newRequest(http.MethodGet, "schemas", "types"), nil)
}

// SchemaByID is the schema of an id, of the default context unless InSubject says otherwise. It takes InSubject, Format,
// QualifyReferences, FindTags and FetchMaxID.
func (c *Client) SchemaByID(ctx context.Context, id int, params ...Param) (*api.SchemaString, error) {
	return callSchemaString(ctx, c, schemaByID(id).with(params))
}

// SchemaTextByID is the text of an id's schema alone. It takes InSubject and Format. An id that is not known is answered 500 by Confluent's
// registry.
func (c *Client) SchemaTextByID(ctx context.Context, id int, params ...Param) (string, error) {
	return callText(ctx, c, schemaByID(id, "schema").with(params))
}

// SubjectsOfID lists the subjects that have the schema of an id. It takes InSubject, Deleted, Offset and Limit.
func (c *Client) SubjectsOfID(ctx context.Context, id int, params ...Param) ([]string, error) {
	return call[[]string](ctx, c, schemaByID(id, "subjects").with(params), nil)
}

// VersionsOfID lists the versions that have the schema of an id. It takes InSubject, Deleted, Offset and Limit.
func (c *Client) VersionsOfID(ctx context.Context, id int, params ...Param) ([]api.SubjectVersion, error) {
	return call[[]api.SubjectVersion](ctx, c, schemaByID(id, "versions").with(params), nil)
}

// SchemaByGUID is the schema of a GUID, in whatever context. It takes Format.
func (c *Client) SchemaByGUID(ctx context.Context, guid string, params ...Param) (*api.SchemaString, error) {
	return callSchemaString(ctx, c, schemaByGUID(guid).with(params))
}

// IDsOfGUID lists the ids of the schema of a GUID, one for each context that has it, by the contexts' names.
func (c *Client) IDsOfGUID(ctx context.Context, guid string) ([]api.ContextID, error) {
	return call[[]api.ContextID](ctx, c, schemaByGUID(guid, "ids"), nil)
}
