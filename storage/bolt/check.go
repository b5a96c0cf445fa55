package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"go.etcd.io/bbolt"
)

// Check reads a whole store and looks whether it hangs together: every page is
// where it should be and used once, keys are in order, the log has no gap. The
// error names the first thing that is not, and matches ErrDamaged, ErrForeign,
// ErrNewer or ErrInUse. No process may have the file open for writing meanwhile.
func Check(path string) error {
	db, f, err := openFile(path, Options{ReadOnly: true}.withDefaults())
	if err != nil {
		return err
	}
	defer db.Close()
	return checkOpen(path, db, f)
}

func checkOpen(path string, db *bbolt.DB, f *os.File) error {
	if err := checkPages(f); err != nil {
		return damaged(path, err.Error(), nil)
	}
	s := &Store{path: path, db: db}
	return s.guard(func() error {
		names, err := bucketNames(db)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return damaged(path, "it holds no store", nil)
		}
		return db.View(func(tx *bbolt.Tx) error {
			if err := checkFormat(tx, path, names); err != nil {
				return err
			}
			return checkLog(tx, path)
		})
	})
}

func checkLog(tx *bbolt.Tx, path string) error {
	var next, time int64
	return tx.Bucket(logBucket).ForEach(func(k, v []byte) error {
		if len(k) != 8 || binary.BigEndian.Uint64(k) != uint64(next) {
			return damaged(path, fmt.Sprintf("the log has a record under %x where offset %d should be", k, next), nil)
		}
		rec, err := decodeRecord(next, v)
		if err != nil {
			return damaged(path, fmt.Sprintf("the record at offset %d", next), err)
		}
		if rec.Time < time {
			return damaged(path, fmt.Sprintf("the record at offset %d is older than the one before", next), nil)
		}
		next, time = next+1, rec.Time
		return nil
	})
}

// checkPages walks the pages of a bbolt file by reading it, and trusts nothing:
// bbolt itself would fail, or not end, on pages that are badly wrong.
func checkPages(r io.ReaderAt) error {
	m, err := readMeta(r)
	if err != nil {
		return err
	}
	c := &pages{r: r, m: m, used: make([]uint64, m.pages/64+1)}
	if err := c.tree(m.root, 0, bounds{}, c.bucket); err != nil {
		return err
	}
	return c.free()
}

type pages struct {
	r    io.ReaderAt
	m    meta
	used []uint64 // a bit for each page
}

// maxDepth is more than a tree of 2^64 pages can need: every branch has at least two.
const maxDepth = 64

// bounds are those of the keys in a subtree: at least low, below high; nil is open.
type bounds struct{ low, high []byte }

// visit sees a leaf element.
type visit func(flags uint32, key, value []byte) error

// claim marks a page and those that belong to it as used.
func (c *pages) claim(h header) error {
	for id := h.id; id <= h.id+uint64(h.overflow); id++ {
		if c.used[id/64]>>(id%64)&1 == 1 {
			return fmt.Errorf("page %d is used twice", id)
		}
		c.used[id/64] |= 1 << (id % 64)
	}
	return nil
}

func (c *pages) read(id uint64) (header, []byte, error) {
	h, err := readHeader(c.r, c.m, id)
	if err != nil {
		return h, nil, err
	}
	if err := c.claim(h); err != nil {
		return h, nil, err
	}
	b := make([]byte, (int64(h.overflow)+1)*c.m.pageSize)
	if _, err := c.r.ReadAt(b, int64(id)*c.m.pageSize); err != nil {
		return h, nil, fmt.Errorf("page %d: %w", id, err)
	}
	return h, b, nil
}

