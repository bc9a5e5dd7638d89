// Package behaviour has the one suite of what repositories do, run on the
// embedded store and on real servers: one, or those that the environment
// variable REDISGEN_DEPLOYMENT says.
package behaviour

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/behaviour/numbers"
)

// each runs a test on every kind of server, each time with a keyspace of its
// own.
func each(t *testing.T, test func(t *testing.T, client *repo.Client)) {
	t.Helper()
	eachConfig(t, repo.Config{}, test)
}

// eachConfig is each with a client of that configuration.
func eachConfig(t *testing.T, config repo.Config, test func(t *testing.T, client *repo.Client)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, miniredis.RunT(t).Addr(), config))
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, openOn(t, deployed(t, testclient.Shared(t)), config))
	})
}

// eachClock runs a test on every kind of server with a clock that advance
// moves. Nothing is swept in the background.
func eachClock(t *testing.T, test func(t *testing.T, client *repo.Client, advance func(time.Duration))) {
	t.Helper()
	config := repo.Config{SweepInterval: -1}
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		server := miniredis.RunT(t)
		now := time.Now()
		server.SetTime(now)
		test(t, open(t, server.Addr(), config), func(d time.Duration) {
			now = now.Add(d)
			server.SetTime(now)
			server.FastForward(d)
		})
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		d := deployed(t, testclient.Start(t, redisd.Clock()))
		test(t, openOn(t, d, config), d.Advance)
	})
}

var prefixes atomic.Int64

// open returns a client of one server.
func open(t *testing.T, addr string, config repo.Config) *repo.Client {
	t.Helper()
	config.Addrs = []string{addr}
	client, err := repo.Open(t.Context(), apart(config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// openOn returns a client of a deployment.
func openOn(t *testing.T, d testclient.Deployment, config repo.Config) *repo.Client {
	t.Helper()
	return d.Open(t, apart(config))
}

// apart gives a configuration a prefix that no other has, if it has none.
func apart(config repo.Config) repo.Config {
	if config.Prefix == "" {
		config.Prefix = fmt.Sprintf("b%d:", prefixes.Add(1))
	}
	return config
}

// raw returns a connection for what tests do past the repositories of a client.
func raw(client *repo.Client) redis.UniversalClient { return testclient.Admin(client) }

// deployed returns a deployment for the entities of these tests, with what they call on
// its servers where scripts are functions.
func deployed(t *testing.T, d testclient.Deployment) testclient.Deployment {
	t.Helper()
	d = d.For(packages...)
	d.Load(t, func(c *repo.Client) []repo.AnyEntity {
		return []repo.AnyEntity{
			app.NewUsers(c), app.NewSessions(c), app.NewTokens(c), app.NewMemberships(c), app.NewWallets(c), app.NewShops(c),
			numbers.NewCounters(c), numbers.NewEntries(c), numbers.NewTickets(c),
		}
	})
	return d
}

// keys returns all keys of a client's keyspace in order, without the prefix.
func keys(t *testing.T, client *repo.Client) []string {
	t.Helper()
	list, err := testclient.Keys(context.Background(), raw(client), client.Prefix())
	must(t, err)
	for i, key := range list {
		list[i] = strings.TrimPrefix(key, client.Prefix())
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// snapshot returns all there is in a client's keyspace, by key, but for what shards
// need: notes, and the stamps of claims. Claims that were given up are released
// before, as far as foreign keys let it.
func snapshot(t *testing.T, client *repo.Client) map[string]string {
	t.Helper()
	ctx, rdb := context.Background(), raw(client)
	if layout.Sharded("users") {
		_ = client.Sweep(ctx)
	}
	all := map[string]string{}
	for _, name := range keys(t, client) {
		if isNote(name) {
			continue
		}
		key := client.Prefix() + name
		kind, err := rdb.Type(ctx, key).Result()
		if err != nil {
			t.Fatal(err)
		}
		var value any
		switch kind {
		case "hash":
			var fields map[string]string // fmt prints maps in order
			fields, err = rdb.HGetAll(ctx, key).Result()
			maps.DeleteFunc(fields, func(name, _ string) bool { return strings.HasPrefix(name, "^") })
			value = fields
		case "zset":
			value, err = rdb.ZRangeWithScores(ctx, key, 0, -1).Result()
		default:
			value, err = rdb.Get(ctx, key).Result()
		}
		if err != nil {
			t.Fatal(err)
		}
		all[name] = unstamped(name, fmt.Sprintf("%s %q", kind, value))
	}
	return all
}

// wantSame fails the test if the keyspace is not as it was.
func wantSame(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	for key := range want {
		if got[key] != want[key] {
			t.Errorf("%s: %s is  %s\nwant %s", what, key, got[key], want[key])
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("%s: %s is %s, want nothing", what, key, got[key])
		}
	}
}

// wantEmpty fails the test if anything is left in the keyspace.
func wantEmpty(t *testing.T, client *repo.Client) {
	t.Helper()
	wantSame(t, "what is left", snapshot(t, client), nil)
}

// must fails the test at once because of an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErr fails the test if err is not target, in the sense of errors.Is.
func wantErr(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: %v, want %v", what, err, target)
	}
}

// list returns the records of a query, in its order.
func list[T any, K comparable](t *testing.T, q *repo.Query[T, K]) []T {
	t.Helper()
	var all []T
	for v, err := range q.All(t.Context()) {
		must(t, err)
		all = append(all, v)
	}
	return all
}

// wantCount fails the test if a query does not count n records.
func wantCount[T any, K comparable](t *testing.T, what string, q *repo.Query[T, K], n int64) {
	t.Helper()
	if got, err := q.Count(t.Context()); got != n || err != nil {
		t.Errorf("%s: Count = %d, %v, want %d", what, got, err, n)
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// commands returns how often a server has executed each command.
func commands(t *testing.T, rdb redis.UniversalClient) string {
	t.Helper()
	stats, err := testclient.Stats(context.Background(), rdb)
	must(t, err)
	return stats
}
