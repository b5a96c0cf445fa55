package jsonata

var higherFunctions = []builtin{
	{"map", "<af>", 2, fnMap},
	{"filter", "<af>", 2, fnFilter},
	{"single", "<af?>", 2, fnSingle},
	{"reduce", "<afj?:j>", 3, fnReduce},
}

func fnMap(st *state, args []value, _ value) (value, *Error) {
	v, f := arg(args, 0), arg(args, 1)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	n := v.count()
	out := sequenceOf(make([]value, 0, min(n, 1024))...)
	for i := range n {
		r, err := st.of(f, v.item(i), number(float64(i)), v)
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

func fnFilter(st *state, args []value, _ value) (value, *Error) {
	v, f := arg(args, 0), arg(args, 1)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	out := sequenceOf()
	for i := range v.count() {
		x := v.item(i)
		r, err := st.of(f, x, number(float64(i)), v)
		if err != nil {
			return undefined, err
		}
		keep, err := st.truthy(r)
		if err != nil {
			return undefined, err
		}
		if keep {
			out.items = append(out.items, x)
			if err := st.grown(len(out.items), 1); err != nil {
				return undefined, err
			}
		}
	}
	return list(out), nil
}

func fnSingle(st *state, args []value, _ value) (value, *Error) {
	v, f := arg(args, 0), arg(args, 1)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	one, there := undefined, false
	for i := range v.count() {
		x := v.item(i)
		if f.kind == functionKind {
			r, err := st.of(f, x, number(float64(i)), v)
			if err != nil {
				return undefined, err
			}
			keep, err := st.truthy(r)
			if err != nil {
				return undefined, err
			}
			if !keep {
				continue
			}
		}
		if there {
			return undefined, fail("D3138").index(i)
		}
		one, there = x, true
	}
	if !there {
		return undefined, fail("D3139")
	}
	return one, nil
}

func fnReduce(st *state, args []value, _ value) (value, *Error) {
	v, f, result := arg(args, 0), arg(args, 1), arg(args, 2)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	fn := f.ref.(*function)
	if fn.arity < 2 {
		return undefined, fail("D3050").index(1)
	}
	i, n := 0, v.count()
	if result.kind == undefinedKind && n > 0 {
		result, i = v.item(0), 1
	}
	for ; i < n; i++ {
		count := min(fn.arity, 4)
		base, window := st.window(count)
		copy(window, []value{result, v.item(i), number(float64(i)), v})
		var err *Error
		result, err = st.call(fn, window, null)
		st.release(base)
		if err != nil {
			return undefined, err
		}
	}
	return result, nil
}
