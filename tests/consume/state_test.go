package consume

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

type (
	jobDelivery  = repo.Delivery[*events.Job, string]
	taskDelivery = repo.Delivery[*events.Task, events.TaskKey]
)

// A dead letter is put back, unless its event was trimmed, or dropped.
func TestDeadLetters(t *testing.T) {
	each(t, func(t *testing.T, rdb redis.UniversalClient) {
		jobs := createJobs(t, on(t, rdb), 4)
		var seen log
		var well bool
		handler := func(_ context.Context, d jobDelivery) error {
			seen.add("%s %d", d.Event.Key, d.Attempt)
			if well {
				return nil
			}
			return repo.ErrPoison
		}
		opts := repo.ConsumeOptions{ClaimAfter: 200 * time.Millisecond, Concurrency: 1}
		one := start(t, &jobs.Repository, "g", opts, handler)
		settled(t, &jobs.Repository, "g")
		must(t, one.stop())
		dead := letters(t, &jobs.Repository, "g")
		if len(dead) != 4 {
			t.Fatalf("%d dead letters", len(dead))
		}
		must(t, jobs.Discard(t.Context(), "g", dead[0].Position, dead[0].Position))
		must(t, jobs.Revive(t.Context(), "g", dead[2].Position))
		if err := jobs.Revive(t.Context(), "g", dead[0].Position); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("one that was dropped: %v", err)
		}
		if err := jobs.Revive(t.Context(), "g", "9-1-1", "nonsense"); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("none: %v", err)
		}
		lag, err := jobs.Lag(t.Context(), "g")
		if must(t, err); lag.Pending != 1 || lag.Dead != 2 || lag.Oldest <= 0 {
			t.Errorf("%+v", lag)
		}
		well = true
		two := start(t, &jobs.Repository, "g", opts, handler)
		settled(t, &jobs.Repository, "g")
		must(t, two.stop())
		if got := seen.all(); len(got) != 5 || got[4] != "j2 1" {
			t.Errorf("handled %q", got)
		}
		if n, err := jobs.TrimEvents(t.Context(), time.Now().Add(time.Minute)); n != 4 || err != nil {
			t.Errorf("trimmed %d, %v", n, err)
		}
		if err := jobs.Revive(t.Context(), "g", dead[1].Position); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("one whose event was trimmed: %v", err)
		}
		if left := letters(t, &jobs.Repository, "g"); len(left) != 2 || left[0].Event.Key != "j1" || left[1].Event.Key != "j3" {
			t.Errorf("%+v", left)
		}
	})
}

// What another program has added to the stream is a dead letter, and all of it is kept.
func TestForeign(t *testing.T) {
	each(t, func(t *testing.T, rdb redis.UniversalClient) {
		client := on(t, rdb)
		jobs := createJobs(t, client, 1)
		must(t, rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: client.Prefix() + "{jobs}:e", Values: []string{"error", "what"}}).Err())
		one := start(t, &jobs.Repository, "g", repo.ConsumeOptions{Ordered: true}, func(context.Context, jobDelivery) error { return nil })
		settled(t, &jobs.Repository, "g")
		must(t, one.stop())
		dead := letters(t, &jobs.Repository, "g")
		if len(dead) != 1 || dead[0].Event.Position == "" || dead[0].Event.Op != "" || dead[0].Error == "" {
			t.Errorf("%+v", dead)
		}
		list, err := rdb.XRange(t.Context(), client.Prefix()+"{jobs}:e:dead:g", "-", "+").Result()
		if must(t, err); len(list) != 1 || list[0].Values["entry"] == nil {
			t.Errorf("%+v", list)
		}
	})
}

// Lag says how far behind a group is, whether the server knows it or not.
func TestLag(t *testing.T) {
	each(t, func(t *testing.T, rdb redis.UniversalClient) {
		client := on(t, rdb)
		jobs := createJobs(t, client, 10)
		if _, err := jobs.Lag(t.Context(), "g"); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("no group: %v", err)
		}
		key := client.Prefix() + "{jobs}:e"
		list, err := rdb.XRange(t.Context(), key, "-", "+").Result()
		must(t, err)
		must(t, rdb.XGroupCreate(t.Context(), key, "g", list[2].ID).Err()) // from where, the server does not count
		check := func(undelivered, pending, consumers int64) {
			t.Helper()
			lag, err := jobs.Lag(t.Context(), "g")
			if must(t, err); lag.Undelivered != undelivered || lag.AtLeast || lag.Pending != pending || lag.Consumers != consumers || len(lag.Shards) != 1 {
				t.Errorf("%+v; want %d undelivered, %d pending of %d consumers", lag, undelivered, pending, consumers)
			}
			if (lag.Oldest > 0) != (undelivered+pending > 0) || lag.Oldest > time.Minute {
				t.Errorf("the oldest is from %v ago", lag.Oldest)
			}
		}
		check(7, 0, 0)
		read := rdb.XReadGroup(t.Context(), &redis.XReadGroupArgs{Group: "g", Consumer: "x", Streams: []string{key, ">"}, Count: 4})
		must(t, read.Err())
		check(3, 4, 1)
		must(t, rdb.XDel(t.Context(), key, list[8].ID).Err())
		check(2, 4, 1)
		must(t, rdb.XReadGroup(t.Context(), &redis.XReadGroupArgs{Group: "g", Consumer: "x", Streams: []string{key, ">"}, Count: 9}).Err())
		must(t, rdb.XAck(t.Context(), key, "g", list[3].ID, list[4].ID, list[5].ID, list[6].ID, list[7].ID, list[9].ID).Err())
		check(0, 0, 1)
	})
}

