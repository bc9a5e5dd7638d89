// Package watch shows what loops over the changes of records receive, also while
// connections, servers and slots go.
package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// patience is how long anything may take that is waited for.
const patience = 30 * time.Second

// onStores runs a test on the embedded store and on a server.
func onStores(t *testing.T, run func(t *testing.T, rdb *redis.Client)) {
	t.Run("miniredis", func(t *testing.T) {
		noLeak(t)
		store := miniredis.RunT(t)
		rdb := redis.NewClient(&redis.Options{Addr: store.Addr(), DisableIdentity: true})
		t.Cleanup(func() { _ = rdb.Close() })
		run(t, rdb)
	})
	t.Run("Redis", func(t *testing.T) {
		server := redisd.Start(t)
		noLeak(t)
		run(t, server.Client())
	})
}

// open returns a client of rdb that sweeps only when it is told to.
func open(t *testing.T, rdb redis.UniversalClient, config repo.Config) *repo.Client {
	t.Helper()
	config.SweepInterval = -1
	client, err := repo.New(rdb, config)
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// noLeak has the test fail if goroutines run at its end that do not run now.
func noLeak(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		// go-redis, when it could not dial, looks once a second whether it is closed.
		var err error
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end) && !t.Failed(); {
			if err = goleak.Find(ignore); err == nil {
				return
			}
		}
		if err != nil {
			t.Error(err)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until done returns true.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// watcher is a loop in a goroutine.
type watcher[T any, K comparable] struct {
	t      *testing.T
	end    context.CancelFunc
	take   chan struct{} // one for each event that the loop may take; nil: all
	events chan repo.Event[T, K]
	start  []repo.Position
	done   chan struct{}
	err    error // that the loop ended with
}

// watch starts a loop and waits until it has begun.
func watch[T any, K comparable](t *testing.T, of *repo.Repository[T, K], opts ...repo.WatchOption) *watcher[T, K] {
	t.Helper()
	return watchWith(t, of, &watcher[T, K]{}, opts...)
}

// watchSlowly starts a loop that takes only as many events as it is told to.
func watchSlowly[T any, K comparable](t *testing.T, of *repo.Repository[T, K], opts ...repo.WatchOption) *watcher[T, K] {
	t.Helper()
	return watchWith(t, of, &watcher[T, K]{take: make(chan struct{}, 10_000)}, opts...)
}

func watchWith[T any, K comparable](t *testing.T, of *repo.Repository[T, K], w *watcher[T, K], opts ...repo.WatchOption) *watcher[T, K] {
	t.Helper()
	w.t, w.events, w.done = t, make(chan repo.Event[T, K], 100_000), make(chan struct{})
	ready := make(chan struct{})
	opts = append(opts, repo.Ready(func(start []repo.Position) { w.start = start; close(ready) }))
	ctx, end := context.WithCancel(context.Background())
	w.end = end
	go func() {
		defer close(w.done)
		for event, err := range of.Watch(ctx, opts...) {
			if err != nil {
				w.err = err
				continue // nothing may follow
			}
			w.events <- event
			if w.take != nil {
				select {
				case <-w.take:
				case <-ctx.Done():
				}
			}
		}
	}()
	t.Cleanup(func() { w.stop() })
	select {
	case <-ready:
	case <-w.done:
		t.Fatal(w.err)
	case <-time.After(patience):
		t.Fatal("watching does not begin")
	}
	return w
}

// stop ends the loop and returns the error that it ended with.
func (w *watcher[T, K]) stop() error {
	w.end()
	return w.ended()
}

// ended waits until the loop has ended and returns the error that it ended with.
func (w *watcher[T, K]) ended() error {
	w.t.Helper()
	select {
	case <-w.done:
	case <-time.After(patience):
		w.t.Fatal("the loop does not end")
	}
	return w.err
}

// next returns the next event.
func (w *watcher[T, K]) next() repo.Event[T, K] {
	w.t.Helper()
	select {
	case event := <-w.events:
		return event
	case <-w.done:
		w.t.Fatalf("the loop has ended: %v", w.err)
	case <-time.After(patience):
		w.t.Fatal("no event comes")
	}
	panic("unreachable")
}

// want checks what the next events are: op, key, version and fields.
func (w *watcher[T, K]) want(list ...string) {
	w.t.Helper()
	for _, want := range list {
		if got := short(w.next()); got != want {
			w.t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// quiet checks that there are no more events by now.
func (w *watcher[T, K]) quiet() {
	w.t.Helper()
	select {
	case event := <-w.events:
		w.t.Fatalf("got %q, want nothing", short(event))
	default:
	}
}

// short returns an event in one line.
func short[T any, K comparable](e repo.Event[T, K]) string {
	if e.Op == repo.OpGap {
		return "gap"
	}
	return strings.TrimSpace(fmt.Sprint(e.Op, " ", e.Key, " ", e.Version, " ", strings.Join(e.Fields, ",")))
}

// logs keeps what is logged, line by line.
type logs struct {
	mu    sync.Mutex
	lines []string
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(p))
	return len(p), nil
}

func (l *logs) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// count returns how many lines contain text.
func (l *logs) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func checkIs(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
