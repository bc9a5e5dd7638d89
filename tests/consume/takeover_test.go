package consume

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// What a consumer leaves that dies goes to another, which counts the attempt, and then it is
// removed from the group; what one has that lives does not, however long its handler takes.
func TestTakeOver(t *testing.T) {
	for name, ordered := range map[string]bool{"any order": false, "in order": true} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, rdb redis.UniversalClient) {
				client := on(t, rdb)
				jobs := createJobs(t, client, 3)
				dying := with(t, rdb, repo.Config{Prefix: client.Prefix()})
				opts := repo.ConsumeOptions{ClaimAfter: 300 * time.Millisecond, Ordered: ordered}
				held := make(chan struct{})
				end := sync.OnceFunc(func() { close(held) })
				var begun log
				one := start(t, &events.NewJobs(dying).Repository, "g", opts, func(context.Context, jobDelivery) error {
					begun.add("one")
					<-held
					return nil
				})
				t.Cleanup(end)
				eventually(t, "it has begun with all", func() bool { return begun.len() == 3 })
				var seen log
				two := start(t, &jobs.Repository, "g", opts, func(_ context.Context, d jobDelivery) error {
					seen.add("%s %d", d.Event.Key, d.Attempt)
					return nil
				})
				begin := time.Now()
				eventually(t, "some time in which nothing happens", func() bool {
					if got := seen.all(); len(got) > 0 {
						t.Fatalf("taken from one that lives: %q", got)
					}
					return time.Since(begin) > 3*opts.ClaimAfter
				})
				must(t, dying.Close())
				eventually(t, "all is taken over", func() bool { return seen.len() == 3 })
				got := seen.all()
				slices.Sort(got)
				if want := []string{"j0 2", "j1 2", "j2 2"}; !slices.Equal(got, want) {
					t.Errorf("handled %q, want %q", got, want)
				}
				end()
				if err := <-one.ended; !errors.Is(err, repo.ErrClosed) {
					t.Errorf("of the one that died: %v", err)
				}
				eventually(t, "it is removed", func() bool {
					lag, err := jobs.Lag(t.Context(), "g")
					return err == nil && lag.Consumers == 1
				})
				must(t, two.stop())
			})
		})
	}
}

// A handler that takes longer than DrainTimeout has its context end, and what it and others have
// not done is left to others at once.
func TestDrain(t *testing.T) {
	each(t, func(t *testing.T, rdb redis.UniversalClient) {
		noLeak(t)
		jobs := createJobs(t, on(t, rdb), 4)
		var seen log
		opts := repo.ConsumeOptions{Concurrency: 1, DrainTimeout: 50 * time.Millisecond, ClaimAfter: time.Hour}
		one := start(t, &jobs.Repository, "g", opts, func(ctx context.Context, d jobDelivery) error {
			seen.add("%s", d.Event.Key)
			<-ctx.Done()
			return ctx.Err()
		})
		eventually(t, "it has begun", func() bool { return seen.len() == 1 })
		if err := one.stop(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Consume: %v", err)
		}
		two := start(t, &jobs.Repository, "g", opts, func(_ context.Context, d jobDelivery) error {
			seen.add("%s %d", d.Event.Key, d.Attempt)
			return nil
		})
		eventually(t, "the rest", func() bool { return seen.len() == 5 })
		must(t, two.stop())
		if got, want := seen.all(), []string{"j0", "j0 2", "j1 1", "j2 1", "j3 1"}; !slices.Equal(got, want) {
			t.Errorf("handled %q, want %q", got, want)
		}
	})
}

// What is begun when the context ends is done, and acknowledged.
func TestDrained(t *testing.T) {
	each(t, func(t *testing.T, rdb redis.UniversalClient) {
		jobs := createJobs(t, on(t, rdb), 8)
		begun, end := make(chan struct{}, 8), make(chan struct{})
		var done log
		one := start(t, &jobs.Repository, "g", repo.ConsumeOptions{Concurrency: 4}, func(ctx context.Context, d jobDelivery) error {
			begun <- struct{}{}
			<-end
			done.add("%v", ctx.Err())
			return nil
		})
		for range 4 {
			<-begun
		}
		one.cancel()
		close(end)
		must(t, <-one.ended)
		lag, err := jobs.Lag(t.Context(), "g")
		if must(t, err); lag.Pending != 0 || lag.Undelivered != 8-int64(done.len()) || lag.Consumers != 0 {
			t.Errorf("%+v after %d were handled", lag, done.len())
		}
		if slices.ContainsFunc(done.all(), func(err string) bool { return err != "<nil>" }) {
			t.Errorf("contexts ended: %q", done.all())
		}
	})
}

