// Package fault shows what repositories do when the network or the server
// fails.
package fault

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
	"github.com/redisgen/redisgen/tests/app"
)

// fixture is a keyspace on a server that can be reached through a proxy and
// directly.
type fixture struct {
	proxy          *faultproxy.Proxy
	client, direct *repo.Client
	config         repo.Config           // of both
	admin          redis.UniversalClient // for what tests do past repositories
}

// scripts matches every call of a script.
var scripts = faultproxy.Command("evalsha", "eval")

// packages are those of the entities.
var packages = sync.OnceValues(func() ([]*schema.Package, error) { return testclient.LoadPackages("../app") })

// setup returns a fixture with the user 7 in it, and has the test fail if its
// clients leave goroutines running.
func setup(t *testing.T, config repo.Config) fixture {
	t.Helper()
	return setupOn(t, testclient.Shared(t), config)
}

// setupOn is setup on a deployment that is one server.
func setupOn(t *testing.T, d testclient.Deployment, config repo.Config) fixture {
	t.Helper()
	f := fixture{admin: d.Client()}
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		// go-redis, when it could not dial, looks once a second whether it is closed.
		eventually(t, "no goroutine is left", func() bool { return goleak.Find(ignore) == nil })
	})
	config.Prefix, config.SweepInterval = d.Prefix(), -1
	if config.MinRetryBackoff == 0 {
		config.MinRetryBackoff, config.MaxRetryBackoff = time.Millisecond, 4*time.Millisecond
	}
	if config.MaxRetries == 0 {
		config.MaxRetries = 3
	}
	list, err := packages()
	must(t, err)
	f.config = d.For(list...).Config(t, config)
	addr := f.config.Addrs[0]
	f.proxy = faultproxy.Start(t, addr)
	f.client, f.direct = open(t, f.proxy.Addr(), f.config), open(t, addr, f.config)
	must(t, app.NewUsers(f.direct).Create(t.Context(), user("7")))
	must(t, app.NewTokens(f.direct).Create(t.Context(), &app.Token{Number: 7}))
	_, err = app.NewUsers(f.client).Where().Page(t.Context()) // connects
	must(t, err)
	return f
}

func open(t *testing.T, addr string, config repo.Config) *repo.Client {
	t.Helper()
	config.Addrs = []string{addr}
	client, err := repo.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	return client
}

func user(id string) *app.User {
	return &app.User{ID: id, Username: "name" + id, Status: app.Active, Age: 30}
}

func crowd(n int) []*app.User {
	users := make([]*app.User, n)
	for i := range users {
		users[i] = user(fmt.Sprint("crowd", i))
	}
	return users
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stored returns the user as the server has it; nil if it has none.
func (f fixture) stored(t *testing.T, id string) *app.User {
	t.Helper()
	u, err := app.NewUsers(f.direct).Get(context.Background(), id)
	if errors.Is(err, repo.ErrNotFound) {
		return nil
	}
	must(t, err)
	return u
}

// write is a write and how often it has taken effect.
type write struct {
	name    string
	do      func(ctx context.Context) error
	effects func() int
}

// writes returns a write of every kind. Each can be done once.
func (f fixture) writes(t *testing.T, client *repo.Client) []write {
	users, tokens, fields := app.NewUsers(client), app.NewTokens(client), app.UserFields
	versions := func(id string, before int) func() int {
		return func() int {
			if u := f.stored(t, id); u != nil {
				return int(u.Version) - before
			}
			return 0
		}
	}
	base := f.stored(t, "7")
	created := user("created")
	saved, updated := *base, *base
	saved.ID, saved.Username = "saved", "saved"
	updated.Age++
	many, created2 := crowd(150), user("batched")
	return []write{
		{"Create", func(ctx context.Context) error { return users.Create(ctx, created) }, versions("created", 0)},
		{"Save", func(ctx context.Context) error { return users.Save(ctx, &saved) }, versions("saved", 0)},
		{"Update", func(ctx context.Context) error { return users.Update(ctx, &updated) }, versions("7", 1)},
		{"Patch", func(ctx context.Context) error { return users.Patch(ctx, "7", fields.Logins.Add(1)) }, func() int { return int(f.stored(t, "7").Logins) }},
		{"Mutate", func(ctx context.Context) error {
			_, err := users.Mutate(ctx, "7", func(u *app.User) error { u.Balance++; return nil })
			return err
		}, func() int { return int(f.stored(t, "7").Balance) }},
		{"SaveMany", func(ctx context.Context) error { return users.SaveMany(ctx, many, repo.Parallel(2)) }, func() int {
			most := 0
			for i := range many {
				most = max(most, versions(fmt.Sprint("crowd", i), 0)())
			}
			return most
		}},
		{"Batch", func(ctx context.Context) error {
			b := client.Batch()
			users.In(b).Create(created2)
			return b.Run(ctx)
		}, versions("batched", 0)},
		{"Touch", func(ctx context.Context) error { return tokens.Touch(ctx, 7, repo.TTL(24*time.Hour)) }, func() int {
			ttl, err := app.NewTokens(f.direct).TTL(context.Background(), 7)
			must(t, err)
			return int(ttl / (23 * time.Hour))
		}},
		{"Delete", func(ctx context.Context) error { return users.Delete(ctx, "7") }, func() int {
			if f.stored(t, "7") == nil {
				return 1
			}
			return 0
		}},
	}
}

// clients returns the ways to come by a client: the repository's own, and one
// over a connection of go-redis that repeats commands by itself.
func (f fixture) clients(t *testing.T) map[string]*repo.Client {
	rdb := redis.NewClient(&redis.Options{
		Addr: f.proxy.Addr(), Username: f.config.Username, Password: f.config.Password, DisableIdentity: true,
		MaxRetries: 5, MinRetryBackoff: time.Millisecond, ReadTimeout: 400 * time.Millisecond,
	})
	t.Cleanup(func() { must(t, rdb.Close()) })
	over, err := repo.New(rdb, repo.Config{Prefix: f.client.Prefix(), SweepInterval: -1})
	must(t, err)
	t.Cleanup(func() { must(t, over.Close()) })
	return map[string]*repo.Client{"Open": f.client, "New": over}
}
