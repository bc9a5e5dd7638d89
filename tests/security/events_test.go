package security

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// tells returns operations that tell of changes of every kind.
func tells(client *repo.Client) []operation {
	jobs, notes, alerts := events.NewJobs(client), events.NewNotes(client), events.NewAlerts(client)
	tasks, steps, trees, leaves := events.NewTasks(client), events.NewSteps(client), events.NewTrees(client), events.NewLeaves(client)
	fenced := client.WithFence(repo.Fence{Name: "f", Token: 7})
	list := []operation{
		{"Create", func(ctx context.Context) error {
			return jobs.Create(ctx, &events.Job{ID: "1", Queue: "q", Name: new("n"), Until: time.Now().Add(time.Hour)})
		}},
		{"Patch", func(ctx context.Context) error { return jobs.Patch(ctx, "1", events.JobFields.Cost.Add(1)) }},
		{"Touch", func(ctx context.Context) error { return jobs.Touch(ctx, "1", repo.TTL(time.Hour)) }},
		{"Create a job that expires", func(ctx context.Context) error {
			return jobs.Create(ctx, &events.Job{ID: "2"}, repo.TTL(time.Millisecond))
		}},
		{"Sweep", client.Sweep},
		{"fenced Patch", func(ctx context.Context) error {
			return events.NewJobs(fenced).Patch(ctx, "1", events.JobFields.Cost.Add(1))
		}},
		{"Query.Patch", func(ctx context.Context) error {
			_, err := jobs.Where(events.JobFields.Queue.Eq("q")).Patch(ctx, events.JobFields.Tried.Add(1))
			return err
		}},
		{"Save a note", func(ctx context.Context) error { return notes.Save(ctx, &events.Note{ID: "1", Text: "t"}) }},
		{"SaveMany", func(ctx context.Context) error { return notes.SaveMany(ctx, []*events.Note{{ID: "2"}, {ID: "3"}}) }},
		{"Save a tree", func(ctx context.Context) error { return trees.Save(ctx, &events.Tree{ID: "1"}) }},
		{"Save a leaf", func(ctx context.Context) error { return leaves.Save(ctx, &events.Leaf{ID: "1", TreeID: "1"}) }},
		{"fenced Tx", func(ctx context.Context) error {
			return fenced.Tx(ctx, func(tx *repo.Tx) error {
				if err := events.NewTrees(fenced).InTx(tx).Save(&events.Tree{ID: "2"}); err != nil {
					return err
				}
				return events.NewLeaves(fenced).InTx(tx).Save(&events.Leaf{ID: "2", TreeID: "1"})
			})
		}},
		{"cascade", func(ctx context.Context) error { return trees.Delete(ctx, "1") }},
		{"Query.Delete", func(ctx context.Context) error {
			_, err := jobs.Where(events.JobFields.Queue.Eq("q")).Delete(ctx)
			return err
		}},
	}
	for i := range 20 {
		id := fmt.Sprint("o", i)
		list = append(list,
			operation{"Save task of " + id, func(ctx context.Context) error {
				return tasks.Save(ctx, &events.Task{Owner: id, ID: 1, Title: "t", Code: new(id)})
			}},
			operation{"Save step of " + id, func(ctx context.Context) error {
				return steps.Save(ctx, &events.Step{Owner: id, TaskID: 1, ID: "s"})
			}},
			operation{"fenced Save of alert " + id, func(ctx context.Context) error {
				return events.NewAlerts(fenced).Save(ctx, &events.Alert{ID: id})
			}},
			operation{"Delete alert " + id, func(ctx context.Context) error { return alerts.Delete(ctx, id) }})
	}
	return list
}

// A writer can tell of changes, and a reader can listen; the server denies them nothing.
func TestEvents(t *testing.T) { eachVersion(t, testEvents) }

