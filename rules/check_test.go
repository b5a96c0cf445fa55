package rules_test

import (
	"slices"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

func TestCheck(t *testing.T) {
	f := formatOf(t, api.Avro, personText)
	for _, c := range []struct {
		rs   api.RuleSet
		want []string
	}{
		{api.RuleSet{DomainRules: []api.Rule{condition("r", "message.age > 0")}}, nil},
		{api.RuleSet{DomainRules: []api.Rule{condition("r", "message.age >")}}, []string{"EXPRESSION rule r: 1:14: Syntax error"}},
		{api.RuleSet{DomainRules: []api.Rule{condition("r", "message.agee > 0")}}, []string{"EXPRESSION rule r: 1:8: com.acme.Person has no field agee (did you mean age?)"}},
		{api.RuleSet{DomainRules: []api.Rule{{Name: "r", Mode: api.ModeWrite, Type: "CELL", Expr: "x"}}}, []string{"TYPE rule r: nobody carries out rules of the type CELL (did you mean CEL?)"}},
		{api.RuleSet{DomainRules: []api.Rule{{Name: "r", Mode: api.ModeWrite, Type: "CELL", Expr: "x", Disabled: true}}}, nil},
		{api.RuleSet{DomainRules: []api.Rule{{Name: "r", Kind: api.KindTransform, Mode: api.ModeWrite, Type: "ENCRYPT", Tags: []string{"PII"}, OnFailure: "DLQ"}}}, nil},
		{api.RuleSet{DomainRules: []api.Rule{{Name: "r", Kind: api.KindCondition, Mode: api.ModeWrite, Type: "encrypt"}}}, []string{"MODE rule r: ENCRYPT transforms; as a condition it does nothing"}},
		{api.RuleSet{DomainRules: []api.Rule{{Name: "r", Kind: api.KindTransform, Mode: api.ModeWrite, Type: "ENCRYPT", Tags: []string{"PIII", "PII"}}}},
			[]string{`TAG rule r: no field has the tag "PIII" (did you mean PII?)`}},
		{api.RuleSet{DomainRules: []api.Rule{{Name: "r", Kind: api.KindCondition, Mode: api.ModeWriteRead, Type: "CEL", Expr: "true", OnSuccess: "NONE,EROR", OnFailure: "DLQ"}}},
			[]string{`ACTION rule r: onSuccess names the action "EROR", which is not known here (did you mean ERROR?)`}},
		{api.RuleSet{EncodingRules: []api.Rule{{Name: "r", Mode: api.ModeWrite, Type: "JSONATA", Expr: "("}}}, nil},
		{api.RuleSet{MigrationRules: []api.Rule{migration(api.ModeUpDown, "$")}}, nil},
		{api.RuleSet{MigrationRules: []api.Rule{migration(api.ModeDowngrade, "$")}},
			[]string{"ONE_WAY rule downgrade: there is a DOWNGRADE and no UPGRADE: readers of the new version cannot read old records"}},
		{api.RuleSet{MigrationRules: []api.Rule{migration(api.ModeUpDown, "(")}}, []string{"EXPRESSION rule updown: 1:2:"}},
		{api.RuleSet{MigrationRules: []api.Rule{{Name: "r", Mode: api.ModeUpDown, Kind: api.KindTransform, Type: "CEL_FIELD", Expr: "value"}}},
			[]string{"MODE rule r: CEL_FIELD works on fields of records, and migrations on JSON"}},
	} {
		var got []string
		for _, p := range full().Check(&c.rs, rules.Scope{Subject: "s", Format: f}) {
			got = append(got, p.Kind+" "+p.String())
		}
		if len(got) != len(c.want) || !slices.EqualFunc(got, c.want, func(a, b string) bool { return len(a) >= len(b) && a[:len(b)] == b }) {
			t.Errorf("%+v\ngot  %q\nwant %q", c.rs, got, c.want)
		}
	}
	if got := full().Check(nil, rules.Scope{}); got != nil {
		t.Errorf("got %v", got)
	}
}
