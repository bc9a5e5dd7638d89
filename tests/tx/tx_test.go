package tx

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

// book is a ledger with two entries.
func book(t *testing.T, client *repo.Client) (*places.Ledgers, *places.Entries) {
	t.Helper()
	ledgers, entries := places.NewLedgers(client), places.NewEntries(client)
	must(t, ledgers.Create(t.Context(), &places.Ledger{ID: "main", Name: "main"}))
	must(t, entries.CreateMany(t.Context(), []*places.Entry{{ID: "a", LedgerID: "main", Cents: 100}, {ID: "b", LedgerID: "main"}}))
	return ledgers, entries
}

// cents returns what the entries hold, by id.
func cents(t *testing.T, entries *places.Entries) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	for e, err := range entries.Where().All(t.Context()) {
		must(t, err)
		all[e.ID] = e.Cents
	}
	return all
}

func wantCents(t *testing.T, entries *places.Entries, want string) {
	t.Helper()
	if got := fmt.Sprint(cents(t, entries)); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestTx(t *testing.T) {
	everywhere(t, func(t *testing.T, client *repo.Client) {
		ledgers, entries := book(t, client)
		var second *places.Ledger
		must(t, client.Tx(t.Context(), func(tx *repo.Tx) error {
			from, err := entries.InTx(tx).Get("a")
			if err != nil {
				return err
			}
			from.Cents -= 30
			second = &places.Ledger{Name: "second"}
			return errors.Join(
				entries.InTx(tx).Update(from),
				entries.InTx(tx).Patch("b", places.EntryFields.Cents.Add(25)),
				entries.InTx(tx).Create(&places.Entry{ID: "c", LedgerID: "later", Cents: 5}), // before what it refers to
				ledgers.InTx(tx).Create(&places.Ledger{ID: "later", Name: "later"}),
				ledgers.InTx(tx).Save(second),
			)
		}))
		wantCents(t, entries, "map[a:70 b:25 c:5]")
		if stored, err := ledgers.GetByName(t.Context(), "second"); err != nil || stored.ID != second.ID {
			t.Fatalf("%+v, %v; want %q", stored, err, second.ID)
		}
		must(t, client.Tx(t.Context(), func(tx *repo.Tx) error { return ledgers.InTx(tx).Delete("main") }))
		wantCents(t, entries, "map[c:5]")
		clean(t, client)
	})
}

// A refused write keeps all of them from being carried out, and is named.
func TestTxRefused(t *testing.T) {
	refused := []struct {
		name, want string
		kind       error
		write      func(tx *repo.Tx, ledgers *places.Ledgers, entries *places.Entries) error
	}{
		{"exists", `redisgen: Create entries "b": already exists`, repo.ErrExists, func(tx *repo.Tx, _ *places.Ledgers, e *places.Entries) error {
			return e.InTx(tx).Create(&places.Entry{ID: "b", LedgerID: "main"})
		}},
		{"not there", `redisgen: Update entries "z": not found`, repo.ErrNotFound, func(tx *repo.Tx, _ *places.Ledgers, e *places.Entries) error {
			return e.InTx(tx).Update(&places.Entry{ID: "z", LedgerID: "main"})
		}},
		{"unique", `redisgen: Create ledgers "x": name "main" is taken by "main"`, repo.ErrUnique, func(tx *repo.Tx, l *places.Ledgers, _ *places.Entries) error {
			return l.InTx(tx).Create(&places.Ledger{ID: "x", Name: "main"})
		}},
		{"unique among the writes", `redisgen: Create ledgers "y": name "new" is taken by "x"`, repo.ErrUnique, func(tx *repo.Tx, l *places.Ledgers, _ *places.Entries) error {
			return errors.Join(l.InTx(tx).Create(&places.Ledger{ID: "x", Name: "new"}), l.InTx(tx).Create(&places.Ledger{ID: "y", Name: "new"}))
		}},
		{"reference", `redisgen: Create entries "d": Entry.ledger_id: there is no such record: "other"`, repo.ErrReference, func(tx *repo.Tx, _ *places.Ledgers, e *places.Entries) error {
			return e.InTx(tx).Create(&places.Entry{ID: "d", LedgerID: "other"})
		}},
		{"reference to what is deleted", `redisgen: Create entries "d": Entry.ledger_id: there is no such record: "main"`, repo.ErrReference, func(tx *repo.Tx, l *places.Ledgers, e *places.Entries) error {
			return errors.Join(e.InTx(tx).Create(&places.Entry{ID: "d", LedgerID: "main"}), l.InTx(tx).Delete("main"))
		}},
		{"referenced", `redisgen: Delete entries "b": Entry.corrects: another record refers to it: "c"`, repo.ErrReferenced, func(tx *repo.Tx, _ *places.Ledgers, e *places.Entries) error {
			return e.InTx(tx).Delete("b")
		}},
		{"referenced by what is written", `redisgen: Delete ledgers "main": Entry.ledger_id: another record refers to it: "c"`, repo.ErrReferenced, func(tx *repo.Tx, l *places.Ledgers, e *places.Entries) error {
			return errors.Join(l.InTx(tx).Delete("main"), e.InTx(tx).Patch("c", places.EntryFields.Cents.Set(1)))
		}},
		{"range", `redisgen: Patch entries "c": Entry.cents: out of range`, repo.ErrRange, func(tx *repo.Tx, _ *places.Ledgers, e *places.Entries) error {
			return e.InTx(tx).Patch("c", places.EntryFields.Cents.Add(1<<53))
		}},
	}
	each(t, func(t *testing.T, client *repo.Client) {
		ledgers, entries := book(t, client)
		must(t, entries.Create(t.Context(), &places.Entry{ID: "c", LedgerID: "main", Corrects: new("b"), Cents: 7}))
		for _, test := range refused {
			err := client.Tx(t.Context(), func(tx *repo.Tx) error {
				return errors.Join(
					entries.InTx(tx).Create(&places.Entry{ID: "n", LedgerID: "first"}),
					ledgers.InTx(tx).Create(&places.Ledger{ID: "first", Name: "first"}),
					test.write(tx, ledgers, entries),
				)
			})
			var record *repo.RecordError
			if !errors.As(err, &record) || !errors.Is(err, test.kind) || err.Error() != test.want {
				t.Errorf("%s: got error %v, want %s", test.name, err, test.want)
			}
		}
		wantCents(t, entries, "map[a:100 b:0 c:7]")
		if n, err := ledgers.Where().Count(t.Context()); err != nil || n != 1 {
			t.Errorf("%d ledgers, %v; want 1", n, err)
		}
		clean(t, client)
	})
}

// Values and references pass from one record to another, whichever is written first.
func TestTxExchange(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		ledgers, entries := book(t, client)
		must(t, ledgers.Create(t.Context(), &places.Ledger{ID: "other", Name: "other"}))
		must(t, client.Tx(t.Context(), func(tx *repo.Tx) error {
			return errors.Join(
				ledgers.InTx(tx).Save(&places.Ledger{ID: "main", Name: "other"}),
				ledgers.InTx(tx).Save(&places.Ledger{ID: "other", Name: "main"}),
			)
		}))
		if l, err := ledgers.GetByName(t.Context(), "main"); err != nil || l.ID != "other" {
			t.Fatalf("%+v, %v; want other", l, err)
		}
		must(t, client.Tx(t.Context(), func(tx *repo.Tx) error {
			return errors.Join(
				ledgers.InTx(tx).Create(&places.Ledger{ID: "third", Name: "other"}),
				ledgers.InTx(tx).Delete("main"),
				entries.InTx(tx).Patch("a", places.EntryFields.LedgerID.Set("other")),
			)
		}))
		wantCents(t, entries, "map[a:100]") // b has gone with its ledger
		clean(t, client)
	})
}

