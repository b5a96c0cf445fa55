package jsonata

// mergeOf is $merge([made, …]) where made is an object that the expression has
// just made and nobody else has: the others are merged into it, not into a copy. It is nil for
// other calls.
func (c *compiler) mergeOf(n *node, s *scope, at *callSite) exec {
	if c.merging || n.tail || n.followed() || c.usesEval || len(n.list) != 1 || !c.means(n.lhs, "merge", s) {
		return nil
	}
	listed := n.list[0]
	if listed.typ != arrayNode || listed.followed() || len(listed.list) < 2 {
		return nil
	}
	first := listed.list[0]
	if first.followed() || first.typ != objectNode && (first.typ != callNode || !c.means(first.lhs, "sift", s)) {
		return nil
	}
	c.merging = true // what is within is compiled twice, and not twice at each level
	defer func() { c.merging = false }()
	parts := make([]exec, len(listed.list))
	for i, e := range listed.list {
		parts[i] = c.compile(e, s)
	}
	general := c.callOf(n, s, at)
	merge := builtins["merge"]
	return func(st *state, in value, fr *frame) (value, *Error) {
		if st.bindings != nil {
			_, merges := st.bindings["merge"]
			_, sifts := st.bindings["sift"]
			if merges || sifts {
				return general(st, in, fr)
			}
		}
		base, values := st.window(len(parts))
		defer st.release(base)
		objects := true
		for i, p := range parts {
			v, err := p(st, in, fr)
			if err != nil {
				return v, err
			}
			values[i] = v
			objects = objects && v.kind == objectKind
		}
		if objects {
			if out, ok := values[0].ref.(*Object); ok && out.fresh && !out.finished {
				v, err := mergeInto(st, out, values[1:])
				return v, at.place(err)
			}
		}
		var items []value
		for i, v := range values {
			if v.kind == arrayKind && listed.list[i].typ == arrayNode {
				items = append(items, v)
				continue
			}
			var err *Error
			if items, err = st.add(items, v); err != nil {
				return undefined, err
			}
		}
		inner, window := st.window(1)
		window[0] = list(&array{items: items})
		v, err := st.call(merge, window, in)
		st.release(inner)
		return collapse(v, false), at.place(err)
	}
}

// means reports whether a node is the variable of a built-in function that nothing hides.
func (c *compiler) means(n *node, name string, s *scope) bool {
	return n.typ == variableNode && n.text == name && !n.followed() && c.functions[name] == nil && len(c.places(s, name)) == 0
}

// mergeInto sets the fields of objects in another one.
func mergeInto(st *state, out *Object, others []value) (value, *Error) {
	for _, x := range others {
		if err := out.setAll(st, x); err != nil {
			return undefined, err
		}
	}
	return object(out), nil
}
