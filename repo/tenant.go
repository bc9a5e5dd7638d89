package repo

import (
	"context"
	"fmt"

	"github.com/redisgen/redisgen/internal/tenant"
)

// Tenant returns a client of one tenant: it shares the connections and all settings
// of c, but for the prefix, which is that of c, the name and a colon. Repositories
// of it see the records of that tenant alone. With the rules of redisgen acl
// -tenant, the server keeps tenants apart as well.
//
// A name is 1 to 128 bytes of UTF-8 without spaces, control characters and
// {}:*?[]\"'. Names that differ in any byte are different tenants: upper and lower
// case, for example. Nothing is sent.
//
// A client sweeps what expired records leave behind for as long as it is open, so
// one for each tenant is enough: keep it, and close it when it is not needed any
// more. That leaves c open; when c is closed, so is it.
func (c *Client) Tenant(name string) (*Client, error) {
	prefix, err := tenant.Prefix(c.prefix, name)
	if err != nil {
		return nil, fmt.Errorf("redisgen: %w", err)
	}
	t := &Client{settings: c.settings, parent: c}
	t.prefix = prefix
	t.sweeper = newSweeper(t, c.sweeper.interval)
	t.sweeper.ctx, t.sweeper.cancel = context.WithCancel(c.sweeper.ctx) // ends with that of c
	return t, nil
}

// isClosed tells whether the client is closed, or the one whose connections it has.
func (c *Client) isClosed() bool {
	return c.closed.Load() || c.parent != nil && c.parent.isClosed()
}
