package cel

import (
	"errors"
	"regexp"
	"sync"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

var errPattern = errors.New("the regular expression is too long")

// searcher is the function matches. Go's regular expressions are RE2: their
// time is that of the text times the expression.
type searcher struct {
	whole bool // the expression must take all of the text

	mu    sync.Mutex
	known map[string]*search
}

type search struct {
	re   *regexp.Regexp
	size int // of the program
	err  error
}

// maxKnown is how many expressions are kept that messages bring along.
const maxKnown = 100

func (s *searcher) compile(pattern string) *search {
	if len(pattern) > maxSearch/1024 {
		return &search{err: errPattern}
	}
	size, err := types.RegexProgramSize(pattern)
	if err != nil {
		return &search{err: err}
	}
	if s.whole {
		pattern = `\A(?:` + pattern + `)\z`
	}
	re, err := regexp.Compile(pattern)
	return &search{re, size + 1, err}
}

// match is the function on values that come only with the message.
func (s *searcher) match(text, pattern ref.Val) ref.Val {
	p, ok := pattern.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(pattern)
	}
	s.mu.Lock()
	found := s.known[string(p)]
	s.mu.Unlock()
	if found == nil {
		found = s.compile(string(p))
		s.mu.Lock()
		if len(s.known) >= maxKnown {
			clear(s.known)
		}
		s.known[string(p)] = found
		s.mu.Unlock()
	}
	return found.match(text)
}

func (s *search) match(text ref.Val) ref.Val {
	t, ok := text.(types.String)
	switch {
	case !ok:
		return types.MaybeNoSuchOverloadErr(text)
	case s.err != nil:
		return types.WrapErr(s.err)
	case len(t) > maxSearch/s.size:
		return types.NewErr("the text is too long to be searched with this expression: %d bytes", len(t))
	}
	return types.Bool(s.re.MatchString(string(t)))
}

// plan compiles the expression beforehand where it is a constant.
func (s *searcher) plan(call interpreter.InterpretableCall) (interpreter.InterpretableV2, error) {
	constant, ok := call.Args()[1].(interpreter.InterpretableConst)
	if !ok {
		return call, nil
	}
	pattern, ok := constant.Value().(types.String)
	if !ok {
		return call, nil
	}
	found := s.compile(string(pattern))
	if found.err != nil {
		return nil, found.err
	}
	match := func(args ...ref.Val) ref.Val { return found.match(args[0]) }
	// What hides the call keeps CEL from putting its own search in its place.
	return struct{ interpreter.InterpretableV2 }{interpreter.NewCall(call.ID(), call.Function(), call.OverloadID(), call.Args(), match)}, nil
}
