package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/seed-9f7c7091/concordat/storage"
)

// A batch ends with the turn that reaches one of these.
const (
	maxTurns = 1024
	maxBytes = 32 << 20
)

// waiter is a call of Write that waits for its turn. The turn runs in the
// goroutine of the call, so that a panic is where it belongs; the writer waits for it.
type waiter struct {
	state  atomic.Int32 // pending until the writer or the call claims it
	begin  chan *turn   // the writer gives the turn
	ended  chan error   // the call tells how the turn ended
	result chan error   // the writer tells what Write returns
}

const (
	pending int32 = iota
	begun
	cancelled
)

// errAbandoned ends a turn whose function did not return.
var errAbandoned = errors.New("turn abandoned")

// Write implements storage.Store. f runs in the goroutine of the call and must
// not call Write or Close itself. When ctx ends before the turn begins, f is not called and
// the error is that of ctx. Where a commit fails, all turns of which it
// consists, and those that saw what it would have made durable, get an error that matches
// storage.ErrUnavailable and the cause; the next Write tries anew.
func (s *Store) Write(ctx context.Context, f func(storage.Turn) error) error {
	if s.options.ReadOnly {
		if s.shut.Load() {
			return storage.ErrClosed
		}
		return unavailable(s.path, berrors.ErrDatabaseReadOnly)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &waiter{begin: make(chan *turn, 1), ended: make(chan error, 1), result: make(chan error, 1)}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return storage.ErrClosed
	}
	s.waiting = append(s.waiting, w)
	s.mu.Unlock()
	s.signal()

	var t *turn
	select {
	case t = <-w.begin:
	case err := <-w.result:
		return err
	case <-ctx.Done():
		if w.state.CompareAndSwap(pending, cancelled) {
			return ctx.Err()
		}
		select {
		case t = <-w.begin:
		case err := <-w.result:
			return err
		}
	}
	outcome := errAbandoned
	func() {
		defer func() { w.ended <- outcome }()
		outcome = t.run(f)
	}()
	return <-w.result
}

// signal wakes the writer, now or when it is next idle.
func (s *Store) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// write is the writer: it runs batch after batch until the store is closed and
// nobody waits any more. Notes are written between two rounds of batches, one call at a time.
func (s *Store) write() {
	defer close(s.done)
	debug.SetPanicOnFault(true)
	shared := 0
	for range s.wake {
		for {
			s.gather(shared)
			queue, noted, closed := s.take()
			if len(queue) == 0 && noted == nil {
				if closed {
					return
				}
				break
			}
			for len(queue) > 0 {
				shared = s.batch(queue)
				queue = queue[shared:]
			}
			if noted != nil {
				s.note(noted)
			}
		}
	}
}

// take gives the turns that wait, and the first of the calls of WriteNotes.
func (s *Store) take() (queue []*waiter, noted *notes, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue, s.waiting = s.waiting, nil
	if len(s.noting) > 0 {
		noted, s.noting = s.noting[0], s.noting[1:]
	}
	return queue, noted, s.closed
}

// gather lets the calls that the last commit released come back with their next
// turn before a new one begins: without it, the first to come back would commit
// alone while all others wait for the commit after.
func (s *Store) gather(shared int) {
	for tries := 0; shared > 1 && tries < 8; tries++ {
		s.mu.Lock()
		n := len(s.waiting)
		s.mu.Unlock()
		if n >= shared {
			return
		}
		runtime.Gosched()
	}
}

// answer is what a call gets when its batch is committed: err, unless the commit fails.
type answer struct {
	w   *waiter
	err error
}

// batch runs turns from the head of the queue and commits what they appended. It
// gives the number of turns it took.
func (s *Store) batch(queue []*waiter) (taken int) {
	over := &overlay{first: s.next, lists: make([]*list, len(s.names))}
	var v *view
	var answers []answer
	for _, w := range queue[:min(len(queue), maxTurns)] {
		taken++
		if !w.state.CompareAndSwap(pending, begun) {
			continue
		}
		if v == nil {
			var err error
			if v, err = s.newView(over); err != nil {
				w.result <- unavailable(s.path, err)
				return taken
			}
		}
		start := over.mark()
		w.begin <- &turn{view: v}
		err := <-w.ended
		if err != nil {
			over.undo(start)
		}
		if len(over.records) == 0 {
			// Nothing stands behind this answer that is not durable.
			w.result <- err
			continue
		}
		answers = append(answers, answer{w, err})
		if over.size > maxBytes {
			break
		}
	}
	if v != nil {
		v.end()
	}
	if len(answers) == 0 {
		return taken
	}
	failure := s.commit(over)
	for _, a := range answers {
		if failure != nil {
			a.err = failure
		}
		a.w.result <- a.err
	}
	return taken
}

// commit makes a batch durable and tells the watchers.
func (s *Store) commit(over *overlay) error {
	err := s.broken
	if err == nil {
		err = s.store(over)
	}
	written := err == nil
	s.report(err)
	if err != nil {
		err = unavailable(s.path, err)
		// When only the last sync failed, what was written can be seen, and caches
		// must follow: whether it is durable nobody can say.
		written = s.broken == nil && s.sees(over)
	}
	if written {
		last := over.records[len(over.records)-1]
		s.next, s.time = last.Offset+1, last.Time
		s.mu.Lock()
		watchers := s.watchers
		s.mu.Unlock()
		for _, f := range watchers {
			f(over.records)
		}
	}
	return err
}

