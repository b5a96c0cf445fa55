package jsonata

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"
)

// Bounds on what a hostile case may take under the default limits, with room
// for slow machines and the race detector.
const (
	mostTime  = 5 * time.Second
	mostAlive = 4 * 64 << 20 // bytes beyond what was alive before
	lastTime  = 30 * time.Second
	lastAlive = 2 << 30
)

// taken is what a case took.
type taken struct {
	time         time.Duration
	alive, total uint64
}

// guarded runs something that may run away. What goes far beyond the bounds
// ends the whole test, before it takes the machine with it.
func guarded(name string, f func()) taken {
	read := func() (alive, total uint64) {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64() + s[1].Value.Uint64(), s[2].Value.Uint64()
	}
	before, total := read()
	if before > 32<<20 {
		runtime.GC()
		before, total = read()
	}
	began := time.Now()
	done, highest := make(chan struct{}), make(chan uint64)
	go func() {
		most := before
		for {
			alive, _ := read()
			most = max(most, alive)
			if most-before > lastAlive || time.Since(began) > lastTime {
				panic(fmt.Sprintf("%s runs away: %d MiB, %v", name, (most-before)>>20, time.Since(began)))
			}
			select {
			case <-done:
				highest <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	f()
	took := time.Since(began)
	close(done)
	most := <-highest
	_, after := read()
	return taken{took, most - before, after - total}
}

// within complains about a case that took too much.
func (k taken) within(t *testing.T) {
	t.Helper()
	if k.time > mostTime || k.alive > mostAlive || k.total > mostAllocated {
		t.Errorf("took %v, %d MiB at a time, %d MiB in all", k.time, k.alive>>20, k.total>>20)
	}
}

// ends compiles and evaluates, and tells the code of the error, or "ok". What
// comes out must be written as JSON within the bounds too.
func ends(t *testing.T, expr string, input any, opts ...Option) string {
	t.Helper()
	code := "ok"
	took := guarded(t.Name(), func() {
		e, err := Compile(expr, opts...)
		var v any
		if err == nil {
			v, err = e.Eval(context.Background(), input)
		}
		if err == nil {
			_, err = AppendJSON(nil, v)
		}
		if err != nil {
			code = "an error of another type: " + err.Error()
			var of *Error
			if errors.As(err, &of) {
				code = of.Code
				if of.Message == "" || len(of.Message) > 2000 && code != "D3137" {
					t.Errorf("the message has %d bytes", len(of.Message))
				}
			}
		}
	})
	took.within(t)
	return code
}

// hostile is an expression that would take everything, were it not for the limits.
type hostile struct {
	name, expr string
	want       string // codes one of which ends it, "ok" for a value
}

func runHostile(t *testing.T, cases []hostile) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := ends(t, c.expr, Undefined); !slices.Contains(strings.Fields(c.want), got) {
				t.Errorf("ended with %s, want %s", got, c.want)
			}
		})
	}
}

func TestEndlessRecursion(t *testing.T) {
	const deep = "D1011"
	const long = "D1012 D2015"
	runHostile(t, []hostile{
		{"in the tail", `($f := function(){$f()}; $f())`, long},
		{"not in the tail", `($f := function(){1 + $f()}; $f())`, deep},
		{"of two, in the tail", `($f := function(){$g()}; $g := function(){$f()}; $f())`, long},
		{"of two", `($f := function(){1 + $g()}; $g := function(){-$f()}; $f())`, deep},
		{"growing its arguments", `($f := function($a){$f([$a, $a])}; $f(1))`, long},
		{"in an argument", `($f := function($a){$f($f($a))}; $f(1))`, deep},
		{"in a condition", `($f := function(){$f() ? 1 : 2}; $f())`, deep},
		{"in a predicate", `($f := function(){[1][$f()]}; $f())`, deep},
		{"in a grouping", `($f := function(){[1]{"a": $f()}}; $f())`, deep},
		{"in an order", `($f := function(){[1, 2]^($f())}; $f())`, deep},
		{"in a path", `($f := function(){[1, 2].$f()}; $f())`, deep},
		{"in a transform", `($f := function(){{"a": 1} ~> |$|$f()|}; $f())`, deep},
		{"of a clone of one's own", `($clone := function($x){$x ~> |$|{}|}; {"a": 1} ~> |$|{}|)`, deep},
		{"by composition", `($f := function($x){$x ~> $f}; 1 ~> $f)`, deep + " " + long},
		{"by composition, not in the tail", `($f := function($x){($x ~> $f) + 1}; 1 ~> $f)`, deep},
		{"by a composed function", `($f := function($x){$g($x)}; $g := $f ~> $f; $g(1))`, deep + " " + long},
		{"by a partial application", `($f := function($x){$f(?)(1)}; $f(1))`, long},
		{"by a partial application, not in the tail", `($f := function($x){1 + $f(?)(1)}; $f(1))`, deep},
		{"by $map, not in the tail", `($f := function($x){1 + $map([1], $f)}; $f(1))`, deep},
		{"by $map", `($f := function($x){$map([1], $f)}; $f(1))`, deep},
		{"by $map, twice each", `($f := function($x){$map([1, 2], $f)}; $f(1))`, deep},
		{"by $filter", `($f := function($x){$filter([1], $f)}; $f(1))`, deep},
		{"by $single", `($f := function($x){$single([1], $f)}; $f(1))`, deep},
		{"by $reduce", `($f := function($x, $y){$reduce([1, 2], $f)}; $f(1))`, deep},
		{"by $sort", `($f := function($x, $y){$sort([1, 2], $f)}; $f(1))`, deep},
		{"by $each", `($f := function($x){$each({"a": 1}, $f)}; $f(1))`, deep},
		{"by $sift", `($f := function($x){$sift({"a": 1}, $f)}; $f(1))`, deep},
		{"by $match", `($f := function($x){$match("a", $f)}; $f(1))`, deep},
		{"by $replace", `($f := function($x){$replace("a", /a/, $f)}; $f(1))`, deep},
		{"of a long chain of functions", `($g := function($x){$x}; $b := function($f, $n){$n = 0 ? $f : $b($f ~> $g, $n - 1)}; $b($g, 1000000)(1))`, deep + " " + long},
		{"by $eval", `($f := function(){$eval("$f()")}; $f())`, deep},
		{"of $eval", `($e := "$eval($e)"; $eval($e))`, deep},
		{"of $eval, twice each", `($e := "[1, 2].$eval($e)"; $eval($e))`, deep},
	})
}

