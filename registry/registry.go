// Package registry is the registry itself: what a subject, a version, an id, a
// configuration and a mode are, and which commands change them.
//
// The registry is a pure function of an ordered log of records. A query reads a
// view of the indexes. A command reads the view of its turn, decides, and
// appends records; Apply, called by the store for each record, turns them into
// indexes. Nothing else changes what queries answer.
package registry

import (
	"context"
	"errors"

	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/storage"
	"github.com/seed-9f7c7091/concordat/usage"
)

// Registry answers queries and carries out commands on one store. It is safe
// for concurrent use.
type Registry struct {
	store    storage.Store
	settings Settings
	parsed   *cache[parsedKey, parsedResult]
	diffs    *cache[diffKey, []compat.Difference]
	checked  *cache[checkedKey, []rules.Problem]
	engine   *rules.Engine
	stamps   stamps
	uses     *usage.Table
}

// New serves the registry that a store, opened with Buckets and Apply, holds. A store that
// keeps notes (storage.Notes) keeps the uses told too; with any other they are in memory.
func New(store storage.Store, s Settings) (*Registry, error) {
	r := &Registry{
		store:    store,
		settings: s,
		parsed:   newCache[parsedKey, parsedResult](s.ParsedCache),
		diffs:    newCache[diffKey, []compat.Difference](s.ParsedCache / 8),
		checked:  newCache[checkedKey, []rules.Problem](s.ParsedCache / 32),
		engine:   RuleEngine(),
	}
	store.Watch(r.stamps.observe)
	notes, _ := store.(storage.Notes)
	r.uses = usage.New(notes, usage.Options{})
	return r, nil
}

// Settings returns the settings the registry was made with.
func (r *Registry) Settings() Settings { return r.settings }

// Stats counts what is stored, deleted versions included.
type Stats struct{ Subjects, Schemas int }

// Stats counts what is stored.
func (r *Registry) Stats() (st Stats, err error) {
	err = r.store.View(func(v storage.View) error {
		s := state{v}
		st = Stats{s.counter("subjects"), s.counter("schemas")}
		return nil
	})
	return st, err
}

// view runs a query on a consistent state.
func view[T any](r *Registry, query func(state) (T, error)) (result T, err error) {
	err = r.store.View(func(v storage.View) error {
		result, err = query(state{v})
		return err
	})
	return result, err
}

// turn is the state a command decides on and appends to.
type turn struct {
	state
	append func(key recordKey, value any) error
}

// tombstone appends the deletion of a key.
func (t *turn) tombstone(k recordKey) error { return t.append(k, nil) }

// command carries out a command that changes the registry, in a turn of its own.
func command[T any](ctx context.Context, r *Registry, do func(*turn) (T, error)) (result T, err error) {
	if !r.settings.LeaderEligibility { // what needs no write, such as a refusal, is still answered
		return view(r, func(s state) (T, error) {
			return do(&turn{s, func(recordKey, any) error { return storage.ErrNoLeader }})
		})
	}
	err = r.store.Write(ctx, func(w storage.Turn) error {
		t := &turn{state{w}, func(k recordKey, value any) error {
			var encoded []byte
			if value != nil {
				encoded = encode(value)
			}
			_, err := w.Append(encode(k), encoded)
			return err
		}}
		result, err = do(t)
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return result, nil
}

var errTurnNeeded = errors.New("registry: the command has something to write")

// rehearsed carries out a command whose work is mostly reading: parsing and
// comparing. It is rehearsed on a view, which fills the caches and answers
// whatever needs no write; only a command that would append is given a turn, in which it decides
// again on the state as it is then.
func rehearsed[T any](ctx context.Context, r *Registry, do func(*turn) (T, error)) (T, error) {
	result, err := view(r, func(s state) (T, error) {
		return do(&turn{s, func(recordKey, any) error { return errTurnNeeded }})
	})
	if !errors.Is(err, errTurnNeeded) {
		return result, err
	}
	return command(ctx, r, do)
}
