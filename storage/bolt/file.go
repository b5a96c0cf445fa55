package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// openFile opens and locks a bbolt file. The file is looked at before bbolt maps
// it, which trusts what it maps. The *os.File is the one bbolt uses and closes.
func openFile(path string, o Options) (*bbolt.DB, *os.File, error) {
	// While it waits for the lock, another process may put a new file in place, as
	// Compact and Restore do. The lock of the old one is then worth nothing.
	for range 100 {
		if !o.ReadOnly {
			if err := create(path); err != nil {
				return nil, nil, err
			}
		}
		db, f, err := openOnce(path, o)
		if err != nil {
			return nil, nil, err
		}
		if current(path, f) {
			return db, f, nil
		}
		_ = db.Close()
	}
	return nil, nil, &FileError{Path: path, Problem: "is replaced all the time", Remedy: "stop what replaces it", Kind: ErrInUse}
}

// current tells whether path still names the open file.
func current(path string, f *os.File) bool {
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	mine, err := f.Stat()
	return err == nil && os.SameFile(there, mine)
}

func openOnce(path string, o Options) (db *bbolt.DB, f *os.File, err error) {
	for size := o.InitialMmapSize; ; size /= 2 {
		db, f, err = mapFile(path, o, size)
		// Where the address space is limited, less of it must do.
		if err == nil || !errors.Is(err, syscall.ENOMEM) || size < 1<<20 {
			return db, f, err
		}
	}
}

func mapFile(path string, o Options, size int) (db *bbolt.DB, f *os.File, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			_ = f.Close() // and with it the lock
			err = damaged(path, "a page cannot be read", asError(p))
		}
	}()
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         o.LockTimeout,
		ReadOnly:        o.ReadOnly,
		NoSync:          o.NoSync,
		InitialMmapSize: size,
		FreelistType:    bbolt.FreelistMapType,
		NoStatistics:    true, // they cost every view two locks
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			var err error
			if f, err = os.OpenFile(name, flag, mode); err != nil {
				return nil, err
			}
			if err = inspect(f, path, o.ReadOnly); err != nil {
				_ = f.Close()
				return nil, err
			}
			return f, nil
		},
	})
	if err != nil {
		return nil, nil, openError(path, o, err)
	}
	return db, f, nil
}

// openError says what an error of opening means for who reads it.
func openError(path string, o Options, err error) error {
	var known *FileError
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, berrors.ErrTimeout):
		return &FileError{Path: path, Problem: "is in use by another process", Remedy: "stop it, or give another path", Kind: ErrInUse}
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return damaged(path, "its first pages", err)
	}
	problem := "cannot be opened for writing"
	if o.ReadOnly {
		problem = "cannot be opened"
	}
	return &FileError{Path: path, Problem: problem, Remedy: remedy(path, err), Cause: cause(err)}
}

func remedy(path string, err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "check the owner and the mode of the file and of its folder"
	case errors.Is(err, syscall.EROFS):
		return "its file system is mounted read-only"
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return "create the folder " + filepath.Dir(path)
		}
		return "check the path"
	}
	return ""
}

// cause drops the path from an error that will be shown after it.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// create makes an empty bbolt file where there is none. It comes into being whole:
// a crash leaves no half-made file, which would look like a damaged one.
func create(path string) error {
	_, err := os.Stat(path)
	if err == nil {
		return nil
	}
	fail := func(err error) error {
		return &FileError{Path: path, Problem: "cannot be created", Remedy: remedy(path, err), Cause: cause(err)}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	f, err := temporary(path)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := f.Close(); err != nil {
		return fail(err)
	}
	db, err := bbolt.Open(f.Name(), 0o600, nil)
	if err != nil {
		return fail(err)
	}
	if err := db.Close(); err != nil {
		return fail(err)
	}
	// A link, other than a rename, never replaces what another process has just made.
	switch err := os.Link(f.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil: // no links on this file system
		if err := os.Rename(f.Name(), path); err != nil {
			return fail(err)
		}
	}
	if err := syncFolder(path); err != nil {
		return fail(err)
	}
	return nil
}

// temporary creates a file beside another, so that it can take its place.
func temporary(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".new-*")
}

// syncFolder makes durable which files a folder holds.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// meta is what we read of a bbolt meta page: 16 bytes of page header, then
// magic, version, page size and flags of 4 bytes each; the page and the
// sequence of the root bucket, the page of the freelist, the number of pages,
// the transaction and an FNV-1a checksum of all that, 8 bytes each, in the byte
// order of the machine.
type meta struct {
	pageSize  int64
	root      uint64
	freelist  uint64
	pages     uint64 // in use or free; pages beyond are not part of the data
	tx        uint64
	unmarked  bool // without the magic number
	otherKind bool // of another version of bbolt
	valid     bool
}

const (
	pageHeader = 16
	metaLength = 64
	magic      = 0xED0CDAED
	noFreelist = ^uint64(0)
)

