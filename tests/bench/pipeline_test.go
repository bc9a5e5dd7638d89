package bench

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// side is one of several ways to do the same.
type side struct {
	name string
	run  func(i int) error
}

// beside has sides do what they do in n goroutines, in turns of short blocks, and reports
// how long each takes and how often the others do it in the time of the first: medians.
func beside(b *testing.B, n int, sides []side) {
	times := make([][]float64, len(sides))
	round := func(s side, length time.Duration) float64 {
		var done atomic.Int64
		var running sync.WaitGroup
		start := time.Now()
		for g := range n {
			running.Go(func() {
				for i := g; time.Since(start) < length; i += n {
					if err := s.run(i); err != nil {
						b.Error(err)
						return
					}
					done.Add(1)
				}
			})
		}
		running.Wait()
		return micros(time.Since(start)) / float64(done.Load())
	}
	for _, s := range sides {
		round(s, blockTime) // fills what is to be filled
	}
	for b.Loop() {
		for range rounds {
			for i, s := range sides {
				times[i] = append(times[i], round(s, blockTime))
			}
		}
	}
	for i, s := range sides {
		ratios := make([]float64, len(times[i]))
		for j := range ratios {
			ratios[j] = times[0][j] / times[i][j]
		}
		b.ReportMetric(middle(times[i]), s.name+"-µs")
		if i > 0 {
			b.ReportMetric(middle(ratios), s.name+"-times")
		}
	}
	b.ReportMetric(0, "ns/op")
}

func middle[T cmp.Ordered](list []T) T {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// BenchmarkAutoPipeline compares a client whose goroutines share pipelines with one whose
// do not.
func BenchmarkAutoPipeline(b *testing.B) {
	server := redisd.Shared(b)
	plain := accountsBy(b, server.Options(), repo.Config{Prefix: server.Prefix()})
	check(b, plain.CreateMany(ctx, first))
	shared := accountsBy(b, server.Options(), repo.Config{Prefix: server.Prefix(), AutoPipeline: true})
	get := func(accounts *Accounts) func(int) error {
		return func(i int) error {
			_, err := accounts.Get(ctx, ids[i%stored])
			return err
		}
	}
	patch := func(accounts *Accounts) func(int) error {
		return func(i int) error {
			return accounts.Patch(ctx, ids[i%stored], AccountFields.Visits.Add(1))
		}
	}
	for _, n := range []int{1, 8, 64, 512} {
		b.Run(fmt.Sprint("Get/", n), func(b *testing.B) {
			beside(b, n, []side{{"plain", get(plain)}, {"shared", get(shared)}})
		})
		b.Run(fmt.Sprint("Patch/", n), func(b *testing.B) {
			beside(b, n, []side{{"plain", patch(plain)}, {"shared", patch(shared)}})
		})
	}
}
