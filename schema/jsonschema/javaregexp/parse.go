package javaregexp

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Error says where and why a pattern is no Java regular expression.
type Error struct {
	Pattern string
	Offset  int // in bytes
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s near index %d of the pattern %q", e.Message, e.Offset, e.Pattern)
}

const (
	// maxDepth bounds the nesting of groups and of character classes.
	maxDepth = 250
	// maxRepeat is the largest count of a quantifier in Java.
	maxRepeat = 1<<31 - 1
	infinite  = -1
	// charactersPerStep is how much of a character class costs a step of matching.
	charactersPerStep = 8
)

type flags struct {
	fold, multiline, dotAll, comments, unixLines, unicode bool
}

// node is a part of a parsed pattern.
type node interface{}

type (
	empty struct{}
	char  struct {
		set    set
		weight int // what asking for a character costs beyond a step, in steps
	}
	sequence []node
	choice   []node
	group    struct {
		inner node
		index int // of a capturing group from 1, 0 for the others
	}
	repeat struct {
		inner            node
		least, most      int // most is infinite without bound
		lazy, possessive bool
	}
	look struct {
		inner           node
		negated, behind bool
	}
	atomicGroup struct{ inner node }
	backref     struct {
		index int
		fold  bool
	}
	anchor struct {
		kind  byte // ^ $ A Z z b B G
		flags flags
	}
)

type parser struct {
	text   string
	at     int
	flags  flags
	depth  int
	groups int
	names  map[string]int
}

func (p *parser) fail(at int, format string, args ...any) error {
	return &Error{p.text, at, fmt.Sprintf(format, args...)}
}

func (p *parser) more() bool { return p.at < len(p.text) }

func (p *parser) next() rune {
	r, n := utf8.DecodeRuneInString(p.text[p.at:])
	p.at += n
	return r
}

func (p *parser) accept(s string) bool {
	if len(p.text)-p.at >= len(s) && p.text[p.at:p.at+len(s)] == s {
		p.at += len(s)
		return true
	}
	return false
}

// blank skips what the flag for comments makes meaningless.
func (p *parser) blank() {
	for p.flags.comments && p.more() {
		switch c := p.text[p.at]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			p.at++
		case c == '#':
			for p.more() && p.text[p.at] != '\n' {
				p.at++
			}
		default:
			return
		}
	}
}

func (p *parser) pattern() (node, error) {
	n, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	if p.more() {
		return nil, p.fail(p.at, "Unmatched closing ')'")
	}
	return n, nil
}

