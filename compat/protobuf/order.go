package protobuf

import (
	"slices"
	"unicode/utf16"
)

// The reference walks messages in the order of a Java HashSet, which the
// order of its messages shows. It follows from the names alone.

// setOrder returns the names of both lists in the order of a HashSet that was
// made of the keys of a map with the first and then given those of the second.
func setOrder(first, second []string) []string {
	if len(first) == 1 && slices.Equal(first, second) {
		return first
	}
	first, second = byBucket(first, capacity(16, len(first))), byBucket(second, capacity(16, len(second)))
	all := slices.Clone(first)
	seen := make(map[string]bool, len(first))
	for _, name := range first {
		seen[name] = true
	}
	for _, name := range second {
		if !seen[name] {
			all = append(all, name)
		}
	}
	initial := 16
	for initial < len(first)*4/3+1 {
		initial *= 2
	}
	return byBucket(all, capacity(initial, len(all)))
}

// capacity returns the number of buckets a table has grown to.
func capacity(initial, size int) int {
	for size > initial/4*3 {
		initial *= 2
	}
	return initial
}

// byBucket orders names by their buckets, keeping the order within.
func byBucket(names []string, buckets int) []string {
	type entry struct {
		name   string
		bucket uint32
	}
	entries := make([]entry, len(names))
	for i, name := range names {
		h := hashCode(name)
		entries[i] = entry{name, (h ^ h>>16) & uint32(buckets-1)}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return int(a.bucket) - int(b.bucket) })
	out := make([]string, len(names))
	for i, e := range entries {
		out[i] = e.name
	}
	return out
}

// hashCode is that of java.lang.String.
func hashCode(s string) (h uint32) {
	for _, u := range utf16.Encode([]rune(s)) {
		h = 31*h + uint32(u)
	}
	return h
}
