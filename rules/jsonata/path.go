package jsonata

import (
	"math"
	"slices"
)

// lookup is the value of a name in an object, or those in the objects of an array, as a sequence.
func lookup(st *state, in value, name string, depth int) (value, *Error) {
	switch in.kind {
	case objectKind:
		return in.field(name), nil
	case arrayKind:
	default:
		return undefined, nil
	}
	if depth > maxNesting {
		return undefined, fail("D1011")
	}
	n := in.count()
	var found []value
	for i := range n {
		v, err := lookup(st, in.item(i), name, depth+1)
		if err != nil {
			return undefined, err
		}
		if found, err = st.add(found, v); err != nil {
			return undefined, err
		}
	}
	return list(sequenceOf(found...)), nil
}

// add adds a value to a list, an array by its items, nothing not at all.
func (st *state) add(all []value, v value) ([]value, *Error) {
	switch v.kind {
	case undefinedKind:
		return all, nil
	case arrayKind:
		n := len(all)
		if a := v.made(); a != nil {
			all = append(all, a.items...)
		} else {
			all = slices.Grow(all, v.count())
			for i := range v.count() {
				all = append(all, v.item(i))
			}
		}
		return all, st.grown(len(all), len(all)-n)
	}
	all = append(all, v)
	return all, st.grown(len(all), 1)
}

func wildcard(st *state, in value) (value, *Error) {
	in = in.inner()
	var found []value
	var err *Error
	flat := false // arrays were taken apart: what comes of that is no sequence
	each := func(v value) *Error {
		if v.kind == arrayKind {
			flat = true
			if found, err = st.flatten(found, v, 0); err != nil {
				return err
			}
			return nil
		}
		found = append(found, v)
		return st.grown(len(found), 1)
	}
	switch in.kind {
	case arrayKind:
		for i := range in.count() {
			if err := each(in.item(i)); err != nil {
				return undefined, err
			}
		}
	case objectKind:
		m := in.members()
		for i := range m.len() {
			if err := each(m.value(i)); err != nil {
				return undefined, err
			}
		}
	}
	return list(&array{items: found, sequence: !flat}), nil
}

// flatten adds the items of an array and of all arrays within.
func (st *state) flatten(all []value, v value, depth int) ([]value, *Error) {
	if v.kind != arrayKind {
		all = append(all, v)
		return all, st.grown(len(all), 1)
	}
	if depth > maxNesting {
		return all, fail("D1011")
	}
	var err *Error
	for i := range v.count() {
		if all, err = st.flatten(all, v.item(i), depth+1); err != nil {
			return all, err
		}
	}
	return all, nil
}

func descendants(st *state, in value) (value, *Error) {
	if in.kind == undefinedKind {
		return undefined, nil
	}
	all, err := st.descend(nil, in, 0)
	if len(all) == 1 {
		return all[0], err // not even [] makes an array of it
	}
	return list(sequenceOf(all...)), err
}

