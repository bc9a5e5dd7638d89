package repo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// watching is a loop over the changes of an entity's records: readers receive them, each
// from some of the shards, and put them into a queue that the loop takes them from.
type watching struct {
	*core
	watchOptions
	queue *eventQueue
	log   *slog.Logger

	mu      sync.Mutex
	waiting int           // readers that have not begun
	begun   chan struct{} // closed when all have
	down    int           // readers that are interrupted

	last  []string   // of streams: the ID of the last entry read, by shard; a reader has those of its shards
	start []Position // of streams: where they began, by shard
}

// eventReader receives the events of some shards until something goes wrong, and returns that.
// It calls up when it is connected and misses nothing from then on.
type eventReader func(ctx context.Context, up func()) error

func (c *core) newWatching(opts []WatchOption) (*watching, error) {
	c = c.fresh()
	o := watchOptions{buffer: defaultBuffer}
	for _, opt := range opts {
		opt(&o)
	}
	w := &watching{
		core: c, watchOptions: o, queue: newEventQueue(o.buffer), begun: make(chan struct{}),
		last: make([]string, len(c.spaces)),
		log:  c.client.log.With("keyspace", string(c.spaces[0])),
	}
	switch c.client.rdb.(type) {
	case *redis.Client, *redis.ClusterClient:
	default:
		return nil, fmt.Errorf("Watch takes a *redis.Client or a *redis.ClusterClient, not a %T: %w", c.client.rdb, errors.ErrUnsupported)
	}
	switch {
	case o.err != nil:
		return nil, o.err
	case c.info.events == "":
		return nil, errors.New("changes are not told: add events=pubsub or events=stream to the redisgen:entity line")
	case o.past && c.info.events != EventsStream:
		return nil, errors.New("From: messages are not kept; events=stream in the redisgen:entity line has a stream")
	}
	if c.info.events == EventsStream {
		w.start = make([]Position, len(c.spaces))
	}
	for shard := range w.last {
		if o.past {
			w.last[shard] = firstEntry
		}
	}
	for shard, entry := range o.from {
		if shard >= len(w.last) {
			return nil, fmt.Errorf("From: there is no shard %d, only %d shards", shard, len(w.last))
		}
		w.last[shard] = entry
	}
	return w, nil
}

// watchEvents is Watch for whatever type.
func (c *core) watchEvents(ctx context.Context, opts []WatchOption) iter.Seq2[eventData, error] {
	return func(yield func(eventData, error) bool) {
		w, err := c.newWatching(opts)
		if err == nil {
			err = w.run(ctx, func(e eventData) bool { return yield(e, nil) })
		}
		if err != nil {
			yield(eventData{}, c.info.recordError("Watch", "", err))
		}
	}
}

// run yields events until that returns false, and then nil; or returns why there are no
// more.
func (w *watching) run(caller context.Context, yield func(eventData) bool) error {
	if err := w.client.ready(caller); err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(undated{caller})
	stop := context.AfterFunc(w.client.sweeper.ctx, func() { end(ErrClosed) })
	defer stop()
	var readers sync.WaitGroup
	defer readers.Wait()
	defer end(nil)
	groups := w.groups()
	w.waiting = len(groups)
	for _, shards := range groups {
		readers.Go(func() {
			if err := w.keep(ctx, shards); err != nil {
				end(err)
			}
		})
	}
	if w.deliver(ctx, yield) {
		return nil
	}
	if caller.Err() != nil {
		return caller.Err()
	}
	readers.Wait()
	if w.waiting == 0 && !w.queue.drain(yield) { // what came before the error
		return nil
	}
	return context.Cause(ctx)
}

// undated is a context without its deadline, at which it ends all the same: calls under way
// then fail because of that, not by a time limit of their own.
type undated struct{ context.Context }

// Deadline returns none.
func (undated) Deadline() (time.Time, bool) { return time.Time{}, false }

