package main

import "fmt"

// didYouMean names the known word that is nearest to a mistyped one, as a
// clause to append to an error; it is empty when none is near.
func didYouMean(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	return ""
}

// nearest returns the known word with the fewest edits to word, the first of
// equals, or "" when each needs more edits than half of the word's length.
func nearest(word string, known []string) string {
	best, fewest := "", len(word)/2+1
	for _, k := range known {
		if n := distance(word, k, fewest); n < fewest {
			best, fewest = k, n
		}
	}
	return best
}

// distance is the Levenshtein distance of a and b in bytes, or some number not
// less than bound when it is not less than bound.
func distance(a, b string, bound int) int {
	if abs(len(a)-len(b)) >= bound {
		return bound
	}
	row := make([]int, len(b)+1) // row[j] is the distance of a[:i] and b[:j]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func abs(n int) int { return max(n, -n) }
