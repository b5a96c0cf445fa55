package client

import (
	"context"
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
)

// verdict is an answer of which it shows whether it is a verdict.
type verdict struct {
	api.CompatibilityResult
	IsCompatible *bool `json:"is_compatible"`
}

func callVerdict(ctx context.Context, c *Client, q *request) (*api.CompatibilityResult, error) {
	v, err := call(ctx, c, q, func(v *verdict) string {
		if v.IsCompatible == nil {
			return "a verdict without is_compatible"
		}
		v.CompatibilityResult.IsCompatible = *v.IsCompatible
		return ""
	})
	if err != nil {
		return nil, err
	}
	return &v.CompatibilityResult, nil
}

// CheckCompatibility asks whether a schema could be registered under a subject, by the subject's own level. It takes Normalize, Verbose and
// Suggestions.
func (c *Client) CheckCompatibility(ctx context.Context, subject string, body *api.RegisterRequest, params ...Param) (*api.CompatibilityResult, error) {
	return callVerdict(ctx, c, newRequest(http.MethodPost, "compatibility", "subjects", subject, "versions").sending(body).with(params))
}

// CheckCompatibilityWithVersion asks whether a schema is compatible with one version, -1 for the latest. It takes the same as CheckCompatibility.
func (c *Client) CheckCompatibilityWithVersion(ctx context.Context, subject string, version int, body *api.RegisterRequest, params ...Param) (*api.CompatibilityResult, error) {
	return callVerdict(ctx, c, newRequest(http.MethodPost, "compatibility", "subjects", subject, "versions", versionText(version)).sending(body).with(params))
}
