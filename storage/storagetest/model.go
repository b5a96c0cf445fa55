package storagetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-9f7c7091/concordat/storage"
)

// model is a store as one would first think of it.
type model struct {
	log     []string // keys of the records
	buckets map[string]map[string]string
}

func (m *model) clone() *model {
	c := &model{slices.Clone(m.log), map[string]map[string]string{}}
	for name, b := range m.buckets {
		c.buckets[name] = maps.Clone(b)
	}
	return c
}

func (m *model) apply(key string, changes []change) {
	m.log = append(m.log, key)
	for _, c := range changes {
		if c.Value == nil {
			delete(m.buckets[c.Bucket], string(c.Key))
		} else {
			m.buckets[c.Bucket][string(c.Key)] = string(c.Value)
		}
	}
}

// Keys are of few letters, so that they meet; 0xff and 0 are the edges of prefixes.
// Some values are long, so that buckets take many pages.
var (
	genKey    = rapid.StringOfN(rapid.RuneFrom([]rune("\x00ab\xff")), 1, 4, -1)
	genPrefix = rapid.StringOfN(rapid.RuneFrom([]rune("\x00ab\xff")), 0, 2, -1)
	genBucket = rapid.SampledFrom(Buckets)
	genValue  = rapid.Custom(func(t *rapid.T) string {
		return strings.Repeat(rapid.SampledFrom([]string{"", "x", "yy"}).Draw(t, "letter"), rapid.SampledFrom([]int{1, 1, 1, 300}).Draw(t, "times"))
	})
	genChange = rapid.Custom(func(t *rapid.T) change {
		c := change{Bucket: genBucket.Draw(t, "bucket"), Key: []byte(latin(genKey.Draw(t, "key")))}
		if rapid.IntRange(0, 2).Draw(t, "delete") > 0 {
			c.Value = []byte(genValue.Draw(t, "value"))
		}
		return c
	})
	genChanges = rapid.SliceOfN(genChange, 0, 20)
)

// latin turns each rune into one byte.
func latin(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

func testModel(t *testing.T, s *subject) {
	s.Close()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "model")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		s := &subject{t: s.t, open: s.open, path: dir + "/store"}
		s.reopen()
		defer func() { _ = s.Close() }()
		m := &model{buckets: map[string]map[string]string{}}
		for _, name := range Buckets {
			m.buckets[name] = map[string]string{}
		}
		for range rapid.IntRange(1, 8).Draw(t, "turns") {
			switch rapid.IntRange(0, 9).Draw(t, "between") {
			case 0:
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s.reopen()
			case 1:
				if err := s.View(func(v storage.View) error { return m.compare(t, v) }); err != nil {
					t.Fatal(err)
				}
			}
			m = m.turn(t, s)
		}
		if err := s.View(func(v storage.View) error { return m.compare(t, v) }); err != nil {
			t.Fatal(err)
		}
	})
}

var errTurn = errors.New("the turn fails")

// turn has one turn in a store and gives the model as it should be after it.
func (m *model) turn(t *rapid.T, s storage.Store) *model {
	after := m.clone()
	end := rapid.SampledFrom([]string{"", "", "", "fail", "reject", "panic"}).Draw(t, "end")
	err := func() (err error) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case errTurn:
				err = errTurn
			default:
				panic(p)
			}
		}()
		return s.Write(context.Background(), func(w storage.Turn) error {
			for range rapid.IntRange(0, 4).Draw(t, "appends") {
				key, changes := genKey.Draw(t, "key"), genChanges.Draw(t, "changes")
				if _, err := w.Append([]byte(key), encode(changes...)); err != nil {
					return err
				}
				after.apply(key, changes)
				if err := after.compare(t, w); err != nil {
					return err
				}
			}
			switch end {
			case "fail":
				return errTurn
			case "panic":
				panic(errTurn)
			case "reject":
				_, err := w.Append([]byte("reject"), encode(genChanges.Draw(t, "changes")...))
				return err
			}
			return nil
		})
	}()
	switch {
	case err == nil && end == "":
		return after
	case err == nil:
		t.Fatal("a failing turn succeeded")
	case !errors.Is(err, errTurn) && !errors.Is(err, errReject):
		t.Fatal(err)
	}
	return m
}

// compare holds a view against the model: the log, every key, and a few ranges.
func (m *model) compare(t *rapid.T, v storage.View) error {
	for i, key := range m.log {
		if rec, ok := v.Record(int64(i)); !ok || string(rec.Key) != key || rec.Offset != int64(i) {
			return fmt.Errorf("record %d is %v, want key %q", i, rec, key)
		}
	}
	if rec, ok := v.Record(int64(len(m.log))); ok {
		return fmt.Errorf("there is a record too many: %v", rec)
	}
	for name, b := range m.buckets {
		for k, want := range b {
			if got := v.Get(name, []byte(k)); got == nil || string(got) != want {
				return fmt.Errorf("%s %q is %.20q, want %.20q", name, k, got, want)
			}
		}
		k := latin(genKey.Draw(t, "get"))
		if _, ok := b[k]; !ok && v.Get(name, []byte(k)) != nil {
			return fmt.Errorf("%s %q should not be there", name, k)
		}
		prefix := []byte(latin(genPrefix.Draw(t, "prefix")))
		var bound []byte
		if rapid.Bool().Draw(t, "bounded") {
			bound = []byte(latin(genPrefix.Draw(t, "bound")) + latin(genPrefix.Draw(t, "bound")))
		}
		if err := m.compareRange(v, name, prefix, bound); err != nil {
			return err
		}
		if err := m.compareRange(v, name, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) compareRange(v storage.View, name string, prefix, bound []byte) error {
	b := m.buckets[name]
	var up, down, gotUp, gotDown []string
	for _, k := range slices.Sorted(maps.Keys(b)) {
		if strings.HasPrefix(k, string(prefix)) {
			if k >= string(bound) {
				up = append(up, k+"="+b[k])
			}
			if bound == nil || k < string(bound) {
				down = append(down, k+"="+b[k])
			}
		}
	}
	slices.Reverse(down)
	collect := func(to *[]string) func(k, v []byte) bool {
		return func(k, v []byte) bool {
			*to = append(*to, string(k)+"="+string(v))
			return true
		}
	}
	v.Ascend(name, prefix, bound, collect(&gotUp))
	v.Descend(name, prefix, bound, collect(&gotDown))
	if !slices.Equal(gotUp, up) {
		return fmt.Errorf("%s: Ascend(%q, %q) gave %.200q, want %.200q", name, prefix, bound, gotUp, up)
	}
	if !slices.Equal(gotDown, down) {
		return fmt.Errorf("%s: Descend(%q, %q) gave %.200q, want %.200q", name, prefix, bound, gotDown, down)
	}
	return nil
}
