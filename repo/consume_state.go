package repo

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// Lag is how far behind a group is, or in one shard.
type Lag struct {
	// Undelivered is how many events no consumer has had yet. Where the server does not
	// know that, which is after events were removed one by one and after Replay, they are
	// counted up to ten thousand in a shard, and AtLeast is true if there are more.
	Undelivered int64
	AtLeast     bool
	// Pending is how many events consumers have and have not done with.
	Pending int64
	// Oldest is how long ago the oldest event was told that is not done with; 0 if there
	// is none.
	Oldest time.Duration
	// Consumers is how many consumers there are; of all shards, in the one with most.
	Consumers int64
	// Dead is how many dead letters there are.
	Dead int64
	// Shards has the same of each shard.
	Shards []Lag
}

// Lag returns how far behind a group is; [ErrNotFound] if there is none. One round trip for
// all shards where the server knows it.
func (r *Repository[T, K]) Lag(ctx context.Context, group string) (Lag, error) {
	lag, err := r.core.fresh().lag(ctx, group)
	return lag, r.core.info.recordError("Lag", "", err)
}

func (c *core) lag(ctx context.Context, group string) (sum Lag, err error) {
	if err := c.checkGroup(group); err != nil {
		return Lag{}, err
	}
	calls := make([]*call, len(c.spaces))
	for i, at := range c.spaces {
		calls[i] = c.groupCall(at, "lag", group, "")
	}
	replies, errs := c.client.sendAll(ctx, calls)
	if err := errors.Join(errs...); err != nil {
		return Lag{}, err
	}
	found := false
	for i, at := range c.spaces {
		one, there, after, err := parseLag(replies[i])
		if found = found || there; err == nil && after != "" {
			one.Undelivered, one.AtLeast, err = c.countAfter(ctx, at, after)
		}
		if err != nil {
			return Lag{}, err
		}
		sum.Undelivered += one.Undelivered
		sum.AtLeast = sum.AtLeast || one.AtLeast
		sum.Pending += one.Pending
		sum.Oldest = max(sum.Oldest, one.Oldest)
		sum.Consumers = max(sum.Consumers, one.Consumers)
		sum.Dead += one.Dead
		sum.Shards = append(sum.Shards, one)
	}
	if !found {
		return Lag{}, ErrNotFound
	}
	return sum, nil
}

// parseLag reads the reply of one shard, and whether it has the group; after is the last
// event that was delivered if those behind it are to be counted.
func parseLag(reply string) (lag Lag, there bool, after string, err error) {
	list, err := (&values{reply}).list()
	if err != nil || len(list) == 0 {
		return Lag{}, false, "", err
	}
	if len(list) != 7 {
		return Lag{}, false, "", errReply
	}
	number := func(text string) (n int64) {
		if text != "" && err == nil {
			n, err = strconv.ParseInt(text, 10, 64)
		}
		return n
	}
	lag.Pending, lag.Undelivered, lag.Consumers, lag.Dead = number(list[0]), number(list[1]), number(list[3]), number(list[6])
	if oldest := number(list[4]); oldest > 0 {
		lag.Oldest = max(time.Duration(number(list[5])-oldest)*time.Millisecond, 1)
	}
	if list[1] == "" {
		after = list[2]
	}
	return lag, true, after, err
}

// Events are counted by pages, and no more than so many.
const (
	countPage  = 500
	countPages = 20
)

// countAfter counts the events after an ID, and tells whether there are more.
func (c *core) countAfter(ctx context.Context, at space, id string) (n int64, more bool, err error) {
	for range countPages {
		if id, err = following(id); err != nil {
			return 0, false, err
		}
		reply, err := c.client.do(ctx, &call{place: c.placing, args: []any{"xrange", at.events(), id, "+", "count", strconv.Itoa(countPage)}})
		if err != nil {
			return 0, false, err
		}
		list, err := (&values{reply}).entries()
		if err != nil {
			return 0, false, err
		}
		n += int64(len(list))
		if len(list) < countPage {
			return n, false, nil
		}
		id = list[len(list)-1].id
	}
	return n, true, nil
}

// Replay has a group begin again from a place: all events from there on are delivered
// once more, also those that were handled, or made to skip events, if the place is later
// than where it is. What is pending stays so. The group must exist; its consumers may be
// at work. One round trip.
func (r *Repository[T, K]) Replay(ctx context.Context, group string, from Start) error {
	return r.core.info.recordError("Replay", "", r.core.replay(ctx, group, from))
}

func (c *core) replay(ctx context.Context, group string, from Start) error {
	if err := c.checkGroup(group); err != nil {
		return err
	}
	calls := make([]*call, len(c.spaces))
	for i, at := range c.spaces {
		calls[i] = &call{place: c.placing, args: []any{"xgroup", "setid", at.events(), group, from.in(i)}}
	}
	_, errs := c.client.sendAll(ctx, calls)
	return errors.Join(errs...)
}

// trimStep is how many events one command removes, about.
const trimStep = 10_000

// TrimEvents removes the events before a time from all streams of the entity, and returns
// how many there were, also those that a group has not handled. One round trip for ten
// thousand of each shard, and one more.
func (r *Repository[T, K]) TrimEvents(ctx context.Context, before time.Time) (int64, error) {
	n, err := r.core.trimEvents(ctx, strconv.FormatInt(max(before.UnixMilli(), 0), 10)+"-0")
	return n, r.core.info.recordError("TrimEvents", "", err)
}

func (c *core) trimEvents(ctx context.Context, id string) (removed int64, err error) {
	if c.info.events != EventsStream {
		return 0, c.checkGroup("any")
	}
	// Whole nodes of a stream go fast; what is left of the last one is few.
	for roughly := true; ; {
		calls := make([]*call, len(c.spaces))
		for i, at := range c.spaces {
			args := []any{"xtrim", at.events(), "minid", "=", id}
			if roughly {
				args = []any{"xtrim", at.events(), "minid", "~", id, "limit", strconv.Itoa(trimStep)}
			}
			calls[i] = &call{place: c.placing, args: args}
		}
		replies, errs := c.client.sendAll(ctx, calls)
		if err := errors.Join(errs...); err != nil {
			return removed, err
		}
		var now int64
		for _, reply := range replies {
			n, err := parseInt(reply)
			if err != nil {
				return removed, err
			}
			now += n
		}
		removed += now
		if !roughly {
			return removed, nil
		}
		roughly = now > 0
	}
}
