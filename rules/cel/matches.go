package cel

import (
	"errors"
	"regexp"
	"strings"
	"sync"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

var errPattern = errors.New("the regular expression is too long")

// searcher is the function matches.
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

// find is the search for an expression that comes with the message.
func (s *searcher) find(pattern types.String) *search {
	s.mu.Lock()
	found := s.known[string(pattern)]
	s.mu.Unlock()
	if found != nil {
		return found
	}
	found = s.compile(string(pattern))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxKnown {
		clear(s.known)
	}
	s.known[strings.Clone(string(pattern))] = found
	return found
}

func (s *search) match(text types.String) ref.Val {
	switch {
	case s.err != nil:
		return types.WrapErr(s.err)
	case len(text) > maxSearch/s.size:
		return types.NewErr("the text is too long to be searched with this expression: %d bytes", len(text))
	}
	return types.Bool(s.re.MatchString(string(text)))
}

// match is the function as CEL calls it, where no step of a program is planned for it.
func (s *searcher) match(text, pattern ref.Val) ref.Val {
	t, ok := text.(types.String)
	p, also := pattern.(types.String)
	if !ok || !also {
		return types.NoSuchOverloadErr()
	}
	return s.find(p).match(t)
}

// plan makes the step of a call, with its expression compiled where it is a constant.
func (s *searcher) plan(call, text, pattern interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	m := &matching{call, text, pattern, s, nil}
	if constant, ok := pattern.(interpreter.InterpretableConst); ok {
		if p, ok := constant.Value().(types.String); ok {
			if m.known = s.compile(string(p)); m.known.err != nil {
				return nil, m.known.err
			}
		}
	}
	return m, nil
}

// matching is a step that matches. Its work is that of the text times the expression.
type matching struct {
	interpreter.InterpretableV2
	text, pattern interpreter.InterpretableV2
	searcher      *searcher
	known         *search // nil if the expression is not known beforehand
}

func (m *matching) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	text := m.text.Exec(frame)
	t, ok := text.(types.String)
	if !ok {
		return types.LabelErrNode(m.ID(), types.MaybeNoSuchOverloadErr(text))
	}
	found := m.known
	if found == nil {
		pattern := m.pattern.Exec(frame)
		p, ok := pattern.(types.String)
		if !ok {
			return types.LabelErrNode(m.ID(), types.MaybeNoSuchOverloadErr(pattern))
		}
		charge(frame, m.ID(), searchFunction, types.Int(len(p)*stepsPerUnit))
		found = m.searcher.find(p)
	}
	out := found.match(t)
	charge(frame, m.ID(), searchFunction, types.Int(len(t)*found.size))
	return types.LabelErrNode(m.ID(), out)
}
