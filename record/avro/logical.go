package avro

import (
	"encoding/hex"
	"math/big"
	"reflect"
	"strings"
	"time"

	"github.com/seed-9f7c7091/concordat/schema/avro"
	twmb "github.com/twmb/avro"
)

// logical is what structs may hold instead of the value that is written.
type logical struct {
	raw    func(n *node, v any) (any, bool)                 // the value that is written
	cooked func(n *node, v any, t reflect.Type) (any, bool) // what a struct holds, of type t
}

// logicals are the logical types that have Go types.
var logicals = map[string]logical{
	"date": {
		raw: func(n *node, v any) (any, bool) {
			t, ok := v.(time.Time)
			if !ok {
				return nil, false
			}
			s := t.Unix()
			days := s / 86400
			if s%86400 < 0 {
				days--
			}
			return n.number(reflect.ValueOf(days))
		},
		cooked: func(_ *node, v any, t reflect.Type) (any, bool) {
			days, ok := v.(int32)
			return time.Unix(int64(days)*86400, 0).UTC(), ok && t == timeType
		},
	},
	"time-millis":            timeOfDay(time.Millisecond),
	"time-micros":            timeOfDay(time.Microsecond),
	"timestamp-millis":       timestamp(time.Time.UnixMilli, time.UnixMilli),
	"timestamp-micros":       timestamp(time.Time.UnixMicro, time.UnixMicro),
	"timestamp-nanos":        timestamp(time.Time.UnixNano, unixNano),
	"local-timestamp-millis": timestamp(local(time.Time.UnixMilli), time.UnixMilli),
	"local-timestamp-micros": timestamp(local(time.Time.UnixMicro), time.UnixMicro),
	"local-timestamp-nanos":  timestamp(local(time.Time.UnixNano), unixNano),
	"decimal": {
		raw: func(n *node, v any) (any, bool) {
			r, ok := v.(big.Rat)
			if !ok {
				return nil, false
			}
			_, scale, _ := n.typ.Decimal()
			power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
			unscaled := new(big.Rat).Mul(&r, new(big.Rat).SetInt(power))
			if !unscaled.IsInt() {
				return nil, false
			}
			b := twosComplement(unscaled.Num())
			if n.kind == avro.Fixed {
				if b, ok = extended(b, n.size); !ok {
					return nil, false
				}
			}
			return b, true
		},
		cooked: func(n *node, v any, t reflect.Type) (any, bool) {
			b, ok := v.([]byte)
			if !ok || t != ratType {
				return nil, false
			}
			_, scale, _ := n.typ.Decimal()
			return *twmb.RatFromBytes(b, scale), true
		},
	},
	"duration": {
		raw: func(_ *node, v any) (any, bool) {
			d, ok := v.(twmb.Duration)
			b := d.Bytes()
			return b[:], ok
		},
		cooked: func(_ *node, v any, t reflect.Type) (any, bool) {
			b, ok := v.([]byte)
			return twmb.DurationFromBytes(b), ok && t == reflect.TypeFor[twmb.Duration]()
		},
	},
}

// meansTime reports whether a type of package time has the values of a logical type.
func (n *node) meansTime(t reflect.Type) bool {
	if t != timeType && t != goDuration {
		return false
	}
	var raw any
	switch n.kind {
	case avro.Int:
		raw = int32(0)
	case avro.Long:
		raw = int64(0)
	default:
		return false
	}
	l, ok := logicals[n.typ.LogicalType()]
	if ok {
		_, ok = l.cooked(n, raw, t)
	}
	return ok
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	goDuration = reflect.TypeFor[time.Duration]()
	ratType    = reflect.TypeFor[big.Rat]()
)

// timeOfDay is a time-millis or time-micros.
func timeOfDay(unit time.Duration) logical {
	return logical{
		raw: func(n *node, v any) (any, bool) {
			switch v := v.(type) {
			case time.Duration:
				return n.number(reflect.ValueOf(int64(v / unit)))
			case time.Time:
				h, m, s := v.Clock()
				d := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(v.Nanosecond())
				return n.number(reflect.ValueOf(int64(d / unit)))
			}
			return nil, false
		},
		cooked: func(_ *node, v any, t reflect.Type) (any, bool) {
			i, ok := integer(v)
			switch t {
			case goDuration:
				return time.Duration(i) * unit, ok
			case timeType:
				return time.Unix(0, 0).UTC().Add(time.Duration(i) * unit), ok
			}
			return nil, false
		},
	}
}

func timestamp(from func(time.Time) int64, to func(int64) time.Time) logical {
	return logical{
		raw: func(_ *node, v any) (any, bool) {
			t, ok := v.(time.Time)
			if !ok {
				return nil, false
			}
			return from(t), true
		},
		cooked: func(_ *node, v any, t reflect.Type) (any, bool) {
			i, ok := v.(int64)
			return to(i).UTC(), ok && t == timeType
		},
	}
}

func unixNano(n int64) time.Time { return time.Unix(0, n) }

// local takes a time by what its clock shows.
func local(from func(time.Time) int64) func(time.Time) int64 {
	return func(t time.Time) int64 {
		return from(time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC))
	}
}

// twosComplement is an integer in the fewest bytes that tell its sign, the highest first.
func twosComplement(i *big.Int) []byte {
	if i.Sign() >= 0 {
		b := i.Bytes()
		if len(b) == 0 || b[0] >= 0x80 {
			b = append([]byte{0}, b...)
		}
		return b
	}
	bits := new(big.Int).Not(i).BitLen() + 1
	size := (bits + 7) / 8
	return new(big.Int).Add(i, new(big.Int).Lsh(big.NewInt(1), uint(8*size))).FillBytes(make([]byte, size))
}

// extended is an integer of so many bytes, if it has room.
func extended(b []byte, size int) ([]byte, bool) {
	if len(b) > size {
		return nil, false
	}
	full := make([]byte, size)
	if b[0] >= 0x80 {
		for i := range full {
			full[i] = 0xff
		}
	}
	copy(full[size-len(b):], b)
	return full, true
}

// uuidText writes the 16 bytes of a UUID.
func uuidText(b []byte) string {
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func uuidBytes(s string) ([]byte, bool) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	return b, err == nil && len(b) == 16
}
