package jsonata

import (
	"slices"
	"strings"
)

// Bounds on what is parsed.
const (
	// maxParseDepth bounds brackets, functions and operators within each other.
	maxParseDepth = 500
	// maxHeight bounds the depth of the tree, which chains of operators deepen too.
	maxHeight = 5_000
)

// parser is a Pratt parser: each token has a power by which it binds what stands
// left of it, and a way to begin or to go on with an expression.
type parser struct {
	lexer
	tok   token // the next one
	depth int
	room  []node // for nodes
}

// parse reads an expression and prepares its tree.
func parse(source string) (*node, *Error) {
	p := &parser{lexer: lexer{source: source}}
	if err := p.advance(true); err != nil {
		return nil, err
	}
	n, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != endToken {
		return nil, p.unexpected("S0201")
	}
	a := &analysis{}
	if n, err = a.process(n); err != nil {
		return nil, err
	}
	if n.typ == parentNode || len(n.also().seeking) > 0 {
		return nil, fail("S0217").on(n).token(nodeNames[n.typ])
	}
	return n, nil
}

// Nodes are made some at a time: about as many as a short expression has, which is a node for 4 characters.
const (
	charactersOfNode = 4
	leastNodes       = 2
	mostNodes        = 32
)

// node makes a node of a token.
func (p *parser) node(t *token, typ nodeType) *node {
	if len(p.room) == 0 {
		left := len(p.source) - t.start
		p.room = make([]node, min(max(left/charactersOfNode, leastNodes), mostNodes))
	}
	n := &p.room[0]
	p.room = p.room[1:]
	*n = node{typ: typ, start: int32(t.start), end: int32(t.end), text: t.text, height: 1}
	return n
}

func (p *parser) advance(valueExpected bool) *Error {
	t, err := p.next(valueExpected)
	p.tok = t
	return err
}

func (p *parser) unexpected(code string) *Error {
	return fail(code).at(p.tok.start, p.tok.end).token(p.tok.shown())
}

// is reports whether the next token is the operator.
func (p *parser) is(op string) bool { return p.tok.kind == operatorToken && p.tok.text == op }

// expect passes the operator. What follows is where a value ends or begins.
func (p *parser) expect(op string, valueExpected bool) *Error {
	if !p.is(op) {
		code := "S0202"
		if p.tok.kind == endToken {
			code = "S0203"
		}
		return p.unexpected(code).value(op)
	}
	return p.advance(valueExpected)
}

// powers are the binding powers of operators that follow a value.
var powers = map[string]int{
	"[": 80, "(": 80, "@": 80, "#": 80,
	".": 75,
	"{": 70,
	"*": 60, "/": 60, "%": 60,
	"+": 50, "-": 50, "&": 50,
	"=": 40, "!=": 40, "<": 40, "<=": 40, ">": 40, ">=": 40, "^": 40, "~>": 40, "in": 40, "?:": 40, "??": 40,
	"and": 30,
	"or":  25,
	"?":   20,
	":=":  10,
}

// unary is how - binds what follows.
const unaryPower = 70

func (p *parser) power() int {
	if p.tok.kind != operatorToken {
		return 0
	}
	return powers[p.tok.text]
}

// expression reads an expression whose operators bind more strongly than the power.
func (p *parser) expression(power int) (*node, *Error) {
	if p.depth++; p.depth > maxParseDepth {
		return nil, p.unexpected("D1011")
	}
	defer func() { p.depth-- }()
	t := p.tok
	n, err := p.begin(t)
	for err == nil && power < p.power() {
		t = p.tok
		if n, err = p.follow(n, t); err == nil {
			n.measure()
			if n.height > maxHeight {
				return nil, fail("D1011").at(t.start, t.end)
			}
		}
	}
	return n, err
}

// measure sets the height of a node from those below, whose own are set.
func (n *node) measure() {
	h := int32(0)
	for _, c := range [...]*node{n.lhs, n.rhs, n.third} {
		if c != nil {
			h = max(h, c.height)
		}
	}
	for _, c := range n.list {
		h = max(h, c.height)
	}
	for _, pair := range n.also().pairs {
		h = max(h, pair[0].height, pair[1].height)
	}
	for _, t := range n.also().terms {
		h = max(h, t.expr.height)
	}
	n.height = max(n.height, h+1)
}

