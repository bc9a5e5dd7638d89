package idempotency_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/idempotency"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

// virtual runs a test on an embedded store, in time that passes when all wait.
func virtual(t *testing.T, test func(t *testing.T, client *repo.Client, server *miniredis.Miniredis)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := miniredis.NewMiniRedis()
		server.ClockTTL(true)
		defer server.Close()
		client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{"127.0.0.1:1"}, SweepInterval: -1,
			Dialer: func(context.Context, string, string) (net.Conn, error) {
				conn, err := server.Dial()
				return &buffered{Conn: conn}, err
			}})
		must(t, err)
		defer func() { must(t, client.Close()) }()
		test(t, client, server)
	})
}

// buffered is a connection in memory that takes what is written before it is read.
type buffered struct {
	net.Conn
	mu sync.Mutex
}

func (b *buffered) Write(p []byte) (int, error) {
	p = bytes.Clone(p)
	written := make(chan struct{})
	go func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		close(written)
		_, _ = b.Conn.Write(p)
	}()
	<-written // in order
	return len(p), nil
}

func text(s string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(s), nil }
}

func never(t *testing.T) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) {
		t.Error("called again")
		return nil, nil
	}
}

func TestOnce(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, _ *miniredis.Miniredis) {
		ctx := t.Context()
		k := idempotency.New(client, idempotency.Options{})
		for _, want := range []string{"", "paid", "\x00\xff\r\n", strings.Repeat("x", 1<<20)} {
			key := "key of " + want[:min(4, len(want))]
			got, replayed, err := k.Do(ctx, key, time.Hour, text(want))
			if err != nil || replayed || string(got) != want {
				t.Fatalf("%.9q: %.9q, %v, %v", want, got, replayed, err)
			}
			time.Sleep(time.Hour - time.Second)
			got, replayed, err = idempotency.New(client, idempotency.Options{}).Do(ctx, key, time.Minute, never(t))
			if err != nil || !replayed || string(got) != want {
				t.Fatalf("%.9q again: %.9q, %v, %v", want, got, replayed, err)
			}
			time.Sleep(time.Second + time.Millisecond)
			if got, replayed, err = k.Do(ctx, key, time.Minute, text("new")); err != nil || replayed || string(got) != "new" {
				t.Fatalf("%.9q after its time: %.9q, %v, %v", want, got, replayed, err)
			}
		}
		tenant, err := client.Tenant("acme")
		must(t, err)
		defer tenant.Close()
		if _, replayed, err := idempotency.New(tenant, idempotency.Options{}).Do(ctx, "key of paid", time.Hour, text("x")); err != nil || replayed {
			t.Errorf("another tenant: %v, %v", replayed, err)
		}
		_, _, err = k.Do(ctx, "a", 0, never(t))
		if err == nil {
			t.Error("a result is kept for no time")
		}
	})
}

func TestFailures(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, _ *miniredis.Miniredis) {
		ctx := t.Context()
		k := idempotency.New(client, idempotency.Options{MaxSize: 10})
		mine := errors.New("mine")
		_, _, err := k.Do(ctx, "a", time.Hour, func(context.Context) ([]byte, error) { return nil, mine })
		wantErr(t, err, mine)
		func() {
			defer func() { _ = recover() }()
			_, _, _ = k.Do(ctx, "a", time.Hour, func(context.Context) ([]byte, error) { panic("mine") })
		}()
		// A context that ends while f is at work does not take its result away.
		short, cancel := context.WithCancel(ctx)
		got, replayed, err := k.Do(short, "a", time.Hour, func(context.Context) ([]byte, error) {
			cancel()
			return []byte("done"), nil
		})
		if err != nil || replayed || string(got) != "done" {
			t.Errorf("after failures: %q, %v, %v", got, replayed, err)
		}
		if got, replayed, err = k.Do(ctx, "a", time.Hour, never(t)); err != nil || !replayed || string(got) != "done" {
			t.Errorf("again: %q, %v, %v", got, replayed, err)
		}

		got, _, err = k.Do(ctx, "large", time.Hour, text("eleven byte"))
		wantErr(t, err, repo.ErrTooLarge)
		if string(got) != "eleven byte" {
			t.Errorf("what is too large to keep is returned as %q", got)
		}
		_, replayed, err = k.Do(ctx, "large", time.Hour, never(t))
		wantErr(t, err, repo.ErrTooLarge)
		if !replayed {
			t.Error("what was too large to keep is no replay")
		}
	})
}

