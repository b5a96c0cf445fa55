package registry

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/storage"
)

// The indexes, one bucket each. They are derived from the log by Apply alone.
//
//	versions      subject 0 version           → entry
//	ids           context 0 id subject        → version
//	hashes        guid context                → id
//	referrers     subject 0 version context 0 id → nothing
//	configs       subject 0                   → value of the CONFIG record
//	modes         subject 0                   → mode
//	contexts      context                     → nothing
//	maxids        context                     → highest id seen
//	associations  subject 0 resource          → value of the ASSOC record with its times
//	resources     resourceId 0 resource subject → key in associations
//	resourceNames resource subject            → key in associations
//	namespaces    namespace 0 resource subject → key in associations
//	counters      name                        → number
//
// A resource is name 0 namespace 0 type 0 associationType 0: within a subject, a resource or
// a namespace, associations are in the order they are listed in.
//
// Numbers are four bytes, big-endian. Subjects and contexts hold no zero byte;
// a name that does is found nowhere.
const (
	versions      = "versions"
	ids           = "ids"
	hashes        = "hashes"
	referrers     = "referrers"
	configs       = "configs"
	modes         = "modes"
	contexts      = "contexts"
	maxIDs        = "maxids"
	associations  = "associations"
	resources     = "resources"
	resourceNames = "resourcenames"
	namespaces    = "namespaces"
	counters      = "counters"
)

// Buckets are the indexes a store must provide for a registry.
func Buckets() []string {
	return []string{versions, ids, hashes, referrers, configs, modes, contexts, maxIDs, associations, resources, resourceNames, namespaces, counters}
}

// entry is what the versions index tells of a version without its text.
type entry struct {
	Version int
	ID      int
	Deleted bool
	GUID    schema.GUID
	Offset  int64 // of its SCHEMA record
}

const entrySize = 4 + 1 + 16 + 8

