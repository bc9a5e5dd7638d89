// Package failover shows what clients do when a primary is replaced, and when
// slots of a cluster move.
package failover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

const (
	writers = 24
	// patience is how long anything here may take; what it took is logged.
	patience = 60 * time.Second
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// noLeak has the test fail if goroutines are left when it ends.
func noLeak(t *testing.T) {
	t.Helper()
	ignore := []goleak.Option{goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("github.com/redisgen/redisgen/internal/redisd.(*process).run.func1")}
	t.Cleanup(func() {
		var err error
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			if err = goleak.Find(ignore...); err == nil {
				return
			}
		}
		t.Error(err)
	})
}

// deployment is servers of which one replaces another.
type deployment struct {
	open    func(t *testing.T) *repo.Client
	primary func() *redisd.Server // of the writers' records
	// replicas are those of a primary.
	replicas func(primary *redisd.Server) []*redisd.Server
	healthy  func(time.Duration)
}

// opened returns what opens a client.
func opened(config repo.Config) func(t *testing.T) *repo.Client {
	return func(t *testing.T) *repo.Client {
		client, err := repo.Open(t.Context(), config)
		must(t, err)
		t.Cleanup(func() { must(t, client.Close()) })
		return client
	}
}

// deployments start the kinds of deployment that have failovers.
var deployments = map[string]func(t *testing.T) deployment{
	"Sentinel": func(t *testing.T) deployment {
		r := redisd.StartReplicated(t)
		config := repo.Config{Addrs: r.SentinelAddrs(), MasterName: redisd.MasterName, Prefix: r.Prefix()}
		return deployment{opened(config), r.Primary, func(*redisd.Server) []*redisd.Server { return r.Replicas() }, r.WaitHealthy}
	},
	"Cluster": func(t *testing.T) deployment {
		c := redisd.StartCluster(t)
		return inCluster(c, opened(repo.Config{Addrs: c.Addrs(), Prefix: c.Prefix()}))
	},
}

func inCluster(c *redisd.Cluster, open func(t *testing.T) *repo.Client) deployment {
	slot := placement.Slot("users")
	return deployment{open, func() *redisd.Server { return c.Primary(slot) }, c.ReplicasOf, c.WaitHealthy}
}

// writer goes on writing a record of its own and notes what becomes of that.
type writer struct {
	id string

	mu   sync.Mutex
	good []time.Time // when writes succeeded
	errs []error
}

func (w *writer) run(ctx context.Context, users *app.Users) {
	for ctx.Err() == nil {
		err := users.Patch(context.Background(), w.id, app.UserFields.Logins.Add(1))
		w.mu.Lock()
		if err == nil {
			w.good = append(w.good, time.Now())
		} else {
			w.errs = append(w.errs, err)
		}
		w.mu.Unlock()
	}
}

// after returns when the writer first succeeded after a time, zero if it has not.
func (w *writer) after(start time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, _ := slices.BinarySearchFunc(w.good, start, time.Time.Compare)
	if at == len(w.good) {
		return time.Time{}
	}
	return w.good[at]
}

// startWriters has writers go on until they are stopped or the test ends.
func startWriters(t *testing.T, client *repo.Client) (list []*writer, stop func()) {
	t.Helper()
	users := app.NewUsers(client)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	list = make([]*writer, writers)
	for i := range list {
		w := &writer{id: fmt.Sprint("w", i)}
		must(t, users.Create(t.Context(), &app.User{ID: w.id, Username: w.id, Status: app.Active}))
		list[i] = w
		running.Go(func() { w.run(ctx, users) })
	}
	return list, stop
}

// replicated waits until replicas have what was written to a primary before. One
// that has just been synchronised gets nothing until it first reports, which is
// within a second.
func replicated(t *testing.T, primary *redisd.Server, replicas int) {
	t.Helper()
	pipe := primary.Client().Pipeline() // on one connection
	pipe.Set(t.Context(), "{users}", "replicated", 0)
	got := pipe.Do(t.Context(), "wait", replicas, 5000)
	_, err := pipe.Exec(t.Context())
	must(t, err)
	if n, err := got.Int(); err != nil || n < replicas {
		t.Fatalf("%d of %d replicas are in step: %v", n, replicas, err)
	}
}

// elected waits until a replica says that it has become the primary in place of
// another one, and returns when.
func elected(t *testing.T, replicas []*redisd.Server) time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	at := make(chan time.Time, len(replicas))
	for _, replica := range replicas {
		rdb := replica.Client()
		go func() {
			for ctx.Err() == nil {
				if role(ctx, rdb) == "master" {
					at <- time.Now()
					return
				}
				time.Sleep(2 * time.Millisecond)
			}
		}()
	}
	select {
	case when := <-at:
		return when
	case <-ctx.Done():
		t.Fatalf("no replica has become the primary within %v", patience)
		return time.Time{}
	}
}