// begin reads what begins with the token.
func (p *parser) begin(t token) (*node, *Error) {
	n := p.node(&t, nameNode)
	switch t.kind {
	case endToken:
		// What is missing is told by what was to follow it, if anything was.
		n.typ = endNode
	case nameToken:
		n.typ = nameNode
	case variableToken:
		n.typ = variableNode
	case stringToken:
		n.typ = stringNode
	case numberToken:
		n.typ, n.num = numberNode, t.num
	case literalToken:
		n.typ = literalNode
	case regexToken:
		n.typ, n.with().flags = regexNode, t.flags
	default:
		return p.beginOperator(t, n)
	}
	return n, p.advance(false)
}

func (p *parser) beginOperator(t token, n *node) (*node, *Error) {
	var err *Error
	switch t.text {
	case "and", "or", "in":
		n.typ = nameNode
		return n, p.advance(false)
	case "*":
		n.typ = wildcardNode
		return n, p.advance(false)
	case "**":
		n.typ = descendantNode
		return n, p.advance(false)
	case "%":
		n.typ = parentNode
		return n, p.advance(false)
	case "-":
		if err = p.advance(false); err != nil {
			return nil, err
		}
		n.typ = negateNode
		if n.lhs, err = p.expression(unaryPower); err != nil {
			return nil, err
		}
		n.measure()
		return n, nil
	case "(":
		return p.block(n)
	case "[":
		return p.array(n)
	case "{":
		return p.object(n)
	case "|":
		return p.transform(n)
	}
	if err := p.advance(false); err != nil {
		return nil, err
	}
	return nil, fail("S0211").on(n).token(t.text)
}

// sequence reads expressions between separators, up to the closing operator, which it passes.
func (p *parser) sequence(separator, closing string, read func() *Error) *Error {
	for !p.is(closing) {
		if err := read(); err != nil {
			return err
		}
		if !p.is(separator) {
			break
		}
		if err := p.advance(true); err != nil {
			return err
		}
	}
	return p.expect(closing, false)
}

func (p *parser) block(n *node) (*node, *Error) {
	n.typ = blockNode
	if err := p.advance(false); err != nil {
		return nil, err
	}
	err := p.sequence(";", ")", func() *Error {
		e, err := p.expression(0)
		n.list = append(n.list, e)
		return err
	})
	if err == nil {
		n.measure()
	}
	return n, err
}

func (p *parser) array(n *node) (*node, *Error) {
	n.typ = arrayNode
	if err := p.advance(false); err != nil {
		return nil, err
	}
	if p.is("]") {
		return n, p.advance(false)
	}
	for {
		e, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if p.is("..") {
			r := p.node(&p.tok, binaryNode)
			r.lhs = e
			if err := p.advance(true); err != nil {
				return nil, err
			}
			if r.rhs, err = p.expression(0); err != nil {
				return nil, err
			}
			r.measure()
			e = r
		}
		n.list = append(n.list, e)
		if !p.is(",") {
			break
		}
		if err := p.advance(true); err != nil {
			return nil, err
		}
	}
	n.measure()
	return n, p.expect("]", false)
}

func (p *parser) object(n *node) (*node, *Error) {
	n.typ = objectNode
	if err := p.advance(false); err != nil {
		return nil, err
	}
	err := p.pairs(n)
	n.measure()
	return n, err
}

// pairs reads keys and values up to the closing brace, which it passes.
func (p *parser) pairs(n *node) *Error {
	if p.is("}") {
		return p.advance(false)
	}
	for {
		key, err := p.expression(0)
		if err == nil {
			err = p.expect(":", true)
		}
		if err != nil {
			return err
		}
		val, err := p.expression(0)
		if err != nil {
			return err
		}
		n.with().pairs = append(n.also().pairs, [2]*node{key, val})
		if !p.is(",") {
			return p.expect("}", false)
		}
		if err := p.advance(true); err != nil {
			return err
		}
	}
}

