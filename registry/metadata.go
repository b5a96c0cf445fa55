package registry

import (
	"maps"
	"slices"
	"strconv"

	"github.com/seed-9f7c7091/concordat/api"
)

// mergeMetadata lays b over a: properties and tags by key, sensitive names united.
// Neither is changed; the result may share their parts.
func mergeMetadata(a, b *api.Metadata) *api.Metadata {
	if a == nil || b == nil {
		if b != nil {
			return b
		}
		return a
	}
	m := &api.Metadata{
		Tags:       mergeMaps(a.Tags, b.Tags),
		Properties: mergeMaps(a.Properties, b.Properties),
	}
	if len(a.Sensitive)+len(b.Sensitive) > 0 {
		m.Sensitive = slices.Concat(a.Sensitive, b.Sensitive)
		slices.Sort(m.Sensitive)
		m.Sensitive = slices.Compact(m.Sensitive)
	}
	return m
}

func mergeMaps[V any](a, b map[string]V) map[string]V {
	if len(a) == 0 {
		return b
	}
	m := maps.Clone(a)
	maps.Copy(m, b)
	return m
}

// mergeRuleSets lays b over a: in each list, rules of a whose name b has are dropped and
// those of b follow.
func mergeRuleSets(a, b *api.RuleSet) *api.RuleSet {
	if a == nil || b == nil {
		if b != nil {
			return b
		}
		return a
	}
	m := &api.RuleSet{
		MigrationRules: mergeRules(a.MigrationRules, b.MigrationRules),
		DomainRules:    mergeRules(a.DomainRules, b.DomainRules),
		EncodingRules:  mergeRules(a.EncodingRules, b.EncodingRules),
		EnableAt:       a.EnableAt,
	}
	if b.EnableAt != "" {
		m.EnableAt = b.EnableAt
	}
	return m
}

func mergeRules(a, b []api.Rule) []api.Rule {
	if len(b) == 0 {
		return a
	}
	var list []api.Rule
	for _, rule := range a {
		if !slices.ContainsFunc(b, func(r api.Rule) bool { return r.Name == rule.Name }) {
			list = append(list, rule)
		}
	}
	return append(list, b...)
}

// withProperty returns metadata with one property set, and m as it was.
func withProperty(m *api.Metadata, name, value string) *api.Metadata {
	c := api.Metadata{}
	if m != nil {
		c = *m
	}
	c.Properties = maps.Clone(c.Properties)
	if c.Properties == nil {
		c.Properties = map[string]string{}
	}
	c.Properties[name] = value
	return &c
}

// withoutVersion returns metadata without the stamped version; none at all counts as empty.
func withoutVersion(m *api.Metadata) *api.Metadata {
	c := api.Metadata{}
	if m != nil {
		c = *m
	}
	c.Properties = maps.Clone(c.Properties)
	delete(c.Properties, api.PropertyVersion)
	return &c
}

// stampedVersion reads the version stamped into metadata; ok is false where there is no number.
func stampedVersion(m *api.Metadata) (version int, ok bool) {
	if m == nil {
		return 0, false
	}
	version, err := strconv.Atoi(m.Properties[api.PropertyVersion])
	return version, err == nil
}

func equalMetadata(a, b *api.Metadata) bool {
	if a == nil || b == nil {
		return a == b
	}
	return maps.EqualFunc(a.Tags, b.Tags, slices.Equal) && maps.Equal(a.Properties, b.Properties) && slices.Equal(a.Sensitive, b.Sensitive)
}

func equalRuleSets(a, b *api.RuleSet) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.EnableAt == b.EnableAt && slices.EqualFunc(a.MigrationRules, b.MigrationRules, equalRules) &&
		slices.EqualFunc(a.DomainRules, b.DomainRules, equalRules) && slices.EqualFunc(a.EncodingRules, b.EncodingRules, equalRules)
}

func equalRules(a, b api.Rule) bool {
	return a.Name == b.Name && a.Doc == b.Doc && a.Kind == b.Kind && a.Mode == b.Mode && a.Type == b.Type &&
		slices.Equal(a.Tags, b.Tags) && maps.Equal(a.Params, b.Params) && a.Expr == b.Expr &&
		a.OnSuccess == b.OnSuccess && a.OnFailure == b.OnFailure && a.Disabled == b.Disabled
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func descending(list []entry) []entry {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}
