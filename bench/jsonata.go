package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"

	xiatechs "github.com/xiatechs/jsonata-go"

	"github.com/seed-9f7c7091/concordat/rules/jsonata"
)

// question is an expression that is evaluated on an input.
type question struct {
	name, expression string
	input            string // JSON
	// goal is what is aimed at beside the other engine in Go.
	goal string
	// hand is what a Go programmer would write for this expression alone, on what encoding/json yields.
	hand     func(input any) any
	handGoal string
}

// questions are those whose evaluation is measured.
var questions = []question{
	{
		name:       "a field renamed in a record of 12",
		expression: `$merge([$sift($, function($v, $k) {$k != 'ssn'}), {'national_id': $.'ssn'}])`,
		input:      personText,
		goal:       "≤ 0.20×",
		hand: func(input any) any {
			person := input.(map[string]any)
			renamed := make(map[string]any, len(person))
			for name, v := range person {
				if name != "ssn" {
					renamed[name] = v
				}
			}
			if v, ok := person["ssn"]; ok {
				renamed["national_id"] = v
			}
			return renamed
		},
		handGoal: "≤ 4×",
	},
	{
		name:       "the sum of an invoice",
		expression: `$sum(Account.Order.Product.(Price * Quantity))`,
		input:      invoiceText,
		goal:       "≤ 0.10×",
		hand: func(input any) any {
			sum := 0.0
			account := input.(map[string]any)["Account"].(map[string]any)
			for _, order := range account["Order"].([]any) {
				for _, p := range order.(map[string]any)["Product"].([]any) {
					product := p.(map[string]any)
					sum += product["Price"].(float64) * product["Quantity"].(float64)
				}
			}
			return sum
		},
		handGoal: "reported",
	},
	{
		name:       "$map over 1,000 objects",
		expression: `$map(items, function($i) {$i.price * $i.count})`,
		input:      itemsText(1000),
		goal:       "≤ 0.125×",
		hand: func(input any) any {
			items := input.(map[string]any)["items"].([]any)
			all := make([]any, 0, len(items))
			for _, x := range items {
				item := x.(map[string]any)
				all = append(all, item["price"].(float64)*item["count"].(float64))
			}
			return all
		},
		handGoal: "reported",
	},
	{
		name:       "$filter over 1,000 objects",
		expression: `$filter(items, function($i) {$i.price > 50 and $i.kind = 'book'})`,
		input:      itemsText(1000),
		goal:       "≤ 0.125×",
		hand: func(input any) any {
			var all []any
			for _, x := range input.(map[string]any)["items"].([]any) {
				item := x.(map[string]any)
				if item["price"].(float64) > 50 && item["kind"] == "book" {
					all = append(all, item)
				}
			}
			return all
		},
		handGoal: "reported",
	},
	{
		name:       "$reduce over 1,000 objects",
		expression: `$reduce(items, function($sum, $i) {$sum + $i.price}, 0)`,
		input:      itemsText(1000),
		goal:       "≤ 0.125×",
		hand: func(input any) any {
			sum := 0.0
			for _, x := range input.(map[string]any)["items"].([]any) {
				sum += x.(map[string]any)["price"].(float64)
			}
			return sum
		},
		handGoal: "reported",
	},
	{
		name:       "a.b.c",
		expression: `a.b.c`,
		input:      `{"a": {"b": {"c": 42}}}`,
		goal:       "≤ 0.10×, 0 allocs",
		hand: func(input any) any {
			return input.(map[string]any)["a"].(map[string]any)["b"].(map[string]any)["c"]
		},
		handGoal: "reported",
	},
}

// jsonata compares our engine with another one in Go, with what is written by
// hand for each expression, and with the reference in Node.
func (b *bench) jsonata() {
	reference := hasReference()
	for _, q := range questions {
		b.evaluation(q, reference)
	}
	for _, e := range []struct{ name, text string }{
		{"the renaming", questions[0].expression},
		{"the sum", questions[1].expression},
		{fmt.Sprintf("%d bytes", len(longExpression)), longExpression},
	} {
		name := "JSONata: compile " + e.name
		ours := func() {
			_, err := jsonata.Compile(e.text)
			check(err)
		}
		b.beside(name+"; beside xiatechs", ours, func() {
			_, err := xiatechs.Compile(e.text)
			check(err)
		}, "≤ 2×")
		if reference {
			n := startNode(nodeQuestion{Expression: e.text, Compile: true})
			b.compare(name+"; beside Node", within(ours), n.side, "reported")
			n.stop()
		}
	}
}

