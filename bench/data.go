package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	bbolt "go.etcd.io/bbolt"

	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/storage"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

func subjectName(i int) string { return fmt.Sprintf("orders-%d-value", i) }

// schemaText is an Avro record of twelve fields, in canonical form, with a name of its own.
func schemaText(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"type":"record","name":"Order%d","namespace":"com.example.orders","doc":"An order as the shop emits it","fields":[`, i)
	kinds := []string{`"string"`, `"long"`, `"int"`, `"double"`, `"boolean"`, `["null","string"]`,
		`{"type":"long","logicalType":"timestamp-millis"}`, `{"type":"array","items":"string"}`,
		`{"type":"map","values":"long"}`, `{"type":"bytes","logicalType":"decimal","precision":18,"scale":4}`}
	for f := range 12 {
		if f > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name":"field_%02d","type":%s`, f, kinds[f%len(kinds)])
		if f%4 == 0 {
			fmt.Fprintf(&b, `,"doc":"Documentation of field %d"`, f)
		}
		if f%len(kinds) == 5 {
			b.WriteString(`,"default":null`)
		}
		b.WriteByte('}')
	}
	b.WriteString(`]}`)
	return b.String()
}

func registration(i int) []byte {
	b, err := json.Marshal(map[string]string{"schema": schemaText(i)})
	check(err)
	return b
}

// fill makes a data file of n schemas under n subjects by appending their
// records to its log, many to a commit.
func fill(file string, n int) {
	store, err := bolt.Open(file, bolt.Options{Buckets: registry.Buckets(), NoSync: true}, registry.Apply)
	check(err)
	const batch = 20_000
	for from := 0; from < n; from += batch {
		check(store.Write(context.Background(), func(t storage.Turn) error {
			for i := from; i < min(from+batch, n); i++ {
				text, err := json.Marshal(schemaText(i))
				if err != nil {
					return err
				}
				key := fmt.Sprintf(`{"keytype":"SCHEMA","subject":%q,"version":1,"magic":1}`, subjectName(i))
				value := fmt.Sprintf(`{"subject":%q,"version":1,"id":%d,"schemaType":"AVRO","schema":%s,"deleted":false}`, subjectName(i), i+1, text)
				if _, err := t.Append([]byte(key), []byte(value)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	check(store.Close())
}

// commits are bare bbolt transactions of the bytes that a registration stores:
// the record, and three index entries.
type commits struct {
	db   *bbolt.DB
	next atomic.Uint64
}

func newCommits(file string) *commits {
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	check(err)
	check(db.Update(func(tx *bbolt.Tx) error {
		for _, b := range []string{"schema", "subject", "hash"} {
			if _, err := tx.CreateBucketIfNotExists([]byte(b)); err != nil {
				return err
			}
		}
		return nil
	}))
	return &commits{db: db}
}

func (c *commits) put(tx *bbolt.Tx) error {
	i := c.next.Add(1)
	k := binary.BigEndian.AppendUint64(nil, i)
	record := fmt.Appendf(nil, `{"subject":%q,"version":1,"id":%d,"schemaType":"AVRO","schema":%q,"deleted":false}`, subjectName(int(i)), i, schemaText(int(i)))
	if err := tx.Bucket([]byte("schema")).Put(k, record); err != nil {
		return err
	}
	if err := tx.Bucket([]byte("subject")).Put([]byte(subjectName(int(i))), k); err != nil {
		return err
	}
	return tx.Bucket([]byte("hash")).Put(binary.LittleEndian.AppendUint64(nil, i*0x9E3779B97F4A7C15), k)
}

// singly is the median time of n commits, one after the other.
func (c *commits) singly(n int) time.Duration {
	var list []time.Duration
	for range n {
		t := time.Now()
		check(c.db.Update(c.put))
		list = append(list, time.Since(t))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// batched is the rate of n puts by writers that share commits through bbolt's Batch.
func (c *commits) batched(writers int, delay time.Duration, n int) float64 {
	c.db.MaxBatchDelay = delay
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(n))
	began := time.Now()
	for range writers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				check(c.db.Batch(c.put))
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(began).Seconds()
}
