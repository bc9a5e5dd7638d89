package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Durability is what a write asks for beyond being carried out by the primary. The
// zero value asks for nothing: a write that succeeded is lost if its server goes
// down before the write is on a replica or on disk.
//
// Redis replicates after it has answered, and a failover chooses the new primary by
// itself. So none of these is consensus: they make it unlikely that a write is lost,
// in the way that docs/durability.md says.
type Durability struct {
	// MinReplicas refuses a write with [ErrNoReplicas], before anything is done, if
	// the primary shows fewer replicas that are online and lag by two seconds at most.
	// That is asked for in a round trip of its own, and taken as true for a quarter of
	// a second.
	MinReplicas int
	// Replicas is how many replicas have to confirm, behind the write and in the same
	// round trip, that they have received it: WAIT.
	Replicas int
	// Fsync has the primary confirm that the write is in its append-only file on disk,
	// and FsyncReplicas so many replicas the same of theirs: WAITAOF, which Redis has
	// since 7.2. With appendfsync everysec that takes up to a second or two.
	Fsync         bool
	FsyncReplicas int
	// Timeout is how long the confirmations may take, WAIT and WAITAOF each. Default
	// 1 s, and 3 s for WAITAOF.
	Timeout time.Duration
}

// Errors of writes that ask for durability.
var (
	// ErrNoReplicas: the primary has too few replicas that keep up, so that the write
	// was not carried out; by [Durability] or by the server's min-replicas-to-write.
	ErrNoReplicas = errors.New("too few replicas in sync; nothing is written")
	// ErrNotDurable: the write was carried out, and its record is stamped, but what
	// [Durability] asks for was not confirmed in time. It may become durable yet.
	ErrNotDurable = errors.New("written, but not confirmed to be durable")
)

// Durable returns a view of the client whose writes ask for that durability, in
// place of [Config.Durability]; also those of its batches, and of queries that
// delete and patch. It is the same client otherwise, with the same connections; it
// needs no Close and is closed with c. Reads that renew an expiry, and the release of
// what expired records leave behind, ask for nothing.
//
// If a write fails with [errors.ErrUnsupported], the server has no WAITAOF or keeps
// no append-only file, and nothing is written.
func (c *Client) Durable(d Durability) *Client {
	view := c.view()
	view.durability = d
	return view
}

// view returns a client to be changed that is c otherwise.
func (c *Client) view() *Client {
	return &Client{settings: c.settings, parent: c, sweeper: c.sweeper}
}

// check returns what is wrong with d.
func (d Durability) check() error {
	if d.MinReplicas < 0 || d.Replicas < 0 || d.FsyncReplicas < 0 || d.Timeout < 0 {
		return fmt.Errorf("%w: Durability %+v has a negative number", errConfig, d)
	}
	return nil
}

func (d Durability) fsyncs() bool { return d.Fsync || d.FsyncReplicas > 0 }

// confirmations returns the commands that wait for what d asks, and how long they
// may take.
func (d Durability) confirmations(ctx context.Context) (cmds []*confirmation, takes time.Duration) {
	add := func(local, replicas int, timeout time.Duration, args ...any) {
		// A timeout of 0 would be for ever.
		ms := strconv.FormatInt(int64((timeout+time.Millisecond-1)/time.Millisecond), 10)
		cmd := &command{*redis.NewRawCmd(ctx, append(args, strconv.Itoa(replicas), ms)...), true}
		cmds = append(cmds, &confirmation{cmd, local, replicas, timeout})
		takes += timeout
	}
	if d.Replicas > 0 {
		add(0, d.Replicas, cmp.Or(d.Timeout, time.Second), "wait")
	}
	if d.fsyncs() {
		local := 0
		if d.Fsync {
			local = 1
		}
		add(local, d.FsyncReplicas, cmp.Or(d.Timeout, 3*time.Second), "waitaof", strconv.Itoa(local))
	}
	return cmds, takes
}

// confirmation is a command that waits for a confirmation, and what it is to be.
type confirmation struct {
	cmd             *command
	local, replicas int
	timeout         time.Duration
}

// err returns how the reply falls short of what was asked for.
func (w *confirmation) err() error {
	reply, err := w.cmd.reply()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotDurable, err)
	}
	if w.cmd.Args()[0] == "wait" {
		n, err := parseInt(reply)
		if err == nil && n < int64(w.replicas) {
			err = fmt.Errorf("%d of %d replicas have it after %v", n, w.replicas, w.timeout)
		}
		return notDurable(err)
	}
	v := values{reply}
	n, err := v.ints(2)
	if err == nil && (n[0] < int64(w.local) || n[1] < int64(w.replicas)) {
		err = fmt.Errorf("%d of %d primaries and %d of %d replicas have it on disk after %v", n[0], w.local, n[1], w.replicas, w.timeout)
	}
	return notDurable(err)
}

func notDurable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrNotDurable, err)
}

// unsent is why a write was not sent; again tells whether it could be later.
type unsent struct {
	error
	again bool
}

func (u *unsent) Unwrap() error { return u.error }

func isUnsent(err error) bool {
	var u *unsent
	return errors.As(err, &u)
}

// durably tells whether a call asks for durability: a write, and what claims a value
// that is unique across shards for one.
func (c *Client) durably(call *call) bool {
	return (call.write || call.script == claimScript || call.script == holderScript) && c.durability != Durability{}
}

