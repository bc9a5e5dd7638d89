package bench

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
)

// operation is what is measured: the same work in several ways.
type operation struct {
	fresh  bool // works on accounts that are new
	made   bool // works on accounts that are stored before, unmeasured
	asks   bool // works on members, who stay as they are, and no accounts
	rows   int  // records in one operation; 0 is 1
	ways   []way
	rounds int // 0 is rounds
}

// way is a program for an operation; the first is the repository's.
type way struct {
	name string
	run  func(s *store, i int) error
}

const (
	rounds    = 25
	blockTime = 20 * time.Millisecond
)

// cost is what one operation has cost.
type cost struct {
	time   float64 // µs, on a server
	server float64 // µs of CPU of the server
	client float64 // µs of CPU of the client, with replies that come from no server
	allocs float64 // allocations of the client
}

// measure compares the ways of an operation. The ways take turns in short
// blocks, so that whatever else the machine does falls on all of them, and
// what is reported are medians: of the costs, and of the ratios within each
// round.
func measure(b *testing.B, op operation) {
	b.Helper()
	if op.rounds == 0 {
		op.rounds = rounds
	}
	costs := make([][]cost, len(op.ways))
	for i := range costs {
		costs[i] = make([]cost, op.rounds)
	}
	open := op.opener(b)
	live, answered := make([]*store, len(op.ways)), make([]*store, len(op.ways))
	for i, w := range op.ways {
		s, err := open(i)
		check(b, err)
		defer s.close()
		s.operation, s.live = op, s
		live[i] = s
		answered[i], err = canned(s, w.run)
		check(b, err)
		defer answered[i].close()
	}
	takeTurns(b, op, live, func(way, round, n int, block func()) {
		usage := serverCPU(b, live[way])
		start := time.Now()
		block()
		took := time.Since(start)
		c := &costs[way][round]
		c.time = micros(took) / float64(n)
		c.server = micros(serverCPU(b, live[way])-usage) / float64(n)
	})
	takeTurns(b, op, answered, func(way, round, n int, block func()) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		usage := processCPU()
		block()
		used := processCPU() - usage
		runtime.ReadMemStats(&after)
		c := &costs[way][round]
		c.client = micros(used) / float64(n)
		c.allocs = float64(after.Mallocs-before.Mallocs) / float64(n)
	})
	report(b, op, costs)
}

// opener returns what opens the store of a way: a keyspace of its own with the
// first accounts, or the members, which all ways share.
func (op operation) opener(b *testing.B) func(way int) (*store, error) {
	b.Helper()
	if op.asks {
		server := peopled(b)
		return func(int) (*store, error) {
			s, err := open(server.Options(), crowd)
			if err == nil {
				err = s.rdb.Ping(ctx).Err() // its options are complete when it has connected
			}
			return s, err
		}
	}
	server := redisd.Start(b)
	return func(way int) (*store, error) {
		s, err := open(server.Options(), "w"+strconv.Itoa(way)+":")
		if err == nil {
			err = s.seed(ctx)
		}
		return s, err
	}
}

// takeTurns runs a block of operations of each way, round after round. The
// first round warms up.
func takeTurns(b *testing.B, op operation, stores []*store, block func(way, round, n int, run func())) {
	b.Helper()
	next := make([]int, len(stores)) // the number of each way's next operation
	for i := range next {
		next[i] = afterCanned
	}
	prepare := func(way, n int) { check(b, stores[way].prepare(next[way], n)) }
	run := func(way, n int) {
		s := stores[way]
		for i := range n {
			if !s.canned {
				i += next[way]
			} else {
				i = afterCanned - 1 // the answer is to this one
			}
			// Not by check: its Helper would be measured.
			if err := op.ways[way].run(s, i); err != nil {
				b.Fatalf("%s: %v", op.ways[way].name, err)
			}
		}
		next[way] += n
	}
	n := 20
	prepare(0, n)
	start := time.Now()
	run(0, n)
	n = max(1, int(blockTime*time.Duration(n)/time.Since(start)))
	for round := -1; round < op.rounds; round++ {
		for k := range stores {
			way := (k + max(round, 0)) % len(stores)
			prepare(way, n)
			runtime.GC()
			if round < 0 {
				run(way, n)
				continue
			}
			block(way, round, n, func() { run(way, n) })
		}
	}
}

// report prints a line for each way, with ratios of the first way to it. The
// benchmarks inside do nothing: they are lines of the output.
func report(b *testing.B, op operation, costs [][]cost) {
	rows := float64(max(op.rows, 1))
	for i, w := range op.ways {
		b.Run(w.name, func(b *testing.B) {
			b.ReportMetric(0, "ns/op")
			for _, m := range []struct {
				unit string
				of   func(cost) float64
			}{
				{"µs", func(c cost) float64 { return c.time }},
				{"server-µs", func(c cost) float64 { return c.server }},
				{"client-µs", func(c cost) float64 { return c.client }},
				{"client-allocs", func(c cost) float64 { return c.allocs }},
			} {
				values, ratios := make([]float64, op.rounds), make([]float64, op.rounds)
				for r := range values {
					values[r] = m.of(costs[i][r]) / rows
					ratios[r] = m.of(costs[0][r]) / m.of(costs[i][r])
				}
				if median(values) == 0 {
					continue // not measured
				}
				table.add(strings.Split(b.Name(), "/")[0], w.name, m.unit, median(values), median(ratios))
				b.ReportMetric(median(values), m.unit+"/op")
				if i > 0 {
					b.ReportMetric(median(ratios), "x-"+m.unit)
				}
			}
		})
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func micros(d time.Duration) float64 { return float64(d) / 1e3 }

// processCPU returns the CPU time of this process, collecting garbage
// included.
func processCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // cannot fail for this process
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// serverCPU returns the CPU time of the server's process.
func serverCPU(b *testing.B, s *store) time.Duration {
	b.Helper()
	text, err := s.rdb.Info(context.Background(), "cpu").Result()
	check(b, err)
	var seconds float64
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_user" || name == "used_cpu_sys" {
			f, err := strconv.ParseFloat(value, 64)
			check(b, err)
			seconds += f
		}
	}
	return time.Duration(seconds * float64(time.Second))
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
