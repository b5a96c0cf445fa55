package registry

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/storage"
)

func errNoRecord(subject string, e entry) error {
	return fmt.Errorf("registry: the log has no record at offset %d, where version %d of subject %q should be", e.Offset, e.Version, subject)
}

// Apply derives the indexes from one record of the log. It is total: what it does
// not understand changes nothing, so that any log can be read.
func Apply(tx storage.Tx, rec storage.Record) error {
	var k recordKey
	if json.Unmarshal(rec.Key, &k) != nil {
		return nil
	}
	a := applier{state{tx}, tx, rec}
	switch k.KeyType {
	case keySchema:
		a.schema(k)
	case keyConfig:
		a.config(k.Subject)
	case keyMode:
		a.mode(k.Subject)
	case keyContext:
		a.context(k.Context)
	case keyDeleteSubject:
		a.deleteSubject(k.Subject)
	case keyAssociation:
		a.association(k)
	}
	// NOOP means nothing; CLEAR_SUBJECT names versions whose tombstones stand before it.
	return nil
}

type applier struct {
	state
	tx  storage.Tx
	rec storage.Record
}

func (a applier) schema(k recordKey) {
	if k.Magic < 0 || k.Magic > 1 {
		return
	}
	version := 0
	if k.Version != nil {
		version = *k.Version
	}
	subject := k.Subject
	context := ParseSubject(subject).Context
	if a.rec.Value == nil {
		a.removeVersion(context, subject, version)
		return
	}
	var v schemaValue
	if json.Unmarshal(a.rec.Value, &v) != nil {
		return
	}
	if v.ID > a.maxID(context) {
		a.tx.Put(maxIDs, []byte(context), appendNumber(nil, v.ID))
	}
	guid := schema.Identify(v.Schema, v.References, v.Metadata, v.RuleSet)
	if sum, err := base64.StdEncoding.DecodeString(v.MD5); err == nil && len(sum) == len(guid) {
		guid = schema.GUID(sum)
	}
	// A version overwritten by an import stays a use of its old id too: so it is in the reference.
	_, existed := a.entry(subject, version)
	firstOfSubject := !existed && !a.has(subject, true)
	now := entry{Version: version, ID: v.ID, Deleted: v.Deleted, GUID: guid, Offset: a.rec.Offset}
	a.tx.Put(versions, versionKey(subject, version), now.encode())
	a.tx.Put(ids, append(idKey(context, v.ID), subject...), appendNumber(nil, version))
	a.tx.Put(hashes, hashKey(guid, context), appendNumber(nil, v.ID))
	if !v.Deleted {
		for _, ref := range v.References {
			a.tx.Put(referrers, referrerKey(ref, context, v.ID), nil)
		}
	}
	if !existed {
		a.count("schemas", 1)
	}
	if firstOfSubject {
		a.count("subjects", 1)
	}
}

func referrerKey(ref api.Reference, context string, id int) []byte {
	k := versionKey(NormalizeSubject(qualifyReference(ref.Subject, context)), ref.Version)
	return append(k, idKey(context, id)...)
}

// removeVersion carries out the tombstone of a version. The content stays known
// under its id in the hash index, where an id without uses counts as unknown.
func (a applier) removeVersion(context, subject string, version int) {
	e, ok := a.entry(subject, version)
	if !ok {
		return
	}
	a.forgetUse(context, subject, e)
	if st, err := a.load(subject, e); err == nil {
		for _, ref := range st.References {
			a.tx.Delete(referrers, referrerKey(ref, context, e.ID))
		}
	}
	a.tx.Delete(versions, versionKey(subject, version))
	a.count("schemas", -1)
	if !a.has(subject, true) {
		a.count("subjects", -1)
	}
}

func (a applier) forgetUse(context, subject string, e entry) {
	k := append(idKey(context, e.ID), subject...)
	if v := a.Get(ids, k); v != nil && number(v) == e.Version {
		a.tx.Delete(ids, k)
	}
}

func (a applier) config(subject string) {
	if a.rec.Value == nil {
		a.tx.Delete(configs, key(subject))
		return
	}
	var v configValue
	if json.Unmarshal(a.rec.Value, &v) != nil {
		return
	}
	if _, ok := compat.ParseLevel(v.CompatibilityLevel); v.CompatibilityLevel != "" && !ok {
		return
	}
	a.tx.Put(configs, key(subject), a.rec.Value)
}

func (a applier) mode(subject string) {
	if a.rec.Value == nil {
		a.tx.Delete(modes, key(subject))
		return
	}
	var v modeValue
	if json.Unmarshal(a.rec.Value, &v) != nil {
		return
	}
	if m := Mode(v.Mode); m.known() {
		a.tx.Put(modes, key(subject), []byte(m))
	}
}

func (a applier) context(name string) {
	if name == "" {
		return
	}
	if a.rec.Value == nil {
		a.tx.Delete(contexts, []byte(name))
	} else {
		a.tx.Put(contexts, []byte(name), nil)
	}
}

// deleteSubject marks what is live up to the watermark; the SCHEMA records stay as they are.
func (a applier) deleteSubject(subject string) {
	var v deleteSubjectValue
	if a.rec.Value == nil || json.Unmarshal(a.rec.Value, &v) != nil {
		return
	}
	for _, e := range a.versions(subject) {
		if e.Version <= v.Version && !e.Deleted {
			e.Deleted = true
			a.tx.Put(versions, versionKey(subject, e.Version), e.encode())
		}
	}
}

func (a applier) count(name string, by int) {
	a.tx.Put(counters, []byte(name), appendNumber(nil, a.counter(name)+by))
}

// association keeps the record's value with its times: it was created when its
// key was first seen, unless the record says, and updated now.
func (a applier) association(k recordKey) {
	var v storedAssociation
	if a.rec.Value != nil && json.Unmarshal(a.rec.Value, &v.associationValue) != nil {
		return
	}
	// What the key says identifies the association, whatever the value says.
	v.Subject, v.ResourceName, v.ResourceNamespace = k.Subject, k.ResourceName, k.ResourceNamespace
	v.ResourceType, v.AssociationType = k.ResourceType, k.AssociationType
	if old := a.Get(associations, v.key()); old != nil {
		var before storedAssociation
		if json.Unmarshal(old, &before) != nil {
			return
		}
		for bucket, k := range before.indexKeys() {
			a.tx.Delete(bucket, k)
		}
		v.CreateTS = before.CreateTS
	}
	if a.rec.Value == nil {
		a.tx.Delete(associations, v.key())
		return
	}
	if v.CreateTS == 0 {
		v.CreateTS = a.rec.Time
	}
	v.UpdateTS = a.rec.Time
	a.tx.Put(associations, v.key(), encode(v))
	for bucket, k := range v.indexKeys() {
		a.tx.Put(bucket, k, v.key())
	}
}
