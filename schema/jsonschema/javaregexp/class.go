package javaregexp

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// set is a set of characters.
type set func(rune) bool

func single(r rune) set    { return func(c rune) bool { return c == r } }
func span(lo, hi rune) set { return func(c rune) bool { return lo <= c && c <= hi } }
func not(s set) set        { return func(c rune) bool { return !s(c) } }

func union(sets []set) set {
	if len(sets) == 1 {
		return sets[0]
	}
	return func(c rune) bool {
		for _, s := range sets {
			if s(c) {
				return true
			}
		}
		return false
	}
}

func intersection(sets []set) set {
	if len(sets) == 1 {
		return sets[0]
	}
	return func(c rune) bool {
		for _, s := range sets {
			if !s(c) {
				return false
			}
		}
		return true
	}
}

func anyOf(chars string) set { return func(c rune) bool { return strings.ContainsRune(chars, c) } }

func table(t *unicode.RangeTable) set { return func(c rune) bool { return unicode.Is(t, c) } }

func category(name string) set { return table(unicode.Categories[name]) }

func anything(rune) bool { return true }

func isWord(c rune) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isDigit(c rune) bool { return c >= '0' && c <= '9' }

func isSpace(c rune) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func horizontalSpace(c rune) bool {
	return c == ' ' || c == '\t' || c == 0xA0 || c == 0x1680 || c == 0x180E || c >= 0x2000 && c <= 0x200A || c == 0x202F || c == 0x205F || c == 0x3000
}

func verticalSpace(c rune) bool {
	return c >= '\n' && c <= '\r' || c == 0x85 || c == 0x2028 || c == 0x2029
}

func lineBreak(c rune) bool { return verticalSpace(c) }

// dot is what the full stop matches: everything but the line terminators.
func dot(f flags) set {
	switch {
	case f.dotAll:
		return anything
	case f.unixLines:
		return not(single('\n'))
	}
	return not(anyOf("\n\r\u0085\u2028\u2029"))
}

// folded matches a character in either case: those of ASCII alone unless the
// pattern asks for Unicode.
func folded(r rune, all bool) set {
	if !all && r > unicode.MaxASCII {
		return single(r)
	}
	return func(c rune) bool { return equalFold(r, c, all) }
}

func equalFold(a, b rune, all bool) bool {
	if a == b {
		return true
	}
	if !all {
		return a <= unicode.MaxASCII && b <= unicode.MaxASCII && unicode.ToLower(a) == unicode.ToLower(b)
	}
	for f := unicode.SimpleFold(a); f != a; f = unicode.SimpleFold(f) {
		if f == b {
			return true
		}
	}
	return false
}

// class reads a character class behind its opening bracket.
func (p *parser) class(depth int) (set, error) {
	start := p.at - 1
	if depth > maxDepth {
		return nil, p.fail(start, "Character classes nested too deeply")
	}
	negated := p.accept("^")
	var all, current []set // all: what stands before &&
	finish := func() {
		if len(current) > 0 {
			all, current = append(all, union(current)), nil
		}
	}
	for first := true; ; first = false {
		if p.flags.comments {
			p.blank()
		}
		if !p.more() {
			return nil, p.fail(start, "Unclosed character class")
		}
		switch {
		case p.text[p.at] == ']' && !first:
			p.at++
			if finish(); len(all) == 0 {
				return nil, p.fail(p.at-1, "Bad class syntax")
			}
			s := intersection(all)
			if negated {
				s = not(s)
			}
			return s, nil
		case p.text[p.at] == '[':
			p.at++
			s, err := p.class(depth + 1)
			if err != nil {
				return nil, err
			}
			current = append(current, s)
		case strings.HasPrefix(p.text[p.at:], "&&"):
			for p.accept("&") {
			}
			finish()
		default:
			s, err := p.classRange()
			if err != nil {
				return nil, err
			}
			current = append(current, s)
		}
	}
}

// classRange reads a character, a range or an escape within a class.
func (p *parser) classRange() (set, error) {
	start := p.at
	lo, s, err := p.classChar()
	if err != nil || s != nil {
		return s, err
	}
	if !strings.HasPrefix(p.text[p.at:], "-") || p.at+1 >= len(p.text) || p.text[p.at+1] == ']' || p.text[p.at+1] == '[' || strings.HasPrefix(p.text[p.at:], "-&&") {
		return p.literal(lo), nil
	}
	p.at++
	hi, s, err := p.classChar()
	if err != nil {
		return nil, err
	}
	if s != nil || hi < lo {
		return nil, p.fail(start, "Illegal character range")
	}
	s = span(lo, hi)
	if !p.flags.fold {
		return s, nil
	}
	return func(c rune) bool {
		if lo <= c && c <= hi {
			return true
		}
		if c > unicode.MaxASCII && !p.flags.unicode {
			return false
		}
		u, l := unicode.ToUpper(c), unicode.ToLower(c)
		return lo <= u && u <= hi || lo <= l && l <= hi
	}, nil
}

