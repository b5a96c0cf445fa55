package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/storage"
)

// slowWriter takes its first bytes and then nothing more until it is released.
type slowWriter struct {
	bytes.Buffer
	started, release chan bool
}

func (w *slowWriter) Write(b []byte) (int, error) {
	if w.Len() == 0 {
		close(w.started)
		<-w.release
	}
	return w.Buffer.Write(b)
}

// Reads and writes go on while a backup hangs, even when the file grows tenfold.
func TestSlowBackup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	big := strings.Repeat("x", 1<<18)
	const before = 8
	for i := range before {
		if err := put(s, fmt.Sprint("key", i), big); err != nil {
			t.Fatal(err)
		}
	}
	first, err := s.Stats()
	if err != nil {
		t.Fatal(err)
	}
	w := &slowWriter{started: make(chan bool), release: make(chan bool)}
	result := make(chan error)
	go func() {
		n, err := s.Backup(w)
		if n != int64(w.Len()) {
			err = errors.Join(err, fmt.Errorf("Backup says %d bytes and wrote %d", n, w.Len()))
		}
		result <- err
	}()
	<-w.started

	grown := make(chan error)
	go func() {
		for i := before; ; i++ {
			if err := put(s, fmt.Sprint("key", i), big); err != nil {
				grown <- err
				return
			}
			if got, err := get(s, fmt.Sprint("key", i)); got != big || err != nil {
				grown <- fmt.Errorf("key%d reads as %d bytes, %v", i, len(got), err)
				return
			}
			if st, err := s.Stats(); err != nil || st.DataSize > 10*first.DataSize && st.FileSize > 10*first.DataSize {
				grown <- err
				return
			}
		}
	}()
	select {
	case err := <-grown:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("reads or writes wait for a backup that hangs")
	}
	close(w.release)
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	restored := filepath.Join(t.TempDir(), "restored")
	if err := Restore(&w.Buffer, restored, false); err != nil {
		t.Fatal(err)
	}
	c := open(t, restored)
	if st, err := c.Stats(); err != nil || st.Records != before {
		t.Errorf("the backup has %d records, want %d; %v", st.Records, before, err)
	}
	if got, err := get(c, "key0"); got != big || err != nil {
		t.Errorf("key0 reads as %d bytes, %v", len(got), err)
	}
}

