package tx

import (
	"errors"
	"fmt"
	"testing"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

// wantReference fails the test unless err is a ReferenceError with that text.
func wantReference(t *testing.T, err error, kind error, want string) {
	t.Helper()
	var reference *repo.ReferenceError
	if !errors.As(err, &reference) || !errors.Is(err, kind) || reference.Error() != want {
		t.Fatalf("got error %v, want %s", err, want)
	}
}

func TestReferenceToNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, client *repo.Client) {
		ctx := t.Context()
		ledgers, entries := places.NewLedgers(client), places.NewEntries(client)
		const missing = `Entry.ledger_id: there is no such record: "main"`
		wantReference(t, entries.Create(ctx, &places.Entry{ID: "1", LedgerID: "main"}), repo.ErrReference, missing)
		wantReference(t, entries.Save(ctx, &places.Entry{ID: "1", LedgerID: "main"}), repo.ErrReference, missing)
		if n, err := entries.Where().Count(ctx); err != nil || n != 0 {
			t.Fatalf("%d entries, %v; want none", n, err)
		}
		must(t, ledgers.Create(ctx, &places.Ledger{ID: "main", Name: "main"}))
		must(t, entries.Create(ctx, &places.Entry{ID: "1", LedgerID: "main", Cents: 5}))

		other := &places.Entry{ID: "1", LedgerID: "other"}
		wantReference(t, entries.Update(ctx, other), repo.ErrReference, `Entry.ledger_id: there is no such record: "other"`)
		wantReference(t, entries.Patch(ctx, "1", places.EntryFields.Corrects.Set("2")), repo.ErrReference,
			`Entry.corrects: there is no such record: "2"`)
		if e, err := entries.Get(ctx, "1"); err != nil || e.LedgerID != "main" || e.Corrects != nil {
			t.Fatalf("%+v, %v; want it unchanged", e, err)
		}
		must(t, entries.Patch(ctx, "1", places.EntryFields.Corrects.Set("1"))) // itself
		clean(t, client)
	})
}

func TestReferencesAmongMany(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		ctx := t.Context()
		ledgers, entries := places.NewLedgers(client), places.NewEntries(client)
		must(t, ledgers.Create(ctx, &places.Ledger{ID: "main", Name: "main"}))
		list := []*places.Entry{
			{ID: "1", LedgerID: "main"}, {ID: "2", LedgerID: "main", Corrects: new("1")}, {ID: "3", LedgerID: "main", Corrects: new("9")},
		}
		err := entries.CreateMany(ctx, list)
		var many *repo.ManyError
		if !errors.As(err, &many) || many.Errs[0] != nil || many.Errs[1] != nil || !errors.Is(many.Errs[2], repo.ErrReference) {
			t.Fatalf("got error %v, want the third entry refused", err)
		}
		err = entries.DeleteMany(ctx, []string{"1", "2"})
		if !errors.As(err, &many) || !errors.Is(many.Errs[0], repo.ErrReferenced) || many.Errs[1] != nil {
			t.Fatalf("got error %v, want the first entry kept", err)
		}
		must(t, entries.Delete(ctx, "1"))
		must(t, entries.Create(ctx, list[0]))
		must(t, entries.Create(ctx, list[1]))
		must(t, entries.DeleteMany(ctx, []string{"2", "1"}))
		clean(t, client)
	})
}

func TestRestrict(t *testing.T) {
	everywhere(t, func(t *testing.T, client *repo.Client) {
		ctx := t.Context()
		conversations, messages, attachments := places.NewConversations(client), places.NewMessages(client), places.NewAttachments(client)
		must(t, conversations.Create(ctx, &places.Conversation{ID: "c", UserID: "ann"}))
		must(t, messages.Create(ctx, &places.Message{ConversationID: "c", ID: "m"}))
		must(t, attachments.Create(ctx, &places.Attachment{ConversationID: "c", Name: "a"}))
		const kept = `Attachment.conversation_id: another record refers to it: "1:ca"`
		wantReference(t, conversations.Delete(ctx, "c"), repo.ErrReferenced, kept)
		wantReference(t, conversations.DeleteMany(ctx, []string{"c"}), repo.ErrReferenced, kept)
		_, err := conversations.Where(places.ConversationFields.UserID.Eq("ann")).Delete(ctx)
		wantReference(t, err, repo.ErrReferenced, kept)
		batch := client.Batch()
		conversations.In(batch).Delete("c")
		wantReference(t, batch.Run(ctx), repo.ErrReferenced, kept)
		if _, err := messages.Get(ctx, places.MessageKey{ConversationID: "c", ID: "m"}); err != nil {
			t.Fatal(err)
		}
		must(t, attachments.Delete(ctx, places.AttachmentKey{ConversationID: "c", Name: "a"}))
		must(t, conversations.Delete(ctx, "c"))
		if n, err := messages.Where().Count(ctx); err != nil || n != 0 {
			t.Fatalf("%d messages, %v; want none", n, err)
		}
		clean(t, client)
	})
}

// deletes are the ways to delete a conversation.
var deletes = map[string]func(t *testing.T, client *repo.Client, conversations *places.Conversations) error{
	"Delete": func(t *testing.T, _ *repo.Client, c *places.Conversations) error { return c.Delete(t.Context(), "c") },
	"DeleteMany": func(t *testing.T, _ *repo.Client, c *places.Conversations) error {
		return c.DeleteMany(t.Context(), []string{"d", "c"})
	},
	"Query": func(t *testing.T, _ *repo.Client, c *places.Conversations) error {
		_, err := c.Where(places.ConversationFields.UserID.Eq("ann")).Delete(t.Context())
		return err
	},
	"Batch": func(t *testing.T, client *repo.Client, c *places.Conversations) error {
		batch := client.Batch()
		c.In(batch).Delete("c")
		return batch.Run(t.Context())
	},
}

func TestCascade(t *testing.T) {
	for name, remove := range deletes {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, client *repo.Client) {
				ctx := t.Context()
				conversations, messages := places.NewConversations(client), places.NewMessages(client)
				for _, id := range []string{"c", "d"} {
					must(t, conversations.Create(ctx, &places.Conversation{ID: id, UserID: "ann"}))
				}
				must(t, conversations.Create(ctx, &places.Conversation{ID: "other"}))
				must(t, messages.Create(ctx, &places.Message{ConversationID: "other", ID: "1"}))
				list := make([]*places.Message, 1200)
				for i := range list {
					list[i] = &places.Message{ConversationID: "c", ID: fmt.Sprint(i), Role: "user"}
				}
				list[7].External = new("seven")
				must(t, messages.CreateMany(ctx, list))
				must(t, remove(t, client, conversations))
				_, err := conversations.Get(ctx, "c")
				wantError(t, err, repo.ErrNotFound)
				if n, err := messages.Where().Count(ctx); err != nil || n != 1 {
					t.Fatalf("%d messages, %v; want 1", n, err)
				}
				clean(t, client)
				// The value is free again.
				must(t, messages.Create(ctx, &places.Message{ConversationID: "other", ID: "2", External: new("seven")}))
			})
		})
	}
}
