package picture

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// maxParsed bounds the components of a picture that is parsed with, and
	// maxText the text: both bound the work.
	maxParsed = 64
	maxText   = 10_000
)

// Parse reads a time and returns it in milliseconds since 1970-01-01T00:00Z.
// The letter case of the text has no meaning but for names: a name that is not
// one of January to December, or of their beginnings as long as the picture
// says, counts as absent. Absent components are those of now, in UTC, down to
// the first one that is present, and the least possible after the last.
//
// It reports false if the text is not written by the picture or the picture
// has no component. The error is an *Error: for a picture that cannot be
// parsed with, a gap between components, a date out of range. As in the
// reference weeks cannot be parsed, a day of the year only without the hour,
// and years below 100 are those of the twentieth century.
func (t *Time) Parse(text string, now time.Time) (ms float64, ok bool, err error) {
	if t.parseErr != nil {
		return 0, false, t.parseErr
	}
	pattern, err := t.pattern()
	if err != nil || len(text) > maxText {
		return 0, false, err
	}
	match := pattern.FindStringSubmatchIndex(text)
	if len(match) <= 2 {
		return 0, false, nil
	}
	var d date
	group := 2
	for i := range t.parts {
		p := &t.parts[i]
		if p.component == 0 {
			continue
		}
		if ok, err = d.read(p, text[match[group]:match[group+1]]); !ok {
			return 0, false, err
		}
		group += 2
	}
	if ms, err = d.resolve(now.UTC()); err != nil {
		return 0, false, err
	}
	if math.IsNaN(ms) {
		return 0, false, &Error{Code: "D1001", Value: text}
	}
	return ms, true, nil
}

// compilePattern makes an expression with a group for each component.
func (t *Time) compilePattern() (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString(`(?is)\A`)
	total := 0
	for i := range t.parts {
		p := &t.parts[i]
		if p.component == 0 {
			b.WriteString(regexp.QuoteMeta(strings.ToValidUTF8(p.literal, "\uFFFD")))
			continue
		}
		total++
		// Side by side the digits of all but the last component have a width.
		narrow := p.isInteger() && i+1 < len(t.parts) && t.parts[i+1].isInteger()
		if narrow && p.integer.mandatory > maxWidth {
			return nil, &Error{Code: "D1001", Value: p.integer.mandatory}
		}
		b.WriteString("(" + p.pattern(narrow) + ")")
	}
	b.WriteString(`\z`)
	if total > maxParsed {
		return nil, &Error{Code: "D1001", Value: total}
	}
	pattern, err := regexp.Compile(b.String())
	if err != nil {
		// Only the size of an expression made like this can be at fault.
		return nil, &Error{Code: "D1001", Value: b.Len()}
	}
	return pattern, nil
}

// isInteger reports whether the part is a number, be it in words.
func (p *part) isInteger() bool {
	return p.integer != nil && components[p.component].kind != zone
}

// wordPattern matches number words and what stands between them.
var wordPattern = func() string {
	var all []string
	for word := range wordValues {
		all = append(all, word)
	}
	// The longest first, and else in order, so that the pattern is always the
	// same.
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return "(?:" + strings.Join(all, "|") + "|and|[-, ])+"
}()

func (p *part) pattern(narrow bool) string {
	switch kind := components[p.component].kind; {
	case kind == zone:
		return p.zonePattern()
	case kind == halfDay, p.integer == nil && kind == nameable:
		return "[a-zA-Z]+"
	case kind == fraction:
		return "[0-9]+"
	}
	switch p.integer.sequence {
	case letters:
		return "[a-z]+"
	case roman:
		return "[mdclxvi]+"
	case words:
		return wordPattern
	}
	digits := "[0-9]+"
	if narrow {
		digits = "[0-9]{" + strconv.Itoa(p.integer.mandatory) + "}"
	}
	if p.integer.ordinal {
		digits += "(?:th|st|nd|rd)"
	}
	return digits
}

func (p *part) zonePattern() string {
	pattern := "[-+][0-9]+"
	if p.component == 'z' {
		pattern = "gmt" + pattern
	}
	if s := p.zoneSeparator(); s != "" {
		pattern += regexp.QuoteMeta(s) + "[0-9]+"
	}
	return pattern
}

// zoneSeparator is what stands between hours and minutes of a parsed zone.
func (p *part) zoneSeparator() string {
	if p.integer == nil || p.integer.grouping.distance == 0 {
		return ""
	}
	return string(p.integer.grouping.separators[0].char)
}

// date is what is known of a parsed time, by the letters of the components.
type date struct {
	value [128]float64 // of zones in minutes
	known [128]bool
}

