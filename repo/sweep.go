package repo

import (
	"context"
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
	marks map[string]bool // of the entities that are swept
}

func newSweeper(c *Client, interval time.Duration) *sweeper {
	s := &sweeper{client: c, interval: interval, marks: map[string]bool{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// watch has the records of an entity swept from now on.
func (s *sweeper) watch(c *core) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.interval < 0 || s.ctx.Err() != nil || s.marks[c.mark] {
		return
	}
	s.marks[c.mark] = true
	s.done.Go(func() { s.run(c) })
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
		next, err := s.sweep(c)
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
func (s *sweeper) sweep(c *core) (next time.Duration, err error) {
	next = -1
	if c.info.expires {
		next, err = s.client.sweepAll(s.ctx, c.placing)
	}
	if err == nil && len(c.info.globals) > 0 {
		err = c.releaseAll(s.ctx)
	}
	return next, err
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
