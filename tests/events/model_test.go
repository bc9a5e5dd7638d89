package events_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// Random operations, compared with a model of the records and of what they tell: of each
// record every change is told once, in order, with its version, the fields that changed
// and their values; and nothing else is told.

var (
	seedFlag  = flag.Uint64("seed", 0, "of the random operations; 0: EVENTS_SEED, else a new one")
	stepsFlag = flag.Int("steps", 1000, "how many random operations on each kind of server")
)

// tick is what the clock advances by. Spans that records live for are never near a
// multiple of it, so that it does not matter how much time passes by itself.
const tick = 40 * time.Minute

var spans = []time.Duration{20 * time.Minute, time.Hour, 100 * time.Minute, 3*time.Hour + 40*time.Minute - tick/2}

// store is a server whose clock the test drives.
type store struct {
	rdb     redis.UniversalClient // past the proxy
	used    redis.UniversalClient
	proxy   *faultproxy.Proxy // nil: no faults
	now     func() time.Time
	advance func(time.Duration)
	config  repo.Config
	sharded bool // messages are those of sharded channels
}

// world is one run.
type world struct {
	*store
	ctx    context.Context
	rng    *rand.Rand
	step   int
	wall   time.Time // what changes are said to be made at
	client *repo.Client
	direct *repo.Client
	log    []string
	marks  int
	lost   int  // replies and requests
	faulty bool // the step's replies may be lost

	together bool // writes of a transaction are followed

	jobs     *subject[events.Job, string]
	notes    *subject[events.Note, string]
	tasks    *subject[events.Task, events.TaskKey]
	steps    *subject[events.Step, events.StepKey]
	trees    *subject[events.Tree, string]
	leaves   *subject[events.Leaf, string]
	messages *redis.PubSub
	last     map[string]string // the ID of the last entry that was read, by stream
}

// anySubject is a subject without its types.
type anySubject interface {
	entity() string
	purge()
	one(context.Context)
	many(context.Context)
	batched(*repo.Batch) func()
	read([]string)
	compare()
}

func (w *world) all() []anySubject {
	return []anySubject{w.jobs, w.notes, w.tasks, w.steps, w.trees, w.leaves}
}

// failure is what a run ends with when events are not as they should be.
type failure struct{ text string }

func (f *failure) Error() string { return f.text }

func (w *world) fail(format string, args ...any) {
	log := w.log[max(0, len(w.log)-30):]
	panic(&failure{fmt.Sprintf("step %d: %s\n\nthe last operations:\n%s", w.step, fmt.Sprintf(format, args...), strings.Join(log, "\n"))})
}

func (w *world) must(err error) {
	if err != nil {
		w.fail("%v", err)
	}
}

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%6d  %s", w.step, fmt.Sprintf(format, args...)))
}

func (w *world) chance(n int) bool { return w.rng.IntN(n) == 0 }

func pick[V any](w *world, values ...V) V { return values[w.rng.IntN(len(values))] }

// mark returns a text; while replies may be lost, one that was never used before, so that
// each write shows.
func (w *world) mark(values ...string) string {
	if w.marks++; w.faulty {
		return "mark" + strconv.Itoa(w.marks)
	}
	return pick(w, values...)
}

// lifetime returns a random option for an entity that expires or not.
func (w *world) lifetime(expires bool) lifetime {
	if !expires || w.chance(2) {
		return lifetime{}
	}
	if w.chance(5) {
		return lifetime{given: true}
	}
	return lifetime{true, pick(w, spans...)}
}

// refused fails the run unless an error is one of those that leave everything as it is.
func (w *world) refused(what string, err error) {
	for _, want := range []error{repo.ErrExists, repo.ErrNotFound, repo.ErrConflict, repo.ErrUnique, repo.ErrReference, repo.ErrReferenced} {
		if errors.Is(err, want) {
			return
		}
	}
	w.fail("%s: %v", what, err)
}

