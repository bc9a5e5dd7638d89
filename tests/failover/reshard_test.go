package failover

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
	"github.com/redisgen/redisgen/tests/app"
)

// user returns a user with entries in every kind of index.
func user(id string, n int) *app.User {
	email := fmt.Sprintf("%s.%d@example.com", id, n)
	return &app.User{
		ID: id, Username: id, Email: &email, Status: []app.Status{app.Active, app.Blocked}[n%2], Age: n % 90,
		Tags: []string{fmt.Sprint("t", n%5), fmt.Sprint("u", n%7)}, Nickname: fmt.Sprint("nick", n%11),
	}
}

// operations are what goes on while slots move; each has records of its own,
// and n is how often it was called.
func operations(users *app.Users, client *repo.Client) map[string]func(ctx context.Context, n int) error {
	f := app.UserFields
	id := func(kind string, n int) string { return fmt.Sprint(kind, n) }
	return map[string]func(ctx context.Context, n int) error{
		"Create and Get": func(ctx context.Context, n int) error {
			want := user(id("created", n), n)
			if err := users.Create(ctx, want); err != nil {
				return fmt.Errorf("Create: %w", err)
			}
			got, err := users.Get(ctx, want.ID)
			if err == nil && *got.Email != *want.Email {
				err = fmt.Errorf("it has the address %s, not %s", *got.Email, *want.Email)
			}
			return err
		},
		"Save": func(ctx context.Context, n int) error {
			u := user("saved", n)
			u.Version = int64(n)
			return users.Save(ctx, u)
		},
		"Patch": func(ctx context.Context, n int) error {
			if n == 0 {
				return users.Create(ctx, user("patched", 0))
			}
			return users.Patch(ctx, "patched", f.Age.Set(n%90), f.Logins.Add(1), f.Status.Set(app.Active))
		},
		"Create and Delete": func(ctx context.Context, n int) error {
			if err := users.Create(ctx, user("brief", n)); err != nil {
				return err
			}
			return users.Delete(ctx, "brief")
		},
		"SaveMany": func(ctx context.Context, n int) error {
			var list []*app.User
			for i := range 10 {
				u := user(id("many", i), n)
				u.Version = int64(n)
				email := fmt.Sprintf("many%d.%d@example.com", i, n)
				u.Email = &email
				list = append(list, u)
			}
			return users.SaveMany(ctx, list)
		},
		"Batch": func(ctx context.Context, n int) error {
			b := client.Batch()
			one, two := user(id("one", n%20), n), user(id("two", n), n)
			one.Version = int64(n / 20)
			users.In(b).Save(one)
			users.In(b).Create(two)
			got := users.In(b).Get(two.ID)
			users.In(b).Delete(two.ID)
			if err := b.Run(ctx); err != nil {
				return err
			}
			if got.Value == nil || got.Value.ID != two.ID {
				return fmt.Errorf("Get behind Create in a batch: %+v", got.Value)
			}
			return nil
		},
		"Query": func(ctx context.Context, n int) error {
			for u, err := range users.Where(f.Status.Eq(app.Active), f.Age.Between(10, 80)).OrderBy(f.CreatedAt.Asc()).Limit(20).All(ctx) {
				if err != nil {
					return err
				}
				if u.ID == "" {
					return errors.New("a record without id")
				}
			}
			return nil
		},
		"Count": func(ctx context.Context, n int) error {
			_, err := users.Where(f.Tags.Has("t1")).Count(ctx)
			return err
		},
		"GetByUsername": func(ctx context.Context, n int) error {
			if n == 0 {
				return users.Create(ctx, user("steady", 0))
			}
			_, err := users.GetByUsername(ctx, "steady")
			return err
		},
	}
}

// Slots with records in them move back and forth; no operation fails, and the
// records and their indexes are as they should be.
func TestLiveResharding(t *testing.T) {
	for name, config := range map[string]repo.Config{
		"scripts": {}, "functions": {Functions: true}, "durable": {Durability: repo.Durability{Replicas: 1}},
	} {
		t.Run(name, func(t *testing.T) { reshard(t, config) })
	}
}

func reshard(t *testing.T, config repo.Config) {
	cluster := redisd.StartCluster(t)
	noLeak(t)
	config.Addrs, config.Prefix, config.RetryTimeout = cluster.Addrs(), cluster.Prefix(), patience
	client, err := repo.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	users := app.NewUsers(client)
	if config.Functions {
		must(t, repo.LoadFunctions(t.Context(), client, users))
	}
	for i := range 10 { // so that the moves take their time
		list := make([]*app.User, 200)
		for j := range list {
			list[j] = user(fmt.Sprint("there", i, "-", j), j)
		}
		must(t, users.CreateMany(t.Context(), list))
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var running sync.WaitGroup
	counts := map[string]*atomic.Int64{}
	for name, do := range operations(users, client) {
		count := &atomic.Int64{}
		counts[name] = count
		running.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := do(context.Background(), n); err != nil {
					t.Errorf("%s, call %d: %v", name, n, err)
					return
				}
				count.Add(1)
			}
		})
	}
	begun := func(least int64) {
		t.Helper()
		for name, count := range counts {
			until := count.Load() + least
			eventually(t, name+" goes on", func() bool { return count.Load() >= until || t.Failed() })
		}
	}
	begun(30)
	slot, moves, took := placement.Slot("users"), 0, time.Duration(0)
	for ; moves < 3 && !t.Failed(); moves++ {
		from := cluster.Primary(slot)
		to := cluster.Primaries()[(indexOf(cluster.Primaries(), from)+1)%3]
		start := time.Now()
		cluster.MoveSlots(from, to, slot)
		took += time.Since(start)
		begun(5)
	}
	stop()
	running.Wait()
	for name, count := range counts {
		t.Logf("%6d times %s", count.Load(), name)
	}
	t.Logf("%d moves of the slot took %v", moves, took.Round(time.Millisecond))
	problems, err := integrity.Check(t.Context(), client.Redis(), client.Prefix(), entity(t, "users"), false)
	must(t, err)
	for _, problem := range problems {
		t.Error(problem)
	}
}

func indexOf(list []*redisd.Server, s *redisd.Server) int {
	for i, other := range list {
		if other == s {
			return i
		}
	}
	return -1
}

// entity returns the schema of an entity of package app.
func entity(t *testing.T, name string) *schema.Entity {
	t.Helper()
	packages, mistakes, err := load.Load("", "../app")
	must(t, err)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	for _, e := range packages[0].Package.Entities {
		if e.Name == name {
			return e
		}
	}
	t.Fatalf("no entity %s", name)
	return nil
}
