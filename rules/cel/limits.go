package cel

import (
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
	"google.golang.org/protobuf/proto"
)

const (
	// maxText bounds the text that one call of a function may make, in bytes.
	maxText = 16 << 20
	// maxSearch bounds the work of one regular expression: bytes of text times instructions of the expression.
	maxSearch = 1 << 26
	// maxNodes bounds what is counted of a list or map.
	maxNodes = 1 << 20
	// madeWeight is what an item counts more of a list or map that is not simply Go's.
	madeWeight = 9
	// nodesPerUnit is how many values in a list or map that is made or compared are one unit of cost.
	nodesPerUnit = 10
	// bytesPerUnit is how much text gone through is one unit of cost.
	bytesPerUnit = 10
	// stepsPerUnit is how much of the work of a regular expression is one unit of cost.
	stepsPerUnit = 100
)

// unmetered is how many calls an expression without loops may have that runs
// without a meter, and what the calls of a function count. The functions missing here make more of
// what they are given than it was, so that a chain of them has no end.
const unmetered = 32

var callWeights = map[string]int{
	operators.LogicalAnd: 0, operators.LogicalOr: 0, operators.LogicalNot: 0, operators.NotStrictlyFalse: 0, operators.Conditional: 0,
	operators.Equals: 1, operators.NotEquals: 1, operators.Less: 1, operators.LessEquals: 1, operators.Greater: 1, operators.GreaterEquals: 1,
	operators.Add: 2, operators.Subtract: 1, operators.Multiply: 1, operators.Divide: 1, operators.Modulo: 1, operators.Negate: 1,
	operators.In: 1, operators.Index: 1,
	overloads.Size: 1, overloads.StartsWith: 1, overloads.EndsWith: 1, overloads.Contains: 1, overloads.Matches: 8,
	"int": 1, "uint": 1, "double": 1, "bool": 1, "string": 1, "bytes": 1, "timestamp": 1, "duration": 1, "dyn": 0, "type": 0,
	"charAt": 1, "indexOf": 1, "lastIndexOf": 1, "lowerAscii": 1, "upperAscii": 1, "substring": 1, "trim": 1, "replace": 4, "base64.decode": 2,
	"isEmail": 1, "isHostname": 1, "isIpv4": 1, "isIpv6": 1, "isUri": 1, "isUriRef": 1, "isUuid": 1,
}

// needsMeter reports whether the work of an expression is not bounded by its
// size and that of its message. The meter takes longer than a small expression itself.
func needsMeter(expr *ast.AST) bool {
	weight := 0
	ast.PreOrderVisit(expr.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		switch x.Kind() {
		case ast.ComprehensionKind, ast.MapKind, ast.StructKind:
			weight += unmetered + 1
		case ast.ListKind:
			for _, item := range x.AsList().Elements() {
				if item.Kind() != ast.LiteralKind {
					weight += unmetered + 1
				}
			}
		case ast.CallKind:
			w, known := callWeights[x.AsCall().FunctionName()]
			if !known {
				w = unmetered + 1
			}
			weight += w
		}
	}))
	return weight > unmetered
}

// options are what a program is planned with.
func (l *limits) options(s *searcher, expr *ast.AST) []cel.ProgramOption {
	d := &decorator{search: s, every: l.every, rounds: map[int64]bool{}}
	ast.PreOrderVisit(expr.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() == ast.ComprehensionKind {
			d.rounds[x.AsComprehension().LoopStep().ID()] = true
		}
	}))
	opts := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize), cel.CustomDecoratorV2(d.decorate)}
	if needsMeter(expr) {
		opts = append(opts, cel.CostLimit(l.cost), cel.CostTracking(meter{}))
	}
	return opts
}

// meter is what calls cost. CEL's own table goes by overloads, which are not known
// where the types of values are not.
type meter struct{}

// CallCost is a unit, and one for each ten bytes of text that are given and
// made, or for all that the arguments are made of.
func (meter) CallCost(function, _ string, args []ref.Val, out ref.Val) *uint64 {
	units := uint64(1)
	if function == operators.In {
		if _, keyed := args[1].(traits.Mapper); keyed {
			return &units
		}
	}
	switch function {
	case operators.Index, overloads.StartsWith, overloads.EndsWith: // take no longer for more
	case operators.Equals, operators.NotEquals, operators.In, madeFunction:
		left := maxNodes
		for _, a := range args {
			count(a, &left)
		}
		units += uint64(maxNodes-max(left, 0)) / nodesPerUnit
	case searchFunction:
		n, _ := args[0].(types.Int)
		units += uint64(n) / stepsPerUnit
	default:
		for _, a := range args {
			units += textUnits(a)
		}
		units += textUnits(out)
	}
	return &units
}

func textUnits(v ref.Val) uint64 {
	switch v := v.(type) {
	case types.String:
		return uint64(len(v)) / bytesPerUnit
	case types.Bytes:
		return uint64(len(v)) / bytesPerUnit
	}
	return 0
}

// charge puts work on the meter that is no call of the expression.
func charge(frame *interpreter.ExecutionFrame, id int64, function string, arg ref.Val) {
	if m := frame.CostTracker(); m != nil {
		m.EvalUnary(frame, id, work(function), arg, arg)
	}
}

// The kinds of such work.
const (
	madeFunction   = "@made"
	searchFunction = "@search"
)

