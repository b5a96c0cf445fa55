package registry

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

// Topic is the only type of resource.
const Topic = "topic"

// Association types. Value is meant where none is given.
const (
	associatesKey   = "key"
	associatesValue = "value"
)

// AssociateOptions say how associations are created or updated.
type AssociateOptions struct {
	Context string // where subjects are that name no context, written as :.name:, .name or name; "" for the default one
	Update  bool   // change the associations that the resource has, where otherwise only the same may be given again
	DryRun  bool   // only check
}

// Associate makes the associations of a resource that a request asks for, with the schemas given for them, all
// or nothing. It answers those that were written: not those that were there already, and none on a dry run.
func (r *Registry) Associate(ctx context.Context, q *api.AssociationRequest, o AssociateOptions) (*api.AssociationResponse, error) {
	return associating(ctx, r, o.DryRun, func(t *turn) (*api.AssociationResponse, error) {
		written, err := r.associate(t, q, o)
		if err != nil {
			return nil, err
		}
		return &api.AssociationResponse{ResourceName: q.ResourceName, ResourceNamespace: q.ResourceNamespace, ResourceID: q.ResourceID,
			ResourceType: Topic, Associations: written}, nil
	})
}

// associating carries out a command on associations. It is rehearsed on a view up to its end, where what it would
// append is dropped; that is all there is to a dry run. Only a command that has something to write is given a
// turn, in which it decides again.
func associating[T any](ctx context.Context, r *Registry, dryRun bool, do func(*turn) (T, error)) (T, error) {
	writes := false
	result, err := view(r, func(s state) (T, error) {
		return do(&turn{s, func(recordKey, any) error { writes = true; return nil }})
	})
	if dryRun || !writes {
		return result, err
	}
	return command(ctx, r, do)
}

// link is one association as a request wants it, with what the request left out filled in.
type link struct {
	subject   string
	kind      string // association type
	lifecycle string
	frozen    bool
	schema    *api.RegisterRequest
	register  RegisterOptions
	before    *storedAssociation // what the resource has of this type; nil for nothing
}

// changed reports whether there is something to write. Whose subject and
// lifecycle are the same is the same.
func (l *link) changed() bool {
	return l.before == nil || l.subject != l.before.Subject || l.lifecycle != l.before.Lifecycle || l.frozen != l.before.Frozen
}

// associate checks a request as a whole before anything is appended: its form, then what each association
// comes to beside what the resource has, then what the subjects have to say.
func (r *Registry) associate(t *turn, q *api.AssociationRequest, o AssociateOptions) ([]api.AssociationEntry, error) {
	if err := checkAssociationRequest(q, o.DryRun); err != nil {
		return nil, err
	}
	have, err := t.associationsFor(q)
	if err != nil {
		return nil, err
	}
	links := make([]*link, len(q.Associations))
	for i := range links {
		if links[i], err = t.link(q, &q.Associations[i], have, o); err != nil {
			return nil, err
		}
	}
	for _, l := range links {
		if !r.validSubject(l.subject, false) {
			return nil, api.InvalidSubject(l.subject)
		}
		if err := t.writable(l.subject); err != nil {
			return nil, err
		}
	}
	for _, l := range links {
		if err := r.mayLink(t.state, q, l, o.Update); err != nil {
			return nil, err
		}
	}
	if err := sameLifecycle(have, links); err != nil {
		return nil, err
	}
	for _, l := range links {
		if err := t.subjectAllows(l, links); err != nil {
			return nil, err
		}
	}
	return r.writeLinks(t, q, links, o.DryRun)
}

