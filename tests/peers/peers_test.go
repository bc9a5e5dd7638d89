package peers

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

var seed = flag.Uint64("seed", rand.Uint64(), "of the random records")

// random returns the source of a test's random records, and prints its seed.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("to repeat: -seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}

var prefixes atomic.Int64

// each runs a test on the embedded store and on a real server.
func each(t *testing.T, test func(t *testing.T, client *repo.Client)) {
	t.Helper()
	for name, addr := range map[string]func(t *testing.T) string{
		"miniredis": func(t *testing.T) string { return miniredis.RunT(t).Addr() },
		"redis":     func(t *testing.T) string { return redisd.Shared(t).Addr() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := repo.Config{Addrs: []string{addr(t)}, Prefix: fmt.Sprintf("peers%d:", prefixes.Add(1))}
			client, err := repo.Open(t.Context(), config)
			must(t, err)
			t.Cleanup(func() { must(t, client.Close()) })
			test(t, client)
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// identified are the entities of this package.
type identified interface{ id() string }

func (p *Person) id() string { return p.ID }
func (u *User) id() string   { return u.ID }
func (a *Author) id() string { return a.ID }
func (o *Order) id() string  { return o.ID }

// idsOf returns the ids of records.
func idsOf[T identified](records []T) []string {
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = r.id()
	}
	return ids
}

// matching returns the ids of the records for which a condition holds, in the
// order of the records.
func matching[T identified](records []T, holds func(T) bool) (ids []string) {
	for _, r := range records {
		if holds(r) {
			ids = append(ids, r.id())
		}
	}
	return ids
}

// check runs a query in every way that there is to run one, and compares what
// it finds with the ids wanted; their order counts if the query has one.
func check[T identified](t *testing.T, what string, q *repo.Query[T, string], ordered bool, want []string) {
	t.Helper()
	for how, find := range map[string]func() ([]string, error){
		"All":    func() ([]string, error) { return all(t.Context(), q) },
		"IDs":    func() ([]string, error) { return keys(t.Context(), q) },
		"pages":  func() ([]string, error) { return pages(t.Context(), q.Limit(7)) },
		"before": func() ([]string, error) { return pagesBack(t.Context(), q.Limit(9)) },
	} {
		got, err := find()
		must(t, err)
		if !same(got, want, ordered) {
			t.Errorf("%s, %s: %q, want %q", what, how, got, want)
		}
	}
	if n, err := q.Count(t.Context()); err != nil || n != int64(len(want)) {
		t.Errorf("%s: Count = %d, %v, want %d", what, n, err, len(want))
	}
	if some, err := q.Exists(t.Context()); err != nil || some != (len(want) > 0) {
		t.Errorf("%s: Exists = %v, %v, want %v", what, some, err, len(want) > 0)
	}
	first, err := q.First(t.Context())
	switch {
	case len(want) == 0:
		if !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("%s: First of none: %v", what, err)
		}
	case err != nil:
		t.Errorf("%s: First: %v", what, err)
	case ordered && first.id() != want[0] || !slices.Contains(want, first.id()):
		t.Errorf("%s: First = %q, want %q", what, first.id(), want[0])
	}
}

// same tells whether two lists are equal, or have the same elements if order
// does not count.
func same(a, b []string, ordered bool) bool {
	if !ordered {
		a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	}
	return slices.Equal(a, b)
}

func all[T identified](ctx context.Context, q *repo.Query[T, string]) (ids []string, err error) {
	for r, err := range q.All(ctx) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, r.id())
	}
	return ids, nil
}

func keys[T identified](ctx context.Context, q *repo.Query[T, string]) (ids []string, err error) {
	for id, err := range q.IDs(ctx) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// pages goes from the first page to the last.
func pages[T identified](ctx context.Context, q *repo.Query[T, string]) (ids []string, err error) {
	for {
		page, err := q.Page(ctx)
		if err != nil {
			return nil, err
		}
		ids = append(ids, idsOf(page.Items)...)
		if page.Next == "" {
			return ids, nil
		}
		q = q.After(page.Next)
	}
}

// pagesBack goes from the last page to the first.
func pagesBack[T identified](ctx context.Context, q *repo.Query[T, string]) (ids []string, err error) {
	for q = q.Before(""); ; {
		page, err := q.Page(ctx)
		if err != nil {
			return nil, err
		}
		ids = append(idsOf(page.Items), ids...)
		if page.Prev == "" {
			return ids, nil
		}
		q = q.Before(page.Prev)
	}
}

// window returns the records from an offset, up to a limit, as those mappers do
// that count from the beginning: a page of what comes before, and the page behind
// it.
func window[T identified](t *testing.T, q *repo.Query[T, string], offset, limit int) []string {
	t.Helper()
	if offset > 0 {
		before, err := q.Limit(offset).Page(t.Context())
		must(t, err)
		if before.Next == "" {
			return nil
		}
		q = q.After(before.Next)
	}
	page, err := q.Limit(limit).Page(t.Context())
	must(t, err)
	return idsOf(page.Items)
}
