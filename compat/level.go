package compat

import "strings"

// Level says which schemas must be able to read whose data.
type Level string

// The compatibility levels.
const (
	None               Level = "NONE"
	Backward           Level = "BACKWARD"
	BackwardTransitive Level = "BACKWARD_TRANSITIVE"
	Forward            Level = "FORWARD"
	ForwardTransitive  Level = "FORWARD_TRANSITIVE"
	Full               Level = "FULL"
	FullTransitive     Level = "FULL_TRANSITIVE"
)

// rules is what each level asks for.
var rules = map[Level]struct{ newReadsOld, oldReadsNew, transitive bool }{
	None:               {},
	Backward:           {newReadsOld: true},
	BackwardTransitive: {newReadsOld: true, transitive: true},
	Forward:            {oldReadsNew: true},
	ForwardTransitive:  {oldReadsNew: true, transitive: true},
	Full:               {newReadsOld: true, oldReadsNew: true},
	FullTransitive:     {newReadsOld: true, oldReadsNew: true, transitive: true},
}

// ParseLevel reads a level in any letter case.
func ParseLevel(s string) (Level, bool) {
	l := Level(strings.ToUpper(s))
	_, ok := rules[l]
	return l, ok
}

// ParsePolicy reads a policy in any letter case.
func ParsePolicy(s string) (Policy, bool) {
	p := Policy(strings.ToUpper(s))
	return p, p == Strict || p == Lenient || p == Logical
}
