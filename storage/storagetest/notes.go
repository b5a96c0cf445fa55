package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/seed-9f7c7091/concordat/storage"
)

// notesOf is the store as one that keeps notes. The test is skipped where it does not.
func notesOf(t testing.TB, s *subject) storage.Notes {
	t.Helper()
	notes, ok := s.Store.(storage.Notes)
	if !ok {
		t.Skip("the store keeps no notes")
	}
	return notes
}

func note(key, value string) storage.Note {
	return storage.Note{Key: []byte(key), Value: []byte(value)}
}

// readNotes reads a book from a key on as "key=value".
func readNotes(t testing.TB, notes storage.Notes, book, from string) (all []string) {
	t.Helper()
	err := notes.ReadNotes(book, []byte(from), func(k, v []byte) bool {
		all = append(all, string(k)+"="+string(v))
		return true
	})
	if err != nil {
		t.Error(err)
	}
	return all
}

func wantNotes(t testing.TB, notes storage.Notes, book, from string, want ...string) {
	t.Helper()
	if got := readNotes(t, notes, book, from); !slices.Equal(got, want) {
		t.Errorf("book %q from %q holds %q, want %q", book, from, got, want)
	}
}

func testNotes(t *testing.T, s *subject) {
	notes := notesOf(t, s)
	wantNotes(t, notes, "a", "")
	write := func(book string, list ...storage.Note) {
		t.Helper()
		if err := notes.WriteNotes(book, list); err != nil {
			t.Fatal(err)
		}
		for _, n := range list { // what was given was copied
			clear(n.Key)
			clear(n.Value)
		}
	}
	write("a", note("b", "1"), note("a", "2"), note("\xff", ""), note("a\x00", "3"))
	write("first", note("of an index's name", "4")) // a book is no index
	write("a", note("b", "5"), storage.Note{Key: []byte("a")}, storage.Note{Key: []byte("never there")})
	write("a")
	check := func() {
		t.Helper()
		notes := notesOf(t, s)
		wantNotes(t, notes, "a", "", "a\x00=3", "b=5", "\xff=")
		wantNotes(t, notes, "a", "b", "b=5", "\xff=")
		wantNotes(t, notes, "a", "b\x00", "\xff=")
		wantNotes(t, notes, "first", "", "of an index's name=4")
		wantNotes(t, notes, "second", "")
		n := 0
		if err := notes.ReadNotes("a", nil, func(_, _ []byte) bool { n++; return false }); err != nil || n != 1 {
			t.Errorf("a walk that was to stop at the first note took %d; %v", n, err)
		}
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := notes.WriteNotes("a", []storage.Note{note("c", "")}); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("WriteNotes on a closed store gave %v", err)
	}
	if err := notes.ReadNotes("a", nil, func(_, _ []byte) bool { return true }); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("ReadNotes on a closed store gave %v", err)
	}
	s.reopen()
	check()
}

func testBadNotes(t *testing.T, s *subject) {
	notes := notesOf(t, s)
	for _, bad := range []storage.Note{
		note("", "v"), {}, note(string(make([]byte, MaxRecord/2)), "v"),
	} {
		if err := notes.WriteNotes("a", []storage.Note{note("a", "1"), bad}); err == nil {
			t.Errorf("a note with a key of %d bytes is taken", len(bad.Key))
		}
	}
	wantNotes(t, notes, "a", "")
}

func testNotesApart(t *testing.T, s *subject) {
	notes := notesOf(t, s)
	s.Watch(func(recs []storage.Record) {
		for _, rec := range recs {
			if rec.Offset != 0 {
				t.Errorf("a watcher heard of %v", rec)
			}
		}
	})
	write(t, s, put("first", "a", "1"))
	if err := notes.WriteNotes("first", []storage.Note{note("a", "2"), note("b", "2")}); err != nil {
		t.Fatal(err)
	}
	if n := length(t, s); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
	if a, b := get(t, s, "first", "a"), get(t, s, "first", "b"); string(a) != "1" || b != nil {
		t.Errorf("the index has %q and %q", a, b)
	}
}

// Notes are all or none for those who read, and neither they nor turns lose anything to each other.
func testConcurrentNotes(t *testing.T, s *subject) {
	notes := notesOf(t, s)
	const writers, rounds = 4, 20
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for j := range rounds {
				value := fmt.Sprint(i, "/", j)
				if err := notes.WriteNotes("shared", []storage.Note{note("x", value), note("y", value)}); err != nil {
					t.Error(err)
				}
				if err := notes.WriteNotes("own", []storage.Note{note(value, "")}); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range rounds {
				err := s.Write(context.Background(), func(w storage.Turn) error {
					_, err := w.Append([]byte("k"), nil)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range rounds {
				if got := readNotes(t, notes, "shared", ""); len(got) > 0 && (len(got) != 2 || !bytes.Equal([]byte(got[0][2:]), []byte(got[1][2:]))) {
					t.Errorf("half of what was written together is seen: %q", got)
				}
			}
		})
	}
	wg.Wait()
	if n := len(readNotes(t, notes, "own", "")); n != writers*rounds {
		t.Errorf("%d notes, want %d", n, writers*rounds)
	}
	if n := length(t, s); n != writers*rounds {
		t.Errorf("%d records, want %d", n, writers*rounds)
	}
}