func TestGreed(t *testing.T) {
	const much = "D2015 D1012" // slow machines come to the second first
	runHostile(t, []hostile{
		{"a long range", `[1..1e9]`, "D2014"},
		{"a range as long as may be", `[1..10000000]`, much},
		{"ranges within a range", `[1..10000].([1..10000])`, much},
		{"arrays within a range", `[1..10000].[[1..10000]]`, much},
		{"ranges thrown away", `[1..10000].($x := [1..10000]; 0)`, much},
		{"many ranges", `[[1..1000000], [1..1000000], [1..1000000]]`, much},
		{"doubling by &", `($f := function($s){$f($s & $s)}; $f("x"))`, much},
		{"doubling by $join", `($f := function($s){$f($join([$s, $s]))}; $f("x"))`, much},
		{"doubling by $join with a separator", `($f := function($s){$f($join(["", ""], $s & $s))}; $f("x"))`, much},
		{"doubling by $replace", `($f := function($s){$f($replace($s, "x", "xx"))}; $f("x"))`, much},
		{"doubling by $replace and a regex", `($f := function($s){$f($replace($s, /x/, "xx"))}; $f("x"))`, much},
		{"doubling by $replace and $0", `($f := function($s){$f($replace($s, /.+/, "$0$0"))}; $f("x"))`, much},
		{"doubling by $pad", `($f := function($s){$f($pad($s, 2 * $length($s), $s))}; $f("x"))`, much},
		{"doubling by $string", `($f := function($s){$f($string([$s, $s]))}; $f("x"))`, much},
		{"doubling by escapes", `($f := function($s){$f($encodeUrlComponent($s))}; $f("%"))`, much},
		{"doubling by $base64encode", `($f := function($s){$f($base64encode($s))}; $f("x"))`, much},
		{"doubling by $append", `($f := function($a){$f($append($a, $a))}; $f([1]))`, much},
		{"doubling by an array", `($f := function($a){$f([$a, $a])}; $f([1]))`, much},
		{"doubling by $spread", `($f := function($a){$f($spread([$a, $a]))}; $f({"a": 1}))`, much},
		{"doubling by $zip", `($f := function($a){$f($append($zip($a, $a), $a))}; $f([1]))`, much},
		{"$pad to the right", `$pad("x", 1e10)`, much},
		{"$pad to the left", `$pad("x", -1e10)`, much},
		{"$pad without end", `$pad("x", 1/0)`, much},
		{"$pad with much", `$pad("x", 1e7, "0123456789")`, "ok D2015"},
		{"one replacement of a long match by many", `($s := $pad("", 100000, "a"); $length($replace($s, /a+/, $pad("", 100000, "$0"))))`, much},
		{"characters of a long string", `$count($split($pad("", 20000000, "a"), ""))`, much},
		{"parts of a long string", `$count($split($pad("", 25000000, ","), ","))`, much},
		{"parts of a long string by a regex", `$count($split($pad("", 25000000, ","), /,/))`, much},
		{"matches of a long string", `$count($match($pad("", 10000000, "a"), /a/))`, much},
		{"$contains in a long string", `$contains($pad("", 20000000, "a"), /a/)`, "ok D1012"},
		{"$base64encode of a long string", `$length($base64encode($pad("", 20000000, "a")))`, "ok D2015"},
		{"$trim of many words", `$length($trim($pad("", 20000000, " a")))`, "ok D1012 D2015"},
		{"$encodeUrl of a long string", `$length($encodeUrl($pad("", 15000000, "é")))`, "ok D1012 D2015"},
		{"$uppercase of a long string", `$length($uppercase($pad("", 15000000, "ß")))`, "ok D1012 D2015"},
		{"$decodeUrl of a long string", `$length($decodeUrl($pad("", 15000000, "%41")))`, "ok D1012 D2015"},
		{"a tree of shared arrays", `$reduce([1..40], function($a, $v){[[$a], [$a]]}, 1)`, much},
		{"a tree of shared objects", `$reduce([1..40], function($a, $v){{"a": $a, "b": $a}}, 1)`, much},
		{"a tree of both", `$reduce([1..40], function($a, $v){[{"a": [$a], "b": [$a]}]}, 1)`, much},
		{"a tree of shared arrays in an error", `1 + $reduce([1..40], function($a, $v){[[$a], [$a]]}, 1)`, "T2002 D1012 D2015"},
		{"a tree of shared objects in an error", `1 + $reduce([1..40], function($a, $v){{"a": $a, "b": $a}}, 1)`, "T2002 D1012 D2015"},
		{"a tree of shared arrays in $error", `$error($reduce([1..40], function($a, $v){[[$a], [$a]]}, 1))`, "T0410 D1012 D2015"},
		{"$string of a tree", `$string($reduce([1..40], function($a, $v){{"a": $a, "b": $a}}, 1))`, much},
		{"$clone of a tree", `$exists($reduce([1..40], function($a, $v){{"a": $a, "b": $a}}, 1) ~> |$|{}|)`, much},
		{"equality of trees", `($f := function(){$reduce([1..40], function($a, $v){{"a": $a, "b": $a}}, 1)}; $f() = $f())`, "D1012"},
		{"truth of a tree", `$boolean($reduce([1..40], function($a, $v){[[$a], [$a]]}, 0))`, "D1012"},
		{"all in a tree", `$count($reduce([1..40], function($a, $v){{"a": $a, "b": $a}}, 1).**)`, much},
		{"names in a tree", `$keys($reduce([1..40], function($a, $v){[[$a], [$a]]}, {"a": 1}))`, much},
		{"a cross join by @", `[1..1000]@$a.[1..1000]@$b.[1..1000]@$c.{"a": $a}`, much + " ok"},
		{"a cross join of an object's lists", `($o := {"l": [1..10000]}; $o.l@$a.$o.l@$b[$a = $b])`, much},
		{"a cross join with positions", `($o := {"l": [1..10000]}; $o.l#$a.$o.l#$b.($a + $b))`, much},
		{"parents of many", `($o := {"l": [1..300].{"m": [1..300].{"n": [1..300]}}}; $o.l.m.n.(%.%.%.l))`, much},
		{"many bindings", `[1..1000].` + bindings(400) + `.$v1`, much},
		{"$zip of many", `$zip(` + strings.TrimSuffix(strings.Repeat("[1..1000],", 1000), ",") + `)`, much},
		{"$distinct of many objects", `$distinct([1..100000].{"a": $})`, "D1012"},
		{"$merge of many", `[1..100000].$merge([1..100000].{"a": $})`, much},
		{"a group for each of a million", `[1..1000000]{$string($): $}`, much},
		{"a group for each of many", `$count($keys([1..100000]{$string($): $}))`, "ok D2015"},
		{"groups in falling order", `$count($keys([1..100000]{$string(100000 - $): $}))`, "ok D2015 D1012"},
		{"$merge in falling order", `$count($keys($merge([1..100000].{$string(100000 - $): $})))`, "ok D2015 D1012"},
		{"deleting many names", `($o := [1..50000]{"k" & $string($): $}; $count($keys($o ~> |$|{}, $keys($o)|)))`, "ok D2015 D1012"},
		{"a picture of many digits", `$formatNumber(0, $pad("", 100000, "0"))`, "ok"},
		{"an integer picture of many digits", `$formatInteger(0, $pad("", 100000, "0"))`, "ok"},
		{"an integer picture of many separators", `$formatInteger(0, $pad("", 100000, "0,"))`, "ok"},
		{"a picture that is too long", `$formatInteger(0, $pad("", 20000000, "0,"))`, "ok D1012 D2015"},
		{"a picture of many components", `$length($fromMillis(0, $pad("", 99999, "[Y]")))`, "ok D1012"},
		{"a component of much width", `$fromMillis(0, "[Y,1000000000-1000000000]")`, "D1001"},
		{"an exponent of zero", `$formatNumber(0, '0e0')`, "ok"},
		{"a Roman number", `[1..1000000].$formatInteger(1e7, "I")`, much},
		{"many Roman numerals", `$formatInteger(1e12, "I")`, "D1001"},
		{"the largest number in words", `$formatInteger(1.7e308, "w")`, "ok"},
		{"a picture of a time that reads much", `$toMillis($pad("", 100000, "1"), $pad("", 99999, "[Y]"))`, "ok D1001 D3136"},
		{"a number of many digits", `$number($pad("", 10000000, "1"))`, "D3030 D1012"},
		{"a number of many bits", `$number("0b" & $pad("", 10000000, "1"))`, "D3030 D1012"},
		{"a number of many octal digits", `$number("0o" & $pad("", 10000000, "7"))`, "D3030 D1012"},
		{"rounding to many places", `$round(1.5, 1e9) & $round(1.5, -1e9)`, "ok D1001 D3001"},
		{"a base of a large number", `$formatBase(1.7e308, 2)`, "ok"},
	})
}

