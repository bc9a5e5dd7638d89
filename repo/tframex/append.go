package tframex

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// mostAppended is how many messages one transaction appends at most; the conversation is
// in it too.
const mostAppended = 99

// Append adds messages to the end of a conversation, in their order, and sets their
// ConversationID, CreatedAt and, where it is empty, ID. [repo.ErrNotFound] if there is no
// such conversation; [repo.ErrTooLarge] if a message has more than MaxMessageSize bytes.
// Then nothing is stored.
//
// The order is exact, whoever appends at the same time and whatever their clocks say:
// CreatedAt is the server's time, and at least 1 µs after that of the message before. The
// conversation's UpdatedAt becomes that of its last message.
//
// Up to 99 messages are stored all or none, in three round trips; of those who append to
// one conversation at the same time, one goes on and the others begin again, and the
// error after a hundred attempts is [repo.ErrConflict]. More than 99 are stored 99 at a
// time: if a later part fails, the error is a [*PartialError]. After [repo.ErrUncertain]
// the IDs of the messages tell whether they are there; all are, or none.
//
// With [repo.Config.Functions] there are no transactions. The order is then exact unless
// two programs append at the same time, whose messages may mix, each its own in order;
// and of a call that fails, a part may be stored. Four round trips for a hundred messages.
//
// With StoreOptions.Notify it then publishes a [ConversationNotice], in another round trip.
func (s *Store) Append(ctx context.Context, conversationID string, messages ...*Message) error {
	for i, m := range messages {
		if err := s.checkMessage(i, m); err != nil {
			return err
		}
		m.ConversationID = conversationID
	}
	done := 0
	for some := range slices.Chunk(messages, mostAppended) {
		err := s.appendTogether(ctx, conversationID, some)
		if errors.Is(err, repo.ErrFunctions) {
			err = s.appendApart(ctx, conversationID, some)
		}
		if err != nil && done > 0 {
			err = &PartialError{done, len(messages), err}
		}
		if err != nil && !errors.Is(err, repo.ErrNotDurable) {
			return err
		}
		done += len(some)
		s.publishMessages(ctx, conversationID, some)
		if err != nil {
			return err
		}
	}
	return nil
}

// errNil is what is wrong with a message that is none.
var errNil = errors.New("the message is nil")

// checkMessage checks that a message is there, and its size.
func (s *Store) checkMessage(i int, m *Message) error {
	if m == nil {
		return &repo.RecordError{Op: "Append", Entity: "messages", Err: fmt.Errorf("%w: number %d", errNil, i)}
	}
	if s.options.MaxMessageSize < 0 {
		return nil
	}
	size, err := messageSize(m)
	if err == nil && size > s.options.MaxMessageSize {
		err = fmt.Errorf("%w: message %d has %d bytes, at most %d", repo.ErrTooLarge, i, size, s.options.MaxMessageSize)
	}
	if err != nil {
		return &repo.RecordError{Op: "Append", Entity: "messages", ID: m.ID, Err: err}
	}
	return nil
}

// messageSize returns how many bytes the parts of a message have that have no limit of
// their own.
func messageSize(m *Message) (int, error) {
	size := 0
	if m.Content != nil {
		size = len(*m.Content)
	}
	for _, part := range []struct {
		has bool
		v   any
	}{{m.ToolCalls != nil, m.ToolCalls}, {m.Metadata != nil, m.Metadata}, {m.Extra != nil, m.Extra}} {
		if !part.has {
			continue
		}
		data, err := json.Marshal(part.v)
		if err != nil {
			return 0, err
		}
		size += len(data)
	}
	return size, nil
}

// appendTogether appends messages all or none. The last message is read after the
// conversation, which every append changes: if there is a later one when the transaction
// commits, the conversation is not as it was read.
func (s *Store) appendTogether(ctx context.Context, conversationID string, messages []*Message) error {
	return s.client.Tx(ctx, func(tx *repo.Tx) error {
		conversations := s.Conversations.InTx(tx)
		c, err := conversations.Get(conversationID)
		if err != nil {
			return err
		}
		if err := s.date(ctx, conversationID, messages); err != nil {
			return err
		}
		for _, m := range messages {
			if err := s.Messages.InTx(tx).Create(m); err != nil {
				return err
			}
		}
		c.UpdatedAt = new(messages[len(messages)-1].CreatedAt)
		return conversations.Update(c, repo.KeepTimes())
	})
}

// appendApart appends messages without a transaction.
func (s *Store) appendApart(ctx context.Context, conversationID string, messages []*Message) error {
	if _, err := s.Conversations.Mutate(ctx, conversationID, func(*Conversation) error { return nil }); err != nil {
		return err
	}
	if err := s.date(ctx, conversationID, messages); err != nil {
		return err
	}
	return s.Messages.CreateMany(ctx, messages)
}

// date gives messages their times: now, one after the other, and after the last message.
func (s *Store) date(ctx context.Context, conversationID string, messages []*Message) error {
	now, err := s.clock.now(ctx)
	if err != nil {
		return err
	}
	last, err := MessageFields.CreatedAt.Max(ctx, s.Messages.Where(MessageFields.ConversationID.Eq(conversationID)))
	if err != nil && !errors.Is(err, repo.ErrNotFound) {
		return err
	}
	if err == nil && !now.After(last) {
		now = last.Add(time.Microsecond)
	}
	for i, m := range messages {
		m.CreatedAt = now.Add(time.Duration(i) * time.Microsecond)
	}
	return nil
}
