package agents

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
)

const (
	rooms    = 6   // conversations that are followed
	fewTalks = 32  // of which none is deleted
	allTalks = 96  // conversations at a time
	agents   = 5   // who answer in them
	longTalk = 150 // messages of which a conversation is read no more
)

// talk is a conversation and what was appended to it.
type talk struct {
	id, user string

	mu      sync.Mutex
	made    call
	said    []*said
	closing bool // somebody deletes it
	gone    call // the call that has deleted it
}

// talks are all conversations.
type talks struct {
	mu        sync.Mutex
	open      []*talk // messages are appended to them
	rooms     []*talk // and to these
	closing   []*talk // to be deleted
	gone      []*talk // deleted since the last round
	followers []*follower
}

// history returns what was appended, as it is known now.
func (k *talk) history() (list []said) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.said {
		list = append(list, *s)
	}
	return list
}

// isClosing tells whether the conversation is or may be deleted, or may never have been.
func (k *talk) isClosing() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closing
}

// lines returns messages as the checks take them.
func lines(messages []*tframex.Message) (list []line) {
	for _, m := range messages {
		l := line{id: m.ID, at: m.CreatedAt}
		if m.Content != nil {
			l.text = *m.Content
		}
		list = append(list, l)
	}
	return list
}

// anyTalk returns a conversation to append to.
func (w *worker) anyTalk() *talk {
	w.talks.mu.Lock()
	defer w.talks.mu.Unlock()
	if w.random.IntN(4) == 0 || len(w.talks.open) == 0 {
		return pick(w, w.talks.rooms)
	}
	return pick(w, w.talks.open)
}

// say appends some messages.
func (w *worker) say() {
	k := w.anyTalk()
	n := 1 + w.random.IntN(3)
	if w.random.IntN(100) == 0 {
		n = 40
	}
	w.append(k, n)
}

// append appends n messages, and returns what became of that.
func (w *worker) append(k *talk, n int) outcome {
	s := &said{call: call{began: time.Now(), what: pending}}
	var messages []*tframex.Message
	for i := range n {
		id := w.next()
		s.ids = append(s.ids, id)
		messages = append(messages, &tframex.Message{ID: id, Role: []tframex.MessageRole{tframex.RoleUser, tframex.RoleAssistant}[i%2], Content: new(textOf(id))})
	}
	k.mu.Lock()
	k.said = append(k.said, s)
	k.mu.Unlock()
	c, err := w.call("append", func(ctx context.Context) error { return w.store.Append(ctx, k.id, messages...) }, repo.ErrNotFound)
	k.mu.Lock()
	defer k.mu.Unlock()
	if s.call = c; c.what == good && err != nil {
		s.what = refused
		if !k.closing {
			w.t.Errorf("%s: conversation %s: %v", w.name, k.id, err)
		}
	}
	return s.what
}

// converse begins a conversation.
func (w *worker) converse() {
	w.talks.mu.Lock()
	full := len(w.talks.open) >= allTalks
	w.talks.mu.Unlock()
	if !full {
		w.begin(w.next(), &w.talks.open)
	}
}

// begin makes a conversation; one that may not be there is to be deleted.
func (w *worker) begin(id string, to *[]*talk) *talk {
	k := &talk{id: id, user: w.user}
	agent := fmt.Sprint("agent", w.random.IntN(agents))
	k.made, _ = w.call("converse", func(ctx context.Context) error {
		return w.store.Conversations.Create(ctx, &tframex.Conversation{ID: id, UserID: &w.user, AgentName: agent})
	})
	w.talks.mu.Lock()
	defer w.talks.mu.Unlock()
	switch {
	case k.made.what == good:
		*to = append(*to, k)
	case k.made.maybe():
		k.closing = true
		w.talks.closing = append(w.talks.closing, k)
	}
	return k
}

