package memory

import (
	"bytes"
	"fmt"
	"maps"

	"github.com/seed-9f7c7091/concordat/storage"
)

// ReadNotes implements storage.Notes.
func (s *Store) ReadNotes(book string, from []byte, yield func(key, value []byte) bool) error {
	if s.shut.Load() {
		return storage.ErrClosed
	}
	notes := (*s.notes.Load())[book]
	n := notes.above(from, true)
	for n != nil && yield(n.key, n.value) {
		n = notes.above(n.key, false)
	}
	return nil
}

// WriteNotes implements storage.Notes.
func (s *Store) WriteNotes(book string, notes []storage.Note) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.shut.Load() {
		return storage.ErrClosed
	}
	books := maps.Clone(*s.notes.Load())
	t := books[book]
	for _, n := range notes {
		switch {
		case len(n.Key) == 0:
			return fmt.Errorf("storage/memory: a note without a key in book %q", book)
		case len(n.Key) > maxKey:
			return fmt.Errorf("%w: the key of a note in book %q is of %d bytes, where %d are allowed", storage.ErrTooLarge, book, len(n.Key), maxKey)
		case n.Value == nil:
			t = t.remove(n.Key)
		default:
			t = t.put(bytes.Clone(n.Key), bytes.Clone(n.Value))
		}
	}
	books[book] = t
	s.notes.Store(&books)
	return nil
}
