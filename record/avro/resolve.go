package avro

import (
	"fmt"

	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// plan is how data of a writer's type is read as a reader's. What cannot be
// read is found where a value is: the plan of the rest serves until then.
type plan struct {
	writer, reader *node
	refused        string // why no value can be read, "" if some can

	to       avro.Kind // primitives: the kind of the reader
	steps    []step    // Record: fields as the writer wrote them
	missing  []*field  // Record: the reader's fields that the writer lacks
	fields   int       // Record: how many the reader has
	extra    int       // Record: how many values it may make without a byte for them
	symbols  []any     // Enum: the reader's symbols by the writer's numbers, nil where it has none
	items    *plan     // Array, Map
	branches []*plan   // Union

	// Where the reader has a union, items is the plan for the branch chosen, and nothing else counts.
	union  *node
	branch int
}

type step struct {
	name    string
	plan    *plan // nil: the reader lacks the field
	skipped *node
}

// resolve plans reading by the rules of Avro 1.12, Schema Resolution, as its
// Java library carries them out: the names of records are compared only where a union gives a choice.
func resolve(writer, reader *node) *plan {
	return (&resolver{plans: make(map[[2]*node]*plan)}).plan(writer, reader)
}

type resolver struct{ plans map[[2]*node]*plan }

func (rs *resolver) plan(w, r *node) *plan {
	key := [2]*node{w, r}
	if p := rs.plans[key]; p != nil {
		return p
	}
	p := &plan{writer: w, reader: r, to: r.kind}
	rs.plans[key] = p
	switch {
	case w.kind == avro.Union:
		for _, b := range w.branches {
			p.branches = append(p.branches, rs.plan(b, r))
		}
	case r.kind == avro.Union:
		if i := rs.match(w, r); i >= 0 {
			p.union, p.branch, p.items = r, i, rs.plan(w, r.branches[i])
		} else {
			p.refuse("it is %s, which is none of the branches of the reader's schema", w.wanted())
		}
	case w.kind == avro.Record && r.kind == avro.Record:
		rs.record(p)
	case w.kind == avro.Enum && r.kind == avro.Enum:
		p.enum()
	case w.kind == avro.Fixed && r.kind == avro.Fixed:
		if !sameName(w, r) || w.size != r.size {
			p.refuse("it is fixed %s of %d bytes, the reader's schema has fixed %s of %d", w.name, w.size, r.name, r.size)
		}
	case w.kind == r.kind && w.items != nil:
		p.items = rs.plan(w.items, r.items)
	case w.kind == r.kind:
	case !promotes(w.kind, r.kind):
		p.refuse("it is %s, the reader's schema has %s", w.wanted(), r.wanted())
	}
	return p
}

func (p *plan) refuse(format string, args ...any) { p.refused = fmt.Sprintf(format, args...) }

// promotes reports whether a primitive is read as another.
func promotes(w, r avro.Kind) bool {
	switch w {
	case avro.Int:
		return r == avro.Long || r == avro.Float || r == avro.Double
	case avro.Long:
		return r == avro.Float || r == avro.Double
	case avro.Float:
		return r == avro.Double
	case avro.String:
		return r == avro.Bytes
	case avro.Bytes:
		return r == avro.String
	}
	return false
}

func (rs *resolver) record(p *plan) {
	w, r := p.writer, p.reader
	p.fields, p.extra = len(r.fields), w.spared
	given := make([]bool, len(r.fields))
	aliases := make(map[string]int)
	for i := range r.fields {
		for _, a := range r.fields[i].of.Aliases {
			aliases[a] = i
		}
	}
	for i := range w.fields {
		f := &w.fields[i]
		to, ok := aliases[f.name]
		if !ok || given[to] {
			if to, ok = r.index[f.name]; ok && given[to] {
				ok = false
			}
		}
		if !ok {
			p.steps = append(p.steps, step{name: f.name, skipped: f.node})
			continue
		}
		given[to] = true
		p.steps = append(p.steps, step{name: r.fields[to].name, plan: rs.plan(f.node, r.fields[to].node)})
	}
	for i := range r.fields {
		f := &r.fields[i]
		switch {
		case given[i]:
		case !f.hasDef:
			p.refuse("the writer's record %s has no field %s, which has no default", w.name, f.name)
		default:
			p.missing = append(p.missing, f)
			p.extra++
		}
	}
}

func (p *plan) enum() {
	w, r := p.writer, p.reader
	if !sameName(w, r) {
		p.refuse("it is enum %s, the reader's schema has enum %s", w.name, r.name)
		return
	}
	var def any
	if d := r.typ.Named.Default; d != nil && r.symbol(*d) >= 0 {
		def = r.symbols[r.symbol(*d)]
	}
	p.symbols = make([]any, len(w.symbols))
	for i, s := range w.symbols {
		p.symbols[i] = def
		if j := r.symbol(s.(string)); j >= 0 {
			p.symbols[i] = r.symbols[j]
		}
	}
}

// sameName reports whether enums or fixed types match: by their names without
// namespaces, or by an alias of the reader's.
func sameName(w, r *node) bool {
	return w.typ.Named.Name.Simple() == r.typ.Named.Name.Simple() || r.typ.Named.HasAlias(w.name)
}

// match returns the branch of a reader's union that takes a writer's type, or
// -1: one of the same kind and full name first, then a record of the same structure, best with
// the same name, then what the type is promoted to.
func (rs *resolver) match(w, r *node) int {
	alike := -1
	for i, b := range r.branches {
		switch {
		case b.kind != w.kind:
		case w.typ.Named == nil, b.name == w.name, b.typ.Named.HasAlias(w.name):
			return i
		case w.kind == avro.Record:
			same := w.typ.Named.Name.Simple() == b.typ.Named.Name.Simple()
			if (alike < 0 || same) && rs.structured(w, b) {
				alike = i
			}
		case alike < 0 && sameName(w, b):
			alike = i
		}
	}
	if alike >= 0 {
		return alike
	}
	for i, b := range r.branches {
		if promotes(w.kind, b.kind) {
			return i
		}
	}
	return -1
}

// structured reports whether a record can be read as another, as far as its own fields tell.
func (rs *resolver) structured(w, r *node) bool {
	p := rs.plan(w, r)
	if p.refused != "" {
		return false
	}
	for i := range p.steps {
		if in := p.steps[i].plan; in != nil && in.refused != "" {
			return false
		}
	}
	return true
}
