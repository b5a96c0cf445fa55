package jsonata

// nodeType is what a node of a syntax tree is.
type nodeType uint8

const (
	nameNode       nodeType = iota // text
	stringNode                     // text
	numberNode                     // num
	literalNode                    // text: true, false, null
	regexNode                      // text, flags
	variableNode                   // text; "" is the context, "$" the input
	wildcardNode                   // *
	descendantNode                 // **
	parentNode                     // %
	pathNode                       // list: the steps
	binaryNode                     // text: the operator; lhs, rhs
	bindNode                       // lhs: a variable, rhs
	applyNode                      // lhs ~> rhs
	negateNode                     // lhs
	arrayNode                      // list
	objectNode                     // pairs
	blockNode                      // list
	conditionNode                  // lhs ? rhs : third (which may be nil)
	elvisNode                      // lhs ?: rhs
	coalesceNode                   // lhs ?? rhs
	lambdaNode                     // params, signature, lhs: the body
	callNode                       // lhs: what is called, list: the arguments
	partialNode                    // as callNode; an argument left open is a holeNode
	holeNode                       // ?
	transformNode                  // lhs: the pattern, rhs: the update, third: the deletion (may be nil)
	sortNode                       // terms; only as a step

	// While parsing:
	predicateNode // lhs[rhs]
	groupNode     // lhs{pairs}
	orderNode     // lhs^(terms)
	focusNode     // lhs@rhs
	indexNode     // lhs#rhs
	stepNode      // lhs.rhs
	endNode       // nothing, where the expression ended
)

var nodeNames = [...]string{"name", "string", "number", "value", "regex", "variable", "wildcard", "descendant", "parent", "path", "binary", "bind",
	"apply", "unary", "unary", "unary", "block", "condition", "condition", "condition", "lambda", "function", "partial", "operator", "transform", "sort"}

// node is a node of a syntax tree. Which fields count depends on its type.
type node struct {
	typ        nodeType
	start, end int32 // offsets of its token

	text string
	num  float64

	lhs, rhs, third *node
	list            []*node
	more            *details // what few nodes have; nil for none

	filters   []filter // of a step of a path, on what it yields for each item
	predicate []filter // of anything else, on its value
	height    int32    // how deep the tree below is nested

	keepArray     bool // an empty [] follows
	keepSingleton bool // of a path: a step keeps arrays
	constructor   bool // an array constructor whose result is not flattened
	tuple         bool // carries bindings along
	tail          bool // a call that nothing follows in its function
}

// details are the fields of a node that few nodes have.
type details struct {
	flags     string     // of a regex
	pairs     [][2]*node // of an object
	terms     []term     // of an order-by
	params    []string   // of a lambda
	signature *signature // of a lambda

	group *node  // an objectNode that follows
	focus string // of a step: variable that @ binds
	index string // of a step: variable that # binds

	slot    *parent   // of a parentNode: what it stands for
	binds   *parent   // of a step: its input is the parent of what follows
	seeking []*parent // parents not found inside of the node
}

var noDetails details

// also reads the details of a node.
func (n *node) also() *details {
	if n.more == nil {
		return &noDetails
	}
	return n.more
}

// with makes room for details of a node.
func (n *node) with() *details {
	if n.more == nil {
		n.more = new(details)
	}
	return n.more
}

// filter is a predicate, or the binding of a position, that follows a step.
type filter struct {
	expr  *node
	index string // variable that # binds; expr is nil
}

// term is one term of an order-by.
type term struct {
	expr       *node
	descending bool
}

// parent is what a % stands for. Several may turn out to be the same.
type parent struct {
	level int // steps still to go back
	same  *parent
}

// root is the one that stands for all that are the same.
func (p *parent) root() *parent {
	for p.same != nil {
		p = p.same
	}
	return p
}
