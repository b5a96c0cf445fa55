package bolt

import (
	"encoding/binary"

	"github.com/seed-9f7c7091/concordat/storage"
)

// Stats are figures of a store.
type Stats struct {
	FileSize  int64 // bytes; the file grows in large steps, ahead of need
	DataSize  int64 // bytes of the file that hold data or once did: the length of a backup
	Records   int64 // in the log
	PageSize  int64 // bytes
	FreePages int64 // pages within DataSize that are used again before the data grows; Compact takes them out
}

// Stats gives the figures of the last durable state. It reads a few pages,
// however large the file is.
func (s *Store) Stats() (st Stats, err error) {
	// The list of free pages may be replaced while it is looked at.
	for range 10 {
		if st, err = s.stats(); err == nil {
			break
		}
	}
	return st, err
}

func (s *Store) stats() (st Stats, err error) {
	err = s.View(func(v storage.View) error {
		tx := v.(*view).tx
		st = Stats{DataSize: tx.Size(), FileSize: s.Size()}
		if k, _ := tx.Bucket(logBucket).Cursor().Last(); len(k) == 8 {
			st.Records = int64(binary.BigEndian.Uint64(k)) + 1
		}
		m, err := readMeta(s.file)
		if err != nil {
			return damaged(s.path, err.Error(), nil)
		}
		st.PageSize = m.pageSize
		if st.FreePages, err = freePages(s.file, m); err != nil {
			return damaged(s.path, err.Error(), nil)
		}
		return nil
	})
	return st, err
}

// Size gives the length of the file in bytes, or 0 when the store is closed.
func (s *Store) Size() int64 {
	info, err := s.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}
