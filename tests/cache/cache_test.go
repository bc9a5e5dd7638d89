// Package cache shows what is read from the memory of a program, and that it is not
// stale.
package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/events"
)

// fixture is a keyspace that a client with a cache reaches through a proxy, and another
// one without directly.
type fixture struct {
	proxy  *faultproxy.Proxy
	cached *repo.Client
	direct *repo.Client
}

func setup(t *testing.T, server *redisd.Server, cache repo.Cache) fixture {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { eventually(t, "no goroutine is left", func() bool { return goleak.Find(ignore) == nil }) })
	proxy := faultproxy.Start(t, server.Addr())
	config := repo.Config{
		Prefix: server.Prefix(), SweepInterval: -1, MinRetryBackoff: time.Millisecond, MaxRetryBackoff: 8 * time.Millisecond,
	}
	direct := open(t, server.Addr(), config)
	config.Cache = &cache
	return fixture{proxy, open(t, proxy.Addr(), config), direct}
}

func open(t *testing.T, addr string, config repo.Config) *repo.Client {
	t.Helper()
	config.Addrs = []string{addr}
	client, err := repo.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// kept reads a user until it comes from memory.
func kept(t *testing.T, f fixture, users *app.Users, id string) *app.User {
	t.Helper()
	var u *app.User
	eventually(t, "the record is kept", func() bool {
		hits := f.cached.CacheStats().Hits
		var err error
		u, err = users.Get(t.Context(), id)
		must(t, err)
		return f.cached.CacheStats().Hits > hits
	})
	return u
}

func user(id string) *app.User {
	return &app.User{ID: id, Username: "name-" + id, Status: app.Active, Password: []byte("pw"), Tags: []string{"a"}}
}

// A record that is kept is read without the server, until somebody changes it, and what
// the caller does with it changes nothing.
func TestRecordsAreKeptUntilTheyChange(t *testing.T) {
	f := setup(t, redisd.Shared(t), repo.Cache{})
	users, others := app.NewUsers(f.cached), app.NewUsers(f.direct)
	must(t, others.Create(t.Context(), user("1")))
	u := kept(t, f, users, "1")
	u.Password[0], u.Tags[0], u.Age = 'x', "b", 99
	f.proxy.Reset()
	for range 10 {
		u, err := users.Get(t.Context(), "1")
		must(t, err)
		if string(u.Password) != "pw" || u.Tags[0] != "a" || u.Age != 0 {
			t.Fatalf("a caller has changed what is kept: %+v", u)
		}
		list, err := users.GetMany(t.Context(), "1", "1")
		must(t, err)
		if len(list) != 2 || list[0] == list[1] {
			t.Fatalf("GetMany: %v", list)
		}
	}
	if n := f.proxy.Count("HMGET"); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
	must(t, others.Patch(t.Context(), "1", app.UserFields.Age.Set(7)))
	eventually(t, "the change is seen", func() bool {
		u, err := users.Get(t.Context(), "1")
		must(t, err)
		return u.Age == 7
	})
	must(t, others.Delete(t.Context(), "1"))
	eventually(t, "the deletion is seen", func() bool {
		_, err := users.Get(t.Context(), "1")
		return errors.Is(err, repo.ErrNotFound)
	})
	must(t, others.Create(t.Context(), user("1")))
	if _, err := users.Get(t.Context(), "1"); err != nil {
		t.Errorf("that there is no record was kept: %v", err)
	}
	if s := f.cached.CacheStats(); s.Invalidations == 0 || s.Misses == 0 || s.Bytes == 0 && s.Entries != 0 {
		t.Errorf("%+v", s)
	}
}

// slowlyTold returns a fixture whose client with a cache is told of changes late.
func slowlyTold(t *testing.T) fixture {
	server := redisd.Shared(t)
	f := fixture{cached: open(t, server.Addr(), repo.Config{
		Prefix: server.Prefix(), SweepInterval: -1, Cache: &repo.Cache{},
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return &slowConn{Conn: conn}, err
		},
	})}
	return f
}

// slowConn is a connection that is slow to read once changes are told over it.
type slowConn struct {
	net.Conn
	slow atomic.Bool
}

func (c *slowConn) Write(data []byte) (int, error) {
	if bytes.Contains(data, []byte("bcast")) {
		c.slow.Store(true)
	}
	return c.Conn.Write(data)
}

func (c *slowConn) Read(data []byte) (int, error) {
	n, err := c.Conn.Read(data)
	if c.slow.Load() {
		<-time.After(5 * time.Millisecond)
	}
	return n, err
}

