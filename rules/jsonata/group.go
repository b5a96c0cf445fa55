package jsonata

import (
	"cmp"
	"slices"
)

// pair is a key and a value of an object constructor, or of a grouping.
type pair struct {
	key, val   exec
	fixed      string // a key that is a string
	isFixed    bool
	start, end int
}

func (c *compiler) pairs(n *node, s *scope) []pair {
	pairs := make([]pair, len(n.also().pairs))
	for i, p := range n.also().pairs {
		pairs[i] = pair{key: c.compile(p[0], s), val: c.compile(p[1], s), start: int(n.start), end: int(n.end)}
		if v, ok := literal(p[0]); ok && v.kind == stringKind {
			pairs[i].fixed, pairs[i].isFixed = v.str(), true
		}
	}
	return pairs
}

// group makes the closure of an object. It is given the items to group.
func (c *compiler) group(n *node, s *scope) exec {
	pairs := c.pairs(n, s)
	distinct := true // all keys are strings, and different ones
	seen := map[string]bool{}
	for _, p := range pairs {
		distinct = distinct && p.isFixed && !seen[p.fixed]
		seen[p.fixed] = true
	}
	return func(st *state, in value, fr *frame) (value, *Error) {
		if distinct && (in.kind != arrayKind || in.count() == 0) {
			if in.kind == arrayKind {
				in = undefined
			}
			return build(st, pairs, in, fr)
		}
		g := &groups{pairs: pairs}
		if in.kind != arrayKind || in.count() == 0 {
			if in.kind == arrayKind {
				in = undefined
			}
			if err := g.collect(st, in, nil, fr); err != nil {
				return undefined, err
			}
		} else {
			for i := range in.count() {
				if err := g.collect(st, in.item(i), nil, fr); err != nil {
					return undefined, err
				}
			}
		}
		return g.object(st, fr)
	}
}

// build makes an object whose keys are known.
func build(st *state, pairs []pair, in value, fr *frame) (value, *Error) {
	o := freshObject(len(pairs))
	if err := st.alloc(len(pairs) * entrySize); err != nil {
		return undefined, err
	}
	for i := range pairs {
		v, err := pairs[i].val(st, in, fr)
		if err != nil {
			return undefined, err
		}
		if v.kind != undefinedKind {
			o.add(pairs[i].fixed, v)
		}
	}
	return object(o), nil
}

// groups are items sorted into groups by their keys.
type groups struct {
	pairs []pair
	index map[string]int
	list  []groupOf
}

// groupOf is the items of one key. Of tuples the bindings are collected too.
type groupOf struct {
	key    string
	pair   int
	data   gathered
	tuples []*tuple
}

// gathered is values put together: one is itself, of several comes an array.
type gathered struct {
	items []value
	array bool
}

func (g *gathered) add(st *state, v value) *Error {
	var err *Error
	switch {
	case v.kind == undefinedKind:
	case len(g.items) == 0 && !g.array && v.kind == arrayKind:
		g.items, err = st.items(v)
		g.items, g.array = slices.Clip(g.items), true
	default:
		g.array = g.array || len(g.items) > 0
		g.items, err = st.add(g.items, v)
	}
	return err
}

func (g *gathered) value() value {
	switch {
	case g.array:
		return list(&array{items: g.items})
	case len(g.items) == 0:
		return undefined
	}
	return g.items[0]
}

// collect puts an item into the group of each pair's key.
func (g *groups) collect(st *state, item value, t *tuple, fr *frame) *Error {
	at := fr
	if t != nil {
		at = &frame{parent: fr, tuple: t}
	}
	for i := range g.pairs {
		p := &g.pairs[i]
		key := p.fixed
		if !p.isFixed {
			v, err := p.key(st, item, at)
			if err != nil {
				return err
			}
			if v.kind == undefinedKind {
				continue
			}
			if v.kind != stringKind {
				return fail("T1003").at(p.start, p.end).value(v.unwrap())
			}
			key = v.str()
		}
		if err := st.tick(1 + len(key)>>6); err != nil {
			return err
		}
		n, there := g.index[key]
		if !there {
			if g.index == nil {
				g.index = make(map[string]int, len(g.pairs))
			}
			n = len(g.list)
			g.index[key] = n
			g.list = append(g.list, groupOf{key: key, pair: i})
			if err := st.alloc(2 * entrySize); err != nil {
				return err
			}
		}
		of := &g.list[n]
		if of.pair != i {
			return fail("D1009").at(p.start, p.end).value(key)
		}
		if t != nil {
			of.tuples = append(of.tuples, t)
		}
		if err := of.data.add(st, item); err != nil {
			return err
		}
	}
	return nil
}

// object evaluates the value of each group.
func (g *groups) object(st *state, fr *frame) (value, *Error) {
	o := freshObject(len(g.list))
	if err := st.alloc(len(g.list) * entrySize); err != nil {
		return undefined, err
	}
	var spent []*tuple
	if len(g.list) > 1 && g.list[0].tuples != nil {
		// In the order of the object's names, for the first one has the item of a tuple that is alone.
		slices.SortStableFunc(g.list, func(a, b groupOf) int {
			i, aIndex := arrayIndex(a.key)
			j, bIndex := arrayIndex(b.key)
			switch {
			case aIndex && bIndex:
				return cmp.Compare(i, j)
			case aIndex:
				return -1
			case bIndex:
				return 1
			}
			return 0
		})
	}
	for i := range g.list {
		of := &g.list[i]
		at, in := fr, of.data.value()
		if of.tuples != nil {
			t, err := reduce(st, of.tuples)
			if err != nil {
				return undefined, err
			}
			at = &frame{parent: fr, tuple: t}
			if len(of.tuples) == 1 && len(g.pairs) > 1 {
				// The reference takes the item out of a tuple that is alone: the next pair finds none.
				if slices.Contains(spent, t) {
					in = undefined
				}
				spent = append(spent, t)
			}
		}
		v, err := g.pairs[of.pair].val(st, in, at)
		if err != nil {
			return undefined, err
		}
		if v.kind != undefinedKind {
			o.add(of.key, v)
		}
	}
	return object(o), nil
}

// reduce makes one tuple of many, whose bindings hold the values of all.
func reduce(st *state, tuples []*tuple) (*tuple, *Error) {
	if len(tuples) == 1 {
		return tuples[0], nil
	}
	all := &tuple{}
	for i := range tuples[0].binds {
		id := tuples[0].binds[i].id
		var values gathered
		for _, t := range tuples {
			v, _ := t.get(id)
			if err := values.add(st, v); err != nil {
				return nil, err
			}
		}
		all.bind(id, values.value())
	}
	return all, nil
}

// groupTuples makes the closure of a grouping of items that carry bindings.
func (c *compiler) groupTuples(n *node, s *scope) func(st *state, tuples []*tuple, fr *frame) (value, *Error) {
	pairs := c.pairs(n, s)
	return func(st *state, tuples []*tuple, fr *frame) (value, *Error) {
		g := &groups{pairs: pairs}
		for _, t := range tuples {
			if err := g.collect(st, t.item, t, fr); err != nil {
				return undefined, err
			}
		}
		return g.object(st, fr)
	}
}
