package repo

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// keep gives signs of life until ctx ends.
func (c *consumption) keep(ctx context.Context) {
	tick := time.NewTicker(min(c.opts.ClaimAfter/4, time.Second))
	defer tick.Stop()
	renewed, tidied := time.Now(), time.Now()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if c.opts.Ordered {
			c.lease(ctx)
		}
		if time.Since(renewed) >= c.opts.ClaimAfter/5 {
			renewed = time.Now()
			c.renew(ctx)
			c.refresh(c.shards) // which is a sign too
		}
		if time.Since(tidied) >= c.opts.ClaimAfter {
			tidied = time.Now()
			c.tidy(ctx)
		}
	}
}

// maxRenew is how many events one call renews.
const maxRenew = 100

// renew keeps others from taking over what is held, and finds what they have.
func (c *consumption) renew(ctx context.Context) {
	c.mu.Lock()
	ids := make([][]string, len(c.shards))
	for _, h := range c.held {
		if !h.done && !h.lost.Load() {
			ids[h.shard.number] = append(ids[h.shard.number], h.id)
		}
	}
	c.mu.Unlock()
	var calls []*call
	var shards []*consumedShard
	for _, s := range c.shards {
		for some := range slices.Chunk(ids[s.number], maxRenew) {
			calls, shards = append(calls, c.call(s, "renew", some...)), append(shards, s)
		}
	}
	replies, errs := c.client.sendAll(ctx, calls)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, reply := range replies {
		gone, err := (&values{reply}).list()
		if errs[i] != nil || err != nil {
			continue
		}
		for _, id := range gone {
			h := c.held[newPosition(shards[i].number, id)]
			if h == nil || h.done || h.acked.Load() {
				continue
			}
			if c.lose(h); !h.running {
				c.remove(h)
			}
		}
	}
	c.dispatch()
}

// tidy removes consumers that are gone.
func (c *consumption) tidy(ctx context.Context) {
	var calls []*call
	for _, s := range c.shards {
		calls = append(calls, c.call(s, "tidy", ms(2*c.opts.ClaimAfter)))
	}
	c.client.sendAll(ctx, calls) // the next time, if not now
}

// lease keeps the shards that the consumer holds, and takes or yields some so that all
// consumers hold about as many.
func (c *consumption) lease(ctx context.Context) {
	members, free := c.askLeases(ctx, c.shards, false)
	if members == 0 {
		return // nobody has answered
	}
	fair := (len(c.shards) + members - 1) / members
	c.mu.Lock()
	draining, owned := c.draining, 0
	var yield []*consumedShard
	for _, s := range c.shards {
		if !s.owned {
			continue
		}
		if owned++; !draining {
			s.yielding = owned > fair
		}
		if s.yielding && s.held == 0 && !s.asked {
			s.owned, s.yielding, s.leased = false, false, time.Time{}
			yield = append(yield, s)
		}
	}
	c.mu.Unlock()
	var calls []*call
	for _, s := range yield {
		calls = append(calls, c.call(s, "yield"))
	}
	c.client.sendAll(ctx, calls) // if it fails, the lease runs out
	if want := fair - owned; want > 0 && !draining && len(free) > 0 {
		rand.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
		c.askLeases(ctx, free[:min(want, len(free))], true)
	}
}

// askLeases renews the leases of shards, and takes those that nobody has if want is set.
// It returns how many consumers there are, 0 if no shard has answered, and the shards that
// the consumer could take.
func (c *consumption) askLeases(ctx context.Context, list []*consumedShard, want bool) (members int, free []*consumedShard) {
	flag := ""
	if want {
		flag = "1"
	}
	calls := make([]*call, len(list))
	for i, s := range list {
		calls[i] = c.call(s, "lease", ms(c.opts.ClaimAfter), flag)
	}
	sent := time.Now()
	replies, errs := c.client.sendAll(ctx, calls)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range list {
		reply, err := (&values{replies[i]}).list()
		switch {
		case errs[i] != nil || err != nil || len(reply) != 2:
			if s.owned && !time.Now().Before(s.leased) {
				c.loseShard(s)
			}
			continue
		case reply[0] == c.name:
			c.gain(s, sent.Add(c.opts.ClaimAfter))
		default:
			if s.owned {
				c.loseShard(s)
			}
			if reply[0] == "" && s.held == 0 {
				free = append(free, s)
			}
		}
		if n, err := strconv.Atoi(reply[1]); err == nil {
			members = max(members, n)
		}
	}
	c.dispatch()
	return members, free
}

// gain notes that the consumer holds a shard for some time.
func (c *consumption) gain(s *consumedShard, until time.Time) {
	switch {
	case s.owned:
		s.leased = until
	case s.held == 0 && !s.asked: // else it still has what it held before
		s.owned, s.gained, s.fresh, s.leased = true, true, true, until
	}
}
