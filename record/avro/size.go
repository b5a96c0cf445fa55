package avro

import "github.com/seed-9f7c7091/concordat/schema/avro"

// Size is how many bytes the record at the beginning of a payload takes, which is in the encoding of the Avro specification: "bytes" have
// their length. The whole record is looked at, though nothing is made of it, so that a decoder without bounds of
// its own can be given what Size has passed: no length and no count of items is beyond what the payload has, and nesting is bounded. What
// the values are, as texts in UTF-8, is not looked at. Errors are a *PayloadError.
func (f *Format) Size(payload []byte) (int, error) {
	n, wrong := f.root.sizeOf(payload)
	if wrong != nil {
		return 0, &PayloadError{Offset: wrong.offset, Path: wrong.pointer(), Reason: wrong.reason}
	}
	return n, nil
}

func (n *node) sizeOf(payload []byte) (int, *wrong) {
	if size := n.span(payload, 0, 0); size >= 0 {
		return size, nil
	}
	s := source{rest: payload, size: len(payload), room: len(payload) + maxBeyond, thorough: true}
	wrong := s.skip(n)
	return len(payload) - len(s.rest), wrong
}

// span is where the value that begins at a place of a payload ends, at most len(b). It is -1 where something is wrong, or rare enough to be
// left to those who know what to say of it.
func (n *node) span(b []byte, at, depth int) int {
	switch n.kind {
	case avro.Null:
		return at
	case avro.Boolean:
		return within(b, at, 1)
	case avro.Int, avro.Long:
		longest := 9 // the tenth byte of a long and the fifth of an int can be too large
		if n.kind == avro.Int {
			longest = 4
		}
		for end := min(len(b), at+longest); at < end; at++ {
			if b[at] < 0x80 {
				return at + 1
			}
		}
		return -1
	case avro.Float:
		return within(b, at, 4)
	case avro.Double:
		return within(b, at, 8)
	case avro.Bytes, avro.String:
		return texted(b, at)
	case avro.Fixed:
		return within(b, at, n.size)
	case avro.Enum:
		i, at := small(b, at)
		if at < 0 || i >= len(n.symbols) {
			return -1
		}
		return at
	case avro.Union:
		i, at := small(b, at)
		if at < 0 || i >= len(n.branches) {
			return -1
		}
		return n.branches[i].span(b, at, depth)
	case avro.Record:
		if depth++; depth > maxDepth || n.spared > 0 {
			return -1
		}
		for i := range n.fields {
			if at = n.fields[i].node.span(b, at, depth); at < 0 {
				return -1
			}
		}
		return at
	case avro.Array, avro.Map:
		return n.spanBlocks(b, at, depth+1)
	}
	return -1
}

// spanBlocks is span of an array or a map.
func (n *node) spanBlocks(b []byte, at, depth int) int {
	if depth > maxDepth || n.kind == avro.Array && n.items.empty {
		return -1
	}
	for {
		count, next := small(b, at)
		end := -1
		if next < 0 { // as where the number of bytes follows
			if count, next = negative(b, at); next < 0 {
				return -1
			}
			size, from := small(b, next)
			if from < 0 {
				return -1
			}
			next, end = from, from+size
		}
		if count == 0 {
			return next
		}
		at = next
		for ; count > 0; count-- {
			if n.kind == avro.Map {
				if at = texted(b, at); at < 0 {
					return -1
				}
			}
			if at = n.items.span(b, at, depth); at < 0 {
				return -1
			}
		}
		if end >= 0 && at != end {
			return -1
		}
	}
}

// within is where so many bytes end, -1 if they do not.
func within(b []byte, at, n int) int {
	if n > len(b)-at {
		return -1
	}
	return at + n
}

// texted is where bytes with their length before them end.
func texted(b []byte, at int) int {
	n, at := small(b, at)
	if at < 0 {
		return -1
	}
	return within(b, at, n)
}

// negative is a negative number of one byte without its sign, and where it ends; -1 for all others.
func negative(b []byte, at int) (n, end int) {
	if at < len(b) && b[at]&0x81 == 1 {
		return int(b[at]>>1) + 1, at + 1
	}
	return 0, -1
}

// small is a number of one or two bytes that is not negative, and where it ends; -1 for all others.
func small(b []byte, at int) (n, end int) {
	if at < len(b) && b[at]&0x81 == 0 {
		return int(b[at] >> 1), at + 1
	}
	if at+1 < len(b) && b[at]&0x81 == 0x80 && b[at+1] < 0x80 {
		return int(b[at]&0x7f>>1) | int(b[at+1])<<6, at + 2
	}
	return 0, -1
}
