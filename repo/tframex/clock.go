package tframex

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// clock tells the server's time: the local clock, and how far that is from the server's,
// which is asked once a minute. In a cluster, nodes whose clocks are apart are asked in
// turn: what has to be in order does not rely on it.
type clock struct {
	client *repo.Client
	given  func() time.Time // in place of the server's; nil: none

	mu     sync.Mutex
	asked  time.Time // by the local clock; zero: never
	server time.Time // what the server said then
}

// clockFor is for how long the server's clock is not asked again.
const clockFor = time.Minute

// now returns the time, to the µs. One round trip, once a minute.
func (c *clock) now(ctx context.Context) (time.Time, error) {
	if c.given != nil {
		return c.given().UTC().Truncate(time.Microsecond), nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if since := time.Since(c.asked); c.asked.IsZero() || since < 0 || since >= clockFor {
		if err := c.ask(ctx); err != nil {
			return time.Time{}, err
		}
	}
	return c.server.Add(time.Since(c.asked)).UTC().Truncate(time.Microsecond), nil
}

// ask asks the server, and takes its answer to be of the middle of the round trip.
func (c *clock) ask(ctx context.Context) error {
	if c.client.Closed() {
		return repo.ErrClosed
	}
	before := time.Now()
	server, err := c.client.Redis().Time(ctx).Result()
	if err != nil {
		return fmt.Errorf("tframex: time of the server: %w", err)
	}
	took := time.Since(before)
	c.asked, c.server = before.Add(took/2), server
	return nil
}
