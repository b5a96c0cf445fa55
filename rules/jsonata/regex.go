package jsonata

import (
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// regex is a regular expression of JavaScript, carried out by RE2.
type regex struct {
	re     *regexp.Regexp
	behind func() *regexp.Regexp // re in its first group, behind a character or more
	cost   int                   // instructions, which bound the work per byte
}

// maxPattern is how many bytes a pattern may have.
const maxPattern = 4096

// compileRegex translates a pattern. What RE2 cannot do is refused.
func compileRegex(pattern, flags string) (*regex, *Error) {
	if len(pattern) > maxPattern {
		return nil, regexError("it is longer than %d bytes", maxPattern)
	}
	t := translation{in: pattern, multiline: strings.Contains(flags, "m")}
	if err := t.run(); err != nil {
		return nil, err
	}
	expr := t.out.String()
	if strings.Contains(flags, "i") {
		expr = "(?i)" + expr
	}
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, regexError("%v", err)
	}
	cost := instructions(parsed)
	if cost > maxInstructions {
		return nil, regexError("it is too complex: with all its repetitions it has more than %d parts", maxInstructions)
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, regexError("%v", err)
	}
	behind := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?s:.+?)(` + expr + `)`) })
	return &regex{re: re, behind: behind, cost: cost}, nil
}

// maxInstructions bounds a pattern with its repetitions written out.
const maxInstructions = 5_000

// instructions is about how many a pattern needs.
func instructions(re *syntax.Regexp) int {
	n := 1
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpCharClass:
		n = 1 + len(re.Rune)/16
	}
	for _, sub := range re.Sub {
		n = min(n+instructions(sub), 1<<20)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(1, re.Max, re.Min)
	}
	return min(n, 1<<20)
}

// find is where the first match from an offset on is, and its groups. It sees what stands before it: there ^ does not hold.
func (re *regex) find(st *state, s string, from int) ([]int, *Error) {
	// The string is paid for when it is first searched, then each match by how far it is on. A
	// search that goes to the end in vain is bounded by the clock.
	rest := len(s) - from
	if from == 0 {
		if err := st.tick(rest*re.cost/16 + 1); err != nil {
			return nil, err
		}
		return re.re.FindStringSubmatchIndex(s), nil
	}
	if err := st.tick(re.cost/4 + 1); err != nil {
		return nil, err
	}
	if rest > 1<<12 {
		if err := st.lookAtClock(); err != nil {
			return nil, err
		}
	}
	_, size := utf8.DecodeLastRuneInString(s[:from])
	from -= size
	loc := re.behind().FindStringSubmatchIndex(s[from:])
	if loc == nil {
		return nil, nil
	}
	loc = loc[2:]
	for i := range loc {
		if loc[i] >= 0 {
			loc[i] += from
		}
	}
	return loc, nil
}

// regexCode is the code of our own for regular expressions that cannot be carried out.
const regexCode = "S0303"

func regexError(format string, args ...any) *Error {
	return &Error{Code: regexCode, Message: "the regular expression is not supported: " + fmt.Sprintf(format, args...)}
}

// translation writes a pattern of JavaScript as one of RE2.
type translation struct {
	in        string
	at        int
	out       strings.Builder
	multiline bool
}

// JavaScript's white space and line ends, as the inside of a class.
const (
	spaceClass    = `\t\n\x0b\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
	notSpaceClass = `\x00-\x08\x0e-\x1f!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}`
	anyButLineEnd = `[^\n\r\x{2028}\x{2029}]`
	nothing       = `[^\x00-\x{10ffff}]`
	anything      = `[\x00-\x{10ffff}]`
)

func (t *translation) run() *Error {
	for t.at < len(t.in) {
		c := t.in[t.at]
		switch c {
		case '\\':
			if err := t.escape(false); err != nil {
				return err
			}
			continue
		case '[':
			if err := t.class(); err != nil {
				return err
			}
			continue
		case '(':
			if err := t.open(); err != nil {
				return err
			}
			continue
		case '.':
			t.out.WriteString(anyButLineEnd)
		case '^':
			if t.multiline {
				t.out.WriteString(`(?m:^)`)
			} else {
				t.out.WriteString(`^`)
			}
		case '$':
			if t.multiline {
				t.out.WriteString(`(?m:$)`)
			} else {
				t.out.WriteString(`$`)
			}
		case '{':
			if n := quantifier(t.in[t.at:]); n > 0 {
				t.out.WriteString(t.in[t.at : t.at+n])
				t.at += n
				continue
			}
			t.out.WriteString(`\{`)
		case '}', ']':
			t.out.WriteByte('\\')
			t.out.WriteByte(c)
		default:
			_, size := utf8.DecodeRuneInString(t.in[t.at:])
			t.out.WriteString(t.in[t.at : t.at+size])
			t.at += size
			continue
		}
		t.at++
	}
	return nil
}