func (st *state) descend(all []value, v value, depth int) ([]value, *Error) {
	if depth > maxNesting {
		return all, fail("D1011")
	}
	if v.kind != arrayKind {
		all = append(all, v)
		if err := st.grown(len(all), 1); err != nil {
			return all, err
		}
	}
	var err *Error
	switch v.kind {
	case arrayKind:
		for i := range v.count() {
			if all, err = st.descend(all, v.item(i), depth+1); err != nil {
				return all, err
			}
		}
	case objectKind:
		m := v.members()
		for i := range m.len() {
			if all, err = st.descend(all, m.value(i), depth+1); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// predicate is a filter, ready to be applied.
type predicate struct {
	run   exec
	index float64 // where the filter is a number
	fixed bool
	bind  int // where it binds positions: the id of what it binds
	binds bool
}

func (c *compiler) filters(list []filter, s *scope) []*predicate {
	all := make([]*predicate, len(list))
	for i, f := range list {
		switch {
		case f.expr == nil:
			all[i] = &predicate{binds: true, bind: c.tupleIDs[f.index]}
		case f.expr.typ == numberNode && len(f.expr.predicate) == 0 && f.expr.also().group == nil:
			all[i] = &predicate{fixed: true, index: math.Floor(f.expr.num)}
		default:
			all[i] = &predicate{run: c.compile(f.expr, s)}
		}
	}
	return all
}

// apply keeps the items of a value, or the value itself, for which the
// predicate holds. It gives a sequence, or the item that has the index.
func (p *predicate) apply(st *state, v value, fr *frame) (value, *Error) {
	if p.fixed {
		return p.pick(v), nil
	}
	if v.kind != arrayKind {
		// Nothing is an item too: where the predicate holds for it, it is one of the sequence.
		times, err := p.holds(st, v, 0, 1, fr)
		if err != nil || times == 0 {
			return list(sequenceOf()), err
		}
		return list(sequenceOf(slices.Repeat([]value{v}, times)...)), nil
	}
	n := v.count()
	out := sequenceOf()
	var tuples []*tuple
	if a := v.made(); a != nil && a.tuples != nil {
		tuples, out.tuples = a.tuples, []*tuple{}
	}
	for i := range n {
		x, at := v.item(i), fr
		if tuples != nil {
			at = &frame{parent: fr.parent, tuple: tuples[i]}
		}
		times, err := p.holds(st, x, i, n, at)
		if err != nil {
			return undefined, err
		}
		for range times {
			out.items = append(out.items, x)
			if tuples != nil {
				out.tuples = append(out.tuples, tuples[i])
			}
			if err := st.grown(len(out.items), 1); err != nil {
				return undefined, err
			}
		}
	}
	return list(out), nil
}

// pick is the item at the predicate's index, from the end if it is negative.
func (p *predicate) pick(v value) value {
	n := 1
	if v.kind == arrayKind {
		n = v.count()
	}
	i := p.index
	if i < 0 {
		i += float64(n)
	}
	if i < 0 || i >= float64(n) {
		return list(sequenceOf())
	}
	x := v
	if v.kind == arrayKind {
		x = v.item(int(i))
	}
	if a := v.made(); a != nil && a.tuples != nil {
		return list(&array{items: []value{x}, sequence: true, tuples: a.tuples[int(i) : int(i)+1]})
	}
	switch x.kind {
	case arrayKind:
		return x
	case undefinedKind:
		return list(sequenceOf())
	}
	return list(sequenceOf(x))
}

// holds tells how often the predicate keeps an item, the i-th of n: an array of
// numbers may name it several times.
func (p *predicate) holds(st *state, item value, i, n int, fr *frame) (times int, err *Error) {
	if err := st.tick(1); err != nil {
		return 0, err
	}
	v, err := p.run(st, item, fr)
	if err != nil {
		return 0, err
	}
	var yes bool
	switch v.kind {
	case boolKind:
		yes = v.isTrue()
	case numberKind:
		yes, err = isIndex(v.num, i, n), finite(v)
	case arrayKind:
		count := v.count()
		if !allNumbers(v) {
			yes, err = st.truthy(v)
			break
		}
		for j := range count {
			if err := finite(v.item(j)); err != nil {
				return 0, err
			}
			if isIndex(v.item(j).num, i, n) {
				times++
			}
		}
		return times, st.tick(count)
	default:
		yes, err = st.truthy(v)
	}
	if yes {
		times = 1
	}
	return times, err
}

func isIndex(f float64, i, n int) bool {
	f = math.Floor(f)
	if f < 0 {
		f += float64(n)
	}
	return f == float64(i)
}

func allNumbers(v value) bool {
	n := v.count()
	for i := range n {
		if x := v.item(i); x.kind != numberKind || math.IsNaN(x.num) {
			return false
		}
	}
	return n > 0
}

// step is a step of a path, ready to run.
type step struct {
	run     exec
	name    string // of a step that is only a name
	named   bool
	filters []*predicate
	sort    *sorter
	list    bool // the first step constructs an array, maybe in a block: it sees the input whole

	tuple  bool // from here on items carry bindings
	focus  int  // id of what @ binds, -1 for none
	index  int  // id of what # binds, -1 for none
	parent int  // id of what the input is the parent of, -1 for none
}

func (c *compiler) path(n *node, s *scope) exec {
	if run := c.names(n); run != nil {
		return run
	}
	steps := make([]step, len(n.list))
	inner := s
	tuples := false
	for i, e := range n.list {
		if e.tuple && !tuples {
			tuples = true
			inner = tupleScope(s)
		}
		x := &steps[i]
		*x = step{tuple: tuples, focus: -1, index: -1, parent: -1, list: i == 0 && e.constructor}
		if e.also().focus != "" {
			x.focus = c.tupleIDs[e.also().focus]
		}
		if e.also().index != "" {
			x.index = c.tupleIDs[e.also().index]
		}
		if e.also().binds != nil {
			x.parent = c.parentID(e.also().binds)
		}
		x.filters = c.filters(e.filters, inner)
		switch {
		case e.typ == sortNode:
			x.sort = c.sorter(e, inner)
		case e.typ == nameNode && !e.followed():
			x.name, x.named = e.text, true
		default:
			if len(e.filters) > 0 {
				bare := *e
				bare.filters = nil
				e = &bare
			}
			x.run = c.compile(e, inner)
		}
	}
	p := &pathRun{steps: steps, keep: n.keepSingleton, array: n.keepArray, stream: n.tuple, variable: n.list[0].typ == variableNode}
	if n.also().group != nil {
		p.group = c.group(n.also().group, s)
		if tuples {
			p.tupleGroup = c.groupTuples(n.also().group, inner)
		}
	}
	if tuples {
		return p.withTuples
	}
	return p.plain
}

// names is a path of names alone, which needs no sequences as long as it meets no array.
func (c *compiler) names(n *node) exec {
	if n.keepSingleton || n.keepArray || n.also().group != nil || n.tuple {
		return nil
	}
	for _, e := range n.list {
		if e.typ != nameNode || e.followed() || len(e.filters) > 0 || e.tuple || e.also().focus != "" || e.also().index != "" {
			return nil
		}
	}
	steps := make([]step, len(n.list))
	for i, e := range n.list {
		steps[i] = step{name: e.text, named: true, focus: -1, index: -1, parent: -1}
	}
	if len(steps) == 1 {
		p := &pathRun{steps: steps}
		name := steps[0].name
		return func(st *state, in value, fr *frame) (value, *Error) {
			if in.kind != objectKind {
				return p.plain(st, in, fr)
			}
			return collapse(in.field(name), false), nil
		}
	}
	return func(st *state, in value, fr *frame) (value, *Error) {
		v := in
		for i := range steps {
			if v.kind != objectKind {
				if v.kind == arrayKind {
					rest := pathRun{steps: steps[i:]}
					return rest.plain(st, v, fr)
				}
				return undefined, nil
			}
			v = v.field(steps[i].name)
		}
		return collapse(v, false), nil
	}
}

// pathRun is a path, ready to run.
type pathRun struct {
	steps    []step
	keep     bool // a sequence of one stays an array, and what is constructed is one of such a sequence
	array    bool // a sequence of one stays an array
	stream   bool // the path is part of another, which takes its bindings over
	variable bool // the first step is a variable: an array as input is one item to it
	group    exec

	tupleGroup func(st *state, tuples []*tuple, fr *frame) (value, *Error)
}

func (p *pathRun) plain(st *state, in value, fr *frame) (value, *Error) {
	// While there is one item only, it is kept as it is: most paths never need a sequence.
	at, single := in, in.kind != arrayKind || p.variable
	var err *Error
	for i := range p.steps {
		s, last := &p.steps[i], i == len(p.steps)-1
		switch {
		case single && (s.list || s.sort != nil):
			at, err = s.items(st, list(sequenceOf(at)), fr, last)
			single = false
		case single:
			at, err = s.on(st, at, fr)
			if err == nil && at.kind == arrayKind {
				at, single, err = s.results(st, at, last)
			}
		default:
			at, err = s.items(st, at, fr, last)
		}
		if err != nil {
			return undefined, err
		}
		if at.kind == undefinedKind || !single && (at.kind == arrayKind && at.count() == 0 || at.kind == stringKind && at.str() == "") {
			break
		}
	}
	if single {
		if !p.keep && !p.array && p.group == nil || at.kind == undefinedKind {
			if p.group != nil {
				return p.group(st, undefined, fr)
			}
			return at, nil
		}
		at = list(sequenceOf(at))
	}
	return p.end(st, at, fr)
}

// results takes the array that a step gave for the only item. It is still one
// item if the step constructs arrays.
func (s *step) results(st *state, v value, last bool) (at value, single bool, err *Error) {
	a := v.made()
	switch {
	case last && (a == nil || !a.sequence):
		return v, false, nil
	case a != nil && a.constructed:
		return v, true, nil
	case a != nil:
		return list(&array{items: slices.Clip(a.items), sequence: true}), false, nil
	}
	items, err := st.items(v)
	return list(sequenceOf(items...)), false, err
}

// end makes of what the last step gave the value of the path.
func (p *pathRun) end(st *state, out value, fr *frame) (value, *Error) {
	if p.keep && out.kind == arrayKind {
		a := out.made()
		switch {
		case a != nil && a.constructed && !a.sequence:
			out = list(&array{items: []value{out}, sequence: true, keep: true})
		case a != nil && a.sequence:
			kept := *a
			kept.keep = true
			out = list(&kept)
		}
	}
	if p.group != nil {
		return p.group(st, out, fr)
	}
	return collapse(out, p.array), nil
}

// on evaluates the step on one item, filters included.
func (s *step) on(st *state, item value, fr *frame) (v value, err *Error) {
	if s.named {
		if item.kind == objectKind {
			v = collapse(item.field(s.name), false)
		} else {
			v, err = lookup(st, item, s.name, 0)
			v = collapse(v, false)
		}
	} else {
		v, err = s.run(st, item, fr)
	}
	for _, f := range s.filters {
		if err != nil {
			return v, err
		}
		v, err = f.apply(st, v, fr)
	}
	return v, err
}

// items evaluates the step on each item and puts the results together: arrays
// by their items, but for arrays that are constructed by the step.
func (s *step) items(st *state, in value, fr *frame, last bool) (value, *Error) {
	switch {
	case s.list:
		return s.run(st, in, fr)
	case s.sort != nil:
		out, err := s.sort.run(st, in, fr)
		for _, f := range s.filters {
			if err != nil {
				return out, err
			}
			out, err = f.apply(st, out, fr)
		}
		return out, err
	}
	if in.kind == stringKind {
		// An item picked from an array constructor: JavaScript takes strings for arrays of their units.
		var units []value
		for unit := range unitsOf(in.str()) {
			units = append(units, text(unit))
			if err := st.grown(len(units), 1); err != nil {
				return undefined, err
			}
		}
		in = list(&array{items: units})
	}
	n := in.count()
	if err := st.tick(n); err != nil {
		return undefined, err
	}
	results := 0
	var first value // while it is the only result
	var all []value
	push := func(v value) (err *Error) {
		if a := v.made(); a != nil && a.constructed {
			all = append(all, v)
			return st.grown(len(all), 1)
		}
		all, err = st.add(all, v)
		return err
	}
	made := in.made()
	for i := range n {
		var item value
		if made != nil {
			item = made.items[i]
		} else {
			item = in.item(i)
		}
		v, err := s.on(st, item, fr)
		if err != nil {
			return undefined, err
		}
		if v.kind == undefinedKind {
			continue
		}
		results++
		if results == 1 {
			first = v
			continue
		}
		if results == 2 {
			if all == nil {
				all = make([]value, 0, n-i+1)
			}
			if err := push(first); err != nil {
				return undefined, err
			}
		}
		if err := push(v); err != nil {
			return undefined, err
		}
	}
	if results == 1 {
		if last && first.kind == arrayKind && !first.isSequence() {
			return first, nil
		}
		if err := push(first); err != nil {
			return undefined, err
		}
	}
	return list(sequenceOf(all...)), nil
}

// withTuples runs a path some of whose steps bind variables: each item is on its
// way with its bindings, and the steps see them as variables.
func (p *pathRun) withTuples(st *state, in value, fr *frame) (value, *Error) {
	items := in
	if in.kind != arrayKind || p.variable {
		items = list(sequenceOf(in))
	}
	var tuples []*tuple
	streaming, outside := false, false
	out := items
	var err *Error
	for i := range p.steps {
		s := &p.steps[i]
		if s.tuple && s.list {
			// The array carries no bindings along, and with @ the context stays what it was.
			if out, err = s.run(st, items, &frame{parent: fr}); err != nil {
				return undefined, err
			}
			if s.focus >= 0 {
				out = items
			}
			continue
		}
		if !s.tuple {
			if out, err = s.items(st, out, fr, i == len(p.steps)-1); err != nil {
				return undefined, err
			}
			if out.kind == undefinedKind || out.kind == arrayKind && out.count() == 0 {
				return p.end(st, out, fr)
			}
			continue
		}
		if !streaming {
			streaming = true
			if s.sort != nil {
				// The order gives each item its position.
				sorted, err := s.sort.run(st, out, &frame{parent: fr})
				if err != nil {
					return undefined, err
				}
				for j := range sorted.count() {
					t := &tuple{item: sorted.item(j)}
					if s.index >= 0 {
						t.bind(s.index, number(float64(j)))
					}
					tuples = append(tuples, t)
				}
				if tuples, err = s.filter(st, tuples, fr, false); err != nil {
					return undefined, err
				}
				continue
			}
			for j := range out.count() {
				tuples = append(tuples, &tuple{item: out.item(j)})
			}
			if err := st.alloc(len(tuples) * 2 * entrySize); err != nil {
				return undefined, err
			}
		}
		before := outside
		outside = s.sort != nil && (before || len(tuples) > 1)
		if tuples, err = s.stream(st, tuples, fr, before); err != nil {
			return undefined, err
		}
	}
	a := sequenceOf()
	a.items = make([]value, len(tuples))
	for i, t := range tuples {
		a.items[i] = t.item
	}
	if outside && (p.tupleGroup != nil || p.stream) {
		for i, t := range tuples {
			a.items[i] = t.outside()
		}
		return p.end(st, list(&array{items: a.items}), fr)
	}
	if p.tupleGroup != nil {
		return p.tupleGroup(st, tuples, fr)
	}
	if p.stream {
		a.tuples = append([]*tuple{}, tuples...)
		return list(a), nil
	}
	return p.end(st, list(a), fr)
}

// stream takes all tuples through one step. They come from outside if an order-by has left them so.
func (s *step) stream(st *state, tuples []*tuple, fr *frame, outside bool) ([]*tuple, *Error) {
	if s.sort != nil {
		sorted, err := s.sort.tuples(st, tuples, fr, outside)
		if err != nil {
			return nil, err
		}
		return s.filter(st, sorted, fr, outside || len(sorted) > 1)
	}
	var out []*tuple
	for _, t := range tuples {
		var v value
		var err *Error
		at := &frame{parent: fr, tuple: t}
		if s.named {
			v, err = lookup(st, t.item, s.name, 0)
			v = collapse(v, false)
		} else {
			v, err = s.run(st, t.item, at)
		}
		if err != nil {
			return nil, err
		}
		if v.kind == undefinedKind {
			continue
		}
		inner := v.made()
		n := 1
		if v.kind == arrayKind {
			n = v.count()
		}
		if err := st.grown(len(out)+n, 4*n); err != nil {
			return nil, err
		}
		if err := st.alloc(n * (len(t.binds) + 2) * (valueSize + 8)); err != nil {
			return nil, err
		}
		for i := range n {
			item := v
			if v.kind == arrayKind {
				item = v.item(i)
			}
			next := t.with(item, 2)
			switch {
			case inner != nil && inner.tuples != nil:
				for _, b := range inner.tuples[i].binds {
					next.bind(b.id, b.val)
				}
			default:
				if s.focus >= 0 {
					next.item = t.item
					next.bind(s.focus, item)
				}
				if s.index >= 0 {
					next.bind(s.index, number(float64(i)))
				}
				if s.parent >= 0 {
					next.bind(s.parent, t.item)
				}
			}
			out = append(out, next)
		}
	}
	return s.filter(st, out, fr, false)
}

// filter applies the filters of a step to tuples, as a whole.
//
// Behind an order-by that had something to order, predicates see each tuple from outside, as the
// reference has it, and no bindings.
func (s *step) filter(st *state, tuples []*tuple, fr *frame, outside bool) ([]*tuple, *Error) {
	for _, f := range s.filters {
		switch {
		case f.binds:
			for i, t := range tuples {
				t.bind(f.bind, number(float64(i)))
			}
		case f.fixed:
			i := f.index
			if i < 0 {
				i += float64(len(tuples))
			}
			if i < 0 || i >= float64(len(tuples)) {
				return nil, nil
			}
			tuples = tuples[int(i) : int(i)+1]
		default:
			var kept []*tuple
			for i, t := range tuples {
				item, at := t.item, &frame{parent: fr, tuple: t}
				if outside {
					item, at = t.outside(), &frame{parent: fr}
				}
				times, err := f.holds(st, item, i, len(tuples), at)
				if err != nil {
					return nil, err
				}
				for range times {
					kept = append(kept, t)
				}
			}
			tuples = kept
		}
	}
	return tuples, nil
}