// classChar reads one character, or the set that an escape stands for.
func (p *parser) classChar() (rune, set, error) {
	if p.text[p.at] != '\\' {
		return p.next(), nil, nil
	}
	start := p.at
	p.at++
	if !p.more() {
		return 0, nil, p.fail(start, "Unclosed character class")
	}
	s, r, err := p.escapedSet(start)
	if err != nil {
		return 0, nil, err
	}
	if r >= 0 {
		return r, nil, nil
	}
	return 0, s, nil
}

// shorthand are the escapes of predefined sets; the upper-case letter is the complement.
var shorthand = map[byte]set{'d': isDigit, 's': isSpace, 'w': isWord, 'h': horizontalSpace, 'v': verticalSpace}

var controls = map[byte]rune{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f', 'a': 7, 'e': 0x1B}

// escapedSet reads an escape behind its backslash: a set, and the character
// where it is only one, else -1.
func (p *parser) escapedSet(start int) (set, rune, error) {
	c := p.text[p.at]
	lower := c | 0x20
	if s, ok := shorthand[lower]; ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
		p.at++
		if c != lower {
			s = not(s)
		}
		return s, -1, nil
	}
	if lower == 'p' {
		p.at++
		s, err := p.property(start, c == 'P')
		return s, -1, err
	}
	r, err := p.escapedChar(start)
	if err != nil {
		return nil, -1, err
	}
	return p.literal(r), r, nil
}

