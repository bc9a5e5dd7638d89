package repo

import (
	"context"
	"time"
)

// getCached is getOne for an entity whose records are kept.
func (c *core) getCached(ctx context.Context, id string) (any, error) {
	reply, _, err := c.look(ctx, id)
	if err != nil {
		return nil, err
	}
	return c.decodeReply(reply)
}

// readCached is readAll for an entity whose records are kept.
func (c *core) readCached(ctx context.Context, ids []string, each func(int, any)) error {
	replies := make([]string, len(ids))
	others := make(map[int]*cacheRead)
	var own []ownRead
	var at []int
	now := c.cached.cache.now()
	for i, id := range ids {
		key := c.at(id).record(id)
		part := c.cached.cache.part(key)
		e, r, mine, joined := part.find(c.cached, key, now)
		switch {
		case e != nil:
			replies[i] = e.reply
		case mine:
			own, at = append(own, ownRead{id, key, part, r}), append(at, i)
		case joined:
			others[i] = r
		default:
			others[i] = nil
		}
	}
	c.carryOut(ctx, own)
	for i, o := range own {
		if o.err != nil {
			return o.err
		}
		replies[at[i]] = o.reply
	}
	for i, r := range others {
		if err := r.wait(ctx); err != nil {
			return err
		}
		if r != nil && r.serves(now) {
			if r.err != nil {
				return r.err
			}
			replies[i] = r.reply
			continue
		}
		var err error
		if replies[i], _, err = c.look(ctx, ids[i]); err != nil {
			return err
		}
	}
	for i, reply := range replies {
		v, err := c.decodeReply(reply)
		if err == ErrNotFound {
			continue
		}
		if err != nil {
			return err
		}
		each(i, v)
	}
	return nil
}

// look returns what HMGET replies for a record, from memory or from the server, and
// until when the record lives by the cache's clock; 0 is for ever.
func (c *core) look(ctx context.Context, id string) (string, time.Duration, error) {
	key := c.at(id).record(id)
	part := c.cached.cache.part(key)
	if err := c.client.ready(ctx); err != nil {
		return "", 0, err
	}
	for {
		now := c.cached.cache.now()
		e, r, mine, joined := part.find(c.cached, key, now)
		switch {
		case e != nil:
			return e.reply, e.until, nil
		case mine:
			c.carryOut(ctx, []ownRead{{id, key, part, r}})
			return r.reply, r.until, r.err
		}
		if err := r.wait(ctx); err != nil {
			return "", 0, err
		}
		if joined && r.serves(now) {
			return r.reply, r.until, r.err
		}
	}
}

// wait waits for a read of somebody else.
func (r *cacheRead) wait(ctx context.Context) error {
	if r == nil {
		return nil
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// serves tells whether the outcome of a read is one for somebody else, who has joined it:
// not if the record has expired before, or who read it gave up.
func (r *cacheRead) serves(joined time.Duration) bool {
	return !r.abandoned && (r.until == 0 || joined < r.until)
}

// ownRead is a read that is to be carried out, and finished.
type ownRead struct {
	id, key string
	part    *cachePart
	*cacheRead
}

// carryOut reads records from the server, in one round trip, with the time for which
// they live.
func (c *core) carryOut(ctx context.Context, own []ownRead) {
	if len(own) == 0 {
		return
	}
	keep := make([]bool, len(own))
	for _, o := range own {
		o.abandoned = true
	}
	defer func() {
		for i, o := range own {
			o.part.finish(o.key, o.cacheRead, keep[i])
		}
	}()
	ids := make([]string, len(own))
	for i, o := range own {
		ids[i] = o.id
	}
	sent := c.cached.cache.now()
	replies, lives, errs := c.readTimed(ctx, ids)
	for i, o := range own {
		o.err, o.reply = errs[i], replies[i]
		o.abandoned = o.err != nil && hasEnded(ctx)
		if _, there, err := stored(o.reply, c.info.key); o.err != nil || err != nil || !there {
			continue
		}
		// The server has counted from later on, so that the record is dropped before it expires.
		if keep[i] = lives[i] != gone; lives[i] >= 0 {
			o.until = sent + lives[i]
		}
	}
}

// hasEnded tells whether a context has ended, or is about to.
func hasEnded(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && time.Until(deadline) <= 0
}

// How long a record lives that is not there, and one that does not expire.
const (
	gone    = -2 * time.Millisecond
	forever = -1 * time.Millisecond
)

// readTimed reads records and, if they may expire, how long they live from some moment
// after the call on. One round trip.
func (c *core) readTimed(ctx context.Context, ids []string) ([]string, []time.Duration, []error) {
	reads, lives := c.readCalls(ids, c.read), make([]time.Duration, len(ids))
	if !c.info.expires {
		for i := range lives {
			lives[i] = forever
		}
		replies, errs := c.client.sendAll(ctx, reads)
		return replies, lives, errs
	}
	calls := reads
	for _, id := range ids {
		calls = append(calls, &call{place: c.placing, args: []any{"pttl", c.at(id).record(id)}})
	}
	replies, errs := c.client.doAll(ctx, calls)
	n := len(ids)
	for i := range ids {
		if errs[n+i] == nil {
			var ms int64
			ms, errs[n+i] = parseInt(replies[n+i])
			lives[i] = time.Duration(ms) * time.Millisecond
		}
		if errs[i] == nil {
			errs[i] = errs[n+i]
		}
	}
	return replies[:n], lives, errs[:n]
}
