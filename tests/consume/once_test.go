package consume

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// count has a transaction count an event of a tree in a leaf of its shard: its color is as
// long as there were events.
func count(tx *repo.Tx, leaves *events.Leaves, tree string) error {
	leaf, err := leaves.InTx(tx).Get(tree)
	if errors.Is(err, repo.ErrNotFound) {
		return leaves.InTx(tx).Create(&events.Leaf{ID: tree, TreeID: tree, Color: "+"})
	}
	if err != nil {
		return err
	}
	leaf.Color += "+"
	return leaves.InTx(tx).Update(leaf)
}

type treeDelivery = repo.Delivery[*events.Tree, string]

// What Once writes is acknowledged with it; what it refuses is not.
func TestOnce(t *testing.T) { each(t, testOnce) }

func testOnce(t *testing.T, rdb redis.UniversalClient) {
	client := on(t, rdb)
	trees, leaves, jobs := events.NewTrees(client), events.NewLeaves(client), events.NewJobs(client)
	for _, id := range []string{"a", "b", "c", "d"} {
		must(t, trees.Create(t.Context(), &events.Tree{ID: id}))
	}
	var seen log
	opts := repo.ConsumeOptions{MinBackoff: time.Millisecond, MaxAttempts: 2}
	one := start(t, &trees.Repository, "g", opts, func(ctx context.Context, d treeDelivery) error {
		id := d.Event.Key
		seen.add("%s %d", id, d.Attempt)
		err := d.Once(ctx, func(tx *repo.Tx) error {
			if err := count(tx, leaves, id); err != nil {
				return err
			}
			switch {
			case id == "b" && d.Attempt == 1:
				return errTest
			case id == "c":
				return jobs.InTx(tx).Create(&events.Job{ID: "elsewhere"})
			}
			return nil
		})
		switch id {
		case "a":
			if again := d.Once(ctx, func(tx *repo.Tx) error { return count(tx, leaves, id) }); !errors.Is(again, repo.ErrTaken) {
				t.Errorf("Once again: %v", again)
			}
			return errTest // too late
		case "c":
			if !errors.Is(err, repo.ErrCrossShard) {
				t.Errorf("another shard: %v", err)
			}
		case "d":
			err = d.Once(ctx, func(*repo.Tx) error { return nil }) // acknowledged before
			if !errors.Is(err, repo.ErrTaken) {
				t.Errorf("Once of nothing: %v", err)
			}
		}
		return err
	})
	settled(t, &trees.Repository, "g")
	must(t, one.stop())
	got := seen.all()
	slices.Sort(got)
	if want := []string{"a 1", "b 1", "b 2", "c 1", "c 2", "d 1"}; !slices.Equal(got, want) {
		t.Errorf("handled %q, want %q", got, want)
	}
	for id, want := range map[string]string{"a": "+", "b": "+", "d": "+"} {
		if leaf, err := leaves.Get(t.Context(), id); err != nil || leaf.Color != want {
			t.Errorf("%s: %+v, %v; want %q", id, leaf, err, want)
		}
	}
	if _, err := leaves.Get(t.Context(), "c"); !errors.Is(err, repo.ErrNotFound) {
		t.Error(err)
	}
	if dead := letters(t, &trees.Repository, "g"); len(dead) != 1 || dead[0].Event.Key != "c" {
		t.Errorf("%+v", dead)
	}
}

// Once that writes nothing acknowledges, and one that is refused or whose function fails does not.
func TestOnceAlone(t *testing.T) {
	each(t, func(t *testing.T, rdb redis.UniversalClient) {
		client := on(t, rdb)
		trees := events.NewTrees(client)
		must(t, trees.Create(t.Context(), &events.Tree{ID: "a"}))
		var calls atomic.Int64
		one := start(t, &trees.Repository, "g", repo.ConsumeOptions{MinBackoff: time.Millisecond}, func(ctx context.Context, d treeDelivery) error {
			if calls.Add(1) == 1 {
				return d.Once(ctx, func(tx *repo.Tx) error {
					for _, id := range []string{"x", "y"} { // what was read is looked at again
						if _, err := trees.InTx(tx).Exists(id); err != nil {
							return err
						}
					}
					return errTest
				})
			}
			return d.Once(ctx, func(*repo.Tx) error { return nil })
		})
		settled(t, &trees.Repository, "g")
		must(t, one.stop())
		if n := calls.Load(); n != 2 {
			t.Errorf("handled %d times, want 2", n)
		}
	})
}

// Whether the request of Once is lost, or the reply, it takes effect once, and the handler
// sees no error.
func TestOnceLost(t *testing.T) {
	server := redisd.Shared(t)
	proxy := faultproxy.Start(t, server.Addr())
	rdb := redis.NewClient(&redis.Options{Addr: proxy.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	client := on(t, rdb)
	trees, leaves := events.NewTrees(client), events.NewLeaves(client)
	must(t, trees.Create(t.Context(), &events.Tree{ID: "a"}))
	ack := func(args []string) bool {
		for _, word := range args {
			if word == "ack" {
				return true
			}
		}
		return false
	}
	faults := []func(){
		func() {}, // the server learns the scripts
		func() { proxy.DropReply(ack) },
		func() { proxy.DropRequest(ack) },
		func() { proxy.DropReply(ack); proxy.DropRequest(ack, 1) },
		func() {},
	}
	var handled, failed atomic.Int64
	one := start(t, &trees.Repository, "g", repo.ConsumeOptions{Ordered: true}, func(ctx context.Context, d treeDelivery) error {
		n := int(handled.Add(1))
		if n <= len(faults) {
			faults[n-1]()
		}
		err := d.Once(ctx, func(tx *repo.Tx) error { return count(tx, leaves, "a") })
		if err != nil {
			failed.Add(1)
			t.Logf("%d: %v", n, err)
		}
		return err
	})
	for range len(faults) - 1 {
		must(t, trees.Save(t.Context(), &events.Tree{ID: "a"}))
	}
	settled(t, &trees.Repository, "g")
	must(t, one.stop())
	leaf, err := leaves.Get(t.Context(), "a")
	if must(t, err); len(leaf.Color) != len(faults) {
		t.Errorf("%d events took effect %d times", len(faults), len(leaf.Color))
	}
	if failed.Load() != 0 || int(handled.Load()) != len(faults) || proxy.Faults() < 3 {
		t.Errorf("%d handled, %d failed, %d faults", handled.Load(), failed.Load(), proxy.Faults())
	}
}
