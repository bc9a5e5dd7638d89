package lock_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/lock"
)

func TestOneHolderAtATime(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, _ *store) {
		ctx := t.Context()
		a, b := lock.New(client, "jobs", lock.Options{Label: "a"}), lock.New(client, "jobs", lock.Options{Label: "b"})
		_, err := a.Holder(ctx)
		wantErr(t, err, lock.ErrNotHeld)
		l, err := a.TryLock(ctx)
		must(t, err)
		_, err = b.TryLock(ctx)
		wantErr(t, err, lock.ErrHeld)
		_, err = a.TryLock(ctx) // not re-entrant
		wantErr(t, err, lock.ErrHeld)
		h, err := b.Holder(ctx)
		if err != nil || h.Label != "a" || h.Token != l.Token() || h.Left <= 0 || h.Left > 10*time.Second {
			t.Errorf("the holder is %+v, %v", h, err)
		}
		other, err := lock.New(client, "other", lock.Options{}).TryLock(ctx)
		must(t, err)
		must(t, other.Unlock(ctx))

		must(t, l.Unlock(ctx))
		must(t, l.Unlock(ctx))
		if l.Context().Err() == nil || errors.Is(context.Cause(l.Context()), lock.ErrLost) {
			t.Errorf("after Unlock the context has %v", context.Cause(l.Context()))
		}
		next, err := b.TryLock(ctx)
		must(t, err)
		if next.Token() <= l.Token() || next.Fence() != (repo.Fence{Name: "jobs", Token: next.Token()}) {
			t.Errorf("token %d after %d, fence %v", next.Token(), l.Token(), next.Fence())
		}
		wantErr(t, l.Extend(ctx, time.Minute), lock.ErrLost)
		must(t, next.Unlock(ctx))
	})
}

// Names that differ are different locks, whatever bytes they have, and tenants have
// their own.
func TestNames(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, _ *store) {
		ctx := t.Context()
		tenant, err := client.Tenant("acme")
		must(t, err)
		defer tenant.Close()
		names := []string{"", "a", "A", "a:b", "{a}", "}", "a\x00", "l:a", strings.Repeat("x", 10_000), strings.Repeat("x", 10_000) + "y", "\xff", "!1:a"}
		for _, c := range []*repo.Client{client, tenant} {
			for _, name := range names {
				l, err := lock.New(c, name, lock.Options{}).TryLock(ctx)
				must(t, err)
				defer l.Unlock(ctx)
				if _, err := lock.New(c, name, lock.Options{}).TryLock(ctx); !errors.Is(err, lock.ErrHeld) || len(err.Error()) > 400 {
					t.Errorf("%.20q is held: %v", name, err)
				}
			}
		}
	})
}

func TestRenewal(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, s *store) {
		ctx := t.Context()
		m := lock.New(client, "jobs", lock.Options{TTL: 3 * time.Second})
		l, err := m.TryLock(ctx)
		must(t, err)
		time.Sleep(2*time.Minute + 500*time.Millisecond) // between two renewals
		must(t, l.Context().Err())
		h, err := m.Holder(ctx)
		if err != nil || h.Token != l.Token() || time.Until(l.Until()) > h.Left {
			t.Errorf("after two minutes: %+v, %v; the holder thinks %v", h, err, time.Until(l.Until()))
		}

		// A longer TTL stays.
		must(t, l.Extend(ctx, time.Minute))
		time.Sleep(25 * time.Second)
		if h, err = m.Holder(ctx); err != nil || h.Left < 50*time.Second {
			t.Errorf("after Extend: %+v, %v", h, err)
		}
		// A shorter one as well.
		must(t, l.Extend(ctx, time.Second))
		if left := time.Until(l.Until()); left > 900*time.Millisecond {
			t.Errorf("with a TTL of a second, %v are left", left)
		}
		time.Sleep(time.Minute)
		must(t, l.Unlock(ctx))
		for _, key := range s.Keys() {
			if strings.Contains(key, ":l:") {
				t.Errorf("%s is left", key)
			}
		}
	})
}

