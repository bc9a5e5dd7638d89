package agents

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// follower follows a conversation, and begins again where it was when that fails.
type follower struct {
	talk *talk
	stop context.CancelFunc
	done chan struct{}

	mu   sync.Mutex
	saw  []line
	last time.Time
}

// openRooms begins the conversations that are followed.
func (w *world) openRooms() {
	w.t.Helper()
	for i := range rooms {
		one := w.workers[i]
		var k *talk
		eventually(w.t, func() string { return "a conversation is made" }, func() bool {
			k = one.begin(one.next(), &w.talks.rooms)
			return k.made.what == good
		})
		ctx, stop := context.WithCancel(w.ctx)
		f := &follower{talk: k, stop: stop, done: make(chan struct{})}
		w.talks.followers = append(w.talks.followers, f)
		go f.follow(ctx, w)
	}
}

// follow notes what it sees until ctx ends.
func (f *follower) follow(ctx context.Context, w *world) {
	defer close(f.done)
	for ctx.Err() == nil {
		for m, err := range w.store.Follow(ctx, f.talk.id, f.since()) {
			if err != nil {
				if ctx.Err() == nil && !passing(err) {
					w.t.Errorf("a follower: %v", err)
				}
				break
			}
			f.mu.Lock()
			f.saw, f.last = append(f.saw, line{m.ID, *m.Content, m.CreatedAt}), m.CreatedAt
			f.mu.Unlock()
		}
		pass(ctx, 50*time.Millisecond)
	}
}

func (f *follower) since() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *follower) seen() []line {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]line{}, f.saw...)
}

func (t *talks) endFollowers() {
	for _, f := range t.followers {
		f.stop()
		<-f.done
	}
	t.followers = nil
}

// checkTalks compares all conversations with what was appended, and those that are followed
// with what their followers have seen; then new ones take their places.
func (w *world) checkTalks() {
	w.t.Helper()
	messages := 0
	check := func(k *talk) []line {
		var got []line
		w.calm("read "+k.id, func(ctx context.Context) error {
			got = nil
			for m, err := range w.store.MessagesOf(k.id).All(ctx) {
				if err != nil {
					return err
				}
				got = append(got, line{m.ID, *m.Content, m.CreatedAt})
			}
			return nil
		})
		messages += len(got)
		w.problems("conversation "+k.id, checkTalk(k.history(), got, time.Now()))
		w.counts("messages of "+k.id, len(got), func(ctx context.Context) (int64, error) { return w.store.CountMessages(ctx, k.id) })
		return got
	}
	for _, k := range w.talks.closing {
		w.remove(k)
		w.talks.gone = append(w.talks.gone, k)
	}
	for _, k := range w.talks.gone {
		w.counts("messages of "+k.id+", which is deleted", 0, func(ctx context.Context) (int64, error) { return w.store.CountMessages(ctx, k.id) })
	}
	w.talks.closing, w.talks.gone = nil, nil
	for _, k := range w.talks.open {
		k.settle(check(k))
	}
	for i, f := range w.talks.followers {
		eventually(w.t, func() string { return "the last message of " + f.talk.id }, func() bool { // it wakes the follower
			return w.workers[i].append(f.talk, 1) == good
		})
		there := check(f.talk)
		eventually(w.t, func() string { return "the follower of " + f.talk.id + " sees the last message" }, func() bool {
			return len(there) == 0 || !f.since().Before(there[len(there)-1].at)
		})
		w.problems("the follower of "+f.talk.id, checkFollower(f.talk.history(), f.seen(), there))
	}
	w.counts("messages", messages, w.store.Messages.Where().Count)
	w.counts("conversations", len(w.talks.open)+len(w.talks.rooms), w.store.Conversations.Where().Count)
	w.closeRooms()
	w.openRooms()
}

// settle takes what is there of a conversation for known.
func (k *talk) settle(got []line) {
	there := map[string]bool{}
	for _, l := range got {
		there[l.id] = true
	}
	k.said = slices.DeleteFunc(k.said, func(s *said) bool { return !there[s.ids[0]] })
	for _, s := range k.said {
		s.what = good
	}
}

// closeRooms ends the followers and deletes what they have followed.
func (w *world) closeRooms() {
	w.t.Helper()
	w.talks.endFollowers()
	for _, k := range w.talks.rooms {
		w.remove(k)
	}
	w.talks.rooms = nil
}

// remove deletes a conversation, and sees that it is gone.
func (w *world) remove(k *talk) {
	w.t.Helper()
	w.calm(fmt.Sprint("delete ", k.id), func(ctx context.Context) error {
		_, err := w.store.DeleteConversation(ctx, k.id)
		return err
	}, repo.ErrNotFound)
}
