package client

import (
	"context"
	"net/http"
)

// Contexts lists the names of the contexts, "." first. It takes ContextPrefix, Offset and Limit.
func (c *Client) Contexts(ctx context.Context, params ...Param) ([]string, error) {
	return call[[]string](ctx, c, newRequest(http.MethodGet, "contexts").with(params), nil)
}

// DeleteContext deletes a context that is empty; one that does not exist counts as deleted.
func (c *Client) DeleteContext(ctx context.Context, name string) error {
	return callNothing(ctx, c, newRequest(http.MethodDelete, "contexts", name))
}