func TestInProgress(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, _ *miniredis.Miniredis) {
		ctx := t.Context()
		k := idempotency.New(client, idempotency.Options{Lease: 3 * time.Second})
		waits := idempotency.New(client, idempotency.Options{Wait: true})
		release := make(chan struct{})
		var calls atomic.Int32
		var running sync.WaitGroup
		slow := func(context.Context) ([]byte, error) {
			calls.Add(1)
			<-release
			return []byte("slow"), nil
		}
		running.Go(func() {
			if got, replayed, err := k.Do(ctx, "a", time.Hour, slow); err != nil || replayed || string(got) != "slow" {
				t.Errorf("the first: %q, %v, %v", got, replayed, err)
			}
		})
		synctest.Wait()
		for range 5 {
			running.Go(func() {
				if got, replayed, err := waits.Do(ctx, "a", time.Hour, slow); err != nil || !replayed || string(got) != "slow" {
					t.Errorf("one who waits: %q, %v, %v", got, replayed, err)
				}
			})
		}
		time.Sleep(30 * time.Second) // ten times the lease
		_, _, err := k.Do(ctx, "a", time.Hour, never(t))
		wantErr(t, err, idempotency.ErrInProgress)
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, _, err = waits.Do(short, "a", time.Hour, never(t))
		wantErr(t, err, context.DeadlineExceeded)
		wantErr(t, err, idempotency.ErrInProgress)
		close(release)
		running.Wait()
		if calls.Load() != 1 {
			t.Errorf("%d calls", calls.Load())
		}
	})
}

// A key whose program has crashed is free after the lease, and what a program that was
// only paused returns late changes nothing.
func TestLateResult(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, server *miniredis.Miniredis) {
		ctx := t.Context()
		k := idempotency.New(client, idempotency.Options{Lease: time.Second, Wait: true})
		for key, fails := range map[string]bool{"a": false, "b": true} {
			got, _, err := k.Do(ctx, key, time.Hour, func(working context.Context) ([]byte, error) {
				server.FlushAll() // in place of a pause longer than the lease
				if _, replayed, err := k.Do(ctx, key, time.Hour, text("second")); err != nil || replayed {
					t.Errorf("another began when the lease had ended: %v, %v", replayed, err)
				}
				<-working.Done()
				wantErr(t, context.Cause(working), idempotency.ErrLost)
				if fails {
					return nil, working.Err()
				}
				return []byte("late"), nil
			})
			wantErr(t, err, idempotency.ErrLost)
			if !fails && string(got) != "late" {
				t.Errorf("the late result is returned as %q", got)
			}
			if got, replayed, err := k.Do(ctx, key, time.Hour, never(t)); err != nil || !replayed || string(got) != "second" {
				t.Errorf("the result is %q, %v, %v", got, replayed, err)
			}
		}
	})
}

func TestJSON(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, _ *miniredis.Miniredis) {
		type receipt struct{ Cents int }
		k := idempotency.New(client, idempotency.Options{})
		for i := range 3 {
			got, replayed, err := idempotency.JSON(t.Context(), k, "a", time.Hour, func(context.Context) (receipt, error) { return receipt{5}, nil })
			if err != nil || replayed != (i > 0) || got.Cents != 5 {
				t.Errorf("call %d: %v, %v, %v", i, got, replayed, err)
			}
		}
		mine := errors.New("mine")
		_, _, err := idempotency.JSON(t.Context(), k, "b", time.Hour, func(context.Context) (receipt, error) { return receipt{}, mine })
		wantErr(t, err, mine)
	})
}

func TestClosedClient(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, _ *miniredis.Miniredis) {
		must(t, client.Close())
		_, _, err := idempotency.New(client, idempotency.Options{}).Do(t.Context(), "a", time.Hour, never(t))
		wantErr(t, err, repo.ErrClosed)
		if !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("the error names no key: %v", err)
		}
	})
}
