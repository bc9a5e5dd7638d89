package tframex_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
)

func conversation(t *testing.T, s *tframex.Store) *tframex.Conversation {
	t.Helper()
	c := &tframex.Conversation{UserID: new("ann"), AgentName: "helper"}
	must(t, s.Conversations.Create(t.Context(), c))
	return c
}

func TestConversations(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		var ids []string
		for range 5 {
			ids = append(ids, conversation(t, s).ID)
		}
		must(t, s.Conversations.Create(t.Context(), &tframex.Conversation{AgentName: "other"}))
		slices.Reverse(ids) // newest first
		for name, query := range map[string]*repo.Query[*tframex.Conversation, string]{
			"user": s.ConversationsOfUser("ann"), "agent": s.ConversationsOfAgent("helper"),
		} {
			var got []string
			for cursor := ""; ; {
				page, err := query.Limit(2).After(cursor).Page(t.Context())
				must(t, err)
				for _, c := range page.Items {
					got = append(got, c.ID)
				}
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if !slices.Equal(got, ids) {
				t.Errorf("of the %s: %v, want %v", name, got, ids)
			}
		}
	})
}

func TestAppend(t *testing.T) {
	stores(t, tframex.StoreOptions{MaxMessageSize: 100}, func(t *testing.T, s *tframex.Store) {
		ctx, c := t.Context(), conversation(t, s)
		must(t, s.Append(ctx, c.ID))
		var list []*tframex.Message
		var want []string
		for i := range 250 {
			list, want = append(list, text("%d", i)), append(want, fmt.Sprint(i))
		}
		must(t, s.Append(ctx, c.ID, list[0]))
		must(t, s.Append(ctx, c.ID, list[1:]...))
		page, err := s.MessagesOf(c.ID).Limit(1000).Page(ctx)
		must(t, err)
		if got := contents(page.Items); !slices.Equal(got, want) {
			t.Errorf("messages %v", got)
		}
		last, err := s.LastMessages(ctx, c.ID, 3)
		must(t, err)
		if got := contents(last); !slices.Equal(got, want[247:]) {
			t.Errorf("last messages %v", got)
		}
		if n, err := s.CountMessages(ctx, c.ID); n != 250 || err != nil {
			t.Errorf("%d messages, %v", n, err)
		}
		now, err := s.Conversations.Get(ctx, c.ID)
		must(t, err)
		if at := list[249].CreatedAt; now.UpdatedAt == nil || !now.UpdatedAt.Equal(at) || at.Before(c.CreatedAt) || time.Since(at).Abs() > time.Minute {
			t.Errorf("updated at %v, last message at %v", now.UpdatedAt, at)
		}
		since, err := s.MessagesSince(c.ID, list[247].CreatedAt).Page(ctx)
		must(t, err)
		if got := contents(since.Items); !slices.Equal(got, want[248:]) {
			t.Errorf("messages since: %v", got)
		}

		wantError(t, s.Append(ctx, "nobody", text("x")), repo.ErrNotFound)
		wantError(t, s.Append(ctx, c.ID, text("short"), text("%s", strings.Repeat("x", 101))), repo.ErrTooLarge)
		wantError(t, s.Append(ctx, c.ID, text("short"), &tframex.Message{Role: tframex.RoleTool, Metadata: map[string]any{"k": strings.Repeat("x", 100)}}), repo.ErrTooLarge)
		if err := s.Append(ctx, c.ID, text("short"), nil); err == nil {
			t.Error("a nil message is appended")
		}
		wantError(t, s.Append(ctx, c.ID, text("short"), &tframex.Message{Role: "nobody"}), repo.ErrEnum)
		wantError(t, s.Append(ctx, c.ID, text("short"), &tframex.Message{ID: list[7].ID, Role: tframex.RoleUser}), repo.ErrExists)
		if n, err := s.CountMessages(ctx, c.ID); n != 250 || err != nil {
			t.Errorf("after appends that were refused: %d messages, %v", n, err)
		}
		var partial *tframex.PartialError
		bad := append(slices.Repeat([]*tframex.Message{nil}, 120), &tframex.Message{ID: list[7].ID, Role: tframex.RoleUser})
		for i := range 120 {
			bad[i] = text("more")
		}
		if err := s.Append(ctx, c.ID, bad...); !errors.As(err, &partial) || partial.Done != 99 || partial.Of != 121 || !errors.Is(err, repo.ErrExists) {
			t.Errorf("an append that fails in the middle: %v", err)
		}
	})
}

