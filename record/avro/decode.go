package avro

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/seed-9f7c7091/concordat/schema/avro"
)

// maxBeyond is how many more values a payload may make than it has bytes. Values
// of no bytes, as null and empty records are, are as many as the payload claims.
const maxBeyond = 1 << 18

// source is a payload being read.
type source struct {
	rest  []byte
	size  int    // of the whole payload
	texts string // the whole payload as a text, of which all texts are parts; "" while there are none, or for large ones
	from  int    // where in the payload texts begins
	room  int    // how many more values may be made
	depth int
	// thorough has blocks that tell their size read as others are, and the size compared.
	thorough bool
}

func (p *plan) decode(payload []byte) (any, error) {
	v, _, err := p.decodeSome(payload)
	return v, err
}

// decodeSome also tells how many bytes were left.
func (p *plan) decodeSome(payload []byte) (any, int, error) {
	if p.writer.kind == avro.Bytes {
		return append([]byte{}, payload...), 0, nil
	}
	s := &source{rest: payload, size: len(payload), room: len(payload) + maxBeyond}
	v, wrong := s.read(p)
	switch {
	case wrong == nil:
		return v, len(s.rest), nil
	case wrong.offset >= 0:
		return nil, 0, &PayloadError{Offset: wrong.offset, Path: wrong.pointer(), Reason: wrong.reason}
	}
	return nil, 0, wrong.mismatch()
}

// maxTexts is how long a payload may be for its texts to share one piece of memory. One of them that is kept keeps all.
const maxTexts = 1 << 10

// string is the text of the bytes that were read last.
func (s *source) string(b []byte) string {
	if s.size > maxTexts {
		return string(b)
	}
	if s.texts == "" {
		whole := b[:len(b)+len(s.rest)] // the payload goes on behind what was read
		s.texts = string(whole)
		s.from = s.size - len(whole)
	}
	end := s.size - len(s.rest) - s.from
	return s.texts[end-len(b) : end]
}

func (s *source) fail(format string, args ...any) *wrong {
	return &wrong{reason: fmt.Sprintf(format, args...), offset: s.size - len(s.rest)}
}

func (s *source) short(what string, n int) *wrong {
	return s.fail("%s needs %d bytes, there are %d", what, n, len(s.rest))
}

// long reads an integer of a type of so many bits.
func (s *source) long(bits int) (int64, *wrong) {
	if len(s.rest) > 0 && s.rest[0] < 0x80 { // as most are
		b := s.rest[0]
		s.rest = s.rest[1:]
		return int64(b>>1) ^ -int64(b&1), nil
	}
	i, n := binary.Varint(s.rest)
	switch {
	case n == 0:
		return 0, s.fail("a number ends with the payload")
	case n < 0 || bits == 32 && i != int64(int32(i)):
		return 0, s.fail("a number has more than %d bits", bits)
	}
	s.rest = s.rest[n:]
	return i, nil
}

// bytes reads so many bytes; they are the payload's.
func (s *source) bytes(what string, n int64) ([]byte, *wrong) {
	if n < 0 {
		return nil, s.fail("%s of length %d", what, n)
	}
	if n > int64(len(s.rest)) {
		return nil, s.short(what, int(min(n, math.MaxInt)))
	}
	b := s.rest[:n]
	s.rest = s.rest[n:]
	return b, nil
}

// text reads a length and as many bytes.
func (s *source) text(what string) ([]byte, *wrong) {
	n, wrong := s.long(64)
	if wrong != nil {
		return nil, wrong
	}
	return s.bytes(what, n)
}

// single reads a float.
func (s *source) single() (float32, *wrong) {
	b, wrong := s.bytes("a float", 4)
	if wrong != nil {
		return 0, wrong
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(b)), nil
}

// double reads a double.
func (s *source) double() (float64, *wrong) {
	b, wrong := s.bytes("a double", 8)
	if wrong != nil {
		return 0, wrong
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b)), nil
}

// block reads the number of items in the next block of an array or a map, 0 at
// the end. In a block that is told in bytes too, size is how many, -1 else.
func (s *source) block(empty bool) (count int, size int64, bad *wrong) {
	n, bad := s.long(64)
	if bad != nil {
		return 0, 0, bad
	}
	size = -1
	if n < 0 {
		n = -n
		if size, bad = s.long(64); bad != nil {
			return 0, 0, bad
		}
		if size < 0 || n < 0 {
			return 0, 0, s.fail("a block of %d items in %d bytes", n, size)
		}
	}
	if !empty && n > int64(len(s.rest)) {
		return 0, 0, s.fail("a block of %d items, in %d bytes", n, len(s.rest))
	}
	if n > int64(s.room) {
		return 0, 0, s.tooMany()
	}
	s.room -= int(n)
	return int(n), size, nil
}

