package registry

import (
	"context"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat"
)

// effectiveConfig is the configuration that holds for a subject.
type effectiveConfig struct {
	level              compat.Level
	policy             compat.Policy
	group              string
	normalize          bool
	validateFields     bool
	validateNewSchemas bool
	record             api.Config // the record it was made from, for default and override metadata and rules
}

func (c *effectiveConfig) amends() bool {
	return c.record.DefaultMetadata != nil || c.record.OverrideMetadata != nil || c.record.DefaultRuleSet != nil || c.record.OverrideRuleSet != nil
}

// scope lists the keys under which configuration and mode of a subject are looked for when it has
// none of its own, in order. Named contexts do not fall back to the default one.
func scope(subject string) []string {
	context := ParseSubject(subject).Context
	return []string{contextPrefix(context), globalSubject}
}

// effectiveRecord finds the record that holds for a subject. A subject's own
// record takes some unset members from the global record; any other is used whole.
func (s state) effectiveRecord(subject string) (api.Config, bool) {
	if own, ok := s.config(subject); ok && subject != "" {
		c := *own
		if global, ok := s.config(""); ok {
			inherit(&c.Normalize, global.Normalize)
			inherit(&c.ValidateFields, global.ValidateFields)
			inherit(&c.ValidateNewSchemas, global.ValidateNewSchemas)
			inherit(&c.ValidateRules, global.ValidateRules)
			inherit(&c.CompatibilityGroup, global.CompatibilityGroup)
			if c.CompatibilityPolicy == "" {
				c.CompatibilityPolicy = global.CompatibilityPolicy
			}
		}
		return c, true
	}
	for _, k := range scope(subject) {
		if c, ok := s.config(k); ok {
			return *c, true
		}
	}
	return api.Config{}, false
}

func inherit[T any](dst **T, from *T) {
	if *dst == nil {
		*dst = from
	}
}

func (r *Registry) effective(s state, subject string) *effectiveConfig {
	rec, _ := s.effectiveRecord(subject)
	c := &effectiveConfig{
		level:              r.settings.CompatibilityLevel,
		policy:             compat.Policy(rec.CompatibilityPolicy),
		normalize:          rec.Normalize != nil && *rec.Normalize,
		validateFields:     r.settings.ValidateFields,
		validateNewSchemas: r.settings.ValidateNewSchemas,
		record:             rec,
	}
	if rec.CompatibilityLevel != "" {
		c.level = compat.Level(rec.CompatibilityLevel)
	}
	if rec.CompatibilityGroup != nil {
		c.group = *rec.CompatibilityGroup
	}
	if rec.ValidateFields != nil {
		c.validateFields = *rec.ValidateFields
	}
	if rec.ValidateNewSchemas != nil {
		c.validateNewSchemas = *rec.ValidateNewSchemas
	}
	return c
}

// Config answers what is configured for a subject, a context (":.ctx:") or, for
// "", the registry. Without inherited only the subject's own record counts.
func (r *Registry) Config(subject string, inherited bool) (api.Config, error) {
	subject = NormalizeSubject(subject)
	return view(r, func(s state) (api.Config, error) {
		c, ok := s.config(subject)
		if c == nil {
			c = &api.Config{}
		}
		switch {
		case inherited && subject == "":
			if !ok {
				if global, there := s.config(globalSubject); there {
					c = global
				}
			}
		case inherited:
			rec, _ := s.effectiveRecord(subject)
			c = &rec
		case !ok && subject != "" && subject != globalSubject:
			return api.Config{}, api.SubjectLevelNotConfigured(subject)
		}
		return r.served(*c), nil
	})
}

// served is a configuration as answers show it: with a level, without empty strings.
func (r *Registry) served(c api.Config) api.Config {
	if c.CompatibilityLevel == "" {
		c.CompatibilityLevel = string(r.settings.CompatibilityLevel)
	}
	return c.DropEmpty()
}

// UpdateConfig merges the members set in u into the configuration of a subject,
// a context or, for "", the registry, and returns what is then stored.
func (r *Registry) UpdateConfig(ctx context.Context, subject string, u api.ConfigUpdate) (api.Config, error) {
	if u.Level != nil {
		level, ok := compat.ParseLevel(*u.Level)
		if !ok {
			return api.Config{}, api.InvalidCompatibilityLevel()
		}
		u.CompatibilityLevel = string(level)
	}
	for _, rules := range []*api.RuleSet{u.DefaultRuleSet, u.OverrideRuleSet} {
		if err := checkRuleSet(rules); err != nil {
			return api.Config{}, err
		}
	}
	if subject != "" && !r.validSubject(subject, true) {
		return api.Config{}, api.InvalidSubject(subject)
	}
	policy, _ := compat.ParsePolicy(u.CompatibilityPolicy)
	if _, ok := compat.ParsePolicy(u.CompatibilityPolicy); !ok {
		policy = ""
	}
	u.CompatibilityPolicy = string(policy)
	subject = NormalizeSubject(subject)
	return command(ctx, r, func(t *turn) (api.Config, error) {
		if err := t.writable(subject); err != nil {
			return api.Config{}, err
		}
		var c api.Config
		if old, ok := t.config(subject); ok {
			c = *old
		}
		u.Apply(&c)
		return c, t.append(subjectRecordKey(keyConfig, subject), configValue{subject, c.DropEmpty()})
	})
}

// DeleteConfig removes the configuration of a subject or a context and returns what it was. The
// registry's own, "", is removed even where there is none.
func (r *Registry) DeleteConfig(ctx context.Context, subject string) (api.Config, error) {
	subject = NormalizeSubject(subject)
	return command(ctx, r, func(t *turn) (api.Config, error) {
		old, ok := t.config(subject)
		if !ok {
			if subject != "" && subject != globalSubject {
				return api.Config{}, api.SubjectNotFound(subject)
			}
			old = &api.Config{}
		}
		if err := t.writable(subject); err != nil {
			return api.Config{}, err
		}
		return r.served(*old), t.tombstone(subjectRecordKey(keyConfig, subject))
	})
}

// Alias resolves the alias configured on exactly this subject, or returns the
// subject as it is. An alias without a context is in that of the subject.
// Aliases of aliases are not followed.
func (r *Registry) Alias(subject string) (string, error) {
	return view(r, func(s state) (string, error) { return s.alias(subject), nil })
}

// AliasAsWritten is Alias, but leaves an alias without a context in the default
// one: so the reference reads the subject that goes with an id.
func (r *Registry) AliasAsWritten(subject string) (string, error) {
	return view(r, func(s state) (string, error) {
		if alias := s.writtenAlias(subject); alias != "" {
			return alias, nil
		}
		return subject, nil
	})
}

func (s state) alias(subject string) string {
	if alias := s.writtenAlias(subject); alias != "" {
		return aliasIn(ParseSubject(subject).Context, alias)
	}
	return subject
}

// writtenAlias is the alias configured on exactly this subject, or "".
func (s state) writtenAlias(subject string) string {
	if subject == "" {
		return ""
	}
	if c, ok := s.config(NormalizeSubject(subject)); ok && c.Alias != nil {
		return *c.Alias
	}
	return ""
}

func aliasIn(context, alias string) string {
	if ParseSubject(alias).Context == DefaultContext && context != DefaultContext {
		return contextPrefix(context) + ParseSubject(alias).Name
	}
	return alias
}
