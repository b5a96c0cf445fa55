package client

import (
	"context"
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
)

// about makes a request about a subject, or with "" about the whole registry. ":.name:" is a context.
func about(method, what, subject string) *request {
	if subject == "" {
		return newRequest(method, what)
	}
	return newRequest(method, what, subject)
}

func callConfig(ctx context.Context, c *Client, q *request) (*api.Config, error) {
	cfg, err := call(ctx, c, q, func(cfg *api.Config) string {
		settleConfig(cfg)
		return ""
	})
	if err != nil {
		return nil, err
	}
	return &cfg, nil
}

func settleConfig(c *api.Config) {
	settleMetadata(c.DefaultMetadata)
	settleMetadata(c.OverrideMetadata)
	settleRuleSet(c.DefaultRuleSet)
	settleRuleSet(c.OverrideRuleSet)
}

// Config is the configuration of a subject, with "" that of the registry. A subject without one of its own is ErrConfigNotFound, unless
// DefaultToGlobal is given.
func (c *Client) Config(ctx context.Context, subject string, params ...Param) (*api.Config, error) {
	return callConfig(ctx, c, about(http.MethodGet, "config", subject).with(params))
}

// UpdateConfig changes what the update sets and leaves the rest, and returns what is stored now. Where the update has a nil Set, all members
// that are not empty are set.
func (c *Client) UpdateConfig(ctx context.Context, subject string, update *api.ConfigUpdate) (*api.Config, error) {
	stored, err := call(ctx, c, about(http.MethodPut, "config", subject).sending(update), func(s *api.ConfigStored) string {
		settleConfig((*api.Config)(s))
		return ""
	})
	if err != nil {
		return nil, err
	}
	return (*api.Config)(&stored), nil
}

// SetCompatibility sets the compatibility level of a subject, with "" that of the registry, and leaves the rest of the configuration.
func (c *Client) SetCompatibility(ctx context.Context, subject, level string) (*api.Config, error) {
	return c.UpdateConfig(ctx, subject, &api.ConfigUpdate{Level: &level, Set: map[string]bool{"compatibility": true}})
}

// DeleteConfig deletes the configuration of a subject, with "" that of the registry, and returns what it was.
func (c *Client) DeleteConfig(ctx context.Context, subject string) (*api.Config, error) {
	return callConfig(ctx, c, about(http.MethodDelete, "config", subject).ifUndone())
}
