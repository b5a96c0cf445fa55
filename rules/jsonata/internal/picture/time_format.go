package picture

import (
	"math"
	"time"
)

const (
	dayMillis = 86_400_000
	// maxMillis bounds times on both sides of 1970, as in JavaScript.
	maxMillis = 8.64e15
)

// Format writes the instant ms, in milliseconds since 1970-01-01T00:00Z, as it
// is called in the zone. A fraction of a millisecond is cut. The error is an
// *Error.
func (t *Time) Format(ms float64, zone Zone) (string, error) {
	var buf [64]byte
	text, err := t.Append(buf[:0], ms, zone)
	return string(text), err
}

// Append appends what Format returns to dst.
func (t *Time) Append(dst []byte, ms float64, zone Zone) ([]byte, error) {
	if t.formatErr != nil {
		return dst, t.formatErr
	}
	shifted := ms + float64(zone.millis())
	// The comparisons are false for NaN.
	if !(math.Abs(ms) <= maxMillis && math.Abs(shifted) <= maxMillis) {
		return dst, &Error{Code: "D1001", Value: ms}
	}
	local := time.UnixMilli(int64(shifted)).UTC()
	var err error
	for i := range t.parts {
		p := &t.parts[i]
		if p.component == 0 {
			dst = append(dst, p.literal...)
			continue
		}
		if dst, err = p.append(dst, local, zone); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func (p *part) append(dst []byte, local time.Time, offset Zone) ([]byte, error) {
	switch components[p.component].kind {
	case fixedISO:
		return append(dst, "ISO"...), nil
	case halfDay:
		name := "am"
		if local.Hour() >= 12 {
			name = "pm"
		}
		return p.appendName(dst, name), nil
	case zone:
		return p.appendZone(dst, offset)
	}
	v := quantityOf(p.component, local)
	if p.names != numbered {
		if p.component == 'F' {
			return p.appendName(dst, days[v-1]), nil
		}
		return p.appendName(dst, months[v-1]), nil
	}
	if p.modulus > 0 {
		return p.integer.Append(dst, math.Mod(float64(v), p.modulus))
	}
	return p.integer.Append(dst, float64(v))
}

var (
	days   = [...]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
	months = [...]string{
		"january", "february", "march", "april", "may", "june",
		"july", "august", "september", "october", "november", "december",
	}
)

// quantityOf returns the value of a component that is a number.
func quantityOf(component byte, t time.Time) int {
	switch component {
	case 'Y':
		return t.Year()
	case 'M':
		return int(t.Month())
	case 'D':
		return t.Day()
	case 'd':
		return t.YearDay()
	case 'F':
		return weekday(t)
	case 'W':
		return (thursday(t).YearDay()-1)/7 + 1
	case 'w':
		return (thursday(t).Day()-1)/7 + 1
	case 'X':
		return thursday(t).Year()
	case 'x':
		return int(thursday(t).Month())
	case 'H':
		return t.Hour()
	case 'h':
		return (t.Hour()+11)%12 + 1
	case 'm':
		return t.Minute()
	case 's':
		return t.Second()
	default:
		return t.Nanosecond() / 1_000_000
	}
}

// weekday is 1 for Monday to 7 for Sunday.
func weekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

// thursday is the day that a week, which begins on Monday, counts by: a year or
// a month owns the weeks that have their Thursday in it.
func thursday(t time.Time) time.Time { return t.AddDate(0, 0, 4-weekday(t)) }

// appendName appends a name of lower-case letters.
func (p *part) appendName(dst []byte, name string) []byte {
	if p.maxName >= 0 && components[p.component].kind != halfDay {
		name = name[:min(p.maxName, len(name))]
	}
	for i, c := range []byte(name) {
		if p.names == upperNames || p.names == titleNames && i == 0 && components[p.component].kind != halfDay {
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// appendZone writes hours and minutes: side by side if the picture has three
// digits or more, or separators; else the hours, and after a colon the minutes
// where there are any.
func (p *part) appendZone(dst []byte, offset Zone) ([]byte, error) {
	if p.zulu && offset == (Zone{}) {
		return append(dst, 'Z'), nil
	}
	if p.component == 'z' {
		dst = append(dst, "GMT"...)
	}
	if offset.hours >= 0 {
		dst = append(dst, '+')
	}
	if p.integer.mandatory > 2 || p.integer.grouping.distance > 0 {
		return p.integer.Append(dst, offset.number())
	}
	dst, err := p.integer.Append(dst, float64(offset.hours))
	if err != nil || offset.minutes == 0 {
		return dst, err
	}
	dst = append(dst, ':')
	return zoneMinutes.Append(dst, float64(offset.minutes))
}

// zoneMinutes writes the minutes of a zone that the picture has no place for.
var zoneMinutes = &Integer{zero: '0', mandatory: 2}
