package repo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// consumption is one call of Consume.
type consumption struct {
	core   *core
	owner  *Client // of the repository
	client *Client // by which the streams are read
	group  string
	name   string
	opts   ConsumeOptions
	handle func(context.Context, *held) error
	log    *slog.Logger
	shards []*consumedShard

	work   context.Context // of handlers, and of what is sent for them
	abort  context.CancelCauseFunc
	signal chan struct{} // there may be something to read, or room for it
	acks   chan struct{} // there is something to acknowledge
	block  time.Duration // how long one wait for events takes at most

	mu       sync.Mutex
	changed  sync.Cond
	held     map[Position]*held
	lanes    map[string][]*held // in order: the events of each record
	ready    []*held            // to be handled next
	done     []*held            // to be acknowledged
	running  int
	draining bool // nothing new is begun
	handlers sync.WaitGroup
}

// consumedShard is what a consumption knows of one shard.
type consumedShard struct {
	number int
	space  space
	poke   chan struct{} // of who waits for its events

	// Of the goroutine that reads.
	recover   bool      // a reply was lost: look at what is pending of the consumer
	resume    string    // where that goes on
	cursor    string    // of what is being taken over; "": nothing
	minIdle   string    // of that, in ms
	nextClaim time.Time // when to look for something to take over

	// Under the mutex of the consumption.
	held     int
	asked    bool   // a reply is on its way
	fresh    bool   // there may be new events
	last     string // the last event, if there are none
	owned    bool   // in order: the consumer holds the shard
	gained   bool   // and has not begun with it yet
	leased   time.Time
	yielding bool
}

// longestBlock is how long a wait for events takes at most; so long it takes at most to
// end a consumer that has nothing to do.
const longestBlock = 250 * time.Millisecond

func (c *core) newConsumption(group string, opts ConsumeOptions) (*consumption, error) {
	if err := c.checkGroup(group); err != nil {
		return nil, err
	}
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	one := &consumption{
		core: c, owner: c.client, client: c.client.view(), group: group, name: opts.Name, opts: opts,
		signal: make(chan struct{}, 1), acks: make(chan struct{}, 1),
		held: map[Position]*held{}, lanes: map[string][]*held{},
	}
	one.client.stale, one.client.durability = nil, Durability{}
	one.client.coalescer = nil // whose pipelines would wait for events
	one.block = longestBlock
	if limit := readTimeout(one.client.rdb); limit > 0 {
		one.block = min(one.block, limit/2)
	}
	one.changed.L = &one.mu
	if one.name == "" {
		host, _ := os.Hostname()
		one.name = fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8])
	}
	one.log = c.client.log.With("entity", c.info.name, "group", group, "consumer", one.name)
	for i, at := range c.spaces {
		one.shards = append(one.shards, &consumedShard{number: i, space: at, fresh: true, recover: opts.Name != "", resume: "-"})
	}
	return one, nil
}

// consume works until ctx ends.
func (c *consumption) consume(ctx context.Context) error {
	c.work, c.abort = context.WithCancelCause(context.WithoutCancel(ctx))
	defer c.abort(nil)
	if err := c.begin(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	c.log.Info("redisgen: consuming events")
	reading, stop := context.WithCancel(ctx)
	keeping, end := context.WithCancel(context.WithoutCancel(ctx))
	var readers, keepers sync.WaitGroup
	defer context.AfterFunc(reading, c.drainFor)()
	for _, list := range c.listeners() {
		readers.Go(func() { c.listen(reading, list) })
	}
	keepers.Go(func() { c.acknowledge(keeping) })
	keepers.Go(func() { c.keep(keeping) })
	err := c.read(reading)
	stop()
	drained := c.drain()
	readers.Wait()
	end()
	keepers.Wait()
	if left := c.leave(ctx); left > 0 {
		c.log.Info("redisgen: events are left to other consumers", "events", left)
	}
	c.log.Info("redisgen: stopped consuming events")
	return errors.Join(err, drained)
}

// begin makes the group, and waits for the server to be there.
func (c *consumption) begin(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; failures++ {
		err := c.join(ctx)
		if err == nil || c.isFatal(err) {
			return err
		}
		if failures == 0 && ctx.Err() == nil {
			c.log.Warn("redisgen: events cannot be read", "error", err)
		}
		_ = c.client.pause(ctx, failures+2)
	}
	return nil
}

// errDrain is why the context of a handler ends.
var errDrain = fmt.Errorf("handlers were not done within DrainTimeout: %w", context.DeadlineExceeded)

// drainFor ends the handlers' contexts when DrainTimeout is over.
func (c *consumption) drainFor() {
	timer := time.AfterFunc(c.opts.DrainTimeout, func() { c.abort(errDrain) })
	context.AfterFunc(c.work, func() {
		timer.Stop()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changed.Broadcast()
	})
}

// drain waits for what was delivered to be handled, and acknowledged.
func (c *consumption) drain() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	for {
		aborted := c.work.Err() != nil
		if c.running == 0 && (aborted || len(c.ready) == 0 && !c.unacknowledged()) {
			break
		}
		c.changed.Wait()
	}
	if errors.Is(context.Cause(c.work), errDrain) && len(c.held) > 0 {
		return errDrain
	}
	return nil
}