// A message is never before the last one, whatever the clocks say.
func TestAppendWithClocksApart(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx, c := t.Context(), conversation(t, s)
		base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i, offset := range []time.Duration{time.Hour, 0, -time.Hour, time.Hour, 2 * time.Hour} {
			other := storeOn(t, s.Client(), tframex.StoreOptions{Clock: func() time.Time { return base.Add(offset) }})
			must(t, other.Append(ctx, c.ID, text("%d", 2*i), text("%d", 2*i+1)))
		}
		list, err := s.LastMessages(ctx, c.ID, 100)
		must(t, err)
		for i, m := range list {
			if *m.Content != fmt.Sprint(i) || i > 0 && !m.CreatedAt.After(list[i-1].CreatedAt) {
				t.Errorf("message %d is %q of %v", i, *m.Content, m.CreatedAt)
			}
		}
		if len(list) != 10 || !list[9].CreatedAt.Equal(base.Add(2*time.Hour+time.Microsecond)) {
			t.Errorf("%d messages, the last of %v", len(list), list[len(list)-1].CreatedAt)
		}
	})
}

// What several programs append at the same time is in one order: what each appended is
// together, and no two messages have the same time.
func TestAppendTogether(t *testing.T) {
	const writers, each, size = 6, 8, 3
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) { appendTogether(t, s, writers, each, size) })
	t.Run("cluster", func(t *testing.T) {
		client, err := repo.New(redisd.StartCluster(t).Client(), repo.Config{Prefix: "c:"})
		must(t, err)
		defer client.Close()
		s := storeOn(t, client, tframex.StoreOptions{})
		appendTogether(t, s, writers, each, size)
		most(t, s)
	})
}

