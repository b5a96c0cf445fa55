package avro

import (
	"encoding/binary"
	"math/big"
	"slices"

	"github.com/seed-9f7c7091/concordat/record"
	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// Generate makes a record up. Values of logical types are within what the types mean. Recursive
// types go no deeper than the size of the generator, and end soon where the record is large already.
func (f *Format) Generate(g *record.Generator) any {
	m := &maker{g: g, left: 40 * (g.Size() + 1)}
	return m.value(f.root, 0)
}

type maker struct {
	g    *record.Generator
	left int // values until only the smallest are made
}

// full reports whether only the smallest values are to be made.
func (m *maker) full(depth int) bool { return m.left <= 0 || depth > m.g.Size() }

func (m *maker) value(n *node, depth int) any {
	m.left--
	switch n.kind {
	case avro.Boolean:
		return m.g.Bool()
	case avro.Int:
		return int32(m.integer(n))
	case avro.Long:
		return m.integer(n)
	case avro.Float:
		return float32(m.g.Float())
	case avro.Double:
		return m.g.Float()
	case avro.String:
		if n.typ.LogicalType() == "uuid" {
			return uuidText(m.uuid())
		}
		return m.g.Text()
	case avro.Enum:
		if len(n.symbols) == 0 {
			return ""
		}
		return n.symbols[m.g.Intn(len(n.symbols))]
	case avro.Bytes, avro.Fixed:
		return m.bytes(n)
	case avro.Union:
		return m.union(n, depth)
	case avro.Record:
		r := make(map[string]any, len(n.fields))
		for i := range n.fields {
			r[n.fields[i].name] = m.value(n.fields[i].node, depth+1)
		}
		return r
	case avro.Array:
		a := make([]any, m.length(depth))
		for i := range a {
			a[i] = m.value(n.items, depth+1)
		}
		return a
	case avro.Map:
		size := m.length(depth)
		entries := make(map[string]any, size)
		for range size {
			key := m.g.Text()
			entries[key] = m.value(n.items, depth+1)
		}
		return entries
	}
	return nil
}

func (m *maker) length(depth int) int {
	if m.full(depth) {
		return 0
	}
	return m.g.Length()
}

// union chooses a branch, the lowest where the record is to end. The simplest is
// what ends soonest, null first.
func (m *maker) union(n *node, depth int) any {
	order := make([]int, len(n.branches))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := n.branches[i], n.branches[j]
		if (a.kind == avro.Null) != (b.kind == avro.Null) {
			if a.kind == avro.Null {
				return -1
			}
			return 1
		}
		return a.least() - b.least()
	})
	for n.branches[order[len(order)-1]].least() == endless {
		order = order[:len(order)-1]
	}
	at := 0
	if !m.full(depth) {
		at = m.g.Intn(len(order))
	}
	i := order[at]
	return n.wrap(i, m.value(n.branches[i], depth))
}

// Bounds of logical types: those of a day, and the years 1 to 9999 which all languages can write.
const (
	daySeconds  = 24 * 60 * 60
	firstSecond = -62_135_596_800
	lastSecond  = 253_402_300_799
)

// units are how many values of a logical type make up a second.
var units = map[string]int64{
	"time-millis": 1e3, "time-micros": 1e6,
	"timestamp-millis": 1e3, "timestamp-micros": 1e6, "timestamp-nanos": 1e9,
	"local-timestamp-millis": 1e3, "local-timestamp-micros": 1e6, "local-timestamp-nanos": 1e9,
}

func (m *maker) integer(n *node) int64 {
	logical := n.typ.LogicalType()
	switch unit := units[logical]; logical {
	case "date":
		return m.between(firstSecond/daySeconds, lastSecond/daySeconds)
	case "time-millis", "time-micros":
		return m.between(0, daySeconds*unit-1)
	case "timestamp-millis", "timestamp-micros", "local-timestamp-millis", "local-timestamp-micros":
		return m.between(firstSecond*unit, lastSecond*unit+unit-1)
	}
	// timestamp-nanos has room for less than its 64 bits can tell.
	if n.kind == avro.Int {
		return m.g.Int(32)
	}
	return m.g.Int(64)
}

// between chooses a number of a range, its ends and what is around 0 more often than others.
func (m *maker) between(low, high int64) int64 {
	switch m.g.Intn(5) {
	case 0:
		return max(low, 0)
	case 1:
		return low
	case 2:
		return high
	case 3:
		return min(max(m.g.Int(16), low), high)
	}
	return low + int64(m.g.Uint(63)%uint64(high-low+1))
}

func (m *maker) uuid() []byte {
	b := m.g.Bytes(16)
	b[6] = b[6]&0x0f | 0x40 // version 4
	b[8] = b[8]&0x3f | 0x80
	return b
}

func (m *maker) bytes(n *node) []byte {
	switch logical := n.typ.LogicalType(); logical {
	case "decimal":
		return m.decimal(n)
	case "uuid":
		return m.uuid()
	case "big-decimal":
		unscaled := twosComplement(big.NewInt(m.g.Int(64)))
		b := append(appendLong(nil, int64(len(unscaled))), unscaled...)
		return appendLong(b, int64(m.g.Intn(20)))
	case "duration":
		b := make([]byte, 0, 12)
		for range 3 {
			b = binary.LittleEndian.AppendUint32(b, uint32(m.g.Uint(32)))
		}
		return b
	}
	size := n.size
	if n.kind == avro.Bytes {
		size = m.length(0)
	}
	if size > m.g.Size()+64 {
		return make([]byte, size) // one choice for each byte of a large fixed type helps nobody
	}
	return m.g.Bytes(size)
}

// decimal chooses a number of at most as many digits as the type has.
func (m *maker) decimal(n *node) []byte {
	precision, _, _ := n.typ.Decimal()
	digits := min(precision, m.g.Size()+18)
	switch m.g.Intn(4) {
	case 0:
		digits = 0
	case 1:
		digits = 1
	}
	text := []byte{'0'}
	for range digits {
		text = append(text, '0'+byte(m.g.Intn(10)))
	}
	i, _ := new(big.Int).SetString(string(text), 10)
	if m.g.Bool() {
		i.Neg(i)
	}
	b := twosComplement(i)
	if n.kind == avro.Fixed {
		b, _ = extended(b, n.size)
	}
	return b
}
