package rules

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules/jsonata"
)

// JSONata carries out rules of the type JSONATA. Options bound all of them; the parameters
// jsonata.timeout.ms and jsonata.max.depth (or timeout.ms and max.depth) of a rule may ask for less.
func JSONata(opts ...jsonata.Option) Executor { return &jsonataExecutor{opts} }

type jsonataExecutor struct{ opts []jsonata.Option }

func (*jsonataExecutor) Type() string { return "JSONATA" }

func (x *jsonataExecutor) Compile(rule *api.Rule, target *Target) (Program, error) {
	expr, err := jsonata.Compile(rule.Expr, x.opts...)
	if err != nil {
		return nil, jsonataError(rule.Expr, err)
	}
	limits := expr.Limits()
	if n, ok := intParam(rule, target, "jsonata.max.depth", "max.depth"); ok {
		limits.Depth = min(limits.Depth, n)
	}
	if n, ok := intParam(rule, target, "jsonata.timeout.ms", "timeout.ms"); ok {
		asked := time.Duration(min(n, maxTimeout)) * time.Millisecond
		if limits.Timeout == 0 || asked < limits.Timeout {
			limits.Timeout = asked
		}
	}
	return &jsonataProgram{expr, rule.Kind == api.KindCondition, target, jsonata.WithEvalLimits(limits)}, nil
}

// maxTimeout is the longest time that a rule may ask for, in milliseconds: it overflows nothing.
const maxTimeout = 24 * 60 * 60 * 1000

func intParam(rule *api.Rule, target *Target, names ...string) (int, bool) {
	for _, name := range names {
		if v, ok := target.Param(rule, name); ok {
			if n, err := strconv.Atoi(v); err == nil && n > 0 {
				return n, true
			}
		}
	}
	return 0, false
}

func jsonataError(expr string, err error) error {
	var e *jsonata.Error
	if !errors.As(err, &e) {
		return err
	}
	line, column := e.Column(expr)
	return &CompileError{Line: line, Column: column, Message: e.Error(), Err: err}
}

type jsonataProgram struct {
	expr      *jsonata.Expr
	condition bool
	target    *Target
	limits    jsonata.EvalOption
}

func (p *jsonataProgram) Run(ctx context.Context, message any, env *Env) (any, error) {
	input := message
	if _, null := message.(jsonNull); null {
		input = nil
	}
	if !p.target.JSON {
		var err error
		if input, err = p.target.Format.ToJSON(message); err != nil {
			return nil, err
		}
	}
	var out any
	var err error
	if env.Now.IsZero() {
		out, err = p.expr.Eval(ctx, input, p.limits)
	} else {
		out, err = p.expr.Eval(ctx, input, p.limits, jsonata.WithTime(env.Now))
	}
	switch {
	case err != nil:
		return nil, err
	case p.condition:
		return holds(out), nil
	case out == jsonata.Undefined:
		return message, nil // as in the Java client
	case p.target.JSON:
		if out == nil {
			return jsonNull{}, nil
		}
		return out, nil
	}
	return p.target.Format.FromJSON(out)
}

// jsonNull is the null of JSON as a message: nil would be no result.
type jsonNull struct{}

func (jsonNull) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// holds reads a condition's result as the Java client does: what does not look
// like false passes.
func holds(v any) bool {
	switch x := v.(type) {
	case bool:
		return x
	case float64:
		return x != 0
	case int64:
		return x != 0
	case string:
		return x != "false"
	}
	return true
}