// What a client writes it reads, at once, whatever writes it, and before it is told.
func TestOwnWritesAreReadAtOnce(t *testing.T) {
	f := slowlyTold(t)
	users, ctx, fields := app.NewUsers(f.cached), t.Context(), app.UserFields
	must(t, users.Create(ctx, user("1")))
	age := 0
	writes := map[string]func(age int) error{
		"Patch": func(age int) error { return users.Patch(ctx, "1", fields.Age.Set(age)) },
		"Save":  func(age int) error { u := user("1"); u.Age = age; return users.Save(ctx, u) },
		"SaveMany": func(age int) error {
			u := user("1")
			u.Age = age
			return users.SaveMany(ctx, []*app.User{u})
		},
		"Mutate": func(age int) error {
			_, err := users.Mutate(ctx, "1", func(u *app.User) error { u.Age = age; return nil })
			return err
		},
		"query": func(age int) error {
			_, err := users.Where(fields.Status.Eq(app.Active)).Patch(ctx, fields.Age.Set(age))
			return err
		},
		"Tx": func(age int) error {
			return f.cached.Tx(ctx, func(tx *repo.Tx) error { return users.InTx(tx).Patch("1", fields.Age.Set(age)) })
		},
		"Batch": func(age int) error {
			b := f.cached.Batch()
			users.In(b).Patch("1", fields.Age.Set(age))
			return b.Run(ctx)
		},
		"a view": func(age int) error {
			return app.NewUsers(f.cached.Uncached()).Patch(ctx, "1", fields.Age.Set(age))
		},
	}
	for name, write := range writes {
		for range 5 {
			kept(t, f, users, "1")
			age++
			must(t, write(age))
			u, err := users.Get(ctx, "1")
			must(t, err)
			if u.Age != age {
				t.Fatalf("%s: read %d after writing %d", name, u.Age, age)
			}
		}
	}
}

// What is deleted together with a record is gone at once too.
func TestCascadesAreReadAtOnce(t *testing.T) {
	f := slowlyTold(t)
	ctx := t.Context()
	trees, leaves := events.NewTrees(f.cached), events.NewLeaves(f.cached)
	deletes := map[string]func() error{
		"Delete": func() error { return trees.Delete(ctx, "oak") },
		"Tx": func() error {
			return f.cached.Tx(ctx, func(tx *repo.Tx) error { return trees.InTx(tx).Delete("oak") })
		},
		"Batch": func() error {
			b := f.cached.Batch()
			trees.In(b).Delete("oak")
			return b.Run(ctx)
		},
	}
	for name, remove := range deletes {
		for range 5 {
			must(t, trees.Create(ctx, &events.Tree{ID: "oak"}))
			must(t, leaves.Create(ctx, &events.Leaf{ID: "leaf", TreeID: "oak"}))
			eventually(t, "the leaf is kept", func() bool {
				hits := f.cached.CacheStats().Hits
				_, err := leaves.Get(ctx, "leaf")
				must(t, err)
				return f.cached.CacheStats().Hits > hits
			})
			must(t, remove())
			if _, err := leaves.Get(ctx, "leaf"); !errors.Is(err, repo.ErrNotFound) {
				t.Fatalf("%s: the leaf is still there: %v", name, err)
			}
		}
	}
}

// A record is not read from memory after it has expired, even if the server has not
// noticed yet and so tells nothing.
func TestKeptRecordsExpire(t *testing.T) {
	server := redisd.Start(t, redisd.Config("enable-debug-command yes"))
	must(t, server.Client().Do(t.Context(), "debug", "set-active-expire", "0").Err())
	f := setup(t, server, repo.Cache{})
	wallets := app.NewWallets(f.cached)
	w := &app.Wallet{ID: "1", Owner: "ann"}
	must(t, wallets.Create(t.Context(), w, repo.TTL(300*time.Millisecond)))
	created := time.Now()
	for time.Since(created) < 200*time.Millisecond {
		if _, err := wallets.Get(t.Context(), "1"); err != nil && time.Since(created) < 250*time.Millisecond {
			t.Fatal(err)
		}
	}
	if f.cached.CacheStats().Hits == 0 {
		t.Error("the record was not kept")
	}
	eventually(t, "the record expires", func() bool {
		late := time.Since(created) > 300*time.Millisecond+tick
		_, err := wallets.Get(t.Context(), "1")
		if late && !errors.Is(err, repo.ErrNotFound) {
			t.Fatalf("read after it has expired: %v", err)
		}
		return err != nil
	})
}

