// Package jsonschema compares JSON Schemas as the reference does: not their
// keywords but their models (schema/jsonschema.Node), by rules that are a table
// of kinds (kinds.go).
//
// Whether two nodes are compatible is a question by itself, asked once per
// pair: combined schemas are matched by it, and most comparisons end with it.
// Only what is not compatible is walked again to say where and why.
package jsonschema

import (
	"strings"

	"github.com/seed-9f7c7091/concordat/compat"
	"github.com/seed-9f7c7091/concordat/schema"
	"github.com/seed-9f7c7091/concordat/schema/jsonschema"
)

// Node is the model of a schema.
type Node = jsonschema.Node

// Differ compares JSON Schemas. It implements compat.Differ.
var Differ compat.Differ = differ{}

type differ struct{}

func (differ) Kinds() []*compat.Kind { return Kinds }

// Diff returns the incompatible differences. A schema that is no valid JSON
// Schema, which the registry does not let in, differs in its type.
func (differ) Diff(reader, writer schema.Schema, policy compat.Policy) []compat.Difference {
	update, original, ok := models(reader, writer)
	if !ok {
		return []compat.Difference{{Kind: typeChanged, Path: rootPath}}
	}
	c := newComparison(policy)
	if c.compatible(original, update) {
		return nil
	}
	r := &report{comparison: c}
	c.compare(r, original, update)
	if len(r.found) == 0 {
		// The bounds on the work were met before a reason was found.
		r.add(combinedSubschemasChanged)
	}
	return r.found
}

// All returns every difference, the compatible ones included: each compatible
// pair of schemas is described once, at the first place it is met. It is nil
// for schemas that are not valid.
func All(reader, writer schema.Schema, policy compat.Policy) []compat.Difference {
	update, original, ok := models(reader, writer)
	if !ok {
		return nil
	}
	r := &report{comparison: newComparison(policy), all: true, described: make(map[pair]bool)}
	r.compare(r, original, update)
	return r.found
}

func models(reader, writer schema.Schema) (update, original *Node, ok bool) {
	r, rok := reader.(*jsonschema.Schema)
	w, wok := writer.(*jsonschema.Schema)
	if !rok || !wok {
		return nil, nil, false
	}
	update, uerr := r.Model()
	original, oerr := w.Model()
	return update, original, uerr == nil && oerr == nil
}

// pair is what is compared: the writer's node and the reader's.
type pair struct{ original, update *Node }

// Bounds on the work for one comparison. What is not decided when they are met
// counts as incompatible.
const (
	// maxWork bounds the pairs, properties and edges looked at.
	maxWork = 1 << 23
	// maxNesting bounds the pairs that wait for each other, through references.
	maxNesting = 4 * schema.MaxDepth
	// maxFound bounds the differences reported.
	maxFound = 10_000
	// maxRemembered bounds the pairs whose answers are kept, and with them the
	// memory of a comparison.
	maxRemembered = 1 << 19
	// maxPaths bounds the paths spelled out, in bytes; beyond, a path is "#/…".
	maxPaths = 1 << 24
)

// comparison decides which pairs are compatible. A pair that is met again
// while it is being decided counts as compatible; whatever was decided on that
// ground is decided anew should the pair turn out incompatible.
type comparison struct {
	policy compat.Policy
	work   int

	decided map[pair]bool
	// open are the pairs being decided, by their place on the way there.
	open  map[pair]int
	depth int
	// assumed are the pairs taken as compatible for as long as an open pair
	// is; the value is the outermost such pair, by its place.
	assumed map[pair]int
	order   []pair // of assumed, oldest first
	leaf    report // of the pair of leaves at hand
}

func newComparison(policy compat.Policy) *comparison {
	return &comparison{
		policy:  policy,
		decided: make(map[pair]bool),
		open:    make(map[pair]int),
		assumed: make(map[pair]int),
	}
}

// settled is the place that stands for no open pair.
const settled = int(^uint(0) >> 1)

func (c *comparison) compatible(original, update *Node) bool {
	ok, _ := c.decide(pair{original.Resolve(), update.Resolve()})
	return ok
}

// decide also returns the outermost open pair that the answer rests on.
func (c *comparison) decide(p pair) (ok bool, ground int) {
	if p.original == p.update {
		return true, settled
	}
	if p.leaves() {
		if c.spend(1) {
			return false, settled
		}
		c.leaf = report{comparison: c, quiet: true}
		c.evaluate(&c.leaf, p.original, p.update)
		return !c.leaf.refused && !c.spend(0), settled
	}
	if ok, known := c.decided[p]; known {
		return ok, settled
	}
	if at, open := c.open[p]; open {
		return true, at
	}
	if ground, assumed := c.assumed[p]; assumed {
		return true, ground
	}
	if c.depth >= maxNesting || c.spend(1) {
		return false, settled
	}
	at, before := c.depth, len(c.order)
	c.open[p] = at
	c.depth++
	r := &report{comparison: c, quiet: true, ground: settled}
	c.evaluate(r, p.original, p.update)
	c.depth--
	delete(c.open, p)
	switch {
	case r.refused, c.spend(0):
		// Incompatible on the best assumptions is incompatible. What assumed
		// the opposite of this pair is decided again when it is met.
		for _, q := range c.order[before:] {
			delete(c.assumed, q)
		}
		c.order = c.order[:before]
		c.remember(p, false)
		return false, settled
	case r.ground >= at:
		for _, q := range c.order[before:] {
			delete(c.assumed, q)
			c.remember(q, true)
		}
		c.order = c.order[:before]
		c.remember(p, true)
		return true, settled
	}
	if len(c.order) < maxRemembered {
		c.assumed[p] = r.ground
		c.order = append(c.order, p)
	}
	return true, r.ground
}