// run carries out random operations.
func run(ctx context.Context, s *store, seed uint64, steps int) (err error) {
	w := &world{store: s, ctx: ctx, last: map[string]string{}}
	defer func() {
		switch f := recover().(type) {
		case nil:
		case *failure:
			err = f
		default:
			panic(f)
		}
	}()
	w.wall = time.Date(2020, 1, 1, 0, 0, 0, 999_000, time.UTC)
	config := s.config
	config.Prefix, config.Clock = "events*[a]:", func() time.Time { return w.wall }
	config.MinRetryBackoff, config.MaxRetryBackoff = time.Microsecond, time.Millisecond
	w.client, err = repo.New(s.used, config)
	w.must(err)
	defer w.client.Close()
	config.SweepInterval = -1
	w.direct, err = repo.New(s.rdb, config)
	w.must(err)
	defer w.direct.Close()
	w.newSubjects()
	w.subscribe()
	defer w.messages.Close()
	for w.step = range steps {
		w.rng = rand.New(rand.NewPCG(seed, uint64(w.step)))
		w.wall = w.wall.Add(1001 * time.Microsecond)
		w.act()
		if (w.step+1)%100 == 0 {
			w.check()
		}
	}
	w.check()
	if w.proxy != nil && w.lost < steps/10 {
		w.fail("only %d replies and requests were lost", w.lost)
	}
	return nil
}

// act does one step.
func (w *world) act() {
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	for _, s := range w.all() {
		s.purge()
	}
	w.faulty = w.proxy != nil && w.chance(2)
	switch {
	case w.faulty:
		w.lose(ctx)
	case w.chance(30):
		w.note("the clock advances")
		w.advance(tick)
	case w.chance(50):
		w.note("the server forgets its scripts")
		w.must(testclient.EachPrimary(ctx, w.rdb, func(node redis.Cmdable) error { return node.ScriptFlush(ctx).Err() }))
	case w.chance(30):
		w.note("sweep")
		w.must(w.client.Sweep(ctx))
	case w.chance(10):
		w.batch(ctx)
	case w.chance(8):
		w.tx(ctx)
	case w.chance(6):
		pick(w, w.all()...).many(ctx)
	default:
		pick(w, w.all()...).one(ctx)
	}
}

// lose does an operation of which a reply, or a request, is lost.
func (w *world) lose(ctx context.Context) {
	lose, what := w.proxy.DropReply, "reply"
	if w.chance(3) {
		lose, what = w.proxy.DropRequest, "request"
	}
	n := 1 + w.rng.IntN(2)
	w.note("the %s of call %d is lost", what, n)
	lose(faultproxy.Command("EVALSHA", "EVAL"), n)
	switch {
	case w.chance(4):
		w.tx(ctx)
	case w.chance(5): // of one shard: of calls in a pipeline, some may be carried out later
		pick[anySubject](w, w.jobs, w.leaves).many(ctx)
	default:
		pick[anySubject](w, w.jobs, w.tasks, w.steps, w.leaves).one(ctx)
	}
	w.lost += w.proxy.Faults()
	w.proxy.Reset()
}

// batch does several operations in one round trip: on records of entities that do not
// refer to each other, since only the operations of one entity are sure to keep their
// order; and on one task, since those that claim values in other shards come later.
func (w *world) batch(ctx context.Context) {
	b := w.client.Batch()
	var follow []func()
	choice := []anySubject{w.jobs, w.notes, w.tasks, w.steps, pick[anySubject](w, w.trees, w.leaves)}
	for range 1 + w.rng.IntN(6) {
		s := pick(w, choice...)
		follow = append(follow, s.batched(b))
		if s == anySubject(w.tasks) {
			choice[2] = w.jobs
		}
	}
	_ = b.Run(ctx) // each operation has its own error
	for _, f := range follow {
		f()
	}
}

