package jsonata

import (
	"time"

	"github.com/seed-9f7c7091/concordat/rules/jsonata/internal/picture"
)

var timeFunctions = []builtin{
	{"now", "<s?s?:s>", 2, fnNow},
	{"millis", "<:n>", 0, fnMillis},
	{"toMillis", "<s-s?:n>", 2, fnToMillis},
	{"fromMillis", "<n-s?s?:s>", 3, fnFromMillis},
}

// clock is the time of the evaluation, which stands still.
func (st *state) clock() time.Time {
	if !st.fixed {
		st.now, st.fixed = time.Now(), true
	}
	return st.now
}

func fnNow(st *state, args []value, _ value) (value, *Error) {
	return formatTime(st, float64(st.clock().UnixMilli()), arg(args, 0), arg(args, 1))
}

func fnMillis(st *state, _ []value, _ value) (value, *Error) {
	return number(float64(st.clock().UnixMilli())), nil
}

func fnFromMillis(st *state, args []value, _ value) (value, *Error) {
	v := arg(args, 0)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	return formatTime(st, v.num, arg(args, 1), arg(args, 2))
}

func formatTime(st *state, ms float64, pic, tz value) (value, *Error) {
	var zone picture.Zone
	var err error
	if tz.kind == stringKind {
		if zone, err = picture.ParseZone(tz.str()); err != nil {
			return undefined, pictureError(err)
		}
	}
	var s string
	if pic.kind == undefinedKind {
		s, err = picture.FormatISO(ms, zone)
	} else {
		var p *picture.Time
		if p, err = timePictures.get(st, pic.str()); err == nil {
			s, err = p.Format(ms, zone)
		}
	}
	if err != nil {
		return undefined, pictureError(err)
	}
	return st.text(s)
}

func fnToMillis(st *state, args []value, _ value) (value, *Error) {
	v, pic := arg(args, 0), arg(args, 1)
	if v.kind == undefinedKind {
		return undefined, nil
	}
	s := v.str()
	if err := st.tick(len(s)); err != nil {
		return undefined, err
	}
	if pic.kind == undefinedKind {
		ms, err := picture.ParseISO(s)
		if err != nil {
			return undefined, pictureError(err)
		}
		return number(ms), nil
	}
	p, err := timePictures.get(st, pic.str())
	if err != nil {
		return undefined, pictureError(err)
	}
	ms, ok, err := p.Parse(s, st.clock())
	if err != nil {
		return undefined, pictureError(err)
	}
	if !ok {
		return undefined, nil
	}
	return number(ms), nil
}
