package jsonata

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

// fuzzSeeds are expressions that reach all parts of the engine, with inputs.
var fuzzSeeds = [][2]string{
	{`a.b[c > 1].d`, `{"a":{"b":[{"c":2,"d":[1,{"e":null}]},{"c":0}]}}`},
	{`$sum(o.p.(x * y)) & "é😀" & $string(o)`, `{"o":[{"p":[{"x":1.5,"y":2}]}]}`},
	{`**.a[-1] ~> |$|{"b": b + 1}, ["c"]|`, `[{"a":[{"b":1,"c":2}]}]`},
	{`o^(>x, y){z: $count($)}`, `{"o":[{"x":1,"y":"b","z":"k"},{"x":1,"y":"a","z":"k"}]}`},
	{`o@$a.p#$i[$a.x = x].{"i": $i, "p": %.%}`, `{"o":[{"x":1,"p":[{"x":1}]}]}`},
	{`($f := function($n)<n:n>{$n <= 1 ? 1 : $n * $f($n - 1)}; $map([1..5], $f))`, `null`},
	{`$reduce([1..5], function($a, $b){$a + $b}) ~> $string() ~> $length`, `0`},
	{`($g := $substring(?, 1, ?); $h := $uppercase ~> $trim; $h($g($, 3)))`, `"abcdef"`},
	{`$replace($, /(\w+)\s(\w+)/i, "$2 $1") & $match($, /\bx*/).match`, `"John xx Smith"`},
	{`$split($, /, */) ~> $join("-")`, `"a, b,c"`},
	{`$sift($, λ($v, $k){$k in ["a", "b"] and $v != null})`, `{"a":1,"b":null,"c":3}`},
	{`$merge([$, {"n": $spread($)}, $each($, function($v, $k){{$k & "x": $v}})])`, `{"b":1,"10":2,"2":3}`},
	{`$formatNumber($, "#,##0.00;(0)") & $formatInteger($, "w;o") & $formatBase($, 16)`, `1234.5`},
	{`$fromMillis($, "[Y0001]-[M01]-[D01] [H01]:[m01]:[s01].[f001] [FNn,3-3] [W] [Z01:01]", "+0530")`, `1510067557121`},
	{`$toMillis($, "[D1o] [MNn] [Y]") ?? $parseInteger("one hundred", "w")`, `"3rd March 2018"`},
	{`$eval("a.b + $x", {"a":{"b":1}}) ?: $distinct([a, a]) ? $zip(a, a)[0] : $type(a)`, `{"a":[1,1,"1"]}`},
	{"(`a b`.\"c\".'d' /* why */; $x := [1..3, 7, [8]]; $x[[0, 2]])[]", `{"a b":{"c":{"d":1}}}`},
	{`$sort(a, function($l, $r){$l.x > $r.x}) ~> $reverse() ~> $append(1e3)`, `{"a":[{"x":2},{"x":1}]}`},
	{`$base64encode($encodeUrlComponent($pad($, -8, "ab"))) & $decodeUrl("%C3%A9") & $base64decode("QUI=")`, `"x/é"`},
	{`$assert($exists(a) = $not(b), "no") ~> $error($now() & $millis())`, `{"a":false}`},
	{`$round($number("0x1F") / -3, 2) % $sqrt($power(2, 3)) & $max(a) & $average(a) & $single(a, function($v){$v = 1})`, `{"a":[1,2,3]}`},
	{`/ab+/("xabb").next() ~> $clone() & $lookup($, "k") & $keys($)`, `{"k":"\ud800"}`},
	{`$filter(*, function($v, $i, $a){$v >= $a[$i] and $i <= 2 or -$v < 0})`, `{"1":1,"0":-0.0}`},
}

// hasSuite reports whether the recorded cases are here, which are good seeds.
func hasSuite() bool {
	vectors := os.Getenv("VECTORS")
	if vectors == "" {
		vectors = "../../../shared/vectors"
	}
	_, err := os.Stat(filepath.Join(vectors, "jsonata"))
	return err == nil
}

