package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Cache keeps records that Get and GetMany have read in the memory of the program, for
// [Config.Cache]. The server tells the client of every change to a record of the
// entities that it reads, over a connection of its own, and the client then drops what
// it has of it. The zero value is a good default.
//
// What Get returns from memory is what the record was at some moment
//
//   - after the server's word of the last change to it has arrived, and
//   - at most MaxLag ago, and
//   - after the last write of that record by this client has returned, and
//   - not before that of an earlier Get of it by this client, and
//   - before it expired.
//
// Records of sliding entities are not kept, because to read them is to renew them. A
// read in a transaction or a batch, by a query or a unique index, for Mutate and of a
// view by [Client.StaleReads] or [Client.Uncached] is always the server's.
//
// It takes Redis 6 or later, or Valkey, and one server: [Open] refuses clusters and
// Sentinel with [errors.ErrUnsupported]. An ACL user needs CLIENT TRACKING and HELLO.
type Cache struct {
	// MaxBytes is how much memory the records have at most, as they are stored and with
	// what is kept beside them. Those that were not read for longest go first. A record
	// that is larger than a sixteenth of it is not kept. Default 64 MiB.
	MaxBytes int64
	// MaxEntries is how many records are kept at most. Default 100,000.
	MaxEntries int
	// MaxLag is how old what is read from memory is at most, should the server's word
	// of changes not come through, as when the network is cut. The client asks the
	// server four times within it whether it has missed any. Default 1 s.
	MaxLag time.Duration
}

// errCache is what the errors of a Config.Cache are that cannot be.
var errCache = fmt.Errorf("%w: Cache", errConfig)

func (c *Cache) check(config Config) error {
	switch {
	case c == nil:
		return nil
	case c.MaxBytes < 0 || c.MaxEntries < 0 || c.MaxLag < 0:
		return fmt.Errorf("%w: a limit is negative; leave Cache nil to keep nothing", errCache)
	case config.isCluster() || config.MasterName != "":
		return fmt.Errorf("%w: of one server only, for whose word of changes goes over one connection; leave it nil with a cluster or Sentinel: %w",
			errCache, errors.ErrUnsupported)
	}
	return nil
}

// CacheStats counts what the cache of a client has done since it was made, and has now.
type CacheStats struct {
	Hits          int64 // reads of a record from memory
	Misses        int64 // reads of a record from the server
	Shared        int64 // reads that took what another one got from the server at the same time
	Invalidations int64 // records that the server said have changed, kept or not
	Flushes       int64 // times that everything was dropped: the connection was lost, or the server emptied
	Evictions     int64 // records dropped to make room
	Entries       int64 // records kept
	Bytes         int64 // memory that they have
}

// CacheStats returns what the cache has done so far; all views and tenants of a client
// share it. Without [Config.Cache] it is zero.
func (c *Client) CacheStats() CacheStats {
	if c.cache == nil {
		return CacheStats{}
	}
	return c.cache.stats()
}

// Uncached returns a view of the client whose reads are all the server's; what it writes
// leaves the cache as with c. It needs no Close and is closed with c.
func (c *Client) Uncached() *Client {
	view := c.view()
	view.uncached = true
	return view
}

// cacheParts is among how many parts the records kept are divided, each with a lock.
const cacheParts = 16

// cache has what Get and GetMany have read, by the keys of records.
type cache struct {
	options Cache
	root    string // what all keys begin with
	seed    maphash.Seed
	start   time.Time
	parts   [cacheParts]cachePart

	link          atomic.Pointer[link] // over which changes are told; nil: none
	invalidations atomic.Int64
	flushes       atomic.Int64

	mu      sync.Mutex
	kinds   map[kindName]*cachedKind
	watched chan struct{} // has an element when there are new kinds

	cancel context.CancelFunc
	up     chan error // has the outcome of the first attempt to make a link
	done   chan struct{}
}

// newCache returns the cache of a client, and begins to make its link.
func newCache(rdb redis.UniversalClient, config Config) (*cache, error) {
	client, ok := rdb.(*redis.Client)
	if !ok || client.Options().Addr == "FailoverClient" { // as go-redis names those by Sentinel
		return nil, fmt.Errorf("%w: of one server only, by a *redis.Client; got a %T by Sentinel or for several servers: %w", errCache, rdb, errors.ErrUnsupported)
	}
	o := *config.Cache
	o.MaxBytes = cmp.Or(o.MaxBytes, 64<<20)
	o.MaxEntries = cmp.Or(o.MaxEntries, 100_000)
	o.MaxLag = cmp.Or(o.MaxLag, time.Second)
	c := &cache{
		options: o, root: config.Prefix, seed: maphash.MakeSeed(), start: time.Now(),
		kinds: map[kindName]*cachedKind{}, watched: make(chan struct{}, 1), up: make(chan error, 1), done: make(chan struct{}),
	}
	for i := range c.parts {
		c.parts[i].init(c, max(1, o.MaxEntries/cacheParts), o.MaxBytes/cacheParts)
	}
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	go c.keepLink(ctx, &linker{client.Options()}, config)
	return c, nil
}

// cacheUp waits until the cache, if there is one, has its link.
func (c *Client) cacheUp(ctx context.Context) error {
	if c.cache == nil {
		return nil
	}
	select {
	case err := <-c.cache.up:
		var refused replyError
		if errors.As(err, &refused) {
			err = fmt.Errorf("%w: it takes Redis 6 or later and a user that may CLIENT TRACKING: %w", errCache, err)
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends the cache's connection.
func (c *cache) stop() {
	if c != nil {
		c.cancel()
		<-c.done
	}
}

func (c *cache) stats() (s CacheStats) {
	s.Invalidations, s.Flushes = c.invalidations.Load(), c.flushes.Load()
	for i := range c.parts {
		c.parts[i].addTo(&s)
	}
	return s
}

// now returns the time since the cache was made, by a clock that is never set.
func (c *cache) now() time.Duration { return time.Since(c.start) }

// part returns the part that has a key.
func (c *cache) part(key string) *cachePart {
	return &c.parts[maphash.String(c.seed, key)%cacheParts]
}

// told drops a record that has changed.
func (c *cache) told(key []byte) {
	c.invalidations.Add(1)
	part := &c.parts[maphash.Bytes(c.seed, key)%cacheParts]
	part.drop(key)
}

// wrote drops the records that a call of this client has written, or may have.
func (c *cache) wrote(call *call) {
	if c == nil || !call.write {
		return
	}
	for _, key := range call.keys {
		c.part(key).drop([]byte(key))
	}
	for _, core := range call.fells {
		c.felled(core)
	}
}

// wroteAll is wrote for several calls.
func (c *cache) wroteAll(calls []*call) {
	if c == nil {
		return
	}
	for _, call := range calls {
		c.wrote(call)
	}
}

// flush drops everything.
func (c *cache) flush() {
	c.flushes.Add(1)
	for i := range c.parts {
		c.parts[i].clear()
	}
}

// fresh tells whether the server has confirmed, no longer than MaxLag ago, that no word
// of a change is missing.
func (c *cache) fresh(now time.Duration) bool {
	l := c.link.Load()
	return l != nil && now-time.Duration(l.proof.Load()) <= c.options.MaxLag
}
