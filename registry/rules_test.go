package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

// checking is an empty registry that treats rules that cannot work in a way.
func checking(t *testing.T, check RuleChecks) *Registry {
	r := opened(t, DefaultSettings().ParsedCache)
	r.settings.RuleChecks = check
	r.settings.CompatibilityLevel = "NONE"
	return r
}

// condition is a rule set of one CEL condition.
func condition(name, expr string) *api.RuleSet {
	return &api.RuleSet{DomainRules: []api.Rule{{Name: name, Type: "CEL", Kind: api.KindCondition, Mode: api.ModeWriteRead, Expr: expr}}}
}

func ruled(text string, rs *api.RuleSet) *api.RegisterRequest {
	return &api.RegisterRequest{SchemaType: api.Avro, Schema: text, RuleSet: rs}
}

// told are the problems that a registration tells of, by rule and kind.
func (r *Registry) told(t *testing.T, subject string, q *api.RegisterRequest) (told []string, err error) {
	t.Helper()
	_, _, err = r.Register(context.Background(), subject, q, RegisterOptions{Problems: func(problems []rules.Problem) {
		for _, p := range problems {
			told = append(told, p.Rule+" "+p.Kind)
		}
	}})
	return told, err
}

// Where rules that cannot work are refused, no way of making a version lets
// them in. What is copied from elsewhere is taken as it is.
func TestEnforcedRuleChecks(t *testing.T) {
	r := checking(t, RulesEnforce)
	ctx := context.Background()
	invalid := &api.Error{Code: api.CodeInvalidRuleSet}
	good, bad := condition("c", "message.a > 0"), condition("c", "message.b > 0")

	if _, err := r.told(t, "s", ruled(one, bad)); !errors.Is(err, invalid) {
		t.Errorf("register: got %v", err)
	}
	if _, err := r.told(t, "s", ruled(one, good)); err != nil {
		t.Fatal(err)
	}
	before := logOf(t, r)
	if _, err := r.EditTags(ctx, "s", 1, &api.TagsRequest{RuleSet: bad}); !errors.Is(err, invalid) {
		t.Errorf("edit: got %v", err)
	}
	if _, err := r.EditTags(ctx, "s", 1, &api.TagsRequest{RulesToMerge: condition("d", "message.b > 0")}); !errors.Is(err, invalid) {
		t.Errorf("merge: got %v", err)
	}
	// Inherited rules are checked for the schema that inherits them.
	if _, err := r.told(t, "s", ruled(`{"type":"record","name":"R","fields":[]}`, nil)); !errors.Is(err, invalid) {
		t.Errorf("inherit: got %v", err)
	}
	if after := logOf(t, r); !slices.Equal(before, after) {
		t.Errorf("the log went on with %v", after[len(before):])
	}
	r.settings.RuleChecks = RulesOff
	if told, err := r.told(t, "off", ruled(one, bad)); err != nil || told != nil {
		t.Errorf("off: got %v, %v", told, err)
	}
	r.settings.RuleChecks = RulesEnforce
	if err := sets("imported", Import)(r); err != nil {
		t.Fatal(err)
	}
	id, version := 100, 1
	q := ruled(two, condition("c", "message.z > 0"))
	q.ID, q.Version = &id, &version
	if told, err := r.told(t, "imported", q); err != nil || told != nil {
		t.Errorf("import: got %v, %v", told, err)
	}
}

// Rules are checked as they will be stored: with those that the configuration adds, without those it replaces.
func TestRuleChecksSeeWhatIsStored(t *testing.T) {
	r := checking(t, RulesWarn)
	ctx := context.Background()
	for _, test := range []struct {
		name                     string
		defaults, own, overrides *api.RuleSet
		want                     []string
	}{
		{"nothing", nil, nil, nil, nil},
		{"own", nil, condition("own", "message.x"), nil, []string{"own EXPRESSION"}},
		{"defaults", condition("default", "message.x"), nil, nil, []string{"default EXPRESSION"}},
		{"overrides", nil, nil, condition("override", "message.x"), []string{"override EXPRESSION"}},
		{"all", condition("default", "message.x"), condition("own", "message.x"), condition("override", "message.x"),
			[]string{"default EXPRESSION", "own EXPRESSION", "override EXPRESSION"}},
		{"replaced", nil, condition("rule", "message.x"), condition("rule", "message.a > 0"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := map[string]any{"compatibility": "NONE"}
			if test.defaults != nil {
				config["defaultRuleSet"] = test.defaults
			}
			if test.overrides != nil {
				config["overrideRuleSet"] = test.overrides
			}
			body, err := json.Marshal(config)
			if err != nil {
				t.Fatal(err)
			}
			update, err := api.ReadBody(body, "config", "ConfigUpdateRequest", api.ReadConfigUpdate)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.UpdateConfig(ctx, test.name, update); err != nil {
				t.Fatal(err)
			}
			q := ruled(one, test.own)
			problems, err := r.CheckRules(&api.RuleCheck{Subject: test.name, Contract: q})
			if err != nil {
				t.Fatal(err)
			}
			var checked []string
			for _, p := range problems {
				checked = append(checked, p.Rule+" "+p.Kind)
			}
			registered, err := r.told(t, test.name, q)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(registered, test.want) || !slices.Equal(checked, test.want) {
				t.Errorf("registering tells of %v, checking of %v, want %v", registered, checked, test.want)
			}
		})
	}
}

