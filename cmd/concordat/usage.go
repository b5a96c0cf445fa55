package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
)

var usageCommand = command{
	name:    "usage",
	summary: "list who uses a subject, in which topic, and when that was last seen",
	details: `Asks the running server: the one that --url names, else the one that the settings
describe. It knows what clients report to it, and nothing of those that do not.`,
	options: []option{
		{"--subject", "NAME", "uses of this subject alone"},
		{"--version", "N", "uses of this version alone, or of the latest; with --subject"},
		{"--role", "WORD", "producer or consumer alone"},
		{"--principal", "NAME", "what this user reported alone; empty for who did not log in"},
		outputOption,
	},
	settings: true,
	run:      runUsage,
}

func runUsage(ctx context.Context, c *call) error {
	inJSON, err := c.wantsJSON()
	if err != nil {
		return err
	}
	if c.options["--version"] != "" && c.options["--subject"] == "" {
		return usagef("usage: --version goes with --subject")
	}
	query := url.Values{}
	for _, name := range []string{"subject", "version", "role", "principal"} {
		if value, given := c.options["--"+name]; given {
			query.Set(name, value)
		}
	}
	uses := []api.Usage{}
	for {
		query.Set("offset", strconv.Itoa(len(uses)))
		var some api.Usages
		if err := c.askServer(ctx, http.MethodGet, "/concordat/v1/usage?"+query.Encode(), nil, &some); err != nil {
			return err
		}
		if len(some.Usages) == 0 {
			break
		}
		uses = append(uses, some.Usages...)
	}
	if inJSON {
		return c.encode(uses)
	}
	return writeUses(c.stdout, uses)
}

func writeUses(w io.Writer, uses []api.Usage) error {
	if len(uses) == 0 {
		_, err := fmt.Fprintln(w, "no use was reported")
		return err
	}
	tab := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(tab, "SUBJECT\tVERSION\tROLE\tTOPIC\tAPPLICATION\tPRINCIPAL\tLAST SEEN")
	for _, u := range uses {
		fmt.Fprintf(tab, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", u.Subject, u.Version, u.Role,
			cmp.Or(u.Topic, "-"), cmp.Or(u.Application, "-"), cmp.Or(u.Principal, "-"), time.UnixMilli(u.LastSeen).UTC().Format(time.RFC3339))
	}
	return tab.Flush()
}
