package placed

import (
	"context"
	"fmt"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// How often an operation is repeated in a block, and how many blocks there are, of
// which the median counts. The blocks of the entities take turns, so that what else
// the machine does meets all of them.
const (
	repeats = 300
	blocks  = 9
)

// BenchmarkPlacement runs the operations with one goroutine on one server and on the
// three primaries of a cluster, by the number of shards. It counts round trips, and
// takes the CPU time of each primary from its INFO.
func BenchmarkPlacement(b *testing.B) {
	var lines []line
	b.Run("server", func(b *testing.B) {
		lines = append(lines, measure(b, redisd.Start(b).Client())...)
	})
	b.Run("cluster", func(b *testing.B) {
		lines = append(lines, measure(b, redisd.StartCluster(b).Client())...)
	})
	table(lines)
}

// line is what an operation has cost.
type line struct {
	operation     string
	nodes, shards int
	trips         float64
	took          time.Duration
	cpu, busiest  float64 // µs of all primaries, and of the one that had the most
}

func measure(b *testing.B, rdb redis.UniversalClient) (lines []line) {
	count := new(trips)
	rdb.AddHook(count)
	client, err := repo.New(rdb, repo.Config{Prefix: "b:", RoundTrip: 50 * time.Microsecond, SweepInterval: -1})
	check(b, err)
	defer client.Close()
	nodes := primaries(b, rdb)
	all := subjects(client)
	for _, s := range all {
		check(b, s.fill(b.Context()))
	}
	for i := range all[0].operations {
		series := make([]series, len(all))
		for block := range blocks + 1 { // the first does not count: scripts are known from then on
			for j, s := range all {
				series[j].add(b, s.operations[i], block, nodes, count)
			}
		}
		for j, s := range all {
			lines = append(lines, series[j].line(s.operations[i].name, len(nodes), s.shards))
		}
	}
	return lines
}

// series has the figures of the blocks of an operation, each by operation.
type series struct{ took, cpu, busiest, trips []float64 }

// add runs a block.
func (s *series) add(b *testing.B, op operation, block int, nodes []*redis.Client, count *trips) {
	repeats := repeats
	if strings.HasPrefix(op.name, "CreateMany") {
		repeats = 3
	}
	trips, used, start := count.n.Load(), usage(b, nodes), time.Now()
	for i := range repeats {
		check(b, op.run(b.Context(), block*repeats+i))
	}
	n := float64(repeats)
	took := float64(time.Since(start).Microseconds()) / n
	sum, most := 0.0, 0.0
	for i, u := range usage(b, nodes) {
		sum += u - used[i]
		most = max(most, u-used[i])
	}
	if block > 0 {
		s.took, s.cpu, s.busiest = append(s.took, took), append(s.cpu, sum/n), append(s.busiest, most/n)
		s.trips = append(s.trips, float64(count.n.Load()-trips)/n)
	}
}

func (s *series) line(operation string, nodes, shards int) line {
	return line{operation, nodes, shards, median(s.trips), time.Duration(median(s.took)) * time.Microsecond, median(s.cpu), median(s.busiest)}
}

func median(list []float64) float64 {
	sort.Float64s(list)
	return list[len(list)/2]
}

// primaries returns a client of each.
func primaries(b *testing.B, rdb redis.UniversalClient) []*redis.Client {
	cluster, ok := rdb.(*redis.ClusterClient)
	if !ok {
		return []*redis.Client{rdb.(*redis.Client)}
	}
	var mu sync.Mutex
	var nodes []*redis.Client
	check(b, cluster.ForEachMaster(b.Context(), func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, node)
		return nil
	}))
	return nodes
}

// usage returns how many µs of CPU each node has used.
func usage(b *testing.B, nodes []*redis.Client) []float64 {
	list := make([]float64, len(nodes))
	for i, node := range nodes {
		info, err := redis.NewClient(&redis.Options{Addr: node.Options().Addr}).Info(b.Context(), "cpu").Result()
		check(b, err)
		for row := range strings.Lines(info) {
			name, value, _ := strings.Cut(strings.TrimSpace(row), ":")
			if name == "used_cpu_user" || name == "used_cpu_sys" {
				seconds, err := strconv.ParseFloat(value, 64)
				check(b, err)
				list[i] += seconds * 1e6
			}
		}
	}
	return list
}

// trips counts commands and pipelines.
type trips struct{ n atomic.Int64 }

func (*trips) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (t *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		t.n.Add(1)
		return next(ctx, cmd)
	}
}

func (t *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		t.n.Add(1)
		return next(ctx, cmds)
	}
}

// table prints the results in Markdown, by operation.
func table(lines []line) {
	order := map[string]int{}
	for i, l := range lines {
		if _, ok := order[l.operation]; !ok {
			order[l.operation] = i
		}
	}
	sort.SliceStable(lines, func(i, j int) bool { return order[lines[i].operation] < order[lines[j].operation] })
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "| operation\t| nodes\t| shards\t| round trips\t| time, µs\t| server CPU, µs\t| of the busiest\t|")
	fmt.Fprintln(w, "| ---\t| --:\t| --:\t| --:\t| --:\t| --:\t| --:\t|")
	for _, l := range lines {
		fmt.Fprintf(w, "| %s\t| %d\t| %d\t| %.1f\t| %d\t| %.0f\t| %.0f\t|\n", l.operation, l.nodes, l.shards, l.trips, l.took.Microseconds(), l.cpu, l.busiest)
	}
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
