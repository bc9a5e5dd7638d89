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

// counted returns a client of an empty store, which takes a round trip to last so
// long, and what counts its round trips.
func counted(t *testing.T, roundTrip time.Duration) (*repo.Client, *trips) {
	t.Helper()
	ctx := t.Context()
	client, err := repo.Open(ctx, repo.Config{Addrs: []string{miniredis.RunT(t).Addr()}, SweepInterval: -1, RoundTrip: roundTrip})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	// Pipelines have connections of their own, which say hello first.
	if _, err := client.Redis().Pipelined(ctx, func(pipe redis.Pipeliner) error { return pipe.Ping(ctx).Err() }); err != nil {
		t.Fatal(err)
	}
	n := new(trips)
	client.Redis().AddHook(n)
	return client, n
}

// costing is a call and how many round trips it takes.
type costing struct {
	name string
	want trips
	call func() error
}

// check makes the calls and compares what n counts of each.
func check(t *testing.T, n *trips, calls []costing) {
	t.Helper()
	for _, c := range calls {
		*n = 0
		if err := c.call(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if *n != c.want {
			t.Errorf("%s: %d round trips, want %d", c.name, *n, c.want)
		}
	}
}

// crowd returns n users, from the key 1 on, and their keys.
func crowd(n int) (users []*app.User, keys []string) {
	for i := range n {
		keys = append(keys, strconv.Itoa(i+1))
		users = append(users, &app.User{ID: keys[i], Username: "user" + keys[i], Status: app.Active, Age: i, Tags: []string{"staff"}})
	}
	return users, keys
}

// TestCosts counts the round trips that README.md tells of, where they are long.
func TestCosts(t *testing.T) {
	ctx := t.Context()
	client, n := counted(t, time.Hour)
	users, tokens := app.NewUsers(client), app.NewTokens(client)
	ann := &app.User{ID: "0", Username: "user0", Status: app.Active}
	many, keys := crowd(1000)
	where := users.Where(app.UserFields.Status.Eq(app.Active))
	either := users.Where(app.UserFields.Status.In(app.Active, app.Blocked))
	check(t, n, []costing{
		{"the first call, and a script that is new to the server", 1 + 2, func() error { return users.Create(ctx, ann) }},
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
		{"Count", 1, func() error { _, err := where.Count(ctx); return err }},
		{"Count of two ranges, new", 2, func() error { _, err := either.Count(ctx); return err }},
		{"Count of two ranges", 1, func() error { _, err := either.Count(ctx); return err }},
		{"Count with a check", 3, func() error { _, err := users.Where(app.UserFields.Username.Not("user7")).Count(ctx); return err }},
		{"Exists with a check that none meets", 3, func() error { _, err := users.Where(repo.Not(app.UserFields.Age.Gte(0))).Exists(ctx); return err }},
		{"CountBy", 3, func() error { _, err := app.UserFields.Status.CountBy(ctx, where); return err }},
		{"Max", 1, func() error { _, err := app.UserFields.Age.Max(ctx, users.Where()); return err }},
		{"Min with another index", 1, func() error { _, err := app.UserFields.CreatedAt.Min(ctx, where); return err }},
		{"CountBy of a slice", 6, func() error { _, err := app.UserFields.Tags.CountBy(ctx, users.Where()); return err }},
		{"Patch by query, 40 at a time, new", 2*26 + 1, func() error { _, err := where.Patch(ctx, app.UserFields.Logins.Add(1)); return err }},
		{"Delete by query", 2, func() error { _, err := users.Where(app.UserFields.Username.Eq("user7")).Delete(ctx); return err }},
		{"SaveMany", 10, func() error { return users.SaveMany(ctx, many) }},
		{"DeleteMany", 10, func() error { return users.DeleteMany(ctx, keys) }},
		{"Create of another entity, new", 1 + 2, func() error { return tokens.Create(ctx, &app.Token{Number: 1, UserID: "0"}) }},
		{"Get of a sliding entity", 1, func() error { _, err := tokens.Get(ctx, 1); return err }},
		{"Touch", 1, func() error { return tokens.Touch(ctx, 1, repo.TTL(time.Hour)) }},
		{"Batch", 1, func() error {
			batch := client.Batch()
			users.In(batch).Get("0")
			tokens.In(batch).Get(1)
			users.In(batch).Patch("0", app.UserFields.Logins.Add(1))
			return batch.Run(ctx)
		}},
		{"CreateMany of an entity with two indexes, new", 3 + 1, func() error {
			var list []*app.Token
			for i := range 250 {
				list = append(list, &app.Token{Number: int64(i + 2), UserID: "1"})
			}
			return tokens.CreateMany(ctx, list)
		}},
		{"Delete by query, 100 at a time, new", 2*3 + 1, func() error {
			_, err := tokens.Where(app.TokenFields.UserID.Eq("1")).Delete(ctx)
			return err
		}},
	})
}

// TestCostsOfShortTrips counts the round trips of pages where they are short. The
// second reads the records, whatever their number.
func TestCostsOfShortTrips(t *testing.T) {
	ctx := t.Context()
	client, n := counted(t, time.Nanosecond)
	users, f := app.NewUsers(client), app.UserFields
	many, _ := crowd(1000)
	where := users.Where(f.Age.Gte(0)).OrderBy(f.Age.Asc())
	two := users.Where(f.Status.Eq(app.Active), f.Age.Gte(0))
	check(t, n, []costing{
		{"CreateMany, new", 10 + 1 + 1, func() error { return users.CreateMany(ctx, many) }},
		{"Page", 2, func() error { _, err := where.Page(ctx); return err }},
		{"Page, large", 2, func() error { _, err := where.Limit(1000).Page(ctx); return err }},
		{"All", 2 * 10, func() error { return drain(where.All(ctx)) }},
		{"Page with a check, new", 2 + 1, func() error { _, err := two.Page(ctx); return err }},
		{"Page with a check", 2, func() error { _, err := two.Page(ctx); return err }},
	})
}
