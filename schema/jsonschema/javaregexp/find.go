package javaregexp

import "unicode"

type op uint8

const (
	opMatch   op = iota // the end of a program or of a part that is run by itself
	opSet               // one character of set
	opSplit             // go on at x, or else at y
	opJump              // go on at x
	opAnchor            // a place in the text
	opLook              // the part behind this instruction, up to x, matches here or not
	opAtomic            // the part behind this instruction, up to x, in its first way of matching
	opSave              // a border of a group
	opBackref           // what the group matched, again
)

type inst struct {
	op      op
	x, y    int
	set     set
	weight  int // of set, in steps
	anchor  anchor
	negated bool
	width   int // of a look-behind; -1 for a look-ahead
	fold    bool
}

// program is a pattern as instructions.
type program struct {
	prog []inst
	// remembers is set where the pattern refers back to its groups, so that a
	// position in pattern and text does not tell how matching will go on.
	remembers bool
}

// maxProgram bounds what counted repetitions are written out to. Where they
// would not fit, a least count stops there and a greatest has no bound. From
// there on each part of the pattern is written once.
const maxProgram = 1 << 14

type compiler struct{ program }

func (c *compiler) emit(i inst) int {
	c.prog = append(c.prog, i)
	return len(c.prog) - 1
}

func (c *compiler) node(n node) {
	switch n := n.(type) {
	case char:
		c.emit(inst{op: opSet, set: n.set, weight: n.weight})
	case sequence:
		for _, m := range n {
			c.node(m)
		}
	case choice:
		var ends []int
		for i, m := range n {
			if i == len(n)-1 {
				c.node(m)
				break
			}
			split := c.emit(inst{op: opSplit})
			c.prog[split].x = len(c.prog)
			c.node(m)
			ends = append(ends, c.emit(inst{op: opJump}))
			c.prog[split].y = len(c.prog)
		}
		for _, e := range ends {
			c.prog[e].x = len(c.prog)
		}
	case group:
		if n.index > 0 {
			c.emit(inst{op: opSave, x: 2 * n.index})
		}
		c.node(n.inner)
		if n.index > 0 {
			c.emit(inst{op: opSave, x: 2*n.index + 1})
		}
	case repeat:
		if n.possessive {
			n.possessive = false
			c.part(inst{op: opAtomic}, n)
			return
		}
		c.repeat(n)
	case look:
		i := inst{op: opLook, negated: n.negated, width: -1}
		if n.behind {
			i.width, _ = width(n.inner)
		}
		c.part(i, n.inner)
	case atomicGroup:
		c.part(inst{op: opAtomic}, n.inner)
	case backref:
		c.remembers = true
		c.emit(inst{op: opBackref, x: n.index, fold: n.fold})
	case anchor:
		c.emit(inst{op: opAnchor, anchor: n})
	}
}

// part writes what is run by itself, behind the instruction that runs it.
func (c *compiler) part(i inst, n node) {
	at := c.emit(i)
	c.node(n)
	c.emit(inst{op: opMatch})
	c.prog[at].x = len(c.prog)
}

func (c *compiler) repeat(n repeat) {
	last := -1 // where the inner part was last written
	write := func() (something bool) {
		last = len(c.prog)
		c.node(n.inner)
		return len(c.prog) > last
	}
	for range n.least {
		if !write() || len(c.prog) > maxProgram {
			break
		}
	}
	if n.most == infinite {
		c.loop(n, last)
		return
	}
	var skips []int
	for range n.most - n.least {
		if len(c.prog) > maxProgram {
			c.loop(n, last)
			break
		}
		skips = append(skips, c.split(n.lazy))
		if !write() {
			break
		}
	}
	for _, s := range skips {
		c.leave(s, n.lazy)
	}
}

// loop repeats the inner part without bound: the one written last, or one
// written here where there is none.
func (c *compiler) loop(n repeat, last int) {
	split := c.split(n.lazy)
	if last < 0 {
		c.node(n.inner)
		c.emit(inst{op: opJump, x: split})
	} else {
		c.emit(inst{op: opJump, x: last})
	}
	c.leave(split, n.lazy)
}

// split starts what may be left out; leave says where to go on without it.
func (c *compiler) split(lazy bool) int {
	at := c.emit(inst{op: opSplit})
	if lazy {
		c.prog[at].y = at + 1
	} else {
		c.prog[at].x = at + 1
	}
	return at
}

func (c *compiler) leave(split int, lazy bool) {
	if lazy {
		c.prog[split].x = len(c.prog)
	} else {
		c.prog[split].y = len(c.prog)
	}
}

// stepsPerInst is what making an instruction costs, in steps.
const stepsPerInst = 4

// maxSteps bounds the work of one Find; a text that takes more is not found.
const maxSteps = 1 << 20

type matcher struct {
	*program
	text  []rune
	steps int   // that are left
	saved []int // two borders per group, -1 when unset; nil where nothing refers back
}

// Find reports whether the pattern matches anywhere in the text.
func (r *Regexp) Find(text string) bool {
	found, _ := r.Search(text)
	return found
}

