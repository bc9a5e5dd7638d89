package bench

import (
	"context"
	"errors"
	"testing"
)

var ctx = context.Background()

// errFound is what finding too few records leads to.
var errFound = errors.New("too few records")

func BenchmarkGet(b *testing.B) {
	measure(b, operation{ways: []way{
		{"redisgen", func(s *store, i int) error {
			_, err := s.accounts.Get(ctx, ids[i%stored])
			return err
		}},
		{"hmget", func(s *store, i int) error {
			_, err := s.hand.get(ctx, ids[i%stored])
			return err
		}},
		{"hgetall-scan", func(s *store, i int) error {
			_, err := s.hand.scan(ctx, ids[i%stored])
			return err
		}},
	}})
}

func BenchmarkGetMany(b *testing.B) {
	const n = 100
	window := func(i int) []string {
		from := i * n % stored
		return ids[from : from+n]
	}
	measure(b, operation{rows: n, ways: []way{
		{"redisgen", func(s *store, i int) error {
			_, err := s.accounts.GetMany(ctx, window(i)...)
			return err
		}},
		{"pipelined-hmget", func(s *store, i int) error {
			_, err := s.hand.getMany(ctx, window(i))
			return err
		}},
	}})
}

func BenchmarkGetByUnique(b *testing.B) {
	measure(b, operation{ways: []way{
		{"redisgen", func(s *store, i int) error {
			_, err := s.accounts.GetByEmail(ctx, first[i%stored].Email)
			return err
		}},
		{"hget-hmget", func(s *store, i int) error {
			_, err := s.hand.getByEmail(ctx, first[i%stored].Email)
			return err
		}},
	}})
}

func BenchmarkPage(b *testing.B) {
	const n = 50
	measure(b, operation{rows: n, ways: []way{
		{"redisgen", func(s *store, i int) error {
			page, err := s.accounts.Where(AccountFields.Status.Eq(first[i%stored].Status)).Limit(n).Page(ctx)
			if err == nil && len(page.Items) != n {
				err = errFound
			}
			return err
		}},
		{"zrange-pipelined-hmget", func(s *store, i int) error {
			list, err := s.hand.page(ctx, first[i%stored].Status, n)
			if err == nil && len(list) != n {
				err = errFound
			}
			return err
		}},
	}})
}

func BenchmarkCount(b *testing.B) {
	measure(b, operation{ways: []way{
		{"redisgen", func(s *store, i int) error {
			_, err := s.accounts.Where(AccountFields.Status.Eq(first[i%stored].Status)).Count(ctx)
			return err
		}},
		{"zcard", func(s *store, i int) error {
			_, err := s.hand.count(ctx, first[i%stored].Status)
			return err
		}},
	}})
}
