package jsonata

import (
	"math"
	"slices"
)

// compiler turns a tree into closures: names are resolved to slots of frames,
// constants are made once.
type compiler struct {
	tupleIDs  map[string]int // of what @ and # bind, by name, over the whole expression
	nextID    int
	parents   map[*parent]int // ids of what % stands for
	functions map[string]*function
	usesEval  bool
	merging   bool   // in a call that mergeOf compiles
	patterns  int    // instructions of all regular expressions
	failed    *Error // what was found wrong while compiling
}

func newCompiler() *compiler {
	return &compiler{}
}

// survey looks for what has a meaning for the whole expression.
func (c *compiler) survey(n *node) {
	if n == nil {
		return
	}
	if n.typ == variableNode && n.text == "eval" {
		c.usesEval = true
	}
	for _, name := range [...]string{n.also().focus, n.also().index} {
		c.tupleName(name)
	}
	for _, f := range n.filters {
		c.tupleName(f.index)
		c.survey(f.expr)
	}
	for _, f := range n.predicate {
		c.survey(f.expr)
	}
	c.survey(n.lhs)
	c.survey(n.rhs)
	c.survey(n.third)
	c.survey(n.also().group)
	for _, part := range n.list {
		c.survey(part)
	}
	for _, pair := range n.also().pairs {
		c.survey(pair[0])
		c.survey(pair[1])
	}
	for _, t := range n.also().terms {
		c.survey(t.expr)
	}
}

func (c *compiler) tupleName(name string) {
	if name == "" {
		return
	}
	if _, ok := c.tupleIDs[name]; !ok {
		if c.tupleIDs == nil {
			c.tupleIDs = map[string]int{}
		}
		c.tupleIDs[name] = c.nextID
		c.nextID++
	}
}

func (c *compiler) parentID(p *parent) int {
	p = p.root()
	id, ok := c.parents[p]
	if !ok {
		if c.parents == nil {
			c.parents = map[*parent]int{}
		}
		id = c.nextID
		c.nextID++
		c.parents[p] = id
	}
	return id
}

// compile makes the closure of a node, with its predicates and grouping.
func (c *compiler) compile(n *node, s *scope) exec {
	if n.typ == pathNode {
		return c.path(n, s)
	}
	run := c.plain(n, s)
	if !n.followed() {
		return run
	}
	at := s
	if n.tuple {
		at = tupleScope(s)
	}
	filters := c.filters(n.predicate, at)
	var group exec
	var tupleGroup func(*state, []*tuple, *frame) (value, *Error)
	if n.also().group != nil {
		group = c.group(n.also().group, s)
		if n.tuple {
			tupleGroup = c.groupTuples(n.also().group, at)
		}
	}
	return func(st *state, in value, fr *frame) (value, *Error) {
		v, err := run(st, in, fr)
		if err != nil {
			return v, err
		}
		for _, f := range filters {
			at := fr
			if n.tuple {
				at = &frame{parent: fr}
			}
			if v, err = f.apply(st, v, at); err != nil {
				return v, err
			}
		}
		if group != nil {
			if a := v.made(); a != nil && a.tuples != nil && tupleGroup != nil {
				return tupleGroup(st, a.tuples, fr)
			}
			return group(st, v, fr)
		}
		return collapse(v, n.keepArray), nil
	}
}

// followed reports whether anything is done with the value of a node before it is collapsed.
func (n *node) followed() bool { return len(n.predicate) > 0 || n.also().group != nil || n.keepArray }

// collapsed is the value of a node, unless something is done with it before.
func (n *node) collapsed(v value) value {
	if n.followed() {
		return v
	}
	return collapse(v, false)
}

// tupleScope is a scope of items on their way along a path.
func tupleScope(parent *scope) *scope {
	return &scope{parent: parent, frame: &frameInfo{}, tuple: true}
}

// collapse makes of a sequence of one its item, and of an empty one nothing. What it gives may be a
// sequence again, which a function has put there; the next node around collapses that.
func collapse(v value, keep bool) value {
	if v.kind != arrayKind {
		return v
	}
	a, ok := v.ref.(*array)
	if !ok || !a.sequence || a.tuples != nil {
		return v
	}
	if keep && !a.keep {
		// Others may have the sequence without what is said of it here.
		kept := *a
		kept.keep = true
		a, v = &kept, list(&kept)
	}
	switch len(a.items) {
	case 0:
		return undefined
	case 1:
		if !a.keep {
			return a.items[0]
		}
	}
	return v
}

