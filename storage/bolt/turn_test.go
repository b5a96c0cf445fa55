package bolt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/storage"
)

// together has turns wait in order, and gives what each Write returned, after
// one batch was made of them.
func together(s *Store, turns []func(storage.Turn) error) []error {
	begun, release := make(chan bool), make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = s.Write(context.Background(), func(storage.Turn) error {
			close(begun)
			<-release
			return nil
		})
	})
	<-begun
	errs := make([]error, len(turns))
	for i, f := range turns {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("panicked: %v", p)
				}
			}()
			errs[i] = s.Write(context.Background(), f)
		})
		for {
			s.mu.Lock()
			n := len(s.waiting)
			s.mu.Unlock()
			if n == i+1 {
				break
			}
			time.Sleep(10 * time.Microsecond)
		}
	}
	close(release)
	wg.Wait()
	return errs
}

// One commit serves the turns that wait; each sees those before it, but for
// those that failed.
func TestSharedCommit(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store"))
	commits := 0
	s.Watch(func([]storage.Record) { commits++ })
	rapid.Check(t, func(t *rapid.T) {
		model := map[string]string{}
		_ = s.View(func(v storage.View) error {
			v.Ascend("values", nil, nil, func(k, val []byte) bool { model[string(k)] = string(val); return true })
			return nil
		})
		var turns []func(storage.Turn) error
		var ends []string
		appends := false
		for range rapid.IntRange(1, 12).Draw(t, "turns") {
			end := rapid.SampledFrom([]string{"", "", "fail", "panic"}).Draw(t, "end")
			after := maps.Clone(model)
			type pair struct {
				key   string
				value []byte
			}
			var pairs []pair
			for range rapid.IntRange(0, 3).Draw(t, "appends") {
				p := pair{key: rapid.StringMatching("[a-d]{1,2}").Draw(t, "key")}
				if rapid.IntRange(0, 2).Draw(t, "delete") > 0 {
					p.value = []byte(rapid.StringMatching("[a-d]{1,3}").Draw(t, "value"))
					after[p.key] = string(p.value)
				} else {
					delete(after, p.key)
				}
				pairs = append(pairs, p)
			}
			before := model
			turns = append(turns, func(w storage.Turn) error {
				if err := compare(w, before); err != nil {
					return err
				}
				for _, p := range pairs {
					if _, err := w.Append([]byte(p.key), p.value); err != nil {
						return err
					}
				}
				if err := compare(w, after); err != nil {
					return err
				}
				switch end {
				case "fail":
					return errors.New("fail")
				case "panic":
					panic("panic")
				}
				return nil
			})
			ends = append(ends, map[string]string{"": "<nil>", "fail": "fail", "panic": "panicked: panic"}[end])
			if end == "" {
				model = after
				appends = appends || len(pairs) > 0
			}
		}
		commits = 0
		for i, err := range together(s, turns) {
			if fmt.Sprint(err) != ends[i] {
				t.Errorf("turn %d gave %v, want %s", i, err, ends[i])
			}
		}
		if err := s.View(func(v storage.View) error { return compare(v, model) }); err != nil {
			t.Error(err)
		}
		if want := map[bool]int{true: 1}[appends]; commits != want {
			t.Errorf("%d commits, want %d", commits, want)
		}
	})
}

func compare(v storage.View, want map[string]string) error {
	var up, down, all []string
	v.Ascend("values", nil, nil, func(k, val []byte) bool { up = append(up, string(k)+"="+string(val)); return true })
	v.Descend("values", nil, nil, func(k, val []byte) bool { down = append(down, string(k)+"="+string(val)); return true })
	for _, k := range slices.Sorted(maps.Keys(want)) {
		all = append(all, k+"="+want[k])
	}
	slices.Reverse(down)
	if !slices.Equal(up, all) || !slices.Equal(down, all) {
		return fmt.Errorf("up %q, down %q, want %q", up, down, all)
	}
	return nil
}

