package durability

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// readyWhen waits until replicas answer the reads of a view.
func readyWhen(t *testing.T, view *repo.Client, replicas ...*redisd.Server) {
	t.Helper()
	for _, r := range replicas {
		before := calls(t, "hmget", r)
		eventually(t, "replicas are read", func() bool {
			_, err := app.NewUsers(view).Get(t.Context(), "nobody")
			if !errors.Is(err, repo.ErrNotFound) {
				t.Fatal(err)
			}
			return calls(t, "hmget", r) > before
		})
	}
}

// detach has a replica lose its primary, so that it falls behind; attach gives it
// back.
func detach(t *testing.T, replica *redisd.Server) { do(t, replica, "REPLICAOF", "127.0.0.1", "1") }

func attach(t *testing.T, primary, replica *redisd.Server) {
	do(t, replica, "REPLICAOF", "127.0.0.1", primary.Port())
}

// population stores records of several entities, some of which expire soon.
func population(t *testing.T, client *repo.Client) {
	t.Helper()
	must(t, app.NewUsers(client).SaveMany(t.Context(), crowd("a", 300)))
	for i := range 40 {
		ttl := time.Hour
		if i < 15 {
			ttl = 30 * time.Millisecond
		}
		s := &app.Session{ID: uuid.UUID{byte(i)}, UserID: fmt.Sprint("u", i%2), LastSeen: time.UnixMilli(int64(i) * 1000)}
		must(t, app.NewSessions(client).Create(t.Context(), s, repo.TTL(ttl)))
	}
}

// reading is a read and what it has to return.
type reading struct {
	name string
	do   func(ctx context.Context) (any, error)
	want string
}

// readings returns reads of every kind.
func readings(client *repo.Client) []reading {
	users, sessions, fields := app.NewUsers(client), app.NewSessions(client), app.UserFields
	count := func(n int64, err error) (any, error) { return n, err }
	page := func(page repo.Page[*app.User], err error) (any, error) {
		if err != nil {
			return nil, err
		}
		return len(page.Items), nil
	}
	return []reading{
		{"Get", func(ctx context.Context) (any, error) {
			u, err := users.Get(ctx, "a7")
			if err != nil {
				return nil, err
			}
			return u.Username, nil
		}, "namea7"},
		{"GetMany", func(ctx context.Context) (any, error) {
			list, err := users.GetMany(ctx, "a1", "a2", "nobody")
			return len(list), err
		}, "3"},
		{"GetBy", func(ctx context.Context) (any, error) {
			u, err := users.GetByUsername(ctx, "NAMEA9")
			if err != nil {
				return nil, err
			}
			return u.ID, nil
		}, "a9"},
		{"Exists", func(ctx context.Context) (any, error) { return users.Exists(ctx, "a1") }, "true"},
		{"TTL", func(ctx context.Context) (any, error) { return users.TTL(ctx, "a1") }, "0s"},
		{"short page", func(ctx context.Context) (any, error) {
			return page(users.Where().OrderBy(fields.Age.Asc()).Limit(3).Page(ctx))
		}, "3"},
		{"long page", func(ctx context.Context) (any, error) {
			return page(users.Where(fields.Status.Eq(app.Active), fields.Age.Between(1, 99)).OrderBy(fields.Balance.Desc()).Limit(200).Page(ctx))
		}, "200"},
		{"page", func(ctx context.Context) (any, error) {
			return page(users.Where(fields.Status.Eq(app.Active)).Limit(200).Page(ctx))
		}, "200"},
		{"Count", func(ctx context.Context) (any, error) { return count(users.Where().Count(ctx)) }, "300"},
		{"Count of a condition", func(ctx context.Context) (any, error) {
			return count(users.Where(fields.Status.Eq(app.Active), fields.Age.Eq(30)).Count(ctx))
		}, "300"},
		{"Count of what expires", func(ctx context.Context) (any, error) { return count(sessions.Where().Count(ctx)) }, "25"},
		{"Count of a part of what expires", func(ctx context.Context) (any, error) {
			return count(sessions.Where(app.SessionFields.UserID.Eq("u0")).Count(ctx))
		}, "12"},
		{"Page of what expires", func(ctx context.Context) (any, error) {
			n := 0
			for _, err := range sessions.Where().All(ctx) {
				if err != nil {
					return nil, err
				}
				n++
			}
			return n, nil
		}, "25"},
	}
}

