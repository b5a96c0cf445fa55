package serde

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// maxPlans is how many plans a serde keeps. Topics and schemas are few; when
// there are more, all are made anew.
const maxPlans = 1000

// plans are what has been made ready, by key. Reading takes no lock: the map is
// replaced, never changed.
type plans[K comparable, P any] struct {
	last   atomic.Pointer[P] // that a message was of: the one looked for first
	all    atomic.Pointer[map[K]*P]
	mu     sync.Mutex // of those who replace it
	flight singleflight.Group
}

func (ps *plans[K, P]) get(key K) *P {
	if m := ps.all.Load(); m != nil {
		return (*m)[key]
	}
	return nil
}

func (ps *plans[K, P]) put(key K, p *P) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	next := map[K]*P{}
	if m := ps.all.Load(); m != nil && len(*m) < maxPlans {
		next = maps.Clone(*m)
	}
	next[key] = p
	ps.all.Store(&next)
}

// make makes the plan of a key, once for all who ask for it at the same time. Who
// asks waits no longer than ctx; the plan is made for the others all the same.
func (ps *plans[K, P]) make(ctx context.Context, key K, name string, prepare func(context.Context) (*P, error)) (*P, error) {
	done := ps.flight.DoChan(name, func() (any, error) {
		if p := ps.get(key); p != nil {
			return p, nil
		}
		p, err := safely(func() (*P, error) { return prepare(context.WithoutCancel(ctx)) })
		if err != nil {
			return nil, err
		}
		ps.put(key, p)
		return p, nil
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*P), nil
	case <-ctx.Done():
		return nil, ended(ctx)
	}
}

// renew makes a plan anew in the background, if it is due and nobody else does. failed is told why there is no other.
func (ps *plans[K, P]) renew(ctx context.Context, key K, p *P, r *renewal, prepare func(context.Context) (*P, error), failed func(error)) {
	if !r.start() {
		return
	}
	if next := ps.get(key); next != nil && next != p {
		ps.last.CompareAndSwap(p, next)
		r.replaced()
		return
	}
	ctx = context.WithoutCancel(ctx)
	go func() {
		next, err := safely(func() (*P, error) { return prepare(ctx) })
		if err != nil {
			failed(err)
			return
		}
		ps.put(key, next)
		ps.last.CompareAndSwap(p, next)
		r.replaced()
	}()
}

// safely makes a panic an error. Plans are made on goroutines of their own, where nobody could recover from the panic of
// a strategy, say, of the program's.
func safely[P any](prepare func() (*P, error)) (p *P, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("panic: %v", r)
		}
	}()
	return prepare()
}

// ended is the error of a context that is over, with the cause that was given for it.
func ended(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err { //nolint:errorlint // whether there is another
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// renewal is when a plan that stands on the latest version is to be made anew.
// Meanwhile, and for as long as the registry cannot be reached, the plan serves.
type renewal struct {
	due  atomic.Bool
	busy atomic.Bool
}

// leastRenewal is how long a plan serves at least, however short the latest version is believed.
const leastRenewal = 100 * time.Millisecond

// after has the plan be due after a time; never if that is 0.
func (r *renewal) after(d time.Duration) {
	if d > 0 {
		time.AfterFunc(max(d, leastRenewal), func() { r.due.Store(true) })
	}
}

// start reports whether the caller is the one to renew the plan.
func (r *renewal) start() bool { return r.due.Load() && r.busy.CompareAndSwap(false, true) }

// replaced has those who still have the plan look for the next one.
func (r *renewal) replaced() { r.busy.Store(false) }

// failed has the plan serve for another while.
func (r *renewal) failed(d time.Duration) {
	r.due.Store(false)
	r.busy.Store(false)
	r.after(d)
}
