package serde

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

// choose finds the schema to write by: the first that is asked for, in the order of the Java client.
func (ks *contracts) choose(ctx context.Context, subject string, mine func() (*own, error)) (*contract, error) {
	switch {
	case ks.registers():
		o, err := mine()
		if err != nil {
			return nil, err
		}
		return ks.register(ctx, subject, o)
	case ks.id >= 0:
		s, err := ks.cache.ByID(ctx, subject, ks.id)
		return ks.chosen(ctx, s, err, fmt.Sprintf("the schema of id %d", ks.id), ks.idStrict, mine)
	case ks.guid != "":
		s, err := ks.byGUID(ctx, subject)
		return ks.chosen(ctx, s, err, "the schema of GUID "+ks.guid, ks.idStrict, mine)
	case ks.metadata != nil:
		s, err := ks.cache.LatestWithMetadata(ctx, subject, ks.metadata)
		return ks.chosen(ctx, s, err, "the latest version with the metadata", ks.latestStrict, mine)
	case ks.latest:
		s, err := ks.cache.Latest(ctx, subject)
		return ks.chosen(ctx, s, err, "the latest version", ks.latestStrict, mine)
	}
	o, err := mine()
	if err != nil {
		return nil, err
	}
	return ks.lookUp(ctx, subject, o)
}

// byGUID is the schema of the GUID that was asked for, with the id that it has in the context of the subject.
func (ks *contracts) byGUID(ctx context.Context, subject string) (*api.Schema, error) {
	guid, _ := schema.ParseGUID(ks.guid)
	s, err := ks.cache.ByGUID(ctx, guid)
	if err != nil || s.ID > 0 || ks.headers {
		return s, err
	}
	return ks.cache.LookUp(ctx, subject, s, false, true)
}

// chosen reads a schema of the registry, and holds the record's own against it.
func (ks *contracts) chosen(ctx context.Context, s *api.Schema, err error, what string, strict *bool, mine func() (*own, error)) (*contract, error) {
	if err != nil {
		return nil, err
	}
	k, err := ks.of(ctx, s)
	if err != nil || strict != nil && !*strict {
		return k, err
	}
	o, err := mine()
	switch {
	case errors.Is(err, errNoSchema), strict == nil && (errors.Is(err, errUnderived) || err == nil && !o.sure):
		return k, nil
	case err != nil:
		return nil, err
	}
	return k, reads(what, k, o.contract)
}

// register registers the record's own schema, after those that it imports.
func (ks *contracts) register(ctx context.Context, subject string, o *own) (*contract, error) {
	s, err := ks.withImports(ctx, o, true)
	if err != nil {
		return nil, err
	}
	registered, err := ks.put(ctx, subject, s)
	if err != nil {
		return nil, err
	}
	return ks.entity(ctx, registered, o)
}

// put registers a schema in the way that the options say.
func (ks *contracts) put(ctx context.Context, subject string, s *api.Schema) (*api.Schema, error) {
	body := s.Request()
	body.PropagateSchemaTags = ks.propagate
	return ks.cache.RegisterRequest(ctx, subject, body, ks.normalize)
}

// lookUp finds the record's own schema.
func (ks *contracts) lookUp(ctx context.Context, subject string, o *own) (*contract, error) {
	s, err := ks.withImports(ctx, o, false)
	if err != nil {
		return nil, err
	}
	found, err := ks.cache.LookUp(ctx, subject, s, ks.normalize, false)
	if err != nil {
		return nil, err
	}
	return ks.entity(ctx, found, o)
}

// withImports is the record's own schema with references to what it imports.
func (ks *contracts) withImports(ctx context.Context, o *own, register bool) (*api.Schema, error) {
	if o.file == nil {
		return o.Schema, nil
	}
	refs, err := ks.references(ctx, o.file, register, map[string]api.Reference{})
	if err != nil {
		return nil, err
	}
	s := *o.Schema
	s.References = refs
	return &s, nil
}

// entity is a schema as the registry has it, where it tells; else the record's own under the id given.
func (ks *contracts) entity(ctx context.Context, s *api.Schema, o *own) (*contract, error) {
	if s.Schema != "" {
		return ks.of(ctx, s)
	}
	known := *o.Schema
	known.ID, known.Version, known.GUID = s.ID, s.Version, s.GUID
	return &contract{&known, o.parsed, o.format}, nil
}
