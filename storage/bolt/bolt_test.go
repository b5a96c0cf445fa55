package bolt

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/seed-9f7c7091/concordat/storage"
	"github.com/seed-9f7c7091/concordat/storage/storagetest"
)

func TestStore(t *testing.T) {
	storagetest.Run(t, func(t testing.TB, path string, buckets []string, apply storage.Apply) storage.Store {
		s, err := Open(path, Options{Buckets: buckets, MaxRecord: storagetest.MaxRecord, NoSync: true}, apply)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// keyValue is an index that holds the last value of each key.
func keyValue(tx storage.Tx, rec storage.Record) error {
	if rec.Value == nil {
		tx.Delete("values", rec.Key)
	} else {
		tx.Put("values", rec.Key, rec.Value)
	}
	return nil
}

var values = Options{Buckets: []string{"values"}, NoSync: true}

// open opens a store of values that is closed with the test.
func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path, values, keyValue)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// put appends one record.
func put(s storage.Store, key, value string) error {
	return s.Write(context.Background(), func(w storage.Turn) error {
		_, err := w.Append([]byte(key), []byte(value))
		return err
	})
}

func get(s storage.Store, key string) (value string, err error) {
	err = s.View(func(v storage.View) error {
		value = string(v.Get("values", []byte(key)))
		return nil
	})
	return value, err
}

func TestFaulty(t *testing.T) {
	s := &storagetest.Faulty{Store: open(t, filepath.Join(t.TempDir(), "store"))}
	if err := put(s, "a", "1"); err != nil {
		t.Fatal(err)
	}
	s.Fail(storage.ErrNoLeader)
	if err := put(s, "a", "2"); !errors.Is(err, storage.ErrNoLeader) {
		t.Errorf("Write gave %v", err)
	}
	if got, err := get(s, "a"); got != "1" || err != nil {
		t.Errorf("a is %q, %v", got, err)
	}
	s.Fail(nil)
	if err := put(s, "a", "2"); err != nil {
		t.Error(err)
	}
}
