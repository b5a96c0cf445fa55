package jsonschema

import (
	"strconv"
	"strings"

	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// evaluate compares two nodes, references resolved, in the order of decisions
// of the reference.
func (c *comparison) evaluate(r *report, original, update *Node) {
	if r.spend((weight(original) + weight(update)) / perWork) {
		return
	}
	if original.Kind != update.Kind {
		c.differentKinds(r, original, update)
		return
	}
	if r.all {
		annotations(r, original, update)
	}
	switch original.Kind {
	case jsonschema.String:
		compareStrings(r, original.String, update.String)
	case jsonschema.Number:
		compareNumbers(r, original.Number, update.Number)
	case jsonschema.Object:
		c.compareObjects(r, original.Object, update.Object)
	case jsonschema.Array:
		c.compareArrays(r, original.Array, update.Array)
	case jsonschema.Enum:
		compareEnums(r, original.Values, update.Values)
	case jsonschema.Const:
		if original.Values[0] != update.Values[0] {
			sides(r.add(enumChanged, "const"), update.Values, original.Values)
		}
	case jsonschema.Combined:
		c.compareCombined(r, original, update)
	case jsonschema.Not:
		// What is refused by one must be refused by the other: the sides swap.
		if r.accepts(update.Inner, original.Inner) {
			r.add(notNarrowed, "not")
		} else {
			r.add(notExtended, "not")
		}
	}
}

// weight counts what comparing a node looks at whatever it is compared with.
func weight(n *Node) int {
	w := len(n.Extra) + len(n.Members) + len(n.Values)
	switch n.Kind {
	case jsonschema.Array:
		w += len(n.Array.Tuple)
	case jsonschema.Number:
		w += len(n.Number.MultipleOf)
	}
	return w
}

// differentKinds compares what is combined with what is not, and kinds that differ.
func (c *comparison) differentKinds(r *report, original, update *Node) {
	switch {
	case update.Kind == jsonschema.Combined:
		sum := update.Criterion != jsonschema.All && update.Listed > 1
		if sum || update.Listed == 1 {
			for _, m := range update.Members {
				if r.accepts(original, m) {
					if r.all {
						c.compare(r, original, m)
					}
					if sum {
						r.add(sumExtended)
					}
					return
				}
			}
		}
	case original.Kind == jsonschema.Combined:
		product := original.Criterion == jsonschema.All && original.Listed > 1
		if product || original.Listed == 1 {
			for _, m := range original.Members {
				if r.accepts(m, update) {
					if r.all {
						c.compare(r, m, update)
					}
					if product {
						r.add(productNarrowed)
					}
					return
				}
			}
		}
	}
	if original.Kind == jsonschema.False || update.Permissive() || bytesInConnect(original) && bytesInConnect(update) {
		return
	}
	if d := r.add(typeChanged); d != nil {
		d.Reader, d.Writer = describe(update), describe(original)
	}
}

// describe names the kind of a node in the words of its author.
func describe(n *Node) string {
	switch n.Kind {
	case jsonschema.String:
		return "string"
	case jsonschema.Number:
		if n.Number.Integer {
			return "integer"
		}
		return "number"
	case jsonschema.Boolean:
		return "boolean"
	case jsonschema.Null:
		return "null"
	case jsonschema.Object:
		return "object"
	case jsonschema.Array:
		return "array"
	case jsonschema.Enum:
		return "enum"
	case jsonschema.Const:
		return "const"
	case jsonschema.Combined:
		return n.Criterion.Keyword()
	case jsonschema.Not:
		return "not"
	case jsonschema.Conditional:
		return "if"
	case jsonschema.False:
		return "false"
	case jsonschema.True:
		return "true"
	}
	return "{}"
}

// bytesInConnect reports whether Kafka Connect takes a node for bytes, however it is written.
func bytesInConnect(n *Node) bool {
	for i := range n.Extra {
		if n.Extra[i].Name == "connect.type" {
			return n.Extra[i].Value.Kind == jsontree.String && n.Extra[i].Value.Text == "bytes"
		}
	}
	return false
}

func annotations(r *report, original, update *Node) {
	for _, a := range []struct {
		kind *Kind
		o, u *string
	}{
		{idChanged, original.ID, update.ID},
		{titleChanged, original.Title, update.Title},
		{descriptionChanged, original.Description, update.Description},
	} {
		if (a.o == nil) != (a.u == nil) || a.o != nil && *a.o != *a.u {
			r.add(a.kind)
		}
	}
	o, u := original.Default, update.Default
	if (o == nil) != (u == nil) || o != nil && !jsonschema.EqualValues(o, u) {
		r.add(defaultChanged)
	}
}

func (b *bound) compare(r *report, original, update jsonschema.Limit) {
	var kind *Kind
	switch {
	case original.Set && update.Set && original.Value < update.Value:
		kind = b.more
	case original.Set && update.Set && original.Value > update.Value:
		kind = b.less
	case update.Set && !original.Set:
		kind = b.added
	case original.Set && !update.Set:
		kind = b.removed
	default:
		return
	}
	if d := r.add(kind, b.keyword); d != nil {
		d.Reader, d.Writer = limit(update), limit(original)
	}
}

func limit(l jsonschema.Limit) string {
	if !l.Set {
		return ""
	}
	return strconv.FormatFloat(l.Value, 'g', -1, 64)
}

func compareStrings(r *report, original, update *jsonschema.StringRules) {
	maxLength.compare(r, original.MaxLength, update.MaxLength)
	minLength.compare(r, original.MinLength, update.MinLength)
	var d *compat.Difference
	o, u := original.Pattern, update.Pattern
	switch {
	case o != nil && u != nil && *o != *u:
		d = r.add(patternChanged, "pattern")
	case u != nil && o == nil:
		d = r.add(patternAdded, "pattern")
	case o != nil && u == nil:
		d = r.add(patternRemoved, "pattern")
	}
	if d != nil {
		d.Reader, d.Writer = text(u), text(o)
	}
}

// text tells a text, its beginning where it is long.
func text(s *string) string {
	switch {
	case s == nil:
		return ""
	case len(*s) > maxListed:
		return strings.ToValidUTF8((*s)[:maxListed], "") + "…"
	}
	return *s
}

func compareNumbers(r *report, original, update *jsonschema.NumberRules) {
	maximum.compare(r, original.Maximum, update.Maximum)
	minimum.compare(r, original.Minimum, update.Minimum)
	limit := update.ExclusiveMaximum
	if o := original.ExclusiveMaximum; o.Set && limit.Set && o.Value > limit.Value && update.Maximum.Set {
		// The reference looks at maximum here; where there is none it fails, and
		// the keyword is compared with itself.
		limit = update.Maximum
		limit.Value = min(limit.Value, o.Value)
	}
	exclusiveMaximum.compare(r, original.ExclusiveMaximum, limit)
	exclusiveMinimum.compare(r, original.ExclusiveMinimum, update.ExclusiveMinimum)
	compareMultiples(r, original.MultipleOf, update.MultipleOf)
	switch {
	case original.Integer && !update.Integer:
		r.add(typeExtended)
	case !original.Integer && update.Integer:
		r.add(typeNarrowed)
	}
}

func compareMultiples(r *report, original, update string) {
	if original == update {
		return
	}
	kind := multipleOfChanged
	switch {
	case original == "":
		kind = multipleOfAdded
	case update == "":
		kind = multipleOfRemoved
	case multiple(update, original):
		if multiple(original, update) {
			return // the same number, written otherwise
		}
		kind = multipleOfExpanded
	case multiple(original, update):
		kind = multipleOfReduced
	}
	if d := r.add(kind, "multipleOf"); d != nil {
		d.Reader, d.Writer = update, original
	}
}

// compareEnums compares sets of values.
func compareEnums(r *report, original, update []string) {
	known := make(map[string]bool, len(original))
	for _, v := range original {
		known[v] = true
	}
	shared := 0
	for _, v := range update {
		if known[v] {
			shared++
		}
	}
	switch {
	case shared == len(original) && shared == len(update):
	case shared == len(original):
		r.add(enumExtended, "enum")
	case shared == len(update):
		sides(r.add(enumNarrowed, "enum"), update, original)
	default:
		sides(r.add(enumChanged, "enum"), update, original)
	}
}

// maxListed is how many bytes of a list of values are told.
const maxListed = 200

// sides tells the values of both sides.
func sides(d *compat.Difference, update, original []string) {
	if d == nil {
		return
	}
	list := func(values []string) string {
		n := 0
		for i, v := range values {
			if n += len(v) + len(", "); n > maxListed {
				return strings.Join(append(values[:i:i], "…"), ", ")
			}
		}
		return strings.Join(values, ", ")
	}
	d.Reader, d.Writer = list(update), list(original)
}

func (c *comparison) compareCombined(r *report, original, update *Node) {
	o, u := original.Members, update.Members
	if original.Criterion != update.Criterion {
		if update.Criterion != jsonschema.Any &&
			!(original.Listed == 1 && update.Listed == 1) &&
			!(original.Listed == 1 && update.Criterion == jsonschema.One) &&
			!(update.Listed == 1 && original.Criterion == jsonschema.All) {
			r.add(combinedChanged)
			return
		}
		r.add(combinedExtended)
	}
	switch {
	case len(o) < len(u) && update.Criterion == jsonschema.All:
		r.add(productExtended)
	case len(o) < len(u):
		r.add(sumExtended)
	case len(o) > len(u) && original.Criterion == jsonschema.All:
		r.add(productNarrowed)
	case len(o) > len(u):
		r.add(sumNarrowed)
	}
	if r.done() {
		return
	}
	m := newMatching(r, o, u)
	if !m.coversSmaller() {
		r.add(combinedSubschemasChanged)
	}
	if r.all {
		for j, i := range m.ofUpdate {
			if i >= 0 {
				r.at(func() { c.compare(r, o[i], u[j]) }, original.Criterion.Keyword(), strconv.Itoa(i))
			}
		}
	}
}
