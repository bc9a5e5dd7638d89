package repo

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// signInterval is how often a server is asked for a sign of life.
	signInterval = time.Second
	// silence is for how long none has come when the connection is given up.
	silence = 3 * time.Second
)

var (
	errSilent       = errors.New("the server does not answer")
	errUnsubscribed = errors.New("the server has ended the subscription, as it does when the slot has moved")
)

// listener returns the reader of messages of some shards. When it connects again, messages
// may have been lost: there is a gap then.
func (w *watching) listener(shards []int) eventReader {
	began := false
	return func(ctx context.Context, up func()) error {
		s, err := w.subscribe(ctx, shards)
		if err != nil {
			return err
		}
		defer s.close()
		if began {
			w.queue.skip(w.gap())
		}
		began = true
		up()
		return s.receive(ctx, w.hear)
	}
}

// hear takes a message.
func (w *watching) hear(text string) error {
	list, err := parseMessage(text)
	if err != nil {
		return err
	}
	e, err := w.parseEvent(list)
	if err == nil && w.pass(e) {
		w.queue.offer(e, w.gap())
	}
	return err
}

// subscription is to the channels of some shards, over one connection. go-redis would
// connect again by itself and tell nothing of it; this one ends when anything happens to
// the connection.
type subscription struct {
	pubsub *redis.PubSub
	heard  atomic.Int64 // when the server last sent something, in ns
	silent atomic.Bool
	cancel context.CancelFunc
	minder sync.WaitGroup
}

// subscribe returns a subscription that the server has confirmed.
func (w *watching) subscribe(ctx context.Context, shards []int) (*subscription, error) {
	channels := make([]string, len(shards))
	for i, shard := range shards {
		channels[i] = w.spaces[shard].events()
	}
	s := w.open(ctx, w.client.rdb.SSubscribe(ctx))
	err := s.confirm(ctx, len(channels), s.pubsub.SSubscribe(ctx, channels...))
	if err != nil && isReply(err) && strings.Contains(err.Error(), "nknown command") { // the embedded store: see event.lua
		s.close()
		s = w.open(ctx, w.client.rdb.Subscribe(ctx))
		err = s.confirm(ctx, len(channels), s.pubsub.Subscribe(ctx, channels...))
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// open takes a subscription to no channel yet into care: it is closed when ctx ends.
func (w *watching) open(ctx context.Context, pubsub *redis.PubSub) *subscription {
	s := &subscription{pubsub: pubsub}
	s.heard.Store(time.Now().UnixNano())
	ctx, s.cancel = context.WithCancel(ctx)
	s.minder.Go(func() { s.mind(ctx) })
	return s
}

func (s *subscription) close() {
	s.cancel()
	s.minder.Wait()
}

// mind asks for signs of life, and closes the connection when none come or ctx ends, so
// that who reads from it wakes up. A time limit for reading would not do: it may be up in
// the midst of a message.
func (s *subscription) mind(ctx context.Context) {
	defer s.pubsub.Close()
	tick := time.NewTicker(signInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if time.Since(time.Unix(0, s.heard.Load())) > silence {
			s.silent.Store(true)
			return
		}
		_ = s.pubsub.Ping(ctx) // what goes wrong, the reader sees
	}
}

// confirm waits until the server has confirmed so many channels; err is that of asking.
func (s *subscription) confirm(ctx context.Context, channels int, err error) error {
	for channels > 0 && err == nil {
		var got any
		if got, err = s.next(ctx); err == nil {
			if one, ok := got.(*redis.Subscription); ok && strings.HasSuffix(one.Kind, "unsubscribe") {
				err = errUnsubscribed
			} else if ok {
				channels--
			}
		}
	}
	return err
}

// receive hands on messages until something goes wrong.
func (s *subscription) receive(ctx context.Context, take func(string) error) error {
	for {
		got, err := s.next(ctx)
		if err != nil {
			return err
		}
		switch got := got.(type) {
		case *redis.Message:
			if err := take(got.Payload); err != nil {
				return err
			}
		case *redis.Subscription: // go-redis has connected again, or the slot has moved
			return errUnsubscribed
		}
	}
}

// next returns what the server sends next.
func (s *subscription) next(ctx context.Context) (any, error) {
	got, err := s.pubsub.ReceiveTimeout(ctx, 0)
	if err == nil {
		s.heard.Store(time.Now().UnixNano())
	}
	if s.silent.Load() {
		return nil, errSilent
	}
	return got, err
}
