package model

import (
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
	"github.com/redisgen/redisgen/tests/app"
)

// prefix is that of all keys.
const prefix = "model*[a]:"

var (
	seedFlag  = flag.Uint64("seed", 0, "of the random operations; 0: MODEL_SEED, else a new one")
	stepsFlag = flag.Int("steps", 20_000, "how many random operations on each kind of server")
)

// seed returns the seed of a test, and prints it.
func seed(t *testing.T) uint64 {
	t.Helper()
	s := *seedFlag
	if text := os.Getenv("MODEL_SEED"); s == 0 && text != "" {
		var err error
		if s, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal("MODEL_SEED: ", err)
		}
	}
	if s == 0 {
		s = uint64(rand.Uint32())
	}
	t.Logf("repeat with -run '^%s$' -seed %d", t.Name(), s)
	return s
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	history(t, embedded(t), *stepsFlag, repo.Config{SweepInterval: -1})
}

func TestRedis(t *testing.T) {
	t.Parallel()
	history(t, realServer(t), *stepsFlag, repo.Config{SweepInterval: -1})
}

// TestSwept has the client's sweeper at work as well, which must change nothing that can be seen.
func TestSwept(t *testing.T) {
	t.Parallel()
	s := realServer(t)
	s.swept = true
	history(t, s, *stepsFlag/10, repo.Config{SweepInterval: time.Millisecond})
}

// history runs a history of random operations. If it fails, it looks for fewer that fail too.
func history(t *testing.T, s *store, n int, config repo.Config) {
	seed, entities := seed(t), loadSchema(t)
	steps := make([]int, n)
	for i := range steps {
		steps[i] = i
	}
	config.Prefix, config.Functions = prefix, s.functions
	err := run(t.Context(), s, entities, seed, steps, config)
	var f *failure
	if !errors.As(err, &f) {
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%v", f)
	shrunk := shrink(t, steps[:f.step+1], func(steps []int) *failure {
		flush := func(node redis.Cmdable) error { return node.FlushAll(t.Context()).Err() }
		if err := testclient.EachPrimary(t.Context(), s.rdb, flush); err != nil {
			t.Fatal(err)
		}
		err := run(t.Context(), s, entities, seed, steps, config)
		var f *failure
		errors.As(err, &f)
		return f
	})
	t.Logf("a shorter history: %v", shrunk)
}

// shrink leaves out what a failing history does not need to fail, for some seconds.
func shrink(t *testing.T, steps []int, try func([]int) *failure) *failure {
	deadline := time.Now().Add(20 * time.Second)
	var shortest *failure
	for size := len(steps); size > 0; {
		less := false
		for from := 0; from < len(steps) && time.Now().Before(deadline); {
			rest := slices.Concat(steps[:from], steps[min(len(steps), from+size):])
			if f := try(rest); f != nil {
				steps, shortest, less = rest, f, true
			} else {
				from += size
			}
		}
		if !less || size > 1 {
			size /= 2
		}
	}
	return shortest
}

// packages reads the entities from their source.
func packages(t *testing.T) []*schema.Package {
	t.Helper()
	list, err := testclient.LoadPackages("../app")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// loadSchema returns the entities by name.
func loadSchema(t *testing.T) map[string]*schema.Entity {
	t.Helper()
	entities := map[string]*schema.Entity{}
	for _, p := range packages(t) {
		for _, e := range p.Entities {
			entities[e.Name] = e
		}
	}
	return entities
}

// connect returns a connection that is closed when the test ends.
func connect(t *testing.T, addr string) *redis.Client {
	rdb := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// embedded returns a miniredis whose clock stands still between steps.
func embedded(t *testing.T) *store {
	server := miniredis.RunT(t)
	now := time.Date(2024, 2, 28, 23, 0, 0, 123_456_000, time.UTC)
	server.SetTime(now)
	server.ClockTTL(true)
	advance := func(d time.Duration) {
		now = now.Add(d)
		server.SetTime(now)
	}
	rdb := connect(t, server.Addr())
	return &store{rdb: rdb, repos: rdb, now: func() time.Time { return now }, advance: advance, tick: advance}
}

// realServer returns a Redis, or what else REDISGEN_DEPLOYMENT says, whose clock goes on by itself and can be advanced.
func realServer(t *testing.T) *store {
	server := testclient.Start(t, redisd.Clock()).For(packages(t)...)
	server.Load(t, func(c *repo.Client) []repo.AnyEntity {
		return []repo.AnyEntity{app.NewUsers(c), app.NewSessions(c), app.NewTokens(c), app.NewMemberships(c)}
	})
	var offset time.Duration
	return &store{
		rdb:       server.Client(),
		repos:     server.Connect(t, prefix),
		functions: server.Functions(),
		now:       func() time.Time { return time.Now().Round(0).Add(offset) },
		advance: func(d time.Duration) {
			offset += d
			server.Advance(d)
		},
		tick:  func(time.Duration) {},
		slack: 2 * time.Millisecond,
	}
}
