package repo

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// consumeScript is what consumers do with the stream of a shard, but for waiting. All
// but take and claim can be sent again if the reply was lost.
var consumeScript = newScript(scriptBase, part("clock"), part("consume"))

// groupCall returns the call of a part of consumeScript.
func (c *core) groupCall(at space, op, group, consumer string, more ...string) *call {
	key := at.events()
	args := newArgs(4+len(more), key)
	args.add(string(at), op, group, consumer)
	args.add(more...)
	return &call{place: c.placing, script: consumeScript, keys: []string{key}, args: args.args}
}

func (c *consumption) call(s *consumedShard, op string, more ...string) *call {
	return c.core.groupCall(s.space, op, c.group, c.name, more...)
}

func ms(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) }

// readCall returns the call that has events delivered. One that delivers more each time
// is sent once: after a lost reply, mine finds what it has delivered, before what comes
// next.
func (c *consumption) readCall(one asked, each int) *call {
	s, ordered := one.shard, ""
	if c.opts.Ordered {
		ordered = "1"
	}
	more := []string{ordered, strconv.Itoa(each)}
	switch one.op {
	case "mine":
		return c.call(s, one.op, append(more, s.resume)...)
	case "claim":
		more = append(more, s.cursor, s.minIdle)
	}
	call := c.call(s, one.op, more...)
	call.write = true
	return call
}

// deliveredEntry is an event as the stream has it.
type deliveredEntry struct {
	id        string
	delivered int
	content   []string // names and values
}

// delivered is what a shard has delivered.
type delivered struct {
	lost    bool   // the consumer does not hold the shard
	next    string // where to go on
	trimmed int
	entries []deliveredEntry
}

// parseDelivered reads the reply to a readCall.
func parseDelivered(reply string) (d delivered, err error) {
	v := values{reply}
	n, err := v.array()
	if err != nil {
		return d, err
	}
	if state, _, err := v.next(); err != nil || state != "OK" || n < 3 {
		d.lost = state == "LOST"
		if err == nil && !d.lost {
			err = errReply
		}
		return d, err
	}
	if d.next, _, err = v.next(); err != nil {
		return d, err
	}
	trimmed, err := v.someInts(1)
	if err != nil {
		return d, err
	}
	d.trimmed = int(trimmed[0])
	for range n - 3 {
		e, err := v.deliveredEntry()
		if err != nil {
			return d, err
		}
		d.entries = append(d.entries, e)
	}
	return d, nil
}

func (v *values) deliveredEntry() (e deliveredEntry, err error) {
	if n, err := v.array(); err != nil || n != 3 {
		return e, errReply
	}
	if e.id, _, err = v.next(); err != nil {
		return e, err
	}
	count, err := v.someInts(1)
	if err != nil {
		return e, err
	}
	e.delivered = int(count[0])
	e.content, err = v.list()
	return e, err
}

// numberOf sends a part of the script that is about one event and returns a number.
func (c *consumption) numberOf(h *held, op string, more ...string) (int, error) {
	reply, err := c.client.do(c.work, c.call(h.shard, op, more...))
	if err != nil {
		return 0, err
	}
	v := values{reply}
	list, err := v.ints(1)
	if err != nil {
		return 0, err
	}
	return int(list[0]), nil
}

// again counts one more attempt at an event; 0 if it is not the consumer's any more.
func (c *consumption) again(h *held) (int, error) { return c.numberOf(h, "again", h.id) }

// createGroup makes the group in a shard, unless it is there.
func (c *consumption) createGroup(ctx context.Context, s *consumedShard, start Start) error {
	_, err := c.client.do(ctx, &call{place: c.core.placing, args: []any{"xgroup", "create", s.space.events(), c.group, start.in(s.number), "mkstream"}})
	if isReply(err) && strings.Contains(err.Error(), "BUSYGROUP") {
		return nil
	}
	return err
}

// join makes the group where it is not.
func (c *consumption) join(ctx context.Context) error {
	for _, s := range c.shards {
		if err := c.createGroup(ctx, s, c.opts.Start); err != nil {
			return err
		}
	}
	if c.opts.Ordered {
		c.lease(ctx)
	}
	return nil
}

// leave leaves what is held to others and ends the consumer. It returns how many events
// it has left.
func (c *consumption) leave(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opts.ClaimAfter)
	defer cancel()
	c.mu.Lock()
	left := 0
	more := make([][]string, len(c.shards))
	for _, h := range c.held {
		if h.lost.Load() || h.done {
			continue
		}
		delivered := h.attempt
		if !h.tried {
			delivered--
		}
		more[h.shard.number] = append(more[h.shard.number], h.id, strconv.Itoa(delivered))
		left++
	}
	c.mu.Unlock()
	var calls []*call
	for _, s := range c.shards {
		if len(more[s.number]) > 0 {
			calls = append(calls, c.call(s, "release", append([]string{ms(c.opts.ClaimAfter)}, more[s.number]...)...))
		}
		calls = append(calls, c.call(s, "leave"))
	}
	if _, errs := c.client.sendAll(ctx, calls); errors.Join(errs...) != nil {
		c.log.Debug("redisgen: a consumer could not say that it leaves")
	}
	return left
}

// errPosition is what the ID of an entry leads to that is none.
var errPosition = errors.New("not the ID of an entry of a stream")

// splitID takes the ID of an entry apart; of a time alone, as the embedded store has it of
// a group that has begun with nothing, it is the first.
func splitID(id string) (ms int64, n uint64, err error) {
	first, second, whole := strings.Cut(id, "-")
	if !whole {
		second = "0"
	}
	if ms, err = strconv.ParseInt(first, 10, 64); err != nil {
		return 0, 0, errPosition
	}
	if n, err = strconv.ParseUint(second, 10, 64); err != nil {
		return 0, 0, errPosition
	}
	return ms, n, nil
}

// milliseconds returns when an entry was added.
func milliseconds(id string) (int64, error) {
	ms, _, err := splitID(id)
	return ms, err
}

// following returns the ID after one; "-" after none, which is the first.
func following(id string) (string, error) {
	if id == "" {
		return "-", nil
	}
	ms, n, err := splitID(id)
	return strconv.FormatInt(ms, 10) + "-" + strconv.FormatUint(n+1, 10), err
}
