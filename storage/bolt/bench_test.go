package bolt

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/seed-9f7c7091/concordat/storage"
)

// The benchmarks write what one registration does: a record of 1 KiB, and two
// index entries. Those named Raw do the same with bbolt alone, and are the measure.

var benchValue = make([]byte, 1024)

// benchEntries gives the two index entries of a record.
func benchEntries(i uint64) (subject, number, hash []byte) {
	var h [32]byte
	binary.LittleEndian.PutUint64(h[:], i*0x9E3779B97F4A7C15)
	return fmt.Appendf(nil, "subject-%d", i), offsetKey(int64(i)), h[:]
}

func benchStore(b *testing.B) *Store {
	s, err := Open(filepath.Join(b.TempDir(), "store"), Options{Buckets: []string{"subject", "hash"}}, func(tx storage.Tx, rec storage.Record) error {
		subject, number, hash := benchEntries(uint64(rec.Offset))
		tx.Put("subject", subject, number)
		tx.Put("hash", hash, number)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

func benchRaw(b *testing.B) *bbolt.DB {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "raw"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	db.MaxBatchDelay = time.Millisecond
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{"log", "subject", "hash"} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

func rawTurn(i uint64) func(tx *bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		subject, number, hash := benchEntries(i)
		if err := tx.Bucket([]byte("log")).Put(number, benchValue); err != nil {
			return err
		}
		if err := tx.Bucket([]byte("subject")).Put(subject, number); err != nil {
			return err
		}
		return tx.Bucket([]byte("hash")).Put(hash, number)
	}
}

func writeOne(s *Store) error {
	return s.Write(context.Background(), func(w storage.Turn) error {
		_, err := w.Append([]byte("key"), benchValue)
		return err
	})
}

// BenchmarkWrite is one writer's commit.
func BenchmarkWrite(b *testing.B) {
	s := benchStore(b)
	for b.Loop() {
		if err := writeOne(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteRaw(b *testing.B) {
	db := benchRaw(b)
	var i uint64
	for b.Loop() {
		if err := db.Update(rawTurn(i)); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// sixteen runs b.N writes in sixteen goroutines.
func sixteen(b *testing.B, write func(i uint64) error) {
	var next atomic.Uint64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range 16 {
		wg.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= uint64(b.N) {
					return
				}
				if err := write(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkWriteShared is the commit of sixteen writers, who share it.
func BenchmarkWriteShared(b *testing.B) {
	s := benchStore(b)
	sixteen(b, func(uint64) error { return writeOne(s) })
}

func BenchmarkWriteSharedRaw(b *testing.B) {
	db := benchRaw(b)
	sixteen(b, func(i uint64) error { return db.Batch(rawTurn(i)) })
}

// BenchmarkView is one lookup.
func BenchmarkView(b *testing.B) {
	s := benchStore(b)
	if err := writeOne(s); err != nil {
		b.Fatal(err)
	}
	key := []byte("subject-0")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			err := s.View(func(v storage.View) error {
				if v.Get("subject", key) == nil {
					b.Error("not found")
				}
				return nil
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkOpen opens a store with a million records.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "store")
	s, err := Open(path, values, keyValue)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 1000 {
		err := s.Write(context.Background(), func(w storage.Turn) error {
			for j := range 1000 {
				if _, err := w.Append(fmt.Appendf(nil, "key-%d-%d", i, j), benchValue[:300]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := Open(path, values, keyValue)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
