package repo

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func FuzzFold(f *testing.F) {
	for _, pair := range [][2]string{
		{"Ann", "aNN"}, {"straße", "STRASSE"}, {"K", "\u212a"}, {"ſ", "S"}, {"İ", "i"}, {"ς", "Σ"}, {"ǅ", "ǆ"}, {"ᲀ", "В"},
		{"\xff", "\ufffd"}, {"a\xffB", "A\xffb"}, {"", "\x00"}, {"Ꭰ", "ꭰ"}, {"θ", "ϴ"},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := foldString(a), foldString(b)
		if again := foldString(x); again != x {
			t.Errorf("%q folds to %q, and that to %q", a, x, again)
		}
		if utf8.ValidString(a) && utf8.ValidString(b) && (x == y) != strings.EqualFold(a, b) {
			t.Errorf("%q folds to %q, %q to %q; EqualFold says %v", a, x, b, y, strings.EqualFold(a, b))
		}
		// Whatever the random pair, these differ by case alone.
		if upper := strings.ToUpper(a); strings.EqualFold(a, upper) && utf8.ValidString(a) && foldString(upper) != x {
			t.Errorf("%q folds to %q, %q to %q", a, x, upper, foldString(upper))
		}
	})
}

// Runes fold to the same rune if and only if one can be reached from the other
// by simple folding.
func TestFoldEveryRune(t *testing.T) {
	of := map[rune]rune{} // folded -> a rune of its orbit
	for r := rune(0); r <= unicode.MaxRune; r++ {
		folded := foldRune(r)
		orbit := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			orbit = min(orbit, next)
			if got := foldRune(next); got != folded {
				t.Fatalf("%U folds to %U, %U to %U", r, folded, next, got)
			}
		}
		if first, ok := of[folded]; ok && first != orbit {
			t.Fatalf("%U and %U fold to %U", first, r, folded)
		}
		of[folded] = orbit
	}
}

// Bytes that are not UTF-8 must not become equal to others.
func TestFoldKeepsBytes(t *testing.T) {
	seen := map[string]string{}
	for _, s := range []string{"\xff", "\xfe", "\xc3", "\ufffd", "\xed\xa0\x80", "\xff\xff", "é", "\xc3\xa9\xc3"} {
		folded := foldString(s)
		if other, ok := seen[folded]; ok {
			t.Errorf("%q and %q both fold to %q", s, other, folded)
		}
		seen[folded] = s
	}
}
