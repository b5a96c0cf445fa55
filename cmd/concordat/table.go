package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/compat/languages"
)

var kindsCommand = command{
	name:     "compat kinds",
	args:     []string{"NAME"},
	optional: true,
	summary:  "list the kinds of differences between schemas, which levels refuse them, and what to do",
	details: `NAME is a schema type (AVRO, JSON, PROTOBUF) or a kind. Without it all kinds are
listed. A change of the new schema is refused at the levels it says; at all others
it passes.`,
	options: []option{{"-o", "FORMAT", "text, json, or markdown as in the documentation"}},
	run:     runKinds,
}

func runKinds(_ context.Context, c *call) error {
	rows := languages.Table()
	if len(c.args) > 0 {
		name := strings.ToUpper(c.args[0])
		rows = slices.DeleteFunc(rows, func(r languages.Row) bool { return r.Type != name && r.Name != name })
		if len(rows) == 0 {
			return usagef("compat kinds: %q is neither a schema type nor a kind%s", c.args[0], didYouMean(name, kindNames()))
		}
	}
	switch format, given := c.options["-o"]; {
	case !given, format == "text":
		writeKinds(c.stdout, rows)
		return nil
	case format == "json":
		return writeKindsJSON(c.stdout, rows)
	case format == "markdown":
		writeKindsMarkdown(c.stdout, rows)
		return nil
	default:
		return usagef("compat kinds: flag -o: %q is not a format; allowed are text, json and markdown", format)
	}
}

func kindNames() []string {
	names := languages.Types()
	for _, r := range languages.Table() {
		names = append(names, r.Name)
	}
	return names
}

// typeName is the type of a row as it is printed.
func typeName(r languages.Row) string {
	if r.Type == "" {
		return "ALL"
	}
	return r.Type
}

// direction is one view of a kind.
type direction struct {
	newReads bool
	compat.Side
}

// directions are the views of a kind, one where both are alike.
func directions(k *compat.Kind) []direction {
	views := []direction{{true, k.New}}
	if !k.Symmetric() {
		views = append(views, direction{false, k.Old})
	}
	return views
}

// refusing lists the levels that refuse a view of a kind.
func refusing(k *compat.Kind, d direction, p compat.Policy) []compat.Level {
	levels := k.BreaksAt(d.newReads, p)
	if k.Symmetric() && k.Breaks(p) && !k.EveryLevel {
		levels = compat.Levels[1:] // all but NONE
	}
	return levels
}

func writeKinds(w io.Writer, rows []languages.Row) {
	section := ""
	for _, r := range rows {
		if s := typeName(r); s != section {
			section = s
			fmt.Fprintf(w, "%s\n", s)
		}
		fmt.Fprintf(w, "\n  %s\n    %s\n", r.Name, r.Why)
		for _, d := range directions(r.Kind) {
			verdict := "passes"
			if levels := refusing(r.Kind, d, compat.Strict); len(levels) > 0 {
				verdict = "refused at " + join(levels)
				if !r.Breaks(compat.Lenient) {
					verdict += ", unless LENIENT"
				}
			}
			fmt.Fprintf(w, "    - %s: %s\n", d.Change, verdict)
			if d.Edit != "" {
				fmt.Fprintf(w, "      %s\n", d.Edit)
			}
		}
	}
	fmt.Fprintln(w)
}

func join(levels []compat.Level) string {
	words := make([]string, len(levels))
	for i, l := range levels {
		words[i] = string(l)
	}
	return strings.Join(words, ", ")
}

// kindJSON is a kind as `concordat compat kinds -o json` prints it.
type kindJSON struct {
	SchemaType string       `json:"schemaType"` // "ALL" for the kinds above all types
	Kind       string       `json:"kind"`
	Message    string       `json:"message,omitempty"`
	Why        string       `json:"why"`
	Changes    []changeJSON `json:"changes"`
}

type changeJSON struct {
	Change string `json:"change"`
	// RefusedAt holds the levels that refuse the change, by policy.
	RefusedAt map[compat.Policy][]compat.Level `json:"refusedAt"`
	Edit      string                           `json:"edit,omitempty"`
}

func writeKindsJSON(w io.Writer, rows []languages.Row) error {
	all := []kindJSON{}
	for _, r := range rows {
		k := kindJSON{SchemaType: typeName(r), Kind: r.Name, Message: r.Text, Why: r.Why}
		for _, d := range directions(r.Kind) {
			refused := map[compat.Policy][]compat.Level{}
			for _, p := range []compat.Policy{compat.Strict, compat.Lenient} {
				refused[p] = append([]compat.Level{}, refusing(r.Kind, d, p)...)
			}
			k.Changes = append(k.Changes, changeJSON{d.Change, refused, d.Edit})
		}
		all = append(all, k)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(all)
}

// titles head the parts of the documentation.
var titles = map[string]string{"": "All types", api.Avro: "Avro", api.JSON: "JSON Schema", api.Protobuf: "Protobuf"}

func writeKindsMarkdown(w io.Writer, rows []languages.Row) {
	fmt.Fprint(w, `# Kinds of differences

What can differ between two schemas, what each level of compatibility says to it, and the edit of the new schema by
which it passes. The program decides by this very table: `+"`concordat compat kinds`"+` prints it, and answers carry its words
with `+"`suggestions=true`"+`.

✗ is a refusal, (✗) one that the policy `+"`LENIENT`"+` lifts, ✓ passes. – is a level that does not look at the change from this side:
seen from the other side it is a difference of another kind. `+"`BACKWARD`"+` asks that the new schema reads what the old one wrote, `+"`FORWARD`"+` that the old one reads
what the new one writes, `+"`FULL`"+` both. `+"`NONE`"+` refuses nothing. A level with `+"`_TRANSITIVE`"+` judges as the one without it, against
all versions rather than the latest.
`)
	section := "-"
	for _, r := range rows {
		if r.Type != section {
			section = r.Type
			fmt.Fprintf(w, "\n## %s\n\n| Kind | Change in the new schema | NONE | BACKWARD | FORWARD | FULL | Edit by which it passes |\n|---|---|:-:|:-:|:-:|:-:|---|\n", titles[r.Type])
		}
		name := "`" + r.Name + "`<br>" + r.Why
		for _, d := range directions(r.Kind) {
			fmt.Fprintf(w, "| %s | %s |", name, d.Change)
			refused := refusing(r.Kind, d, compat.Strict)
			for _, l := range []compat.Level{compat.None, compat.Backward, compat.Forward, compat.Full} {
				mark := "✓"
				switch {
				case slices.Contains(refused, l) && !r.Breaks(compat.Lenient):
					mark = "(✗)"
				case slices.Contains(refused, l):
					mark = "✗"
				case l != compat.None && !r.Symmetric() && !l.Looks(d.newReads):
					mark = "–"
				}
				fmt.Fprintf(w, " %s |", mark)
			}
			fmt.Fprintf(w, " %s |\n", d.Edit)
			name = ""
		}
	}
}
