package storm

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

const (
	talks  = 4  // conversations of a writer
	length = 40 // messages of a conversation
)

// talk is a conversation and what is known of its messages.
type talk struct {
	id           string
	said, unsure map[string]bool
}

// talker begins conversations, has messages in them, and deletes the oldest.
type talker struct {
	conversations *places.Conversations
	messages      *places.Messages
	name          string
	made          int
	list          []*talk
	gone          []string // deleted
	missing       int      // conversations that were acknowledged and are not there
}

func newTalker(client *repo.Client, name string) *talker {
	return &talker{conversations: places.NewConversations(client), messages: places.NewMessages(client), name: name}
}

func (k *talker) write(ctx context.Context) error {
	if len(k.list) > talks {
		return k.forget(ctx)
	}
	if len(k.list) == 0 || k.last().count() >= length {
		return k.converse(ctx)
	}
	talk := k.last()
	k.made++
	m := &places.Message{ConversationID: talk.id, ID: fmt.Sprint(k.made), Role: []string{"user", "bot"}[k.made%2], Text: "Hello."}
	err := k.messages.Create(ctx, m)
	switch what, _ := outcomeOf(err); {
	case what == good:
		talk.said[m.ID] = true
	case what != refused:
		talk.unsure[m.ID] = true
	case errors.Is(err, repo.ErrReference): // the conversation is lost
		k.drop(len(k.list) - 1)
		return nil
	}
	return err
}

func (k *talker) last() *talk { return k.list[len(k.list)-1] }

func (t *talk) count() int { return len(t.said) + len(t.unsure) }

// drop notes that a conversation is lost, with all that was said in it.
func (k *talker) drop(i int) {
	k.missing += 1 + len(k.list[i].said)
	k.list = slices.Delete(k.list, i, i+1)
}

func (k *talker) converse(ctx context.Context) error {
	k.made++
	id := fmt.Sprintf("%s.%d", k.name, k.made)
	err := k.conversations.Create(ctx, &places.Conversation{ID: id, UserID: k.name, Slug: &id})
	if err == nil {
		k.list = append(k.list, &talk{id, map[string]bool{}, map[string]bool{}})
	}
	return err
}

// forget deletes the oldest conversation, and its messages with it.
func (k *talker) forget(ctx context.Context) error {
	oldest := k.list[0]
	err := k.conversations.Delete(ctx, oldest.id)
	if errors.Is(err, repo.ErrNotFound) {
		k.drop(0)
		return nil
	}
	if what, _ := outcomeOf(err); what != refused {
		k.list = k.list[1:]
	}
	if err == nil {
		k.gone = append(k.gone, oldest.id)
	}
	return err
}

func (k *talker) check(ctx context.Context) (lost int, problems []string) {
	lost, k.missing = k.missing, 0
	for _, talk := range k.list {
		n, err := talk.check(ctx, k.messages)
		lost += n
		if err != nil {
			problems = append(problems, err.Error())
		}
	}
	for _, id := range k.gone {
		switch there, err := k.conversations.Exists(ctx, id); {
		case err != nil:
			problems = append(problems, err.Error())
		case there:
			lost++ // that it was deleted
		}
	}
	k.gone = nil
	return lost, problems
}

// check compares what is there of a conversation with what was said, and goes on
// from that.
func (t *talk) check(ctx context.Context, messages *places.Messages) (lost int, err error) {
	there := map[string]bool{}
	for key, err := range messages.Where(places.MessageFields.ConversationID.Eq(t.id)).IDs(ctx) {
		if err != nil {
			return 0, err
		}
		if !t.said[key.ID] && !t.unsure[key.ID] {
			return 0, fmt.Errorf("conversation %s has message %s, which was refused", t.id, key.ID)
		}
		there[key.ID] = true
	}
	for id := range t.said {
		if !there[id] {
			lost++
		}
	}
	t.said, t.unsure = there, map[string]bool{}
	return lost, nil
}