func constant(v value) exec {
	return func(*state, value, *frame) (value, *Error) { return v, nil }
}

// literal is the value of a node that is one.
func literal(n *node) (value, bool) {
	if len(n.predicate) > 0 || n.also().group != nil || n.keepArray {
		return undefined, false
	}
	switch n.typ {
	case stringNode:
		return text(n.text), true
	case numberNode:
		return number(n.num), true
	case literalNode:
		switch n.text {
		case "true":
			return truth, true
		case "false":
			return falsehood, true
		}
		return null, true
	}
	return undefined, false
}

// plain makes the closure of a node without what follows it.
func (c *compiler) plain(n *node, s *scope) exec {
	switch n.typ {
	case stringNode:
		return constant(text(n.text))
	case numberNode:
		return constant(value{kind: numberKind, num: n.num, ref: n.num})
	case literalNode:
		v, _ := literal(&node{typ: literalNode, text: n.text})
		return constant(v)
	case nameNode:
		name := n.text
		return func(st *state, in value, _ *frame) (value, *Error) {
			if in.kind == objectKind {
				return collapse(in.field(name), false), nil
			}
			v, err := lookup(st, in, name, 0)
			return n.collapsed(v), err
		}
	case variableNode:
		return c.variable(n, s)
	case wildcardNode:
		return func(st *state, in value, _ *frame) (value, *Error) {
			v, err := wildcard(st, in)
			return n.collapsed(v), err
		}
	case descendantNode:
		return func(st *state, in value, _ *frame) (value, *Error) {
			v, err := descendants(st, in)
			return n.collapsed(v), err
		}
	case parentNode:
		return c.parent(n, s)
	case regexNode:
		return c.regex(n)
	case binaryNode:
		return c.binary(n, s)
	case negateNode:
		return c.negate(n, s)
	case arrayNode:
		return c.array(n, s)
	case objectNode:
		return c.group(n, s)
	case blockNode:
		return c.block(n, s)
	case bindNode:
		return c.bind(n, s)
	case conditionNode:
		return c.condition(n, s)
	case elvisNode, coalesceNode:
		return c.otherwise(n, s)
	case lambdaNode:
		return c.lambda(n, s)
	case callNode:
		return c.call(n, s)
	case partialNode:
		return c.partial(n, s)
	case applyNode:
		return c.apply(n, s)
	case transformNode:
		return c.transform(n, s)
	}
	return func(*state, value, *frame) (value, *Error) {
		return undefined, fail("S0206").on(n).token(n.text)
	}
}

func (c *compiler) variable(n *node, s *scope) exec {
	name := n.text
	if name == "" {
		return func(_ *state, in value, _ *frame) (value, *Error) {
			return n.collapsed(in.inner()), nil
		}
	}
	if name == "$" {
		places := c.places(s, name)
		return func(st *state, _ value, fr *frame) (value, *Error) {
			if v, ok := fr.find(places, name); ok {
				return v, nil
			}
			if v, ok := st.bindings[name]; ok {
				return wrap(v), nil
			}
			return st.input, nil
		}
	}
	places := c.places(s, name)
	global := c.global(name)
	if len(places) == 1 && places[0].slot >= 0 && places[0].up <= 1 {
		slot, up := places[0].slot, places[0].up
		return func(st *state, _ value, fr *frame) (value, *Error) {
			f := fr
			if up == 1 {
				f = fr.parent
			}
			if v := f.slots[slot]; v.kind != undefinedKind {
				return v, nil
			} else if !v.unbound() {
				return undefined, nil
			}
			return st.lookUp(name, global), nil
		}
	}
	return func(st *state, _ value, fr *frame) (value, *Error) {
		if v, ok := fr.find(places, name); ok {
			return n.collapsed(v), nil
		}
		return st.lookUp(name, global), nil
	}
}

// global is the function that a name means where no variable has it.
func (c *compiler) global(name string) value {
	if f := c.functions[name]; f != nil {
		return callable(f)
	}
	if f := builtins[name]; f != nil {
		return callable(f)
	}
	return undefined
}

