package durability

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// writeUntilKilled has writers create users of a size until the primary is killed, and returns
// the ids of those that were acknowledged.
func writeUntilKilled(t *testing.T, client *repo.Client, size int, kill func(acknowledged func() int)) []string {
	t.Helper()
	const writers = 8
	var mu sync.Mutex
	var ids []string
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	users := app.NewUsers(client)
	for w := range writers {
		running.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				id := fmt.Sprint(w, "-", i)
				u := user(id)
				u.Password = make([]byte, size)
				if users.Create(ctx, u) == nil {
					mu.Lock()
					ids = append(ids, id)
					mu.Unlock()
				}
			}
		})
	}
	kill(func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(ids)
	})
	cancel()
	running.Wait()
	return ids
}

// missing returns how many of the users a server does not have.
func missing(t *testing.T, server *redisd.Server, ids []string) int {
	t.Helper()
	found, err := app.NewUsers(open(t, repo.Config{Addrs: []string{server.Addr()}})).GetMany(t.Context(), ids...)
	must(t, err)
	n := 0
	for _, u := range found {
		if u == nil {
			n++
		}
	}
	return n
}

// What a replica has confirmed is there after that replica has taken over from a
// primary that was killed under load.
func TestConfirmedWritesSurvive(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	total := 0
	for round := range 12 {
		primary, replicas := startPair(t, 1)
		client := open(t, repo.Config{Addrs: []string{primary.Addr()}, MaxRetries: -1, Durability: confirmed})
		enough := 20 + random.IntN(400)
		ids := writeUntilKilled(t, client, 100, func(acknowledged func() int) {
			eventually(t, "writes are acknowledged", func() bool { return acknowledged() >= enough })
			primary.Kill()
		})
		do(t, replicas[0], "REPLICAOF", "NO", "ONE")
		if n := missing(t, replicas[0], ids); n > 0 {
			t.Errorf("round %d: %d of %d confirmed writes are lost", round, n, len(ids))
		}
		total += len(ids)
		must(t, client.Close())
		replicas[0].Stop()
	}
	t.Logf("%d confirmed writes", total)
}

// What all replicas have confirmed is there after an election, whichever of them wins
// it, and writers go on with the new primary.
func TestConfirmedWritesSurviveElections(t *testing.T) {
	all := func(n int) repo.Durability { return repo.Durability{Replicas: n, Timeout: 5 * time.Second} }
	check := func(t *testing.T, client *repo.Client, level, rest repo.Durability, primary func() *redisd.Server, healthy func()) {
		ids := writeUntilKilled(t, client.Durable(level), 100, func(acknowledged func() int) {
			eventually(t, "writes are acknowledged", func() bool { return acknowledged() >= 200 })
			primary().Kill()
			healthy()
		})
		found, err := app.NewUsers(client).GetMany(t.Context(), ids...)
		must(t, err)
		for i, u := range found {
			if u == nil {
				t.Errorf("%s of %d is lost", ids[i], len(ids))
			}
		}
		must(t, app.NewUsers(client.Durable(rest)).Create(t.Context(), user("last")))
	}
	t.Run("Sentinel", func(t *testing.T) {
		servers := redisd.StartReplicated(t)
		client := open(t, repo.Config{Addrs: servers.SentinelAddrs(), MasterName: redisd.MasterName, MaxRetries: 1000})
		check(t, client, all(2), all(1), servers.Primary, func() { servers.WaitHealthy(time.Minute) })
	})
	t.Run("Cluster", func(t *testing.T) {
		cluster := redisd.StartCluster(t)
		client := open(t, repo.Config{Addrs: cluster.Addrs(), Cluster: true, MaxRetries: 1000})
		home := func() *redisd.Server { return cluster.Primary(slot(t, client, "users")) }
		check(t, client, all(1), repo.Durability{}, home, func() { cluster.WaitHealthy(time.Minute) })
	})
}

// Without a confirmation, writes that were acknowledged are lost when the primary goes
// down before a replica has them; with it, none is acknowledged that could be.
func TestUnconfirmedWritesAreLost(t *testing.T) {
	for _, d := range []repo.Durability{{}, hasty} {
		primary, replicas := startPair(t, 1)
		client := open(t, repo.Config{Addrs: []string{primary.Addr()}, MaxRetries: -1, Durability: d})
		must(t, app.NewUsers(client.Durable(confirmed)).Create(t.Context(), user("first")))
		replicas[0].Pause()
		const size = 64 << 10 // what the system's buffers hold reaches the replica yet
		ids := writeUntilKilled(t, client, size, func(acknowledged func() int) {
			if d == (repo.Durability{}) {
				eventually(t, "writes are acknowledged", func() bool { return acknowledged() >= 600 })
			} else {
				<-time.After(4 * hasty.Timeout) // for writes to fail
			}
			primary.Kill()
		})
		replicas[0].Resume()
		do(t, replicas[0], "REPLICAOF", "NO", "ONE")
		switch n := missing(t, replicas[0], ids); {
		case d == hasty && len(ids) > 0:
			t.Errorf("%d writes were acknowledged that no replica could have confirmed", len(ids))
		case d != hasty && n == 0:
			t.Error("no acknowledged write is lost without confirmation, so that the tests with it show nothing")
		}
		must(t, client.Close())
	}
}