// bindings is a path of n steps each of which binds a variable.
func bindings(n int) string {
	var steps []string
	for i := range n {
		steps = append(steps, fmt.Sprintf("$@$v%d", i))
	}
	return strings.Join(steps, ".")
}

func TestSlowness(t *testing.T) {
	const two = `($s := $pad("", 8000000, "a"); $t := $pad("", 8000000, "a"); `
	runHostile(t, []hostile{
		{"sorting long strings", two + `$exists($sort([1..1000].($ % 2 = 0 ? $s : $t))))`, "ok D1012"},
		{"ordering long strings", two + `$exists([1..1000].($ % 2 = 0 ? $s : $t)^($)))`, "ok D1012"},
		{"equality of long strings", two + `$count([1..100000][$s = $t]))`, "ok D1012"},
		{"comparing long strings", two + `$count([1..100000][$s <= $t]))`, "ok D1012"},
		{"finding long strings", two + `$count([1..100000][$s in [$t]]))`, "ok D1012"},
		{"long strings that are distinct", two + `$count($distinct([1..10000].($ % 2 = 0 ? $s : $t))))`, "ok D1012"},
		{"groups of long strings", two + `$count($keys([1..10000]{($ % 2 = 0 ? $s : $t): 1})))`, "ok D1012"},
		{"looking up long strings", two + `$o := {$s: 1}; $count([1..10000][$lookup($o, $t) = 1]))`, "ok D1012"},
		{"parts before in long strings", two + `$count([1..100000][$substringBefore($s, "b") = ""]))`, "ok D1012 D2015"},
		{"lengths of long strings", two + `$count([1..100000][$length($s) = 1]))`, "D1012"},
		{"texts of a long list", `($o := [1..100000]; [1..10000].$string($o))`, "D1012 D2015"},
		{"a comparator that lies", `$count($sort([1..100000], function($a, $b){$random() > 0.5}))`, "ok D1012"},
		{"a comparator that always says yes", `$count($sort([1..100000], function($a, $b){true}))`, "ok D1012"},
		{"a comparator without an answer", `$count($sort([1..100000], function($a, $b){$nothing}))`, "ok D1012"},
		{"a signature of many repetitions", `(function(` + parameters(300) + `)<` + strings.Repeat("s+", 300) + `:s>{1})(` + strings.Repeat(`"x",`, 1000) + `1)`, "T0410 S0402 D1012 D1011"},
		{"nested quantifiers", `$match($pad("", 100000, "a") & "b", /(a+)+$/)`, "ok"},
		{"quantifiers nested deeply", `$match($pad("", 100000, "a") & "b", /((((a+)+)+)+)+$/)`, "ok"},
		{"quantifiers of nothing", `$match($pad("", 100000, "a") & "b", /(a*)*$/)`, "ok D1004"},
		{"many optional parts", `$match($pad("", 1000, "a"), /` + strings.Repeat("a?", 500) + strings.Repeat("a", 500) + `/)`, "ok D1012"},
		{"many alternatives", `$match($pad("", 10000, "a"), /` + alternatives(600) + `/)`, "ok D1012"},
		{"many groups", `$match($pad("", 100000, "a"), /` + strings.Repeat("(a)?", 500) + `/)`, "ok D1004 D1012 D2015"},
		{"matches that look far ahead", `$count($match($pad("", 100000, "ab"), /a.*c|a/))`, "ok D1012"},
		{"replacing what looks far ahead", `$length($replace($pad("", 100000, "ab"), /a.*c|a/, "x"))`, "ok D1012"},
		{"matches one by one that look far ahead", `($f := function($m){$m.next ? $f($m.next()) : 1}; $f(/a.*c|a/($pad("", 20000, "ab"))))`, "ok D1012"},
		{"matches one by one", `($f := function($m){$m.next ? $f($m.next()) : 1}; $f(/a/($pad("", 200000, "a"))))`, "ok D1012"},
		{"empty matches", `$match($pad("", 100000, "a"), /b*/)`, "D1004"},
		{"empty replacements", `$replace($pad("", 100000, "a"), /b*/, "x")`, "D1004"},
		{"a repetition of a repetition", `$match("x", /x{1000}{1000}/)`, "S0303"},
		{"a repetition in a repetition", `$match("x", /(x{1000}){1000}/)`, "S0303"},
		{"a long pattern", `$match("x", /` + strings.Repeat("x", 60000) + `/)`, "S0303"},
		{"many large patterns", `[1` + strings.Repeat(",/"+strings.Repeat("x{1000}", 570)+"/i", 16) + `]`, "ok S0303"},
		{"many large patterns in $eval", `[1..1000].$eval("/x{1000}y{1000}/")`, "ok D1012 D2015 D3120"},
		{"a matcher that does not end", `($f := function($s){{"match": "a", "start": 0, "end": 1, "groups": [], "next": function(){$f($s)}}}; $match("a", $f))`, "D1012 D2015"},
		{"replacing what a matcher makes up", `($f := function($s){{"match": "a", "start": 0, "end": 1, "groups": [], "next": function(){$f($s)}}}; $replace("a", $f, "x"))`, "D1012 D2015"},
		{"splitting where a matcher makes it up", `($f := function($s){{"match": "a", "start": 0, "end": 1, "groups": [], "next": function(){$f($s)}}}; $split("a", $f))`, "D1012 D2015"},
		{"a matcher of odd places", `$match("abc", function($s){{"match": "abc", "start": -1, "end": 1e300, "groups": [1], "next": 1}})`, "ok T1010"},
		{"replacing at odd places", `$replace("abc", function($s){{"match": "abcdefgh", "start": 2, "end": -7, "groups": [null], "next": 1}}, "$1$2$99")`, "ok T1010"},
		{"splitting at odd places", `$split("abc", function($s){{"match": "", "start": 5, "end": -2, "groups": "", "next": 1}})`, "ok T1010"},
		{"updating many", `$count(([1..100000].{"a": $}) ~> |$|{"b": a}|)`, "ok D2015"},
	})
}