// allocated is how many bytes the process has allocated so far.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// FuzzEval evaluates expressions under the default limits. Nothing panics or
// takes much more than the limits say, the input stays as it was, and the same
// evaluation gives the same again.
func FuzzEval(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s[0], s[1])
	}
	if hasSuite() {
		for _, c := range readSuite(f) {
			input := ""
			if c.data != Undefined {
				b, err := AppendJSON(nil, c.data)
				if err != nil {
					f.Fatal(err)
				}
				input = string(b)
			}
			f.Add(c.expr, input)
		}
	}
	at := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, source, document string) {
		e, err := Compile(source)
		if err != nil {
			return
		}
		var input any = Undefined
		if document != "" {
			if input, err = ParseJSON([]byte(document)); err != nil {
				return
			}
		}
		before, err := AppendJSON(nil, input)
		if err != nil {
			t.Fatalf("the input: %v", err)
		}
		first := evaluated(t, e, input, at)
		if after, err := AppendJSON(nil, input); err != nil || string(after) != string(before) {
			t.Fatalf("the input was %s and became %s %v", before, after, err)
		}
		second := evaluated(t, e, input, at)
		if first != second && !isRandom(source+document) && first != stopped && second != stopped {
			t.Fatalf("gave %s, then %s", first, second)
		}
		// The same on what encoding/json yields, whose order is another one.
		var decoded any
		if json.Unmarshal([]byte(document), &decoded) == nil {
			evaluated(t, e, decoded, at)
		}
	})
}

// isRandom reports whether an evaluation may give something else each time.
func isRandom(s string) bool {
	return strings.Contains(s, "random") || strings.Contains(s, "shuffle") || strings.Contains(s, "eval") && strings.Contains(s, `\u`)
}

// stopped is what an evaluation gives that took too long: how far it came is chance.
const stopped = "D1012"

// mostAllocated is how many bytes an evaluation may allocate, much of it at
// once garbage: small values take several times what they count.
const mostAllocated = 16 * 64 << 20

// evaluated evaluates within the bounds, and gives the JSON of the result or the code of the error.
func evaluated(t *testing.T, e *Expr, input any, at time.Time) string {
	t.Helper()
	began, from := time.Now(), allocated()
	v, err := e.Eval(context.Background(), input, WithTime(at))
	took, bytes := time.Since(began), allocated()-from
	if took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	if bytes > mostAllocated {
		t.Errorf("allocated %d MiB", bytes>>20)
	}
	if err != nil {
		var of *Error
		if !errors.As(err, &of) || of.Code == "" || of.Message == "" {
			t.Fatalf("failed with %#v", err)
		}
		of.Column(e.String())
		return of.Code
	}
	out, err := AppendJSON(nil, v)
	if err != nil {
		var of *Error
		if !errors.As(err, &of) || of.Code != "D1011" {
			t.Fatalf("the result: %v", err)
		}
	}
	if v == Undefined {
		return "undefined"
	}
	if !json.Valid(out) && err == nil {
		t.Fatalf("the result is no JSON: %s", out)
	}
	return string(out)
}

// FuzzCompile compiles what comes. Errors are complete, and tell where in the source they are.
func FuzzCompile(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s[0])
	}
	for _, s := range []string{
		"", " ", "$", "$$", "%", "@", "a@$", "a#$i", "(", "[1..", "{\"a\":", "function($x)<n-a<s>+:(sb)>{$x}(1)", "|a|{}|", "`", `"\u12`, "/[/]/im", "/*", "1e999", "a.1", "?",
		"a^(>b,<c)", "$f(?,1)", "a[]{}", "\xff\xfe", "λ($é){$é}", "a ?: b ?? c ? d : e", "a:=1", "/\\k<x>(?<x>a)\\1(?=b)/", "- - 1", "in in in", "and and or",
	} {
		f.Add(s)
	}
	if hasSuite() {
		for _, c := range readSuite(f) {
			f.Add(c.expr)
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		began, from := time.Now(), allocated()
		e, err := Compile(source)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("took %v", took)
		}
		if bytes := allocated() - from; bytes > mostAllocated/4 {
			t.Errorf("allocated %d MiB", bytes>>20)
		}
		if err == nil {
			if e.String() != source {
				t.Errorf("the source is %q", e.String())
			}
			return
		}
		var of *Error
		if !errors.As(err, &of) || of.Code == "" || of.Message == "" {
			t.Fatalf("failed with %#v", err)
		}
		if of.Position < 0 || of.Position > len(source) {
			t.Errorf("%v is at %d of %d", err, of.Position, len(source))
		}
		if line, column := of.Column(source); line < 0 || column < 0 || line > 1+strings.Count(source, "\n") || column > 1+len(source) {
			t.Errorf("%v is in line %d, column %d", err, line, column)
		}
		if _, again := Compile(source); again == nil || again.Error() != err.Error() {
			t.Errorf("failed with %v, then with %v", err, again)
		}
	})
}