func TestRestore(t *testing.T) {
	backup := sample(t, 50)
	dir := t.TempDir()
	path := filepath.Join(dir, "store")
	restore := func(b []byte, force bool) error { return Restore(bytes.NewReader(b), path, force) }

	// Where there is nothing.
	if err := restore(backup, false); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if st, err := s.Stats(); err != nil || st.Records != 50 {
		t.Errorf("%d records, %v", st.Records, err)
	}
	// Over a store in use, and then over one that is not.
	checkFileError(t, restore(backup, true), ErrInUse, path)
	if err := errors.Join(put(s, "new", "1"), s.Close(), os.Chmod(path, 0o640)); err != nil {
		t.Fatal(err)
	}
	checkFileError(t, restore(backup, false), ErrExists, path, "force")
	for name, bad := range map[string][]byte{
		"empty": nil, "cut short": backup[:len(backup)-1], "no store": []byte("hello"),
		"damaged": append(append([]byte{}, backup[:len(backup)-page]...), make([]byte, page)...),
	} {
		if err := restore(bad, true); !errors.Is(err, ErrDamaged) || !strings.HasPrefix(err.Error(), "the backup") {
			t.Errorf("%s: Restore gave %v", name, err)
		}
	}
	if err := Restore(io.MultiReader(bytes.NewReader(backup[:100]), failingReader{}), path, true); !errors.Is(err, errRead) {
		t.Errorf("Restore gave %v", err)
	}
	s = open(t, path)
	if got, err := get(s, "new"); got != "1" || err != nil {
		t.Errorf("a restore that failed changed the store: %q, %v", got, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// Through a link, which stays one.
	link := filepath.Join(dir, "link")
	if err := os.Symlink("store", link); err == nil {
		if err := Restore(bytes.NewReader(backup), link, true); err != nil {
			t.Error(err)
		}
		if to, err := os.Readlink(link); to != "store" {
			t.Errorf("the link is %q, %v", to, err)
		}
	} else if err := restore(backup, true); err != nil {
		t.Error(err)
	}
	if got, err := get(open(t, path), "new"); got != "" || err != nil {
		t.Errorf("not restored: %q, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode became %v, %v", info.Mode(), err)
	}
	// The name of a file is in the error.
	file := filepath.Join(dir, "bad.bak")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	checkFileError(t, Restore(f, filepath.Join(dir, "other"), false), ErrDamaged, file, "use another backup")
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}

var errRead = errors.New("cannot read")

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errRead }

func TestCompact(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store")
	s := open(t, path)
	big := strings.Repeat("x", 1<<19)
	for i := range 40 {
		if err := put(s, fmt.Sprint("key", i), big); err != nil {
			t.Fatal(err)
		}
	}
	// Replaced in the index, the values are half of the data.
	for i := range 39 {
		if err := put(s, fmt.Sprint("key", i), ""); err != nil {
			t.Fatal(err)
		}
	}
	before, err := s.Stats()
	if err != nil || before.FreePages*before.PageSize < before.DataSize/3 {
		t.Fatalf("%+v, %v", before, err)
	}
	if err := errors.Join(s.Close(), os.Chmod(path, 0o640)); err != nil {
		t.Fatal(err)
	}
	was, is, err := Compact(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || was != before.FileSize || is != info.Size() || is > before.DataSize*3/4 || info.Mode().Perm() != 0o640 {
		t.Errorf("compacted from %d to %d bytes, of %+v; now %v, %v", was, is, before, info, err)
	}
	s = open(t, path)
	after, err := s.Stats()
	if err != nil || after.Records != before.Records {
		t.Errorf("%+v became %+v, %v", before, after, err)
	}
	if got, err := get(s, "key39"); got != big || err != nil {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if err := put(s, "key39", "1"); err != nil {
		t.Error(err)
	}
	if _, _, err := Compact(filepath.Join(dir, "none")); err == nil || occupied(filepath.Join(dir, "none")) {
		t.Error("a store that is not there was compacted")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}

func TestReplay(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store")
	now := int64(1000)
	o := values
	o.Clock = func() time.Time { return time.UnixMilli(now) }
	s, err := Open(path, o, keyValue)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// The clock goes back now and then; the times of records do not.
	const records = 100
	for i := range records {
		now += int64(i%7) - 2
		if err := put(s, fmt.Sprint("key", i%30), strings.Repeat("x", i*3000)); err != nil {
			t.Fatal(err)
		}
	}
	copied := filepath.Join(dir, "copy")
	if n, err := Replay(s, copied, values, keyValue); n != records || err != nil {
		t.Fatalf("Replay gave %d, %v", n, err)
	}
	if err := Check(copied); err != nil {
		t.Error(err)
	}
	c := open(t, copied)
	last := int64(0)
	err = s.View(func(a storage.View) error {
		return c.View(func(b storage.View) error {
			for i := range int64(records) + 1 {
				x, okX := a.Record(i)
				y, okY := b.Record(i)
				if okX != okY || okX != (i < records) || x.Offset != y.Offset || x.Time != y.Time || !bytes.Equal(x.Key, y.Key) || !bytes.Equal(x.Value, y.Value) {
					t.Errorf("record %d differs", i)
				}
				if okX && x.Time < last {
					t.Errorf("record %d has time %d after %d", i, x.Time, last)
				}
				last = x.Time
			}
			var all [2]string
			for i, v := range []storage.View{a, b} {
				v.Ascend("values", nil, nil, func(k, val []byte) bool { all[i] += string(k) + string(val); return true })
			}
			if all[0] != all[1] {
				t.Error("the indexes differ")
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := Replay(s, copied, values, keyValue); !errors.Is(err, ErrExists) {
		t.Errorf("Replay over a store gave %v", err)
	}
	stop := errors.New("stop")
	failed := filepath.Join(dir, "failed")
	_, err = Replay(s, failed, values, func(storage.Tx, storage.Record) error { return stop })
	if !errors.Is(err, stop) || occupied(failed) {
		t.Errorf("Replay gave %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}