// read takes the text of one component. It reports false if that is no number.
func (d *date) read(p *part, text string) (bool, error) {
	c := p.component
	d.known[c] = true
	switch kind := components[c].kind; {
	case kind == zone:
		d.value[c] = p.parseZone(text)
	case kind == halfDay:
		d.value[c] = 0
		if strings.EqualFold(text, "pm") {
			d.value[c] = 1
		}
		d.known[c] = d.value[c] == 1 || strings.EqualFold(text, "am")
	case kind == fraction:
		millis, _ := strconv.Atoi((text + "00")[:3])
		d.value[c] = float64(millis)
	case p.integer == nil:
		month := slices.IndexFunc(months[:], func(name string) bool { return p.isName(text, name) })
		d.value[c] = float64(month + 1)
		d.known[c] = month >= 0
	default:
		v, ok, err := p.integer.Parse(text)
		d.value[c] = v
		return ok, err
	}
	return true, nil
}

// isName reports whether text is the name with a capital, cut as the picture
// says.
func (p *part) isName(text, name string) bool {
	if p.maxName >= 0 {
		name = name[:min(p.maxName, len(name))]
	}
	return len(text) == len(name) && text[0] == name[0]-('a'-'A') && text[1:] == name[1:]
}

// parseZone returns an offset in minutes. Without a separator the first two
// digits are the hours.
func (p *part) parseZone(text string) float64 {
	if p.component == 'z' {
		text = text[len("GMT"):]
	}
	sign, digits := text[0], text[1:]
	hours, minutes := digits[:min(2, len(digits))], digits[min(2, len(digits)):]
	if s := p.zoneSeparator(); s != "" {
		hours, minutes, _ = strings.Cut(digits, s)
	}
	// The digits are known to be such; none are zero.
	h, _ := strconv.ParseFloat(hours, 64)
	m, _ := strconv.ParseFloat(minutes, 64)
	if sign == '-' {
		return -(h*60 + m)
	}
	return h*60 + m
}

// any reports whether one of the components is given. One that is zero counts
// as absent here, but not in fill: so it is in the reference.
func (d *date) any(components string) bool {
	return strings.ContainsFunc(components, func(r rune) bool { return d.known[r] && d.value[r] != 0 })
}

// resolve fills in what is not known. The result is NaN out of range.
func (d *date) resolve(now time.Time) (float64, error) {
	if !d.any("YMDd") && (d.any("Xxw") && !d.any("W") || d.any("XW") && !d.any("xw")) {
		return 0, &Error{Code: "D3136"}
	}
	byDay := d.any("d") && !d.any("MDXxWw")
	half := d.any("hP") && !d.any("H")
	order := "YMD"
	if byDay {
		// The day of the year does not count as lower than the year.
		order = "YD"
	}
	if half {
		order += "Phmsf"
	} else {
		order += "Hmsf"
	}
	if err := d.fill(order, now); err != nil {
		return 0, err
	}
	year, month, day := d.value['Y'], max(0, d.value['M']-1), d.value['D']
	if byDay {
		// A day beyond the year is one of the same year again.
		t := daysTo(year, 0) + d.value['d'] - 1
		if !(math.Abs(t) <= maxMillis/dayMillis) {
			return math.NaN(), nil
		}
		of := time.Unix(int64(t)*dayMillis/1000, 0).UTC()
		month, day = float64(of.Month()-1), float64(of.Day())
	}
	hour := d.value['H']
	if half {
		hour = d.value['h']
		if hour == 12 {
			hour = 0
		}
		hour += 12 * d.value['P']
	}
	millis := (daysTo(year, month)+day-1)*dayMillis +
		hour*3_600_000 + d.value['m']*60_000 + d.value['s']*1000 + d.value['f']
	if math.Abs(millis) > maxMillis {
		return math.NaN(), nil
	}
	offset := d.value['Z']
	if offset == 0 {
		offset = d.value['z']
	}
	return millis - offset*60_000, nil
}

// fill sets what is not known of the components in order, from the highest to
// the lowest.
func (d *date) fill(order string, now time.Time) error {
	begun, ended := false, false
	for i := range len(order) {
		c := order[i]
		switch {
		case d.known[c] && ended:
			return &Error{Code: "D3136"}
		case d.known[c]:
			begun = true
		case begun:
			ended = true
			d.value[c] = 0
			if c == 'M' || c == 'D' {
				d.value[c] = 1
			}
		case c != 'P':
			d.value[c] = float64(quantityOf(c, now))
		}
	}
	return nil
}

// daysTo counts the days from 1970 to the first of a month, which counts from 0
// and may be any number. It is NaN for years far out of range.
func daysTo(year, month float64) float64 {
	if year >= 0 && year <= 99 {
		year += 1900
	}
	if !(math.Abs(year) <= 1e6 && math.Abs(month) <= 1e7) {
		return math.NaN()
	}
	year += math.Floor(month / 12)
	month -= 12 * math.Floor(month/12)
	return float64(time.Date(int(year), time.Month(month+1), 1, 0, 0, 0, 0, time.UTC).UnixMilli() / dayMillis)
}
