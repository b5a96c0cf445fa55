package jsonata

import "maps"

var otherFunctions = []builtin{
	{"eval", "<sx?:x>", 2, fnEval},
	{"error", "<s?:x>", 1, fnError},
	{"assert", "<bs?:x>", 2, fnAssert},
}

func fnError(_ *state, args []value, _ value) (value, *Error) {
	message := arg(args, 0).unwrapText()
	if message == "" {
		message = "$error() function evaluated"
	}
	return undefined, fail("D3137").value(message)
}

func fnAssert(_ *state, args []value, _ value) (value, *Error) {
	if arg(args, 0).isTrue() {
		return undefined, nil
	}
	message := arg(args, 1).unwrapText()
	if message == "" {
		message = "$assert() statement failed"
	}
	return undefined, fail("D3141").value(message)
}

// maxEvals is how often $eval may be within $eval.
const maxEvals = 10

// fnEval compiles and runs an expression where it is called: it sees the
// variables there, and binds its own among them.
func fnEval(st *state, args []value, in value) (value, *Error) {
	source := arg(args, 0)
	if source.kind == undefinedKind {
		return undefined, nil
	}
	at := st.site
	if focus := arg(args, 1); focus.kind != undefinedKind {
		in = focus
		if in.kind == arrayKind && !in.isSequence() {
			in = list(&array{items: []value{in}, sequence: true, outer: true})
		}
	}
	st.evals++
	defer func() { st.evals-- }()
	if st.evals > maxEvals {
		return undefined, fail("D1011")
	}
	s := source.str()
	if err := st.tick(len(s)); err != nil {
		return undefined, err
	}
	if err := st.alloc(100 * len(s)); err != nil {
		return undefined, err
	}
	n, err := parse(s)
	if err != nil {
		return undefined, fail("D3120").value(err.complete().Error())
	}
	c := newCompiler()
	c.usesEval = true
	var scopeOf *scope
	fr := &frame{}
	if at != nil {
		c.tupleIDs, c.nextID = maps.Clone(at.names.tupleIDs), at.names.nextID
		c.functions = at.names.functions
		scopeOf = within(at.scope)
		fr = at.frame
	} else {
		scopeOf = newScope(nil)
	}
	scopeOf.dynamic, scopeOf.open = true, true
	c.survey(n)
	run := c.compile(n, scopeOf)
	if err := st.alloc(200 * c.patterns); err != nil {
		return undefined, err
	}
	if c.failed != nil {
		return undefined, fail("D3120").value(c.failed.complete().Error())
	}
	st.height += int(n.height)
	defer func() { st.height -= int(n.height) }()
	if st.height > maxTotalHeight {
		return undefined, fail("D1011")
	}
	v, err := run(st, in, fr)
	if err != nil {
		switch err.Code {
		case "D1011", "D1012", "D2015":
			return undefined, err // limits are those of the whole evaluation
		}
		return undefined, fail("D3121").value(err.complete().Error())
	}
	return v, nil
}
