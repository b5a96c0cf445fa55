package client

import (
	"context"
	"net/http"
	"strconv"

	"github.com/seed-9f7c7091/concordat/api"
)

// latestVersion stands for the latest live version where a version is asked for.
const latestVersion = -1

func versionText(version int) string {
	if version == latestVersion {
		return "latest"
	}
	return strconv.Itoa(version)
}

// versionOf makes a request about a version of a subject.
func versionOf(method, subject string, version int, more ...string) *request {
	return newRequest(method, append([]string{"subjects", subject, "versions", versionText(version)}, more...)...)
}

func register(subject string, body *api.RegisterRequest) *request {
	q := newRequest(http.MethodPost, "subjects", subject, "versions").sending(body)
	if body.Version != nil && *body.Version != 0 {
		q.ifUndone()
	}
	return q
}

func lookUp(subject string, body *api.RegisterRequest) *request {
	return newRequest(http.MethodPost, "subjects", subject).sending(body)
}

func versionWithMetadata(subject string, properties map[string]string) *request {
	q := newRequest(http.MethodGet, "subjects", subject, "metadata")
	q.query = propertiesQuery(properties)
	return q
}

// Subjects lists subjects in order, of all contexts. It takes SubjectPrefix, Deleted, DeletedOnly, Offset and Limit.
func (c *Client) Subjects(ctx context.Context, params ...Param) ([]string, error) {
	return call[[]string](ctx, c, newRequest(http.MethodGet, "subjects").with(params), nil)
}

// Versions lists the versions of a subject. It takes Deleted, DeletedOnly, DeletedAsNegative, Offset and Limit.
func (c *Client) Versions(ctx context.Context, subject string, params ...Param) ([]int, error) {
	return call[[]int](ctx, c, newRequest(http.MethodGet, "subjects", subject, "versions").with(params), nil)
}

// Version is a version of a subject, -1 the latest. It takes Deleted, Format, QualifyReferences and FindTags.
func (c *Client) Version(ctx context.Context, subject string, version int, params ...Param) (*api.Schema, error) {
	return callSchema(ctx, c, versionOf(http.MethodGet, subject, version).with(params))
}

// VersionText is the text of a version alone. It takes Deleted and Format.
func (c *Client) VersionText(ctx context.Context, subject string, version int, params ...Param) (string, error) {
	return callText(ctx, c, versionOf(http.MethodGet, subject, version, "schema").with(params))
}

// VersionWithMetadata is the newest version whose metadata has all the properties. It takes Deleted and Format.
func (c *Client) VersionWithMetadata(ctx context.Context, subject string, properties map[string]string, params ...Param) (*api.Schema, error) {
	return callSchema(ctx, c, versionWithMetadata(subject, properties).with(params))
}

// ReferencedBy lists the ids of the schemas that refer to a version. It takes Deleted, Offset and Limit.
func (c *Client) ReferencedBy(ctx context.Context, subject string, version int, params ...Param) ([]int, error) {
	return call[[]int](ctx, c, versionOf(http.MethodGet, subject, version, "referencedby").with(params), nil)
}

// Register registers a schema; one that is there already is answered as it is. It takes Normalize, Force and Format.
func (c *Client) Register(ctx context.Context, subject string, body *api.RegisterRequest, params ...Param) (*api.RegisterResponse, error) {
	return c.register(ctx, subject, register(subject, body).with(params))
}

func (c *Client) register(ctx context.Context, subject string, q *request) (*api.RegisterResponse, error) {
	// Also when it failed, for the registry may have got it.
	defer c.cache.forgetLatest(subject)
	a, err := call(ctx, c, q, (*registerAnswer).sound)
	if err != nil {
		return nil, err
	}
	return &a.RegisterResponse, nil
}

// LookUp finds a schema under a subject by its content. It takes Normalize, Deleted and Format.
func (c *Client) LookUp(ctx context.Context, subject string, body *api.RegisterRequest, params ...Param) (*api.Schema, error) {
	return callSchema(ctx, c, lookUp(subject, body).with(params))
}

// EditTags makes a new version of an old one by changing its inline tags, metadata or rules.
func (c *Client) EditTags(ctx context.Context, subject string, version int, body *api.TagsRequest) (*api.RegisterResponse, error) {
	return c.register(ctx, subject, versionOf(http.MethodPost, subject, version, "tags").sending(body).ifUndone())
}

// DeleteVersion deletes a version softly, -1 the latest, or with Permanent for good, and returns its number.
func (c *Client) DeleteVersion(ctx context.Context, subject string, version int, params ...Param) (int, error) {
	defer c.cache.forgetSubject(subject)
	return call[int](ctx, c, versionOf(http.MethodDelete, subject, version).with(params).ifUndone(), nil)
}

// DeleteSubject deletes all live versions of a subject softly, or with Permanent all for good, and returns their numbers.
func (c *Client) DeleteSubject(ctx context.Context, subject string, params ...Param) ([]int, error) {
	defer c.cache.forgetSubject(subject)
	return call[[]int](ctx, c, newRequest(http.MethodDelete, "subjects", subject).with(params).ifUndone(), nil)
}
