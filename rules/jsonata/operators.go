package jsonata

import (
	"fmt"
	"math"
)

func (c *compiler) binary(n *node, s *scope) exec {
	switch n.text {
	case "and", "or":
		return c.logic(n, s)
	case "..":
		return c.span(n, s)
	}
	l, r := c.compile(n.lhs, s), c.compile(n.rhs, s)
	var op func(st *state, a, b value, n *node) (value, *Error)
	switch n.text {
	case "+", "-", "*", "/", "%":
		return c.arithmetic(n, l, r)
	case "=", "!=":
		return c.equality(n, l, r)
	case "<", "<=", ">", ">=":
		op = order
	case "&":
		op = concat
	case "in":
		op = in
	default:
		return func(*state, value, *frame) (value, *Error) {
			return undefined, fail("S0204").on(n).token(n.text)
		}
	}
	return func(st *state, in value, fr *frame) (value, *Error) {
		a, err := l(st, in, fr)
		if err != nil {
			return a, err
		}
		b, err := r(st, in, fr)
		if err != nil {
			return b, err
		}
		return op(st, a, b, n)
	}
}

func (c *compiler) arithmetic(n *node, l, r exec) exec {
	op := n.text[0]
	run := func(st *state, in value, fr *frame) (value, *Error) {
		a, err := l(st, in, fr)
		if err != nil {
			return a, err
		}
		b, err := r(st, in, fr)
		if err != nil {
			return b, err
		}
		if a.kind != numberKind || b.kind != numberKind || outOfRange(a.num) || outOfRange(b.num) {
			return arithmeticOfOthers(n, a, b)
		}
		switch op {
		case '+':
			return number(a.num + b.num), nil
		case '-':
			return number(a.num - b.num), nil
		case '*':
			return number(a.num * b.num), nil
		case '/':
			return number(a.num / b.num), nil
		}
		return number(math.Mod(a.num, b.num)), nil
	}
	_, constantLeft := literal(n.lhs)
	_, constantRight := literal(n.rhs)
	if constantLeft && constantRight {
		if v, err := run(nil, undefined, nil); err == nil {
			return constant(value{kind: v.kind, num: v.num, ref: v.num})
		}
	}
	return run
}

func outOfRange(f float64) bool { return math.IsInf(f, 0) || math.IsNaN(f) }

// arithmeticOfOthers is what comes of values that are not both numbers.
func arithmeticOfOthers(n *node, a, b value) (value, *Error) {
	for i, v := range [...]value{a, b} {
		if v.kind == undefinedKind {
			continue
		}
		if v.kind != numberKind || math.IsNaN(v.num) {
			code := [...]string{"T2001", "T2002"}[i]
			return undefined, fail(code).on(n).token(n.text).value(v.unwrap())
		}
		if err := finite(v); err != nil {
			return undefined, err.on(n)
		}
	}
	return undefined, nil
}

func (c *compiler) equality(n *node, l, r exec) exec {
	same := n.text == "="
	if v, ok := literal(n.rhs); ok && v.kind == stringKind {
		want := v.str()
		return func(st *state, in value, fr *frame) (value, *Error) {
			a, err := l(st, in, fr)
			if err != nil || a.kind == undefinedKind {
				return falsehood, err
			}
			return boolean((a.kind == stringKind && a.str() == want) == same), nil
		}
	}
	return func(st *state, in value, fr *frame) (value, *Error) {
		a, err := l(st, in, fr)
		if err != nil {
			return a, err
		}
		b, err := r(st, in, fr)
		if err != nil {
			return b, err
		}
		if a.kind == undefinedKind || b.kind == undefinedKind {
			return falsehood, nil
		}
		eq, err := st.equal(a, b, 0)
		return boolean(eq == same), err
	}
}

