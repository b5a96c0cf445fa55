package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// words are what a disagreement is shrunk by leaving out: tokens, more or less.
var words = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|/\*.*?\*/|\$*[\pL\pN_]+|\s+|.`)

// shrink leaves out all of a case that its disagreement does not need.
func (d disagreement) shrink(ref *reference) disagreement {
	try := func(c testCase) bool {
		want, err := ref.evaluate(c)
		if err != nil {
			return false
		}
		got := evaluate(c)
		if got.same(want) || got.sort() != d.got.sort() || want.sort() != d.want.sort() || decided(c, got, want) != "" {
			return false
		}
		d = disagreement{c, got, want}
		return true
	}
	for before := -1; before != len(d.c.Expr)+len(d.c.Input); {
		before = len(d.c.Expr) + len(d.c.Input)
		shorter(d.c.Expr, func(s string) bool {
			c := d.c
			c.Expr = s
			return try(c)
		})
		shorter(string(d.c.Input), func(s string) bool {
			c := d.c
			c.Input = json.RawMessage(s)
			if s == "" {
				c.Input = nil
			}
			var input any // which fails for numbers that are out of range, too
			return (s == "" || json.Unmarshal(c.Input, &input) == nil) && try(c)
		})
	}
	return d
}

// shorter leaves out words as long as the rest will do, the longest runs of them first.
func shorter(s string, do func(string) bool) {
	all := words.FindAllString(s, -1)
	for size := len(all); size > 0; size-- {
		if len(all) > 60 && size < len(all) && size > 20 {
			size -= size / 8
		}
		for at := 0; at+size <= len(all); {
			// Without the run, and without its ends: what brackets hold may do in their place.
			if rest := slices.Concat(all[:at], all[at+size:]); do(strings.Join(rest, "")) {
				all = rest
				continue
			}
			if size > 2 {
				if rest := slices.Concat(all[:at], all[at+1:at+size-1], all[at+size:]); do(strings.Join(rest, "")) {
					all = rest
					continue
				}
			}
			at++
		}
	}
}

// sort is what two disagreements must have in common for one to be taken for the other.
func (o outcome) sort() string {
	switch {
	case o.Crash != "":
		return "crash"
	case o.Code != "":
		return o.Code
	case o.Nothing:
		return "nothing"
	}
	return "value"
}
