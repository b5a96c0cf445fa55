package memory

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/storage"
	"github.com/seed-9f7c7091/concordat/storage/storagetest"
)

// The suite opens stores at paths. What was last open at a path stands for the file
// there, unless there is one: a backup.
func TestStore(t *testing.T) {
	var mu sync.Mutex
	at := map[string]*Store{}
	storagetest.Run(t, func(t testing.TB, path string, buckets []string, apply storage.Apply) storage.Store {
		mu.Lock()
		defer mu.Unlock()
		o := Options{Buckets: buckets, MaxRecord: storagetest.MaxRecord}
		s := Open(o, apply)
		if backup, err := os.ReadFile(path); err == nil {
			if s, err = Restore(bytes.NewReader(backup), o, apply); err != nil {
				t.Fatal(err)
			}
		} else if old := at[path]; old != nil {
			for _, rec := range old.last.Load().log {
				if err := s.load(rec); err != nil {
					t.Fatal(err)
				}
			}
			s.notes.Store(old.notes.Load())
		}
		at[path] = s
		return s
	})
}

// values is an index that holds the last value of each key.
func values(tx storage.Tx, rec storage.Record) error {
	if rec.Value == nil {
		tx.Delete("values", rec.Key)
	} else {
		tx.Put("values", rec.Key, rec.Value)
	}
	return nil
}

func put(s *Store, key, value string) error {
	return s.Write(context.Background(), func(w storage.Turn) error {
		_, err := w.Append([]byte(key), []byte(value))
		return err
	})
}

// Readers see whole states while writers, some of which fail, go on.
func TestConcurrent(t *testing.T) {
	s := Open(Options{Buckets: []string{"values"}}, values)
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for i := range 4 {
		writers.Go(func() {
			for j := range 200 {
				_ = s.Write(context.Background(), func(w storage.Turn) error {
					n := 0
					fmt.Sscan(string(w.Get("values", []byte("a"))), &n)
					for _, key := range []string{"a", "b"} { // always raised together
						if _, err := w.Append([]byte(key), fmt.Append(nil, n+1)); err != nil {
							return err
						}
					}
					if (i+j)%3 == 0 {
						return context.Canceled
					}
					return nil
				})
			}
		})
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				err := s.View(func(v storage.View) error {
					var seen []string
					v.Ascend("values", nil, nil, func(_, value []byte) bool { seen = append(seen, string(value)); return true })
					n := 0
					for _, ok := v.Record(0); ok; _, ok = v.Record(int64(n)) {
						n++
					}
					want := slices.Repeat([]string{fmt.Sprint(n / 2)}, min(n, 2))
					if !slices.Equal(seen, want) {
						t.Errorf("of %d records the index has %q", n, seen)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}

// What is no backup is refused, and says so.
func TestRestore(t *testing.T) {
	s := Open(Options{Buckets: []string{"values"}}, values)
	for i := range 3 {
		if err := put(s, fmt.Sprint("key", i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := s.Backup(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(b.String(), "\n")
	for name, bad := range map[string]string{
		"empty":      "",
		"no backup":  "hello",
		"other JSON": "{}",
		"cut short":  b.String()[:b.Len()-3],
		"a gap":      lines[0] + lines[1] + lines[3],
	} {
		if _, err := Restore(strings.NewReader(bad), Options{Buckets: []string{"values"}}, values); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
	if _, err := Restore(&b, Options{}, values); err == nil {
		t.Error("restored without the index it needs")
	}
}

// A tree holds what a map does, in order; those it was made of stay as they were; and it stays flat.
func TestTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var now *tree
		model := map[string]string{}
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			key := rapid.StringMatching("[a-c]{1,3}").Draw(t, "key")
			before, was := now, list(now)
			if rapid.Bool().Draw(t, "put") {
				model[key] = fmt.Sprint(len(model))
				now = now.put([]byte(key), []byte(model[key]))
			} else {
				delete(model, key)
				now = now.remove([]byte(key))
			}
			if got := list(before); !slices.Equal(got, was) {
				t.Fatalf("an older tree became %q, from %q", got, was)
			}
			want := make([]string, 0, len(model))
			for k, v := range model {
				want = append(want, k+"="+v)
			}
			slices.Sort(want)
			if got := list(now); !slices.Equal(got, want) {
				t.Fatalf("the tree holds %q, want %q", got, want)
			}
			if got := now.get([]byte(key)); string(got) != model[key] {
				t.Fatalf("%q is %q, want %q", key, got, model[key])
			}
		}
	})
	var ascending *tree
	const n = 1 << 14
	for i := range n {
		ascending = ascending.put(fmt.Appendf(nil, "%08d", i), nil)
	}
	if d := depth(ascending); d > 4*14 {
		t.Errorf("%d keys in order make a tree %d deep", n, d)
	}
}

func list(t *tree) (all []string) {
	for n := t.above(nil, true); n != nil; n = t.above(n.key, false) {
		all = append(all, string(n.key)+"="+string(n.value))
	}
	down := make([]string, 0, len(all))
	for n := t.below(nil, true); n != nil; n = t.below(n.key, false) {
		down = append(down, string(n.key)+"="+string(n.value))
	}
	slices.Reverse(down)
	if !slices.Equal(all, down) {
		panic("up and down differ")
	}
	return all
}

func depth(t *tree) int {
	if t == nil {
		return 0
	}
	return 1 + max(depth(t.left), depth(t.right))
}
