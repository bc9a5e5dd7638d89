package storage

import (
	"slices"
	"strings"
)

// hint says what name may have been meant, or else all that there are.
func hint(name string, known []string) string {
	if meant := nearest(name, known); meant != "" {
		return "did you mean " + meant + "?"
	}
	if len(known) == 0 {
		return "there are none"
	}
	return "there are " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
}

// nearest returns the known name that is most like another; "" if none is like it.
func nearest(name string, known []string) string {
	best, least := "", 100
	for _, candidate := range slices.Sorted(slices.Values(known)) {
		if by := unlikeness(name, candidate); by < least {
			best, least = candidate, by
		}
	}
	return best
}

// unlikeness is 0 for two names that differ by case and by what joins words alone, 1 for
// those with the same last part, 2 for those of which one is within the other, then more the
// more letters differ, and 100 for those that have little in common.
func unlikeness(a, b string) int {
	a, b = folded(a), folded(b)
	switch {
	case a == b:
		return 0
	case lastPart(a) == lastPart(b):
		return 1
	case min(len(a), len(b)) >= 3 && (strings.Contains(a, b) || strings.Contains(b, a)):
		return 2
	}
	if by := edits(a, b); by <= max(2, min(len(a), len(b))/3) && by < min(len(a), len(b)) {
		return 2 + by
	}
	return 100
}

// folded returns a name in lower case, with _ between its words.
func folded(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "-", "_")
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// edits returns how many letters have to be put in, taken out or changed to make b of a:
// https://en.wikipedia.org/wiki/Levenshtein_distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
