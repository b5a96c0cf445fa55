package cel

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"sync/atomic"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/rules"
)

type fieldExecutor struct{ limits limits }

var (
	_ rules.Checker       = (*fieldExecutor)(nil)
	_ rules.FieldExecutor = (*fieldExecutor)(nil)
)

func (*fieldExecutor) Type() string { return "CEL_FIELD" }

// OnFields is true: rules.FieldExecutor.
func (*fieldExecutor) OnFields() bool { return true }

func (x *fieldExecutor) Compile(rule *api.Rule, target *rules.Target) (rules.Program, error) {
	src, err := x.limits.source(rule, target)
	if err != nil {
		return nil, err
	}
	v, err := newVocabularies(rule, target)
	if err != nil {
		return nil, err
	}
	if target.Format == nil {
		return nil, &rules.CompileError{Message: "without a schema there are no fields to visit"}
	}
	unsigned, _ := target.Param(rule, paramUnsigned)
	p := &fieldProgram{
		walk: target.Format.Fields(target.Tags(), rule.Tags), source: src, names: v, limits: x.limits,
		condition: rule.Kind == api.KindCondition, unsigned: strings.EqualFold(unsigned, "uint"), format: target.Format, json: target.JSON,
	}
	p.pairs.Store(&map[pairKey]*pair{})
	return p, nil
}

// Check compiles a rule for the fields that it would visit. With a guard it is enough
// that the expression fits the values of some field.
func (x *fieldExecutor) Check(rule *api.Rule, target *rules.Target) error {
	compiled, err := x.Compile(rule, target)
	if err != nil {
		return err
	}
	p := compiled.(*fieldProgram)
	done := map[pairKey]bool{}
	var first error
	for _, f := range p.walk.All() {
		k := pairKey{p.container(f), p.kindOf(f.Type)}
		if !f.Type.Primitive() || done[k] {
			continue
		}
		done[k] = true
		env, err := p.names.toCheck(k.container, variablesOf(k.kind))
		if err != nil {
			return err
		}
		err = p.source.check(env, p.limits)
		switch {
		case err == nil && p.source.guard != "":
			return nil
		case err != nil && first == nil:
			first = err
		}
	}
	return first
}

// valueKind is how a field's value is declared. In Java that goes by the value, not by the field.
type valueKind uint8

const (
	dynKind valueKind = iota
	boolKind
	bytesKind
	doubleKind
	intKind
	stringKind
	uintKind
)

var kindTypes = [...]*cel.Type{cel.DynType, cel.BoolType, cel.BytesType, cel.DoubleType, cel.IntType, cel.StringType, cel.UintType}

// kindOf is the kind that values of a type mostly have.
func (p *fieldProgram) kindOf(t record.Type) valueKind {
	switch t {
	case record.String:
		return stringKind
	case record.Bytes:
		return bytesKind
	case record.Int, record.Long:
		return intKind
	case record.Float, record.Double:
		return doubleKind
	case record.Boolean:
		return boolKind
	}
	return dynKind
}

func variablesOf(kind valueKind) []cel.EnvOption {
	return []cel.EnvOption{
		cel.Variable("value", kindTypes[kind]),
		cel.Variable("fullName", cel.StringType),
		cel.Variable("name", cel.StringType),
		cel.Variable("typeName", cel.StringType),
		cel.Variable("tags", cel.ListType(cel.StringType)),
	}
}

// visited is the field that an expression is evaluated for.
type visited struct {
	*record.Field
	value ref.Val
}

func (f *visited) variable(name string) (any, bool) {
	switch name {
	case "value":
		return f.value, true
	case "fullName":
		return f.FullName, true
	case "name":
		return f.Name, true
	case "typeName":
		return string(f.Type), true
	case "tags":
		return f.Tags, true
	}
	return nil, false
}

// pairKey is what a program depends on beside the rule.
type pairKey struct {
	container string // full name of the record that holds the field, "$" for JSON
	kind      valueKind
}

