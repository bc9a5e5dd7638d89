package repo_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// seen is an observer that keeps what it is told.
type seen struct {
	name string
	calls
	mu  sync.Mutex
	ops []repo.Operation
}

// calls are those of several observers, in their order.
type calls struct{ list *[]string }

type seenKey struct{}

func (s *seen) Start(ctx context.Context, op repo.Operation) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list != nil {
		*s.list = append(*s.list, "start "+s.name)
	}
	return context.WithValue(ctx, seenKey{}, op.Name)
}

func (s *seen) End(ctx context.Context, op repo.Operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list != nil {
		*s.list = append(*s.list, "end "+s.name)
	}
	if ctx.Value(seenKey{}) != op.Name {
		op.Name = "?" + op.Name
	}
	s.ops = append(s.ops, op)
}

// take returns the operations since it was called last, as text; without what differs from
// run to run.
func (s *seen) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, op := range s.ops {
		text := strings.TrimSpace(op.Name + " " + op.Entity)
		if op.Size > 0 {
			text += fmt.Sprintf(" size=%d", op.Size)
		}
		text += " " + string(op.Outcome)
		for _, n := range []struct {
			name  string
			value int64
		}{{"trips", op.RoundTrips}, {"retries", op.Retries}, {"conflicts", op.Conflicts}, {"examined", op.Examined},
			{"returned", op.Returned}, {"repaired", op.Repaired}, {"released", op.Released}} {
			if n.value > 0 {
				text += fmt.Sprintf(" %s=%d", n.name, n.value)
			}
		}
		if op.Index != "" {
			text += " by " + op.Index
		}
		if op.Walks {
			text += " walking"
		}
		list = append(list, text)
	}
	s.ops = nil
	return list
}

// want fails the test unless the operations since it was called last are those.
func (s *seen) want(t *testing.T, list ...string) {
	t.Helper()
	if got := s.take(); !slices.Equal(got, list) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(list, "\n\t"))
	}
}

// observed returns a client of an embedded store, and what it is told; scripts are known
// and placements checked, so that round trips are those of the operations.
func observed(t *testing.T, config repo.Config) (*repo.Client, *miniredis.Miniredis, *seen) {
	t.Helper()
	server, watcher := miniredis.RunT(t), new(seen)
	config.Addrs, config.Observers = []string{server.Addr()}, append(config.Observers, watcher)
	config.SweepInterval, config.RoundTrip = -1, time.Hour
	client, err := repo.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client, server, watcher
}

