package limit

import (
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// What a request costs, beside what is written by hand: a counter for each window, in two commands of one
// pipeline. All take one round trip.
func BenchmarkAllow(b *testing.B) {
	client := shared(b)
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = "user" + strconv.Itoa(i)
	}
	b.Run("by hand, INCR and EXPIRE", func(b *testing.B) {
		rdb, i := client.Redis(), 0
		for b.Loop() {
			i++
			key := client.Prefix() + "hand:" + keys[i%len(keys)]
			var n *redis.IntCmd
			_, err := rdb.Pipelined(b.Context(), func(p redis.Pipeliner) error {
				n = p.Incr(b.Context(), key)
				p.Expire(b.Context(), key, time.Minute)
				return nil
			})
			if err != nil || n.Val() < 1 {
				b.Fatal(err)
			}
		}
	})
	for _, test := range []struct {
		name   string
		limits []Limit
	}{
		{"GCRA", []Limit{PerMinute(1_000_000)}},
		{"GCRA, refused", []Limit{Every(time.Hour)}},
		{"window", []Limit{Window(1_000_000, time.Minute)}},
		{"GCRA, a second and a day", []Limit{PerSecond(100_000), PerDay(1_000_000)}},
	} {
		b.Run(test.name, func(b *testing.B) {
			l, i := newLimiter(b, client, test.name, test.limits...), 0
			b.ReportAllocs()
			for b.Loop() {
				i++
				if _, err := l.Allow(b.Context(), keys[i%len(keys)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What each of 100 requests costs that are sent together.
func BenchmarkTake(b *testing.B) {
	l := newLimiter(b, shared(b), "api", PerMinute(1_000_000))
	requests := make([]Request, together)
	for i := range requests {
		requests[i] = Request{l, strconv.Itoa(i), 1}
	}
	for b.Loop() {
		if _, err := Take(b.Context(), requests...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*together), "ns/request")
}
