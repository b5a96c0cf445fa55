package avro

import (
	"math"
	"strconv"

	"github.com/seed-9f7c7091/concordat/schema/jsontree"
)

// logicalKinds lists the logical types of Avro 1.12 and the kinds they may
// annotate; those with further conditions are checked in LogicalType.
var logicalKinds = map[string][]Kind{
	"date":                   {Int},
	"time-millis":            {Int},
	"time-micros":            {Long},
	"timestamp-millis":       {Long},
	"timestamp-micros":       {Long},
	"timestamp-nanos":        {Long},
	"local-timestamp-millis": {Long},
	"local-timestamp-micros": {Long},
	"local-timestamp-nanos":  {Long},
	"uuid":                   {String, Fixed},
	"big-decimal":            {Bytes},
	"decimal":                {Bytes, Fixed},
	"duration":               {Fixed},
}

// Sizes that the fixed forms of logical types must have, in bytes.
const (
	uuidSize     = 16
	durationSize = 12
)

// LogicalType is the logical type of a type, "" where it has none or where the
// annotation does not fit the type and therefore counts for nothing.
func (t *Type) LogicalType() string {
	if len(t.Props) == 0 {
		return ""
	}
	v := t.Prop("logicalType")
	if v == nil || v.Kind != jsontree.String {
		return ""
	}
	for _, k := range logicalKinds[v.Text] {
		if k != t.Kind {
			continue
		}
		switch {
		case v.Text == "decimal":
			if _, _, ok := t.Decimal(); !ok {
				return ""
			}
		case v.Text == "uuid" && k == Fixed && t.Named.Size != uuidSize,
			v.Text == "duration" && t.Named.Size != durationSize:
			return ""
		}
		return v.Text
	}
	return ""
}

// Decimal returns the parameters of the logical type decimal; a missing scale
// is 0. They are valid only if they fit the type.
func (t *Type) Decimal() (precision, scale int, valid bool) {
	precision, ok := number(t.Prop("precision"))
	if !ok || precision <= 0 || precision > t.maxPrecision() {
		return 0, 0, false
	}
	if v := t.Prop("scale"); v != nil {
		if scale, ok = number(v); !ok || scale < 0 || scale > precision {
			return 0, 0, false
		}
	}
	return precision, scale, true
}

// maxPrecision is the number of digits that every value has room for.
func (t *Type) maxPrecision() int {
	if t.Kind == Fixed {
		return int(math.Floor(math.Log10(2) * float64(8*int64(t.Named.Size)-1)))
	}
	return math.MaxInt32
}

// number reads an integer of 32 bits.
func number(v *jsontree.Value) (int, bool) {
	if v == nil || v.Kind != jsontree.Number {
		return 0, false
	}
	n, err := strconv.ParseInt(v.Text, 10, 32)
	return int(n), err == nil
}
