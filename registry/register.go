package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/storage"
)

// RegisterOptions say how a schema is registered.
type RegisterOptions struct {
	Normalize bool
	Force     bool   // skip the compatibility check
	Format    string // of the answered text
	// Problems is told what is wrong with the rules of a schema that is registered all the same; nil for nobody.
	Problems func([]rules.Problem)
}

// Register makes a schema a version of a subject, or finds the version it
// already is, and answers that version. known tells that it was there and that
// the answer was found whatever the mode.
func (r *Registry) Register(ctx context.Context, subject string, q *api.RegisterRequest, o RegisterOptions) (a *api.Schema, known bool, err error) {
	if err := checkRuleSet(q.RuleSet); err != nil {
		return nil, false, err
	}
	if !r.validSubject(subject, false) {
		return nil, false, api.InvalidSubject(subject)
	}
	if subject = NormalizeSubject(subject); subject == "" { // the key of no subject but of the registry itself
		return nil, false, api.InvalidSubject(subject)
	}
	var problems []rules.Problem
	tell := o.Problems
	o.Problems = func(found []rules.Problem) { problems = found }
	a, err = rehearsed(ctx, r, func(t *turn) (*api.Schema, error) {
		f, err := r.registerKnown(t.state, subject, q, o)
		known = f != nil
		if f == nil && err == nil {
			f, err = r.registerNew(t, subject, q, o)
		}
		if err != nil {
			return nil, tooLarge(err)
		}
		return r.answer(t.state, f, o.Format)
	})
	if err == nil && len(problems) > 0 && tell != nil {
		tell(problems)
	}
	return a, known, err
}

func tooLarge(err error) error {
	if errors.Is(err, storage.ErrTooLarge) {
		return api.SchemaTooLarge()
	}
	return err
}

// registerKnown answers the registration of a schema that is already there,
// whatever the mode; nil where it is not, or where registering could change it.
func (r *Registry) registerKnown(s state, subject string, q *api.RegisterRequest, o RegisterOptions) (*found, error) {
	cfg := r.effective(s, subject)
	if len(q.SchemaTagsToAdd)+len(q.SchemaTagsToRemove) > 0 || q.PropagateSchemaTags || cfg.amends() {
		return nil, nil
	}
	version, id := requested(q)
	f, err := r.lookup(s, subject, contentOf(q), lookupScope{normalize: o.Normalize, latestOnly: version == latest})
	if f == nil || err != nil {
		return nil, err
	}
	if version == 0 || version == latest {
		if id < 0 || id == f.ID {
			return f, nil
		}
		return nil, nil
	}
	if version < 0 || id != f.ID {
		return nil, nil
	}
	if version == f.Version {
		return f, nil
	}
	if e, ok := s.entry(subject, version); ok && !e.Deleted && e.ID == f.ID && e.GUID == f.GUID {
		st, err := s.load(subject, e)
		if err != nil {
			return nil, err
		}
		return fromStore(st), nil
	}
	return nil, nil
}

// requested reads version (0 for none) and id (-1 for none) of a request.
func requested(q *api.RegisterRequest) (version, id int) {
	id = -1
	if q.Version != nil {
		version = *q.Version
	}
	if q.ID != nil && *q.ID >= 0 {
		id = *q.ID
	}
	return version, id
}

