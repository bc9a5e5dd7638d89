package repo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// do sends a call and returns its reply.
//
// What the server is known not to have carried out is sent again, after a
// pause: when no connection could be had, when the server refused, or when it
// did not know the script; and a read whose reply was lost. A write that may have
// been carried out is sent again only if it has a token by which the script
// recognises it; else its error is ErrUncertain.
func (c *Client) do(ctx context.Context, call *call) (string, error) {
	if err := call.place.check(ctx, c, call.write); err != nil {
		return "", err
	}
	defer c.cache.wrote(call)
	whole := false
	var failed time.Time
	call.functions = c.functions != nil
	c.shield(call)
	if reply, ok := c.fromReplica(ctx, call); ok {
		return reply, nil
	}
	for attempt := 0; ; attempt++ {
		if err := c.ready(ctx); err != nil {
			return "", call.failed(err)
		}
		reply, err := c.once(ctx, call, whole)
		switch {
		case err == nil:
			c.noteSuccess(ctx)
			return reply, call.short
		case isNoScript(err) && !whole:
			whole = true
			attempt-- // which it is not
			continue
		case call.leaveWriting(err):
			continue
		case c.repeats(call, err, attempt, &failed):
			if c.pause(ctx, attempt) == nil {
				c.noteRetry(ctx, call, err, attempt, failed)
				continue
			}
		}
		return "", late(ctx, call.failed(outcome(err, call.write)))
	}
}

// once sends a call one time.
func (c *Client) once(ctx context.Context, call *call, whole bool) (string, error) {
	c.noteTrip(ctx)
	if c.durably(call) {
		return c.confirmed(ctx, call, whole)
	}
	cmd := call.command(ctx, whole)
	start := time.Now()
	reply, err := c.coalescer.process(ctx, c.rdb, cmd)
	if err == nil {
		c.trip.took(time.Since(start))
	}
	if isRedirect(err) || isDemoted(err) {
		return c.follow(ctx, call, whole)
	}
	return reply, err
}