func (p *parser) transform(n *node) (*node, *Error) {
	n.typ = transformNode
	err := p.advance(false)
	if err == nil {
		n.lhs, err = p.expression(0)
	}
	if err == nil {
		err = p.expect("|", true)
	}
	if err == nil {
		n.rhs, err = p.expression(0)
	}
	if err == nil && p.is(",") {
		if err = p.advance(true); err == nil {
			n.third, err = p.expression(0)
		}
	}
	if err != nil {
		return nil, err
	}
	n.measure()
	return n, p.expect("|", true)
}

// follow goes on with an expression at an operator.
func (p *parser) follow(left *node, t token) (*node, *Error) {
	n := p.node(&t, nameNode)
	n.lhs = left
	var err *Error
	if err = p.advance(true); err != nil {
		return nil, err
	}
	right := func(power int) *Error {
		n.rhs, err = p.expression(power)
		return err
	}
	switch t.text {
	case "[":
		if p.is("]") {
			step := left
			for step.typ == predicateNode {
				step = step.lhs
			}
			step.keepArray = true
			return left, p.advance(true)
		}
		n.typ = predicateNode
		if err := right(0); err != nil {
			return nil, err
		}
		return n, p.expect("]", false)
	case "(":
		return p.call(n)
	case "{":
		n.typ = groupNode
		return n, p.pairs(n)
	case "^":
		return p.order(n)
	case "@", "#":
		n.typ = focusNode
		if t.text == "#" {
			n.typ = indexNode
		}
		if err := right(powers[t.text]); err != nil {
			return nil, err
		}
		if n.rhs.typ != variableNode {
			return nil, fail("S0214").on(n.rhs).token(t.text)
		}
		return n, nil
	case ".":
		n.typ = stepNode
	case "~>":
		n.typ = applyNode
	case ":=":
		n.typ = bindNode
		if left.typ != variableNode {
			return nil, fail("S0212").on(left).token(left.text)
		}
		return n, right(powers[":="] - 1)
	case "?":
		n.typ = conditionNode
		if err := right(0); err != nil {
			return nil, err
		}
		if p.is(":") {
			if err := p.advance(true); err != nil {
				return nil, err
			}
			n.third, err = p.expression(0)
		}
		return n, err
	case "?:":
		n.typ = elvisNode
		return n, right(0)
	case "??":
		n.typ = coalesceNode
		return n, right(0)
	default:
		n.typ = binaryNode
	}
	return n, right(powers[t.text])
}

func (p *parser) order(n *node) (*node, *Error) {
	n.typ = orderNode
	if err := p.expect("(", true); err != nil {
		return nil, err
	}
	for {
		var t term
		if p.is("<") || p.is(">") {
			t.descending = p.is(">")
			if err := p.advance(true); err != nil {
				return nil, err
			}
		}
		var err *Error
		if t.expr, err = p.expression(0); err != nil {
			return nil, err
		}
		n.with().terms = append(n.also().terms, t)
		if !p.is(",") {
			break
		}
		if err := p.advance(true); err != nil {
			return nil, err
		}
	}
	return n, p.expect(")", true)
}

// call reads the arguments of a call, or the definition of a function.
func (p *parser) call(n *node) (*node, *Error) {
	n.typ = callNode
	n.text = "("
	if !p.is(")") {
		for {
			if p.is("?") {
				n.typ = partialNode
				n.list = append(n.list, p.node(&p.tok, holeNode))
				if err := p.advance(true); err != nil {
					return nil, err
				}
			} else {
				e, err := p.expression(0)
				if err != nil {
					return nil, err
				}
				n.list = append(n.list, e)
			}
			if !p.is(",") {
				break
			}
			if err := p.advance(true); err != nil {
				return nil, err
			}
		}
	}
	if err := p.expect(")", false); err != nil {
		return nil, err
	}
	if n.lhs.typ == nameNode && (n.lhs.text == "function" || n.lhs.text == "λ") {
		return p.lambda(n)
	}
	return n, nil
}