// On a cluster each node confirms its own writes: a batch waits once for each, and
// what a node without replicas writes is not durable.
func TestDurabilityOnCluster(t *testing.T) {
	cluster := redisd.StartCluster(t)
	config := repo.Config{Addrs: cluster.Addrs(), Cluster: true, Durability: confirmed}
	client := open(t, config)
	users, sessions, wallets := app.NewUsers(client), app.NewTokens(client), app.NewWallets(client)
	must(t, users.Create(t.Context(), user("1")))
	must(t, sessions.Create(t.Context(), &app.Token{Number: 1}))
	must(t, wallets.Create(t.Context(), &app.Wallet{ID: "1", Owner: "o"}))

	homes := map[*redisd.Server]bool{}
	for _, entity := range []string{"users", "tokens", "wallets"} {
		homes[cluster.Primary(slot(t, client, entity))] = true
	}
	before := calls(t, "wait", cluster.Primaries()...)
	batch := client.Batch()
	for i := range 10 {
		users.In(batch).Patch("1", app.UserFields.Logins.Add(1))
		sessions.In(batch).Save(&app.Token{Number: int64(i)})
		wallets.In(batch).Patch("1", app.WalletFields.Cents.Add(1))
	}
	must(t, batch.Run(t.Context()))
	if n := calls(t, "wait", cluster.Primaries()...) - before; n != len(homes) {
		t.Errorf("a batch for %d nodes waits %d times", len(homes), n)
	}
	u, err := users.Get(t.Context(), "1")
	if err != nil || u.Logins != 10 {
		t.Errorf("%+v, %v", u, err)
	}

	home := cluster.Primary(slot(t, client, "users"))
	replica := cluster.ReplicasOf(home)[0]
	replica.Pause()
	made := user("2")
	if err := app.NewUsers(client.Durable(hasty)).Create(t.Context(), made); !errors.Is(err, repo.ErrNotDurable) || made.Version != 1 {
		t.Errorf("with a paused replica: %v, version %d", err, made.Version)
	}
	eventually(t, "a node without replicas refuses writes", func() bool {
		level := repo.Durability{MinReplicas: 1}
		return errors.Is(app.NewUsers(client.Durable(level)).Patch(t.Context(), "1", app.UserFields.Logins.Add(1)), repo.ErrNoReplicas)
	})
	replica.Resume()
}

// slot returns the slot of an entity that is not sharded.
func slot(t *testing.T, client *repo.Client, entity string) int {
	t.Helper()
	n, err := client.Redis().ClusterKeySlot(t.Context(), "{"+entity+"}").Result()
	must(t, err)
	return int(n)
}

// Slots that move are no obstacle for durable writes: each is carried out once, and
// confirmed.
func TestDurableWritesWhileSlotsMove(t *testing.T) {
	cluster := redisd.StartCluster(t)
	client := open(t, repo.Config{Addrs: cluster.Addrs(), Cluster: true, MaxRetries: 100, Durability: confirmed})
	users := app.NewUsers(client)
	must(t, users.SaveMany(t.Context(), crowd("a", 200)))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var sent [4]int
	for w := range sent {
		running.Go(func() {
			id := fmt.Sprint("a", w)
			for ; ctx.Err() == nil; sent[w]++ {
				var err error
				if w == 0 {
					batch := client.Batch()
					users.In(batch).Patch(id, app.UserFields.Logins.Add(1))
					err = batch.Run(t.Context())
				} else {
					err = users.Patch(t.Context(), id, app.UserFields.Logins.Add(1))
				}
				if err != nil {
					t.Errorf("write %d of %s: %v", sent[w], id, err)
					return
				}
			}
		})
	}
	number := slot(t, client, "users")
	for range 6 {
		from := cluster.Primary(number)
		for _, to := range cluster.Primaries() {
			if to != from {
				cluster.MoveSlots(from, to, number)
				break
			}
		}
	}
	cancel()
	running.Wait()
	for w, n := range sent {
		u, err := users.Get(t.Context(), fmt.Sprint("a", w))
		must(t, err)
		if u.Logins != int64(n) || n == 0 {
			t.Errorf("a%d has %d of %d writes", w, u.Logins, n)
		}
	}
}
