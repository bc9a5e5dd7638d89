package storm

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// figures are what one round has shown.
type figures struct {
	election       time.Duration // until there was a new primary
	plain, durable time.Duration // the longest between two successes of a writer
	writes         [outcomes]int64
	lost           int // of acknowledged writes that did not ask for durability
	left           int // claims more that nobody needs, until somebody wants the value
}

func (f figures) String() string {
	return fmt.Sprintf("elected after %v, longest gap %v, of durable writers %v; %d writes, %d refused, %d uncertain, %d not durable, %d lost, %d claims left",
		f.election.Round(time.Millisecond), f.plain.Round(time.Millisecond), f.durable.Round(time.Millisecond), f.writes[good], f.writes[refused], f.writes[uncertain], f.writes[short], f.lost, f.left)
}

// report has the figures of all rounds, by event.
type report struct {
	mu     sync.Mutex
	names  []string
	rounds map[string][]figures
}

func (r *report) add(event string, f figures) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rounds == nil {
		r.rounds = map[string][]figures{}
	}
	if r.rounds[event] == nil {
		r.names = append(r.names, event)
	}
	r.rounds[event] = append(r.rounds[event], f)
}

// String returns a table. Times are those of the median round and of the worst one. Gaps
// are the longest of any writer; first of those that are not durable, then of those
// that are.
func (r *report) String() string {
	var b strings.Builder
	line := func(cells ...any) {
		fmt.Fprintf(&b, "%-30v %5v %14v %14v %14v %8v %8v %9v %11v %5v %5v\n", cells...)
	}
	line("event", "times", "election", "longest gap", "of durable", "writes", "refused", "uncertain", "not durable", "lost", "left")
	slices.Sort(r.names)
	for _, name := range r.names {
		var elections, plain, durable []time.Duration
		var sum figures
		for _, f := range r.rounds[name] {
			elections, plain, durable = append(elections, f.election), append(plain, f.plain), append(durable, f.durable)
			for i, n := range f.writes {
				sum.writes[i] += n
			}
			sum.lost += f.lost
			sum.left += f.left
		}
		line(name, len(plain), spread(elections), spread(plain), spread(durable), sum.writes[good], sum.writes[refused], sum.writes[uncertain], sum.writes[short], sum.lost, sum.left)
	}
	return b.String()
}

// spread returns the median and the largest: "1.20s/3.42s".
func spread(list []time.Duration) string {
	slices.Sort(list)
	return fmt.Sprintf("%.2fs/%.2fs", list[len(list)/2].Seconds(), list[len(list)-1].Seconds())
}
