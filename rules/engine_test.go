package rules_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat/languages"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/formats"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/cel"
	"github.com/seed-9f7c7091/concordat/schema"
)

func formatOf(t testing.TB, typ, text string) record.Format {
	t.Helper()
	s, err := languages.ByType[typ].Parse(schema.Source{Text: text, New: true})
	if err != nil {
		t.Fatalf("%v\n%.500s", err, text)
	}
	f, err := formats.Of(s)
	if err != nil {
		t.Fatalf("%v\n%.500s", err, text)
	}
	return f
}

// full is an engine that carries out CEL too.
func full(opts ...rules.Option) *rules.Engine {
	onMessages, onFields := cel.New()
	return rules.New(append([]rules.Option{rules.WithExecutors(onMessages, onFields)}, opts...)...)
}

func condition(name, expr string) api.Rule {
	return api.Rule{Name: name, Kind: api.KindCondition, Mode: api.ModeWriteRead, Type: "CEL", Expr: expr}
}

func migration(mode, expr string) api.Rule {
	return api.Rule{Name: strings.ToLower(mode), Kind: api.KindTransform, Mode: mode, Type: "JSONATA", Expr: expr}
}

func sameText(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if string(got) != want {
		t.Errorf("%s: got\n\t%s\nwant\n\t%s", what, got, want)
	}
}

const personText = `{"type":"record","name":"Person","namespace":"com.acme","fields":[
	{"name":"name","type":"string"},
	{"name":"ssn","type":["null","string"],"confluent:tags":["PII"]},
	{"name":"photo","type":"bytes","confluent:tags":["PII"]},
	{"name":"age","type":"int","confluent:tags":["PII"]},
	{"name":"friends","type":{"type":"array","items":"Person"}}]}`

func person() map[string]any {
	ben := map[string]any{"name": "Ben", "ssn": nil, "photo": []byte{}, "age": int32(4), "friends": []any{}}
	return map[string]any{"name": "Ann", "ssn": "0150", "photo": []byte{1}, "age": int32(31), "friends": []any{ben}}
}

// An expression that cannot be compiled is a failure of the rule each time it would run.
func TestBrokenExpression(t *testing.T) {
	f := formatOf(t, api.Avro, personText)
	for _, c := range []struct {
		typ, expr    string
		line, column int
	}{
		{"CEL", "message.name ==", 1, 16},
		{"JSONATA", "a.b)", 1, 4},
		{"JSONATA", "{\n  'a': $nothing(}", 2, 17},
	} {
		rule := api.Rule{Name: "r", Kind: api.KindCondition, Mode: api.ModeWrite, Type: c.typ, Expr: c.expr}
		chain := full().Compile(&api.RuleSet{DomainRules: []api.Rule{rule}}, rules.Domain, rules.Write, rules.Scope{Format: f})
		for range 2 {
			_, err := chain.Run(context.Background(), person(), &rules.Env{})
			var failed *rules.Error
			var broken *rules.CompileError
			if !errors.As(err, &failed) || failed.Rule.Name != "r" || !errors.As(err, &broken) {
				t.Fatalf("%s: %v", c.expr, err)
			}
			if broken.Line != c.line || broken.Column != c.column {
				t.Errorf("%s: at %d:%d, want %d:%d", c.expr, broken.Line, broken.Column, c.line, c.column)
			}
		}
	}
}

// Parameters are those of the rule, else of the metadata, else of the configuration.
func TestParam(t *testing.T) {
	target := &rules.Target{
		Metadata: &api.Metadata{Properties: map[string]string{"a": "metadata", "b": "metadata"}},
		Config:   map[string]string{"a": "config", "b": "config", "c": "config"},
	}
	rule := &api.Rule{Params: map[string]string{"a": "rule", "empty": ""}}
	for name, want := range map[string]string{"a": "rule", "b": "metadata", "c": "config", "empty": ""} {
		if got, ok := target.Param(rule, name); !ok || got != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, ok, want)
		}
	}
	if v, ok := target.Param(rule, "d"); ok {
		t.Errorf("d: got %q", v)
	}
}

