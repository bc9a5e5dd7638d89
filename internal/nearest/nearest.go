// Package nearest finds the known name that may have been meant by a misspelt one.
package nearest

// Name returns the one of the known names that is least unlike name, the first of several;
// "" if there is none. Unlike says how much two names differ, and whether the second may be
// meant by the first at all.
func Name(name string, known []string, unlike func(name, known string) (by int, ok bool)) string {
	best, least := "", 0
	for _, k := range known {
		if by, ok := unlike(name, k); ok && (best == "" || by < least) {
			best, least = k, by
		}
	}
	return best
}

// Edits returns how many bytes have to be inserted, deleted or replaced to make b of a:
// https://en.wikipedia.org/wiki/Levenshtein_distance.
func Edits(a, b string) int {
	row := make([]int, len(b)+1)
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
