package bench

import (
	"context"
	"fmt"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// The queries that are measured; i says which of the same kind.

func busiest(s *store, i int) *repo.Query[*Member, string] {
	return s.members.Where(MemberFields.Status.Eq(status(i))).OrderBy(MemberFields.Visits.Desc())
}

func busiestOfThree(s *store, i int) *repo.Query[*Member, string] {
	return s.members.Where(MemberFields.Status.In(three(i)...)).OrderBy(MemberFields.Visits.Desc())
}

func three(i int) []string { return []string{status(i), status(i + 1), status(i + 2)} }

// low asks for a fifth of the members of a status.
func low(s *store, i int) *repo.Query[*Member, string] {
	return s.members.Where(MemberFields.Status.Eq(status(i)), MemberFields.Score.Lt(scores/5))
}

// between asks for a hundredth of the members.
func between(s *store, i int) *repo.Query[*Member, string] {
	from, to := span(i)
	return s.members.Where(MemberFields.Score.Between(from, to)).OrderBy(MemberFields.Score.Desc())
}

func span(i int) (from, to int64) {
	from = int64(i * 7919 % (scores * 99 / 100))
	return from, from + scores/100
}

func ofStatus(s *store, i int) *repo.Query[*Member, string] {
	return s.members.Where(MemberFields.Status.Eq(status(i)))
}

const (
	paged  = 50                    // records on a page
	listed = population / statuses // members of a status
)

// page reads a page of a query.
func page(query func(*store, int) *repo.Query[*Member, string]) way {
	return way{"redisgen", func(s *store, i int) error {
		page, err := query(s, i).Limit(paged).Page(ctx)
		return enough(len(page.Items), paged, err)
	}}
}

// byHand reads a page by hand.
func byHand(name string, read func(s *store, i int) ([]*Account, error)) way {
	return way{name, func(s *store, i int) error {
		list, err := read(s, i)
		return enough(len(list), paged, err)
	}}
}

// enough returns an error if not all were found.
func enough(got, want int, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("found %d, not %d", got, want)
	}
	return err
}

// BenchmarkPage reads a page by one index, in its order.
func BenchmarkPage(b *testing.B) {
	measure(b, operation{asks: true, rows: paged, ways: []way{
		page(busiest),
		byHand("zrange, hmget", func(s *store, i int) ([]*Account, error) {
			return s.seek.busiest(ctx, status(i), paged, s.seek.getMany)
		}),
		byHand("zrange, hgetall-scan", func(s *store, i int) ([]*Account, error) {
			return s.seek.busiest(ctx, status(i), paged, s.seek.scanMany)
		}),
	}})
}

// BenchmarkPageOfTwo reads a page of what meets two conditions, each of which
// has an index.
func BenchmarkPageOfTwo(b *testing.B) {
	measure(b, operation{asks: true, rows: paged, ways: []way{
		page(low),
		byHand("zrange, hmget all", func(s *store, i int) ([]*Account, error) {
			return s.seek.lowRead(ctx, status(i), scores/5, paged)
		}),
		byHand("zrange, zmscore, hmget", func(s *store, i int) ([]*Account, error) {
			return s.seek.lowAsked(ctx, status(i), scores/5, paged)
		}),
	}})
}

// BenchmarkPageOfRange reads a page of a range of scores, downwards.
func BenchmarkPageOfRange(b *testing.B) {
	measure(b, operation{asks: true, rows: paged, ways: []way{
		page(between),
		byHand("zrange, hmget", func(s *store, i int) ([]*Account, error) {
			from, to := span(i)
			return s.seek.scored(ctx, from, to, paged, s.seek.getMany)
		}),
		byHand("zrange, hgetall-scan", func(s *store, i int) ([]*Account, error) {
			from, to := span(i)
			return s.seek.scored(ctx, from, to, paged, s.seek.scanMany)
		}),
	}})
}

// BenchmarkPageOfValues reads a page of three values, merged in order.
func BenchmarkPageOfValues(b *testing.B) {
	measure(b, operation{asks: true, rows: paged, ways: []way{
		page(busiestOfThree),
		byHand("zrange of 3, hmget", func(s *store, i int) ([]*Account, error) {
			return s.seek.busiestOf(ctx, three(i), paged, s.seek.getMany)
		}),
		byHand("zrange of 3, hgetall-scan", func(s *store, i int) ([]*Account, error) {
			return s.seek.busiestOf(ctx, three(i), paged, s.seek.scanMany)
		}),
	}})
}

