package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode/utf8"
)

// testCase is an expression and the input it is evaluated on.
type testCase struct {
	number int
	Expr   string          `json:"expr"`
	Input  json.RawMessage `json:"input,omitempty"`
}

// newCase makes the case of a number, always the same for a seed.
func newCase(seed uint64, number int) testCase {
	g := &generator{r: rand.New(rand.NewPCG(seed, uint64(number)))}
	input := g.input()
	expr := g.expr(g.anyKind(), 2+g.intn(4))
	if g.chance(3) && !pictures.MatchString(expr) {
		expr = g.damage(expr)
	}
	return testCase{number, expr, input}
}

// kind is what an expression is wanted to yield. One in some gets another.
type kind byte

const (
	num   kind = 'n'
	str   kind = 's'
	boole kind = 'b'
	arr   kind = 'a'
	obj   kind = 'o'
	fun   kind = 'f' // of one to three arguments
	any_  kind = 'x'
)

// generator writes expressions by a grammar, at random.
type generator struct {
	r    *rand.Rand
	vars []variable // in scope
}

type variable struct {
	name string
	kind kind
}

func (g *generator) intn(n int) int           { return g.r.IntN(n) }
func (g *generator) chance(percent int) bool  { return g.r.IntN(100) < percent }
func (g *generator) pick(all []string) string { return all[g.r.IntN(len(all))] }

// space is what may stand between tokens.
func (g *generator) space() string {
	if g.chance(90) {
		return ""
	}
	return g.pick([]string{" ", "  ", "\n", "\t", "\r\n", "/* c */", " /**/ ", "\v"})
}

func (g *generator) anyKind() kind {
	return []kind{num, str, boole, arr, obj, fun, any_, any_, any_, arr}[g.intn(10)]
}

// scope runs what binds variables of its own.
func (g *generator) scope(inner func() string) string {
	vars := len(g.vars)
	defer func() { g.vars = g.vars[:vars:vars] }()
	return inner()
}

func (g *generator) bind(name string, k kind) { g.vars = append(g.vars, variable{name, k}) }

// expr writes an expression of a kind, or of any other; depth bounds the ones within.
func (g *generator) expr(k kind, depth int) string {
	if g.chance(7) {
		k = g.anyKind()
	}
	s := g.space() + g.of(k, depth)
	if depth > 0 && g.chance(15) {
		s = "(" + s + g.space() + ")"
	}
	return s + g.space()
}

func (g *generator) of(k kind, depth int) string {
	if depth <= 0 {
		return g.leaf(k)
	}
	if g.chance(25) {
		return g.general(k, depth)
	}
	switch k {
	case num:
		return g.number(depth)
	case str:
		return g.string(depth)
	case boole:
		return g.boolean(depth)
	case arr:
		return g.list(depth)
	case obj:
		return g.object(depth)
	case fun:
		return g.function(depth)
	}
	if g.chance(60) {
		return g.path(depth)
	}
	return g.of(g.anyKind(), depth)
}

// leaf writes an expression that has no others within.
func (g *generator) leaf(k kind) string {
	if g.chance(30) {
		if s, ok := g.variable(k); ok {
			return s
		}
	}
	if k == any_ {
		k = g.anyKind()
	}
	switch k {
	case num:
		if g.chance(35) {
			return g.pick([]string{"n", "id", "$.n", "`10`", "$$.n", "list[0]"})
		}
		return g.numberLiteral()
	case str:
		if g.chance(35) {
			return g.pick([]string{"s", "größe", "$.s", "$$.größe", "items.s"})
		}
		return g.stringLiteral()
	case boole:
		return g.pick([]string{"true", "false"})
	case arr:
		return g.pick([]string{"[]", "[1]", "[1,2,3]", "list", "items", "b", "$$.list", "[1..3]", "[[1,2],[3]]", `["b","a","c"]`, "[3,1,2]", "list[]", "*", "**", "[null,true]", "[[]]", "$$.items"})
	case obj:
		return g.pick([]string{"{}", `{"a":1}`, "$", "$$", `{"b":1,"a":"x"}`, `{"10":1,"b":[1,2],"2":{}}`, "items[0]", "a", "c", "$.d"})
	case fun:
		return g.pick([]string{"$string", "$uppercase", "$sum", "$count", "$not", "$boolean", "function($x){$x}", "$number", "/a/", "$length", "$exists", "$type", "$keys", "$append", "function($x,$y){$x}", "$abs", "$reverse"})
	}
	return g.pick([]string{"null", "$", "$$", "nothing", "$undefined", "a", "e"})
}

