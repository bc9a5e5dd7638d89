package consume

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// A group begins with the oldest event, handles each once, and a later one with the same
// name goes on where the one before has ended.
func TestConsume(t *testing.T) { each(t, testConsume) }

func testConsume(t *testing.T, rdb redis.UniversalClient) {
	noLeak(t)
	jobs := createJobs(t, on(t, rdb), 20)
	var seen log
	handler := func(_ context.Context, d repo.Delivery[*events.Job, string]) error {
		seen.add("%s %s %d %s %d", d.Event.Op, d.Event.Key, d.Event.Version, d.Event.Record.Queue, d.Attempt)
		return nil
	}
	one := start(t, &jobs.Repository, "g", repo.ConsumeOptions{Concurrency: 1}, handler)
	eventually(t, "20 events", func() bool { return seen.len() == 20 })
	must(t, jobs.Patch(t.Context(), "j3", events.JobFields.Cost.Set(7)))
	eventually(t, "21 events", func() bool { return seen.len() == 21 })
	must(t, one.stop())
	for i, got := range seen.all() {
		want := fmt.Sprintf("created j%d 1 q 1", i)
		if i == 20 {
			want = "updated j3 2 q 1"
		}
		if got != want {
			t.Errorf("event %d is %q, want %q", i, got, want)
		}
	}
	must(t, jobs.Delete(t.Context(), "j3"))
	two := start(t, &jobs.Repository, "g", repo.ConsumeOptions{}, handler)
	eventually(t, "22 events", func() bool { return seen.len() == 22 })
	must(t, two.stop())
	if got := seen.all()[21]; got != "deleted j3 2 q 1" {
		t.Errorf("the last event is %q", got)
	}
	lag, err := jobs.Lag(t.Context(), "g")
	if must(t, err); lag.Pending != 0 || lag.Undelivered != 0 || lag.Consumers != 0 || lag.Oldest != 0 {
		t.Errorf("%+v is left", lag)
	}
}

// Groups are apart from each other, and begin where they are told to.
func TestStart(t *testing.T) { each(t, testStart) }

func testStart(t *testing.T, rdb redis.UniversalClient) {
	client := on(t, rdb)
	tasks := events.NewTasks(client)
	create := func(from, to int) {
		for i := from; i < to; i++ {
			must(t, tasks.Create(t.Context(), &events.Task{Owner: fmt.Sprint("o", i), ID: int64(i)}))
		}
	}
	create(0, 20)
	var fifth repo.Position
	var first log
	one := start(t, &tasks.Repository, "first", repo.ConsumeOptions{}, func(_ context.Context, d repo.Delivery[*events.Task, events.TaskKey]) error {
		if d.Event.Key.ID == 5 {
			fifth = d.Event.Position
		}
		first.add("%d", d.Event.Key.ID)
		return nil
	})
	eventually(t, "20 events", func() bool { return first.len() == 20 })
	must(t, one.stop())
	tick(t)
	then := time.Now()
	starts := map[string]repo.Start{"now": repo.StartNow(), "time": repo.StartAt(then.Add(-time.Hour)), "future": repo.StartAt(then.Add(time.Hour)), "event": repo.StartAfter(fifth)}
	logs := map[string]*log{}
	for name, at := range starts {
		seen := new(log)
		logs[name] = seen
		start(t, &tasks.Repository, name, repo.ConsumeOptions{Start: at}, func(_ context.Context, d repo.Delivery[*events.Task, events.TaskKey]) error {
			seen.add("%d", d.Event.Key.ID)
			return nil
		})
		eventually(t, "the group is there", func() bool {
			for _, tag := range placement.Tags("tasks", 8) {
				groups, _ := rdb.XInfoGroups(t.Context(), client.Prefix()+"{"+tag+"}:e").Result()
				if !slices.ContainsFunc(groups, func(g redis.XInfoGroup) bool { return g.Name == name }) {
					return false
				}
			}
			return true
		})
	}
	create(20, 25)
	eventually(t, "all events", func() bool { return logs["now"].len() == 5 && logs["time"].len() == 25 })
	got := logs["event"]
	eventually(t, "events after one", func() bool { return slices.Contains(got.all(), "24") })
	if list := got.all(); slices.Contains(list, "5") || slices.Contains(list, "0") {
		t.Errorf("after event 5 come %q", list)
	}
	if list := logs["future"].all(); len(list) > 0 {
		t.Errorf("from the future come %q", list)
	}
}