func parameters(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("$a%d", i))
	}
	return strings.Join(list, ", ")
}

func alternatives(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("a%d", i))
	}
	return strings.Join(list, "|")
}

// TestLongExpressions compiles expressions that are nested or chained as far as
// their length allows, and further.
func TestLongExpressions(t *testing.T) {
	around := func(open, middle, end string) func(n int) string {
		return func(n int) string { return strings.Repeat(open, n) + middle + strings.Repeat(end, n) }
	}
	chain := func(part, op string) func(n int) string {
		return func(n int) string { return part + strings.Repeat(op+part, n) }
	}
	kinds := map[string]func(n int) string{
		"arrays":          around("[", "", "]"),
		"open arrays":     around("[", "", ""),
		"parentheses":     around("(", "1", ")"),
		"objects":         around(`{"a":`, "1", "}"),
		"minus signs":     around("-", "1", ""),
		"lambdas":         around("function(){", "1", "}"),
		"calls":           around("$f(", "1", ")"),
		"calls in a row":  around("", "function(){1}", "()"),
		"predicates":      around("", "a", "[0]"),
		"nested filters":  around("a[", "0", "]"),
		"arrays kept":     around("", "a", "[]"),
		"groupings":       around("", "a", "{}"),
		"nested groups":   around("a{b:", "1", "}"),
		"orders":          around("", "a", "^(a)"),
		"nested orders":   around("a^(", "a", ")"),
		"positions":       around("", "a", "#$i"),
		"bindings":        around("", "a", "@$v.a"),
		"blocks":          around("($a := 1;", "1", ")"),
		"assignments":     around("$a := ", "1", ""),
		"conditions":      around("1 ? 1 : ", "1", ""),
		"conditions left": around("", "1", "? 2 : 3"),
		"half conditions": around("1?", "1", ""),
		"transforms":      around("", "$", "~>|a|{}|"),
		"open transforms": around("|a", "", ""),
		"comments":        around("/* */", "1", ""),
		"nested comments": around("/*", "*/1", ""),
		"signatures":      func(n int) string { return "function($a)<" + around("a<", "n", ">")(n) + ">{1}" },
		"parameters":      func(n int) string { return "function(" + chain("$a", ",")(n) + "){1}()" },
		"arguments":       func(n int) string { return "$sum(" + chain("1", ",")(n) + ")" },
		"open arguments":  func(n int) string { return "$sum(" + chain("?", ",")(n) + ")" },
		"parents":         func(n int) string { return strings.Repeat("a.", n) + chain("%", ".")(n) },
		"members":         func(n int) string { return "{" + chain(`"a":1`, ",")(n) + "}" },
		"escapes":         func(n int) string { return `"` + strings.Repeat(`\u0041`, n) + `"` },
		"digits":          func(n int) string { return "0." + strings.Repeat("1", n) },
		"large digits":    func(n int) string { return strings.Repeat("9", n) },
		"letters":         func(n int) string { return strings.Repeat("x", n) },
		"strings":         chain(`"a"`, "&"),
		"steps":           chain("a", "."),
		"wildcards":       chain("*", "."),
		"descendants":     chain("**", "."),
		"steps of $sum":   func(n int) string { return "$sum.*" + strings.Repeat(".*", n) },
		"statements":      func(n int) string { return "(" + strings.Repeat("1;", n) + ")" },
		"regexes":         func(n int) string { return "[1" + strings.Repeat(",/a/", n) + "]" },
		"ranges":          func(n int) string { return "[" + chain("1..1", ",")(n) + "]" },
	}
	for _, op := range strings.Fields("+ - * / % = != < <= > >= & and or in ~> ?: ?? :=") {
		kinds["of "+op] = chain("$a", " "+op+" ")
	}
	for name, of := range kinds {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{400, 5_000, 20_000, 100_000} {
				got := ends(t, of(n), Undefined)
				if len(of(n)) > MaxSource && got != "D2015" {
					t.Errorf("%d: ended with %s, want D2015", n, got)
				}
				if strings.Contains(got, " ") {
					t.Errorf("%d: ended with %s", n, got)
				}
			}
		})
	}
}

