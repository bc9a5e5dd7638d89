package repo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// held is an event that was delivered to the consumer and is not done with.
type held struct {
	of    *consumption
	shard *consumedShard
	id    string // of the entry
	at    Position
	event eventData
	lane  string // the queue in which it waits; "": none
	fatal error  // why it goes to the dead letters before it is tried again

	// Of the goroutine that handles it.
	attempt int
	tried   bool // attempt was begun

	lost  atomic.Bool // another consumer may have it
	acked atomic.Bool // with what the handler has written

	// Under the mutex of the consumption.
	running bool
	done    bool // handled
	cancel  context.CancelCauseFunc
	timer   *time.Timer
}

// verdict is what has become of an event.
type verdict int

const (
	failed  verdict = iota // to be retried
	handled                // to be acknowledged
	settled                // acknowledged, a dead letter, or another's
)

// add takes events that a shard has delivered, but for those that the consumer has.
func (c *consumption) add(s *consumedShard, list []deliveredEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opts.Ordered && !s.owned {
		return // another has them
	}
	for _, e := range list {
		at := newPosition(s.number, e.id)
		if c.held[at] != nil {
			continue
		}
		h := &held{of: c, shard: s, id: e.id, at: at, attempt: e.delivered}
		event, err := c.core.parseEvent(e.content)
		if h.event, h.event.position = event, at; err != nil {
			h.fatal = err
		} else if c.opts.Ordered {
			h.lane = strconv.Itoa(s.number) + ":" + event.id
		}
		c.held[at] = h
		s.held++
		if h.lane != "" {
			c.lanes[h.lane] = append(c.lanes[h.lane], h)
			if len(c.lanes[h.lane]) > 1 {
				continue
			}
		}
		c.ready = append(c.ready, h)
	}
	c.dispatch()
}

// dispatch begins with events that are ready.
func (c *consumption) dispatch() {
	for c.running < c.opts.Concurrency && len(c.ready) > 0 && c.work.Err() == nil {
		h := c.ready[0]
		c.ready = c.ready[1:]
		if c.opts.Ordered && !time.Now().Before(h.shard.leased) {
			c.loseShard(h.shard)
		}
		if h.lost.Load() {
			c.remove(h)
			continue
		}
		c.running++
		h.running = true
		c.handlers.Go(func() { c.run(h) })
	}
	c.changed.Broadcast()
	poke(c.signal)
}

// run handles an event once.
func (c *consumption) run(h *held) {
	result := failed // if the handler ends the goroutine
	defer func() { c.settle(h, result) }()
	result = c.try(h)
}

// try handles an event and tells what has become of it.
func (c *consumption) try(h *held) verdict {
	if h.tried {
		n, err := c.again(h)
		switch {
		case err != nil:
			return failed
		case n == 0:
			return settled
		}
		h.attempt = n
	}
	h.tried = true
	if most := c.opts.MaxAttempts; h.fatal == nil && most > 0 && h.attempt > most {
		h.fatal = fmt.Errorf("delivered %d times and never done with: its consumers have died", h.attempt-1)
	}
	if h.fatal != nil {
		return c.bury(h)
	}
	err := c.invoke(h)
	switch {
	case h.acked.Load():
		if err != nil {
			c.log.Warn("redisgen: a handler has failed after Once, which is not undone", "position", h.at)
		}
		return settled
	case err == nil:
		return handled
	case errors.Is(err, ErrTaken), h.lost.Load():
		return settled
	case c.work.Err() != nil:
		return failed
	case errors.Is(err, ErrPoison), c.opts.MaxAttempts > 0 && h.attempt >= c.opts.MaxAttempts:
		h.fatal = err
		return c.bury(h)
	}
	c.log.Debug("redisgen: a handler has failed; the event is retried", "position", h.at, "attempt", h.attempt)
	return failed
}

// invoke calls the handler.
func (c *consumption) invoke(h *held) (err error) {
	ctx, cancel := context.WithCancelCause(c.work)
	defer cancel(nil)
	c.mu.Lock()
	h.cancel = cancel
	c.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
			c.log.Error("redisgen: a handler has panicked", "position", h.at, "stack", string(debug.Stack()))
		}
	}()
	return c.handle(ctx, h)
}

// settle goes on after an event was handled once.
func (c *consumption) settle(h *held, result verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
	h.running, h.cancel = false, nil
	switch {
	case result == handled:
		h.done = true
		c.done = append(c.done, h)
		c.leaveLane(h)
		poke(c.acks)
	case result == settled, h.lost.Load():
		c.remove(h)
	case !c.draining:
		h.timer = time.AfterFunc(c.backoff(h.attempt), func() { c.requeue(h) })
	}
	c.dispatch()
}