// failed returns the error of a call: if a reply to an earlier attempt was lost,
// the outcome is unknown whatever has become of the last.
func (c *call) failed(err error) error {
	if isNoFunction(err) {
		_, name := c.verb()
		err = &functionError{name, err}
	}
	if err != nil && c.write && c.lost && !errors.Is(err, ErrUncertain) && !errors.Is(err, ErrNotDurable) {
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	return err
}

// ready returns why nothing can be sent now.
func (c *Client) ready(ctx context.Context) error {
	if c.isClosed() {
		return ErrClosed
	}
	return ctx.Err()
}

// sendAll sends calls: one by itself, more in one pipeline.
func (c *Client) sendAll(ctx context.Context, calls []*call) ([]string, []error) {
	if len(calls) != 1 {
		return c.doAll(ctx, calls)
	}
	reply, err := c.do(ctx, calls[0])
	return []string{reply}, []error{err}
}

// doAll sends calls in one pipeline and returns the reply or the error of
// each. It repeats what do repeats.
func (c *Client) doAll(ctx context.Context, calls []*call) ([]string, []error) {
	replies, errs := make([]string, len(calls)), make([]error, len(calls))
	fail := func(err error) ([]string, []error) {
		for i := range errs {
			errs[i] = err
		}
		return replies, errs
	}
	if len(calls) == 0 {
		return replies, errs
	}
	for _, call := range calls {
		c.shield(call)
	}
	if err := c.checkFunctions(ctx, calls); err != nil {
		return fail(err)
	}
	todo := c.fromReplicas(ctx, calls, c.placed(ctx, calls, errs), replies, errs)
	sent := slices.Clone(todo)
	defer c.cache.wroteAll(calls)
	var failed time.Time
	for attempt := 0; len(todo) > 0; attempt++ {
		if err := c.ready(ctx); err != nil {
			if attempt == 0 {
				return fail(err)
			}
			break
		}
		c.pipeline(ctx, calls, todo, replies, errs)
		todo = c.again(ctx, calls, replies, errs, todo, attempt, &failed)
	}
	for _, at := range sent {
		if errs[at] == nil {
			c.noteSuccess(ctx)
			errs[at] = calls[at].short
		}
		errs[at] = late(ctx, calls[at].failed(outcome(errs[at], calls[at].write)))
		if errors.Is(errs[at], ErrFunctions) {
			c.functions.there.Clear()
		}
	}
	return replies, errs
}

// pipeline sends some of the calls and notes what has become of them.
func (c *Client) pipeline(ctx context.Context, calls []*call, todo []int, replies []string, errs []error) {
	c.noteTrip(ctx)
	if slices.ContainsFunc(todo, func(at int) bool { return c.durably(calls[at]) }) {
		c.confirmAll(ctx, calls, todo, replies, errs)
		return
	}
	pipe := c.rdb.Pipeline()
	cmds := make([]command, len(todo))
	for i, at := range todo {
		cmds[i] = *calls[at].command(ctx, false)
		_ = pipe.Process(ctx, &cmds[i])
	}
	_, _ = pipe.Exec(ctx) // every command has its own error
	for i, at := range todo {
		replies[at], errs[at] = cmds[i].reply()
	}
}

// placed returns which of the calls can be sent: those of entities that are placed
// as the keyspace tells.
func (c *Client) placed(ctx context.Context, calls []*call, errs []error) []int {
	type question struct {
		place *placing
		write bool
	}
	var answers map[question]error
	can := make([]int, 0, len(calls))
	for i, call := range calls {
		if q := (question{call.place, call.write}); q.place != nil && !q.place.known.Load() {
			err, asked := answers[q]
			if !asked {
				if answers == nil {
					answers = map[question]error{}
				}
				err = q.place.check(ctx, c, q.write)
				answers[q] = err
			}
			errs[i] = err
		}
		if errs[i] == nil {
			can = append(can, i)
		}
	}
	return can
}

// again returns which of the calls just sent are to be sent once more, and
// prepares for it. To keep the order of an entity's calls, a read behind a
// write that is repeated is repeated too; writes behind it have failed as well.
func (c *Client) again(ctx context.Context, calls []*call, replies []string, errs []error, sent []int, attempt int, failed *time.Time) []int {
	var todo []int
	var refused error // why
	told := map[*script]bool{}
	repeated, waiting := map[string]bool{}, map[string]bool{} // entities
	for _, at := range sent {
		call := calls[at]
		redirected := (isRedirect(errs[at]) || isDemoted(errs[at])) && !waiting[call.home()]
		if redirected {
			replies[at], errs[at] = c.follow(ctx, call, false)
			if isNoScript(errs[at]) {
				replies[at], errs[at] = c.follow(ctx, call, true)
			}
		}
		switch err := errs[at]; {
		case err == nil && redirected:
		case err == nil && (call.write || !repeated[call.home()]):
			continue
		case call.leaveWriting(err):
			replies[at], errs[at] = c.do(ctx, call)
		case isNoScript(err) && !told[call.script] && !waiting[call.home()]:
			// One call with the whole script tells the server; the rest follow
			// by its SHA-1.
			told[call.script] = true
			replies[at], errs[at] = c.do(ctx, call)
		case err == nil, isNoScript(err), isRedirect(err) && waiting[call.home()], c.repeats(call, err, attempt, failed):
			if err != nil && call.mayRepeat(err) {
				refused = err
			}
			waiting[call.home()] = true
			todo = append(todo, at)
		default:
			continue
		}
		repeated[call.home()] = true
	}
	if attempt > c.retries && len(told) == 0 {
		return nil
	}
	if refused == nil {
		return todo
	}
	if c.pause(ctx, attempt) != nil {
		return nil
	}
	c.noteRetry(ctx, calls[todo[0]], refused, attempt, *failed)
	return todo
}

// follow sends a call the way go-redis follows redirections of a cluster; it
// does not see those in raw replies.
func (c *Client) follow(ctx context.Context, call *call, whole bool) (string, error) {
	c.noteTrip(ctx)
	if c.durably(call) {
		return c.confirmed(ctx, call, whole)
	}
	raw := call.command(ctx, whole)
	cmd := &parsedCommand{redis.NewCmd(ctx, raw.Args()...), raw.once}
	if call.script != nil {
		cmd.SetFirstKeyPos(3)
	}
	_ = c.rdb.Process(ctx, cmd)
	val, err := cmd.Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", err
	}
	return string(appendReply(nil, val)), nil
}

