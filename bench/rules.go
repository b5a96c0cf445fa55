package main

import (
	"context"
	"fmt"
	"reflect"

	celgo "cel.dev/cel-go/cel"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/record/formats"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/cel"
	"github.com/seed-9f7c7091/concordat/rules/jsonata"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// contactTexts are the schemas of a record of twelve fields, two of them tagged, and
// of the same record with one of the two under another name.
var contactTexts = [2]string{contactText("ssn"), contactText("national_id")}

func contactText(id string) string {
	return `{"type":"record","name":"Contact","namespace":"com.acme","fields":[
		{"name":"name","type":"string","confluent:tags":["PII"]},{"name":"age","type":"int"},{"name":"city","type":"string"},{"name":"visits","type":"long"},
		{"name":"balance","type":"double"},{"name":"country","type":"string"},{"name":"active","type":"boolean"},{"name":"` + id + `","type":"string","confluent:tags":["PII"]},
		{"name":"level","type":"int"},{"name":"language","type":"string"},{"name":"score","type":"float"},{"name":"photo","type":"bytes"}]}`
}

func contact() map[string]any {
	return map[string]any{
		"name": "Ann", "age": int32(31), "city": "Bern", "visits": int64(12), "balance": 1.5, "country": "CH",
		"active": true, "ssn": "0150", "level": int32(3), "language": "de", "score": float32(2), "photo": []byte{1, 2},
	}
}

// conditions are those that are measured beside CEL alone.
var conditions = []struct{ name, expression string }{
	{"two comparisons", `message.age > 2 && message.name == 'Ann'`},
	{"a regular expression", `message.country.matches('^[A-Z]{2}$')`},
	{"eight comparisons", `message.age >= 18 && message.visits > 0 && message.balance >= 0.0 && message.active && message.name != '' && message.city != '' && message.level < 5 && message.score > 1.0`},
}

const renaming = `$merge([$sift($, function($v, $k) {$k != 'ssn'}), {'national_id': $.'ssn'}])`

// rules measures what the engine of rules adds to the engines of the expressions.
func (b *bench) rules() {
	var versions [2]record.Format
	for i, text := range contactTexts {
		f, err := formats.Of(parsed(avro.Language, text))
		check(err)
		versions[i] = f
	}
	onMessages, onFields := cel.New()
	engine := rules.New(rules.WithExecutors(onMessages, onFields))
	ctx, env := context.Background(), &rules.Env{Subject: "contact-value"}
	compile := func(list ...api.Rule) *rules.Chain {
		return engine.Compile(&api.RuleSet{DomainRules: list}, rules.Domain, rules.Write, rules.Scope{Subject: env.Subject, Format: versions[0]})
	}
	rec, changing := any(contact()), any(contact())
	through := func(c *rules.Chain, rec any) func() {
		return func() {
			_, err := c.Run(ctx, rec, env)
			check(err)
		}
	}

	for _, c := range conditions {
		rule := api.Rule{Name: "condition", Kind: api.KindCondition, Mode: api.ModeWrite, Type: "CEL", Expr: c.expression}
		b.over("rules: a CEL condition, "+c.name+"; over cel-go alone", through(compile(rule), rec), bareCEL(c.expression, rec), "≤ 500 ns more")
	}

	transform := func(expression string) *rules.Chain {
		return compile(api.Rule{Name: "transform", Kind: api.KindTransform, Mode: api.ModeWrite, Type: "CEL_FIELD", Tags: []string{"PII"}, Expr: expression})
	}
	idle := through(nil, rec)
	b.over("rules: CEL_FIELD on 2 of 12 fields, upper case", through(transform(`value.upperAscii()`), changing), idle, "≤ 2 µs")
	b.over("rules: CEL_FIELD on 2 of 12 fields, a guard and upper case", through(transform(`typeName == 'STRING' ; value.upperAscii()`), changing), idle, "≤ 2 µs")
	empty := compile()
	if empty != nil {
		check(fmt.Errorf("a rule set without rules makes a chain"))
	}
	nothing := rec
	b.over("rules: a rule set without rules; over no call", through(empty, rec), func() { nothing = rec }, "0 allocs")
	check(same(nothing, rec))

	b.migration(ctx, env, engine, versions)
}

// migration measures the renaming of a field, with the reading of what came out.
func (b *bench) migration(ctx context.Context, env *rules.Env, engine *rules.Engine, versions [2]record.Format) {
	up := &api.RuleSet{MigrationRules: []api.Rule{{Name: "rename", Kind: api.KindTransform, Mode: api.ModeUpgrade, Type: "JSONATA", Expr: renaming}}}
	path := engine.Migrate(env.Subject, 1, 2, []rules.Version{{Number: 1, Format: versions[0]}, {Number: 2, Format: versions[1], RuleSet: up}})
	rec := any(contact())
	want := contact()
	want["national_id"] = want["ssn"]
	delete(want, "ssn")
	got, err := path.Run(ctx, rec, env)
	check(err)
	check(same(got, any(want)))

	whole := func() {
		_, err := path.Run(ctx, rec, env)
		check(err)
	}
	expr := jsonata.MustCompile(renaming)
	eval := func(input any) func() {
		return func() {
			_, err := expr.Eval(ctx, input)
			check(err)
		}
	}
	view, err := versions[0].ToJSON(rec)
	check(err)
	b.beside("rules: a field of 12 renamed, record to record; beside JSONATA alone on a map", whole, eval(rec), "reported")
	b.beside("the same; beside JSONATA alone on the record as JSON", whole, eval(view), "reported")
	made, err := expr.Eval(ctx, view)
	check(err)
	b.beside("the same; beside JSONATA on the record as JSON, and the record made of it", whole, func() {
		eval(view)()
		_, err := versions[1].FromJSON(made)
		check(err)
	}, "≤ 1.1×")
}

// bareCEL is the evaluation of an expression without rules.
func bareCEL(expression string, message any) func() {
	env, err := celgo.NewEnv(celgo.Variable("message", celgo.DynType), celgo.CrossTypeNumericComparisons(true))
	check(err)
	checked, issues := env.Compile(expression)
	check(issues.Err())
	program, err := env.Program(checked, celgo.EvalOptions(celgo.OptOptimize))
	check(err)
	variables := map[string]any{"message": message}
	return func() {
		out, _, err := program.Eval(variables)
		check(err)
		if out.Value() != true {
			check(fmt.Errorf("%s gives %v", expression, out))
		}
	}
}

func same(a, b any) error {
	if !reflect.DeepEqual(a, b) {
		return fmt.Errorf("got %v, want %v", a, b)
	}
	return nil
}

// over tells how much more one function takes than another: the median of the differences of all turns.
func (b *bench) over(call string, ours, floor func(), goal string) {
	mine, theirs := b.turns(within(ours), within(floor))
	var more []float64
	for i := range mine {
		more = append(more, mine[i].micros-theirs[i].micros)
	}
	b.add(call, typical(mine).String(), typical(theirs).String(), fmt.Sprintf("%+.0f ns", median(more)*1000), goal)
}
