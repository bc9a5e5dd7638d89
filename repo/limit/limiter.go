package limit

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// Limiter admits requests that all of its limits admit, for each key by itself. It is safe for
// concurrent use, and needs no Close.
type Limiter struct {
	client *repo.Client
	name   string
	limits []Limit
	rules  []rule
	tails  []string // of the keys, behind what says in which slot they are
}

// rule is an algorithm with its numbers.
type rule interface {
	args(args []string, k int) []string
	state(a, b, now uint64, k int) State
}

// New returns a limiter. Name tells its counts from those of others with the same prefix:
// limiters of one name in several programs count together. Nothing is sent.
//
// What is counted belongs to the name, the algorithm and the period of a limit, so that no two limits
// of a limiter agree in both. If its number or burst is changed, counting goes on: what has been
// admitted stays so, and fills the limit at most. If the period is, it begins anew, and
// what was counted before expires; while programs of both kinds run, each counts by itself.
func New(client *repo.Client, name string, limits ...Limit) (*Limiter, error) {
	l := &Limiter{client: client, name: name, limits: limits}
	if len(limits) == 0 {
		return nil, l.error(fmt.Errorf("%w: no limits; pass at least one", ErrInvalid))
	}
	for i, limit := range limits {
		if err := limit.check(); err != nil {
			return nil, l.error(err)
		}
		for _, other := range limits[:i] {
			if other.window == limit.window && other.period == limit.period {
				return nil, l.error(fmt.Errorf("%w: two limits per %v: write one of them over another period, such as %d per %v",
					ErrInvalid, limit.period, 2*limit.n, 2*limit.period))
			}
		}
		kind := "g"
		if limit.window {
			kind = "w"
			l.rules = append(l.rules, newWindow(limit))
		} else {
			l.rules = append(l.rules, newBucket(limit))
		}
		l.tails = append(l.tails, kind+limit.period.String()+":"+strconv.Itoa(len(name))+":"+name+":")
	}
	return l, nil
}

// error returns an error of the limiter. It does not have the key, which may be secret.
func (l *Limiter) error(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redisgen: limit %q: %w", l.name, err)
}

// Limits returns the limits.
func (l *Limiter) Limits() []Limit { return append([]Limit(nil), l.limits...) }

// Allow asks to admit one of a key, which may be any string: a user, an address, a path. It
// counts it if all limits admit it, and else nothing. One round trip.
//
// The name and the key are in clear in a key of Redis: of a token, use a digest.
func (l *Limiter) Allow(ctx context.Context, key string) (Result, error) {
	return l.AllowN(ctx, key, 1)
}

// AllowN asks to admit n of a key, all or none. [ErrTooMany] if n is more than one of the limits
// ever admits at once.
func (l *Limiter) AllowN(ctx context.Context, key string, n int) (Result, error) {
	request := Request{l, key, n}
	if err := request.check(); err != nil {
		return Result{}, err
	}
	return l.one(ctx, takeScript, request)
}

// Peek returns what Allow would, and counts nothing. One round trip.
func (l *Limiter) Peek(ctx context.Context, key string) (Result, error) {
	return l.one(ctx, peekScript, Request{l, key, 0})
}

// Reset forgets what was counted of a key. One round trip.
func (l *Limiter) Reset(ctx context.Context, key string) error {
	space := l.space(key)
	_, err := resetScript.Run(ctx, l.client, l.keys(nil, space, key), space)
	return l.error(err)
}

// Wait waits until one of a key is admitted, and counts it. If the deadline of ctx comes
// before that can be, the error is [context.DeadlineExceeded], at once.
//
// It asks again when one could be admitted: one round trip each time. Those who wait for the same
// key are admitted in no order.
func (l *Limiter) Wait(ctx context.Context, key string) error { return l.WaitN(ctx, key, 1) }

// WaitN waits until n of a key are admitted, all at once.
func (l *Limiter) WaitN(ctx context.Context, key string, n int) error {
	for {
		result, err := l.AllowN(ctx, key, n)
		if err != nil || result.Allowed {
			return err
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < result.RetryAfter {
			return l.error(fmt.Errorf("would be admitted in %v at the earliest: %w", result.RetryAfter, context.DeadlineExceeded))
		}
		timer := time.NewTimer(result.RetryAfter)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return l.error(ctx.Err())
		}
	}
}

// space returns what the keys begin with of all limiters for a key.
func (l *Limiter) space(key string) string { return l.client.Space("limit", key) }

// keys adds the keys of the limits for a key.
func (l *Limiter) keys(keys []string, space, key string) []string {
	for _, tail := range l.tails {
		keys = append(keys, space+tail+key)
	}
	return keys
}
