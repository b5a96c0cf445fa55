package picture

import "time"

// isoPicture is the form of times without a picture.
var isoPicture = func() *Time {
	t, err := CompileTime("[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]")
	if err != nil {
		panic(err)
	}
	return t
}()

// FormatISO writes an instant as ISO 8601, with milliseconds, as $fromMillis and
// $now do without a picture. Of a year beyond 9999 it writes the last four
// digits, as the reference does. The error is an *Error.
func FormatISO(ms float64, zone Zone) (string, error) { return isoPicture.Format(ms, zone) }

// ParseISO reads the timestamps that $toMillis takes without a picture:
//
//	YYYY[-MM[-DD]][Z]
//	YYYY-MM-DDThh:mm:ss[.fff...][Z|±hh:mm|±hhmm]
//
// in UTC unless a zone is given. Digits below milliseconds are cut, a day up to
// 31 that the month does not have is one of the next month, 24:00:00 is the end
// of the day. All other texts are an *Error.
//
// It differs from the reference in that timestamps that are no date are
// errors, not NaN, and in that the years from 0 to 99 are themselves in front
// of a bare Z too.
func ParseISO(text string) (ms float64, err error) {
	ms, ok := parseISO(text)
	if !ok {
		return 0, &Error{Code: "D3110", Value: text}
	}
	return ms, nil
}

func parseISO(text string) (ms float64, ok bool) {
	s := scanner{text: text, ok: true}
	year, month, day := s.number(4, 0, 9999), 1, 1
	if s.skip('-') {
		month = s.number(2, 1, 12)
		if s.skip('-') {
			day = s.number(2, 1, 31)
			if s.skip('T') {
				ms = s.clock()
			}
		}
	}
	s.skip('Z')
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return float64(date.UnixMilli()) + ms, s.ok && s.text == ""
}

// scanner takes a timestamp apart. After a failure ok is false.
type scanner struct {
	text string
	ok   bool
}

// clock reads the time of day and its zone, but no Z.
func (s *scanner) clock() float64 {
	hour := s.number(2, 0, 24)
	s.want(':')
	minute := s.number(2, 0, 59)
	s.want(':')
	second := s.number(2, 0, 59)
	millis, below := 0, false
	if s.skip('.') {
		millis, below = s.fraction()
	}
	if hour == 24 && (minute > 0 || second > 0 || millis > 0 || below) {
		s.ok = false
	}
	offset := 0
	switch {
	case s.skip('+'):
		offset = s.offset()
	case s.skip('-'):
		offset = -s.offset()
	}
	return float64((hour*60+minute-offset)*60_000 + second*1000 + millis)
}

// offset reads hours and minutes of a zone and gives minutes. No Z may follow.
func (s *scanner) offset() int {
	hours := s.number(2, 0, 23)
	s.skip(':')
	minutes := s.number(2, 0, 59)
	s.ok = s.ok && s.text == ""
	return hours*60 + minutes
}

// number reads so many digits with a value in the range.
func (s *scanner) number(digits, least, most int) int {
	v := 0
	for range digits {
		if s.text == "" || s.text[0] < '0' || s.text[0] > '9' {
			s.ok = false
			return least
		}
		v = v*10 + int(s.text[0]-'0')
		s.text = s.text[1:]
	}
	s.ok = s.ok && least <= v && v <= most
	return v
}

// fraction reads digits after the point of seconds, at least one. It gives the
// milliseconds and reports whether there is something below them.
func (s *scanner) fraction() (millis int, below bool) {
	place := 100
	for first := true; first || s.text != "" && '0' <= s.text[0] && s.text[0] <= '9'; first = false {
		digit := s.number(1, 0, 9)
		millis += place * digit
		below = below || place == 0 && digit > 0
		place /= 10
	}
	return millis, below
}

func (s *scanner) skip(c byte) bool {
	if s.text == "" || s.text[0] != c {
		return false
	}
	s.text = s.text[1:]
	return true
}

func (s *scanner) want(c byte) { s.ok = s.skip(c) && s.ok }