// role returns master or slave, or nothing if the server does not say.
func role(ctx context.Context, rdb *redis.Client) string {
	reply, _ := rdb.Do(ctx, "role").Slice()
	if len(reply) == 0 {
		return ""
	}
	return fmt.Sprint(reply[0])
}

// expected tells whether an error is one that a failover explains.
func expected(err error) bool {
	var op *net.OpError
	if errors.Is(err, repo.ErrUncertain) || errors.Is(err, redis.ErrPoolTimeout) || errors.As(err, &op) {
		return true
	}
	return slices.ContainsFunc([]string{"READONLY ", "CLUSTERDOWN ", "MASTERDOWN ", "LOADING "}, func(refusal string) bool {
		return strings.Contains(err.Error(), refusal)
	})
}

// strike takes a primary down, and brings it back later.
type strike struct{ down, up func(*redisd.Server) }

var strikes = map[string]strike{
	"SIGKILL": {(*redisd.Server).Kill, (*redisd.Server).Start},
	"SIGSTOP": {(*redisd.Server).Pause, (*redisd.Server).Resume},
}

// A primary that is gone, or that keeps its connections and answers nothing, is
// replaced; all writers come back, and no write takes effect twice.
func TestFailover(t *testing.T) {
	for kind, start := range deployments {
		for name, s := range strikes {
			t.Run(kind+" "+name, func(t *testing.T) { failover(t, start(t), s) })
		}
	}
}

// A client of a cluster that its owner made asks for the nodes when it has to,
// although go-redis does not see that it has to.
func TestFailoverOfAnOwnClient(t *testing.T) {
	c := redisd.StartCluster(t)
	failover(t, inCluster(c, func(t *testing.T) *repo.Client {
		options := c.Options()
		options.ClusterStateReloadInterval = time.Hour
		rdb := redis.NewClusterClient(options)
		t.Cleanup(func() { must(t, rdb.Close()) })
		client, err := repo.New(rdb, repo.Config{Prefix: c.Prefix()})
		must(t, err)
		t.Cleanup(func() { must(t, client.Close()) })
		return client
	}), strikes["SIGKILL"])
}

func failover(t *testing.T, d deployment, s strike) {
	noLeak(t)
	client := d.open(t)
	list, stop := startWriters(t, client)
	for _, w := range list {
		eventually(t, "writers have begun", func() bool { return !w.after(time.Time{}).IsZero() })
	}
	old := d.primary()
	replicas := d.replicas(old)
	replicated(t, old, len(replicas))
	struck := time.Now()
	s.down(old)
	chosen := elected(t, replicas)
	var gaps []time.Duration
	for _, w := range list {
		eventually(t, "writer "+w.id+" is back", func() bool { return !w.after(chosen).IsZero() })
		gaps = append(gaps, w.after(chosen).Sub(chosen))
	}
	slices.Sort(gaps)
	t.Logf("elected after %v; writers back after %v to %v", chosen.Sub(struck).Round(time.Millisecond),
		gaps[0].Round(time.Millisecond), gaps[len(gaps)-1].Round(time.Millisecond))
	s.up(old)
	d.healthy(patience)
	resumed := time.Now()
	for _, w := range list {
		eventually(t, "writer "+w.id+" goes on", func() bool { return !w.after(resumed).IsZero() })
	}
	stop()
	check(t, client, list)
}

// check looks at what has become of all writes: those that succeeded may be lost
// with the primary that had them, and none may have taken effect twice.
func check(t *testing.T, client *repo.Client, list []*writer) {
	t.Helper()
	users := app.NewUsers(client)
	kinds := map[string]int{}
	for _, w := range list {
		uncertain := 0
		for _, err := range w.errs {
			if !expected(err) {
				t.Errorf("writer %s: %v", w.id, err)
			}
			if errors.Is(err, repo.ErrUncertain) {
				uncertain++
			}
			kinds[fmt.Sprintf("%.60v", errors.Unwrap(err))]++
		}
		u, err := users.Get(t.Context(), w.id)
		must(t, err)
		if n := int(u.Logins); n > len(w.good)+uncertain {
			t.Errorf("writer %s: %d writes took effect, of %d that succeeded and %d of which nobody knows", w.id, n, len(w.good), uncertain)
		}
	}
	for kind, n := range kinds {
		t.Logf("%d times %s", n, kind)
	}
}
