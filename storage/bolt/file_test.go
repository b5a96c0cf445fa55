package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/seed-9f7c7091/concordat/storage"
)

// sample writes a store with n records and gives the bytes of its file that hold data.
func sample(t testing.TB, n int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sample")
	s := open(t, path)
	err := s.Write(context.Background(), func(w storage.Turn) error {
		for i := range n {
			if _, err := w.Append(fmt.Appendf(nil, "key %d", i), killValue(fmt.Sprint(i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if _, err := s.Backup(&b); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

// walkAll reads everything there is.
func walkAll(s storage.Store) error {
	return s.View(func(v storage.View) error {
		sum := byte(0)
		for offset := int64(0); ; offset++ {
			rec, ok := v.Record(offset)
			if !ok {
				break
			}
			for _, b := range rec.Value {
				sum += b
			}
		}
		v.Ascend("values", nil, nil, func(k, value []byte) bool {
			for _, b := range append(k[:len(k):len(k)], value...) {
				sum += b
			}
			return true
		})
		_ = sum
		return nil
	})
}

const page = 4096

func TestDamaged(t *testing.T) {
	whole := sample(t, 500)
	overwrite := func(at, n int) []byte {
		b := []byte(string(whole))
		for i := at; i < min(at+n, len(b)); i++ {
			b[i] = 0xa5
		}
		return b
	}
	m, err := readMeta(strings.NewReader(string(whole)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		bytes []byte
		says  string
	}{
		{"one byte", whole[:1], "does not begin as a bbolt file does"},
		{"less than a page", whole[:100], "cut short"},
		{"one page", whole[:page], "cut short"},
		{"two pages", whole[:2*page], "cut short"},
		{"half", whole[:len(whole)/2], "cut short"},
		{"all but a page", whole[:len(whole)-page], "cut short"},
		{"all but a byte", whole[:len(whole)-1], "cut short"},
		{"text", []byte(strings.Repeat("not a store\n", 5000)), "does not begin as a bbolt file does"},
		{"zeros", make([]byte, 1<<16), "does not begin as a bbolt file does"},
		{"the beginning overwritten", overwrite(0, 2*page), "does not begin as a bbolt file does"},
		{"both meta pages damaged", func() []byte {
			b := overwrite(40, 8)
			copy(b[page+40:], b[40:48])
			return b
		}(), "both of its meta pages"},
		{"freelist overwritten", overwrite(int(m.freelist)*page, page), "freelist"},
		{"root overwritten", overwrite(int(m.root)*page, page), "page"},
		{"all pages overwritten", overwrite(2*page, len(whole)), "page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store")
			if err := os.WriteFile(path, c.bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, readOnly := range []bool{false, true} {
				o := values
				o.ReadOnly = readOnly
				s, err := Open(path, o, keyValue)
				if err == nil {
					_ = s.Close()
					t.Fatal("Open takes it")
				}
				checkFileError(t, err, ErrDamaged, path, c.says, "concordat restore")
			}
			if err := Check(path); !errors.Is(err, ErrDamaged) {
				t.Errorf("Check gave %v", err)
			}
			if b, _ := os.ReadFile(path); string(b) != string(c.bytes) {
				t.Error("the file was changed")
			}
			// Nothing holds the file: a backup can be put in its place and opened.
			if err := Restore(strings.NewReader(string(whole)), path, true); err != nil {
				t.Fatal(err)
			}
			if err := walkAll(open(t, path)); err != nil {
				t.Error(err)
			}
		})
	}
}

// checkFileError looks whether an error is of a kind and names the path, the problem and the remedy.
func checkFileError(t *testing.T, err, kind error, path string, says ...string) {
	t.Helper()
	var fe *FileError
	if !errors.As(err, &fe) || fe.Path != path || kind != nil && !errors.Is(err, kind) {
		t.Errorf("got %v, want a FileError of %s that matches %v", err, path, kind)
		return
	}
	for _, s := range append(says, path) {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%q does not say %q", err, s)
		}
	}
}

// One meta page may be torn by a crash: the other stands for it.
func TestOneMetaPage(t *testing.T) {
	whole := sample(t, 10)
	for _, at := range []int{0, page} {
		b := []byte(string(whole))
		clear(b[at : at+page])
		path := filepath.Join(t.TempDir(), "store")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := walkAll(open(t, path)); err != nil {
			t.Errorf("without the meta page at %d: %v", at, err)
		}
	}
}

// Whatever bytes are wrong, nothing panics; what Check passes can be read whole.
func TestRandomDamage(t *testing.T) {
	whole := sample(t, 300)
	rounds := 400
	if testing.Short() {
		rounds = 50
	}
	path := filepath.Join(t.TempDir(), "store")
	found := 0
	for round := range rounds {
		r := rand.New(rand.NewPCG(1, uint64(round)))
		b := []byte(string(whole))
		for range r.IntN(3) + 1 {
			// Most of what matters is at the beginning of pages.
			at := r.IntN(len(b)/page) * page
			at += r.IntN([]int{16, 64, page}[r.IntN(3)])
			b[at] ^= byte(1 << r.IntN(8))
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		err := Check(path)
		if err == nil {
			s, err := Open(path, values, keyValue)
			if err == nil {
				err = walkAll(s)
				_ = s.Close()
			}
			if err != nil {
				t.Errorf("round %d: Check passes, and then: %v", round, err)
			}
			continue
		}
		found++
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) && !errors.Is(err, ErrNewer) {
			t.Errorf("round %d: Check gave %v", round, err)
		}
	}
	if found < rounds/10 {
		t.Errorf("Check found damage in %d of %d files", found, rounds)
	}
}

// A file that is cut short while it is open gives errors, and the process lives.
func TestCutWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(path, sample(t, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if err := os.Truncate(path, 3*page); err != nil {
		t.Skip(err)
	}
	if err := walkAll(s); !errors.Is(err, ErrDamaged) {
		t.Errorf("View gave %v", err)
	}
	err := s.View(func(v storage.View) error {
		var value []byte
		v.Ascend("values", nil, nil, func(_, val []byte) bool { value = val; return true })
		return fmt.Errorf("read %q", value)
	})
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("View gave %v", err)
	}
	if err := put(s, "key 7", "x"); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Write gave %v", err)
	}
	err = s.Write(context.Background(), func(w storage.Turn) error {
		w.Get("values", []byte("key 7"))
		w.Record(7)
		return nil
	})
	if !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, ErrDamaged) {
		t.Errorf("Write gave %v", err)
	}
	done := make(chan error)
	go func() { done <- s.Close() }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Error("Close does not end")
	}
}

func TestForeign(t *testing.T) {
	for _, names := range [][]string{{"users", "orders"}, {"meta", "log"}} {
		path := filepath.Join(t.TempDir(), "other.db")
		editBolt(t, path, func(tx *bbolt.Tx) error {
			for _, name := range names {
				if _, err := tx.CreateBucket([]byte(name)); err != nil {
					return err
				}
			}
			return nil
		})
		_, err := Open(path, values, keyValue)
		checkFileError(t, err, ErrForeign, path, fmt.Sprintf("%q", names[0]), fmt.Sprintf("%q", names[1]))
		if _, _, err := Compact(path); !errors.Is(err, ErrForeign) {
			t.Errorf("Compact gave %v", err)
		}
	}
}

// editBolt changes a file behind the store's back.
func editBolt(t *testing.T, path string, f func(tx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(f); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		format string
		kind   error
		says   []string
	}{
		{"concordat 2", ErrNewer, []string{"format version 2", "up to 1", "newer"}},
		{"concordat 99", ErrNewer, []string{"format version 99"}},
		{"concordat x", ErrDamaged, []string{`"concordat x"`}},
		{"concordat 0", ErrDamaged, nil},
		{"concordat", ErrDamaged, nil},
		{"other 1", ErrForeign, nil},
	} {
		path := filepath.Join(t.TempDir(), "store")
		if err := open(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		editBolt(t, path, func(tx *bbolt.Tx) error {
			return tx.Bucket(metaBucket).Put(formatKey, []byte(c.format))
		})
		before, _ := os.ReadFile(path)
		_, err := Open(path, values, keyValue)
		checkFileError(t, err, c.kind, path, c.says...)
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("format %q: the file was changed", c.format)
		}
	}
}

func init() {
	children["hold"] = func(path string) {
		if _, err := Open(path, values, keyValue); err != nil {
			panic(err)
		}
		fmt.Println("open")
		time.Sleep(time.Minute)
	}
}

func TestInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	cmd := child(t, "hold", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	if _, err := out.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	backup := string(sample(t, 1))
	o := values
	o.LockTimeout = 200 * time.Millisecond
	ro := o
	ro.ReadOnly = true
	for name, f := range map[string]func() error{
		"Open":           func() error { _, err := Open(path, o, keyValue); return err },
		"Open read-only": func() error { _, err := Open(path, ro, keyValue); return err },
		"Compact":        func() error { _, _, err := Compact(path); return err },
		"Check":          func() error { return Check(path) },
		"Restore":        func() error { return Restore(strings.NewReader(backup), path, true) },
	} {
		start := time.Now()
		checkFileError(t, f(), ErrInUse, path, "is in use by another process")
		if took := time.Since(start); took > 3*time.Second || strings.HasPrefix(name, "Open") && took < 100*time.Millisecond {
			t.Errorf("%s waited %v", name, took)
		}
	}
}

// Who waits for the lock of a file that is replaced meanwhile gets the new one.
func TestReplacedWhileWaiting(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store")
	old := open(t, path)
	if err := put(old, "old", "1"); err != nil {
		t.Fatal(err)
	}
	opened := make(chan *Store)
	go func() {
		o := values
		o.LockTimeout = 20 * time.Second
		s, err := Open(path, o, keyValue)
		if err != nil {
			t.Error(err)
		}
		opened <- s
	}()
	time.Sleep(100 * time.Millisecond) // it waits by now
	next := filepath.Join(dir, "next")
	s := open(t, next)
	if err := put(s, "new", "1"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), os.Rename(next, path), old.Close()); err != nil {
		t.Fatal(err)
	}
	if s = <-opened; s == nil {
		return
	}
	defer s.Close()
	if got, err := get(s, "new"); got != "1" || err != nil {
		t.Errorf("the old file was opened: %q, %v", got, err)
	}
}

func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	o := values
	o.ReadOnly = true
	_, err := Open(path, o, keyValue)
	checkFileError(t, err, fs.ErrNotExist, path)
	if occupied(path) {
		t.Error("a file was created")
	}
	s := open(t, path)
	if err := errors.Join(put(s, "a", "1"), s.Close()); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	for range 2 { // together
		s, err := Open(path, o, keyValue)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if got, err := get(s, "a"); got != "1" || err != nil {
			t.Errorf("a is %q, %v", got, err)
		}
		if err := put(s, "a", "2"); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("Write gave %v", err)
		}
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the file was changed")
	}
}

