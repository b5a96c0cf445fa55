package client

import (
	"context"
	"net/http"
)

type mode struct {
	Mode *string `json:"mode"`
}

func callMode(ctx context.Context, c *Client, q *request) (string, error) {
	m, err := call[mode](ctx, c, q, nil)
	if err != nil || m.Mode == nil {
		return "", err
	}
	return *m.Mode, nil
}

// Mode is the mode of a subject, with "" that of the registry: READWRITE, READONLY, READONLY_OVERRIDE, IMPORT or FORWARD. A subject
// without one of its own is ErrModeNotFound, unless DefaultToGlobal is given.
func (c *Client) Mode(ctx context.Context, subject string, params ...Param) (string, error) {
	return callMode(ctx, c, about(http.MethodGet, "mode", subject).with(params))
}

// SetMode sets the mode of a subject, with "" that of the registry; "" as the mode deletes it. It takes Force.
func (c *Client) SetMode(ctx context.Context, subject, name string, params ...Param) error {
	m := mode{&name}
	if name == "" {
		m.Mode = nil
	}
	_, err := callMode(ctx, c, about(http.MethodPut, "mode", subject).sending(m).with(params))
	return err
}

// DeleteMode deletes the mode of a subject, with "" that of the registry, and returns what it was, "" if there was none. It takes Recursive.
func (c *Client) DeleteMode(ctx context.Context, subject string, params ...Param) (string, error) {
	return callMode(ctx, c, about(http.MethodDelete, "mode", subject).with(params).ifUndone())
}