// tree walks the pages of one bucket from a page down.
func (c *pages) tree(id uint64, depth int, in bounds, leaf visit) error {
	h, b, err := c.read(id)
	if err != nil {
		return err
	}
	switch {
	case h.kind == leafPage:
		err = leafElements(h, b, in, leaf)
	case h.kind != branchPage:
		return fmt.Errorf("page %d is of kind %#x in the midst of data", id, h.kind)
	case depth == maxDepth:
		return fmt.Errorf("page %d is nested too deep", id)
	default:
		err = c.branch(h, b, depth, in, leaf)
	}
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

const elementSize = 16

// slice cuts n bytes at a distance from an element; ok is false where they are not in the page.
func slice(b []byte, element int, pos, n uint32) (cut []byte, ok bool) {
	from := uint64(element) + uint64(pos)
	if from+uint64(n) > uint64(len(b)) {
		return nil, false
	}
	return b[from : from+uint64(n)], true
}

var (
	errElement = errors.New("an element reaches beyond the page")
	errOrder   = errors.New("keys are out of order")
)

func (c *pages) branch(h header, b []byte, depth int, in bounds, leaf visit) error {
	if h.count == 0 || pageHeader+int(h.count)*elementSize > len(b) {
		return errElement
	}
	// Position, length of the key, page; 4, 4 and 8 bytes.
	e := binary.NativeEndian
	keys := make([][]byte, h.count)
	for i := range keys {
		at := pageHeader + i*elementSize
		key, ok := slice(b, at, e.Uint32(b[at:]), e.Uint32(b[at+4:]))
		if !ok {
			return errElement
		}
		keys[i] = key
	}
	for i := range keys {
		// The first key of a branch may be above the least key below it.
		below := bounds{keys[i], in.high}
		if i == 0 {
			below.low = in.low
		}
		if i+1 < len(keys) {
			below.high = keys[i+1]
			if bytes.Compare(keys[i], keys[i+1]) >= 0 {
				return errOrder
			}
		}
		at := pageHeader + i*elementSize
		if err := c.tree(e.Uint64(b[at+8:]), depth+1, below, leaf); err != nil {
			return err
		}
	}
	return nil
}

func leafElements(h header, b []byte, in bounds, leaf visit) error {
	if pageHeader+int(h.count)*elementSize > len(b) {
		return errElement
	}
	// Flags, position, lengths of key and value; 4 bytes each.
	e := binary.NativeEndian
	var last []byte
	for i := range int(h.count) {
		at := pageHeader + i*elementSize
		pos, n := e.Uint32(b[at+4:]), e.Uint32(b[at+8:])
		key, ok := slice(b, at, pos, n)
		if !ok {
			return errElement
		}
		value, ok := slice(b, at+int(pos)+int(n), 0, e.Uint32(b[at+12:]))
		if !ok {
			return errElement
		}
		if i > 0 && bytes.Compare(last, key) >= 0 || bytes.Compare(key, in.low) < 0 || in.high != nil && bytes.Compare(key, in.high) >= 0 {
			return errOrder
		}
		last = key
		if err := leaf(e.Uint32(b[at:]), key, value); err != nil {
			return err
		}
	}
	return nil
}

const bucketFlag = 1

// bucket sees an element of the root: its value is the page of the bucket's root
// and a sequence, 8 bytes each, and where that page is 0 the only page of the bucket follows.
func (c *pages) bucket(flags uint32, key, value []byte) error {
	if flags != bucketFlag || len(value) < 16 {
		return fmt.Errorf("%q is not a bucket", key)
	}
	var err error
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		err = c.tree(root, 0, bounds{}, plain)
	} else if page := value[16:]; len(page) < pageHeader || parseHeader(page).kind != leafPage {
		err = errElement
	} else {
		err = leafElements(parseHeader(page), page, bounds{}, plain)
	}
	if err != nil {
		return fmt.Errorf("bucket %q: %w", key, err)
	}
	return nil
}

func plain(flags uint32, key, _ []byte) error {
	if flags != 0 {
		return fmt.Errorf("%q is a bucket within a bucket", key)
	}
	return nil
}

// free looks whether the pages said to be free are.
func (c *pages) free() error {
	if c.m.freelist == noFreelist {
		return nil
	}
	n, err := freePages(c.r, c.m)
	if err != nil {
		return err
	}
	h, b, err := c.read(c.m.freelist)
	if err != nil {
		return err
	}
	ids := b[pageHeader:]
	if h.count == 0xffff {
		ids = ids[8:]
	}
	for i := range n {
		id := binary.NativeEndian.Uint64(ids[8*i:])
		if id < 2 || id >= c.m.pages {
			return fmt.Errorf("the freelist names page %d of %d", id, c.m.pages)
		}
		if err := c.claim(header{id: id}); err != nil {
			return fmt.Errorf("freelist: %w", err)
		}
	}
	return nil
}
