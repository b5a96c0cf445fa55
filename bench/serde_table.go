package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

// goal is a bound of a row, beside another row of its group or by itself.
type goal struct {
	beside   string  // "" for none
	times    float64 // at most that many times what the other takes; 0 for no bound
	more     float64 // at most that many ns more than the other; 0 for no bound
	micros   float64 // at most that many µs; 0 for no bound
	free     bool    // no allocations
	unlocked bool    // next to no waiting for locks; those of the runtime count too
}

func atMost(times float64, beside string) goal { return goal{beside: beside, times: times} }
func ofIt(beside string) goal                  { return goal{beside: beside} }
func more(ns float64, beside string) goal      { return goal{beside: beside, more: ns} }

var (
	noAllocs = goal{free: true}
	noLocks  = goal{unlocked: true}
)

// judge tells how a row stands beside another: the ratio or difference, the goal, and whether it is met.
func (g goal) judge(row, other *measured) (stands, wanted, met string) {
	verdict := func(ok bool) string {
		if ok {
			return "yes"
		}
		return "NO"
	}
	each := func(f func(a, b float64) float64) float64 {
		var list []float64
		for i := range row.took {
			list = append(list, f(row.took[i].micros, other.took[i].micros))
		}
		return median(list)
	}
	switch {
	case g.free:
		n := typical(row.took).allocs
		return fmt.Sprintf("%.0f allocs", n), "0 allocs", verdict(n < 0.5)
	case g.unlocked:
		w := median(row.waited)
		return fmt.Sprintf("%.2f ns waiting for locks", w), "≤ 0.1 % of it", verdict(w <= typical(row.took).micros) // thousandths of it in ns
	case g.micros > 0:
		u := typical(row.took).micros
		return fmt.Sprintf("%.2f µs", u), fmt.Sprintf("≤ %g µs", g.micros), verdict(u <= g.micros)
	case g.more > 0:
		d := 1000 * each(func(a, b float64) float64 { return a - b })
		return fmt.Sprintf("%+.0f ns", d), fmt.Sprintf("≤ +%.0f ns", g.more), verdict(d <= g.more)
	}
	r := each(func(a, b float64) float64 { return a / b })
	if g.times == 0 {
		return ratio(r), "reported", ""
	}
	return ratio(r), fmt.Sprintf("≤ %g×", g.times), verdict(r <= g.times)
}

// group is rows that take turns.
type group struct {
	name string
	rows []*measured
}

type measured struct {
	name   string // that of the group before it
	side   side
	goals  []goal
	took   []usage   // of each turn
	waited []float64 // ns of each turn in which goroutines waited for locks, a message
}

func (s *serdes) group(name string) *group {
	g := &group{name: name}
	s.groups = append(s.groups, g)
	return g
}

// row adds a function of one message. nil is one that is not here.
func (g *group) row(name string, f func(), goals ...goal) {
	if f != nil {
		g.side(name, within(f), goals...)
	}
}

func (g *group) side(name string, s side, goals ...goal) {
	g.rows = append(g.rows, &measured{name: name, side: s, goals: goals})
}

// wanted keeps the rows that are asked for, by the whole of a name or by a part, and tells their names.
func (s *serdes) wanted() []string {
	var whole, some []string
	for _, g := range s.groups {
		for _, r := range g.rows {
			switch name := g.name + ": " + r.name; {
			case name == s.rowText:
				whole = append(whole, name)
			case strings.Contains(name, s.rowText):
				some = append(some, name)
			}
		}
	}
	names := some
	if whole != nil {
		names = whole
	}
	for _, g := range s.groups {
		g.rows = slices.DeleteFunc(g.rows, func(r *measured) bool { return !slices.Contains(names, g.name+": "+r.name) })
	}
	return names
}

// measure lets the rows that are asked for take turns and prints what they took.
func (s *serdes) measure() {
	names := s.wanted()
	if len(names) == 0 {
		check(fmt.Errorf("no row is called %q", s.rowText))
	}
	if s.cpuProfile+s.memProfile != "" && len(names) != 1 {
		check(fmt.Errorf("a profile is of one row; %q are those of -row:\n\t%s", s.rowText, strings.Join(names, "\n\t")))
	}
	defer s.profile()()
	s.print("| what | CPU of a message | B | allocs | beside | stands | goal | met |", "|---|---|---|---|---|---|---|---|")
	for _, g := range s.groups {
		s.turnsOf(g)
		s.tell(g)
	}
}

// turnsOf runs each row of a group once a turn. There are many rows: each gets half the time of a side of
// other comparisons.
func (s *serdes) turnsOf(g *group) {
	length := s.seconds / (4 * turnsPerRound)
	var times []int
	for _, r := range g.rows {
		times = append(times, callsIn(r.side, length))
	}
	for range s.rounds * turnsPerRound {
		for i, r := range g.rows {
			before := waited()
			r.took = append(r.took, r.side(times[i]))
			r.waited = append(r.waited, float64(waited()-before)/float64(times[i]))
		}
	}
}

// waited is how long goroutines of this process have waited for locks.
func waited() time.Duration {
	sample := []metrics.Sample{{Name: "/sync/mutex/wait/total:seconds"}}
	metrics.Read(sample)
	return time.Duration(sample[0].Value.Float64() * 1e9)
}

func (s *serdes) tell(g *group) {
	find := func(name string) *measured {
		for _, r := range g.rows {
			if r.name == name {
				return r
			}
		}
		return nil
	}
	for _, r := range g.rows {
		u := typical(r.took)
		line := fmt.Sprintf("| %s: %s | %.0f ns | %.0f | %.0f |", g.name, r.name, u.micros*1000, u.bytes, u.allocs)
		told := false
		for _, goal := range r.goals {
			other := find(goal.beside)
			if goal.beside != "" && other == nil {
				continue // left out by -row, or not here
			}
			stands, wanted, met := goal.judge(r, other)
			s.print(fmt.Sprintf("%s %s | %s | %s | %s |", line, goal.beside, stands, wanted, met))
			line, told = "| | | | |", true
		}
		if !told {
			s.print(line + " | | | |")
		}
	}
}

// print keeps lines of the table for the end, and shows them as they come.
func (s *serdes) print(lines ...string) {
	s.table = append(s.table, lines...)
	for _, l := range lines {
		fmt.Fprintln(os.Stderr, l)
	}
}

// profile begins the profiles asked for and returns what ends them.
func (s *serdes) profile() (end func()) {
	create := func(path string) *os.File {
		f, err := os.Create(path)
		check(err)
		return f
	}
	if s.cpuProfile != "" {
		f := create(s.cpuProfile)
		check(pprof.StartCPUProfile(f))
		return func() {
			pprof.StopCPUProfile()
			check(f.Close())
		}
	}
	if s.memProfile != "" {
		runtime.MemProfileRate = 1
		return func() {
			runtime.GC()
			f := create(s.memProfile)
			check(pprof.Lookup("allocs").WriteTo(f, 0))
			check(f.Close())
		}
	}
	return func() {}
}