// inputExpressions look at all of an input in all ways there are.
var inputExpressions = []string{
	`$`, `*`, `**`, `a`, `a.a.a`, `a[0]`, `$.*.*`, `$count(**)`, `$string($)`, `$keys($)`, `$ = $`, `[$] = [$]`, `$ in [$, 1]`, `$ < 1`, `1 + $`, `-$`, `$ & "x"`,
	`$boolean($)`, `$not($)`, `$type($)`, `$clone($)`, `$ ~> |**|{"x": 1}|`, `$ ~> |a|{}, "a"|`, `$distinct([$, $, 1])`, `$spread($)`, `$merge([$, $])`,
	`$lookup($, "a")`, `$append($, $)`, `$zip($, $)`, `$reverse($)`, `$sort($)`, `$^(a)`, `$shuffle($)`, `$sum($)`, `$max($)`, `$join($)`, `$length($)`,
	`$map($, $string)`, `$filter($, $boolean)`, `$reduce($, function($a, $b){$b})`, `$each($, function($v, $k){$k})`, `$sift($, function($v){true})`,
	`$single($)`, `${"a": $}`, `$.{"a": a}`, `[$]`, `{"a": $}`, `$[]`, `$@$v.$v`, `$#$i.$i`, `a.%`, `a.a.%.%`, `$[a = 1]`, `$[[0..10]]`, `$number($)`, `$error($string($))`,
	`$ ? 1 : 2`, `$ ?: 1`, `$ ?? 1`, `$eval("$")`, `$formatNumber($, "0")`, `$fromMillis($)`, `$match($, /a/)`, `$split($, "")`, `$base64encode($)`, `$encodeUrl($)`, `$exists($)`,
	`($f := function($x){$x}; $f($))`, `$count($)`,
}

