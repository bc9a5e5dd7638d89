package locks

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// book has the repositories of a ledger and its entries, in one shard.
type book struct {
	client  *repo.Client
	ledgers *places.Ledgers
	entries *places.Entries
}

func bookOf(client *repo.Client) book {
	return book{client, places.NewLedgers(client), places.NewEntries(client)}
}

// write is a way to write to a book in which ledger l has the entries a and b.
type write struct {
	name string
	do   func(ctx context.Context, b book) error
}

func entry(id string, cents int64) *places.Entry {
	return &places.Entry{ID: id, LedgerID: "l", Cents: cents}
}

var cents = places.EntryFields.Cents

var writes = []write{
	{"Create", func(ctx context.Context, b book) error { return b.entries.Create(ctx, entry("new", 1)) }},
	{"Save", func(ctx context.Context, b book) error { return b.entries.Save(ctx, entry("a", 2)) }},
	{"Update", func(ctx context.Context, b book) error { return b.entries.Update(ctx, entry("a", 2)) }},
	{"Patch", func(ctx context.Context, b book) error { return b.entries.Patch(ctx, "a", cents.Add(1)) }},
	{"Delete", func(ctx context.Context, b book) error { return b.entries.Delete(ctx, "a") }},
	{"Delete of what is not there", func(ctx context.Context, b book) error { return b.entries.Delete(ctx, "none") }},
	{"Delete with what refers to it", func(ctx context.Context, b book) error { return b.ledgers.Delete(ctx, "l") }},
	{"Mutate", func(ctx context.Context, b book) error {
		_, err := b.entries.Mutate(ctx, "a", func(e *places.Entry) error { e.Cents++; return nil })
		return err
	}},
	{"CreateMany", func(ctx context.Context, b book) error {
		return b.entries.CreateMany(ctx, []*places.Entry{entry("n1", 1), entry("n2", 2)})
	}},
	{"SaveMany", func(ctx context.Context, b book) error {
		return b.entries.SaveMany(ctx, []*places.Entry{entry("a", 7), entry("n2", 2)})
	}},
	{"DeleteMany", func(ctx context.Context, b book) error { return b.entries.DeleteMany(ctx, []string{"a", "b"}) }},
	{"Query.Patch", func(ctx context.Context, b book) error {
		_, err := b.entries.Where(cents.Between(0, 1000)).Patch(ctx, places.EntryFields.Corrects.Set("b"))
		return err
	}},
	{"Query.Delete", func(ctx context.Context, b book) error {
		_, err := b.entries.Where(cents.Between(0, 1000)).Delete(ctx)
		return err
	}},
	{"Batch of one", func(ctx context.Context, b book) error {
		batch := b.client.Batch()
		b.entries.In(batch).Patch("a", cents.Add(1))
		return batch.Run(ctx)
	}},
	{"Tx", func(ctx context.Context, b book) error {
		return b.client.Tx(ctx, func(tx *repo.Tx) error {
			e, err := b.entries.InTx(tx).Get("a")
			if err != nil {
				return err
			}
			e.Cents++
			return errors.Join(b.entries.InTx(tx).Update(e), b.ledgers.InTx(tx).Create(&places.Ledger{ID: "new", Name: "new"}))
		})
	}},
	{"Fence", func(ctx context.Context, b book) error { return b.entries.Fence(ctx, "a") }},
}

// fill makes the ledger and its entries anew, without a fence.
func fill(t *testing.T, b book) {
	t.Helper()
	for _, id := range []string{"l", "new"} {
		if err := b.ledgers.Delete(t.Context(), id); err != nil && !errors.Is(err, repo.ErrNotFound) {
			t.Fatal(err)
		}
	}
	must(t, b.ledgers.Create(t.Context(), &places.Ledger{ID: "l", Name: "l"}))
	must(t, b.entries.CreateMany(t.Context(), []*places.Entry{entry("a", 10), entry("b", 20)}))
}

