package behaviour

import (
	"context"
	"fmt"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
	"github.com/redisgen/redisgen/tests/behaviour/numbers"
)

// eachForgetful runs a test on every kind of server; forget has the server
// lose its scripts, as a restart or a failover does. No other test uses the
// server.
func eachForgetful(t *testing.T, config repo.Config, test func(t *testing.T, client *repo.Client, forget func())) {
	t.Helper()
	run := func(t *testing.T, client *repo.Client) {
		test(t, client, func() {
			t.Helper()
			must(t, raw(client).ScriptFlush(context.Background()).Err())
		})
	}
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		run(t, open(t, miniredis.RunT(t).Addr(), config))
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		run(t, openOn(t, deployed(t, testclient.Start(t)), config))
	})
}

func TestForgottenScripts(t *testing.T) {
	for name, config := range map[string]repo.Config{"retries": {}, "no retries": {MaxRetries: -1}} {
		t.Run(name, func(t *testing.T) {
			eachForgetful(t, config, func(t *testing.T, client *repo.Client, forget func()) {
				users, tokens, f := app.NewUsers(client), app.NewTokens(client), app.UserFields
				u := richUser("7")
				for _, step := range []struct {
					name string
					do   func() error
				}{
					{"Create", func() error { return users.Create(t.Context(), u) }},
					{"Patch", func() error { return users.Patch(t.Context(), "7", f.Logins.Set(1)) }},
					{"Patch", func() error { return users.Patch(t.Context(), "7", f.Logins.Add(1)) }},
					{"GetBy", func() error { _, err := users.GetByEmail(t.Context(), *u.Email); return err }},
					{"Page", func() error { _, err := users.Where().Page(t.Context()); return err }},
					{"Count", func() error { _, err := users.Where().Count(t.Context()); return err }},
					{"CreateMany", func() error { return users.CreateMany(t.Context(), crowd(250), repo.Parallel(3)) }},
					{"sliding Create", func() error { return tokens.Create(t.Context(), &app.Token{Number: 1}) }},
					{"sliding Get", func() error { _, err := tokens.Get(t.Context(), 1); return err }},
					{"sliding GetMany", func() error { _, err := tokens.GetMany(t.Context(), 1, 2, 1); return err }},
				} {
					forget()
					if err := step.do(); err != nil {
						t.Errorf("%s: %v", step.name, err)
					}
				}
				if got, err := users.Get(t.Context(), "7"); err != nil || got.Logins != 2 || got.Version != 3 {
					t.Errorf("Get = %+v, %v, want 2 logins and version 3", got, err)
				}
			})
		})
	}
}

// A batch may need more scripts than a call may be repeated.
func TestForgottenScriptsOfABatch(t *testing.T) {
	for name, config := range map[string]repo.Config{"retries": {}, "no retries": {MaxRetries: -1}} {
		t.Run(name, func(t *testing.T) {
			eachForgetful(t, config, func(t *testing.T, client *repo.Client, forget func()) {
				users, sessions, tokens := app.NewUsers(client), app.NewSessions(client), app.NewTokens(client)
				memberships, counters, entries := app.NewMemberships(client), numbers.NewCounters(client), numbers.NewEntries(client)
				forget()
				b := client.Batch()
				for i := range 3 {
					users.In(b).Create(&app.User{ID: fmt.Sprint(i), Username: fmt.Sprint(i), Status: app.Active})
					sessions.In(b).Create(&app.Session{})
					tokens.In(b).Create(&app.Token{Number: int64(i)})
					memberships.In(b).Create(&app.Membership{Group: "g", User: fmt.Sprint(i)})
					counters.In(b).Create(&numbers.Counter{ID: fmt.Sprint(i)})
					entries.In(b).Create(&numbers.Entry{ID: fmt.Sprint(i)})
				}
				users.In(b).Patch("1", app.UserFields.Logins.Add(1))
				counters.In(b).Patch("1", numbers.CounterFields.Int8.Add(1))
				must(t, b.Run(t.Context()))
				wantCount(t, "users", users.Where(), 3)
				wantCount(t, "sessions", sessions.Where(), 3)
				wantCount(t, "tokens", tokens.Where(), 3)
				wantCount(t, "memberships", memberships.Where(), 3)
				wantCount(t, "counters", counters.Where(), 3)
				wantCount(t, "entries", entries.Where(), 3)
				if got, err := users.Get(t.Context(), "1"); err != nil || got.Logins != 1 || got.Version != 2 {
					t.Errorf("Get = %+v, %v", got, err)
				}
				if got, err := counters.Get(t.Context(), "1"); err != nil || got.Int8 != 1 {
					t.Errorf("Get = %+v, %v", got, err)
				}
			})
		})
	}
}

// Operations of one entity keep their order, whichever of the scripts the
// server knows.
func TestOrderInABatch(t *testing.T) {
	eachForgetful(t, repo.Config{}, func(t *testing.T, client *repo.Client, forget func()) {
		users, sessions := app.NewUsers(client), app.NewSessions(client)
		for name, known := range map[string]func(){
			"no script": func() {},
			"users": func() {
				must(t, users.Save(t.Context(), newUser(uuid.NewString())))
			},
			"sessions": func() {
				must(t, sessions.Save(t.Context(), &app.Session{}))
			},
		} {
			forget()
			known()
			u := newUser(name)
			u.ID = name
			b := client.Batch()
			before := users.In(b).Get(name)
			sessions.In(b).Create(&app.Session{})
			users.In(b).Create(u)
			created := users.In(b).Get(name)
			sessions.In(b).Create(&app.Session{})
			users.In(b).Patch(name, app.UserFields.Age.Set(77))
			patched := users.In(b).Get(name)
			sessions.In(b).Create(&app.Session{})
			users.In(b).Delete(name)
			deleted := users.In(b).Get(name)
			_ = b.Run(t.Context())
			wantErr(t, name+": Get before the write", before.Err, repo.ErrNotFound)
			if created.Err != nil || created.Value.Age != 30 {
				t.Errorf("%s: Get after Create = %+v, %v", name, created.Value, created.Err)
			}
			if patched.Err != nil || patched.Value.Age != 77 {
				t.Errorf("%s: Get after Patch = %+v, %v", name, patched.Value, patched.Err)
			}
			wantErr(t, name+": Get after Delete", deleted.Err, repo.ErrNotFound)
		}
	})
}

func TestServerRestart(t *testing.T) {
	server := redisd.Start(t, redisd.AOF())
	client := open(t, server.Addr(), repo.Config{})
	users := app.NewUsers(client)
	must(t, users.Create(t.Context(), richUser("7")))
	for i := range 3 {
		server.Restart()
		must(t, users.Patch(t.Context(), "7", app.UserFields.Logins.Set(int64(i))))
		server.Restart()
		b := client.Batch()
		users.In(b).Patch("7", app.UserFields.Logins.Add(1))
		got := users.In(b).Get("7")
		must(t, b.Run(t.Context()))
		if got.Value.Logins != int64(i)+1 {
			t.Errorf("logins are %d, want %d", got.Value.Logins, i+1)
		}
	}
}
