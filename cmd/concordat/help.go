package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

var helpCommand command

// The commands list help, and help lists the commands.
func init() {
	helpCommand = command{
		name:     "help",
		args:     []string{"TOPIC", "VERB"},
		optional: true,
		summary:  "explain a command, or list all settings with `help settings`",
		run: func(_ context.Context, c *call) error {
			if len(c.args) == 0 {
				writeHelp(c.stdout)
				return nil
			}
			topic := strings.Join(c.args, " ")
			if topic == settingsTopic {
				writeSettings(c.stdout)
				return nil
			}
			about, ok := findCommand(topic)
			if !ok {
				return usagef("help: nothing is known about %q%s", topic, didYouMean(topic, append(commandNames(), settingsTopic)))
			}
			about.writeHelp(c.stdout)
			return nil
		},
	}
}

const settingsTopic = "settings"

func writeHelp(w io.Writer) {
	fmt.Fprint(w, "Concordat is a schema registry for Kafka: one program, one data file.\n\nUsage: concordat COMMAND\n\n")
	tab := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(tab, "  %s\t%s\n", strings.Join(append([]string{c.name}, c.args...), " "), c.summary)
	}
	tab.Flush()
	fmt.Fprint(w, `
Begin with:  concordat serve
Settings:    concordat help settings

Exit codes:  0 done, 1 failed, 2 the command line or a setting is wrong, 100 the answer is no (check)
`)
}

func (c command) writeHelp(w io.Writer) {
	fmt.Fprintf(w, "Usage: %s\n\n%s\n", c.usage(), strings.ToUpper(c.summary[:1])+c.summary[1:]+".")
	if c.details != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(c.details))
	}
	if len(c.options) > 0 {
		fmt.Fprintln(w)
		tab := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
		for _, o := range c.options {
			fmt.Fprintf(tab, "  %s\t%s\n", strings.TrimSpace(o.name+" "+o.value), o.doc)
		}
		tab.Flush()
	}
	if c.settings {
		fmt.Fprint(w, "\nEvery setting can be given as a flag: `concordat help settings` lists them.\n")
	}
}

// writeSettings prints the table of settings: the manual is the table that runs.
func writeSettings(w io.Writer) {
	fmt.Fprint(w, `A setting is taken from the first of these places that has it:

  1. a flag                      --log.level debug
  2. the environment             CONCORDAT_LOG_LEVEL=debug
  3. a YAML file                 --config FILE, else ./concordat.yaml if it is there
  4. the reference's environment SCHEMA_REGISTRY_SCHEMA_COMPATIBILITY_LEVEL=full
  5. the reference's properties  --properties FILE, else ./schema-registry.properties if it is there
  6. the default

In the file the dots of a key nest: "log.level" is "level" under "log".
`+"`concordat config`"+` prints each value and where it came from.
`)
	defaults := defaultConfig()
	for _, s := range settings {
		fmt.Fprintf(w, "\n--%s %s\n    %s.\n    env %s", s.key, s.kind.name, s.doc, s.env())
		if v := s.show(&defaults); v != "" {
			fmt.Fprintf(w, ", default %s", v)
		}
		if len(s.reference) > 0 {
			fmt.Fprintf(w, "\n    for %s of the reference", strings.Join(s.reference, ", "))
		}
		fmt.Fprintln(w)
	}
}
