package bolt

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/seed-9f7c7091/concordat/storage"
)

// view reads the indexes and the log as of one bbolt transaction, with the
// changes of an overlay above it, if there is one.
type view struct {
	store   *Store
	tx      *bbolt.Tx
	over    *overlay        // nil in views that only read
	buckets []*bbolt.Bucket // by number, opened at first use
	log     *bbolt.Bucket
	inside  bool // bbolt is at work: a panic now comes from the file, not from the caller
}

func (s *Store) newView(over *overlay) (*view, error) {
	tx, err := s.db.Begin(false)
	if err != nil {
		return nil, s.readError(err)
	}
	return &view{store: s, tx: tx, over: over, buckets: make([]*bbolt.Bucket, len(s.names))}, nil
}

func (v *view) end() { _ = v.tx.Rollback() }

// bucket opens an index bucket. A name that was not declared reads as empty, and
// so does a bucket that a file opened read-only does not have yet.
func (v *view) bucket(name string) (b *bbolt.Bucket, l *list) {
	n, ok := v.store.numbers[name]
	if !ok {
		return nil, nil
	}
	if v.buckets[n] == nil {
		v.buckets[n] = v.tx.Bucket(v.store.names[n])
	}
	if v.over != nil {
		l = v.over.lists[n]
	}
	return v.buckets[n], l
}

func (v *view) Get(bucket string, key []byte) []byte {
	v.inside = true
	b, l := v.bucket(bucket)
	var value []byte
	if e := found(l, key); e != nil && e.state != untouched {
		if e.state == set {
			value = e.value
		}
	} else if b != nil {
		value = b.Get(key)
	}
	v.inside = false
	return value
}

func found(l *list, key []byte) *entry {
	if l == nil {
		return nil
	}
	return l.get(key)
}

func (v *view) Ascend(bucket string, prefix, from []byte, yield func(key, value []byte) bool) {
	if bytes.Compare(from, prefix) < 0 {
		from = prefix
	}
	v.inside = true
	b, l := v.bucket(bucket)
	w := walk{l: l}
	if b != nil {
		w.c = b.Cursor()
		w.key, w.value = w.c.Seek(from)
	}
	if l != nil {
		w.e = l.seek(from)
	}
	for {
		k, val, ok := w.ascend()
		v.inside = false
		if !ok || !bytes.HasPrefix(k, prefix) || !yield(k, val) {
			return
		}
		v.inside = true
		w.passUp(k)
	}
}

func (v *view) Descend(bucket string, prefix, before []byte, yield func(key, value []byte) bool) {
	// The walk begins below the end of the prefix or below before, whichever is less.
	end := prefixEnd(prefix)
	if before != nil && (end == nil || bytes.Compare(before, end) < 0) {
		end = before
	}
	v.inside = true
	b, l := v.bucket(bucket)
	w := walk{l: l}
	if b != nil {
		w.c = b.Cursor()
		if end == nil {
			w.key, w.value = w.c.Last()
		} else if k, _ := w.c.Seek(end); k == nil {
			w.key, w.value = w.c.Last()
		} else {
			w.key, w.value = w.c.Prev()
		}
	}
	if l != nil {
		w.e = l.below(end, end == nil)
	}
	for {
		k, val, ok := w.descend()
		v.inside = false
		if !ok || !bytes.HasPrefix(k, prefix) || !yield(k, val) {
			return
		}
		v.inside = true
		w.passDown(k)
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

// walk merges the keys of a bucket and those of an overlay. The bucket does not
// change under it; the overlay may, and is looked up anew at each step.
type walk struct {
	c          *bbolt.Cursor // nil without a bucket
	key, value []byte        // where c stands; key is nil at the end
	l          *list         // nil without changes
	e          *entry        // where l stands; nil at the end
}

// ascend gives the pair at which the walk stands, after passing over deleted ones.
func (w *walk) ascend() (key, value []byte, ok bool) {
	for w.e != nil {
		order := 1
		if w.key != nil {
			order = bytes.Compare(w.key, w.e.key)
		}
		switch {
		case order < 0:
			return w.key, w.value, true
		case w.e.state == set:
			return w.e.key, w.e.value, true
		case order == 0 && w.e.state == deleted:
			w.key, w.value = w.c.Next()
		}
		w.e = w.e.next[0]
	}
	return w.key, w.value, w.key != nil
}

// passUp moves the walk above a key that was given.
func (w *walk) passUp(k []byte) {
	if w.key != nil && bytes.Compare(w.key, k) <= 0 {
		w.key, w.value = w.c.Next()
	}
	if w.l != nil {
		w.e = w.l.above(k)
	}
}

// descend and passDown are ascend and passUp the other way round.
func (w *walk) descend() (key, value []byte, ok bool) {
	for w.e != nil {
		order := -1
		if w.key != nil {
			order = bytes.Compare(w.key, w.e.key)
		}
		switch {
		case order > 0:
			return w.key, w.value, true
		case w.e.state == set:
			return w.e.key, w.e.value, true
		case order == 0 && w.e.state == deleted:
			w.key, w.value = w.c.Prev()
		}
		w.e = w.l.below(w.e.key, false)
	}
	return w.key, w.value, w.key != nil
}

func (w *walk) passDown(k []byte) {
	if w.key != nil && bytes.Compare(w.key, k) >= 0 {
		w.key, w.value = w.c.Prev()
	}
	if w.l != nil {
		w.e = w.l.below(k, false)
	}
}

func (v *view) Record(offset int64) (rec storage.Record, ok bool) {
	if offset < 0 {
		return rec, false
	}
	if v.over != nil && offset >= v.over.first {
		if offset-v.over.first >= int64(len(v.over.records)) {
			return rec, false
		}
		return v.over.records[offset-v.over.first], true
	}
	v.inside = true
	if v.log == nil {
		v.log = v.tx.Bucket(logBucket)
	}
	b := v.log.Get(offsetKey(offset))
	if b != nil {
		var err error
		if rec, err = decodeRecord(offset, b); err != nil {
			panic(fmt.Errorf("offset %d: %w", offset, err))
		}
	}
	v.inside = false
	return rec, b != nil
}

// caught turns a panic that came from the file into an error. It gives nil for
// any other panic, which is the caller's.
func (v *view) caught(p any) error {
	low := v.store.db.Info().Data
	high := low + uintptr(max(int64(v.store.options.InitialMmapSize), v.tx.Size()))
	if v.inside || fault(p, low, high) {
		return damaged(v.store.path, "a page cannot be read", asError(p))
	}
	return nil
}
