// Package storm has everything happen at once: writers and readers of entities
// that are placed in all ways go on while primaries are replaced, slots move, the
// network fails, and all servers start anew.
package storm

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
)

var (
	longFlag = flag.Bool("long", false, "10 failovers of each deployment, and 3 times 1,500 slots that move")
	seedFlag = flag.Uint64("seed", rand.Uint64(), "of what writers, readers and events choose")
)

// patience is how long anything here may take; what it took is reported.
const patience = 3 * time.Minute

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what func() string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what())
		}
	}
}

// events returns what happens to a deployment.
func events(d *deployment) []event {
	failovers, moved, moves := 2, 150, 1
	if *longFlag {
		failovers, moved, moves = 10, 1500, 3
	}
	list := []event{calm, restart} // whose servers come back as what they were at first
	if !*longFlag {
		list = []event{restart}
	}
	for i := range failovers {
		list = append(list, []event{kill, stop}[i%2])
	}
	list = append(list, cutOne)
	if *longFlag {
		list = append(list, cutAll, slow)
	}
	if d.cluster == nil {
		return list
	}
	for range moves {
		list = slices.Insert(list, 1+d.random.IntN(len(list)), reshard(moved))
	}
	return list
}

// Whatever happens, what was acknowledged as durable is there, nothing is done
// twice, and all indexes are as their records imply.
func TestStorm(t *testing.T) {
	t.Logf("repeat with -seed %d", *seedFlag)
	noLeak(t)
	var figures report
	t.Run("deployments", func(t *testing.T) {
		for name, start := range map[string]func(*testing.T) *deployment{"Sentinel": startSentinel, "Cluster": startCluster} {
			t.Run(name, func(t *testing.T) {
				if !*longFlag {
					t.Parallel()
				}
				storm(t, start(t), &figures)
			})
		}
	})
	t.Logf("\n%s", &figures)
}

// storm has all events happen to a deployment.
func storm(t *testing.T, d *deployment, figures *report) {
	w := newWorld(t, d)
	for i, e := range events(d) {
		w.round(fmt.Sprintf("%d, %s", i, e.name), e, figures)
		if t.Failed() {
			return
		}
	}
	w.end()
	d.wantNoConnections()
}

// round has an event happen while everybody works, and then looks at what has
// become of the records.
func (w *world) round(name string, e event, figures *report) {
	w.t.Helper()
	before := w.d.epoch()
	w.begin()
	w.progress("before "+name, 3)
	start := time.Now()
	e.run(w)
	w.d.healthy(patience)
	w.progress("after "+name, 3)
	w.pause()
	took := time.Since(start)
	f := w.figures(e)
	w.settle()
	elected := w.d.epoch() != before
	if e.elects && !elected {
		w.t.Errorf("%s: nobody was elected", name)
	}
	f.lost, f.left = w.check(name, elected), w.integrity(name)-w.left
	w.left += f.left
	w.t.Logf("%s took %v: %v", name, took.Round(time.Millisecond), f)
	figures.add(w.d.name+", "+e.name, f)
}

// noLeak has the test fail if goroutines are left when it ends.
func noLeak(t *testing.T) {
	t.Helper()
	redisd.Shared(t) // starts goroutines that last as long as the process
	ignore := []goleak.Option{goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("github.com/redisgen/redisgen/internal/redisd.(*process).run.func1")}
	t.Cleanup(func() {
		var err error
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			if err = goleak.Find(ignore...); err == nil {
				return
			}
		}
		t.Error(err)
	})
}

// running is goroutines that end together.
type running struct {
	sync.WaitGroup
	ctx  context.Context
	stop context.CancelFunc
}
