package cache

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// onStores runs a test with two programs, on the embedded store, on a server, and on one
// whose records one of the programs keeps in memory.
func onStores(t *testing.T, test func(t *testing.T, a, b *app.Wallets)) {
	t.Run("miniredis", func(t *testing.T) {
		store := miniredis.RunT(t)
		store.ClockTTL(true)
		config := repo.Config{SweepInterval: -1}
		test(t, app.NewWallets(open(t, store.Addr(), config)), app.NewWallets(open(t, store.Addr(), config)))
	})
	t.Run("Redis", func(t *testing.T) {
		server := redisd.Shared(t)
		config := repo.Config{Prefix: server.Prefix(), SweepInterval: -1}
		test(t, app.NewWallets(open(t, server.Addr(), config)), app.NewWallets(open(t, server.Addr(), config)))
	})
	t.Run("cached", func(t *testing.T) {
		f := setup(t, redisd.Shared(t), repo.Cache{})
		test(t, app.NewWallets(f.cached), app.NewWallets(f.direct))
	})
}

var once = repo.LoadOptions{TTL: time.Hour, Early: -1}

// source is what wallets are a cache of.
type source struct {
	calls atomic.Int64
	cents atomic.Int64
	err   atomic.Pointer[error]
	slow  time.Duration
}

func (s *source) load(ctx context.Context, id string) (*app.Wallet, error) {
	s.calls.Add(1)
	if s.slow > 0 {
		pause(ctx, s.slow)
	}
	if err := s.err.Load(); err != nil {
		return nil, *err
	}
	return &app.Wallet{ID: id, Owner: id, Cents: s.cents.Load()}, ctx.Err()
}

func (s *source) fail(err error) { s.err.Store(&err) }

// Of all goroutines of all programs that ask for a record at the same time, one loads it,
// and each gets one of its own.
func TestOneLoads(t *testing.T) {
	onStores(t, oneLoads)
	t.Run("cluster", func(t *testing.T) {
		config := repo.Config{Cluster: true, SweepInterval: -1}
		addr := redisd.StartCluster(t).Addrs()[0]
		oneLoads(t, app.NewWallets(open(t, addr, config)), app.NewWallets(open(t, addr, config)))
	})
	t.Run("functions", func(t *testing.T) {
		server := redisd.Start(t)
		config := repo.Config{Functions: true, SweepInterval: -1}
		client := open(t, server.Addr(), config)
		must(t, repo.LoadFunctions(t.Context(), client, app.NewWallets(client)))
		oneLoads(t, app.NewWallets(client), app.NewWallets(open(t, server.Addr(), config)))
	})
}

