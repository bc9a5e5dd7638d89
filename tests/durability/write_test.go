package durability

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// confirmed asks for the confirmation of one replica; hasty does where it will not
// come.
var (
	confirmed = repo.Durability{Replicas: 1, Timeout: 10 * time.Second}
	hasty     = repo.Durability{Replicas: 1, Timeout: 50 * time.Millisecond}
)

// write is a write and how to tell whether it has taken effect.
type write struct {
	name string
	do   func(ctx context.Context) error
	done func() bool
}

// writes returns a write of every kind, of the users 1 to 9, who are stored. Each can
// be done once.
func writes(t *testing.T, client *repo.Client) []write {
	users, fields := app.NewUsers(client), app.UserFields
	stored := func(id string) *app.User {
		u, err := users.Get(t.Context(), id)
		if errors.Is(err, repo.ErrNotFound) {
			return &app.User{}
		}
		must(t, err)
		return u
	}
	created, saved, updated := user("created"), user("saved"), stored("1")
	updated.Age++
	return []write{
		{"Create", func(ctx context.Context) error { return users.Create(ctx, created) },
			func() bool { return created.Version == 1 && stored("created").Version == 1 }},
		{"Save", func(ctx context.Context) error { return users.Save(ctx, saved) },
			func() bool { return saved.Version == 1 && stored("saved").Version == 1 }},
		{"Update", func(ctx context.Context) error { return users.Update(ctx, updated) },
			func() bool { return updated.Version == 2 && stored("1").Version == 2 }},
		{"Patch", func(ctx context.Context) error { return users.Patch(ctx, "2", fields.Logins.Add(1)) },
			func() bool { return stored("2").Logins == 1 }},
		{"Delete", func(ctx context.Context) error { return users.Delete(ctx, "3") },
			func() bool { return stored("3").ID == "" }},
		{"Mutate", func(ctx context.Context) error {
			_, err := users.Mutate(ctx, "4", func(u *app.User) error { u.Logins++; return nil })
			return err
		}, func() bool { return stored("4").Logins == 1 }},
		{"SaveMany", func(ctx context.Context) error { return users.SaveMany(ctx, crowd("many", 250)) },
			func() bool { return stored("many0").Version == 1 && stored("many249").Version == 1 }},
		{"DeleteMany", func(ctx context.Context) error { return users.DeleteMany(ctx, []string{"5", "6"}) },
			func() bool { return stored("5").ID == "" && stored("6").ID == "" }},
		{"Query.Patch", func(ctx context.Context) error {
			done, err := users.Where(fields.Username.Eq("name7")).Patch(ctx, fields.Logins.Add(1))
			if done.Done != 1 || done.Failed != 0 {
				t.Errorf("Query.Patch: %+v", done)
			}
			return err
		}, func() bool { return stored("7").Logins == 1 }},
		{"Query.Delete", func(ctx context.Context) error {
			_, err := users.Where(fields.Username.Eq("name8")).Delete(ctx)
			return err
		}, func() bool { return stored("8").ID == "" }},
		{"Batch", func(ctx context.Context) error {
			batch := client.Batch()
			in := users.In(batch)
			made, read := user("batched"), in.Get("9")
			in.Create(made)
			in.Patch("9", fields.Logins.Add(1))
			err := batch.Run(ctx)
			if read.Err != nil || read.Value.ID != "9" || made.Version != 1 {
				t.Errorf("Batch: read %v, made version %d", read.Err, made.Version)
			}
			return err
		}, func() bool { return stored("batched").Version == 1 && stored("9").Logins == 1 }},
	}
}

// populate stores the users 1 to 9.
func populate(t *testing.T, client *repo.Client) {
	t.Helper()
	for i := 1; i <= 9; i++ {
		must(t, app.NewUsers(client).Create(t.Context(), user(fmt.Sprint(i))))
	}
}