// What cannot be consumed is an error that says what to do.
func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, rdb redis.UniversalClient) {
		client := on(t, rdb)
		nothing := func(context.Context, repo.Delivery[*events.Note, string]) error { return nil }
		err := events.NewNotes(client).Consume(t.Context(), "g", nothing, repo.ConsumeOptions{})
		if err == nil || !strings.Contains(err.Error(), "events=stream") {
			t.Error(err)
		}
		jobs := events.NewJobs(client)
		none := func(context.Context, repo.Delivery[*events.Job, string]) error { return nil }
		if err := jobs.Consume(t.Context(), "", none, repo.ConsumeOptions{}); err == nil {
			t.Error("a group without a name")
		}
		if err := jobs.Consume(t.Context(), "g", none, repo.ConsumeOptions{Concurrency: -1}); err == nil {
			t.Error("a negative number")
		}
		must(t, rdb.Set(t.Context(), client.Prefix()+"{jobs}:e", "not a stream", 0).Err())
		if err := jobs.Consume(t.Context(), "g", none, repo.ConsumeOptions{}); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
			t.Error(err)
		}
		var d repo.Delivery[*events.Job, string]
		if err := d.Once(t.Context(), func(*repo.Tx) error { return nil }); err == nil {
			t.Error("Once of no event")
		}
	})
}

// An event whose handler fails is retried after a while, and is dead in the end; one that is
// poisoned at once; a panic is an error.
func TestRetry(t *testing.T) { each(t, testRetry) }

func testRetry(t *testing.T, rdb redis.UniversalClient) {
	noLeak(t)
	jobs := createJobs(t, on(t, rdb), 4)
	var seen log
	opts := repo.ConsumeOptions{MinBackoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond, MaxAttempts: 4}
	one := start(t, &jobs.Repository, "g", opts, func(_ context.Context, d repo.Delivery[*events.Job, string]) error {
		seen.add("%s %d", d.Event.Key, d.Attempt)
		switch {
		case d.Event.Key == "j0" && d.Attempt < 3:
			return errTest
		case d.Event.Key == "j1":
			return fmt.Errorf("never: %w", errors.Join(errTest, repo.ErrPoison))
		case d.Event.Key == "j2":
			panic("at the handler")
		}
		return nil
	})
	settled(t, &jobs.Repository, "g")
	must(t, one.stop())
	got := seen.all()
	slices.Sort(got)
	if want := []string{"j0 1", "j0 2", "j0 3", "j1 1", "j2 1", "j2 2", "j2 3", "j2 4", "j3 1"}; !slices.Equal(got, want) {
		t.Errorf("handled %q, want %q", got, want)
	}
	list := letters(t, &jobs.Repository, "g")
	if len(list) != 2 {
		t.Fatalf("%d dead letters", len(list))
	}
	if l := list[0]; l.Event.Key != "j1" || l.Event.Op != repo.OpCreated || l.Event.Record.Queue != "q" || l.Attempts != 1 || !strings.Contains(l.Error, "never: ") || time.Since(l.At).Abs() > time.Minute {
		t.Errorf("%+v", l)
	}
	if l := list[1]; l.Event.Key != "j2" || l.Attempts != 4 || !strings.Contains(l.Error, "panic") {
		t.Errorf("%+v", l)
	}
	lag, err := jobs.Lag(t.Context(), "g")
	if must(t, err); lag.Dead != 2 {
		t.Errorf("%+v", lag)
	}
}
