package events_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// short returns an event without when it was: op id version fields and values.
func short(event []string) string {
	words := []string{event[1], event[3], event[5], event[7]}
	return strings.Join(append(words, event[10:]...), " ")
}

func checkTold(t *testing.T, got [][]string, want ...string) {
	t.Helper()
	var list []string
	for _, event := range got {
		list = append(list, short(event))
	}
	if !slices.Equal(list, want) {
		t.Errorf("told\n\t%s\nwant\n\t%s", strings.Join(list, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// What each operation tells.
func TestTold(t *testing.T) {
	onStores(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		now := time.Now().Truncate(time.Microsecond)
		client := open(t, rdb, repo.Config{Prefix: "e:", SweepInterval: -1, Clock: func() time.Time { return now }})
		jobs := events.NewJobs(client)
		name := "first"
		job := &events.Job{ID: "a", Queue: "mail", Name: &name, Cost: 3, Token: "hidden"}
		must(t, jobs.Create(ctx, job))
		job.Cost, job.Labels = 4, []string{"x"}
		must(t, jobs.Update(ctx, job))
		must(t, jobs.Save(ctx, job)) // nothing changes but the version
		must(t, jobs.Patch(ctx, "a", events.JobFields.Tried.Add(1), events.JobFields.Queue.Set("print")))
		must(t, jobs.Touch(ctx, "a", repo.TTL(time.Hour)))
		if err := jobs.Create(ctx, &events.Job{ID: "a"}); !errors.Is(err, repo.ErrExists) {
			t.Error(err)
		}
		if err := jobs.Create(ctx, &events.Job{ID: "b", Name: &name}); !errors.Is(err, repo.ErrUnique) {
			t.Error(err)
		}
		must(t, jobs.CreateMany(ctx, []*events.Job{{ID: "c", Queue: "q"}, {ID: "d", Queue: "q"}}))
		if _, err := jobs.Where(events.JobFields.Queue.Eq("q")).Patch(ctx, events.JobFields.Cost.Set(9)); err != nil {
			t.Error(err)
		}
		must(t, jobs.Delete(ctx, "a"))
		if _, err := jobs.Where(events.JobFields.Queue.Eq("q")).Delete(ctx); err != nil {
			t.Error(err)
		}
		must(t, jobs.Create(ctx, &events.Job{ID: "e", Queue: "late", Until: now.Add(-time.Second)}))
		must(t, client.Sweep(ctx))
		got := entries(ctx, t, rdb, "e:{jobs}:e")
		checkTold(t, got,
			"created a 1 id,queue,name,cost,token .queue mail",
			"updated a 2 cost,labels .queue mail",
			"updated a 3  .queue mail",
			"updated a 4 queue,tried .queue print",
			"created c 1 id,queue,cost,token .queue q",
			"created d 1 id,queue,cost,token .queue q",
			"updated c 2 cost .queue q",
			"updated d 2 cost .queue q",
			"deleted a 4  .queue print",
			"deleted c 2  .queue q",
			"deleted d 2  .queue q",
			"created e 1 id,queue,cost,token,until .queue late",
			"expired e 1 ",
		)
		for _, event := range got {
			for _, word := range event {
				if strings.Contains(word, "hidden") {
					t.Errorf("a secret is told: %q", event)
				}
			}
		}
	})
}

// What goes with a record tells of it.
func TestCascadeTold(t *testing.T) {
	onStores(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		client := open(t, rdb, repo.Config{Prefix: "e:", SweepInterval: -1})
		trees, leaves := events.NewTrees(client), events.NewLeaves(client)
		must(t, trees.Create(ctx, &events.Tree{ID: "oak"}))
		must(t, client.Tx(ctx, func(tx *repo.Tx) error {
			if err := leaves.InTx(tx).Create(&events.Leaf{ID: "1", TreeID: "oak", Color: "green"}); err != nil {
				return err
			}
			return leaves.InTx(tx).Create(&events.Leaf{ID: "2", TreeID: "oak"})
		}))
		if err := client.Tx(ctx, func(tx *repo.Tx) error {
			if err := leaves.InTx(tx).Create(&events.Leaf{ID: "3", TreeID: "oak"}); err != nil {
				return err
			}
			return leaves.InTx(tx).Create(&events.Leaf{ID: "4", TreeID: "elm"})
		}); !errors.Is(err, repo.ErrReference) {
			t.Error(err)
		}
		must(t, trees.Delete(ctx, "oak"))
		checkTold(t, entries(ctx, t, rdb, "e:{trees}:e"), "created oak  id", "deleted oak  ")
		checkTold(t, entries(ctx, t, rdb, "e:{trees}leaves:e"),
			"created 1  id,tree_id,color .tree_id oak .color green", "created 2  id,tree_id,color .tree_id oak .color ",
			"deleted 2   .tree_id oak .color ", "deleted 1   .tree_id oak .color green")
	})
}

// A record whose events cannot be told is not written.
func TestUntold(t *testing.T) {
	onStores(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		client := open(t, rdb, repo.Config{Prefix: "e:", SweepInterval: -1})
		must(t, rdb.Set(ctx, "e:{jobs}:e", "not a stream", 0).Err())
		jobs := events.NewJobs(client)
		if err := jobs.Create(ctx, &events.Job{ID: "a", Queue: "q"}); err == nil {
			t.Error("written")
		}
		if n, err := jobs.Where().Count(ctx); n != 0 || err != nil {
			t.Error(n, err)
		}
		if err := jobs.CreateMany(ctx, []*events.Job{{ID: "a"}, {ID: "b"}}); err == nil {
			t.Error("written")
		}
		keys, err := rdb.Keys(ctx, "e:{jobs}:*").Result()
		if must(t, err); !slices.Equal(keys, []string{"e:{jobs}:e"}) {
			t.Errorf("left %q", keys)
		}
	})
}
