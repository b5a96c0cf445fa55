package memory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/seed-9f7c7091/concordat/storage"
)

// format begins a backup. It is followed by the records of the log and then the notes,
// each a line of JSON.
const format = "concordat memory 1"

// line is one line of a backup: its first, a record or a note.
type line struct {
	Format string          `json:"format,omitempty"`
	Record *storage.Record `json:"record,omitempty"`
	Book   string          `json:"book,omitempty"`
	Note   *storage.Note   `json:"note,omitempty"`
}

// Backup implements storage.Store. What it writes is for Restore: no other backend can open it.
func (s *Store) Backup(w io.Writer) (n int64, err error) {
	if s.shut.Load() {
		return 0, storage.ErrClosed
	}
	last, notes := s.last.Load(), *s.notes.Load()
	counted := &counter{w: w}
	enc := json.NewEncoder(counted)
	write := func(l line) bool {
		if err == nil {
			err = enc.Encode(l)
		}
		return err == nil
	}
	write(line{Format: format})
	for i := range last.log {
		write(line{Record: &last.log[i]})
	}
	for book, t := range notes {
		for n := t.above(nil, true); n != nil; n = t.above(n.key, false) {
			write(line{Book: book, Note: &storage.Note{Key: n.key, Value: n.value}})
		}
	}
	if err != nil {
		return counted.n, fmt.Errorf("storage/memory: backup: %w", err)
	}
	return counted.n, nil
}

// Restore makes a store of a backup. The indexes are derived anew.
func Restore(backup io.Reader, o Options, apply storage.Apply) (*Store, error) {
	s := Open(o, apply)
	lines := json.NewDecoder(backup)
	var head line
	if err := lines.Decode(&head); err != nil || head.Format != format {
		return nil, errors.New("storage/memory: this is no backup of a store in memory")
	}
	for {
		var l line
		if err := lines.Decode(&l); err == io.EOF {
			return s, nil
		} else if err != nil {
			return nil, fmt.Errorf("storage/memory: the backup cannot be read: %w", err)
		}
		var err error
		switch {
		case l.Record != nil:
			err = s.load(*l.Record)
		case l.Note != nil:
			err = s.WriteNotes(l.Book, []storage.Note{*l.Note})
		}
		if err != nil {
			return nil, err
		}
	}
}

// load adds a record as it is. Nobody may use the store meanwhile.
func (s *Store) load(rec storage.Record) error {
	last := s.last.Load()
	if rec.Offset != int64(len(last.log)) {
		return fmt.Errorf("storage/memory: the backup has a record at offset %d where %d should be", rec.Offset, len(last.log))
	}
	if err := last.add(s.apply, rec); err != nil {
		return fmt.Errorf("storage/memory: the record at offset %d: %w", rec.Offset, err)
	}
	return nil
}

// counter counts the bytes that were written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
