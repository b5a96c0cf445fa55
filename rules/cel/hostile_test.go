package cel_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
	"github.com/seed-9f7c7091/concordat/rules/cel"
)

// Whatever an expression asks for, it ends soon with an error, and takes no memory to speak of.
func TestHostile(t *testing.T) {
	text := strings.Repeat("a", 1<<20)
	list := make([]any, 100_000)
	for i := range list {
		list[i] = int64(i)
	}
	message := map[string]any{"text": text, "list": list, "quotes": strings.Repeat(`\`, 1<<20)}
	doubled := func(n int) string { return "[1]" + strings.Repeat(".map(x, [x, x])", n) }
	x, _ := cel.New()
	f := formatOf(t, api.JSON, `{"type":"object"}`)
	for name, expr := range map[string]string{
		"nested loops":        "message.list.all(a, message.list.all(b, message.list.all(c, a + b + c >= 0)))",
		"product of texts":    "message.text.replace('', message.text) != ''",
		"many texts":          "message.list.map(i, message.text).join('') != ''",
		"separators":          "message.text.split('').join(message.text) != ''",
		"formatted":           "'%s%s'.format([message.list.map(i, message.text), 1]) != ''",
		"quotes":              strings.Repeat("strings.quote(", 60) + "message.quotes" + strings.Repeat(")", 60) + " != ''",
		"base64":              strings.Repeat("base64.encode(bytes(", 60) + "message.text" + strings.Repeat("))", 60) + " != ''",
		"sums of texts":       "message.list.map(i, message.text + message.text).size() > 0",
		"doubled lists":       doubled(60) + " == " + doubled(60),
		"doubled in":          doubled(60) + " in [" + doubled(60) + "]",
		"doubled result":      doubled(60),
		"doubled text":        "'%s'.format([" + doubled(60) + "]) == ''",
		"doubled maps":        "[{'a': 1}]" + strings.Repeat(".map(x, {'a': x, 'b': x})", 60),
		"many searches":       "message.list.all(i, message.text.substring(0, 60000).matches('(a{500}|b)*(a{500}|b)*c') || true)",
		"sums in loops":       "message.list.map(i, message.text + message.text + string(i)).size() > 0",
		"search":              "message.text.matches('(a|aa|aaa|aaaa)*(a|aa|aaa|aaaa)*(a|aa|aaa|aaaa)*(a|aa|aaa|aaaa)*(a|aa|aaa|aaaa)*b')",
		"expression of text":  "'x'.matches(message.text)",
		"repeated expression": "'x'.matches('((a{1000}){1000}){1000}')",
		"lists compared":      "message.list.all(i, message.list == message.list)",
		"deep":                strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000),
		"deep list":           strings.Repeat("[", 5000) + "1" + strings.Repeat("]", 5000),
		"too long":            strings.Repeat(" ", 70000) + "true",
		"broken":              strings.Repeat("a.b(", 10000),
		"wide":                "[" + strings.Repeat("1,", 30000) + "'a'][0] ==",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			var out any
			p, err := x.Compile(&api.Rule{Kind: api.KindTransform, Expr: expr}, &rules.Target{Format: f})
			if err == nil {
				out, err = p.Run(context.Background(), message, &rules.Env{})
			}
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Errorf("it gives %.100s", fmt.Sprint(out))
			} else if len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
			if took > 5*time.Second || allocated > 2000 {
				t.Errorf("it took %v and %d MiB: %.200v", took, allocated, err)
			}
			t.Logf("%v, %d MiB: %.150v", took.Round(time.Millisecond), allocated, err)
		})
	}
}

// Long expressions that ask for nothing much are fine.
func TestLong(t *testing.T) {
	x, _ := cel.New()
	f := formatOf(t, api.JSON, `{"type":"object"}`)
	for _, expr := range []string{
		"message.n == 1" + strings.Repeat(" || message.n == 1", 3000),
		"message.n in [" + strings.Repeat("1, ", 15000) + "2]",
		"message.n" + strings.Repeat(" + 1", 200) + " > 1",
	} {
		began := time.Now()
		p := compiled(t, x, &api.Rule{Kind: api.KindCondition, Expr: expr}, f)
		if out, err := p.Run(context.Background(), map[string]any{"n": int64(1)}, &rules.Env{}); err != nil || out != true {
			t.Errorf("%.50s…: %v, %v", expr, out, err)
		}
		t.Logf("%.50s…: %v", expr, time.Since(began))
	}
}

// A loop ends with its context.
func TestContext(t *testing.T) {
	list := make([]any, 100_000)
	for i := range list {
		list[i] = int64(i)
	}
	whole, field := cel.New(cel.WithCostLimit(1 << 60))
	f := formatOf(t, api.JSON, `{"type":"object","properties":{"list":{"type":"array","items":{"type":"integer"}}}}`)
	for _, x := range []rules.Executor{whole, field} {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		p := compiled(t, x, &api.Rule{Type: x.Type(), Kind: api.KindCondition, Expr: "message.list.all(a, message.list.all(b, a + b >= 0)) ; true"}, f)
		began := time.Now()
		_, err := p.Run(ctx, map[string]any{"list": list}, &rules.Env{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 2*time.Second {
			t.Errorf("%s: %v after %v", x.Type(), err, time.Since(began))
		}
	}
}

// Programs serve many goroutines, which compile those of fields at the same time.
func TestConcurrent(t *testing.T) {
	whole, field := cel.New()
	f := formatOf(t, api.Avro, wideSchema)
	programs := []rules.Program{
		compiled(t, whole, &api.Rule{Kind: api.KindCondition, Expr: "message.a.matches(message.a) && message.d == 2 && message.a in [message.a, message.c]"}, f),
		compiled(t, field, &api.Rule{Kind: api.KindTransform, Expr: "typeName == 'STRING' ; value + message.c"}, f),
		compiled(t, field, &api.Rule{Kind: api.KindCondition, Expr: "value == message[name]"}, f),
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				for _, p := range programs {
					if out, err := p.Run(context.Background(), wide(), &rules.Env{}); err != nil || out == false {
						t.Error(out, err)
						return
					}
				}
			}
		})
	}
	all.Wait()
}
