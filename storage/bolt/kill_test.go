package bolt

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/storage"
)

func init() { children["kill"] = writeUntilKilled }

// killValue is what stands under a key: a function of the key, of any length.
func killValue(key string) []byte {
	var n uint32
	for _, c := range key {
		n = n*31 + uint32(c)
	}
	return []byte(strings.Repeat(key+" ", int(n%50)+1))
}

// writeUntilKilled has eight writers append turns of one to four records, and
// says which offset and key are durable. A key is writer.turn.part.parts.
func writeUntilKilled(path string) {
	s, err := Open(path, Options{Buckets: values.Buckets}, keyValue)
	if err != nil {
		panic(err)
	}
	run := time.Now().UnixNano()
	var out sync.Mutex
	var wg sync.WaitGroup
	for writer := range 8 {
		wg.Go(func() {
			for turn := 0; ; turn++ {
				var done strings.Builder
				parts := turn%4 + 1
				err := s.Write(context.Background(), func(w storage.Turn) error {
					for part := range parts {
						key := fmt.Sprintf("%d-%d.%d.%d.%d", run, writer, turn, part, parts)
						rec, err := w.Append([]byte(key), killValue(key))
						if err != nil {
							return err
						}
						fmt.Fprintln(&done, rec.Offset, key)
					}
					if turn%7 == 6 {
						return context.Canceled // leaves no trace
					}
					return nil
				})
				if err == nil {
					out.Lock()
					fmt.Print(done.String())
					out.Unlock()
				}
			}
		})
	}
	wg.Wait()
}

// A crash at any instant loses nothing that was answered, and leaves nothing half done.
func TestKill(t *testing.T) {
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	acknowledged := map[int64]string{} // key by offset
	total := 0
	path := filepath.Join(t.TempDir(), "store")
	for round := range rounds {
		if round%10 == 0 {
			path = filepath.Join(t.TempDir(), "store")
			clear(acknowledged)
		}
		cmd := child(t, "kill", path)
		var stdout bytes.Buffer
		cmd.Stdout = &stdout
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50*time.Millisecond + rand.N(250*time.Millisecond))
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); cmd.ProcessState.Exited() {
			t.Fatalf("the writers ended by themselves: %v", err)
		}
		// The last line may be cut short; then it says nothing.
		for line := range strings.Lines(stdout.String()) {
			var offset int64
			var key string
			if n, _ := fmt.Sscan(line, &offset, &key); n == 2 && strings.HasSuffix(line, "\n") {
				acknowledged[offset] = key
				total++
			}
		}
		checkAfterKill(t, path, acknowledged)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	if total < rounds {
		t.Errorf("%d records were acknowledged in %d rounds: too few to say anything", total, rounds)
	}
	t.Logf("%d records were acknowledged", total)
}

func checkAfterKill(t *testing.T, path string, acknowledged map[int64]string) {
	s := open(t, path)
	err := s.View(func(v storage.View) error {
		offset, missing := int64(0), 0
		for ; ; offset++ {
			rec, ok := v.Record(offset)
			if !ok {
				break
			}
			key := string(rec.Key)
			name := key[:strings.LastIndex(key, ".")]
			name = name[:strings.LastIndex(name, ".")]
			var part, parts int
			fmt.Sscanf(key[len(name):], ".%d.%d", &part, &parts)
			if part == 0 {
				missing = parts
			}
			if missing--; part != parts-1-missing {
				t.Errorf("offset %d holds part %d of %d of a turn", offset, part, parts)
			}
			if !bytes.Equal(rec.Value, killValue(key)) || !bytes.Equal(v.Get("values", rec.Key), rec.Value) {
				t.Errorf("offset %d does not hold what was written, or the index does not", offset)
			}
			if want, ok := acknowledged[offset]; ok && key != want {
				t.Errorf("offset %d holds %s, and %s was acknowledged", offset, key, want)
			}
		}
		if missing != 0 {
			t.Errorf("the last turn lacks %d records", missing)
		}
		for o := range acknowledged {
			if o >= offset {
				t.Errorf("offset %d was acknowledged, and the log ends at %d", o, offset)
			}
		}
		entries := int64(0)
		v.Ascend("values", nil, nil, func(_, _ []byte) bool { entries++; return true })
		if entries != offset {
			t.Errorf("%d index entries for %d records", entries, offset)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := Check(path); err != nil {
		t.Error(err)
	}
}
