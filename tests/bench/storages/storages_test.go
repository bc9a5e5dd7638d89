package storages

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"
)

// An operation is called in blocks, of which the median counts; the subjects take turns, in
// changing order.
const (
	blocks    = 11
	blockTime = 50 * time.Millisecond
)

// workers are how many goroutines call at the same time.
var workers = []int{1, 16}

// BenchmarkStorages compares storages and programs by hand: the time of a call by one
// goroutine, and of one of those that 16 make at the same time, and both as a multiple of the
// time of the backend of SQLite and of the program by hand, in the same round.
func BenchmarkStorages(b *testing.B) {
	list := subjects(b)
	for _, s := range list {
		s.fill(b, records)
	}
	results := make([][]row, len(operations))
	for i := range results {
		results[i] = make([]row, len(list))
	}
	b.ResetTimer()
	for _, n := range workers {
		for i, took := range measure(b, list, n) {
			for j := range list {
				results[i][j] = append(results[i][j], compare(took, j))
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	report(b, list, results)
}

// measure returns what operations took, in µs: by operation, subject and round.
func measure(b *testing.B, list []*subject, workers int) [][][]float64 {
	took := make([][][]float64, len(operations))
	counts := make([][]int, len(operations)) // of calls in a block
	for i := range took {
		took[i], counts[i] = make([][]float64, len(list)), make([]int, len(list))
	}
	for round := -1; round < blocks; round++ {
		for i, op := range operations {
			for k := range list {
				j := (k + max(round, 0)) % len(list)
				n := counts[i][j]
				if round < 0 {
					n = workers // to know how many there are in a block
				}
				calls := op.calls(list[j], n)
				each := run(b, calls, workers)
				if round < 0 {
					counts[i][j] = workers * max(1, int(blockTime/each)/workers)
					continue
				}
				took[i][j] = append(took[i][j], float64(each)/float64(time.Microsecond)/float64(op.documents))
			}
		}
		for _, s := range list {
			run(b, deletes(s, len(s.added)), 1)
		}
	}
	return took
}

// run makes calls by several workers, and returns the time of each.
func run(b *testing.B, calls []call, workers int) time.Duration {
	var next atomic.Int64
	var running sync.WaitGroup
	start := time.Now()
	for range workers {
		running.Go(func() {
			for i := next.Add(1); i <= int64(len(calls)); i = next.Add(1) {
				if err := calls[i-1](b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return time.Since(start) / time.Duration(max(1, len(calls)))
}

// row is what an operation of a subject took, by the number of workers.
type row []result

// result is a time in µs, and how many times as long as the subjects took that it is compared
// with.
type result struct{ micros, byBackend, byHand float64 }

// compare returns the medians of one subject.
func compare(took [][]float64, subject int) result {
	ratio := func(other int) float64 {
		ratios := make([]float64, blocks)
		for round := range ratios {
			ratios[round] = took[subject][round] / took[other][round]
		}
		return median(ratios)
	}
	return result{median(took[subject]), ratio(byBackend), ratio(byHand)}
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// report prints a table in Markdown for each number of workers.
func report(b *testing.B, list []*subject, results [][]row) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	for at, n := range workers {
		fmt.Fprintf(w, "| %d at once\t", n)
		for _, op := range operations {
			fmt.Fprintf(w, "| %s\t", op.name)
		}
		fmt.Fprintln(w, "|\n| ---\t"+strings.Repeat("| --:\t", len(operations))+"|")
		for j, s := range list {
			fmt.Fprintf(w, "| %s\t", s.name)
			for i := range operations {
				r := results[i][j][at]
				fmt.Fprintf(w, "| %s (%.2f, %.2f)\t", short(r.micros), r.byBackend, r.byHand)
			}
			fmt.Fprintln(w, "|")
		}
		fmt.Fprintln(w)
	}
	check(b, w.Flush())
}

// short writes a number with two digits or more.
func short(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