// Conversations and messages are in 16 shards, and have values that are unique across
// them.
func TestTxClaims(t *testing.T) {
	everywhere(t, func(t *testing.T, client *repo.Client) {
		ctx := t.Context()
		conversations, messages := places.NewConversations(client), places.NewMessages(client)
		write := func(id, slug, external string) error {
			return client.Tx(ctx, func(tx *repo.Tx) error {
				return errors.Join(
					messages.InTx(tx).Create(&places.Message{ConversationID: id, ID: "1", External: &external}),
					conversations.InTx(tx).Create(&places.Conversation{ID: id, Slug: &slug}),
				)
			})
		}
		must(t, write("c", "one", "x"))
		var unique *repo.UniqueError
		if err := write("d", "two", "x"); !errors.As(err, &unique) || unique.Owner != "1:c1" || unique.Value != "x" {
			t.Fatalf("got error %v, want x taken", err)
		}
		if n, err := conversations.Where().Count(ctx); err != nil || n != 1 {
			t.Fatalf("%d conversations, %v; want 1", n, err)
		}
		must(t, client.Tx(ctx, func(tx *repo.Tx) error { return conversations.InTx(tx).Delete("c") }))
		must(t, write("d", "two", "x")) // what the first attempt has claimed, and what c had, is free
		if m, err := messages.GetByExternal(ctx, "x"); err != nil || m.ConversationID != "d" {
			t.Fatalf("%+v, %v; want that of d", m, err)
		}
		clean(t, client)
	})
}

