package durability

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// expiring starts a pair with records of which every third has expired, which nobody
// has released, and returns a view that reads the replica, a client of the primary, and
// how often the replica was asked by scripts.
func expiring(t *testing.T, n int) (view, client *repo.Client, answered func() int) {
	t.Helper()
	primary, replicas := startPair(t, 1)
	client = open(t, repo.Config{Addrs: []string{primary.Addr()}})
	wallets, tokens := map[bool][]*app.Wallet{}, map[bool][]*app.Token{}
	for i := range n {
		soon := i%3 == 0
		wallets[soon] = append(wallets[soon], &app.Wallet{ID: fmt.Sprint(i), Owner: fmt.Sprint(i), Cents: int64(i) - 10})
		tokens[soon] = append(tokens[soon], &app.Token{Number: int64(i), Serial: int64(i)*1e15 - 1e16})
	}
	for _, soon := range []bool{false, true} { // writes release what is due
		ttl := repo.TTL(time.Hour)
		if soon {
			ttl = repo.TTL(500 * time.Millisecond)
		}
		must(t, app.NewWallets(client).CreateMany(t.Context(), wallets[soon], ttl))
		must(t, app.NewTokens(client).CreateMany(t.Context(), tokens[soon], ttl))
	}
	view = client.StaleReads()
	readyWhen(t, view, replicas[0])
	last := int64((n - 1) / 3 * 3)
	there := func(c *repo.Client, number int64) bool {
		ok, err := app.NewTokens(c).Exists(t.Context(), number)
		must(t, err)
		return ok
	}
	eventually(t, "records expire", func() bool { return !there(client, last) && there(view, 1) && !there(view, last) })
	return view, client, func() int { return calls(t, "evalsha", replicas[0]) + calls(t, "eval", replicas[0]) }
}

// The replica counts what has expired and is not released as the primary does: not at
// all, whatever the bounds.
func TestCountsOnReplica(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const n = 60
	view, _, answered := expiring(t, n)
	wallets, tokens := app.NewWallets(view), app.NewTokens(view)
	count := func(holds func(i int) bool) (want int64) {
		for i := range n {
			if i%3 != 0 && holds(i) {
				want++
			}
		}
		return want
	}
	before := answered()
	const rounds = 40
	for range rounds {
		low, high := random.IntN(n), random.IntN(n)
		cents, serial := app.WalletFields.Cents, app.TokenFields.Serial
		in := func(i int) bool { return i >= low && i < high }
		got, err := wallets.Where(cents.Gte(int64(low)-10), cents.Lt(int64(high)-10)).Count(t.Context())
		if want := count(in); err != nil || got != want {
			t.Errorf("wallets from %d to below %d: %d, %v, want %d", low, high, got, err, want)
		}
		got, err = tokens.Where(serial.Gte(int64(low)*1e15-1e16), serial.Lt(int64(high)*1e15-1e16)).Count(t.Context())
		if want := count(in); err != nil || got != want {
			t.Errorf("tokens from %d to below %d: %d, %v, want %d", low, high, got, err, want)
		}
		out := func(i int) bool { return i < min(low, high) || i > max(low, high) }
		got, err = wallets.Where(repo.Or(cents.Lt(int64(min(low, high))-10), cents.Gt(int64(max(low, high))-10))).Count(t.Context())
		if want := count(out); err != nil || got != want {
			t.Errorf("wallets outside of %d and %d: %d, %v, want %d", low, high, got, err, want)
		}
	}
	all, err := tokens.Where().Count(t.Context())
	if want := count(func(int) bool { return true }); err != nil || all != want {
		t.Errorf("all tokens: %d, %v, want %d", all, err, want)
	}
	if n := answered() - before; n < rounds {
		t.Errorf("the replica was asked only %d times", n)
	}
}

// If more is due than a replica can leave out, the primary counts, and releases it.
func TestCountOfMuchThatExpired(t *testing.T) {
	const n = 900
	view, client, _ := expiring(t, n)
	want := int64(n - (n+2)/3)
	due := func() int64 {
		left, err := client.Redis().ZCard(t.Context(), "{wallets}:x").Result()
		must(t, err)
		return left - want
	}
	if due() <= 200 {
		t.Fatalf("only %d are due", due())
	}
	for _, c := range []*repo.Client{view, client} {
		got, err := app.NewWallets(c).Where().Count(t.Context())
		if err != nil || got != want {
			t.Errorf("%d, %v, want %d", got, err, want)
		}
	}
	if due() > 0 {
		t.Errorf("%d are not released", due())
	}
}