func (p *parser) escapedChar(start int) (rune, error) {
	c := p.text[p.at]
	if r, ok := controls[c]; ok {
		p.at++
		return r, nil
	}
	switch {
	case c == '0':
		return p.octal(start)
	case c == 'x' && strings.HasPrefix(p.text[p.at:], "x{"):
		end := strings.IndexByte(p.text[p.at:], '}')
		if end < 0 {
			return 0, p.fail(start, "Unclosed hexadecimal escape sequence")
		}
		n, err := strconv.ParseUint(p.text[p.at+2:p.at+end], 16, 32)
		if err != nil || n > utf8.MaxRune {
			return 0, p.fail(start, "Illegal hexadecimal escape sequence")
		}
		p.at += end + 1
		return rune(n), nil
	case c == 'x':
		return p.hex(start, 2)
	case c == 'u':
		r, err := p.hex(start, 4)
		if err == nil && r >= 0xD800 && r < 0xDC00 && p.accept(`\`) {
			low, err := p.hex(start, 4)
			if err != nil {
				return 0, err
			}
			if low >= 0xDC00 && low < 0xE000 {
				return 0x10000 + (r-0xD800)<<10 + (low - 0xDC00), nil
			}
		}
		return r, err
	case c == 'c':
		p.at++
		if !p.more() {
			return 0, p.fail(start, "Illegal control escape sequence")
		}
		return p.next() ^ 64, nil
	case c == 'N':
		return 0, p.fail(start, "Names of characters are not known")
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '1' && c <= '9':
		return 0, p.fail(start, "Illegal/unsupported escape sequence")
	}
	return p.next(), nil
}

func (p *parser) hex(start, digits int) (rune, error) {
	from := p.at + 1
	if from+digits > len(p.text) {
		return 0, p.fail(start, "Illegal hexadecimal escape sequence")
	}
	n, err := strconv.ParseUint(p.text[from:from+digits], 16, 32)
	if err != nil {
		return 0, p.fail(start, "Illegal hexadecimal escape sequence")
	}
	p.at = from + digits
	return rune(n), nil
}

func (p *parser) octal(start int) (rune, error) {
	p.at++
	from := p.at
	for p.more() && p.at-from < 3 && p.text[p.at] >= '0' && p.text[p.at] <= '7' {
		if p.at-from == 2 && p.text[from] > '3' {
			break
		}
		p.at++
	}
	n, err := strconv.ParseUint(p.text[from:p.at], 8, 32)
	if err != nil {
		return 0, p.fail(start, "Illegal octal escape sequence")
	}
	return rune(n), nil
}

// posix are the sets that Java names as POSIX and java.lang.Character do.
var posix = map[string]set{
	"Lower":  span('a', 'z'),
	"Upper":  span('A', 'Z'),
	"ASCII":  span(0, 0x7F),
	"Alpha":  func(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' },
	"Digit":  isDigit,
	"Alnum":  func(c rune) bool { return isWord(c) && c != '_' },
	"Punct":  anyOf("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
	"Graph":  span('!', '~'),
	"Print":  span(' ', '~'),
	"Blank":  anyOf(" \t"),
	"Cntrl":  func(c rune) bool { return c < 0x20 || c == 0x7F },
	"XDigit": func(c rune) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' },
	"Space":  isSpace,
	"L1":     span(0, 0xFF),
	"all":    anything,

	"javaLowerCase": unicode.IsLower,
	"javaUpperCase": unicode.IsUpper,
	"javaTitleCase": unicode.IsTitle,
	"javaWhitespace": func(c rune) bool {
		return isSpace(c) || c >= 0x1C && c <= 0x1F || unicode.Is(unicode.Z, c) && c != 0xA0 && c != 0x2007 && c != 0x202F
	},
	"javaSpaceChar":           table(unicode.Z),
	"javaDigit":               unicode.IsDigit,
	"javaLetter":              unicode.IsLetter,
	"javaLetterOrDigit":       func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) },
	"javaAlphabetic":          alphabetic,
	"javaDefined":             anything,
	"javaISOControl":          unicode.IsControl,
	"javaMirrored":            anyOf("()<>[]{}«»"),
	"javaIdeographic":         table(unicode.Ideographic),
	"javaJavaIdentifierStart": func(c rune) bool { return unicode.IsLetter(c) || c == '_' || unicode.Is(unicode.Sc, c) },
	"javaJavaIdentifierPart": func(c rune) bool {
		return unicode.IsLetter(c) || c == '_' || unicode.Is(unicode.Sc, c) || unicode.IsDigit(c)
	},
	"javaUnicodeIdentifierStart": unicode.IsLetter,
	"javaUnicodeIdentifierPart":  func(c rune) bool { return unicode.IsLetter(c) || c == '_' || unicode.IsDigit(c) },
	"javaIdentifierIgnorable":    unicode.IsControl,
}

func alphabetic(c rune) bool {
	return unicode.IsLetter(c) || unicode.Is(unicode.Nl, c) || unicode.Is(unicode.Other_Alphabetic, c)
}

// binary are the properties that \p{Is…} names beside scripts and categories.
var binary = map[string]set{
	"ALPHABETIC":              alphabetic,
	"IDEOGRAPHIC":             table(unicode.Ideographic),
	"LETTER":                  unicode.IsLetter,
	"LOWERCASE":               unicode.IsLower,
	"UPPERCASE":               unicode.IsUpper,
	"TITLECASE":               unicode.IsTitle,
	"PUNCTUATION":             table(unicode.P),
	"CONTROL":                 unicode.IsControl,
	"WHITE_SPACE":             unicode.IsSpace,
	"WHITESPACE":              unicode.IsSpace,
	"DIGIT":                   unicode.IsDigit,
	"HEX_DIGIT":               table(unicode.Hex_Digit),
	"JOIN_CONTROL":            table(unicode.Join_Control),
	"NONCHARACTER_CODE_POINT": table(unicode.Noncharacter_Code_Point),
	"ASSIGNED":                anything,
	"EMOJI":                   func(c rune) bool { return c >= 0x1F300 && c <= 0x1FAFF || c >= 0x2600 && c <= 0x27BF },
	"EMOJI_PRESENTATION":      span(0x1F300, 0x1FAFF),
	"EMOJI_MODIFIER":          span(0x1F3FB, 0x1F3FF),
	"EMOJI_MODIFIER_BASE":     span(0x1F466, 0x1F478),
	"EMOJI_COMPONENT":         span(0x1F3FB, 0x1F3FF),
	"EXTENDED_PICTOGRAPHIC":   span(0x1F300, 0x1FAFF),
}

// property reads what follows \p or \P.
func (p *parser) property(start int, negated bool) (set, error) {
	if !p.more() {
		return nil, p.fail(start, "Unknown character property")
	}
	var name string
	if p.accept("{") {
		end := strings.IndexByte(p.text[p.at:], '}')
		if end <= 0 {
			return nil, p.fail(start, "Unclosed character family")
		}
		name = p.text[p.at : p.at+end]
		p.at += end + 1
	} else {
		name = string(p.next())
	}
	s := lookup(name)
	if s == nil {
		return nil, p.fail(start, "Unknown character property name {%s}", name)
	}
	if negated {
		s = not(s)
	}
	return s, nil
}

func lookup(name string) set {
	if key, value, ok := strings.Cut(name, "="); ok {
		switch strings.ToLower(key) {
		case "sc", "script":
			return script(value)
		case "gc", "general_category":
			return categoryOf(value)
		case "blk", "block":
			return block(value)
		}
		return nil
	}
	if rest, ok := strings.CutPrefix(name, "Is"); ok {
		if s, ok := binary[strings.ToUpper(rest)]; ok {
			return s
		}
		if s := categoryOf(rest); s != nil {
			return s
		}
		return script(rest)
	}
	if rest, ok := strings.CutPrefix(name, "In"); ok {
		return block(rest)
	}
	if s, ok := posix[name]; ok {
		return s
	}
	return categoryOf(name)
}

func categoryOf(name string) set {
	switch name {
	case "LC":
		return func(c rune) bool { return unicode.IsLower(c) || unicode.IsUpper(c) || unicode.IsTitle(c) }
	case "LD":
		return func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }
	case "Cn":
		return func(c rune) bool {
			return !unicode.IsGraphic(c) && !unicode.Is(unicode.C, c) && !unicode.Is(unicode.Z, c)
		}
	}
	if t, ok := unicode.Categories[name]; ok && len(name) <= 2 {
		return table(t)
	}
	return nil
}

// script finds a script by its name in any case, as in \p{IsLatin}.
func script(name string) set {
	for known, t := range unicode.Scripts {
		if strings.EqualFold(known, name) {
			return table(t)
		}
	}
	return nil
}

// blocks are the blocks of Unicode that patterns are likely to name, without
// the spaces, hyphens and underscores of their names.
var blocks = map[string][2]rune{
	"basiclatin": {0, 0x7F}, "latin1supplement": {0x80, 0xFF}, "latinextendeda": {0x100, 0x17F}, "latinextendedb": {0x180, 0x24F},
	"ipaextensions": {0x250, 0x2AF}, "spacingmodifierletters": {0x2B0, 0x2FF}, "combiningdiacriticalmarks": {0x300, 0x36F},
	"greek": {0x370, 0x3FF}, "greekandcoptic": {0x370, 0x3FF}, "cyrillic": {0x400, 0x4FF}, "armenian": {0x530, 0x58F},
	"hebrew": {0x590, 0x5FF}, "arabic": {0x600, 0x6FF}, "syriac": {0x700, 0x74F}, "thaana": {0x780, 0x7BF},
	"devanagari": {0x900, 0x97F}, "bengali": {0x980, 0x9FF}, "tamil": {0xB80, 0xBFF}, "telugu": {0xC00, 0xC7F},
	"thai": {0xE00, 0xE7F}, "lao": {0xE80, 0xEFF}, "tibetan": {0xF00, 0xFFF}, "georgian": {0x10A0, 0x10FF},
	"hanguljamo": {0x1100, 0x11FF}, "latinextendedadditional": {0x1E00, 0x1EFF}, "greekextended": {0x1F00, 0x1FFF},
	"generalpunctuation": {0x2000, 0x206F}, "superscriptsandsubscripts": {0x2070, 0x209F}, "currencysymbols": {0x20A0, 0x20CF},
	"letterlikesymbols": {0x2100, 0x214F}, "numberforms": {0x2150, 0x218F}, "arrows": {0x2190, 0x21FF},
	"mathematicaloperators": {0x2200, 0x22FF}, "boxdrawing": {0x2500, 0x257F}, "geometricshapes": {0x25A0, 0x25FF},
	"miscellaneoussymbols": {0x2600, 0x26FF}, "dingbats": {0x2700, 0x27BF}, "cjksymbolsandpunctuation": {0x3000, 0x303F},
	"hiragana": {0x3040, 0x309F}, "katakana": {0x30A0, 0x30FF}, "bopomofo": {0x3100, 0x312F},
	"cjkunifiedideographs": {0x4E00, 0x9FFF}, "hangulsyllables": {0xAC00, 0xD7AF}, "privateusearea": {0xE000, 0xF8FF},
	"halfwidthandfullwidthforms": {0xFF00, 0xFFEF}, "emoticons": {0x1F600, 0x1F64F},
}

// block finds a block of Unicode. A block unknown here is taken to exist and
// to match nothing, for a pattern that Java reads must not be refused.
func block(name string) set {
	if name == "" || strings.TrimLeft(name, " ") == "" {
		return nil
	}
	key := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	if b, ok := blocks[key]; ok {
		return span(b[0], b[1])
	}
	return func(rune) bool { return false }
}
