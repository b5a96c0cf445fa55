package jsonata

import "math"

var objectFunctions = []builtin{
	{"keys", "<x-:a<s>>", 1, fnKeys},
	{"lookup", "<x-s:x>", 2, fnLookup},
	{"spread", "<x-:a<o>>", 1, fnSpread},
	{"merge", "<a<o>:o>", 1, fnMerge},
	{"sift", "<o-f?:o>", 2, fnSift},
	{"each", "<o-f:a>", 2, fnEach},
	{"clone", "<(oa)-:o>", 1, fnClone},
	{"type", "<x:s>", 1, fnType},
}

func fnKeys(st *state, args []value, _ value) (value, *Error) {
	names := freshObject(0)
	if err := keysOf(st, arg(args, 0), names, 0); err != nil {
		return undefined, err
	}
	names.order()
	out := sequenceOf(make([]value, 0, names.Len())...)
	for i := range names.entries {
		out.items = append(out.items, text(names.entries[i].name))
	}
	return list(out), st.grown(len(out.items), len(out.items))
}

// keysOf collects the names of an object, or of all objects of an array.
func keysOf(st *state, v value, names *Object, depth int) *Error {
	if depth > maxNesting {
		return fail("D1011")
	}
	switch v.kind {
	case objectKind:
		list := v.names()
		for _, name := range list {
			names.set(name, truth)
		}
		return st.grown(names.Len(), 2*len(list))
	case arrayKind:
		for i := range v.count() {
			if err := keysOf(st, v.item(i), names, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func fnLookup(st *state, args []value, _ value) (value, *Error) {
	name := "undefined" // JavaScript's name of nothing
	if v := arg(args, 1); v.kind == stringKind {
		name = v.str()
	}
	return lookup(st, arg(args, 0), name, 0)
}

func fnSpread(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind != arrayKind && v.kind != objectKind {
		return v, nil
	}
	out := &array{sequence: v.kind == objectKind || v.count() == 0}
	err := spread(st, v, out, 0)
	return list(out), err
}

func spread(st *state, v value, out *array, depth int) *Error {
	if depth > maxNesting {
		return fail("D1011")
	}
	switch v.kind {
	case undefinedKind:
		return nil
	case arrayKind:
		for i := range v.count() {
			if err := spread(st, v.item(i), out, depth+1); err != nil {
				return err
			}
		}
		return nil
	case objectKind:
		m := v.members()
		for i := range m.len() {
			o := freshObject(1)
			o.add(*m.name(i), m.value(i))
			out.items = append(out.items, object(o))
			if err := st.grown(len(out.items), 4); err != nil {
				return err
			}
		}
		return nil
	}
	out.items = append(out.items, v)
	return st.grown(len(out.items), 1)
}

func fnMerge(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	n := v.count()
	size := 0
	for i := range n {
		size = max(size, v.item(i).size())
	}
	out := freshObject(max(0, size+n-1))
	for i := range n {
		x := v.item(i)
		if o, ok := x.ref.(*Object); ok && out.Len() == 0 {
			out.entries = append(out.entries, o.entries...)
			if len(out.entries) > manyNames {
				out.reindex()
			}
			if err := st.charge(len(o.entries)); err != nil {
				return undefined, err
			}
			continue
		}
		if err := out.setAll(st, x); err != nil {
			return undefined, err
		}
	}
	return object(out), nil
}

// setAll sets the fields of another object.
func (o *Object) setAll(st *state, v value) *Error {
	m := v.members()
	for i := range m.len() {
		o.set(*m.name(i), m.value(i))
	}
	return st.charge(m.len())
}

// charge counts fields that were set.
func (st *state) charge(fields int) *Error {
	if err := st.tick(fields); err != nil {
		return err
	}
	return st.alloc(fields * entrySize)
}

// stepsOfName is what it counts to hold a name against texts, about as many steps as the function takes when it is called.
const stepsOfName = 4

func fnSift(st *state, args []value, _ value) (value, *Error) {
	v, f := arg(args, 0), arg(args, 1)
	if v.kind != objectKind || f.kind != functionKind {
		return undefined, nil
	}
	fn := f.ref.(*function)
	var names func(string) bool
	if fn.lambda != nil && st.depth < st.limits.Depth {
		names = fn.lambda.names
	}
	m := v.members()
	out := freshObject(m.len())
	visit := func(name *string, x value) *Error {
		n := min(max(fn.arity, 1), 3)
		base, window := st.window(n)
		window[0] = x
		if n > 1 {
			window[1] = shared(name)
		}
		if n > 2 {
			window[2] = v
		}
		r, err := st.call(fn, window, null)
		st.release(base)
		if err != nil {
			return err
		}
		keep, err := st.truthy(r)
		if keep && err == nil {
			out.add(*name, x)
			return st.charge(1)
		}
		return err
	}
	for i := range m.len() {
		name := m.name(i)
		if names != nil {
			if err := st.tick(stepsOfName); err != nil {
				return undefined, err
			}
			if !names(*name) {
				continue
			}
			out.add(*name, m.value(i))
			if err := st.charge(1); err != nil {
				return undefined, err
			}
			continue
		}
		if err := visit(name, m.value(i)); err != nil {
			return undefined, err
		}
	}
	if out.Len() == 0 {
		return undefined, nil
	}
	return object(out), nil
}

func fnEach(st *state, args []value, _ value) (value, *Error) {
	v, f := arg(args, 0), arg(args, 1)
	out := sequenceOf()
	m := v.members()
	for i := range m.len() {
		r, err := st.of(f, m.value(i), shared(m.name(i)), v)
		if err != nil {
			return undefined, err
		}
		if r.kind != undefinedKind {
			out.items = append(out.items, r)
			if err := st.grown(len(out.items), 1); err != nil {
				return undefined, err
			}
		}
	}
	return list(out), nil
}

func fnClone(st *state, args []value, _ value) (value, *Error) {
	return st.clone(arg(args, 0).inner(), 0)
}

// clone copies arrays and objects, so that they may be changed. Functions become empty strings.
func (st *state) clone(v value, depth int) (value, *Error) {
	if depth > maxNesting {
		return undefined, fail("D1011")
	}
	switch v.kind {
	case arrayKind:
		n := v.count()
		if err := st.grown(n, n); err != nil {
			return undefined, err
		}
		out := &array{items: make([]value, n)}
		for i := range n {
			x, err := st.clone(v.item(i), depth+1)
			if err != nil {
				return undefined, err
			}
			if x.kind == undefinedKind {
				x = null
			}
			out.items[i] = x
		}
		return list(out), nil
	case objectKind:
		m := v.members()
		if err := st.charge(m.len()); err != nil {
			return undefined, err
		}
		o := freshObject(m.len())
		for i := range m.len() {
			x, err := st.clone(m.value(i), depth+1)
			if err != nil {
				return undefined, err
			}
			o.add(*m.name(i), x)
		}
		return object(o), nil
	case functionKind:
		return text(""), nil
	case numberKind:
		return cloneNumber(v)
	}
	return v, nil
}

// cloneNumber rounds as $string does, for a clone is what can be read of that.
func cloneNumber(v value) (value, *Error) {
	switch r := rounded(v.num); {
	case math.IsNaN(r):
		return null, nil
	case r != v.num || r == 0:
		return number(r + 0), nil // + 0: there is no negative zero
	}
	return v, finite(v)
}

func fnType(_ *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	switch v.kind {
	case undefinedKind:
		return undefined, nil
	case nullKind:
		return text("null"), nil
	case boolKind:
		return text("boolean"), nil
	case numberKind:
		if math.IsNaN(v.num) {
			return text("object"), nil // what is no number is to the reference what is left over
		}
		return text("number"), finite(v)
	case stringKind:
		return text("string"), nil
	case arrayKind:
		return text("array"), nil
	case objectKind:
		return text("object"), nil
	}
	return text("function"), nil
}
