package registry

import (
	"slices"
	"unicode/utf16"
)

// inHashOrder sorts subjects the way the reference happens to list those of an id: in
// the order of a Java hash table that they were put into one after the other. Clients that page
// through such lists see the same pages.
func inHashOrder[T any](list []T, name func(T) string) {
	size := 16 // the table doubles when it is three quarters full
	for len(list) > size*3/4 {
		size *= 2
	}
	slices.SortStableFunc(list, func(a, b T) int {
		return tableIndex(name(a), size) - tableIndex(name(b), size)
	})
}

// tableIndex is the slot of a string in a Java hash table of a size that is a power of two.
func tableIndex(s string, size int) int {
	var h uint32
	for _, unit := range utf16.Encode([]rune(s)) {
		h = 31*h + uint32(unit)
	}
	return int((h ^ h>>16) & uint32(size-1))
}
