package event

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
)

// heartbeat is how often a connection is asked whether it is still there. One that has
// said nothing for twice as long is lost.
const heartbeat = 2 * time.Second

// The longest pause before a connection is made again, and before another attempt to
// append.
const maxPause, maxWait = time.Second, 16 * time.Millisecond

// received is a message as it came, or a gap.
type received struct {
	channel, data string
	size          int // if it was too large, and dropped
	gap           bool
}

// queue holds messages until they are taken. It has one writer.
type queue struct {
	items  chan received // with room for a gap behind the last message
	broken bool          // the last one written is a gap
}

func newQueue(size int) *queue { return &queue{items: make(chan received, size+1)} }

// put adds a message; in place of one for which there is no room, a gap.
func (q *queue) put(r received) {
	switch {
	case len(q.items) >= cap(q.items)-1:
		q.gap()
	default:
		q.items <- r
		q.broken = false
	}
}

// gap adds a gap, unless the one before says the same.
func (q *queue) gap() {
	if !q.broken {
		q.items <- received{gap: true}
		q.broken = true
	}
}

// listener receives messages, over one connection after the other.
type listener struct {
	client    *repo.Client
	log       *slog.Logger
	subscribe func(context.Context, *redis.PubSub) error
	queue     *queue
	most      int // bytes of a message

	begun chan struct{} // closed when it has subscribed
	ended chan struct{} // closed when it has ended
	again bool          // it had before
	lost  error         // why there is no connection now; nil: there is, or nobody was told
	err   error         // what it has ended with
}

// start begins to listen; the function that it returns ends that, and waits until it has.
func (l *listener) start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	l.ended = make(chan struct{})
	go func() {
		defer close(l.ended)
		l.err = l.run(ctx)
		close(l.queue.items) // whoever waits for the next message looks at err
	}()
	return func() {
		cancel()
		<-l.ended
	}
}

// hasBegun waits until it has subscribed, and tells whether it has.
func (l *listener) hasBegun() bool {
	select {
	case <-l.begun:
		return true
	case <-l.ended:
		return false
	}
}

// end returns what the listener has ended with, or is about to.
func (l *listener) end(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.err
}

// run listens until that cannot go on.
func (l *listener) run(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		err := unusable(ctx, l.client)
		if err == nil {
			err = l.listen(ctx, &attempt)
		}
		if last := unusable(ctx, l.client); last != nil {
			return last
		}
		if errors.Is(err, redis.ErrClosed) {
			return repo.ErrClosed
		}
		if isFinal(err) {
			return err
		}
		if l.lost == nil {
			l.lost = err
			l.log.WarnContext(ctx, "redisgen: subscription lost", "error", err)
		}
		if cluster, ok := l.client.Redis().(*redis.ClusterClient); ok {
			cluster.ReloadState(ctx) // the channel may be elsewhere now
		}
		if err := pause(ctx, attempt, maxPause); err != nil {
			return err
		}
	}
}

// The reasons to make a new connection that are no errors of the one before.
var (
	errSilent = errors.New("the server does not answer")
	errGone   = errors.New("the server has ended the subscription")
)

// listen receives messages over one connection until it fails.
func (l *listener) listen(ctx context.Context, attempt *int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ps := l.client.Redis().Subscribe(ctx) // to nothing yet
	defer ps.Close()
	defer context.AfterFunc(ctx, func() { _ = ps.Close() })() // which ends Receive
	if err := l.subscribe(ctx, ps); err != nil {
		return err
	}
	var heard atomic.Bool
	beating := make(chan struct{})
	defer func() { cancel(nil); <-beating }()
	go func() {
		defer close(beating)
		l.watch(ctx, ps, &heard, cancel)
	}()
	for first := true; ; {
		m, err := ps.Receive(ctx)
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if err != nil {
			return err
		}
		heard.Store(true)
		switch m := m.(type) {
		case *redis.Subscription:
			if !first {
				return errGone // or made again by go-redis
			}
			first, *attempt = false, 0
			l.subscribed(ctx)
		case *redis.Message:
			l.take(m)
		}
	}
}

// subscribed notes that messages come from now on.
func (l *listener) subscribed(ctx context.Context) {
	if l.lost != nil {
		l.log.InfoContext(ctx, "redisgen: subscription restored")
		l.lost = nil
	}
	if l.again {
		l.queue.gap()
		return
	}
	l.again = true
	close(l.begun)
}

// take has a message wait to be taken.
func (l *listener) take(m *redis.Message) {
	r := received{channel: m.Channel, data: m.Payload}
	if l.most > 0 && len(m.Payload) > l.most {
		r.data, r.size = "", len(m.Payload)
	}
	l.queue.put(r)
}

// watch ends a connection that has gone silent, or whose client was closed.
func (l *listener) watch(ctx context.Context, ps *redis.PubSub, heard *atomic.Bool, cancel context.CancelCauseFunc) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for silent := 0; silent < 2; {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		silent++
		if heard.Swap(false) {
			silent = 0
		}
		if unusable(ctx, l.client) != nil {
			break
		}
		_ = ps.Ping(ctx) // if it fails, so does Receive
	}
	cancel(errSilent)
}

// passing are the replies of servers that will do what they are asked later, or another
// of which does.
var passing = []string{"MOVED ", "ASK ", "LOADING ", "MASTERDOWN ", "CLUSTERDOWN ", "TRYAGAIN ", "READONLY ", "BUSY ", "ERR max number of clients reached"}

// isFinal tells whether a subscription that failed would fail again.
func isFinal(err error) bool {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return false
	}
	for _, p := range passing {
		if strings.HasPrefix(reply.Error(), p) {
			return false
		}
	}
	return true
}

// pause waits before the next attempt: longer each time, up to a limit, and by chance.
func pause(ctx context.Context, attempt int, most time.Duration) error {
	wait := min(time.Millisecond<<min(attempt, 20), most)
	timer := time.NewTimer(wait/2 + rand.N(wait/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
