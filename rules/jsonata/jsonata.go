package jsonata

import (
	"context"
	"time"
)

// Undefined is the result of an expression that has none. It is not nil, which
// is null.
var Undefined any = undefinedType{}

type undefinedType struct{}

// String is "undefined".
func (undefinedType) String() string { return "undefined" }

// MarshalJSON writes null.
func (undefinedType) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// Limits bound what an evaluation may do. What goes beyond ends it with an
// Error: D1011 for Depth, D1012 for Steps and Timeout, D2015 for Sequence and Bytes.
type Limits struct {
	// Steps bounds the work: calls, items visited, bytes of long strings.
	Steps int
	// Depth is how deep functions may call functions. Calls that end a function do not count.
	Depth int
	// Sequence is how many items a sequence may have.
	Sequence int
	// Bytes bounds what is allocated in all, whether it is kept or not. Small
	// values count for less than they take, until they are kept.
	Bytes int
	// Timeout bounds the time; 0 leaves it to the context.
	Timeout time.Duration
}

// DefaultLimits are those of expressions that are given none: 10 million
// steps, 1,000 calls deep, a million items, 64 MiB, a second.
func DefaultLimits() Limits {
	return Limits{Steps: 10_000_000, Depth: 1000, Sequence: 1_000_000, Bytes: 64 << 20, Timeout: time.Second}
}

// MaxSource is how many bytes an expression may have.
const MaxSource = 64 << 10

// Expr is a compiled expression. It never changes and may be used by any number
// of goroutines at once.
type Expr struct {
	source string
	run    exec
	info   *frameInfo
	height int
	shared bool // nothing keeps the frame of an evaluation
	limits Limits
}

// Option is a choice made when an expression is compiled.
type Option func(*options) error

type options struct {
	limits    Limits
	functions map[string]*function
}

// WithLimits sets limits. Fields that are zero keep their defaults, negative ones mean none.
func WithLimits(l Limits) Option {
	return func(o *options) error {
		d := DefaultLimits()
		for _, f := range []struct{ to, from *int }{
			{&d.Steps, &l.Steps}, {&d.Depth, &l.Depth}, {&d.Sequence, &l.Sequence}, {&d.Bytes, &l.Bytes},
		} {
			switch {
			case *f.from > 0:
				*f.to = *f.from
			case *f.from < 0:
				*f.to = maxInt
			}
		}
		switch {
		case l.Timeout > 0:
			d.Timeout = l.Timeout
		case l.Timeout < 0:
			d.Timeout = 0
		}
		o.limits = d
		return nil
	}
}

const maxInt = int(^uint(0)>>1) / 4

// WithFunction gives expressions a function of the caller's, $name. The
// signature, as in "<s-n?:s>", says which arguments it takes; with "" it takes
// any. Arguments and result are of the forms that Eval takes and gives;
// Undefined is nothing. The function must be safe for concurrent use, must not keep or
// change its arguments, and is not counted by the limits.
func WithFunction(name, sig string, f func(ctx context.Context, args []any) (any, error)) Option {
	return func(o *options) error {
		fn := &function{name: name, arity: 3}
		if sig != "" {
			s, err := parseSignature(sig)
			if err != nil {
				return err.complete()
			}
			fn.sig, fn.arity = s, len(s.params)
		}
		fn.native = func(st *state, args []value, _ value) (value, *Error) {
			given := make([]any, len(args))
			for i, a := range args {
				f := finisher{st: st}
				x, err := f.value(a, 0)
				if err != nil {
					return undefined, err
				}
				given[i] = x
			}
			v, err := f(st.ctx, given)
			if err != nil {
				if e, ok := err.(*Error); ok {
					if e == nil { // no error in the guise of one
						return wrap(v), nil
					}
					return undefined, e
				}
				return undefined, (&Error{Code: "D3137", Value: err.Error(), cause: err}).token(name)
			}
			return wrap(v), nil
		}
		if o.functions == nil {
			o.functions = map[string]*function{}
		}
		o.functions[name] = fn
		return nil
	}
}