// report logs that writing began to fail, or does no longer.
func (s *Store) report(err error) {
	switch {
	case err != nil && !s.failing:
		s.options.Logger.Error("the store cannot be written", "file", s.path, "error", err)
	case err == nil && s.failing:
		s.options.Logger.Info("the store can be written again", "file", s.path)
	}
	s.failing = err != nil
}

// store writes an overlay in one bbolt transaction.
func (s *Store) store(over *overlay) error {
	return s.guarded(func(tx *bbolt.Tx) error { return over.flush(tx, s.names) })
}

// guarded is a bbolt update of the writer. A panic of bbolt in it breaks the store for writing.
func (s *Store) guarded(f func(tx *bbolt.Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = damaged(s.path, "a page cannot be read", asError(p))
			s.broken = err
		}
	}()
	return s.db.Update(f)
}

// sees tells whether the last record of an overlay is in the file.
func (s *Store) sees(over *overlay) (found bool) {
	last := len(over.records) - 1
	err := s.View(func(v storage.View) error {
		tx := v.(*view).tx
		found = bytes.Equal(tx.Bucket(logBucket).Get(offsetKey(over.first+int64(last))), over.stored[last])
		return nil
	})
	return err == nil && found
}

// flush writes the records and the changed entries. What is there already is
// not written again: it would cost a page.
func (o *overlay) flush(tx *bbolt.Tx, names [][]byte) error {
	log := tx.Bucket(logBucket)
	log.FillPercent = 1 // records only ever come after the last
	for i, b := range o.stored {
		if err := log.Put(offsetKey(o.first+int64(i)), b); err != nil {
			return err
		}
	}
	for i, l := range o.lists {
		if l == nil {
			continue
		}
		b := tx.Bucket(names[i])
		for e := l.head.next[0]; e != nil; e = e.next[0] {
			var err error
			switch e.state {
			case set:
				if v := b.Get(e.key); v == nil || !bytes.Equal(v, e.value) {
					err = b.Put(e.key, e.value)
				}
			case deleted:
				err = b.Delete(e.key)
			}
			if err != nil {
				return fmt.Errorf("bucket %s: %w", names[i], err)
			}
		}
	}
	return nil
}

// turn is a storage.Turn: the view of a batch, and the right to append to it.
type turn struct {
	*view
	err   error // the first error of Append: the turn cannot succeed any more
	ended bool
}

// run calls f and gives the error that ends the turn.
func (t *turn) run(f func(storage.Turn) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		t.ended = true
		if p := recover(); p != nil {
			if err = t.caught(p); err == nil {
				panic(p)
			}
			t.inside = false
			err = unavailable(t.store.path, err)
		}
	}()
	if err := f(t); err != nil {
		return err
	}
	return t.err
}

// Append implements storage.Turn. The record's slices belong to the store; they
// stay valid after the turn. After an error the turn cannot succeed any more, whatever f returns.
func (t *turn) Append(key, value []byte) (storage.Record, error) {
	if t.ended {
		return storage.Record{}, errors.New("storage/bolt: Append after the turn has ended")
	}
	if t.err != nil {
		return storage.Record{}, t.err
	}
	rec, err := t.append(key, value)
	t.err = err
	return rec, err
}

func (t *turn) append(key, value []byte) (storage.Record, error) {
	s, over := t.store, t.over
	if n := max(len(key), len(value)); n > s.options.MaxRecord {
		return storage.Record{}, fmt.Errorf("%w: a key or value of %d bytes, where %d are allowed", storage.ErrTooLarge, n, s.options.MaxRecord)
	}
	last := s.time
	if n := len(over.records); n > 0 {
		last = over.records[n-1].Time
	}
	stored, rec := encodeRecord(storage.Record{
		Offset: over.first + int64(len(over.records)),
		Time:   max(s.options.Clock().UnixMilli(), last),
		Key:    key,
		Value:  value,
	})
	over.add(stored, rec)
	return rec, t.derive(rec)
}

// derive applies a record to the indexes.
func (v *view) derive(rec storage.Record) error {
	x := &tx{view: v}
	if err := v.store.apply(x, rec); err != nil {
		return err
	}
	return x.err
}

// tx is a storage.Tx: the view of a batch, and the right to change its indexes.
type tx struct {
	*view
	err error // the first change that cannot be
}

func (x *tx) Put(bucket string, key, value []byte) {
	x.change(bucket, key, set, append([]byte{}, value...))
}

func (x *tx) Delete(bucket string, key []byte) { x.change(bucket, key, deleted, nil) }

func (x *tx) change(bucket string, key []byte, s state, value []byte) {
	n, ok := x.store.numbers[bucket]
	switch {
	case x.err != nil:
	case !ok:
		x.err = fmt.Errorf("storage/bolt: there is no index bucket %q", bucket)
	case len(key) == 0 && s == set:
		x.err = fmt.Errorf("storage/bolt: an empty key in index bucket %q", bucket)
	case len(key) > bbolt.MaxKeySize && s == set:
		x.err = fmt.Errorf("%w: a key of %d bytes in index bucket %q, where %d are allowed", storage.ErrTooLarge, len(key), bucket, bbolt.MaxKeySize)
	case len(key) > 0:
		x.over.change(n, bytes.Clone(key), s, value)
	}
}
