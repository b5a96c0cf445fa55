package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-isatty"

	"github.com/seed-9f7c7091/concordat/rules/jsonata"
)

var jsonataCommand = command{
	name:     "jsonata",
	args:     []string{"EXPR", "FILE"},
	optional: true,
	summary:  "evaluate a JSONata expression on a JSON file or on standard input",
	details: `Without FILE, or with "-", the input is read from standard input, if anything is sent
there. The result is printed as JSON; an expression without a result prints nothing. Errors point at
the place in the expression. The limits are those of rules.`,
	options: []option{
		{"--bind", "NAME=JSON", "set the variable $NAME; may be given several times"},
		{"--time", "TIME", "the time that $now and $millis tell, as in 2026-01-31T12:00:00Z"},
		{"--raw", "", "print a string as it is, not as JSON"},
	},
	run: runJSONata,
}

func runJSONata(ctx context.Context, c *call) error {
	if len(c.args) == 0 {
		return usagef("jsonata needs EXPR; usage: %s", c.command.usage())
	}
	source := c.args[0]
	var opts []jsonata.EvalOption
	vars, err := bindings(c.repeated["--bind"])
	if err != nil {
		return err
	}
	opts = append(opts, jsonata.WithBindings(vars))
	if given, ok := c.options["--time"]; ok {
		t, err := time.Parse(time.RFC3339, given)
		if err != nil {
			return usagef("jsonata: flag --time: %q is no time of the form 2026-01-31T12:00:00Z", given)
		}
		opts = append(opts, jsonata.WithTime(t))
	}
	expr, err := jsonata.Compile(source)
	if err != nil {
		return pointAt(source, err)
	}
	input, err := c.jsonInput()
	if err != nil {
		return err
	}
	result, err := expr.Eval(ctx, input, opts...)
	if err != nil {
		return pointAt(source, err)
	}
	return c.printJSON(result)
}

func bindings(list []string) (map[string]any, error) {
	vars := map[string]any{}
	for _, b := range list {
		name, text, ok := strings.Cut(b, "=")
		if !ok || name == "" {
			return nil, usagef("jsonata: flag --bind: %q is not of the form NAME=JSON", b)
		}
		v, err := jsonata.ParseJSON([]byte(text))
		if err != nil {
			return nil, usagef("jsonata: flag --bind: %s: %v; strings need quotes of their own", name, err)
		}
		vars[strings.TrimPrefix(name, "$")] = v
	}
	return vars, nil
}

// jsonInput reads what the expression is evaluated on.
func (c *call) jsonInput() (any, error) {
	from, in := "standard input", c.stdin
	switch {
	case len(c.args) > 1 && c.args[1] != "-":
		f, err := os.Open(c.args[1])
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from, in = c.args[1], f
	case len(c.args) < 2:
		if f, ok := in.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
			return jsonata.Undefined, nil
		}
	}
	if in == nil {
		return jsonata.Undefined, nil
	}
	b, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return jsonata.Undefined, nil
	}
	v, err := jsonata.ParseJSON(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	return v, nil
}

func (c *call) printJSON(v any) error {
	if v == jsonata.Undefined {
		return nil
	}
	if s, ok := v.(string); ok && c.options["--raw"] == "true" {
		_, err := fmt.Fprintln(c.stdout, s)
		return err
	}
	b, err := jsonata.AppendJSON(nil, v)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err = out.WriteTo(c.stdout)
	return err
}

// pointAt adds the line of the expression at fault to an error, with a mark
// under the place.
func pointAt(source string, err error) error {
	var e *jsonata.Error
	if !errors.As(err, &e) {
		return err
	}
	line, column := e.Column(source)
	if line == 0 {
		return err
	}
	text := strings.Split(source, "\n")[line-1]
	const most = 100
	if utf8.RuneCountInString(text) > most {
		// Of a long line the part around the place is shown.
		runes := []rune(text)
		from := max(0, min(column-most/2, len(runes)-most))
		text = string(runes[from : from+most])
		column -= from
	}
	text = strings.ReplaceAll(text, "\t", " ")
	where := ""
	if line > 1 {
		where = fmt.Sprintf(" (line %d)", line)
	}
	return fmt.Errorf("%w%s\n  %s\n  %s^", err, where, text, strings.Repeat(" ", max(0, column-1)))
}