// quantifier is the length of {n}, {n,} or {n,m}, 0 if it is none.
func quantifier(s string) int {
	i := 1
	digits := func() int {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i - from
	}
	if digits() == 0 {
		return 0
	}
	if i < len(s) && s[i] == ',' {
		i++
		digits()
	}
	if i < len(s) && s[i] == '}' {
		return i + 1
	}
	return 0
}

func (t *translation) open() *Error {
	rest := t.in[t.at:]
	switch {
	case strings.HasPrefix(rest, "(?:"):
		t.out.WriteString("(?:")
		t.at += 3
	case strings.HasPrefix(rest, "(?="), strings.HasPrefix(rest, "(?!"):
		return regexError("it looks ahead: %s", rest[:3])
	case strings.HasPrefix(rest, "(?<="), strings.HasPrefix(rest, "(?<!"):
		return regexError("it looks behind: %s", rest[:4])
	case strings.HasPrefix(rest, "(?<"):
		t.out.WriteString("(?P<")
		t.at += 3
	case strings.HasPrefix(rest, "(?"):
		return regexError("it has a group of an unknown kind: %s", rest[:min(3, len(rest))])
	default:
		t.out.WriteByte('(')
		t.at++
	}
	return nil
}

// escape translates a backslash and what follows, within a class or not.
func (t *translation) escape(inClass bool) *Error {
	rest := t.in[t.at+1:]
	if rest == "" {
		return regexError("it ends with a backslash")
	}
	c := rest[0]
	t.at += 2
	switch c {
	case 'd', 'D', 'w', 'W', 'f', 'n', 'r', 't':
		t.out.WriteByte('\\')
		t.out.WriteByte(c)
	case 'b':
		if inClass {
			t.out.WriteString(`\x08`)
		} else {
			t.out.WriteString(`\b`)
		}
	case 'B':
		if inClass {
			t.out.WriteByte('B')
		} else {
			t.out.WriteString(`\B`)
		}
	case 'v':
		t.out.WriteString(`\x0b`)
	case 's':
		t.set(spaceClass, inClass)
	case 'S':
		t.set(notSpaceClass, inClass)
	case '0':
		if len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9' {
			return regexError("it has an octal escape: \\%s", rest[:2])
		}
		t.out.WriteString(`\x00`)
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return regexError("it refers back to a group: \\%c", c)
	case 'k':
		if strings.HasPrefix(rest, "k<") {
			return regexError("it refers back to a group: \\%s", rest)
		}
		t.out.WriteByte('k')
	case 'c':
		if len(rest) > 1 && (rest[1]|0x20 >= 'a' && rest[1]|0x20 <= 'z') {
			fmt.Fprintf(&t.out, `\x%02x`, rest[1]&31)
			t.at++
		} else {
			t.out.WriteString(`\\c`)
		}
	case 'x', 'u':
		n := 2
		if c == 'u' {
			n = 4
		}
		if len(rest) > n {
			if code, err := strconv.ParseUint(rest[1:1+n], 16, 32); err == nil {
				t.at += n
				// Two halves of a surrogate pair are one character.
				if next := t.in[t.at:]; code >= 0xD800 && code < 0xDC00 && strings.HasPrefix(next, `\u`) && len(next) >= 6 {
					if low, err := strconv.ParseUint(next[2:6], 16, 32); err == nil && low >= 0xDC00 && low < 0xE000 {
						code = 0x10000 + (code-0xD800)<<10 + (low - 0xDC00)
						t.at += 6
					}
				}
				fmt.Fprintf(&t.out, `\x{%x}`, code)
				return nil
			}
		}
		t.out.WriteByte(c)
	default:
		r, size := utf8.DecodeRuneInString(rest)
		t.at += size - 1
		t.out.WriteString(regexp.QuoteMeta(string(r)))
		if inClass && r == '-' {
			s := t.out.String()
			t.out.Reset()
			t.out.WriteString(strings.TrimSuffix(s, "-") + `\-`)
		}
	}
	return nil
}

