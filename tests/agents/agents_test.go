// Package agents has 32 workers of an agent platform use a storage for a long time,
// typed and untyped, while connections break, replies are lost, servers start anew,
// primaries are replaced and slots move; and compares what is stored with what each of
// them knows.
package agents

import (
	"context"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
)

var (
	longFlag = flag.Bool("long", false, "30 minutes in place of one, with Sentinel and in a cluster too")
	forFlag  = flag.Duration("for", 0, "how long, in place of that")
	rateFlag = flag.Int("rate", 300, "operations a second, of all workers together")
	seedFlag = flag.Uint64("seed", rand.Uint64(), "of what workers and faults choose")
)

// patience is how long anything here may take; what it took is reported.
const patience = time.Minute

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

// Nothing that was acknowledged is lost, nothing that was refused is there, and when all is
// deleted nothing is left.
func TestEndure(t *testing.T) {
	t.Logf("repeat with -seed %d", *seedFlag)
	noLeak(t)
	redis.SetLogger(&logging.VoidLogger{}) // failed dials are meant to be
	lasts, kinds := time.Minute, []string{"Standalone"}
	if *longFlag {
		lasts, kinds = 30*time.Minute, append(kinds, "Sentinel", "Cluster")
	}
	if *forFlag > 0 {
		lasts = *forFlag
	}
	began := time.Now()
	for i, kind := range kinds {
		if t.Failed() {
			return
		}
		until := began.Add(lasts * time.Duration(i+1) / time.Duration(len(kinds)))
		t.Run(kind, func(t *testing.T) { endure(t, startDeployment(t, kind), until) })
	}
}

// rest is how long before the end the last round ends: then all is deleted.
const rest = 4 * time.Second

// endure has workers work until a time, with faults, and looks at everything several times.
func endure(t *testing.T, d *deployment, until time.Time) {
	w := newWorld(t, d)
	defer w.end()
	until = until.Add(-rest)
	rounds := max(4, int(time.Until(until)/(40*time.Second)))
	length := time.Until(until) / time.Duration(rounds)
	for n := 1; n <= rounds && !t.Failed(); n++ {
		w.round(n, until.Add(-length*time.Duration(rounds-n)))
	}
	if !t.Failed() {
		w.clear()
	}
	w.end()
	t.Logf("\n%s", w.report())
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

// pass waits for a while, or until ctx ends.
func pass(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
