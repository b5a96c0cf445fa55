package main

import "strings"

// builtin is a function of the language as the grammar calls it: the kinds of
// its arguments, those after a question mark may be left out, and of its result. One with a list of
// arguments of its own is called with one of them in most cases.
type builtin struct {
	name   string
	args   string
	result kind
	given  []string
}

var builtins = []builtin{
	{"string", "x?b", str, nil},
	{"substring", "sn?n", str, nil},
	{"substringBefore", "ss", str, nil},
	{"substringAfter", "ss", str, nil},
	{"lowercase", "s", str, nil},
	{"uppercase", "s", str, nil},
	{"length", "s", num, nil},
	{"trim", "s", str, nil},
	{"pad", "sn?s", str, []string{`s,5`, `s,-5`, `"x",3,"😀"`, `s,4.7,"ab"`, `"",2`, `s,-7.2,"xyz"`}},
	{"match", "sf?n", arr, []string{`s,/a/`, `s,/[a-z]+/,2`, `"ab😀ab",/(a)|(b)/`, `s,/(.)(.)?/`}},
	{"contains", "ss", boole, []string{`s,/a/`, `s,/^[a-z]+$/i`, `s,"a"`}},
	{"replace", "sss?n", str, []string{`s,/(a)(b)?/,"$2-$1-$0-$$"`, `s,/./,"[$0]",2`, `s,/[a-z]/,function($m){$uppercase($m.match)}`, `s,"a","$1"`, `s,/(x)|(y)/,"$1$2$3$10"`}},
	{"split", "ss?n", arr, []string{`s,/[ ,]/`, `s,""`, `s,",",2`, `s,/(a)/,1.5`, `s," "`}},
	{"join", "a?s", str, []string{`["a","b"]`, `["a","b"],", "`, `items.s`, `items.s,"-"`}},
	{"base64encode", "s", str, nil},
	{"base64decode", "s", str, []string{`"aGVsbG8="`, `"YQ"`, `"4pyT"`, `"__-_"`, `s`}},
	{"encodeUrlComponent", "s", str, nil},
	{"encodeUrl", "s", str, nil},
	{"decodeUrlComponent", "s", str, []string{`"%41%2F"`, `"%E2%9C%93"`, `"%"`, `"%zz"`, `"%C3"`, `s`}},
	{"decodeUrl", "s", str, []string{`"%41%2F"`, `"%E2%9C%93"`, `"%ED%A0%80"`, `"%F0%9F%98%80"`, `s`}},
	{"sum", "a", num, nil},
	{"count", "a", num, nil},
	{"max", "a", num, nil},
	{"min", "a", num, nil},
	{"average", "a", num, nil},
	{"number", "s", num, nil},
	{"floor", "n", num, nil},
	{"ceil", "n", num, nil},
	{"round", "n?n", num, nil},
	{"abs", "n", num, nil},
	{"sqrt", "n", num, nil},
	{"power", "nn", num, nil},
	{"formatNumber", "ns", str, []string{`n,"#,##0.00"`, `1234.5678,"0.0##"`, `-5,"#0;(#0)"`, `0.5,"0%"`, `12,"000"`, `id,"#"`, `1234.5,"#,##0.0",{"decimal-separator":",","grouping-separator":"."}`, `1,"x"`, `1,"0.0.0"`, `1,"#0,.0"`, `1,"0;0;0"`, `0.0012,"0.0e0"`}},
	{"formatBase", "n?n", str, nil},
	{"formatInteger", "ns", str, []string{`12,"w"`, `12,"Ww;o"`, `1999,"I"`, `27,"a"`, `1234567,"#,##0"`, `5,"01"`, `3,"W"`, `21,"0;o"`, `7.8,"1"`}},
	{"parseInteger", "ss", num, []string{`"twelve","w"`, `"MCM","I"`, `"aa","a"`, `"1,234","#,##0"`, `"12th","0;o"`}},
	{"boolean", "x", boole, nil},
	{"not", "x", boole, nil},
	{"exists", "x", boole, nil},
	{"append", "xx", arr, nil},
	{"reverse", "a", arr, nil},
	{"distinct", "a", arr, nil},
	{"zip", "a?aa", arr, nil},
	{"sort", "a?f", arr, []string{`list`, `items,function($l,$r){$l.n>$r.n}`, `list,function($l,$r){$l<$r}`, `["b","a","😀","\uFFFD"]`, `items.s`, `b`}},
	{"map", "af", arr, nil},
	{"filter", "af", arr, nil},
	{"single", "a?f", any_, nil},
	{"reduce", "af?x", any_, []string{`list,function($a,$b){$a+$b}`, `list,function($a,$b,$i,$l){$a&$b&$i&$count($l)},""`, `items,$append`, `[1..4],function($x,$y){$x*$y},2`}},
	{"keys", "o", arr, nil},
	{"lookup", "os", any_, nil},
	{"spread", "o", arr, nil},
	{"merge", "a", obj, []string{`items`, `[{"a":1},{"b":2,"a":3}]`, `[$,{"z":1}]`, `$`}},
	{"sift", "o?f", obj, []string{`$,function($v,$k){$k!="a"}`, `function($v){$exists($v)}`, `$,function($v,$k,$o){$k in ["a","n"]}`}},
	{"each", "of", arr, []string{`$,function($v,$k){$k}`, `function($v,$k){$k&":"&$string($v)}`, `$,$type`}},
	{"clone", "o", obj, nil},
	{"type", "x", str, nil},
	{"error", "?s", any_, nil},
	{"assert", "b?s", any_, nil},
	{"toMillis", "s", num, []string{`"2024-02-29T12:30:00Z"`, `"2017-10-30T16:25:32.935+01:00"`, `"2020-01-01"`, `"13/05/2021","[D01]/[M01]/[Y0001]"`, `"x","[Y]"`, `s`}},
	{"fromMillis", "n", str, []string{`1510067557121`, `0,"[Y0001]-[M01]-[D01]"`, `1510067557121,"[H01]:[m01]:[s01].[f001]"`, `1e12,"[D1o] [MNn] [Y] [FNn,*-3]"`, `1e12,"[Y]","+0530"`, `1e12,"[h#1]:[m][P]"`, `1e12,"[Y"`}},
	{"eval", "s", any_, []string{`"1+1"`, `"$.a"`, `"items.n"`, `"("`, `"1+\"x\""`, `"$x:=3;"`, `"$",list`, `"a",items`}},
}

