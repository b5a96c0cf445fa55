package jsonata

import (
	"math"
	"math/rand/v2"
	"slices"
)

var arrayFunctions = []builtin{
	{"append", "<xx:a>", 2, fnAppend},
	{"reverse", "<a:a>", 1, fnReverse},
	{"shuffle", "<a:a>", 1, fnShuffle},
	{"distinct", "<x:x>", 1, fnDistinct},
	{"zip", "<a+>", 0, fnZip},
	{"sort", "<af?:a>", 2, fnSort},
}

func fnAppend(st *state, args []value, _ value) (value, *Error) {
	a, b := arg(args, 0), arg(args, 1)
	switch {
	case a.kind == undefinedKind:
		return b, nil
	case b.kind == undefinedKind:
		return a, nil
	}
	out := &array{}
	n := 2
	for _, v := range [...]value{a, b} {
		if v.kind == arrayKind {
			n += v.count()
		}
	}
	if err := st.grown(n-2, n); err != nil {
		return undefined, err
	}
	out.items = make([]value, 0, n)
	var err *Error
	for _, v := range [...]value{a, b} {
		if out.items, err = st.add(out.items, v); err != nil {
			return undefined, err
		}
	}
	return list(out), nil
}

// copied is a copy of an array's items.
func (st *state) copied(v value) ([]value, *Error) {
	n := v.count()
	if err := st.grown(n, n); err != nil {
		return nil, err
	}
	items, err := st.items(v)
	return slices.Clone(items), err
}

func fnReverse(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind || v.count() <= 1 {
		return v, nil
	}
	items, err := st.copied(v)
	slices.Reverse(items)
	return list(&array{items: items}), err
}

func fnShuffle(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind || v.count() <= 1 {
		return v, nil
	}
	items, err := st.copied(v)
	rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	return list(&array{items: items}), err
}

// fnDistinct keeps the first of equal values. Numbers and strings are found by
// hashing, all others are compared one by one.
func fnDistinct(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind != arrayKind || v.count() <= 1 {
		return v, nil
	}
	out := &array{sequence: v.isSequence()}
	type simple struct {
		kind kind
		num  float64
		str  string
	}
	seen := map[simple]bool{}
	var others []value
	for i := range v.count() {
		x := v.item(i)
		if err := st.tick(1); err != nil {
			return undefined, err
		}
		if x.kind == arrayKind || x.kind == objectKind || x.kind == functionKind {
			known := false
			for _, y := range others {
				eq, err := st.equal(x, y, 0)
				if err != nil {
					return undefined, err
				}
				if err := st.tick(1); err != nil {
					return undefined, err
				}
				if known = eq; known {
					break
				}
			}
			if known {
				continue
			}
			others = append(others, x)
		} else {
			k := simple{kind: x.kind, num: x.num, str: x.unwrapText()}
			if err := st.tick(len(k.str) >> 6); err != nil {
				return undefined, err
			}
			if seen[k] {
				continue
			}
			seen[k] = true
		}
		out.items = append(out.items, x)
		if err := st.grown(len(out.items), 2); err != nil {
			return undefined, err
		}
	}
	return list(out), nil
}

func fnZip(st *state, args []value, _ value) (value, *Error) {
	n := -1
	for _, a := range args {
		c := a.count()
		if n < 0 || c < n {
			n = c
		}
	}
	out := &array{items: make([]value, 0, max(n, 0))}
	for i := range max(n, 0) {
		if err := st.grown(len(out.items)+1, len(args)+2); err != nil {
			return undefined, err
		}
		row := &array{items: make([]value, len(args))}
		for j, a := range args {
			row.items[j] = a.item(i)
		}
		out.items = append(out.items, list(row))
	}
	return list(out), nil
}

func fnSort(st *state, args []value, _ value) (value, *Error) {
	v, by := arg(args, 0), arg(args, 1)
	if v.kind == undefinedKind || v.count() <= 1 {
		return v, nil
	}
	items, err := st.copied(v)
	if err != nil {
		return undefined, err
	}
	after := func(a, b value) (bool, *Error) {
		r, err := st.call(by.ref.(*function), []value{a, b}, null)
		if err != nil {
			return false, err
		}
		// A comparison answers as JavaScript's conditions do: what is no number,
		// string or Boolean counts as yes if it is there.
		switch r.kind {
		case undefinedKind, nullKind:
			return false, nil
		case arrayKind, objectKind, functionKind:
			return true, nil
		case numberKind:
			return r.num != 0 && !math.IsNaN(r.num), nil
		}
		return st.truthy(r)
	}
	if by.kind != functionKind {
		of := items[0].kind
		for _, x := range items {
			if x.kind != of || of != numberKind && of != stringKind || of == numberKind && math.IsNaN(x.num) {
				return undefined, fail("D3070").index(1)
			}
		}
		after = func(a, b value) (bool, *Error) {
			if of == numberKind {
				return a.num > b.num, nil
			}
			x, y := a.str(), b.str()
			return compareUTF16(x, y) > 0, st.tick(min(len(x), len(y)) >> 6)
		}
	}
	err = mergeSort(st, items, after)
	return list(&array{items: items}), err
}
