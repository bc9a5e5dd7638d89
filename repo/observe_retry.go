package repo

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// outageAfter is for how long calls fail before that is logged: a connection that
	// breaks is none.
	outageAfter = time.Second
	// outageEvery is how often an outage is logged at most: while one shard is away,
	// calls to the others succeed.
	outageEvery = 10 * time.Second
)

// outage is a time in which calls fail because a server is away or refuses them.
type outage struct {
	since  atomic.Int64 // when calls began to fail, in nanoseconds; 0: the last one succeeded
	logged atomic.Int64 // when that was logged last
}

// noteRetry notes that a call is sent again; failed is when it failed first.
func (c *Client) noteRetry(ctx context.Context, of *call, err error, attempt int, failed time.Time) {
	c.note(ctx, func(op *Operation) { op.Retries++ })
	if c.log.Enabled(ctx, slog.LevelDebug) {
		c.log.DebugContext(ctx, "redisgen: sent again", "entity", of.entity(), "reason", reason(err), "attempt", attempt+1)
	}
	c.noteFailure(ctx, err, failed)
}

// noteFailure notes that a call has failed for want of a server, and logs it once that
// goes on.
func (c *Client) noteFailure(ctx context.Context, err error, failed time.Time) {
	now := time.Now()
	c.outage.since.CompareAndSwap(0, now.UnixNano())
	first := min(c.outage.since.Load(), failed.UnixNano())
	last := c.outage.logged.Load()
	if now.UnixNano()-first < int64(outageAfter) || now.UnixNano()-last < int64(outageEvery) {
		return
	}
	if c.outage.logged.CompareAndSwap(last, now.UnixNano()) {
		c.log.WarnContext(ctx, "redisgen: calls fail; they are sent again for RetryTimeout", "reason", reason(err))
	}
}

// noteSuccess notes that a call has succeeded, and logs it if one was logged to fail.
func (c *Client) noteSuccess(ctx context.Context) {
	if c.outage.since.Load() == 0 {
		return
	}
	if since := c.outage.since.Swap(0); since != 0 && c.outage.logged.Load() >= since {
		c.log.InfoContext(ctx, "redisgen: calls succeed again", "after", time.Since(time.Unix(0, since)))
	}
}

// entity returns the name of the entity that a call is for, "" if it is for none.
func (c *call) entity() string {
	if c.place == nil {
		return ""
	}
	return c.place.entity
}

// reason says why a call failed that is sent again, without what it was: of a refusal
// the code that it begins with.
func reason(err error) string {
	var reply redis.Error
	switch {
	case errors.As(err, &reply):
		code, _, _ := strings.Cut(reply.Error(), " ")
		return code
	case isRefused(err):
		return "no connection"
	}
	return "connection lost"
}
