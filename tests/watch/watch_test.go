package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/events"
)

func TestStream(t *testing.T) {
	onStores(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		now := time.Now().UTC().Truncate(time.Microsecond)
		client := open(t, rdb, repo.Config{Prefix: "w:", Clock: func() time.Time { return now }})
		tasks := events.NewTasks(client)
		must(t, tasks.Create(ctx, &events.Task{Owner: "ann", ID: 1, Title: "before"}))
		w := watch(t, &tasks.Repository)
		task := &events.Task{Owner: "ann", ID: 2, Title: "wash"}
		must(t, tasks.Create(ctx, task))
		task.Title = "dry"
		must(t, tasks.Update(ctx, task))
		must(t, tasks.Delete(ctx, events.TaskKey{Owner: "ann", ID: 2}))
		for _, want := range []struct {
			op     repo.EventOp
			title  string
			fields string
			v      int64
		}{{repo.OpCreated, "wash", "owner,id,title", 1}, {repo.OpUpdated, "dry", "title", 2}, {repo.OpDeleted, "dry", "", 2}} {
			got := w.next()
			if got.Op != want.op || got.Key != (events.TaskKey{Owner: "ann", ID: 2}) || got.Version != want.v || strings.Join(got.Fields, ",") != want.fields ||
				!got.At.Equal(now) || got.Record == nil || got.Record.Title != want.title || got.Record.Owner != "" || got.Position == "" {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		w.quiet()
		checkIs(t, w.stop(), context.Canceled)
	})
}

func TestMessages(t *testing.T) {
	onStores(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		client := open(t, rdb, repo.Config{Prefix: "w:"})
		alerts := events.NewAlerts(client)
		w := watch(t, &alerts.Repository)
		other := watch(t, &alerts.Repository)
		if w.start != nil {
			t.Errorf("messages have positions: %q", w.start)
		}
		var want []string
		for i := range 20 {
			must(t, alerts.Create(ctx, &events.Alert{ID: fmt.Sprint(i), Level: i}))
			want = append(want, fmt.Sprint("created ", i, " 1 id,level,text"))
		}
		for i := range 20 {
			got := w.next()
			if got.Record == nil || fmt.Sprint(got.Record.Level) != got.Key || got.Position != "" || time.Since(got.At) > time.Minute {
				t.Errorf("event %d: %+v", i, got)
			}
			if text := short(got); text != want[i] {
				t.Errorf("got %q, want %q", text, want[i])
			}
		}
		other.want(want...)
		w.quiet()
		checkIs(t, w.stop(), context.Canceled)
	})
}

// A loop that is left ends what it has begun, and a context with a deadline ends it.
func TestLeave(t *testing.T) {
	onStores(t, func(t *testing.T, rdb *redis.Client) {
		var log logs
		client := open(t, rdb, repo.Config{Prefix: "w:", Logger: log.logger()})
		notes, jobs := events.NewNotes(client), events.NewJobs(client)
		create := repo.Ready(func([]repo.Position) {
			must(t, notes.Create(t.Context(), &events.Note{}))
			must(t, jobs.Create(t.Context(), &events.Job{}))
		})
		for range notes.Watch(t.Context(), create) {
			break
		}
		for range jobs.Watch(t.Context(), create) {
			break
		}
		start := time.Now()
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			checkIs(t, first(notes.Watch(ctx)), context.DeadlineExceeded)
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
			checkIs(t, first(jobs.Watch(ctx)), context.DeadlineExceeded)
			cancel()
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("the loops took %v to end", took)
		}
		if n := log.count("watching"); n > 0 {
			t.Errorf("logged: %q", log.lines)
		}
	})
}

