package soak

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/redisgen/redisgen/repo"
)

// asked is a query, and the condition in plain Go that says what it finds.
type asked struct {
	name  string
	q     *repo.Query[*Item, string]
	holds func(*Item) bool
}

// questions are queries of every kind of plan.
func (s *store) questions() []asked {
	f := &ItemFields
	n := float64(len(s.list))
	kind := func(it *Item) bool { return it.Kind == "kind3" }
	every := func(*Item) bool { return true }
	return []asked{
		{"all", s.items.Where(), every},
		{"one index", s.items.Where(f.Kind.Eq("kind3")).OrderBy(f.At.Desc()), kind},
		{"a range", s.items.Where(f.Score.Between(n/4, n/2)), func(it *Item) bool { return it.Score >= n/4 && it.Score <= n/2 }},
		{"a prefix", s.items.Where(f.Name.Prefix("name 001")), func(it *Item) bool { return it.Name[:8] == "name 001" }},
		{"In of 3", s.items.Where(f.Kind.In("kind0", "kind2", "kind4")).OrderBy(f.At.Desc()), func(it *Item) bool { return it.Kind != "kind1" && !kind(it) }},
		{"HasAll", s.items.Where(f.Tags.HasAll("t3", "u3")), func(it *Item) bool { return it.Tags[0] == "t3" && it.Tags[1] == "u3" }},
		{"selective and not", s.items.Where(f.City.Eq("city77"), f.Kind.Eq("kind3")), func(it *Item) bool { return it.City == "city77" && kind(it) }},
		{"selective and not, ordered", s.items.Where(f.City.Eq("city77"), f.Kind.Eq("kind3")).OrderBy(f.At.Asc()), func(it *Item) bool { return it.City == "city77" && kind(it) }},
		{"two unselective", s.items.Where(f.Kind.Eq("kind3"), f.Hits.Lt(4)).OrderBy(f.At.Desc()), func(it *Item) bool { return kind(it) && it.Hits < 4 }},
		{"five conditions", s.items.Where(f.Kind.Eq("kind3"), f.Hits.Lt(9), f.Tags.Has("u3"), f.Name.Gt("name 002"), f.At.Gte(s.list[99].At)), func(it *Item) bool {
			return kind(it) && it.Hits < 9 && it.Tags[1] == "u3" && it.Name > "name 002" && it.At.Compare(s.list[99].At) >= 0
		}},
		{"negation", s.items.Where(f.Kind.Not("kind3")), func(it *Item) bool { return !kind(it) }},
		{"nobody, by a walk", s.items.Where(f.Rank.Not(7)), func(it *Item) bool { return it.Rank != 7 }},
		{"Or of two orders", s.items.Where(repo.Or(f.City.Eq("city5"), f.Score.Lt(n/10))), func(it *Item) bool { return it.City == "city5" || it.Score < n/10 }},
		{"Or of two orders, ordered", s.items.Where(repo.Or(f.City.Eq("city5"), f.Score.Lt(n/10))).OrderBy(f.At.Desc()), func(it *Item) bool { return it.City == "city5" || it.Score < n/10 }},
		{"few, by score", s.items.Where(f.Team.Eq("team7")).OrderBy(f.Score.Desc()), func(it *Item) bool { return it.Team == "team7" }},
		{"few, by name", s.items.Where(f.Team.Eq("team7")).OrderBy(f.Name.Desc()), func(it *Item) bool { return it.Team == "team7" }},
		{"few, by what is equal", s.items.Where(f.Team.Eq("team7")).OrderBy(f.Rank.Desc()), func(it *Item) bool { return it.Team == "team7" }},
		{"few of few", s.items.Where(f.Team.Eq("team7"), f.Hits.Eq(3)).OrderBy(f.Name.Asc()), func(it *Item) bool { return it.Team == "team7" && it.Hits == 3 }},
	}
}

// queries asks what there is to ask, and no call holds the server for long.
func (s *store) queries(t *testing.T) {
	s.ask(t, s.questions())
	s.aggregates(t)
}

