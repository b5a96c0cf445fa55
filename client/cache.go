package client

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

// Cache answers from memory what the registry was asked before. Answers are shared: they must not be changed.
//
// What cannot change is kept as long as there is room: schemas by id, GUID or version, and what came of registrations and look-ups.
// The latest version of a subject, and the associations of topics, are believed for as long as WithLatestTTL says; what this client
// registers or deletes under a subject makes it ask again. That something is not there is kept for as long as WithMissingTTL says,
// and no other failure ever.
//
// Many who ask the same at the same time cause one request. A context ends the wait of its own caller alone.
type Cache struct {
	client         *Client
	latestTTL      time.Duration
	associationTTL time.Duration
	absenceTTL     time.Duration
	missing        missingTTL

	byID         *memo[idKey, *api.Schema]
	byGUID       *memo[schema.GUID, *api.Schema]
	versions     *memo[versionKey, *api.Schema]
	contents     *memo[contentKey, *api.Schema] // registrations and look-ups
	latest       *memo[latestKey, *api.Schema]
	associations *memo[associationKey, string]
}

type idKey struct {
	subject string
	id      int
}

type versionKey struct {
	subject string
	version int
}

// contentKey is a digest of the request as it is sent: two that are the same on the wire have the same answer.
type contentKey struct {
	subject string
	sum     [sha256.Size]byte
}

// latestKey is the latest version, or with properties, as they are written in a query, the latest that has them.
type latestKey struct {
	subject    string
	properties string
}

type associationKey struct{ namespace, topic, kind string }

func newCache(c *Client, s *settings) *Cache {
	k := &Cache{client: c, latestTTL: s.latestTTL, associationTTL: s.associationTTL, absenceTTL: s.absenceTTL, missing: s.missing}
	if k.associationTTL == 0 {
		k.associationTTL = s.latestTTL
	}
	if k.absenceTTL == 0 {
		if k.absenceTTL = k.associationTTL; k.absenceTTL == 0 {
			k.absenceTTL = defaultAbsenceTTL
		}
	}
	timeout := c.longest()
	k.byID = newMemo[idKey, *api.Schema](s.capacity, timeout, s.now)
	k.byGUID = newMemo[schema.GUID, *api.Schema](s.capacity, timeout, s.now)
	k.versions = newMemo[versionKey, *api.Schema](s.capacity, timeout, s.now)
	k.contents = newMemo[contentKey, *api.Schema](s.capacity, timeout, s.now)
	k.latest = newMemo[latestKey, *api.Schema](s.latestCapacity, timeout, s.now)
	k.associations = newMemo[associationKey, string](s.capacity, timeout, s.now)
	return k
}

// missingTTL is how long it is believed that something is not there; 0 is not at all.
type missingTTL struct{ id, version, schema time.Duration }

// lives is how long an answer is believed: 0 for ever, and of what is not there, not at all.
type lives struct{ found, missing time.Duration }

// recall gets from a memo what a request is answered. The request is made only when it is needed.
func recall[K comparable](ctx context.Context, k *Cache, m *memo[K, *api.Schema], key K, life lives, ask func() *request, send func(context.Context, *Client, *request) (*api.Schema, error)) (*api.Schema, error) {
	s, err := m.get(ctx, key, func(ctx context.Context) (*api.Schema, time.Duration, error) {
		s, err := send(ctx, k.client, ask())
		var e *Error
		switch {
		case err == nil:
			return s, life.found, nil
		case errors.As(err, &e) && e.Status == http.StatusNotFound:
			return nil, life.missing, err
		}
		return nil, 0, err
	})
	if err != nil {
		return nil, k.explain(ask(), err)
	}
	return s, nil
}

// explain says of an error that did not come of a request, such as the end of the caller's context, what was asked.
func (k *Cache) explain(q *request, err error) error {
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	return &Error{Method: q.method, URL: k.client.endpoints[k.client.current.Load()].base + q.target(), Err: err}
}

// LatestTTL is how long the latest version of a subject is believed; 0 for ever.
func (k *Cache) LatestTTL() time.Duration { return k.latestTTL }

// ByID is the schema of an id in the context of a subject; "" stands for the default context. Version is 0 where the registry
// does not tell.
func (k *Cache) ByID(ctx context.Context, subject string, id int) (*api.Schema, error) {
	ask := func() *request {
		q := schemaByID(id)
		if subject != "" {
			q.with([]Param{InSubject(subject)})
		}
		return q
	}
	return recall(ctx, k, k.byID, idKey{subject, id}, lives{missing: k.missing.id}, ask, func(ctx context.Context, c *Client, q *request) (*api.Schema, error) {
		s, err := callSchemaString(ctx, c, q)
		if err != nil {
			return nil, err
		}
		return asSchema(s, id), nil
	})
}