// Compile prepares an expression. Errors are *Error.
func Compile(source string, opts ...Option) (*Expr, error) {
	o := options{limits: DefaultLimits()}
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			return nil, err
		}
	}
	if len(source) > MaxSource {
		return nil, &Error{Code: "D2015", Message: "the expression is longer than 64 KiB"}
	}
	n, err := parse(source)
	if err != nil {
		return nil, err.complete()
	}
	c := newCompiler()
	c.functions = o.functions
	c.survey(n)
	root := newScope(nil)
	root.open = c.usesEval
	declare(n, root)
	run := c.compile(n, root)
	if c.failed != nil {
		return nil, c.failed.complete()
	}
	return &Expr{source: source, run: run, info: root.frame, height: int(n.height), shared: !c.usesEval && !keepsFrame(n), limits: o.limits}, nil
}

// MustCompile is Compile for expressions that are known to be right. It panics
// where Compile returns an error.
func MustCompile(source string, opts ...Option) *Expr {
	e, err := Compile(source, opts...)
	if err != nil {
		panic("jsonata: Compile(" + source + "): " + err.Error())
	}
	return e
}

// String is the source of the expression.
func (e *Expr) String() string { return e.source }

// EvalOption is a choice made for one evaluation.
type EvalOption func(*state)

// WithBindings sets variables: {"x": 1} is $x. The map and what is in it must
// not change during the evaluation.
func WithBindings(vars map[string]any) EvalOption {
	return func(st *state) { st.bindings = vars }
}

// WithTime sets the time that $now and $millis tell.
func WithTime(t time.Time) EvalOption {
	return func(st *state) { st.now, st.fixed = t, true }
}

// WithEvalLimits sets other limits than those the expression was compiled with,
// all of them.
func WithEvalLimits(l Limits) EvalOption {
	return func(st *state) { st.limits = l }
}

// Limits are those of evaluations that are given no others.
func (e *Expr) Limits() Limits { return e.limits }

// Eval evaluates the expression on an input: what encoding/json or ParseJSON
// yield, *Object, structs by their json tags, other Go values as encoding/json
// would write them, Record and List; Undefined for none. The input is read
// where the expression looks, and never changed.
//
// The result is Undefined, nil, bool, float64, string, []any, *Object or
// *Function; parts of the input are as they were given, so a result may share
// memory with it. Errors are *Error.
func (e *Expr) Eval(ctx context.Context, input any, opts ...EvalOption) (any, error) {
	st := states.Get().(*state)
	st.ctx, st.limits = ctx, e.limits
	for _, opt := range opts {
		opt(st)
	}
	v, err := e.eval(st, input)
	st.reset()
	states.Put(st)
	if err != nil {
		return nil, err.complete()
	}
	return v, nil
}

func (e *Expr) eval(st *state, input any) (any, *Error) {
	if err := st.ctx.Err(); err != nil {
		return nil, &Error{Code: "D1012", Message: "the evaluation was stopped: " + context.Cause(st.ctx).Error(), cause: context.Cause(st.ctx)}
	}
	st.steps, st.total, st.bytes = clockSteps, st.limits.Steps, st.limits.Bytes
	st.height = e.height
	in := wrap(input)
	st.input = in
	if in.kind == arrayKind {
		in = list(&array{items: []value{in}, sequence: true, outer: true})
	}
	var fr *frame
	if e.shared {
		fr = st.enter(nil, e.info.size)
		defer st.leave(fr)
	} else {
		fr = &frame{slots: make([]value, e.info.size)}
	}
	v, err := e.run(st, in, fr)
	if err != nil {
		return nil, err
	}
	f := finisher{st: st}
	return f.value(v, 0)
}

// maxFree is how many frames are kept for later evaluations.
const maxFree = 64

// reset forgets everything of an evaluation but its memory.
func (st *state) reset() {
	args, free := st.args[:0], st.free
	if cap(args) > 4096 {
		args = nil
	}
	clear(args[:cap(args)])
	if len(free) > maxFree {
		clear(free[maxFree:])
		free = free[:maxFree]
	}
	*st = state{args: args, free: free}
}
