package repo

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"
)

// coalescer has calls that goroutines make at the same time share pipelines, for
// [Config.AutoPipeline]: a few are sent as they come, and those that come while the
// replies of these are awaited follow together, in the order in which they came. go-redis
// has AutoPipeline for that, which does not tell which of its commands were sent when a
// connection fails, nor keeps those that must not be sent twice apart.
type coalescer struct {
	most int // pipelines under way

	mu      sync.Mutex
	running int
	queue   []*waiting
}

// waiting is a command that waits for its turn.
type waiting struct {
	cmd  *command
	turn chan []*waiting // those whose turn it is, to be sent by the first; nil: it was sent
	left bool            // nobody waits for it any more
}

// mostShared is how many commands one pipeline has at most.
const mostShared = 512

func newCoalescer() *coalescer { return &coalescer{most: max(2, runtime.GOMAXPROCS(0))} }

// process sends a command and returns its reply.
func (c *coalescer) process(ctx context.Context, rdb redis.UniversalClient, cmd *command) (string, error) {
	if c == nil {
		_ = rdb.Process(ctx, cmd)
		return cmd.reply()
	}
	c.mu.Lock()
	if c.running < c.most {
		c.running++
		c.mu.Unlock()
		defer c.done()
		_ = rdb.Process(ctx, cmd)
		return cmd.reply()
	}
	w := &waiting{cmd: cmd, turn: make(chan []*waiting, 1)}
	c.queue = append(c.queue, w)
	c.mu.Unlock()
	select {
	case batch := <-w.turn:
		return c.send(ctx, rdb, w, batch)
	case <-ctx.Done():
		return c.leave(ctx, w)
	}
}

// send sends the commands whose turn it is, w and those of others, and returns the reply to w;
// unless its context ends before, which does not end the pipeline: the timeouts of the
// client bound that. If there are none, w was sent by another.
func (c *coalescer) send(ctx context.Context, rdb redis.UniversalClient, w *waiting, batch []*waiting) (string, error) {
	if batch == nil {
		return w.cmd.reply()
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		defer c.done()
		whole := context.WithoutCancel(ctx)
		pipe := rdb.Pipeline()
		for _, one := range batch {
			_ = pipe.Process(whole, one.cmd)
		}
		_, _ = pipe.Exec(whole) // every command has its own error
		for _, one := range batch[1:] {
			one.turn <- nil
		}
	}()
	select {
	case <-sent:
		return w.cmd.reply()
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// done has those go next who wait.
func (c *coalescer) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next()
}

func (c *coalescer) next() {
	n := min(len(c.queue), mostShared)
	batch := c.queue[:n:n]
	if c.queue = c.queue[n:]; len(c.queue) == 0 {
		c.queue = nil
	}
	c.give(batch)
}

// give has the first of a batch who still waits send it.
func (c *coalescer) give(batch []*waiting) {
	for len(batch) > 0 && batch[0].left {
		batch = batch[1:]
	}
	switch {
	case len(batch) > 0:
		batch[0].turn <- batch
	case len(c.queue) > 0:
		c.next()
	default:
		c.running--
	}
}

// leave is for a command whose context has ended: it is not sent if that can be helped.
// If it is under way, nobody knows what becomes of it.
func (c *coalescer) leave(ctx context.Context, w *waiting) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := slices.Index(c.queue, w); at >= 0 {
		c.queue = slices.Delete(c.queue, at, at+1)
		return "", &unsent{ctx.Err(), false}
	}
	select {
	case batch := <-w.turn:
		if batch == nil {
			return w.cmd.reply()
		}
		c.give(batch[1:])
		return "", &unsent{ctx.Err(), false}
	default:
		w.left = true
		return "", ctx.Err()
	}
}
