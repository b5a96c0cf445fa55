package compat

import (
	"slices"
	"strings"
)

// Kind is a kind of difference: a row in the table of its language. The
// differs decide by these rows, answers are rendered from them, and the
// documentation is printed from them.
type Kind struct {
	// Name is the reference's name of the kind, and ours where the reference has none.
	Name string
	// Verdict says what the kind means under the policies.
	Verdict Verdict
	// EveryLevel is set for what is refused whatever the level, NONE included.
	EveryLevel bool
	// Text is the message in the reference's words, "" for kinds that are never
	// reported. In it {path}, {reader} and {writer} stand for those of the
	// difference, each %s in turn for the words for the reader's schema, the
	// writer's, the reader's, ….
	Text string
	// Why says in one line why a reader can or cannot live with the difference.
	Why string
	// New is the difference seen where the new schema reads what the old one
	// wrote, Old where the old schema reads what the new one writes.
	New, Old Side
}

// Side is a kind of difference from the view of the author of the new schema.
type Side struct {
	// Change is what was done in the new schema, in a few words.
	Change string
	// Edit is the edit of the new schema by which it passes; "" where nothing breaks.
	Edit string
}

// Verdict is what a kind of difference means.
type Verdict uint8

// The verdicts. Incompatible is the zero value: what nobody judged breaks.
const (
	Incompatible   Verdict = iota
	UnlessLenient          // incompatible, but under the policy Lenient
	AlwaysHarmless         // compatible
)

// Breaks reports whether a difference of the kind makes a reader incompatible under a policy.
func (k *Kind) Breaks(p Policy) bool {
	return k.Verdict == Incompatible || k.Verdict == UnlessLenient && p != Lenient
}

// BreaksAt lists the levels at which a change that brings about the kind is refused: if
// newReads, where the new schema reads old data, else where the old one reads new data.
func (k *Kind) BreaksAt(newReads bool, p Policy) []Level {
	var levels []Level
	for _, l := range Levels {
		if k.Breaks(p) && (k.EveryLevel || l.Looks(newReads)) {
			levels = append(levels, l)
		}
	}
	return levels
}

// Kinds are the reasons for a refusal that no language owns.
var Kinds = []*Kind{&TypeChanged, &Unreadable, &ReservedRemoved, &ReservedTaken}

// The kinds above all languages.
var (
	TypeChanged = Kind{
		Name: "SCHEMA_TYPE_CHANGED",
		Text: "Incompatible because of different schema type",
		Why:  "A reader of one schema language cannot read what another one wrote.",
		New:  Side{"the schema is of another type than the old one", "Register the schema under a subject of its own, or keep the type."},
	}
	Unreadable = Kind{
		Name: "OLD_SCHEMA_UNREADABLE",
		Text: "{writer}",
		Why:  "The old version, taken in without being read, is no valid schema, so nothing can be said about its data.",
		New:  Side{"the old version cannot be parsed", "Delete the old version, or set the level to NONE for this change."},
	}
	ReservedRemoved = Kind{
		Name: "RESERVED_FIELD_REMOVED", EveryLevel: true,
		Text: "The new schema has reserved field {writer} removed from its metadata which is present in the old schema's metadata.",
		Why:  "A name once reserved stays reserved, so that it never comes back with another meaning.",
		New:  Side{"a name is taken off the reserved ones", "Keep the name in the metadata property confluent:reserved."},
	}
	ReservedTaken = Kind{
		Name: "RESERVED_FIELD_TAKEN", EveryLevel: true,
		Text: "The new schema has field that conflicts with the reserved field {reader}.",
		Why:  "A reserved name once had another meaning, and old data may still hold it.",
		New:  Side{"a field takes a reserved name", "Give the field another name."},
	}
)

// render puts a difference into the words of its kind. Values go in as they
// are, whatever they look like.
func (k *Kind) render(d *Difference, reader, writer string) string {
	var b strings.Builder
	b.Grow(len(k.Text) + 2*len(d.Path) + len(d.Reader) + len(d.Writer))
	words, n := [2]string{reader, writer}, 0
	for rest := k.Text; ; {
		i := strings.IndexAny(rest, "{%")
		if i < 0 {
			b.WriteString(rest)
			return b.String()
		}
		b.WriteString(rest[:i])
		rest = rest[i:]
		switch {
		case strings.HasPrefix(rest, "%s"):
			b.WriteString(words[n%2])
			n, rest = n+1, rest[len("%s"):]
		case strings.HasPrefix(rest, "{path}"):
			b.WriteString(d.Path)
			rest = rest[len("{path}"):]
		case strings.HasPrefix(rest, "{reader}"):
			b.WriteString(d.Reader)
			rest = rest[len("{reader}"):]
		case strings.HasPrefix(rest, "{writer}"):
			b.WriteString(d.Writer)
			rest = rest[len("{writer}"):]
		default:
			b.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
}

// View is the kind from the view of the author of the new schema, where the
// new schema reads the old data or the other way round. Kinds that look the same from
// both sides have their words under New only.
func (k *Kind) View(newReads bool) Side {
	if newReads || k.Old == (Side{}) {
		return k.New
	}
	return k.Old
}

// Symmetric reports whether the kind looks the same from both sides.
func (k *Kind) Symmetric() bool { return k.Old == (Side{}) }

// FindKind returns the kind of a name, nil if the table has none.
func FindKind(table []*Kind, name string) *Kind {
	if i := slices.IndexFunc(table, func(k *Kind) bool { return k.Name == name }); i >= 0 {
		return table[i]
	}
	return nil
}