// BenchmarkAll reads all members of a status.
func BenchmarkAll(b *testing.B) {
	hand := func(s *store, i int, read readMany) error {
		n := 0
		err := s.seek.every(ctx, status(i), read, func(*Account) { n++ })
		return enough(n, listed, err)
	}
	measure(b, operation{asks: true, rows: listed, rounds: 9, ways: []way{
		{"redisgen", func(s *store, i int) error {
			n := 0
			for _, err := range ofStatus(s, i).All(ctx) {
				if err != nil {
					return err
				}
				n++
			}
			return enough(n, listed, nil)
		}},
		{"zrange, hmget", func(s *store, i int) error { return hand(s, i, s.seek.getMany) }},
		{"zrange, hgetall-scan", func(s *store, i int) error { return hand(s, i, s.seek.scanMany) }},
	}})
}

// BenchmarkIDs lists the ids of all members of a status.
func BenchmarkIDs(b *testing.B) {
	hand := func(s *store, i int, step int64) error {
		n := 0
		err := s.seek.ids(ctx, status(i), step, func(string) { n++ })
		return enough(n, listed, err)
	}
	measure(b, operation{asks: true, rows: listed, rounds: 9, ways: []way{
		{"redisgen", func(s *store, i int) error {
			n := 0
			for _, err := range ofStatus(s, i).IDs(ctx) {
				if err != nil {
					return err
				}
				n++
			}
			return enough(n, listed, nil)
		}},
		{"zrange of 500", func(s *store, i int) error { return hand(s, i, 500) }},
		{"zrange of all", func(s *store, i int) error { return hand(s, i, listed) }},
	}})
}

// BenchmarkCount counts by one index.
func BenchmarkCount(b *testing.B) {
	measure(b, operation{asks: true, ways: []way{
		{"redisgen", func(s *store, i int) error {
			n, err := ofStatus(s, i).Count(ctx)
			return enough(int(n), listed, err)
		}},
		{"zcard", func(s *store, i int) error {
			n, err := s.seek.count(ctx, status(i))
			return enough(int(n), listed, err)
		}},
	}})
}

// BenchmarkCountOfTwo counts what meets two conditions, each of which has an
// index.
func BenchmarkCountOfTwo(b *testing.B) {
	measure(b, operation{asks: true, rounds: 9, ways: []way{
		{"redisgen", func(s *store, i int) error {
			_, err := low(s, i).Count(ctx)
			return err
		}},
		{"zrange, zmscore", func(s *store, i int) error {
			_, err := s.seek.countAsked(ctx, status(i), scores/5)
			return err
		}},
		{"zrangestore, zintercard", func(s *store, i int) error {
			_, err := s.seek.countStored(ctx, status(i), scores/5)
			return err
		}},
	}})
}

// TestSameAnswers checks that the programs written by hand answer as the
// repository does.
func TestSameAnswers(t *testing.T) {
	server := redisd.Shared(t)
	s, err := open(server.Options(), server.Prefix())
	must(t, err)
	t.Cleanup(s.close)
	must(t, s.members.SaveMany(ctx, members(5000)))
	for i := range 5 {
		answers := func(what string, query *repo.Query[*Member, string], programs ...func() ([]*Account, error)) {
			t.Helper()
			page, err := query.Limit(paged).Page(ctx)
			must(t, err)
			for _, program := range programs {
				list, err := program()
				must(t, err)
				same(t, what, accountsOf(page.Items), list)
			}
		}
		h := s.seek
		from, to := span(i)
		for _, read := range []readMany{h.getMany, h.scanMany} {
			answers("busiest", busiest(s, i), func() ([]*Account, error) { return h.busiest(ctx, status(i), paged, read) })
			answers("of three", busiestOfThree(s, i), func() ([]*Account, error) { return h.busiestOf(ctx, three(i), paged, read) })
			answers("between", between(s, i), func() ([]*Account, error) { return h.scored(ctx, from, to, paged, read) })
		}
		answers("plain", busiest(s, i), func() ([]*Account, error) {
			list, err := s.plainPage(ctx, i, paged)
			return accountsOf(list), err
		})
		answers("low", low(s, i),
			func() ([]*Account, error) { return h.lowRead(ctx, status(i), scores/5, paged) },
			func() ([]*Account, error) { return h.lowAsked(ctx, status(i), scores/5, paged) })
		n, err := low(s, i).Count(ctx)
		must(t, err)
		for _, count := range []func(context.Context, string, int64) (int64, error){h.countAsked, h.countStored} {
			counted, err := count(ctx, status(i), scores/5)
			must(t, err)
			same(t, "count", n, counted)
		}
	}
}

func accountsOf(list []*Member) []*Account {
	accounts := make([]*Account, len(list))
	for i, m := range list {
		accounts[i] = &m.Account
	}
	return accounts
}
