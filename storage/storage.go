// Package storage keeps the registry's log of records and the indexes that the
// registry derives from it, and knows nothing of what either means.
//
// Four nouns explain it: a Record is one entry of the log; a View is a
// consistent look at the indexes; a Turn is the right to append records, one
// holder at a time; a Store hands out views and turns and tells watchers what
// was appended.
package storage

import (
	"context"
	"errors"
	"io"
)

// Record is one entry of the log, in the format of the _schemas topic.
type Record struct {
	Offset int64  // position in the log, from 0, without gaps
	Time   int64  // milliseconds since 1970, never less than the record before
	Key    []byte // JSON, see the registry's record types
	Value  []byte // JSON; nil is a tombstone
}

// View is a consistent look at the indexes. Byte slices it returns belong to
// the store, must not be changed and are valid until the view ends.
type View interface {
	// Get returns the value of a key, or nil where there is none.
	Get(bucket string, key []byte) []byte
	// Ascend calls yield for the keys that begin with prefix and are not less
	// than from, in ascending byte order, until it returns false. A nil from
	// begins at the first key with the prefix.
	Ascend(bucket string, prefix, from []byte, yield func(key, value []byte) bool)
	// Descend calls yield for the keys that begin with prefix and are less than
	// before, in descending order, until it returns false. A nil before begins at the
	// last key with the prefix.
	Descend(bucket string, prefix, before []byte, yield func(key, value []byte) bool)
	// Record reads one entry of the log; ok is false where there is none.
	Record(offset int64) (rec Record, ok bool)
}

// Tx is a view in which indexes can be changed. Changes are seen by later
// reads of the same Tx at once. Keys and values are copied.
type Tx interface {
	View
	Put(bucket string, key, value []byte)
	Delete(bucket string, key []byte)
}

// Turn is the right to append: the view of one writer, in which records
// appended take effect at once and become durable when the turn ends without error.
type Turn interface {
	View
	// Append adds a record to the log and applies it to the indexes. A nil
	// value is a tombstone.
	Append(key, value []byte) (Record, error)
}

// Apply derives the indexes from a record. It is called in log order, once for
// each record, and must depend on nothing but the record and the Tx: replaying the log
// into an empty store gives the same indexes. An error rejects the record and
// with it the turn.
type Apply func(tx Tx, rec Record) error

// Store is a log with its indexes.
type Store interface {
	// View calls f with a view of the last durable state. Views never wait for
	// writers nor make them wait. Errors of f are returned as they are.
	View(f func(View) error) error
	// Write waits for a turn and calls f with it. When f returns nil, Write
	// returns after everything appended is durable, seen by new views and told to the
	// watchers; when f returns an error, or panics, the turn leaves no trace. Several
	// turns may share one commit, each seeing what those before it appended.
	// A turn that has begun is finished even if ctx ends.
	Write(ctx context.Context, f func(Turn) error) error
	// Watch registers f to be called with the records of each commit, after they
	// can be seen and before Write returns. f must not block. It must be
	// called before the first Write.
	Watch(f func([]Record))
	// Backup writes a consistent copy of the store, openable by the same
	// backend, while reads and writes go on.
	Backup(w io.Writer) (int64, error)
	// Close finishes the turns that wait and releases the store.
	Close() error
}

// Notes are what a node keeps for itself beside the log, in books of its own.
// They are not derived from records: no replay brings them back, no other node knows them,
// no watcher hears of them. A store may keep them; one that does not, does not implement this.
type Notes interface {
	// ReadNotes calls yield for the notes of a book whose keys are not less than
	// from, in ascending byte order, until it returns false. It never waits for writers.
	// The slices belong to the store and are valid during the call. A book that
	// nobody wrote to is empty.
	ReadNotes(book string, from []byte, yield func(key, value []byte) bool) error
	// WriteNotes puts notes into a book, all or none, and returns when they are
	// durable. Turns wait for a call under way, though not for one behind it: it should not write much
	// at once. Keys must not be empty.
	WriteNotes(book string, notes []Note) error
}

// Note is one entry of a book. A nil value deletes it.
type Note struct{ Key, Value []byte }

// Errors of a store. Match with errors.Is.
var (
	// ErrUnavailable reports a store that cannot take writes: disk full, file
	// read-only, medium broken. Reads may go on.
	ErrUnavailable = errors.New("storage: not available")
	// ErrTimeout reports that the outcome of a write was not known in time.
	ErrTimeout = errors.New("storage: timed out")
	// ErrTooLarge reports a record above the limit on a record's size.
	ErrTooLarge = errors.New("storage: record too large")
	// ErrClosed reports a call on a closed store.
	ErrClosed = errors.New("storage: closed")
	// ErrNoLeader reports that no node may take writes now.
	ErrNoLeader = errors.New("storage: no leader")
)
