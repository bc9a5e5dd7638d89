package repo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Errors of handlers of events.
var (
	// ErrPoison: the event is not to be retried. A handler's error that is one, by
	// errors.Is, has it put among the dead letters at once.
	ErrPoison = errors.New("the event is not to be retried")
	// ErrTaken: the event is not the consumer's any more: another has taken it over, or it
	// is handled. A handler's error that is one leaves it at that.
	ErrTaken = errors.New("another consumer has taken the event over, or it is handled")
)

// ConsumeOptions changes how [Repository.Consume] works. The zero value is a good one.
type ConsumeOptions struct {
	// Name of the consumer, which no other of the group may have at the same time. One
	// with the name of an earlier one goes on with what that left. Default: of the host,
	// the process, and by chance.
	Name string
	// Start is where a group begins that does not exist yet. Default: with the oldest
	// event that is kept.
	Start Start
	// Concurrency is how many handlers run at a time. Default 16.
	Concurrency int
	// Buffer is how many events the consumer has at a time: those that are being handled,
	// that wait for a handler, for a retry or, in order, for one before them. If all of
	// it waits, nothing new is read. Default: 16 for each handler.
	Buffer int
	// Ordered has the events of each record handled one after the other, in order, by
	// all consumers of the group, which must all say so: each shard has one consumer at a
	// time. An event that is retried holds up those of its record.
	Ordered bool
	// MaxAttempts is how often an event is delivered before it is put among the dead
	// letters. Default 10; negative: for ever.
	MaxAttempts int
	// MinBackoff and MaxBackoff bound the wait before an event is retried, which doubles with
	// each attempt, half of it by chance. Defaults 100 ms and 1 min.
	MinBackoff, MaxBackoff time.Duration
	// ClaimAfter is after how long without a sign of life a consumer's events, and in order
	// its shards, go to others. A consumer gives signs four times as often, however long its
	// handlers take. Default 30 s.
	ClaimAfter time.Duration
	// DrainTimeout is how long handlers may go on when the consumer ends; then their
	// contexts end. Default 30 s.
	DrainTimeout time.Duration
}

// withDefaults returns the options with defaults in place of zeros, or what is wrong.
func (o ConsumeOptions) withDefaults() (ConsumeOptions, error) {
	if o.Concurrency < 0 || o.Buffer < 0 || o.MinBackoff < 0 || o.MaxBackoff < 0 || o.ClaimAfter < 0 || o.DrainTimeout < 0 {
		return o, errors.New("ConsumeOptions has a negative number; leave it 0 for the default")
	}
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	if o.Concurrency == 0 {
		o.Concurrency = 16
	}
	if o.Buffer == 0 {
		o.Buffer = 16 * o.Concurrency
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = 10
	}
	set(&o.MinBackoff, 100*time.Millisecond)
	set(&o.MaxBackoff, time.Minute)
	set(&o.ClaimAfter, 30*time.Second)
	set(&o.DrainTimeout, 30*time.Second)
	return o, nil
}

// Start is where in the streams a group begins, or begins again. The zero value is the
// oldest event that is kept.
type Start struct {
	at    string // "": the beginning; "$"; an entry's ID
	shard int    // of the entry; -1: any
}

// StartNow begins with what happens from now on.
func StartNow() Start { return Start{"$", -1} }

// StartAt begins with the first event at t or later, by the clocks of the servers, to a
// millisecond.
func StartAt(t time.Time) Start {
	if t.UnixMilli() <= 0 {
		return Start{}
	}
	return Start{before(t.UnixMilli()), -1}
}

// before is the last ID there can be before a time in ms.
func before(ms int64) string { return strconv.FormatInt(ms-1, 10) + "-18446744073709551615" }

// StartAfter begins after an event; in other shards than that of the event, with the
// events of its millisecond.
func StartAfter(p Position) Start {
	shard, id, err := p.parse()
	if err != nil {
		return Start{string(p), -1} // which the server refuses
	}
	return Start{id, shard}
}

// in returns the ID after which a shard begins.
func (s Start) in(shard int) string {
	switch {
	case s.at == "":
		return "0"
	case s.shard < 0 || s.shard == shard:
		return s.at
	}
	ms, _ := milliseconds(s.at)
	return before(max(ms, 1))
}

// Delivery is an event that a group is to handle. T and K are those of [Repository].
type Delivery[T any, K comparable] struct {
	Event Event[T, K]
	// Attempt is how often the event has been delivered to the group, this time included.
	Attempt int
	Group   string

	held *held
}

// Consume has handler work off the events of an entity with events=stream, together with
// all who consume with the same group, in this and other programs: each event goes to one
// of them. It returns when ctx has ended and what was begun is done, with nil; or when it
// cannot go on.
//
// An event is acknowledged when handler returns nil. An error, or a panic, has it
// retried after a while, and put among the group's dead letters in the end: see
// [ErrPoison], [Repository.DeadLetters]. What a consumer leaves that dies is taken over by
// others. So each event is handled at least once, and sometimes more than once; what
// [Delivery.Once] does takes effect once.
//
// handler is called by several goroutines. Its context has the values of ctx and ends
// when DrainTimeout is over, or, with the cause [ErrTaken], when the consumer has lost
// the event because it was cut off from the server. Consume waits for its handlers, so
// that they have to heed that.
//
// If the server fails, Consume goes on when it is back. A round trip reads as many events
// as there are handlers for, and one more acknowledges what was done meanwhile. A consumer
// with nothing to do holds a connection, on a cluster one for each shard.
func (r *Repository[T, K]) Consume(ctx context.Context, group string, handler func(context.Context, Delivery[T, K]) error, opts ConsumeOptions) error {
	c, err := r.core.newConsumption(group, opts)
	if err != nil {
		return r.core.info.recordError("Consume", "", err)
	}
	c.handle = func(ctx context.Context, h *held) error {
		event, err := r.event(h.event)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrPoison, err)
		}
		return handler(ctx, Delivery[T, K]{Event: event, Attempt: h.attempt, Group: group, held: h})
	}
	return r.core.info.recordError("Consume", "", c.consume(ctx))
}

// checkGroup returns what is wrong with a group of an entity.
func (c *core) checkGroup(group string) error {
	switch {
	case c.info.events != EventsStream:
		return errors.New("its events are not kept: write events=stream on its redisgen:entity line")
	case group == "":
		return errors.New("the group has no name")
	}
	return nil
}
