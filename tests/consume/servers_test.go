// Package consume shows what consumers of events keep, on every kind of server and
// when all of them fail.
package consume

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

var prefixes atomic.Int64

// patience is how long anything here may take.
const patience = 20 * time.Second

// each runs a test on the embedded store and on a real server, each time with a
// keyspace of its own.
func each(t *testing.T, test func(t *testing.T, rdb redis.UniversalClient)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		store := miniredis.RunT(t)
		store.ClockTTL(true) // leases run out
		rdb := redis.NewClient(&redis.Options{Addr: store.Addr(), DisableIdentity: true})
		t.Cleanup(func() { _ = rdb.Close() })
		test(t, rdb)
	})
	t.Run("redis", func(t *testing.T) { test(t, redisd.Shared(t).Client()) })
}

// What each test shows holds on a cluster too.
func TestCluster(t *testing.T) {
	rdb := redisd.StartCluster(t).Client()
	for name, test := range map[string]func(*testing.T, redis.UniversalClient){
		"Consume": testConsume, "Start": testStart, "Retry": testRetry, "Once": testOnce, "Ordered": testOrdered,
	} {
		t.Run(name, func(t *testing.T) { test(t, rdb) })
	}
}

// on returns a client over a connection, with a prefix that no other has.
func on(t *testing.T, rdb redis.UniversalClient) *repo.Client {
	t.Helper()
	return with(t, rdb, repo.Config{Prefix: fmt.Sprintf("c%d:", prefixes.Add(1))})
}

func with(t *testing.T, rdb redis.UniversalClient, config repo.Config) *repo.Client {
	t.Helper()
	config.SweepInterval = -1
	config.Logger = slog.New(slog.DiscardHandler)
	client, err := repo.New(rdb, config)
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// tick waits for the next millisecond, by which events are told apart.
func tick(t *testing.T) {
	t.Helper()
	now := time.Now().UnixMilli()
	eventually(t, "the next millisecond", func() bool { return time.Now().UnixMilli() > now+1 })
}

// noLeak fails the test if goroutines are left at its end.
func noLeak(t *testing.T) {
	t.Helper()
	ignore := []goleak.Option{goleak.IgnoreCurrent()}
	for _, name := range []string{ // of servers, and of connections that others hold
		"github.com/alicebob/miniredis/v2/server.(*Server).servePeer",
		"github.com/alicebob/miniredis/v2/server.(*Server).servePeer.func2",
		"github.com/redisgen/redisgen/internal/redisd.(*process).run.func1",
		"github.com/redis/go-redis/v9/maintnotifications.(*CircuitBreakerManager).cleanupLoop",
	} {
		ignore = append(ignore, goleak.IgnoreAnyFunction(name))
	}
	t.Cleanup(func() { goleak.VerifyNone(t, ignore...) })
}

// consumer is a call of Consume on its own goroutine.
type consumer struct {
	cancel context.CancelFunc
	ended  chan error
}

// start starts a consumer. It ends with the test.
func start[T any, K comparable](t *testing.T, r *repo.Repository[T, K], group string, opts repo.ConsumeOptions, handler func(context.Context, repo.Delivery[T, K]) error) *consumer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := &consumer{cancel, make(chan error, 1)}
	var done sync.WaitGroup
	done.Go(func() {
		err := r.Consume(ctx, group, handler, opts)
		if err != nil {
			t.Logf("consumer of %s: %v", group, err)
		}
		c.ended <- err
	})
	t.Cleanup(func() { cancel(); done.Wait() })
	return c
}

// stop ends the consumer and returns what Consume has returned.
func (c *consumer) stop() error {
	c.cancel()
	return <-c.ended
}

// log keeps what handlers have seen.
type log struct {
	mu   sync.Mutex
	list []string
}

func (l *log) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, fmt.Sprintf(format, args...))
}

// Write takes a line of a logger.
func (l *log) Write(line []byte) (int, error) {
	l.add("%s", line)
	return len(line), nil
}

func (l *log) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.list...)
}

func (l *log) len() int { return len(l.all()) }

// createJobs creates jobs j0, j1 and so on.
func createJobs(t *testing.T, client *repo.Client, n int) *events.Jobs {
	t.Helper()
	jobs := events.NewJobs(client)
	for i := range n {
		must(t, jobs.Create(t.Context(), &events.Job{ID: fmt.Sprint("j", i), Queue: "q"}))
	}
	return jobs
}

// letters returns the dead letters of a group.
func letters[T any, K comparable](t *testing.T, r *repo.Repository[T, K], group string) (list []repo.DeadLetter[T, K]) {
	t.Helper()
	for letter, err := range r.DeadLetters(t.Context(), group) {
		must(t, err)
		list = append(list, letter)
	}
	return list
}

// settled waits until a group that has consumers has nothing to do.
func settled[T any, K comparable](t *testing.T, r *repo.Repository[T, K], group string) {
	t.Helper()
	var lag repo.Lag
	defer func() {
		if t.Failed() {
			t.Logf("%+v", lag)
		}
	}()
	eventually(t, "the group has nothing to do", func() bool {
		var err error
		lag, err = r.Lag(context.Background(), group)
		return err == nil && lag.Consumers > 0 && lag.Undelivered == 0 && lag.Pending == 0
	})
}

var errTest = errors.New("the handler fails")