func TestObservedOperations(t *testing.T) {
	client, server, watcher := observed(t, repo.Config{})
	ctx := t.Context()
	users, tokens := app.NewUsers(client), app.NewTokens(client)
	ann := &app.User{ID: "1", Username: "ann", Status: app.Active, Age: 30, Tags: []string{"x"}}
	check(users.Save(ctx, ann)) // the placement, the unknown script, and the script
	watcher.want(t, "Save users ok trips=3")

	bob := &app.User{ID: "2", Username: "bob", Status: app.Active, Age: 40}
	_ = users.Create(ctx, bob)
	_ = users.Create(ctx, bob)
	_ = users.Save(ctx, &app.User{ID: "3", Username: "Ann", Status: app.Active})
	_ = users.Save(ctx, &app.User{ID: "3", Username: "cid", Status: "odd"})
	_ = users.Update(ctx, &app.User{ID: "2", Username: "bob", Status: app.Active, Version: 7})
	_ = users.Patch(ctx, "2", app.UserFields.Logins.Add(1))
	_, _ = users.Exists(ctx, "2")
	_, _ = users.TTL(ctx, "9")
	_, _ = users.Get(ctx, "1")
	_, _ = users.Get(ctx, "9")
	_, _ = users.GetMany(ctx, "1", "9", "2")
	_, _ = users.Mutate(ctx, "2", func(u *app.User) error { u.Age = 41; return nil })
	_, _ = users.Mutate(ctx, "2", func(u *app.User) error { return errors.New("no") })
	_ = users.Touch(ctx, "2")
	watcher.want(t,
		"Create users ok trips=1",
		"Create users exists trips=1",
		"Save users unique trips=1",
		"Save users invalid",
		"Update users conflict trips=1 conflicts=1",
		"Patch users ok trips=1",
		"Exists users ok trips=1",
		"TTL users not_found trips=1",
		"Get users ok trips=1",
		"Get users not_found trips=1",
		"GetMany users size=3 ok trips=1 returned=2",
		"Mutate users ok trips=2",
		"Mutate users aborted trips=1",
		"Touch users invalid")

	_, _ = users.GetByUsername(ctx, "ann")
	_, _ = users.GetByUsername(ctx, "zoe")
	check(tokens.Save(ctx, &app.Token{Number: 1}))
	_, _ = tokens.Get(ctx, 1)
	watcher.want(t,
		"GetBy users ok trips=2 by u:username", // the script was unknown
		"GetBy users not_found trips=1 by u:username",
		"Save tokens ok trips=3",
		"Get tokens ok trips=1")

	page, err := users.Where(app.UserFields.Age.Gte(35)).Page(ctx)
	check(err)
	if len(page.Items) != 1 {
		t.Error(page)
	}
	_, _ = users.Where(app.UserFields.Tags.Has("x")).First(ctx)
	_, _ = users.Where(app.UserFields.Email.IsNil()).One(ctx)
	_, _ = users.Where(app.UserFields.Status.Not(app.Active)).First(ctx)
	_, _ = users.Where().Exists(ctx)
	_, _ = users.Where(app.UserFields.Age.Gte(35)).Count(ctx)
	_, _ = app.UserFields.Age.Max(ctx, users.Where())
	_, _ = app.UserFields.Status.CountBy(ctx, users.Where())
	for range users.Where().All(ctx) {
	}
	for range users.Where().Limit(1).IDs(ctx) {
	}
	_, _ = users.Where(app.UserFields.Age.Gte(99)).Delete(ctx)
	_, _ = users.Where(app.UserFields.Age.Gte(40)).Patch(ctx, app.UserFields.Logins.Add(1))
	_, _ = users.Where(app.UserFields.Email.IsNil()).RequireIndex().First(ctx)
	watcher.want(t,
		"Page users ok trips=2 examined=1 returned=1 by s:age",
		"First users ok trips=1 examined=1 returned=1 by i:tags",
		"One users invalid trips=1 examined=2 returned=2 by s:created_at walking",
		"First users not_found trips=1 examined=2 by s:created_at walking",
		"Query.Exists users ok trips=1 examined=1 returned=1 by s:created_at",
		"Count users ok trips=1 by s:age",
		"Max users ok trips=1 examined=1 by s:age",
		"CountBy users ok trips=1 examined=2 by s:created_at",
		"All users ok trips=1 examined=2 returned=2 by s:created_at",
		"IDs users ok trips=1 examined=1 returned=1 by s:created_at",
		"Query.Delete users ok trips=1 by s:age",
		"Query.Patch users ok trips=3 examined=1 returned=1 by s:age",
		"First users invalid")

	server.Del("{users}:r:2") // by other hands
	_, _ = users.Where(app.UserFields.Age.Gte(35)).Page(ctx)
	watcher.want(t, "Page users ok trips=1 examined=1 repaired=1 by s:age")
}

func TestObservedGroups(t *testing.T) {
	client, server, watcher := observed(t, repo.Config{})
	ctx := t.Context()
	users, sessions := app.NewUsers(client), app.NewSessions(client)
	ann := &app.User{ID: "1", Username: "ann", Status: app.Active}
	err := users.CreateMany(ctx, []*app.User{ann, {ID: "2", Username: "ann", Status: app.Active}, {ID: "3", Username: "cid", Status: app.Active}})
	if !errors.Is(err, repo.ErrUnique) {
		t.Error(err)
	}
	_ = users.DeleteMany(ctx, []string{"8", "9"})
	watcher.want(t, "CreateMany users size=3 unique trips=3", "DeleteMany users size=2 not_found trips=1")

	batch := client.Batch()
	users.In(batch).Get("1")
	users.In(batch).Get("9")
	users.In(batch).Update(&app.User{ID: "1", Username: "ann", Status: app.Active, Version: 9})
	_ = batch.Run(ctx)
	batch = client.Batch()
	users.In(batch).Get("1")
	sessions.In(batch).Create(&app.Session{UserID: "1"})
	check(batch.Run(ctx))
	got := watcher.take()
	if len(got) != 2 || !strings.HasPrefix(got[0], "Batch users size=3 mixed") || !strings.Contains(got[0], "conflicts=1") || !strings.HasPrefix(got[1], "Batch size=2 ok") {
		t.Error(got)
	}

	rounds := 0
	check(client.Tx(ctx, func(tx *repo.Tx) error {
		u, err := users.InTx(tx).Get("1")
		if err != nil {
			return err
		}
		if rounds++; rounds == 1 {
			check(users.Patch(ctx, "1", app.UserFields.Logins.Add(1)))
		}
		return users.InTx(tx).Update(u)
	}))
	_ = client.Tx(ctx, func(*repo.Tx) error { return errors.New("no") })
	got = watcher.take()
	if len(got) != 3 || got[0] != "Patch users ok trips=1" || !strings.HasPrefix(got[1], "Tx ok") || !strings.HasSuffix(got[1], "conflicts=1") || got[2] != "Tx aborted" {
		t.Errorf("%q", got)
	}

	server.FastForward(2 * time.Hour)
	server.SetTime(time.Now().Add(2 * time.Hour))
	check(client.Sweep(ctx))
	if got := watcher.take(); len(got) != 1 || !strings.HasPrefix(got[0], "Sweep sessions ok") || !strings.HasSuffix(got[0], "released=1") {
		t.Errorf("%q", got)
	}
	_, err = client.Health(ctx)
	check(err)
	watcher.want(t, "Health ok trips=1")
	_ = client.Close()
	_, _ = users.Get(ctx, "1")
	watcher.want(t, "Get users closed")
}