// evaluation measures one expression, after all sides have given the same.
func (b *bench) evaluation(q question, reference bool) {
	var input any
	check(json.Unmarshal([]byte(q.input), &input))
	ordered, err := jsonata.ParseJSON([]byte(q.input))
	check(err)
	e := jsonata.MustCompile(q.expression)
	x := xiatechs.MustCompile(q.expression)
	ctx := context.Background()
	ours := func() any {
		v, err := e.Eval(ctx, input)
		check(err)
		return v
	}
	oursOrdered := func() any {
		v, err := e.Eval(ctx, ordered)
		check(err)
		return v
	}
	theirs := func() any {
		v, err := x.Eval(input)
		check(err)
		return v
	}
	hand := func() any { return q.hand(input) }

	want := decoded(ours())
	same := func(side string, v any) {
		if got := decoded(v); !reflect.DeepEqual(got, want) {
			check(fmt.Errorf("%s: %s gives %v, we %v", q.name, side, got, want))
		}
	}
	same("our engine on an ordered object", oursOrdered())
	same("xiatechs", theirs())
	same("the hand-written function", hand())

	void := func(f func() any) func() { return func() { f() } }
	name := "JSONata: " + q.name
	b.beside(name+"; beside xiatechs", void(ours), void(theirs), q.goal)
	b.beside("the same; beside Go by hand", void(ours), void(hand), q.handGoal)
	b.beside("the same on an ordered object; beside Go by hand", void(oursOrdered), void(hand), "reported")
	if reference {
		n := startNode(nodeQuestion{Expression: q.expression, Input: json.RawMessage(q.input)})
		defer n.stop()
		same("Node", n.result)
		b.compare("the same; beside Node", within(void(ours)), n.side, "reported")
	}
}

// decoded is a result as its JSON tells it.
func decoded(v any) (x any) {
	text, err := json.Marshal(v)
	check(err)
	check(json.Unmarshal(text, &x))
	return x
}

// referenceFolders are where the reference engine is looked for, in their
// node_modules; beyond them Node looks in NODE_PATH.
var referenceFolders = []string{"../interop/jsonata", "../interop/.cache/jsonata"}

//go:embed jsonata.cjs
var nodeScript string

// hasReference tells whether Node is here and finds the reference, and says so.
func hasReference() bool {
	out, err := nodeCommand("version").Output()
	version := strings.TrimSpace(string(out))
	if err != nil || version == "" {
		fmt.Fprintln(os.Stderr, "bench: JSONata is not measured beside Node: there is no node, or it has no package jsonata in", strings.Join(referenceFolders, ", "))
		return false
	}
	fmt.Fprintln(os.Stderr, "bench: the reference is jsonata", version)
	return true
}

func nodeCommand(what string) *exec.Cmd {
	args := []string{"-e", nodeScript, what}
	for _, dir := range referenceFolders {
		dir, err := filepath.Abs(dir)
		check(err)
		args = append(args, dir)
	}
	c := exec.Command("node", args...)
	c.Stderr = os.Stderr
	if what == "version" {
		c.Stderr = nil
	}
	return c
}

// nodeQuestion is what a process of Node is to do again and again.
type nodeQuestion struct {
	Expression string          `json:"expression"`
	Input      json.RawMessage `json:"input,omitempty"`
	Compile    bool            `json:"compile"`
}

// node is a process of Node that evaluates one expression, or compiles it, as
// often as it is told, and tells the CPU time that it took.
type node struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
	result  any
}

func startNode(q nodeQuestion) *node {
	c := nodeCommand("serve")
	in, err := c.StdinPipe()
	check(err)
	out, err := c.StdoutPipe()
	check(err)
	check(c.Start())
	n := &node{command: c, in: in, out: json.NewDecoder(bufio.NewReader(out))}
	check(json.NewEncoder(in).Encode(q))
	check(n.out.Decode(&n.result))
	return n
}

// side has the process do its work n times.
func (n *node) side(times int) usage {
	_, err := fmt.Fprintln(n.in, times)
	check(err)
	var micros float64
	check(n.out.Decode(&micros))
	return usage{micros: micros / float64(times), allocs: -1, bytes: -1}
}

func (n *node) stop() {
	n.in.Close()
	check(n.command.Wait())
}