// associationsFor finds what the resource of a request has, by association type. A resource is known by its id, or where a
// dry run leaves that out by its name; both must tell of the same.
func (s state) associationsFor(q *api.AssociationRequest) (map[string]*storedAssociation, error) {
	have := map[string]*storedAssociation{}
	of := AssociationFilter{ResourceType: Topic}
	found := s.collect(ofName(q.ResourceNamespace, q.ResourceName), of)
	if q.ResourceID != "" {
		found = append(found, s.collect(ofResource(q.ResourceID), of)...)
	}
	for _, a := range found {
		switch {
		case a.ResourceName != q.ResourceName || a.ResourceNamespace != q.ResourceNamespace:
			return nil, api.InvalidAssociation("resourceName", fmt.Sprintf("resource '%s' has associations under the name '%s' in namespace '%s'", q.ResourceID, a.ResourceName, a.ResourceNamespace))
		case q.ResourceID != "" && a.ResourceID != q.ResourceID:
			return nil, api.InvalidAssociation("resourceId", fmt.Sprintf("resource '%s' in namespace '%s' has associations under the id '%s'", a.ResourceName, a.ResourceNamespace, a.ResourceID))
		}
		have[a.AssociationType] = a
	}
	return have, nil
}

// ownSubject is the subject of a resource's STRONG association.
func ownSubject(q *api.AssociationRequest, kind string) string {
	return NormalizeSubject(contextPrefix("."+q.ResourceNamespace) + q.ResourceName + "-" + kind)
}

// link fills in what a request leaves out of one association, and checks that
// its members go together.
func (s state) link(q *api.AssociationRequest, spec *api.AssociationSpec, have map[string]*storedAssociation, o AssociateOptions) (*link, error) {
	l := &link{lifecycle: spec.Lifecycle, schema: spec.Schema, register: RegisterOptions{Normalize: spec.Normalize}}
	l.kind, _ = associationType(spec.AssociationType)
	l.before = have[l.kind]
	if spec.Subject != nil {
		l.subject = s.subjectIn(o.Context, *spec.Subject)
	}
	own := ownSubject(q, l.kind)
	if o.Update && l.before != nil {
		return l, l.update(spec, own)
	}
	return l, l.create(spec, own, o.Update)
}

// create completes an association that is to be new. To add one to an existing resource, which an
// update does, is to point at a subject: one of its own must be made with the resource.
func (l *link) create(spec *api.AssociationSpec, own string, update bool) error {
	switch {
	case l.schema != nil && update:
		return api.InvalidAssociation("schema", "cannot be provided when adding an association to an existing topic; an association with a schema must be created with the topic")
	case l.schema != nil && spec.Frozen != nil && !*spec.Frozen:
		return api.InvalidAssociation("frozen", "cannot be false when a schema is provided")
	case l.lifecycle == "" && l.schema != nil:
		l.lifecycle = Strong
	case l.lifecycle == "":
		l.lifecycle = Weak
	}
	l.frozen = l.lifecycle == Strong
	switch {
	case spec.Frozen != nil && *spec.Frozen != l.frozen:
		return api.InvalidAssociation("frozen", fmt.Sprintf("association with lifecycle of %s cannot be frozen=%t", l.lifecycle, *spec.Frozen))
	case l.subject == "" && l.lifecycle == Weak:
		return api.InvalidAssociation("subject", "must be provided for WEAK associations")
	case l.subject == "":
		l.subject = own
	}
	if l.frozen && l.subject != own {
		return api.InvalidAssociation("subject", fmt.Sprintf("frozen associations must use subject '%s'", own))
	}
	return l.borrowed(own)
}

// borrowed refuses a WEAK association with the subject kept for a STRONG one.
func (l *link) borrowed(own string) error {
	if l.lifecycle == Weak && l.subject == own {
		return api.InvalidAssociation("subject", fmt.Sprintf("WEAK associations cannot use subject '%s'", own))
	}
	return nil
}