func TestUnusablePath(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string][]string{
		filepath.Join(dir, "none", "store"): {"cannot be created", "create the folder " + filepath.Join(dir, "none")},
		filepath.Join(file, "store"):        {"cannot be created"},
		dir:                                 {"cannot be opened for writing"},
		os.DevNull:                          {"is not a file"},
	}
	if os.Geteuid() != 0 {
		locked := filepath.Join(dir, "locked")
		if err := os.Mkdir(locked, 0o500); err != nil {
			t.Fatal(err)
		}
		cases[filepath.Join(locked, "store")] = []string{"cannot be created", "check the owner"}
	}
	for path, says := range cases {
		_, err := Open(path, values, keyValue)
		checkFileError(t, err, nil, path, says...)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}

func TestBucketNames(t *testing.T) {
	for _, names := range [][]string{{""}, {"log"}, {"meta"}, {"a", "a"}} {
		path := filepath.Join(t.TempDir(), "store")
		if _, err := Open(path, Options{Buckets: names}, keyValue); err == nil || occupied(path) {
			t.Errorf("Open takes buckets %q", names)
		}
	}
}

// An empty file, as some installers make it, is a new store.
func TestEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(path, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if err := errors.Join(put(s, "a", "1"), s.Close(), Check(path)); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode became %v, %v", info.Mode(), err)
	}
}

