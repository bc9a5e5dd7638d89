package tx

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

var scripts = faultproxy.Command("evalsha", "eval")

// A transaction whose request or reply is lost has taken effect as a whole or not at
// all, and the caller is told that nobody knows.
func TestTxLost(t *testing.T) {
	server := redisd.Shared(t)
	proxy := faultproxy.Start(t, server.Addr())
	prefix := server.Prefix()
	config := repo.Config{Addrs: []string{proxy.Addr()}, Prefix: prefix, SweepInterval: -1}
	client := open(t, config)
	config.Addrs = []string{server.Addr()}
	direct := open(t, config)
	ledgers, entries := book(t, direct)
	through := places.NewEntries(client)
	move := func() error {
		return client.Tx(t.Context(), func(tx *repo.Tx) error {
			return errors.Join(
				through.InTx(tx).Patch("a", places.EntryFields.Cents.Add(-10)),
				through.InTx(tx).Patch("b", places.EntryFields.Cents.Add(10)),
			)
		})
	}
	must(t, move()) // the server knows the script from now on
	wantCents(t, entries, "map[a:90 b:10]")
	proxy.DropReply(scripts)
	wantError(t, move(), repo.ErrUncertain)
	wantCents(t, entries, "map[a:80 b:20]")
	proxy.DropRequest(scripts)
	wantError(t, move(), repo.ErrUncertain)
	wantCents(t, entries, "map[a:80 b:20]")

	// A delete that takes three calls and is cut off in between.
	list := make([]*places.Entry, 1200)
	for i := range list {
		list[i] = &places.Entry{ID: fmt.Sprint(i), LedgerID: "main"}
	}
	must(t, entries.CreateMany(t.Context(), list))
	cut := places.NewLedgers(client)
	must(t, cut.Create(t.Context(), &places.Ledger{ID: "x", Name: "x"}))
	must(t, cut.Delete(t.Context(), "x"))
	proxy.DropReply(scripts, 2)
	wantError(t, cut.Delete(t.Context(), "main"), repo.ErrUncertain)
	if _, err := ledgers.Get(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	clean(t, direct)
	must(t, cut.Delete(t.Context(), "main"))
	wantCents(t, entries, "map[]")
	clean(t, direct)
}

// Entities with the option retry recognise their transaction when it is sent again.
func TestTxRetried(t *testing.T) {
	server := redisd.Start(t, redisd.Clock())
	proxy := faultproxy.Start(t, server.Addr())
	client := open(t, repo.Config{Addrs: []string{proxy.Addr()}, SweepInterval: -1})
	wallets := app.NewWallets(client)
	for i, fault := range []func(faultproxy.Match, ...int){proxy.DropReply, proxy.DropRequest} {
		a, b := fmt.Sprint("a", i), fmt.Sprint("b", i)
		must(t, wallets.CreateMany(t.Context(), []*app.Wallet{{ID: a, Owner: a, Cents: 100}, {ID: b, Owner: b}}))
		server.Advance(time.Second) // what was written just now might be by somebody else
		before := proxy.Faults()
		attempts := 0
		must(t, client.Tx(t.Context(), func(tx *repo.Tx) error {
			attempts++
			from, err := wallets.InTx(tx).Get(a)
			if err != nil {
				return err
			}
			from.Cents -= 30
			fault(scripts, 1)
			return errors.Join(wallets.InTx(tx).Update(from), wallets.InTx(tx).Patch(b, app.WalletFields.Cents.Add(30)))
		}))
		if proxy.Faults() != before+1 || attempts != 1 {
			t.Errorf("%d faults and %d attempts, want 1 of each", proxy.Faults()-before, attempts)
		}
		for id, want := range map[string]int64{a: 70, b: 30} {
			if w, err := wallets.Get(t.Context(), id); err != nil || w.Cents != want {
				t.Errorf("%+v, %v; want %d", w, err, want)
			}
		}
	}
}
