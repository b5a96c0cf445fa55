package jsonata

import (
	"context"
	"sync"
	"time"
)

// exec evaluates a part of an expression: on the context value, with the
// variables of the frame.
type exec func(st *state, in value, fr *frame) (value, *Error)

// frame holds the variables of a block, of a call of a function, or of an item
// on its way along a path.
type frame struct {
	parent *frame
	slots  []value          // a zero value is a variable that is not bound
	tuple  *tuple           // of an item on its way
	extra  map[string]value // variables bound by $eval
}

// tuple is an item on its way along a path that carries bindings.
type tuple struct {
	item  value
	binds []binding
}

// binding is a variable of a tuple: what @ and # bind, or a parent.
type binding struct {
	id  int
	val value
}

func (t *tuple) get(id int) (value, bool) {
	for i := range t.binds {
		if t.binds[i].id == id {
			return t.binds[i].val, true
		}
	}
	return undefined, false
}

// outside is the tuple as expressions see it where it is not taken for one.
func (t *tuple) outside() value {
	o := freshObject(1)
	o.add("@", t.item)
	return object(o)
}

// with is a tuple for another item, with the bindings of this one.
func (t *tuple) with(item value, more int) *tuple {
	n := &tuple{item: item, binds: make([]binding, len(t.binds), len(t.binds)+more)}
	copy(n.binds, t.binds)
	return n
}

func (t *tuple) bind(id int, v value) {
	for i := range t.binds {
		if t.binds[i].id == id {
			t.binds[i].val = v
			return
		}
	}
	t.binds = append(t.binds, binding{id, v})
}

// state is one evaluation on its way.
type state struct {
	ctx      context.Context
	input    value // $$
	bindings map[string]any
	limits   Limits
	now      time.Time
	fixed    bool // now is the caller's

	steps    int // left until the clock is looked at
	total    int // left in all
	bytes    int // left to be allocated
	depth    int // of calls
	height   int // of the trees that are being evaluated
	evals    int // of $eval within $eval
	deadline time.Time

	tail pending // the call that a value of tailKind stands for
	site *site   // of the call that is being made, for $eval
	args []value // stack of arguments
	free []*frame
}

// pending is a call in the tail of a function, for the trampoline.
type pending struct {
	f    value
	args []value
	site *callSite
}

// site is where a call is made: what $eval sees.
type site struct {
	names *compiler
	scope *scope
	frame *frame
}

var states = sync.Pool{New: func() any { return &state{} }}

// Checks of the clock are that many steps apart.
const clockSteps = 1 << 12

// tick counts work and ends an evaluation that has done too much.
func (st *state) tick(n int) *Error {
	if st.steps -= n; st.steps > 0 {
		return nil
	}
	return st.lookAtClock()
}

func (st *state) lookAtClock() *Error {
	st.total -= clockSteps - st.steps
	st.steps = clockSteps
	switch {
	case st.total < 0:
		return &Error{Code: "D1012", Message: "the evaluation takes too many steps"}
	case st.ctx.Err() != nil:
		return &Error{Code: "D1012", Message: "the evaluation was stopped: " + context.Cause(st.ctx).Error(), cause: context.Cause(st.ctx)}
	case st.limits.Timeout <= 0:
		return nil
	}
	// The clock is first looked at when some work has been done: most evaluations never look.
	now := time.Now()
	if st.deadline.IsZero() {
		st.deadline = now.Add(st.limits.Timeout)
	} else if now.After(st.deadline) {
		return fail("D1012")
	}
	return nil
}

// Sizes that are counted of what is allocated.
const (
	valueSize = 32
	entrySize = 48
)

// alloc counts bytes.
func (st *state) alloc(n int) *Error {
	if st.bytes -= n; st.bytes < 0 {
		return &Error{Code: "D2015", Message: "the evaluation needs more memory than its limit"}
	}
	return nil
}

// grown checks the length of a sequence, and counts the items added.
func (st *state) grown(length, added int) *Error {
	if length > st.limits.Sequence {
		return &Error{Code: "D2015", Message: "a sequence has more items than the limit"}
	}
	if err := st.tick(added); err != nil {
		return err
	}
	return st.alloc(added * valueSize)
}

// text makes a string, counting it.
func (st *state) text(s string) (value, *Error) {
	if err := st.alloc(len(s) + 16); err != nil {
		return undefined, err
	}
	if err := st.tick(len(s) >> 6); err != nil {
		return undefined, err
	}
	return text(s), nil
}

// window takes room for n arguments off the stack; release gives it back.
func (st *state) window(n int) (base int, args []value) {
	base = len(st.args)
	if base+n > cap(st.args) {
		grown := make([]value, base, max(64, 2*(base+n)))
		copy(grown, st.args)
		st.args = grown
	}
	st.args = st.args[:base+n]
	return base, st.args[base : base+n : base+n]
}

func (st *state) release(base int) {
	clear(st.args[base:])
	st.args = st.args[:base]
}

// enter makes a frame; one that nobody can have kept is given back by leave.
func (st *state) enter(parent *frame, slots int) *frame {
	if n := len(st.free); n > 0 {
		fr := st.free[n-1]
		st.free = st.free[:n-1]
		fr.parent = parent
		if cap(fr.slots) >= slots {
			fr.slots = fr.slots[:slots]
		} else {
			fr.slots = make([]value, slots)
		}
		return fr
	}
	return &frame{parent: parent, slots: make([]value, slots)}
}

func (st *state) leave(fr *frame) {
	clear(fr.slots)
	fr.parent, fr.tuple, fr.extra = nil, nil, nil
	st.free = append(st.free, fr)
}
