package registry

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-9f7c7091/concordat/api"
)

// ruleLists are the lists of a rule set, in the order they are checked, with the modes each takes.
var ruleLists = []struct {
	rules func(*api.RuleSet) []api.Rule
	modes []string
	text  string
}{
	{func(s *api.RuleSet) []api.Rule { return s.MigrationRules }, []string{api.ModeUpgrade, api.ModeDowngrade, api.ModeUpDown}, "Migration rules can only be UPGRADE, DOWNGRADE, UPDOWN"},
	{func(s *api.RuleSet) []api.Rule { return s.DomainRules }, []string{api.ModeWrite, api.ModeRead, api.ModeWriteRead}, "Domain rules can only be WRITE, READ, WRITEREAD"},
	{func(s *api.RuleSet) []api.Rule { return s.EncodingRules }, []string{api.ModeWrite, api.ModeRead, api.ModeWriteRead}, "Encoding rules can only be WRITE, READ, WRITEREAD"},
}

const maxRuleName = 256

// checkRuleSet refuses rule sets whose form is wrong. What the expressions say is not read.
func checkRuleSet(s *api.RuleSet) error {
	if s == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, list := range ruleLists {
		for _, rule := range list.rules(s) {
			if seen[rule.Name] {
				return api.InvalidRuleSet("Found rule with duplicate name '%s'", rule.Name)
			}
			seen[rule.Name] = true
			if err := checkRule(&rule); err != nil {
				return err
			}
			if !slices.Contains(list.modes, rule.Mode) {
				return api.InvalidRuleSet("%s", list.text)
			}
		}
	}
	return nil
}

func checkRule(rule *api.Rule) error {
	if rule.Unnamed() {
		return api.InvalidRuleSet("Missing rule name")
	}
	if err := checkRuleName(rule.Name); err != nil {
		return err
	}
	if rule.Type == "" {
		return api.InvalidRuleSet("Missing rule type")
	}
	if rule.Mode != api.ModeWriteRead && rule.Mode != api.ModeUpDown && (strings.Contains(rule.OnSuccess, ",") || strings.Contains(rule.OnFailure, ",")) {
		return api.InvalidRuleSet("Multiple actions only valid with WRITEREAD and UPDOWN")
	}
	return nil
}

func checkRuleName(name string) error {
	switch {
	case name == "":
		return api.InvalidRuleSet("Empty rule name")
	case utf8.RuneCountInString(name) > maxRuleName:
		return api.InvalidRuleSet("Rule name too long")
	case !letter(name[0]) && name[0] != '_':
		return api.InvalidRuleSet("Illegal initial character in rule name: %s", name)
	}
	for _, c := range []byte(name) {
		if !letter(c) && c != '_' && c != '-' && (c < '0' || c > '9') {
			return api.InvalidRuleSet("Illegal character in rule name: %s", name)
		}
	}
	return nil
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
