// Package lock has locks that processes share, and leader election, on a
// [repo.Client].
//
// A lock by itself only advises: whoever was paused for longer than its TTL goes on as if
// it still held the lock. What holds against that too is a fence, which the writes of
// repositories check in their scripts:
//
//	l, err := jobs.Lock(ctx)
//	…
//	defer l.Unlock(ctx)
//	err = app.NewJobs(client.WithFence(l.Fence())).Update(l.Context(), job)
//
// docs/coordination.md says what is guaranteed and what is not.
package lock

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/internal/lease"
)

// Options changes how a lock behaves. The zero value is good for most.
type Options struct {
	// TTL is for how long the server keeps the lock of a holder that it does not hear
	// from, by its own clock. A live holder renews it three times in that time. Default
	// 10 s; at least 10 ms, whatever it says.
	TTL time.Duration
	// Margin is how long before the TTL ends the holder takes the lock for lost, so that
	// it can stop before somebody else starts. Default: a tenth of the TTL.
	Margin time.Duration
	// Manual leaves it to the holder to renew the lock by [Lock.Extend].
	Manual bool
	// Poll is the longest pause between two looks of a waiting Lock. Default 100 ms; for
	// [Lead] 1 s.
	Poll time.Duration
	// Label says to others who holds the lock: see [Mutex.Holder]. Default: host name and
	// process id.
	Label string
	// Logger takes what [Lead] gets over. Default slog.Default().
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.TTL = max(cmp.Or(o.TTL, 10*time.Second), 10*time.Millisecond)
	if o.Margin <= 0 || o.Margin >= o.TTL {
		o.Margin = o.TTL / 10
	}
	o.Poll = max(cmp.Or(o.Poll, 100*time.Millisecond), time.Millisecond)
	if o.Label == "" {
		host, _ := os.Hostname()
		o.Label = host + ":" + strconv.Itoa(os.Getpid())
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Mutex is a lock with a name, which one at a time can hold of all who use the name with
// clients of the same prefix. It is safe for concurrent use. It is not re-entrant: who
// holds it and asks for it again waits for itself.
type Mutex struct {
	client  *repo.Client
	name    string
	options Options
	space   string
	keys    []string      // the lock, and what outlives it
	turn    chan struct{} // held by who waits at the server
}

// New returns the lock with a name. Nothing is sent. With a client of
// [repo.Client.Durable], success means that replicas have the acquisition; see
// docs/coordination.md.
func New(client *repo.Client, name string, options Options) *Mutex {
	space := client.Space("lock", name)
	return &Mutex{
		client: client, name: name, options: options.withDefaults(),
		space: space, keys: []string{space + "l:" + name, space + "t:" + name}, turn: make(chan struct{}, 1),
	}
}

// Name returns the name of the lock.
func (m *Mutex) Name() string { return m.name }

// TryLock takes the lock if it is free; else the error is [ErrHeld]. One round trip.
//
// If the reply was lost, it asks again, and finds itself the holder. If it gives up then,
// because ctx ends, the error is [repo.ErrUncertain], and it tries in the background to
// release what it may hold.
func (m *Mutex) TryLock(ctx context.Context) (*Lock, error) {
	l, _, err := m.try(ctx)
	return l, m.wrap("lock", err)
}

// Lock takes the lock, and waits for it until ctx ends; the error is then that of ctx and
// [ErrHeld].
//
// It asks the server again after pauses: 5 ms at first, growing to Options.Poll, of which
// chance takes up to half, and no longer than the holder has left. Of all who wait at one
// Mutex one asks, and they get the lock in the order in which they came; between Mutexes
// and processes chance decides. So each Mutex costs the server at most about 2/Poll requests a
// second, however many wait.
func (m *Mutex) Lock(ctx context.Context) (*Lock, error) {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return nil, m.wrap("lock", fmt.Errorf("%w: %w", ErrHeld, ctx.Err()))
	}
	for n := 0; ; n++ {
		l, left, err := m.try(ctx)
		if !errors.Is(err, ErrHeld) {
			return l, m.wrap("lock", err)
		}
		wait := lease.Backoff(n, 5*time.Millisecond, m.options.Poll)
		if left > 0 {
			wait = min(wait, left)
		}
		if err := lease.Sleep(ctx, wait); err != nil {
			return nil, m.wrap("lock", fmt.Errorf("%w: %w", ErrHeld, err))
		}
	}
}

// try asks for the lock once; left is how long its holder has, if the error is ErrHeld.
func (m *Mutex) try(ctx context.Context) (l *Lock, left time.Duration, err error) {
	owner := rand.Text() + "/" + m.options.Label
	ttl := m.options.TTL
	sent := time.Now()
	reply, err := m.run(ctx, acquireScript, owner, milliseconds(ttl))
	if errors.Is(err, repo.ErrUncertain) || errors.Is(err, repo.ErrNotDurable) {
		go m.abandon(ctx, owner)
	}
	if err != nil {
		return nil, 0, err
	}
	switch verdict(reply) {
	case "OK":
		if len(reply) < 2 {
			return nil, 0, errReply
		}
		token, err := strconv.ParseInt(reply[1], 10, 64)
		if err != nil {
			return nil, 0, errReply
		}
		return m.held(ctx, owner, token, sent), 0, nil
	case "HELD":
		if len(reply) < 2 {
			return nil, 0, errReply
		}
		ms, _ := strconv.ParseInt(reply[1], 10, 64) // -1 if it does not expire
		return nil, time.Duration(ms) * time.Millisecond, ErrHeld
	}
	return nil, 0, errReply
}

// abandon gives up what may have been acquired.
func (m *Mutex) abandon(ctx context.Context, owner string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.options.TTL)
	defer cancel()
	_, _ = m.run(ctx, releaseScript, owner) // else it lapses
}

// Do takes the lock, calls f and gives the lock up. The context that f gets is derived
// from ctx, and ends with cause [ErrLost] if the lock is lost; an error that f returns then is
// joined with that, and with the error of giving up. If there is none, the lock was held
// all the time.
func (m *Mutex) Do(ctx context.Context, f func(ctx context.Context, l *Lock) error) error {
	l, err := m.Lock(ctx)
	if err != nil {
		return err
	}
	return l.do(ctx, f)
}

// Holder tells who holds a lock at the moment.
type Holder struct {
	Label string        // of its Options
	Token int64         // of its Lock
	Left  time.Duration // until the lock lapses if it is not renewed
}

// Holder returns who holds the lock, or [ErrNotHeld]. By the time it returns that may be
// somebody else. One round trip.
func (m *Mutex) Holder(ctx context.Context) (Holder, error) {
	reply, err := m.run(ctx, holderScript)
	switch {
	case err != nil:
		return Holder{}, m.wrap("holder of", err)
	case len(reply) == 0:
		return Holder{}, m.wrap("holder of", ErrNotHeld)
	case len(reply) != 3:
		return Holder{}, m.wrap("holder of", errReply)
	}
	_, label, _ := strings.Cut(reply[0], "/")
	token, err := strconv.ParseInt(reply[1], 10, 64)
	left, err2 := strconv.ParseInt(reply[2], 10, 64)
	if err != nil || err2 != nil {
		return Holder{}, m.wrap("holder of", errReply)
	}
	return Holder{Label: label, Token: token, Left: time.Duration(left) * time.Millisecond}, nil
}

// milliseconds returns a TTL as scripts take it.
func milliseconds(d time.Duration) string { return strconv.FormatInt(lease.Milliseconds(d), 10) }
