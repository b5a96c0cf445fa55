package jsonata

import "slices"

// function is a value that can be called.
type function struct {
	name  string // of a built-in or custom function
	arity int    // how many arguments it looks at, for functions that take functions
	sig   *signature

	// One of these says what it does.
	native  func(st *state, args []value, in value) (value, *Error)
	lambda  *lambda
	partial *partialCall
	chain   *[2]*function // the second applied to the result of the first
	regex   *regex        // besides native, of a regular expression

	// Of a lambda: where it was defined.
	frame *frame
	in    value
}

// lambda is a function that an expression defines.
type lambda struct {
	params   int
	slots    []int // of the parameters in the frame
	info     *frameInfo
	body     exec
	reusable bool // nothing keeps the frame of a call
	height   int
	// names is the function of a body that looks at nothing but the second parameter, and holds it against texts. nil for all others.
	names func(string) bool
}

// partialCall is a call some of whose arguments are still open.
type partialCall struct {
	f     value
	args  []value
	holes []int // indices of the open ones
}

// Function is a function among the results of an expression.
type Function struct{ f *function }

// String is the name of the function, or "function".
func (f *Function) String() string {
	if f.f.name != "" {
		return "$" + f.f.name
	}
	return "function"
}

// MarshalJSON writes an empty string, as JSONATA's own $string does.
func (f *Function) MarshalJSON() ([]byte, error) { return []byte(`""`), nil }

func (c *compiler) lambda(n *node, s *scope) exec {
	own := newScope(s)
	own.open = c.usesEval
	l := &lambda{params: len(n.also().params), info: own.frame, height: int(n.lhs.height)}
	for _, name := range n.also().params {
		l.slots = append(l.slots, own.declare(name))
	}
	declare(n.lhs, own)
	l.reusable = !c.usesEval && !keepsFrame(n.lhs)
	l.body = c.compile(n.lhs, own)
	sig := n.also().signature
	if params := n.also().params; sig == nil && len(params) > 1 && !slices.Contains(params[2:], params[1]) && params[0] != params[1] {
		l.names = namesOf(n.lhs, params[1])
	}
	return func(st *state, in value, fr *frame) (value, *Error) {
		if err := st.alloc(128); err != nil {
			return undefined, err
		}
		return callable(&function{arity: l.params, sig: sig, lambda: l, frame: fr, in: in}), nil
	}
}

// namesOf is what a node says of a variable that holds a text, where it says nothing but which texts are right. So the
// fields of an object are told apart in most rules that rename one: function($v, $k) {$k != "ssn"}.
func namesOf(n *node, variable string) func(string) bool {
	if n.followed() {
		return nil
	}
	switch {
	case n.typ == blockNode && len(n.list) == 1:
		return namesOf(n.list[0], variable)
	case n.typ != binaryNode:
		return nil
	case n.text == "and" || n.text == "or":
		a, b := namesOf(n.lhs, variable), namesOf(n.rhs, variable)
		switch {
		case a == nil || b == nil:
			return nil
		case n.text == "and":
			return func(s string) bool { return a(s) && b(s) }
		}
		return func(s string) bool { return a(s) || b(s) }
	case n.text == "=" || n.text == "!=":
		name, other := n.lhs, n.rhs
		if name.typ != variableNode {
			name, other = other, name
		}
		v, ok := literal(other)
		if !ok || v.kind != stringKind || name.typ != variableNode || name.text != variable || name.followed() {
			return nil
		}
		want, equal := v.str(), n.text == "="
		return func(s string) bool { return (s == want) == equal }
	}
	return nil
}

// call calls a function. The arguments are the caller's again afterwards.
func (st *state) call(f *function, args []value, in value) (value, *Error) {
	unchecked := false // the signature of a function that was applied partially does not count
	for {
		if err := st.tick(1); err != nil {
			return undefined, err
		}
		check := !unchecked
		unchecked = false
		if f.sig != nil && check {
			var err *Error
			if args, err = f.sig.arrange(args, in); err != nil {
				if err.Token == "" {
					err.Token = f.name
				}
				return undefined, err
			}
		}
		switch {
		case f.native != nil:
			// What a native function calls is deeper, whoever calls it.
			if st.height += nativeHeight; st.height > maxTotalHeight {
				st.height -= nativeHeight
				return undefined, fail("D1011")
			}
			if err := st.alloc(valueSize); err != nil {
				st.height -= nativeHeight
				return undefined, err
			}
			v, err := f.native(st, args, in)
			st.height -= nativeHeight
			if err != nil && err.Token == "" {
				err.Token = f.name
			}
			return v, err
		case f.partial != nil:
			g, all, err := f.partial.fill(args)
			if err != nil {
				return undefined, err
			}
			f, args, unchecked = g, all, g.lambda != nil
			continue
		case f.chain != nil:
			if st.height += nativeHeight; st.height > maxTotalHeight {
				st.height -= nativeHeight
				return undefined, fail("D1011")
			}
			v, err := st.call(f.chain[0], []value{arg(args, 0)}, null)
			st.height -= nativeHeight
			if err != nil {
				return v, err
			}
			f, args, in = f.chain[1], []value{collapse(v, false)}, null
			continue
		}
		v, err := st.run(f, args)
		if err != nil || v.kind != tailKind {
			return v, err
		}
		// What the function ends with is a call: it is carried out here, so that
		// the depth does not grow.
		next := st.tail
		st.tail = pending{}
		if next.f.kind != functionKind {
			return undefined, next.site.notCallable()
		}
		f, args = next.f.ref.(*function), next.args
		v, again, err := st.finishTail(f, args, in, next.site)
		if !again {
			return v, err
		}
	}
}