// read has events delivered until ctx ends.
func (c *consumption) read(ctx context.Context) error {
	failures := 0
	for ctx.Err() == nil {
		progress, err := c.round()
		switch {
		case err == nil && failures > 0:
			failures = 0
			c.log.Info("redisgen: events are read again")
		case c.isFatal(err):
			return err
		case err != nil:
			if failures++; failures == 1 {
				c.log.Warn("redisgen: events cannot be read", "error", err)
			}
			if c.client.pause(ctx, failures+2) != nil {
				return nil
			}
			continue
		}
		if !progress {
			c.rest(ctx)
		}
	}
	return nil
}

// isFatal tells whether an error will not pass.
func (c *consumption) isFatal(err error) bool {
	if err == nil || isRefused(err) || c.client.asks && isAuth(err) {
		return false
	}
	for _, known := range []error{ErrClosed, redis.ErrClosed, ErrDenied, ErrFunctions, ErrPlacement, errReply} {
		if errors.Is(err, known) {
			return true
		}
	}
	for _, known := range []string{"NOAUTH ", "WRONGPASS ", "WRONGTYPE ", "ERR "} {
		if isReply(err) && strings.HasPrefix(err.Error(), known) {
			return true
		}
	}
	return false
}

// rest waits until there may be something to do.
func (c *consumption) rest(ctx context.Context) {
	timer := time.NewTimer(c.opts.ClaimAfter / 4)
	defer timer.Stop()
	select {
	case <-c.signal:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// poke wakes who waits on a channel.
func poke(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}

// asked is what a round asks of a shard.
type asked struct {
	shard *consumedShard
	op    string
}

// round asks each shard once for events and reports whether any was asked.
func (c *consumption) round() (bool, error) {
	list, each := c.ask()
	if len(list) == 0 {
		return false, nil
	}
	calls := make([]*call, len(list))
	for i, one := range list {
		calls[i] = c.readCall(one, each)
	}
	var failed error
	replies, errs := c.client.sendAll(c.work, calls)
	for i, one := range list {
		err := errs[i]
		if err == nil {
			err = c.take(one, replies[i])
		}
		c.replied(one.shard)
		if err == nil {
			continue
		}
		one.shard.recover = true
		if isNoGroup(err) {
			err = c.found(one.shard)
		}
		if failed == nil || c.isFatal(err) {
			failed = err
		}
	}
	return true, failed
}

// replied notes that a shard has replied.
func (c *consumption) replied(s *consumedShard) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.asked = false
}

func isNoGroup(err error) bool { return isReply(err) && strings.Contains(err.Error(), "NOGROUP ") }

// found makes a group again that has vanished, with all that is kept.
func (c *consumption) found(s *consumedShard) error {
	c.log.Warn("redisgen: the group is gone; it is made again and begins with the oldest event", "shard", s.number)
	return c.createGroup(c.work, s, Start{})
}

// ask returns what to ask of which shards, and how many events of each.
func (c *consumption) ask() (list []asked, each int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	busy := len(c.ready) + c.running
	room := min(c.opts.Buffer-len(c.held), 2*c.opts.Concurrency-busy)
	if room <= 0 || busy > 0 && room < c.opts.Concurrency/2 {
		return nil, 0
	}
	now := time.Now()
	from := int(now.UnixNano()/1000) % len(c.shards) // so that all have their turn
	for i := range c.shards {
		s := c.shards[(from+i)%len(c.shards)]
		if op := c.next(s, now); op != "" && len(list) < room {
			s.asked = true
			list = append(list, asked{s, op})
		}
	}
	if len(list) == 0 {
		return nil, 0
	}
	return list, room / len(list)
}

// next returns what to ask of a shard.
func (c *consumption) next(s *consumedShard, now time.Time) string {
	if c.opts.Ordered {
		if !s.owned || s.yielding || !now.Before(s.leased) {
			return ""
		}
		if s.gained { // all that is pending comes before what is new
			s.gained, s.recover, s.resume, s.cursor, s.minIdle = false, false, "-", "0-0", "0"
		}
	}
	switch {
	case s.recover:
		return "mine"
	case s.cursor != "":
		return "claim"
	case !now.Before(s.nextClaim):
		s.cursor, s.minIdle = "0-0", ms(c.opts.ClaimAfter)
		return "claim"
	case s.fresh:
		return "take"
	}
	return ""
}

// take takes what a shard has replied.
func (c *consumption) take(one asked, reply string) error {
	d, err := parseDelivered(reply)
	if err != nil {
		return err
	}
	s := one.shard
	if d.trimmed > 0 {
		c.log.Warn("redisgen: events were trimmed before they were handled", "shard", s.number, "events", d.trimmed)
	}
	if d.lost {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.loseShard(s)
		return nil
	}
	switch one.op {
	case "mine":
		if s.resume, err = following(d.next); err != nil {
			return err
		}
		s.recover = s.resume != "-"
	case "claim":
		if s.cursor = d.next; s.cursor == "0-0" {
			s.cursor, s.nextClaim = "", time.Now().Add(c.opts.ClaimAfter/2)
		}
		if len(d.entries) > 0 {
			c.log.Info("redisgen: took over events", "shard", s.number, "events", len(d.entries))
		}
	}
	c.add(s, d.entries)
	if one.op == "take" && len(d.entries) == 0 {
		c.mu.Lock()
		defer c.mu.Unlock()
		s.fresh, s.last = false, d.next
		poke(s.poke)
	}
	return nil
}