type work string

func (w work) Function() string { return string(w) }
func (work) OverloadID() string { return "" }

// count takes the values in a value from what is left, down to 0. A value that
// expressions have made can hold another one many times, so that there is no end to it.
func count(v any, left *int) {
	if *left--; *left <= 0 {
		*left = 0
		return
	}
	switch v := v.(type) {
	case types.String:
		*left = max(0, *left-len(v)/100)
	case types.Bytes:
		*left = max(0, *left-len(v)/100)
	case map[string]any:
		for _, item := range v {
			count(item, left)
			if *left <= 0 {
				return
			}
		}
	case []any:
		for _, item := range v {
			count(item, left)
			if *left <= 0 {
				return
			}
		}
	case traits.Lister:
		if known, ok := v.Value().([]any); ok {
			count(known, left)
			return
		}
		for it := v.Iterator(); *left > 0 && it.HasNext() == types.True; *left -= madeWeight {
			count(it.Next(), left)
		}
	case traits.Mapper:
		if known, ok := v.Value().(map[string]any); ok {
			count(known, left)
			return
		}
		for it := v.Iterator(); *left > 0 && it.HasNext() == types.True; *left -= madeWeight {
			item, _ := v.Find(it.Next())
			count(item, left)
		}
	case ref.Val:
		if m, ok := v.Value().(proto.Message); ok {
			*left = max(0, *left-proto.Size(m)/10)
		}
	}
}

// decorator replaces steps of a program by bounded ones.
type decorator struct {
	search *searcher
	every  uint
	rounds map[int64]bool // steps that are a round of a loop
}

func (d *decorator) decorate(step interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	var err error
	isRound := d.rounds[step.ID()]
	switch s := step.(type) {
	case interpreter.InterpretableConstructor:
		for _, v := range s.InitVals() {
			if _, constant := v.(interpreter.InterpretableConst); !constant {
				step = &making{s}
				break
			}
		}
	case interpreter.InterpretableCall:
		if s.Function() == overloads.Matches && len(s.Args()) == 2 {
			step, err = d.search.plan(s, s.Args()[0], s.Args()[1])
		}
	}
	if isRound && err == nil {
		step = &round{step, d.every}
	}
	return step, err
}

// round is a round of a loop. At times it looks whether the context has ended.
type round struct {
	interpreter.InterpretableV2
	every uint
}

func (r *round) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	if v, _ := frame.ResolveName(selfName); v != nil {
		if a := v.(*variables); a.endsIn(r.every) {
			panic(interpreter.EvalCancelledError{Cause: interpreter.ContextCancelled, Message: "the context has ended"})
		}
	}
	return r.InterpretableV2.Exec(frame)
}

// making is a step that makes a list, map or message. All that it holds is
// counted: what is made of it in turn is bounded by the meter then.
type making struct {
	interpreter.InterpretableConstructor
}

func (m *making) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := m.InterpretableConstructor.Exec(frame)
	charge(frame, m.ID(), madeFunction, v)
	return v
}

// textSizes tells, of functions that make more text than they are given, how
// much at most. The arguments are of the types that the functions are declared for.
var textSizes = map[string]func(args []ref.Val) int{
	"replace": func(args []ref.Val) int {
		text, old, with := args[0].(types.String), args[1].(types.String), args[2].(types.String)
		n := utf8.RuneCountInString(string(text)) + 1
		if len(old) > 0 {
			n = len(text) / len(old)
		}
		if len(args) == 4 {
			if most := args[3].(types.Int); most >= 0 && int64(most) < int64(n) {
				n = int(most)
			}
		}
		if len(with) <= len(old) {
			return len(text)
		}
		return bounded(len(text), n, len(with)-len(old))
	},
	"join": func(args []ref.Val) int {
		list, size := args[0].(traits.Lister), 0
		if len(args) == 2 {
			n, _ := list.Size().(types.Int)
			size = bounded(0, int(n), len(args[1].(types.String)))
		}
		for it := list.Iterator(); size <= maxText && it.HasNext() == types.True; {
			s, _ := it.Next().(types.String)
			size += len(s)
		}
		return size
	},
	"format": func(args []ref.Val) int {
		left := maxText
		printed(args[1], &left)
		return len(args[0].(types.String)) + maxText - left
	},
	"strings.quote": func(args []ref.Val) int { return 2*len(args[0].(types.String)) + 2 },
	"base64.encode": func(args []ref.Val) int { return len(args[0].(types.Bytes))/3*4 + 4 },
}

// bounded is size + n*each, or more than maxText.
func bounded(size, n, each int) int {
	if each > 0 && n > maxText/each {
		return maxText + 1
	}
	return size + n*each
}

// printed takes the text that a value makes from what is left.
func printed(v ref.Val, left *int) {
	*left -= 32 // more than any number
	switch v := v.(type) {
	case types.String:
		*left -= len(v)
	case types.Bytes:
		*left -= 4 * len(v)
	case traits.Lister:
		for it := v.Iterator(); *left > 0 && it.HasNext() == types.True; {
			printed(it.Next(), left)
		}
	case traits.Mapper:
		for it := v.Iterator(); *left > 0 && it.HasNext() == types.True; {
			k := it.Next()
			item, _ := v.Find(k)
			printed(k, left)
			printed(item, left)
		}
	}
	if *left < 0 {
		*left = -1
	}
}