// Search is Find, and tells how many steps it took, about a million at most.
func (r *Regexp) Search(text string) (found bool, steps int) {
	p, made := r.program()
	m := matcher{program: p, text: []rune(text), steps: maxSteps}
	m.steps -= len(m.text)
	if made {
		m.steps -= stepsPerInst * len(p.prog)
	}
	if p.remembers {
		m.saved = make([]int, 2*r.groups+2)
	}
	var seen visited
	for at := 0; at <= len(m.text) && m.steps > 0 && !found; at++ {
		for i := range m.saved {
			m.saved[i] = -1
		}
		m.steps -= len(m.saved)
		found = m.run(0, at, -1, &seen) >= 0
	}
	return found, maxSteps - m.steps
}

// visited remembers from which instructions, at which places, matching has failed.
type visited map[[2]int]struct{}

// job is a way yet to be tried, or a border of a group to be put back.
type job struct {
	pc, at  int
	restore bool
}

// run matches the program from pc at the given place and returns where the
// match ends, -1 for none. With end not negative only a match that ends there counts.
func (m *matcher) run(pc, at, end int, seen *visited) int {
	jobs := []job{{pc: pc, at: at}}
	for len(jobs) > 0 {
		j := jobs[len(jobs)-1]
		jobs = jobs[:len(jobs)-1]
		if j.restore {
			m.saved[j.pc] = j.at
			continue
		}
		pc, at := j.pc, j.at
	way:
		for {
			if m.steps--; m.steps <= 0 {
				return -1
			}
			i := &m.prog[pc]
			switch i.op {
			case opMatch:
				if end < 0 || at == end {
					return at
				}
				break way
			case opSet:
				m.steps -= i.weight
				if at >= len(m.text) || !i.set(m.text[at]) {
					break way
				}
				at++
				pc++
			case opJump:
				pc = i.x
			case opSplit:
				if !m.enter(seen, pc, at, len(jobs)) {
					break way
				}
				jobs = append(jobs, job{pc: i.y, at: at})
				pc = i.x
			case opAnchor:
				if !m.place(i.anchor, at) {
					break way
				}
				pc++
			case opSave:
				if m.remembers {
					jobs = append(jobs, job{pc: i.x, at: m.saved[i.x], restore: true})
					m.saved[i.x] = at
				}
				pc++
			case opBackref:
				n, ok := m.again(i, at)
				if !ok {
					break way
				}
				at += n
				pc++
			case opLook:
				if m.look(i, pc+1, at) == i.negated {
					break way
				}
				pc = i.x
			case opAtomic:
				if at = m.run(pc+1, at, -1, new(visited)); at < 0 {
					break way
				}
				pc = i.x
			}
		}
	}
	return -1
}

// enter reports whether a branching is worth trying. Where groups are referred
// to, only the steps bound how often one is tried, and loops over nothing
// are cut by the number of ways that wait.
func (m *matcher) enter(seen *visited, pc, at, waiting int) bool {
	if m.remembers {
		return waiting < maxProgram
	}
	if *seen == nil {
		*seen = make(visited)
	}
	key := [2]int{pc, at}
	if _, twice := (*seen)[key]; twice {
		return false
	}
	(*seen)[key] = struct{}{}
	return true
}

func (m *matcher) look(i *inst, pc, at int) bool {
	if i.width < 0 {
		return m.run(pc, at, -1, new(visited)) >= 0
	}
	for from := at; from >= 0 && from >= at-i.width; from-- {
		if m.run(pc, from, at, new(visited)) >= 0 {
			return true
		}
	}
	return false
}

func (m *matcher) again(i *inst, at int) (int, bool) {
	if 2*i.x+1 >= len(m.saved) || m.saved[2*i.x] < 0 || m.saved[2*i.x+1] < 0 {
		return 0, false
	}
	want := m.text[m.saved[2*i.x]:m.saved[2*i.x+1]]
	m.steps -= len(want)
	if at+len(want) > len(m.text) {
		return 0, false
	}
	for k, c := range want {
		if d := m.text[at+k]; c != d && !(i.fold && equalFold(c, d, true)) {
			return 0, false
		}
	}
	return len(want), true
}

func (m *matcher) place(a anchor, at int) bool {
	last := len(m.text)
	switch a.kind {
	case 'A', 'G':
		return at == 0
	case 'z':
		return at == last
	case '^':
		return at == 0 || a.flags.multiline && at < last && m.ends(a, at-1)
	case '$', 'Z':
		if at == last {
			return true
		}
		if a.kind == '$' && a.flags.multiline {
			return m.ends(a, at)
		}
		return at == last-1 && m.ends(a, at) ||
			at == last-2 && !a.flags.unixLines && m.text[at] == '\r' && m.text[at+1] == '\n'
	}
	before := at > 0 && wordly(m.text[at-1])
	after := at < last && wordly(m.text[at])
	return (before != after) == (a.kind == 'b')
}

func wordly(c rune) bool {
	return isWord(c) || c > unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c))
}

// ends reports whether the character at a place ends a line.
func (m *matcher) ends(a anchor, at int) bool {
	return !dot(flags{unixLines: a.flags.unixLines})(m.text[at])
}
