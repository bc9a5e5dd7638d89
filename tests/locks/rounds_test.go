package locks

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/lock"
	"github.com/redisgen/redisgen/tests/app"
)

// Who shows the fence before it reads loses no update and makes none on what it read too
// long ago, though holders stay away for longer than their locks last.
func TestRoundsWithPauses(t *testing.T) {
	noLeak(t)
	seed := rand.Uint64()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	ctx := t.Context()
	client := open(t, repo.Config{Addrs: []string{redisd.Shared(t).Addr()}})
	must(t, app.NewWallets(client).Create(ctx, &app.Wallet{ID: "1", Owner: "ann"}))
	type written struct {
		version int
		token   int64
	}
	var mu sync.Mutex
	var list []written
	refused := 0
	var running sync.WaitGroup
	for worker := range 8 {
		r := rand.New(rand.NewPCG(seed, uint64(worker)))
		m := lock.New(client, "job", lock.Options{TTL: 20 * time.Millisecond, Manual: true, Poll: 2 * time.Millisecond})
		running.Go(func() {
			for range 25 {
				l, err := m.Lock(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				wallets := app.NewWallets(client.WithFence(l.Fence()))
				w, err := read(t, wallets)
				if err == nil && r.IntN(3) == 0 {
					<-l.Context().Done()
					<-time.After(time.Duration(r.IntN(20)) * time.Millisecond) // others may have the lock by now
				}
				if err == nil {
					w.Cents++
					err = wallets.Save(ctx, w)
				}
				mu.Lock()
				switch {
				case err == nil:
					list = append(list, written{w.Version, l.Token()})
				case errors.Is(err, repo.ErrFenced):
					refused++
				default:
					t.Error(err)
				}
				mu.Unlock()
				if err := l.Unlock(ctx); err != nil && !errors.Is(err, lock.ErrLost) {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	slices.SortFunc(list, func(a, b written) int { return a.version - b.version })
	if !slices.IsSortedFunc(list, func(a, b written) int { return int(a.token - b.token) }) {
		t.Errorf("tokens fall from write to write: %v", list)
	}
	w, err := app.NewWallets(client).Get(ctx, "1")
	if err != nil || int(w.Cents) != len(list) {
		t.Errorf("%d writes made, %d counted, %v", len(list), w.Cents, err)
	}
	if refused == 0 || len(list) == 0 {
		t.Errorf("%d writes made, %d refused", len(list), refused)
	}
}

// read shows the fence, and reads the record.
func read(t *testing.T, wallets *app.Wallets) (*app.Wallet, error) {
	if err := wallets.Fence(t.Context(), "1"); err != nil {
		return nil, err
	}
	return wallets.Get(t.Context(), "1")
}
