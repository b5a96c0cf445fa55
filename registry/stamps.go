package registry

import (
	"encoding/json"
	"hash/maphash"
	"sync/atomic"

	"github.com/seed-9f7c7091/concordat/storage"
)

// stamps tell whether an answer made earlier still holds. What answers depend
// on (a subject, an id, anything else) is hashed to a slot; each commit moves the
// slots of what it touched. An answer is good while the slots it was made under stand where they stood.
// Two things sharing a slot cost a cache miss, never a wrong answer.
type stamps struct {
	slots [1 << 12]atomic.Uint64
	all   atomic.Uint64 // moves with configuration, modes, contexts and contents that change their id
}

// Stamp is what one dependency stood at.
type Stamp struct {
	slot *atomic.Uint64
	at   uint64
}

// Holds reports whether nothing the stamp stands for has changed since.
func (s Stamp) Holds() bool { return s.slot.Load() == s.at }

var stampSeed = maphash.MakeSeed()

func (s *stamps) slot(name string) *atomic.Uint64 {
	return &s.slots[maphash.String(stampSeed, name)%uint64(len(s.slots))]
}

func stampOf(slot *atomic.Uint64) Stamp { return Stamp{slot, slot.Load()} }

// SubjectStamp stands for the versions of a subject. Take it before reading them.
func (r *Registry) SubjectStamp(subject string) Stamp {
	return stampOf(r.stamps.slot(NormalizeSubject(subject)))
}

// IDStamp stands for an id gaining a use. Losing one moves the stamp of the
// subject that used it. Take it before reading.
func (r *Registry) IDStamp(context string, id int) Stamp {
	return stampOf(r.stamps.slot(idName(context, id)))
}

func idName(context string, id int) string { return string(idKey(context, id)) }

// ContentStamp stands for the id by which the content of a text is known. Take it
// before reading, or together with a stamp taken before.
func (r *Registry) ContentStamp(text string) Stamp { return stampOf(r.stamps.slot(text)) }

// AnyStamp stands for configuration, modes, contexts and whatever else can change answers about
// any schema. Take it before reading.
func (r *Registry) AnyStamp() Stamp { return stampOf(&r.stamps.all) }

// observe moves the stamps of what a commit touched.
func (s *stamps) observe(recs []storage.Record) {
	for i := range recs {
		var k recordKey
		if json.Unmarshal(recs[i].Key, &k) != nil {
			continue
		}
		switch k.KeyType {
		case keySchema, keyDeleteSubject:
			s.slot(k.Subject).Add(1)
			var v struct {
				ID     int
				Schema string
			}
			if k.KeyType == keySchema && recs[i].Value != nil && json.Unmarshal(recs[i].Value, &v) == nil {
				s.slot(idName(ParseSubject(k.Subject).Context, v.ID)).Add(1)
				s.slot(v.Schema).Add(1)
			}
		case keyNoop:
		default:
			s.all.Add(1)
		}
	}
}
