package client

import (
	"context"
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
)

// ReportUsage tells Concordat which versions are in use. A use that it knows already is as of now.
func (c *Client) ReportUsage(ctx context.Context, uses []api.Usage) error {
	return callNothing(ctx, c, newRequest(http.MethodPost, "concordat", "v1", "usage").sending(api.Usages{Usages: uses}))
}

// Usage lists the uses that were reported to Concordat. Parameters are those of the registry, by Query.
func (c *Client) Usage(ctx context.Context, params ...Param) ([]api.Usage, error) {
	u, err := call(ctx, c, newRequest(http.MethodGet, "concordat", "v1", "usage").with(params), func(u *api.Usages) string {
		if u.Usages == nil {
			return "no list of uses"
		}
		return ""
	})
	return u.Usages, err
}
