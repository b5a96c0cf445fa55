package serde

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules"
)

// versions are those of a subject on the way from a writer's to a reader's.
type versions struct {
	from, to int
	list     []rules.Version
	path     *rules.Path
}

func (vs *versions) of() *rules.Path {
	if vs == nil {
		return nil
	}
	return vs.path
}

// formats are the versions with the messages that are meant at the two ends.
func (vs *versions) formats(writer, reader record.Format) []rules.Version {
	list := make([]rules.Version, len(vs.list))
	for i, v := range vs.list {
		switch v.Number {
		case vs.from:
			v.Format = writer
		case vs.to:
			v.Format = reader
		}
		list[i] = v
	}
	return list
}

// maxVersions is how many versions a migration passes at most.
const maxVersions = 10_000

// between finds all versions of the subject from the writer's to the reader's, deleted ones too; nil if these
// are one. Versions that are gone for good are passed over, and with them their rules.
func (ks *contracts) between(ctx context.Context, subject string, writer, reader *contract) (*versions, error) {
	to := reader.Version
	from, err := ks.versionOf(ctx, subject, writer)
	if err != nil {
		return nil, fmt.Errorf("which version of the subject the message was written by: %w", err)
	}
	if from == to {
		return nil, nil
	}
	step := 1
	if from > to {
		step = -1
	}
	if n := (to - from) * step; n > maxVersions || n < 0 { // which is beyond all numbers
		return nil, fmt.Errorf("there are %d versions between %d and %d", n, from, to)
	}
	vs := &versions{from: from, to: to}
	add := func(number int, k *contract) {
		vs.list = append(vs.list, rules.Version{Number: number, RuleSet: k.RuleSet, Metadata: k.Metadata, Format: k.format})
	}
	add(from, writer)
	for number := from + step; number != to; number += step {
		s, err := ks.cache.Version(ctx, subject, number)
		if errors.Is(err, client.ErrVersionNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		k, err := ks.of(ctx, s)
		if err != nil {
			return nil, err
		}
		add(number, k)
	}
	add(to, reader)
	return vs, nil
}

// versionOf is the version of a schema: what its metadata says, else where its content is found.
func (ks *contracts) versionOf(ctx context.Context, subject string, k *contract) (int, error) {
	if k.Metadata != nil {
		if n, err := strconv.Atoi(k.Metadata.Properties[api.PropertyVersion]); err == nil && n > 0 {
			return n, nil
		}
	}
	found, err := ks.cache.LookUp(ctx, subject, k.Schema, false, true)
	if err != nil {
		return 0, err
	}
	return found.Version, nil
}
