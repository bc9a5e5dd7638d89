package tx

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

// random returns a source of random numbers. Its seed is printed if the test fails,
// and taken from TX_SEED if that is set.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := maphash.String(maphash.MakeSeed(), "")
	if text := os.Getenv("TX_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to repeat: TX_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// parallel calls f in n goroutines, each with a source of random numbers of its own.
func parallel(t *testing.T, n int, f func(worker int, r *rand.Rand)) {
	t.Helper()
	r := random(t)
	var workers sync.WaitGroup
	for worker := range n {
		own := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
		workers.Go(func() { f(worker, own) })
	}
	workers.Wait()
}

// errPoor ends a transfer for which there is too little.
var errPoor = errors.New("too little money")

// transfer moves money from one account to another, which are entries here, and leaves
// a record of it that refers to the first.
func transfer(ctx context.Context, client *repo.Client, entries *places.Entries, id, from, to string, amount int64) error {
	return client.Tx(ctx, func(tx *repo.Tx) error {
		in := entries.InTx(tx)
		a, err := in.Get(from)
		if err != nil {
			return err
		}
		b, err := in.Get(to)
		if err != nil {
			return err
		}
		if a.Cents < amount {
			return errPoor
		}
		a.Cents, b.Cents = a.Cents-amount, b.Cents+amount
		done := &places.Entry{ID: id, LedgerID: "done", Corrects: &from, Cents: amount}
		return errors.Join(in.Update(a), in.Update(b), in.Create(done))
	})
}

// Money that 16 goroutines move between 4 accounts is neither made nor lost, and what
// was moved is what was recorded.
func TestTransfers(t *testing.T) {
	const accounts, start, each = 4, 1000, 25
	everywhere(t, func(t *testing.T, client *repo.Client) {
		ctx := t.Context()
		ledgers, entries := places.NewLedgers(client), places.NewEntries(client)
		must(t, ledgers.Create(ctx, &places.Ledger{ID: "open", Name: "open"}))
		must(t, ledgers.Create(ctx, &places.Ledger{ID: "done", Name: "done"}))
		for i := range accounts {
			must(t, entries.Create(ctx, &places.Entry{ID: fmt.Sprint("account", i), LedgerID: "open", Cents: start}))
		}
		var mu sync.Mutex
		want := map[string]int64{}
		for i := range accounts {
			want[fmt.Sprint("account", i)] = start
		}
		parallel(t, 16, func(worker int, r *rand.Rand) {
			for i := range each {
				a := r.IntN(accounts)
				b := (a + 1 + r.IntN(accounts-1)) % accounts
				from, to := fmt.Sprint("account", a), fmt.Sprint("account", b)
				id, amount := fmt.Sprintf("t%d.%d", worker, i), r.Int64N(400)
				err := transfer(ctx, client, entries, id, from, to, amount)
				switch {
				case err == nil:
					mu.Lock()
					want[from], want[to], want[id] = want[from]-amount, want[to]+amount, amount
					mu.Unlock()
				case !errors.Is(err, errPoor) && !errors.Is(err, repo.ErrConflict):
					t.Errorf("%s: %v", id, err)
				}
			}
		})
		wantCents(t, entries, fmt.Sprint(want))
		clean(t, client)
	})
}

// A record that is created while what it refers to is deleted goes with it, or is
// refused.
func TestNoOrphans(t *testing.T) {
	everywhere(t, func(t *testing.T, client *repo.Client) {
		ctx := t.Context()
		conversations, messages := places.NewConversations(client), places.NewMessages(client)
		must(t, conversations.Create(ctx, &places.Conversation{ID: "c"}))
		parallel(t, 8, func(worker int, r *rand.Rand) {
			for i := range 60 {
				var err error
				switch {
				case worker > 0:
					list := make([]*places.Message, 20)
					for j := range list {
						list[j] = &places.Message{ConversationID: "c", ID: fmt.Sprint(worker, ".", i, ".", j), Role: "user"}
					}
					err = messages.CreateMany(ctx, list)
				case i%2 == 0:
					err = conversations.Delete(ctx, "c")
				default:
					err = conversations.Create(ctx, &places.Conversation{ID: "c"})
				}
				if err != nil && !errors.Is(err, repo.ErrReference) {
					t.Error(err)
				}
			}
		})
		clean(t, client)
		err := conversations.Delete(ctx, "c")
		if err != nil && !errors.Is(err, repo.ErrNotFound) {
			t.Fatal(err)
		}
		if n, err := messages.Where().Count(ctx); err != nil || n != 0 {
			t.Fatalf("%d messages of no conversation, %v", n, err)
		}
		clean(t, client)
	})
}
