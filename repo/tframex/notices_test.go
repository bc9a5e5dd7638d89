package tframex_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/event"
	"github.com/redisgen/redisgen/repo/tframex"
)

func TestNotices(t *testing.T) {
	stores(t, tframex.StoreOptions{Notify: true}, func(t *testing.T, s *tframex.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		c, f := conversation(t, s), &tframex.FlowExecution{FlowName: "f"}
		must(t, s.StartFlow(ctx, f))
		big := text("%s", strings.Repeat("x", 300<<10))
		appends := event.Ready(func() {
			must(t, s.Append(ctx, c.ID, text("1"), text("2")))
			must(t, s.Append(ctx, c.ID, big))
		})
		var got []tframex.ConversationNotice
		for m, err := range s.ConversationTopic(c.ID).Subscribe(ctx, appends) {
			must(t, err)
			if got = append(got, m.Value); len(got) == 2 {
				break
			}
		}
		if texts := contents(got[0].Messages); got[0].ConversationID != c.ID || len(got[0].IDs) != 2 || fmt.Sprint(texts) != "[1 2]" {
			t.Errorf("first notice: %+v", got[0])
		}
		if got[1].Messages != nil || len(got[1].IDs) != 1 || got[1].IDs[0] != big.ID {
			t.Errorf("notice of a large message: %+v", got[1].IDs)
		}
		ends := event.Ready(func() {
			_, err := s.SetFlowStatus(ctx, f.ID, tframex.FlowCancelled, tframex.FlowOutcome{})
			must(t, err)
		})
		for m, err := range s.FlowTopic(f.ID).Subscribe(ctx, ends) {
			must(t, err)
			if n := m.Value; n.FlowID != f.ID || n.From != tframex.FlowRunning || n.To != tframex.FlowCancelled || n.At.IsZero() || n.Duration <= 0 {
				t.Errorf("notice of a flow: %+v", n)
			}
			break
		}
	})
}

// Who follows a conversation gets every message once, in order: those that are there, and
// those that come, from several who append.
func TestFollow(t *testing.T) {
	stores(t, tframex.StoreOptions{Notify: true}, func(t *testing.T, s *tframex.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		c := conversation(t, s)
		first := text("0")
		must(t, s.Append(ctx, c.ID, first, text("1"), text("2")))
		go func() {
			for i := 3; i < 40; i++ {
				if err := s.Append(ctx, c.ID, text("%d", i)); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		}()
		next := 1
		for m, err := range s.Follow(ctx, c.ID, first.CreatedAt) {
			must(t, err)
			if *m.Content != fmt.Sprint(next) {
				t.Fatalf("message %s, want %d", *m.Content, next)
			}
			if next++; next == 40 {
				break
			}
		}
		if next != 40 {
			t.Errorf("%d messages", next)
		}
		for m, err := range s.Follow(ctx, c.ID, time.Time{}) {
			must(t, err)
			if *m.Content != "0" {
				t.Errorf("from the beginning: %s", *m.Content)
			}
			break // while what was there is read
		}
		short, stop := context.WithCancel(ctx)
		defer stop()
		var last error
		for _, err := range s.Follow(short, c.ID, time.Time{}) {
			last = err
			stop()
		}
		if !errors.Is(last, context.Canceled) {
			t.Errorf("the end: %v", last)
		}
	})
}