// settled are calls of functions whose results differ from one time to the next.
var settled = []string{"$sort($shuffle(list))", "$shuffle([[n]])", "$length($now())", "$now()=$now()", "$now(1)", `$now("[Y]")="x"`, "$millis()=$millis()", "$millis(1)", "$random()<1", "$random(1)",
	"$type($random)", "$count($shuffle(*))"}

// pictured are functions that are only called in the ways given, for the
// deviations of pictures are many.
var pictured = map[string]bool{"formatNumber": true, "formatInteger": true, "parseInteger": true, "fromMillis": true, "toMillis": true}

// call writes a call of a function that yields a kind.
func (g *generator) call(k kind, depth int) string {
	var fit []builtin
	for _, b := range builtins {
		if k == any_ || k == b.result || b.result == any_ && g.chance(30) {
			fit = append(fit, b)
		}
	}
	if len(fit) == 0 {
		fit = builtins
	}
	b := fit[g.intn(len(fit))]
	if g.chance(1) {
		return g.pick(settled)
	}
	if b.given != nil && (pictured[b.name] || g.chance(60)) {
		return "$" + b.name + "(" + g.pick(b.given) + ")"
	}
	least, rest, _ := strings.Cut(b.args, "?")
	kinds := least + rest[:g.intn(len(rest)+1)]
	switch n := g.intn(100); {
	case n < 4:
		kinds += "x"
	case n < 14 && len(kinds) > 0:
		kinds = kinds[1:] // the context stands in
	case n < 17 && len(kinds) > 0:
		kinds = kinds[:len(kinds)-1]
	}
	var args []string
	for _, k := range kinds {
		switch {
		case k == 's' && (b.name == "contains" || b.name == "split" || b.name == "replace") && g.chance(15):
			args = append(args, g.regex())
		case b.name == "match" && k == 'f':
			args = append(args, g.regex())
		case (b.name == "pad" || b.name == "formatBase" || b.name == "round") && k == 'n' && g.chance(80):
			args = append(args, []string{"2", "5", "-4", "16", "36", "0", "1.5", "10"}[g.intn(8)])
		default:
			args = append(args, g.expr(kind(k), depth-1))
		}
	}
	return "$" + b.name + g.space() + "(" + strings.Join(args, ",") + ")"
}
