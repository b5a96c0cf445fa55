package bolt

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/seed-9f7c7091/concordat/storage"
)

// What becomes of notes where a file is copied, made anew or opened otherwise.
func TestNotesInFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store")
	s := open(t, path)
	if err := errors.Join(put(s, "key", "value"), s.WriteNotes("a", []storage.Note{{Key: []byte("k"), Value: []byte("v")}})); err != nil {
		t.Fatal(err)
	}
	holds := func(what string, s *Store, want string) {
		t.Helper()
		got := ""
		err := s.ReadNotes("a", nil, func(k, v []byte) bool { got += string(k) + string(v); return true })
		if err != nil || got != want {
			t.Errorf("%s: the notes are %q, want %q; %v", what, got, want, err)
		}
		if value, err := get(s, "key"); value != "value" || err != nil {
			t.Errorf("%s: key is %q, %v", what, value, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := Check(s.path); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}

	var backup bytes.Buffer
	if _, err := s.Backup(&backup); err != nil {
		t.Fatal(err)
	}
	restored := filepath.Join(dir, "restored")
	if err := Restore(&backup, restored, false); err != nil {
		t.Fatal(err)
	}
	holds("a backup", open(t, restored), "kv")

	replayed := filepath.Join(dir, "replayed")
	if _, err := Replay(s, replayed, values, keyValue); err != nil {
		t.Fatal(err)
	}
	holds("a replayed log", open(t, replayed), "")
	holds("the file itself", s, "kv")

	if _, _, err := Compact(path); err != nil {
		t.Fatal(err)
	}
	holds("a compacted file", open(t, path), "kv")

	// New indexes are derived from the log; notes are not, and stay.
	o := values
	o.Buckets = []string{"values", "more"}
	s, err := Open(path, o, keyValue)
	if err != nil {
		t.Fatal(err)
	}
	holds("other indexes", s, "kv")

	o.ReadOnly = true
	if s, err = Open(path, o, keyValue); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteNotes("a", []storage.Note{{Key: []byte("k")}}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a file opened for reading takes notes: %v", err)
	}
	holds("opened for reading", s, "kv")

	if _, err := Open(filepath.Join(dir, "other"), Options{Buckets: []string{bookPrefix + "a"}}, nil); err == nil {
		t.Error("an index has the name of a book")
	}
}