func parseMeta(page []byte) meta {
	b := page[pageHeader : pageHeader+metaLength]
	e := binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(b[:56])
	m := meta{
		pageSize: int64(e.Uint32(b[8:])), root: e.Uint64(b[16:]), freelist: e.Uint64(b[32:]),
		pages: e.Uint64(b[40:]), tx: e.Uint64(b[48:]),
		unmarked: e.Uint32(b) != magic, otherKind: e.Uint32(b[4:]) != 2,
	}
	m.valid = !m.unmarked && !m.otherKind && sum.Sum64() == e.Uint64(b[56:]) &&
		m.pageSize >= 1024 && m.pageSize <= 16<<20 && m.pageSize&(m.pageSize-1) == 0
	return m
}

// readMeta finds the meta page that bbolt will use. An error says why there is none.
func readMeta(r io.ReaderAt) (meta, error) {
	var page [pageHeader + metaLength]byte
	var best meta
	marked := false
	try := func(at int64) bool {
		if _, err := r.ReadAt(page[:], at); err != nil {
			return false
		}
		m := parseMeta(page[:])
		marked = marked || !m.unmarked
		if m.valid && (!best.valid || m.tx > best.tx) {
			best = m
		}
		return m.valid
	}
	if try(0) {
		try(best.pageSize)
	} else {
		// Without the first, the second may be at the end of a page of any size.
		for size := int64(1024); size <= 16<<20 && !try(size); size *= 2 {
		}
	}
	switch {
	case best.valid:
		return best, nil
	case marked:
		return best, errors.New("both of its meta pages")
	}
	return best, errors.New("it does not begin as a bbolt file does")
}

// inspect looks whether a file is whole as far as its first pages tell: bbolt
// would fail badly on one that is cut short. An empty file is good for a new store.
func inspect(f *os.File, path string, readOnly bool) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &FileError{Path: path, Problem: "is not a file", Remedy: "give another path"}
	case info.Size() == 0 && readOnly:
		return damaged(path, "it is empty", nil)
	case info.Size() == 0:
		return nil
	}
	m, err := readMeta(f)
	if err != nil {
		return damaged(path, err.Error(), nil)
	}
	// A writer may make the file longer meanwhile, never shorter.
	if info, err = f.Stat(); err != nil {
		return err
	}
	size := info.Size()
	if m.pages > uint64(size/m.pageSize) {
		return damaged(path, fmt.Sprintf("it is cut short: %d pages of %d bytes should be in its %d bytes", m.pages, m.pageSize, size), nil)
	}
	if m.pages < 4 || m.root < 2 || m.root >= m.pages {
		return damaged(path, fmt.Sprintf("its root is at page %d of %d", m.root, m.pages), nil)
	}
	if m.freelist == noFreelist {
		return nil
	}
	if _, err := freePages(f, m); err != nil {
		return damaged(path, err.Error(), nil)
	}
	return nil
}

// header is the head of a bbolt page: its number, its kind, how many elements it
// holds and how many pages more it takes.
type header struct {
	id       uint64
	kind     uint16
	count    uint16
	overflow uint32
}

const (
	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
)

func parseHeader(b []byte) header {
	e := binary.NativeEndian
	return header{e.Uint64(b), e.Uint16(b[8:]), e.Uint16(b[10:]), e.Uint32(b[12:])}
}

// readHeader reads the head of a page and checks what every page must hold to.
func readHeader(r io.ReaderAt, m meta, id uint64) (header, error) {
	if id < 2 || id >= m.pages {
		return header{}, fmt.Errorf("page %d is named, of %d", id, m.pages)
	}
	var b [pageHeader]byte
	if _, err := r.ReadAt(b[:], int64(id)*m.pageSize); err != nil {
		return header{}, fmt.Errorf("page %d: %w", id, err)
	}
	h := parseHeader(b[:])
	if h.id != id {
		return h, fmt.Errorf("page %d says it is page %d", id, h.id)
	}
	if uint64(h.overflow) >= m.pages-id {
		return h, fmt.Errorf("page %d reaches beyond the end", id)
	}
	return h, nil
}

// freePages gives the number of free pages, without reading which they are.
func freePages(r io.ReaderAt, m meta) (int64, error) {
	if m.freelist == noFreelist {
		return 0, nil
	}
	h, err := readHeader(r, m, m.freelist)
	if err != nil {
		return 0, fmt.Errorf("freelist: %w", err)
	}
	if h.kind != freelistPage {
		return 0, fmt.Errorf("page %d should be the freelist and is of kind %#x", h.id, h.kind)
	}
	n, used := int64(h.count), int64(pageHeader)
	if h.count == 0xffff { // more than the count can hold: the first number is the count
		var b [8]byte
		if _, err := r.ReadAt(b[:], int64(h.id)*m.pageSize+pageHeader); err != nil {
			return 0, fmt.Errorf("freelist: %w", err)
		}
		n, used = int64(min(binary.NativeEndian.Uint64(b[:]), m.pages+1)), used+8
	}
	if room := (int64(h.overflow) + 1) * m.pageSize; n > int64(m.pages) || used+8*n > room {
		return 0, fmt.Errorf("the freelist holds %d pages of %d", n, m.pages)
	}
	return n, nil
}