// Without renewal the lock is over, for the holder before it is for the server.
func TestManual(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, _ *store) {
		ctx := t.Context()
		m := lock.New(client, "jobs", lock.Options{TTL: time.Second, Margin: 300 * time.Millisecond, Manual: true})
		l, err := m.TryLock(ctx)
		must(t, err)
		time.Sleep(500 * time.Millisecond)
		must(t, l.Extend(ctx, time.Second))
		time.Sleep(699 * time.Millisecond)
		synctest.Wait()
		must(t, l.Context().Err())
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		wantErr(t, context.Cause(l.Context()), lock.ErrLost)
		if _, err := m.TryLock(ctx); !errors.Is(err, lock.ErrHeld) {
			t.Errorf("within the margin: %v", err)
		}
		wantErr(t, l.Extend(ctx, time.Second), lock.ErrLost) // lost is lost
		time.Sleep(300 * time.Millisecond)
		next, err := m.TryLock(ctx)
		must(t, err)
		wantErr(t, l.Unlock(ctx), lock.ErrLost)
		must(t, next.Context().Err())
		if h, err := m.Holder(ctx); err != nil || h.Token != next.Token() {
			t.Errorf("after the loser's Unlock: %+v, %v", h, err)
		}
		must(t, next.Unlock(ctx))
	})
}

// A holder that cannot reach the server stops before the lock lapses there; one that can
// again in time goes on.
func TestOutage(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, s *store) {
		ctx := t.Context()
		m := lock.New(client, "jobs", lock.Options{TTL: 10 * time.Second})
		l, err := m.TryLock(ctx)
		must(t, err)
		for range 5 {
			s.leave()
			time.Sleep(4 * time.Second)
			s.comeBack()
			time.Sleep(5 * time.Second)
		}
		must(t, l.Context().Err())

		s.leave()
		left := time.Duration(0)
		for l.Context().Err() == nil {
			left = s.TTL(s.Keys()[0])
			time.Sleep(10 * time.Millisecond)
		}
		wantErr(t, context.Cause(l.Context()), lock.ErrLost)
		if left < 900*time.Millisecond || left > 1100*time.Millisecond {
			t.Errorf("lost with %v left at the server, want a tenth of the TTL", left)
		}
		s.comeBack()
		wantErr(t, l.Extend(ctx, time.Second), lock.ErrLost)
	})
}

// A lock that somebody has removed is found to be lost by the next renewal.
func TestRemoved(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, s *store) {
		l, err := lock.New(client, "jobs", lock.Options{TTL: 3 * time.Second}).TryLock(t.Context())
		must(t, err)
		must(t, client.Redis().FlushAll(t.Context()).Err())
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		wantErr(t, context.Cause(l.Context()), lock.ErrLost)
		wantErr(t, l.Unlock(t.Context()), lock.ErrLost)

		// Tokens rise also when they are forgotten.
		time.Sleep(time.Second)
		next, err := lock.New(client, "jobs", lock.Options{}).TryLock(t.Context())
		must(t, err)
		if next.Token() <= l.Token() {
			t.Errorf("token %d after %d", next.Token(), l.Token())
		}
		// And when the server's clock is set back.
		must(t, next.Unlock(t.Context()))
		s.SetTime(time.Now().Add(-time.Hour))
		last, err := lock.New(client, "jobs", lock.Options{}).TryLock(t.Context())
		must(t, err)
		if last.Token() != next.Token()+1 {
			t.Errorf("token %d after %d, on a clock that was set back", last.Token(), next.Token())
		}
		must(t, last.Unlock(t.Context()))
	})
}

func TestWaiting(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, _ *store) {
		ctx := t.Context()
		m := lock.New(client, "jobs", lock.Options{})
		l, err := m.Lock(ctx)
		must(t, err)
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		start := time.Now()
		_, err = m.Lock(short)
		wantErr(t, err, context.DeadlineExceeded)
		wantErr(t, err, lock.ErrHeld)
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %v to give up after a second", took)
		}

		time.AfterFunc(time.Minute, func() { _ = l.Unlock(ctx) })
		start = time.Now()
		next, err := m.Lock(ctx)
		must(t, err)
		if took := time.Since(start); took < time.Minute || took > time.Minute+100*time.Millisecond {
			t.Errorf("got the lock after %v, want a minute", took)
		}
		must(t, next.Unlock(ctx))
	})
}