func (p *parser) lambda(n *node) (*node, *Error) {
	n.typ = lambdaNode
	for i, arg := range n.list {
		if arg.typ != variableNode {
			return nil, fail("S0208").on(arg).token(arg.text).value(i + 1)
		}
		n.with().params = append(n.also().params, arg.text)
	}
	n.list, n.lhs = nil, nil
	if p.is("<") {
		at := p.tok.start
		var sig strings.Builder
		sig.WriteByte('<')
		for depth := 1; depth > 0; {
			if err := p.advance(true); err != nil {
				return nil, err
			}
			if p.is("{") || p.tok.kind == endToken {
				break
			}
			if p.is("<") {
				depth++
			} else if p.is(">") {
				depth--
			}
			sig.WriteString(p.tok.text)
		}
		if err := p.expect(">", true); err != nil {
			return nil, err
		}
		var err *Error
		if n.with().signature, err = parseSignature(sig.String()); err != nil {
			return nil, err.at(at, p.tok.start)
		}
	}
	if err := p.expect("{", true); err != nil {
		return nil, err
	}
	var err *Error
	if n.lhs, err = p.expression(0); err != nil {
		return nil, err
	}
	return n, p.expect("}", true)
}

// analysis prepares the tree that was read for being compiled: it makes paths of
// what dots join, attaches predicates, groupings and bindings to steps, and
// finds the step that each % stands for.
type analysis struct{}

func (a *analysis) all(list []*node, of *node) *Error {
	for i := range list {
		n, err := a.process(list[i])
		if err != nil {
			return err
		}
		list[i] = n
		of.adopt(n)
	}
	return nil
}

// adopt takes over the parents that a part of the node seeks.
func (n *node) adopt(part *node) {
	if seeking := part.also().seeking; len(seeking) > 0 {
		n.with().seeking = append(n.also().seeking, seeking...)
	}
	if part.typ == parentNode {
		n.with().seeking = append(n.also().seeking, part.also().slot)
	}
}

// asPath makes a path of what is none.
func asPath(n *node) *node {
	if n.typ == pathNode {
		return n
	}
	room := &struct {
		path  node
		steps [1]*node
	}{steps: [1]*node{n}}
	path := &room.path
	*path = node{typ: pathNode, start: n.start, end: n.end, list: room.steps[:], height: n.height + 1}
	return path
}

func (n *node) last() *node { return n.list[len(n.list)-1] }

func (a *analysis) process(n *node) (*node, *Error) {
	switch n.typ {
	case nameNode:
		path := asPath(n)
		path.keepSingleton = n.keepArray
		return path, nil
	case parentNode:
		n.with().slot = &parent{level: 1}
		return n, nil
	case stepNode:
		return a.step(n)
	case predicateNode:
		return a.predicate(n)
	case groupNode:
		return a.group(n)
	case orderNode:
		return a.order(n)
	case focusNode, indexNode:
		return a.binding(n)
	case negateNode:
		operand, err := a.process(n.lhs)
		if err != nil {
			return nil, err
		}
		if operand.typ == numberNode {
			operand.num, operand.start = -operand.num, n.start
			operand.text = "-" + operand.text
			return operand, nil
		}
		n.lhs = operand
		n.adopt(operand)
		return n, nil
	case blockNode:
		if err := a.all(n.list, n); err != nil {
			return nil, err
		}
		for _, part := range n.list {
			if part.constructor || part.typ == pathNode && part.list[0].constructor {
				n.constructor = true
			}
		}
		return n, nil
	case lambdaNode:
		body, err := a.process(n.lhs)
		if err != nil {
			return nil, err
		}
		n.lhs = body
		markTail(body)
		return n, nil
	case callNode, partialNode:
		if err := a.all(n.list, n); err != nil {
			return nil, err
		}
		called, err := a.process(n.lhs)
		n.lhs = called
		return n, err
	case transformNode:
		for _, part := range [...]**node{&n.lhs, &n.rhs, &n.third} {
			if *part == nil {
				continue
			}
			p, err := a.process(*part)
			if err != nil {
				return nil, err
			}
			*part = p
		}
		return n, nil
	case objectNode:
		return n, a.pairs(n)
	case arrayNode:
		return n, a.all(n.list, n)
	case endNode:
		return nil, fail("S0207").on(n).token("(end)")
	case holeNode, stringNode, numberNode, literalNode, regexNode, variableNode, wildcardNode, descendantNode:
		return n, nil
	}
	for _, part := range [...]**node{&n.lhs, &n.rhs, &n.third} {
		if *part == nil {
			continue
		}
		p, err := a.process(*part)
		if err != nil {
			return nil, err
		}
		*part = p
		if n.typ != applyNode && (n.typ != bindNode || part == &n.rhs) {
			n.adopt(p)
		}
	}
	if n.typ == applyNode {
		n.keepArray = n.lhs.keepArray || n.rhs.keepArray
	}
	return n, nil
}