// Every kind of write succeeds once a replica has it; if none confirms, it is
// ErrNotDurable, has been carried out once, and its record is stamped.
func TestWritesAreConfirmed(t *testing.T) {
	for _, paused := range []bool{false, true} {
		t.Run(fmt.Sprint("replica paused ", paused), func(t *testing.T) {
			primary, replicas := startPair(t, 1)
			plain := open(t, repo.Config{Addrs: []string{primary.Addr()}, Prefix: primary.Prefix()})
			populate(t, plain)
			client := plain.Durable(confirmed)
			if paused {
				client = plain.Durable(hasty)
			}
			all := writes(t, client)
			if paused {
				replicas[0].Pause()
				defer replicas[0].Resume()
			}
			for _, w := range all {
				began := time.Now()
				err := w.do(t.Context())
				if errors.Is(err, repo.ErrNotDurable) != paused || !paused && err != nil || errors.Is(err, repo.ErrUncertain) {
					t.Errorf("%s: %v", w.name, err)
				}
				if took := time.Since(began); paused && took < hasty.Timeout {
					t.Errorf("%s did not wait: %v", w.name, took)
				}
				if !w.done() {
					t.Errorf("%s has not been carried out as told", w.name)
				}
			}
			if err := app.NewUsers(client).Create(t.Context(), user("1")); !errors.Is(err, repo.ErrExists) || errors.Is(err, repo.ErrNotDurable) {
				t.Errorf("Create of what exists: %v", err)
			}
		})
	}
}

// A value that is unique across shards is claimed durably, or else the record that is
// to have it is not written.
func TestClaimsAreConfirmed(t *testing.T) {
	primary, replicas := startPair(t, 1)
	client := open(t, repo.Config{Addrs: []string{primary.Addr()}, Durability: confirmed})
	email := "a@example.org"
	must(t, places.NewAccounts(client).Create(t.Context(), &places.Account{ID: "1", Email: &email}))
	replicas[0].Pause()
	accounts := places.NewAccounts(client.Durable(hasty))
	other := "b@example.org"
	if err := accounts.Create(t.Context(), &places.Account{ID: "2", Email: &other}); !errors.Is(err, repo.ErrNoReplicas) {
		t.Errorf("the claim is not confirmed: %v", err)
	}
	if _, err := accounts.Get(t.Context(), "2"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("the record is written all the same: %v", err)
	}
	if err := accounts.Patch(t.Context(), "1", places.AccountFields.Visits.Add(1)); !errors.Is(err, repo.ErrNotDurable) {
		t.Errorf("a write that claims nothing: %v", err)
	}
	replicas[0].Resume()
	must(t, accounts.Create(t.Context(), &places.Account{ID: "2", Email: &other}))
}

// The durability of Config is that of all writes; a view changes it, and needs no
// Close.
func TestDurabilityOfConfig(t *testing.T) {
	primary, replicas := startPair(t, 1)
	client := open(t, repo.Config{Addrs: []string{primary.Addr()}, Durability: hasty})
	replicas[0].Pause()
	defer replicas[0].Resume()
	if err := app.NewUsers(client).Create(t.Context(), user("1")); !errors.Is(err, repo.ErrNotDurable) {
		t.Errorf("as configured: %v", err)
	}
	view := client.Durable(repo.Durability{})
	must(t, app.NewUsers(view).Create(t.Context(), user("2")))
	must(t, view.Close())
	must(t, app.NewUsers(client.Durable(repo.Durability{})).Create(t.Context(), user("3")))
	if err := app.NewUsers(view).Create(t.Context(), user("4")); !errors.Is(err, repo.ErrClosed) {
		t.Errorf("a closed view: %v", err)
	}
	for _, bad := range []repo.Durability{{Replicas: -1}, {MinReplicas: -1}, {FsyncReplicas: -1}, {Timeout: -1}} {
		if _, err := repo.New(client.Redis(), repo.Config{Durability: bad}); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
		if err := app.NewUsers(client.Durable(bad)).Create(t.Context(), user("5")); err == nil || errors.Is(err, repo.ErrUncertain) {
			t.Errorf("a view with %+v: %v", bad, err)
		}
	}
}

