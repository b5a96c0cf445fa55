// Package usage remembers who uses which version of a subject, and when that was last seen.
//
// It is what a node saw, not what the registry says: none of it is in the log,
// and what was seen in the seconds before a crash may be lost. Uses are gathered in memory and
// written now and then, so that who tells of one waits for nothing. There is a bound to what is
// kept, beyond which the uses unseen for the longest time are forgotten.
package usage

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/storage"
)

// Options of a table. The zero value is good.
type Options struct {
	// MaxKept is how many uses are kept; 100,000 by default. With names of ordinary
	// length they take 20 MB of the store.
	MaxKept int
	// MaxGathered is how many uses are held in memory until they are written, and all there are
	// where the store keeps no notes; 10,000 by default.
	MaxGathered int
	// Interval is how long uses are gathered before they are written; 5 s by default. They are written
	// sooner when half of MaxGathered is reached.
	Interval time.Duration
	// Clock gives the time at which a use is seen; time.Now by default.
	Clock func() time.Time
}

// book is where the uses are kept. A note has the use as its key (see key), and as
// its value when it was last seen: milliseconds since 1970, 8 bytes, big-endian.
const book = "usage"

// maxWrite bounds how many notes are written at once, since turns wait meanwhile.
const maxWrite = 256

// Table holds uses. It is safe for concurrent use.
type Table struct {
	o     Options
	notes storage.Notes // nil: all is in memory

	mu       sync.Mutex
	gathered map[string]int64 // what is not yet written: key → last seen
	writing  bool             // a goroutine will write what is gathered
	closed   bool
	hurry    chan struct{} // holds one item when there is much to write
	stop     chan struct{} // closed by Close
	written  sync.WaitGroup

	flushing sync.Mutex
	atMost   int // how many uses are kept at most; less, where some were replaced
}

// New makes a table of what a store keeps; notes may be nil for one that keeps nothing.
func New(notes storage.Notes, o Options) *Table {
	o.MaxKept = cmp.Or(o.MaxKept, 100_000)
	o.MaxGathered = cmp.Or(o.MaxGathered, 10_000)
	o.Interval = cmp.Or(o.Interval, 5*time.Second)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Table{
		o: o, notes: notes,
		gathered: map[string]int64{},
		hurry:    make(chan struct{}, 1), stop: make(chan struct{}),
		atMost: o.MaxKept + 1, // not known: counted at the first flush
	}
}

// Seen tells of uses now. Their times do not count. It never waits for the store.
func (t *Table) Seen(uses []api.Usage) {
	now := t.o.Clock().UnixMilli()
	t.mu.Lock()
	defer t.mu.Unlock()
	before := len(t.gathered)
	for i := range uses {
		t.gathered[key(&uses[i])] = now
		if len(t.gathered) > t.o.MaxGathered {
			t.forget()
		}
	}
	if t.notes == nil || t.closed || len(t.gathered) == 0 {
		return
	}
	if !t.writing {
		t.writing = true
		t.written.Go(t.write)
	}
	if half := t.o.MaxGathered / 2; before < half && len(t.gathered) >= half {
		select {
		case t.hurry <- struct{}{}:
		default:
		}
	}
}

// forget makes room in memory: a sixteenth of the uses go, those unseen for the longest time.
func (t *Table) forget() {
	excess := len(t.gathered) - t.o.MaxGathered*15/16
	oldest := threshold(slices.Collect(maps.Values(t.gathered)), excess)
	for k, seen := range t.gathered {
		if excess > 0 && seen <= oldest {
			delete(t.gathered, k)
			excess--
		}
	}
}

// threshold is the n-th of some times, counted from the oldest.
func threshold(times []int64, n int) int64 {
	slices.Sort(times)
	return times[n-1]
}

