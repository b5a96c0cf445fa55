// Package cel carries out rules of the types CEL and CEL_FIELD, whose
// expressions are written in the Common Expression Language.
//
// A rule is one expression, or a guard and an expression with a semicolon
// between them: "guard ; expression". The first semicolon parts the two, even
// inside of a string, unless the parameter cel.ignore.guard.separator is "true".
// Where the guard does not give true (it gives something else, fails, or cannot
// even be compiled) a condition holds, and a transform leaves the message as it is.
//
// A CEL rule sees the variables message and now. A CEL_FIELD rule runs for each
// field that has one of its tags, for every field if it has none, and sees value,
// fullName, name, typeName, tags, message (the record that holds the field) and now.
// It passes over fields whose type is not primitive.
//
// Expressions are checked against the schema. Over Avro one that does not fit the
// schema runs all the same, on a message of unknown type, as in the Java client;
// over JSON the types are only for Check; over Protobuf a misfit is an error. In
// the terms of the schema, has does not see a field of a nullable union that is null;
// without the schema it sees it, as a key of a map.
//
// Beside the standard functions there are those of CEL's extensions for strings,
// math and base64, and the members of strings isEmail, isHostname, isIpv4, isIpv6,
// isUri, isUriRef and isUuid. The functions decimals.*, timestamp.of and variants.*
// of the newest Java clients are not there.
//
// Two things are decided against the Java client. matches searches, as the CEL
// specification says; Java's match of the whole string is had with the parameter
// cel.regex.engine=pcre, whose syntax stays that of RE2, so that no text can take
// exponential time. And a value of an unsigned field that no int holds is an error
// in a CEL_FIELD rule, not a negative number, unless cel.unsigned.field.type is uint.
package cel

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/rules"
)

// The parameters of rules.
const (
	paramNoGuard  = "cel.ignore.guard.separator"
	paramRegex    = "cel.regex.engine"
	paramUnsigned = "cel.unsigned.field.type"
)

// Option is a limit on what expressions may take.
type Option func(*limits)

type limits struct {
	cost  uint64
	text  int
	every uint
}

// WithCostLimit bounds the work of one evaluation, in the units of CEL: about
// one for each step, and one for ten bytes of text gone through. The default is a million, some tenths of a second.
func WithCostLimit(units uint64) Option { return func(l *limits) { l.cost = units } }

// WithTextLimit bounds the length of an expression, in bytes. The default is 64 KiB.
func WithTextLimit(bytes int) Option { return func(l *limits) { l.text = bytes } }

// WithInterruptCheck says after how many rounds of a loop an evaluation looks
// whether its context has ended. The default is 100.
func WithInterruptCheck(rounds uint) Option { return func(l *limits) { l.every = rounds } }

// New makes the executors of the types CEL and CEL_FIELD. Both implement
// rules.Checker, and are immutable and safe for concurrent use.
func New(opts ...Option) (cel, celField rules.Executor) {
	l := limits{cost: 1_000_000, text: 64 << 10, every: 100}
	for _, opt := range opts {
		opt(&l)
	}
	l.every = max(l.every, 1)
	return &messageExecutor{l}, &fieldExecutor{l}
}

type messageExecutor struct{ limits limits }

var _ rules.Checker = (*messageExecutor)(nil)

func (*messageExecutor) Type() string { return "CEL" }

func (x *messageExecutor) Compile(rule *api.Rule, target *rules.Target) (rules.Program, error) {
	src, err := x.limits.source(rule, target)
	if err != nil {
		return nil, err
	}
	v, err := newVocabularies(rule, target)
	if err != nil {
		return nil, err
	}
	envs, err := v.toRun("", nil)
	if err != nil {
		return nil, err
	}
	p := src.compile(envs, x.limits)
	if src.guard == "" && p.broken != nil {
		return nil, p.broken
	}
	return &messageProgram{pair: p, condition: rule.Kind == api.KindCondition, result: v.result}, nil
}

// Check compiles a rule in the terms of the schema. An error is a
// *rules.CompileError, also for a rule that runs in spite of it.
func (x *messageExecutor) Check(rule *api.Rule, target *rules.Target) error {
	src, err := x.limits.source(rule, target)
	if err != nil {
		return err
	}
	v, err := newVocabularies(rule, target)
	if err != nil {
		return err
	}
	env, err := v.toCheck("", nil)
	if err != nil {
		return err
	}
	return src.check(env, x.limits)
}

type messageProgram struct {
	pair
	condition bool
	result    *result
}

