package storm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// counter adds one to a number again and again.
type counter struct {
	add       func(ctx context.Context) error
	read      func(ctx context.Context) (int64, error)
	low, high int64 // what the number is at least and at most
}

func (c *counter) write(ctx context.Context) error {
	err := c.add(ctx)
	switch what, _ := outcomeOf(err); what {
	case good:
		c.low++
		c.high++
	case uncertain, short:
		c.high++
	}
	return err
}

func (c *counter) check(ctx context.Context) (lost int, problems []string) {
	n, err := c.read(ctx)
	if err != nil {
		return 0, []string{err.Error()}
	}
	if n > c.high {
		problems = append(problems, fmt.Sprintf("%d writes have taken effect, of %d that were acknowledged and %d that may have", n, c.low, c.high-c.low))
	}
	lost = int(max(0, c.low-n))
	c.low, c.high = n, n
	return lost, problems
}

// logins counts what a user does, without durability.
func logins(w *world, id string) *counter {
	users := app.NewUsers(w.client)
	must(w.t, app.NewUsers(w.client.Durable(w.d.durable())).Create(w.t.Context(), &app.User{ID: id, Username: id, Status: app.Active}))
	return &counter{
		add: func(ctx context.Context) error { return users.Patch(ctx, id, app.UserFields.Logins.Add(1)) },
		read: func(ctx context.Context) (int64, error) {
			u, err := users.Get(ctx, id)
			if err != nil {
				return 0, err
			}
			return u.Logins, nil
		},
	}
}

// cents puts money into a wallet, by writes that are sent again if their reply is lost.
func cents(w *world, id string) *counter {
	wallets := app.NewWallets(w.lasting.Durable(w.d.durable()))
	must(w.t, wallets.Create(w.t.Context(), &app.Wallet{ID: id, Owner: id}))
	return &counter{
		add: func(ctx context.Context) error { return wallets.Patch(ctx, id, app.WalletFields.Cents.Add(1)) },
		read: func(ctx context.Context) (int64, error) {
			wallet, err := wallets.Get(ctx, id)
			if err != nil {
				return 0, err
			}
			return wallet.Cents, nil
		},
	}
}

// Money of the ledger: so many accounts, and so much in all of them together.
const (
	accounts = 20
	money    = 100_000
)

func moneyID(i int) string { return fmt.Sprint("money", i) }

// openLedger puts the money there.
func openLedger(w *world) {
	durable := w.client.Durable(w.d.durable())
	ledgers, entries := places.NewLedgers(durable), places.NewEntries(durable)
	for _, id := range []string{"money", "tallies"} {
		must(w.t, ledgers.Create(w.t.Context(), &places.Ledger{ID: id, Name: id}))
	}
	for i := range accounts {
		must(w.t, entries.Create(w.t.Context(), &places.Entry{ID: moneyID(i), LedgerID: "money", Cents: money / accounts}))
	}
}

// transfers moves money from one account to another, and counts in the same
// transaction how often.
func transfers(w *world, client *repo.Client, id string) *counter {
	entries, random := places.NewEntries(client), w.another()
	must(w.t, places.NewEntries(w.client.Durable(w.d.durable())).Create(w.t.Context(), &places.Entry{ID: id, LedgerID: "tallies"}))
	return &counter{
		add: func(ctx context.Context) error { return transfer(ctx, client, entries, id, random) },
		read: func(ctx context.Context) (int64, error) {
			tally, err := entries.Get(ctx, id)
			if err != nil {
				return 0, err
			}
			return tally.Cents, nil
		},
	}
}

func transfer(ctx context.Context, client *repo.Client, entries *places.Entries, tally string, random *rand.Rand) error {
	a := random.IntN(accounts)
	b := (a + 1 + random.IntN(accounts-1)) % accounts
	amount := random.Int64N(100)
	return client.Tx(ctx, func(tx *repo.Tx) error {
		in := entries.InTx(tx)
		from, err := in.Get(moneyID(a))
		if err != nil {
			return err
		}
		to, err := in.Get(moneyID(b))
		if err != nil {
			return err
		}
		from.Cents, to.Cents = from.Cents-amount, to.Cents+amount
		return errors.Join(in.Update(from), in.Update(to), in.Patch(tally, places.EntryFields.Cents.Add(1)))
	})
}

// sum returns how much money there is, at one moment.
func sum(ctx context.Context, client *repo.Client, entries *places.Entries) (total int64, err error) {
	err = client.Tx(ctx, func(tx *repo.Tx) error {
		total = 0
		for i := range accounts {
			e, err := entries.InTx(tx).Get(moneyID(i))
			if err != nil {
				return err
			}
			total += e.Cents
		}
		return nil
	})
	return total, err
}
