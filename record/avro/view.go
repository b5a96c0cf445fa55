package avro

import (
	"math/big"
	"reflect"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema/avro"
	twmb "github.com/twmb/avro"
)

// View is how records are shown to programs that want other Go values than
// those that rules work on. Append takes records in any view.
type View struct {
	// Tagged shows values of unions that are not null as map[string]any with the name of the branch
	// as the only key, whatever their union is.
	Tagged bool
	// Logical shows values of logical types as the Go values they mean: time.Time for dates and timestamps,
	// time.Duration for times of day, *big.Rat for decimals, avro.Duration of github.com/twmb/avro for durations.
	Logical bool
}

// View is a record as Decode gives it in another view. The record is used up.
func (f *Format) View(rec any, as View) any {
	if !as.Tagged && !as.Logical {
		return rec
	}
	return as.show(f.root, rec)
}

func (as View) show(n *node, v any) any {
	switch n.kind {
	case avro.Union:
		i, inner := n.choose(v)
		if i < 0 {
			return v
		}
		b := n.branches[i]
		shown := as.show(b, inner)
		switch {
		case b.kind == avro.Null:
			return nil
		case as.Tagged:
			return map[string]any{b.name: shown}
		}
		if named, ok := v.(*record.Branch); ok {
			return &record.Branch{Name: named.Name, Value: shown}
		}
		return shown
	case avro.Record:
		m := v.(map[string]any)
		for i := range n.fields {
			m[n.fields[i].name] = as.show(n.fields[i].node, m[n.fields[i].name])
		}
	case avro.Map:
		m := v.(map[string]any)
		for name := range m {
			m[name] = as.show(n.items, m[name])
		}
	case avro.Array:
		a := v.([]any)
		for i := range a {
			a[i] = as.show(n.items, a[i])
		}
	default:
		if as.Logical {
			return n.meant(v)
		}
	}
	return v
}

// meant is a value as the Go value of its logical type, where it has one.
func (n *node) meant(v any) any {
	name := n.typ.LogicalType()
	l, ok := logicals[name]
	if !ok || l.cooked == nil {
		return v
	}
	x, ok := l.cooked(n, v, meaning(name))
	if !ok {
		return v
	}
	if rat, ok := x.(big.Rat); ok {
		return &rat
	}
	return x
}

// meaning is the Go type of a logical type.
func meaning(logical string) reflect.Type {
	switch logical {
	case "decimal":
		return ratType
	case "time-millis", "time-micros":
		return goDuration
	case "duration":
		return reflect.TypeFor[twmb.Duration]()
	}
	return timeType
}
