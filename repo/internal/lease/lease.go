// Package lease keeps what lapses on the server unless it is renewed in time.
package lease

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// Terms are what a lease is held on.
type Terms struct {
	TTL time.Duration // for how long the server keeps it
	// Margin is how long before that the holder takes it for lost.
	Margin time.Duration
	// Manual leaves it to the holder to renew the lease.
	Manual bool
	// Lost is the error of a lease that has ended on the server, or may have.
	Lost error
	// Send renews the lease on the server. Its error is Lost if it has ended there.
	Send func(ctx context.Context, ttl time.Duration) error
}

// Lease is held until it is given up or lost, which is final. It is safe for concurrent
// use.
//
// Only differences of the holder's monotonic clock count, from before a request is sent:
// by then the server cannot have begun to count.
type Lease struct {
	terms Terms
	ctx   context.Context
	end   context.CancelCauseFunc

	sending chan struct{} // held by who renews, so that renewals arrive in order
	changed chan struct{} // the TTL may be another

	mu    sync.Mutex
	ttl   time.Duration
	until time.Time
	timer *time.Timer
}

// Start holds a lease that was asked for at a time, and renews it in the background. The
// context has values for requests; that it ends does not end the lease.
func Start(ctx context.Context, sent time.Time, terms Terms) *Lease {
	l := &Lease{terms: terms, ttl: terms.TTL, sending: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
	l.ctx, l.end = context.WithCancelCause(context.WithoutCancel(ctx))
	l.until = sent.Add(l.ttl - l.margin(l.ttl))
	l.mu.Lock() // lapse may be called at once
	l.timer = time.AfterFunc(time.Until(l.until), l.lapse)
	l.mu.Unlock()
	if !terms.Manual {
		go l.keep()
	}
	return l
}

// Context is done when the lease has ended; the cause is Lost if it was lost.
func (l *Lease) Context() context.Context { return l.ctx }

// Until returns when the lease will be taken for lost.
func (l *Lease) Until() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until
}

// End gives the lease up, unless it is lost.
func (l *Lease) End() {
	l.end(context.Canceled)
	l.timer.Stop()
}

// Renew has the server keep the lease for ttl from now on, and again with each renewal.
func (l *Lease) Renew(ctx context.Context, ttl time.Duration) error {
	err := l.renew(ctx, func() time.Duration { return ttl })
	select {
	case l.changed <- struct{}{}:
	default:
	}
	return err
}

func (l *Lease) renew(ctx context.Context, span func() time.Duration) error {
	select {
	case l.sending <- struct{}{}:
		defer func() { <-l.sending }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.ctx.Err() != nil {
		return l.terms.Lost
	}
	ttl := span()
	until := time.Now().Add(ttl - l.margin(ttl))
	l.shorten(until) // whatever becomes of the request
	err := l.terms.Send(ctx, ttl)
	switch {
	case err == nil:
		l.hold(ttl, until)
	case errors.Is(err, l.terms.Lost):
		l.end(l.terms.Lost)
	}
	if err == nil && l.ctx.Err() != nil {
		err = l.terms.Lost // before the reply came
	}
	return err
}

// margin returns the terms' margin, which is in proportion for other TTLs.
func (l *Lease) margin(ttl time.Duration) time.Duration {
	return time.Duration(float64(l.terms.Margin) * float64(ttl) / float64(l.terms.TTL))
}

// hold notes what the server has confirmed.
func (l *Lease) hold(ttl time.Duration, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ttl, l.until = ttl, until
	l.timer.Reset(time.Until(until))
}

// shorten has the lease end no later than at a time.
func (l *Lease) shorten(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.Before(l.until) {
		l.until = until
		l.timer.Reset(time.Until(until))
	}
}

// span returns the TTL.
func (l *Lease) span() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ttl
}

// lapse takes the lease for lost, unless it was renewed just now.
func (l *Lease) lapse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if left := time.Until(l.until); left > 0 && l.ctx.Err() == nil {
		l.timer.Reset(left)
		return
	}
	l.end(l.terms.Lost)
}

// keep renews the lease three times in its TTL; when that fails, more often.
func (l *Lease) keep() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for failed := 0; ; {
		ttl := l.span()
		wait := min(ttl/3, time.Until(l.Until())/2)
		if failed > 0 {
			wait = Backoff(failed-1, ttl/100, ttl/10)
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-l.changed:
			continue
		case <-l.ctx.Done():
			return
		}
		ctx, cancel := context.WithDeadline(l.ctx, l.Until())
		err := l.renew(ctx, l.span)
		cancel()
		if failed++; err == nil {
			failed = 0
		}
	}
}

// Backoff returns how long to wait after some attempts have failed: from shortest, twice
// as long each time up to longest, of which chance leaves half or more, so that those who
// wait do not come back together.
func Backoff(failed int, shortest, longest time.Duration) time.Duration {
	wait := max(shortest, 1)
	for ; failed > 0 && wait < longest; failed-- {
		wait *= 2
	}
	wait = min(wait, longest)
	return wait/2 + rand.N(wait/2+1)
}

// Sleep waits, or returns why the context has ended.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Milliseconds returns a duration as the server takes it, rounded up.
func Milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}