// onInput evaluates all expressions on an input, and requires that each ends
// within the bounds.
func onInput(t *testing.T, input any) {
	t.Helper()
	// Each input meets a part of the expressions, each expression some of the inputs.
	const part = 4
	first := len(t.Name()) % part
	for i, expr := range inputExpressions {
		if i%part != first {
			continue
		}
		t.Run(expr, func(t *testing.T) {
			if got := ends(t, expr, input); strings.Contains(got, "another type") && !strings.Contains(got, "json") {
				t.Error(got)
			}
		})
	}
}

type ring struct {
	Name string
	Next *ring
}

type pointer *pointer

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }

type failingText struct{ Name string }

func (*failingText) MarshalText() ([]byte, error) { return nil, errors.New("no") }

type inner struct{ A, b int }

type embedding struct {
	*inner
	*ring
	Fn func()   `json:"fn"`
	Ch chan int `json:"ch,omitempty"`
	X  any      `json:"a"`
	y  any
}

// endless is a record that holds itself in each of its fields.
type endless struct{}

func (e endless) Get(string) (any, bool) { return e, true }
func (endless) Names() []string          { return []string{"a", "b"} }

// numbers is a list that needs no memory.
type numbers int

func (n numbers) Len() int   { return int(n) }
func (numbers) At(i int) any { return i }

// TestDeepInputs evaluates on inputs that are nested deeply.
func TestDeepInputs(t *testing.T) {
	for name, around := range map[string]func(any) any{
		"arrays":  func(v any) any { return []any{v} },
		"objects": func(v any) any { return map[string]any{"a": v} },
		"both":    func(v any) any { return map[string]any{"a": []any{v, 1}} },
	} {
		t.Run(name, func(t *testing.T) {
			var input any
			for range 100_000 {
				input = around(input)
			}
			onInput(t, input)
		})
	}
}

func TestHostileInputs(t *testing.T) {
	loop := map[string]any{"b": 1}
	loop["a"] = loop
	twice := []any{1, 2}
	twice[0], twice[1] = twice, twice
	var itself any
	itself = &itself
	var own pointer
	own = &own
	circle := &ring{Name: "a"}
	circle.Next = &ring{Name: "b", Next: circle}
	object := NewObject(1)
	object.Set("a", object)
	var none *ring
	var noText *failingText
	var noObject *Object
	for _, c := range []struct {
		name  string
		input any
	}{
		{"a map in itself", loop},
		{"an array in itself twice", twice},
		{"an object in itself", object},
		{"pointers in a circle", circle},
		{"a pointer to itself", itself},
		{"a pointer of a type of pointers to itself", own},
		{"a record in itself", endless{}},
		{"a long list", numbers(2_000_000)},
		{"nil pointers", []any{none, noText, noObject, (*int)(nil), (map[string]any)(nil), ([]any)(nil), ([]byte)(nil), (map[int]int)(nil), (error)(nil)}},
		{"a nil pointer", none},
		{"a nil pointer with a text", noText},
		{"a nil object", noObject},
		{"no numbers", []any{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), json.Number("NaN"), json.Number("1e999"), json.Number(""), json.Number("-1e999")}},
		{"a number that is none", math.NaN()},
		{"infinity", map[string]any{"a": math.Inf(1)}},
		{"a channel", make(chan int)},
		{"functions", map[string]any{"a": func() {}, "b": []any{func() {}, make(chan int), complex(1, 2)}}},
		{"failures", []any{failing{}, &failingText{}, map[string]any{"a": failing{}}}},
		{"unexported fields", embedding{X: embedding{}, y: 1}},
		{"pointers to embedded structs", &embedding{inner: &inner{1, 2}, ring: circle}},
		{"maps of other types", []any{map[int]any{1: 1}, map[float64]any{math.NaN(): 1}, map[[2]int]int{{1, 2}: 3}, map[any]any{"a": 1}, map[string]int{"a": 1}}},
		{"text that is none", map[string]any{"a": "\xff\xfe", "\xc3\x28": "\xed\xa0\x80", "b": []byte{0xff, 0, 0x80}}},
		{"numbers of all types", []any{int8(1), uint64(math.MaxUint64), int64(math.MinInt64), float32(0.1), uintptr(1), json.Number("12345678901234567890")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onInput(t, c.input)
		})
	}
}

// TestPointers gives inputs by way of pointers, in which they are what they are without.
func TestPointers(t *testing.T) {
	object := NewObject(1)
	object.Set("a", 1.0)
	var held, record any = object, endless{}
	to := &object
	for name, input := range map[string]any{
		"to an object": &object, "to that pointer": &to, "to an interface": &held, "in an array": []any{&held}, "in a struct": struct{ B any }{&held},
		"to a record": &record,
	} {
		t.Run(name, func(t *testing.T) {
			v, err := MustCompile(`$exists(**.a)`).Eval(context.Background(), input)
			if name == "to a record" {
				v, err = MustCompile(`$exists(a.b)`).Eval(context.Background(), input)
			}
			if v != true || err != nil {
				t.Errorf("got %v %v", v, err)
			}
		})
	}
}

