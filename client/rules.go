package client

import (
	"context"
	"net/http"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

func aboutRules(what string, body any) *request {
	return newRequest(http.MethodPost, "concordat", "v1", "rules", what).sending(body)
}

// RunRules asks what rules would do with a record. The calls on rules are Concordat's own, and change nothing.
func (c *Client) RunRules(ctx context.Context, body *api.RuleTrial) (*rules.Trace, error) {
	return callPart[rules.Trace](ctx, c, aboutRules("run", body))
}

// CheckRules asks what is wrong with the rules of a contract; nothing is an empty list.
func (c *Client) CheckRules(ctx context.Context, body *api.RuleCheck) ([]rules.Problem, error) {
	type problems struct {
		Problems []rules.Problem `json:"problems"`
	}
	a, err := call[problems](ctx, c, aboutRules("check", body), nil)
	return a.Problems, err
}

// VerifyRules asks whether the migrations between two versions hold what they promise.
func (c *Client) VerifyRules(ctx context.Context, body *api.RuleProof) (*rules.Verdict, error) {
	return callPart[rules.Verdict](ctx, c, aboutRules("verify", body))
}

// SampleRules asks for records that a contract admits and refuses.
func (c *Client) SampleRules(ctx context.Context, body *api.RuleSamples) (*rules.Samples, error) {
	return callPart[rules.Samples](ctx, c, aboutRules("sample", body))
}
