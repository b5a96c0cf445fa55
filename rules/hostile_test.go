package rules_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

// spent is what a call has taken.
func spent(do func()) (took time.Duration, bytes uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	do()
	took = time.Since(began)
	runtime.ReadMemStats(&after)
	return took, after.TotalAlloc - before.TotalAlloc
}

// No expression takes more than some seconds or some hundred megabytes, whatever the record.
func TestHostileExpressions(t *testing.T) {
	f := formatOf(t, api.JSON, `{"type":"object"}`)
	var long []any
	for i := range 20_000 {
		long = append(long, map[string]any{"k": fmt.Sprint("key", i%100), "n": int64(i)})
	}
	nested := any("x")
	for range 5000 {
		nested = map[string]any{"d": nested}
	}
	rec := map[string]any{"l": long, "s": strings.Repeat("a", 1<<20), "deep": nested}
	for _, c := range []struct{ typ, expr, want string }{
		{"JSONATA", `($f := function($n) {$f($n + 1)}; $f(0))`, "D2015"},
		{"JSONATA", `($f := function($n) {1 + $f($n + 1)}; $f(0))`, "D1011"},
		{"JSONATA", `($f := function($n) {$f($n) + $f($n)}; $f(0))`, "D1011"},
		{"JSONATA", `[1..10000000000]`, "D2014"},
		{"JSONATA", `[1..100000].[1..100000]`, "D2015"},
		{"JSONATA", `$reduce([1..100], function($a, $b) {$a & $a}, "x")`, "D2015"},
		{"JSONATA", `$reduce([1..100], function($a, $b) {$append($a, $a)}, [1])`, "D2015"},
		{"JSONATA", `$map([1..60], function() {s & s})`, "D2015"},
		{"JSONATA", `l.(l.(l.n))`, "nil"},
		{"JSONATA", `l.n[$ in %.%.l.n]`, "D2015"},
		{"JSONATA", `$sort(l, function($a, $b) {$count(l[n > $a.n]) > $b.n})`, "D2015"},
		{"JSONATA", `$match(s, /(a*)*b/)`, "nil"},
		{"JSONATA", `$replace(s, /a?/, s)`, "D2015"},
		{"JSONATA", `$split(s, "").$uppercase(s)`, "D2015"},
		{"JSONATA", `$pad("x", 2000000000)`, "D2015"},
		{"JSONATA", `$eval("$eval(\"[1..10000000]\")")`, "D2015"},
		{"JSONATA", `l{k: $join(l.k)}`, "nil"},
		{"JSONATA", `**.**.**.**`, "D2015"},
		{"JSONATA", `$ ~> |**|{"x": %}|`, "nil"},
		{"CEL", `message.l.all(a, message.l.all(b, message.l.all(c, a.n + b.n + c.n >= 0)))`, "cost limit"},
		{"CEL", `message.l.map(a, message.l.map(b, a.k + b.k)).size() > 0`, "cost limit"},
		{"CEL", `message.l.filter(a, message.s.matches('(a*)*b')).size() == 0`, "cost limit"},
		{"CEL", `message.l.all(a, message.s.matches('(a|aa)+$'))`, "cost limit"},
		{"CEL", `message.l.map(a, message.s).join('').size() > 0`, "cost limit"},
		{"CEL", `message.s.replace('a', message.s).size() > 0`, "more than 16777216 bytes"},
		{"CEL", `message.l.map(a, message.l) == message.l.map(a, message.l)`, "cost limit"},
		{"CEL", `[message.s].map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).size() > 0`, "cost limit"},
		{"CEL", strings.Repeat("(", 5000) + "true" + strings.Repeat(")", 5000), "recursion limit"},
		{"CEL", strings.Repeat("!", 20_001) + "true", "Expr failed"},
		{"CEL", strings.Repeat("message.n + ", 5000) + "1 > 0", "recursion depth"},
		{"CEL_FIELD", `message.l.all(a, message.l.all(b, a.n + b.n >= 0))`, "nil"},
	} {
		rule := api.Rule{Name: "hostile", Kind: api.KindCondition, Mode: api.ModeWrite, Type: c.typ, Expr: c.expr}
		chain := full().Compile(&api.RuleSet{DomainRules: []api.Rule{rule}}, rules.Domain, rules.Write, rules.Scope{Format: f})
		var err error
		took, bytes := spent(func() { _, err = chain.Run(context.Background(), rec, &rules.Env{}) })
		var failed *rules.Error
		slow := codeOf(err) == "D1012" // on a slow machine time ends before memory
		if took > 30*time.Second || bytes > 512<<20 || err != nil && !errors.As(err, &failed) || !slow && !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%.80s: %v and %d MiB for %v, want %q", c.expr, took, bytes>>20, err, c.want)
		}
	}
}

// endless is a type whose records may be in one another without end.
const endless = `{"type":"record","name":"Node","fields":[{"name":"value","type":"string","confluent:tags":["PII"]},{"name":"next","type":["null","Node"]}]}`

// Records that are in one another so deep that nobody can have meant it, or
// without end, are refused by whatever goes through them.
func TestHostileRecords(t *testing.T) {
	for _, c := range []struct{ typ, schema string }{
		{api.Avro, endless},
		{api.JSON, `{"type":"object","properties":{"value":{"type":"string","confluent:tags":["PII"]},"next":{"$ref":"#"}}}`},
	} {
		f := formatOf(t, c.typ, c.schema)
		deep := map[string]any{"value": "last", "next": nil}
		if c.typ == api.JSON {
			delete(deep, "next")
		}
		for range 200_000 {
			deep = map[string]any{"value": "x", "next": deep}
		}
		circle := map[string]any{"value": "x"}
		circle["next"] = circle
		letters := &outbox{}
		engine := full(rules.WithActions(rules.DLQ(letters, "t", func(*rules.Event) ([]string, bool) { return []string{"PII"}, true })))
		for _, rule := range []api.Rule{
			{Name: "fields", Kind: api.KindCondition, Type: "CEL_FIELD", Tags: []string{"PII"}, Expr: "value != ''"},
			{Name: "values", Kind: api.KindTransform, Type: "CEL_FIELD", Tags: []string{"PII"}, Expr: "value + ''"},
			{Name: "letter", Kind: api.KindCondition, Type: "CEL", Expr: "false", OnFailure: "DLQ"},
			{Name: "below", Kind: api.KindCondition, Type: "JSONATA", Expr: "$count(**) = 1"},
			{Name: "copied", Kind: api.KindTransform, Type: "JSONATA", Expr: "$"},
			{Name: "text", Kind: api.KindCondition, Type: "JSONATA", Expr: "$string($) = ''"},
			{Name: "compared", Kind: api.KindCondition, Type: "JSONATA", Expr: "$ = next"},
		} {
			rule.Mode = api.ModeWrite
			chain := engine.Compile(&api.RuleSet{DomainRules: []api.Rule{rule}}, rules.Domain, rules.Write, rules.Scope{Format: f})
			for name, rec := range map[string]any{"deep": deep, "circle": circle} {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				var err error
				took, bytes := spent(func() { _, err = chain.Run(ctx, rec, &rules.Env{}) })
				cancel()
				if err == nil || took > 30*time.Second || bytes > 1<<30 {
					t.Errorf("%s %s, %s: %v and %d MiB for %.100v", c.typ, rule.Name, name, took, bytes>>20, err)
				}
			}
		}
	}
}