// lookUp is what a name means that no scope declares.
func (st *state) lookUp(name string, global value) value {
	if st.bindings != nil {
		if v, ok := st.bindings[name]; ok {
			return wrap(v)
		}
	}
	return global
}

func (c *compiler) parent(n *node, s *scope) exec {
	id := c.parentID(n.also().slot)
	var ups []int
	up := 0
	for at := s; at != nil; at = at.parent {
		if at.tuple {
			ups = append(ups, up)
		}
		if at.parent != nil && at.parent.frame != at.frame {
			up++
		}
	}
	return func(_ *state, _ value, fr *frame) (value, *Error) {
		for _, up := range ups {
			if f := fr.up(up); f.tuple != nil {
				if v, ok := f.tuple.get(id); ok {
					return n.collapsed(v), nil
				}
			}
		}
		return undefined, nil
	}
}

func (c *compiler) negate(n *node, s *scope) exec {
	operand := c.compile(n.lhs, s)
	return func(st *state, in value, fr *frame) (value, *Error) {
		v, err := operand(st, in, fr)
		if err != nil || v.kind == undefinedKind {
			return undefined, err
		}
		if v.kind != numberKind || math.IsNaN(v.num) {
			return undefined, fail("D1002").on(n).token("-").value(v.unwrap())
		}
		if err := finite(v); err != nil {
			return undefined, err.on(n)
		}
		return number(-v.num), nil
	}
}

// finite refuses numbers that went out of range before.
func finite(v value) *Error {
	if v.kind == numberKind && math.IsInf(v.num, 0) {
		return fail("D1001").value(v.num)
	}
	return nil
}

func (c *compiler) array(n *node, s *scope) exec {
	type part struct {
		run   exec
		whole bool // an array within the array
	}
	parts := make([]part, len(n.list))
	for i, e := range n.list {
		parts[i] = part{c.compile(e, s), e.typ == arrayNode}
	}
	constructed := n.constructor
	return func(st *state, in value, fr *frame) (value, *Error) {
		a := &array{constructed: constructed}
		if len(parts) > 0 {
			a.items = make([]value, 0, len(parts))
		}
		for i := range parts {
			v, err := parts[i].run(st, in, fr)
			if err != nil {
				return v, err
			}
			before := len(a.items)
			switch {
			case v.kind == undefinedKind:
			case parts[i].whole || v.kind != arrayKind:
				a.items = append(a.items, v)
			default:
				if one := v.made(); one != nil && len(parts) == 1 {
					a.items = slices.Clip(one.items) // append copies
				} else {
					items, err := st.items(v)
					if err != nil {
						return undefined, err.on(n)
					}
					a.items = append(a.items, items...)
				}
			}
			if err := st.grown(len(a.items), len(a.items)-before); err != nil {
				return undefined, err.on(n)
			}
		}
		return list(a), nil
	}
}

func (c *compiler) block(n *node, s *scope) exec {
	own := s
	binds := slices.ContainsFunc(n.list, bindsHere)
	fresh := c.usesEval || binds && slices.ContainsFunc(n.list, keepsFrame) || s.tuple
	if c.usesEval || binds {
		if fresh {
			own = newScope(s)
		} else {
			own = within(s)
		}
		own.open = c.usesEval
	}
	from := own.frame.size
	if own != s {
		// All bindings of the block, so that what runs before one does not see another's.
		for _, e := range n.list {
			declare(e, own)
		}
	}
	parts := make([]exec, len(n.list))
	for i, e := range n.list {
		parts[i] = c.compile(e, own)
	}
	to := own.frame.size
	run := func(st *state, in value, fr *frame) (v value, err *Error) {
		for _, p := range parts {
			if v, err = p(st, in, fr); err != nil {
				return v, err
			}
		}
		return n.collapsed(v), nil
	}
	switch {
	case len(parts) == 1 && own == s && settled(n.list[0]):
		return parts[0]
	case own == s:
		return run
	case fresh:
		info := own.frame
		return func(st *state, in value, fr *frame) (value, *Error) {
			if err := st.alloc(64 + info.size*valueSize); err != nil {
				return undefined, err
			}
			return run(st, in, &frame{parent: fr, slots: make([]value, info.size)})
		}
	}
	return func(st *state, in value, fr *frame) (value, *Error) {
		clear(fr.slots[from:to])
		return run(st, in, fr)
	}
}

