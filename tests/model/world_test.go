// Package model compares repositories with plain Go maps: random operations, the same on every kind of server, and
// after some of them a check that all of the keyspace is what the records imply.
package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

// world is one run: the server, the client under test and the models of the entities.
type world struct {
	ctx      context.Context
	store    *store
	client   *repo.Client
	schema   map[string]*schema.Entity
	entities []entity

	rng   *rand.Rand // of this step
	step  int
	now   time.Time // by the server's clock, as the step began
	wall  time.Time // what fields of creation and update are set by
	ids   madeUp
	focus bool // keys are drawn from two of each entity

	fresh []*window // of what this step has written
	log   []string
}

// entity is a model without its types.
type entity interface {
	entityName() string
	claimsFar() bool // some of its writes claim values in other shards, and come after the rest of a batch
	purge()
	act()                                       // one random operation
	batch(b *repo.Batch) func(i int, err error) // adds one; the function checks its result
	compare()                                   // compares all records
}

// failure is what a run ends with when the repository does not do what the model does.
type failure struct {
	step    int
	problem string
	log     []string
}

func (f *failure) Error() string {
	const most = 40
	log := f.log
	if len(log) > most {
		log = log[len(log)-most:]
	}
	return fmt.Sprintf("step %d: %s\n\nthe last operations:\n%s", f.step, f.problem, strings.Join(log, "\n"))
}

func (w *world) fail(format string, args ...any) {
	panic(&failure{w.step, fmt.Sprintf(format, args...), w.log})
}

// chance is true once in n times.
func (w *world) chance(n int) bool { return w.rng.IntN(n) == 0 }

func pick[V any](w *world, values ...V) V { return values[w.rng.IntN(len(values))] }

// key draws from the keys of an entity.
func key[K any](w *world, keys ...K) K {
	if w.focus {
		keys = keys[:2]
	}
	return pick(w, keys...)
}

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%6d  %s", w.step, fmt.Sprintf(format, args...)))
}

// called says that the server has carried out what was written to the models.
func (w *world) called() {
	took := w.store.now().Sub(w.now) + w.store.slack
	for _, due := range w.fresh {
		if due.to.Sub(due.from) == unknown {
			due.to = due.from.Add(took)
		}
	}
	w.fresh = nil
}

// madeUp are the keys that the client makes up when none is given: few, so that they collide. The model draws the
// same ones.
type madeUp struct {
	mu           sync.Mutex
	from         int
	client, want int
}

func (m *madeUp) begin(from int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.from, m.client, m.want = from, 0, 0
}

func (m *madeUp) next() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.client++
	return uuids[(m.from+m.client)%len(uuids)]
}

func (m *madeUp) model() string {
	m.want++
	return uuids[(m.from+m.want)%len(uuids)]
}

var uuids = []string{
	"00000000-0000-7000-8000-000000000001",
	"00000000-0000-7000-8000-000000000002",
	"00000000-0000-7000-8000-0000000000ff",
	"ffffffff-ffff-7fff-bfff-ffffffffffff",
	"01890a5d-ac96-774b-bcce-b302099a8057",
}

// run carries out steps, each with random numbers of its own: those of a history go on to mean the same when others
// are left out.
func run(ctx context.Context, s *store, entities map[string]*schema.Entity, seed uint64, steps []int, config repo.Config) (err error) {
	w := &world{ctx: ctx, store: s, schema: entities}
	defer func() {
		switch f := recover().(type) {
		case nil:
		case *failure:
			err = f
		default:
			err = &failure{w.step, fmt.Sprint("panic: ", f), w.log}
		}
	}()
	config.Clock = func() time.Time { return w.wall }
	config.NewID = w.ids.next
	config.MinRetryBackoff, config.MaxRetryBackoff = time.Microsecond, time.Millisecond
	w.client, err = repo.New(s.repos, config)
	if err != nil {
		return err
	}
	defer w.client.Close()
	w.entities = []entity{newUsers(w), newSessions(w), newTokens(w), newMemberships(w)}
	for i, step := range steps {
		w.begin(seed, step)
		w.within(ctx, w.act)
		if (i+1)%200 == 0 {
			w.within(ctx, w.check)
		}
	}
	w.within(ctx, w.check)
	return nil
}

// within has a step end, also one that waits for time to pass on a clock that stands still.
func (w *world) within(ctx context.Context, act func()) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	w.ctx = ctx
	act()
}

func (w *world) begin(seed uint64, step int) {
	w.step = step
	w.rng = rand.New(rand.NewPCG(seed, uint64(step)))
	w.store.tick(time.Duration(w.rng.IntN(2_000_000)))
	w.now = w.store.now()
	w.focus = false
	w.wall = time.Date(2020, 1, 1, 0, 0, step/4, 999, time.UTC)
	w.ids.begin(w.rng.IntN(len(uuids)))
	for _, e := range w.entities {
		e.purge()
	}
}

// act does one step.
func (w *world) act() {
	switch {
	case w.chance(40):
		d := tick * time.Duration(1+w.rng.IntN(10))
		w.note("the clock advances by %v", d)
		w.store.advance(d)
	case w.chance(150):
		w.forget()
	case w.chance(15):
		w.batch()
	default:
		pick(w, w.entities...).act()
	}
	w.called()
}

// forget has the server lose its scripts, as a restart does.
func (w *world) forget() {
	w.note("the server forgets its scripts")
	if err := w.store.rdb.ScriptFlush(w.ctx).Err(); err != nil {
		w.fail("SCRIPT FLUSH: %v", err)
	}
}

// batch does several operations in one round trip.
func (w *world) batch() {
	b := w.client.Batch()
	var checks []func(int, error)
	far := map[entity]bool{} // with an operation in the batch
	n := w.rng.IntN(6)
	w.focus = w.chance(2)
	if w.chance(4) {
		w.forget()
	}
	for range n {
		for _, e := range w.entities {
			e.purge()
		}
		e := pick(w, w.entities...)
		if e.claimsFar() && far[e] {
			continue
		}
		far[e] = true
		checks = append(checks, e.batch(b))
	}
	w.note("  Run")
	err := b.Run(w.ctx)
	w.called()
	errs := w.each("Batch", err, len(checks))
	for i, check := range checks {
		check(i, errs[i])
	}
}

// check compares the keyspace with the records, and the records with the models.
func (w *world) check() {
	w.now = w.store.now()
	for _, e := range w.entities {
		e.purge()
		w.integrity(e.entityName(), false)
		e.compare()
		if err := w.client.Sweep(w.ctx); err != nil {
			w.fail("Sweep: %v", err)
		}
		w.integrity(e.entityName(), true)
	}
}

func (w *world) integrity(entity string, settled bool) {
	if !settled && w.store.swept {
		return // the sweeper may be at work; compare waits for it
	}
	problems, err := integrity.Check(w.ctx, w.store.rdb, w.client.Prefix(), w.schema[entity], settled)
	if err != nil {
		w.fail("integrity check of %s: %v", entity, err)
	}
	if len(problems) > 0 {
		w.fail("%d problems in the keyspace (settled: %t):\n  %s", len(problems), settled, strings.Join(problems[:min(10, len(problems))], "\n  "))
	}
}

// store is a server whose clock the test drives.
type store struct {
	rdb     redis.UniversalClient
	repos   redis.UniversalClient // for repositories: rdb, or that of a user who may do less
	now     func() time.Time
	advance func(time.Duration)
	tick    func(time.Duration) // lets a little time pass, on a clock that stands still
	slack   time.Duration       // how far its clock and this program's may be apart
	swept   bool                // the client's sweeper is at work

	functions bool // scripts are functions
}
