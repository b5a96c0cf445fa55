package jsonschema

// matching pairs members of two combined schemas, each with at most one of the
// other, by Kuhn's algorithm: members are matched one by one, and one that
// finds its partners taken makes others move.
type matching struct {
	r         *report
	o, u      []*Node
	ofUpdate  []int // index in o, -1 when unmatched
	seen      []int // the round in which an update was last looked at, or lost
	round     int
	visited   []int // the updates seen in this round
	unmatched int   // of o
}

// maxMoves bounds the members that make way for one; with more it stays alone.
const maxMoves = 1 << 16

// lost marks updates from which a search found no way out. They are left alone
// from then on, for no later move opens one.
const lost = -1

func newMatching(r *report, o, u []*Node) *matching {
	m := &matching{r: r, o: o, u: u, ofUpdate: make([]int, len(u)), seen: make([]int, len(u))}
	for j := range m.ofUpdate {
		m.ofUpdate[j] = -1
	}
	return m
}

// coversSmaller finds a greatest matching and reports whether it leaves no
// member of the shorter list alone. A quiet report is content to know that it does not.
func (m *matching) coversSmaller() bool {
	spare := max(0, len(m.o)-len(m.u))
	for i := range m.o {
		m.round++
		m.visited = m.visited[:0]
		if m.place(i) {
			continue
		}
		for _, j := range m.visited {
			m.seen[j] = lost
		}
		if m.unmatched++; m.unmatched > spare && m.r.quiet || m.r.spend(0) {
			return false
		}
	}
	return m.unmatched <= spare
}

// place finds a partner for an original member, first where it was in the list.
func (m *matching) place(i int) bool {
	skipped := 0
	defer func() { m.r.spend(skipped / perWork) }()
	for k := range m.u {
		j := (i + k) % len(m.u)
		if m.seen[j] == m.round || m.seen[j] == lost {
			skipped++
			continue
		}
		if m.r.spend(1) || len(m.visited) > maxMoves {
			return false
		}
		if !m.r.accepts(m.o[i], m.u[j]) {
			continue
		}
		m.seen[j] = m.round
		m.visited = append(m.visited, j)
		if m.ofUpdate[j] < 0 || m.place(m.ofUpdate[j]) {
			m.ofUpdate[j] = i
			return true
		}
	}
	return false
}
