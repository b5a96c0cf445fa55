package jsonschema

import (
	"strconv"

	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// evaluate compares two nodes, references resolved, in the order of decisions
// of the reference.
func (c *comparison) evaluate(r *report, original, update *Node) {
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
			r.add(enumChanged, "const")
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
	r.add(typeChanged)
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
	switch {
	case original.Set && update.Set:
		if original.Value < update.Value {
			r.add(b.more, b.keyword)
		} else if original.Value > update.Value {
			r.add(b.less, b.keyword)
		}
	case update.Set:
		r.add(b.added, b.keyword)
	case original.Set:
		r.add(b.removed, b.keyword)
	}
}

func compareStrings(r *report, original, update *jsonschema.StringRules) {
	maxLength.compare(r, original.MaxLength, update.MaxLength)
	minLength.compare(r, original.MinLength, update.MinLength)
	switch o, u := original.Pattern, update.Pattern; {
	case o != nil && u != nil:
		if *o != *u {
			r.add(patternChanged, "pattern")
		}
	case u != nil:
		r.add(patternAdded, "pattern")
	case o != nil:
		r.add(patternRemoved, "pattern")
	}
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
	const keyword = "multipleOf"
	switch {
	case original == update:
	case original == "":
		r.add(multipleOfAdded, keyword)
	case update == "":
		r.add(multipleOfRemoved, keyword)
	case multiple(update, original):
		if multiple(original, update) {
			return // the same number, written otherwise
		}
		r.add(multipleOfExpanded, keyword)
	case multiple(original, update):
		r.add(multipleOfReduced, keyword)
	default:
		r.add(multipleOfChanged, keyword)
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
		r.add(enumNarrowed, "enum")
	default:
		r.add(enumChanged, "enum")
	}
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
				r.at(original.Criterion.Keyword()+"/"+strconv.Itoa(i), func() { c.compare(r, o[i], u[j]) })
			}
		}
	}
}
