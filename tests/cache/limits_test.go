package cache

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// Where changes cannot be told of over one connection, Open says so.
func TestRefused(t *testing.T) {
	for name, config := range map[string]repo.Config{
		"cluster":  {Addrs: []string{"localhost:1"}, Cluster: true},
		"Sentinel": {Addrs: []string{"localhost:1"}, MasterName: "main"},
	} {
		config.Cache = &repo.Cache{}
		if _, err := repo.Open(t.Context(), config); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, rdb := range map[string]redis.UniversalClient{
		"cluster":  redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"localhost:1"}}),
		"Sentinel": redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: []string{"localhost:1"}}),
	} {
		if _, err := repo.New(rdb, repo.Config{Cache: &repo.Cache{}}); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("a client of %s: %v", name, err)
		}
		_ = rdb.Close()
	}
	store := miniredis.RunT(t)
	if _, err := repo.Open(t.Context(), repo.Config{Addrs: []string{store.Addr()}, Cache: &repo.Cache{}}); err == nil || !strings.Contains(err.Error(), "CLIENT TRACKING") {
		t.Errorf("a server that cannot: %v", err)
	}
	if _, err := repo.Open(t.Context(), repo.Config{Cache: &repo.Cache{MaxLag: -1}}); err == nil {
		t.Error("a negative limit is taken")
	}
}

// A user needs CLIENT TRACKING, and logs in with its password.
func TestUser(t *testing.T) {
	server := redisd.Start(t, redisd.User("may", "s3cret", "~*", "+@all"), redisd.User("cannot", "s3cret", "~*", "+@all", "-client|tracking"))
	config := repo.Config{Addrs: []string{server.Addr()}, Username: "cannot", Password: "s3cret", Cache: &repo.Cache{}}
	if _, err := repo.Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), "may CLIENT TRACKING") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a user who may not: %v", err)
	}
	config.Username = "may"
	client := open(t, server.Addr(), config)
	f := fixture{cached: client}
	users := app.NewUsers(client)
	must(t, users.Create(t.Context(), user("1")))
	kept(t, f, users, "1")
}

// What is not to be kept is not.
func TestNotKept(t *testing.T) {
	f := setup(t, redisd.Shared(t), repo.Cache{})
	ctx := t.Context()
	must(t, app.NewUsers(f.direct).Create(ctx, user("1")))
	must(t, app.NewTokens(f.direct).Create(ctx, &app.Token{Number: 1}))
	users := app.NewUsers(f.cached)
	kept(t, f, users, "1")
	before := f.cached.CacheStats().Hits
	for name, get := range map[string]func() error{
		"sliding":    func() error { _, err := app.NewTokens(f.cached).Get(ctx, 1); return err },
		"Uncached":   func() error { _, err := app.NewUsers(f.cached.Uncached()).Get(ctx, "1"); return err },
		"StaleReads": func() error { _, err := app.NewUsers(f.cached.StaleReads()).Get(ctx, "1"); return err },
		"GetBy":      func() error { _, err := users.GetByUsername(ctx, "name-1"); return err },
		"Mutate":     func() error { _, err := users.Mutate(ctx, "1", func(*app.User) error { return nil }); return err },
		"Tx": func() error {
			return f.cached.Tx(ctx, func(tx *repo.Tx) error { _, err := users.InTx(tx).Get("1"); return err })
		},
	} {
		for range 3 {
			must(t, get())
		}
		if n := f.cached.CacheStats().Hits - before; n != 0 {
			t.Errorf("%s: %d reads from memory", name, n)
		}
	}
}

// Tenants share the cache, each with records of its own, however many there are.
func TestTenants(t *testing.T) {
	f := setup(t, redisd.Shared(t), repo.Cache{})
	for i := range 80 { // more than the server is told of apart
		name := fmt.Sprint("t", i)
		cached, err := f.cached.Tenant(name)
		must(t, err)
		direct, err := f.direct.Tenant(name)
		must(t, err)
		users, others := app.NewUsers(cached), app.NewUsers(direct)
		u := user("1")
		u.Age = i
		must(t, others.Create(t.Context(), u))
		if got := kept(t, f, users, "1"); got.Age != i {
			t.Fatalf("tenant %d has read the record of %d", i, got.Age)
		}
		must(t, others.Patch(t.Context(), "1", app.UserFields.Age.Set(1000)))
		eventually(t, "the change is seen", func() bool {
			got, err := users.Get(t.Context(), "1")
			must(t, err)
			return got.Age == 1000
		})
		must(t, cached.Close())
		must(t, direct.Close())
	}
}
