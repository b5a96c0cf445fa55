package client

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// memo remembers answers by what was asked, the most recently used up to a capacity, and has each question asked once at a time.
type memo[K comparable, V any] struct {
	capacity int
	timeout  time.Duration // of a flight
	now      func() time.Time

	mu      sync.Mutex
	entries map[K]*list.Element // of recent; each holds a *memoEntry
	recent  *list.List          // the most recently used first
	flights map[K]*flight[answerFor[V]]
	doubted map[K]*flight[answerFor[V]] // those of flights whose failure is not to be remembered
}

type memoEntry[K comparable, V any] struct {
	key     K
	value   V
	err     error
	expires time.Time // zero: never
}

// answerFor is an answer and how long it may be believed.
type answerFor[V any] struct {
	value V
	life  time.Duration // 0 for ever; of a failure, not at all
}

func newMemo[K comparable, V any](capacity int, timeout time.Duration, now func() time.Time) *memo[K, V] {
	return &memo[K, V]{
		capacity: capacity, timeout: timeout, now: now,
		entries: map[K]*list.Element{}, recent: list.New(), flights: map[K]*flight[answerFor[V]]{}, doubted: map[K]*flight[answerFor[V]]{},
	}
}

// get gives what is known of a key, or asks. A failure is remembered if it has a life.
func (m *memo[K, V]) get(ctx context.Context, key K, ask func(context.Context) (value V, life time.Duration, err error)) (V, error) {
	m.mu.Lock()
	if e := m.find(key); e != nil {
		m.mu.Unlock()
		return e.value, e.err
	}
	f := m.flights[key]
	if f == nil {
		work := func(ctx context.Context) (a answerFor[V], err error) {
			a.value, a.life, err = ask(ctx)
			return a, err
		}
		f = launch(ctx, m.timeout, work, func(f *flight[answerFor[V]]) { m.land(key, f) })
		m.flights[key] = f
	}
	m.mu.Unlock()
	a, err := f.wait(ctx)
	return a.value, err
}

// find is called with the lock held. nil is not known.
func (m *memo[K, V]) find(key K) *memoEntry[K, V] {
	el := m.entries[key]
	if el == nil {
		return nil
	}
	e := el.Value.(*memoEntry[K, V])
	if !e.expires.IsZero() && !m.now().Before(e.expires) {
		m.drop(el)
		return nil
	}
	m.recent.MoveToFront(el)
	return e
}

// land keeps the answer of a flight, unless it was forgotten on the way.
func (m *memo[K, V]) land(key K, f *flight[answerFor[V]]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	doubted := m.doubted[key] == f
	if doubted {
		delete(m.doubted, key)
	}
	if m.flights[key] != f {
		return
	}
	delete(m.flights, key)
	if f.err != nil && (f.value.life <= 0 || doubted) {
		return
	}
	e := &memoEntry[K, V]{key: key, value: f.value.value, err: f.err}
	if f.value.life > 0 {
		e.expires = m.now().Add(f.value.life)
	}
	if old := m.entries[key]; old != nil {
		m.drop(old)
	}
	m.entries[key] = m.recent.PushFront(e)
	for m.recent.Len() > m.capacity {
		m.drop(m.recent.Back())
	}
}

func (m *memo[K, V]) drop(el *list.Element) {
	delete(m.entries, m.recent.Remove(el).(*memoEntry[K, V]).key)
}

// forget drops the answers, and disowns the flights, whose keys are meant: who asks afterwards is told what holds afterwards.
func (m *memo[K, V]) forget(meant func(K) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, el := range m.entries {
		if meant(key) {
			m.drop(el)
		}
	}
	for key := range m.flights {
		if meant(key) {
			delete(m.flights, key)
		}
	}
}

// forgetFailures is forget of failures alone, those that flights are still to bring too.
func (m *memo[K, V]) forgetFailures(meant func(K) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, el := range m.entries {
		if el.Value.(*memoEntry[K, V]).err != nil && meant(key) {
			m.drop(el)
		}
	}
	for key, f := range m.flights {
		if meant(key) {
			m.doubted[key] = f
		}
	}
}