func TestTxReads(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		ctx := t.Context()
		_, entries := book(t, client)
		interfere := map[string]func() error{
			"changed": func() error { return entries.Patch(ctx, "a", places.EntryFields.Cents.Add(1)) },
			"gone":    func() error { return entries.Delete(ctx, "a") },
			"new":     func() error { return entries.Create(ctx, &places.Entry{ID: "n", LedgerID: "main"}) },
		}
		for _, name := range []string{"changed", "new", "gone"} {
			attempts := 0
			must(t, client.Tx(ctx, func(tx *repo.Tx) error {
				_, err := entries.InTx(tx).Get("a")
				if err != nil && !errors.Is(err, repo.ErrNotFound) {
					return err
				}
				if _, err := entries.InTx(tx).Exists("n"); err != nil {
					return err
				}
				if attempts++; attempts == 1 {
					must(t, interfere[name]())
				}
				return entries.InTx(tx).Patch("b", places.EntryFields.Cents.Add(1))
			}))
			if attempts != 2 {
				t.Errorf("%s: %d attempts, want 2", name, attempts)
			}
		}
		wantCents(t, entries, "map[b:3 n:0]")

		err := client.Tx(ctx, func(tx *repo.Tx) error {
			if _, err := entries.InTx(tx).Get("b"); err != nil {
				return err
			}
			must(t, entries.Patch(ctx, "b", places.EntryFields.Cents.Add(1)))
			return entries.InTx(tx).Patch("n", places.EntryFields.Cents.Add(1))
		}, repo.Attempts(3))
		wantError(t, err, repo.ErrConflict)
		wantCents(t, entries, "map[b:6 n:0]")
	})
}

// A function that fails on what was never there together is called again.
func TestTxReadsTogether(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		_, entries := book(t, client)
		attempts := 0
		must(t, client.Tx(t.Context(), func(tx *repo.Tx) error {
			a, err := entries.InTx(tx).Get("a")
			must(t, err)
			if attempts++; attempts == 1 {
				must(t, client.Tx(t.Context(), func(tx *repo.Tx) error {
					return errors.Join(entries.InTx(tx).Patch("a", places.EntryFields.Cents.Add(-60)), entries.InTx(tx).Patch("b", places.EntryFields.Cents.Add(60)))
				}))
			}
			b, err := entries.InTx(tx).Get("b")
			must(t, err)
			again, err := entries.InTx(tx).Get("a")
			if err != nil || again == a || again.Cents != a.Cents {
				t.Errorf("%+v, %v; want another copy of %+v", again, err, a)
			}
			if a.Cents+b.Cents != 100 {
				return errors.New("the sum is wrong")
			}
			return nil
		}))
		if attempts != 2 {
			t.Errorf("%d attempts, want 2", attempts)
		}
	})
}