func (s *source) tooMany() *wrong {
	return s.fail("more than %d values, in %d bytes", maxBeyond, s.size)
}

// enter goes into a value with parts.
func (s *source) enter() *wrong {
	if s.depth++; s.depth > maxDepth {
		return s.fail("the value is nested more than %d deep", maxDepth)
	}
	return nil
}

// read reads a value.
func (s *source) read(p *plan) (any, *wrong) {
	if p.refused != "" {
		return nil, mismatch("%s", p.refused)
	}
	if p.union != nil {
		v, wrong := s.read(p.items)
		if wrong != nil {
			return nil, wrong
		}
		return p.union.wrap(p.branch, v), nil
	}
	switch p.writer.kind {
	case avro.Boolean:
		b, wrong := s.bytes("a boolean", 1)
		if wrong != nil {
			return nil, wrong
		}
		return b[0] == 1, nil
	case avro.Int:
		i, wrong := s.long(32)
		if wrong != nil {
			return nil, wrong
		}
		if p.to == avro.Int {
			return int32(i), nil
		}
		return promoted(i, p.to), nil
	case avro.Long:
		i, wrong := s.long(64)
		if wrong != nil {
			return nil, wrong
		}
		return promoted(i, p.to), nil
	case avro.Float:
		f, wrong := s.single()
		if wrong != nil {
			return nil, wrong
		}
		if p.to == avro.Double {
			return float64(f), nil
		}
		return f, nil
	case avro.Double:
		f, wrong := s.double()
		if wrong != nil {
			return nil, wrong
		}
		return f, nil
	case avro.Bytes, avro.String:
		b, wrong := s.text(p.writer.name)
		if wrong != nil {
			return nil, wrong
		}
		if p.to == avro.String {
			return s.string(b), nil
		}
		return append([]byte{}, b...), nil
	case avro.Fixed:
		b, wrong := s.bytes(p.writer.name, int64(p.writer.size))
		if wrong != nil {
			return nil, wrong
		}
		return append([]byte{}, b...), nil
	case avro.Enum:
		return s.enum(p)
	case avro.Union:
		i, wrong := s.choice(p.writer)
		if wrong != nil {
			return nil, wrong
		}
		return s.read(p.branches[i])
	case avro.Record:
		return s.record(p)
	case avro.Array:
		return s.array(reader{plan: p.items}, p.writer.items.empty)
	case avro.Map:
		return s.mapping(p)
	}
	return nil, nil
}

func promoted(i int64, to avro.Kind) any {
	switch to {
	case avro.Float:
		return float32(i)
	case avro.Double:
		return float64(i)
	}
	return i
}

// choice reads which branch of a union, or which symbol of an enum, a value is.
func (s *source) choice(n *node) (int, *wrong) {
	i, wrong := s.long(32)
	if wrong != nil {
		return 0, wrong
	}
	if most := max(len(n.branches), len(n.symbols)); i < 0 || i >= int64(most) {
		if n.kind == avro.Enum {
			return 0, s.fail("%s has %d symbols, none with number %d", n.name, most, i)
		}
		return 0, s.fail("the union has %d branches, none with number %d", most, i)
	}
	return int(i), nil
}

func (s *source) enum(p *plan) (any, *wrong) {
	i, wrong := s.choice(p.writer)
	if wrong != nil {
		return nil, wrong
	}
	if p.symbols[i] == nil {
		return nil, mismatch("the symbol %s is none of %s, which has no default", p.writer.symbols[i], p.reader.name)
	}
	return p.symbols[i], nil
}

func (s *source) record(p *plan) (any, *wrong) {
	if wrong := s.enter(); wrong != nil {
		return nil, wrong
	}
	if s.room -= p.extra; s.room < 0 {
		return nil, s.tooMany()
	}
	m := make(map[string]any, p.fields)
	for i := range p.steps {
		st := &p.steps[i]
		if st.plan == nil {
			if wrong := s.skip(st.skipped); wrong != nil {
				return nil, wrong.at(st.name)
			}
			continue
		}
		v, wrong := s.read(st.plan)
		if wrong != nil {
			return nil, wrong.at(st.name)
		}
		m[st.name] = v
	}
	for _, f := range p.missing {
		v, wrong := f.value()
		if wrong != nil {
			return nil, wrong.at(f.name)
		}
		m[f.name] = v
	}
	s.depth--
	return m, nil
}