// TestLargeInputs evaluates on inputs of many items and many names.
func TestLargeInputs(t *testing.T) {
	many, wide := make([]any, 100_000), map[string]any{}
	for i := range many {
		many[i] = map[string]any{"a": float64(i % 1000), "b": "x"}
		wide[fmt.Sprint("k", i)] = float64(i)
	}
	t.Run("items", func(t *testing.T) { onInput(t, many) })
	t.Run("names", func(t *testing.T) { onInput(t, wide) })
}

func TestDeepResults(t *testing.T) {
	runHostile(t, []hostile{
		{"objects", `$reduce([1..100000], function($a, $v){{"a": $a}}, 0)`, "D1011"},
		{"arrays", `$reduce([1..100000], function($a, $v){[[$a]]}, 0)`, "D1011 ok"},
		{"arrays in objects", `$reduce([1..100000], function($a, $v){{"a": [$a, 1]}}, 0)`, "D1011"},
		{"in a message", `1 + $reduce([1..100000], function($a, $v){{"a": $a}}, 0)`, "T2002"},
		{"as a text", `$string($reduce([1..100000], function($a, $v){{"a": $a}}, 0))`, "D1011 D2015"},
		{"all of it", `$count($reduce([1..100000], function($a, $v){{"a": $a}}, 0).**)`, "D1011"},
		{"compared", `($f := function(){$reduce([1..100000], function($a, $v){{"a": $a}}, 0)}; $f() = $f())`, "D1011"},
		{"cloned", `$exists($reduce([1..100000], function($a, $v){{"a": $a}}, 0) ~> |a|{"b": 1}|)`, "D1011"},
		{"closures", `$reduce([1..100000], function($a, $v){{"f": function(){$a}}}, 0).f()`, "ok D1011 D2015"},
	})
}

// endlessLoops run until they are stopped, if nothing limits them; on an input
// with a list of 100,000 numbers and objects.
var endlessLoops = map[string]string{
	"a tail call":          `($f := function(){$f()}; $f())`,
	"tail calls of a list": `($f := function($n){$f($n + $count(l))}; $f(1))`,
	"steps":                `l.($$.l).($$.l)[0]`,
	"steps with bindings":  `l@$a.$$.l@$b[$a = -$b]`,
	"steps with positions": `l#$a.$$.l#$b[$a = -1 - $b]`,
	"parents":              `o.a[$count(%.%.l[$ < 0]) > 0]`,
	"a predicate":          `l[$count($$.l[$ < 0]) > 0]`,
	"an order":             `l^($count($$.l[$ < 0]))`,
	"groups":               `l{$string($count($$.l[$ < 0])): 1}`,
	"$map":                 `$map(l, function($x){$count($$.l[$ < 0])})`,
	"$filter":              `$filter(l, function($x){$count($$.l[$ < 0]) > 0})`,
	"$single":              `$single(l, function($x){$count($$.l[$ < 0]) > 0})`,
	"$reduce":              `$reduce(l, function($a, $x){$count($$.l[$ < 0])})`,
	"$sort":                `$sort(l, function($a, $b){$count($$.l[$ < 0]) > 0})`,
	"$each":                `$each(m, function($v){$count($$.l[$ < 0])})`,
	"$sift":                `$sift(m, function($v){$count($$.l[$ < 0]) > 0})`,
	"$distinct":            `$distinct(o)`,
	"$string":              `l.$length($string($$.o))`,
	"$join":                `l.$length($join($$.s))`,
	"$replace":             `l.$length($replace($$.t, "x", "y"))`,
	"$replace by function": `$replace(t, /x/, function($m){$string($count($$.l[$ < 0]))})`,
	"$match":               `l.$count($match($$.t, /x/))`,
	"a slow regex":         `l.$contains($$.t, /(x+)+y/)`,
	"$split":               `l.$count($split($$.t, ""))`,
	"$eval":                `l.$eval("$count($$.l[$ < 0])")`,
	"a transform":          `l.($$ ~> |o|{"b": 1}|).b[0]`,
	"** ":                  `l.$count($$.**)`,
	"$keys":                `l.$count($keys($$.o))`,
	"$merge":               `l.$merge($$.o).a`,
	"$spread":              `l.$count($spread($$.o))`,
	"$zip":                 `l.$count($zip($$.l, $$.l))`,
	"$append":              `l.$count($append($$.l, $$.l))`,
	"$reverse":             `l.$count($reverse($$.l))`,
	"$sum":                 `l.$sum($$.l)`,
	"equality":             `l[$$.o = $$.p]`,
	"in":                   `l[-1 in $$.l]`,
	"ranges":               `l.$count([1..100000])`,
	"$pad":                 `l.$length($pad("x", 100000))`,
	"$formatNumber":        `l.$$.l.$formatNumber($, "#,##0.00")[0]`,
	"$fromMillis":          `l.$$.l.$fromMillis($, "[Y] [F]")[0]`,
	"$toMillis":            `l.$$.l.$toMillis("2020-01-01T00:00:00Z")[0]`,
	"comparisons of text":  `$sort(l.($$.t & ""))`,
}

