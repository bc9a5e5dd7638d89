package repo

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// readTimeout returns how long a connection waits for a reply, 0 if that is not known.
func readTimeout(rdb redis.UniversalClient) time.Duration {
	switch rdb := rdb.(type) {
	case *redis.Client:
		return rdb.Options().ReadTimeout
	case *redis.ClusterClient:
		return rdb.Options().ReadTimeout
	}
	return 0
}

// listeners divides the shards among those who wait for their events: one command
// waits for those of one slot of a cluster, and for all of another server.
func (c *consumption) listeners() [][]*consumedShard {
	lists := [][]*consumedShard{c.shards}
	if c.client.clustered {
		lists = nil
		for _, s := range c.shards {
			lists = append(lists, []*consumedShard{s})
		}
	}
	for _, list := range lists {
		channel := make(chan struct{}, 1)
		for _, s := range list {
			s.poke = channel
		}
	}
	return lists
}

// listen waits for new events of shards that have none. It delivers nothing, so that
// a reply may be lost.
func (c *consumption) listen(ctx context.Context, list []*consumedShard) {
	for ctx.Err() == nil {
		waiting, call := c.waitCall(list)
		if len(waiting) == 0 {
			select {
			case <-list[0].poke:
			case <-ctx.Done():
			}
			continue
		}
		reply, err := c.client.do(ctx, call)
		if err != nil && c.client.pause(ctx, 5) != nil {
			return
		}
		if err != nil || !isNone(reply) {
			c.refresh(waiting)
		}
	}
}

// isNone tells whether a reply is nil.
func isNone(reply string) bool {
	return strings.HasPrefix(reply, "_") || strings.HasPrefix(reply, "*-1") || strings.HasPrefix(reply, "$-1")
}

// refresh has shards read.
func (c *consumption) refresh(list []*consumedShard) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range list {
		s.fresh = true
	}
	poke(c.signal)
}

// waitCall returns the shards that have no new events, and the call that waits for some.
func (c *consumption) waitCall(list []*consumedShard) (waiting []*consumedShard, _ *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	args := []any{"xread", "count", "1", "block", strconv.FormatInt(max(c.block.Milliseconds(), 1), 10), "streams"}
	var ids []any
	for _, s := range list {
		if !s.fresh && (!c.opts.Ordered || s.owned) {
			waiting = append(waiting, s)
			args, ids = append(args, s.space.events()), append(ids, s.last)
		}
	}
	return waiting, &call{place: c.core.placing, args: append(args, ids...)}
}
