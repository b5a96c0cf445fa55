package jsonata

// scope is where variables are declared while an expression is compiled. At
// run time a scope is a frame, or a part of the frame of the scope around it.
type scope struct {
	parent *scope
	slots  map[string]int // by name, in the frame
	frame  *frameInfo
	tuple  bool // a frame per item on its way along a path
	open   bool // variables may be bound that nobody declares, by $eval
	// dynamic is set on the outermost scope of an expression of $eval: it
	// binds variables where it is called.
	dynamic bool
}

// frameInfo describes the frames of one or more scopes.
type frameInfo struct {
	size int
}

// newScope makes a scope with a frame of its own.
func newScope(parent *scope) *scope {
	return &scope{parent: parent, frame: &frameInfo{}}
}

// within makes a scope that shares the frame of the one around it.
func within(parent *scope) *scope {
	return &scope{parent: parent, frame: parent.frame}
}

// declare gives a variable its slot.
func (s *scope) declare(name string) int {
	if slot, ok := s.slots[name]; ok {
		return slot
	}
	slot := s.frame.size
	s.frame.size++
	if s.slots == nil {
		s.slots = map[string]int{}
	}
	s.slots[name] = slot
	return slot
}

// place is where a variable may be found: so many frames up, in a slot, or in
// the bindings of a tuple, or among those that $eval has bound.
type place struct {
	up    int
	slot  int // -1: not in a slot
	tuple int // id of a binding, -1 if none
	extra bool
}

// places lists where a variable may be, the innermost first. Which of them holds
// is known only at run time: those before may not have been bound yet.
func (c *compiler) places(s *scope, name string) []place {
	var all []place
	up := 0
	for ; s != nil; s = s.parent {
		if s.tuple {
			if id, ok := c.tupleIDs[name]; ok {
				all = append(all, place{up: up, slot: -1, tuple: id})
			}
		}
		if slot, ok := s.slots[name]; ok {
			all = append(all, place{up: up, slot: slot, tuple: -1})
		}
		if s.open {
			all = append(all, place{up: up, slot: -1, tuple: -1, extra: true})
		}
		if s.parent != nil && s.parent.frame != s.frame {
			up++
		}
	}
	return all
}

// up is the frame so many frames up.
func (fr *frame) up(n int) *frame {
	for ; n > 0; n-- {
		fr = fr.parent
	}
	return fr
}

// unbound is a slot nobody has bound. A variable bound to nothing has another number.
func (v value) unbound() bool { return v.kind == undefinedKind && v.num == 0 }

func (fr *frame) set(slot int, v value) {
	if v.kind == undefinedKind {
		v.num = 1
	}
	fr.slots[slot] = v
}

// find reads a variable from the first place that has it.
func (fr *frame) find(places []place, name string) (value, bool) {
	for i := range places {
		p := &places[i]
		f := fr.up(p.up)
		switch {
		case p.slot >= 0:
			if v := f.slots[p.slot]; v.kind != undefinedKind {
				return v, true
			} else if !v.unbound() {
				return undefined, true
			}
		case p.extra:
			if v, ok := f.extra[name]; ok {
				return v, true
			}
		case f.tuple != nil:
			if v, ok := f.tuple.get(p.tuple); ok {
				return v, true
			}
		}
	}
	return undefined, false
}
