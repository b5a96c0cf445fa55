// Package storagetest holds the tests that every storage.Store must pass, and a
// store that fails on demand.
package storagetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/storage"
)

// Open opens the store kept at path, or creates it there. Closing it is left to
// the tests. Records may be at least MinRecord bytes long and at most MaxRecord.
type Open func(t testing.TB, path string, buckets []string, apply storage.Apply) storage.Store

// Limits on the length of a record's value in the stores that the tests open.
const (
	MinRecord = 1 << 10 // accepted
	MaxRecord = 1 << 24 // refused above
)

// Buckets are the index buckets that the tests use.
var Buckets = []string{"first", "second"}

// change is what the value of a test's record says to do with an index.
type change struct {
	Bucket string
	Key    []byte
	Value  []byte // nil deletes
}

var errReject = errors.New("storagetest: rejected by apply")

// apply carries out the changes that a record lists. A record with the key
// "reject" is refused after its changes, one with "panic" ends the turn at once.
func apply(tx storage.Tx, rec storage.Record) error {
	var changes []change
	if rec.Value != nil {
		if err := json.Unmarshal(rec.Value, &changes); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if c.Value == nil {
			tx.Delete(c.Bucket, c.Key)
		} else {
			tx.Put(c.Bucket, c.Key, c.Value)
		}
		if got := tx.Get(c.Bucket, c.Key); !same(got, c.Value) {
			return fmt.Errorf("after a change of %q to %q it reads as %q", c.Key, c.Value, got)
		}
		// What was given was copied.
		clear(c.Key)
		clear(c.Value)
	}
	switch string(rec.Key) {
	case "reject":
		return errReject
	case "panic":
		panic("storagetest: apply")
	}
	return nil
}

