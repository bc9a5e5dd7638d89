package repo

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Client is a keyspace on a Redis server that repositories share. It is safe
// for concurrent use.
type Client struct {
	settings
	owned  bool    // Close closes rdb too
	watch  *watch  // of a cluster, if Open made the client
	parent *Client // whose connections these are, nil if they are its own
	stats  stats
	stop   func() // ends what Config.Instrument began

	closed  atomic.Bool
	sweeper *sweeper
}

// settings are what a client shares with those that are derived from it.
type settings struct {
	rdb        redis.UniversalClient
	prefix     string
	log        *slog.Logger
	observers  []Observer
	outage     *outage
	clock      func() time.Time // nil: the server's
	newID      func() string
	trip       *trip
	placements *sync.Map // *atomic.Bool: whether the keyspace agrees, by marker and placement

	retries                int
	retryTimeout           time.Duration
	minBackoff, maxBackoff time.Duration
	asks                   bool // for credentials, when connecting
	clustered              bool

	indexed bool // queries never walk all records
	limits  limits

	durability Durability
	fence      string // that writes show: what follows the operation
	standings  *standings
	stale      *staleReads // nil: reads go to the primary
	replicas   *replicas
	functions  *functions // nil: scripts are not called as functions
	cache      *cache     // nil: records are not kept
	uncached   bool       // reads go past the cache
	coalescer  *coalescer // nil: every call is sent by itself
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
	config = config.withDefaults()
	rdb, conns, err := config.connect()
	if err != nil {
		return nil, err
	}
	stop, err := config.instrument(rdb)
	if err != nil {
		return nil, err
	}
	client, err := newClient(rdb, true, config)
	if err != nil {
		stop()
		return nil, err
	}
	client.stop = stop
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		client.watch = startWatch(cluster, conns)
	}
	if _, err := client.do(ctx, &call{args: []any{"ping"}}); err != nil {
		_ = client.Close()
		return nil, fmt.Errorf("redisgen: open %s: %w", strings.Join(config.Addrs, ","), err)
	}
	if err := client.cacheUp(ctx); err != nil {
		_ = client.Close()
		return nil, fmt.Errorf("redisgen: open %s: %w", strings.Join(config.Addrs, ","), err)
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
	c := &Client{owned: owned, settings: settings{
		rdb: rdb, prefix: config.Prefix, log: config.Logger, observers: config.Observers, outage: new(outage), clock: config.Clock, newID: config.NewID,
		retries: max(config.MaxRetries, 0), retryTimeout: config.RetryTimeout, minBackoff: max(config.MinRetryBackoff, 0), maxBackoff: max(config.MaxRetryBackoff, 0),
		indexed: config.RequireIndex, trip: &trip{fixed: config.RoundTrip}, placements: new(sync.Map),
		limits:     limits{id: config.MaxIDSize, value: config.MaxValueSize},
		durability: config.Durability, standings: &standings{}, replicas: newReplicas(rdb, config, owned),
	}}
	if config.Functions {
		c.functions = new(functions)
	}
	if config.AutoPipeline {
		c.coalescer = newCoalescer()
	}
	if config.Cache != nil {
		var err error
		if c.cache, err = newCache(rdb, config); err != nil {
			if owned {
				_ = rdb.Close()
			}
			return nil, err
		}
	}
	if config.MaxRetries == 0 {
		c.retries = math.MaxInt
	}
	c.asks = owned && config.credentials() != nil
	_, c.clustered = rdb.(*redis.ClusterClient)
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

// Closed tells whether the client is closed, or the one that it is a view or a tenant of.
func (c *Client) Closed() bool { return c.isClosed() }

// Close ends the client's background work and, if Open made the client, its
// connections. Calls under way fail. Closing twice does nothing. A client that is
// derived from another one leaves that open, and is closed with it.
func (c *Client) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	if c.sweeper.client == c { // else c is a view
		c.sweeper.stop()
	}
	if c.parent == nil {
		c.replicas.stop()
		c.cache.stop()
	}
	if c.watch != nil {
		c.watch.stop()
	}
	if c.stop != nil {
		c.stop()
	}
	if c.owned {
		return c.rdb.Close()
	}
	return nil
}
