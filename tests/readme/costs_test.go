package readme

import (
	"context"
	"iter"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// trips counts round trips: a command or a pipeline is one.
type trips int

func (n *trips) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (n *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		*n++
		return next(ctx, cmd)
	}
}

func (n *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		*n++
		return next(ctx, cmds)
	}
}

// drain goes through all that a query yields.
func drain[V any](all iter.Seq2[V, error]) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestCosts counts the round trips that README.md tells of.
func TestCosts(t *testing.T) {
	ctx := t.Context()
	client, err := repo.Open(ctx, repo.Config{Addrs: []string{miniredis.RunT(t).Addr()}, SweepInterval: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	users, tokens := app.NewUsers(client), app.NewTokens(client)
	// Pipelines have connections of their own, which say hello first.
	if _, err := client.Redis().Pipelined(ctx, func(pipe redis.Pipeliner) error { return pipe.Ping(ctx).Err() }); err != nil {
		t.Fatal(err)
	}
	var n trips
	client.Redis().AddHook(&n)

	user := func(i int) *app.User {
		return &app.User{ID: strconv.Itoa(i), Username: "user" + strconv.Itoa(i), Status: app.Active}
	}
	ann, many, keys := user(0), make([]*app.User, 1000), make([]string, 1000)
	for i := range many {
		many[i], keys[i] = user(i+1), strconv.Itoa(i+1)
	}
	where := users.Where(app.UserFields.Status.Eq(app.Active))
	for _, c := range []struct {
		name string
		want trips
		call func() error
	}{
		{"a script that is new to the server", 2, func() error { return users.Create(ctx, ann) }},
		{"Delete", 1, func() error { return users.Delete(ctx, "0") }},
		{"Create", 1, func() error { return users.Create(ctx, ann) }},
		{"Save", 1, func() error { return users.Save(ctx, ann) }},
		{"Update", 1, func() error { return users.Update(ctx, ann) }},
		{"Patch", 1, func() error { return users.Patch(ctx, "0", app.UserFields.Age.Add(1)) }},
		{"Get", 1, func() error { _, err := users.Get(ctx, "0"); return err }},
		{"Exists", 1, func() error { _, err := users.Exists(ctx, "0"); return err }},
		{"TTL", 1, func() error { _, err := users.TTL(ctx, "0"); return err }},
		{"GetBy, new", 2, func() error { _, err := users.GetByUsername(ctx, "user0"); return err }},
		{"GetBy", 1, func() error { _, err := users.GetByUsername(ctx, "user0"); return err }},
		{"Mutate", 2, func() error {
			_, err := users.Mutate(ctx, "0", func(u *app.User) error { u.Age++; return nil })
			return err
		}},
		{"Mutate when somebody is faster once", 2 + 2 + 1, func() error {
			faster := true
			_, err := users.Mutate(ctx, "0", func(u *app.User) error {
				if faster {
					faster = false
					return users.Patch(ctx, "0", app.UserFields.Age.Add(1))
				}
				return nil
			})
			return err
		}},
		{"CreateMany, new", 10 + 1, func() error { return users.CreateMany(ctx, many) }},
		{"DeleteMany", 10, func() error { return users.DeleteMany(ctx, keys) }},
		{"CreateMany", 10, func() error { return users.CreateMany(ctx, many) }},
		{"SaveMany", 10, func() error { return users.SaveMany(ctx, many) }},
		{"GetMany", 1, func() error { _, err := users.GetMany(ctx, keys...); return err }},
		{"Page, new", 2, func() error { _, err := where.Page(ctx); return err }},
		{"Page", 1, func() error { _, err := where.Limit(250).Page(ctx); return err }},
		{"Page, large", 4, func() error { _, err := where.Limit(1000).Page(ctx); return err }},
		{"First", 1, func() error { _, err := where.First(ctx); return err }},
		{"One", 1, func() error { _, err := users.Where(app.UserFields.Username.Eq("user7")).One(ctx); return err }},
		{"Exists by query", 1, func() error { _, err := where.Exists(ctx); return err }},
		{"All", 11, func() error { return drain(where.All(ctx)) }},
		{"IDs", 3, func() error { return drain(where.IDs(ctx)) }},
		{"Count, new", 2, func() error { _, err := where.Count(ctx); return err }},
		{"Count", 1, func() error { _, err := where.Count(ctx); return err }},
		{"Count with a check", 3, func() error { _, err := users.Where(app.UserFields.Username.Not("user7")).Count(ctx); return err }},
		{"Exists with a check that none meets", 3, func() error { _, err := users.Where(repo.Not(app.UserFields.Age.Gte(0))).Exists(ctx); return err }},
		{"CountBy", 3, func() error { _, err := app.UserFields.Status.CountBy(ctx, where); return err }},
		{"Max", 1, func() error { _, err := app.UserFields.Age.Max(ctx, users.Where()); return err }},
		{"Min with another index", 1, func() error { _, err := app.UserFields.CreatedAt.Min(ctx, where); return err }},
		{"Patch by query, new", 22 + 1, func() error { _, err := where.Patch(ctx, app.UserFields.Logins.Add(1)); return err }},
		{"Delete by query", 2, func() error { _, err := users.Where(app.UserFields.Username.Eq("user7")).Delete(ctx); return err }},
		{"SaveMany", 10, func() error { return users.SaveMany(ctx, many) }},
		{"DeleteMany", 10, func() error { return users.DeleteMany(ctx, keys) }},
		{"Create of another entity, new", 2, func() error { return tokens.Create(ctx, &app.Token{Number: 1, UserID: "0"}) }},
		{"Get of a sliding entity", 1, func() error { _, err := tokens.Get(ctx, 1); return err }},
		{"Touch", 1, func() error { return tokens.Touch(ctx, 1, repo.TTL(time.Hour)) }},
		{"Batch", 1, func() error {
			batch := client.Batch()
			users.In(batch).Get("0")
			tokens.In(batch).Get(1)
			users.In(batch).Patch("0", app.UserFields.Logins.Add(1))
			return batch.Run(ctx)
		}},
	} {
		n = 0
		if err := c.call(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if n != c.want {
			t.Errorf("%s: %d round trips, want %d", c.name, n, c.want)
		}
	}
}
