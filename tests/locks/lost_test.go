package locks

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/idempotency"
	"github.com/redisgen/redisgen/repo/lock"
	"github.com/redisgen/redisgen/tests/app"
)

// scripts matches every call of a script.
var scripts = faultproxy.Command("evalsha", "eval")

var faults = map[string]func(p *faultproxy.Proxy, match faultproxy.Match, nth ...int){
	"reply lost":   (*faultproxy.Proxy).DropReply,
	"reply held":   (*faultproxy.Proxy).HoldReply,
	"request lost": (*faultproxy.Proxy).DropRequest,
}

// eachFault runs a test for each way to lose a call. The fault is armed by arm, and
// direct is a client that has none.
func eachFault(t *testing.T, test func(t *testing.T, client, direct *repo.Client, arm func())) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			server := redisd.Shared(t)
			proxy := faultproxy.Start(t, server.Addr())
			config := repo.Config{Addrs: []string{proxy.Addr()}, ReadTimeout: 200 * time.Millisecond, MinRetryBackoff: 50 * time.Millisecond}
			client := open(t, config)
			config.Addrs, config.Prefix = []string{server.Addr()}, client.Prefix()
			test(t, client, open(t, config), func() {
				proxy.Reset()
				fault(proxy, scripts, 1)
				t.Cleanup(func() {
					if proxy.Faults() == 0 {
						t.Error("there was no fault")
					}
				})
			})
		})
	}
}

// What a lock sends takes effect once, though the reply or the request is lost.
func TestLocksAfterLostReplies(t *testing.T) {
	eachFault(t, func(t *testing.T, client, direct *repo.Client, arm func()) {
		ctx := t.Context()
		m, other := lock.New(client, "job", lock.Options{TTL: 5 * time.Second}), lock.New(direct, "job", lock.Options{})
		for range 2 {
			arm()
			l, err := m.TryLock(ctx)
			must(t, err)
			h, err := other.Holder(ctx)
			if err != nil || h.Token != l.Token() {
				t.Errorf("the holder is %+v, %v; want token %d", h, err, l.Token())
			}
			_, err = other.TryLock(ctx)
			wantErr(t, err, lock.ErrHeld)
			arm()
			must(t, l.Extend(ctx, time.Minute))
			if h, err = other.Holder(ctx); err != nil || h.Left < 55*time.Second {
				t.Errorf("after Extend: %+v, %v", h, err)
			}
			arm()
			must(t, l.Unlock(ctx))
			next, err := other.TryLock(ctx)
			must(t, err)
			must(t, next.Unlock(ctx))
		}

		// Who gives up on the reply leaves nothing behind for long.
		arm()
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		if l, err := m.TryLock(short); err == nil {
			must(t, l.Unlock(ctx))
		}
		start := time.Now()
		l, err := other.Lock(ctx)
		must(t, err)
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%v until the lock was free", took)
		}
		must(t, l.Unlock(ctx))
	})
}

func TestIdempotencyAfterLostReplies(t *testing.T) {
	eachFault(t, func(t *testing.T, client, direct *repo.Client, arm func()) {
		k, calls := idempotency.New(client, idempotency.Options{}), 0
		arm()
		got, replayed, err := k.Do(t.Context(), "a", time.Hour, func(context.Context) ([]byte, error) {
			calls++
			arm() // for the result
			return []byte("done"), nil
		})
		if err != nil || replayed || string(got) != "done" {
			t.Errorf("%q, %v, %v", got, replayed, err)
		}
		got, replayed, err = idempotency.New(direct, idempotency.Options{}).Do(t.Context(), "a", time.Hour, func(context.Context) ([]byte, error) {
			calls++
			return nil, nil
		})
		if err != nil || !replayed || string(got) != "done" || calls != 1 {
			t.Errorf("again: %q, %v, %v; %d calls", got, replayed, err, calls)
		}
	})
}

// A write that is sent again after its reply was lost, and finds a later token, was or was
// not carried out, and says so.
func TestFencedWritesAfterLostReplies(t *testing.T) {
	eachFault(t, func(t *testing.T, client, direct *repo.Client, arm func()) {
		ctx, cents := t.Context(), app.WalletFields.Cents
		older := app.NewWallets(client.WithFence(repo.Fence{Name: "job", Token: 1}))
		newer := app.NewWallets(direct.WithFence(repo.Fence{Name: "job", Token: 2}))
		must(t, older.Create(ctx, &app.Wallet{ID: "1", Owner: "ann"}))
		arm()
		must(t, older.Fence(ctx, "1"))
		arm()
		done := make(chan error)
		go func() { done <- older.Patch(ctx, "1", cents.Add(1)) }()
		must(t, newer.Fence(ctx, "1")) // before, between or after the attempts
		err := <-done
		w, failed := newer.Get(ctx, "1")
		must(t, failed)
		switch {
		case err == nil && w.Cents == 1, errors.Is(err, repo.ErrUncertain) && w.Cents <= 1, errors.Is(err, repo.ErrFenced) && w.Cents == 0:
		default:
			t.Errorf("%d cents, %v", w.Cents, err)
		}
		wantErr(t, older.Patch(ctx, "1", cents.Add(1)), repo.ErrFenced)
	})
}

// Without a replica, an acquisition is not confirmed, and given up.
func TestDurableLocks(t *testing.T) {
	noLeak(t)
	client := open(t, repo.Config{Addrs: []string{redisd.Shared(t).Addr()}})
	durable := client.Durable(repo.Durability{Replicas: 1, Timeout: 10 * time.Millisecond})
	_, err := lock.New(durable, "job", lock.Options{TTL: time.Minute}).TryLock(t.Context())
	wantErr(t, err, repo.ErrNotDurable)
	l, err := lock.New(client, "job", lock.Options{}).Lock(t.Context())
	must(t, err)
	must(t, l.Unlock(t.Context()))
}
