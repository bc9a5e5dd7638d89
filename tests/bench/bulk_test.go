package bench

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

const (
	bulkRows   = 100_000
	bulkRounds = 3
	cannedRows = 2000 // on one connection, for the client's part
)

// BenchmarkSaveMany stores new records in bulk. Costs are for one record. The
// programs written by hand check nothing and are not atomic.
func BenchmarkSaveMany(b *testing.B) {
	list := make([]*Account, bulkRows)
	for i := range list {
		list[i] = account("u", "a", i, 0)
	}
	server := redisd.Start(b)
	for _, connections := range []int{1, 4} {
		op := operation{rows: bulkRows, rounds: bulkRounds, ways: []way{
			{"redisgen-" + strconv.Itoa(connections), func(s *store, _ int) error {
				return s.accounts.SaveMany(ctx, list, repo.Parallel(connections))
			}},
			{"pipelined-" + strconv.Itoa(connections), func(s *store, _ int) error {
				return s.hand.load(ctx, list, connections)
			}},
		}}
		costs := make([][]cost, len(op.ways))
		for i := range costs {
			costs[i] = make([]cost, op.rounds)
		}
		for round := range op.rounds {
			for k := range op.ways {
				way := (k + round) % len(op.ways)
				costs[way][round] = loadOnce(b, server, op.ways[way])
			}
		}
		report(b, op, costs)
	}
	// The same work over and over again: records that are there and do not
	// change, for the sake of the client's costs.
	measure(b, operation{rows: cannedRows, ways: []way{
		{"redisgen", func(s *store, _ int) error { return s.accounts.SaveMany(ctx, list[:cannedRows]) }},
		{"pipelined", func(s *store, _ int) error { return s.hand.load(ctx, list[:cannedRows], 1) }},
	}})
}

// loadOnce fills an empty server.
func loadOnce(b *testing.B, server *redisd.Server, w way) cost {
	b.Helper()
	s, err := open(server.Options(), "bulk:")
	check(b, err)
	defer s.close()
	check(b, s.rdb.FlushAll(context.Background()).Err())
	usage := serverCPU(b, s)
	start := time.Now()
	check(b, w.run(s, 0))
	took := time.Since(start)
	used := serverCPU(b, s) - usage
	n, err := s.accounts.Where().Count(ctx)
	check(b, err)
	if n != bulkRows {
		b.Fatalf("%s stored %d of %d records", w.name, n, bulkRows)
	}
	return cost{time: micros(took), server: micros(used)}
}