// Beyond ten thousand, Lag counts no further.
func TestLagOfMany(t *testing.T) {
	rdb := redisd.Shared(t).Client()
	client := on(t, rdb)
	jobs := createJobs(t, client, 1)
	key := client.Prefix() + "{jobs}:e"
	must(t, rdb.Eval(t.Context(), "for i = 1, 10500 do redis.call('XADD', KEYS[1], '*', 'x', i) end return 1", []string{key}).Err())
	list, err := rdb.XRangeN(t.Context(), key, "-", "+", 50).Result()
	must(t, err)
	must(t, rdb.XGroupCreate(t.Context(), key, "g", list[49].ID).Err())
	lag, err := jobs.Lag(t.Context(), "g")
	if must(t, err); lag.Undelivered != 10_000 || !lag.AtLeast {
		t.Errorf("%+v", lag)
	}
	if n, err := jobs.TrimEvents(t.Context(), time.Now().Add(time.Minute)); n != 10_501 || err != nil {
		t.Errorf("trimmed %d, %v", n, err)
	}
}

// TrimEvents removes what is older than a time, from all shards.
func TestTrimEvents(t *testing.T) {
	each(t, func(t *testing.T, rdb redis.UniversalClient) {
		tasks := events.NewTasks(on(t, rdb))
		create := func(from, to int) {
			for i := from; i < to; i++ {
				must(t, tasks.Create(t.Context(), &events.Task{Owner: fmt.Sprint("o", i), ID: int64(i)}))
			}
		}
		create(0, 20)
		tick(t)
		then := time.Now().Truncate(time.Millisecond)
		tick(t)
		create(20, 25)
		if n, err := tasks.TrimEvents(t.Context(), then); n != 20 || err != nil {
			t.Errorf("trimmed %d, %v", n, err)
		}
		var seen log
		one := start(t, &tasks.Repository, "g", repo.ConsumeOptions{}, func(_ context.Context, d taskDelivery) error {
			seen.add("%d", d.Event.Key.ID)
			return nil
		})
		eventually(t, "5 events", func() bool { return seen.len() == 5 })
		must(t, one.stop())
		got := seen.all()
		slices.Sort(got)
		if want := []string{"20", "21", "22", "23", "24"}; !slices.Equal(got, want) {
			t.Errorf("left %q", got)
		}
		notes := events.NewNotes(on(t, rdb))
		if _, err := notes.TrimEvents(t.Context(), then); err == nil {
			t.Error("messages are not kept")
		}
	})
}

// Replay has a group begin again, or skip, while its consumers are at work. The embedded
// store has no XGROUP SETID.
func TestReplay(t *testing.T) {
	tasks := events.NewTasks(on(t, redisd.Shared(t).Client()))
	for i := range 20 {
		must(t, tasks.Create(t.Context(), &events.Task{Owner: fmt.Sprint("o", i), ID: int64(i)}))
	}
	var seen log
	start(t, &tasks.Repository, "g", repo.ConsumeOptions{ClaimAfter: time.Second}, func(_ context.Context, d taskDelivery) error {
		seen.add("%d", d.Event.Key.ID)
		return nil
	})
	eventually(t, "20 events", func() bool { return seen.len() == 20 })
	settled(t, &tasks.Repository, "g")
	must(t, tasks.Replay(t.Context(), "g", repo.Start{}))
	eventually(t, "all once more", func() bool { return seen.len() == 40 })
	settled(t, &tasks.Repository, "g")
	must(t, tasks.Replay(t.Context(), "g", repo.StartAt(time.Now().Add(-time.Hour))))
	eventually(t, "all once more", func() bool { return seen.len() == 60 })
	settled(t, &tasks.Repository, "g")
	must(t, tasks.Replay(t.Context(), "g", repo.StartNow()))
	must(t, tasks.Create(t.Context(), &events.Task{Owner: "last", ID: 99}))
	eventually(t, "what is new", func() bool { return seen.len() == 61 })
	if err := tasks.Replay(t.Context(), "nobody", repo.Start{}); err == nil {
		t.Error("a group that does not exist")
	}
}

// Shards in which nothing has happened yet are not behind.
func TestLagOfNothing(t *testing.T) {
	each(t, func(t *testing.T, rdb redis.UniversalClient) {
		tasks := events.NewTasks(on(t, rdb))
		ctx, stop := context.WithCancel(t.Context())
		must(t, tasks.Create(ctx, &events.Task{Owner: "a", ID: 1}))
		must(t, tasks.Consume(ctx, "g", func(context.Context, repo.Delivery[*events.Task, events.TaskKey]) error {
			stop()
			return nil
		}, repo.ConsumeOptions{}))
		lag, err := tasks.Lag(t.Context(), "g")
		if must(t, err); lag.Undelivered != 0 || lag.Pending != 0 || len(lag.Shards) != 8 {
			t.Errorf("%+v", lag)
		}
	})
}
