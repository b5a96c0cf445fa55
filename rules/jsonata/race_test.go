package jsonata

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// everything uses everything that an expression could keep between evaluations:
// closures, partial and composed functions, regexes, transforms, $eval, pictures, bindings
// of steps and of blocks, and functions of the caller's.
const everything = `(
	$step := 2;
	$counter := function($n){($next := $n + $step; function(){$next})};
	$twice := function($f){$f ~> $f};
	$add := function($a, $b){$a + $b};
	$plus := $add(?, id);
	$fact := function($n){$n <= 1 ? 1 : $n * $fact($n - 1)};
	$even := function($n){$n = 0 ? true : $odd($n - 1)};
	$odd := function($n){$n = 0 ? false : $even($n - 1)};
	$priced := |items|{"sum": price * count}, "secret"|;
	{
		"closure": $counter(id)(),
		"twice": $twice($plus)(1),
		"fact": $fact(10 + id % 3),
		"even": $even(id),
		"items": ($ ~> $priced).items,
		"joined": $join(items@$i.tags#$n.($i.name & $string($n) & $), ","),
		"parents": items.tags.{"of": %.name},
		"groups": items{name: $sum(price)},
		"sorted": items^(>price, name).name,
		"words": $match(text, /(\w)(\w*)/).($uppercase(groups[0]) & groups[1]),
		"swapped": $replace(text, /(\w+) (\w+)/, "$2 $1"),
		"numbers": $replace(text, /\d+/, function($m){$string($number($m.match) * 2)}),
		"eval": $eval("($local := id; $fact(3) + $local + $step)"),
		"evals": [1..3].$eval("$ + $step"),
		"number": $formatNumber(id * 1000.5, "#,##0.00"),
		"own picture": $formatNumber(id, $pad("", 1 + id % 7, "0")),
		"integer": $formatInteger(id, "w"),
		"time": $fromMillis(id * 86400000, "[Y0001]-[M01]-[D01] [FNn]"),
		"millis": $toMillis("2020-02-" & $formatInteger(1 + id % 28, "00"), "[Y]-[M]-[D]"),
		"custom": $own(id, $name),
		"called": $map([1..3], $own),
		"bound": $name,
		"now": $now(),
		"sifted": $sift($, function($v, $k){$k != "items"}),
		"merged": $merge([{"a": id}, {"b": $step}]),
		"signed": (function($n)<n-:n>{$n + 1})(id),
		"filtered": items[price > $$.id].name,
		"deep": **.price ~> $sum
	}
)`

// TestConcurrentUse evaluates one expression in many goroutines, on inputs of their
// own and on one that they share. Each gets what it gets alone.
func TestConcurrentUse(t *testing.T) {
	const goroutines, rounds = 64, 12
	e := MustCompile(everything, WithFunction("own", "<n-x?:s>", func(ctx context.Context, args []any) (any, error) {
		return fmt.Sprint("own ", args), ctx.Err()
	}))
	at := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	item := func(name string, price float64) map[string]any {
		return map[string]any{"name": name, "price": price, "count": 2.0, "secret": true, "tags": []any{"x", "y"}}
	}
	input := func(id int) any {
		return map[string]any{"id": float64(id), "text": fmt.Sprintf("order %d of many 17", id), "items": []any{item("b", 3), item("a", float64(id)), item("b", 1.5)}}
	}
	object := func(id int) any {
		text, err := AppendJSON(nil, input(id))
		if err != nil {
			t.Fatal(err)
		}
		v, err := ParseJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	evaluate := func(input any, id int) string {
		v, err := e.Eval(context.Background(), input, WithBindings(map[string]any{"name": fmt.Sprint("n", id)}), WithTime(at))
		if err != nil {
			t.Error(err)
			return ""
		}
		text, err := AppendJSON(nil, v)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	common, commonObject := input(7), object(7)
	want := make([]string, goroutines)
	for id := range want {
		want[id] = evaluate(input(id), id)
	}
	var all sync.WaitGroup
	for id := range goroutines {
		all.Go(func() {
			for round := range rounds {
				if got := evaluate(input(id), id); got != want[id] {
					t.Errorf("%d: got %s, want %s", id, got, want[id])
				}
				for _, in := range []any{common, commonObject} {
					if got := evaluate(in, 7); got != want[7] {
						t.Errorf("%d, round %d: got %s, want %s", id, round, got, want[7])
					}
				}
			}
		})
	}
	all.Wait()
}

// TestConcurrentStops evaluates while contexts end, functions of the caller's
// panic and limits are met, beside evaluations that must not notice.
func TestConcurrentStops(t *testing.T) {
	long := MustCompile(`($f := function($n){$f($n + 1)}; $f(0))`, WithLimits(Limits{Steps: -1, Timeout: -1}))
	greedy := MustCompile(`[1..1000000].[1..1000000]`)
	deep := MustCompile(`($f := function($n){1 + $f($n)}; $f(0))`)
	broken := MustCompile(`[1..100].($x := $; $map([1..10], function($v){$v + $x = 50 ? $boom() : $v}))`,
		WithFunction("boom", "", func(context.Context, []any) (any, error) { panic("boom") }))
	sum := MustCompile(`$sum([1..1000].($y := $; $f := function($v){$v * $y}; $f(2)))`)
	var all sync.WaitGroup
	for id := range 32 {
		all.Go(func() {
			for range 4 {
				switch id % 4 {
				case 0:
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(id)*time.Millisecond)
					if _, err := long.Eval(ctx, nil); err == nil {
						t.Error("it ended by itself")
					}
					cancel()
				case 1:
					if _, err := greedy.Eval(context.Background(), nil); err == nil {
						t.Error("it has no limits")
					}
					if _, err := deep.Eval(context.Background(), nil); err == nil {
						t.Error("it has no bottom")
					}
				case 2:
					func() {
						defer func() { _ = recover() }()
						if _, err := broken.Eval(context.Background(), nil); err == nil {
							t.Error("it did not break")
						}
					}()
				default:
					if v, err := sum.Eval(context.Background(), nil); v != 1001000.0 || err != nil {
						t.Errorf("got %v %v", v, err)
					}
				}
			}
		})
	}
	all.Wait()
}
