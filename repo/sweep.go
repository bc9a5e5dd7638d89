package repo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// sweeper releases what expired records have left behind, in the background.
// Every client has one and none leads: two that meet find less to do.
type sweeper struct {
	client   *Client
	interval time.Duration // the longest between two looks; negative: no sweeps
	cancel   context.CancelFunc
	done     sync.WaitGroup
	ctx      context.Context

	mu    sync.Mutex
	cores map[string]*core // the entities that are swept, by their markers
}

func newSweeper(c *Client, interval time.Duration) *sweeper {
	s := &sweeper{client: c, interval: interval, cores: map[string]*core{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// watch has the records of an entity swept from now on.
func (s *sweeper) watch(c *core) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil || s.cores[c.mark] != nil {
		return
	}
	s.cores[c.mark] = c
	if s.interval >= 0 {
		s.done.Go(func() { s.run(c) })
	}
}

func (s *sweeper) stop() {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.done.Wait()
}

// run sweeps one entity: as long as there is something due without pause, then
// again when the next record expires, or after the interval. It logs when sweeps
// begin to fail, and when they succeed again.
func (s *sweeper) run(c *core) {
	log := s.client.log.With("keyspace", string(c.spaces[0]))
	failing := false
	for {
		next, err := c.sweep(s.ctx, true)
		switch {
		case s.ctx.Err() != nil:
			return
		case err != nil && !failing:
			log.Warn("redisgen: sweeps of expired records fail", "error", err)
		case err == nil && failing:
			log.Info("redisgen: sweeps of expired records succeed again")
		}
		failing = err != nil
		wait := s.interval
		if err == nil && next >= 0 {
			wait = min(wait, next+s.interval/10)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-s.ctx.Done():
			timer.Stop()
			return
		}
	}
}

// sweep releases what is due of one entity and returns how long it is until more
// is; negative if nothing will be.
func (c *core) sweep(ctx context.Context, background bool) (next time.Duration, err error) {
	ctx, o := c.client.observe(ctx, Operation{Entity: c.info.name, Name: "Sweep", Background: background})
	defer o.end(&err)
	next = -1
	if c.info.expires {
		next, err = c.client.sweepAll(ctx, c.placing)
	}
	if err == nil && len(c.info.globals) > 0 {
		err = c.releaseAll(ctx)
	}
	return next, err
}

// Sweep does once what the client does in the background, as [Config.SweepInterval]
// says: it releases the index entries of expired records, and the claims of values
// that are unique across shards and were given up, of all entities that the client
// has a repository of. One round trip for 200 records of each shard that have
// expired, and two for 100 claims.
func (c *Client) Sweep(ctx context.Context) error {
	c.sweeper.mu.Lock()
	cores := slices.Collect(maps.Values(c.sweeper.cores))
	c.sweeper.mu.Unlock()
	for _, one := range cores {
		if _, err := one.sweep(ctx, false); err != nil {
			return fmt.Errorf("redisgen: sweep %s: %w", one.info.name, err)
		}
	}
	return nil
}

// sweepStep is how many ids one script call releases at most: about a
// millisecond of the server's time.
const sweepStep = 200

// sweepAll releases all that is due in any shard of an entity and returns how long
// it is until more is; negative if nothing will be.
func (c *Client) sweepAll(ctx context.Context, p *placing) (time.Duration, error) {
	next := time.Duration(-1)
	todo := p.spaces
	for len(todo) > 0 {
		calls := make([]*call, len(todo))
		for i, at := range todo {
			calls[i] = p.sweepCall(at)
		}
		replies, errs := c.sendAll(ctx, calls)
		var again []space
		for i, err := range errs {
			due, wait, err := parseSweep(replies[i], err)
			c.noteReleased(ctx, due)
			switch {
			case err != nil:
				return 0, err
			case due == sweepStep:
				again = append(again, todo[i])
			case wait >= 0 && (next < 0 || wait < next):
				next = wait
			}
		}
		todo = again
	}
	return next, nil
}

// sweepCall returns the call that sweeps one shard.
func (p *placing) sweepCall(at space) *call {
	args := newArgs(2, at.due())
	args.add(string(at))
	args.addInt(sweepStep)
	return &call{place: p, script: sweepScript, keys: []string{at.due()}, args: args.args}
}

func parseSweep(reply string, err error) (due int, next time.Duration, _ error) {
	if err != nil {
		return 0, 0, err
	}
	v := values{reply}
	n, err := v.ints(2)
	if err != nil {
		return 0, 0, err
	}
	return int(n[0]), time.Duration(n[1]) * time.Millisecond, nil
}