// equal compares deeply; the order of names does not count.
func (st *state) equal(a, b value, depth int) (bool, *Error) {
	if a.kind != b.kind {
		return false, nil
	}
	switch a.kind {
	case numberKind, boolKind:
		return a.num == b.num, nil
	case stringKind:
		x, y := a.str(), b.str()
		if len(x) != len(y) {
			return false, nil
		}
		return x == y, st.tick(len(x) >> 6)
	case functionKind:
		return a.ref == b.ref, nil
	case arrayKind, objectKind:
	default:
		return true, nil
	}
	if depth > maxNesting {
		return false, fail("D1011")
	}
	if a.kind == arrayKind {
		n := a.count()
		if err := st.tick(n); err != nil || n != b.count() {
			return false, err
		}
		for i := range n {
			if ok, err := st.equal(a.item(i), b.item(i), depth+1); !ok || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	m := a.members()
	if err := st.tick(m.len()); err != nil || m.len() != b.size() {
		return false, err
	}
	for i := range m.len() {
		x := b.field(*m.name(i))
		if x.kind == undefinedKind {
			return false, nil
		}
		if ok, err := st.equal(m.value(i), x, depth+1); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// order is <, <=, > and >=.
func order(st *state, a, b value, n *node) (value, *Error) {
	for _, v := range [...]value{a, b} {
		if v.kind != undefinedKind && v.kind != numberKind && v.kind != stringKind {
			return undefined, fail("T2010").on(n).token(n.text).value(v.unwrap())
		}
	}
	if a.kind == undefinedKind || b.kind == undefinedKind {
		return undefined, nil
	}
	if a.kind != b.kind {
		return undefined, fail("T2009").on(n).token(n.text).value(a.unwrap()).value2(b.unwrap())
	}
	if a.kind == numberKind {
		switch n.text {
		case "<":
			return boolean(a.num < b.num), nil
		case "<=":
			return boolean(a.num <= b.num), nil
		case ">":
			return boolean(a.num > b.num), nil
		}
		return boolean(a.num >= b.num), nil
	}
	x, y := a.str(), b.str()
	if err := st.tick(min(len(x), len(y)) >> 6); err != nil {
		return undefined, err.on(n)
	}
	cmp := compareUTF16(x, y)
	switch n.text {
	case "<":
		return boolean(cmp < 0), nil
	case "<=":
		return boolean(cmp <= 0), nil
	case ">":
		return boolean(cmp > 0), nil
	}
	return boolean(cmp >= 0), nil
}

func concat(st *state, a, b value, n *node) (value, *Error) {
	x, err := st.string(a)
	if err != nil {
		return undefined, err.on(n)
	}
	y, err := st.string(b)
	if err != nil {
		return undefined, err.on(n)
	}
	return st.text(x + y)
}

// string is the text of a value, "" of nothing.
func (st *state) string(v value) (string, *Error) {
	v = v.inner()
	switch v.kind {
	case undefinedKind:
		return "", nil
	case stringKind:
		return v.str(), nil
	case numberKind:
		if outOfRange(v.num) {
			return "", fail("D3001").value(v.num)
		}
	}
	return st.print(v, false)
}

// in compares strictly: arrays and objects are in an array only themselves.
func in(st *state, a, b value, _ *node) (value, *Error) {
	if a.kind == undefinedKind || b.kind == undefinedKind {
		return falsehood, nil
	}
	if b.kind != arrayKind {
		return boolean(identical(a, b)), nil
	}
	n := b.count()
	if err := st.tick(n); err != nil {
		return undefined, err
	}
	long := 0
	if a.kind == stringKind {
		long = len(a.str()) >> 6
	}
	for i := range n {
		if err := st.tick(long); err != nil {
			return undefined, err
		}
		if identical(a, b.item(i)) {
			return truth, nil
		}
	}
	return falsehood, nil
}

// identical reports whether two values are the same: arrays and objects by
// what they are, not by what they hold.
func identical(a, b value) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case numberKind, boolKind:
		return a.num == b.num
	case stringKind:
		return a.str() == b.str()
	case arrayKind, objectKind, functionKind:
		return sameRef(a.ref, b.ref)
	}
	return true
}

func (c *compiler) logic(n *node, s *scope) exec {
	l, r := c.compile(n.lhs, s), c.compile(n.rhs, s)
	decided := n.text == "or" // the left side that makes the right one needless
	return func(st *state, in value, fr *frame) (value, *Error) {
		a, err := l(st, in, fr)
		if err != nil {
			return a, err
		}
		yes, err := st.truthy(a)
		if err != nil || yes == decided {
			return boolean(yes), err
		}
		b, err := r(st, in, fr)
		if err != nil {
			return b, err
		}
		yes, err = st.truthy(b)
		return boolean(yes), err
	}
}

// truthy is what a value means where a condition is asked for.
func (st *state) truthy(v value) (bool, *Error) {
	switch v.kind {
	case boolKind:
		return v.num != 0, nil
	case numberKind:
		return v.num != 0 && !math.IsNaN(v.num), finite(v)
	case stringKind:
		return v.str() != "", nil
	case objectKind:
		return v.size() > 0, nil
	case arrayKind:
		return st.anyTruthy(v, 0)
	}
	return false, nil
}

func (st *state) anyTruthy(v value, depth int) (bool, *Error) {
	if depth > maxNesting {
		return false, fail("D1011")
	}
	n := v.count()
	if err := st.tick(n); err != nil {
		return false, err
	}
	for i := range n {
		x := v.item(i)
		var yes bool
		var err *Error
		if x.kind == arrayKind {
			yes, err = st.anyTruthy(x, depth+1)
		} else {
			yes, err = st.truthy(x)
		}
		if yes || err != nil {
			return yes, err
		}
	}
	return false, nil
}

// maxRange is how many items a range may have.
const maxRange = 10_000_000

// span is a..b.
func (c *compiler) span(n *node, s *scope) exec {
	l, r := c.compile(n.lhs, s), c.compile(n.rhs, s)
	return func(st *state, in value, fr *frame) (value, *Error) {
		a, err := l(st, in, fr)
		if err != nil {
			return a, err
		}
		b, err := r(st, in, fr)
		if err != nil {
			return b, err
		}
		for i, v := range [...]value{a, b} {
			if v.kind != undefinedKind && (v.kind != numberKind || v.num != math.Trunc(v.num) || outOfRange(v.num)) {
				return undefined, fail([...]string{"T2003", "T2004"}[i]).on(n).value(v.unwrap())
			}
		}
		if a.kind == undefinedKind || b.kind == undefinedKind || a.num > b.num {
			return undefined, nil
		}
		size := b.num - a.num + 1
		if size > maxRange {
			return undefined, fail("D2014").on(n).value(size)
		}
		if err := st.grown(int(size), int(size)); err != nil {
			return undefined, err.on(n)
		}
		items := make([]value, int(size))
		for i := range items {
			items[i] = number(a.num + float64(i))
		}
		items[0] = number(a.num) // maybe -0
		// One number is a sequence of one: that number.
		return collapse(list(sequenceOf(items...)), false), nil
	}
}

// sameRef compares what arrays and objects are. Slices and maps of the caller's
// are the same if they begin at the same place.
func sameRef(a, b any) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0])
	case map[string]any:
		_, ok := b.(map[string]any)
		return ok && fmt.Sprintf("%p", a) == fmt.Sprintf("%p", b)
	case *array:
		return a == b
	case *Object:
		return a == b
	case *function:
		return a == b
	}
	return false
}
