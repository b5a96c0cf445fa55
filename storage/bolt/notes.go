package bolt

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/seed-9f7c7091/concordat/storage"
)

// A book of notes is a bucket whose name begins so. No index is named like that, and what the log can be
// asked to bring back is not in it: Replay leaves books out. A backup has them, Compact keeps them.
const bookPrefix = "own:"

var _ storage.Notes = (*Store)(nil)

// notes is a call of WriteNotes that waits for the writer.
type notes struct {
	book   []byte // the name of its bucket
	list   []storage.Note
	result chan error
}

// ReadNotes implements storage.Notes.
func (s *Store) ReadNotes(book string, from []byte, yield func(key, value []byte) bool) error {
	return s.View(func(v storage.View) error {
		mine := v.(*view)
		mine.inside = true
		b := mine.tx.Bucket([]byte(bookPrefix + book))
		if b == nil {
			mine.inside = false
			return nil
		}
		c := b.Cursor()
		for k, val := c.Seek(from); k != nil; k, val = c.Next() {
			mine.inside = false
			if !yield(k, val) {
				return nil
			}
			mine.inside = true
		}
		mine.inside = false
		return nil
	})
}

// WriteNotes implements storage.Notes. It is the writer who writes, between two
// batches of turns, so that notes cannot meet a commit that bbolt gave up in.
func (s *Store) WriteNotes(book string, list []storage.Note) error {
	for _, n := range list {
		switch {
		case len(n.Key) == 0:
			return fmt.Errorf("storage/bolt: a note without a key in book %q", book)
		case len(n.Key) > bbolt.MaxKeySize:
			return fmt.Errorf("%w: the key of a note in book %q is of %d bytes, where %d are allowed", storage.ErrTooLarge, book, len(n.Key), bbolt.MaxKeySize)
		}
	}
	if s.options.ReadOnly {
		if s.shut.Load() {
			return storage.ErrClosed
		}
		return unavailable(s.path, berrors.ErrDatabaseReadOnly)
	}
	w := &notes{[]byte(bookPrefix + book), list, make(chan error, 1)}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return storage.ErrClosed
	}
	s.noting = append(s.noting, w)
	s.mu.Unlock()
	s.signal()
	return <-w.result
}

// note carries out one call of WriteNotes.
func (s *Store) note(w *notes) {
	err := s.broken
	if err == nil {
		err = s.guarded(w.write)
	}
	s.report(err)
	if err != nil {
		err = unavailable(s.path, err)
	}
	w.result <- err
}

// write puts the notes into their bucket. What is there already is not written again.
func (w *notes) write(tx *bbolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists(w.book)
	if err != nil {
		return err
	}
	for _, n := range w.list {
		var err error
		if n.Value == nil {
			err = b.Delete(n.Key)
		} else if v := b.Get(n.Key); v == nil || !bytes.Equal(v, n.Value) {
			// bbolt keeps the value it is given until the commit, and so does the caller.
			err = b.Put(n.Key, n.Value)
		}
		if err != nil {
			return fmt.Errorf("bucket %s: %w", w.book, err)
		}
	}
	return nil
}