// exchange sends calls to a server in one pipeline, and behind them what waits for
// their durability.
func (c *Client) exchange(ctx context.Context, node *redis.Client, calls []*call, whole, asking bool) ([]string, []error) {
	replies, errs := make([]string, len(calls)), make([]error, len(calls))
	refused := c.admit(ctx, node)
	waits, takes := c.durability.confirmations(ctx)
	if limit := node.Options().ReadTimeout; limit > 0 && 2*takes > limit {
		node = node.WithTimeout(limit + takes)
	}
	pipe, cmds := node.Pipeline(), make([]*command, len(calls))
	for i, call := range calls {
		if errs[i] = refused; refused == nil || !c.durably(call) {
			if asking {
				_ = pipe.Process(ctx, redis.NewStatusCmd(ctx, "asking"))
			}
			cmds[i] = call.command(ctx, whole)
			_ = pipe.Process(ctx, cmds[i])
		}
	}
	if refused == nil {
		for _, w := range waits {
			_ = pipe.Process(ctx, w.cmd)
		}
	}
	_, _ = pipe.Exec(ctx) // every command has its own error
	var short error
	for _, w := range waits {
		short = cmp.Or(short, w.err())
	}
	for i, call := range calls {
		if cmds[i] == nil {
			continue
		}
		replies[i], errs[i] = cmds[i].reply()
		switch {
		case !c.durably(call):
		case call.write:
			call.short = short
		case errs[i] == nil && short != nil: // the write that it is for has not been sent
			errs[i] = &unsent{fmt.Errorf("%w: the claim of a unique value is not confirmed: %v", ErrNoReplicas, short), false}
		}
	}
	return replies, errs
}

// confirmed sends a call that asks for durability, and follows the redirections of
// a cluster.
func (c *Client) confirmed(ctx context.Context, one *call, whole bool) (string, error) {
	node, err := c.node(ctx, one.key())
	if err != nil {
		return "", err
	}
	asking, done := false, func() {}
	for hop := 0; ; hop++ {
		replies, errs := c.exchange(ctx, node, []*call{one}, whole, asking)
		done()
		if errs[0] == nil || !isRedirect(errs[0]) || hop == mostHops {
			return replies[0], errs[0]
		}
		if node, asking, done, err = c.target(ctx, node, errs[0]); err != nil {
			return "", err
		}
	}
}

// confirmAll sends some of the calls, in one pipeline to each server, and notes what
// has become of them.
func (c *Client) confirmAll(ctx context.Context, calls []*call, todo []int, replies []string, errs []error) {
	groups, err := c.byNode(ctx, calls, todo)
	if err != nil {
		for _, at := range todo {
			errs[at] = err
		}
		return
	}
	var running sync.WaitGroup
	for node, group := range groups {
		running.Go(func() {
			some := make([]*call, len(group))
			for i, at := range group {
				some[i] = calls[at]
			}
			got, failed := c.exchange(ctx, node, some, false, false)
			for i, at := range group {
				replies[at], errs[at] = got[i], failed[i]
			}
		})
	}
	running.Wait()
}

// readWritten reads what a write of n records has come back with, as parseWritten
// does: a reply, or an error. If that is ErrNotDurable, it is the error of each
// record that was written.
func readWritten(info *entityInfo, reply string, err error, n int, row func(int) *Row) ([]written, error) {
	if err != nil && !errors.Is(err, ErrNotDurable) {
		return nil, err
	}
	list, failed := parseWritten(info, reply, n, row)
	for i := range list {
		if list[i].err == nil {
			list[i].err = err
		}
	}
	return list, failed
}

// standing is what a server has said of itself.
type standing struct {
	at       time.Time
	replicas int  // that keep up
	waitaof  bool // it knows the command
	aof      bool // it keeps an append-only file
}

// standings are those of the servers that writes were sent to, by address.
type standings struct {
	mu    sync.Mutex
	known map[string]standing
}

const (
	// standingAge is how old a standing is at most that a write goes by. What it
	// tells of replicas is precise to a second.
	standingAge = 250 * time.Millisecond
	// reportAge is how many seconds ago a replica has reported at most that keeps
	// up. Replicas report every second.
	reportAge = 2
)

// of returns the standing of a server.
func (s *standings) of(ctx context.Context, node *redis.Client) (standing, error) {
	addr := node.Options().Addr
	s.mu.Lock()
	known := s.known[addr]
	s.mu.Unlock()
	if time.Since(known.at) < standingAge {
		return known, nil
	}
	known = standing{at: time.Now()}
	info, err := nodeInfo(ctx, node, "server", "persistence", "replication")
	if err != nil {
		return known, err
	}
	known.replicas = info.keepingUp()
	known.waitaof = info.since(7, 2)
	known.aof = info["aof_enabled"] == "1"
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]standing{}
	}
	s.known[addr] = known
	return known, nil
}

// admit returns why writes cannot be sent to a server as durably as they are to be.
func (c *Client) admit(ctx context.Context, node *redis.Client) error {
	d := c.durability
	if err := d.check(); err != nil {
		return &unsent{err, false}
	}
	if d.MinReplicas == 0 && !d.fsyncs() {
		return nil
	}
	s, err := c.standings.of(ctx, node)
	switch {
	case err != nil:
		return &unsent{err, !isContext(err)}
	case s.replicas < d.MinReplicas:
		return &unsent{fmt.Errorf("%w: %d of %d", ErrNoReplicas, s.replicas, d.MinReplicas), true}
	case d.fsyncs() && !s.waitaof:
		return &unsent{fmt.Errorf("nothing is written: Durability asks for fsync, which takes Redis 7.2 or later: %w", errors.ErrUnsupported), false}
	case d.Fsync && !s.aof:
		return &unsent{fmt.Errorf("nothing is written: Durability asks for fsync, and the primary has appendonly no: %w", errors.ErrUnsupported), false}
	}
	return nil
}
