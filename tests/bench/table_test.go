package bench

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

var markdown = flag.Bool("table", false, "print the results as tables in Markdown as well")

func TestMain(m *testing.M) {
	flag.Parse()
	// The benchmarks count their rounds themselves.
	if err := flag.Set("test.benchtime", "1x"); err != nil {
		panic(err)
	}
	code := m.Run()
	if *markdown && code == 0 {
		if len(table) > 0 {
			table.print(os.Stdout)
		}
		if len(network) > 0 {
			network.print(os.Stdout)
		}
	}
	os.Exit(code)
}

// table collects results for docs/performance.md.
var table results

type results []*result

// result is a line of the table. values and ratios are by unit.
type result struct {
	operation, way string
	values, ratios map[string]float64
}

// add adds a number; a later one takes the place of an earlier one.
func (t *results) add(operation, way, unit string, value, ratio float64) {
	operation = strings.TrimPrefix(operation, "Benchmark")
	for _, r := range *t {
		if r.operation == operation && r.way == way {
			r.values[unit], r.ratios[unit] = value, ratio
			return
		}
	}
	*t = append(*t, &result{operation, way, map[string]float64{unit: value}, map[string]float64{unit: ratio}})
}

func (t results) print(w io.Writer) {
	units := []string{"µs", "server-µs", "client-µs", "client-allocs"}
	fmt.Fprintln(w, "| operation | program | time, µs | server CPU, µs | client CPU, µs | allocations |")
	fmt.Fprintln(w, "| --- | --- | --: | --: | --: | --: |")
	for _, r := range t {
		own := r.ratios["µs"] == 1
		fmt.Fprintf(w, "| %s | %s |", r.operation, r.way)
		for _, unit := range units {
			value, ok := r.values[unit]
			switch {
			case !ok:
				fmt.Fprint(w, " |")
			case own:
				fmt.Fprintf(w, " %s |", short(value))
			default:
				fmt.Fprintf(w, " %s (%.2f) |", short(value), r.ratios[unit])
			}
		}
		fmt.Fprintln(w)
	}
}

// short writes a number with three digits or so.
func short(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
