package lock

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/internal/lease"
)

// Lock is a lock that is held. It is safe for concurrent use.
type Lock struct {
	mutex *Mutex
	owner string // at random; what follows / is the label
	token int64
	lease *lease.Lease
	freed atomic.Bool
}

// held returns the lock that was asked for at a time.
func (m *Mutex) held(ctx context.Context, owner string, token int64, sent time.Time) *Lock {
	l := &Lock{mutex: m, owner: owner, token: token}
	l.lease = lease.Start(ctx, sent, lease.Terms{
		TTL: m.options.TTL, Margin: m.options.Margin, Manual: m.options.Manual, Lost: ErrLost, Send: l.renew,
	})
	return l
}

// Name returns the name of the lock.
func (l *Lock) Name() string { return l.mutex.name }

// Token returns the fencing token: each acquisition of the lock has a greater one than
// all before it. It is the time in microseconds since 1970 by the server's clock, or one
// more than the last token if that is greater. So it rises also if a failover loses the
// last acquisition, unless the new primary's clock is behind by more than the failover took.
func (l *Lock) Token() int64 { return l.token }

// Fence returns what [repo.Client.WithFence] takes.
func (l *Lock) Fence() repo.Fence { return repo.Fence{Name: l.mutex.name, Token: l.token} }

// Context is done when the lock is not held any more: with cause [ErrLost] if it is lost,
// which is Options.Margin before its TTL ends, if it could not be renewed, or when a renewal
// finds that it is gone; and after Unlock. It has the values of the context that the lock
// was asked for with, but does not end with that. See [Mutex.Do] for one that does.
func (l *Lock) Context() context.Context { return l.lease.Context() }

// Until returns when the lock will be taken for lost, if it is not renewed.
func (l *Lock) Until() time.Time { return l.lease.Until() }

// Extend has the lock last for ttl from now on, and again with each renewal. The error is
// [ErrLost] if the lock is lost. One round trip.
func (l *Lock) Extend(ctx context.Context, ttl time.Duration) error {
	return l.mutex.wrap("extend", l.lease.Renew(ctx, max(ttl, 10*time.Millisecond)))
}

// renew extends the lock on the server.
func (l *Lock) renew(ctx context.Context, ttl time.Duration) error {
	reply, err := l.mutex.run(ctx, extendScript, l.owner, milliseconds(ttl))
	return accepted(reply, err)
}

// Unlock gives the lock up. Nil means that nobody else had it until then; [ErrLost], that
// somebody else may have had it, and it is not given up for them. It sends even if Context
// has ended, but not if ctx has: the lock then stays until its TTL ends. To unlock again
// does nothing. One round trip.
func (l *Lock) Unlock(ctx context.Context) error {
	if l.freed.Load() {
		return nil
	}
	l.lease.End()
	reply, err := l.mutex.run(ctx, releaseScript, l.owner)
	if err = accepted(reply, err); err == nil || errors.Is(err, repo.ErrNotDurable) {
		l.freed.Store(true)
	}
	return l.mutex.wrap("unlock", err)
}

// lost tells whether the lock was taken for lost.
func (l *Lock) lost() bool { return errors.Is(context.Cause(l.Context()), ErrLost) }

// accepted returns the error of a reply.
func accepted(reply []string, err error) error {
	if err != nil {
		return err
	}
	switch verdict(reply) {
	case "OK":
		return nil
	case "LOST":
		return ErrLost
	}
	return errReply
}

// do calls f while the lock is held, and gives the lock up.
func (l *Lock) do(ctx context.Context, f func(ctx context.Context, l *Lock) error) (err error) {
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	held := l.Context()
	defer context.AfterFunc(held, func() { cancel(context.Cause(held)) })()
	defer func() {
		if err != nil && l.lost() { // which may be why
			err = errors.Join(err, ErrLost)
		}
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), l.mutex.options.TTL)
		defer stop()
		if failed := l.Unlock(end); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	return f(work, l)
}
