package jsonschema

import (
	"strconv"

	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

func (c *comparison) compareObjects(r *report, original, update *jsonschema.ObjectRules) {
	if r.quiet { // the order does not matter, and most properties that differ are told apart soon
		c.compareProperties(r, original, update)
		if r.done() {
			return
		}
	}
	compareRequired(r, original, update)
	if !r.quiet {
		c.compareProperties(r, original, update)
	}
	if r.done() {
		return
	}
	c.compareDependencies(r, original, update)
	additionalProperties.compare(c, r, additional(original.NoAdditional, original.Additional), additional(update.NoAdditional, update.Additional))
	unevaluatedProperties.compare(c, r, unevaluated(original.Unevaluated), unevaluated(update.Unevaluated))
	maxProperties.compare(r, original.MaxProperties, update.MaxProperties)
	minProperties.compare(r, original.MinProperties, update.MinProperties)
}

// compareRequired looks only at names that are properties on both sides.
func compareRequired(r *report, original, update *jsonschema.ObjectRules) {
	if len(original.Required) == 0 && len(update.Required) == 0 {
		return
	}
	list := names(original.Properties)
	if !r.quiet {
		list = hashOrder(list, nil)
	}
	r.spend(len(list) / perWork)
	for _, name := range list {
		property := update.Property(name)
		if property == nil {
			continue
		}
		switch before, now := original.Required[name], update.Required[name]; {
		case before && !now:
			r.add(requiredRemoved, "required", name)
		case !before && now && property.Default != nil:
			r.add(requiredWithDefaultAdded, "required", name)
		case !before && now:
			r.add(requiredAdded, "required", name)
		}
	}
}

// bytesPerWork is how much of a long name is hashed for one of work.
const bytesPerWork = 256

func names(properties []jsonschema.Property) []string {
	all := make([]string, len(properties))
	for i := range properties {
		all[i] = properties[i].Name
	}
	return all
}

func (c *comparison) compareProperties(r *report, original, update *jsonschema.ObjectRules) {
	if r.quiet {
		// The order does not matter, and the second list only where the first has gaps.
		for i := range original.Properties {
			c.compareProperty(r, original, update, original.Properties[i].Name)
			if r.done() {
				return
			}
		}
		for i := range update.Properties {
			if name := update.Properties[i].Name; original.Property(name) == nil {
				c.compareProperty(r, original, update, name)
				if r.done() {
					return
				}
			}
		}
		return
	}
	for _, name := range hashOrder(names(original.Properties), names(update.Properties)) {
		r.at(func() { c.compareProperty(r, original, update, name) }, "properties", name)
	}
}

func (c *comparison) compareProperty(r *report, original, update *jsonschema.ObjectRules, name string) {
	if r.spend(1 + len(name)/bytesPerWork) {
		return
	}
	before, now := original.Property(name), update.Property(name)
	switch {
	case before != nil && now != nil:
		c.compare(r, before, now)
	case now == nil:
		c.removed(r, &properties, before, isOpen(update), func() *Node { return r.covering(update, name) })
	default:
		c.addedProperty(r, original, update, name, now)
	}
}

func (c *comparison) addedProperty(r *report, original, update *jsonschema.ObjectRules, name string, now *Node) {
	open := isOpen(original)
	if open && now.Permissive() {
		r.add(properties.emptyAddedToOpen)
		return
	}
	if !open {
		if cover := r.covering(original, name); cover != nil {
			c.covered(r, cover, now, properties.addedCovered, properties.addedNotCovered)
		}
	}
	kinds := [...]*Kind{optionalPropertyAddedToUnopen, requiredPropertyAddedToUnopen, requiredPropertyWithDefaultAddedToUnopen}
	if open {
		kinds = [...]*Kind{optionalPropertyAddedToOpen, requiredPropertyAddedToOpen, requiredPropertyWithDefaultAddedToOpen}
	}
	switch {
	case !update.Required[name]:
		r.add(kinds[0])
	case now.Default == nil:
		r.add(kinds[1])
	default:
		r.add(kinds[2])
	}
}

// removed describes a property or item that the update no longer lists.
func (c *comparison) removed(r *report, k *contents, before *Node, open bool, cover func() *Node) {
	if open {
		r.add(k.removedFromOpen)
		return
	}
	if n := cover(); n != nil {
		c.covered(r, before, n, k.removedCovered, k.removedNotCovered)
		return
	}
	if before.Kind == jsonschema.False {
		r.add(k.falseRemoved)
	} else {
		r.add(k.removedFromClosed)
	}
}

// covered compares with the schema that applies to what is not listed.
func (c *comparison) covered(r *report, original, update *Node, yes, no *Kind) {
	c.compare(r, original, update)
	if r.accepts(original, update) {
		r.add(yes)
	} else {
		r.add(no)
	}
}

// isOpen reports whether any property may be added.
func isOpen(o *jsonschema.ObjectRules) bool {
	return !o.NoAdditional && o.Additional == nil && len(o.Patterns) == 0 && unevaluated(o.Unevaluated).open()
}

// covering is the schema of a property that is not listed, nil if there is none.
func (r *report) covering(o *jsonschema.ObjectRules, name string) *Node {
	for i := range o.Patterns {
		found, steps := o.Patterns[i].Pattern.Search(name)
		if tooMuch := r.spend(steps / perWork); found || tooMuch {
			return o.Patterns[i].Node
		}
	}
	if o.Additional != nil {
		return o.Additional
	}
	return unevaluated(o.Unevaluated).schema
}

func (c *comparison) compareDependencies(r *report, original, update *jsonschema.ObjectRules) {
	before, now := dependents(original.DependentRequired), dependents(update.DependentRequired)
	r.spend((len(before) + len(now) + len(original.DependentSchemas) + len(update.DependentSchemas)) / perWork)
	for _, name := range hashOrder(keys(original.DependentRequired), keys(update.DependentRequired)) {
		o, had := before[name]
		u, has := now[name]
		if r.spend(len(o)/perWork) || r.done() {
			return
		}
		switch kept := shared(o, u); {
		case !has:
			r.add(dependencyArrayRemoved, "dependencies", name)
		case !had:
			r.add(dependencyArrayAdded, "dependencies", name)
		case kept == len(o) && kept == len(u):
		case kept == len(o):
			r.add(dependencyArrayExtended, "dependencies", name)
		case kept == len(u):
			r.add(dependencyArrayNarrowed, "dependencies", name)
		default:
			r.add(dependencyArrayChanged, "dependencies", name)
		}
	}
	schemasBefore, schemasNow := schemas(original.DependentSchemas), schemas(update.DependentSchemas)
	for _, name := range hashOrder(names(original.DependentSchemas), names(update.DependentSchemas)) {
		o, u := schemasBefore[name], schemasNow[name]
		switch {
		case u == nil:
			r.add(dependencySchemaRemoved, "dependencies", name)
		case o == nil:
			r.add(dependencySchemaAdded, "dependencies", name)
		default:
			r.at(func() { c.compare(r, o, u) }, "dependencies", name)
		}
	}
}

func keys(all []jsonschema.Dependents) []string {
	list := make([]string, len(all))
	for i := range all {
		list[i] = all[i].Name
	}
	return list
}

func dependents(all []jsonschema.Dependents) map[string]map[string]bool {
	if len(all) == 0 {
		return nil
	}
	byName := make(map[string]map[string]bool, len(all))
	for _, d := range all {
		byName[d.Name] = d.Names
	}
	return byName
}

func schemas(all []jsonschema.Property) map[string]*Node {
	if len(all) == 0 {
		return nil
	}
	byName := make(map[string]*Node, len(all))
	for _, p := range all {
		byName[p.Name] = p.Node
	}
	return byName
}

func shared(a, b map[string]bool) int {
	n := 0
	for name := range a {
		if b[name] {
			n++
		}
	}
	return n
}

// unlisted is what applies beyond the listed properties or items.
type unlisted struct {
	refused bool
	schema  *Node // nil when anything goes, or nothing
}

func (u unlisted) open() bool {
	return !u.refused && (u.schema == nil || u.schema.Kind == jsonschema.True)
}

func additional(refused bool, schema *Node) unlisted { return unlisted{refused, schema} }

// unevaluated keeps true apart from absent, as the reference does.
func unevaluated(n *Node) unlisted {
	if n != nil && n.Kind == jsonschema.False {
		return unlisted{refused: true}
	}
	return unlisted{schema: n}
}

func (k *rest) compare(c *comparison, r *report, original, update unlisted) {
	switch {
	case original.refused && !update.refused:
		r.add(k.added, k.keyword)
	case !original.refused && update.refused:
		r.add(k.removed, k.keyword)
	case update.schema != nil && (original.schema == nil || original.open() && !update.open()):
		r.add(k.narrowed, k.keyword)
	case original.schema != nil && update.schema == nil:
		r.add(k.extended, k.keyword)
	default:
		r.at(func() { c.compare(r, original.schema, update.schema) }, k.keyword)
	}
}

func (c *comparison) compareArrays(r *report, original, update *jsonschema.ArrayRules) {
	r.at(func() { c.compare(r, original.Items, update.Items) }, "items")
	for i := range max(len(original.Tuple), len(update.Tuple)) {
		if r.done() {
			return
		}
		r.at(func() { c.compareItem(r, original, update, i) }, "items", strconv.Itoa(i))
	}
	additionalItems.compare(c, r, additional(original.NoAdditional, original.Additional), additional(update.NoAdditional, update.Additional))
	unevaluatedItems.compare(c, r, unevaluated(original.Unevaluated), unevaluated(update.Unevaluated))
	maxItems.compare(r, original.MaxItems, update.MaxItems)
	minItems.compare(r, original.MinItems, update.MinItems)
	maxContains.compare(r, original.MaxContains, update.MaxContains)
	minContains.compare(r, original.MinContains, update.MinContains)
	switch {
	case original.Unique && !update.Unique:
		r.add(uniqueItemsRemoved, "uniqueItems")
	case !original.Unique && update.Unique:
		r.add(uniqueItemsAdded, "uniqueItems")
	}
}

func (c *comparison) compareItem(r *report, original, update *jsonschema.ArrayRules, i int) {
	switch {
	case i < len(original.Tuple) && i < len(update.Tuple):
		c.compare(r, original.Tuple[i], update.Tuple[i])
	case i >= len(update.Tuple):
		c.removed(r, &items, original.Tuple[i], isOpenArray(update), func() *Node { return coveringItems(update) })
	case isOpenArray(original) && update.Tuple[i].Permissive():
		r.add(items.emptyAddedToOpen)
	case isOpenArray(original):
		r.add(itemAddedToOpen)
	default:
		if cover := coveringItems(original); cover != nil {
			c.covered(r, cover, update.Tuple[i], items.addedCovered, items.addedNotCovered)
		} else {
			r.add(itemAddedToClosed)
		}
	}
}

func isOpenArray(a *jsonschema.ArrayRules) bool {
	return !a.NoAdditional && a.Additional == nil && unevaluated(a.Unevaluated).open()
}

func coveringItems(a *jsonschema.ArrayRules) *Node {
	if a.Additional != nil {
		return a.Additional
	}
	return unevaluated(a.Unevaluated).schema
}
