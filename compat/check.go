package compat

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/schema"
)

// Version is one version of a subject in a check. Schema is nil for a stored
// text that does not parse; it is incompatible with everything, for Broken.
type Version struct {
	Number   int
	Schema   schema.Schema
	Metadata *api.Metadata
	Broken   error
}

// Check is a question: may New follow History?
type Check struct {
	New     Version
	History []Version // live versions, ascending
	Level   Level
	Policy  Policy
	// Group is the name of the metadata property by whose value versions fall
	// into groups that are compared only within; "" compares all.
	Group string
	// Fields asks for the reserved-field checks.
	Fields bool
	// Diff compares two schemas of the same type.
	Diff func(reader, writer Version, policy Policy) []Difference
}

// Messages carries a check out. None means New is compatible; otherwise they say why
// not, in the reference's words and order.
func (c *Check) Messages() []string {
	var msgs []string
	if c.Fields {
		msgs = c.reserved()
	}
	if rule := rules[c.Level]; rule.newReadsOld || rule.oldReadsNew {
		for i := len(c.History) - 1; i >= 0; i-- {
			old := &c.History[i]
			if !c.sameGroup(old) {
				continue
			}
			found := c.against(old, rule.newReadsOld, rule.oldReadsNew)
			msgs = append(msgs, found...)
			if len(found) > 0 || !rule.transitive {
				break
			}
		}
	}
	if len(msgs) > 0 {
		msgs = append(msgs, fmt.Sprintf("{validateFields: '%t', compatibility: '%s'}", c.Fields, c.Level))
	}
	return msgs
}

func (c *Check) sameGroup(old *Version) bool {
	if c.Group == "" {
		return true
	}
	a, aok := property(c.New.Metadata, c.Group)
	b, bok := property(old.Metadata, c.Group)
	return aok == bok && a == b
}

// against compares with one old version. The lines that name it follow the
// direction "new reads old", or the only one asked for.
func (c *Check) against(old *Version, newReadsOld, oldReadsNew bool) []string {
	if old.Schema != nil && old.Schema.Type() != c.New.Schema.Type() {
		return []string{"Incompatible because of different schema type"}
	}
	if old.Schema == nil {
		return append([]string{old.Broken.Error()}, naming(old)...)
	}
	var msgs []string
	if oldReadsNew {
		msgs = render(c.Diff(*old, c.New, c.Policy), "old", "new")
		if len(msgs) > 0 && !newReadsOld {
			return append(msgs, naming(old)...)
		}
	}
	if newReadsOld {
		if found := render(c.Diff(c.New, *old, c.Policy), "new", "old"); len(found) > 0 {
			msgs = append(append(msgs, found...), naming(old)...)
		}
	}
	return msgs
}

func render(diffs []Difference, reader, writer string) []string {
	var msgs []string
	for _, d := range diffs {
		msgs = append(msgs, d.Text(reader, writer))
	}
	return msgs
}

// maxQuoted is how many UTF-16 code units of an old schema a message quotes.
const maxQuoted = 10240

func naming(old *Version) []string {
	text := ""
	if old.Schema != nil {
		text = old.Schema.Canonical()
	}
	quoted := "{oldSchema: '" + text + "'}"
	if cut := prefixUTF16(text, maxQuoted); cut < len(text) {
		quoted = "{oldSchema: <truncated> '" + text[:cut] + "...'}"
	}
	return []string{fmt.Sprintf("{oldSchemaVersion: %d}", old.Number), quoted}
}

// prefixUTF16 returns the bytes that at most n UTF-16 code units of s take.
func prefixUTF16(s string, n int) int {
	if len(s) <= n {
		return len(s)
	}
	for i, r := range s {
		n--
		if r > 0xFFFF {
			n--
		}
		if n < 0 {
			return i
		}
		if n == 0 {
			return i + utf8.RuneLen(r)
		}
	}
	return len(s)
}

// reserved checks the names that the metadata reserves: those of the newest
// version stay reserved, and no field takes one.
func (c *Check) reserved() []string {
	var before, msgs []string
	if n := len(c.History); n > 0 {
		before = reservedNames(c.History[n-1].Metadata)
	}
	now := reservedNames(c.New.Metadata)
	for _, f := range before {
		if !slices.Contains(now, f) {
			msgs = append(msgs, fmt.Sprintf("The new schema has reserved field %s removed from its metadata which is present in the old schema's metadata.", f))
		}
	}
	if len(now) > 0 {
		fields := c.New.Schema.Fields()
		for _, f := range now {
			if slices.Contains(fields, f) {
				msgs = append(msgs, fmt.Sprintf("The new schema has field that conflicts with the reserved field %s.", f))
			}
		}
	}
	return msgs
}

func reservedNames(m *api.Metadata) []string {
	list, _ := property(m, api.PropertyReserved)
	var names []string
	for part := range strings.SplitSeq(list, ",") {
		if name := strings.TrimSpace(part); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func property(m *api.Metadata, name string) (string, bool) {
	if m == nil {
		return "", false
	}
	v, ok := m.Properties[name]
	return v, ok
}
