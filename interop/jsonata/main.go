// Command jsonata evaluates random expressions on random inputs, with
// rules/jsonata and with the reference, npm's jsonata under Node, and reports where
// they disagree: on a value, down to the order of names and the sign of zero, or on the
// code of an error.
//
//	jsonata [-count 20000] [-seed 1] [-show 20] folder
//
// The folder holds reference.mjs and the reference, installed. The same seed makes the
// same cases. The program ends with status 1 if there is a disagreement; one that is decided, a
// row of the table of differences, is counted apart.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	count := flag.Int("count", 20000, "how many expressions")
	seed := flag.Uint64("seed", 1, "of the random expressions")
	show := flag.Int("show", 20, "how many disagreements to print, the shortest first")
	codes := flag.Bool("codes", false, "print how often each error code came up")
	read := flag.Bool("read", false, "evaluate the lines of standard input instead: an expression and, behind a tab, its input")
	flag.Parse()
	if flag.NArg() != 1 {
		fatal("name the folder of reference.mjs")
	}
	if *read {
		compareLines(flag.Arg(0))
		return
	}
	var r report
	for i := 0; i < *count; {
		// A case may end the reference: one that needs all memory. Another goes on behind it.
		ref, err := startReference(flag.Arg(0))
		if err != nil {
			fatal(err)
		}
		go ref.askAll(*seed, i, *count)
		for alive := true; alive && i < *count; i++ {
			want, err := ref.answer()
			if err != nil {
				want, alive = outcome{Crash: err.Error()}, false
			}
			c := newCase(*seed, i)
			r.add(c, evaluate(c), want)
		}
	}
	if *show > 0 && len(r.wrong) > 0 {
		r.show(flag.Arg(0), *show)
	}
	if !r.print(*count, *codes) {
		os.Exit(1)
	}
}

func fatal(what any) {
	fmt.Fprintln(os.Stderr, "jsonata:", what)
	os.Exit(1)
}

// report counts agreements and keeps what disagrees.
type report struct {
	wrong     []disagreement
	decided   map[string]int
	codes     map[string]int
	positions map[string][2]int // by code: errors that have one in both, and those where it differs
}

type disagreement struct {
	c         testCase
	got, want outcome
}

func (r *report) add(c testCase, got, want outcome) {
	if r.codes == nil {
		r.decided, r.codes, r.positions = map[string]int{}, map[string]int{}, map[string][2]int{}
	}
	switch {
	case want.Code != "":
		r.codes[want.Code]++
	case want.Nothing:
		r.codes["nothing"]++
	default:
		r.codes["value"]++
	}
	if got.same(want) {
		if want.Code != "" && got.Position > 0 && want.Position > 0 {
			p := r.positions[want.Code]
			p[0]++
			if got.Position != want.Position {
				p[1]++
			}
			r.positions[want.Code] = p
		}
		return
	}
	if name := decided(c, got, want); name != "" {
		r.decided[name]++
		return
	}
	r.wrong = append(r.wrong, disagreement{c, got, want})
}

// show prints disagreements, the shortest first, each as small as it gets and once.
func (r *report) show(folder string, most int) {
	ref, err := startReference(folder)
	if err != nil {
		fatal(err)
	}
	slices.SortStableFunc(r.wrong, func(a, b disagreement) int { return cmp.Compare(len(a.c.Expr), len(b.c.Expr)) })
	shown := map[string]bool{}
	for _, d := range r.wrong {
		if len(shown) >= most {
			break
		}
		if d = d.shrink(ref); shown[d.c.Expr] {
			continue
		}
		shown[d.c.Expr] = true
		fmt.Printf("%d: %s\n\tinput  %s\n\tours   %s\n\ttheirs %s\n", d.c.number, d.c.Expr, d.c.Input, d.got, d.want)
	}
	ref.finish()
}

// print prints the outcome and reports whether there is no disagreement.
func (r *report) print(count int, codes bool) bool {
	if codes {
		for _, code := range sortedKeys(r.codes) {
			p := r.positions[code]
			fmt.Printf("%-8s %7d", code, r.codes[code])
			if p[0] > 0 {
				fmt.Printf(", positions differ in %d of %d", p[1], p[0])
			}
			fmt.Println()
		}
	}
	for _, d := range differences {
		if n := r.decided[d.name]; n > 0 {
			fmt.Printf("decided: %d %s\n", n, d.name)
		}
	}
	errors, moved := 0, 0
	for _, p := range r.positions {
		errors, moved = errors+p[0], moved+p[1]
	}
	fmt.Printf("positions: %d of %d errors with one have another\n", moved, errors)
	fmt.Printf("jsonata: %d expressions, %d disagreements\n", count, len(r.wrong))
	return len(r.wrong) == 0
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// compareLines prints what comes of the cases on standard input, for experiments.
func compareLines(folder string) {
	ref, err := startReference(folder)
	if err != nil {
		fatal(err)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		expr, input, _ := strings.Cut(lines.Text(), "\t")
		c := testCase{Expr: expr}
		if input != "" {
			c.Input = json.RawMessage(input)
		}
		want, err := ref.evaluate(c)
		if err != nil {
			fatal(err)
		}
		if got := evaluate(c); got.same(want) && got.Position == want.Position {
			fmt.Printf("both   %s\n\t%s\n", lines.Text(), want)
		} else {
			fmt.Printf("DIFFER %s\n\tours   %s\n\ttheirs %s\n", lines.Text(), got, want)
		}
	}
	ref.finish()
}