// forget deletes a conversation, or goes on to.
func (w *worker) forget() {
	w.talks.mu.Lock()
	var k *talk
	if n := len(w.talks.closing); n > 0 {
		k, w.talks.closing = w.talks.closing[0], w.talks.closing[1:]
	} else if n := len(w.talks.open); n > fewTalks {
		i := w.random.IntN(n)
		k = w.talks.open[i]
		w.talks.open = slices.Delete(w.talks.open, i, i+1)
	}
	w.talks.mu.Unlock()
	if k == nil {
		return
	}
	k.mu.Lock()
	again := k.closing
	k.closing = true
	k.mu.Unlock()
	c, err := w.call("forget", func(ctx context.Context) error {
		_, err := w.store.DeleteConversation(ctx, k.id)
		return err
	}, repo.ErrNotFound)
	if c.what == good && err != nil && !again {
		w.t.Errorf("%s: conversation %s is lost", w.name, k.id)
	}
	w.talks.mu.Lock()
	defer w.talks.mu.Unlock()
	if c.what == good {
		k.gone = c
		w.talks.gone = append(w.talks.gone, k)
	} else {
		w.talks.closing = append(w.talks.closing, k)
	}
}

// read walks through a conversation in pages.
func (w *worker) read() {
	k := w.anyTalk()
	if len(k.history()) > longTalk {
		return
	}
	var got []line
	c, err := w.call("read", func(ctx context.Context) error {
		got = nil
		for cursor := ""; ; {
			page, err := w.store.MessagesOf(k.id).Limit(20).After(cursor).Page(ctx)
			if err != nil {
				return err
			}
			got = append(got, lines(page.Items)...)
			if cursor = page.Next; cursor == "" {
				return nil
			}
		}
	})
	if err == nil && !k.isClosing() {
		w.problems("conversation "+k.id+" as "+w.name+" reads it", checkTalk(k.history(), got, c.began))
	}
}

// last reads the end of a conversation.
func (w *worker) last() {
	k := w.anyTalk()
	var got []*tframex.Message
	_, err := w.call("last messages", func(ctx context.Context) (err error) { got, err = w.store.LastMessages(ctx, k.id, 5); return err })
	if err == nil {
		w.problems("the end of conversation "+k.id, checkOrder(lines(got)))
	}
}

// count counts the messages of a conversation.
func (w *worker) count() {
	k := w.anyTalk()
	var got int64
	c, err := w.call("count messages", func(ctx context.Context) (err error) { got, err = w.store.CountMessages(ctx, k.id); return err })
	low, high := int64(0), int64(0)
	for _, s := range k.history() {
		if s.before(c.began) {
			low += int64(len(s.ids))
		}
		if s.what != refused && s.began.Before(c.ended) {
			high += int64(len(s.ids))
		}
	}
	if err == nil && !k.isClosing() && (got < low || got > high) {
		w.t.Errorf("conversation %s has %d messages, want %d to %d", k.id, got, low, high)
	}
}

// listTalks lists the conversations of the worker's user.
func (w *worker) listTalks() {
	var got []*tframex.Conversation
	c, err := w.call("list talks", func(ctx context.Context) error {
		page, err := w.store.ConversationsOfUser(w.user).Limit(100).Page(ctx)
		got = page.Items
		return err
	})
	if err != nil {
		return
	}
	there := map[string]bool{}
	for i, one := range got {
		there[one.ID] = true
		if i > 0 && one.CreatedAt.After(got[i-1].CreatedAt) {
			w.t.Errorf("%s: conversation %s comes behind an older one", w.name, one.ID)
		}
	}
	w.talks.mu.Lock()
	defer w.talks.mu.Unlock()
	for _, k := range w.talks.open {
		if k.user == w.user && len(got) < 100 && !there[k.id] && !k.isClosing() && k.made.before(c.began) {
			w.t.Errorf("%s: conversation %s is not listed", w.name, k.id)
		}
	}
	for _, k := range w.talks.gone {
		if there[k.id] && k.gone.before(c.began) {
			w.t.Errorf("%s: conversation %s is deleted and listed", w.name, k.id)
		}
	}
}