// finishTail carries out a tail call that needs no further turn.
func (st *state) finishTail(f *function, args []value, in value, at *callSite) (v value, again bool, err *Error) {
	if f.native == nil {
		return undefined, true, nil
	}
	v, err = st.call(f, args, in)
	return v, false, at.place(err)
}

// run runs the body of a lambda. Depth counts calls within calls, and the trees
// they evaluate.
func (st *state) run(f *function, args []value) (value, *Error) {
	l := f.lambda
	st.depth++
	st.height += l.height
	if st.depth > st.limits.Depth || st.height > maxTotalHeight {
		st.depth--
		st.height -= l.height
		return undefined, fail("D1011")
	}
	var fr *frame
	if l.reusable {
		fr = st.enter(f.frame, l.info.size)
	} else {
		fr = &frame{parent: f.frame, slots: make([]value, l.info.size)}
		if err := st.alloc(64 + l.info.size*valueSize); err != nil {
			return undefined, err
		}
	}
	for i, slot := range l.slots {
		v := undefined
		if i < len(args) {
			v = args[i]
		}
		fr.set(slot, v)
	}
	v, err := l.body(st, f.in, fr)
	if l.reusable {
		st.leave(fr)
	}
	st.depth--
	st.height -= l.height
	return v, err
}

// nativeHeight is what a call of a function that is not an expression counts
// of the height: it may call functions of expressions.
const nativeHeight = 20

// maxTotalHeight bounds the trees under evaluation, and with them the stack.
const maxTotalHeight = 100_000

func (p *partialCall) fill(args []value) (*function, []value, *Error) {
	all := slices.Clone(p.args)
	for i, hole := range p.holes {
		if i < len(args) {
			all[hole] = args[i]
		}
	}
	if p.f.kind != functionKind {
		return nil, nil, fail("T1006")
	}
	f := p.f.ref.(*function)
	if f.native != nil && f.sig != nil && len(all) > len(f.sig.params) && !f.sig.many() {
		all = all[:len(f.sig.params)] // what is too much is dropped
	}
	return f, all, nil
}

// callSite is a call in an expression.
type callSite struct {
	start, end int
	token      string // name of what is called, if it has one
	suggestion string // a built-in function of the name that was called without $
}

// place says where an error came up, if it does not say so itself.
func (s *callSite) place(err *Error) *Error {
	if err != nil {
		if err.Position == 0 {
			err.at(s.start, s.end)
		}
		if err.Token == "" {
			err.Token = s.token
		}
	}
	return err
}

func (s *callSite) notCallable() *Error {
	code := "T1006"
	if s.suggestion != "" {
		code = "T1005"
	}
	return fail(code).at(s.start, s.end).token(s.token)
}

func (c *compiler) site(n *node, s *scope) *callSite {
	at := &callSite{start: int(n.start), end: int(n.end)}
	switch n.lhs.typ {
	case variableNode:
		at.token, at.start = n.lhs.text, int(n.lhs.start)
	case pathNode:
		if first := n.lhs.list[0]; first.typ == nameNode {
			at.token = first.text
			declared := func(p place) bool { return !p.extra }
			if c.global(first.text).kind != undefinedKind || slices.ContainsFunc(c.places(s, first.text), declared) {
				at.suggestion = first.text
			}
		}
	}
	return at
}

func (c *compiler) call(n *node, s *scope) exec {
	at := c.site(n, s)
	if run := c.mergeOf(n, s, at); run != nil {
		return run
	}
	return c.callOf(n, s, at)
}

