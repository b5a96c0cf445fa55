package cel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/seed-9f7c7091/concordat/rules"
)

// environment is what an expression is compiled in. One compilation uses it at a time.
type environment struct {
	env    *cel.Env
	search *searcher
	names  *vocabulary // nil if the message has no known type
}

// EvalError reports an expression that came to nothing with a message.
type EvalError struct {
	Line, Column int // in the guard or the guarded expression, from 1; 0 if not known
	Err          error
}

func (e *EvalError) Error() string {
	if e.Line == 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("%d:%d: %v", e.Line, e.Column, e.Err)
}

func (e *EvalError) Unwrap() error { return e.Err }

// program is an expression ready to run. It is safe for concurrent use.
type program struct {
	prog   cel.Program
	source *ast.SourceInfo
}

// compile makes a program. An error is a *rules.CompileError.
func (e *environment) compile(text string, l limits) (*program, error) {
	parsed, issues := e.env.Parse(text)
	if issues.Err() != nil {
		return nil, e.explain(nil, issues)
	}
	if e.names != nil {
		e.names.missed = e.names.missed[:0]
	}
	checked, issues := e.env.Check(parsed)
	if issues.Err() != nil {
		return nil, e.explain(parsed.NativeRep(), issues)
	}
	p := &program{source: checked.NativeRep().SourceInfo()}
	var err error
	if p.prog, err = e.env.Program(checked, l.options(e.search, checked.NativeRep())...); err != nil {
		return nil, &rules.CompileError{Message: err.Error(), Err: err}
	}
	return p, nil
}

// eval evaluates the program. An error is that of the context or an *EvalError.
func (p *program) eval(ctx context.Context, a *variables) (ref.Val, error) {
	a.ctx = ctx
	out, _, err := p.prog.Eval(a)
	if err == nil {
		return out, nil
	}
	if ended := ctx.Err(); ended != nil {
		return nil, ended
	}
	failed := &EvalError{Err: err}
	var e *types.Err
	if errors.As(err, &e) && e.NodeID() != 0 {
		at := p.source.GetStartLocation(e.NodeID())
		failed.Line, failed.Column = at.Line(), at.Column()+1
	}
	return nil, failed
}

// explain makes one error of what the compiler has found: of the first in the
// text. expr is nil if the text cannot even be read.
func (e *environment) explain(expr *ast.AST, issues *cel.Issues) error {
	found := slices.Clone(issues.Errors())
	slices.SortStableFunc(found, func(a, b *cel.Error) int {
		return cmp.Or(a.Location.Line()-b.Location.Line(), a.Location.Column()-b.Location.Column())
	})
	first := found[0]
	failed := &rules.CompileError{Message: first.Message, Err: issues.Err()}
	if first.Location.Line() > 0 {
		failed.Line, failed.Column = first.Location.Line(), first.Location.Column()+1
	}
	if expr != nil {
		e.name(failed, expr, first.ExprID)
	}
	return failed
}

// name says of an error that is about a name what is not there, and what is
// like it: a field of a type, a variable or a function.
func (e *environment) name(failed *rules.CompileError, expr *ast.AST, id int64) {
	var node ast.Expr
	ast.PreOrderVisit(expr.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.ID() == id && node == nil {
			node = x
		}
	}))
	if node == nil {
		return
	}
	var names []string
	switch node.Kind() {
	case ast.SelectKind:
		if e.names == nil {
			return
		}
		name := node.AsSelect().FieldName()
		for _, m := range e.names.missed {
			if m.field == name {
				failed.Message = fmt.Sprintf("%s has no field %s", m.typeName, name)
				failed.Suggestion = nearest(name, e.names.fields(m.typeName))
				return
			}
		}
	case ast.IdentKind:
		for _, v := range e.env.Variables() {
			names = append(names, v.Name())
		}
		if name := node.AsIdent(); !slices.Contains(names, name) {
			failed.Message, failed.Suggestion = "there is no variable "+name, nearest(name, names)
		}
	case ast.CallKind:
		functions := e.env.Functions()
		for n := range functions {
			names = append(names, n)
		}
		slices.Sort(names)
		if name := node.AsCall().FunctionName(); functions[name] == nil {
			failed.Message, failed.Suggestion = "there is no function "+name, nearest(name, names)
		}
	}
}

// nearest is the name that fewest edits make of another one, "" if it takes as
// many as half of its letters.
func nearest(name string, names []string) string {
	best, fewest := "", len(name)/2+1
	if len(name) > 100 {
		return ""
	}
	for _, n := range names {
		if d := edits(name, n); d < fewest {
			best, fewest = n, d
		}
	}
	return best
}

// edits counts the letters to change, add, remove or swap with the next to make one word of another.
func edits(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1) // of the two letters before
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			kept := last[j]
			if a[i] != b[j] {
				kept++
			}
			row[j+1] = min(kept, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