// Who waits at one Mutex gets the lock in order, and one of them asks the server.
func TestQueue(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, s *store) {
		ctx := t.Context()
		m := lock.New(client, "jobs", lock.Options{})
		l, err := m.Lock(ctx)
		must(t, err)
		var order []int
		var mu sync.Mutex
		var waiting sync.WaitGroup
		for i := range 50 {
			waiting.Go(func() {
				l, err := m.Lock(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				_ = l.Unlock(ctx)
			})
			synctest.Wait()
			time.Sleep(time.Millisecond)
		}
		before := s.CommandCount()
		time.Sleep(20 * time.Second)
		if n := s.CommandCount() - before; n > 20*10*2*4 { // a script counts with its commands
			t.Errorf("50 who wait sent %d commands in 20 seconds", n)
		}
		must(t, l.Unlock(ctx))
		waiting.Wait()
		for i, n := range order {
			if i != n {
				t.Fatalf("they got the lock in order %v", order)
			}
		}
	})
}

func TestDo(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, s *store) {
		m := lock.New(client, "jobs", lock.Options{TTL: time.Second})
		free := func() {
			t.Helper()
			if _, err := m.Holder(t.Context()); !errors.Is(err, lock.ErrNotHeld) {
				t.Errorf("the lock is not given up: %v", err)
			}
		}
		mine := errors.New("mine")
		must(t, m.Do(t.Context(), func(ctx context.Context, l *lock.Lock) error {
			time.Sleep(time.Minute)
			return ctx.Err()
		}))
		free()
		wantErr(t, m.Do(t.Context(), func(context.Context, *lock.Lock) error { return mine }), mine)
		free()
		// A context that ends ends that of f; the lock is given up all the same.
		ctx, cancel := context.WithCancel(t.Context())
		wantErr(t, m.Do(ctx, func(ctx context.Context, l *lock.Lock) error {
			cancel()
			<-ctx.Done()
			return mine
		}), mine)
		free()
		func() {
			defer func() { _ = recover() }()
			_ = m.Do(t.Context(), func(context.Context, *lock.Lock) error { panic("mine") })
		}()
		free()
		// A loss is seen, even if f does not look.
		err := m.Do(t.Context(), func(ctx context.Context, l *lock.Lock) error {
			s.FlushAll()
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), lock.ErrLost) {
				t.Errorf("the context ended by %v", context.Cause(ctx))
			}
			return nil
		})
		wantErr(t, err, lock.ErrLost)
	})
}

func TestClosedClient(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, _ *store) {
		l, err := lock.New(client, "jobs", lock.Options{TTL: time.Second}).TryLock(t.Context())
		must(t, err)
		must(t, client.Close())
		<-l.Context().Done()
		wantErr(t, context.Cause(l.Context()), lock.ErrLost)
		_, err = lock.New(client, "jobs", lock.Options{}).TryLock(t.Context())
		wantErr(t, err, repo.ErrClosed)
		wantErr(t, lock.Lead(t.Context(), client, "jobs", nil, lock.Options{}), repo.ErrClosed)
	})
}

func TestOtherType(t *testing.T) {
	virtual(t, func(t *testing.T, client *repo.Client, s *store) {
		m := lock.New(client, "jobs", lock.Options{})
		if _, err := s.Push(client.Space("lock", "jobs")+"l:jobs", "x"); err != nil {
			t.Fatal(err)
		}
		if _, err := m.TryLock(t.Context()); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
			t.Errorf("a list where the lock is to be: %v", err)
		}
		if err := lock.Lead(t.Context(), client, "jobs", nil, lock.Options{}); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
			t.Errorf("a list where the lock is to be: %v", err)
		}
	})
}
