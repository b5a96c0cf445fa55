package jsonata

// sorter is an order-by, ready to run.
type sorter struct {
	terms []sortTerm
}

type sortTerm struct {
	run        exec
	descending bool
	start, end int
}

func (c *compiler) sorter(n *node, s *scope) *sorter {
	o := &sorter{}
	for _, t := range n.also().terms {
		o.terms = append(o.terms, sortTerm{c.compile(t.expr, s), t.descending, int(n.start), int(n.end)})
	}
	return o
}

// keyed is an item with its sort keys, each evaluated when it is first needed.
type keyed struct {
	item  value
	tuple *tuple
	keys  []value
	known int

	outside bool // the item is the tuple as it is seen from outside
}

func (o *sorter) key(st *state, k *keyed, i int, fr *frame) (value, *Error) {
	for k.known <= i {
		at := fr
		switch {
		case k.outside:
			at = &frame{parent: fr}
		case k.tuple != nil:
			at = &frame{parent: fr, tuple: k.tuple}
		}
		v, err := o.terms[k.known].run(st, k.item, at)
		if err != nil {
			return undefined, err
		}
		k.keys[k.known] = v
		k.known++
	}
	return k.keys[i], nil
}

// after reports whether a comes after b.
func (o *sorter) after(st *state, a, b *keyed, fr *frame) (bool, *Error) {
	for i := range o.terms {
		t := &o.terms[i]
		x, err := o.key(st, a, i, fr)
		if err != nil {
			return false, err
		}
		y, err := o.key(st, b, i, fr)
		if err != nil {
			return false, err
		}
		if x.kind == undefinedKind || y.kind == undefinedKind {
			if x.kind == y.kind {
				continue
			}
			return x.kind == undefinedKind, nil
		}
		for _, v := range [...]value{x, y} {
			if v.kind != numberKind && v.kind != stringKind {
				return false, fail("T2008").at(t.start, t.end).value(v.unwrap())
			}
		}
		if x.kind != y.kind {
			return false, fail("T2007").at(t.start, t.end).value(x.unwrap()).value2(y.unwrap())
		}
		cmp := 0
		if x.kind == numberKind {
			cmp = compareNumbers(x.num, y.num)
		} else {
			p, q := x.str(), y.str()
			if err := st.tick(min(len(p), len(q)) >> 6); err != nil {
				return false, err
			}
			cmp = compareUTF16(p, q)
		}
		if cmp != 0 {
			return cmp > 0 != t.descending, nil
		}
	}
	return false, nil
}

// compareNumbers has what is no number come after all others, and those after it.
func compareNumbers(a, b float64) int {
	switch {
	case a == b:
		return 0
	case a < b:
		return -1
	}
	return 1
}

func (o *sorter) run(st *state, in value, fr *frame) (value, *Error) {
	n := in.count()
	if n <= 1 {
		return in, nil
	}
	all := make([]keyed, n)
	keys := make([]value, n*len(o.terms))
	if err := st.alloc(n * (len(o.terms) + 3) * valueSize); err != nil {
		return undefined, err
	}
	order := make([]*keyed, n)
	for i := range all {
		all[i] = keyed{item: in.item(i), keys: keys[i*len(o.terms) : (i+1)*len(o.terms)]}
		order[i] = &all[i]
	}
	err := mergeSort(st, order, func(a, b *keyed) (bool, *Error) { return o.after(st, a, b, fr) })
	if err != nil {
		return undefined, err
	}
	items := make([]value, n)
	for i, k := range order {
		items[i] = k.item
	}
	return list(&array{items: items}), nil
}

func (o *sorter) tuples(st *state, tuples []*tuple, fr *frame, outside bool) ([]*tuple, *Error) {
	order := make([]*keyed, len(tuples))
	if err := st.alloc(len(tuples) * (len(o.terms) + 3) * valueSize); err != nil {
		return nil, err
	}
	for i, t := range tuples {
		order[i] = &keyed{item: t.item, tuple: t, keys: make([]value, len(o.terms)), outside: outside}
		if outside {
			order[i].item = t.outside()
		}
	}
	err := mergeSort(st, order, func(a, b *keyed) (bool, *Error) { return o.after(st, a, b, fr) })
	sorted := make([]*tuple, len(tuples))
	for i, k := range order {
		sorted[i] = k.tuple
	}
	return sorted, err
}

// mergeSort sorts stably: of two items the second comes first only if the
// first is after it. The comparison may fail.
func mergeSort[T any](st *state, list []T, after func(a, b T) (bool, *Error)) *Error {
	n := len(list)
	if n <= 1 {
		return nil
	}
	from, to := list, make([]T, n)
	if err := st.alloc(16 * n); err != nil {
		return err
	}
	// Halves are split as the reference splits them, from the top: which pairs are
	// compared can be seen by the functions that compare.
	var sort func(a, b []T) *Error // sorts a, with b as room
	sort = func(a, b []T) *Error {
		if len(a) <= 1 {
			return nil
		}
		mid := len(a) / 2
		if err := sort(a[:mid], b[:mid]); err != nil {
			return err
		}
		if err := sort(a[mid:], b[mid:]); err != nil {
			return err
		}
		if err := st.tick(len(a)); err != nil {
			return err
		}
		i, j, k := 0, mid, 0
		for i < mid && j < len(a) {
			second, err := after(a[i], a[j])
			if err != nil {
				return err
			}
			if second {
				b[k] = a[j]
				j++
			} else {
				b[k] = a[i]
				i++
			}
			k++
		}
		k += copy(b[k:], a[i:mid])
		copy(b[k:], a[j:])
		copy(a, b)
		return nil
	}
	return sort(from, to)
}