func TestFilters(t *testing.T) {
	onStores(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		client := open(t, rdb, repo.Config{Prefix: "w:"})
		jobs := events.NewJobs(client)
		title := watch(t, &jobs.Repository, jobs.OnlyFields(events.JobFields.Cost, events.JobFields.Queue))
		gone := watch(t, &jobs.Repository, repo.OnlyOps(repo.OpDeleted, repo.OpExpired))
		one := watch(t, &jobs.Repository, jobs.OnlyKeys("b", "d"))
		both := watch(t, &jobs.Repository, jobs.OnlyFields(events.JobFields.Cost), repo.OnlyOps(repo.OpUpdated), jobs.OnlyKeys("a"))
		must(t, jobs.CreateMany(ctx, []*events.Job{{ID: "a"}, {ID: "b", Until: time.Now().Add(-time.Minute)}}))
		must(t, jobs.Patch(ctx, "a", events.JobFields.Tried.Set(3)))
		must(t, jobs.Patch(ctx, "a", events.JobFields.Cost.Set(3)))
		must(t, jobs.Delete(ctx, "a"))
		must(t, client.Sweep(ctx))
		must(t, jobs.Create(ctx, &events.Job{ID: "d"}))
		must(t, jobs.Delete(ctx, "d"))
		const created = "id,queue,cost,token"
		one.want("created b 1 "+created+",until", "expired b 1", "created d 1 "+created, "deleted d 1")
		title.want("created a 1 "+created, "created b 1 "+created+",until")
		rest := []string{short(title.next()), short(title.next()), short(title.next())}
		slices.Sort(rest)
		if want := []string{"deleted a 3", "expired b 1", "updated a 3 cost"}; !slices.Equal(rest, want) {
			t.Errorf("got %q, want %q", rest, want)
		}
		title.want("created d 1 "+created, "deleted d 1")
		rest = []string{short(gone.next()), short(gone.next())}
		slices.Sort(rest)
		if want := []string{"deleted a 3", "expired b 1"}; !slices.Equal(rest, want) {
			t.Errorf("got %q, want %q", rest, want)
		}
		gone.want("deleted d 1")
		both.want("updated a 3 cost")
		for _, w := range []interface{ quiet() }{title, gone, one, both} {
			w.quiet()
		}
	})
}

// A loop goes on where another one was.
func TestFrom(t *testing.T) {
	onStores(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		client := open(t, rdb, repo.Config{Prefix: "w:"})
		tasks := events.NewTasks(client)
		create := func(from, to int64) (want []string) {
			t.Helper()
			for i := from; i < to; i++ {
				must(t, tasks.Create(ctx, &events.Task{Owner: fmt.Sprint("o", i), ID: i}))
				want = append(want, fmt.Sprint(i))
			}
			return want
		}
		ids := func(w *watcher[*events.Task, events.TaskKey], n int) (got []string) {
			t.Helper()
			for range n {
				got = append(got, fmt.Sprint(w.next().Key.ID))
			}
			w.quiet()
			slices.Sort(got)
			return got
		}
		check := func(got, want []string) {
			t.Helper()
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		before := create(100, 110)
		first := watch(t, &tasks.Repository)
		if len(first.start) != 8 {
			t.Fatalf("begins at %q", first.start)
		}
		after := create(200, 205)
		last, left := slices.Clone(first.start), slices.Clone(after)
		for range 3 {
			event := first.next()
			last = append(last, event.Position)
			left = slices.DeleteFunc(left, func(id string) bool { return id == fmt.Sprint(event.Key.ID) })
		}
		_ = first.stop()
		check(ids(watch(t, &tasks.Repository, repo.From(first.start...)), len(after)), after)
		check(ids(watch(t, &tasks.Repository, repo.From(last...)), 2), left)
		check(ids(watch(t, &tasks.Repository, repo.From()), 15), slices.Concat(before, after))
	})
}