// A contract that is tried under a subject is what a registration would make of it; without a subject it is what it says.
func TestTriedContractsAreFilledIn(t *testing.T) {
	r := checking(t, RulesWarn)
	ctx := context.Background()
	if _, err := r.told(t, "s", ruled(one, condition("positive", "message.a > 0"))); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		q     api.RuleTrial
		steps string
	}{
		{api.RuleTrial{Subject: "s", Contract: ruled(one, nil)}, "positive"},
		{api.RuleTrial{Subject: "s", Contract: ruled("", nil)}, "positive"}, // the schema is that of the latest version
		{api.RuleTrial{Subject: "s", Contract: ruled(one, condition("even", "message.a % 2 == 0"))}, "even"},
		{api.RuleTrial{Subject: "s", Contract: ruled(one, &api.RuleSet{})}, ""},
		{api.RuleTrial{Subject: "new", Contract: ruled(one, nil)}, ""},
		{api.RuleTrial{Contract: ruled(one, nil)}, ""},
		{api.RuleTrial{Subject: "s"}, "positive"},
	} {
		test.q.Direction, test.q.Record = api.ModeWrite, json.RawMessage(`{"a":2}`)
		trace, err := r.TryRules(ctx, &test.q)
		if err != nil {
			t.Fatal(err)
		}
		if got := ran(trace); got != test.steps {
			t.Errorf("%+v: the rules %q ran, want %q", test.q, got, test.steps)
		}
	}
}

// The newer of two contracts that are given inherits from the older one, not from what is stored.
func TestTriedPairsInherit(t *testing.T) {
	r := checking(t, RulesWarn)
	if _, err := r.told(t, "s", ruled(one, condition("stored", "message.a > 0"))); err != nil {
		t.Fatal(err)
	}
	rs := &api.RuleSet{
		MigrationRules: []api.Rule{{Name: "same", Type: "JSONATA", Kind: api.KindTransform, Mode: api.ModeUpDown, Expr: "$"}},
		DomainRules:    condition("inherited", "message.a > 0").DomainRules,
	}
	q := &api.RuleTrial{Subject: "s", Direction: api.ModeUpgrade, Old: ruled(one, rs), Contract: ruled(one, nil), Record: json.RawMessage(`{"a":1}`)}
	trace, err := r.TryRules(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	if got := ran(trace); got != "same inherited" {
		t.Errorf("the rules %q ran", got)
	}
	q.Subject = ""
	if trace, err := r.TryRules(context.Background(), q); err == nil {
		t.Errorf("without a subject the rules %q ran", ran(trace))
	}
}

// ran names the rules that ran.
func ran(t *rules.Trace) string {
	var names []string
	for _, s := range t.Steps {
		names = append(names, s.Rule)
	}
	return strings.Join(names, " ")
}

// Migrations go by all versions between, deleted ones included, and leave no trace.
func TestTrialsWriteNothing(t *testing.T) {
	r := checking(t, RulesWarn)
	ctx := context.Background()
	for i := range 4 {
		q := ruled(fmt.Sprintf(`{"type":"record","name":"R","fields":[{"name":"f%d","type":"int"}]}`, i+1), &api.RuleSet{MigrationRules: []api.Rule{
			{Name: "up", Type: "JSONATA", Kind: api.KindTransform, Mode: api.ModeUpgrade, Expr: fmt.Sprintf(`{"f%d": f%d + 1}`, i+1, i)},
			{Name: "down", Type: "JSONATA", Kind: api.KindTransform, Mode: api.ModeDowngrade, Expr: fmt.Sprintf(`{"f%d": f%d - 1}`, i, i+1)},
		}})
		if _, err := r.told(t, "s", q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.DeleteVersion(ctx, "s", 2, false); err != nil {
		t.Fatal(err)
	}
	before := logOf(t, r)
	trace, err := r.TryRules(ctx, &api.RuleTrial{Subject: "s", Direction: api.ModeUpgrade, From: 1, Record: json.RawMessage(`{"f1":10}`)})
	if err != nil || string(trace.Record) != `{"f4":13}` || len(trace.Steps) != 3 {
		t.Errorf("up: got %+v, %v", trace, err)
	}
	trace, err = r.TryRules(ctx, &api.RuleTrial{Subject: "s", Direction: api.ModeDowngrade, From: 4, Version: 2, Record: json.RawMessage(`{"f4":13}`)})
	if err != nil || string(trace.Record) != `{"f2":11}` || len(trace.Steps) != 2 {
		t.Errorf("down: got %+v, %v", trace, err)
	}
	verdict, err := r.VerifyRules(ctx, &api.RuleProof{Subject: "s", From: 1, To: 4, Seed: 1, Cases: 20})
	if err != nil {
		t.Fatal(err)
	}
	// The largest int has no successor: the proof finds it.
	if verdict.Proved || verdict.CounterExamples[0].Property != "FITS" {
		t.Errorf("verify: got %+v", verdict)
	}
	if _, err := r.SampleRules(ctx, &api.RuleSamples{Subject: "s", Seed: 1, Count: 3}); err != nil {
		t.Error(err)
	}
	if after := logOf(t, r); !slices.Equal(before, after) {
		t.Errorf("the log went on with %v", after[len(before):])
	}
}

// Who asks and goes away is not worked for.
func TestTrialsEndWithTheirContext(t *testing.T) {
	r := checking(t, RulesWarn)
	endless := &api.RuleSet{MigrationRules: []api.Rule{{Name: "r", Type: "JSONATA", Kind: api.KindTransform, Mode: api.ModeUpDown, Expr: `($f := function($x) {$f($x)}; $f(1))`}}}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := r.VerifyRules(ctx, &api.RuleProof{Old: ruled(one, nil), New: ruled(one, endless), Seed: 1, Cases: api.MaxRuleCases})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
		t.Errorf("verify: got %v after %v", err, time.Since(began))
	}
	never := condition("never", "message.a > 0 && message.a < 0")
	_, err = r.SampleRules(ctx, &api.RuleSamples{Contract: ruled(one, never), Seed: 1, Count: api.MaxRuleSamples})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("sample: got %v", err)
	}
}
