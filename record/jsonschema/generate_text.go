package jsonschema

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-9f7c7091/concordat/schema/jsonschema/javaregexp"
)

// text makes a string.
func (m *maker) text(d *demand) string {
	low, high := d.bounds("minLength", "maxLength")
	low = min(low, maxText)
	var patterns []string
	var formats []func(*maker) string
	for _, s := range d.shapes {
		if v := s.keyword("pattern"); v != nil {
			patterns = append(patterns, v.Text)
		}
		if v := s.value.Get("format"); v != nil && formatMakers[v.Text] != nil {
			formats = append(formats, formatMakers[v.Text])
		}
	}
	fits := func(s string) bool {
		n := utf8.RuneCountInString(s)
		return n >= low && n <= high
	}
	if len(patterns) == 0 && len(formats) == 0 {
		return m.padded(m.Text(), low, high)
	}
	var s string
	for try := range textRetries {
		if len(patterns) > 0 {
			s = m.matching(patterns[try%len(patterns)], repetitions(try, low))
		} else {
			s = formats[try%len(formats)](m)
		}
		for _, candidate := range []string{s, m.padded(s, low, high)} {
			if fits(candidate) && matchesAll(patterns, candidate) {
				return candidate
			}
		}
	}
	return m.padded(s, low, high)
}

// textRetries bounds the tries of one string.
const textRetries = 64

// repetition is how often parts of a regular expression are repeated, beyond
// what they have to.
type repetition struct {
	most  int
	exact bool // as often as that, where they may be
}

// repetitions are those of a try: first a few times, then from none on ever
// more, as far as the length asks for it.
func repetitions(try, length int) repetition {
	const free = 4
	if try < free {
		return repetition{most: 1 + try}
	}
	return repetition{most: (try - free) * max(1, 2*length/textRetries), exact: true}
}

// padded is a text cut or filled up to a length within bounds.
func (m *maker) padded(s string, low, high int) string {
	runes := []rune(s)
	for len(runes) < low {
		runes = append(runes, []rune(m.Word())...)
		if len(runes) > max(low, len(s)) {
			runes = runes[:low]
		}
	}
	return string(runes[:min(len(runes), high)])
}

func matchesAll(patterns []string, s string) bool {
	return !slices.ContainsFunc(patterns, func(p string) bool {
		re, err := javaregexp.Compile(p)
		return err != nil || !re.Find(s)
	})
}

// matching makes a text that a regular expression finds something in, if it
// says nothing that Go's do not.
func (m *maker) matching(pattern string, rep repetition) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return m.Text()
	}
	w := &matchWriter{maker: m, repetition: rep}
	w.write(re)
	return w.String()
}

type matchWriter struct {
	*maker
	strings.Builder
	repetition
}

func (w *matchWriter) write(re *syntax.Regexp) {
	if w.Len() > maxText {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		w.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		w.class(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.WriteString(w.Word()[:1])
	case syntax.OpStar:
		w.repeat(re.Sub[0], 0, -1)
	case syntax.OpPlus:
		w.repeat(re.Sub[0], 1, -1)
	case syntax.OpQuest:
		w.repeat(re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		w.repeat(re.Sub[0], re.Min, re.Max)
	case syntax.OpAlternate:
		w.write(re.Sub[w.Intn(len(re.Sub))])
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			w.write(sub)
		}
	}
}

func (w *matchWriter) repeat(re *syntax.Regexp, low, high int) {
	if most := low + w.most; high < 0 || high > most {
		high = most
	}
	n := high
	if !w.exact {
		n = low + w.Intn(high-low+1)
	}
	for range n {
		w.write(re)
	}
}

// class writes a character of a class, a printable one of ASCII if there is any.
func (w *matchWriter) class(ranges []rune) {
	var printable []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], '!'); r <= min(ranges[i+1], '~'); r++ {
			printable = append(printable, r)
		}
	}
	switch {
	case len(printable) > 0:
		// Letters and digits are simpler than signs.
		slices.SortStableFunc(printable, func(a, b rune) int { return plainness(a) - plainness(b) })
		w.WriteRune(printable[w.Intn(len(printable))])
	case len(ranges) > 1:
		i := w.Intn(len(ranges)/2) * 2
		w.WriteRune(ranges[i] + rune(w.Intn(int(ranges[i+1]-ranges[i])+1)))
	}
}

func plainness(r rune) int {
	switch {
	case r >= 'a' && r <= 'z':
		return 0
	case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
		return 1
	}
	return 2
}

// formatMakers make texts of the formats.
var formatMakers = map[string]func(m *maker) string{
	"date":      (*maker).date,
	"time":      (*maker).time,
	"date-time": func(m *maker) string { return m.date() + "T" + m.time() },
	"duration":  func(m *maker) string { return fmt.Sprintf("P%dDT%dH", 1+m.Intn(30), m.Intn(24)) },

	"email":        func(m *maker) string { return m.Word() + "@" + m.Word() + ".example" },
	"idn-email":    func(m *maker) string { return m.Word() + "@" + m.Word() + ".example" },
	"hostname":     (*maker).host,
	"idn-hostname": (*maker).host,
	"ipv4": func(m *maker) string {
		return fmt.Sprintf("%d.%d.%d.%d", m.Intn(256), m.Intn(256), m.Intn(256), m.Intn(256))
	},
	"ipv6": func(m *maker) string {
		return fmt.Sprintf("2001:db8::%x:%x", m.Intn(1<<16), m.Intn(1<<16))
	},

	"uri":           (*maker).uri,
	"iri":           (*maker).uri,
	"uri-reference": func(m *maker) string { return "/" + m.Word() },
	"iri-reference": func(m *maker) string { return "/" + m.Word() },
	"uri-template":  func(m *maker) string { return m.uri() + "/{" + m.Word() + "}" },

	"uuid": func(m *maker) string {
		b := m.Bytes(16)
		b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
		return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	},
	"json-pointer":          func(m *maker) string { return "/" + m.Word() },
	"relative-json-pointer": func(m *maker) string { return "0/" + m.Word() },
	"regex":                 func(m *maker) string { return "^" + m.Word() + "+$" },
}

func (m *maker) date() string {
	return fmt.Sprintf("%04d-%02d-%02d", 1970+m.Intn(100), 1+m.Intn(12), 1+m.Intn(28))
}

func (m *maker) time() string {
	return fmt.Sprintf("%02d:%02d:%02dZ", m.Intn(24), m.Intn(60), m.Intn(60))
}

func (m *maker) host() string { return m.Word() + ".example" }

func (m *maker) uri() string { return "https://" + m.host() + "/" + m.Word() }
