// Package limits shows what rate limits promise on servers that take over from each other.
package limits

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/limit"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, config repo.Config) *repo.Client {
	t.Helper()
	client, err := repo.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	return client
}

// crowd is goroutines that ask until they are refused.
type crowd struct {
	admitted, unknown atomic.Int64
	running           sync.WaitGroup
}

// askers have n goroutines ask for one of a key.
func askers(t *testing.T, n int, limiter *limit.Limiter, key string) *crowd {
	t.Helper()
	c := new(crowd)
	for range n {
		c.running.Go(func() {
			for {
				result, err := limiter.Allow(t.Context(), key)
				switch {
				case errors.Is(err, repo.ErrUncertain), errors.Is(err, repo.ErrNotDurable):
					c.unknown.Add(1)
				case err != nil:
					t.Error(err)
					return
				case !result.Allowed:
					return
				default:
					c.admitted.Add(1)
				}
			}
		})
	}
	return c
}

// reach waits until so many are admitted.
func (c *crowd) reach(t *testing.T, n int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); c.admitted.Load() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d are admitted after a minute, want %d", c.admitted.Load(), n)
		}
	}
}

// wantExactly fails the test unless all were admitted that the limit allows, but for requests of which
// nobody knows whether they were.
func (c *crowd) wantExactly(t *testing.T, n int64) {
	t.Helper()
	c.running.Wait()
	t.Logf("%d admitted, of %d nobody knows", c.admitted.Load(), c.unknown.Load())
	if got := c.admitted.Load(); got > n || got+c.unknown.Load() < n {
		t.Errorf("%d admitted, and of %d nobody knows; want %d", got, c.unknown.Load(), n)
	}
}

// When a primary dies, the limit goes on where it was: what a replica has confirmed stays counted.
func TestSentinelFailover(t *testing.T) {
	// A replica follows at once, and not after the five seconds that a primary waits for more of them.
	r := redisd.StartReplicated(t, redisd.Config("repl-diskless-sync-delay 0", "repl-ping-replica-period 1"))
	client := open(t, repo.Config{Addrs: r.SentinelAddrs(), MasterName: redisd.MasterName, Prefix: r.Prefix(), RetryTimeout: 30 * time.Second})
	const most = 4000
	limiter, err := limit.New(client.Durable(repo.Durability{Replicas: 1}), "api", limit.PerDay(1).Burst(most), limit.Window(2*most, 30*24*time.Hour))
	must(t, err)
	c := askers(t, 16, limiter, "ann")
	c.reach(t, most/4)
	r.Primary().Kill()
	c.wantExactly(t, most)
}

// On a cluster, a limit holds while the slot moves that its key is in; and requests of many keys are asked together
// wherever they are.
func TestCluster(t *testing.T) {
	cluster := redisd.StartCluster(t)
	client := open(t, repo.Config{Addrs: cluster.Addrs(), Prefix: cluster.Prefix()})
	const most = 3000
	limiter, err := limit.New(client, "api", limit.PerDay(1).Burst(most), limit.Window(2*most, 30*24*time.Hour))
	must(t, err)

	var requests []limit.Request
	for i := range 300 {
		requests = append(requests, limit.Request{Limiter: limiter, Key: fmt.Sprint(i % 150), N: most / 2})
	}
	for round, allowed := range []bool{true, false} {
		results, err := limit.Take(t.Context(), requests...)
		must(t, err)
		for i, result := range results {
			if result.Allowed != allowed {
				t.Fatalf("round %d, request %d: %+v, want %v", round, i, result, allowed)
			}
		}
	}

	tag, _, _ := strings.Cut(strings.TrimPrefix(client.Space("limit", "ann"), cluster.Prefix()+"{"), "}")
	slot := placement.Slot(tag)
	c := askers(t, 16, limiter, "ann")
	for moves := int64(1); moves < 6; moves++ {
		c.reach(t, moves*most/6)
		from, primaries := cluster.Primary(slot), cluster.Primaries()
		to := primaries[0]
		if to == from {
			to = primaries[1]
		}
		cluster.MoveSlots(from, to, slot)
	}
	c.wantExactly(t, most)
	if c.unknown.Load() > 0 {
		t.Errorf("%d requests have no known outcome, though nothing failed", c.unknown.Load())
	}
}