// backoff returns how long to wait after an attempt.
func (c *consumption) backoff(attempt int) time.Duration {
	wait := c.opts.MinBackoff
	for ; attempt > 1 && wait < c.opts.MaxBackoff; attempt-- {
		wait *= 2
	}
	wait = min(wait, c.opts.MaxBackoff)
	return wait/2 + rand.N(wait/2+1)
}

// requeue has an event handled again, unless the consumer ends: then it is left to others.
func (c *consumption) requeue(h *held) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[h.at] == h && !c.draining {
		c.ready = append(c.ready, h)
		c.dispatch()
	}
}

// remove ends with an event.
func (c *consumption) remove(h *held) {
	if c.held[h.at] != h {
		return
	}
	delete(c.held, h.at)
	h.shard.held--
	if h.timer != nil {
		h.timer.Stop()
	}
	c.leaveLane(h)
	c.changed.Broadcast()
	poke(c.signal)
}

// leaveLane has the next event of the record handled.
func (c *consumption) leaveLane(h *held) {
	lane := c.lanes[h.lane]
	at := slices.Index(lane, h)
	if at < 0 {
		return
	}
	if lane = slices.Delete(lane, at, at+1); len(lane) == 0 {
		delete(c.lanes, h.lane)
		return
	}
	c.lanes[h.lane] = lane
	if at == 0 {
		c.ready = append(c.ready, lane[0])
	}
}

// lose gives up an event that another consumer may have.
func (c *consumption) lose(h *held) {
	h.lost.Store(true)
	if h.cancel != nil {
		h.cancel(ErrTaken)
	}
}

// loseShard gives up all of a shard that another consumer may have.
func (c *consumption) loseShard(s *consumedShard) {
	if s.owned {
		c.log.Info("redisgen: lost a shard to another consumer", "shard", s.number)
	}
	s.owned, s.yielding, s.leased = false, false, time.Time{}
	var idle []*held
	for _, h := range c.held {
		if h.shard == s && !h.done {
			c.lose(h)
			if !h.running {
				idle = append(idle, h)
			}
		}
	}
	for _, h := range idle {
		c.remove(h)
	}
}

// unacknowledged tells whether something that was handled is not acknowledged yet.
func (c *consumption) unacknowledged() bool {
	for _, h := range c.held {
		if h.done {
			return true
		}
	}
	return false
}

// maxAck is how many events one command acknowledges at most.
const maxAck = 500

// acknowledge acknowledges what was handled, until ctx ends: all that there is by
// one pipeline, while the next is handled.
func (c *consumption) acknowledge(ctx context.Context) {
	for failures := 0; ; {
		c.mu.Lock()
		list := c.done
		c.done = nil
		c.mu.Unlock()
		if len(list) == 0 {
			select {
			case <-c.acks:
				continue
			case <-ctx.Done():
				return
			}
		}
		left, err := c.ack(list)
		c.mu.Lock()
		c.done = append(left, c.done...)
		c.mu.Unlock()
		if failures++; err == nil {
			failures = 0
		} else if c.client.pause(c.work, failures+2) != nil {
			return
		}
	}
}

// ack acknowledges events and returns those of which that failed.
func (c *consumption) ack(list []*held) (left []*held, failed error) {
	var calls []*call
	var groups [][]*held
	for _, s := range c.shards {
		var mine []*held
		for _, h := range list {
			if h.shard == s {
				mine = append(mine, h)
			}
		}
		for group := range slices.Chunk(mine, maxAck) {
			args := []any{"xack", s.space.events(), c.group}
			for _, h := range group {
				args = append(args, h.id)
			}
			calls, groups = append(calls, &call{place: c.core.placing, args: args}), append(groups, group)
		}
	}
	_, errs := c.client.sendAll(c.work, calls)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, group := range groups {
		if errs[i] != nil && !c.isFatal(errs[i]) && !isNoGroup(errs[i]) {
			left, failed = append(left, group...), errs[i]
			continue
		}
		for _, h := range group {
			c.remove(h)
		}
	}
	return left, failed
}

// errorText returns the beginning of an error's text.
func errorText(err error) string {
	const most = 1000
	text := err.Error()
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// bury puts an event among the dead letters.
func (c *consumption) bury(h *held) verdict {
	buried, err := c.numberOf(h, "bury", h.id, strconv.Itoa(h.attempt), errorText(h.fatal))
	if err != nil {
		return failed
	}
	if buried > 0 {
		c.log.Log(c.work, slog.LevelWarn, "redisgen: an event is among the dead letters", "position", h.at, "attempts", h.attempt)
	}
	return settled
}
