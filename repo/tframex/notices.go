package tframex

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/redisgen/redisgen/repo/event"
)

// ConversationNotice tells that messages were appended to a conversation.
type ConversationNotice struct {
	ConversationID string `json:"conversation_id"`
	// IDs are those of the messages, in order.
	IDs []string `json:"ids"`
	// Messages are the messages themselves; nil if they have more than 256 KiB together:
	// then they have to be read.
	Messages []*Message `json:"messages,omitempty"`
}

// mostNoticed is how many bytes of messages a notice has at most.
const mostNoticed = 256 << 10

// FlowNotice tells that the status of a flow's run has changed.
type FlowNotice struct {
	FlowID   string        `json:"flow_id"`
	From     FlowStatus    `json:"from"`
	To       FlowStatus    `json:"to"`
	At       time.Time     `json:"at"`
	Duration time.Duration `json:"duration,omitempty"` // in ns; 0 unless it has ended
}

// ConversationTopic returns the topic that tells of messages appended to a conversation,
// if StoreOptions.Notify is on where they are.
//
// It is a hint: a notice is lost if nobody listens, if the connection is lost, which
// the subscriber sees as a Gap, or if the program that appends dies before it has
// published; and notices of two programs may come in another order than their messages.
// [Store.Follow] makes a stream of it that misses nothing.
func (s *Store) ConversationTopic(conversationID string) *event.Topic[ConversationNotice] {
	return s.conversations.Sub(conversationID)
}

// FlowTopic returns the topic that tells of the statuses of a flow's run, if
// StoreOptions.Notify is on where they change. Notices may be lost, as those of
// [Store.ConversationTopic]: after a Gap, read the run.
func (s *Store) FlowTopic(flowID string) *event.Topic[FlowNotice] {
	return s.flows.Sub(flowID)
}

// Follow returns the messages of a conversation after a time, the zero time for all, and
// then those that are appended, in order and each once, until ctx ends, which is the last
// error. Notices only wake it: it reads what is new, so that it misses nothing that a
// notice or a lost connection has not told, but may yield it only with the next one.
// It holds a connection for notices, and reads a page for each. Messages that are appended
// with [repo.Config.Functions], or by other means than [Store.Append], may come before one
// that was seen, and are then missed.
//
//	for m, err := range store.Follow(ctx, id, lastSeen) {
func (s *Store) Follow(ctx context.Context, conversationID string, after time.Time) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		read := func() (more bool) {
			for m, err := range s.MessagesSince(conversationID, after).All(ctx) {
				if !yield(m, err) || err != nil {
					return false
				}
				after = m.CreatedAt
			}
			return true
		}
		// What is appended from when the subscription has begun on is told; what was before, is read.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		ended := false
		begun := event.Ready(func() {
			if ended = !read(); ended {
				cancel()
			}
		})
		for _, err := range s.ConversationTopic(conversationID).Subscribe(ctx, begun) {
			switch {
			case ended:
				return
			case errors.Is(err, event.ErrMessage): // something was told
			case err != nil:
				yield(nil, err)
				return
			}
			if !read() {
				return
			}
		}
	}
}

// publishMessages tells of messages that were appended, if that is wanted. The messages
// are stored: that nobody hears of it is no error.
func (s *Store) publishMessages(ctx context.Context, conversationID string, messages []*Message) {
	if !s.options.Notify {
		return
	}
	n := ConversationNotice{ConversationID: conversationID}
	size := 0
	for _, m := range messages {
		n.IDs = append(n.IDs, m.ID)
		data, err := json.Marshal(m)
		if size += len(data); err != nil {
			size = mostNoticed + 1
		}
	}
	if size <= mostNoticed {
		n.Messages = messages
	}
	_, err := s.ConversationTopic(conversationID).Publish(ctx, n)
	s.publishing.note(s.options.Logger, "publishing of notices", err)
}

// publishStatus tells of a status, if that is wanted.
func (s *Store) publishStatus(ctx context.Context, n FlowNotice) {
	if !s.options.Notify {
		return
	}
	_, err := s.FlowTopic(n.FlowID).Publish(ctx, n)
	s.publishing.note(s.options.Logger, "publishing of notices", err)
}