// A consumer that is the only one of a shard in order, and loses it, ends its handlers, and
// what they write by Once has no effect.
func TestLost(t *testing.T) {
	rdb := redisd.Shared(t).Client()
	client := on(t, rdb)
	trees, leaves := events.NewTrees(client), events.NewLeaves(client)
	must(t, trees.Create(t.Context(), &events.Tree{ID: "a"}))
	begun, result := make(chan struct{}), make(chan error, 1)
	start(t, &trees.Repository, "g", repo.ConsumeOptions{Ordered: true, ClaimAfter: 200 * time.Millisecond}, func(ctx context.Context, d treeDelivery) error {
		close(begun)
		<-ctx.Done()
		if cause := context.Cause(ctx); !errors.Is(cause, repo.ErrTaken) {
			t.Errorf("ended by %v", cause)
		}
		err := d.Once(context.WithoutCancel(ctx), func(tx *repo.Tx) error { return count(tx, leaves, "a") })
		result <- err
		return err
	})
	<-begun
	// Another takes the shard, as it does when the lease has run out, and the event.
	must(t, rdb.Set(t.Context(), client.Prefix()+"{trees}:e:owner:g", "another", 0).Err())
	list, err := rdb.XPendingExt(t.Context(), &redis.XPendingExtArgs{Stream: client.Prefix() + "{trees}:e", Group: "g", Start: "-", End: "+", Count: 1}).Result()
	must(t, err)
	must(t, rdb.XClaim(t.Context(), &redis.XClaimArgs{Stream: client.Prefix() + "{trees}:e", Group: "g", Consumer: "another", Messages: []string{list[0].ID}}).Err())
	if err := <-result; !errors.Is(err, repo.ErrTaken) {
		t.Errorf("Once: %v", err)
	}
	if _, err := leaves.Get(t.Context(), "a"); !errors.Is(err, repo.ErrNotFound) {
		t.Error(err)
	}
}

// A group that vanishes under its consumers is made again, and has all that is kept.
func TestGroupVanishes(t *testing.T) {
	each(t, func(t *testing.T, rdb redis.UniversalClient) {
		client := on(t, rdb)
		jobs := createJobs(t, client, 2)
		var seen log
		one := start(t, &jobs.Repository, "g", repo.ConsumeOptions{}, func(_ context.Context, d jobDelivery) error {
			seen.add("%s", d.Event.Key)
			return nil
		})
		eventually(t, "2 events", func() bool { return seen.len() == 2 })
		settled(t, &jobs.Repository, "g")
		must(t, rdb.XGroupDestroy(t.Context(), client.Prefix()+"{jobs}:e", "g").Err())
		must(t, jobs.Create(t.Context(), &events.Job{ID: "new"}))
		eventually(t, "all events", func() bool { return seen.len() == 5 })
		must(t, one.stop())
	})
}

// A consumer begins when the server is there, and goes on when it is back.
func TestServerAway(t *testing.T) {
	server := redisd.Start(t, redisd.AOF())
	direct := on(t, server.Client())
	jobs := createJobs(t, direct, 1)
	server.Kill()
	var seen, logged log
	client, err := repo.New(server.Client(), repo.Config{
		Prefix: direct.Prefix(), RetryTimeout: time.Millisecond, SweepInterval: -1,
		Logger: slog.New(slog.NewTextHandler(&logged, nil)),
	})
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	away := func(n int) func() bool {
		return func() bool { return strings.Count(strings.Join(logged.all(), ""), "events cannot be read") == n }
	}
	one := start(t, &events.NewJobs(client).Repository, "g", repo.ConsumeOptions{}, func(_ context.Context, d jobDelivery) error {
		seen.add("%s", d.Event.Key)
		return nil
	})
	eventually(t, "it has looked for the server", away(1))
	server.Start()
	eventually(t, "the event", func() bool { return seen.len() == 1 })
	settled(t, &jobs.Repository, "g")
	server.Kill()
	eventually(t, "it has looked for the server again", away(2))
	server.Start()
	must(t, jobs.Create(t.Context(), &events.Job{ID: "new"}))
	eventually(t, "the next event", func() bool { return seen.len() == 2 })
	must(t, one.stop())
}
