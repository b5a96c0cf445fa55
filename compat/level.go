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

// Levels are all levels, from the weakest.
var Levels = []Level{None, Backward, BackwardTransitive, Forward, ForwardTransitive, Full, FullTransitive}

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

// Looks reports whether the level asks that the new schema reads what the old
// one wrote, or if not newReads, that the old one reads what the new one writes.
func (l Level) Looks(newReads bool) bool {
	if newReads {
		return rules[l].newReadsOld
	}
	return rules[l].oldReadsNew
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
