package tenant

import (
	"errors"
	"strings"
	"testing"
)

func TestPrefix(t *testing.T) {
	for _, name := range []string{"acme", "acme-2", "a.b_c", "7", "é", "ann@example.com", "a/b", "-", strings.Repeat("n", 128)} {
		if got, err := Prefix("app:", name); got != "app:"+name+":" || err != nil {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{
		"", ":", "a:b", "a:", "{", "}", "{a}", "*", "a*", "a?", "[a]", `a\`, " ", "a b", "a\tb", "a\nb", "\x00", "\x7f", "\xff", "a\u00a0b", "a\u200bb",
		`"`, "'", strings.Repeat("n", 129),
	} {
		got, err := Prefix("app:", name)
		if !errors.Is(err, ErrName) || got != "" {
			t.Errorf("%q: %q, %v", name, got, err)
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("%q: an error of %d bytes", name[:20], len(err.Error()))
		}
	}
}
