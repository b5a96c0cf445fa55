package main

import (
	"context"

	"github.com/seed-9f7c7091/concordat/server/replaytest"
	"github.com/seed-9f7c7091/concordat/storage"
)

// A fault is what a recording needs that no request can bring about.
type fault struct {
	store  *frozenStore
	frozen int // the exchange before which the store freezes
}

var faults = map[string]*fault{
	"faults-store-down": {store: &frozenStore{}, frozen: 3},
}

func (f *fault) between() func(storage.Store) storage.Store {
	if f == nil {
		return nil
	}
	return func(inner storage.Store) storage.Store {
		f.store.Store, f.store.frozen = inner, false
		return f.store
	}
}

func (f *fault) before() func(*replaytest.Exchange) {
	if f == nil {
		return nil
	}
	return func(e *replaytest.Exchange) { f.store.frozen = e.N >= f.frozen }
}

// frozenStore lets writes time out while it is frozen.
type frozenStore struct {
	storage.Store
	frozen bool
}

func (s *frozenStore) Write(ctx context.Context, do func(storage.Turn) error) error {
	if s.frozen {
		return storage.ErrTimeout
	}
	return s.Store.Write(ctx, do)
}