// The chain of a rule set that asks for nothing is nil, and costs nothing.
func TestNoRules(t *testing.T) {
	for _, rs := range []*api.RuleSet{
		nil, {}, {EnableAt: "SERVER", DomainRules: []api.Rule{condition("c", "false")}},
		{DomainRules: []api.Rule{{Name: "d", Mode: api.ModeWrite, Type: "CEL", Disabled: true}}},
		{MigrationRules: []api.Rule{migration(api.ModeUpgrade, "$")}},
	} {
		chain := full().Compile(rs, rules.Domain, rules.Write, rules.Scope{})
		if chain != nil || chain.Rules() != nil {
			t.Errorf("%v: got %v", rs, chain)
		}
		rec, env := any(person()), &rules.Env{}
		if n := testing.AllocsPerRun(100, func() { _, _ = chain.Run(context.Background(), rec, env) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

// Both kinds of limits hold: what a rule asks for, and what the engine is given.
func TestJSONataLimits(t *testing.T) {
	f := formatOf(t, api.JSON, `{"type":"object"}`)
	endless := `($f := function($n) {$f($n + 1)}; $f(0))`
	deep := `($f := function($n) {1 + ($n > 0 ? $f($n - 1) : 0)}; {"n": $f(200)})`
	for _, c := range []struct {
		expr   string
		params map[string]string
		code   string
	}{
		{deep, nil, ""},
		{deep, map[string]string{"jsonata.max.depth": "100"}, "D1011"},
		{deep, map[string]string{"max.depth": "100"}, "D1011"},
		{deep, map[string]string{"jsonata.max.depth": "what"}, ""},
		{endless, map[string]string{"jsonata.timeout.ms": "5"}, "D1012"},
		{endless, map[string]string{"timeout.ms": "5"}, "D1012"},
		{`{"a": 1}`, map[string]string{"timeout.ms": "9223372036854775807"}, ""},
	} {
		rule := api.Rule{Name: "r", Kind: api.KindTransform, Mode: api.ModeWrite, Type: "JSONATA", Expr: c.expr, Params: c.params}
		chain := rules.New().Compile(&api.RuleSet{DomainRules: []api.Rule{rule}}, rules.Domain, rules.Write, rules.Scope{Format: f})
		_, err := chain.Run(context.Background(), map[string]any{}, &rules.Env{})
		if got := codeOf(err); got != c.code {
			t.Errorf("%s %v: got %v, want %s", c.expr, c.params, err, c.code)
		}
	}
}

// null is a message like others between two versions, and for those that watch.
func TestMigrationNull(t *testing.T) {
	f := formatOf(t, api.JSON, `{}`)
	cel := condition("cel", "message == null")
	cel.Mode = api.ModeUpgrade
	rs := &api.RuleSet{MigrationRules: []api.Rule{
		migration(api.ModeUpgrade, `null`), cel, migration(api.ModeUpgrade, `$ = null ? {"was": $} : "no"`), migration(api.ModeUpDown, `was`),
	}}
	versions := []rules.Version{{Number: 1, Format: f}, {Number: 2, Format: f, RuleSet: rs}}
	path := full().Migrate("s", 1, 2, versions)
	if path.Mode() != api.ModeUpgrade || len(path.Chains()) != 1 || len(path.Chains()[0].Rules()) != 4 {
		t.Errorf("%s, %v", path.Mode(), path.Chains())
	}
	got, err := path.Run(context.Background(), map[string]any{"a": true}, &rules.Env{})
	if got != nil || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	trace, err := full().Try(context.Background(), &rules.Trial{Direction: rules.Upgrade, From: 1, To: 2, Versions: versions, Record: []byte(`{"a":true}`)})
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, s := range trace.Steps {
		steps = append(steps, string(s.Input)+" → "+string(s.Output))
	}
	sameText(t, "steps", []byte(strings.Join(steps, "\n")), `{"a":true} → null`+"\nnull → true\n"+`null → {"was":null}`+"\n"+`{"was":null} → null`)
}