func testEvents(t *testing.T, g *guarded) {
	g.packages = told
	g.allow("writer", acl.Options{Role: acl.Writer, Prefix: "app:"})
	g.allow("reader", acl.Options{Role: acl.Reader, Prefix: "app:"})
	g.allow("operator", acl.Options{Role: acl.Operator, Prefix: "app:"})
	ctx := t.Context()
	reader := g.connect("reader")
	messages := reader.SSubscribe(ctx, "app:{notes}:e")
	_, err := messages.Receive(ctx)
	must(t, err)

	run(t, tells(g.open("writer", repo.Config{Prefix: "app:", SweepInterval: -1})))
	m, err := messages.ReceiveMessage(ctx)
	if err != nil || !strings.Contains(m.Payload, "created") {
		t.Errorf("the first message is %v, %v", m, err)
	}
	must(t, messages.Close())
	for _, key := range []string{"app:{jobs}:e", "app:{trees}:e", "app:{trees}leaves:e"} {
		found, err := reader.XRead(ctx, &redis.XReadArgs{Streams: []string{key, "0"}, Block: -1}).Result()
		if err != nil || len(found[0].Messages) < 3 {
			t.Errorf("%s has %v, %v", key, found, err)
		}
		must(t, reader.XRevRangeN(ctx, key, "+", "-", 1).Err())
		must(t, g.connect("operator").XInfoStream(ctx, key).Err())
	}
	g.wantNoDenials()

	for name, call := range map[string]func(*redis.Client) error{
		"XADD": func(c *redis.Client) error {
			return c.XAdd(ctx, &redis.XAddArgs{Stream: "app:{jobs}:e", Values: []string{"a", "b"}}).Err()
		},
		"SPUBLISH": func(c *redis.Client) error { return c.SPublish(ctx, "app:{notes}:e", "m").Err() },
		"XTRIM":    func(c *redis.Client) error { return c.XTrimMaxLen(ctx, "app:{jobs}:e", 0).Err() },
	} {
		if err := call(reader); err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("%s of a reader: %v", name, err)
		}
	}
}

// A reader can watch.
func TestWatch(t *testing.T) { eachVersion(t, testWatch) }

func testWatch(t *testing.T, g *guarded) {
	g.packages = told
	g.allow("writer", acl.Options{Role: acl.Writer, Prefix: "app:"})
	g.allow("reader", acl.Options{Role: acl.Reader, Prefix: "app:"})
	writer := g.open("writer", repo.Config{Prefix: "app:", SweepInterval: -1})
	for _, role := range []string{"reader", "writer"} {
		client := g.open(role, repo.Config{Prefix: "app:", SweepInterval: -1})
		watch(t, "jobs", events.NewJobs(client), func(id string) error { return events.NewJobs(writer).Save(t.Context(), &events.Job{ID: id}) })
		watch(t, "tasks", events.NewTasks(client), func(id string) error {
			return events.NewTasks(writer).Save(t.Context(), &events.Task{Owner: id, ID: 1})
		})
		watch(t, "notes", events.NewNotes(client), func(id string) error { return events.NewNotes(writer).Save(t.Context(), &events.Note{ID: id}) })
		watch(t, "alerts", events.NewAlerts(client), func(id string) error { return events.NewAlerts(writer).Save(t.Context(), &events.Alert{ID: id}) })
	}
	g.wantNoDenials()
	used := g.calls()
	for _, name := range strings.Fields("spublish ssubscribe xread xrange xrevrange") {
		if used[name] == 0 {
			t.Errorf("%s is allowed, and nothing needs it", name)
		}
	}
}

// watcher is a repository of records whose changes are told.
type watcher[T any, K comparable] interface {
	Watch(context.Context, ...repo.WatchOption) iter.Seq2[repo.Event[T, K], error]
}

// watch takes three events, of what save does.
func watch[T any, K comparable](t *testing.T, name string, of watcher[T, K], save func(id string) error) {
	t.Helper()
	taken := 0
	for e, err := range of.Watch(t.Context(), repo.Ready(func([]repo.Position) { must(t, save("a")) })) {
		must(t, err)
		if e.Op != repo.OpCreated && e.Op != repo.OpUpdated {
			t.Errorf("%s: event %d is %+v", name, taken, e)
		}
		if taken++; taken == 3 {
			break
		}
		must(t, save("b"))
	}
}

