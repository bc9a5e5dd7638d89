package repo_test

import (
	"errors"
	"fmt"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

func ExampleClient_Tx() {
	client := open()
	defer client.close()
	ledgers, entries := places.NewLedgers(client.Client), places.NewEntries(client.Client)
	check(ledgers.Create(ctx, &places.Ledger{ID: "main", Name: "Main"}))
	check(entries.Create(ctx, &places.Entry{ID: "a", LedgerID: "main", Cents: 100}))
	check(entries.Create(ctx, &places.Entry{ID: "b", LedgerID: "main"}))

	check(client.Tx(ctx, func(tx *repo.Tx) error {
		from, err := entries.InTx(tx).Get("a")
		if err != nil {
			return err
		}
		if from.Cents < 30 {
			return errors.New("too little")
		}
		from.Cents -= 30
		return errors.Join(
			entries.InTx(tx).Update(from),
			entries.InTx(tx).Patch("b", places.EntryFields.Cents.Add(30)),
		)
	}))
	for e, err := range entries.Where().All(ctx) {
		check(err)
		fmt.Println(e.ID, e.Cents)
	}
	// Output:
	// a 70
	// b 30
}

func ExampleReferenceError() {
	client := open()
	defer client.close()
	ledgers, entries := places.NewLedgers(client.Client), places.NewEntries(client.Client)

	err := entries.Create(ctx, &places.Entry{ID: "a", LedgerID: "main"})
	fmt.Println(err)
	check(ledgers.Create(ctx, &places.Ledger{ID: "main", Name: "Main"}))
	check(entries.Create(ctx, &places.Entry{ID: "a", LedgerID: "main"}))
	check(ledgers.Delete(ctx, "main")) // and its entries
	_, err = entries.Get(ctx, "a")
	fmt.Println(err)
	// Output:
	// redisgen: Create entries "a": Entry.ledger_id: there is no such record: "main"
	// redisgen: Get entries "a": not found
}
