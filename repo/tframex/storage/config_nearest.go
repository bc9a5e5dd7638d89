package storage

import (
	"slices"
	"strings"

	"github.com/redisgen/redisgen/internal/nearest"
)

// hint says what name may have been meant, or else all that there are.
func hint(name string, known []string) string {
	known = slices.Sorted(slices.Values(known))
	if meant := nearest.Name(name, known, unlike); meant != "" {
		return "did you mean " + meant + "?"
	}
	if len(known) == 0 {
		return "there are none"
	}
	return "there are " + strings.Join(known, ", ")
}

// unlike is 0 for two names that differ by case and by what joins words alone, 1 for those
// with the same last part, 2 for those of which one is within the other, then more the more
// letters differ; false for those that have little in common.
func unlike(a, b string) (by int, ok bool) {
	a, b = folded(a), folded(b)
	shorter := min(len(a), len(b))
	switch {
	case a == b:
		return 0, true
	case lastPart(a) == lastPart(b):
		return 1, true
	case shorter >= 3 && (strings.Contains(a, b) || strings.Contains(b, a)):
		return 2, true
	}
	by = nearest.Edits(a, b)
	return 2 + by, by <= max(2, shorter/3) && by < shorter
}

// folded returns a name in lower case, with _ between its words.
func folded(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "-", "_")
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