// What cannot be told is not done.
func TestUntold(t *testing.T) {
	g := guard(t)
	g.packages = told
	g.allow("writer", acl.Options{Role: acl.Writer, Prefix: "app:"})
	client := g.open("writer", repo.Config{Prefix: "app:", SweepInterval: -1, Logger: slog.New(slog.DiscardHandler)})
	full := rulesFor(t, told, acl.Options{Role: acl.Writer, Prefix: "app:"})
	for name, deny := range map[string]func(rule string) bool{
		"channels": func(rule string) bool { return strings.HasPrefix(rule, "&") },
		"SPUBLISH": func(rule string) bool { return rule == "+spublish" },
		"streams":  func(rule string) bool { return strings.Contains(rule, "+xadd") },
	} {
		g.redisCLI(acl.SetUser("writer", "", slices.DeleteFunc(slices.Clone(full), deny)))
		before := g.snapshot()
		create := func() error { return events.NewNotes(client).Create(t.Context(), &events.Note{ID: "1"}) }
		if name == "streams" {
			create = func() error { return events.NewJobs(client).Create(t.Context(), &events.Job{ID: "1"}) }
		}
		err := create()
		if !errors.Is(err, repo.ErrDenied) || len(g.snapshot()) != len(before) {
			t.Errorf("without %s: %v, and there are %v", name, err, g.snapshot())
		}
	}
}

// Commands of events work on the streams, what consumers keep beside them, and the
// channels of the entities, and on no others.
func TestOtherEvents(t *testing.T) {
	g := guard(t)
	g.packages = told
	for _, role := range []acl.Role{acl.Reader, acl.Writer, acl.Migrator, acl.Operator} {
		g.allow(string(role), acl.Options{Role: role, Prefix: "app:"})
		writes, reads := role == acl.Writer || role == acl.Migrator, role != acl.Operator
		check := func(may bool, args ...string) {
			t.Helper()
			if why := g.dryRun(string(role), args...); (why == "") != may {
				t.Errorf("%s: %q: %q, want allowed: %v", role, args, why, may)
			}
		}
		for _, call := range []struct {
			args     []string // of a key
			may, own bool     // own: on streams, and not on other keys of entities that have them
		}{
			{[]string{"xread", "streams", "", "0"}, reads, false}, {[]string{"xrange", "", "-", "+"}, true, false},
			{[]string{"xrevrange", "", "+", "-"}, reads, false}, {[]string{"xlen", ""}, writes || role == acl.Operator, writes},
			{[]string{"xadd", "", "*", "f", "v"}, writes, true}, {[]string{"xtrim", "", "maxlen", "1"}, writes, true},
			{[]string{"xreadgroup", "group", "g", "c", "streams", "", ">"}, writes, true}, {[]string{"xack", "", "g", "1-1"}, writes, true},
			{[]string{"xautoclaim", "", "g", "c", "1", "0"}, writes, true}, {[]string{"xgroup", "create", "", "g", "0"}, writes, true},
			{[]string{"xgroup", "destroy", "", "g"}, false, false}, {[]string{"xsetid", "", "1-1"}, false, false}, {[]string{"set", "", "v", "px", "1"}, writes, true},
		} {
			on := func(may bool, keys ...string) {
				t.Helper()
				for _, key := range keys {
					args := slices.Clone(call.args)
					args[slices.Index(args, "")] = key
					check(may, args...)
				}
			}
			on(call.may, "app:{jobs}:e", "app:{"+placement.Tag("tasks", 1, 8)+"}:e", "app:{trees}leaves:e", "app:{jobs}:e:dead:g", "app:{jobs}:e:owner:g")
			on(call.may && !call.own, "app:{jobs}:r:1", "app:{jobs}:ex", "app:{jobs}:f")
			on(false, "app:{others}:e", "other:{jobs}:e", "app:{jobs}", "e", "app:{tasks}x:e")
		}
		for _, channel := range []string{"app:{notes}:e", "app:{" + placement.Tag("alerts", 1, 4) + "}:e"} {
			check(reads, "ssubscribe", channel)
			check(writes, "spublish", channel, "m")
			check(false, "publish", channel, "m")
			check(false, "subscribe", channel)
		}
		for _, channel := range []string{"app:{jobs}:e", "app:{notes}:x", "app:{notes}:e2", "other:{notes}:e", "{notes}:e", "*"} {
			check(false, "ssubscribe", channel)
			check(false, "spublish", channel, "m")
		}
	}
}
