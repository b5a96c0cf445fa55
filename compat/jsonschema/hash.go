package jsonschema

import (
	"slices"
	"unicode/utf16"
)

// hashOrder puts names into the order in which Java's HashSet yields them,
// made of one list and filled up from another: the order of the reference's
// messages. Each name is listed once.
func hashOrder(first, more []string) []string {
	all := first
	if len(more) > 0 {
		known := make(map[string]bool, len(first))
		for _, n := range first {
			known[n] = true
		}
		all = slices.Clip(first)
		for _, n := range more {
			if !known[n] {
				known[n] = true
				all = append(all, n)
			}
		}
	}
	if len(all) < 2 {
		return all
	}
	// A table starts with 16 places, or what its first names need, and doubles
	// when more than three quarters are taken.
	size := 16
	for size*3/4 < len(first) {
		size *= 2
	}
	for size*3/4 < len(all) {
		size *= 2
	}
	type placed struct {
		at   uint32
		name string
	}
	order := make([]placed, len(all))
	for i, n := range all {
		h := hashCode(n)
		order[i] = placed{(h ^ h>>16) & uint32(size-1), n}
	}
	slices.SortStableFunc(order, func(a, b placed) int { return int(a.at) - int(b.at) })
	names := make([]string, len(order))
	for i := range order {
		names[i] = order[i].name
	}
	return names
}

// hashCode is that of java.lang.String.
func hashCode(s string) uint32 {
	var h uint32
	for _, r := range s {
		if a, b := utf16.EncodeRune(r); a != '\uFFFD' {
			h = 31*(31*h+uint32(a)) + uint32(b)
		} else {
			h = 31*h + uint32(r)
		}
	}
	return h
}