// all returns what is in a book.
func all(t *testing.T, b book) (records []any) {
	t.Helper()
	for v, err := range b.ledgers.Where().All(t.Context()) {
		must(t, err)
		records = append(records, *v)
	}
	for v, err := range b.entries.Where().OrderBy(cents.Asc()).All(t.Context()) {
		must(t, err)
		records = append(records, *v)
	}
	return records
}

func fenced(client *repo.Client, name string, token int64) book {
	return bookOf(client.WithFence(repo.Fence{Name: name, Token: token}))
}

func TestFences(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		t.Run("every write", func(t *testing.T) { everyWriteIsFenced(t, client) })
		t.Run("batches and shards", func(t *testing.T) { batchesAndShards(t, client) })
		t.Run("tokens and names", func(t *testing.T) { tokensAndNames(t, client) })
		t.Run("not fenced", func(t *testing.T) { notFenced(t, client) })
	})
}

// Every way to write shows the fence, and is refused as a whole after a later token.
func everyWriteIsFenced(t *testing.T, client *repo.Client) {
	ctx, plain := t.Context(), bookOf(client)
	token := int64(0)
	for _, w := range writes {
		fill(t, plain)
		if errors.Is(w.do(ctx, plain), repo.ErrFunctions) {
			continue // no transaction is a function
		}
		fill(t, plain)
		older, newer := fenced(client, "write", token+1), fenced(client, "write", token+2)
		token += 2
		// Its first write makes the token known, whether it succeeds or not.
		if err := w.do(ctx, newer); err != nil && !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("%s by the holder: %v", w.name, err)
		}
		fill(t, plain)
		before := all(t, plain)
		if err := w.do(ctx, older); !errors.Is(err, repo.ErrFenced) || errors.Is(err, repo.ErrUncertain) {
			t.Errorf("%s with an earlier token: %v", w.name, err)
		}
		if after := all(t, plain); !reflect.DeepEqual(before, after) {
			t.Errorf("%s with an earlier token has written: %v, it was %v", w.name, after, before)
		}
		for name, b := range map[string]book{"the same token": newer, "another fence": fenced(client, "other", 1), "no fence": plain} {
			fill(t, plain)
			if name == "no fence" && w.name == "Fence" {
				continue
			}
			if err := w.do(ctx, b); err != nil && !errors.Is(err, repo.ErrNotFound) {
				t.Errorf("%s with %s: %v", w.name, name, err)
			}
		}
	}
	fill(t, plain)
	if err := plain.entries.Fence(ctx, "a"); err == nil || !strings.Contains(err.Error(), "WithFence") {
		t.Errorf("Fence without a fence: %v", err)
	}
}

// A batch is refused by shard, each of its writes by itself.
func batchesAndShards(t *testing.T, client *repo.Client) {
	ctx := t.Context()
	older := places.NewAccounts(client.WithFence(repo.Fence{Name: "job", Token: 1}))
	newer := places.NewAccounts(client.WithFence(repo.Fence{Name: "job", Token: 2}))
	var list []*places.Account
	for i := range 40 {
		id := fmt.Sprint("a", i)
		list = append(list, &places.Account{ID: id, TenantID: id, Email: ptr(id + "@example.com"), Status: "old", Name: "n" + id})
	}
	must(t, older.CreateMany(ctx, list))
	must(t, newer.Patch(ctx, "a0", places.AccountFields.Status.Set("new")))

	// The shard of a0 refuses, the others do not.
	batch := client.WithFence(repo.Fence{Name: "job", Token: 1}).Batch()
	in := older.In(batch)
	read, patched, gone := in.Get("a0"), in.Patch("a0", places.AccountFields.Visits.Add(1)), in.Delete("a0")
	for i := 1; i < 40; i++ {
		in.Patch(fmt.Sprint("a", i), places.AccountFields.Visits.Add(1))
	}
	wantErr(t, batch.Run(ctx), repo.ErrFenced)
	if read.Err != nil || read.Value.Status != "new" || !errors.Is(patched.Err, repo.ErrFenced) || !errors.Is(gone.Err, repo.ErrFenced) {
		t.Errorf("Get %v, Patch %v, Delete %v", read.Err, patched.Err, gone.Err)
	}
	kept, passed := 0, 0
	for a, err := range places.NewAccounts(client).Where().All(ctx) {
		must(t, err)
		if a.Visits == 0 {
			kept++
		} else {
			passed++
		}
	}
	if kept == 0 || passed == 0 || kept+passed != 40 {
		t.Errorf("%d records are kept and %d written", kept, passed)
	}
	must(t, newer.Fence(ctx, "a1"))
	wantErr(t, older.Patch(ctx, "a1", places.AccountFields.Visits.Add(1)), repo.ErrFenced)
	p, err := older.Where(places.AccountFields.Status.Eq("new")).Patch(ctx, places.AccountFields.Visits.Add(1))
	if !errors.Is(err, repo.ErrFenced) || p.Done != 0 {
		t.Errorf("Patch of a query: %+v, %v", p, err)
	}

	// A value that a refused write was to have, others can have.
	err = older.Create(ctx, &places.Account{ID: "a0", TenantID: "x", Email: ptr("new@example.com"), Name: "x"})
	wantErr(t, err, repo.ErrFenced)
	must(t, newer.Create(ctx, &places.Account{ID: "z", TenantID: "z", Email: ptr("new@example.com"), Name: "x"}))
	if got, err := places.NewAccounts(client).GetByEmail(ctx, "new@example.com"); err != nil || got.ID != "z" {
		t.Errorf("the value is that of %v, %v", got, err)
	}
}

