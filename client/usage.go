package client

import (
	"context"
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
)

// ReportUsage tells Concordat which versions are in use, at most api.MaxUses at once. A use that it knows already is as of now.
// The answer has the versions that do not exist; the other uses were taken.
func (c *Client) ReportUsage(ctx context.Context, uses []api.Usage) (*api.UsageResult, error) {
	return callPart[api.UsageResult](ctx, c, newRequest(http.MethodPost, "concordat", "v1", "usage").sending(api.Usages{Usages: uses}))
}

// Usage lists the uses that were reported to Concordat. It takes InSubject, OfVersion, Role, Principal, Offset and Limit.
func (c *Client) Usage(ctx context.Context, params ...Param) ([]api.Usage, error) {
	u, err := call(ctx, c, newRequest(http.MethodGet, "concordat", "v1", "usage").with(params), func(u *api.Usages) string {
		if u.Usages == nil {
			return "no list of uses"
		}
		return ""
	})
	return u.Usages, err
}