func (p *parser) alternatives() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.at, "Groups nested too deeply")
	}
	defer func() { p.depth-- }()
	var all choice
	for {
		n, err := p.sequence()
		if err != nil {
			return nil, err
		}
		all = append(all, n)
		if !p.accept("|") {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (p *parser) sequence() (node, error) {
	var all sequence
	for {
		p.blank()
		if !p.more() || p.text[p.at] == '|' || p.text[p.at] == ')' {
			break
		}
		n, err := p.piece()
		if err != nil {
			return nil, err
		}
		if n != nil {
			all = append(all, n)
		}
	}
	switch len(all) {
	case 0:
		return empty{}, nil
	case 1:
		return all[0], nil
	}
	return all, nil
}

// piece reads an atom with its quantifier; nil for what only sets flags.
func (p *parser) piece() (node, error) {
	n, quantifiable, err := p.atom()
	if err != nil || !quantifiable {
		return n, err
	}
	p.blank()
	r, ok, err := p.quantifier()
	if err != nil || !ok {
		return n, err
	}
	r.inner = n
	return r, nil
}

func (p *parser) quantifier() (r repeat, ok bool, err error) {
	if !p.more() {
		return r, false, nil
	}
	start := p.at
	switch p.text[p.at] {
	case '*':
		r.most = infinite
	case '+':
		r.least, r.most = 1, infinite
	case '?':
		r.most = 1
	case '{':
		p.at++
		if r.least, ok = p.count(); !ok {
			return r, false, p.fail(start, "Illegal repetition")
		}
		r.most = r.least
		if p.accept(",") {
			r.most = infinite
			if p.more() && p.text[p.at] != '}' {
				if r.most, ok = p.count(); !ok {
					return r, false, p.fail(p.at, "Illegal repetition range")
				}
				if r.most < r.least {
					return r, false, p.fail(start, "Illegal repetition range")
				}
			}
		}
		if !p.more() || p.text[p.at] != '}' {
			return r, false, p.fail(p.at, "Unclosed counted closure")
		}
	default:
		return r, false, nil
	}
	p.at++
	p.blank()
	switch {
	case p.accept("?"):
		r.lazy = true
	case p.accept("+"):
		r.possessive = true
	}
	return r, true, nil
}

func (p *parser) count() (int, bool) {
	start := p.at
	for p.more() && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	n, err := strconv.ParseInt(p.text[start:p.at], 10, 64)
	return int(n), err == nil && n <= maxRepeat
}

func (p *parser) atom() (n node, quantifiable bool, err error) {
	start := p.at
	switch c := p.text[p.at]; c {
	case '(':
		return p.group()
	case '[':
		p.at++
		s, err := p.class(0)
		return char{s, (p.at - start) / charactersPerStep}, true, err
	case '.':
		p.at++
		return char{set: dot(p.flags)}, true, nil
	case '^', '$':
		p.at++
		return anchor{c, p.flags}, true, nil
	case '*', '+', '?':
		return nil, false, p.fail(start, "Dangling meta character '%c'", c)
	case '{':
		return empty{}, true, nil // Java repeats nothing
	case '\\':
		return p.escape()
	}
	return char{set: p.literal(p.next())}, true, nil
}

func (p *parser) literal(r rune) set {
	if p.flags.fold {
		return folded(r, p.flags.unicode)
	}
	return single(r)
}

func (p *parser) group() (n node, quantifiable bool, err error) {
	start := p.at
	p.at++
	saved := p.flags
	wrap := func(n node) node { return group{inner: n} }
	switch {
	case p.accept("?:"):
	case p.accept("?="):
		wrap = func(n node) node { return look{inner: n} }
	case p.accept("?!"):
		wrap = func(n node) node { return look{inner: n, negated: true} }
	case p.accept("?<="):
		wrap = func(n node) node { return look{inner: n, behind: true} }
	case p.accept("?<!"):
		wrap = func(n node) node { return look{inner: n, behind: true, negated: true} }
	case p.accept("?>"):
		wrap = func(n node) node { return atomicGroup{n} }
	case p.accept("?<"):
		name, err := p.groupName()
		if err != nil {
			return nil, false, err
		}
		if _, twice := p.names[name]; twice {
			return nil, false, p.fail(start, "Named capturing group <%s> is already defined", name)
		}
		p.groups++
		index := p.groups
		if p.names == nil {
			p.names = make(map[string]int)
		}
		p.names[name] = index
		wrap = func(n node) node { return group{n, index} }
	case p.accept("?"):
		closed, err := p.setFlags()
		if err != nil {
			return nil, false, err
		}
		if closed {
			return nil, false, nil
		}
	default:
		p.groups++
		index := p.groups
		wrap = func(n node) node { return group{n, index} }
	}
	inner, err := p.alternatives()
	if err != nil {
		return nil, false, err
	}
	if !p.accept(")") {
		return nil, false, p.fail(len(p.text), "Unclosed group")
	}
	p.flags = saved
	n = wrap(inner)
	if l, ok := n.(look); ok && l.behind {
		if _, bounded := width(l.inner); !bounded {
			return nil, false, p.fail(start, "Look-behind group does not have an obvious maximum length")
		}
	}
	return n, true, nil
}

func (p *parser) groupName() (string, error) {
	start := p.at
	for p.more() && isWord(rune(p.text[p.at])) && p.text[p.at] != '_' {
		p.at++
	}
	name := p.text[start:p.at]
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		return "", p.fail(start, "capturing group name does not start with a Latin letter")
	}
	if !p.accept(">") {
		return "", p.fail(p.at, "named capturing group is missing trailing '>'")
	}
	return name, nil
}

// setFlags reads the flags of (?i) and (?i:…); closed is true for the former,
// whose flags last until the enclosing group ends.
func (p *parser) setFlags() (closed bool, err error) {
	on := true
	for {
		start := p.at
		if !p.more() {
			return false, p.fail(start, "Unknown inline modifier")
		}
		switch r := p.next(); r {
		case 'i':
			p.flags.fold = on
		case 'm':
			p.flags.multiline = on
		case 's':
			p.flags.dotAll = on
		case 'd':
			p.flags.unixLines = on
		case 'u':
			p.flags.unicode = on
		case 'U':
			p.flags.unicode = on
		case 'x':
			p.flags.comments = on
		case 'c':
		case '-':
			if !on {
				return false, p.fail(start, "Unknown inline modifier")
			}
			on = false
		case ')':
			return true, nil
		case ':':
			return false, nil
		default:
			return false, p.fail(start, "Unknown inline modifier")
		}
	}
}

// escape reads what begins with a backslash outside of a character class.
func (p *parser) escape() (n node, quantifiable bool, err error) {
	start := p.at
	p.at++
	if !p.more() {
		return nil, false, p.fail(start, "Unexpected internal error: the pattern ends in a backslash")
	}
	switch c := p.text[p.at]; c {
	case 'A', 'Z', 'z', 'G', 'B', 'b':
		p.at++
		if c == 'b' && p.accept("{g}") {
			return empty{}, true, nil
		}
		return anchor{c, p.flags}, true, nil
	case 'R':
		p.at++
		return choice{sequence{char{set: single('\r')}, char{set: single('\n')}}, char{set: lineBreak}}, true, nil
	case 'X':
		p.at++
		return sequence{char{set: anything}, repeat{inner: char{set: category("M")}, most: infinite}}, true, nil
	case 'k':
		p.at++
		if !p.accept("<") {
			return nil, false, p.fail(p.at, "\\k is not followed by '<' for named capturing group")
		}
		name, err := p.groupName()
		if err != nil {
			return nil, false, err
		}
		index, ok := p.names[name]
		if !ok {
			return nil, false, p.fail(start, "named capturing group <%s> does not exist", name)
		}
		return backref{index, p.flags.fold}, true, nil
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.numbered(), true, nil
	}
	s, _, err := p.escapedSet(start)
	return char{set: s}, true, err
}

// numbered reads a back reference: further digits belong to it as long as a
// group of that number has been opened.
func (p *parser) numbered() node {
	index := int(p.text[p.at] - '0')
	p.at++
	for p.more() && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		more := index*10 + int(p.text[p.at]-'0')
		if more > p.groups {
			break
		}
		index = more
		p.at++
	}
	return backref{index, p.flags.fold}
}

// width returns the most characters a node can match, and whether there is a bound.
func width(n node) (int, bool) {
	const most = 1 << 20
	switch n := n.(type) {
	case char:
		return 1, true
	case sequence:
		sum := 0
		for _, m := range n {
			w, ok := width(m)
			if sum += w; !ok || sum > most {
				return 0, false
			}
		}
		return sum, true
	case choice:
		widest := 0
		for _, m := range n {
			w, ok := width(m)
			if !ok {
				return 0, false
			}
			widest = max(widest, w)
		}
		return widest, true
	case group:
		return width(n.inner)
	case atomicGroup:
		return width(n.inner)
	case repeat:
		w, ok := width(n.inner)
		if !ok || n.most == infinite {
			return 0, false
		}
		if w > 0 && n.most > most/w {
			return 0, false
		}
		return w * n.most, true
	case backref:
		return 0, false
	}
	return 0, true
}