// What was trimmed before it was read is a gap, and only that.
func TestTrimmed(t *testing.T) {
	onStores(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		trees := events.NewTrees(open(t, rdb, repo.Config{Prefix: "w:"}))
		create := func(ids string) {
			t.Helper()
			for _, id := range ids {
				must(t, trees.Create(ctx, &events.Tree{ID: string(id)}))
			}
		}
		create("ab")
		w := watchSlowly(t, &trees.Repository, repo.From(), repo.Buffer(1))
		create("cdefghijkl")
		last := w.next() // and the loop stands still
		must(t, rdb.XTrimMaxLen(ctx, "w:{trees}:e", 1).Err())
		create("m")
		missed, gap := "", repo.Event[*events.Tree, string]{}
		for last.Key != "m" {
			w.take <- struct{}{}
			got := w.next()
			switch {
			case got.Op == repo.OpGap:
				if gap = got; got.Position != last.Position || got.At.IsZero() {
					t.Errorf("after %+v a gap: %+v", last, got)
				}
				continue
			case got.Key[0] != last.Key[0]+1:
				if missed = last.Key + got.Key; gap.Position != last.Position {
					t.Errorf("%s follows %s, with no gap between", short(got), short(last))
				}
			}
			last = got
		}
		if missed == "" || missed[1] != 'l' {
			t.Errorf("missed %q", missed)
		}

		again := watch(t, &trees.Repository, repo.From(gap.Position))
		again.want("gap", "created l 0 id", "created m 0 id")
		create("n")
		again.want("created n 0 id")
		again.quiet()
	})
}

// A slow loop misses messages only where there is a gap, and nothing of a stream.
func TestSlow(t *testing.T) {
	onStores(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		client := open(t, rdb, repo.Config{Prefix: "w:"})
		notes, trees := events.NewNotes(client), events.NewTrees(client)
		messages := watchSlowly(t, &notes.Repository, repo.Buffer(3), repo.OnlyOps(repo.OpCreated))
		stream := watchSlowly(t, &trees.Repository, repo.Buffer(3))
		fast := watch(t, &notes.Repository)
		create := func(i int) {
			t.Helper()
			must(t, notes.Create(ctx, &events.Note{ID: fmt.Sprint(i)}))
			must(t, trees.Create(ctx, &events.Tree{ID: fmt.Sprint(i)}))
		}
		const all = 500
		for i := range all {
			create(i)
			fast.want(fmt.Sprint("created ", i, " 0 id,text"))
			must(t, notes.Patch(ctx, fmt.Sprint(i), events.NoteFields.Text.Set("not chosen")))
			fast.want(fmt.Sprint("updated ", i, " 0 text"))
		}
		last, gap, missed, next := -1, false, 0, all
		for ended := false; !ended; {
			messages.take <- struct{}{}
			e := messages.next()
			if e.Op == repo.OpGap {
				create(next) // there is room now, or another gap comes
				gap, next = true, next+1
				continue
			}
			n, err := strconv.Atoi(e.Key)
			must(t, err)
			if n <= last || n > last+1 && !gap {
				t.Fatalf("%d follows %d, gap: %t", n, last, gap)
			}
			missed += n - last - 1
			last, gap, ended = n, false, n >= all
		}
		if missed < all/2 {
			t.Errorf("%d of %d are missed, so that more than 3 have waited", missed, all)
		}
		for i := range all {
			stream.want(fmt.Sprint("created ", i, " 0 id"))
			stream.take <- struct{}{}
		}
	})
}

func TestErrors(t *testing.T) {
	onStores(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		client := open(t, rdb, repo.Config{Prefix: "w:"})
		jobs, notes, users, tasks := events.NewJobs(client), events.NewNotes(client), app.NewUsers(client), events.NewTasks(client)
		var chosen repo.WatchOption = tasks.OnlyFields(events.TaskFields.Version)
		for name, one := range map[string]struct {
			err  func() error
			want string
		}{
			"no events":   {func() error { return first(users.Watch(ctx)) }, "add events=pubsub or events=stream"},
			"From":        {func() error { return first(notes.Watch(ctx, repo.From())) }, "messages are not kept"},
			"no position": {func() error { return first(jobs.Watch(ctx, repo.From("1-x"))) }, `"1-x" is no position`},
			"empty":       {func() error { return first(jobs.Watch(ctx, repo.From(""))) }, `"" is no position`},
			"no shard":    {func() error { return first(jobs.Watch(ctx, repo.From("1-1-1"))) }, "no shard 1"},
			"kept field":  {func() error { return first(tasks.Watch(ctx, chosen)) }, "version is set with every write"},
			"no key":      {func() error { return first(notes.Watch(ctx, notes.OnlyKeys(strings.Repeat("x", 20_000)))) }, "too large"},
		} {
			err := one.err()
			var record *repo.RecordError
			if err == nil || !errors.As(err, &record) || record.Op != "Watch" || !strings.Contains(err.Error(), one.want) {
				t.Errorf("%s: got %v, want %q", name, err, one.want)
			}
		}
	})
}