func appendTogether(t *testing.T, s *tframex.Store, writers, each, size int) {
	ctx, c := t.Context(), conversation(t, s)
	base := time.Now()
	var all sync.WaitGroup
	for w := range writers {
		skew := time.Duration(w) * 10 * time.Millisecond
		other := storeOn(t, s.Client(), tframex.StoreOptions{Clock: func() time.Time { return base.Add(skew) }})
		all.Go(func() {
			for i := range each {
				var list []*tframex.Message
				for j := range size {
					list = append(list, text("%d %d %d", w, i, j))
				}
				if err := other.Append(ctx, c.ID, list...); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	all.Wait()
	var list []*tframex.Message
	for m, err := range s.MessagesOf(c.ID).All(ctx) {
		must(t, err)
		list = append(list, m)
	}
	if len(list) != writers*each*size {
		t.Fatalf("%d messages, want %d", len(list), writers*each*size)
	}
	next := make([]int, writers)
	for at := 0; at < len(list); at += size {
		var w, i, j int
		if _, err := fmt.Sscan(*list[at].Content, &w, &i, &j); err != nil || j != 0 || i != next[w] {
			t.Fatalf("message %d is %q, want the first of a part, number %d", at, *list[at].Content, next[w])
		}
		next[w]++
		for k := range size {
			m := list[at+k]
			if want := fmt.Sprintf("%d %d %d", w, i, k); *m.Content != want {
				t.Errorf("message %d is %q, want %q", at+k, *m.Content, want)
			}
			if at+k > 0 && !m.CreatedAt.After(list[at+k-1].CreatedAt) {
				t.Errorf("message %d is of %v, the one before of %v", at+k, m.CreatedAt, list[at+k-1].CreatedAt)
			}
		}
	}
}

func TestDeleteConversation(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx, c, other := t.Context(), conversation(t, s), conversation(t, s)
		for _, id := range []string{c.ID, other.ID} {
			var list []*tframex.Message
			for i := range 210 {
				list = append(list, text("%d", i))
			}
			must(t, s.Append(ctx, id, list...))
		}
		if n, err := s.DeleteConversation(ctx, c.ID); n != 210 || err != nil {
			t.Errorf("DeleteConversation = %d, %v", n, err)
		}
		if n, err := s.CountMessages(ctx, c.ID); n != 0 || err != nil {
			t.Errorf("%d messages are left, %v", n, err)
		}
		if n, err := s.CountMessages(ctx, other.ID); n != 210 || err != nil {
			t.Errorf("the other conversation has %d messages, %v", n, err)
		}
		_, err := s.DeleteConversation(ctx, c.ID)
		wantError(t, err, repo.ErrNotFound)
		wantError(t, s.Append(ctx, c.ID, text("late")), repo.ErrNotFound)

		must(t, s.Conversations.Delete(ctx, other.ID)) // as if the end of a delete were left to do
		if n, err := s.DeleteConversation(ctx, other.ID); n != 210 || err != nil {
			t.Errorf("DeleteConversation of what is left = %d, %v", n, err)
		}
	})
}

// Appends while a conversation is deleted leave no message behind.
func TestDeleteWhileAppending(t *testing.T) {
	stores(t, tframex.StoreOptions{}, func(t *testing.T, s *tframex.Store) {
		ctx, c := t.Context(), conversation(t, s)
		var all sync.WaitGroup
		started := make(chan struct{}, 3)
		for range 3 {
			all.Go(func() {
				for n := 0; ; n++ {
					if n == 2 {
						started <- struct{}{}
					}
					if err := s.Append(ctx, c.ID, text("x"), text("y")); errors.Is(err, repo.ErrNotFound) {
						return
					} else if err != nil && !errors.Is(err, context.Canceled) {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 3 {
			<-started
		}
		if n, err := s.DeleteConversation(ctx, c.ID); n < 12 || err != nil {
			t.Errorf("DeleteConversation = %d, %v", n, err)
		}
		all.Wait()
		if n, err := s.CountMessages(ctx, c.ID); n != 0 || err != nil {
			t.Errorf("%d messages are left, %v", n, err)
		}
	})
}

// Without transactions messages are in order too, and each call's are there.
func TestFunctions(t *testing.T) {
	server := redisd.Start(t, redisd.User("app", "secret", "~*", "&*", "+@all", "-eval", "-evalsha", "-script"))
	client, err := repo.Open(t.Context(), repo.Config{URL: server.URL(), Functions: true, SweepInterval: -1})
	must(t, err)
	defer client.Close()
	s := storeOn(t, client, tframex.StoreOptions{})
	must(t, repo.LoadFunctions(t.Context(), client, &s.Conversations.Repository, &s.Messages.Repository, &s.TempData.Repository))
	ctx, c := t.Context(), conversation(t, s)
	for i := range 3 {
		must(t, s.Append(ctx, c.ID, text("%d", 2*i), text("%d", 2*i+1)))
	}
	list, err := s.LastMessages(ctx, c.ID, 10)
	must(t, err)
	if got := contents(list); !slices.Equal(got, []string{"0", "1", "2", "3", "4", "5"}) {
		t.Errorf("messages %v", got)
	}
	wantError(t, s.Append(ctx, "nobody", text("x")), repo.ErrNotFound)
	must(t, s.PutTemp(ctx, "k", 7, 0))
	if v, err := tframex.TakeTemp[int](ctx, s, "k"); v != 7 || err != nil {
		t.Errorf("TakeTemp = %v, %v", v, err)
	}
	_, err = tframex.TakeTemp[int](ctx, s, "k")
	wantError(t, err, repo.ErrNotFound)
	if n, err := s.DeleteConversation(ctx, c.ID); n != 6 || err != nil {
		t.Errorf("DeleteConversation = %d, %v", n, err)
	}
}
