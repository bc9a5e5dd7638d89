package agents

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// figures are what calls have taken and led to.
type figures struct {
	mu     sync.Mutex
	took   map[string][]time.Duration // of calls that were answered, by kind
	failed map[string]map[outcome]int // of the others
	faults map[string]int
	notes  []string
}

func newFigures() *figures {
	return &figures{took: map[string][]time.Duration{}, failed: map[string]map[outcome]int{}, faults: map[string]int{}}
}

// add notes a call.
func (f *figures) add(kind string, c call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed[kind] == nil {
		f.failed[kind] = map[outcome]int{}
	}
	if c.what == good {
		f.took[kind] = append(f.took[kind], c.ended.Sub(c.began))
	} else {
		f.failed[kind][c.what]++
	}
}

func (f *figures) fault(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[name]++
}

func (f *figures) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notes = append(f.notes, fmt.Sprintf(format, args...))
}

// report returns a table of the calls by kind, the faults, and what was noted.
func (w *world) report() string {
	f := w.figures
	var b strings.Builder
	line := func(cells ...any) { fmt.Fprintf(&b, "%-16v %8v %9v %9v %9v %8v %10v %12v\n", cells...) }
	line("call", "answered", "median", "p99", "worst", "refused", "uncertain", "not durable")
	var all []time.Duration
	var none [pending]int
	row := func(kind string, took []time.Duration, failed [pending]int) {
		slices.Sort(took)
		line(kind, len(took), quantile(took, 0.5), quantile(took, 0.99), quantile(took, 1), failed[refused], failed[uncertain], failed[short])
	}
	kinds := make([]string, 0, len(f.failed))
	for kind := range f.failed {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		var failed [pending]int
		for what, n := range f.failed[kind] {
			failed[what] += n
			none[what] += n
		}
		row(kind, f.took[kind], failed)
		all = append(all, f.took[kind]...)
	}
	row("all", all, none)
	var faults []string
	for name, n := range f.faults {
		faults = append(faults, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(faults)
	fmt.Fprintf(&b, "faults: %s\n", strings.Join(faults, ", "))
	for _, note := range f.notes {
		fmt.Fprintln(&b, note)
	}
	lasted := time.Since(w.started)
	fmt.Fprintf(&b, "%.0f calls a second in %v; %v of CPU in this process so far\n", float64(len(all))/lasted.Seconds(), lasted.Round(time.Second), cpu().Round(time.Second/10))
	return b.String()
}

// quantile returns the duration that a share of a sorted list does not exceed.
func quantile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)].Round(10 * time.Microsecond)
}

// cpu returns what this process has used.
func cpu() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