// ByGUID is the schema of a GUID. Its id is 0: a GUID may have several, one in each context.
func (k *Cache) ByGUID(ctx context.Context, guid schema.GUID) (*api.Schema, error) {
	ask := func() *request { return schemaByGUID(guid.String()) }
	return recall(ctx, k, k.byGUID, guid, lives{missing: k.missing.id}, ask, func(ctx context.Context, c *Client, q *request) (*api.Schema, error) {
		s, err := callSchemaString(ctx, c, q)
		if err != nil {
			return nil, err
		}
		if s.GUID == "" {
			s.GUID = guid.String()
		}
		return asSchema(s, 0), nil
	})
}

func asSchema(s *api.SchemaString, id int) *api.Schema {
	return &api.Schema{Subject: s.Subject, Version: s.Version, ID: id, GUID: s.GUID, SchemaType: s.SchemaType, References: s.References,
		Metadata: s.Metadata, RuleSet: s.RuleSet, Schema: s.Schema, SchemaTags: s.SchemaTags, TS: s.TS, Deleted: s.Deleted}
}

// Version is a version of a subject, deleted ones too; -1 is Latest.
func (k *Cache) Version(ctx context.Context, subject string, version int) (*api.Schema, error) {
	if version == latestVersion {
		return k.Latest(ctx, subject)
	}
	ask := func() *request { return versionOf(http.MethodGet, subject, version).with([]Param{Deleted}) }
	return recall(ctx, k, k.versions, versionKey{subject, version}, lives{missing: k.missing.version}, ask, callSchema)
}

// Latest is the latest version of a subject.
func (k *Cache) Latest(ctx context.Context, subject string) (*api.Schema, error) {
	ask := func() *request { return versionOf(http.MethodGet, subject, latestVersion) }
	return recall(ctx, k, k.latest, latestKey{subject: subject}, lives{k.latestTTL, k.missing.version}, ask, callSchema)
}

// LatestWithMetadata is the newest version, deleted ones too, that has all the properties.
func (k *Cache) LatestWithMetadata(ctx context.Context, subject string, properties map[string]string) (*api.Schema, error) {
	q := versionWithMetadata(subject, properties).with([]Param{Deleted})
	key := latestKey{subject, q.query.Encode()}
	return recall(ctx, k, k.latest, key, lives{k.latestTTL, k.missing.version}, func() *request { return q }, callSchema)
}

// Register registers a schema, and gives it as it was stored. Of s the type, the text, the references, the metadata and the rule
// set count. Registries before Confluent's 8 answer the id alone: there, the version is 0, the GUID "" and the rest is s.
func (k *Cache) Register(ctx context.Context, subject string, s *api.Schema, normalize bool) (*api.Schema, error) {
	return k.RegisterRequest(ctx, subject, s.Request(), normalize)
}

// RegisterRequest is Register with all that a request can say.
func (k *Cache) RegisterRequest(ctx context.Context, subject string, body *api.RegisterRequest, normalize bool) (*api.Schema, error) {
	q := register(subject, body)
	if normalize {
		q.with([]Param{Normalize})
	}
	return k.byContent(ctx, subject, q, lives{}, func(ctx context.Context, c *Client, q *request) (*api.Schema, error) {
		a, err := c.register(ctx, subject, q)
		if err != nil {
			return nil, err
		}
		stored := &api.Schema{Subject: subject, Version: a.Version, ID: a.ID, GUID: a.GUID, SchemaType: a.SchemaType, References: a.References,
			Metadata: a.Metadata, RuleSet: a.RuleSet, Schema: a.Schema, TS: a.TS, Deleted: a.Deleted}
		if a.Schema == "" {
			// What was sent, and not s, which is the caller's.
			var sent api.RegisterRequest
			if err := json.Unmarshal(q.body.(json.RawMessage), &sent); err != nil {
				return nil, err
			}
			stored.SchemaType, stored.Schema, stored.References, stored.Metadata, stored.RuleSet = sent.SchemaType, sent.Schema, sent.References, sent.Metadata, sent.RuleSet
			settleSchema(stored)
		}
		return stored, nil
	})
}

