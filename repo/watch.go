package repo

import (
	"context"
	"errors"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// watchInterval is how old what a client knows of a cluster is at most. What
	// goes wrong has it ask at once: see [Client.notice].
	watchInterval = time.Second
	// watchTimeout is how long a node may take to tell of its cluster before
	// another one is asked.
	watchTimeout = 500 * time.Millisecond
)

// watch keeps an eye on which nodes of a cluster are primaries, and closes the
// connections to those that are not any more. A node that is frozen or cut off
// would hold calls until ReadTimeout, although it has been replaced. Of Sentinel,
// go-redis does this.
type watch struct {
	cluster *redis.ClusterClient
	conns   *connections
	end     context.CancelFunc
	ended   chan struct{}
}

func startWatch(cluster *redis.ClusterClient, conns *connections) *watch {
	ctx, end := context.WithCancel(context.Background())
	w := &watch{cluster: cluster, conns: conns, end: end, ended: make(chan struct{})}
	go w.run(ctx)
	return w
}

// stop ends the watch, and returns when it has ended.
func (w *watch) stop() {
	w.end()
	<-w.ended
}

func (w *watch) run(ctx context.Context) {
	defer close(w.ended)
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	var before map[string]bool
	for {
		if now, err := w.primaries(ctx); err == nil {
			maps.DeleteFunc(before, func(addr string, _ bool) bool { return now[addr] })
			for addr := range before {
				w.conns.cut(addr)
			}
			before = now
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// primaries asks the cluster for the addresses of its primaries; go-redis goes by
// the answer too.
func (w *watch) primaries(ctx context.Context) (map[string]bool, error) {
	var mu sync.Mutex
	addrs := map[string]bool{}
	err := w.cluster.ForEachMaster(ctx, func(_ context.Context, primary *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		addrs[primary.Options().Addr] = true
		return nil
	})
	return addrs, err
}

// newNode returns the client of a node, which gives up a question of the
// cluster's nodes after watchTimeout.
func newNode(options *redis.Options) *redis.Client {
	node := redis.NewClient(options)
	node.AddHook(impatience{})
	return node
}

type impatience struct{}

func (impatience) DialHook(next redis.DialHook) redis.DialHook { return next }

func (impatience) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (impatience) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if _, ok := cmd.(*redis.ClusterSlotsCmd); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, watchTimeout)
			defer cancel()
		}
		return next(ctx, cmd)
	}
}

// connections are those that are open, and where there are to be none.
type connections struct {
	mu   sync.Mutex
	open map[*connection]bool
	gone map[string]time.Time // addresses that were cut off, until then
}

// cutFor is how long no connection is made to an address that was cut off: calls
// that waited for one find out where to go instead.
const cutFor = 2 * time.Second

// connection is one of them. It is what it embeds in all but Close: go-redis
// looks at the socket before it uses a connection again.
type connection struct {
	*net.TCPConn
	addr string // that it was dialled by
	of   *connections
}

// add returns conn so that it can be cut.
func (c *connections) add(conn *net.TCPConn, addr string) net.Conn {
	one := &connection{conn, addr, c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[*connection]bool{}
	}
	c.open[one] = true
	return one
}

// Close closes the connection.
func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.TCPConn.Close()
}

// cut closes the connections to an address, and has no new ones made for a while.
// Who waits for a reply on them gets an error.
func (c *connections) cut(addr string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone == nil {
		c.gone = map[string]time.Time{}
	}
	c.gone[addr] = time.Now().Add(cutFor)
	for conn := range c.open {
		if conn.addr == addr {
			_ = conn.TCPConn.Close()
		}
	}
}

// errReplaced is why a primary that is none any more is not connected to.
var errReplaced = errors.New("another server has become the primary in place of this one")

// check returns why an address is not to be connected to.
func (c *connections) check(addr string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	until, gone := c.gone[addr]
	if gone && time.Now().Before(until) {
		return errReplaced
	}
	delete(c.gone, addr)
	return nil
}
