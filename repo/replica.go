package repo

import (
	"context"
	"slices"
	"time"
)

// StaleOption bounds what [Client.StaleReads] returns.
type StaleOption func(*staleReads)

// staleReads is how a view reads from replicas.
type staleReads struct {
	bounded bool
	lag     time.Duration
}

// MaxLag has a read go to a replica only if that is known to have every write that
// the primary had carried out d before the read began; else it goes to the primary.
//
// The client compares the replication offsets of primary and replicas four times
// within d, though not more often than every 5 ms, by its own clock. So a replica
// that is more than half of d behind may be left out, and one that is more than d
// behind is.
func MaxLag(d time.Duration) StaleOption {
	return func(s *staleReads) { s.bounded, s.lag = true, d }
}

// StaleReads returns a view of the client whose reads go to replicas and so may be
// stale: they may miss the latest writes, also those of the same program, and two of
// them may go to different replicas, the second of which is behind the first. Without
// [MaxLag] nothing bounds by how much, least of all for a replica that has lost its
// primary. Where no replica can answer, the primary does.
//
// Reads are Get, GetMany, finders, queries, counts, Exists and TTL. Writes go to the
// primary, and so do reads that belong to one (Mutate, and Delete and Patch of a
// query), reads in a batch that writes as well, and those that renew the expiry of a
// sliding entity.
//
// The replicas are those that the primary names in INFO replication, or
// [Config.ReplicaAddrs]. From now on until c is closed the client asks for that
// once a second, or as often as MaxLag needs. The view needs no Close.
func (c *Client) StaleReads(opts ...StaleOption) *Client {
	view := c.view()
	view.stale = &staleReads{}
	for _, opt := range opts {
		opt(view.stale)
	}
	c.replicas.watch(view.stale.interval())
	return view
}

// interval returns how often replicas are to be looked at.
func (s *staleReads) interval() time.Duration {
	if !s.bounded {
		return lookInterval
	}
	return min(max(s.lag/4, shortestLook), lookInterval)
}

const (
	lookInterval = time.Second
	shortestLook = 5 * time.Millisecond
)

// fresh returns c for what has to read the latest.
func (c *core) fresh() *core {
	if c.client.stale == nil {
		return c
	}
	f := *c
	f.client = c.client.view()
	f.client.stale = nil
	return &f
}

// fresh returns q for a write of what it finds.
func (q *query) fresh() *query {
	return q.with(func(q *query) { q.core = q.core.fresh() })
}

// readingCommands are those of this package that replicas can carry out.
var readingCommands = []string{
	"hmget", "hget", "exists", "pttl", "zcard", "zcount", "zlexcount",
	"zrangebyscore", "zrevrangebyscore", "zrangebylex", "zrevrangebylex",
}

// readsOnly tells whether a replica can carry out the call.
func (c *call) readsOnly() bool {
	if c.script != nil {
		return c.script.does == reads
	}
	name, _ := c.args[0].(string)
	return slices.Contains(readingCommands, name)
}

// fromReplica has a replica carry out a call, if it may and one can.
func (c *Client) fromReplica(ctx context.Context, asked *call) (string, bool) {
	if c.stale == nil {
		return "", false
	}
	replies, errs := make([]string, 1), make([]error, 1)
	left := c.fromReplicas(ctx, []*call{asked}, []int{0}, replies, errs)
	return replies[0], len(left) == 0
}

// fromReplicas has replicas carry out some of the calls, if they all only read, and
// returns which are left to the primary.
func (c *Client) fromReplicas(ctx context.Context, calls []*call, todo []int, replies []string, errs []error) []int {
	if c.stale == nil || c.ready(ctx) != nil || slices.ContainsFunc(todo, func(at int) bool { return !calls[at].readsOnly() }) {
		return todo
	}
	var left []int
	groups := map[*replica][]int{}
	for shard, some := range c.byShard(ctx, calls, todo) {
		if r := c.replicas.pick(shard, c.stale); r != nil {
			groups[r] = some
		} else {
			left = append(left, some...)
		}
	}
	if len(groups) > 0 {
		c.noteTrip(ctx)
	}
	for r, group := range groups {
		some := make([]*call, len(group))
		for i, at := range group {
			some[i] = calls[at]
			some[i].leaveRepairs()
		}
		got, failed := r.ask(ctx, some)
		for i, at := range group {
			if replies[at], errs[at] = got[i], failed[i]; failed[i] != nil {
				errs[at] = nil
				left = append(left, at)
			}
		}
	}
	slices.Sort(left)
	return left
}

// byShard divides calls by the addresses of the primaries that have their keys,
// which is "" if there is only one.
func (c *Client) byShard(ctx context.Context, calls []*call, todo []int) map[string][]int {
	if !c.replicas.cluster() {
		return map[string][]int{"": todo}
	}
	groups := map[string][]int{}
	for _, at := range todo {
		addr := ""
		if node, err := c.node(ctx, calls[at].key()); err == nil {
			addr = node.Options().Addr
		}
		groups[addr] = append(groups[addr], at)
	}
	return groups
}

// leaveRepairs has a function called so that it writes nothing; replicas refuse
// others. Scripts are refused only once they do write.
func (c *call) leaveRepairs() {
	if c.functions && c.script != nil && !c.readOnly {
		c.args = slices.Clone(c.args)
		c.readOnly, c.args[0] = true, nil
	}
}

// ask has the replica carry out calls, and tells it scripts that it does not know.
func (r *replica) ask(ctx context.Context, calls []*call) ([]string, []error) {
	replies, errs := r.send(ctx, calls, false)
	var unknown []int
	for i, err := range errs {
		switch {
		case isNoScript(err):
			unknown = append(unknown, i)
		case err != nil && !isReply(err) && !isContext(err):
			r.up.Store(false) // until a look shows otherwise
		}
	}
	for _, at := range unknown {
		again, failed := r.send(ctx, calls[at:at+1], true)
		replies[at], errs[at] = again[0], failed[0]
	}
	return replies, errs
}

// send sends calls in one pipeline.
func (r *replica) send(ctx context.Context, calls []*call, whole bool) ([]string, []error) {
	pipe, cmds := r.client.Pipeline(), make([]*command, len(calls))
	for i, call := range calls {
		cmds[i] = call.command(ctx, whole)
		_ = pipe.Process(ctx, cmds[i])
	}
	_, _ = pipe.Exec(ctx) // every command has its own error
	replies, errs := make([]string, len(calls)), make([]error, len(calls))
	for i, cmd := range cmds {
		replies[i], errs[i] = cmd.reply()
	}
	return replies, errs
}