// What is read in its last millisecond expires too.
func TestLastMillisecond(t *testing.T) {
	server := redisd.Start(t, redisd.Config("enable-debug-command yes"))
	must(t, server.Client().Do(t.Context(), "debug", "set-active-expire", "0").Err())
	f := setup(t, server, repo.Cache{})
	wallets, others := app.NewWallets(f.cached), app.NewWallets(f.direct)
	const life = 5 * time.Millisecond
	for range 50 {
		must(t, others.Save(t.Context(), &app.Wallet{ID: "1", Owner: "ann"}, repo.TTL(life)))
		saved := time.Now()
		for {
			late := time.Since(saved) > life+tick
			if _, err := wallets.Get(t.Context(), "1"); err != nil {
				break
			}
			if late {
				t.Fatal("read after it has expired")
			}
		}
	}
}

// When the connection is lost that tells of changes, nothing is read from memory any
// more; when it is back, records are kept again.
func TestLostConnection(t *testing.T) {
	f := setup(t, redisd.Shared(t), repo.Cache{})
	users, others := app.NewUsers(f.cached), app.NewUsers(f.direct)
	must(t, others.Create(t.Context(), user("1")))
	for age := range 5 {
		kept(t, f, users, "1")
		flushes := f.cached.CacheStats().Flushes
		f.proxy.Down()
		must(t, others.Patch(t.Context(), "1", app.UserFields.Age.Set(age+1)))
		eventually(t, "everything is dropped", func() bool { return f.cached.CacheStats().Flushes > flushes })
		if n := f.cached.CacheStats().Entries; n != 0 {
			t.Errorf("%d records are left", n)
		}
		f.proxy.Up(t)
		u, err := users.Get(t.Context(), "1")
		must(t, err)
		if u.Age != age+1 {
			t.Fatalf("read %d after %d was written", u.Age, age+1)
		}
	}
}

// Where the network is silent, and nobody can tell of changes, what is kept is good for
// MaxLag.
func TestSilence(t *testing.T) {
	const lag = 200 * time.Millisecond
	f := setup(t, redisd.Shared(t), repo.Cache{MaxLag: lag})
	users, others := app.NewUsers(f.cached), app.NewUsers(f.direct)
	must(t, others.Create(t.Context(), user("1")))
	kept(t, f, users, "1")
	f.proxy.Sever()
	must(t, others.Patch(t.Context(), "1", app.UserFields.Age.Set(1)))
	changed := time.Now()
	eventually(t, "the record is not read from memory", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		late := time.Since(changed) > lag
		u, err := users.Get(ctx, "1")
		if err == nil && late {
			t.Fatalf("read %d, %v after it was changed", u.Age, time.Since(changed))
		}
		return err != nil
	})
	f.proxy.Heal()
	eventually(t, "the change is seen", func() bool {
		u, err := users.Get(t.Context(), "1")
		return err == nil && u.Age == 1
	})
	kept(t, f, users, "1")
}

// When a server is emptied, so is the cache.
func TestEmptiedServer(t *testing.T) {
	server := redisd.Start(t)
	f := setup(t, server, repo.Cache{})
	users := app.NewUsers(f.cached)
	must(t, users.Create(t.Context(), user("1")))
	kept(t, f, users, "1")
	must(t, server.Client().FlushAll(t.Context()).Err())
	eventually(t, "the record is gone", func() bool {
		_, err := users.Get(t.Context(), "1")
		return errors.Is(err, repo.ErrNotFound)
	})
}

// The memory of a cache is bounded, and what was read last stays.
func TestBounds(t *testing.T) {
	for name, bounds := range map[string]repo.Cache{"entries": {MaxEntries: 64}, "bytes": {MaxBytes: 64 << 10}} {
		t.Run(name, func(t *testing.T) {
			f := setup(t, redisd.Shared(t), bounds)
			users := app.NewUsers(f.cached)
			var list []*app.User
			for i := range 500 {
				list = append(list, user(fmt.Sprint("u", i)))
			}
			must(t, users.CreateMany(t.Context(), list))
			eventually(t, "records are kept", func() bool {
				for _, u := range list {
					_, err := users.Get(t.Context(), u.ID)
					must(t, err)
				}
				return f.cached.CacheStats().Evictions > 0
			})
			s := f.cached.CacheStats()
			if bounds.MaxEntries > 0 && s.Entries > int64(bounds.MaxEntries) || bounds.MaxBytes > 0 && s.Bytes > bounds.MaxBytes || s.Entries < 16 {
				t.Errorf("%+v", s)
			}
			hits := s.Hits
			_, err := users.Get(t.Context(), list[len(list)-1].ID)
			must(t, err)
			if f.cached.CacheStats().Hits == hits {
				t.Error("what was read last is not kept")
			}
		})
	}
}