// callOf is a call like any other.
func (c *compiler) callOf(n *node, s *scope, at *callSite) exec {
	args := make([]exec, len(n.list))
	for i, a := range n.list {
		args[i] = c.compile(a, s)
	}
	called := c.compile(n.lhs, s)
	if n.tail {
		return tailCall(called, args, at)
	}
	run := func(st *state, in value, fr *frame, f *function) (value, *Error) {
		base, window := st.window(len(args))
		for i, arg := range args {
			v, err := arg(st, in, fr)
			if err != nil {
				st.release(base)
				return v, err
			}
			window[i] = v
		}
		var v value
		var err *Error
		if c.usesEval {
			outer := st.site
			st.site = &site{c, s, fr}
			v, err = st.call(f, window, in)
			st.site = outer
		} else {
			v, err = st.call(f, window, in)
		}
		st.release(base)
		return n.collapsed(v), at.place(err)
	}
	return func(st *state, in value, fr *frame) (value, *Error) {
		f, err := called(st, in, fr)
		if err != nil {
			return f, err
		}
		if f.kind != functionKind {
			// The arguments come first: an error in them is told before this one.
			// Not so where the name without $ is that of a function.
			for _, arg := range args {
				if at.suggestion != "" {
					break
				}
				if v, err := arg(st, in, fr); err != nil {
					return v, err
				}
			}
			return undefined, at.notCallable()
		}
		return run(st, in, fr, f.ref.(*function))
	}
}

// tailCall leaves a call to the trampoline of the function that it ends.
func tailCall(called exec, args []exec, at *callSite) exec {
	return func(st *state, in value, fr *frame) (value, *Error) {
		f, err := called(st, in, fr)
		if err != nil {
			return f, err
		}
		values := make([]value, len(args))
		for i, arg := range args {
			if values[i], err = arg(st, in, fr); err != nil {
				return undefined, err
			}
		}
		if err := st.alloc(len(values) * valueSize); err != nil {
			return undefined, err
		}
		st.tail = pending{f, values, at}
		return value{kind: tailKind}, nil
	}
}

func (c *compiler) partial(n *node, s *scope) exec {
	at := c.site(n, s)
	args := make([]exec, len(n.list))
	var holes []int
	for i, a := range n.list {
		if a.typ == holeNode {
			holes = append(holes, i)
			args[i] = constant(undefined)
		} else {
			args[i] = c.compile(a, s)
		}
	}
	called := c.compile(n.lhs, s)
	return func(st *state, in value, fr *frame) (value, *Error) {
		values := make([]value, len(args))
		var err *Error
		for i, arg := range args {
			if values[i], err = arg(st, in, fr); err != nil {
				return undefined, err
			}
		}
		f, err := called(st, in, fr)
		if err != nil {
			return f, err
		}
		if f.kind != functionKind {
			e := at.notCallable()
			e.Code = map[string]string{"T1005": "T1007", "T1006": "T1008"}[e.Code]
			return undefined, e
		}
		return callable(&function{arity: len(holes), partial: &partialCall{f, values, holes}}), nil
	}
}

// apply is a ~> b.
func (c *compiler) apply(n *node, s *scope) exec {
	left := c.compile(n.lhs, s)
	if n.rhs.typ == callNode {
		// Predicates and groupings of the call have no meaning here, as in the reference.
		return c.applyCall(n, left, s)
	}
	right := c.compile(n.rhs, s)
	return func(st *state, in value, fr *frame) (value, *Error) {
		a, err := left(st, in, fr)
		if err != nil {
			return a, err
		}
		f, err := right(st, in, fr)
		if err != nil {
			return f, err
		}
		if f.kind != functionKind {
			return undefined, fail("T2006").on(n).value(f.unwrap())
		}
		if a.kind == functionKind {
			return callable(&function{arity: 1, chain: &[2]*function{a.ref.(*function), f.ref.(*function)}}), nil
		}
		base, window := st.window(1)
		window[0] = a
		v, err := st.call(f.ref.(*function), window, null)
		st.release(base)
		if err != nil && err.Position == 0 {
			err.on(n)
		}
		return collapse(v, n.keepArray), err
	}
}

// applyCall is a ~> f(…): a becomes the first argument.
func (c *compiler) applyCall(n *node, left exec, s *scope) exec {
	call := n.rhs
	at := c.site(call, s)
	called := c.compile(call.lhs, s)
	args := make([]exec, len(call.list))
	for i, a := range call.list {
		args[i] = c.compile(a, s)
	}
	keep := n.keepArray
	return func(st *state, in value, fr *frame) (value, *Error) {
		a, err := left(st, in, fr)
		if err != nil {
			return a, err
		}
		f, err := called(st, in, fr)
		if err != nil {
			return f, err
		}
		base, window := st.window(len(args) + 1)
		defer st.release(base)
		window[0] = a
		for i, arg := range args {
			if window[i+1], err = arg(st, in, fr); err != nil {
				return undefined, err
			}
		}
		if f.kind != functionKind {
			return undefined, at.notCallable()
		}
		if c.usesEval {
			outer := st.site
			st.site = &site{c, s, fr}
			defer func() { st.site = outer }()
		}
		v, err := st.call(f.ref.(*function), window, in)
		return collapse(v, keep), at.place(err)
	}
}
