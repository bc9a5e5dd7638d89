package repo_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// slow tells of operations that fail or take long.
type slow struct{ limit time.Duration }

func (s slow) Start(ctx context.Context, _ repo.Operation) context.Context { return ctx }

func (s slow) End(_ context.Context, op repo.Operation) {
	if op.Outcome.Failed() || op.Took > s.limit {
		fmt.Println(op.Name, op.Entity, op.Outcome)
	}
}

func ExampleObserver() {
	server, err := miniredis.Run()
	check(err)
	defer server.Close()
	client, err := repo.Open(ctx, repo.Config{
		Addrs:     []string{server.Addr()},
		Observers: []repo.Observer{slow{limit: time.Minute}},
	})
	check(err)
	users := app.NewUsers(client)
	_, err = users.Get(ctx, "7") // an answer like others
	fmt.Println(errors.Is(err, repo.ErrNotFound))
	check(client.Close())
	_, err = users.Get(ctx, "7")
	fmt.Println(errors.Is(err, repo.ErrClosed))
	// Output:
	// true
	// Get users closed
	// true
}

func ExampleConfig_instrument() {
	server, err := miniredis.Run()
	check(err)
	defer server.Close()
	client, err := repo.Open(ctx, repo.Config{
		Addrs: []string{server.Addr()},
		Instrument: func(rdb redis.UniversalClient) (stop func(), err error) {
			rdb.AddHook(counting{}) // a redis.Hook
			return func() { fmt.Println("closed") }, nil
		},
	})
	check(err)
	check(client.Close())
	// Output: closed
}

// counting stands for a hook.
type counting struct{}

func (counting) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (counting) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (counting) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