// same tells nil from empty.
func same(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

func put(bucket, key, value string) change {
	return change{bucket, []byte(key), []byte(value)}
}

func encode(changes ...change) []byte {
	b, err := json.Marshal(changes)
	if err != nil {
		panic(err)
	}
	return b
}

// write appends one record with changes.
func write(t testing.TB, s storage.Store, changes ...change) storage.Record {
	t.Helper()
	var rec storage.Record
	err := s.Write(context.Background(), func(w storage.Turn) (err error) {
		rec, err = w.Append([]byte("key"), encode(changes...))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// view runs f and fails the test with its error.
func view(t testing.TB, s storage.Store, f func(v storage.View) error) {
	t.Helper()
	if err := s.View(f); err != nil {
		t.Error(err)
	}
}

// get reads one key into a copy.
func get(t testing.TB, s storage.Store, bucket, key string) (value []byte) {
	t.Helper()
	view(t, s, func(v storage.View) error {
		if b := v.Get(bucket, []byte(key)); b != nil {
			value = append([]byte{}, b...)
		}
		return nil
	})
	return value
}

// records reads the whole log into copies.
func records(v storage.View) (all []storage.Record) {
	for {
		rec, ok := v.Record(int64(len(all)))
		if !ok {
			return all
		}
		rec.Key = append([]byte{}, rec.Key...)
		if rec.Value != nil {
			rec.Value = append([]byte{}, rec.Value...)
		}
		all = append(all, rec)
	}
}

// length gives the number of records in the log.
func length(t testing.TB, s storage.Store) (n int) {
	t.Helper()
	view(t, s, func(v storage.View) error {
		n = len(records(v))
		return nil
	})
	return n
}

func sameRecord(a, b storage.Record) bool {
	return a.Offset == b.Offset && a.Time == b.Time && same(a.Key, b.Key) && same(a.Value, b.Value)
}

// Run holds a backend against what the storage package promises.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		promise string
		test    func(t *testing.T, s *subject)
	}{
		{"an empty store holds nothing", testEmpty},
		{"records come back as they were appended", testRecords},
		{"a tombstone is not an empty value", testTombstone},
		{"Ascend and Descend give a range in order", testRanges},
		{"ranges in a turn merge what it changed", testTurnRanges},
		{"a turn sees what it appended", testTurnSees},
		{"an entry can be changed while a range is walked", testChangeWhileWalking},
		{"a turn that fails leaves no trace", testFailedTurn},
		{"a turn in which Append failed fails", testPoisonedTurn},
		{"a turn that panics leaves no trace and panics in its caller", testPanic},
		{"a turn that ends its goroutine leaves no trace", testGoexit},
		{"a record above the limit is refused", testTooLarge},
		{"an unusable index key is refused", testBadKeys},
		{"a turn that appends nothing changes nothing", testNoAppend},
		{"a call whose context has ended gets no turn", testContext},
		{"a turn that has begun is finished", testBegunTurn},
		{"watchers hear of records once they can be seen and before Write returns", testWatch},
		{"a view does not change", testSnapshot},
		{"views do not wait for a turn", testViewDuringTurn},
		{"errors of a view are returned as they are", testViewError},
		{"concurrent turns see all before them", testConcurrent},
		{"a store opened again is the same", testReopen},
		{"a backup is a store of its own", testBackup},
		{"a closed store refuses calls", testClosed},
		{"closing finishes the turns that wait", testCloseFinishes},
		{"random turns agree with a plain model", testModel},
		{"notes come back in order, and as they were last written", testNotes},
		{"notes that cannot all be written are not", testBadNotes},
		{"notes stay apart from the log", testNotesApart},
		{"notes, turns and views at the same time", testConcurrentNotes},
	} {
		t.Run(c.promise, func(t *testing.T) {
			s := &subject{t: t, open: open, path: filepath.Join(t.TempDir(), "store")}
			s.reopen()
			t.Cleanup(func() { _ = s.Close() })
			c.test(t, s)
		})
	}
}

// subject is a store under test.
type subject struct {
	storage.Store
	t    testing.TB
	open Open
	path string
}

func (s *subject) reopen() { s.Store = s.open(s.t, s.path, Buckets, apply) }

func testEmpty(t *testing.T, s *subject) {
	view(t, s, func(v storage.View) error {
		if got := v.Get("first", []byte("a")); got != nil {
			t.Errorf("Get gave %q", got)
		}
		for _, offset := range []int64{-1, 0, 1, 1 << 62} {
			if rec, ok := v.Record(offset); ok {
				t.Errorf("Record(%d) gave %v", offset, rec)
			}
		}
		v.Ascend("first", nil, nil, func(k, _ []byte) bool { t.Errorf("Ascend gave %q", k); return true })
		v.Descend("first", nil, nil, func(k, _ []byte) bool { t.Errorf("Descend gave %q", k); return true })
		return nil
	})
}

func testRecords(t *testing.T, s *subject) {
	before := time.Now().UnixMilli()
	big := bytes.Repeat([]byte(" "), MinRecord-2)
	input := []struct{ key, value []byte }{
		{[]byte("k"), []byte("[]")},
		{[]byte{}, []byte("[]")},
		{[]byte{0, 255}, nil},
		{big, append([]byte("[]"), big...)},
	}
	var appended []storage.Record
	for _, in := range input {
		err := s.Write(context.Background(), func(w storage.Turn) error {
			key, value := bytes.Clone(in.key), bytes.Clone(in.value)
			rec, err := w.Append(key, value)
			clear(key)
			clear(value)
			appended = append(appended, rec)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	view(t, s, func(v storage.View) error {
		all := records(v)
		if len(all) != len(input) {
			t.Fatalf("%d records, want %d", len(all), len(input))
		}
		last := before
		for i, rec := range all {
			want := storage.Record{Offset: int64(i), Time: rec.Time, Key: input[i].key, Value: input[i].value}
			if !sameRecord(rec, want) || !sameRecord(appended[i], want) {
				t.Errorf("appended %v, read %v, want %v", appended[i], rec, want)
			}
			if rec.Time < last || rec.Time > time.Now().UnixMilli() {
				t.Errorf("record %d has time %d after %d", i, rec.Time, last)
			}
			last = rec.Time
		}
		return nil
	})
}

func testTombstone(t *testing.T, s *subject) {
	var got storage.Record
	s.Close()
	s.Store = s.open(t, s.path, Buckets, func(_ storage.Tx, rec storage.Record) error {
		got = rec
		return nil
	})
	for i, value := range [][]byte{nil, {}, []byte("x")} {
		err := s.Write(context.Background(), func(w storage.Turn) error {
			rec, err := w.Append([]byte("k"), value)
			if !same(rec.Value, value) {
				t.Errorf("Append(%#v) gave %#v", value, rec.Value)
			}
			if rec, ok := w.Record(int64(i)); !ok || !same(rec.Value, value) {
				t.Errorf("a turn reads %#v as %#v", value, rec.Value)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !same(got.Value, value) {
			t.Errorf("apply got %#v for %#v", got.Value, value)
		}
		view(t, s, func(v storage.View) error {
			if rec, ok := v.Record(int64(i)); !ok || !same(rec.Value, value) {
				t.Errorf("a view reads %#v as %#v", value, rec.Value)
			}
			return nil
		})
	}
}

var rangeKeys = []string{"\x00", "a", "a\x00", "ab", "ab\xff", "ab\xff\xff", "abc", "ac", "b", "\xff", "\xff\xff", "\xff\xff\x00"}

// ranges lists every range over rangeKeys: prefixes and bounds that are keys,
// lie between them, before and after all, or are absent.
func ranges(yield func(prefix, bound []byte)) {
	points := [][]byte{nil, {}}
	for _, k := range rangeKeys {
		points = append(points, []byte(k), []byte(k+"0"))
	}
	for _, prefix := range points {
		for _, bound := range points {
			yield(prefix, bound)
		}
	}
}

// checkRanges holds a view of rangeKeys, some of which may be missing, against the words of the
// documentation, read literally.
func checkRanges(t *testing.T, v storage.View, keys []string) {
	t.Helper()
	slices.Sort(keys)
	ranges(func(prefix, bound []byte) {
		var up, down []string
		for _, k := range keys {
			if !bytes.HasPrefix([]byte(k), prefix) {
				continue
			}
			if k >= string(bound) {
				up = append(up, k)
			}
			if bound == nil || k < string(bound) {
				down = append([]string{k}, down...)
			}
		}
		for _, stop := range []int{0, 2} {
			for _, c := range []struct {
				name string
				walk func(string, []byte, []byte, func(k, v []byte) bool)
				want []string
			}{{"Ascend", v.Ascend, up}, {"Descend", v.Descend, down}} {
				var got []string
				c.walk("first", prefix, bound, func(k, val []byte) bool {
					if string(val) != "value of "+string(k) {
						t.Errorf("the value of %q is %q", k, val)
					}
					got = append(got, string(k))
					return len(got) != stop
				})
				want := c.want
				if stop > 0 && len(want) > stop {
					want = want[:stop]
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s with prefix %q and bound %q gave %q, want %q", c.name, prefix, bound, got, want)
				}
			}
		}
	})
}

func testRanges(t *testing.T, s *subject) {
	for _, k := range rangeKeys {
		write(t, s, put("first", k, "value of "+k), put("second", k+"2", "no"))
	}
	view(t, s, func(v storage.View) error {
		checkRanges(t, v, slices.Clone(rangeKeys))
		return nil
	})
}

func testTurnRanges(t *testing.T, s *subject) {
	// Of the keys, some are stored before the turn, some put by it, some replaced
	// by it, some deleted by it.
	for i, k := range rangeKeys {
		if i%4 != 1 {
			write(t, s, put("first", k, map[bool]string{true: "value of " + k, false: "old"}[i%4 == 0]))
		}
	}
	err := s.Write(context.Background(), func(w storage.Turn) error {
		var changes []change
		var keys []string
		for i, k := range rangeKeys {
			switch i % 4 {
			case 1, 2:
				changes = append(changes, put("first", k, "value of "+k))
			case 3:
				changes = append(changes, change{"first", []byte(k), nil})
				continue
			}
			keys = append(keys, k)
		}
		if _, err := w.Append(nil, encode(changes...)); err != nil {
			return err
		}
		checkRanges(t, w, keys)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testTurnSees(t *testing.T, s *subject) {
	write(t, s, put("first", "old", "1"))
	err := s.Write(context.Background(), func(w storage.Turn) error {
		rec, err := w.Append([]byte("k"), encode(put("first", "new", "2"), change{"first", []byte("old"), nil}))
		if err != nil {
			return err
		}
		if got, ok := w.Record(rec.Offset); !ok || !sameRecord(got, rec) {
			t.Errorf("Record(%d) gave %v, want %v", rec.Offset, got, rec)
		}
		if _, ok := w.Record(rec.Offset + 1); ok {
			t.Error("there is a record after the last")
		}
		if got, ok := w.Record(0); !ok || got.Offset != 0 {
			t.Error("the first record is not there")
		}
		if got := w.Get("first", []byte("new")); string(got) != "2" {
			t.Errorf("new is %q", got)
		}
		if got := w.Get("first", []byte("old")); got != nil {
			t.Errorf("old is %q", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testChangeWhileWalking(t *testing.T, s *subject) {
	s.Close()
	// Each record empties the bucket as it walks, by turns up and down, and fills it again.
	s.Store = s.open(t, s.path, Buckets, func(tx storage.Tx, rec storage.Record) error {
		n := 0
		remove := func(k, _ []byte) bool {
			n++
			tx.Delete("first", k)
			return true
		}
		if rec.Offset%2 == 0 {
			tx.Ascend("first", nil, nil, remove)
		} else {
			tx.Descend("first", nil, nil, remove)
		}
		if rec.Offset > 0 && n != 100 {
			return fmt.Errorf("at offset %d it walked over %d keys, want 100", rec.Offset, n)
		}
		for i := range 100 {
			tx.Put("first", fmt.Appendf(nil, "%d", i), nil)
		}
		return nil
	})
	for turn := range 4 {
		err := s.Write(context.Background(), func(w storage.Turn) error {
			for range turn + 1 {
				if _, err := w.Append([]byte("k"), nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := get(t, s, "first", "7"); !same(got, []byte{}) {
		t.Errorf("an empty value reads as %#v", got)
	}
}

func testFailedTurn(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "1"))
	failure := errors.New("no")
	err := s.Write(context.Background(), func(w storage.Turn) error {
		if _, err := w.Append([]byte("k"), encode(put("first", "a", "2"), put("second", "b", "2"))); err != nil {
			return err
		}
		return failure
	})
	if err != failure {
		t.Errorf("Write gave %v, want the turn's error", err)
	}
	checkUntouched(t, s)
}

// checkUntouched looks whether a store holds only its first record, whose
// change was put("first", "a", "1"), and goes on.
func checkUntouched(t *testing.T, s storage.Store) {
	t.Helper()
	if n := length(t, s); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
	if got := get(t, s, "first", "a"); string(got) != "1" {
		t.Errorf("a is %q, want 1", got)
	}
	if got := get(t, s, "second", "b"); got != nil {
		t.Errorf("b is %q, want nothing", got)
	}
	if rec := write(t, s, put("second", "c", "3")); rec.Offset != 1 {
		t.Errorf("the next record has offset %d, want 1", rec.Offset)
	}
}

func testPoisonedTurn(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "1"))
	err := s.Write(context.Background(), func(w storage.Turn) error {
		if _, err := w.Append([]byte("k"), encode(put("first", "a", "2"))); err != nil {
			t.Error(err)
		}
		if _, err := w.Append([]byte("reject"), encode(put("second", "b", "2"))); !errors.Is(err, errReject) {
			t.Errorf("Append gave %v, want the error of apply", err)
		}
		return nil // says that all is well
	})
	if !errors.Is(err, errReject) {
		t.Errorf("Write gave %v, want the error of apply", err)
	}
	checkUntouched(t, s)
}

func testPanic(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "1"))
	for _, key := range []string{"k", "panic"} {
		var got any
		func() {
			defer func() { got = recover() }()
			_ = s.Write(context.Background(), func(w storage.Turn) error {
				_, _ = w.Append([]byte(key), encode(put("first", "a", "2"), put("second", "b", "2")))
				panic("storagetest: turn")
			})
		}()
		if want := map[string]string{"k": "storagetest: turn", "panic": "storagetest: apply"}[key]; got != want {
			t.Errorf("recovered %v, want %v", got, want)
		}
	}
	checkUntouched(t, s)
}

func testGoexit(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "1"))
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = s.Write(context.Background(), func(w storage.Turn) error {
			_, _ = w.Append([]byte("k"), encode(put("first", "a", "2"), put("second", "b", "2")))
			runtime.Goexit()
			return nil
		})
		t.Error("Write returned")
	})
	wg.Wait()
	checkUntouched(t, s)
}

func testTooLarge(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "1"))
	err := s.Write(context.Background(), func(w storage.Turn) error {
		_, err := w.Append([]byte("k"), make([]byte, MaxRecord+1))
		return err
	})
	if !errors.Is(err, storage.ErrTooLarge) {
		t.Errorf("Write gave %v, want one that matches %v", err, storage.ErrTooLarge)
	}
	checkUntouched(t, s)
}

func testBadKeys(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "1"))
	for _, c := range []change{
		put("no such bucket", "k", "v"),
		put("first", "", "v"),
		put("first", string(make([]byte, MaxRecord/2)), "v"),
	} {
		err := s.Write(context.Background(), func(w storage.Turn) error {
			_, err := w.Append([]byte("k"), encode(put("second", "b", "2"), c))
			return err
		})
		if err == nil {
			t.Errorf("bucket %q takes a key of %d bytes", c.Bucket, len(c.Key))
		}
	}
	checkUntouched(t, s)
}

func testNoAppend(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "1"))
	err := s.Write(context.Background(), func(w storage.Turn) error {
		if got := w.Get("first", []byte("a")); string(got) != "1" {
			t.Errorf("a is %q", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	checkUntouched(t, s)
}

func testContext(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "1"))
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	never := func(storage.Turn) error {
		t.Error("the turn ran")
		return nil
	}
	if err := s.Write(ended, never); !errors.Is(err, context.Canceled) {
		t.Errorf("Write gave %v", err)
	}
	// One that ends while others have their turn.
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
	short, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := s.Write(short, never); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Write gave %v", err)
	}
	close(release)
	wg.Wait()
	checkUntouched(t, s)
}

func testBegunTurn(t *testing.T, s *subject) {
	ctx, cancel := context.WithCancel(context.Background())
	err := s.Write(ctx, func(w storage.Turn) error {
		cancel()
		_, err := w.Append([]byte("k"), encode(put("first", "a", "1")))
		return err
	})
	if err != nil {
		t.Errorf("Write gave %v", err)
	}
	checkUntouched(t, s)
}

func testWatch(t *testing.T, s *subject) {
	var mu sync.Mutex
	var heard []storage.Record
	second := 0
	s.Watch(func(recs []storage.Record) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, recs...)
		view(t, s, func(v storage.View) error {
			for _, rec := range recs {
				if got, ok := v.Record(rec.Offset); !ok || !sameRecord(got, rec) {
					t.Errorf("told of %v, which reads as %v", rec, got)
				}
			}
			return nil
		})
	})
	s.Watch(func(recs []storage.Record) { mu.Lock(); second += len(recs); mu.Unlock() })
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				err := s.Write(context.Background(), func(w storage.Turn) error {
					for range j % 3 {
						if _, err := w.Append([]byte("k"), nil); err != nil {
							return err
						}
					}
					if i == 7 {
						return errReject
					}
					return nil
				})
				if err != nil && i != 7 {
					t.Error(err)
				}
				rec := write(t, s)
				mu.Lock()
				if !slices.ContainsFunc(heard, func(r storage.Record) bool { return sameRecord(r, rec) }) {
					t.Errorf("Write returned before offset %d was told", rec.Offset)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	view(t, s, func(v storage.View) error {
		all := records(v)
		if !slices.EqualFunc(all, heard, sameRecord) {
			t.Errorf("the log has %d records; told of %d, or others", len(all), len(heard))
		}
		if second != len(all) {
			t.Errorf("a second watcher was told of %d records, want %d", second, len(all))
		}
		return nil
	})
}

func testSnapshot(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "1"))
	view(t, s, func(v storage.View) error {
		before := v.Get("first", []byte("a"))
		write(t, s, put("first", "a", "2"), put("first", "b", "2"))
		if string(before) != "1" {
			t.Errorf("the value read before became %q", before)
		}
		if got := v.Get("first", []byte("a")); string(got) != "1" {
			t.Errorf("a became %q", got)
		}
		if got := v.Get("first", []byte("b")); got != nil {
			t.Errorf("b became %q", got)
		}
		if _, ok := v.Record(1); ok {
			t.Error("there is a new record")
		}
		return nil
	})
	if got := get(t, s, "first", "a"); string(got) != "2" {
		t.Errorf("a new view reads %q", got)
	}
}

func testViewDuringTurn(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "1"))
	err := s.Write(context.Background(), func(w storage.Turn) error {
		if _, err := w.Append([]byte("k"), encode(put("first", "a", "2"))); err != nil {
			return err
		}
		if got := get(t, s, "first", "a"); string(got) != "1" {
			t.Errorf("a view sees %q while a turn is on", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testViewError(t *testing.T, s *subject) {
	want := errors.New("mine")
	if err := s.View(func(storage.View) error { return want }); err != want {
		t.Errorf("View gave %v", err)
	}
	var got any
	func() {
		defer func() { got = recover() }()
		_ = s.View(func(storage.View) error { panic("mine") })
	}()
	if got != "mine" {
		t.Errorf("recovered %v", got)
	}
	write(t, s) // nothing is held any more
}

func testConcurrent(t *testing.T, s *subject) {
	const writers, turns = 16, 25
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for j := range turns {
				err := s.Write(context.Background(), func(w storage.Turn) error {
					// A counter that each turn reads and raises loses nothing.
					n := 0
					fmt.Sscan(string(w.Get("first", []byte("counter"))), &n)
					rec, err := w.Append([]byte("k"), encode(put("first", "counter", fmt.Sprint(n+1))))
					if err != nil {
						return err
					}
					if rec.Offset != int64(n) {
						return fmt.Errorf("offset %d where the counter is %d", rec.Offset, n)
					}
					if j%5 == 4 {
						return errReject
					}
					return nil
				})
				if (err != nil) != (j%5 == 4) {
					t.Errorf("writer %d, turn %d: %v", i, j, err)
				}
				view(t, s, func(v storage.View) error {
					n := 0
					fmt.Sscan(string(v.Get("first", []byte("counter"))), &n)
					if _, ok := v.Record(int64(n - 1)); !ok && n > 0 {
						t.Errorf("the counter is %d and the log shorter", n)
					}
					if _, ok := v.Record(int64(n)); ok {
						t.Errorf("the counter is %d and the log longer", n)
					}
					return nil
				})
			}
		})
	}
	wg.Wait()
	if got, want := string(get(t, s, "first", "counter")), fmt.Sprint(writers*turns*4/5); got != want {
		t.Errorf("the counter is %s, want %s", got, want)
	}
}

func testReopen(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "0"))
	last := write(t, s, put("first", "a", "1"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	if got := get(t, s, "first", "a"); string(got) != "1" {
		t.Errorf("a is %q", got)
	}
	rec := write(t, s)
	if rec.Offset != last.Offset+1 || rec.Time < last.Time {
		t.Errorf("after %v came %v", last, rec)
	}
	if n := length(t, s); n != 3 {
		t.Errorf("%d records, want 3", n)
	}
}

func testBackup(t *testing.T, s *subject) {
	write(t, s, put("first", "a", "1"))
	var b bytes.Buffer
	n, err := s.Backup(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("Backup gave %d, %v for %d bytes", n, err, b.Len())
	}
	write(t, s, put("first", "a", "2"))
	path := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	c := s.open(t, path, Buckets, apply)
	defer c.Close()
	checkUntouched(t, c)

	want := errors.New("full")
	if _, err := s.Backup(failingWriter{want}); !errors.Is(err, want) && (err == nil || !bytes.Contains([]byte(err.Error()), []byte("full"))) {
		t.Errorf("a backup to a writer that fails gave %v", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func testClosed(t *testing.T, s *subject) {
	write(t, s)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close gave %v", err)
		}
	}
	if err := s.View(func(storage.View) error { return nil }); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("View gave %v", err)
	}
	if err := s.Write(context.Background(), func(storage.Turn) error { return nil }); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Write gave %v", err)
	}
	if _, err := s.Backup(&bytes.Buffer{}); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Backup gave %v", err)
	}
}

func testCloseFinishes(t *testing.T, s *subject) {
	const waiting = 20
	begun, release := make(chan bool), make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.Write(context.Background(), func(w storage.Turn) error {
			close(begun)
			<-release
			_, err := w.Append([]byte("k"), nil)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-begun
	var ok, refused sync.WaitGroup
	var mu sync.Mutex
	written := 1
	for range waiting {
		ok.Go(func() {
			err := s.Write(context.Background(), func(w storage.Turn) error {
				_, err := w.Append([]byte("k"), nil)
				return err
			})
			switch {
			case err == nil:
				mu.Lock()
				written++
				mu.Unlock()
			case !errors.Is(err, storage.ErrClosed):
				t.Error(err)
			}
		})
	}
	time.Sleep(10 * time.Millisecond) // most of them wait by now
	refused.Go(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(10 * time.Millisecond)
	close(release)
	wg.Wait()
	ok.Wait()
	refused.Wait()
	s.reopen()
	if n := length(t, s); n != written {
		t.Errorf("%d records, and %d writes succeeded", n, written)
	}
}