// A pipeline waits once, however many writes are in it, and reads do not wait.
func TestOneWaitForAPipeline(t *testing.T) {
	primary, _ := startPair(t, 1)
	client := open(t, repo.Config{Addrs: []string{primary.Addr()}, Durability: confirmed})
	users := app.NewUsers(client)
	must(t, users.SaveMany(t.Context(), crowd("a", 100))) // the server knows its script then
	must(t, users.Create(t.Context(), user("1")))
	count := func(name string, most int, do func()) {
		t.Helper()
		before := calls(t, "wait", primary)
		do()
		if n := calls(t, "wait", primary) - before; n != most {
			t.Errorf("%s waits %d times, want %d", name, n, most)
		}
	}
	count("a batch", 1, func() {
		batch := client.Batch()
		for _, u := range crowd("b", 20) {
			users.In(batch).Save(u)
		}
		must(t, batch.Run(t.Context()))
	})
	count("SaveMany of 100", 1, func() { must(t, users.SaveMany(t.Context(), crowd("c", 100))) })
	count("reads", 0, func() {
		_, err := users.Get(t.Context(), "a1")
		must(t, err)
		_, err = users.Where().Count(t.Context())
		must(t, err)
	})
	count("no durability", 0, func() {
		must(t, app.NewUsers(client.Durable(repo.Durability{})).Patch(t.Context(), "a1", app.UserFields.Logins.Add(1)))
	})
}

// A write is refused while the primary has too few replicas that keep up, be it by
// the client's level or by the server's own.
func TestMinReplicas(t *testing.T) {
	primary, replicas := startPair(t, 1)
	client := open(t, repo.Config{Addrs: []string{primary.Addr()}, MaxRetries: 1})
	two, one := app.NewUsers(client.Durable(repo.Durability{MinReplicas: 2})), app.NewUsers(client.Durable(repo.Durability{MinReplicas: 1}))
	plain := app.NewUsers(client)
	refused := func(name string, err error) {
		t.Helper()
		if !errors.Is(err, repo.ErrNoReplicas) || errors.Is(err, repo.ErrNotDurable) || errors.Is(err, repo.ErrUncertain) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := plain.Get(t.Context(), "refused"); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("%s: it is written all the same: %v", name, err)
		}
	}
	must(t, one.Create(t.Context(), user("1")))
	refused("two of one", two.Create(t.Context(), user("refused")))
	batch := client.Durable(repo.Durability{MinReplicas: 2}).Batch()
	read := two.In(batch).Get("1")
	two.In(batch).Create(user("refused"))
	refused("a batch", batch.Run(t.Context()))
	must(t, read.Err)

	replicas[0].Pause()
	eventually(t, "a paused replica does not count", func() bool {
		err := one.Patch(t.Context(), "1", app.UserFields.Logins.Add(1))
		return errors.Is(err, repo.ErrNoReplicas)
	})
	replicas[0].Resume()
	eventually(t, "a replica that goes on does", func() bool {
		return one.Patch(t.Context(), "1", app.UserFields.Logins.Add(1)) == nil
	})
	replicas[0].Kill()
	eventually(t, "a dead replica does not count", func() bool {
		return errors.Is(one.Create(t.Context(), user("refused")), repo.ErrNoReplicas) || plain.Delete(t.Context(), "refused") != nil
	})
	refused("a dead replica", one.Create(t.Context(), user("refused")))
	do(t, primary, "CONFIG", "SET", "min-replicas-to-write", "1")
	refused("the server's level", plain.Create(t.Context(), user("refused")))
}