func (p *messageProgram) Run(ctx context.Context, message any, env *rules.Env) (any, error) {
	a := variablesPool.Get().(*variables)
	a.message, a.now = message, env.Now
	out, ran, err := p.eval(ctx, a)
	*a = variables{}
	variablesPool.Put(a)
	switch {
	case err != nil:
		return nil, err
	case p.condition:
		return !ran || out != types.False, nil
	case !ran:
		return message, nil
	}
	return p.result.of(out, message)
}

// source is the text of a rule, taken apart.
type source struct {
	guard, body  string
	line, column int // of the first character of body in the whole, from 0
}

func (l *limits) source(rule *api.Rule, target *rules.Target) (source, error) {
	if len(rule.Expr) > l.text {
		return source{}, &rules.CompileError{Message: fmt.Sprintf("the expression has %d bytes, and may have %d", len(rule.Expr), l.text)}
	}
	if v, _ := target.Param(rule, paramNoGuard); v == "true" {
		return source{body: rule.Expr}, nil
	}
	guard, body, found := strings.Cut(rule.Expr, ";")
	if !found {
		return source{body: rule.Expr}, nil
	}
	s := source{body: body, line: strings.Count(guard, "\n")}
	s.column = utf8.RuneCountInString(guard[strings.LastIndexByte(guard, '\n')+1:]) + 1
	if strings.TrimSpace(guard) != "" {
		s.guard = guard
	}
	return s, nil
}

// compile makes the programs of guard and body, each by the first environment that takes it.
func (s *source) compile(envs []*environment, l limits) pair {
	p := pair{}
	if s.guard != "" {
		p.guard, p.broken = compileFirst(s.guard, envs, l)
		p.never = p.broken != nil
	}
	p.body, p.broken = compileFirst(s.body, envs, l)
	if p.broken != nil {
		p.broken = s.moved(p.broken)
	}
	return p
}

func compileFirst(text string, envs []*environment, l limits) (*program, error) {
	var first error
	for _, env := range envs {
		p, err := env.compile(text, l)
		if err == nil {
			return p, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// check looks for what is wrong with guard and body.
func (s *source) check(env *environment, l limits) error {
	if s.guard != "" {
		if _, err := env.compile(s.guard, l); err != nil {
			return err
		}
	}
	if _, err := env.compile(s.body, l); err != nil {
		return s.moved(err)
	}
	return nil
}

// moved is an error of body with its place in the whole text.
func (s *source) moved(err error) error {
	c, ok := err.(*rules.CompileError)
	if !ok || c.Line == 0 {
		return err
	}
	moved := *c
	if c.Line == 1 {
		moved.Column += s.column
	}
	moved.Line += s.line
	return &moved
}

// pair is a guard and what it guards, ready to run.
type pair struct {
	guard  *program // nil: none
	never  bool     // the guard cannot be compiled
	body   *program
	broken error // why there is no body
}

// eval evaluates the guard and then the body; ran is false if the guard does not let it.
func (p *pair) eval(ctx context.Context, a *variables) (out ref.Val, ran bool, err error) {
	if p.never {
		return nil, false, nil
	}
	if p.guard != nil {
		v, err := p.guard.eval(ctx, a)
		if err != nil {
			return nil, false, ctx.Err()
		}
		if v != types.True {
			return nil, false, nil
		}
	}
	if p.broken != nil {
		return nil, false, p.broken
	}
	out, err = p.body.eval(ctx, a)
	return out, err == nil, err
}

// variables are what an expression sees. They belong to one evaluation.
type variables struct {
	message any
	now     time.Time
	field   *visited // nil for CEL rules

	ctx    context.Context
	rounds uint // of loops
}

// selfName is where steps of a program find the variables. No expression can say it.
const selfName = "@self"

// endsIn counts a round, and reports whether the context has ended.
func (a *variables) endsIn(every uint) bool {
	a.rounds++
	return a.rounds%every == 0 && a.ctx.Err() != nil
}

var variablesPool = sync.Pool{New: func() any { return new(variables) }}

// ResolveName gives the value of a variable.
func (a *variables) ResolveName(name string) (any, bool) {
	switch name {
	case "message":
		return a.message, true
	case "now":
		if a.now.IsZero() { // the same for all of the evaluation
			a.now = time.Now()
		}
		return types.Timestamp{Time: a.now}, true
	case selfName:
		return a, true
	}
	if a.field != nil {
		return a.field.variable(name)
	}
	return nil, false
}

// Parent is nil: there are no other variables.
func (*variables) Parent() cel.Activation { return nil }
