package usage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/storage"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
	"github.com/seed-9f7c7091/concordat/storage/memory"
)

func use(subject string, version int, application string) api.Usage {
	return api.Usage{Subject: subject, Version: version, Role: api.Consumer, Topic: "t", Application: application, Principal: "p"}
}

// applications are those of a list, in order.
func applications(t testing.TB, table *Table, f Filter) (names []string) {
	t.Helper()
	list, err := table.List(f, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range list {
		names = append(names, u.Application)
	}
	return names
}

func want(t testing.TB, table *Table, names ...string) {
	t.Helper()
	if got := applications(t, table, Filter{}); !slices.Equal(got, names) {
		t.Errorf("the table holds %q, want %q", got, names)
	}
}

// clock gives a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now int64
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.UnixMilli(c.now)
}

func (c *clock) add(ms int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += ms
}

// What is seen is told at once, kept when the table is closed, and there when it is opened again.
func TestKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	clock := &clock{now: 1000}
	for round := range 3 {
		store, err := bolt.Open(path, bolt.Options{NoSync: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		table := New(store, Options{Clock: clock.time, Interval: time.Hour})
		if round == 2 {
			want(t, table, "a", "b", "c")
		}
		table.Seen([]api.Usage{use("s", 1, "a"), use("s", 1, "a"), use("s", 2, "b"), use("t", 1, "c")}[round:])
		clock.add(10)
		want(t, table, "a", "b", "c")
		if err := errors.Join(table.Close(), table.Close()); err != nil {
			t.Error(err)
		}
		want(t, table, "a", "b", "c")
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	store, err := bolt.Open(path, bolt.Options{ReadOnly: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	list, err := New(store, Options{}).List(Filter{Subject: "s", Version: 1}, 0, 10)
	seen := use("s", 1, "a")
	seen.LastSeen = 1010
	if err != nil || !slices.Equal(list, []api.Usage{seen}) {
		t.Errorf("read %+v, %v", list, err)
	}
}

// The full table forgets what was unseen for the longest time, and no more than it must.
func TestEviction(t *testing.T) {
	clock := &clock{}
	store := memory.Open(memory.Options{}, nil)
	table := New(store, Options{Clock: clock.time, Interval: time.Hour, MaxKept: 5})
	flush := func() {
		t.Helper()
		if err := table.Flush(); err != nil {
			t.Error(err)
		}
	}
	for i := range 7 {
		clock.add(1)
		table.Seen([]api.Usage{use("s", 1, fmt.Sprint("a", i))})
	}
	flush()
	want(t, table, "a2", "a3", "a4", "a5", "a6")
	clock.add(1)
	table.Seen([]api.Usage{use("s", 1, "a3"), use("s", 1, "b")})
	flush()
	want(t, table, "a3", "a4", "a5", "a6", "b")
	// Of those seen at one time, some go.
	clock.add(1)
	for i := range 600 { // more than is written at once
		table.Seen([]api.Usage{use("s", 1, fmt.Sprintf("c%03d", i))})
	}
	flush()
	if got := applications(t, table, Filter{}); len(got) != 5 {
		t.Errorf("kept %q", got)
	}
	// A table that is opened anew knows how full it is.
	table = New(store, Options{Clock: clock.time, MaxKept: 3})
	clock.add(1)
	table.Seen([]api.Usage{use("s", 1, "d")})
	flush()
	if got := applications(t, table, Filter{}); len(got) != 3 || got[2] != "d" {
		t.Errorf("kept %q", got)
	}
}

// What is held in memory is bounded too, whether it can be written or not.
func TestMemoryIsBounded(t *testing.T) {
	for name, notes := range map[string]storage.Notes{"no notes": nil, "failing": &faulty{Notes: memory.Open(memory.Options{}, nil), err: storage.ErrUnavailable}} {
		clock := &clock{}
		table := New(notes, Options{Clock: clock.time, Interval: time.Hour, MaxGathered: 32})
		for i := range 1000 {
			clock.add(1)
			table.Seen([]api.Usage{use("s", 1, fmt.Sprintf("%04d", i))})
			if n := len(applications(t, table, Filter{})); n > 32 || n < min(i+1, 30) {
				t.Fatalf("%s: after %d uses it holds %d", name, i+1, n)
			}
		}
		if got := applications(t, table, Filter{}); got[len(got)-1] != "0999" {
			t.Errorf("%s: the last are %q", name, got)
		}
		_ = table.Close()
	}
}

// faulty is a store whose notes can be made to fail, with all of a call or after some of it.
type faulty struct {
	storage.Notes
	mu   sync.Mutex
	err  error
	good int // calls before the failure
}

func (f *faulty) set(err error, good int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.good = err, good
}

func (f *faulty) WriteNotes(book string, list []storage.Note) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil && f.good == 0 {
		return f.err
	}
	f.good--
	return f.Notes.WriteNotes(book, list)
}

// A flush that fails, at once or in its midst, loses nothing, and is tried again.
func TestFlushFails(t *testing.T) {
	notes := &faulty{Notes: memory.Open(memory.Options{}, nil)}
	table := New(notes, Options{Interval: time.Hour})
	var names []string
	for i := range 3 * maxWrite {
		names = append(names, fmt.Sprintf("%04d", i))
		table.Seen([]api.Usage{use("s", 1, names[i])})
	}
	for _, good := range []int{0, 1, 1, 0} { // calls that succeed
		notes.set(storage.ErrUnavailable, good)
		if err := table.Flush(); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("Flush gave %v", err)
		}
		want(t, table, names...)
	}
	notes.set(nil, 0)
	if err := table.Close(); err != nil {
		t.Error(err)
	}
	want(t, New(notes, Options{}), names...)
}

// A table whose store was closed before it ends quietly.
func TestStoreClosedFirst(t *testing.T) {
	store := memory.Open(memory.Options{}, nil)
	table := New(store, Options{Interval: time.Millisecond})
	table.Seen([]api.Usage{use("s", 1, "a")})
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	table.Seen([]api.Usage{use("s", 1, "b")})
	if err := table.Close(); err != nil && !errors.Is(err, storage.ErrClosed) {
		t.Error(err)
	}
}

// Uses are written when they have been gathered for some time, or when there are many; in between nothing runs.
func TestWhenWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.Open(memory.Options{}, nil)
		kept := func() (n int) {
			synctest.Wait()
			if err := store.ReadNotes(book, nil, func(_, _ []byte) bool { n++; return true }); err != nil {
				t.Error(err)
			}
			return n
		}
		table := New(store, Options{MaxGathered: 10})
		step := func(what string, want int) {
			t.Helper()
			if n := kept(); n != want {
				t.Errorf("%s: %d are kept, want %d", what, n, want)
			}
		}
		table.Seen([]api.Usage{use("s", 1, "a")})
		time.Sleep(5*time.Second - time.Nanosecond)
		step("just before", 0)
		time.Sleep(time.Nanosecond)
		step("after the interval", 1)
		time.Sleep(time.Hour)
		table.Seen([]api.Usage{use("s", 1, "b")})
		step("after a rest", 1)
		table.Seen([]api.Usage{use("s", 1, "c"), use("s", 1, "d"), use("s", 1, "e"), use("s", 1, "f")})
		step("when there are many", 6)
		table.Seen([]api.Usage{use("s", 1, "g")})
		if err := table.Close(); err != nil {
			t.Error(err)
		}
		step("closed", 7)
		table.Seen([]api.Usage{use("s", 1, "h")})
		if err := table.Close(); err != nil {
			t.Error(err)
		}
		step("closed again", 8)
	})
}

