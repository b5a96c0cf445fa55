package cel

import (
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
)

// dialect is CEL with one of the two meanings of matches.
type dialect struct {
	search *searcher
	base   func() (*cel.Env, error) // has the functions, and the variables that are always there
}

var (
	standard = newDialect(&searcher{known: map[string]*search{}})
	pcre     = newDialect(&searcher{known: map[string]*search{}, whole: true})
)

func newDialect(s *searcher) *dialect {
	return &dialect{s, sync.OnceValues(func() (*cel.Env, error) { return newBaseEnvironment(s) })}
}

func newBaseEnvironment(s *searcher) (*cel.Env, error) {
	opts := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(&env.LibrarySubset{ExcludeFunctions: []*env.Function{env.NewFunction(overloads.Matches)}})),
		cel.Function(overloads.Matches,
			cel.Overload(overloads.Matches, []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType),
			cel.MemberOverload(overloads.MatchesString, []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType),
			cel.SingletonBinaryBinding(s.match)),
		cel.Variable("now", cel.TimestampType),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(-1), // the text is bounded before it gets there
		ext.Strings(),
		ext.Math(),
		ext.Encoders(ext.EncodersVersion(0)),
	}
	for _, v := range validators {
		opts = append(opts, cel.Function(v.name, cel.MemberOverload("string_"+v.name, []*cel.Type{cel.StringType}, cel.BoolType,
			cel.UnaryBinding(func(text ref.Val) ref.Val { return types.Bool(v.valid(string(text.(types.String)))) }))))
	}
	e, err := cel.NewCustomEnv(opts...)
	if err != nil {
		return nil, err
	}
	if opts, err = boundedFunctions(e); err != nil {
		return nil, err
	}
	return e.Extend(opts...)
}

// boundedFunctions declares the functions of textSizes once more, so that they
// fail before they make too much text.
func boundedFunctions(e *cel.Env) ([]cel.EnvOption, error) {
	var opts []cel.EnvOption
	for name, size := range textSizes {
		f := e.Functions()[name]
		bindings, err := f.Bindings()
		if err != nil {
			return nil, err
		}
		var again []cel.FunctionOpt
		for _, o := range f.OverloadDecls() {
			call := binding(bindings, o.ID())
			bound := cel.FunctionBinding(func(args ...ref.Val) ref.Val {
				if n := size(args); n > maxText {
					return types.NewErr("%s would make more than %d bytes of text", name, maxText)
				}
				return call(args...)
			})
			declare := cel.Overload
			if o.IsMemberFunction() {
				declare = cel.MemberOverload
			}
			again = append(again, declare(o.ID(), o.ArgTypes(), o.ResultType(), bound))
		}
		opts = append(opts, cel.Function(name, again...))
	}
	return opts, nil
}

// binding is the implementation of an overload.
func binding(all []*functions.Overload, id string) functions.FunctionOp {
	for _, o := range all {
		if o.Operator != id {
			continue
		}
		switch {
		case o.Unary != nil:
			return func(args ...ref.Val) ref.Val { return o.Unary(args[0]) }
		case o.Binary != nil:
			return func(args ...ref.Val) ref.Val { return o.Binary(args[0], args[1]) }
		}
		return o.Function
	}
	return func(...ref.Val) ref.Val { return types.NoSuchOverloadErr() }
}
