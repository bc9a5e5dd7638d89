package cache

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

var (
	long = flag.Duration("long", 1500*time.Millisecond, "how long readers are checked")
	seed = flag.Uint64("seed", 0, "of the random choices; 0: another one each time")
)

// tick is by how much a record may outlive its TTL: servers count whole milliseconds, and
// take a record for expired when the last has passed.
const tick = 2 * time.Millisecond

// ledger is what was written to a record: each write has the next number.
type ledger struct {
	writing sync.Mutex // one write at a time

	mu    sync.Mutex
	done  []write // those that have returned
	begun int64   // how many were sent
}

type write struct {
	number int64
	at     time.Time // when it returned
	until  time.Time // the latest that it expires
	own    bool      // by the client with the cache
}

// expect returns the lowest number that a read may return which begins at a moment.
func (l *ledger) expect(start time.Time, lag time.Duration) (least int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.done {
		if w.own || w.at.Before(start.Add(-lag)) {
			least = w.number
		}
	}
	return least
}

// over tells whether what was written under a number has expired for sure at a moment.
func (l *ledger) over(number int64, at time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := slices.IndexFunc(l.done, func(w write) bool { return w.number == number })
	return n >= 0 && at.After(l.done[n].until)
}

// checker has writers and readers at work on a few records.
type checker struct {
	fixture
	lag     time.Duration
	ledgers [8]ledger
	direct  *app.Wallets
	cached  *app.Wallets
	reads   atomic.Int64
}

// What readers get from a cache, while others write, records expire and connections are
// cut, is never older than what the documentation of repo.Cache says.
func TestReadersNeverSeeTheWrongRecord(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-seed %d", *seed)
	const lag = 300 * time.Millisecond
	f := setup(t, redisd.Shared(t), repo.Cache{MaxLag: lag, MaxEntries: 100})
	c := &checker{fixture: f, lag: lag, direct: app.NewWallets(f.direct), cached: app.NewWallets(f.cached)}
	ctx, cancel := context.WithTimeout(t.Context(), *long)
	defer cancel()
	var running sync.WaitGroup
	for n := range 3 {
		running.Go(func() { c.write(t, ctx, rand.New(rand.NewPCG(*seed, uint64(n)))) })
	}
	for n := range 6 {
		running.Go(func() { c.read(t, ctx, rand.New(rand.NewPCG(*seed, uint64(100+n)))) })
	}
	running.Go(func() { cut(ctx, f.proxy, rand.New(rand.NewPCG(*seed, 200))) })
	running.Wait()
	c.settle(t)
	s := f.cached.CacheStats()
	t.Logf("%d reads, %+v", c.reads.Load(), s)
	if s.Hits == 0 || s.Invalidations == 0 || s.Flushes == 0 {
		t.Error("the cache was not put to the test")
	}
}

func name(i int) string { return fmt.Sprint("w", i) }

// write writes records, sometimes by the client with the cache, with short lives.
func (c *checker) write(t *testing.T, ctx context.Context, r *rand.Rand) {
	for ctx.Err() == nil {
		i := r.IntN(len(c.ledgers))
		life := []time.Duration{20, 100, 10_000, 10_000}[r.IntN(4)] * time.Millisecond
		wallets, own := c.direct, r.IntN(3) == 0
		if own {
			wallets = c.cached
		}
		l := &c.ledgers[i]
		l.writing.Lock()
		l.mu.Lock()
		l.begun++
		number := l.begun
		l.mu.Unlock()
		err := wallets.Save(ctx, &app.Wallet{ID: name(i), Owner: name(i), Cents: number}, repo.TTL(life))
		now := time.Now()
		if err == nil {
			l.mu.Lock()
			l.done = append(l.done, write{number, now, now.Add(life + tick), own})
			l.mu.Unlock()
		}
		l.writing.Unlock()
		if own && err == nil { // what was written is read
			c.check(t, ctx, i, map[int]int64{})
		}
		pause(ctx, time.Duration(r.IntN(4_000))*time.Microsecond)
	}
}

// read reads records and checks that they do not go back.
func (c *checker) read(t *testing.T, ctx context.Context, r *rand.Rand) {
	seen := map[int]int64{}
	for ctx.Err() == nil {
		c.check(t, ctx, r.IntN(len(c.ledgers)), seen)
		if r.IntN(50) == 0 {
			pause(ctx, time.Duration(r.IntN(1_000))*time.Microsecond)
		}
	}
}

// check reads a record and checks what it gets.
func (c *checker) check(t *testing.T, ctx context.Context, i int, seen map[int]int64) {
	start := time.Now()
	least := c.ledgers[i].expect(start, c.lag)
	w, err := c.cached.Get(ctx, name(i))
	c.reads.Add(1)
	switch {
	case err != nil:
		return // there is no record, or no connection
	case c.ledgers[i].over(w.Cents, start):
		t.Errorf("%s, number %d, is read after it has expired", name(i), w.Cents)
	case w.Cents < least:
		t.Errorf("%s is number %d, after %d was written", name(i), w.Cents, least)
	case w.Cents < seen[i]:
		t.Errorf("%s has gone back from number %d to %d", name(i), seen[i], w.Cents)
	}
	seen[i] = w.Cents
}

// cut cuts connections, and sometimes has the network fall silent.
func cut(ctx context.Context, proxy *faultproxy.Proxy, r *rand.Rand) {
	for ctx.Err() == nil {
		pause(ctx, time.Duration(50+r.IntN(200))*time.Millisecond)
		if r.IntN(4) > 0 {
			proxy.Cut()
			continue
		}
		proxy.Sever()
		pause(ctx, time.Duration(r.IntN(500))*time.Millisecond)
		proxy.Heal()
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// settle checks that, when nobody writes any more, readers get what the server has.
func (c *checker) settle(t *testing.T) {
	for i := range c.ledgers {
		eventually(t, "readers get what the server has", func() bool {
			want, wanted := c.direct.Get(t.Context(), name(i))
			got, err := c.cached.Get(t.Context(), name(i))
			if wanted != nil || err != nil {
				return errors.Is(wanted, repo.ErrNotFound) && errors.Is(err, repo.ErrNotFound)
			}
			return got.Cents == want.Cents && got.Version == want.Version
		})
	}
}
