package bolt

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"
)

// version is the format that this package writes. A greater one is refused.
const version = 1

// The bucket "meta" says under formatKey "concordat <version>". While indexes are
// being derived from a log that was there before them, it says under derivedKey
// how many records they cover, 8 bytes big-endian.
var (
	formatKey  = []byte("format")
	derivedKey = []byte("derived")
)

const formatName = "concordat"

// format checks whose file this is and in which format, and makes an empty bbolt
// file an empty store.
func (s *Store) format() error {
	names, err := bucketNames(s.db)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return s.db.View(func(tx *bbolt.Tx) error { return checkFormat(tx, s.path, names) })
	}
	if s.options.ReadOnly {
		return &FileError{Path: s.path, Problem: "holds no store yet", Remedy: "open it for writing once"}
	}
	return s.update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucket(logBucket); err != nil {
			return err
		}
		meta, err := tx.CreateBucket(metaBucket)
		if err != nil {
			return err
		}
		for _, name := range s.names {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return meta.Put(formatKey, fmt.Appendf(nil, "%s %d", formatName, version))
	})
}

// update is a bbolt update outside of any turn.
func (s *Store) update(f func(tx *bbolt.Tx) error) error {
	if err := s.db.Update(f); err != nil {
		return unavailable(s.path, err)
	}
	return nil
}

func bucketNames(db *bbolt.DB) (names []string, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
			names = append(names, string(name))
			return nil
		})
	})
	return names, err
}

// checkFormat looks at a file that has buckets.
func checkFormat(tx *bbolt.Tx, path string, names []string) error {
	var format []byte
	if meta := tx.Bucket(metaBucket); meta != nil {
		format = meta.Get(formatKey)
	}
	product, number, _ := strings.Cut(string(format), " ")
	if product != formatName {
		return &FileError{
			Path: path, Kind: ErrForeign,
			Problem: fmt.Sprintf("is a bbolt file of another program: its buckets are %s", quoted(names)),
			Remedy:  "give another path",
		}
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return damaged(path, fmt.Sprintf("its format is %q", format), nil)
	}
	if n > version {
		return &FileError{
			Path: path, Kind: ErrNewer,
			Problem: fmt.Sprintf("has format version %d, and this binary knows versions up to %d", n, version),
			Remedy:  "run the newer version that wrote it",
		}
	}
	if tx.Bucket(logBucket) == nil {
		return damaged(path, "it has no log", nil)
	}
	return nil
}

func quoted(names []string) string {
	const most = 10
	var all []string
	for _, name := range names[:min(len(names), most)] {
		all = append(all, strconv.Quote(name))
	}
	if len(names) > most {
		all = append(all, fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(all, ", ")
}

// index makes the index buckets those that were declared, and gives the number of
// records that they cover: none, when one had to be made for a log that was there before it.
func (s *Store) index() (covered int64, err error) {
	names, err := bucketNames(s.db)
	if err != nil {
		return 0, err
	}
	var stale, missing []string
	for _, name := range names {
		if _, ok := s.numbers[name]; !ok && !reserved([]byte(name)) {
			stale = append(stale, name)
		}
	}
	for _, name := range s.names {
		if !slices.Contains(names, string(name)) {
			missing = append(missing, string(name))
		}
	}
	covered, err = s.derived()
	if err != nil {
		return 0, err
	}
	if s.options.ReadOnly {
		if len(s.names) > 0 && (covered < s.next || len(missing) > 0 && s.next > 0) {
			return 0, &FileError{Path: s.path, Problem: "lacks indexes that this version uses", Remedy: "open it for writing once"}
		}
		return s.next, nil
	}
	if len(stale) == 0 && len(missing) == 0 {
		return covered, nil
	}
	if len(missing) > 0 {
		covered = 0
	}
	return covered, s.update(func(tx *bbolt.Tx) error {
		for _, name := range stale {
			if err := tx.DeleteBucket([]byte(name)); err != nil {
				return err
			}
		}
		for _, name := range s.names {
			if covered == 0 && tx.Bucket(name) != nil {
				if err := tx.DeleteBucket(name); err != nil {
					return err
				}
			}
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return s.putDerived(tx, covered)
	})
}

// derive applies the log to the indexes from an offset on, in several commits.
// When that is cut short, the next Open goes on with it.
func (s *Store) derive(offset int64) error {
	if s.options.ReadOnly || offset == s.next {
		return nil
	}
	s.options.Logger.Info("deriving the indexes from the log", "file", s.path, "records", s.next, "done", offset)
	for offset < s.next {
		over, err := s.fill(s, offset)
		if err != nil {
			return err
		}
		if len(over.records) == 0 {
			return damaged(s.path, fmt.Sprintf("the log has no record at offset %d, and ends at %d", offset, s.next), nil)
		}
		offset += int64(len(over.records))
		over.stored = nil // the log has them
		err = s.guard(func() error {
			return s.update(func(tx *bbolt.Tx) error {
				if err := over.flush(tx, s.names); err != nil {
					return err
				}
				return s.putDerived(tx, offset)
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// derived gives the number of records that the indexes cover.
func (s *Store) derived() (n int64, err error) {
	n = s.next
	err = s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(metaBucket).Get(derivedKey)
		if b == nil {
			return nil
		}
		if len(b) != 8 || int64(binary.BigEndian.Uint64(b)) < 0 || int64(binary.BigEndian.Uint64(b)) > s.next {
			return damaged(s.path, fmt.Sprintf("indexes derived up to %x, while the log ends at offset %d", b, s.next), nil)
		}
		n = int64(binary.BigEndian.Uint64(b))
		return nil
	})
	return n, err
}

func (s *Store) putDerived(tx *bbolt.Tx, n int64) error {
	meta := tx.Bucket(metaBucket)
	if n == s.next {
		return meta.Delete(derivedKey)
	}
	return meta.Put(derivedKey, offsetKey(n))
}