// An index that is new to a file is derived from its log, and one no longer
// used is dropped, so that it cannot be out of date when it is used again.
func TestNewIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	lengths := func(tx storage.Tx, rec storage.Record) error {
		if _, later := tx.Record(rec.Offset + 1); later {
			return errors.New("there is a record after the one that is applied")
		}
		tx.Put("lengths", fmt.Appendf(nil, "%d", len(rec.Value)), rec.Key)
		return nil
	}
	s := open(t, path)
	const records = 300
	for i := range records {
		if err := put(s, fmt.Sprint("key", i), strings.Repeat("x", 300*i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check := func(s *Store, bucket string, want int) {
		t.Helper()
		n := 0
		err := s.View(func(v storage.View) error {
			v.Ascend(bucket, nil, nil, func(_, _ []byte) bool { n++; return true })
			return nil
		})
		if n != want || err != nil {
			t.Errorf("%s has %d entries, want %d; %v", bucket, n, want, err)
		}
	}
	o := Options{Buckets: []string{"lengths"}, NoSync: true}
	ro := o
	ro.ReadOnly = true
	_, err := Open(path, ro, lengths)
	checkFileError(t, err, nil, path, "open it for writing once")

	// A crash on the way: the next Open goes on where the last one stopped.
	calls := 0
	_, err = Open(path, o, func(tx storage.Tx, rec storage.Record) error {
		if calls++; calls == records-10 {
			return errors.New("stop")
		}
		return lengths(tx, rec)
	})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint("offset ", calls-1)) {
		t.Fatalf("Open gave %v", err)
	}
	calls = 0
	s, err = Open(path, o, func(tx storage.Tx, rec storage.Record) error {
		calls++
		return lengths(tx, rec)
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls == 0 || calls >= records {
		t.Errorf("%d records were applied again, of %d", calls, records)
	}
	check(s, "lengths", records)
	if err := put(s, "more", strings.Repeat("x", 300*records)); err != nil {
		t.Fatal(err)
	}
	check(s, "lengths", records+1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check(open(t, path), "values", records+1)
}