func TestTxMistakes(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		ctx := t.Context()
		ledgers, entries := book(t, client)
		accounts, conversations := places.NewAccounts(client), places.NewConversations(client)
		other := places.NewEntries(client.Durable(repo.Durability{}))
		var kept *repo.Tx
		mistakes := []struct {
			name, want string
			do         func(tx *repo.Tx) error
		}{
			{"other entity", `redisgen: Create accounts "x": records of a transaction must be in one shard: this one is not in that of entries "a"; ` +
				`have one entity live in the shards of the other by in=, or write them apart`,
				func(tx *repo.Tx) error { return accounts.InTx(tx).Create(&places.Account{ID: "x"}) }},
			{"read after", `redisgen: Get entries "a": the transaction has written this record: read it before`,
				func(tx *repo.Tx) error { _, err := entries.InTx(tx).Get("a"); return err }},
			{"written twice", `redisgen: Delete entries "a": the transaction has written this record: change it before it is written`,
				func(tx *repo.Tx) error { return entries.InTx(tx).Delete("a") }},
			{"other client", `redisgen: Delete entries "b": the transaction is of another client`,
				func(tx *repo.Tx) error { return other.InTx(tx).Delete("b") }},
			{"too many", `redisgen: Exists ledgers "99": too many records for one transaction: 100 at most`, func(tx *repo.Tx) error {
				for i := range 100 {
					if _, err := ledgers.InTx(tx).Exists(fmt.Sprint(i)); err != nil {
						return err
					}
				}
				return nil
			}},
		}
		for _, test := range mistakes {
			for _, returned := range []bool{true, false} {
				err := client.Tx(ctx, func(tx *repo.Tx) error {
					kept = tx
					must(t, entries.InTx(tx).Patch("a", places.EntryFields.Cents.Set(1)))
					err := test.do(tx)
					if returned {
						return err
					}
					return nil
				})
				if err == nil || err.Error() != test.want {
					t.Errorf("%s: got error %v, want %s", test.name, err, test.want)
				}
			}
		}
		if err := entries.InTx(kept).Delete("a"); err == nil || err.Error() != `redisgen: Delete entries "a": the transaction is over` {
			t.Errorf("got error %v from a transaction that is over", err)
		}
		// Two shards of one entity.
		err := client.Tx(ctx, func(tx *repo.Tx) error {
			for i := range 50 {
				if err := conversations.InTx(tx).Create(&places.Conversation{ID: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		})
		wantError(t, err, repo.ErrCrossShard)
		stop := errors.New("stop")
		if err := client.Tx(ctx, func(*repo.Tx) error { return stop }); err != stop {
			t.Errorf("got error %v, want that of the function", err)
		}
		wantCents(t, entries, "map[a:100 b:0]")
	})
}

// A transaction sets what the repository keeps. A version that it has not read itself is
// none that another attempt could change.
func TestTxStamps(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		ctx := t.Context()
		accounts := places.NewAccounts(client)
		ann := &places.Account{ID: "ann", Age: 3, Tags: []string{"x", "y"}}
		must(t, client.Tx(ctx, func(tx *repo.Tx) error { return accounts.InTx(tx).Create(ann) }))
		if ann.Version != 1 || ann.CreatedAt.IsZero() {
			t.Fatalf("%+v; want its version and time", ann)
		}
		stale := *ann
		must(t, client.Tx(ctx, func(tx *repo.Tx) error {
			v, err := accounts.InTx(tx).Get("ann")
			must(t, err)
			v.Tags = []string{"y", "z"}
			ann = v
			return accounts.InTx(tx).Update(v)
		}))
		if stored, err := accounts.Get(ctx, "ann"); err != nil || stored.Version != 2 || ann.Version != 2 || !slices.Equal(stored.Tags, ann.Tags) {
			t.Fatalf("%+v, %v; want %+v", stored, err, ann)
		}
		attempts := 0
		err := client.Tx(ctx, func(tx *repo.Tx) error { attempts++; return accounts.InTx(tx).Update(&stale) })
		if !errors.Is(err, repo.ErrConflict) || attempts != 1 {
			t.Fatalf("got error %v in %d attempts, want a conflict in 1", err, attempts)
		}
		clean(t, client)
	})
}

func TestTxExpiry(t *testing.T) {
	ctx := t.Context()
	client := open(t, repo.Config{Addrs: []string{redisd.Shared(t).Addr()}, Prefix: redisd.Shared(t).Prefix()})
	tickets := places.NewTickets(client)
	must(t, client.Tx(ctx, func(tx *repo.Tx) error {
		return tickets.InTx(tx).Create(&places.Ticket{ID: "1", Code: "x", State: "new"}, repo.TTL(time.Minute))
	}))
	if ttl, err := tickets.TTL(ctx, "1"); err != nil || ttl > time.Minute {
		t.Fatalf("%v, %v; want a minute", ttl, err)
	}
	must(t, client.Tx(ctx, func(tx *repo.Tx) error { return tickets.InTx(tx).Touch("1") }))
	if ttl, err := tickets.TTL(ctx, "1"); err != nil || ttl <= time.Minute {
		t.Fatalf("%v, %v; want the hour of the entity", ttl, err)
	}
	clean(t, client)
	must(t, client.Tx(ctx, func(tx *repo.Tx) error { return tickets.InTx(tx).Delete("1") }))
	clean(t, client)
}
