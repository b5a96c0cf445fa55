package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/seed-9f7c7091/concordat/compat"
)

// kind is a sort of values and the place of one of them in config.
type kind struct {
	name     string // what help calls the value
	allowed  string // what a good value looks like, after "want"
	isSwitch bool   // whether the flag may stand without a value and mean true
	set      func(c *config, value string) bool
	get      func(c *config) string // in a form that set accepts
}

// text is any text.
func text(name string, at func(*config) *string) kind {
	return kind{
		name:    name,
		allowed: "text",
		set:     func(c *config, v string) bool { *at(c) = v; return true },
		get:     func(c *config) string { return *at(c) },
	}
}

// choice is one of some words, in any letter case.
func choice(at func(*config) *string, words ...string) kind {
	return kind{
		name:    strings.Join(words, "|"),
		allowed: "one of " + strings.Join(words, ", "),
		set: func(c *config, v string) bool {
			i := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, v) })
			if i >= 0 {
				*at(c) = words[i]
			}
			return i >= 0
		},
		get: func(c *config) string { return *at(c) },
	}
}

func boolean(at func(*config) *bool) kind {
	return kind{
		name:     "true|false",
		allowed:  "true or false",
		isSwitch: true,
		set: func(c *config, v string) bool {
			*at(c) = strings.EqualFold(v, "true")
			return *at(c) || strings.EqualFold(v, "false")
		},
		get: func(c *config) string { return strconv.FormatBool(*at(c)) },
	}
}

// count is the length of a list.
func count(at func(*config) *int) kind {
	return kind{
		name:    "COUNT",
		allowed: fmt.Sprintf("a whole number from 1 to %d", math.MaxInt32),
		set: func(c *config, v string) bool {
			n, err := strconv.ParseInt(v, 10, 32)
			*at(c) = int(n)
			return err == nil && n >= 1
		},
		get: func(c *config) string { return strconv.Itoa(*at(c)) },
	}
}

func duration(at func(*config) *time.Duration) kind {
	return kind{
		name:    "DURATION",
		allowed: "a duration above zero with its unit, such as 500ms, 30s or 10m",
		set: func(c *config, v string) bool {
			d, err := time.ParseDuration(v)
			*at(c) = d
			return err == nil && d > 0
		},
		get: func(c *config) string { return formatDuration(*at(c)) },
	}
}

// formatDuration leaves out the zero units that Duration.String ends in.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// units of sizes, from the largest; the binary ones are those printed.
var units = []struct {
	name  string
	bytes int64
}{
	{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
}

const largestSize = 1 << 40 // more than any limit can mean; keeps sums from overflowing

// size is a number of bytes not less than least.
func size[T int | int64](at func(*config) *T, least int64) kind {
	return kind{
		name:    "SIZE",
		allowed: fmt.Sprintf("a size from %s to %s, such as 1048576, 64KiB or 16MiB", formatSize(least), formatSize(largestSize)),
		set: func(c *config, v string) bool {
			n, ok := parseSize(v)
			*at(c) = T(n)
			return ok && n >= least && n <= largestSize
		},
		get: func(c *config) string { return formatSize(int64(*at(c))) },
	}
}

func parseSize(v string) (int64, bool) {
	unit := int64(1)
	for _, u := range units {
		if number, ok := strings.CutSuffix(v, u.name); ok {
			v, unit = strings.TrimSpace(number), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return 0, false
	}
	return n * unit, true
}

func formatSize(n int64) string {
	for _, u := range units {
		if strings.HasSuffix(u.name, "iB") && n > 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// list is any number of words without commas.
func list(name string, at func(*config) *[]string) kind {
	return kind{
		name:    name,
		allowed: "words separated by commas",
		set: func(c *config, v string) bool {
			items, err := splitList(v)
			*at(c) = items
			return err == nil
		},
		get: func(c *config) string { return joinList(*at(c)) },
	}
}

// splitList splits at commas and line ends, trims the items and drops empty
// ones. An item in double quotes may hold commas.
func splitList(v string) ([]string, error) {
	r := csv.NewReader(strings.NewReader(v))
	r.TrimLeadingSpace = true
	r.LazyQuotes = true
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	var items []string
	for _, item := range slices.Concat(lines...) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items, nil
}

// joinList is the inverse of splitList.
func joinList(items []string) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(items); err != nil {
		return strings.Join(items, ",") // a buffer takes everything
	}
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// headers are names and values of HTTP headers.
func headers(at func(*config) *map[string]string) kind {
	return kind{
		name:    "HEADERS",
		allowed: `headers separated by commas, each as "Name: value"; in double quotes if it holds a comma`,
		set: func(c *config, v string) bool {
			items, err := splitList(v)
			if err != nil {
				return false
			}
			all := map[string]string{}
			for _, item := range items {
				name, value, _ := strings.Cut(item, ":")
				value = strings.TrimSpace(value)
				if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) || !strings.Contains(item, ":") {
					return false
				}
				all[name] = value
			}
			*at(c) = all
			return true
		},
		get: func(c *config) string {
			all := *at(c)
			var items []string
			for _, name := range slices.Sorted(maps.Keys(all)) {
				items = append(items, name+": "+all[name])
			}
			return joinList(items)
		},
	}
}

// address is where to listen.
func address(at func(*config) *string) kind {
	return kind{
		name:    "HOST:PORT",
		allowed: "host:port with a port from 0 to 65535, such as 127.0.0.1:8081",
		set: func(c *config, v string) bool {
			_, port, err := net.SplitHostPort(v)
			if err != nil {
				return false
			}
			*at(c) = v
			_, err = strconv.ParseUint(port, 10, 16)
			return err == nil
		},
		get: func(c *config) string { return *at(c) },
	}
}

// webAddress is the base URL of a server, or empty.
func webAddress(at func(*config) *string) kind {
	return kind{
		name:    "URL",
		allowed: "a URL such as http://127.0.0.1:8081, without user, query or fragment",
		set: func(c *config, v string) bool {
			*at(c) = strings.TrimRight(v, "/")
			if v == "" {
				return true
			}
			u, err := url.Parse(v)
			return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
				u.User == nil && u.RawQuery == "" && u.Fragment == ""
		},
		get: func(c *config) string { return *at(c) },
	}
}

func compatibilityLevel() kind {
	words := []string{}
	for _, l := range []compat.Level{compat.None, compat.Backward, compat.BackwardTransitive, compat.Forward,
		compat.ForwardTransitive, compat.Full, compat.FullTransitive} {
		words = append(words, string(l))
	}
	return kind{
		name:    "LEVEL",
		allowed: "one of " + strings.Join(words, ", "),
		set: func(c *config, v string) bool {
			level, ok := compat.ParseLevel(v)
			c.Registry.CompatibilityLevel = level
			return ok
		},
		get: func(c *config) string { return string(c.Registry.CompatibilityLevel) },
	}
}

func logLevel() kind {
	levels := []string{"debug", "info", "warn", "error"}
	return kind{
		name:    strings.Join(levels, "|"),
		allowed: "one of " + strings.Join(levels, ", "),
		set: func(c *config, v string) bool {
			v = strings.ToLower(v)
			return slices.Contains(levels, v) && c.LogLevel.UnmarshalText([]byte(v)) == nil
		},
		get: func(c *config) string { return strings.ToLower(c.LogLevel.String()) },
	}
}
