package cache

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// trips counts what a connection sends.
type trips struct{ single, pipelines, piped atomic.Int64 }

func (n *trips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (n *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		n.single.Add(1)
		return next(ctx, cmd)
	}
}

func (n *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		n.pipelines.Add(1)
		n.piped.Add(int64(len(cmds)))
		return next(ctx, cmds)
	}
}

// Calls of many goroutines share pipelines, and each gets its own reply; those of one go
// by themselves.
func TestSharedPipelines(t *testing.T) {
	server := redisd.Shared(t)
	for name, config := range map[string]repo.Config{
		"server":  {Addrs: []string{server.Addr()}, Prefix: server.Prefix()},
		"cluster": {Addrs: redisd.StartCluster(t).Addrs()},
	} {
		t.Run(name, func(t *testing.T) {
			config.AutoPipeline = true
			client, err := repo.Open(t.Context(), config)
			must(t, err)
			defer client.Close()
			users, ctx := app.NewUsers(client), t.Context()
			for i := range 64 {
				must(t, users.Create(ctx, user(fmt.Sprint("u", i))))
			}
			n := &trips{}
			client.Redis().AddHook(n)
			_, err = users.Get(ctx, "u1")
			must(t, err)
			if n.pipelines.Load() != 0 {
				t.Error("one call makes a pipeline")
			}
			var running sync.WaitGroup
			for i := range 64 {
				running.Go(func() {
					id := fmt.Sprint("u", i)
					for j := range 20 {
						if err := users.Patch(ctx, id, app.UserFields.Age.Set(j)); err != nil {
							t.Error(err)
						}
						if u, err := users.Get(ctx, id); err != nil || u.ID != id || u.Age != j {
							t.Errorf("%s: %+v, %v", id, u, err)
						}
					}
				})
			}
			running.Wait()
			if n.piped.Load() < 3*n.pipelines.Load() || n.pipelines.Load() == 0 {
				t.Errorf("%d commands in %d pipelines, %d alone", n.piped.Load(), n.pipelines.Load(), n.single.Load())
			}
		})
	}
}

// A write in a shared pipeline takes effect at most once, and once if it returns nil,
// while connections are cut and scripts forgotten.
func TestSharedPipelinesSendWritesOnce(t *testing.T) {
	server := redisd.Start(t)
	proxy := faultproxy.Start(t, server.Addr())
	client := open(t, proxy.Addr(), repo.Config{AutoPipeline: true, SweepInterval: -1})
	direct := open(t, server.Addr(), repo.Config{SweepInterval: -1})
	users := app.NewUsers(client)
	must(t, users.Create(t.Context(), user("1")))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var done, unknown atomic.Int64
	var running sync.WaitGroup
	for range 32 {
		running.Go(func() {
			for ctx.Err() == nil {
				switch err := users.Patch(t.Context(), "1", app.UserFields.Logins.Add(1)); {
				case err == nil:
					done.Add(1)
				case errors.Is(err, repo.ErrUncertain):
					unknown.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	running.Go(func() {
		for ctx.Err() == nil {
			pause(ctx, 50*time.Millisecond)
			proxy.Cut()
			_ = server.Client().ScriptFlush(t.Context()).Err()
		}
	})
	running.Wait()
	u, err := app.NewUsers(direct).Get(t.Context(), "1")
	must(t, err)
	if u.Logins < done.Load() || u.Logins > done.Load()+unknown.Load() || unknown.Load() == 0 {
		t.Errorf("%d logins; %d writes are done and of %d nobody knows", u.Logins, done.Load(), unknown.Load())
	}
}

// A call whose context ends does not wait for the others. A write is uncertain only if it
// was sent.
func TestSharedPipelinesAndContexts(t *testing.T) {
	server := redisd.Shared(t)
	proxy := faultproxy.Start(t, server.Addr())
	client := open(t, proxy.Addr(), repo.Config{
		AutoPipeline: true, Prefix: server.Prefix(), SweepInterval: -1, ReadTimeout: time.Second, RetryTimeout: time.Millisecond,
	})
	users := app.NewUsers(client)
	must(t, users.Create(t.Context(), user("1")))
	must(t, users.Patch(t.Context(), "1", app.UserFields.Age.Set(1)))
	sent := max(2, runtime.GOMAXPROCS(0)) // so many are sent as they come
	var running sync.WaitGroup
	for range sent {
		running.Go(func() { client.Redis().Do(t.Context(), "blpop", server.Prefix()+"nothing", "0.1") }) // has a connection made
	}
	running.Wait()
	proxy.Sever()
	proxy.Reset()
	patch := func(ctx context.Context) error {
		return users.Patch(ctx, "1", app.UserFields.Logins.Add(1))
	}
	for range sent {
		running.Go(func() {
			if err := patch(t.Context()); !errors.Is(err, repo.ErrUncertain) {
				t.Errorf("a write that was sent: %v", err)
			}
		})
	}
	eventually(t, "they are sent", func() bool { return proxy.Count("EVALSHA") == sent })
	for range 20 {
		running.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if err := patch(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, repo.ErrUncertain) {
				t.Errorf("a write that was not sent: %v", err)
			}
		})
	}
	running.Wait()
	proxy.Heal()
	eventually(t, "calls go on", func() bool { _, err := users.Get(t.Context(), "1"); return err == nil })
	u, err := users.Get(t.Context(), "1")
	must(t, err)
	if u.Logins > int64(sent) {
		t.Errorf("%d logins, of %d writes that were sent", u.Logins, sent)
	}
}
