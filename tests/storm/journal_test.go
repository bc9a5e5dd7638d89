package storm

import (
	"context"
	"testing"

	"github.com/redisgen/redisgen/repo"
)

// Journals notice writes that are done twice, were refused and done, or are lost.
func TestJournals(t *testing.T) {
	for _, c := range []struct {
		errs      []error
		stored    int64
		lost, bad int
	}{
		{[]error{nil, nil}, 2, 0, 0},
		{[]error{nil, nil}, 1, 1, 0},
		{[]error{nil, nil}, 3, 0, 1},
		{[]error{nil, repo.ErrUncertain}, 1, 0, 0},
		{[]error{nil, repo.ErrUncertain}, 2, 0, 0},
		{[]error{nil, repo.ErrUncertain}, 3, 0, 1},
		{[]error{nil, repo.ErrNotDurable}, 1, 0, 0},
		{[]error{nil, repo.ErrNoReplicas}, 2, 0, 1},
	} {
		n := 0
		j := &counter{
			add:  func(context.Context) error { n++; return c.errs[n-1] },
			read: func(context.Context) (int64, error) { return c.stored, nil },
		}
		for range c.errs {
			_ = j.write(t.Context())
		}
		if lost, problems := j.check(t.Context()); lost != c.lost || len(problems) != c.bad {
			t.Errorf("%d is stored after %v: %d lost, %q", c.stored, c.errs, lost, problems)
		}
	}
}
