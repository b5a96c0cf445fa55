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
	Number   int // 0 for one that has none
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

// Result is the answer to a check.
type Result struct {
	// Messages say why New is not compatible, in the reference's words and order; none means that it is.
	Messages []string
	// Findings are the differences behind the messages, in the same order.
	Findings []Finding
}

// Compatible reports whether New may follow.
func (r *Result) Compatible() bool { return len(r.Messages) == 0 }

// Finding is a difference that makes a new schema incompatible.
type Finding struct {
	Difference
	// NewReads tells whether the new schema is the reader; else the old one is.
	NewReads bool
	// Version is the number of the old version, 0 where it has none.
	Version int
}

// Suggestions explain the findings, one for each.
func (r *Result) Suggestions() []api.Suggestion {
	list := make([]api.Suggestion, len(r.Findings))
	for i := range r.Findings {
		f := &r.Findings[i]
		view := f.Kind.View(f.NewReads)
		s := api.Suggestion{Kind: f.Kind.Name, Path: f.Path, Reader: "old", OldVersion: f.Version,
			New: f.Writer, Old: f.Reader, Change: view.Change, Why: f.Kind.Why, Edit: view.Edit}
		if f.NewReads {
			s.Reader, s.New, s.Old = "new", f.Reader, f.Writer
		}
		list[i] = s
	}
	return list
}

// Run carries the check out.
func (c *Check) Run() *Result {
	r := &Result{}
	if c.Fields {
		c.reserved(r)
	}
	if rule := rules[c.Level]; rule.newReadsOld || rule.oldReadsNew {
		for i := len(c.History) - 1; i >= 0; i-- {
			old := &c.History[i]
			if !c.sameGroup(old) {
				continue
			}
			before := len(r.Messages)
			c.against(r, old, rule.newReadsOld, rule.oldReadsNew)
			if len(r.Messages) > before || !rule.transitive {
				break
			}
		}
	}
	if !r.Compatible() {
		r.Messages = append(r.Messages, fmt.Sprintf("{validateFields: '%t', compatibility: '%s'}", c.Fields, c.Level))
	}
	return r
}

func (c *Check) sameGroup(old *Version) bool {
	if c.Group == "" {
		return true
	}
	a, aok := property(c.New.Metadata, c.Group)
	b, bok := property(old.Metadata, c.Group)
	return aok == bok && a == b
}

// add notes differences between the new schema and an old version, and tells whether there were any.
func (r *Result) add(old *Version, newReads bool, found ...Difference) bool {
	reader, writer := "old", "new"
	if newReads {
		reader, writer = writer, reader
	}
	number := 0
	if old != nil {
		number = old.Number
	}
	for i := range found {
		r.Findings = append(r.Findings, Finding{found[i], newReads, number})
		r.Messages = append(r.Messages, found[i].Text(reader, writer))
	}
	return len(found) > 0
}

// against compares with one old version. The lines that name it follow the
// direction "new reads old", or the only one asked for.
func (c *Check) against(r *Result, old *Version, newReadsOld, oldReadsNew bool) {
	switch {
	case old.Schema == nil:
		r.add(old, true, Difference{Kind: &Unreadable, Writer: old.Broken.Error()})
		r.name(old)
		return
	case old.Schema.Type() != c.New.Schema.Type():
		r.add(old, true, Difference{Kind: &TypeChanged, Reader: c.New.Schema.Type(), Writer: old.Schema.Type()})
		return
	}
	if oldReadsNew {
		if r.add(old, false, c.Diff(*old, c.New, c.Policy)...) && !newReadsOld {
			r.name(old)
			return
		}
	}
	if newReadsOld && r.add(old, true, c.Diff(c.New, *old, c.Policy)...) {
		r.name(old)
	}
}

// maxQuoted is how many UTF-16 code units of an old schema a message quotes.
const maxQuoted = 10240

// name adds the lines that say which old version the messages are about.
func (r *Result) name(old *Version) {
	text := ""
	if old.Schema != nil {
		text = old.Schema.Canonical()
	}
	quoted := "{oldSchema: '" + text + "'}"
	if cut := prefixUTF16(text, maxQuoted); cut < len(text) {
		quoted = "{oldSchema: <truncated> '" + text[:cut] + "...'}"
	}
	r.Messages = append(r.Messages, fmt.Sprintf("{oldSchemaVersion: %d}", old.Number), quoted)
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
func (c *Check) reserved(r *Result) {
	var newest *Version
	var before []string
	if n := len(c.History); n > 0 {
		newest = &c.History[n-1]
		before = reservedNames(newest.Metadata)
	}
	now := reservedNames(c.New.Metadata)
	for _, f := range before {
		if !slices.Contains(now, f) {
			r.add(newest, true, Difference{Kind: &ReservedRemoved, Writer: f})
		}
	}
	if len(now) > 0 {
		fields := c.New.Schema.Fields()
		for _, f := range now {
			if slices.Contains(fields, f) {
				r.add(newest, true, Difference{Kind: &ReservedTaken, Reader: f})
			}
		}
	}
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
