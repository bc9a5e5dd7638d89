package repo

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// repeats tells whether a call that failed is to be sent again. failed is when
// it did so first, and is set by it.
func (c *Client) repeats(call *call, err error, attempt int, failed *time.Time) bool {
	c.notice(err)
	if again := call.mayRepeat(err) || c.asks && isAuth(err); !again || attempt >= c.retries {
		return false
	}
	if failed.IsZero() {
		*failed = time.Now()
	}
	return c.retryTimeout < 0 || time.Since(*failed) < c.retryTimeout
}

// notice has the client of a cluster ask which nodes there are when an error
// may mean that they are others; go-redis does so only for errors that it sees,
// which excludes those of dialling and those in raw replies.
func (c *Client) notice(err error) {
	cluster, ok := c.rdb.(*redis.ClusterClient)
	if !ok {
		return
	}
	var op *net.OpError
	if errors.As(err, &op) || isLost(err) || strings.HasPrefix(err.Error(), "CLUSTERDOWN ") {
		cluster.ReloadState(context.Background())
	}
}

// isDemoted tells whether a server has become a replica. Sent so that go-redis
// sees that, the call has it close the connection and ask where the primary is.
func isDemoted(err error) bool {
	return err != nil && strings.HasPrefix(err.Error(), "READONLY ")
}
