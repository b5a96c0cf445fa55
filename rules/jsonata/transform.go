package jsonata

// transform makes a function of | pattern | update, deletion |.
func (c *compiler) transform(n *node, s *scope) exec {
	pattern, update := c.compile(n.lhs, s), c.compile(n.rhs, s)
	var deletion exec
	if n.third != nil {
		deletion = c.compile(n.third, s)
	}
	sig, _ := parseSignature("<(oa):o>")
	clone := c.compile(&node{typ: variableNode, text: "clone", start: n.start, end: n.end}, s)
	return func(st *state, _ value, fr *frame) (value, *Error) {
		apply := func(st *state, args []value, _ value) (value, *Error) {
			v := arg(args, 0)
			if v.kind == undefinedKind {
				return undefined, nil
			}
			f, err := clone(st, undefined, fr)
			if err != nil {
				return undefined, err
			}
			if f.kind != functionKind {
				return undefined, fail("T2013").on(n)
			}
			result, err := st.call(f.ref.(*function), []value{v}, null)
			if err != nil {
				return undefined, err
			}
			found, err := pattern(st, result, fr)
			if err != nil || found.kind == undefinedKind {
				return result, err
			}
			count := 1
			if found.kind == arrayKind {
				count = found.count()
			}
			for i := range count {
				match := found
				if found.kind == arrayKind {
					match = found.item(i)
				}
				if err := change(st, match, update, deletion, n, fr); err != nil {
					return undefined, err
				}
			}
			return result, nil
		}
		return callable(&function{arity: 1, sig: sig, native: apply}), st.alloc(128)
	}
}

// change updates one match of a transform's pattern.
func change(st *state, match value, update, deletion exec, n *node, fr *frame) *Error {
	o, _ := match.ref.(*Object)
	if o != nil && !o.fresh {
		o = nil // the caller's
	}
	if err := st.tick(1); err != nil {
		return err
	}
	v, err := update(st, match, fr)
	if err != nil {
		return err
	}
	if v.kind != undefinedKind {
		if v.kind != objectKind {
			return fail("T2011").on(n.rhs).value(v.unwrap())
		}
		if o != nil {
			if err := o.setAll(st, v); err != nil {
				return err
			}
			o.order()
		}
	}
	if deletion == nil {
		return nil
	}
	if v, err = deletion(st, match, fr); err != nil || v.kind == undefinedKind {
		return err
	}
	names := []value{v}
	if v.kind == arrayKind {
		if names, err = st.items(v); err != nil {
			return err
		}
	}
	for _, name := range names {
		if name.kind != stringKind {
			return fail("T2012").on(n.third).value(v.unwrap())
		}
	}
	if o != nil {
		gone := make(map[string]bool, len(names))
		for _, name := range names {
			gone[name.str()] = true
		}
		o.remove(gone)
		if err := st.tick(o.Len()); err != nil {
			return err
		}
	}
	return st.tick(len(names))
}