// registerNew carries out a registration that may write.
func (r *Registry) registerNew(t *turn, subject string, q *api.RegisterRequest, o RegisterOptions) (*found, error) {
	version, id := requested(q)
	mode := t.effectiveMode(subject)
	if err := mayRegister(subject, mode, id); err != nil {
		return nil, err
	}
	all := t.versions(subject)
	next := 1
	var live []*stored
	for _, e := range all {
		next = max(next, e.Version+1)
		if e.Deleted {
			continue
		}
		st, err := t.load(subject, e)
		if err != nil {
			return nil, err
		}
		live = append(live, st)
	}
	cfg := r.effective(t.state, subject)
	c := contentOf(q)
	if len(q.SchemaTagsToAdd)+len(q.SchemaTagsToRemove) > 0 && version == 0 {
		version = latest
	}
	if !mode.imports() {
		var prev *stored
		if len(live) > 0 {
			prev = live[len(live)-1]
		}
		if err := r.fillIn(t.state, subject, &c, q, cfg, prev, version, next); err != nil {
			return nil, err
		}
	}
	now, err := r.canonicalize(t.state, subject, c, purpose{
		asNew:     id < 0 && cfg.validateNewSchemas,
		validate:  !mode.imports(),
		fields:    cfg.validateFields,
		normalize: o.Normalize || cfg.normalize,
	})
	if err != nil {
		return nil, err
	}
	context := ParseSubject(subject).Context
	for _, ref := range now.References {
		if t.stronglyAssociated(NormalizeSubject(qualifyReference(ref.Subject, context))) {
			return nil, api.NotPermitted("Subject '%s' has a strong association and cannot be referenced", ref.Subject)
		}
	}
	if known, ok := t.idOf(now.guid, context); ok && (id < 0 || id == known) {
		if e, ok := t.versionOf(context, known, subject); ok && !e.Deleted && version == 0 {
			return fromContent(subject, e.Version, known, now), nil
		}
		id = known
	}
	if version == 0 {
		for _, st := range slices.Backward(live) {
			if fixed := q.ID != nil && *q.ID >= 0; (!fixed || *q.ID == st.ID) && r.same(t.state, now, st) {
				return fromStore(st), nil
			}
		}
	}
	if !mode.imports() && !o.Force {
		if result := r.verdict(t.state, now, live, cfg); !result.Compatible() {
			err := api.IncompatibleSchema(subject, strings.Join(result.Messages, ", "))
			err.Suggestions = result.Suggestions()
			return nil, err
		}
	}
	if !mode.imports() {
		if problems := r.checkRules(subject, now); len(problems) > 0 {
			if r.settings.RuleChecks == RulesEnforce {
				return nil, refuse(problems)
			}
			if o.Problems != nil {
				o.Problems(problems)
			}
		}
	}
	switch {
	case version <= 0:
		version = next
	case version != next && !mode.imports():
		return nil, api.InvalidSchema("Version is not one more than previous version")
	}
	if id, err = t.claimID(context, id, now); err != nil {
		return nil, err
	}
	return fromContent(subject, version, id, now), t.writeVersion(subject, version, id, now, all)
}

// mayRegister is the mode's say on a registration; id is -1 where the registry is to give one.
func mayRegister(subject string, mode Mode, id int) error {
	switch {
	case mode.readOnly():
		return api.NotPermitted("%s is in read-only mode", in(subject))
	case id >= 0 && !mode.imports():
		return api.NotPermitted("%s is not in import mode", in(subject))
	case id < 0 && mode != ReadWrite:
		return api.NotPermitted("%s is not in read-write mode", in(subject))
	}
	return nil
}

// fillIn completes a request from the latest live version: the text where there is none, inline tags where asked for,
// metadata and rules where absent; then edits tags as asked.
func (r *Registry) fillIn(s state, subject string, c *content, q *api.RegisterRequest, cfg *effectiveConfig, prev *stored, version, next int) error {
	if c.blank() {
		if prev == nil {
			return api.InvalidSchema("Empty schema")
		}
		c.Text, c.Type, c.References = prev.Schema, prev.SchemaType, prev.References
	}
	if len(q.SchemaTagsToAdd)+len(q.SchemaTagsToRemove) > 0 {
		if err := r.editTags(s, subject, c, q.SchemaTagsToAdd, q.SchemaTagsToRemove); err != nil {
			return err
		}
	}
	if q.PropagateSchemaTags && prev != nil {
		if err := r.propagateTags(s, subject, c, prev); err != nil {
			return err
		}
	}
	inheritMetadataAndRules(cfg, c, prev, version, next)
	return nil
}

