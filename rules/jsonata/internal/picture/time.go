package picture

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	// maxWidth bounds the widths that a date picture asks for.
	maxWidth = 100
	// noWidth stands for a width that is not given.
	noWidth = -1
)

// Time is a compiled picture of $fromMillis and $toMillis.
//
// It differs from the reference in that dates outside its range are errors
// where the reference writes "NaN", that an unknown component is one whatever
// follows its letter, that days and weeks of the years 0 to 99 are counted in
// those years, and that a text is read by the longest number words and the very
// separator of a zone.
type Time struct {
	parts []part
	// What keeps the picture from being used in one direction.
	formatErr, parseErr error

	pattern func() (*regexp.Regexp, error) // made when first parsed with
}

// part is a piece of a date picture: a literal or one component.
type part struct {
	literal   string
	component byte // 0 for a literal
	names     nameCase
	maxName   int      // length that names are cut to, or noWidth
	integer   *Integer // nil for names and where it cannot be used
	modulus   float64  // of a year written without its leading digits, else 0
	zulu      bool     // write "Z" for no offset
}

type nameCase int

const (
	numbered nameCase = iota
	lowerNames
	upperNames
	titleNames
)

// component is what a letter of a date picture stands for.
type component struct {
	standard string // presentation where the picture gives none
	kind     kind
}

type kind int

const (
	quantity kind = iota
	nameable      // a quantity with names
	fraction      // a quantity read as decimals
	halfDay       // am or pm, whatever the presentation
	fixedISO      // always "ISO"
	zone
)

// components are those of XPath and the week-based years and months: X is the
// ISO year of the week and x the month of it.
var components = map[byte]component{
	'Y': {"1", quantity},
	'M': {"1", nameable},
	'D': {"1", quantity},
	'd': {"1", quantity},
	'F': {"n", nameable},
	'W': {"1", quantity},
	'w': {"1", quantity},
	'X': {"1", quantity},
	'x': {"1", nameable},
	'H': {"1", quantity},
	'h': {"1", quantity},
	'P': {"n", halfDay},
	'm': {"01", quantity},
	's': {"01", quantity},
	'f': {"1", fraction},
	'Z': {"01:01", zone},
	'z': {"01:01", zone},
	'C': {"n", fixedISO},
	'E': {"n", fixedISO},
}

// CompileTime reads a date picture. The error is an *Error. Some pictures
// compile and then fail in one direction: not all components can be parsed.
func CompileTime(picture string) (*Time, error) {
	t := &Time{}
	literal := 0 // where the last literal began
	text := make([]byte, 0, len(picture))
	flush := func() {
		if len(text) > literal {
			t.parts = append(t.parts, part{literal: string(text[literal:])})
		}
		literal = len(text)
	}
	for picture != "" {
		switch {
		case strings.HasPrefix(picture, "[["), strings.HasPrefix(picture, "]]"):
			text = append(text, picture[0])
			picture = picture[2:]
		case picture[0] == '[':
			flush()
			marker, rest, ok := strings.Cut(picture[1:], "]")
			if !ok {
				return nil, &Error{Code: "D3135"}
			}
			if err := t.addComponent(marker); err != nil {
				return nil, err
			}
			picture = rest
		default:
			text = append(text, picture[0])
			picture = picture[1:]
		}
	}
	flush()
	t.pattern = sync.OnceValues(t.compilePattern)
	return t, nil
}

// marker is the text between brackets, taken apart.
type marker struct {
	component    byte
	presentation string
	modifier     byte // 'o' for ordinals, 't' for "Z", or another or none
	least, most  int  // width, or noWidth
}