// parsedCommand is a command whose reply go-redis parses.
type parsedCommand struct {
	*redis.Cmd
	once bool
}

// NoRetry is as for command.
func (c *parsedCommand) NoRetry() bool { return c.once }

// appendReply turns a parsed reply back into RESP.
func appendReply(buf []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(buf, "$-1\r\n"...)
	case []any:
		buf = fmt.Appendf(buf, "*%d\r\n", len(v))
		for _, e := range v {
			buf = appendReply(buf, e)
		}
		return buf
	case int64:
		return fmt.Appendf(buf, ":%d\r\n", v)
	default:
		s := fmt.Sprint(v)
		buf = fmt.Appendf(buf, "$%d\r\n", len(s))
		return append(append(buf, s...), "\r\n"...)
	}
}

// pause waits before the next attempt: longer each time, and by chance, so
// that clients do not come back together.
func (c *Client) pause(ctx context.Context, attempt int) error {
	return pauseFor(ctx, c.minBackoff, c.maxBackoff, attempt)
}

// pauseFor waits as pause does, between the two times.
func pauseFor(ctx context.Context, least, most time.Duration, attempt int) error {
	wait := least
	for ; attempt > 0 && wait < most; attempt-- {
		wait = min(2*wait, most)
	}
	wait = min(wait, most)
	timer := time.NewTimer(wait/2 + rand.N(wait/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func isNoScript(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT") }

func isRedirect(err error) bool {
	return err != nil && (strings.HasPrefix(err.Error(), "MOVED ") || strings.HasPrefix(err.Error(), "ASK "))
}

// refusals are the errors of a server that has not carried out what it was
// sent, and may carry it out later.
var refusals = []string{
	"READONLY ", "LOADING ", "MASTERDOWN ", "CLUSTERDOWN ", "TRYAGAIN ", "NOREPLICAS ", "BUSY ",
	"MOVED ", "ASK ", // of nodes that do not agree yet who has a slot
	"ERR max number of clients reached",
}

// isRefused tells whether a command is known not to have been carried out, and
// could be later.
func isRefused(err error) bool {
	if err == nil {
		return false
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	if errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) {
		return true
	}
	var own *unsent
	if errors.As(err, &own) {
		return own.again
	}
	text := err.Error()
	for _, r := range refusals {
		if strings.HasPrefix(text, r) {
			return true
		}
	}
	return false
}

// mayRepeat tells whether a call that failed can be sent again: it was not
// carried out, it only reads, or it has a token to be recognised by.
func (c *call) mayRepeat(err error) bool {
	lost := isLost(err) && !isRefused(err)
	c.lost = c.lost || lost
	return isRefused(err) || lost && (!c.write || c.since != nil)
}

// isLost tells whether the connection failed before the reply came, in time for
// another attempt.
func isLost(err error) bool {
	return err != nil && !isReply(err) && !errors.Is(err, ErrClosed) && !errors.Is(err, redis.ErrClosed) &&
		!isContext(err) && !isUnsent(err)
}

// late has an error that came with the end of the context say so: a connection has the
// context's deadline, and may notice it first.
func late(ctx context.Context, err error) error {
	var timeout net.Error
	if isContext(err) || !errors.As(err, &timeout) || !timeout.Timeout() {
		return err
	}
	if deadline, ok := ctx.Deadline(); !ok || time.Now().Before(deadline) {
		return err
	}
	return fmt.Errorf("%w: %w", err, context.DeadlineExceeded)
}

// isContext tells whether err is that of a context that has ended.
func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// outcome returns what the caller is told of an error: of a write whose reply
// was lost, that nobody knows.
func outcome(err error, write bool) error {
	if isFenced(err) {
		return ErrFenced
	}
	if err != nil && write && strings.HasPrefix(err.Error(), "NOREPLICAS ") {
		return fmt.Errorf("%w: %w", ErrNoReplicas, err)
	}
	if err == nil || !write || isRefused(err) || isUnsent(err) || errors.Is(err, ErrNotDurable) || isNoScript(err) || isReply(err) || errors.Is(err, ErrClosed) ||
		errors.Is(err, ErrUncertain) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUncertain, err)
}

// isReply tells whether err is an error that the server replied with.
func isReply(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}