// Every kind of read is answered by a replica, exactly: also of records that have
// expired and that nobody has released.
func TestReplicasAnswer(t *testing.T) {
	for _, functions := range []bool{false, true} {
		t.Run(fmt.Sprint("functions ", functions), func(t *testing.T) {
			primary, replicas := startPair(t, 1)
			config := repo.Config{Addrs: []string{primary.Addr()}, Functions: functions, RoundTrip: time.Nanosecond}
			client := open(t, config)
			if functions {
				must(t, repo.LoadFunctions(t.Context(), client, app.NewUsers(client), app.NewSessions(client)))
			}
			population(t, client)
			offset := info(t, primary, "replication")["master_repl_offset"]
			eventually(t, "the replica has it all", func() bool {
				return info(t, replicas[0], "replication")["slave_repl_offset"] >= offset && len(offset) > 0
			})
			for _, trip := range []time.Duration{time.Nanosecond, time.Hour} {
				config.RoundTrip = trip
				view := open(t, config).StaleReads()
				readyWhen(t, view, replicas[0])
				eventually(t, "records expire", func() bool {
					n, err := app.NewSessions(view).Where().Count(t.Context())
					must(t, err)
					return n == 25
				})
				for _, r := range readings(view) {
					do(t, primary, "CONFIG", "RESETSTAT")
					got, err := r.do(t.Context())
					if err != nil || fmt.Sprint(got) != r.want {
						t.Errorf("%s: %v, %v, want %s", r.name, got, err, r.want)
					}
					for _, command := range []string{"hmget", "eval", "evalsha", "fcall", "fcall_ro", "exists", "pttl", "zcard", "zrangebyscore"} {
						if calls(t, command, primary) > 0 {
							t.Errorf("%s: the primary was sent %s", r.name, command)
						}
					}
				}
			}
		})
	}
}

// A view without bound shows what a replica has that lost its primary; one with a
// bound does not, once the bound has passed. Writes of either go to the primary, and
// what belongs to them sees the latest.
func TestStaleness(t *testing.T) {
	primary, replicas := startPair(t, 1)
	client := open(t, repo.Config{Addrs: []string{primary.Addr()}, ReplicaAddrs: []string{replicas[0].Addr()}})
	users, fields := app.NewUsers(client), app.UserFields
	must(t, users.SaveMany(t.Context(), crowd("a", 20)))
	const lag = 200 * time.Millisecond
	stale, bounded := client.StaleReads(), client.StaleReads(repo.MaxLag(lag))
	readyWhen(t, stale, replicas[0])
	readyWhen(t, bounded, replicas[0])

	detach(t, replicas[0])
	must(t, app.NewUsers(stale).Patch(t.Context(), "a1", fields.Logins.Set(5))) // on the primary
	written := time.Now()
	logins := func(view *repo.Client) int64 {
		u, err := app.NewUsers(view).Get(t.Context(), "a1")
		must(t, err)
		return u.Logins
	}
	if n := logins(client); n != 5 {
		t.Errorf("the client reads %d", n)
	}
	for range 20 {
		began := time.Now()
		if n := logins(bounded); n != 5 && began.Sub(written) > lag {
			t.Errorf("%v after the write the bounded view reads %d", began.Sub(written), n)
		}
		<-time.After(lag / 8)
	}
	if n := logins(stale); n != 0 {
		t.Errorf("the unbounded view reads %d of a replica without a primary", n)
	}

	u, err := app.NewUsers(stale).Mutate(t.Context(), "a1", func(u *app.User) error { u.Logins++; return nil })
	if err != nil || u.Logins != 6 {
		t.Errorf("Mutate: %+v, %v", u, err)
	}
	if err := stale.Tx(t.Context(), func(tx *repo.Tx) error {
		users := app.NewUsers(stale).InTx(tx)
		u, err := users.Get("a1")
		if err == nil {
			u.Logins++
			users.Save(u)
		}
		return err
	}, repo.Attempts(1)); err != nil {
		t.Errorf("Tx: %v", err)
	}
	must(t, users.Create(t.Context(), &app.User{ID: "new", Username: "new", Status: app.Blocked}))
	done, err := app.NewUsers(stale).Where(fields.Status.Eq(app.Blocked)).Delete(t.Context())
	if err != nil || done.Done != 1 {
		t.Errorf("Delete: %+v, %v", done, err)
	}
	batch := stale.Batch()
	read := app.NewUsers(stale).In(batch).Get("a1")
	app.NewUsers(stale).In(batch).Patch("a1", fields.Logins.Add(1))
	must(t, batch.Run(t.Context()))
	if read.Value.Logins != 7 {
		t.Errorf("a batch that writes reads %d", read.Value.Logins)
	}
	tokens := app.NewTokens(stale)
	must(t, tokens.Create(t.Context(), &app.Token{Number: 1}))
	must(t, tokens.Touch(t.Context(), 1, repo.TTL(time.Minute)))
	if _, err := tokens.Get(t.Context(), 1); err != nil {
		t.Errorf("a sliding record is not read from the primary: %v", err)
	}
	if ttl, err := app.NewTokens(client).TTL(t.Context(), 1); err != nil || ttl < 2*time.Minute {
		t.Errorf("its expiry is not renewed: %v, %v", ttl, err)
	}
}