func readMarker(text string) (marker, error) {
	text = strings.Map(func(r rune) rune {
		if space(r) {
			return -1
		}
		return r
	}, text)
	first, size := utf8.DecodeRuneInString(text)
	if _, ok := components[byte(first)]; !ok || size != 1 {
		return marker{}, &Error{Code: "D3132", Value: text[:size]}
	}
	m := marker{component: text[0], presentation: text[1:], least: noWidth, most: noWidth}
	if i := strings.LastIndexByte(m.presentation, ','); i >= 0 {
		least, most, _ := strings.Cut(m.presentation[i+1:], "-")
		m.presentation = m.presentation[:i]
		var err error
		if m.least, err = width(least); err != nil {
			return m, err
		}
		if m.most, err = width(most); err != nil {
			return m, err
		}
	}
	if n := len(m.presentation) - 1; n > 0 && strings.IndexByte("atco", m.presentation[n]) >= 0 {
		m.presentation, m.modifier = m.presentation[:n], m.presentation[n]
	}
	if m.presentation == "" {
		m.presentation = components[m.component].standard
	}
	return m, nil
}

// width reads one of the two widths; what is no number, as "*", asks for none.
func width(text string) (int, error) {
	switch v, ok := leadingInteger(text); {
	case !ok:
		return noWidth, nil
	case v > maxWidth:
		return 0, &Error{Code: "D1001", Value: v}
	default:
		return int(v), nil
	}
}

func (t *Time) addComponent(text string) error {
	m, err := readMarker(text)
	if err != nil {
		return err
	}
	p := part{component: m.component, names: nameCaseOf(m.presentation), maxName: m.most, zulu: m.modifier == 't'}
	nameless := &Error{Code: "D3133", Value: string(m.component)}
	switch kind := components[m.component].kind; {
	case kind == halfDay, kind == nameable && p.names != numbered:
	case kind == fixedISO:
		t.cannotParse(nameless)
	case kind == zone:
		err = t.compileZone(&p, m)
	case p.names == numbered:
		err = t.compileQuantity(&p, m)
	default:
		t.cannotFormat(nameless)
		if kind != fraction {
			t.cannotParse(nameless)
		}
	}
	t.parts = append(t.parts, p)
	return err
}

func (t *Time) cannotFormat(err error) {
	if t.formatErr == nil {
		t.formatErr = err
	}
}

func (t *Time) cannotParse(err error) {
	if t.parseErr == nil {
		t.parseErr = err
	}
}

func nameCaseOf(presentation string) nameCase {
	switch {
	case strings.HasPrefix(presentation, "Nn"):
		return titleNames
	case presentation[0] == 'N':
		return upperNames
	case presentation[0] == 'n':
		return lowerNames
	}
	return numbered
}

func (t *Time) compileQuantity(p *part, m marker) error {
	integer, err := compilePresentation(m)
	switch {
	case mixed(err):
		return err
	case err != nil:
		t.cannotFormat(err)
		t.cannotParse(err)
		return nil
	}
	integer.mandatory = max(integer.mandatory, m.least)
	if m.component == 'Y' {
		// Only years lose leading digits: to the greatest width, else to the
		// digits in the picture, if there are at least two.
		digits := integer.mandatory + integer.optional
		if m.most >= 0 {
			integer.mandatory = m.most
			digits = m.most
		}
		if m.most >= 0 || integer.sequence == decimals && digits >= 2 {
			p.modulus = math.Pow10(digits)
		}
	}
	p.integer = integer
	return nil
}

func (t *Time) compileZone(p *part, m marker) error {
	integer, err := compilePresentation(m)
	switch {
	case mixed(err):
		return err
	case err != nil || integer.sequence != decimals:
		t.cannotFormat(&Error{Code: "D3134"})
	case integer.mandatory > 4 && integer.grouping.distance == 0:
		t.cannotFormat(&Error{Code: "D3134", Value: integer.mandatory})
	}
	p.integer = integer
	return nil
}

// mixed reports whether err is about digits of several families, which is
// found before all that shows only in use.
func mixed(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == "D3131"
}

// compilePresentation reads the picture of a component that is a number. It is
// an integer picture with its own modifier if the component has none.
func compilePresentation(m marker) (*Integer, error) {
	if m.modifier == 'o' {
		return compileInteger(m.presentation, true)
	}
	return CompileInteger(m.presentation)
}