// deliver yields events until ctx ends, and tells whether yield has had enough before.
func (w *watching) deliver(ctx context.Context, yield func(eventData) bool) bool {
	select {
	case <-w.begun:
	case <-ctx.Done():
		return false
	}
	if w.ready != nil {
		w.ready(w.start)
	}
	for ctx.Err() == nil {
		select {
		case e := <-w.queue.events:
			if !yield(e) {
				return true
			}
		case <-ctx.Done():
		}
	}
	return false
}

// groups divides the shards among readers: on a cluster each has one, since they may be on
// different nodes, else there is one reader.
func (w *watching) groups() [][]int {
	if !w.client.clustered {
		all := make([]int, len(w.spaces))
		for shard := range all {
			all[shard] = shard
		}
		return [][]int{all}
	}
	groups := make([][]int, len(w.spaces))
	for shard := range groups {
		groups[shard] = []int{shard}
	}
	return groups
}

// steady is how long a connection has lasted that is not part of the outage before it.
const steady = time.Second

// keep has the events of some shards read again and again, until ctx ends or what goes
// wrong cannot be overcome.
func (w *watching) keep(ctx context.Context, shards []int) error {
	read := w.listener(shards)
	if w.info.events == EventsStream {
		read = w.follower(shards)
	}
	began, interrupted := false, false
	for attempt := 0; ; attempt++ {
		start := time.Now()
		err := w.placing.check(ctx, w.client, false)
		if err == nil {
			err = read(ctx, func() {
				if !began {
					began = true
					w.begin(shards)
				}
				if interrupted {
					interrupted = false
					w.restored()
				}
			})
		}
		if ctx.Err() != nil {
			return nil
		}
		if !w.client.overcomes(err) {
			return asReply(err)
		}
		if !interrupted {
			interrupted = true
			w.interrupted(err)
		}
		if w.client.notice(err); isRedirect(err) {
			if cluster, ok := w.client.rdb.(*redis.ClusterClient); ok {
				cluster.ReloadState(ctx)
			}
		}
		if time.Since(start) > steady {
			attempt = 0
		}
		if w.client.pause(ctx, attempt) != nil {
			return nil
		}
	}
}

// begin notes that a reader has begun.
func (w *watching) begin(shards []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.start != nil {
		for _, shard := range shards {
			w.start[shard] = newPosition(shard, w.last[shard])
		}
	}
	if w.waiting--; w.waiting == 0 {
		close(w.begun)
	}
}

// interrupted logs that an outage begins; it goes on until all readers are back.
func (w *watching) interrupted(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down++; w.down == 1 {
		w.log.Warn("redisgen: watching is interrupted", "error", err)
	}
}

func (w *watching) restored() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down--; w.down == 0 {
		w.log.Info("redisgen: watching goes on")
	}
}

// gap returns the event of a gap.
func (w *watching) gap() eventData {
	now := time.Now
	if w.client.clock != nil {
		now = w.client.clock
	}
	return eventData{op: OpGap, at: now().UTC().Truncate(time.Microsecond)}
}

// overcomes tells whether what went wrong with a reader, whose context has not ended, may
// be otherwise later.
func (c *Client) overcomes(err error) bool {
	switch {
	case errors.Is(err, errEvent), errors.Is(err, ErrPlacement), errors.Is(err, ErrClosed), errors.Is(err, redis.ErrClosed):
		return false
	case isRefused(err), isRedirect(err), isContext(err):
		return true // a context within
	case isReply(err):
		return c.asks && isAuth(err) || strings.HasPrefix(err.Error(), "UNBLOCKED ") // became a replica
	}
	var field *FieldError
	return !errors.As(err, &field) && !errors.Is(err, errReply)
}

// asReply returns an error that go-redis has read from a server as this package does, so
// that it can be tested in the same way.
func asReply(err error) error {
	var own replyError
	if !isReply(err) || errors.As(err, &own) {
		return err
	}
	return replyError(err.Error())
}
