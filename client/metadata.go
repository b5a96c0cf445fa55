package client

import (
	"context"
	"io"
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
)

// ClusterID says which registry it is that answers.
func (c *Client) ClusterID(ctx context.Context) (*api.ClusterID, error) {
	return callPart[api.ClusterID](ctx, c, newRequest(http.MethodGet, "v1", "metadata", "id"))
}

// ServerVersion is the version of the registry's program.
func (c *Client) ServerVersion(ctx context.Context) (*api.ServerVersion, error) {
	return callPart[api.ServerVersion](ctx, c, newRequest(http.MethodGet, "v1", "metadata", "version"))
}

// Deployment tells how the registry is deployed.
func (c *Client) Deployment(ctx context.Context) (*api.Deployment, error) {
	return callPart[api.Deployment](ctx, c, newRequest(http.MethodGet, "v1", "metadata", "deployment"))
}

// callPart makes a request whose answer is an object with nothing in it that must be there.
func callPart[T any](ctx context.Context, c *Client, q *request) (*T, error) {
	v, err := call[T](ctx, c, q, nil)
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// Ping asks whether a registry answers at all, and takes who asks for someone it knows.
func (c *Client) Ping(ctx context.Context) error {
	_, err := call[map[string]any](ctx, c, &request{method: http.MethodGet, path: "/"}, nil)
	return err
}

// Live, Started and Ready are the health checks of Concordat: nil, or why not, by one attempt at the URL in use. Live asks whether the
// program runs, Started whether its store can be read, and Ready whether requests should be sent to it.
func (c *Client) Live(ctx context.Context) error { return c.probe(ctx, "live") }

// Started is one of the health checks; see Live.
func (c *Client) Started(ctx context.Context) error { return c.probe(ctx, "startup") }

// Ready is one of the health checks; see Live.
func (c *Client) Ready(ctx context.Context) error { return c.probe(ctx, "ready") }

func (c *Client) probe(ctx context.Context, which string) error {
	q := newRequest(http.MethodGet, "health", which)
	q.repeat, q.accept = never, "application/json"
	_, err := call[map[string]any](ctx, c, q, nil)
	return err
}

// Backup is a consistent copy of a registry of Concordat, in the format that its restore command reads. The caller reads it to the end,
// where an error other than io.EOF says that the copy is not whole, and closes it. The client's timeout bounds each
// wait for more.
func (c *Client) Backup(ctx context.Context) (io.ReadCloser, error) {
	q := newRequest(http.MethodGet, "concordat", "v1", "backup")
	q.accept, q.stream = "application/octet-stream", true
	a, err := c.do(ctx, q)
	if err != nil {
		return nil, err
	}
	return a.stream, nil
}