// settled reports whether the value of a node cannot be a sequence that the node around collapses once more.
func settled(n *node) bool {
	switch n.typ {
	case callNode, applyNode:
		return false
	case pathNode:
		return !slices.ContainsFunc(n.list, func(step *node) bool { return step.tuple })
	}
	return true
}

// bindsHere reports whether evaluating a node binds variables of the scope it is in.
func bindsHere(n *node) bool { return anywhere(n, func(n *node) bool { return n.typ == bindNode }) }

// keepsFrame reports whether evaluating a node may keep the frame it is given.
func keepsFrame(n *node) bool {
	return anywhereDeep(n, func(n *node) bool {
		return n.typ == lambdaNode || n.typ == partialNode || n.typ == transformNode || n.tuple
	})
}

// declare declares the variables that evaluating a node binds in the scope.
func declare(n *node, s *scope) {
	anywhere(n, func(n *node) bool {
		if n.typ == bindNode {
			s.declare(n.lhs.text)
		}
		return false
	})
}

// anywhere looks for a node that is evaluated in the same scope, tuples aside.
func anywhere(n *node, found func(*node) bool) bool { return search(n, found, false) }

// anywhereDeep looks for a node in scopes within as well.
func anywhereDeep(n *node, found func(*node) bool) bool { return search(n, found, true) }

func search(n *node, found func(*node) bool, deep bool) bool {
	if n == nil {
		return false
	}
	if found(n) {
		return true
	}
	for _, f := range n.filters {
		if search(f.expr, found, deep) {
			return true
		}
	}
	for _, f := range n.predicate {
		if search(f.expr, found, deep) {
			return true
		}
	}
	if search(n.also().group, found, deep) {
		return true
	}
	if !deep && (n.typ == blockNode || n.typ == lambdaNode) {
		return false
	}
	if search(n.lhs, found, deep) || search(n.rhs, found, deep) || search(n.third, found, deep) {
		return true
	}
	for _, e := range n.list {
		if search(e, found, deep) {
			return true
		}
	}
	for _, p := range n.also().pairs {
		if search(p[0], found, deep) || search(p[1], found, deep) {
			return true
		}
	}
	for _, t := range n.also().terms {
		if search(t.expr, found, deep) {
			return true
		}
	}
	return false
}

func (c *compiler) bind(n *node, s *scope) exec {
	name := n.lhs.text
	val := c.compile(n.rhs, s)
	if s.dynamic || s.tuple {
		// Of the scope that $eval is called in, or of a tuple, which is
		// gone after the step.
		return func(st *state, in value, fr *frame) (value, *Error) {
			v, err := val(st, in, fr)
			if v = collapse(v, false); err == nil {
				if fr.extra == nil {
					fr.extra = map[string]value{}
				}
				fr.extra[name] = v
			}
			return v, err
		}
	}
	slot := s.declare(name)
	return func(st *state, in value, fr *frame) (value, *Error) {
		v, err := val(st, in, fr)
		if v = collapse(v, false); err == nil {
			fr.set(slot, v)
		}
		return v, err
	}
}

func (c *compiler) condition(n *node, s *scope) exec {
	cond, then := c.compile(n.lhs, s), c.compile(n.rhs, s)
	otherwise := constant(undefined)
	if n.third != nil {
		otherwise = c.compile(n.third, s)
	}
	return func(st *state, in value, fr *frame) (value, *Error) {
		v, err := cond(st, in, fr)
		if err != nil {
			return v, err
		}
		yes, err := st.truthy(v)
		if err != nil {
			return undefined, err
		}
		if yes {
			v, err = then(st, in, fr)
		} else {
			v, err = otherwise(st, in, fr)
		}
		return collapse(v, false), err
	}
}

// otherwise is a ?: b and a ?? b.
func (c *compiler) otherwise(n *node, s *scope) exec {
	first, second := c.compile(n.lhs, s), c.compile(n.rhs, s)
	elvis := n.typ == elvisNode
	return func(st *state, in value, fr *frame) (value, *Error) {
		v, err := first(st, in, fr)
		if err != nil {
			return v, err
		}
		there := v.kind != undefinedKind
		if elvis {
			if there, err = st.truthy(v); err != nil {
				return undefined, err
			}
		}
		if !there {
			v, err = second(st, in, fr)
		}
		return collapse(v, false), err
	}
}