// A bounded view keeps its bound whatever happens to replication: a read that begins
// later than the bound after a write was acknowledged sees it.
func TestBoundHolds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	primary, replicas := startPair(t, 2)
	addrs := []string{replicas[0].Addr(), replicas[1].Addr()}
	client := open(t, repo.Config{Addrs: []string{primary.Addr()}, ReplicaAddrs: addrs, ReadTimeout: 300 * time.Millisecond})
	const lag = 60 * time.Millisecond
	view := client.StaleReads(repo.MaxLag(lag))
	readyWhen(t, view, replicas...)
	must(t, app.NewUsers(client).Create(t.Context(), user("1")))

	type ack struct {
		at time.Time
		n  int64
	}
	var mu sync.Mutex
	acks := []ack{{time.Time{}, -1}, {time.Now(), 0}} // -1: the user is not there
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for n := int64(1); ctx.Err() == nil; n++ {
			if err := app.NewUsers(client).Patch(t.Context(), "1", app.UserFields.Logins.Set(n)); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			acks = append(acks, ack{time.Now(), n})
			mu.Unlock()
		}
	})
	before := calls(t, "hmget", replicas...)
	var reads atomic.Int64
	for range 3 {
		running.Go(func() {
			for ctx.Err() == nil {
				mu.Lock()
				began := time.Now()
				at, _ := slices.BinarySearchFunc(acks, began.Add(-lag), func(a ack, to time.Time) int { return a.at.Compare(to) })
				least := acks[at-1].n
				mu.Unlock()
				seen := int64(-1)
				u, err := app.NewUsers(view).Get(t.Context(), "1")
				if err == nil {
					seen = u.Logins
				} else if !errors.Is(err, repo.ErrNotFound) {
					t.Error(err)
					return
				}
				if seen < least {
					t.Errorf("a read sees write %d, though %d was acknowledged more than %v before it", seen, least, lag)
				}
				reads.Add(1)
			}
		})
	}
	for range 12 {
		r := replicas[random.IntN(2)]
		stop, resume := func() { detach(t, r) }, func() { attach(t, primary, r) }
		switch random.IntN(3) {
		case 0:
			stop, resume = r.Pause, r.Resume
		case 1: // none is left
			stop = func() { detach(t, replicas[0]); detach(t, replicas[1]) }
			resume = func() { attach(t, primary, replicas[0]); attach(t, primary, replicas[1]) }
		}
		stop()
		<-time.After(time.Duration(random.IntN(150)) * time.Millisecond)
		resume()
		<-time.After(time.Duration(random.IntN(150)) * time.Millisecond)
	}
	cancel()
	running.Wait()
	fromReplicas := calls(t, "hmget", replicas...) - before
	t.Logf("%d writes, %d reads, %d of them sent to replicas", len(acks), reads.Load(), fromReplicas)
	if fromReplicas < 100 {
		t.Errorf("only %d reads were sent to replicas", fromReplicas)
	}
}