func (g *generator) variable(k kind) (string, bool) {
	var fit []string
	for _, v := range g.vars {
		if k == any_ || v.kind == k || v.kind == any_ {
			fit = append(fit, "$"+v.name)
		}
	}
	if len(fit) == 0 {
		return "", false
	}
	return g.pick(fit), true
}

func (g *generator) numberLiteral() string {
	s := g.pick(numbers)
	if g.chance(50) {
		s = strconv.Itoa(g.intn(5))
	}
	if g.chance(15) {
		s = "-" + s
	}
	return s
}

func (g *generator) stringLiteral() string {
	switch g.intn(12) {
	case 0:
		return g.pick([]string{`"\u00e9"`, `"\uD83D\uDE00"`, `"\uD800"`, `"\uDC00x"`, `"a\/b"`, `"\\\""`, `"\b\f\n\r\t"`, `'it"s'`, `"it's"`, `"\u0041"`, `''`, `"\u0000"`})
	case 1:
		return "'" + strings.NewReplacer("\\", "\\\\", "'", "").Replace(g.pick(texts)) + "'"
	}
	return quote(g.pick(texts))
}

// general writes an expression of a form that any kind can have.
func (g *generator) general(k kind, depth int) string {
	d := depth - 1
	switch g.intn(12) {
	case 0:
		return g.expr(boole, d) + "?" + g.expr(k, d) + ":" + g.expr(k, d)
	case 1:
		return g.expr(boole, d) + "?" + g.expr(k, d)
	case 2:
		return g.expr(any_, d) + "?:" + g.expr(k, d)
	case 3:
		return g.pick([]string{"nothing", g.expr(any_, d)}) + "??" + g.expr(k, d)
	case 4, 5:
		return g.block(k, d)
	case 6:
		return g.scope(func() string {
			return g.lambda(k, d) + "(" + g.arguments(g.intn(3), d) + ")"
		})
	case 7:
		return "$eval(" + quoteExpr(g.expr(k, min(d, 2))) + g.pick([]string{"", "", "," + g.expr(any_, d)}) + ")"
	case 8:
		if s, ok := g.variable(k); ok {
			return s
		}
		return g.path(depth)
	case 9:
		return g.expr(any_, d) + "~>" + g.expr(fun, d)
	case 10:
		return g.expr(any_, d) + "~>" + g.call(any_, d)
	}
	return g.path(depth)
}

