package behaviour

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// calls returns a call of every method, by name.
func calls(ctx context.Context, client *repo.Client) map[string]func() error {
	users, sessions, tokens := app.NewUsers(client), app.NewSessions(client), app.NewTokens(client)
	u := func() *app.User { return richUser("7") }
	return map[string]func() error{
		"Create":     func() error { return users.Create(ctx, u()) },
		"Save":       func() error { return users.Save(ctx, u()) },
		"Update":     func() error { return users.Update(ctx, u()) },
		"Patch":      func() error { return users.Patch(ctx, "7", app.UserFields.Age.Add(1)) },
		"Mutate":     func() error { _, err := users.Mutate(ctx, "7", func(*app.User) error { return nil }); return err },
		"Delete":     func() error { return users.Delete(ctx, "7") },
		"Touch":      func() error { return tokens.Touch(ctx, 7) },
		"TTL":        func() error { _, err := tokens.TTL(ctx, 7); return err },
		"Exists":     func() error { _, err := users.Exists(ctx, "7"); return err },
		"Get":        func() error { _, err := users.Get(ctx, "7"); return err },
		"GetMany":    func() error { _, err := users.GetMany(ctx, "7"); return err },
		"sliding":    func() error { _, err := tokens.Get(ctx, 7); return err },
		"GetBy":      func() error { _, err := users.GetByUsername(ctx, "7"); return err },
		"CreateMany": func() error { return users.CreateMany(ctx, crowd(3)) },
		"SaveMany":   func() error { return users.SaveMany(ctx, crowd(150), repo.Parallel(2)) },
		"DeleteMany": func() error { return users.DeleteMany(ctx, []string{"7"}) },
		"Page":       func() error { _, err := users.Where().Page(ctx); return err },
		"First":      func() error { _, err := users.Where().First(ctx); return err },
		"Count":      func() error { _, err := sessions.Where().Count(ctx); return err },
		"All": func() error {
			var last error
			for _, err := range users.Where().All(ctx) {
				last = err
			}
			return last
		},
		"Batch": func() error {
			b := client.Batch()
			users.In(b).Save(u())
			return b.Run(ctx)
		},
	}
}

func TestClosedClient(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		must(t, client.Close())
		must(t, client.Close())
		for name, call := range calls(t.Context(), client) {
			wantErr(t, name, call(), repo.ErrClosed)
		}
	})
}

func TestCancelledContext(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for name, call := range calls(ctx, client) {
			err := call()
			wantErr(t, name, err, context.Canceled)
			if errors.Is(err, repo.ErrUncertain) {
				t.Errorf("%s was never sent, and yet: %v", name, err)
			}
		}
		wantEmpty(t, client)
	})
}

// Close ends all goroutines of a client, and leaves a connection that is the
// caller's open.
func TestCloseLeavesNothingRunning(t *testing.T) {
	shared := redisd.Shared(t)
	embedded := miniredis.RunT(t)
	for name, addr := range map[string]string{"miniredis": embedded.Addr(), "redis": shared.Addr()} {
		t.Run(name, func(t *testing.T) {
			ignore := goleak.IgnoreCurrent()
			client := open(t, addr, repo.Config{SweepInterval: time.Millisecond})
			for _, call := range calls(t.Context(), client) {
				_ = call()
			}
			must(t, client.Close())

			rdb := redis.NewClient(&redis.Options{Addr: addr})
			client, err := repo.New(rdb, repo.Config{Prefix: client.Prefix()})
			must(t, err)
			for _, call := range calls(t.Context(), client) {
				_ = call()
			}
			must(t, client.Close())
			if err := rdb.Ping(t.Context()).Err(); err != nil {
				t.Errorf("Close of the client closed the caller's connection: %v", err)
			}
			must(t, rdb.Close())
			// miniredis keeps a goroutine for a connection until it sees the end of it.
			goleak.VerifyNone(t, ignore)
		})
	}
}

func TestBatch(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		users, memberships, f := app.NewUsers(client), app.NewMemberships(client), app.UserFields
		must(t, users.Create(t.Context(), richUser("ann")))
		b := client.Batch()
		bob, old := newUserWithID("bob"), richUser("ann")
		created := users.In(b).Create(bob)
		taken := users.In(b).Create(newUser("ANN"))
		invalid := users.In(b).Save(&app.User{ID: "x", Age: -1})
		conflict := users.In(b).Update(old)
		patched := users.In(b).Patch("bob", f.Age.Add(5))
		got := users.In(b).Get("bob")
		absent := users.In(b).Get("absent")
		touched := users.In(b).Touch("bob")
		member := memberships.In(b).Save(&app.Membership{Group: "g", User: "bob"})
		deleted := users.In(b).Delete("ann")
		errs := manyErrs(t, b.Run(t.Context()))
		var noAnn error = repo.ErrUnique
		if layout.Sharded("users") { // what cannot claim a value in another shard comes after the rest
			noAnn = nil
		}
		for i, c := range []struct {
			name string
			err  error
			want error
		}{
			{"Create", created.Err, nil}, {"Create of a taken name", taken.Err, noAnn}, {"Save of an invalid user", invalid.Err, app.ErrAge},
			{"Update of another version", conflict.Err, repo.ErrConflict}, {"Patch", patched.Err, nil}, {"Get", got.Err, nil},
			{"Get of no record", absent.Err, repo.ErrNotFound}, {"Touch", touched.Err, repo.ErrNoTTL}, {"Save", member.Err, nil}, {"Delete", deleted.Err, nil},
		} {
			wantErr(t, c.name, c.err, c.want)
			wantErr(t, c.name+" in the result of the batch", errs[i], c.want)
		}
		if created.Value != bob || bob.Version != 1 || got.Value == nil || got.Value.Age != 35 || got.Value.Version != 2 {
			t.Errorf("Create = %+v, Get = %+v", created.Value, got.Value)
		}
		if err := b.Run(t.Context()); err == nil {
			t.Error("a second Run succeeded")
		}
		_, err := users.Get(t.Context(), "ann")
		wantErr(t, "Get after Delete", err, repo.ErrNotFound)
	})
}