func (e *entry) encode() []byte {
	b := make([]byte, 0, entrySize)
	b = binary.BigEndian.AppendUint32(b, uint32(e.ID))
	deleted := byte(0)
	if e.Deleted {
		deleted = 1
	}
	b = append(b, deleted)
	b = append(b, e.GUID[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(e.Offset))
}

func decodeEntry(version int, b []byte) entry {
	e := entry{Version: version, ID: number(b), Deleted: b[4] == 1, Offset: int64(binary.BigEndian.Uint64(b[21:]))}
	copy(e.GUID[:], b[5:21])
	return e
}

func appendNumber(b []byte, n int) []byte { return binary.BigEndian.AppendUint32(b, uint32(n)) }

func number(b []byte) int { return int(int32(binary.BigEndian.Uint32(b))) }

// key joins a name, a zero byte and what follows.
func key(name string, rest ...byte) []byte {
	b := make([]byte, 0, len(name)+1+len(rest)+8)
	b = append(b, name...)
	b = append(b, 0)
	return append(b, rest...)
}

func versionKey(subject string, version int) []byte { return appendNumber(key(subject), version) }

func idKey(context string, id int) []byte { return appendNumber(key(context), id) }

func hashKey(guid schema.GUID, context string) []byte { return append(guid[:], context...) }

// split takes a key of the form name 0 number rest apart.
func split(k []byte) (name string, n int, rest []byte, ok bool) {
	i := bytes.IndexByte(k, 0)
	if i < 0 || len(k) < i+5 {
		return "", 0, nil, false
	}
	return string(k[:i]), number(k[i+1:]), k[i+5:], true
}

// state reads the registry out of a view.
type state struct{ storage.View }

// versions lists the versions of a subject, ascending, deleted ones included.
func (s state) versions(subject string) []entry {
	var list []entry
	p := key(subject)
	s.Ascend(versions, p, nil, func(k, v []byte) bool {
		if len(k) == len(p)+4 {
			list = append(list, decodeEntry(number(k[len(p):]), v))
		}
		return true
	})
	return list
}

// entry finds one version of a subject, deleted or not.
func (s state) entry(subject string, version int) (entry, bool) {
	v := s.Get(versions, versionKey(subject, version))
	if v == nil {
		return entry{}, false
	}
	return decodeEntry(version, v), true
}

// latest finds the highest live version.
func (s state) latest(subject string) (found entry, ok bool) {
	p := key(subject)
	s.Descend(versions, p, nil, func(k, v []byte) bool {
		if len(k) == len(p)+4 {
			found = decodeEntry(number(k[len(p):]), v)
			ok = !found.Deleted
		}
		return !ok
	})
	return found, ok
}

// find resolves a version of the path, latest or a number; deleted versions count
// only if asked for, and never as the latest.
func (s state) find(subject string, version int, deleted bool) (entry, bool) {
	if version == latest {
		return s.latest(subject)
	}
	e, ok := s.entry(subject, version)
	return e, ok && (deleted || !e.Deleted)
}

// has reports whether a subject has a version, a deleted one counting if asked for.
func (s state) has(subject string, deleted bool) bool {
	if !deleted {
		_, ok := s.latest(subject)
		return ok
	}
	found := false
	p := key(subject)
	s.Ascend(versions, p, nil, func(k, _ []byte) bool {
		found = len(k) == len(p)+4
		return !found
	})
	return found
}

// eachVersion walks all versions of the subjects whose stored name begins with
// prefix, by subject and version.
func (s state) eachVersion(prefix string, yield func(subject string, e entry) bool) {
	s.Ascend(versions, []byte(prefix), nil, func(k, v []byte) bool {
		subject, version, rest, ok := split(k)
		if !ok || len(rest) > 0 {
			return true
		}
		return yield(subject, decodeEntry(version, v))
	})
}

// usesOf calls yield for the versions registered under an id.
func (s state) usesOf(context string, id int, yield func(subject string, version int) bool) {
	p := idKey(context, id)
	s.Ascend(ids, p, nil, func(k, v []byte) bool {
		return yield(string(k[len(p):]), number(v))
	})
}

// firstUse picks a version registered under an id: the one the reference meets first.
func (s state) firstUse(context string, id int) (subject string, found entry, ok bool) {
	type use struct {
		subject string
		entry   entry
	}
	var uses []use
	s.usesOf(context, id, func(sub string, version int) bool {
		if e, there := s.entry(sub, version); there {
			uses = append(uses, use{sub, e})
		}
		return true
	})
	if len(uses) == 0 {
		return "", entry{}, false
	}
	inHashOrder(uses, func(u use) string { return u.subject })
	return uses[0].subject, uses[0].entry, true
}

// versionOf finds the version a subject has of an id.
func (s state) versionOf(context string, id int, subject string) (entry, bool) {
	v := s.Get(ids, append(idKey(context, id), subject...))
	if v == nil {
		return entry{}, false
	}
	return s.entry(subject, number(v))
}

// idOf finds the id of a content in a context. Ids that no version uses any
// more are unknown.
func (s state) idOf(guid schema.GUID, context string) (int, bool) {
	v := s.Get(hashes, hashKey(guid, context))
	if v == nil {
		return 0, false
	}
	id := number(v)
	return id, s.idInUse(context, id)
}

func (s state) idInUse(context string, id int) bool {
	used := false
	s.usesOf(context, id, func(subject string, version int) bool {
		_, used = s.entry(subject, version)
		return !used
	})
	return used
}

func (s state) maxID(context string) int {
	if v := s.Get(maxIDs, []byte(context)); v != nil {
		return number(v)
	}
	return 0
}

// eachReferrer calls yield for the schemas that refer to a version, by context and id.
func (s state) eachReferrer(subject string, version int, yield func(context string, id int) bool) {
	p := versionKey(subject, version)
	s.Ascend(referrers, p, nil, func(k, _ []byte) bool {
		context, id, _, ok := split(k[len(p):])
		return !ok || yield(context, id)
	})
}

// namedContexts lists the contexts but the default one, in order.
func (s state) namedContexts() []string {
	var list []string
	s.Ascend(contexts, nil, nil, func(k, _ []byte) bool {
		if string(k) != DefaultContext {
			list = append(list, string(k))
		}
		return true
	})
	return list
}

// config reads the configuration of exactly this subject; "" is the global one.
func (s state) config(subject string) (*api.Config, bool) {
	v := s.Get(configs, key(subject))
	if v == nil {
		return nil, false
	}
	var c configValue
	if json.Unmarshal(v, &c) != nil {
		return nil, false
	}
	return &c.Config, true
}

// mode reads the mode of exactly this subject; "" is the global one.
func (s state) mode(subject string) (Mode, bool) {
	v := s.Get(modes, key(subject))
	return Mode(v), v != nil
}

func (s state) counter(name string) int {
	if v := s.Get(counters, []byte(name)); v != nil {
		return number(v)
	}
	return 0
}

// stored is a version with its text, as its record has it. Deleted is what holds
// now: the deletion of a whole subject leaves the records of its versions as they are.
type stored struct {
	schemaValue
	GUID   schema.GUID
	Offset int64
	TS     int64
}

// load reads the record of a version. The subject is that of the index, which may differ from the
// record's in a log written by others.
func (s state) load(subject string, e entry) (*stored, error) {
	rec, ok := s.Record(e.Offset)
	if !ok {
		return nil, errNoRecord(subject, e)
	}
	st := &stored{GUID: e.GUID, Offset: e.Offset, TS: rec.Time}
	if err := json.Unmarshal(rec.Value, &st.schemaValue); err != nil {
		return nil, err
	}
	st.Subject, st.Version, st.Deleted = subject, e.Version, e.Deleted
	if st.SchemaType == "" {
		st.SchemaType = api.Avro
	}
	return st, nil
}
