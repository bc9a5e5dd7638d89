package consume

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// sent counts the waits for events, and the reads of records in pipelines.
type sent struct{ waits, piped atomic.Int64 }

func (*sent) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *sent) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "xread" {
			s.waits.Add(1)
		}
		return next(ctx, cmd)
	}
}

func (s *sent) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if cmd.Name() == "hmget" {
				s.piped.Add(1)
			}
		}
		return next(ctx, cmds)
	}
}

// Consumers that wait for events hold up no shared pipelines: a read by itself is sent as
// it comes.
func TestIdleBesideSharedPipelines(t *testing.T) {
	server := redisd.Shared(t)
	rdb := server.Client()
	client, err := repo.New(rdb, repo.Config{Prefix: server.Prefix(), SweepInterval: -1, AutoPipeline: true})
	must(t, err)
	defer client.Close()
	jobs := events.NewJobs(client)
	must(t, jobs.Create(t.Context(), &events.Job{ID: "1"}))
	count := &sent{}
	rdb.AddHook(count)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	consumers := max(2, runtime.GOMAXPROCS(0)) + 1
	for range consumers {
		running.Go(func() {
			if err := jobs.Consume(ctx, "g", func(context.Context, jobDelivery) error { return nil }, repo.ConsumeOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	for deadline := time.Now().Add(20 * time.Second); count.waits.Load() < int64(2*consumers); {
		if time.Now().After(deadline) {
			t.Fatal("they do not wait for events")
		}
		<-time.After(time.Millisecond)
	}
	for range 30 {
		_, err := jobs.Get(t.Context(), "1")
		must(t, err)
	}
	if n := count.piped.Load(); n > 0 {
		t.Errorf("%d of 30 reads waited to share a pipeline", n)
	}
	stop()
	running.Wait()
}