func oneLoads(t *testing.T, a, b *app.Wallets) {
	s := &source{slow: 30 * time.Millisecond}
	var running sync.WaitGroup
	got := make([]*app.Wallet, 40)
	for i := range got {
		running.Go(func() {
			from := a
			if i%2 == 0 {
				from = b
			}
			var err error
			if got[i], err = from.GetOrLoad(t.Context(), "1", s.load, once); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if n := s.calls.Load(); n != 1 {
		t.Errorf("loaded %d times", n)
	}
	seen := map[*app.Wallet]bool{}
	for _, w := range got {
		if w == nil || seen[w] || w.Owner != "1" || w.Version != 1 {
			t.Fatalf("%+v", w)
		}
		seen[w] = true
	}
	ttl, err := a.TTL(t.Context(), "1")
	must(t, err)
	if ttl < 54*time.Minute-time.Second || ttl > time.Hour {
		t.Errorf("TTL %v; want an hour, or up to a tenth less", ttl)
	}
}

// That there is no record is remembered, for all programs, until one is made.
func TestNothingToLoad(t *testing.T) {
	onStores(t, func(t *testing.T, a, b *app.Wallets) {
		s := &source{}
		s.fail(repo.ErrNotFound)
		for range 5 {
			for _, from := range []*app.Wallets{a, b} {
				if _, err := from.GetOrLoad(t.Context(), "1", s.load, once); !errors.Is(err, repo.ErrNotFound) {
					t.Fatal(err)
				}
			}
		}
		if n := s.calls.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		must(t, a.Create(t.Context(), &app.Wallet{ID: "1", Owner: "1", Cents: 5}))
		if w, err := b.GetOrLoad(t.Context(), "1", s.load, once); err != nil || w.Cents != 5 {
			t.Errorf("a record that was made since: %+v, %v", w, err)
		}
		forget := once
		forget.NotFound = -1
		for range 2 {
			_, _ = a.GetOrLoad(t.Context(), "2", s.load, forget)
		}
		if n := s.calls.Load(); n != 3 {
			t.Errorf("asked %d times, without memory", n)
		}
	})
}

// An error of load is returned, and the next call tries again; those who waited get it
// too.
func TestLoadFails(t *testing.T) {
	onStores(t, func(t *testing.T, a, b *app.Wallets) {
		broken := errors.New("broken")
		s := &source{}
		s.fail(broken)
		for _, from := range []*app.Wallets{a, b, a} {
			if _, err := from.GetOrLoad(t.Context(), "1", s.load, once); !errors.Is(err, broken) {
				t.Fatal(err)
			}
		}
		s.err.Store(nil)
		if _, err := a.GetOrLoad(t.Context(), "1", s.load, once); err != nil || s.calls.Load() != 4 {
			t.Errorf("%d calls, %v", s.calls.Load(), err)
		}
		other := func(context.Context, string) (*app.Wallet, error) { return &app.Wallet{ID: "x", Owner: "x"}, nil }
		if _, err := a.GetOrLoad(t.Context(), "2", other, once); err == nil {
			t.Error("a record with another key is taken")
		}
		none := func(context.Context, string) (*app.Wallet, error) { return nil, nil }
		if _, err := a.GetOrLoad(t.Context(), "2", none, once); err == nil {
			t.Error("no record and no error is taken")
		}
	})
}

// What somebody writes while a record is loaded stays, and is returned.
func TestLoadDoesNotOverwrite(t *testing.T) {
	onStores(t, func(t *testing.T, a, b *app.Wallets) {
		ctx := t.Context()
		w, err := a.GetOrLoad(ctx, "1", func(_ context.Context, id string) (*app.Wallet, error) {
			return &app.Wallet{ID: id, Owner: "loaded"}, b.Create(ctx, &app.Wallet{ID: id, Owner: "newer"})
		}, once)
		if err != nil || w.Owner != "newer" {
			t.Errorf("created meanwhile: %+v, %v", w, err)
		}
		stale := repo.LoadOptions{TTL: time.Millisecond, Stale: time.Hour}
		must(t, b.Save(ctx, &app.Wallet{ID: "1", Owner: "old"}, repo.TTL(time.Hour)))
		pause(ctx, 10*time.Millisecond)
		first := true
		w, err = a.GetOrLoad(ctx, "1", func(_ context.Context, id string) (*app.Wallet, error) {
			owner := "loaded after it was written"
			if first {
				first, owner = false, "loaded before"
				must(t, b.Patch(ctx, id, app.WalletFields.Owner.Set("newest")))
			}
			return &app.Wallet{ID: id, Owner: owner}, nil
		}, stale)
		if err != nil || w.Owner == "loaded before" {
			t.Errorf("changed meanwhile: %+v, %v", w, err)
		}
	})
}

// After its TTL a record is loaded again; as long as it may be stale it is returned if
// that fails, and one that is not there any more is deleted.
func TestStale(t *testing.T) {
	onStores(t, func(t *testing.T, a, _ *app.Wallets) {
		ctx, s := t.Context(), &source{}
		o := repo.LoadOptions{TTL: time.Millisecond, Stale: time.Hour, Early: -1, Lease: 20 * time.Millisecond}
		get := func() *app.Wallet {
			w, err := a.GetOrLoad(ctx, "1", s.load, o)
			must(t, err)
			return w
		}
		get()
		s.cents.Store(7)
		eventually(t, "it is loaded again", func() bool { return get().Cents == 7 })
		s.fail(errors.New("broken"))
		calls := s.calls.Load()
		eventually(t, "it is tried", func() bool { return get().Cents == 7 && s.calls.Load() > calls })
		s.fail(repo.ErrNotFound)
		eventually(t, "it is deleted", func() bool {
			_, err := a.GetOrLoad(ctx, "1", s.load, o)
			return errors.Is(err, repo.ErrNotFound)
		})
		if ok, err := a.Exists(ctx, "1"); ok || err != nil {
			t.Errorf("still there: %v, %v", ok, err)
		}
	})
}

// A record is loaded again before it expires, and readers never miss it.
func TestEarly(t *testing.T) {
	server := redisd.Shared(t)
	wallets := app.NewWallets(open(t, server.Addr(), repo.Config{Prefix: server.Prefix(), SweepInterval: -1}))
	s := &source{slow: 5 * time.Millisecond}
	o := repo.LoadOptions{TTL: time.Hour, Early: 1e9}
	_, err := wallets.GetOrLoad(t.Context(), "1", s.load, o)
	must(t, err)
	s.cents.Store(1)
	w, err := wallets.GetOrLoad(t.Context(), "1", s.load, o)
	must(t, err)
	if s.calls.Load() != 2 || w.Cents != 1 || w.Version != 2 {
		t.Errorf("%d calls, %+v", s.calls.Load(), w)
	}
	if _, err = wallets.GetOrLoad(t.Context(), "1", s.load, repo.LoadOptions{TTL: time.Hour}); err != nil || s.calls.Load() != 2 {
		t.Errorf("an hour before it expires: %d calls, %v", s.calls.Load(), err)
	}
}

// If who loads dies, the next one does when the lease has ended; if who waits has no time,
// it does not wait.
func TestLeaseOfTheDead(t *testing.T) {
	onStores(t, func(t *testing.T, a, b *app.Wallets) {
		o := once
		o.Lease = 150 * time.Millisecond
		loading, dead := make(chan bool), make(chan bool)
		var running sync.WaitGroup
		running.Go(func() {
			_, _ = a.GetOrLoad(t.Context(), "1", func(context.Context, string) (*app.Wallet, error) {
				close(loading)
				<-dead
				return nil, errors.New("too late")
			}, o)
		})
		<-loading
		short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		s := &source{}
		if _, err := b.GetOrLoad(short, "1", s.load, o); !errors.Is(err, context.DeadlineExceeded) || s.calls.Load() > 0 {
			t.Errorf("%v, %d calls", err, s.calls.Load())
		}
		if _, err := b.GetOrLoad(t.Context(), "1", s.load, o); err != nil || s.calls.Load() != 1 {
			t.Errorf("%v, %d calls", err, s.calls.Load())
		}
		close(dead)
		running.Wait()
	})
}

// What cannot be a cache is refused.
func TestNoCache(t *testing.T) {
	client := open(t, miniredis.RunT(t).Addr(), repo.Config{})
	ctx := t.Context()
	if _, err := app.NewUsers(client).GetOrLoad(ctx, "1", nil, repo.LoadOptions{}); !errors.Is(err, repo.ErrNoTTL) {
		t.Errorf("an entity that does not expire: %v", err)
	}
	if _, err := app.NewTokens(client).GetOrLoad(ctx, 1, nil, repo.LoadOptions{}); err == nil {
		t.Error("a sliding entity is taken")
	}
	if _, err := app.NewWallets(client).GetOrLoad(ctx, "1", nil, repo.LoadOptions{}); err == nil {
		t.Error("no TTL is taken")
	}
	if _, err := app.NewWallets(client).GetOrLoad(ctx, "1", nil, repo.LoadOptions{TTL: 1, Lease: -1}); err == nil {
		t.Error("a negative lease is taken")
	}
}
