// Package avro compares Avro schemas by the rules of schema resolution of the
// Avro 1.12 specification, and reports like the checker in Avro's Java library,
// down to its order and to the places it names.
package avro

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// Differ compares Avro schemas. All policies are alike to it.
var Differ compat.Differ = differ{}

type differ struct{}

func (differ) Kinds() []*compat.Kind { return Kinds }

// Limits on a comparison. What goes beyond is one failed comparison.
const (
	maxDepth = schema.MaxDepth // of types within types
	maxPairs = 1 << 19         // of types compared
	maxWork  = 1 << 24         // fields, aliases, symbols and branches looked at
	// maxCopies bounds how often found differences are repeated; beyond, a type
	// in many places is reported at fewer of them.
	maxCopies = 1 << 18
	maxPaths  = 1 << 24 // bytes of places spelled out; beyond, a place is "/…"
	maxTold   = 1 << 24 // bytes of words for the two sides; beyond, they are "…"
)

func (differ) Diff(reader, writer schema.Schema, _ compat.Policy) []compat.Difference {
	r, ok := reader.(*avro.Schema)
	w, also := writer.(*avro.Schema)
	if !ok || !also {
		return []compat.Difference{failure("not an Avro schema")}
	}
	c := comparison{copies: maxCopies, work: maxWork, paths: maxPaths}
	found := c.compare(r.Root(), w.Root())
	if c.failed != "" {
		return []compat.Difference{failure(c.failed)}
	}
	t := teller{left: maxTold}
	var differences []compat.Difference
	for i := range found {
		differences = append(differences, t.difference(&found[i]))
	}
	return differences
}

// pair is a question: can a reader with one type read what a writer with the
// other has written?
type pair struct{ reader, writer *avro.Type }

type comparison struct {
	// answered holds the answers to pairs, empty for compatible ones. A pair
	// being compared is there as compatible, which ends recursion. The places
	// in an answer are those of the first time it was asked for.
	answered map[pair][]finding
	place    []step
	depth    int
	copies   int
	work     int
	paths    int
	failed   string // why the comparison cannot be carried out
}

// step is one step into a schema: a word, or an index where the word is empty.
type step struct {
	word  string
	index int
}

func (c *comparison) path() string {
	if len(c.place) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, s := range c.place {
		b.WriteByte('/')
		if s.word != "" {
			b.WriteString(s.word)
		} else {
			b.WriteString(strconv.Itoa(s.index))
		}
	}
	return b.String()
}

func (c *comparison) found(k *compat.Kind, reader, writer *avro.Type) []finding {
	path := "/…"
	if c.paths > 0 {
		path = c.path()
		c.paths -= len(path)
	}
	return []finding{{kind: k, path: path, reader: reader, writer: writer}}
}

// spend takes from the work that is left, and fails the comparison where there is none.
func (c *comparison) spend(work int) {
	if c.work -= work; c.work < 0 {
		c.failed = "the schemas are too complex to compare"
	}
}

// join appends differences. The first list is the caller's own unless it has
// no spare room; the second may be an answer and is never changed.
func (c *comparison) join(all, more []finding) []finding {
	switch {
	case len(more) == 0:
		return all
	case len(all) == 0:
		return slices.Clip(more)
	}
	if c.copies -= len(more); c.copies < 0 {
		return all
	}
	return append(all, more...)
}

// at compares a pair one step further in.
func (c *comparison) at(s step, reader, writer *avro.Type) []finding {
	c.place = append(c.place, s)
	found := c.compare(reader, writer)
	c.place = c.place[:len(c.place)-1]
	return found
}

func (c *comparison) compare(reader, writer *avro.Type) []finding {
	if reader.Kind.Primitive() && writer.Kind.Primitive() {
		return c.kinds(reader, writer)
	}
	c.spend(1)
	if c.depth >= maxDepth {
		c.failed = schema.ErrTooDeep.Error()
	}
	if c.failed != "" {
		return nil
	}
	if reader.Named == nil && writer.Named == nil {
		// Each stands in one place only, so the pair is not asked for again.
		return c.types(reader, writer)
	}
	p := pair{reader, writer}
	if known, ok := c.answered[p]; ok {
		return known
	}
	if c.answered == nil {
		c.answered = make(map[pair][]finding)
	} else if len(c.answered) >= maxPairs {
		c.spend(maxWork)
		return nil
	}
	c.answered[p] = nil
	found := c.types(reader, writer)
	if len(found) > 0 {
		c.answered[p] = slices.Clip(found)
	}
	return found
}

func (c *comparison) types(reader, writer *avro.Type) []finding {
	c.depth++
	defer func() { c.depth-- }()
	if writer.Kind == avro.Union {
		var all []finding
		for i, branch := range writer.Branches {
			all = c.join(all, c.at(step{index: i}, reader, branch))
		}
		return all
	}
	if reader.Kind == avro.Union {
		return c.branch(reader, writer)
	}
	if reader.Kind != writer.Kind {
		return c.kinds(reader, writer)
	}
	switch reader.Kind {
	case avro.Array:
		return c.at(step{word: "items"}, reader.Items, writer.Items)
	case avro.Map:
		return c.at(step{word: "values"}, reader.Items, writer.Items)
	case avro.Fixed:
		return c.join(c.names(reader, writer), c.sizes(reader, writer))
	case avro.Enum:
		return c.join(c.names(reader, writer), c.symbols(reader, writer))
	default:
		return c.join(c.names(reader, writer), c.fields(reader, writer))
	}
}

