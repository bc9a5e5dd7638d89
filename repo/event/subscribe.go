package event

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
)

// Message is what a subscriber receives: a value that was published, or the news that
// some may have been missed.
type Message[T any] struct {
	Topic string // the name of the topic that it was published to
	Value T
	// Gap: this is no message; messages may have been missed before it, because the
	// connection was lost or the subscriber was too slow. What they would have told has
	// to be found out in another way, such as by reading it.
	Gap bool
}

// ErrMessage: a message is too large or cannot be decoded. The next ones can be received.
var ErrMessage = errors.New("bad message")

// SubscribeOption changes one subscription.
type SubscribeOption func(*subscribing)

type subscribing struct {
	ready  func()
	buffer int
}

// Ready has f called, once for each loop and in its goroutine, when the subscription has
// begun: what is published from then on is received.
func Ready(f func()) SubscribeOption { return func(s *subscribing) { s.ready = f } }

// Buffer is how many messages wait for the subscriber at most. Default 1000.
func Buffer(n int) SubscribeOption { return func(s *subscribing) { s.buffer = max(1, n) } }

// Subscribe returns the messages that are published to the topic from when the loop
// begins on, until ctx ends:
//
//	for m, err := range orders.Subscribe(ctx) {
//		switch {
//		case errors.Is(err, event.ErrMessage):
//			continue // is logged
//		case err != nil:
//			return err
//		case m.Gap:
//			reload()
//		default:
//			handle(m.Value)
//		}
//	}
//
// A lost connection is restored, for as long as that takes, and then there is a message
// with Gap. A connection that is silent for some seconds counts as lost.
//
// Messages wait in memory for a subscriber that is slow. If more wait than [Buffer], those
// that come are dropped, with a Gap in their place: memory stays bounded, by Buffer times
// MaxSize, and Redis has no reason to close the connection.
//
// A message that cannot be decoded is an [ErrMessage], after which the loop goes on. Every
// other error is the last: that of ctx, [repo.ErrClosed], or one that the server replies
// with, such as NOPERM. Each loop has a connection of its own.
func (t *Topic[T]) Subscribe(ctx context.Context, opts ...SubscribeOption) iter.Seq2[Message[T], error] {
	subscribe := (*redis.PubSub).Subscribe
	if t.sharded() {
		subscribe = (*redis.PubSub).SSubscribe
	}
	return t.messages(ctx, t.channels()+t.name, subscribe, opts)
}

// SubscribeGlob is [Topic.Subscribe] for all topics below t whose names, after that of t
// and a dot, match a pattern: * any characters, also dots; ? one; [ab] one of them; a
// backslash before what stands for itself. [Quote] does that. On a cluster messages of
// different topics may change places.
//
// The error is [errors.ErrUnsupported] for topics with the option Sharded: Redis has no
// patterns of sharded channels.
func (t *Topic[T]) SubscribeGlob(ctx context.Context, glob string, opts ...SubscribeOption) iter.Seq2[Message[T], error] {
	if t.opts.Sharded {
		return func(yield func(Message[T], error) bool) {
			yield(Message[T]{}, t.failed(fmt.Errorf("%w: sharded topics have no patterns; leave Sharded out, or subscribe to each", errors.ErrUnsupported)))
		}
	}
	return t.messages(ctx, globs.Replace(t.channels()+t.name+".")+glob, (*redis.PubSub).PSubscribe, opts)
}

// failed wraps the error of a subscription.
func (t *Topic[T]) failed(err error) error {
	return fmt.Errorf("redisgen: Subscribe %q: %w", t.name, err)
}

// messages returns the messages of what subscribe subscribes to.
func (t *Topic[T]) messages(ctx context.Context, channel string, subscribe func(*redis.PubSub, context.Context, ...string) error, opts []SubscribeOption) iter.Seq2[Message[T], error] {
	s := subscribing{ready: func() {}, buffer: 1000}
	for _, o := range opts {
		o(&s)
	}
	return func(yield func(Message[T], error) bool) {
		l := &listener{
			client: t.client, log: t.opts.Logger.With("topic", t.name), queue: newQueue(s.buffer), begun: make(chan struct{}), most: t.opts.MaxSize,
			subscribe: func(ctx context.Context, ps *redis.PubSub) error { return subscribe(ps, ctx, channel) },
		}
		defer l.start(ctx)()
		if l.hasBegun() {
			s.ready()
		}
		for raw := range l.queue.items {
			if ctx.Err() != nil {
				break
			}
			if m, err := t.message(raw); !yield(m, err) {
				return
			}
		}
		yield(Message[T]{}, t.failed(l.end(ctx)))
	}
}

// message decodes a message.
func (t *Topic[T]) message(raw received) (m Message[T], err error) {
	if raw.gap {
		return Message[T]{Gap: true}, nil
	}
	name, ok := strings.CutPrefix(raw.channel, t.channels())
	m.Topic = name
	switch {
	case !ok:
		err = errors.New("it is of another keyspace")
	case raw.size > 0:
		err = fmt.Errorf("%w: %d bytes, MaxSize is %d", repo.ErrTooLarge, raw.size, t.opts.MaxSize)
	default:
		m.Value, err = t.opts.Codec.Decode([]byte(raw.data))
	}
	if err != nil {
		err = fmt.Errorf("redisgen: topic %q: %w: %w", name, ErrMessage, err)
	}
	return m, err
}
