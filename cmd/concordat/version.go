package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

// Set by the linker in releases: -ldflags "-X main.version=1.2.3 -X main.commit=…".
// A build without them says what the Go toolchain recorded.
var version, commit string

var versionCommand = command{
	name:    "version",
	summary: "print the version",
	options: []option{outputOption},
	run: func(_ context.Context, c *call) error {
		asJSON, err := c.wantsJSON()
		if err != nil {
			return err
		}
		b := thisBuild()
		if asJSON {
			return json.NewEncoder(c.stdout).Encode(b)
		}
		_, err = fmt.Fprintf(c.stdout, "concordat %s (commit %s, %s, %s)\n", b.Version, b.Commit, b.Go, b.Platform)
		return err
	},
}

// build is what a program was made from.
type build struct {
	Version  string `json:"version"`        // "dev" if nothing is known
	Commit   string `json:"commit"`         // "unknown" if nothing is known; ends in "+changes" for an unclean checkout
	Time     string `json:"time,omitempty"` // of the commit, RFC 3339
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisBuild() build {
	b := build{Version: version, Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	recorded := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			recorded[s.Key] = s.Value
		}
		if info.Main.Version != "(devel)" {
			b.Version = cmp.Or(b.Version, info.Main.Version)
		}
	}
	if b.Commit == "" && recorded["vcs.modified"] == "true" {
		b.Commit = recorded["vcs.revision"] + "+changes"
	}
	b.Version = cmp.Or(b.Version, "dev")
	b.Commit = cmp.Or(b.Commit, recorded["vcs.revision"], "unknown")
	b.Time = recorded["vcs.time"]
	return b
}