// Replicas that die are left out, and the primary answers if none is left; when they
// come back they are read again. A primary that is gone leaves replicas to read.
func TestReplicasDie(t *testing.T) {
	primary, replicas := startPair(t, 2)
	client := open(t, repo.Config{Addrs: []string{primary.Addr()}, ReadTimeout: 300 * time.Millisecond})
	must(t, app.NewUsers(client).SaveMany(t.Context(), crowd("a", 20)))
	stale, bounded := client.StaleReads(), client.StaleReads(repo.MaxLag(time.Second))
	readyWhen(t, stale, replicas...)
	readyWhen(t, bounded, replicas...)
	read := func(what string, views ...*repo.Client) {
		t.Helper()
		for range 30 {
			for _, view := range views {
				if _, err := app.NewUsers(view).Get(t.Context(), "a1"); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if _, err := app.NewUsers(view).Where(app.UserFields.Status.Eq(app.Active)).Page(t.Context()); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			}
		}
	}
	replicas[0].Pause()
	read("one is paused", stale, bounded)
	replicas[0].Kill()
	read("one is dead", stale, bounded)
	replicas[1].Kill()
	read("all are dead", stale, bounded)
	replicas[0].Start()
	follow(t, primary, replicas[0])
	readyWhen(t, stale, replicas[0])
	readyWhen(t, bounded, replicas[0])
	primary.Kill()
	read("the primary is dead", stale)
}

// With Sentinel, replicas are read, by TLS and with a password like the primary, also after a failover.
func TestStaleReadsWithSentinel(t *testing.T) {
	servers := redisd.StartReplicated(t, redisd.TLS(), redisd.Password("only a test"))
	_, password := servers.Login()
	client := open(t, repo.Config{Addrs: servers.SentinelAddrs(), MasterName: redisd.MasterName, MaxRetries: 1000,
		Password: password, SentinelPassword: password, TLS: servers.TLS().Config()})
	must(t, app.NewUsers(client).SaveMany(t.Context(), crowd("a", 20)))
	view := client.StaleReads(repo.MaxLag(2 * time.Second))
	readyWhen(t, view, servers.Replicas()...)
	old := servers.Primary()
	old.Kill()
	eventually(t, "another primary", func() bool { return servers.Primary() != old })
	servers.WaitHealthy(time.Minute)
	must(t, app.NewUsers(client).Save(t.Context(), user("b")))
	for _, s := range servers.Replicas() {
		if s != old {
			readyWhen(t, view, s)
		}
	}
}

// On a cluster each shard is read from its own replicas, and from its primary if
// these are gone.
func TestStaleReadsOnCluster(t *testing.T) {
	cluster := redisd.StartCluster(t, redisd.TLS(), redisd.Password("only a test"))
	_, password := cluster.Login()
	client := open(t, repo.Config{Addrs: cluster.Addrs(), Cluster: true, ReadTimeout: 500 * time.Millisecond,
		Password: password, TLS: cluster.TLS().Config()})
	population(t, client)
	view := client.StaleReads()
	replica := cluster.ReplicasOf(cluster.Primary(slot(t, client, "users")))[0]
	readyWhen(t, view, replica)
	home := cluster.Primary(slot(t, client, "sessions"))
	eventually(t, "scripts are answered by replicas", func() bool {
		before := calls(t, "evalsha", cluster.Primaries()...)
		n, err := app.NewSessions(view).Where().Count(t.Context())
		must(t, err)
		return n == 25 && calls(t, "evalsha", cluster.Primaries()...) == before
	})
	for _, r := range readings(view) {
		if got, err := r.do(t.Context()); err != nil || fmt.Sprint(got) != r.want {
			t.Errorf("%s: %v, %v, want %s", r.name, got, err, r.want)
		}
	}
	cluster.ReplicasOf(home)[0].Kill()
	for _, paused := range cluster.ReplicasOf(cluster.Primary(slot(t, client, "users"))) {
		paused.Pause()
		defer paused.Resume()
	}
	for _, r := range readings(view) {
		if got, err := r.do(t.Context()); err != nil || fmt.Sprint(got) != r.want {
			t.Errorf("without replicas: %s: %v, %v, want %s", r.name, got, err, r.want)
		}
	}
}
