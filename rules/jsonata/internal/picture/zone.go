package picture

// Zone is an offset from UTC as the timezone argument of $fromMillis gives it,
// for example 530 for "+0530" and -600 for "-0600". The zero value is UTC.
//
// The hours of a negative offset are rounded down and its minutes are then
// subtracted: "-0530" is six and a half hours, as in the reference.
type Zone struct{ hours, minutes int }

// ParseZone reads the timezone argument of $fromMillis. What follows its
// digits has no meaning. The error is an *Error.
func ParseZone(text string) (Zone, error) {
	v, ok := leadingInteger(text)
	if !ok || v < -9999 || v > 9999 {
		return Zone{}, &Error{Code: "D3134", Value: text}
	}
	n := int(v)
	hours := n / 100
	if n%100 < 0 {
		hours--
	}
	return Zone{hours, n % 100}, nil
}

// millis is the distance from UTC.
func (z Zone) millis() int64 { return int64(z.hours*60+z.minutes) * 60_000 }

// number is the offset with its hours as hundreds.
func (z Zone) number() float64 { return float64(z.hours*100 + z.minutes) }