// TestCancellation cancels contexts in the middle of loops that only their limits would end.
func TestCancellation(t *testing.T) {
	const n = 100_000
	l, o, p, m, s := make([]any, n), make([]any, n), make([]any, n), map[string]any{}, make([]any, n)
	for i := range n {
		l[i], o[i], p[i], s[i] = float64(i), map[string]any{"a": float64(i)}, map[string]any{"a": float64(i)}, "x"
		m[fmt.Sprint("k", i)] = float64(i)
	}
	p[n-1] = 0.0
	input := map[string]any{"l": l, "o": o, "p": p, "m": m, "s": s, "t": strings.Repeat("x", n)}
	never := Limits{Steps: -1, Sequence: -1, Bytes: -1, Timeout: -1}
	for name, expr := range endlessLoops {
		t.Run(name, func(t *testing.T) {
			e, err := Compile(expr, WithLimits(never))
			if err != nil {
				t.Fatal(err)
			}
			const wait = 30 * time.Millisecond
			reason := errors.New("enough")
			for kind, begin := range map[string]func() (context.Context, context.CancelFunc){
				"canceled": func() (context.Context, context.CancelFunc) {
					ctx, cancel := context.WithCancelCause(context.Background())
					time.AfterFunc(wait, func() { cancel(reason) })
					return ctx, func() { cancel(nil) }
				},
				"deadline": func() (context.Context, context.CancelFunc) {
					return context.WithTimeoutCause(context.Background(), wait, reason)
				},
			} {
				var late time.Duration
				guarded(t.Name(), func() {
					ctx, cancel := begin()
					defer cancel()
					began := time.Now()
					_, err = e.Eval(ctx, input)
					late = time.Since(began) - wait
				})
				var of *Error
				if !errors.As(err, &of) || of.Code != "D1012" || !errors.Is(err, reason) {
					t.Errorf("%s: ended with %v", kind, err)
				}
				if late > time.Second {
					t.Errorf("%s: ended %v too late", kind, late)
				}
			}
		})
	}
}

// TestTimeout runs the loops up to their own limit of time.
func TestTimeout(t *testing.T) {
	for name, expr := range map[string]string{"a tail call": endlessLoops["a tail call"], "a range": `[1..1000000].[1..1000000][0].[1..10][0]`} {
		t.Run(name, func(t *testing.T) {
			e := MustCompile(expr, WithLimits(Limits{Steps: -1, Sequence: -1, Bytes: -1, Timeout: 100 * time.Millisecond}))
			began := time.Now()
			_, err := e.Eval(context.Background(), Undefined)
			var of *Error
			if !errors.As(err, &of) || of.Code != "D1012" {
				t.Errorf("ended with %v", err)
			}
			if took := time.Since(began); took < 100*time.Millisecond || took > 2*time.Second {
				t.Errorf("ended after %v", took)
			}
		})
	}
}

// TestContextBefore evaluates nothing in a context that is over.
func TestContextBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := MustCompile("1").Eval(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// TestPanic lets a function of the caller's panic. The panic is the caller's too, and
// what was being evaluated leaves nothing behind for those that come after.
func TestPanic(t *testing.T) {
	e := MustCompile(`($x := 1; $map([1, 2, 3], function($v){$v > 1 ? $boom($v) : $v + $x}))`,
		WithFunction("boom", "<n:n>", func(_ context.Context, args []any) (any, error) {
			if args[0] == 2.0 {
				panic("boom")
			}
			return args[0], nil
		}))
	attempt := func() (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic: %v", r)
			}
		}()
		_, err = e.Eval(context.Background(), nil)
		return err
	}
	sum := MustCompile(`($f := function($n){$n = 0 ? 0 : $n + $f($n - 1)}; $f(100) + $sum([1..10].($y := $; $y * 2)))`)
	for range 100 {
		if err := attempt(); err == nil || !strings.Contains(err.Error(), "boom") {
			t.Fatalf("ended with %v", err)
		}
		if v, err := sum.Eval(context.Background(), nil); v != 5160.0 || err != nil {
			t.Fatalf("afterwards: %v %v", v, err)
		}
	}
}

// TestFunctionErrors gives what functions of the caller's return.
func TestFunctionErrors(t *testing.T) {
	reason := errors.New("no such thing")
	returning := func(v any, err error) func(context.Context, []any) (any, error) {
		return func(context.Context, []any) (any, error) { return v, err }
	}
	loop := map[string]any{}
	loop["a"] = loop
	for name, c := range map[string]struct {
		f    func(context.Context, []any) (any, error)
		want string
	}{
		"an error":          {returning(nil, reason), "D3137"},
		"an error of ours":  {returning(nil, &Error{Code: "U1234", Message: "mine"}), "U1234"},
		"nothing":           {returning(Undefined, nil), "ok"},
		"a nil pointer":     {returning((*ring)(nil), nil), "ok"},
		"a value in itself": {returning(loop, nil), "D1011"},
		"a channel":         {returning(make(chan int), nil), "ok"},
		"a long list":       {returning(numbers(2_000_000), nil), "ok D2015"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ends(t, `$string($count($f()) & $string($f()))`, nil, WithFunction("f", "", c.f))
			if !slices.Contains(strings.Fields(c.want), got) {
				t.Errorf("ended with %s, want %s", got, c.want)
			}
		})
	}
}