// Fsync is confirmed by servers that have WAITAOF and an append-only file; others
// refuse it before anything is written.
func TestFsync(t *testing.T) {
	fsync := repo.Durability{Fsync: true}
	unsupported := func(client *repo.Client, d repo.Durability) {
		t.Helper()
		users := app.NewUsers(client.Durable(d))
		if err := users.Create(t.Context(), user("1")); !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, repo.ErrUncertain) {
			t.Errorf("%+v: %v", d, err)
		}
		if err := users.SaveMany(t.Context(), crowd("a", 3)); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%+v: SaveMany: %v", d, err)
		}
		if n, err := users.Where().Count(t.Context()); n != 0 || err != nil {
			t.Errorf("%+v: %d written, %v", d, n, err)
		}
	}
	t.Run("Redis 7.0", func(t *testing.T) {
		server := redisd.Start(t, redisd.Version("default"), redisd.AOF())
		if v := info(t, server, "server")["redis_version"]; v >= "7.2" {
			t.Fatalf("the default version is %s", v)
		}
		unsupported(open(t, repo.Config{Addrs: []string{server.Addr()}}), fsync)
	})
	for _, version := range []string{"redis8", "valkey8"} {
		t.Run(version+" without append-only file", func(t *testing.T) {
			server := redisd.Start(t, redisd.Version(version))
			unsupported(open(t, repo.Config{Addrs: []string{server.Addr()}}), fsync)
		})
		t.Run(version, func(t *testing.T) {
			primary, replicas := startPair(t, 1, redisd.Version(version), redisd.AOF())
			client := open(t, repo.Config{Addrs: []string{primary.Addr()}, Durability: repo.Durability{Fsync: true, FsyncReplicas: 1, Replicas: 1}})
			must(t, app.NewUsers(client).Create(t.Context(), user("1")))
			if n := calls(t, "waitaof", primary); n == 0 {
				t.Error("WAITAOF was not sent")
			}
			for _, u := range crowd("a", 10) {
				must(t, app.NewUsers(client).Create(t.Context(), u))
			}
			must(t, client.Close())
			for _, server := range append(replicas, primary) { // both have it on disk
				server.Kill()
			}
			primary.Start()
			again := open(t, repo.Config{Addrs: []string{primary.Addr()}})
			if n, err := app.NewUsers(again).Where().Count(t.Context()); n != 11 || err != nil {
				t.Errorf("after the restart there are %d, %v", n, err)
			}
			late := again.Durable(repo.Durability{Fsync: true, FsyncReplicas: 1, Timeout: 50 * time.Millisecond})
			if err := app.NewUsers(late).Create(t.Context(), user("2")); !errors.Is(err, repo.ErrNotDurable) {
				t.Errorf("without the replica: %v", err)
			}
		})
	}
}

// A timeout that is longer than the client waits for replies is waited for.
func TestTimeoutBeyondReadTimeout(t *testing.T) {
	primary, replicas := startPair(t, 1)
	client := open(t, repo.Config{Addrs: []string{primary.Addr()}, ReadTimeout: 200 * time.Millisecond,
		Durability: repo.Durability{Replicas: 1, Timeout: 10 * time.Second}})
	users := app.NewUsers(client)
	must(t, users.Create(t.Context(), user("1")))
	replicas[0].Pause()
	resumed := make(chan struct{})
	time.AfterFunc(600*time.Millisecond, func() { defer close(resumed); replicas[0].Resume() })
	if err := users.Create(t.Context(), user("2")); err != nil {
		t.Error(err)
	}
	<-resumed
}

// A context that ends while a confirmation is awaited leaves no doubt of the write.
func TestContextEndsWhileWaiting(t *testing.T) {
	primary, replicas := startPair(t, 1)
	client := open(t, repo.Config{Addrs: []string{primary.Addr()}, Durability: repo.Durability{Replicas: 1, Timeout: 20 * time.Second}})
	users := app.NewUsers(client)
	must(t, users.Create(t.Context(), user("1")))
	replicas[0].Pause()
	defer replicas[0].Resume()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	made := user("2")
	if err := users.Create(ctx, made); !errors.Is(err, repo.ErrNotDurable) || errors.Is(err, repo.ErrUncertain) || made.Version != 1 {
		t.Errorf("%v, version %d", err, made.Version)
	}
}

