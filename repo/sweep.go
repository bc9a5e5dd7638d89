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

	mu     sync.Mutex
	spaces map[space]bool
}

func newSweeper(c *Client, interval time.Duration) *sweeper {
	s := &sweeper{client: c, interval: interval, spaces: map[space]bool{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// watch has the records of an entity swept from now on.
func (s *sweeper) watch(at space) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.interval < 0 || s.ctx.Err() != nil || s.spaces[at] {
		return
	}
	s.spaces[at] = true
	s.done.Go(func() { s.run(at) })
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
func (s *sweeper) run(at space) {
	log := s.client.log.With("keyspace", string(at))
	failing := false
	for {
		next, err := s.client.sweepAll(s.ctx, at)
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

// sweepStep is how many ids one script call releases at most: about a
// millisecond of the server's time.
const sweepStep = 200

// sweepAll releases all that is due and returns how long it is until more is;
// negative if nothing will be.
func (c *Client) sweepAll(ctx context.Context, at space) (time.Duration, error) {
	for {
		due, next, err := c.sweepOnce(ctx, at)
		if err != nil {
			return 0, err
		}
		if due < sweepStep {
			return next, nil
		}
	}
}

func (c *Client) sweepOnce(ctx context.Context, at space) (due int, next time.Duration, err error) {
	args := newArgs(2, at.due())
	args.add(string(at))
	args.addInt(sweepStep)
	reply, err := c.do(ctx, &call{script: sweepScript, keys: []string{at.due()}, args: args.args})
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