// LookUp finds a schema under a subject by its content; among deleted versions too if deleted is set. What counts of s is the
// same as with Register.
func (k *Cache) LookUp(ctx context.Context, subject string, s *api.Schema, normalize, deleted bool) (*api.Schema, error) {
	q := lookUp(subject, s.Request())
	if normalize {
		q.with([]Param{Normalize})
	}
	if deleted {
		q.with([]Param{Deleted})
	}
	return k.byContent(ctx, subject, q, lives{missing: k.missing.schema}, callSchema)
}

// byContent answers a request that gives a schema by its content. The body is encoded before anyone else may change what it is made of.
func (k *Cache) byContent(ctx context.Context, subject string, q *request, life lives, send func(context.Context, *Client, *request) (*api.Schema, error)) (*api.Schema, error) {
	body, err := q.payload()
	if err != nil {
		return nil, k.explain(q, err)
	}
	q.body = json.RawMessage(body)
	h := sha256.New()
	io.WriteString(h, q.target())
	h.Write([]byte{'\n'}) // which is in no URL
	h.Write(body)
	key := contentKey{subject: subject}
	h.Sum(key.sum[:0])
	return recall(ctx, k, k.contents, key, life, func() *request { return q }, send)
}

// AssociatedSubject is the subject that keys ("key") or values ("value") of a topic are associated with, "" for none. Several are a
// *AmbiguousError. The namespace is the id of the Kafka cluster, "" or "-" for any.
//
// That there is none is remembered, too, for as long as associations are believed, or for 5 minutes where that is for ever. A
// registry that knows no associations has none.
func (k *Cache) AssociatedSubject(ctx context.Context, namespace, topic, associationType string) (string, error) {
	if namespace == "" {
		namespace = anyNamespace
	}
	key := associationKey{namespace, topic, associationType}
	ask := func() *request {
		return associationsByName(namespace, topic).with([]Param{ResourceType("topic"), AssociationType(associationType)})
	}
	subject, err := k.associations.get(ctx, key, func(ctx context.Context) (string, time.Duration, error) {
		list, err := call[[]api.Association](ctx, k.client, ask(), nil)
		var e *Error
		if errors.As(err, &e) && e.Status == http.StatusNotFound {
			return "", k.absenceTTL, nil
		}
		if err != nil {
			return "", 0, err
		}
		found := map[string]bool{}
		for _, a := range list {
			// A topic may be called "-", which stands for all.
			if (a.ResourceName == topic || a.ResourceName == "") && (a.AssociationType == associationType || a.AssociationType == "") && a.Subject != "" {
				found[a.Subject] = true
			}
		}
		subjects := slices.Sorted(maps.Keys(found))
		switch len(subjects) {
		case 0:
			return "", k.absenceTTL, nil
		case 1:
			return subjects[0], k.associationTTL, nil
		}
		return "", 0, &AmbiguousError{namespace, topic, associationType, subjects}
	})
	if err != nil {
		return "", k.explain(ask(), err)
	}
	return subject, nil
}

// forgetLatest has the latest version of a subject asked again, which may be a new one, and what was not there.
func (k *Cache) forgetLatest(subject string) {
	k.latest.forget(func(key latestKey) bool { return key.subject == subject })
	k.versions.forgetFailures(func(key versionKey) bool { return key.subject == subject })
	k.contents.forgetFailures(func(key contentKey) bool { return key.subject == subject })
	k.byID.forgetFailures(func(idKey) bool { return true })
	k.byGUID.forgetFailures(func(schema.GUID) bool { return true })
}

// forgetSubject has everything about a subject asked again, of which versions were deleted.
func (k *Cache) forgetSubject(subject string) {
	k.forgetLatest(subject)
	k.versions.forget(func(key versionKey) bool { return key.subject == subject })
	k.contents.forget(func(key contentKey) bool { return key.subject == subject })
	k.byID.forget(func(key idKey) bool { return key.subject == subject })
}

// forgetAssociations has the associations of all topics asked again.
func (k *Cache) forgetAssociations() {
	k.associations.forget(func(associationKey) bool { return true })
}

// propertiesQuery writes metadata properties as a query: sorted, so that it is the same for the same properties.
func propertiesQuery(properties map[string]string) url.Values {
	v := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		v.Add("key", name)
		v.Add("value", properties[name])
	}
	return v
}

// describe names a schema in errors.
func describe(subject string, version int) string {
	return fmt.Sprintf("%s version %d", subject, version)
}
