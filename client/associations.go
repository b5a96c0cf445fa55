package client

import (
	"context"
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
)

// anyNamespace stands for all namespaces of resources.
const anyNamespace = "-"

func associationsByName(namespace, name string) *request {
	return newRequest(http.MethodGet, "associations", "resources", namespace, name)
}

// AssociationsOfSubject lists the associations that a subject has. The calls that list take ResourceType, AssociationType,
// Lifecycle, Offset and Limit.
func (c *Client) AssociationsOfSubject(ctx context.Context, subject string, params ...Param) ([]api.Association, error) {
	return call[[]api.Association](ctx, c, newRequest(http.MethodGet, "associations", "subjects", subject).with(params), nil)
}

// AssociationsOfResource lists the associations of a resource by its id.
func (c *Client) AssociationsOfResource(ctx context.Context, resourceID string, params ...Param) ([]api.Association, error) {
	return call[[]api.Association](ctx, c, newRequest(http.MethodGet, "associations", "resources", resourceID).with(params), nil)
}

// AssociationsByName lists the associations of a resource by its namespace and name. "-" stands for all of either.
func (c *Client) AssociationsByName(ctx context.Context, namespace, name string, params ...Param) ([]api.Association, error) {
	return call[[]api.Association](ctx, c, associationsByName(namespace, name).with(params), nil)
}

func (c *Client) associate(ctx context.Context, q *request) (*api.AssociationResponse, error) {
	defer c.cache.forgetAssociations()
	a, err := call[api.AssociationResponse](ctx, c, q, nil)
	if err != nil {
		return nil, err
	}
	return &a, nil
}

// CreateAssociations associates a resource with subjects. What is there already with the same content is left. It takes InContext and DryRun.
func (c *Client) CreateAssociations(ctx context.Context, body *api.AssociationRequest, params ...Param) (*api.AssociationResponse, error) {
	return c.associate(ctx, newRequest(http.MethodPost, "associations").sending(body).with(params))
}

// UpdateAssociations creates or changes the associations of a resource. It takes InContext and DryRun.
func (c *Client) UpdateAssociations(ctx context.Context, resourceID string, body *api.AssociationRequest, params ...Param) (*api.AssociationResponse, error) {
	return c.associate(ctx, newRequest(http.MethodPut, "associations", "resources", resourceID).sending(body).with(params))
}

// DeleteAssociations deletes associations of a resource. It takes ResourceType, AssociationType, CascadeLifecycle and DryRun.
func (c *Client) DeleteAssociations(ctx context.Context, resourceID string, params ...Param) error {
	defer c.cache.forgetAssociations()
	return callNothing(ctx, c, newRequest(http.MethodDelete, "associations", "resources", resourceID).with(params).ifUndone())
}

func callResults(ctx context.Context, c *Client, q *request, requests int) ([]api.AssociationResult, error) {
	a, err := call(ctx, c, q, func(a *api.AssociationResults) string {
		if len(a.Results) != requests {
			return "another number of results than of requests"
		}
		return ""
	})
	return a.Results, err
}

// BatchGetAssociations lists the associations of several resources: one result for each query, in their order, each with an error of its own.
// It takes IncludeSchemas.
func (c *Client) BatchGetAssociations(ctx context.Context, queries []api.AssociationQuery, params ...Param) ([]api.AssociationResult, error) {
	q := newRequest(http.MethodPost, "associations:batchGet").sending(api.AssociationBatch[api.AssociationQuery]{Requests: queries})
	return callResults(ctx, c, q.with(params), len(queries))
}

// BatchMutateAssociations changes the associations of several resources: one result for each request, in their order, each with an error of
// its own. It takes InContext and DryRun.
func (c *Client) BatchMutateAssociations(ctx context.Context, requests []api.AssociationOpRequest, params ...Param) ([]api.AssociationResult, error) {
	defer c.cache.forgetAssociations()
	q := newRequest(http.MethodPost, "associations:batchMutate").sending(api.AssociationBatch[api.AssociationOpRequest]{Requests: requests})
	return callResults(ctx, c, q.with(params).ifUndone(), len(requests))
}
