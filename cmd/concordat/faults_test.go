package main

import (
	"github.com/seed-9f7c7091/concordat/server/replaytest"
	"github.com/seed-9f7c7091/concordat/storage"
	"github.com/seed-9f7c7091/concordat/storage/storagetest"
)

// A fault is what a recording needs that no request can bring about: a store
// whose writes time out from an exchange on.
type fault struct {
	store  storagetest.Faulty
	frozen int
}

var faults = map[string]*fault{
	"faults-store-down": {frozen: 3},
}

func (f *fault) between() func(storage.Store) storage.Store {
	if f == nil {
		return nil
	}
	return func(inner storage.Store) storage.Store {
		f.store.Store = inner
		f.store.Fail(nil)
		return &f.store
	}
}

func (f *fault) before() func(*replaytest.Exchange) {
	if f == nil {
		return nil
	}
	return func(e *replaytest.Exchange) {
		if e.N >= f.frozen {
			f.store.Fail(storage.ErrTimeout)
		}
	}
}
