package limit

import (
	"flag"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

var long = flag.Bool("long", false, "compare with the models for minutes")

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// random returns a source of random numbers. Its seed is printed if the test fails, and taken
// from LIMIT_SEED if that is set.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := maphash.String(maphash.MakeSeed(), "")
	if text := os.Getenv("LIMIT_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to repeat: LIMIT_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// connect opens a client that is closed with the test.
func connect(t testing.TB, config repo.Config) *repo.Client {
	t.Helper()
	client, err := repo.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	return client
}

// shared returns a client of the server that all tests share, and of keys of its own.
func shared(t testing.TB) *repo.Client {
	t.Helper()
	s := redisd.Shared(t)
	return connect(t, repo.Config{URL: s.URL(), Prefix: s.Prefix() + strconv.FormatUint(rand.Uint64(), 36) + ":"})
}

func newLimiter(t testing.TB, client *repo.Client, name string, limits ...Limit) *Limiter {
	t.Helper()
	l, err := New(client, name, limits...)
	must(t, err)
	return l
}

// store is a server whose clock a test sets: in this process, or a real one.
type store struct {
	client  *repo.Client
	advance func(time.Duration)
}

// eachClock runs a test on the embedded store and on a real server.
func eachClock(t *testing.T, test func(t *testing.T, s store)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) { test(t, embedded(t)) })
	t.Run("redis", func(t *testing.T) {
		s := redisd.Start(t, redisd.Clock())
		test(t, store{connect(t, repo.Config{URL: s.URL(), Prefix: s.Prefix()}), s.Advance})
	})
}

// embedded returns a store in this process.
func embedded(t *testing.T) store {
	t.Helper()
	m := miniredis.RunT(t)
	m.ClockTTL(true)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m.SetTime(now)
	return store{connect(t, repo.Config{Addrs: []string{m.Addr()}}), func(d time.Duration) {
		now = now.Add(d)
		m.SetTime(now)
	}}
}

// want asks for one, and fails the test if it is not admitted as it is to be.
func want(t *testing.T, l *Limiter, key string, allowed bool, remaining int) Result {
	t.Helper()
	result, err := l.Allow(t.Context(), key)
	must(t, err)
	if result.Allowed != allowed || result.Remaining != remaining {
		t.Errorf("%v: allowed %v and %d remaining, want %v and %d", result.Limit, result.Allowed, result.Remaining, allowed, remaining)
	}
	return result
}