// update completes an association that the resource has.
func (l *link) update(spec *api.AssociationSpec, own string) error {
	l.lifecycle = cmp.Or(l.lifecycle, l.before.Lifecycle)
	l.subject = cmp.Or(l.subject, l.before.Subject)
	l.frozen = l.before.Frozen
	if spec.Frozen != nil {
		l.frozen = *spec.Frozen
	}
	if err := l.borrowed(own); err != nil {
		return err
	}
	switch {
	case l.lifecycle == Strong && !l.frozen:
		return api.InvalidAssociation("frozen", "association with lifecycle of STRONG cannot be frozen=false")
	case l.lifecycle == Weak && l.frozen:
		return api.InvalidAssociation("frozen", "association with lifecycle of WEAK cannot be frozen")
	case l.frozen != l.before.Frozen:
		return api.InvalidAssociation("frozen", "frozen attribute of association cannot be changed")
	case l.subject != l.before.Subject:
		return api.InvalidAssociation("subject", "subject of association cannot be changed")
	case l.lifecycle == Weak && l.schema != nil:
		return api.InvalidAssociation("lifecycle", "cannot be WEAK when schema is provided")
	}
	return nil
}

// subjectIn gives the stored name of a subject that a request names, within a
// context, as itself or by an alias.
func (s state) subjectIn(context, subject string) string {
	if context = strings.Trim(context, ":"); context != "" && !strings.HasPrefix(context, ".") {
		context = "." + context
	}
	if context != "" && !strings.HasPrefix(subject, ":.") {
		subject = contextPrefix(context) + subject
	}
	return NormalizeSubject(s.alias(subject))
}

// mayLink refuses an association that what the resource has of its type, or what its subject holds, rules out.
func (r *Registry) mayLink(s state, q *api.AssociationRequest, l *link, update bool) error {
	switch {
	case update && l.before != nil:
		if l.changed() && l.before.Frozen {
			return api.AssociationFrozen(l.kind, l.before.Subject)
		}
	case update:
		if l.lifecycle == Strong && s.effectiveMode(l.subject) != Import {
			return api.InvalidAssociation("lifecycle", "cannot be STRONG when adding an association to an existing topic; a STRONG association must be created with the topic")
		}
	case l.before != nil:
		same := !l.changed()
		if same && l.schema != nil {
			known, err := r.registered(s, l)
			if err != nil {
				return err
			}
			same = known != nil
		}
		if !same {
			return api.AssociationForResource(l.kind, q.ResourceName)
		}
	case l.frozen:
		return r.mayFreeze(s, l)
	}
	return nil
}

// registered finds the version that the schema of a link is already; nil for none.
func (r *Registry) registered(s state, l *link) (*found, error) {
	return r.lookupWithInheritance(s, l.subject, l.schema, LookupOptions{Normalize: l.register.Normalize})
}

// mayFreeze lets a resource have a subject of its own where that begins with the
// schema given.
func (r *Registry) mayFreeze(s state, l *link) error {
	if l.schema == nil {
		return api.InvalidAssociation("schema", "schema must be provided when creating a frozen association")
	}
	var live []entry
	for _, e := range s.versions(l.subject) {
		if !e.Deleted {
			live = append(live, e)
		}
	}
	if len(live) == 0 {
		return nil
	}
	known, err := r.registered(s, l)
	if err != nil {
		return err
	}
	if len(live) > 1 || live[0].Version != 1 || known == nil {
		return api.InvalidAssociation("subject", fmt.Sprintf("a frozen association needs a subject that is new or holds the given schema as its only version, but '%s' holds other versions", l.subject))
	}
	return nil
}

// sameLifecycle refuses a resource whose associations would differ in their lifecycle.
func sameLifecycle(have map[string]*storedAssociation, links []*link) error {
	lifecycles := map[string]string{}
	for kind, a := range have {
		lifecycles[kind] = a.Lifecycle
	}
	for _, l := range links {
		lifecycles[l.kind] = l.lifecycle
	}
	first := lifecycles[links[0].kind]
	var list []string
	same := true
	for _, kind := range sortedNames(lifecycles) {
		same = same && lifecycles[kind] == first
		list = append(list, kind+"="+lifecycles[kind])
	}
	if same {
		return nil
	}
	return api.InvalidAssociation("lifecycle", "all associations for a resource must have the same lifecycle, but got "+strings.Join(list, ", "))
}

