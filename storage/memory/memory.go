// Package memory keeps a store in memory, for tests and demonstrations: it does
// what a store in a file does, and is gone with the process.
//
// All there is at one time is one state: the log and a tree for each index,
// none of which is ever changed. A view reads the state that was the last when it began;
// a turn makes the next one, which takes the place of the last if the turn succeeds, and is
// forgotten if it does not.
package memory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-9f7c7091/concordat/storage"
)

// Options of a store. The zero value is good for everything but Buckets.
type Options struct {
	// Buckets names the indexes that Apply writes.
	Buckets []string
	// MaxRecord is the greatest length of a record's value, and of its key, in
	// bytes; 1 MiB by default.
	MaxRecord int
	// Clock gives the times of records; time.Now by default.
	Clock func() time.Time
}

// maxKey is the greatest length of an index key in bytes: that of a store in a file,
// so that what is tried here can be done there.
const maxKey = 32 << 10

// Store is a storage.Store in memory.
type Store struct {
	options Options
	apply   storage.Apply
	last    atomic.Pointer[state]
	notes   atomic.Pointer[map[string]*tree] // by book
	writing sync.Mutex                       // of notes
	turn    chan struct{}                    // holds one item while a turn is on
	shut    atomic.Bool

	mu       sync.Mutex
	watchers []func([]storage.Record)
	closed   bool
	writers  sync.WaitGroup // calls of Write that were let in
}

var (
	_ storage.Store = (*Store)(nil)
	_ storage.Notes = (*Store)(nil)
)

// state is the log and the indexes at one time.
type state struct {
	log     []storage.Record // later states share its array, and write beyond its end
	indexes map[string]*tree
}

// Open makes a store that holds nothing. apply derives the indexes; it may be
// nil for a store with none.
func Open(o Options, apply storage.Apply) *Store {
	if o.MaxRecord <= 0 {
		o.MaxRecord = 1 << 20
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if apply == nil {
		apply = func(storage.Tx, storage.Record) error { return nil }
	}
	s := &Store{options: o, apply: apply, turn: make(chan struct{}, 1)}
	indexes := map[string]*tree{}
	for _, name := range o.Buckets {
		indexes[name] = nil
	}
	s.last.Store(&state{indexes: indexes})
	s.notes.Store(&map[string]*tree{})
	return s
}

// View implements storage.Store. A bucket that Options does not name reads as empty.
func (s *Store) View(f func(storage.View) error) error {
	if s.shut.Load() {
		return storage.ErrClosed
	}
	return f(s.last.Load())
}

// Write implements storage.Store. f must not call Write or Close itself. When
// ctx ends before the turn begins, f is not called and the error is that of ctx.
func (s *Store) Write(ctx context.Context, f func(storage.Turn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return storage.ErrClosed
	}
	s.writers.Add(1)
	s.mu.Unlock()
	defer s.writers.Done()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	last := s.last.Load()
	t := &turn{store: s, state: &state{last.log, maps.Clone(last.indexes)}}
	defer func() { t.ended = true }()
	if err := f(t); err != nil {
		return err
	}
	if t.err != nil {
		return t.err
	}
	if appended := t.log[len(last.log):]; len(appended) > 0 {
		s.last.Store(t.state)
		s.mu.Lock()
		watchers := s.watchers
		s.mu.Unlock()
		for _, f := range watchers {
			f(slices.Clip(appended))
		}
	}
	return nil
}

// Watch implements storage.Store.
func (s *Store) Watch(f func([]storage.Record)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, f)
}

// Close implements storage.Store. Calls after it get storage.ErrClosed; closing
// twice is harmless.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.shut.Store(true)
	s.writers.Wait()
	return nil
}

func (s *state) Get(bucket string, key []byte) []byte { return s.indexes[bucket].get(key) }

