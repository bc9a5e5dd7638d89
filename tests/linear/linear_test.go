// Package linear shows that repositories are linearizable: whatever fails meanwhile, each operation takes effect at one
// moment between its call and its return, or not at all, and one whose outcome is unknown at most once, some time after
// its call. Porcupine checks that of the histories that clients record.
package linear

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

var (
	seedFlag      = flag.Uint64("seed", rand.Uint64(), "of the random operations and faults")
	historiesFlag = flag.Int("histories", 20, "how many histories: half with network faults, two fifths with a server that dies, a tenth with failovers")
	opsFlag       = flag.Int("operations", 2500, "how many operations a history has")
)

// entities are what histories are about: users are in one shard, accounts in several.
var entities = []struct {
	name string
	open func(*repo.Client) store
}{{"users", users}, {"accounts", accounts}}

// Dials that fail are part of the tests.
func init() { redis.SetLogger(quiet{}) }

type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// each records and checks so many histories of each entity, at least one.
func each(t *testing.T, histories int, config func(prefix string) repo.Config, fail faults) {
	for _, entity := range entities {
		for i := range max(1, histories) {
			t.Run(fmt.Sprintf("%s/%d", entity.name, i), func(t *testing.T) {
				t.Logf("repeat with -seed %d", *seedFlag)
				stores := connect(t, config(fmt.Sprintf("%s%d:", entity.name, i)), entity.open)
				check(t, record(t, *seedFlag+uint64(i), stores, *opsFlag, fail))
			})
		}
	}
}

// connect returns stores of some clients with the same configuration.
func connect(t *testing.T, config repo.Config, open func(*repo.Client) store) (stores []store) {
	t.Helper()
	config.ReadTimeout, config.MinRetryBackoff, config.MaxRetryBackoff = 250*time.Millisecond, time.Millisecond, 32*time.Millisecond
	for range workers / 2 {
		client, err := repo.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		stores = append(stores, open(client))
	}
	return stores
}

// between returns a random time.
func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64(most-least)))
}

// The network loses requests and replies, cuts connections, and holds back what is under way until clients have given up.
func TestNetwork(t *testing.T) {
	t.Parallel()
	server := redisd.Start(t)
	proxy := faultproxy.Start(t, server.Addr())
	config := func(prefix string) repo.Config { return repo.Config{Addrs: []string{proxy.Addr()}, Prefix: prefix} }
	each(t, *historiesFlag/4, config, disturb(proxy))
}

// disturb returns the faults of a network.
func disturb(proxy *faultproxy.Proxy) faults {
	return func(_ *testing.T, r *recorder, random *rand.Rand) {
		defer proxy.Reset()
		for r.after(20 + random.IntN(100)) {
			switch random.IntN(10) {
			case 0:
				proxy.Cut()
			case 1:
				proxy.Sever()
				r.wait(between(random, 100*time.Millisecond, 350*time.Millisecond))
				proxy.Heal()
			case 2, 3, 4:
				proxy.DropRequest(faultproxy.Any, 1+random.IntN(20))
			default:
				proxy.DropReply(faultproxy.Command("EVALSHA"), 1+random.IntN(20))
			}
		}
	}
}

// The server stands still, and dies and comes back. It keeps an append-only file that is synced on each write, so that
// nothing is lost which it has answered.
func TestServer(t *testing.T) {
	t.Parallel()
	server := redisd.Start(t, redisd.AOF())
	config := func(prefix string) repo.Config { return repo.Config{Addrs: []string{server.Addr()}, Prefix: prefix} }
	each(t, *historiesFlag/5, config, func(_ *testing.T, r *recorder, random *rand.Rand) {
		for r.after(200 + random.IntN(800)) {
			if random.IntN(2) == 0 {
				server.Pause()
				r.wait(between(random, 50*time.Millisecond, 400*time.Millisecond))
				server.Resume()
			} else {
				server.Kill()
				server.Start()
			}
		}
	})
}

// The primaries of a cluster die one after the other, and replicas take their places. Writes are durable: a replica
// confirms each of them. That alone would not make reads linearizable, for they may see a write that no replica has yet; but
// Redis sends it before it reads from another connection, and what a process has sent on this machine arrives after its
// death. It would not on a network, nor if the primary were only cut off.
func TestFailover(t *testing.T) {
	t.Parallel()
	cluster := redisd.StartCluster(t)
	config := func(prefix string) repo.Config {
		return repo.Config{
			Addrs: cluster.Addrs(), Cluster: true, Prefix: prefix,
			Durability: repo.Durability{MinReplicas: 1, Replicas: 1}, RetryTimeout: 8 * time.Second,
		}
	}
	each(t, *historiesFlag/20, config, func(t *testing.T, r *recorder, random *rand.Rand) {
		dead := cluster.Primary(placement.Slot("users")) // which has some of the accounts too
		heir := cluster.ReplicasOf(dead)[0].Client()
		r.after(200 + random.IntN(800))
		dead.Kill()
		for deadline := time.Now().Add(15 * time.Second); !isPrimary(heir); r.wait(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("no failover")
			}
		}
		dead.Start()
		if !r.after(100) {
			t.Error("the history was over before the failover")
		}
		<-r.over
		cluster.WaitHealthy(time.Minute)
	})
}

func isPrimary(rdb *redis.Client) bool {
	role, err := rdb.Do(context.Background(), "ROLE").Slice()
	return err == nil && role[0] == "master"
}
