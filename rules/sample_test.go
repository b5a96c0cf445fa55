package rules_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

// orders are contracts that say the same in each language.
var orders = []struct {
	typ, schema string
	variants    []string // JSON names of what the record has one of, or what a value's JSON looks like
}{
	{
		api.Avro, `{"type":"record","name":"Order","namespace":"com.acme","fields":[
			{"name":"status","type":{"type":"enum","name":"Status","symbols":["NEW","PAID","LOST"]}},
			{"name":"qty","type":"int"},
			{"name":"code","type":"string"},
			{"name":"any","type":["null","boolean","long","double","string","bytes",{"type":"array","items":"int"},{"type":"map","values":"int"},
				{"type":"record","name":"Inner","fields":[{"name":"x","type":["null","Order"]}]},"Status",{"type":"fixed","name":"Four","size":4}]}]}`,
		[]string{"null", "boolean", "number", "string", "array", "object of x", "object of $bytes", "object of com.acme.Status", "object of map"},
	},
	{
		api.JSON, `{"type":"object","properties":{"status":{"enum":["NEW","PAID","LOST"]},"qty":{"type":"integer"},"code":{"type":"string"},
			"any":{"oneOf":[{"type":"null"},{"type":"boolean"},{"type":"integer"},{"type":"string"},{"type":"array","items":{"type":"integer"}},
				{"type":"object","properties":{"x":{"type":"string"}},"required":["x"]}]}},"required":["status","qty","code","any"]}`,
		[]string{"null", "boolean", "number", "string", "array", "object of x"},
	},
	{
		api.Protobuf, `syntax = "proto3"; message Order { string status = 1; int32 qty = 2; string code = 3;
			message Inner { Order x = 1; } message Any { oneof any { bool a = 1; int64 b = 2; string c = 3; Inner d = 4; } } Any any = 4; }`,
		[]string{"absent", "object of a", "object of b", "object of c", "object of d"},
	},
}

// variant tells what a member of a record is.
func variant(text json.RawMessage) string {
	var rec map[string]any
	if err := json.Unmarshal(text, &rec); err != nil {
		return err.Error()
	}
	v, ok := rec["any"]
	switch v := v.(type) {
	case nil:
		if !ok {
			return "absent"
		}
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		for _, name := range []string{"x", "$bytes", "com.acme.Status", "a", "b", "c", "d"} {
			if _, ok := v[name]; ok && len(v) == 1 {
				return "object of " + name
			}
		}
	}
	return "object of map"
}

func TestSample(t *testing.T) {
	for _, c := range orders {
		f := formatOf(t, c.typ, c.schema)
		quiet := condition("positive", "message.qty > 0")
		quiet.OnFailure = "NONE" // whatever is done about it, the contract says it
		reading := condition("reading", "false")
		reading.Mode = api.ModeRead
		off := condition("off", "false")
		off.Disabled = true
		v := rules.Version{Number: 1, Format: f, RuleSet: &api.RuleSet{DomainRules: []api.Rule{
			quiet, condition("known", "message.qty != 42 || message.code == 'the answer'"), reading, off,
			{Name: "empty", Kind: api.KindCondition, Mode: api.ModeWrite, Type: "JSONATA", Expr: "$length(code) > 0"},
		}}}
		engine := full(rules.WithConfig(map[string]string{"rule.executors.empty.onFailure": "NONE"}))
		samples, err := engine.Sample(context.Background(), v, "order-value", 1, 60)
		if err != nil || len(samples.Admitted) != 60 {
			t.Errorf("%s: %d records, %v", c.typ, len(samples.Admitted), err)
			continue
		}
		chain := full().Compile(&api.RuleSet{DomainRules: v.RuleSet.DomainRules}, rules.Domain, rules.Write, rules.Scope{Format: f})
		run := func(text json.RawMessage) (refusedBy []string) {
			rec, err := f.Read(text)
			if err != nil {
				t.Fatalf("%s: %s: %v", c.typ, text, err)
			}
			for _, s := range strict(chain.Rules()) {
				one := full().Compile(&api.RuleSet{DomainRules: []api.Rule{s}}, rules.Domain, rules.Write, rules.Scope{Format: f})
				if _, err := one.Run(context.Background(), rec, &rules.Env{}); err != nil {
					refusedBy = append(refusedBy, s.Name)
				}
			}
			return refusedBy
		}
		met := map[string]bool{}
		for _, text := range samples.Admitted {
			met[variant(text)] = true
			if by := run(text); by != nil {
				t.Errorf("%s: %s is admitted, and refused by %v", c.typ, text, by)
			}
		}
		for _, want := range c.variants {
			if !met[want] {
				t.Errorf("%s: no record has %s, only %v", c.typ, want, met)
			}
		}
		by := map[string]int{}
		for _, r := range samples.Refused {
			by[r.Rule]++
			if !slices.Contains(run(r.Record), r.Rule) || r.Reason == "" {
				t.Errorf("%s: %s is not refused by %s (%s)", c.typ, r.Record, r.Rule, r.Reason)
			}
		}
		for _, name := range []string{"positive", "known", "empty"} {
			if by[name] == 0 || by[name] > 60 {
				t.Errorf("%s: %d records are refused by %s", c.typ, by[name], name)
			}
		}
		again, _ := engine.Sample(context.Background(), v, "order-value", 1, 60)
		other, _ := engine.Sample(context.Background(), v, "order-value", 2000, 60)
		if !reflect.DeepEqual(samples, again) || reflect.DeepEqual(samples, other) {
			t.Errorf("%s: the records do not go by the seed", c.typ)
		}
	}
}

// strict are rules that do nothing but refuse.
func strict(list []*api.Rule) (all []api.Rule) {
	for _, r := range list {
		s := *r
		s.OnFailure, s.OnSuccess = "", ""
		all = append(all, s)
	}
	return all
}

// A contract that nothing can meet has no records, and ends.
func TestSampleNothing(t *testing.T) {
	f := formatOf(t, api.Avro, personText)
	v := rules.Version{Number: 1, Format: f, RuleSet: &api.RuleSet{DomainRules: []api.Rule{condition("never", "false")}}}
	samples, err := full().Sample(context.Background(), v, "s", 1, 3)
	if err != nil || len(samples.Admitted) != 0 || len(samples.Refused) != 3 {
		t.Errorf("got %d records, %d refused, %v", len(samples.Admitted), len(samples.Refused), err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := full().Sample(ended, v, "s", 1, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	none, err := full().Sample(context.Background(), rules.Version{Number: 1, Format: f}, "s", 1, 3)
	if err != nil || len(none.Admitted) != 3 || fmt.Sprint(none.Refused) != "[]" {
		t.Errorf("got %v, %v", none, err)
	}
}