// reader reads values, by a plan as records or of a type as JSON. It is no interface, through which a source would have to live on the heap.
type reader struct {
	plan *plan
	json *node
}

func (r reader) from(s *source) (any, *wrong) {
	if r.json != nil {
		return s.json(r.json)
	}
	return s.read(r.plan)
}

// each reads the items of an array or the entries of a map, one at each call of item, which is also told how many are left in their block,
// each with itself. empty: they may take no byte.
func (s *source) each(empty bool, item func(left int) *wrong) *wrong {
	if wrong := s.enter(); wrong != nil {
		return wrong
	}
	for {
		count, _, wrong := s.block(empty)
		if wrong != nil {
			return wrong
		}
		if count == 0 {
			s.depth--
			return nil
		}
		for ; count > 0; count-- {
			if wrong := item(count); wrong != nil {
				return wrong
			}
		}
	}
}

// array reads the items of an array. empty: they may take no byte.
func (s *source) array(items reader, empty bool) (any, *wrong) {
	a := []any{}
	wrong := s.each(empty, func(left int) *wrong {
		if len(a) == 0 {
			a = make([]any, 0, left)
		}
		v, wrong := items.from(s)
		if wrong != nil {
			return wrong.item(len(a))
		}
		a = append(a, v)
		return nil
	})
	if wrong != nil {
		return nil, wrong
	}
	return a, nil
}

func (s *source) mapping(p *plan) (any, *wrong) {
	m := make(map[string]any)
	wrong := s.each(false, func(int) *wrong {
		name, v, wrong := s.entry(reader{plan: p.items})
		m[name] = v
		return wrong
	})
	if wrong != nil {
		return nil, wrong
	}
	return m, nil
}

// key reads the key of an entry.
func (s *source) key() (string, *wrong) {
	b, wrong := s.text("a key")
	if wrong != nil {
		return "", wrong
	}
	return s.string(b), nil
}

func (s *source) entry(values reader) (name string, v any, bad *wrong) {
	if name, bad = s.key(); bad != nil {
		return "", nil, bad
	}
	if v, bad = values.from(s); bad != nil {
		return "", nil, bad.at(name)
	}
	return name, v, nil
}

// skip passes over a value that the reader has no field for.
func (s *source) skip(n *node) (bad *wrong) {
	switch n.kind {
	case avro.Boolean:
		_, bad = s.bytes("a boolean", 1)
	case avro.Int:
		_, bad = s.long(32)
	case avro.Long:
		_, bad = s.long(64)
	case avro.Float:
		_, bad = s.bytes("a float", 4)
	case avro.Double:
		_, bad = s.bytes("a double", 8)
	case avro.Bytes, avro.String:
		_, bad = s.text(n.name)
	case avro.Fixed:
		_, bad = s.bytes(n.name, int64(n.size))
	case avro.Enum:
		_, bad = s.choice(n)
	case avro.Union:
		var i int
		if i, bad = s.choice(n); bad == nil {
			bad = s.skip(n.branches[i])
		}
	case avro.Record:
		if bad = s.enter(); bad != nil {
			return bad
		}
		if s.room -= n.spared; s.room < 0 {
			return s.tooMany()
		}
		for i := range n.fields {
			if bad = s.skip(n.fields[i].node); bad != nil {
				return bad.at(n.fields[i].name)
			}
		}
		s.depth--
	case avro.Array, avro.Map:
		return s.skipBlocks(n)
	}
	return bad
}

func (s *source) skipBlocks(n *node) *wrong {
	if wrong := s.enter(); wrong != nil {
		return wrong
	}
	for {
		count, size, wrong := s.block(n.kind == avro.Array && n.items.empty)
		if wrong != nil {
			return wrong
		}
		if count == 0 {
			s.depth--
			return nil
		}
		if size >= 0 && !s.thorough {
			if _, wrong := s.bytes("a block", size); wrong != nil {
				return wrong
			}
			continue
		}
		before := len(s.rest)
		for range count {
			if n.kind == avro.Map {
				if _, wrong := s.text("a key"); wrong != nil {
					return wrong
				}
			}
			if wrong := s.skip(n.items); wrong != nil {
				return wrong
			}
		}
		if took := before - len(s.rest); size >= 0 && int64(took) != size {
			return s.fail("a block of %d bytes takes %d", size, took)
		}
	}
}