// inheritMetadataAndRules merges, under the request's own metadata and rules (or
// where it has none the previous version's), the defaults of the configuration
// and over them its overrides. The version about to be made is stamped in if one was asked for or one is
// there already. A next of 0 stamps nothing.
func inheritMetadataAndRules(cfg *effectiveConfig, c *content, prev *stored, version, next int) {
	meta, rules := c.Metadata, c.RuleSet
	if prev != nil {
		if meta == nil {
			meta = prev.Metadata
		}
		if rules == nil {
			rules = prev.RuleSet
		}
	}
	rec := &cfg.record
	meta = mergeMetadata(mergeMetadata(rec.DefaultMetadata, meta), rec.OverrideMetadata)
	rules = mergeRuleSets(mergeRuleSets(rec.DefaultRuleSet, rules), rec.OverrideRuleSet)
	if next > 0 {
		stamped := false
		if meta != nil {
			_, stamped = meta.Properties[api.PropertyVersion]
		}
		if version != 0 || stamped {
			meta = withProperty(meta, api.PropertyVersion, strconv.Itoa(next))
		}
	}
	c.Metadata, c.RuleSet = meta, rules
}

// claimID gives the id to store a content under: the one asked for or already
// bound to it (-1 for neither), else the next of the context.
func (s state) claimID(context string, id int, c *canonical) (int, error) {
	if id < 0 {
		return s.maxID(context) + 1, nil
	}
	subject, e, ok := s.firstUse(context, id)
	if !ok {
		return id, nil
	}
	bound, err := s.load(subject, e)
	if err != nil {
		return 0, err
	}
	if bound.SchemaType != c.Type || bound.Schema != c.Text || !slices.Equal(bound.References, c.References) ||
		!equalMetadata(bound.Metadata, c.Metadata) || !equalRuleSets(bound.RuleSet, c.RuleSet) {
		return 0, api.NotPermitted("Overwrite new schema with id %d in context %s is not permitted.", id, contextPrefix(context))
	}
	return id, nil
}

// writeVersion appends a version, after its context where that is new and after
// the removal of deleted versions that it revives.
func (t *turn) writeVersion(subject string, version, id int, c *canonical, all []entry) error {
	context := ParseSubject(subject).Context
	if context != DefaultContext && t.Get(contexts, []byte(context)) == nil {
		if err := t.append(contextKey(context), contextValue{tenant, context}); err != nil {
			return err
		}
	}
	for _, e := range all {
		if e.Deleted && e.ID == id && e.Version < version && !t.referenced(subject, e.Version, true, "") {
			if err := t.tombstone(schemaKey(subject, e.Version)); err != nil {
				return err
			}
		}
	}
	return t.append(schemaKey(subject, version), schemaValue{Subject: subject, Version: version, ID: id, SchemaType: c.Type,
		References: c.References, Metadata: c.Metadata, RuleSet: c.RuleSet, Schema: c.Text})
}

// editTags adds and removes inline tags in the text of a content.
func (r *Registry) editTags(s state, subject string, c *content, add, remove []api.SchemaTags) error {
	parsed, _, _, err := r.parse(s, subject, c, false)
	if err != nil {
		return err
	}
	tagged, err := parsed.WithTags(add, remove)
	if err != nil {
		return api.InvalidSchema("java.lang.IllegalArgumentException: %v", err)
	}
	c.Text = tagged.Canonical()
	return nil
}

// propagateTags carries the inline tags of the previous version over to the entities that still exist.
func (r *Registry) propagateTags(s state, subject string, c *content, prev *stored) error {
	old, _, err := r.reparse(s, prev)
	if err != nil {
		return err
	}
	parsed, _, _, err := r.parse(s, subject, c, false)
	if err != nil {
		return err
	}
	changed := false
	for _, tags := range old.Tags() {
		next, err := parsed.WithTags([]api.SchemaTags{tags}, nil)
		var gone *schema.NoEntityError
		if errors.As(err, &gone) {
			continue
		}
		if err != nil {
			return asInvalid(err)
		}
		parsed, changed = next, true
	}
	if changed {
		c.Text = parsed.Canonical()
	}
	return nil
}

