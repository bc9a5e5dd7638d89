package repo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// A link is the connection over which the server tells of changes: client tracking in
// broadcasting mode (https://redis.io/docs/latest/develop/reference/client-side-caching/).
// The server keeps no list of what the client has read, but tells of every change to
// keys with some beginnings. So reads can go over any connection, and what is told stays
// in order with the replies to PING, by which the client knows that it misses nothing.
type link struct {
	net.Conn
	in    *bufio.Reader
	proof atomic.Int64 // until when, on the cache's clock, all that has changed was told

	mu       sync.Mutex
	expected []func(error) // take the replies to come
	told     map[string]bool
	wide     bool // changes to all keys of the client are told
}

// linker makes links.
type linker struct{ options *redis.Options }

// dial makes a connection and greets the server.
func (d *linker) dial(ctx context.Context) (*link, error) {
	conn, err := d.options.Dialer(ctx, d.options.Network, d.options.Addr)
	if err != nil {
		return nil, err
	}
	l := &link{Conn: conn, in: bufio.NewReaderSize(conn, 16<<10), told: map[string]bool{}}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	greeting, err := d.greeting(ctx)
	if err == nil {
		err = l.ask(d.options, greeting...)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return l, nil
}

// greeting returns the command that logs in and has the server tell by RESP3.
func (d *linker) greeting(ctx context.Context) ([]string, error) {
	o := d.options
	username, password := o.Username, o.Password
	var err error
	switch {
	case o.StreamingCredentialsProvider != nil:
		return nil, fmt.Errorf("%w: of a StreamingCredentialsProvider: %w", errCache, errors.ErrUnsupported)
	case o.CredentialsProviderContext != nil:
		username, password, err = o.CredentialsProviderContext(ctx)
	case o.CredentialsProvider != nil:
		username, password = o.CredentialsProvider()
	}
	greeting := []string{"hello", "3"}
	if password != "" {
		if username == "" {
			username = "default"
		}
		greeting = append(greeting, "auth", username, password)
	}
	if o.ClientName != "" {
		greeting = append(greeting, "setname", o.ClientName)
	}
	return greeting, err
}

// ask sends a command and waits for its reply.
func (l *link) ask(o *redis.Options, args ...string) error {
	timeout := max(o.ReadTimeout, o.DialTimeout)
	if timeout > 0 {
		_ = l.SetDeadline(time.Now().Add(timeout))
		defer func() { _ = l.SetDeadline(time.Time{}) }()
	}
	if _, err := l.Write(appendCommand(nil, args)); err != nil {
		return err
	}
	_, err := l.next(nil)
	return err
}

// keepLink makes a link, and another when one is lost, until ctx ends; up gets the
// outcome of the first attempt.
func (c *cache) keepLink(ctx context.Context, d *linker, config Config) {
	defer close(c.done)
	var first sync.Once
	report := func(err error) { first.Do(func() { c.up <- err }) }
	wide := false
	for attempt := 0; ctx.Err() == nil; attempt++ {
		l, err := d.dial(ctx)
		if err == nil {
			l.wide = wide
			if err = c.enter(l, d.options); err == nil {
				report(nil)
				attempt = 0
				err = c.serve(ctx, l, config)
			}
			_ = l.Close()
		}
		report(err)
		if errors.Is(err, errWide) {
			wide = true
			continue
		}
		if ctx.Err() == nil {
			if attempt == 0 {
				config.Logger.Warn("redisgen: records are not cached until the connection that tells of changes is made again", "err", err)
			}
			_ = pauseFor(ctx, max(config.MinRetryBackoff, time.Millisecond), max(config.MaxRetryBackoff, shortestLook), attempt)
		}
	}
}

// enter has the server begin to tell of changes.
func (c *cache) enter(l *link, o *redis.Options) error {
	sent := c.now()
	prefix := c.root
	if !l.wide {
		prefix += "{}:" // of no entity
	}
	if err := l.ask(o, "client", "tracking", "on", "bcast", "prefix", prefix); err != nil {
		return fmt.Errorf("CLIENT TRACKING: %w", err)
	}
	l.proof.Store(int64(sent))
	return nil
}

// serve takes what the server tells until the link is lost or ctx ends.
func (c *cache) serve(ctx context.Context, l *link, config Config) error {
	c.link.Store(l)
	lost := make(chan error, 1)
	go func() { lost <- c.listen(l, c.options.MaxLag+max(config.ReadTimeout, time.Second)) }()
	err := c.speak(ctx, l, lost, config)
	c.link.Store(nil)
	_ = l.Close()
	if err == nil {
		err = <-lost
	} else {
		<-lost
	}
	c.flush()
	return err
}

// speak asks what changes are told of, and whether all were, until ctx ends or the link
// is lost; then its error is nil, and lost has it.
func (c *cache) speak(ctx context.Context, l *link, lost chan error, config Config) error {
	tick := time.NewTicker(max(c.options.MaxLag/4, time.Millisecond))
	defer tick.Stop()
	var waiting atomic.Bool
	if err := c.cover(l, config); err != nil {
		return err
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-lost:
			lost <- err
			return nil
		case <-c.watched:
			err = c.cover(l, config)
		case <-tick.C:
			if waiting.Swap(true) {
				continue
			}
			sent := c.now()
			err = l.send(config.WriteTimeout, func(failed error) {
				if failed == nil {
					l.proof.Store(int64(sent))
				}
				waiting.Store(false)
			}, "ping")
		}
		if err != nil {
			return err
		}
	}
}

// send sends a command, whose reply take gets.
func (l *link) send(timeout time.Duration, take func(error), args ...string) error {
	l.mu.Lock()
	l.expected = append(l.expected, take)
	l.mu.Unlock()
	if timeout > 0 {
		_ = l.SetWriteDeadline(time.Now().Add(timeout))
	}
	_, err := l.Write(appendCommand(nil, args))
	return err
}

// listen takes what the server sends until that ends, or there was nothing for longer
// than patience.
func (c *cache) listen(l *link, patience time.Duration) error {
	for {
		_ = l.SetReadDeadline(time.Now().Add(patience))
		told, err := l.next(c)
		var refused replyError
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		if told {
			continue
		}
		l.mu.Lock()
		if len(l.expected) == 0 {
			l.mu.Unlock()
			return errReply
		}
		take := l.expected[0]
		l.expected = l.expected[1:]
		l.mu.Unlock()
		take(err)
	}
}
