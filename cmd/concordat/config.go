package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
)

var configCommand = command{
	name:     "config",
	summary:  "print every setting and where it came from",
	details:  "What was given and has no effect is told on standard error. Secrets are masked.",
	options:  []option{outputOption},
	settings: true,
	run:      runConfig,
}

// settled is a setting as `concordat config -o json` prints it.
type settled struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Source  string `json:"source"` // "default", "flag --KEY", "env NAME", "FILE:LINE"
	Default string `json:"default"`
	Env     string `json:"env"`
	Doc     string `json:"doc"`
}

func runConfig(_ context.Context, c *call) error {
	asJSON, err := c.wantsJSON()
	if err != nil {
		return err
	}
	c.warn()
	defaults := defaultConfig()
	all := []settled{}
	for _, s := range settings {
		all = append(all, settled{s.key, s.show(&c.load.config), c.load.from(s.key), s.show(&defaults), s.env(), s.doc})
	}
	if asJSON {
		e := json.NewEncoder(c.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(all)
	}
	tab := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "SETTING\tVALUE\tFROM")
	for _, s := range all {
		value := s.Value
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\n", s.Key, value, s.Source)
	}
	return tab.Flush()
}

// warn tells what was given and has no effect.
func (c *call) warn() {
	for _, w := range c.load.warnings {
		fmt.Fprintf(c.stderr, "concordat: warning: %s\n", w)
	}
}
