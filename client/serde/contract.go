package serde

import (
	"context"
	"fmt"
	"sync"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/compat/languages"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/formats"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/cel"
	"github.com/seed-9f7c7091/concordat/schema"
)

// contract is a schema of the registry, read.
type contract struct {
	*api.Schema
	parsed schema.Schema
	format record.Format
}

// scope is what rules of the contract are compiled for.
func (k *contract) scope(subject string, f record.Format) rules.Scope {
	return rules.Scope{Subject: subject, Format: f, Metadata: k.Metadata}
}

// contracts are those of one serde, and what else both directions need.
type contracts struct {
	*config
	cache  *client.Cache
	engine *rules.Engine

	mu    sync.Mutex
	known map[*api.Schema]*contract
}

func newContracts(c *client.Client, conf *config) *contracts {
	onMessages, onFields := cel.New()
	opts := []rules.Option{rules.WithExecutors(onMessages, onFields), rules.WithConfig(conf.properties)}
	if conf.dead != nil {
		opts = append(opts, rules.WithActions(conf.deadLetterAction()))
	}
	return &contracts{
		config: conf,
		cache:  c.Cache(),
		engine: rules.New(append(opts, conf.rules...)...),
		known:  map[*api.Schema]*contract{},
	}
}

// maxKnown is how many schemas a serde keeps read. What it uses is in its plans; this is for making them.
const maxKnown = 1000

// of reads a schema of the registry.
func (ks *contracts) of(ctx context.Context, s *api.Schema) (*contract, error) {
	ks.mu.Lock()
	k := ks.known[s]
	ks.mu.Unlock()
	if k != nil {
		return k, nil
	}
	deps, err := ks.cache.Dependencies(ctx, s)
	if err != nil {
		return nil, err
	}
	k, err = read(s, deps)
	if err != nil {
		return nil, err
	}
	ks.mu.Lock()
	defer ks.mu.Unlock()
	if len(ks.known) >= maxKnown {
		clear(ks.known)
	}
	ks.known[s] = k
	return k, nil
}

// read reads a schema with all that it refers to.
func read(s *api.Schema, deps []schema.Dependency) (*contract, error) {
	language, ok := languages.ByType[typeOf(s)]
	if !ok {
		return nil, fmt.Errorf("schemas of the type %s are not known", typeOf(s))
	}
	parsed, err := language.Parse(schema.Source{Text: s.Schema, Dependencies: deps})
	if err != nil {
		return nil, fmt.Errorf("the schema%s cannot be read: %w", ident(s), err)
	}
	format, err := formats.Of(parsed)
	if err != nil {
		return nil, fmt.Errorf("the schema%s has no records: %w", ident(s), err)
	}
	return &contract{s, parsed, format}, nil
}

func ident(s *api.Schema) string {
	switch {
	case s.ID > 0:
		return fmt.Sprintf(" of id %d", s.ID)
	case s.GUID != "":
		return " of GUID " + s.GUID
	}
	return ""
}

// typeOf is the schema type, which is Avro where none is told.
func typeOf(s *api.Schema) string {
	if s.SchemaType == "" {
		return api.Avro
	}
	return s.SchemaType
}

// reads fails where the registry's schema could not read what the record's own writes.
func reads(what string, registered, own *contract) error {
	if typeOf(registered.Schema) != typeOf(own.Schema) {
		return &FormatError{Want: Format(typeOf(own.Schema)), Got: Format(typeOf(registered.Schema))}
	}
	differences := languages.ByType[typeOf(own.Schema)].Diff(registered.parsed, own.parsed, compat.Strict)
	if len(differences) > 0 {
		return &IncompatibleError{what, differences}
	}
	return nil
}

// transforms reports whether a chain has a rule that changes messages.
func transforms(c *rules.Chain) bool {
	for _, r := range c.Rules() {
		if r.Kind != api.KindCondition {
			return true
		}
	}
	return false
}
