package storm

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

func slotOf(tag string) int { return placement.Slot(tag) }

// writesToRead is how many writes there are for each read.
const writesToRead = 8

// world is clients of a deployment, the writers and readers that use them, and
// those that look at it all.
type world struct {
	t       *testing.T
	d       *deployment
	client  *repo.Client
	lasting *repo.Client // that repeats what it can for as long as it takes
	writers []*writer
	running running

	gate   sync.RWMutex  // held by writers and readers while they call, and between rounds by the test
	paused bool          // it is held by the test
	turns  chan struct{} // to read

	left int // claims that nobody needs, so far

	// of the round
	began    [outcomes]int64
	election time.Duration // after which there was a new primary
}

// newWorld opens clients and starts writers and readers, which wait for the first
// round.
func newWorld(t *testing.T, d *deployment) *world {
	t.Helper()
	w := &world{t: t, d: d, turns: make(chan struct{}, 1)}
	w.client = w.open(d.config)
	config := d.config
	config.RetryTimeout = -1
	w.lasting = w.open(config)
	w.addWriters()
	readers := w.readers()
	w.pause()
	w.running.ctx, w.running.stop = context.WithCancel(context.Background())
	for _, one := range w.writers {
		w.running.Go(func() { w.write(one) })
	}
	for _, read := range readers {
		w.running.Go(func() { w.read(read) })
	}
	t.Cleanup(func() {
		d.network.Heal()
		w.end()
	})
	return w
}

// open returns a client that says nothing of what fails in the background.
func (w *world) open(config repo.Config) *repo.Client {
	config.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	client, err := repo.Open(w.t.Context(), config)
	must(w.t, err)
	w.t.Cleanup(func() { _ = client.Close() })
	return client
}

// another returns a source of random numbers for one goroutine.
func (w *world) another() *rand.Rand {
	return rand.New(rand.NewPCG(w.d.random.Uint64(), w.d.random.Uint64()))
}

// write has a writer write until the world ends.
func (w *world) write(one *writer) {
	for n := 1; w.running.ctx.Err() == nil; n++ {
		w.call(one.once)
		if n%writesToRead == 0 {
			select {
			case w.turns <- struct{}{}:
			default: // the readers are slow
			}
		}
	}
}

// read has a reader read until the world ends, when it is its turn.
func (w *world) read(once func(context.Context) error) {
	for {
		select {
		case <-w.turns:
			w.call(func() error { return readOnce(once) })
		case <-w.running.ctx.Done():
			return
		}
	}
}

// call calls something when the gate is open.
func (w *world) call(once func() error) {
	w.gate.RLock()
	defer w.gate.RUnlock()
	if w.running.ctx.Err() == nil {
		if err := once(); err != nil {
			w.t.Error(err)
		}
	}
}

// end stops all that runs, and closes the clients.
func (w *world) end() {
	w.running.stop()
	if w.paused {
		w.gate.Unlock()
		w.paused = false
	}
	w.running.Wait()
	_, _ = w.client.Close(), w.lasting.Close()
}

// pause waits until nobody calls, and has nobody call until the next round.
func (w *world) pause() {
	w.gate.Lock()
	w.paused = true
}

// begin lets writers and readers go on.
func (w *world) begin() {
	for i := range w.began {
		w.began[i] = w.count(outcome(i))
	}
	w.election = 0
	for _, one := range w.writers {
		one.begin()
	}
	w.paused = false
	w.gate.Unlock()
}

func (w *world) count(what outcome) (n int64) {
	for _, one := range w.writers {
		n += one.writes[what].Load()
	}
	return n
}

// failures returns how many writes have not been acknowledged.
func (w *world) failures() int64 { return w.count(refused) + w.count(uncertain) + w.count(short) }

// progress waits until each writer has succeeded some times more.
func (w *world) progress(when string, times int64) {
	w.t.Helper()
	w.await(when, times, w.writers)
}

// plainProgress waits only for those that nobody has to confirm.
func (w *world) plainProgress(when string, times int64) {
	w.t.Helper()
	w.await(when, times, slices.DeleteFunc(slices.Clone(w.writers), func(one *writer) bool { return one.durable }))
}

func (w *world) await(when string, times int64, writers []*writer) {
	w.t.Helper()
	until := make([]int64, len(writers))
	for i, one := range writers {
		until[i] = one.writes[good].Load() + times
	}
	for i, one := range writers {
		eventually(w.t, func() string { return one.name + " goes on " + when }, func() bool { return one.writes[good].Load() >= until[i] || w.t.Failed() })
	}
}

// figures returns those of the round that ends.
func (w *world) figures(e event) (f figures) {
	w.t.Helper()
	f.election = w.election
	for _, one := range w.writers {
		gap := &f.plain
		if one.durable {
			gap = &f.durable
		}
		*gap = max(*gap, one.longest())
	}
	for i := range f.writes {
		f.writes[i] = w.count(outcome(i)) - w.began[i]
	}
	if e.strict && f.writes[refused]+f.writes[uncertain] > 0 {
		w.t.Errorf("%s: %d writes were refused, %d are uncertain; want none", e.name, f.writes[refused], f.writes[uncertain])
	}
	return f
}

// settle waits until nothing is under way any more.
func (w *world) settle() {
	w.t.Helper()
	w.d.flush()
	eventually(w.t, func() string { return "clients sweep" }, func() bool {
		return w.client.Sweep(w.t.Context()) == nil && w.lasting.Sweep(w.t.Context()) == nil
	})
}

// check looks at all journals, and returns how many writes are lost that an
// election may lose.
func (w *world) check(name string, elected bool) (lost int) {
	w.t.Helper()
	for _, one := range w.writers {
		n, problems := one.check(w.t.Context())
		for _, problem := range problems {
			w.t.Errorf("%s: %s: %s", name, one.name, problem)
		}
		if n > 0 && (one.durable || !elected) {
			w.t.Errorf("%s: %s: %d acknowledged writes are lost", name, one.name, n)
		}
		lost += n
	}
	for _, problem := range w.together() {
		w.t.Errorf("%s: %s", name, problem)
	}
	return lost
}

// schemas are those of the packages that are written to.
var schemas = sync.OnceValues(func() (list []*schema.Package, err error) {
	packages, mistakes, err := load.Load("", "../app", "../places")
	if err == nil && len(mistakes) > 0 {
		err = mistakes
	}
	if err != nil {
		return nil, fmt.Errorf("schemas: %w", err)
	}
	for _, p := range packages {
		list = append(list, p.Package)
	}
	return list, nil
})

// integrity fails the test if keyspaces are not what their records imply, and
// returns how many claims nobody needs: a failover may lose that they were released.
func (w *world) integrity(name string) (left int) {
	w.t.Helper()
	packages, err := schemas()
	must(w.t, err)
	rdb := w.d.direct()
	defer rdb.Close()
	for _, p := range packages {
		problems, err := integrity.CheckMoved(w.t.Context(), rdb, w.client.Prefix(), p, false, w.d.late)
		must(w.t, err)
		for _, problem := range problems {
			w.t.Errorf("%s: %s", name, problem)
		}
		settled, err := integrity.CheckMoved(w.t.Context(), rdb, w.client.Prefix(), p, true, w.d.late)
		must(w.t, err)
		left += len(settled) - len(problems)
	}
	return left
}
