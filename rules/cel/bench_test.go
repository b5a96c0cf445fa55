package cel_test

import (
	"context"
	"testing"

	celgo "cel.dev/cel-go/cel"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/cel"
)

const (
	orderSchema = `{"type":"record","name":"Order","namespace":"com.acme","fields":[{"name":"name","type":"string"},{"name":"qty","type":"int"},{"name":"lines","type":{"type":"array","items":"int"},"default":[]}]}`
	wideSchema  = `{"type":"record","name":"Wide","namespace":"com.acme","fields":[
		{"name":"a","type":"string","confluent:tags":["PII"]},{"name":"b","type":"int"},{"name":"c","type":"string"},{"name":"d","type":"long"},
		{"name":"e","type":"double"},{"name":"f","type":"string"},{"name":"g","type":"boolean"},{"name":"h","type":"string","confluent:tags":["PII"]},
		{"name":"i","type":"int"},{"name":"j","type":"string"},{"name":"k","type":"float"},{"name":"l","type":"bytes"}]}`
)

func wide() map[string]any {
	return map[string]any{"a": "ann", "b": int32(1), "c": "x", "d": int64(2), "e": 1.5, "f": "y", "g": true, "h": "0150", "i": int32(3), "j": "z", "k": float32(2), "l": []byte{1}}
}

func compiled(b testing.TB, x rules.Executor, rule *api.Rule, f record.Format) rules.Program {
	b.Helper()
	p, err := x.Compile(rule, &rules.Target{Format: f, Mode: rules.Write})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// The condition of a CEL rule, beside CEL alone on the same map.
func BenchmarkCondition(b *testing.B) {
	for name, expr := range map[string]string{
		"simple": "message.qty > 2 && message.name == 'widget'",
		"loop":   "message.lines.all(l, l > 0)",
	} {
		order := map[string]any{"name": "widget", "qty": int32(3), "lines": []any{int32(1), int32(2), int32(3)}}
		b.Run(name+"/bare", func(b *testing.B) {
			env, err := celgo.NewEnv(celgo.Variable("message", celgo.DynType), celgo.CrossTypeNumericComparisons(true))
			if err != nil {
				b.Fatal(err)
			}
			checked, issues := env.Compile(expr)
			if issues.Err() != nil {
				b.Fatal(issues.Err())
			}
			p, err := env.Program(checked, celgo.EvalOptions(celgo.OptOptimize))
			if err != nil {
				b.Fatal(err)
			}
			variables := map[string]any{"message": order}
			b.ReportAllocs()
			for b.Loop() {
				if out, _, err := p.Eval(variables); err != nil || out.Value() != true {
					b.Fatal(out, err)
				}
			}
		})
		b.Run(name+"/rule", func(b *testing.B) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			x, _ := cel.New()
			p := compiled(b, x, &api.Rule{Kind: api.KindCondition, Expr: expr}, formatOf(b, api.Avro, orderSchema))
			env := &rules.Env{}
			b.ReportAllocs()
			for b.Loop() {
				if out, err := p.Run(ctx, order, env); err != nil || out != true {
					b.Fatal(out, err)
				}
			}
		})
	}
}

// A CEL_FIELD rule over twelve fields of which two have the tag.
func BenchmarkField(b *testing.B) {
	_, x := cel.New()
	f := formatOf(b, api.Avro, wideSchema)
	env := &rules.Env{}
	for name, rule := range map[string]*api.Rule{
		"condition": {Kind: api.KindCondition, Tags: []string{"PII"}, Expr: "typeName == 'STRING' ; value != ''"},
		"transform": {Kind: api.KindTransform, Tags: []string{"PII"}, Expr: "typeName == 'STRING' ; value.upperAscii()"},
		"all":       {Kind: api.KindCondition, Expr: "typeName == 'STRING' ; value != ''"},
	} {
		b.Run(name, func(b *testing.B) {
			p := compiled(b, x, rule, f)
			message := any(wide())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Run(context.Background(), message, env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What it takes to compile a rule for a schema.
func BenchmarkCompile(b *testing.B) {
	x, _ := cel.New()
	f := formatOf(b, api.Avro, orderSchema)
	rule := &api.Rule{Kind: api.KindCondition, Expr: "message.name != '' ; message.qty > 2"}
	b.ReportAllocs()
	for b.Loop() {
		compiled(b, x, rule, f)
	}
}
