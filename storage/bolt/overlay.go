package bolt

import (
	"bytes"
	"math/bits"
	"math/rand/v2"

	"github.com/seed-9f7c7091/concordat/storage"
)

// overlay holds what the turns of one batch changed and is not yet in the file:
// records at the end of the log, and entries of the indexes. Every change is
// journaled, so that a turn that fails can be taken back.
type overlay struct {
	first   int64 // offset of records[0]
	records []storage.Record
	stored  [][]byte // the records as they will be stored
	lists   []*list  // by bucket number; nil until the first change
	journal []change
	size    int // bytes of keys and values held
}

// change is an entry as it was before.
type change struct {
	entry *entry
	state state
	value []byte
}

// mark is a point to which an overlay can be taken back.
type mark struct{ records, journal, size int }

func (o *overlay) mark() mark { return mark{len(o.records), len(o.journal), o.size} }

func (o *overlay) undo(m mark) {
	for i := len(o.journal) - 1; i >= m.journal; i-- {
		c := o.journal[i]
		c.entry.state, c.entry.value = c.state, c.value
	}
	clear(o.journal[m.journal:])
	o.journal = o.journal[:m.journal]
	clear(o.records[m.records:])
	clear(o.stored[m.records:])
	o.records, o.stored = o.records[:m.records], o.stored[:m.records]
	o.size = m.size
}

func (o *overlay) add(stored []byte, rec storage.Record) {
	o.records = append(o.records, rec)
	o.stored = append(o.stored, stored)
	o.size += len(stored)
}

// change sets the state and the value of a key. Both slices are kept.
func (o *overlay) change(bucket int, key []byte, s state, value []byte) {
	if o.lists[bucket] == nil {
		o.lists[bucket] = newList()
	}
	e := o.lists[bucket].entry(key)
	o.journal = append(o.journal, change{e, e.state, e.value})
	e.state, e.value = s, value
	o.size += len(key) + len(value)
}

// state is what an overlay says of a key.
type state uint8

const (
	untouched state = iota // what is below holds: nothing changed, or it was taken back
	set
	deleted
)

// entry is a node of a list.
type entry struct {
	key   []byte
	value []byte // not nil when set
	state state
	next  []*entry // the next entry on each level
}

// list is a skip list: entries in ascending order of their keys. Entries are
// never removed, so that a walk goes on safely while entries are added.
type list struct{ head entry }

const levels = 16 // good for 4^16 entries

func newList() *list { return &list{entry{next: make([]*entry, levels)}} }

// path finds the last entry below key on each level.
func (l *list) path(key []byte, prev *[levels]*entry) {
	e := &l.head
	for i := levels - 1; i >= 0; i-- {
		for n := e.next[i]; n != nil && bytes.Compare(n.key, key) < 0; n = e.next[i] {
			e = n
		}
		prev[i] = e
	}
}

// seek finds the first entry at or above key.
func (l *list) seek(key []byte) *entry {
	var prev [levels]*entry
	l.path(key, &prev)
	return prev[0].next[0]
}

// above finds the first entry above key.
func (l *list) above(key []byte) *entry {
	e := l.seek(key)
	if e != nil && bytes.Equal(e.key, key) {
		e = e.next[0]
	}
	return e
}

// below finds the last entry below key, or with unbounded the last of all.
func (l *list) below(key []byte, unbounded bool) *entry {
	e := &l.head
	for i := levels - 1; i >= 0; i-- {
		for n := e.next[i]; n != nil && (unbounded || bytes.Compare(n.key, key) < 0); n = e.next[i] {
			e = n
		}
	}
	if e == &l.head {
		return nil
	}
	return e
}

// get finds the entry of a key, or nil.
func (l *list) get(key []byte) *entry {
	if e := l.seek(key); e != nil && bytes.Equal(e.key, key) {
		return e
	}
	return nil
}

// entry finds or adds the entry of a key.
func (l *list) entry(key []byte) *entry {
	var prev [levels]*entry
	l.path(key, &prev)
	if e := prev[0].next[0]; e != nil && bytes.Equal(e.key, key) {
		return e
	}
	// One entry in four stands on the next level up.
	height := min(1+bits.TrailingZeros64(rand.Uint64())/2, levels)
	e := &entry{key: key, next: make([]*entry, height)}
	for i := range height {
		e.next[i], prev[i].next[i] = prev[i].next[i], e
	}
	return e
}