// Tokens are compared exactly, and any name is one.
func tokensAndNames(t *testing.T, client *repo.Client) {
	ctx := t.Context()
	fill(t, bookOf(client))
	names := []string{"", "job", "job:1", "!9:job", "1", "{x}", "\x00", "\n", "\xff", strings.Repeat("x", 1000)}
	for _, name := range names {
		last := int64(0)
		for _, token := range []int64{1, 2, 9, 10, 1 << 53, 1<<53 + 1, 1<<53 + 2, math.MaxInt64 - 1, math.MaxInt64} {
			must(t, fenced(client, name, token).entries.Patch(ctx, "a", cents.Add(1)))
			wantErr(t, fenced(client, name, last).entries.Patch(ctx, "a", cents.Add(1)), refusal(name, last))
			last = token
		}
		wantErr(t, fenced(client, name, -5).entries.Patch(ctx, "a", cents.Add(1)), repo.ErrFenced)
	}
	tenant, err := client.WithFence(repo.Fence{Name: "job", Token: 1}).Tenant("acme")
	must(t, err)
	defer tenant.Close()
	b := bookOf(tenant)
	fill(t, b) // a keyspace of its own
	must(t, fenced(tenant, "job", 2).entries.Fence(ctx, "a"))
	wantErr(t, b.entries.Patch(ctx, "a", cents.Add(1)), repo.ErrFenced)
}

// refusal is what a fence leads to after a later token: the zero one is none.
func refusal(name string, token int64) error {
	if (repo.Fence{Name: name, Token: token}) == (repo.Fence{}) {
		return nil
	}
	return repo.ErrFenced
}

// Touch and reads are not fenced.
func notFenced(t *testing.T, client *repo.Client) {
	ctx := t.Context()
	must(t, app.NewWallets(client.WithFence(repo.Fence{Name: "job", Token: 2})).Create(ctx, &app.Wallet{ID: "1", Owner: "ann"}, repo.TTL(time.Hour)))
	older := app.NewWallets(client.WithFence(repo.Fence{Name: "job", Token: 1}))
	must(t, older.Touch(ctx, "1", repo.TTL(2*time.Hour)))
	if w, err := older.Get(ctx, "1"); err != nil || w.Owner != "ann" {
		t.Errorf("Get: %+v, %v", w, err)
	}
	if ttl, err := older.TTL(ctx, "1"); err != nil || ttl < time.Hour {
		t.Errorf("TTL: %v, %v", ttl, err)
	}
	wantErr(t, older.Patch(ctx, "1", app.WalletFields.Cents.Add(1)), repo.ErrFenced)
}