// write flushes as long as there is something to write.
func (t *Table) write() {
	for {
		select {
		case <-time.After(t.o.Interval):
		case <-t.hurry:
		case <-t.stop:
			return
		}
		// What could not be written is tried again; the store says in its log what is wrong.
		_ = t.Flush()
		t.mu.Lock()
		if t.writing = len(t.gathered) > 0; !t.writing {
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
	}
}

// Flush writes what is gathered. What cannot be written stays gathered, unless the store was closed.
func (t *Table) Flush() error {
	if t.notes == nil {
		return nil
	}
	t.flushing.Lock()
	defer t.flushing.Unlock()
	t.mu.Lock()
	now := maps.Clone(t.gathered)
	t.mu.Unlock()
	for keys := range slices.Chunk(slices.Sorted(maps.Keys(now)), maxWrite) {
		list := make([]storage.Note, len(keys))
		for i, k := range keys {
			list[i] = storage.Note{Key: []byte(k), Value: binary.BigEndian.AppendUint64(nil, uint64(now[k]))}
		}
		err := t.notes.WriteNotes(book, list)
		if errors.Is(err, storage.ErrClosed) { // for good: nothing is to be tried again
			t.mu.Lock()
			clear(t.gathered)
			t.mu.Unlock()
		}
		if err != nil {
			return err
		}
		t.mu.Lock()
		for _, k := range keys {
			if t.gathered[k] == now[k] {
				delete(t.gathered, k)
			}
		}
		t.mu.Unlock()
		t.atMost += len(keys)
	}
	if t.atMost > t.o.MaxKept {
		return t.evict()
	}
	return nil
}

// evict counts what is kept and deletes what is too much, those unseen for the longest time.
func (t *Table) evict() error {
	var times []int64
	err := t.kept(nil, func(_ []byte, seen int64) bool {
		times = append(times, seen)
		return true
	})
	if err != nil {
		return err
	}
	excess := len(times) - t.o.MaxKept
	t.atMost = len(times)
	if excess <= 0 {
		return nil
	}
	oldest := threshold(times, excess)
	var gone []storage.Note
	err = t.kept(nil, func(k []byte, seen int64) bool {
		if seen <= oldest {
			gone = append(gone, storage.Note{Key: bytes.Clone(k)})
		}
		return len(gone) < excess
	})
	if err != nil {
		return err
	}
	for list := range slices.Chunk(gone, maxWrite) {
		if err := t.notes.WriteNotes(book, list); err != nil {
			return err
		}
		t.atMost -= len(list)
	}
	return nil
}

// kept calls yield for what is written, from a key on, in order. The key is valid during the call.
func (t *Table) kept(from []byte, yield func(key []byte, seen int64) bool) error {
	if t.notes == nil {
		return nil
	}
	return t.notes.ReadNotes(book, from, func(k, v []byte) bool {
		if len(v) != 8 {
			return true // not ours
		}
		return yield(k, int64(binary.BigEndian.Uint64(v)))
	})
}

// Close writes what is gathered. What is seen later is held in memory alone.
func (t *Table) Close() error {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		close(t.stop)
	}
	t.mu.Unlock()
	t.written.Wait()
	return t.Flush()
}

// Filter says which uses a list has. What is empty or nil does not matter.
type Filter struct {
	Subject   string
	Version   int
	Role      string
	Principal *string // "" is who did not log in
}

// List gives uses in the order of subject, version, role (consumers first), topic, application and
// principal: at most limit, after the first offset.
func (t *Table) List(f Filter, offset, limit int) ([]api.Usage, error) {
	list := []api.Usage{}
	// Of the keys that begin so, those of other roles and principals are passed over.
	prefix := f.prefix()
	add := func(k string, seen int64) bool {
		u, ok := parse(k)
		if !ok || !f.takes(&u) {
			return true
		}
		if offset > 0 {
			offset--
			return true
		}
		if len(list) < limit {
			u.LastSeen = seen
			list = append(list, u)
		}
		return len(list) < limit
	}
	// First what is gathered, then what is kept: what is written meanwhile is in both, and counts once.
	t.mu.Lock()
	fresh := map[string]int64{}
	for k, seen := range t.gathered {
		if strings.HasPrefix(k, prefix) {
			fresh[k] = seen
		}
	}
	t.mu.Unlock()
	keys := slices.Sorted(maps.Keys(fresh))
	more := limit > 0
	// addBelow adds the fresh uses that stand before a key.
	addBelow := func(end string, all bool) {
		for more && len(keys) > 0 && (all || keys[0] < end) {
			more = add(keys[0], fresh[keys[0]])
			keys = keys[1:]
		}
	}
	err := t.kept([]byte(prefix), func(k []byte, seen int64) bool {
		if !bytes.HasPrefix(k, []byte(prefix)) {
			return false
		}
		name := string(k)
		addBelow(name, false)
		if more && (len(keys) == 0 || keys[0] != name) {
			more = add(name, seen)
		}
		return more
	})
	addBelow("", true)
	return list, err
}

func (f *Filter) takes(u *api.Usage) bool {
	return (f.Subject == "" || u.Subject == f.Subject) && (f.Version == 0 || u.Version == f.Version) &&
		(f.Role == "" || u.Role == f.Role) && (f.Principal == nil || u.Principal == *f.Principal)
}

// A key is subject 0 version role topic 0 application 0 principal: the version four
// bytes, big-endian, the role one letter. Names hold no zero byte.

var roles = map[byte]string{'C': api.Consumer, 'P': api.Producer}

func key(u *api.Usage) string {
	b := make([]byte, 0, len(u.Subject)+1+4+1+len(u.Topic)+1+len(u.Application)+1+len(u.Principal))
	b = append(b, u.Subject...)
	b = binary.BigEndian.AppendUint32(append(b, 0), uint32(u.Version))
	b = append(b, u.Role[0])
	b = append(append(b, u.Topic...), 0)
	b = append(append(b, u.Application...), 0)
	return string(append(b, u.Principal...))
}

// prefix is what the keys of the uses wanted have in common.
func (f *Filter) prefix() string {
	if f.Subject == "" {
		return ""
	}
	b := append([]byte(f.Subject), 0)
	if f.Version > 0 {
		b = binary.BigEndian.AppendUint32(b, uint32(f.Version))
	}
	return string(b)
}

func parse(k string) (u api.Usage, ok bool) {
	subject, rest, _ := strings.Cut(k, "\x00")
	if len(rest) < 5 {
		return u, false
	}
	u.Subject, u.Version, u.Role = subject, int(binary.BigEndian.Uint32([]byte(rest[:4]))), roles[rest[4]]
	names := strings.Split(rest[5:], "\x00")
	if len(names) != 3 || u.Role == "" {
		return u, false
	}
	u.Topic, u.Application, u.Principal = names[0], names[1], names[2]
	return u, true
}