// first returns the error that a loop begins with.
func first[E any](loop func(func(E, error) bool)) error {
	for _, err := range loop {
		return err
	}
	return nil
}

// What is no event ends the loop, after the events before it.
func TestForeign(t *testing.T) {
	onStores(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		client := open(t, rdb, repo.Config{Prefix: "w:"})
		jobs, notes := events.NewJobs(client), events.NewNotes(client)
		stream, messages := watchSlowly(t, &jobs.Repository), watch(t, &notes.Repository)
		must(t, jobs.CreateMany(ctx, []*events.Job{{ID: "a"}, {ID: "b"}}))
		must(t, notes.Create(ctx, &events.Note{ID: "a"}))
		must(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: "w:{jobs}:e", Values: []string{"by", "hand"}}).Err())
		if err := rdb.SPublish(ctx, "w:{notes}:e", "by hand").Err(); err != nil {
			must(t, rdb.Publish(ctx, "w:{notes}:e", "by hand").Err())
		} else {
			eventually(t, "the stream is not read any more", func() bool {
				return !strings.Contains(rdb.ClientList(ctx).Val(), "cmd=xread")
			})
		}
		stream.take <- struct{}{}
		stream.take <- struct{}{}
		for _, err := range []error{stream.ended(), messages.ended()} {
			if err == nil || !strings.Contains(err.Error(), "not an event of this entity") {
				t.Errorf("got %v", err)
			}
		}
		if len(stream.events) != 2 || len(messages.events) != 1 {
			t.Errorf("%d and %d events", len(stream.events), len(messages.events))
		}
	})
}

// A closed client ends its loops, and those of its tenants.
func TestClosed(t *testing.T) {
	onStores(t, func(t *testing.T, rdb *redis.Client) {
		client := open(t, rdb, repo.Config{Prefix: "w:"})
		tenant, err := client.Tenant("acme")
		must(t, err)
		jobs, notes := events.NewJobs(client), events.NewNotes(tenant)
		stream, messages := watch(t, &jobs.Repository), watch(t, &notes.Repository)
		must(t, notes.Create(t.Context(), &events.Note{ID: "a"}))
		messages.want("created a 0 id,text")
		start := time.Now()
		must(t, client.Close())
		checkIs(t, stream.ended(), repo.ErrClosed)
		checkIs(t, messages.ended(), repo.ErrClosed)
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("the loops took %v to end", took)
		}
		checkIs(t, first(jobs.Watch(t.Context())), repo.ErrClosed)
	})
}

// A user who may not read the events is told so, and who finds something else in their
// place.
func TestDenied(t *testing.T) {
	other := redisd.Start(t).Client()
	must(t, other.Set(t.Context(), "w:{trees}:e", "no stream", 0).Err())
	trees := events.NewTrees(open(t, other, repo.Config{Prefix: "w:"}))
	for _, opts := range [][]repo.WatchOption{nil, {repo.From()}} {
		if err := first(trees.Watch(t.Context(), opts...)); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
			t.Errorf("got %v", err)
		}
	}
	server := redisd.Start(t, redisd.User("reader", "pw", "~w:*", "resetchannels", "+@all", "-xread", "-xrevrange"))
	client := open(t, server.Client(), repo.Config{Prefix: "w:"})
	checkIs(t, first(events.NewJobs(client).Watch(t.Context())), repo.ErrDenied)
	checkIs(t, first(events.NewJobs(client).Watch(t.Context(), repo.From())), repo.ErrDenied)
	checkIs(t, first(events.NewNotes(client).Watch(t.Context())), repo.ErrDenied)
}