// Turns that append nothing cost no commit.
func TestNoCommit(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store"))
	if err := put(s, "a", "1"); err != nil {
		t.Fatal(err)
	}
	id := func() (id int) {
		_ = s.View(func(v storage.View) error { id = v.(*view).tx.ID(); return nil })
		return id
	}
	before := id()
	for range 10 {
		_ = s.Write(context.Background(), func(w storage.Turn) error { return nil })
		_ = s.Write(context.Background(), func(w storage.Turn) error {
			_, _ = w.Append([]byte("a"), nil)
			return errors.New("no")
		})
	}
	if after := id(); after != before {
		t.Errorf("%d commits", after-before)
	}
}

// When a commit fails, so do the turns in it and those that saw what it held. Those
// that only read before are not concerned.
func TestFailedCommit(t *testing.T) {
	var log strings.Builder
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	if err := put(s, "a", "1"); err != nil {
		t.Fatal(err)
	}
	s.options.Logger = slog.New(slog.NewTextHandler(&log, nil))
	told := 0
	s.Watch(func([]storage.Record) { told++ })
	// The file is closed behind bbolt's back; what is mapped stays readable.
	if err := s.file.Close(); err != nil {
		t.Fatal(err)
	}
	mine := errors.New("mine")
	for range 2 {
		errs := together(s, []func(storage.Turn) error{
			func(w storage.Turn) error { return nil },
			func(w storage.Turn) error { return mine },
			func(w storage.Turn) error { _, err := w.Append([]byte("a"), []byte("2")); return err },
			func(w storage.Turn) error { return nil },
			func(w storage.Turn) error { return mine },
			func(w storage.Turn) error { _, err := w.Append([]byte("b"), []byte("2")); return err },
		})
		for i, err := range errs {
			want := []error{nil, mine, storage.ErrUnavailable, storage.ErrUnavailable, storage.ErrUnavailable, storage.ErrUnavailable}[i]
			if !errors.Is(err, want) {
				t.Errorf("turn %d gave %v, want %v", i, err, want)
			}
			if errors.Is(want, storage.ErrUnavailable) && (!errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), path)) {
				t.Errorf("%q lacks its cause or the file", err)
			}
		}
	}
	if got, err := get(s, "a"); got != "1" || err != nil {
		t.Errorf("a is %q, %v", got, err)
	}
	if told != 0 {
		t.Error("watchers were told of what is not there")
	}
	if n := strings.Count(log.String(), "cannot be written"); n != 1 {
		t.Errorf("logged %d times: %s", n, &log)
	}
}

// Sixty-four goroutines read, walk, write, fail and watch at once.
func TestCrowd(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store"))
	var heard sync.Map
	s.Watch(func(recs []storage.Record) {
		for _, rec := range recs {
			heard.Store(rec.Offset, string(rec.Key))
		}
	})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := range 20 {
				key := fmt.Sprintf("%d-%d", i, j)
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(j)*time.Second/10)
				var rec storage.Record
				err := s.Write(ctx, func(w storage.Turn) (err error) {
					if rec, err = w.Append([]byte(key), []byte(key)); err != nil || j%4 == 3 {
						return errors.Join(err, os.ErrInvalid)
					}
					return nil
				})
				cancel()
				got, e := get(s, key)
				if e != nil || err == nil && got != key || err != nil && got != "" {
					t.Errorf("after %v, %s is %q, %v", err, key, got, e)
				}
				if k, ok := heard.Load(rec.Offset); err == nil && (!ok || k != key) {
					t.Errorf("watchers heard of %v at offset %d, which is %s", k, rec.Offset, key)
				}
				if _, err := s.Stats(); err != nil {
					t.Error(err)
				}
				_ = walkAll(s)
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := Check(s.path); err != nil {
		t.Error(err)
	}
}

func TestMaxRecord(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "store"), Options{NoSync: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n, want := range map[int]error{1 << 20: nil, 1<<20 + 1: storage.ErrTooLarge} {
		if err := put(s, "key", strings.Repeat("x", n)); !errors.Is(err, want) {
			t.Errorf("a value of %d bytes gave %v", n, err)
		}
		if err := put(s, strings.Repeat("x", n), ""); !errors.Is(err, want) {
			t.Errorf("a key of %d bytes gave %v", n, err)
		}
	}
}