type fieldProgram struct {
	walk      record.Walk
	source    source
	names     *vocabularies
	limits    limits
	condition bool
	unsigned  bool // values of unsigned fields are uint
	format    record.Format
	json      bool // messages are JSON, and records only while fields are visited

	// Programs are compiled when the first value of their kind comes by.
	mu    sync.Mutex
	pairs atomic.Pointer[map[pairKey]*pair]
}

// errRefused ends the walk of a condition.
var errRefused = errors.New("a field does not meet the condition")

func (p *fieldProgram) Run(ctx context.Context, message any, env *rules.Env) (any, error) {
	if p.walk.Empty() {
		if p.condition {
			return true, nil
		}
		return message, nil
	}
	in := message
	if p.json {
		var err error
		if in, err = p.format.FromJSON(message); err != nil {
			return nil, err
		}
	}
	a := variablesPool.Get().(*variables)
	r := fieldRun{p: p, ctx: ctx, a: a}
	a.now, a.field = env.Now, &r.field
	out, err := p.walk.Visit(in, r.visit)
	*a = variables{}
	variablesPool.Put(a)
	switch {
	case errors.Is(err, errRefused):
		return false, nil
	case err != nil:
		return nil, err
	case p.condition:
		return true, nil
	case p.json:
		return p.format.ToJSON(out)
	}
	return out, nil
}

// fieldRun is one walk over a record.
type fieldRun struct {
	p     *fieldProgram
	ctx   context.Context
	a     *variables
	field visited
	seen  uint
}

func (r *fieldRun) visit(f *record.Field, in any, value any) (any, error) {
	if !f.Type.Primitive() {
		return value, nil
	}
	if r.seen++; r.seen%r.p.limits.every == 0 {
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
	}
	v, kind, err := r.p.bind(value)
	if err != nil {
		return nil, err
	}
	pair, err := r.p.pair(pairKey{r.p.container(f), kind})
	if err != nil {
		return nil, err
	}
	r.field = visited{f, v}
	r.a.message = in
	out, ran, err := pair.eval(r.ctx, r.a)
	switch {
	case err != nil:
		return nil, err
	case !ran:
		return value, nil
	case !r.p.condition:
		return r.p.names.result.ofField(out, f.Type)
	case out == types.False:
		return nil, errRefused
	}
	return value, nil
}

// bind makes a value of a field one that expressions know.
func (p *fieldProgram) bind(value any) (ref.Val, valueKind, error) {
	switch v := value.(type) {
	case uint32:
		if !p.unsigned {
			return types.Int(v), intKind, nil
		}
	case uint64:
		if !p.unsigned {
			if v > math.MaxInt64 {
				return nil, 0, &EvalError{Err: errors.New("the value is beyond the range of int: the rule needs " + paramUnsigned + "=uint")}
			}
			return types.Int(v), intKind, nil
		}
	}
	v := p.names.plain.NativeToValue(value)
	switch v.(type) {
	case types.Bool:
		return v, boolKind, nil
	case types.Bytes:
		return v, bytesKind, nil
	case types.Double:
		return v, doubleKind, nil
	case types.Int:
		return v, intKind, nil
	case types.String:
		return v, stringKind, nil
	case types.Uint:
		return v, uintKind, nil
	}
	return v, dynKind, nil
}

// container is the full name of the record that a field is in.
func (p *fieldProgram) container(f *record.Field) string {
	if p.format.Type() == api.JSON {
		return "$" // objects have no names
	}
	return strings.TrimSuffix(strings.TrimSuffix(f.FullName, f.Name), ".")
}

// pair finds the programs for values of a kind.
func (p *fieldProgram) pair(key pairKey) (*pair, error) {
	if found := (*p.pairs.Load())[key]; found != nil {
		return found, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known := *p.pairs.Load()
	if found := known[key]; found != nil {
		return found, nil
	}
	envs, err := p.names.toRun(key.container, variablesOf(key.kind))
	if err != nil {
		return nil, err
	}
	made := p.source.compile(envs, p.limits)
	more := make(map[pairKey]*pair, len(known)+1)
	for k, v := range known {
		more[k] = v
	}
	more[key] = &made
	p.pairs.Store(&more)
	return &made, nil
}