// ask runs queries in every way that there is to run one.
func (s *store) ask(t *testing.T, questions []asked) {
	for _, a := range questions {
		want := s.count(a.holds)
		s.watch(t, a.name+": IDs", func(ctx context.Context) error {
			n, err := ids(ctx, a.q)
			if err == nil && n != want {
				err = fmt.Errorf("%d ids, want %d", n, want)
			}
			return err
		})
		s.watch(t, a.name+": Count", func(ctx context.Context) error {
			n, err := a.q.Count(ctx)
			if err == nil && n != int64(want) {
				err = fmt.Errorf("%d, want %d", n, want)
			}
			return err
		})
		s.watch(t, a.name+": pages", func(ctx context.Context) error { return somePages(ctx, a.q, min(want, 2000)) })
		s.watch(t, a.name+": Exists", func(ctx context.Context) error {
			some, err := a.q.Exists(ctx)
			if err == nil && some != (want > 0) {
				err = fmt.Errorf("%v, want %v", some, want > 0)
			}
			return err
		})
	}
}

// somePages reads pages of 50, of 1000, and from the end of 100, of n records
// each.
func somePages(ctx context.Context, q *repo.Query[*Item, string], n int) error {
	for _, limit := range []int{50, 1000} {
		p := q.Limit(limit)
		for seen := 0; seen < n; {
			page, err := p.Page(ctx)
			if err != nil {
				return err
			}
			seen += len(page.Items)
			if p = p.After(page.Next); page.Next == "" && seen < n {
				return fmt.Errorf("%d of %d records", seen, n)
			}
		}
	}
	q = q.Limit(100).Before("")
	for seen := 0; seen < n; {
		page, err := q.Page(ctx)
		if err != nil {
			return err
		}
		seen += len(page.Items)
		if q = q.Before(page.Prev); page.Prev == "" && seen < n {
			return fmt.Errorf("%d of %d records from the end", seen, n)
		}
	}
	return nil
}

// aggregates asks for groups and extremes.
func (s *store) aggregates(t *testing.T) {
	f := &ItemFields
	everything := s.items.Where()
	some := s.items.Where(f.Kind.Eq("kind3"), f.Hits.Gte(5))
	for name, countBy := range map[string]func(context.Context, *repo.Query[*Item, string]) (int64, error){
		"city": sum(f.City.CountBy), "tags": sum(f.Tags.CountBy), "code": sum(f.Code.CountBy),
	} {
		each := int64(1)
		if name == "tags" {
			each = 2
		}
		want := each * int64(s.count(func(it *Item) bool { return it.Kind == "kind3" && it.Hits >= 5 }))
		s.watch(t, "CountBy "+name, func(ctx context.Context) error { return wantSum(ctx, countBy, everything, each*int64(len(s.list))) })
		s.watch(t, "CountBy "+name+" of some", func(ctx context.Context) error { return wantSum(ctx, countBy, some, want) })
	}
	s.watch(t, "Min and Max", func(ctx context.Context) error {
		for _, q := range []*repo.Query[*Item, string]{everything, some, s.items.Where(f.Rank.Not(7)), s.items.Where(f.City.Eq("city3"))} {
			if _, err := f.Score.Min(ctx, q); err != nil && !errors.Is(err, repo.ErrNotFound) {
				return err
			}
			if _, err := f.Name.Max(ctx, q); err != nil && !errors.Is(err, repo.ErrNotFound) {
				return err
			}
		}
		return nil
	})
}

// sum returns the records of all groups of a CountBy.
func sum(countBy func(context.Context, repo.QueryOf[*Item]) ([]repo.Group[string], error)) func(context.Context, *repo.Query[*Item, string]) (int64, error) {
	return func(ctx context.Context, q *repo.Query[*Item, string]) (n int64, err error) {
		groups, err := countBy(ctx, q)
		for _, g := range groups {
			n += g.Count
		}
		return n, err
	}
}

func wantSum(ctx context.Context, countBy func(context.Context, *repo.Query[*Item, string]) (int64, error), q *repo.Query[*Item, string], want int64) error {
	n, err := countBy(ctx, q)
	if err == nil && n != want {
		err = fmt.Errorf("%d records in all groups, want %d", n, want)
	}
	return err
}