// promotions lists which other primitives a reader's primitive takes.
var promotions = [avro.Union + 1][]avro.Kind{
	avro.Long:   {avro.Int},
	avro.Float:  {avro.Int, avro.Long},
	avro.Double: {avro.Int, avro.Long, avro.Float},
	avro.Bytes:  {avro.String},
	avro.String: {avro.Bytes},
}

func accepts(reader, writer avro.Kind) bool {
	return reader == writer || slices.Contains(promotions[reader], writer)
}

func (c *comparison) kinds(reader, writer *avro.Type) []finding {
	if accepts(reader.Kind, writer.Kind) {
		return nil
	}
	return c.found(&TypeMismatch, reader, writer)
}

// branch looks for a branch of the reader's union that takes the writer's type.
// Why a branch does not is nobody's concern, but as in the reference the answer
// stays known, with places as seen from that branch.
func (c *comparison) branch(reader, writer *avro.Type) []finding {
	outer := c.place
	c.place = nil
	fits := false
	c.spend(len(reader.Branches))
	for _, b := range reader.Branches {
		if b.Named == nil && b.Kind != writer.Kind || b.Kind.Primitive() {
			fits = accepts(b.Kind, writer.Kind)
		} else {
			fits = len(c.compare(b, writer)) == 0
		}
		if fits {
			break
		}
	}
	c.place = outer
	if fits || c.failed != "" {
		return nil
	}
	return c.found(&MissingUnionBranch, reader, writer)
}

// names compares simple names; the reader's aliases count as full names.
func (c *comparison) names(reader, writer *avro.Type) []finding {
	r, w := reader.Named, writer.Named
	if r.Name.Simple() == w.Name.Simple() {
		return nil
	}
	if r.HasAlias(w.Name.Full()) {
		return nil
	}
	defer c.enter("name")()
	return c.found(&NameMismatch, reader, writer)
}

// enter goes one step further in until the function returned is called.
func (c *comparison) enter(word string) (leave func()) {
	c.place = append(c.place, step{word: word})
	return func() { c.place = c.place[:len(c.place)-1] }
}

func (c *comparison) sizes(reader, writer *avro.Type) []finding {
	if reader.Named.Size == writer.Named.Size {
		return nil
	}
	defer c.enter("size")()
	return c.found(&FixedSizeMismatch, reader, writer)
}

func (c *comparison) symbols(reader, writer *avro.Type) []finding {
	r, w := reader.Named, writer.Named
	c.spend(len(w.Symbols))
	if r.Default != nil || slices.Equal(r.Symbols, w.Symbols) {
		return nil
	}
	c.spend(len(r.Symbols))
	if len(missingSymbols(r, w)) == 0 {
		return nil
	}
	defer c.enter("symbols")()
	return c.found(&MissingEnumSymbols, reader, writer)
}

// missingSymbols lists the symbols of a writer that a reader lacks.
func missingSymbols(reader, writer *avro.Named) []string {
	known := make(map[string]struct{}, len(reader.Symbols))
	for _, s := range reader.Symbols {
		known[s] = struct{}{}
	}
	var missing []string
	for _, s := range writer.Symbols {
		if _, ok := known[s]; !ok {
			missing = append(missing, s)
		}
	}
	return missing
}

func (c *comparison) fields(reader, writer *avro.Type) []finding {
	var all []finding
	c.place = append(c.place, step{word: "fields"}, step{})
	last := len(c.place) - 1
	for i := range reader.Named.Fields {
		c.place[last].index = i
		all = c.join(all, c.field(reader, i, writer))
		if c.failed != "" {
			break
		}
	}
	c.place = c.place[:last-1]
	return all
}

func (c *comparison) field(reader *avro.Type, i int, writer *avro.Type) []finding {
	f := &reader.Named.Fields[i]
	at := c.source(reader.Named, i, writer)
	if at >= 0 {
		return c.at(step{word: "type"}, f.Type, writer.Named.Fields[at].Type)
	}
	switch {
	case c.failed != "" || f.Default != nil:
		return nil
	case f.Type.Kind == avro.Enum && f.Type.Named.Default != nil:
		// The checker of Avro's library takes the enum's default for one of the
		// field, and then compares the enum with the whole record.
		return c.at(step{word: "type"}, f.Type, writer)
	}
	missing := c.found(&ReaderFieldMissingDefaultValue, reader, writer)
	missing[0].field = i
	return missing
}

// source is the index of the writer's field that fills a field of the reader,
// by its name or an alias, -1 if there is none. More than one fails the comparison.
func (c *comparison) source(reader *avro.Named, i int, writer *avro.Type) int {
	f, w := &reader.Fields[i], writer.Named
	c.spend(1 + len(f.Aliases))
	at := -1
	if i < len(w.Fields) && w.Fields[i].Name == f.Name {
		at = i
	} else {
		at = w.Field(f.Name)
	}
	for _, alias := range f.Aliases {
		other := w.Field(alias)
		if other < 0 || other == at {
			continue
		}
		if at >= 0 {
			c.failed = fmt.Sprintf("Reader record field %s matches multiple fields in writer record schema %s",
				reader.Describe(i), writer)
			return -1
		}
		at = other
	}
	return at
}