func (t *translation) set(class string, inClass bool) {
	if inClass {
		t.out.WriteString(class)
	} else {
		t.out.WriteString("[" + class + "]")
	}
}

func (t *translation) class() *Error {
	t.at++
	negated := strings.HasPrefix(t.in[t.at:], "^")
	if negated {
		t.at++
	}
	if strings.HasPrefix(t.in[t.at:], "]") {
		t.at++
		if negated {
			t.out.WriteString(anything)
		} else {
			t.out.WriteString(nothing)
		}
		return nil
	}
	t.out.WriteByte('[')
	if negated {
		t.out.WriteByte('^')
	}
	for t.at < len(t.in) {
		switch c := t.in[t.at]; c {
		case ']':
			t.out.WriteByte(']')
			t.at++
			return nil
		case '\\':
			if err := t.escape(true); err != nil {
				return err
			}
		case '[', '^', '&', '~':
			t.out.WriteByte('\\')
			t.out.WriteByte(c)
			t.at++
		default:
			_, size := utf8.DecodeRuneInString(t.in[t.at:])
			t.out.WriteString(t.in[t.at : t.at+size])
			t.at += size
		}
	}
	return regexError("a class is not closed")
}

func (c *compiler) regex(n *node) exec {
	re, err := compileRegex(n.text, n.also().flags)
	if err != nil {
		if c.failed == nil {
			c.failed = err.on(n).token(n.text)
		}
		return constant(undefined)
	}
	if c.patterns += re.cost; c.patterns > 4*maxInstructions && c.failed == nil {
		c.failed = regexError("all of the expression are too complex together").on(n).token(n.text)
	}
	return constant(callable(re.function()))
}

// function is the regex as a function from a string, and the UTF-16 unit to begin at, to
// its first match. Values that are no strings are matched as JavaScript writes them.
func (re *regex) function() *function {
	return &function{arity: 2, regex: re, native: func(st *state, args []value, _ value) (value, *Error) {
		s, err := st.scriptText(arg(args, 0), 0)
		if err != nil {
			return undefined, err
		}
		m := &matches{re: re, s: s}
		from := math.Trunc(arg(args, 1).num)
		if at := arg(args, 1); at.kind == stringKind && decimal.MatchString(at.str()) {
			// The names of an object, say, that a function is given for each field of.
			from, _ = strconv.ParseFloat(at.str(), 64)
			from = math.Trunc(from)
		}
		if from > 0 {
			if from > float64(units(s)) {
				return undefined, nil
			}
			m.end = unitOffset(s, from)
		} else if m, err = re.matches(st, s); err != nil {
			return undefined, err
		}
		return m.object(st)
	}}
}

// scriptText is a value as JavaScript makes a string of it.
func (st *state) scriptText(v value, depth int) (string, *Error) {
	switch v.kind {
	case stringKind:
		return v.str(), nil
	case undefinedKind:
		return "undefined", nil
	case nullKind:
		return "null", nil
	case boolKind:
		return strconv.FormatBool(v.isTrue()), nil
	case numberKind:
		switch {
		case math.IsNaN(v.num):
			return "NaN", nil
		case math.IsInf(v.num, 1):
			return "Infinity", nil
		case math.IsInf(v.num, -1):
			return "-Infinity", nil
		}
		return string(appendNumber(nil, v.num)), nil
	case arrayKind:
		if depth > maxNesting {
			return "", fail("D1011")
		}
		var b strings.Builder
		for i := range v.count() {
			if i > 0 {
				b.WriteByte(',')
			}
			x := v.item(i)
			if x.kind == undefinedKind || x.kind == nullKind {
				continue
			}
			s, err := st.scriptText(x, depth+1)
			if err != nil {
				return "", err
			}
			if b.WriteString(s); b.Len() > st.bytes {
				return "", st.alloc(b.Len())
			}
			if err := st.tick(1); err != nil {
				return "", err
			}
		}
		return b.String(), nil
	}
	return "[object Object]", nil
}

// matches are the matches of a string, one by one.
type matches struct {
	re      *regex
	s       string
	n       int // how many were taken
	end     int // of the last one
	counted int // offset up to which UTF-16 units were counted
	units   int
}

// match is one match. Offsets are in bytes.
type match struct {
	start, end int
	groups     []value
}

