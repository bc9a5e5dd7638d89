package functions

import (
	"fmt"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/places"
)

// Functions are data: they survive a restart.
func TestRestart(t *testing.T) {
	s := start(t, redisd.AOF())
	load(t, s)
	users := app.NewUsers(openProgram(t, s))
	must(t, users.Create(t.Context(), newUser("7")))
	s.Kill()
	s.Start()
	must(t, users.Create(t.Context(), newUser("8")))
	if n, err := users.Where().Count(t.Context()); n != 2 || err != nil {
		t.Errorf("Count = %d, %v, want 2", n, err)
	}
}

// A replica has the functions of its primary, answers queries, and goes on when it
// takes over.
func TestTakeover(t *testing.T) {
	primary := start(t, redisd.Config("repl-diskless-sync-delay 0"))
	replica := start(t, redisd.Config(fmt.Sprintf("replicaof 127.0.0.1 %d", primary.Port()), "masteruser default", `masterauth "admin's"`))
	load(t, primary)
	must(t, app.NewUsers(openProgram(t, primary)).Create(t.Context(), newUser("7")))
	must(t, primary.Client().Wait(t.Context(), 1, 10*time.Second).Err())
	eventually(t, "the replica has it", func() bool { return replica.Client().DBSize(t.Context()).Val() > 0 })

	client := open(t, "program", repo.Config{Addrs: []string{replica.Addr()}, Prefix: primary.Prefix(), Functions: true, SweepInterval: -1, RoundTrip: time.Hour})
	users := app.NewUsers(client)
	wantUser(t, users)
	primary.Kill()
	wantUser(t, users)
	must(t, replica.Client().ReplicaOf(t.Context(), "no", "one").Err())
	must(t, users.Create(t.Context(), newUser("8")))
	must(t, users.Delete(t.Context(), "7"))
}

// wantUser fails the test if the user 7 is not found in every way that there is.
func wantUser(t *testing.T, users *app.Users) {
	t.Helper()
	ctx, q := t.Context(), users.Where(app.UserFields.Status.Eq(app.Active), app.UserFields.Tags.Has("all"))
	if page, err := q.Page(ctx); err != nil || len(page.Items) != 1 {
		t.Errorf("Page has %d, %v, want 1", len(page.Items), err)
	}
	if n, err := q.Count(ctx); n != 1 || err != nil {
		t.Errorf("Count = %d, %v, want 1", n, err)
	}
	if u, err := users.GetByUsername(ctx, "name7"); err != nil || u.ID != "7" {
		t.Errorf("GetByUsername = %+v, %v", u, err)
	}
}

// A server that takes no writes now still answers queries, as it does without
// functions.
func TestReadsWhileWritesAreRefused(t *testing.T) {
	for _, version := range redisd.Versions {
		t.Run(version, func(t *testing.T) {
			s := start(t, redisd.Version(version))
			load(t, s)
			client := openProgram(t, s)
			users, accounts := app.NewUsers(client), places.NewAccounts(client)
			must(t, repo.LoadFunctions(t.Context(), open(t, "deploy", repo.Config{Addrs: []string{s.Addr()}}), accounts))
			must(t, users.Create(t.Context(), newUser("7")))
			must(t, accounts.Create(t.Context(), &places.Account{ID: "7", Status: "open"}))
			for setting, value := range map[string]string{"min-replicas-to-write": "1", "maxmemory": "1"} {
				was := s.Client().ConfigGet(t.Context(), setting).Val()[setting]
				must(t, s.Client().ConfigSet(t.Context(), setting, value).Err())
				if err := users.Save(t.Context(), newUser("8")); err == nil {
					t.Errorf("%s %s: Save succeeded", setting, value)
				}
				wantUser(t, users)
				page, err := accounts.Where(places.AccountFields.Status.Eq("open")).Page(t.Context()) // of all shards, in one pipeline
				if err != nil || len(page.Items) != 1 {
					t.Errorf("%s %s: Page of 16 shards has %d, %v, want 1", setting, value, len(page.Items), err)
				}
				must(t, s.Client().ConfigSet(t.Context(), setting, was).Err())
			}
		})
	}
}

// What frees memory is possible when there is none left.
func TestDeleteWhenOutOfMemory(t *testing.T) {
	for _, version := range redisd.Versions {
		t.Run(version, func(t *testing.T) {
			s := start(t, redisd.Version(version))
			load(t, s)
			client := openProgram(t, s)
			users, sessions := app.NewUsers(client), app.NewSessions(client)
			must(t, users.CreateMany(t.Context(), []*app.User{newUser("1"), newUser("2"), newUser("3"), newUser("4"), newUser("5"), newUser("6")}))
			must(t, s.Client().ConfigSet(t.Context(), "maxmemory", "1").Err())

			must(t, users.Delete(t.Context(), "1"))
			must(t, users.DeleteMany(t.Context(), []string{"2", "3"}))
			if p, err := users.Where(app.UserFields.Tags.Has("t4")).Delete(t.Context()); err != nil || p.Done != 1 {
				t.Errorf("Query.Delete = %+v, %v", p, err)
			}
			b := client.Batch()
			users.In(b).Delete("5")
			must(t, b.Run(t.Context()))
			must(t, app.NewUsers(client.WithFence(repo.Fence{Name: "f", Token: 1})).Delete(t.Context(), "6"))

			must(t, s.Client().ConfigSet(t.Context(), "maxmemory", "0").Err())
			must(t, sessions.Create(t.Context(), &app.Session{UserID: "7"}, repo.TTL(100*time.Millisecond)))
			must(t, s.Client().ConfigSet(t.Context(), "maxmemory", "1").Err())
			eventually(t, "an expired record is released", func() bool {
				return s.Client().Exists(t.Context(), client.Prefix()+"{sessions}:x").Val() == 0
			})
		})
	}
}