// The context of an operation reaches go-redis, and several observers enclose each other.
func TestObserversEnclose(t *testing.T) {
	var order []string
	outer, inner := &seen{name: "a", calls: calls{&order}}, &seen{name: "b", calls: calls{&order}}
	var met []any
	client, _, _ := observed(t, repo.Config{Observers: []repo.Observer{outer, inner}, Instrument: func(rdb redis.UniversalClient) (func(), error) {
		rdb.AddHook(contexts{&met})
		return func() { order = append(order, "stop") }, nil
	}})
	_, _ = app.NewUsers(client).Exists(t.Context(), "1")
	check(client.Close())
	if want := []string{"start a", "start b", "end b", "end a", "stop"}; !slices.Equal(order, want) {
		t.Errorf("%q, want %q", order, want)
	}
	if !slices.Contains(met, any("Exists")) {
		t.Error("go-redis met the contexts", met)
	}
}

// contexts is a hook that keeps what the contexts of commands have.
type contexts struct{ met *[]any }

func (contexts) DialHook(next redis.DialHook) redis.DialHook { return next }

func (contexts) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (c contexts) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		*c.met = append(*c.met, ctx.Value(seenKey{}))
		return next(ctx, cmd)
	}
}

func TestInstrumentFails(t *testing.T) {
	failure := errors.New("no hooks today")
	_, err := repo.Open(t.Context(), repo.Config{Instrument: func(redis.UniversalClient) (func(), error) { return nil, failure }})
	if !errors.Is(err, failure) {
		t.Errorf("Open = %v", err)
	}
}

// journal is a log that is kept.
type journal struct {
	slog.Handler
	mu    sync.Mutex
	lines []string
}

func newJournal() *journal { return &journal{Handler: slog.DiscardHandler} }

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }

func (j *journal) WithAttrs([]slog.Attr) slog.Handler { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	line := r.Level.String() + " " + strings.TrimPrefix(r.Message, "redisgen: ")
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "reason" || a.Key == "entity" {
			line += " " + a.Value.String()
		}
		return true
	})
	j.lines = append(j.lines, line)
	return nil
}

// While a server refuses calls, each repetition is logged at Debug, and the outage once at
// Warn and its end at Info.
func TestOutageIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, log, watcher := miniredis.NewMiniRedis(), newJournal(), new(seen)
		defer server.Close()
		dial := func(context.Context, string, string) (net.Conn, error) { return server.Dial() }
		client, err := repo.Open(t.Context(), repo.Config{
			Dialer: dial, Logger: slog.New(log), Observers: []repo.Observer{watcher}, SweepInterval: -1,
		})
		check(err)
		defer client.Close()
		users := app.NewUsers(client)
		_, err = users.Exists(t.Context(), "1")
		check(err)

		log.lines = nil
		server.SetError("LOADING Redis is loading the dataset in memory")
		go func() {
			time.Sleep(3 * time.Second) // of the bubble
			server.SetError("")
		}()
		_, err = users.Exists(t.Context(), "1")
		check(err)
		op := watcher.ops[len(watcher.ops)-1]
		if op.Retries < 5 || op.RoundTrips != op.Retries+1 || op.Took < 2*time.Second || op.Outcome != repo.OutcomeOK {
			t.Errorf("%+v", op)
		}
		retry, rest := "DEBUG sent again users LOADING", []string(nil)
		for _, line := range log.lines {
			if line != retry {
				rest = append(rest, line)
			}
		}
		if n := int64(len(log.lines) - len(rest)); n != op.Retries {
			t.Errorf("%d of %d repetitions are logged", n, op.Retries)
		}
		if want := []string{"WARN calls fail; they are sent again for RetryTimeout LOADING", "INFO calls succeed again"}; !slices.Equal(rest, want) {
			t.Errorf("logged %q, want %q", rest, want)
		}

		server.SetError("LOADING Redis is loading the dataset in memory")
		_, err = users.Exists(t.Context(), "1")
		if err == nil {
			t.Error("no error")
		}
		watcher.mu.Lock()
		defer watcher.mu.Unlock()
		if op := watcher.ops[len(watcher.ops)-1]; op.Outcome != repo.OutcomeRefused || !op.Outcome.Failed() {
			t.Errorf("%+v", op)
		}
	})
}
