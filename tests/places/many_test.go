package places_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

// A thousand records in 16 shards are written, changed and deleted, each whole.
func TestManyRecords(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		accounts := places.NewAccounts(client)
		const n = 1000
		list := crowd(n)
		var ids []string
		for _, a := range list {
			ids = append(ids, a.ID)
		}
		must(t, accounts.SaveMany(t.Context(), list))
		check(t, client)
		for _, a := range list {
			*a.Email, a.Age = "new"+*a.Email, a.Age+1
		}
		list[500].Name = list[600].Name
		var many *repo.ManyError
		err := accounts.SaveMany(t.Context(), list, repo.Parallel(2))
		if !errors.As(err, &many) {
			t.Fatalf("SaveMany: %v", err)
		}
		for i, err := range many.Errs {
			if failed := i == 500; errors.Is(err, repo.ErrUnique) != failed || (err != nil) != failed {
				t.Errorf("SaveMany[%d]: %v", i, err)
			}
		}
		check(t, client)
		got, err := accounts.GetMany(t.Context(), ids...)
		must(t, err)
		for i, a := range got {
			if want := int64(2); a == nil || i != 500 && (a.Version != want || a.Age != list[i].Age || *a.Email != *list[i].Email) {
				t.Errorf("GetMany[%d] = %+v", i, a)
			}
		}
		must(t, accounts.DeleteMany(t.Context(), ids))
		check(t, client)
		if left := claims(t, client); len(left) > 0 {
			t.Errorf("left %q", left)
		}
		if n, err := accounts.Where().Count(t.Context()); n != 0 || err != nil {
			t.Errorf("Count = %d, %v", n, err)
		}
	})
}

// A batch has operations of entities that are placed in every way.
func TestBatchOfAll(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		accounts, conversations, messages := places.NewAccounts(client), places.NewConversations(client), places.NewMessages(client)
		invoices, ledgers, entries := places.NewInvoices(client), places.NewLedgers(client), places.NewEntries(client)
		b := client.Batch()
		for i := range 50 {
			id := fmt.Sprint(i)
			accounts.In(b).Create(&places.Account{ID: id, Email: &id})
			conversations.In(b).Create(&places.Conversation{ID: id, UserID: "u"})
			messages.In(b).Create(&places.Message{ConversationID: id, ID: "1", Role: "user"})
			invoices.In(b).Create(&places.Invoice{TenantID: id, Number: 1, Reference: &id})
			ledgers.In(b).Create(&places.Ledger{ID: id, Name: id})
			entries.In(b).Create(&places.Entry{ID: id, LedgerID: id})
		}
		same := accounts.In(b).Get("7")
		accounts.In(b).Patch("7", places.AccountFields.Age.Set(70))
		must(t, b.Run(t.Context()))
		if same.Err != nil || *same.Value.Email != "7" {
			t.Errorf("Get of what the batch has created: %+v, %v", same.Value, same.Err)
		}
		if a, err := accounts.Get(t.Context(), "7"); err != nil || a.Age != 70 {
			t.Errorf("the batch creates and then patches %+v, %v", a, err)
		}
		check(t, client)
		b = client.Batch()
		again := accounts.In(b).Create(&places.Account{ID: "7", Email: new("other")})
		taken := accounts.In(b).Create(&places.Account{ID: "new", Email: new("8")})
		first := accounts.In(b).Create(&places.Account{ID: "first", Email: new("both")})
		second := accounts.In(b).Create(&places.Account{ID: "second", Email: new("both")})
		_ = b.Run(t.Context())
		if !errors.Is(again.Err, repo.ErrExists) || !errors.Is(taken.Err, repo.ErrUnique) || first.Err != nil || !errors.Is(second.Err, repo.ErrUnique) {
			t.Errorf("Create of one that exists: %v; with the value of another: %v; of two with one value: %v, %v", again.Err, taken.Err, first.Err, second.Err)
		}
		must(t, accounts.Delete(t.Context(), "first"))
		check(t, client)
		b = client.Batch()
		var got []*repo.Result[*places.Message]
		for i := range 50 {
			id := fmt.Sprint(i)
			got = append(got, messages.In(b).Get(places.MessageKey{ConversationID: id, ID: "1"}))
			accounts.In(b).Patch(id, places.AccountFields.Visits.Add(1))
			conversations.In(b).Delete(id) // and its message
		}
		must(t, b.Run(t.Context()))
		for i, r := range got {
			if r.Err != nil || r.Value.ConversationID != fmt.Sprint(i) {
				t.Errorf("Get of message %d: %+v, %v", i, r.Value, r.Err)
			}
		}
		if n, err := messages.Where().Count(t.Context()); n != 0 || err != nil {
			t.Errorf("%d messages are left, %v", n, err)
		}
		check(t, client)
	})
}
