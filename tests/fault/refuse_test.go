package fault

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"

	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// Nobody answers the door: the call is repeated, and succeeds when the server
// is back.
func TestServerThatComesBack(t *testing.T) {
	var refused atomic.Int64
	config := repo.Config{
		MaxRetries: 1000, MinRetryBackoff: time.Millisecond, MaxRetryBackoff: 4 * time.Millisecond,
		PoolSize: 10_000, // after as many failures go-redis dials once a second
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if err != nil {
				refused.Add(1)
			}
			return conn, err
		},
	}
	f := setup(t, config)
	try := func(name string, call func(context.Context) error) {
		t.Helper()
		f.proxy.Down()
		before := refused.Load()
		done := make(chan error)
		go func() { done <- call(context.Background()) }()
		eventually(t, "dialing is refused", func() bool { return refused.Load() >= before+5 })
		f.proxy.Up(t)
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, read := range reads(f.client) {
		try(name, read)
	}
	for _, w := range f.writes(t, f.client) {
		try(w.name, w.do)
		if got := w.effects(); got != 1 {
			t.Errorf("%s took effect %d times", w.name, got)
		}
	}
}

// Nobody answers at all: the call fails, and certainly has not taken effect.
func TestServerThatStaysAway(t *testing.T) {
	f := setup(t, repo.Config{MaxRetries: 2})
	f.proxy.Down()
	for name, read := range reads(f.client) {
		if err := read(t.Context()); err == nil {
			t.Errorf("%s succeeded", name)
		}
	}
	for _, w := range f.writes(t, f.client) {
		if err := w.do(t.Context()); err == nil || errors.Is(err, repo.ErrUncertain) {
			t.Errorf("%s: %v, want an error that is certain", w.name, err)
		}
		if got := w.effects(); got != 0 {
			t.Errorf("%s took effect %d times", w.name, got)
		}
	}
}

// A server that answers with an error which will pass is asked again.
func TestPassingErrors(t *testing.T) {
	for _, message := range []string{
		"LOADING Redis is loading the dataset in memory", "READONLY You can't write against a read only replica.",
		"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "CLUSTERDOWN The cluster is down",
		"TRYAGAIN Multiple keys request during rehashing of slot", "NOREPLICAS Not enough good replicas to write.",
		"BUSY Redis is busy running a script.", "ERR max number of clients reached", "MOVED 866 127.0.0.1:1", "ASK 866 127.0.0.1:1",
	} {
		t.Run(strings.Fields(message)[0], func(t *testing.T) {
			client, fail := embedded(t)
			users := app.NewUsers(client)
			u := user("7")
			fail(message, 3)
			must(t, users.Create(t.Context(), u))
			fail(message, 2)
			must(t, users.Patch(t.Context(), "7", app.UserFields.Logins.Add(1)))
			fail(message, 3)
			must(t, users.SaveMany(t.Context(), crowd(150)))
			fail(message, 2)
			b := client.Batch()
			users.In(b).Patch("7", app.UserFields.Logins.Add(1))
			users.In(b).Patch("7", app.UserFields.Logins.Add(1))
			got := users.In(b).Get("7")
			must(t, b.Run(t.Context()))
			if got.Value.Logins != 3 || got.Value.Version != 4 {
				t.Errorf("Get in the batch = %+v, want 3 logins", got.Value)
			}
			fail(message, 100)
			err := users.Patch(t.Context(), "7", app.UserFields.Logins.Add(1))
			if err == nil || !strings.Contains(err.Error(), message) || errors.Is(err, repo.ErrUncertain) {
				t.Errorf("Patch of a server that goes on refusing: %v", err)
			}
			fail("", 0)
			if got, err := users.Get(t.Context(), "7"); err != nil || got.Logins != 3 {
				t.Errorf("Get = %+v, %v", got, err)
			}
		})
	}
}

// Other errors are the caller's: nothing is asked twice.
func TestOtherErrors(t *testing.T) {
	for _, message := range []string{"OOM command not allowed when used memory > 'maxmemory'.", "NOPERM no permission", "ERR something", "MISCONF Errors writing to the AOF file"} {
		client, fail := embedded(t)
		fail(message, 1)
		err := app.NewUsers(client).Create(t.Context(), user("7"))
		if err == nil || !strings.Contains(err.Error(), message) || errors.Is(err, repo.ErrUncertain) {
			t.Errorf("Create: %v, want %s", err, message)
		}
	}
}

// embedded returns a client of an embedded store, and a function that has the
// next n calls of scripts answered with an error.
func embedded(t *testing.T) (client *repo.Client, fail func(message string, n int64)) {
	t.Helper()
	store := miniredis.RunT(t)
	var left atomic.Int64
	var text atomic.Value
	store.Server().SetPreHook(func(c *server.Peer, command string, _ ...string) bool {
		if !strings.HasPrefix(strings.ToUpper(command), "EVAL") || left.Add(-1) < 0 {
			return false
		}
		c.WriteError(text.Load().(string))
		return true
	})
	client = open(t, store.Addr(), repo.Config{SweepInterval: -1, MaxRetries: 3, MinRetryBackoff: time.Millisecond, MaxRetryBackoff: 4 * time.Millisecond})
	return client, func(message string, n int64) {
		text.Store(message)
		left.Store(n)
	}
}

// A primary that was made a replica refuses writes until it is one again.
func TestReplicaThatIsPromoted(t *testing.T) {
	f := setupOn(t, testclient.Start(t), repo.Config{MaxRetries: 10000})
	rdb := f.admin
	for _, w := range f.writes(t, f.client) {
		must(t, rdb.Do(t.Context(), "config", "resetstat").Err())
		must(t, rdb.Do(t.Context(), "replicaof", "127.0.0.1", "1").Err())
		done := make(chan error)
		go func() { done <- w.do(context.Background()) }()
		eventually(t, "writes are refused", func() bool {
			return strings.Contains(rdb.Info(context.Background(), "errorstats").Val(), "errorstat_READONLY")
		})
		must(t, rdb.Do(t.Context(), "replicaof", "no", "one").Err())
		if err := <-done; err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		if got := w.effects(); got != 1 {
			t.Errorf("%s took effect %d times", w.name, got)
		}
	}
}
