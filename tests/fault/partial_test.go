package fault

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// cutter makes connections that break off after some bytes of what the server
// sends, once it is armed.
type cutter struct {
	armed atomic.Bool
	left  atomic.Int64
}

func (c *cutter) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	return &cutConn{conn, c}, err
}

func (c *cutter) arm(bytes int) {
	c.left.Store(int64(bytes))
	c.armed.Store(true)
}

type cutConn struct {
	net.Conn
	cutter *cutter
}

func (c *cutConn) Read(p []byte) (int, error) {
	if !c.cutter.armed.Load() {
		return c.Conn.Read(p)
	}
	left := c.cutter.left.Load()
	if left == 0 {
		c.cutter.armed.Store(false)
		_ = c.Conn.Close()
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), left)])
	c.cutter.left.Add(-int64(n))
	return n, err
}

// A reply may be cut at any byte. What was answered whole has succeeded, and
// nothing else has; reads are sent again.
func TestRepliesCutAtAnyByte(t *testing.T) {
	var cut cutter
	f := setup(t, repo.Config{Dialer: cut.dial})
	users := app.NewUsers(f.client)
	must(t, users.Patch(t.Context(), "7", app.UserFields.Logins.Set(0)))
	logins, answered := int64(0), 0
	for bytes := 1; answered < 2; bytes++ { // a byte tells that the server has done its work
		if bytes > 1000 {
			t.Fatal("no cut lets two replies of a batch through")
		}
		cut.arm(bytes)
		b := f.client.Batch()
		first := users.In(b).Patch("7", app.UserFields.Logins.Add(1))
		second := users.In(b).Patch("7", app.UserFields.Logins.Add(1))
		_ = b.Run(t.Context())
		cut.armed.Store(false)
		before := answered
		answered = 0
		for _, err := range []error{first.Err, second.Err} {
			switch {
			case err == nil:
				answered++
			case !errors.Is(err, repo.ErrUncertain):
				t.Fatalf("cut after %d bytes: %v, want ErrUncertain", bytes, err)
			}
		}
		if answered < before || answered == 1 && first.Err != nil {
			t.Errorf("cut after %d bytes: %v, %v", bytes, first.Err, second.Err)
		}
		if got := f.stored(t, "7").Logins; got != logins+2 {
			t.Fatalf("cut after %d bytes: the counter went from %d to %d", bytes, logins, got)
		}
		logins += 2
	}
	for bytes := range 300 {
		cut.arm(bytes)
		if u, err := users.Get(t.Context(), "7"); err != nil || u.Logins != logins {
			t.Fatalf("Get cut after %d bytes: %+v, %v", bytes, u, err)
		}
		cut.arm(bytes)
		if list, err := users.GetMany(t.Context(), "8", "7"); err != nil || list[0] != nil || list[1].Logins != logins {
			t.Fatalf("GetMany cut after %d bytes: %v, %v", bytes, list, err)
		}
		cut.arm(bytes)
		if n, err := users.Where().Count(t.Context()); err != nil || n != 1 {
			t.Fatalf("Count cut after %d bytes: %d, %v", bytes, n, err)
		}
		cut.armed.Store(false)
	}
}
