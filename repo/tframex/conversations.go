package tframex

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// ConversationsOfUser returns the query for a user's conversations, newest first.
func (s *Store) ConversationsOfUser(userID string) *repo.Query[*Conversation, string] {
	return newest(s.Conversations.Where(ConversationFields.UserID.Eq(userID)), ConversationFields.CreatedAt)
}

// ConversationsOfAgent returns the query for an agent's conversations, newest first.
func (s *Store) ConversationsOfAgent(agent string) *repo.Query[*Conversation, string] {
	return newest(s.Conversations.Where(ConversationFields.AgentName.Eq(agent)), ConversationFields.CreatedAt)
}

// MessagesOf returns the query for the messages of a conversation, in order. What was
// appended together is together, and nothing is ever appended before what a query has
// returned: a cursor misses no message.
func (s *Store) MessagesOf(conversationID string) *repo.Query[*Message, string] {
	return s.Messages.Where(MessageFields.ConversationID.Eq(conversationID)).OrderBy(MessageFields.CreatedAt.Asc())
}

// MessagesSince is [Store.MessagesOf] for those after a time: that of the last message
// seen. The zero time is before all.
func (s *Store) MessagesSince(conversationID string, t time.Time) *repo.Query[*Message, string] {
	if t.IsZero() {
		return s.MessagesOf(conversationID)
	}
	return s.Messages.Where(MessageFields.ConversationID.Eq(conversationID), MessageFields.CreatedAt.Gt(t)).OrderBy(MessageFields.CreatedAt.Asc())
}

// LastMessages returns the last n messages of a conversation, in order; n is 1000 at most.
// Round trips as a page has.
func (s *Store) LastMessages(ctx context.Context, conversationID string, n int) ([]*Message, error) {
	page, err := s.MessagesOf(conversationID).Before("").Limit(n).Page(ctx)
	return page.Items, err
}

// CountMessages returns how many messages a conversation has. One round trip.
func (s *Store) CountMessages(ctx context.Context, conversationID string) (int64, error) {
	return s.MessagesOf(conversationID).Count(ctx)
}

// errMore is what ends a transaction that would leave messages behind.
var errMore = errors.New("there are messages")

// DeleteConversation removes a conversation and its messages, and returns how many
// messages were removed. [repo.ErrNotFound] if there is neither.
//
// Messages go first, a hundred at a time, in two round trips each; then the conversation,
// in three, if none was appended meanwhile, else it goes on. So if the call fails, what is
// left is a conversation with fewer messages, and calling it again goes on. An append at
// the same time is removed with the rest or fails with [repo.ErrNotFound]; no message
// stays behind.
func (s *Store) DeleteConversation(ctx context.Context, conversationID string) (messages int64, err error) {
	for {
		progress, err := s.Messages.Where(MessageFields.ConversationID.Eq(conversationID)).Delete(ctx)
		messages += progress.Done
		if err != nil {
			return messages, err
		}
		err = s.deleteEmpty(ctx, conversationID)
		switch {
		case errors.Is(err, errMore):
			continue
		case errors.Is(err, repo.ErrNotFound) && messages > 0: // the end of a delete that was interrupted
			return messages, nil
		}
		return messages, err
	}
}

// deleteEmpty removes a conversation without messages.
func (s *Store) deleteEmpty(ctx context.Context, conversationID string) error {
	err := s.client.Tx(ctx, func(tx *repo.Tx) error {
		conversations := s.Conversations.InTx(tx)
		if _, err := conversations.Get(conversationID); err != nil {
			return err
		}
		// An append changes the conversation, so that what is found holds for the commit.
		if more, err := s.MessagesOf(conversationID).Exists(ctx); err != nil || more {
			return errors.Join(err, errIf(more, errMore))
		}
		return conversations.Delete(conversationID)
	})
	if errors.Is(err, repo.ErrFunctions) {
		return s.Conversations.Delete(ctx, conversationID)
	}
	return err
}

func errIf(is bool, err error) error {
	if is {
		return err
	}
	return nil
}

// PartialError is the error of an append of which a part is stored.
type PartialError struct {
	Done int // messages, from the first on, that are stored
	Of   int
	Err  error
}

func (e *PartialError) Error() string {
	return fmt.Sprintf("tframex: the first %d of %d messages are stored: %v", e.Done, e.Of, e.Err)
}

// Unwrap returns why the others are not.
func (e *PartialError) Unwrap() error { return e.Err }
