package repo

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Client is a keyspace on a Redis server that repositories share. It is safe
// for concurrent use.
type Client struct {
	rdb    redis.UniversalClient
	owned  bool // Close closes rdb too
	prefix string
	log    *slog.Logger
	clock  func() time.Time // nil: the server's
	newID  func() string

	retries                int
	minBackoff, maxBackoff time.Duration

	indexed bool // queries never walk all records
	stats   stats
	trip    trip

	closed  atomic.Bool
	sweeper *sweeper
}

// Open connects to the server that config names, checks that it answers, and
// logs a warning if it may evict records; two round trips. The caller closes
// the client.
func Open(ctx context.Context, config Config) (*Client, error) {
	if err := config.fillFromURL(); err != nil {
		return nil, err
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	options := config.universal()
	client, err := newClient(redis.NewUniversalClient(options), true, config)
	if err != nil {
		return nil, err
	}
	if _, err := client.do(ctx, &call{args: []any{"ping"}}); err != nil {
		_ = client.Close()
		return nil, fmt.Errorf("redisgen: open %s: %w", strings.Join(options.Addrs, ","), err)
	}
	client.warnOfEviction(ctx)
	return client, nil
}

// New returns a client over a connection that the caller already has and keeps:
// Close leaves it open. The connection's own timeouts and pool apply, whatever
// config says of them; writes are never retried by go-redis. Nothing is sent.
func New(rdb redis.UniversalClient, config Config) (*Client, error) {
	return newClient(rdb, false, config)
}

func newClient(rdb redis.UniversalClient, owned bool, config Config) (*Client, error) {
	if err := config.check(); err != nil {
		if owned {
			_ = rdb.Close()
		}
		return nil, err
	}
	config = config.withDefaults()
	c := &Client{
		rdb: rdb, owned: owned, prefix: config.Prefix, log: config.Logger, clock: config.Clock, newID: config.NewID,
		retries: max(config.MaxRetries, 0), minBackoff: max(config.MinRetryBackoff, 0), maxBackoff: max(config.MaxRetryBackoff, 0),
	}
	c.indexed, c.trip.fixed = config.RequireIndex, config.RoundTrip
	c.sweeper = newSweeper(c, config.SweepInterval)
	return c, nil
}

// Redis returns the connection underneath, for what this package does not do.
func (c *Client) Redis() redis.UniversalClient { return c.rdb }

// Prefix returns what every key of the client begins with.
func (c *Client) Prefix() string { return c.prefix }

// space returns where an entity's keys are.
func (c *Client) space(entity string) space {
	return space(c.prefix + "{" + entity + "}:")
}

// Close ends the client's background work and, if Open made the client, its
// connections. Calls under way fail. Closing twice does nothing.
func (c *Client) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.sweeper.stop()
	if c.owned {
		return c.rdb.Close()
	}
	return nil
}