func (a *analysis) pairs(n *node) *Error {
	for i := range n.also().pairs {
		for j := range n.also().pairs[i] {
			p, err := a.process(n.also().pairs[i][j])
			if err != nil {
				return err
			}
			n.also().pairs[i][j] = p
			n.adopt(p)
		}
	}
	return nil
}

// markTail marks the calls that nothing follows in a function.
func markTail(n *node) {
	switch {
	case n.typ == callNode && len(n.predicate) == 0 && n.also().group == nil:
		n.tail = true
	case n.typ == conditionNode:
		markTail(n.rhs)
		if n.third != nil {
			markTail(n.third)
		}
	case n.typ == blockNode && len(n.list) > 0 && len(n.predicate) == 0 && n.also().group == nil:
		markTail(n.last())
	}
}

func (a *analysis) step(n *node) (*node, *Error) {
	// The left sides of a chain of dots are a list, not a nest: so that long
	// paths need no deep recursion.
	var rights []*node
	left := n
	for left.typ == stepNode {
		rights = append(rights, left.rhs)
		left = left.lhs
	}
	slices.Reverse(rights)
	first, err := a.process(left)
	if err != nil {
		return nil, err
	}
	path := asPath(first)
	if first.typ == parentNode {
		path.with().seeking = []*parent{first.also().slot}
	}
	for _, right := range rights {
		rest, err := a.process(right)
		if err != nil {
			return nil, err
		}
		if rest.typ == pathNode {
			path.list = append(path.list, rest.list...)
			path.keepSingleton = path.keepSingleton || rest.keepSingleton
		} else {
			rest.filters, rest.predicate = append(rest.filters, rest.predicate...), nil
			path.list = append(path.list, rest)
		}
		path.height = max(path.height, rest.height+1)
		if err := a.finishPath(path); err != nil {
			return nil, err
		}
	}
	return path, nil
}

// finishPath sets what the steps mean to the path, after each step joined to it.
func (a *analysis) finishPath(path *node) *Error {
	for _, s := range path.list {
		switch s.typ {
		case numberNode, literalNode:
			return fail("S0213").on(s).token(s.text).value(s.text)
		case stringNode:
			s.typ = nameNode
		}
		if s.keepArray {
			path.keepSingleton = true
		}
	}
	if path.list[0].typ == arrayNode {
		path.list[0].constructor = true
	}
	if last := path.last(); last.typ == arrayNode {
		last.constructor = true
	}
	return a.resolve(path)
}

// resolve finds the steps that the last step's % stand for.
func (a *analysis) resolve(path *node) *Error {
	last := path.last()
	slots := last.also().seeking
	if last.typ == parentNode {
		slots = append(slots[:len(slots):len(slots)], last.also().slot)
	}
	for _, slot := range slots {
		i := len(path.list) - 2
		for slot.level > 0 {
			if i < 0 {
				path.with().seeking = append(path.also().seeking, slot)
				break
			}
			step := path.list[i]
			i--
			// Steps that bind a variable keep their context: several of them are one level.
			for i >= 0 && step.also().focus != "" && path.list[i].also().focus != "" {
				step = path.list[i]
				i--
			}
			if err := seek(step, slot); err != nil {
				return err
			}
		}
	}
	return nil
}