// tx does several writes of one shard, all or none.
func (w *world) tx(ctx context.Context) {
	var done, settle []func()
	owner := pick(w, owners...)
	seed := w.rng.Uint64()
	n, kind := 1+w.rng.IntN(4), w.rng.IntN(3)
	if w.faulty && kind == 1 {
		kind = 0 // a tree shows no write
	}
	marks := w.marks
	err := w.client.Tx(ctx, func(tx *repo.Tx) error {
		w.rng, w.marks = rand.New(rand.NewPCG(seed, 1)), marks
		done, settle = nil, nil
		add := func(d, s func(), err error) error {
			done, settle = append(done, d), append(settle, s)
			return err
		}
		for range n {
			var err error
			switch {
			case kind == 0:
				err = add(w.jobs.inTx(tx, func(*events.Job) bool { return true }))
			case kind == 1 && w.chance(2):
				err = add(w.trees.inTx(tx, func(*events.Tree) bool { return true }))
			case kind == 1:
				err = add(w.leaves.inTx(tx, func(*events.Leaf) bool { return true }))
			case w.chance(2):
				err = add(w.tasks.inTx(tx, func(t *events.Task) bool { return t.Owner == owner }))
			default:
				err = add(w.steps.inTx(tx, func(s *events.Step) bool { return s.Owner == owner }))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	w.note("Tx: %v", err)
	switch {
	case err == nil:
		w.together = true // what goes with a tree shows when all is done
		for _, f := range done {
			f()
		}
		w.together = false
		w.fallen()
	case errors.Is(err, repo.ErrUncertain):
		for _, f := range settle {
			f()
		}
	case strings.Contains(err.Error(), "has written this record"): // drawn twice
	default:
		w.refused("Tx", err)
	}
}

// check compares everything.
func (w *world) check() {
	for _, s := range w.all() {
		s.purge()
	}
	w.must(w.direct.Sweep(w.ctx))
	w.readStreams()
	w.readMessages()
	for _, s := range w.all() {
		s.compare()
	}
	p, err := w.schema()
	w.must(err)
	problems, err := integrity.CheckPackage(w.ctx, w.rdb, w.client.Prefix(), p, true)
	w.must(err)
	if len(problems) > 0 {
		w.fail("%d problems in the keyspace:\n  %s", len(problems), strings.Join(problems, "\n  "))
	}
}

// modelSeed returns the seed of a test, and prints it.
func modelSeed(t *testing.T) uint64 {
	t.Helper()
	s := *seedFlag
	if text := os.Getenv("EVENTS_SEED"); s == 0 && text != "" {
		var err error
		s, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	if s == 0 {
		s = uint64(rand.Uint32())
	}
	t.Logf("repeat with -run '^%s$' -seed %d", t.Name(), s)
	return s
}

func embedded(t *testing.T) *store {
	server := miniredis.RunT(t)
	now := time.Date(2024, 2, 28, 23, 0, 0, 123_456_000, time.UTC)
	server.SetTime(now)
	server.ClockTTL(true)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), DisableIdentity: true, MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	return &store{rdb: rdb, used: rdb, now: func() time.Time { return now }, config: repo.Config{SweepInterval: -1}, advance: func(d time.Duration) {
		now = now.Add(d)
		server.SetTime(now)
	}}
}

// TestModelEmbedded has no sweeper at work: writes and sweeps notice what has expired.
func TestModelEmbedded(t *testing.T) {
	t.Parallel()
	must(t, run(t.Context(), embedded(t), modelSeed(t), *stepsFlag))
}

// TestModelRedis has the sweeper at work as well.
func TestModelRedis(t *testing.T) {
	t.Parallel()
	server := testclient.Start(t, redisd.Clock())
	server.Load(t, func(c *repo.Client) []repo.AnyEntity {
		return []repo.AnyEntity{events.NewJobs(c), events.NewNotes(c), events.NewTasks(c), events.NewSteps(c), events.NewTrees(c), events.NewLeaves(c)}
	})
	var offset time.Duration
	rdb := server.Client()
	must(t, run(t.Context(), &store{rdb: rdb, used: rdb, sharded: true, now: func() time.Time { return time.Now().Round(0).Add(offset) },
		config: repo.Config{SweepInterval: 2 * time.Millisecond, Functions: server.Functions()},
		advance: func(d time.Duration) {
			offset += d
			server.Advance(d)
		}}, modelSeed(t), *stepsFlag))
}

// TestModelLost loses replies and requests: a write whose outcome is unknown is told if it
// was carried out; one that is sent again, once.
func TestModelLost(t *testing.T) {
	t.Parallel()
	server := redisd.Start(t, redisd.Clock())
	proxy := faultproxy.Start(t, server.Addr())
	used := redis.NewClient(&redis.Options{Addr: proxy.Addr()})
	t.Cleanup(func() { _ = used.Close() })
	var offset time.Duration
	must(t, run(t.Context(), &store{rdb: server.Client(), used: used, proxy: proxy, sharded: true, now: func() time.Time { return time.Now().Round(0).Add(offset) },
		config: repo.Config{SweepInterval: -1}, advance: func(d time.Duration) {
			offset += d
			server.Advance(d)
		}}, modelSeed(t), *stepsFlag))
}
