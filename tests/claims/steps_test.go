package claims

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

// Wherever a client stops dead, the next one gets the value within the time that is documented, or is told who has it.
func TestNextAfterEachStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t, redisd.Start(t), stepIDs(), unchanged)
	w.nextAfterEachStep(t.Context())
	for _, problem := range w.found() {
		t.Error(problem)
	}
	for _, at := range writerSteps {
		if w.counts[at.name] != 1 {
			t.Errorf("%d clients stopped %s", w.counts[at.name], at.name)
		}
	}
}

func TestNextIsFoundToWait(t *testing.T) {
	t.Parallel()
	broken := breakage{"claims never get old", holder, "elseif force == '1' then", "elseif false then"}
	w := newWorld(t, redisd.Start(t), stepIDs(), broken.change)
	w.nextAfterEachStep(t.Context())
	if found := w.found(); !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, "blocked") }) {
		t.Errorf("found nothing but %q", found)
	}
}

// A client is about to take over an abandoned claim, but another one does so first: that the former claim could be taken
// over does not mean that the latter can.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, redisd.Start(t), []string{"a", "b", "c"}, unchanged)
	value := "value"
	create := func(id string) func(*client) error {
		return func(c *client) error { return c.Create(c.ctx, &places.Account{ID: id, Email: &value}) }
	}
	w.die(t.Context(), step{script: write, fate: unsent}, create("a"))
	c, err := w.client(t.Context(), step{script: claim, only: takesOver}, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	c.pause = func() { w.die(t.Context(), step{script: write, fate: late}, create("b")) }
	if err := create("c")(c); err != nil && !errors.Is(err, repo.ErrUnique) {
		t.Error(err)
	}
	w.delayed.Wait()
	if c.pause != nil {
		t.Error("nobody has overtaken the client")
	}
	for _, problem := range w.found() {
		t.Error(problem)
	}
}

// Two clients write one record, and take over the same claim for it. The one whose write comes second gives up what it has
// claimed, which the record has by the first.
func TestClaimedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, redisd.Start(t), []string{"a", "b", "c"}, unchanged)
	value := "value"
	create := func(c *client, id string) error {
		return c.Create(c.ctx, &places.Account{ID: id, Email: &value})
	}
	w.die(t.Context(), step{script: write, fate: unsent}, func(c *client) error { return create(c, "a") })
	var clients [3]*client
	for i, at := range []step{{script: write}, {script: claim, only: takesOver}, {}} {
		var err error
		if clients[i], err = w.client(t.Context(), at, -1); err != nil {
			t.Fatal(err)
		}
		defer clients[i].close()
	}
	first, second, third := clients[0], clients[1], clients[2]
	claimed, goOn, written := make(chan bool), make(chan bool), make(chan error, 1)
	first.pause = func() { close(claimed); <-goOn }
	second.pause = func() {
		go func() { written <- create(first, "b") }()
		<-claimed
		second.step, second.pause = step{script: write}, func() {
			close(goOn)
			if err := <-written; err != nil {
				t.Error(err)
			}
		}
	}
	if err := create(second, "b"); !errors.Is(err, repo.ErrExists) {
		t.Errorf("the second client is told %v", err)
	}
	if err := create(third, "c"); !errors.Is(err, repo.ErrUnique) {
		t.Errorf("a third one is told %v", err)
	}
	for _, problem := range w.found() {
		t.Error(problem)
	}
}

// Two clients write one record, and the one that has claimed its value first writes last: the record keeps the younger
// claim, which is the one that is to be released with it.
func TestOlderClaimIsWrittenLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, redisd.Start(t), []string{"a"}, unchanged)
	account := &places.Account{ID: "a", Email: new("value")}
	var clients [2]*client
	for i := range clients {
		var err error
		if clients[i], err = w.client(t.Context(), step{}, -1); err != nil {
			t.Fatal(err)
		}
		defer clients[i].close()
	}
	older, younger := clients[0], clients[1]
	older.step, older.pause = step{script: write}, func() { // which tells it to claim the value, and then:
		older.step, older.pause = step{script: write}, func() {
			if err := younger.Create(younger.ctx, account); err != nil {
				t.Error(err)
			}
		}
	}
	if err := older.Save(older.ctx, account); err != nil || older.pause != nil {
		t.Errorf("%v, %v", err, older.step)
	}
	if err := older.Delete(older.ctx, "a"); err != nil {
		t.Error(err)
	}
	w.released(t)
}

// released fails the test unless all that was given up is released, and nothing is left of it.
func (w *world) released(t *testing.T) {
	t.Helper()
	rdb := redis.NewClient(w.server.Options())
	defer func() { _ = rdb.Close() }()
	client, err := repo.New(rdb, repo.Config{Prefix: w.server.Prefix(), SweepInterval: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	places.NewAccounts(client)
	if err := client.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	problems, err := integrity.Check(t.Context(), w.raw, w.server.Prefix(), accountSchema(t), true)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %s", err, strings.Join(problems, "\n"))
	}
	for _, problem := range w.found() {
		t.Error(problem)
	}
}

func stepIDs() (ids []string) {
	for i := range writerSteps {
		for _, who := range []string{"before", "dead", "next"} {
			ids = append(ids, fmt.Sprint(who, i))
		}
	}
	return ids
}

// nextAfterEachStep has a client stop at each step of a writer, and another one want the value then.
func (w *world) nextAfterEachStep(ctx context.Context) {
	var all sync.WaitGroup
	for i, at := range writerSteps {
		all.Go(func() {
			value := fmt.Sprint("value", i)
			account := func(who string) *places.Account {
				return &places.Account{ID: fmt.Sprint(who, i), Email: &value, Name: value}
			}
			if at.claims {
				w.die(ctx, step{script: write, fate: unsent}, func(c *client) error { return c.Create(c.ctx, account("before")) })
			}
			died := w.die(ctx, at, func(c *client) error {
				if err := c.Create(c.ctx, account("dead")); err != nil || at.only == nil {
					return err
				}
				return c.Delete(c.ctx, account("dead").ID) // if that is where it dies
			})
			if died {
				w.crashed(at)
			}
			w.obtain(ctx, at.name, account("next"))
		})
	}
	all.Wait()
	w.delayed.Wait()
}

// die has a client do something that it does not survive.
func (w *world) die(ctx context.Context, at step, do func(*client) error) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*grace)
	defer cancel()
	c, err := w.client(ctx, at, -1)
	if err != nil {
		w.report("%v", err)
		return false
	}
	defer c.close()
	if err := do(c); err != nil && !c.dead.Load() && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, repo.ErrUnique) {
		w.report("%s: %v", at.name, err)
	}
	return c.dead.Load()
}
