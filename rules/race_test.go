package rules_test

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

// One engine, one chain and one path serve any number of goroutines. The race detector looks on in CI.
func TestManyGoroutines(t *testing.T) {
	const goroutines, rounds = 32, 20
	for _, c := range subjects {
		mark := api.Rule{Name: "mark", Kind: api.KindTransform, Mode: api.ModeWriteRead, Type: "CEL_FIELD", Tags: []string{"PII"}, Expr: "typeName == 'STRING' ; value + '!'"}
		some := condition("some", "message.n >= 0")
		some.OnFailure = "DLQ"
		letters := &sync.Map{}
		engine := full(rules.WithActions(rules.DLQ(counting{letters}, "t", func(*rules.Event) ([]string, bool) { return []string{"PII"}, true })))
		versions := []rules.Version{
			{Number: 1, Format: formatOf(t, c.typ, c.old), RuleSet: &api.RuleSet{DomainRules: []api.Rule{some, mark}}, Metadata: &api.Metadata{Tags: map[string][]string{"**.x": {"PII"}}}},
			{Number: 2, Format: formatOf(t, c.typ, c.next), RuleSet: &api.RuleSet{MigrationRules: []api.Rule{migration(api.ModeUpgrade, `{"b": a, "n": n}`), migration(api.ModeDowngrade, `{"a": b, "n": n}`)}}},
		}
		f := versions[0].Format
		chain := engine.Compile(versions[0].RuleSet, rules.Domain, rules.Write, rules.Scope{Subject: "s", Format: f, Metadata: versions[0].Metadata})
		up, down := engine.Migrate("s", 1, 2, versions), engine.Migrate("s", 2, 1, versions)
		samples, err := engine.Sample(context.Background(), versions[0], "s", 1, 3)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for g := range goroutines {
			all.Go(func() {
				ctx, env := context.Background(), &rules.Env{Subject: "s"}
				for i := range rounds {
					text := fmt.Sprintf(`{"a":"g%d","n":%d}`, g, i+1)
					rec, err := f.Read([]byte(text))
					if err != nil {
						t.Error(err)
						return
					}
					if rec, err = chain.Run(ctx, rec, env); err == nil {
						if rec, err = up.Run(ctx, rec, env); err == nil {
							rec, err = down.Run(ctx, rec, env)
						}
					}
					got, _ := f.Print(rec)
					if want := fmt.Sprintf(`{"a":"g%d!","n":%d}`, g, i+1); err != nil || string(got) != want {
						t.Errorf("%s: got %s, %v, want %s", c.typ, got, err, want)
						return
					}
					bad, err := f.Read([]byte(fmt.Sprintf(`{"a":"x","n":-%d}`, g*rounds+i+1)))
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := chain.Run(ctx, bad, env); err == nil {
						t.Errorf("%s: nothing is refused", c.typ)
					}
				}
				if g%8 == 0 {
					again, err := engine.Sample(ctx, versions[0], "s", 1, 3)
					if err != nil || !reflect.DeepEqual(again, samples) {
						t.Errorf("%s: got %v, %v", c.typ, again, err)
					}
					if verdict, err := engine.Verify(ctx, &rules.Proof{Subject: "s", Versions: versions, Seed: uint64(g), Cases: 10}); err != nil || verdict.Cases == 0 {
						t.Errorf("%s: got %v, %v", c.typ, verdict, err)
					}
				}
			})
		}
		all.Wait()
		n := 0
		letters.Range(func(any, any) bool { n++; return true })
		if n < goroutines*rounds {
			t.Errorf("%s: %d dead letters", c.typ, n)
		}
	}
}

// counting takes dead letters of many goroutines, by their records.
type counting struct{ letters *sync.Map }

func (c counting) Send(_ context.Context, l *rules.DeadLetter) error {
	text, err := l.Format.Print(l.Record)
	c.letters.Store(string(text), true)
	return err
}