// seek looks in a step for the one whose input is a parent.
func seek(n *node, slot *parent) *Error {
	switch n.typ {
	case nameNode, wildcardNode:
		slot.level--
		if slot.level == 0 {
			if n.also().binds == nil {
				n.with().binds = slot
			} else if slot.root() != n.also().binds.root() {
				slot.root().same = n.also().binds.root()
			}
			n.tuple = true
		}
	case parentNode:
		slot.level++
	case blockNode:
		if len(n.list) > 0 {
			n.tuple = true
			return seek(n.last(), slot)
		}
	case pathNode:
		n.tuple = true
		for i := len(n.list) - 1; i >= 0; i-- {
			if err := seek(n.list[i], slot); err != nil {
				return err
			}
			if slot.level <= 0 {
				break
			}
		}
	default:
		return fail("S0217").on(n).token(nodeNames[n.typ])
	}
	return nil
}

func (a *analysis) predicate(n *node) (*node, *Error) {
	result, err := a.process(n.lhs)
	if err != nil {
		return nil, err
	}
	step, inPath := result, result.typ == pathNode
	if inPath {
		step = result.last()
	}
	if step.also().group != nil {
		return nil, fail("S0209").on(n)
	}
	expr, err := a.process(n.rhs)
	if err != nil {
		return nil, err
	}
	for _, slot := range expr.also().seeking {
		if slot.level == 1 {
			if err := seek(step, slot); err != nil {
				return nil, err
			}
		} else {
			slot.level--
		}
	}
	if seeking := expr.also().seeking; len(seeking) > 0 {
		step.with().seeking = append(step.also().seeking, seeking...)
	}
	f := filter{expr: expr}
	if inPath {
		step.filters = append(step.filters, f)
	} else {
		step.predicate = append(step.predicate, f)
	}
	result.height = max(result.height, expr.height+1)
	return result, nil
}

func (a *analysis) group(n *node) (*node, *Error) {
	result, err := a.process(n.lhs)
	if err != nil {
		return nil, err
	}
	if result.also().group != nil {
		return nil, fail("S0210").on(n)
	}
	g := &node{typ: objectNode, start: n.start, end: n.end, more: &details{pairs: n.also().pairs}}
	if err := a.pairs(g); err != nil {
		return nil, err
	}
	g.measure()
	result.with().group = g
	result.keepArray = result.keepArray || n.keepArray
	result.height = max(result.height, g.height+1)
	return result, nil
}

func (a *analysis) order(n *node) (*node, *Error) {
	result, err := a.process(n.lhs)
	if err != nil {
		return nil, err
	}
	result = asPath(result)
	step := &node{typ: sortNode, start: n.start, end: n.end, more: &details{terms: n.also().terms}}
	for i := range step.also().terms {
		t := &step.also().terms[i]
		if t.expr, err = a.process(t.expr); err != nil {
			return nil, err
		}
		step.adopt(t.expr)
	}
	step.measure()
	result.list = append(result.list, step)
	result.keepArray = result.keepArray || n.keepArray
	result.height = max(result.height, step.height+1)
	return result, a.resolve(result)
}

// binding attaches @$v or #$i to a step.
func (a *analysis) binding(n *node) (*node, *Error) {
	result, err := a.process(n.lhs)
	if err != nil {
		return nil, err
	}
	step := result
	if result.typ == pathNode {
		step = result.last()
	}
	if n.typ == indexNode {
		if result.typ != pathNode {
			result = asPath(result)
			step.filters, step.predicate = step.predicate, nil
		}
		if step.filters == nil {
			step.with().index = n.rhs.text
		} else {
			step.filters = append(step.filters, filter{index: n.rhs.text})
		}
		step.tuple = true
		result.keepArray = result.keepArray || n.keepArray
		return result, nil
	}
	switch {
	case len(step.filters) > 0 || len(step.predicate) > 0:
		return nil, fail("S0215").on(n)
	case step.typ == sortNode:
		return nil, fail("S0216").on(n)
	}
	if n.keepArray {
		step.keepArray, result.keepArray = true, true
	}
	step.with().focus = n.rhs.text
	step.tuple = true
	return result, nil
}