// Many tell, some ask, and it is written meanwhile: nothing is lost, and nothing is seen twice.
func TestConcurrent(t *testing.T) {
	store, err := bolt.Open(filepath.Join(t.TempDir(), "store"), bolt.Options{NoSync: true, Buckets: []string{"i"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	table := New(store, Options{Interval: time.Millisecond})
	var wg sync.WaitGroup
	const tellers, rounds = 8, 100
	for i := range tellers {
		wg.Go(func() {
			for j := range rounds {
				table.Seen([]api.Usage{use("s", 1, fmt.Sprintf("%d/%03d", i, j)), use("shared", 1, fmt.Sprint(j%7))})
				list, err := table.List(Filter{}, 0, 10_000)
				if err != nil {
					t.Error(err)
				}
				if !slices.IsSortedFunc(list, compare) || len(slices.CompactFunc(slices.Clone(list), func(a, b api.Usage) bool { return compare(a, b) == 0 })) != len(list) {
					t.Error("a list has a use twice or out of order")
				}
				if !slices.ContainsFunc(list, func(u api.Usage) bool { return u.Application == fmt.Sprintf("%d/%03d", i, j) }) {
					t.Errorf("%d/%03d was told, and is not listed", i, j)
				}
			}
		})
		wg.Go(func() {
			for range rounds / 4 {
				err := store.Write(context.Background(), func(w storage.Turn) error {
					_, err := w.Append([]byte("k"), nil)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := table.Close(); err != nil {
		t.Error(err)
	}
	if n := len(applications(t, New(store, Options{}), Filter{Subject: "s"})); n != tellers*rounds {
		t.Errorf("%d are kept, want %d", n, tellers*rounds)
	}
}

func compare(a, b api.Usage) int {
	return cmp.Or(strings.Compare(a.Subject, b.Subject), cmp.Compare(a.Version, b.Version), strings.Compare(a.Role, b.Role),
		strings.Compare(a.Topic, b.Topic), strings.Compare(a.Application, b.Application), strings.Compare(a.Principal, b.Principal))
}

// Random uses, flushes and questions agree with a plain list.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := &clock{}
		store := memory.Open(memory.Options{}, nil)
		table := New(store, Options{Clock: clock.time, Interval: time.Hour})
		defer table.Close()
		model := map[api.Usage]int64{}
		name := rapid.SampledFrom([]string{"a", "ab", "b", ":.c:a"})
		empty := rapid.SampledFrom([]string{"", "a", "ab"})
		version := rapid.SampledFrom([]int{1, 2, 255, 256, 1<<31 - 1})
		role := rapid.SampledFrom([]string{api.Producer, api.Consumer})
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			clock.add(1)
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				if err := table.Flush(); err != nil {
					t.Fatal(err)
				}
			case 1:
				table = New(store, Options{Clock: clock.time, Interval: time.Hour})
				clear(model)
				list, err := table.List(Filter{}, 0, 1000)
				if err != nil {
					t.Fatal(err)
				}
				for _, u := range list { // what was not flushed is lost
					seen := u.LastSeen
					u.LastSeen = 0
					model[u] = seen
				}
			case 2, 3:
				u := api.Usage{
					Subject: name.Draw(t, "subject"), Version: version.Draw(t, "version"), Role: role.Draw(t, "role"),
					Topic: empty.Draw(t, "topic"), Application: empty.Draw(t, "application"), Principal: empty.Draw(t, "principal"),
				}
				table.Seen([]api.Usage{u})
				model[u] = clock.now
			}
			f := Filter{
				Subject: rapid.SampledFrom([]string{"", "", "a", "ab"}).Draw(t, "of subject"),
				Role:    rapid.SampledFrom([]string{"", "", api.Producer}).Draw(t, "of role"),
			}
			if f.Subject != "" {
				f.Version = rapid.SampledFrom([]int{0, 1, 256}).Draw(t, "of version")
			}
			if rapid.Bool().Draw(t, "of a principal") {
				p := empty.Draw(t, "of principal")
				f.Principal = &p
			}
			want := []api.Usage{}
			for u, seen := range model {
				u.LastSeen = seen
				if (f.Subject == "" || u.Subject == f.Subject) && (f.Version == 0 || u.Version == f.Version) &&
					(f.Role == "" || u.Role == f.Role) && (f.Principal == nil || *f.Principal == u.Principal) {
					want = append(want, u)
				}
			}
			slices.SortFunc(want, compare)
			offset, limit := rapid.IntRange(0, 3).Draw(t, "offset"), rapid.IntRange(0, 5).Draw(t, "limit")
			want = want[min(offset, len(want)):]
			want = want[:min(limit, len(want))]
			got, err := table.List(f, offset, limit)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%+v from %d, %d: %+v, %v; want %+v", f, offset, limit, got, err, want)
			}
		}
	})
}