// EditTags makes a new version out of one of a subject, with other inline tags,
// metadata or rules.
func (r *Registry) EditTags(ctx context.Context, subject string, version int, q *api.TagsRequest) (*api.Schema, error) {
	if q.RuleSet != nil && (q.RulesToMerge != nil || len(q.RulesToRemove) > 0) {
		return nil, api.InvalidRuleSet("ruleSet should be omitted if specifying rulesToMerge or rulesToRemove")
	}
	for _, rules := range []*api.RuleSet{q.RuleSet, q.RulesToMerge} {
		if err := checkRuleSet(rules); err != nil {
			return nil, err
		}
	}
	if !r.validSubject(subject, false) {
		return nil, api.InvalidSubject(subject)
	}
	return rehearsed(ctx, r, func(t *turn) (*api.Schema, error) {
		base, err := r.fetch(t.state, subject, version, false)
		if err != nil {
			return nil, err
		}
		c := base.content()
		if err := r.editTags(t.state, base.Subject, &c, q.TagsToAdd, q.TagsToRemove); err != nil {
			return nil, err
		}
		newVersion := 0
		if q.NewVersion != nil {
			newVersion = *q.NewVersion
		}
		if q.Metadata != nil {
			c.Metadata = q.Metadata
		}
		c.Metadata = withProperty(c.Metadata, api.PropertyVersion, strconv.Itoa(newVersion))
		if c.RuleSet, err = r.editedRules(t.state, base, newVersion, q); err != nil {
			return nil, err
		}
		reg := &api.RegisterRequest{Version: &newVersion, SchemaType: c.Type, References: c.References, Metadata: c.Metadata, RuleSet: c.RuleSet, Schema: c.Text}
		f, err := r.registerKnown(t.state, base.Subject, reg, RegisterOptions{})
		if f == nil && err == nil {
			f, err = r.registerNew(t, base.Subject, reg, RegisterOptions{})
		}
		if err != nil {
			return nil, tooLarge(err)
		}
		return r.answer(t.state, f, "")
	})
}

// editedRules are the rules of the version to be made: those given, or those of the version before it,
// with rules merged in and removed by name.
func (r *Registry) editedRules(s state, base *stored, newVersion int, q *api.TagsRequest) (*api.RuleSet, error) {
	if q.RuleSet != nil {
		return q.RuleSet, nil
	}
	if q.RulesToMerge == nil && len(q.RulesToRemove) == 0 {
		return base.RuleSet, nil
	}
	before := latest
	if newVersion > 1 {
		before = newVersion - 1
	}
	e, ok := s.find(base.Subject, before, false)
	if !ok {
		return nil, api.VersionNotFound(before)
	}
	prev, err := s.load(base.Subject, e)
	if err != nil {
		return nil, err
	}
	rules := mergeRuleSets(prev.RuleSet, q.RulesToMerge)
	if rules == nil || len(q.RulesToRemove) == 0 {
		return rules, nil
	}
	kept := *rules
	for _, list := range []*[]api.Rule{&kept.MigrationRules, &kept.DomainRules, &kept.EncodingRules} {
		*list = slices.DeleteFunc(slices.Clone(*list), func(rule api.Rule) bool { return slices.Contains(q.RulesToRemove, rule.Name) })
	}
	return &kept, nil
}

// referenced reports whether any schema refers to a version. Referrers with
// deleted versions only count if asked for; those used by no subject but the one excepted do not.
func (s state) referenced(subject string, version int, deleted bool, except string) bool {
	found := false
	s.eachReferrer(subject, version, func(context string, id int) bool {
		s.usesOf(context, id, func(sub string, v int) bool {
			e, ok := s.entry(sub, v)
			found = ok && (deleted || !e.Deleted) && (except == "" || sub != except)
			return !found
		})
		return !found
	})
	return found
}

// unreferenced refuses the removal of a version that others refer to.
func (s state) unreferenced(subject string, e entry, permanent, wholeSubject bool) error {
	except := ""
	if wholeSubject {
		except = subject
	}
	if s.referenced(subject, e.Version, permanent, except) {
		return api.ReferenceExists(fmt.Sprintf("{magic=1,keytype=SCHEMA,subject=%s,version=%d}", subject, e.Version))
	}
	return nil
}
