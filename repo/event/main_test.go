package event_test

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/event"
)

func TestMain(m *testing.M) {
	redis.SetLogger(&logging.VoidLogger{}) // failed dials are meant to be
	os.Exit(m.Run())
}

// noLeak has the test fail if goroutines are left when it ends.
func noLeak(t *testing.T) {
	t.Helper()
	redisd.Shared(t) // which tests leave running
	ignore := []goleak.Option{goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("github.com/redisgen/redisgen/internal/redisd.(*process).run.func1")}
	t.Cleanup(func() {
		if err := goleak.Find(ignore...); err != nil {
			t.Error(err)
		}
	})
}

var prefixes atomic.Int64

// on returns a client over a connection, with a prefix of its own that looks like a pattern.
func on(t *testing.T, rdb redis.UniversalClient, config repo.Config) *repo.Client {
	t.Helper()
	config.Prefix = fmt.Sprintf("ev%d*[a]:", prefixes.Add(1))
	config.SweepInterval, config.Logger = -1, quiet
	config.MinRetryBackoff, config.MaxRetryBackoff = time.Millisecond, 4*time.Millisecond
	client, err := repo.New(rdb, config)
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	return client
}

// each runs a test on the embedded store and on a server.
func each(t *testing.T, test func(t *testing.T, client *repo.Client)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		noLeak(t)
		rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr(), DisableIdentity: true})
		t.Cleanup(func() { _ = rdb.Close() })
		test(t, on(t, rdb, repo.Config{}))
	})
	t.Run("redis", func(t *testing.T) {
		noLeak(t)
		test(t, on(t, redisd.Shared(t).Client(), repo.Config{}))
	})
}

// proxied returns a client that reaches a server through addr.
func proxied(t *testing.T, addr string) *repo.Client {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = rdb.Close() })
	return on(t, rdb, repo.Config{})
}

// quiet is for tests of what is logged.
var quiet = slog.New(slog.DiscardHandler)

// random returns a source of random numbers, whose seed is printed if the test fails, and
// taken from EVENT_SEED if that is set.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := maphash.String(maphash.MakeSeed(), "")
	if text := os.Getenv("EVENT_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to repeat: EVENT_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

// subscriber takes messages one at a time.
type subscriber[T any] struct {
	t    *testing.T
	next func() (event.Message[T], error, bool)
}

// listen begins a subscription, and returns when messages are received.
func listen[T any](t *testing.T, subscribe func(context.Context, ...event.SubscribeOption) iter.Seq2[event.Message[T], error], opts ...event.SubscribeOption) *subscriber[T] {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ready := make(chan struct{})
	type item struct {
		m   event.Message[T]
		err error
	}
	asked, items := make(chan struct{}), make(chan item)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(items)
		for m, err := range subscribe(ctx, append(opts, event.Ready(func() { close(ready) }))...) {
			select {
			case <-asked:
			case <-ctx.Done():
				return
			}
			items <- item{m, err}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	select {
	case <-ready:
	case asked <- struct{}{}:
		t.Fatalf("no subscription: %v", (<-items).err)
	}
	return &subscriber[T]{t, func() (event.Message[T], error, bool) {
		select {
		case asked <- struct{}{}:
			i, ok := <-items
			return i.m, i.err, ok
		case <-done:
			return event.Message[T]{}, nil, false
		}
	}}
}

// want fails the test unless these values come next, gaps left out.
func (s *subscriber[T]) want(values ...T) {
	s.t.Helper()
	for _, want := range values {
		m, err, ok := s.next()
		if err != nil || !ok || m.Gap || fmt.Sprint(m.Value) != fmt.Sprint(want) {
			s.t.Fatalf("received %+v, %v, %t, want %v", m, err, ok, want)
		}
	}
}

// fails returns the error that comes next.
func (s *subscriber[T]) fails() error {
	s.t.Helper()
	m, err, ok := s.next()
	if !ok || err == nil {
		s.t.Fatalf("received %+v, want an error", m)
	}
	return err
}
