package nearest

import "testing"

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "index", 5},
		{"index", "index", 0},
		{"index", "indx", 1}, // deleted
		{"unique", "uniqe", 1},
		{"sort", "short", 1}, // inserted
		{"geo", "gel", 1},    // replaced
		{"hsot", "host", 2},  // swapped
		{"kitten", "sitting", 3},
		{"abc", "xyz", 3},
		{"ab", "ba", 2},
		{"prefix", "fix", 3},
	} {
		if got := Edits(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if got := Edits(c.b, c.a); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestName(t *testing.T) {
	twoEdits := func(a, b string) (int, bool) {
		by := Edits(a, b)
		return by, by <= 2
	}
	for _, c := range []struct {
		name  string
		known []string
		want  string
	}{
		{"indx", []string{"key", "index", "unique"}, "index"},
		{"sart", []string{"shard", "sort", "start"}, "sort"}, // the first of the two that are 1 away
		{"shar", []string{"sort", "shard"}, "shard"},         // the least, not the first
		{"port", []string{"sort", "port"}, "port"},
		{"colour", []string{"key", "index"}, ""},
		{"key", nil, ""},
	} {
		if got := Name(c.name, c.known, twoEdits); got != c.want {
			t.Errorf("%q of %q: %q, want %q", c.name, c.known, got, c.want)
		}
	}
}
