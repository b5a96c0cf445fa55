// Package bolt keeps a store in one bbolt file.
//
// The file holds a bucket "log" with the records under their offsets, a bucket
// "meta" that says whose file this is and in which format, a bucket for each
// index, and one for each book of notes. A commit writes records and indexes in one bbolt transaction, so that
// they can never disagree.
//
// Turns that wait at the same time share one commit. They run one after another
// above the last durable state, their changes held in an overlay; what they
// appended is then written at once.
package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/seed-9f7c7091/concordat/storage"
)

// Options of a store. The zero value is good for everything but Buckets.
type Options struct {
	// Buckets names the indexes that Apply writes. The file keeps just these: an
	// index that is new to a file with a log is derived from that log, together with
	// all others, when the file is opened, and one no longer named is dropped.
	Buckets []string
	// MaxRecord is the greatest length of a record's value, and of its key, in
	// bytes; 1 MiB by default.
	MaxRecord int
	// NoSync leaves it to the operating system when to write. A crash of the
	// machine may then damage the file. For tests.
	NoSync bool
	// InitialMmapSize is the address space set aside for the file, in bytes. While
	// the file grows within it, a long read holds up neither writers nor other
	// readers. By default 64 GiB on 64-bit Unix, where it costs nothing, and none
	// elsewhere: on Windows the file itself would grow to it. Less is taken where
	// the system allows less. Without any, a view must not be opened within a view.
	InitialMmapSize int
	// ReadOnly opens a file that must exist, for reading alone. Several processes
	// can do so at a time, but none while another has it open for writing.
	ReadOnly bool
	// Logger hears when the store cannot be written and when it can again.
	// Nothing is logged by default.
	Logger *slog.Logger
	// Clock gives the times of records; time.Now by default.
	Clock func() time.Time
	// LockTimeout is how long Open waits for another process to let go of the file; 1 s by default.
	LockTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.MaxRecord <= 0 {
		o.MaxRecord = 1 << 20
	}
	if o.InitialMmapSize <= 0 && strconv.IntSize == 64 && runtime.GOOS != "windows" {
		o.InitialMmapSize = math.MaxInt & (64 << 30)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.LockTimeout <= 0 {
		o.LockTimeout = time.Second
	}
	return o
}

var (
	logBucket  = []byte("log")
	metaBucket = []byte("meta")
)

// Store is a storage.Store in one bbolt file.
type Store struct {
	path    string
	options Options
	apply   storage.Apply
	names   [][]byte       // of the index buckets
	numbers map[string]int // of the index buckets
	db      *bbolt.DB
	file    *os.File // the file that db has open; it closes it

	// Of the writer alone.
	next     int64 // offset of the next record
	time     int64 // of the last record
	failing  bool  // the last commit failed
	broken   error // bbolt gave up in the midst of a commit: nothing can be written any more
	watchers []func([]storage.Record)

	mu      sync.Mutex
	waiting []*waiter
	noting  []*notes
	closed  bool
	wake    chan struct{} // holds one token when there is something to do
	done    chan struct{} // closed when the writer has ended
	shut    atomic.Bool   // Close was called
	once    sync.Once
	closing error
}

var _ storage.Store = (*Store)(nil)

// Open opens the store in the file at path, or creates it there; the folder must
// exist. apply derives the indexes; it may be nil for a store with none.
//
// Errors about the file are *FileError and match ErrDamaged, ErrForeign,
// ErrNewer or ErrInUse, or are those of the operating system.
func Open(path string, o Options, apply storage.Apply) (*Store, error) {
	o = o.withDefaults()
	s := &Store{
		path: path, options: o, apply: apply, numbers: map[string]int{},
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	for i, name := range o.Buckets {
		if _, twice := s.numbers[name]; twice || name == "" || reserved([]byte(name)) {
			return nil, fmt.Errorf("storage/bolt: %q cannot be the name of an index bucket", name)
		}
		s.numbers[name] = i
		s.names = append(s.names, []byte(name))
	}
	if apply == nil {
		s.apply = func(storage.Tx, storage.Record) error { return nil }
	}
	var err error
	if s.db, s.file, err = openFile(path, o); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		_ = s.db.Close()
		return nil, err
	}
	if !o.ReadOnly {
		go s.write()
	} else {
		close(s.done)
	}
	return s, nil
}

// reserved tells whether a bucket is no index, by its name.
func reserved(name []byte) bool {
	return slices.Equal(name, logBucket) || slices.Equal(name, metaBucket) || bytes.HasPrefix(name, []byte(bookPrefix))
}

// load readies a file for use: it checks whose it is, finds the end of the log
// and makes the indexes what they should be.
func (s *Store) load() error {
	var derived int64
	err := s.guard(func() (err error) {
		if err = s.format(); err != nil {
			return err
		}
		if err = s.findEnd(); err != nil {
			return err
		}
		derived, err = s.index()
		return err
	})
	if err != nil {
		return err
	}
	return s.derive(derived)
}

// guard turns the panics of bbolt on a damaged file into errors. f calls nothing but bbolt.
func (s *Store) guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = damaged(s.path, "a page cannot be read", asError(p))
		}
	}()
	return f()
}

// findEnd reads the offset and the time of the last record.
func (s *Store) findEnd() error {
	return s.db.View(func(tx *bbolt.Tx) error {
		s.next, s.time = 0, 0
		k, v := tx.Bucket(logBucket).Cursor().Last()
		if k == nil {
			return nil
		}
		if len(k) != 8 || k[0] > 0x7f {
			return damaged(s.path, fmt.Sprintf("the log has a record under %q", k), nil)
		}
		offset := int64(binary.BigEndian.Uint64(k))
		rec, err := decodeRecord(offset, v)
		if err != nil {
			return damaged(s.path, fmt.Sprintf("the record at offset %d", offset), err)
		}
		s.next, s.time = offset+1, rec.Time
		return nil
	})
}

// View implements storage.Store. A bucket that Options does not name reads as
// empty. A page that cannot be read gives an error that matches ErrDamaged, and the
// store stays open for what can be.
func (s *Store) View(f func(storage.View) error) (err error) {
	if s.shut.Load() {
		return storage.ErrClosed
	}
	v, err := s.newView(nil)
	if err != nil {
		return err
	}
	defer v.end()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if err = v.caught(p); err == nil {
				panic(p)
			}
		}
	}()
	return f(v)
}

// readError names bbolt's errors of beginning to read in our words.
func (s *Store) readError(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return storage.ErrClosed
	}
	return fmt.Errorf("storage/bolt: %s cannot be read: %w", s.path, err)
}

// Watch implements storage.Store.
func (s *Store) Watch(f func([]storage.Record)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, f)
}

// Backup implements storage.Store. What it writes is a file that Open takes and
// Restore checks and puts in place. It gives the number of bytes written. While it
// runs, pages that become free are not used again, so that the file may grow.
func (s *Store) Backup(w io.Writer) (n int64, err error) {
	err = s.View(func(v storage.View) error {
		n, err = v.(*view).tx.WriteTo(w)
		if err != nil {
			return fmt.Errorf("storage/bolt: backup of %s: %w", s.path, err)
		}
		return nil
	})
	return n, err
}

// Close implements storage.Store. It waits for views that are open, and so for
// a backup under way. Calls after it get storage.ErrClosed; closing twice is harmless.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.shut.Store(true)
		s.signal()
		<-s.done
		if s.broken != nil {
			// bbolt still holds the locks of the commit it gave up in.
			s.closing = s.file.Close()
			return
		}
		s.closing = s.db.Close()
	})
	return s.closing
}
