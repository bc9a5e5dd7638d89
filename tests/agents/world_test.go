package agents

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage/redis"
)

const (
	workers = 32
	// ttl is how long sessions live after they were used, and slack how far the clocks may
	// be apart by which they do.
	ttl, slack = 6 * time.Second, 1500 * time.Millisecond
	// behind is how far the clock of the other program is behind.
	behind = 300 * time.Millisecond
)

// world is a storage and all who use it.
type world struct {
	t       *testing.T
	d       *deployment
	storage *redis.Storage
	store   *tframex.Store
	another *redis.Storage // of another program, whose clock is behind
	workers []*worker
	figures *figures
	started time.Time

	talks talks
	lives lives
	flows flows

	running sync.WaitGroup
	ctx     context.Context
	stop    context.CancelFunc
	gate    sync.RWMutex // held by workers while they call, and between rounds by the test
	paused  bool         // it is held by the test
	empty   float64      // bytes of data of the server when there is nothing
}

// newWorld opens a storage and starts workers, which wait for the first round.
func newWorld(t *testing.T, d *deployment) *world {
	t.Helper()
	w := &world{t: t, d: d, figures: newFigures(), started: time.Now()}
	w.empty = w.memory()
	d.config.Logger = slog.New(slog.NewTextHandler(io.Discard, nil)) // much fails
	w.storage = w.open(nil)
	w.another = w.open(func() time.Time { return time.Now().Add(-behind) })
	w.store = w.storage.Store()
	w.ctx, w.stop = context.WithCancel(context.Background())
	w.gate.Lock()
	w.paused = true
	must(t, w.setRoles())
	for i := range workers {
		one := newWorker(w, i)
		must(t, one.setAccess())
		w.workers = append(w.workers, one)
		w.running.Go(one.work)
	}
	w.openRooms()
	return w
}

// open returns a storage whose typed side goes by a clock; nil: the server's.
func (w *world) open(clock func() time.Time) *redis.Storage {
	w.t.Helper()
	s, err := redis.New(redis.Config{Connection: w.d.config, Typed: tframex.StoreOptions{SessionTTL: ttl, Notify: true, Clock: clock}})
	must(w.t, err)
	must(w.t, s.Initialize(w.t.Context()))
	return s
}

// source returns a source of random numbers for one goroutine.
func (w *world) source() *rand.Rand {
	return rand.New(rand.NewPCG(w.d.random.Uint64(), w.d.random.Uint64()))
}

// end stops all that runs, and closes the storage.
func (w *world) end() {
	w.stop()
	if w.paused {
		w.gate.Unlock()
		w.paused = false
	}
	w.running.Wait()
	w.talks.endFollowers()
	_, _ = w.storage.Close(), w.another.Close()
}

// problems fails the test with what is wrong.
func (w *world) problems(of string, list []string) {
	w.t.Helper()
	for i, problem := range list {
		if i == 10 {
			w.t.Errorf("%s: and %d more", of, len(list)-i)
			return
		}
		w.t.Errorf("%s: %s", of, problem)
	}
}

// round lets workers go on, with faults, until a time; then it looks at everything.
func (w *world) round(n int, until time.Time) {
	w.t.Helper()
	w.paused = false
	w.gate.Unlock()
	var left []fault
	for time.Now().Before(until.Add(-time.Second)) && !w.t.Failed() {
		pass(w.t.Context(), 500*time.Millisecond+time.Duration(w.d.random.IntN(1500))*time.Millisecond)
		if len(left) == 0 { // each of them, then each of them again
			left = slices.Clone(w.d.faults)
			w.d.random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
		}
		w.figures.fault(left[0].name)
		left[0].run(w.d)
		left = left[1:]
	}
	w.gate.Lock()
	w.paused = true
	start := time.Now()
	w.d.flush()
	w.calm("sweep", func(ctx context.Context) error { return w.store.CleanUp(ctx) })
	w.checkTalks()
	w.checkLives()
	w.checkFlows()
	w.checkTrails()
	w.checkDocuments()
	w.integrity(false)
	w.t.Logf("round %d has ended; the look at everything took %v", n, time.Since(start).Round(time.Millisecond))
}

// calm calls something that may be repeated until it succeeds: connections that were closed
// are still found to be. It returns the error of which a caller knows.
func (w *world) calm(what string, f func(context.Context) error, expected ...error) (err error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	eventually(w.t, func() string { return fmt.Sprint(what, ": ", err) }, func() bool {
		if err = f(ctx); err == nil || slices.ContainsFunc(expected, func(e error) bool { return errors.Is(err, e) }) {
			return true
		}
		if _, known := outcomeOf(err); !known {
			w.t.Fatalf("%s: %v", what, err)
		}
		return false
	})
	return err
}

// counts fails the test if there are not as many records of an entity.
func (w *world) counts(name string, want int, count func(context.Context) (int64, error)) {
	w.t.Helper()
	var got int64
	w.calm("count "+name, func(ctx context.Context) (err error) { got, err = count(ctx); return err })
	if got != int64(want) {
		w.t.Errorf("%d %s, want %d", got, name, want)
	}
}

// list returns all records of a query.
func list[T any](w *world, name string, query func() *repo.Query[T, string]) (all []T) {
	w.t.Helper()
	w.calm("list "+name, func(ctx context.Context) error {
		all = nil
		for one, err := range query().All(ctx) {
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		return nil
	})
	return all
}
