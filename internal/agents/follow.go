package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/event"
)

// follow sends what is appended until ctx ends, the client goes, or it may not read on.
func (st *stream) follow(ctx context.Context) error {
	news := st.news(ctx)
	heartbeat := time.NewTicker(st.s.heartbeat)
	defer heartbeat.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-news:
		case <-heartbeat.C:
			if err := st.beat(ctx); err != nil {
				return err
			}
		}
		if err := st.catchUp(ctx); err != nil {
			return err
		}
	}
}

// news returns a channel that has something whenever there may be new messages: after the
// subscription has begun, after each notice, and after a gap between them.
func (st *stream) news(ctx context.Context) <-chan struct{} {
	news := make(chan struct{}, 1) // that there is something is told once
	tell := func() {
		select {
		case news <- struct{}{}:
		default:
		}
	}
	go func() {
		for _, err := range st.s.store.ConversationTopic(st.conversation).Subscribe(ctx, event.Ready(tell)) {
			if err != nil && !errors.Is(err, event.ErrMessage) {
				if ctx.Err() == nil {
					slog.Warn("no notices; heartbeats have to do", "conversation", st.conversation, "error", err)
				}
				return
			}
			tell()
		}
	}()
	return news
}

// catchUp sends the messages that were not sent yet. If the store cannot be read, the next
// heartbeat tries again.
func (st *stream) catchUp(ctx context.Context) error {
	for m, err := range st.s.store.MessagesSince(st.conversation, st.seen).All(ctx) {
		if err != nil {
			slog.Warn("messages cannot be read", "conversation", st.conversation, "error", err)
			return nil
		}
		if err := st.message(m); err != nil {
			return err
		}
	}
	return nil
}

// beat tells the client that the connection lives, and ends the stream of a caller who is
// signed out or may not read any more, or of a conversation that is gone.
func (st *stream) beat(ctx context.Context) error {
	c, err := st.s.goesOn(ctx, st.caller.session)
	if err == nil && !c.can("conversations:read") {
		return notAllowed
	}
	if err == nil {
		_, err = st.s.store.Conversations.Get(ctx, st.conversation)
	}
	if errors.Is(err, signInFirst) || errors.Is(err, repo.ErrNotFound) {
		return err
	}
	return st.send(": heartbeat\n\n")
}