// remember keeps the answer to a pair, which is otherwise found anew when it is asked for.
func (c *comparison) remember(p pair, ok bool) {
	if len(c.decided) < maxRemembered {
		c.decided[p] = ok
	}
}

// leaves reports whether a pair is decided by the two nodes alone.
func (p pair) leaves() bool {
	switch p.original.Kind {
	case jsonschema.Combined:
		return false
	case jsonschema.Object, jsonschema.Array, jsonschema.Not:
		return p.update.Kind != p.original.Kind && p.update.Kind != jsonschema.Combined
	}
	return p.update.Kind != jsonschema.Combined
}

// spend counts work and reports whether there was too much of it. One is about
// what deciding a small pair takes.
func (c *comparison) spend(n int) bool {
	c.work += n
	return c.work > maxWork
}

// perWork is how many values, names or members of a list are looked at for one of work.
const perWork = 8

// report collects what a walk finds. A quiet one only tells whether there is
// anything incompatible and stops at the first.
type report struct {
	*comparison
	quiet   bool
	refused bool // quiet: something is incompatible
	ground  int  // quiet: the outermost open pair relied on

	all       bool          // compatible differences too
	described map[pair]bool // all: the compatible pairs already walked
	path      []string
	depth     int          // of the walk
	spelled   int          // bytes of the paths of what was found
	entered   map[pair]int // how often a pair is on the way here
	found     []compat.Difference
}

const rootPath = "#/"

// add notes a difference at the steps below the path at hand. It returns the
// difference for the caller to say what the two sides have there, nil if nobody asks.
func (r *report) add(k *Kind, steps ...string) *compat.Difference {
	breaks := k.Breaks(r.policy)
	switch {
	case r.quiet:
		r.refused = r.refused || breaks
	case (r.all || breaks) && len(r.found) < maxFound:
		r.found = append(r.found, compat.Difference{Kind: k, Path: r.place(steps)})
		return &r.found[len(r.found)-1]
	}
	return nil
}

// place spells the path of what is the given steps below the path at hand.
func (r *report) place(steps []string) string {
	path := append(r.path[:len(r.path):len(r.path)], steps...)
	for _, step := range path {
		r.spelled += len(step) + 1
	}
	if r.spelled > maxPaths {
		return rootPath + "…"
	}
	return rootPath + strings.Join(path, "/")
}

// done reports whether nothing more is to be learned, or can be.
func (r *report) done() bool {
	return r.quiet && r.refused || len(r.found) >= maxFound || r.spend(0)
}

// at runs a walk some steps below the path at hand.
func (r *report) at(walk func(), steps ...string) {
	before := len(r.path)
	r.path = append(r.path, steps...)
	r.depth++
	walk()
	r.depth--
	r.path = r.path[:before]
}

// accepts reports whether a pair is compatible, for walks that rely on it.
func (r *report) accepts(original, update *Node) bool {
	ok, ground := r.decide(pair{original.Resolve(), update.Resolve()})
	if r.quiet {
		r.ground = min(r.ground, ground)
	}
	return ok
}

// compare walks a pair, either of which may be absent.
func (c *comparison) compare(r *report, original, update *Node) {
	switch {
	case original == nil && update == nil:
		return
	case original == nil:
		r.add(schemaAdded)
		return
	case update == nil:
		r.add(schemaRemoved)
		return
	}
	p := pair{original.Resolve(), update.Resolve()}
	ok := r.accepts(p.original, p.update)
	if r.quiet {
		r.refused = r.refused || !ok
		return
	}
	if ok {
		if !r.all || r.described[p] {
			return
		}
		r.described[p] = true
	}
	if r.depth > maxNesting || r.spend(1) || r.done() {
		return
	}
	if original.Kind != jsonschema.Reference && update.Kind != jsonschema.Reference {
		c.evaluate(r, p.original, p.update)
		return
	}
	// What references lead to is described a second time where it is met within
	// itself, as the reference implementation does, and not a third time.
	via := pair{entry(original), entry(update)}
	if r.entered[via] == 2 {
		return
	}
	if r.entered == nil {
		r.entered = make(map[pair]int)
	}
	r.entered[via]++
	c.evaluate(r, p.original, p.update)
	r.entered[via]--
}

// entry is what tells a node from others on the way through references.
func entry(n *Node) *Node {
	if n.Kind == jsonschema.Reference && n.Copied {
		return n
	}
	return n.Resolve()
}
