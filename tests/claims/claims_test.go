// Package claims shows that values which are unique across shards never belong to two records, and are not blocked for
// long, whatever becomes of the clients that claim them.
package claims

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
	"github.com/redisgen/redisgen/tests/places"
)

var (
	seedFlag    = flag.Uint64("seed", rand.Uint64(), "of the random operations and crashes")
	crashesFlag = flag.Int("crashes", 1000, "how many clients stop dead")
)

const (
	contenders = 8
	sweepers   = 2
	rounds     = 4
)

// slack is how long round trips may take on a machine that is busy.
const slack = 500 * time.Millisecond

// Clients that contend for few values stop dead at every step of the protocol. After each write, inside its script, nobody
// shares a value; after each round, all values are to be had within the time that is documented.
func TestCrashes(t *testing.T) {
	account := accountSchema(t)
	w := newWorld(t, redisd.Start(t, redisd.Clock()), contended(), unchanged)
	for round := range rounds {
		w.contend(t, (round+1)**crashesFlag/rounds)
		w.settle(t)
		problems, err := integrity.Check(t.Context(), w.raw, w.server.Prefix(), account, true)
		if err != nil || len(problems) > 0 {
			t.Errorf("round %d: %v, %s", round, err, strings.Join(problems, "\n"))
		}
	}
	for _, problem := range w.found() {
		t.Error(problem)
	}
	for _, at := range slices.Concat(writerSteps, sweeperSteps) {
		t.Logf("%5d %s", w.counts[at.name], at.name)
		if w.counts[at.name]*200 < *crashesFlag {
			t.Errorf("only %d of %d crashes %s", w.counts[at.name], w.crashes, at.name)
		}
		delete(w.counts, at.name)
	}
	t.Log(w.counts)
	if w.counts["late write: CLAIM"] == 0 {
		t.Error("no late write was refused because its claim had been withdrawn")
	}
}

func accountSchema(t *testing.T) *schema.Entity {
	t.Helper()
	packages, mistakes, err := load.Load("", "../places")
	if err != nil || len(mistakes) > 0 {
		t.Fatal(err, mistakes)
	}
	at := slices.IndexFunc(packages[0].Entities, func(e *schema.Entity) bool { return e.Name == "accounts" })
	return packages[0].Entities[at]
}

// contend has clients contend until so many have stopped dead since the world began, or something is found. The server's
// time goes faster meanwhile, so that claims are old soon.
func (w *world) contend(t *testing.T, crashes int) {
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	w.speed = 10
	defer func() { w.speed = 1 }()
	var all sync.WaitGroup
	for range contenders {
		random := w.another()
		all.Go(func() {
			for ctx.Err() == nil {
				if at, died := w.write(ctx, random); died && w.crashed(at) >= crashes {
					stop()
				}
			}
		})
	}
	for range sweepers {
		random := w.another()
		all.Go(func() {
			for ctx.Err() == nil {
				if at, died := w.sweep(ctx, random); died {
					w.crashed(at)
				}
			}
		})
	}
	all.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			<-tick.C
			w.server.Advance(time.Duration(w.speed-1) * 10 * time.Millisecond)
			if len(w.found()) > 0 {
				stop()
			}
		}
	})
	all.Wait()
	w.delayed.Wait()
	if w.crashes < crashes && len(w.found()) == 0 {
		w.report("only %d of %d clients have come to stop dead", w.crashes, crashes)
	}
}

// write is the life of a client that writes records. It returns at which step it was to stop, and whether it did.
func (w *world) write(ctx context.Context, random *rand.Rand) (step, bool) {
	at := w.steps[random.IntN(len(w.steps))]
	c, err := w.client(ctx, at, -1)
	if err != nil {
		w.report("%v", err)
		return at, false
	}
	defer c.close()
	for range 50 {
		err := operate(c, random)
		if c.dead.Load() {
			return at, true
		}
		if ctx.Err() != nil {
			break
		}
		if err != nil && !errors.Is(err, repo.ErrUnique) && !errors.Is(err, repo.ErrNotFound) && !errors.Is(err, repo.ErrExists) {
			w.report("%v", err)
		}
	}
	return at, false
}

// operate does one random operation.
func operate(c *client, random *rand.Rand) error {
	id, fields := accountID(random.IntN(records)), places.AccountFields
	e, n := email(random.IntN(values)), name(random.IntN(values))
	switch p := random.IntN(100); {
	case p < 20:
		return c.Create(c.ctx, &places.Account{ID: id, Email: &e, Name: n})
	case p < 40:
		return c.Save(c.ctx, &places.Account{ID: id, Name: n})
	case p < 50:
		return c.Patch(c.ctx, id, fields.Email.Set(e))
	case p < 60:
		return c.Patch(c.ctx, id, fields.Name.Set(strings.ToUpper(n)))
	case p < 65:
		return c.Patch(c.ctx, id, fields.Email.Clear(), fields.Name.Set(n))
	default:
		return c.Delete(c.ctx, id)
	}
}

// sweep is the life of a client that releases what was given up.
func (w *world) sweep(ctx context.Context, random *rand.Rand) (step, bool) {
	at := sweeperSteps[random.IntN(len(sweeperSteps))]
	c, err := w.client(ctx, at, 2*time.Millisecond)
	if err != nil {
		w.report("%v", err)
		return at, false
	}
	defer c.close()
	select {
	case <-c.ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
	return at, c.dead.Load()
}

// settle has clients that have just come get each value, and release what was given up.
func (w *world) settle(t *testing.T) {
	var all sync.WaitGroup
	for i := range values {
		all.Go(func() { w.obtain(t.Context(), email(i), &places.Account{ID: email(i), Email: new(email(i))}) })
		all.Go(func() { w.obtain(t.Context(), name(i), &places.Account{ID: name(i), Name: name(i)}) })
	}
	all.Wait()
	c, err := w.client(t.Context(), step{}, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for i := range values {
		if err := errors.Join(c.Delete(t.Context(), email(i)), c.Delete(t.Context(), name(i))); err != nil && !errors.Is(err, repo.ErrNotFound) {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(5 * time.Second); ; {
		left := 0
		for i := range 16 {
			key := fmt.Sprintf("%s{%s}:q", w.server.Prefix(), placement.Tag("accounts", i, 16))
			left += int(w.raw.ZCard(t.Context(), key).Val())
		}
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d claims that were given up are not released", left)
		}
	}
}