func (re *regex) matches(_ *state, s string) (*matches, *Error) {
	return &matches{re: re, s: s}, nil
}

// next is the next match, nil if there is none. As in the reference only the
// first one may be empty.
func (m *matches) next(st *state) (*match, *Error) {
	first := m.n == 0
	if !first && m.end >= len(m.s) {
		return nil, nil
	}
	loc, err := m.re.find(st, m.s, m.end)
	if err != nil || loc == nil {
		return nil, err
	}
	m.n++
	if !first && loc[0] == loc[1] {
		return nil, fail("D1004")
	}
	m.end = loc[1]
	found := &match{start: loc[0], end: loc[1]}
	for i := 2; i < len(loc); i += 2 {
		if loc[i] < 0 {
			found.groups = append(found.groups, undefined)
		} else {
			found.groups = append(found.groups, text(m.s[loc[i]:loc[i+1]]))
		}
	}
	return found, st.alloc(64 + len(loc)*24)
}

// offset counts the UTF-16 units before an offset, which only grows.
func (m *matches) offset(at int) float64 {
	m.units += units(m.s[m.counted:at])
	m.counted = at
	return float64(m.units)
}

// object is the next match as expressions see it.
func (m *matches) object(st *state) (value, *Error) {
	found, err := m.next(st)
	if err != nil || found == nil {
		return undefined, err
	}
	o := freshObject(5)
	o.add("match", text(m.s[found.start:found.end]))
	o.add("start", number(m.offset(found.start)))
	o.add("end", number(m.offset(found.end)))
	o.add("groups", list(&array{items: found.groups}))
	rest := *m
	o.add("next", callable(&function{native: func(st *state, _ []value, _ value) (value, *Error) {
		again := rest
		return again.object(st)
	}}))
	return object(o), st.alloc(5 * entrySize)
}

// found is a match of any matcher, in offsets of the string it was given.
type found struct {
	text       string
	start, end int // in bytes
	units      float64
	groups     []value
}

// matcher is a regex, or a function of the expression that does as one.
type matcher struct {
	st      *state
	s       string
	regex   *matches
	pending value // the last object of a function's
	f       *function
	n       int
}

func (st *state) matcher(f *function, s string) (*matcher, *Error) {
	m := &matcher{st: st, s: s, f: f}
	if f.regex != nil {
		var err *Error
		m.regex, err = f.regex.matches(st, s)
		return m, err
	}
	return m, nil
}

// next is the next match, nil if there is none.
func (m *matcher) next() (*found, *Error) {
	if m.regex != nil {
		x, err := m.regex.next(m.st)
		if err != nil || x == nil {
			return nil, err
		}
		return &found{m.s[x.start:x.end], x.start, x.end, m.regex.offset(x.start), x.groups}, nil
	}
	f, args := m.f, []value{text(m.s)}
	if m.n > 0 {
		next := m.pending.field("next")
		if next.kind != functionKind {
			return nil, fail("T1010")
		}
		f, args = next.ref.(*function), nil
	}
	m.n++
	v, err := m.st.call(f, args, null)
	if err != nil {
		return nil, err
	}
	v = collapse(v, false)
	if v.kind == undefinedKind {
		return nil, nil
	}
	start, end, groups := v.field("start"), v.field("end"), v.field("groups")
	if v.kind != objectKind && v.kind != arrayKind && v.kind != functionKind {
		// JavaScript looks only into what counts as true: all else is a match, and the last one.
		if yes, err := m.st.truthy(v); !yes {
			m.pending = v
			return &found{}, err
		}
	}
	if v.kind != objectKind || start.kind != numberKind && end.kind != numberKind && groups.kind != arrayKind && v.field("next").kind != functionKind {
		return nil, fail("T1010")
	}
	m.pending = v
	parts, err := m.st.items(groups)
	if err != nil {
		return nil, err
	}
	x := &found{text: v.field("match").unwrapText(), units: start.num, groups: parts}
	x.start = unitOffset(m.s, start.num)
	x.end = unitOffset(m.s, end.num)
	return x, nil
}

// unitOffset is the offset of so many UTF-16 units.
func unitOffset(s string, units float64) int {
	at := 0
	for n := 0.0; n < units && at < len(s); n++ {
		r, size := decodeRune(s[at:])
		at += size
		if r > 0xFFFF {
			n++
		}
	}
	return at
}

func (v value) unwrapText() string {
	if v.kind == stringKind {
		return v.str()
	}
	return ""
}