// If the reply of a durable write is lost, nobody knows whether it was carried out;
// one with a token is sent again and applied once. If only the confirmation is lost,
// it was.
func TestLostReplies(t *testing.T) {
	primary, _ := startPair(t, 1)
	proxy := faultproxy.Start(t, primary.Addr())
	config := repo.Config{Addrs: []string{proxy.Addr()}, Durability: repo.Durability{Replicas: 1}, ReadTimeout: 500 * time.Millisecond}
	client := open(t, config)
	users, wallets := app.NewUsers(client), app.NewWallets(client)
	must(t, users.Create(t.Context(), user("1")))
	must(t, wallets.Create(t.Context(), &app.Wallet{ID: "1", Owner: "o"}))
	scripts := faultproxy.Command("evalsha", "eval")

	proxy.Reset()
	proxy.DropReply(scripts, 1)
	if err := users.Patch(t.Context(), "1", app.UserFields.Logins.Add(1)); !errors.Is(err, repo.ErrUncertain) || errors.Is(err, repo.ErrNotDurable) {
		t.Errorf("the reply is lost: %v", err)
	}
	proxy.Reset()
	proxy.DropReply(scripts, 1)
	if err := wallets.Patch(t.Context(), "1", app.WalletFields.Cents.Add(5)); err != nil {
		t.Errorf("the reply is lost, with a token: %v", err)
	}
	proxy.Reset()
	proxy.DropReply(faultproxy.Command("wait"), 1)
	if err := wallets.Patch(t.Context(), "1", app.WalletFields.Cents.Add(5)); !errors.Is(err, repo.ErrNotDurable) || errors.Is(err, repo.ErrUncertain) {
		t.Errorf("the confirmation is lost: %v", err)
	}
	if proxy.Faults() == 0 {
		t.Error("no confirmation was lost")
	}
	proxy.Reset()
	u, err := users.Get(t.Context(), "1")
	must(t, err)
	w, err := wallets.Get(t.Context(), "1")
	must(t, err)
	if u.Logins != 1 || w.Cents != 10 {
		t.Errorf("%d logins and %d cents, want 1 and 10", u.Logins, w.Cents)
	}
}

// NOSCRIPT, as after a restart, is no obstacle.
func TestScriptsAreForgotten(t *testing.T) {
	primary, replicas := startPair(t, 1)
	client := open(t, repo.Config{Addrs: []string{primary.Addr()}, Durability: confirmed})
	users := app.NewUsers(client)
	must(t, users.Create(t.Context(), user("1")))
	do(t, primary, "SCRIPT", "FLUSH")
	must(t, users.Patch(t.Context(), "1", app.UserFields.Logins.Add(1)))
	do(t, primary, "SCRIPT", "FLUSH")
	batch := client.Batch()
	for range 5 {
		users.In(batch).Patch("1", app.UserFields.Logins.Add(1))
	}
	must(t, batch.Run(t.Context()))
	u, err := app.NewUsers(open(t, repo.Config{Addrs: []string{replicas[0].Addr()}})).Get(t.Context(), "1")
	if err != nil || u.Logins != 6 {
		t.Errorf("the replica has %+v, %v", u, err)
	}
}

// A connection that the caller has made will do if its server can be told.
func TestDurabilityOverConnections(t *testing.T) {
	primary, _ := startPair(t, 1)
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": primary.Addr()}})
	defer ring.Close()
	for _, test := range []struct {
		rdb  redis.UniversalClient
		want error
	}{{primary.Client(), nil}, {ring, errors.ErrUnsupported}} {
		client, err := repo.New(test.rdb, repo.Config{Prefix: fmt.Sprintf("%T:", test.rdb), SweepInterval: -1, Durability: confirmed})
		must(t, err)
		defer client.Close()
		if err := app.NewUsers(client).Create(t.Context(), user("1")); !errors.Is(err, test.want) {
			t.Errorf("%T: %v", test.rdb, err)
		}
	}
}
