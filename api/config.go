package api

import "encoding/json"

// Apply merges the members that u sets into a configuration.
func (u *ConfigUpdate) Apply(c *Config) {
	set(u, "alias", &c.Alias, u.Alias)
	set(u, "aliasForDeks", &c.AliasForDeks, u.AliasForDeks)
	set(u, "normalize", &c.Normalize, u.Normalize)
	set(u, "validateFields", &c.ValidateFields, u.ValidateFields)
	set(u, "validateNewSchemas", &c.ValidateNewSchemas, u.ValidateNewSchemas)
	set(u, "validateRules", &c.ValidateRules, u.ValidateRules)
	set(u, "compatibility", &c.CompatibilityLevel, u.CompatibilityLevel)
	set(u, "compatibilityPolicy", &c.CompatibilityPolicy, u.CompatibilityPolicy)
	set(u, "compatibilityGroup", &c.CompatibilityGroup, u.CompatibilityGroup)
	set(u, "defaultMetadata", &c.DefaultMetadata, u.DefaultMetadata)
	set(u, "overrideMetadata", &c.OverrideMetadata, u.OverrideMetadata)
	set(u, "defaultRuleSet", &c.DefaultRuleSet, u.DefaultRuleSet)
	set(u, "overrideRuleSet", &c.OverrideRuleSet, u.OverrideRuleSet)
}

func set[T any](u *ConfigUpdate, name string, dst *T, v T) {
	if u.Set[name] {
		*dst = v
	}
}

// DropEmpty returns the configuration without the members that are empty strings,
// which are neither stored nor answered.
func (c Config) DropEmpty() Config {
	for _, p := range []**string{&c.Alias, &c.AliasForDeks, &c.CompatibilityGroup} {
		if *p != nil && **p == "" {
			*p = nil
		}
	}
	return c
}

// ConfigStored is a configuration as answered to a change of it: the level goes by the
// name it has in the request.
type ConfigStored struct {
	Alias               *string   `json:"alias,omitempty"`
	AliasForDeks        *string   `json:"aliasForDeks,omitempty"`
	Normalize           *bool     `json:"normalize,omitempty"`
	ValidateFields      *bool     `json:"validateFields,omitempty"`
	ValidateNewSchemas  *bool     `json:"validateNewSchemas,omitempty"`
	ValidateRules       *bool     `json:"validateRules,omitempty"`
	CompatibilityLevel  string    `json:"compatibility,omitempty"`
	CompatibilityPolicy string    `json:"compatibilityPolicy,omitempty"`
	CompatibilityGroup  *string   `json:"compatibilityGroup,omitempty"`
	DefaultMetadata     *Metadata `json:"defaultMetadata,omitempty"`
	OverrideMetadata    *Metadata `json:"overrideMetadata,omitempty"`
	DefaultRuleSet      *RuleSet  `json:"defaultRuleSet,omitempty"`
	OverrideRuleSet     *RuleSet  `json:"overrideRuleSet,omitempty"`
}

// Stored is the configuration under the names of a change.
func (c Config) Stored() ConfigStored { return ConfigStored(c) }

// MarshalJSON writes the body of a configuration change: the members named in Set, null for those that are to be cleared. Where Set
// is nil it writes those that are not empty.
func (u ConfigUpdate) MarshalJSON() ([]byte, error) {
	stored := u.Stored()
	if u.Level != nil {
		stored.CompatibilityLevel = *u.Level
	}
	text, err := json.Marshal(stored)
	if err != nil || u.Set == nil {
		return text, err
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, err
	}
	out := map[string]json.RawMessage{}
	for name, wanted := range u.Set {
		switch value, ok := given[name]; {
		case !wanted:
		case ok:
			out[name] = value
		default:
			out[name] = json.RawMessage("null")
		}
	}
	return json.Marshal(out)
}