// subjectAllows refuses an association that its subject is not there for: it has no version and is given none, or it
// belongs to another resource, or is to belong to this one while others use it.
func (s state) subjectAllows(l *link, links []*link) error {
	if l.schema != nil && s.effectiveMode(l.subject) == Import {
		return api.InvalidAssociation("schema", "cannot be provided while the subject is in IMPORT mode")
	}
	if !l.changed() {
		return nil
	}
	if l.schema == nil && !s.has(l.subject, false) {
		return api.NoActiveSubjectVersion(l.subject)
	}
	var others []*storedAssociation
	for _, a := range s.collect(ofSubject(l.subject), AssociationFilter{}) {
		if l.before == nil || !bytes.Equal(a.key(), l.before.key()) {
			others = append(others, a)
		}
	}
	if l.lifecycle == Weak {
		if slices.ContainsFunc(others, func(a *storedAssociation) bool { return a.Lifecycle == Strong }) {
			return api.StrongAssociationForSubject(l.subject)
		}
		return nil
	}
	if len(others) > 0 {
		return api.AssociationForSubject(l.subject)
	}
	if s.referencedAtAll(l.subject) || slices.ContainsFunc(links, func(o *link) bool { return o.refersTo(l.subject) }) {
		return api.ReferenceExists(l.subject)
	}
	return nil
}

// referencedAtAll reports whether any schema, of a deleted version too, refers to any version of a subject.
func (s state) referencedAtAll(subject string) bool {
	return slices.ContainsFunc(s.versions(subject), func(e entry) bool { return s.referenced(subject, e.Version, true, "") })
}

func (l *link) refersTo(subject string) bool {
	if l.schema == nil {
		return false
	}
	context := ParseSubject(l.subject).Context
	return slices.ContainsFunc(l.schema.References, func(ref api.Reference) bool {
		return NormalizeSubject(qualifyReference(ref.Subject, context)) == subject
	})
}

// writeLinks registers the schemas given, then writes the associations that change.
func (r *Registry) writeLinks(t *turn, q *api.AssociationRequest, links []*link, dryRun bool) ([]api.AssociationEntry, error) {
	schemas := make([]*api.Schema, len(links))
	for i, l := range links {
		if l.schema == nil {
			continue
		}
		f, err := r.registerKnown(t.state, l.subject, l.schema, l.register)
		if f == nil && err == nil {
			f, err = r.registerNew(t, l.subject, l.schema, l.register)
		}
		if err != nil {
			return nil, associationError(l.subject, tooLarge(err))
		}
		if schemas[i], err = r.answer(t.state, f, ""); err != nil {
			return nil, err
		}
	}
	var written []api.AssociationEntry
	for i, l := range links {
		if dryRun || !l.changed() {
			continue
		}
		v := associationValue{Tenant: tenant, GUID: newGUID(), ResourceName: q.ResourceName, ResourceNamespace: q.ResourceNamespace,
			ResourceID: q.ResourceID, ResourceType: Topic, AssociationType: l.kind, Subject: l.subject, Lifecycle: l.lifecycle, Frozen: l.frozen}
		if l.before != nil {
			v.GUID, v.CreateTS = l.before.GUID, l.before.CreateTS
		}
		if err := t.append(associationKey(&v), v); err != nil {
			return nil, err
		}
		written = append(written, api.AssociationEntry{Subject: l.subject, AssociationType: l.kind, Lifecycle: l.lifecycle,
			Frozen: servedFrozen(l.lifecycle, l.frozen), Schema: schemas[i]})
	}
	return written, nil
}

// associationError is an error of a registration as the calls on associations answer it: of an incompatible
// schema they tell the differences alone.
func associationError(subject string, err error) error {
	var e *api.Error
	if !errors.As(err, &e) || e.Code != api.CodeIncompatibleSchema {
		return err
	}
	before := strings.TrimSuffix(api.IncompatibleSchema(subject, "").Message, "[]")
	return &api.Error{Code: e.Code, Message: strings.TrimPrefix(e.Message, before), Suggestions: e.Suggestions}
}

// newGUID makes a random UUID, version 4.
func newGUID() string {
	var b schema.GUID
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return b.String()
}