// quoteExpr writes an expression as a string of an expression.
func quoteExpr(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\u0027`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\v", " ").Replace(s) + "'"
}

var variableNames = []string{"x", "y", "v", "f", "i", "acc", "größe", "_1", "and"}

func (g *generator) block(k kind, depth int) string {
	return g.scope(func() string {
		var parts []string
		for range g.intn(3) {
			of := g.anyKind()
			name := g.pick(variableNames)
			part := "$" + name + g.space() + ":=" + g.expr(of, depth)
			g.bind(name, of)
			if g.chance(15) {
				part = g.expr(any_, depth)
			}
			parts = append(parts, part)
		}
		parts = append(parts, g.expr(k, depth))
		s := "(" + strings.Join(parts, ";")
		if g.chance(10) {
			s += ";"
		}
		return s + ")"
	})
}

var signatures = []string{"<n:n>", "<s:s>", "<x:x>", "<a:a>", "<n-n:n>", "<s-:s>", "<nn?:n>", "<(ns):x>", "<a<n>:n>", "<o:x>", "<x+:x>", "<f:x>", "<f<n:n>n:n>", "<j:j>", "<b?x:x>", "<s?n?:x>",
	"<>", "<:n>", "<n?s:x>", "<a<s>s?:s>", "<l:x>", "<a?:x>", "<n+s:x>", "<u:x>", "<(sao)-:x>", "<a<x>:x>", "<a<j>:x>"}

func (g *generator) lambda(k kind, depth int) string {
	var params []string
	for range g.intn(4) {
		name := g.pick(variableNames)
		g.bind(name, any_)
		params = append(params, "$"+name)
	}
	head := g.pick([]string{"function", "function", "λ"}) + g.space() + "(" + strings.Join(params, ",") + ")"
	if g.chance(12) {
		head += g.pick(signatures)
	}
	return head + g.space() + "{" + g.expr(k, depth) + "}"
}

func (g *generator) arguments(n, depth int) string {
	var all []string
	for range n {
		all = append(all, g.expr(any_, depth))
	}
	return strings.Join(all, ",")
}

func (g *generator) number(depth int) string {
	d := depth - 1
	switch g.intn(8) {
	case 0, 1, 2:
		return g.expr(num, d) + g.pick([]string{"+", "-", "*", "/", "%"}) + g.expr(num, d)
	case 3:
		return "-" + g.expr(num, d)
	case 4:
		return "$count(" + g.expr(any_, d) + ")"
	case 5:
		return fmt.Sprintf("($r := function($x){$x <= 1 ? %s : $x %s $r($x - 1)}; $r(%d))", g.expr(num, 0), g.pick([]string{"*", "+", "-"}), g.intn(8))
	}
	return g.call(num, depth)
}

func (g *generator) string(depth int) string {
	if g.chance(40) {
		return g.expr(any_, depth-1) + "&" + g.expr(str, depth-1)
	}
	return g.call(str, depth)
}

func (g *generator) boolean(depth int) string {
	d := depth - 1
	switch g.intn(7) {
	case 0, 1:
		return g.expr(any_, d) + g.pick([]string{"=", "!="}) + g.expr(any_, d)
	case 2:
		k := []kind{num, str, any_}[g.intn(3)]
		return g.expr(k, d) + g.pick([]string{"<", "<=", ">", ">="}) + g.expr(k, d)
	case 3:
		return g.expr(boole, d) + g.pick([]string{" and ", " or "}) + g.expr(boole, d)
	case 4:
		return g.expr(any_, d) + " in " + g.expr(arr, d)
	case 5:
		k := g.anyKind()
		e := g.expr(k, d)
		return e + g.pick([]string{"=", "!=", " in "}) + e
	}
	return g.call(boole, depth)
}

func (g *generator) list(depth int) string {
	d := depth - 1
	switch g.intn(8) {
	case 0, 1:
		var items []string
		for range g.intn(4) {
			if g.chance(12) {
				items = append(items, g.expr(num, 0)+".."+g.pick([]string{"3", "5", "0", "-1", g.expr(num, 0)}))
				continue
			}
			items = append(items, g.expr(g.anyKind(), d))
		}
		return "[" + strings.Join(items, ",") + "]"
	case 2:
		return g.expr(any_, d) + "[]"
	case 3, 4:
		return g.path(depth)
	}
	return g.call(arr, depth)
}

func (g *generator) object(depth int) string {
	switch g.intn(5) {
	case 0, 1:
		return g.pairs(depth)
	case 2:
		return g.path(depth-1) + g.pairs(depth-1)
	case 3:
		return g.expr(obj, depth-1) + "~>" + g.transform(depth-1)
	}
	return g.call(obj, depth)
}

func (g *generator) pairs(depth int) string {
	var all []string
	for range g.intn(4) {
		key := quote(g.pick(names))
		if g.chance(40) {
			key = g.expr(str, min(1, depth-1))
		}
		all = append(all, key+":"+g.expr(any_, depth-1))
	}
	return "{" + strings.Join(all, ",") + "}"
}

func (g *generator) transform(depth int) string {
	s := "|" + g.pick([]string{"$", "a", "items", "**", "*", "items[0]", "b.c", "$.a", "c[]", g.path(min(depth, 1))}) + "|" + g.pick([]string{"{}", `{"z":1}`, `{"n":n+1,"a":$}`, "null", "nothing", g.expr(obj, depth-1)})
	if g.chance(40) {
		s += "," + g.pick([]string{`"a"`, `["a","b"]`, `["n",1]`, "nothing", "1", "$keys($)", g.expr(arr, 0)})
	}
	return s + "|"
}

func (g *generator) function(depth int) string {
	d := depth - 1
	switch g.intn(9) {
	case 0, 1, 2, 3:
		return g.scope(func() string { return g.lambda(any_, d) })
	case 4:
		b := builtins[g.intn(len(builtins))]
		return "$" + b.name
	case 5:
		b := builtins[g.intn(len(builtins))]
		return "$" + b.name + "(" + g.partial(b.args, d) + ")"
	case 6:
		return "(" + g.expr(fun, d) + "~>" + g.expr(fun, d) + ")"
	case 7:
		return g.regex()
	}
	return g.transform(d)
}

// partial writes arguments some of which are left open.
func (g *generator) partial(kinds string, depth int) string {
	var all []string
	for _, k := range strings.ReplaceAll(kinds, "?", "") {
		if g.chance(50) {
			all = append(all, "?")
		} else {
			all = append(all, g.expr(kind(k), depth))
		}
	}
	if len(all) == 0 || g.chance(30) {
		all = append(all, "?")
	}
	return strings.Join(all, ",")
}

var regexParts = []string{"a", "b", "[abc]", "[^a]", ".", `\d`, `\w`, `\s`, "x", "(a)", "(b|c)", "(a(b)?)", "(?:ab)", "o", "l+", "[a-z]+", `\d+`, ".*", "a*", "^", "$", `\b`, `\.`, "[ ,]", "é", "(?<g>b)", "[0-9]{1,2}", "s?", `[/]`, `\/`}

func (g *generator) regex() string {
	var b strings.Builder
	for range 1 + g.intn(3) {
		b.WriteString(g.pick(regexParts))
	}
	return "/" + b.String() + "/" + g.pick([]string{"", "", "", "i", "m", "im"})
}

// path writes a chain of steps with what may follow each.
func (g *generator) path(depth int) string {
	return g.scope(func() string {
		d := depth - 1
		s := g.firstStep(d) + g.after(d)
		for range g.intn(4) {
			s += g.space() + "." + g.space() + g.step(d, g.chance(5)) + g.after(d)
		}
		if g.chance(6) {
			s += g.pairs(d)
		}
		return s
	})
}

func (g *generator) name() string {
	name := g.pick(names)
	if g.chance(40) {
		name = g.pick([]string{"a", "b", "items", "list", "n", "s"})
	}
	if strings.Trim(name, "0123456789") == "" || strings.Contains(name, " ") || name == "and" || g.chance(4) {
		return g.pick([]string{"`" + name + "`", "`" + name + "`", quote(name)})
	}
	return name
}

func (g *generator) firstStep(depth int) string {
	switch n := g.intn(20); {
	case n < 9:
		return g.name()
	case n < 11:
		return g.pick([]string{"$", "$$"})
	case n < 12:
		if s, ok := g.variable(any_); ok {
			return s
		}
		return "$"
	case n < 16 && depth > 0:
		return "(" + g.expr(g.anyKind(), depth) + ")"
	case n < 17:
		return g.list(max(depth, 1))
	}
	return g.step(depth, !g.chance(5))
}

func (g *generator) step(depth int, first bool) string {
	switch n := g.intn(24); {
	case n < 11:
		return g.name()
	case n < 12:
		return "*"
	case n < 13:
		return "**"
	case n < 14 && !first:
		return g.pick([]string{"%", "%", "%.%"})
	case n < 16:
		return "$"
	case depth <= 0:
		return g.name()
	case n < 18:
		return "(" + g.expr(any_, depth) + ")"
	case n < 20:
		return "[" + g.arguments(g.intn(3), depth) + "]"
	case n < 21:
		return g.pairs(depth)
	case n < 23:
		return g.call(any_, depth)
	}
	return g.leaf(any_)
}

// after writes what may follow a step.
func (g *generator) after(depth int) string {
	var b strings.Builder
	for g.chance(30) {
		b.WriteString(g.space())
		switch n := g.intn(20); {
		case n < 4:
			b.WriteString("[" + g.pick([]string{"0", "1", "-1", "-2", "1.5", "[0,1]", "[-1,0,0]", "[0..1]", "true", "false", "[]", `"a"`, "null"}) + "]")
		case n < 8:
			b.WriteString("[" + g.expr(boole, min(depth, 2)) + "]")
		case n < 9:
			b.WriteString("[" + g.expr(any_, min(depth, 2)) + "]")
		case n < 12:
			b.WriteString("[]")
		case n < 14:
			name := g.pick(variableNames)
			g.bind(name, num)
			b.WriteString("#$" + name)
		case n < 16:
			name := g.pick(variableNames)
			g.bind(name, any_)
			b.WriteString("@$" + name)
		case n < 19:
			var terms []string
			for range 1 + g.intn(2) {
				terms = append(terms, g.pick([]string{"", "<", ">"})+g.pick([]string{"$", "n", "s", "id", "a.n", "-n", g.expr(any_, min(depth, 1))}))
			}
			b.WriteString("^(" + strings.Join(terms, ",") + ")")
		default:
			b.WriteString(g.pairs(min(depth, 1)))
		}
	}
	return b.String()
}

// damage changes a character or two of an expression.
func (g *generator) damage(s string) string {
	runes := []rune(s)
	for range 1 + g.intn(2) {
		at := g.intn(len(runes) + 1)
		piece := []rune(g.pick([]string{"", "(", ")", "[", "]", "{", "}", ".", "..", ",", ";", ":", ":=", "?", "!", "!=", "~", "~>", "|", "&", "^", "@", "#", "%", "/", "*", "**", `"`, "'", "`", `\`, "$", "1", "0.", "1e", "1e999", " in ", " and ",
			"function", "/*", "*/", `"\x"`, `"\u12"`, "??", "?:", "<", "=", "-", "\f", "\u00a0"}))
		until := min(len(runes), at+g.intn(3))
		runes = append(append(append([]rune{}, runes[:at]...), piece...), runes[until:]...)
	}
	s = string(runes)
	if s == "" || !utf8.ValidString(s) {
		return "("
	}
	return s
}
