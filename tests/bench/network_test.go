package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// BenchmarkNetwork compares the two ways to read a page by one index: the
// script, which reads index and records in one round trip, and plain commands,
// ZRANGE and a pipeline of HMGET with the same decoder, which need two. Each
// request is held back as the round trip of a network would.
func BenchmarkNetwork(b *testing.B) {
	for _, n := range []int{10, 50, 250} {
		ways := []way{
			{"script", func(s *store, i int) error {
				page, err := busiest(s, i).Limit(n).Page(ctx)
				return enough(len(page.Items), n, err)
			}},
			{"plain", func(s *store, i int) error {
				list, err := s.plainPage(ctx, i, n)
				return enough(len(list), n, err)
			}},
		}
		for _, delay := range []time.Duration{0, 500 * time.Microsecond, 5 * time.Millisecond} {
			b.Run(fmt.Sprintf("%d/%v", n, delay), func(b *testing.B) { compareOver(b, ways, n, delay) })
		}
	}
}

// plainPage reads a page without a script. GetMany is a pipeline of HMGET.
func (s *store) plainPage(ctx context.Context, i, n int) ([]*Member, error) {
	ids, err := s.seek.busiestIDs(ctx, status(i), n)
	if err != nil {
		return nil, err
	}
	return s.members.GetMany(ctx, ids...)
}

// compareOver measures two ways over a network of some delay, in turns.
func compareOver(b *testing.B, ways []way, rows int, delay time.Duration) {
	server := peopled(b)
	costs := make([][]cost, len(ways))
	stores, lines := make([]*store, len(ways)), make([]*line, len(ways))
	for i := range ways {
		costs[i] = make([]cost, rounds)
		options := server.Options()
		lines[i] = &line{delay: delay}
		options.Dialer = lines[i].dial
		s, err := openAt(options, crowd, time.Hour) // so that pages are read by the script
		check(b, err)
		defer s.close()
		stores[i] = s
	}
	trips := make([]float64, len(ways))
	takeTurns(b, operation{rounds: rounds, ways: ways}, stores, func(way, round, n int, block func()) {
		before := lines[way].trips
		usage := serverCPU(b, stores[way])
		asking := lines[way].trips - before
		start := time.Now()
		block()
		costs[way][round].time = micros(time.Since(start)) / float64(n)
		trips[way] = float64(lines[way].trips-before-asking) / float64(n)
		costs[way][round].server = micros(serverCPU(b, stores[way])-usage) / float64(n)
	})
	for i, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			c := overNetwork{rows: rows, way: w.name, delay: delay, trips: trips[i]}
			var ratios []float64
			var times, server []float64
			for round := range rounds {
				times = append(times, costs[i][round].time)
				server = append(server, costs[i][round].server)
				ratios = append(ratios, costs[0][round].time/costs[i][round].time)
			}
			c.time, c.server, c.ratio = median(times), median(server), median(ratios)
			network = append(network, c)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(c.time, "µs/op")
			b.ReportMetric(c.server, "server-µs/op")
			b.ReportMetric(c.trips, "trips/op")
			if i > 0 {
				b.ReportMetric(c.ratio, "x-µs")
			}
		})
	}
}

// overNetwork is what a page has cost over a network.
type overNetwork struct {
	rows                       int
	way                        string
	delay                      time.Duration
	time, server, trips, ratio float64
}

// network collects results for docs/performance.md.
var network networkResults

type networkResults []overNetwork

// print prints a line for each number of records and way, with a time for each
// delay.
func (results networkResults) print(w io.Writer) {
	fmt.Fprintln(w, "| records | program | round trips | server CPU, µs | time, µs | with 0.5 ms | with 5 ms |")
	fmt.Fprintln(w, "| --: | --- | --: | --: | --: | --: | --: |")
	type line struct {
		rows int
		way  string
	}
	var lines []line
	cells := map[line][]string{}
	for _, c := range results {
		at := line{c.rows, c.way}
		if len(cells[at]) == 0 {
			lines = append(lines, at)
			cells[at] = []string{fmt.Sprint(c.rows), c.way, short(c.trips), short(c.server)}
		}
		text := short(c.time)
		if c.ratio != 1 {
			text += fmt.Sprintf(" (%.2f)", c.ratio)
		}
		cells[at] = append(cells[at], text)
	}
	for _, at := range lines {
		fmt.Fprintln(w, "| "+strings.Join(cells[at], " | ")+" |")
	}
}

// line makes connections whose requests take some time to go and come. They
// are for one goroutine.
type line struct {
	delay time.Duration
	trips int
}

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return &delayed{Conn: conn, line: l}, err
}

type delayed struct {
	net.Conn
	line  *line
	asked bool
}

// Write holds back what is the beginning of a request.
func (c *delayed) Write(p []byte) (int, error) {
	if !c.asked {
		c.asked = true
		c.line.trips++
		wait(c.line.delay)
	}
	return c.Conn.Write(p)
}

func (c *delayed) Read(p []byte) (int, error) {
	c.asked = false
	return c.Conn.Read(p)
}

// wait returns after d, more exactly than the system's timers do.
func wait(d time.Duration) {
	end := time.Now().Add(d)
	time.Sleep(d - 2*time.Millisecond)
	for time.Now().Before(end) {
	}
}
