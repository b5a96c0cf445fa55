package storagetest

import (
	"context"
	"sync/atomic"

	"github.com/seed-9f7c7091/concordat/storage"
)

// Faulty is a store whose writes can be made to fail, as they do when a disk is
// full or a leader is lost. Reads go on.
type Faulty struct {
	storage.Store
	fault atomic.Pointer[error]
}

// Fail makes Write return err without running the turn, until it is called with nil.
func (f *Faulty) Fail(err error) {
	if err == nil {
		f.fault.Store(nil)
		return
	}
	f.fault.Store(&err)
}

// Write implements storage.Store.
func (f *Faulty) Write(ctx context.Context, turn func(storage.Turn) error) error {
	if err := f.fault.Load(); err != nil {
		return *err
	}
	return f.Store.Write(ctx, turn)
}
