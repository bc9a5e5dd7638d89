// Package idempotency has what a request asks for done once, however often the request
// comes: the first keeps its result under the request's key, and the others get that.
package idempotency

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/internal/lease"
)

// Errors of Do; they come wrapped with the key. Test with [errors.Is].
var (
	// ErrInProgress: another call works on the key.
	ErrInProgress = errors.New("another call works on it; try again later")
	// ErrLost: the lease of the call ended before its result could be kept, so that
	// another call may have begun. The result is returned, and not kept.
	ErrLost = errors.New("the lease ended before the result could be kept")
)

var (
	errReply = errors.New("the server's reply makes no sense; is the key in use for something else?")
	errTTL   = errors.New("the time for which to keep the result must be positive")
)

// Options changes how keys behave. The zero value is good for most.
type Options struct {
	// Lease is for how long a key stays with a call that the server does not hear from:
	// if its program crashes, another call can begin after that. A live call renews it
	// three times in that time. Default 10 s; at least 10 ms, whatever it says.
	Lease time.Duration
	// Wait has Do wait while another call works on the key. Default: it returns
	// ErrInProgress.
	Wait bool
	// Poll is the longest pause between two looks while Do waits. Default 100 ms.
	Poll time.Duration
	// MaxSize is how many bytes of a result are kept at most. Default 1 MiB.
	MaxSize int
}

// Keys are idempotency keys. It is safe for concurrent use.
type Keys struct {
	client  *repo.Client
	options Options
}

// New returns the keys of a client; those of clients with the same prefix are the same
// keys. Nothing is sent. With a client of [repo.Client.Durable], a result that is kept
// is confirmed by replicas.
func New(client *repo.Client, options Options) *Keys {
	options.Lease = max(cmp.Or(options.Lease, 10*time.Second), 10*time.Millisecond)
	options.Poll = max(cmp.Or(options.Poll, 100*time.Millisecond), time.Millisecond)
	if options.MaxSize <= 0 {
		options.MaxSize = 1 << 20
	}
	return &Keys{client: client, options: options}
}

// Do calls f unless that was done for the key before, and returns what f returned then;
// replayed tells that it did not call f now. The result is kept for ttl by the server's
// clock. Two round trips if f is called, and one for a replay.
//
// While another call works on the key, the error is [ErrInProgress], or Do waits for its
// result, as Options say. If f fails or panics, nothing is kept, and the next call begins
// anew.
//
// The context of f ends, with cause [ErrLost], if the lease could not be renewed; an error
// that f returns then is joined with that. If f returns a result and that cannot be kept, Do returns it with an error: ErrLost, if another
// call may have begun; [repo.ErrTooLarge], if it has more than Options.MaxSize bytes, which is
// then also what later calls get, for f was carried out.
//
// So f is carried out once, unless the program crashes before the result is kept, or is
// paused for longer than the lease: then it may be carried out again.
func (k *Keys) Do(ctx context.Context, key string, ttl time.Duration, f func(ctx context.Context) ([]byte, error)) (result []byte, replayed bool, err error) {
	w := &work{keys: k, key: key, space: k.client.Space("once", key), who: rand.Text()}
	if ttl <= 0 {
		return nil, false, w.wrap(errTTL)
	}
	for n := 0; ; n++ {
		sent := time.Now()
		reply, err := w.run(ctx, beginScript, milliseconds(k.options.Lease))
		if err != nil {
			if errors.Is(err, repo.ErrUncertain) || errors.Is(err, repo.ErrNotDurable) {
				go w.release(ctx)
			}
			return nil, false, w.wrap(err)
		}
		switch reply[0] {
		case "RUN":
			result, err := w.do(ctx, sent, ttl, f)
			return result, false, w.wrap(err)
		case "DONE":
			return []byte(reply[len(reply)-1]), true, nil
		case "LARGE":
			return nil, true, w.wrap(fmt.Errorf("the result was %w to be kept", repo.ErrTooLarge))
		case "BUSY":
			if err := w.wait(ctx, n, reply); err != nil {
				return nil, false, w.wrap(err)
			}
		default:
			return nil, false, w.wrap(errReply)
		}
	}
}

// wait waits before another look at a key that is worked on.
func (w *work) wait(ctx context.Context, n int, reply []string) error {
	if !w.keys.options.Wait {
		return ErrInProgress
	}
	pause := lease.Backoff(n, 5*time.Millisecond, w.keys.options.Poll)
	if ms, err := strconv.ParseInt(reply[len(reply)-1], 10, 64); err == nil && ms > 0 {
		pause = min(pause, time.Duration(ms)*time.Millisecond)
	}
	if err := lease.Sleep(ctx, pause); err != nil {
		return fmt.Errorf("%w: %w", ErrInProgress, err)
	}
	return nil
}

// do calls f while the lease is held, and keeps its result.
func (w *work) do(ctx context.Context, sent time.Time, ttl time.Duration, f func(ctx context.Context) ([]byte, error)) ([]byte, error) {
	term := w.keys.options.Lease
	held := lease.Start(ctx, sent, lease.Terms{TTL: term, Margin: term / 10, Lost: ErrLost, Send: w.renew})
	defer held.End()
	working, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(held.Context(), func() { cancel(context.Cause(held.Context())) })()

	returned := false
	defer func() {
		if !returned { // f panics
			w.release(ctx)
		}
	}()
	result, err := f(working)
	returned = true
	if err != nil {
		if lost := context.Cause(held.Context()); errors.Is(lost, ErrLost) {
			err = errors.Join(err, lost)
		}
		held.End()
		w.release(ctx)
		return nil, err
	}
	return result, w.finish(ctx, ttl, result)
}

// renew has the server keep the key for this call.
func (w *work) renew(ctx context.Context, ttl time.Duration) error {
	return accepted(w.run(ctx, renewScript, milliseconds(ttl)))
}

// finish keeps a result, also if the context has ended: f was carried out.
func (w *work) finish(ctx context.Context, ttl time.Duration, result []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.keys.options.Lease)
	defer cancel()
	args := []string{milliseconds(ttl)}
	var large error
	if len(result) <= w.keys.options.MaxSize {
		args = append(args, string(result))
	} else {
		large = fmt.Errorf("the result is %w to be kept: %d bytes, Options.MaxSize is %d", repo.ErrTooLarge, len(result), w.keys.options.MaxSize)
	}
	if err := accepted(w.run(ctx, finishScript, args...)); err != nil {
		return err
	}
	return large
}

// release lets the next call begin; if that fails, it can when the lease has ended.
func (w *work) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.keys.options.Lease)
	defer cancel()
	_, _ = w.run(ctx, releaseScript)
}

// accepted returns the error of a reply.
func accepted(reply []string, err error) error {
	switch {
	case err != nil:
		return err
	case reply[0] == "OK":
		return nil
	case reply[0] == "LOST":
		return ErrLost
	}
	return errReply
}

// wrap adds the key to an error, nil to nil.
func (w *work) wrap(err error) error {
	if err == nil {
		return nil
	}
	key := w.key
	if len(key) > 100 {
		key = strings.ToValidUTF8(key[:100], "") + "…"
	}
	return fmt.Errorf("redisgen: idempotency key %q: %w", key, err)
}
