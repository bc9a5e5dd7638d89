package bench

import (
	"context"
	"testing"
)

var ctx = context.Background()

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
