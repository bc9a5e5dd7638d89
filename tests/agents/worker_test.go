package agents

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage/redis"
)

// worker does all that an agent platform does, one thing after the other.
type worker struct {
	*world
	storage    *redis.Storage // of one of two programs
	store      *tframex.Store
	name, user string
	random     *rand.Rand
	made       int // names that it has made up

	access access
	trail  trail
	docs   []*doc
}

func newWorker(w *world, i int) *worker {
	s := []*redis.Storage{w.storage, w.another}[i%2]
	return &worker{world: w, storage: s, store: s.Store(), name: fmt.Sprint("w", i), user: fmt.Sprint("user", i), random: w.source(), access: access{}}
}

// next returns a name that nothing has.
func (w *worker) next() string {
	w.made++
	return fmt.Sprint(w.name, "-", w.made)
}

// work has a worker do one thing at each beat until the world ends. Beats that it misses are
// left out.
func (w *worker) work() {
	beat := workers * time.Second / time.Duration(*rateFlag)
	for next := time.Now(); w.ctx.Err() == nil; next = next.Add(time.Duration((0.5 + w.random.Float64()) * float64(beat))) {
		if late := time.Since(next); late > beat {
			next = next.Add(late)
		} else {
			pass(w.ctx, -late)
		}
		w.gate.RLock()
		if w.ctx.Err() == nil {
			w.step()
		}
		w.gate.RUnlock()
	}
}

// steps are what a worker does, so often in a hundred times.
var steps = []struct {
	of int
	do func(*worker)
}{
	{24, (*worker).say}, {3, (*worker).converse}, {3, (*worker).forget}, {6, (*worker).read}, {4, (*worker).last}, {3, (*worker).count}, {3, (*worker).listTalks},
	{4, (*worker).signIn}, {10, (*worker).useSession}, {2, (*worker).signOut}, {1, (*worker).signOutAll}, {1, (*worker).listSessions},
	{6, (*worker).log}, {3, (*worker).audit},
	{3, (*worker).startFlow}, {6, (*worker).changeFlow}, {1, (*worker).listFlows},
	{2, (*worker).putTemp}, {1, (*worker).getTemp}, {3, (*worker).takeTemp},
	{1, (*worker).grant}, {3, (*worker).ask},
	{2, (*worker).insert}, {3, (*worker).update}, {2, (*worker).get}, {2, (*worker).selectDocuments}, {2, (*worker).delete},
}

// step does one thing.
func (w *worker) step() {
	sum := 0
	for _, s := range steps {
		sum += s.of
	}
	n := w.random.IntN(sum)
	for _, s := range steps {
		if n -= s.of; n < 0 {
			s.do(w)
			return
		}
	}
}

// call calls something, notes what became of it, and fails the test if nothing that
// happens here explains that. Expected errors are answers.
func (w *worker) call(kind string, f func(context.Context) error, expected ...error) (call, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := call{began: time.Now()}
	err := f(ctx)
	c.ended = time.Now()
	if err != nil && slices.ContainsFunc(expected, func(e error) bool { return errors.Is(err, e) }) {
		c.what = good
	} else {
		known := false
		if c.what, known = outcomeOf(err); !known || ctx.Err() != nil {
			w.t.Errorf("%s: %s: %v", w.name, kind, err)
		}
	}
	w.figures.add(kind, c)
	return c, err
}

// pick returns one of a list, at random; the zero value if it is empty.
func pick[T any](w *worker, list []T) (one T) {
	if len(list) > 0 {
		one = list[w.random.IntN(len(list))]
	}
	return one
}
