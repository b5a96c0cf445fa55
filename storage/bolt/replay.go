package bolt

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/seed-9f7c7091/concordat/storage"
)

// maxFill is how many bytes of records and changes are held before they are written.
const maxFill = 8 << 20

// fill applies records of another store, or of the same, from an offset on, and
// gives what is to be written. It stops at the end of the other log or when the overlay is full.
// Apply sees no record after the one it is given.
func (s *Store) fill(from *Store, offset int64) (over *overlay, err error) {
	over = &overlay{first: offset, lists: make([]*list, len(s.names))}
	source, err := from.newView(nil)
	if err != nil {
		return nil, err
	}
	defer source.end()
	target, err := s.newView(over)
	if err != nil {
		return nil, err
	}
	defer target.end()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			for _, v := range []*view{source, target} {
				if e := v.caught(p); e != nil {
					err = e
					return
				}
			}
			panic(p)
		}
	}()
	for over.size < maxFill {
		rec, ok := source.Record(offset)
		if !ok {
			break
		}
		stored, rec := encodeRecord(rec)
		over.add(stored, rec)
		if err := target.derive(rec); err != nil {
			return nil, fmt.Errorf("storage/bolt: the record at offset %d of %s: %w", offset, from.path, err)
		}
		offset++
	}
	return over, nil
}

// Replay feeds the log of a store into a new file, record by record with its
// offset and time, and derives the indexes anew: the repair for a file whose
// indexes are damaged, when from is opened read-only and without buckets. The file at path must
// not hold data yet; it appears when it is complete. Replay gives the number of records.
func Replay(from *Store, path string, o Options, apply storage.Apply) (n int64, err error) {
	if occupied(path) {
		return 0, exists(path, "give another path")
	}
	err = replace(path, func(f *os.File) error {
		o.ReadOnly, o.NoSync = false, true // synced as a whole at the end
		to, err := Open(f.Name(), o, apply)
		if err != nil {
			return err
		}
		defer to.Close()
		for {
			over, err := to.fill(from, to.next)
			if err != nil || len(over.records) == 0 {
				n = to.next
				return err
			}
			if err := to.store(over); err != nil {
				return unavailable(path, err)
			}
			to.next += int64(len(over.records))
		}
	})
	return n, err
}