// Ascend implements storage.View. Each step looks for the next key anew, so that
// in a turn it sees what was changed meanwhile.
func (s *state) Ascend(bucket string, prefix, from []byte, yield func(key, value []byte) bool) {
	if bytes.Compare(from, prefix) < 0 {
		from = prefix
	}
	n := s.indexes[bucket].above(from, true)
	for n != nil && bytes.HasPrefix(n.key, prefix) && yield(n.key, n.value) {
		n = s.indexes[bucket].above(n.key, false)
	}
}

// Descend implements storage.View, as Ascend does.
func (s *state) Descend(bucket string, prefix, before []byte, yield func(key, value []byte) bool) {
	// The walk begins below the end of the prefix or below before, whichever is less.
	end := prefixEnd(prefix)
	if before != nil && (end == nil || bytes.Compare(before, end) < 0) {
		end = before
	}
	n := s.indexes[bucket].below(end, end == nil)
	for n != nil && bytes.HasPrefix(n.key, prefix) && yield(n.key, n.value) {
		n = s.indexes[bucket].below(n.key, false)
	}
}

// prefixEnd is the least key above all keys with the prefix; nil where there is none.
func prefixEnd(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			end := bytes.Clone(prefix[:i+1])
			end[i]++
			return end
		}
	}
	return nil
}

func (s *state) Record(offset int64) (rec storage.Record, ok bool) {
	if offset < 0 || offset >= int64(len(s.log)) {
		return rec, false
	}
	return s.log[offset], true
}

// turn is a storage.Turn: a state in the making.
type turn struct {
	*state
	store *Store
	err   error // the first error of Append: the turn cannot succeed any more
	ended bool
}

// Append implements storage.Turn. After an error the turn cannot succeed any
// more, whatever its function returns.
func (t *turn) Append(key, value []byte) (storage.Record, error) {
	if t.ended {
		return storage.Record{}, errors.New("storage/memory: Append after the turn has ended")
	}
	if t.err != nil {
		return storage.Record{}, t.err
	}
	o := t.store.options
	if n := max(len(key), len(value)); n > o.MaxRecord {
		t.err = fmt.Errorf("%w: a key or value of %d bytes, where %d are allowed", storage.ErrTooLarge, n, o.MaxRecord)
		return storage.Record{}, t.err
	}
	rec := storage.Record{Offset: int64(len(t.log)), Time: o.Clock().UnixMilli(), Key: append([]byte{}, key...), Value: bytes.Clone(value)}
	if n := len(t.log); n > 0 {
		rec.Time = max(rec.Time, t.log[n-1].Time)
	}
	t.err = t.add(t.store.apply, rec)
	return rec, t.err
}

// add puts a record at the end of the log and derives the indexes from it.
func (s *state) add(apply storage.Apply, rec storage.Record) error {
	s.log = append(s.log, rec)
	x := &tx{state: s}
	if err := apply(x, rec); err != nil {
		return err
	}
	return x.err
}

// tx is a storage.Tx: a state in the making, and the right to change its indexes.
type tx struct {
	*state
	err error // the first change that cannot be
}

func (x *tx) Put(bucket string, key, value []byte) {
	index, ok := x.indexes[bucket]
	switch {
	case x.err != nil:
	case !ok:
		x.err = noBucket(bucket)
	case len(key) == 0:
		x.err = fmt.Errorf("storage/memory: an empty key in index bucket %q", bucket)
	case len(key) > maxKey:
		x.err = fmt.Errorf("%w: a key of %d bytes in index bucket %q, where %d are allowed", storage.ErrTooLarge, len(key), bucket, maxKey)
	default:
		x.indexes[bucket] = index.put(bytes.Clone(key), append([]byte{}, value...))
	}
}

func (x *tx) Delete(bucket string, key []byte) {
	index, ok := x.indexes[bucket]
	switch {
	case x.err != nil:
	case !ok:
		x.err = noBucket(bucket)
	default:
		x.indexes[bucket] = index.remove(key)
	}
}

func noBucket(name string) error {
	return fmt.Errorf("storage/memory: there is no index bucket %q", name)
}
