package consume

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// fireClaim is ClaimAfter of consumers under fire.
const fireClaim = time.Second

// seat is a place for a program that consumes, and that another takes when it has died.
type seat struct {
	f       *fire
	config  repo.Config
	proxies []*faultproxy.Proxy // before the servers

	mu     sync.Mutex
	client *repo.Client
	leaves context.CancelFunc
}

// kill ends the program in the middle of what it does.
func (s *seat) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		s.f.kills.Add(1)
		_ = s.client.Close()
	}
}

// leave ends it as a signal does.
func (s *seat) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leaves != nil {
		s.leaves()
	}
}

// run has one program after the other.
func (s *seat) run(ctx context.Context) {
	for ctx.Err() == nil {
		config := s.config
		config.Prefix, config.SweepInterval, config.Logger = "f:", -1, slog.New(slog.DiscardHandler)
		config.DialTimeout, config.ReadTimeout, config.WriteTimeout, config.RetryTimeout = time.Second, time.Second, time.Second, time.Second
		client, err := repo.Open(ctx, config)
		if err != nil {
			continue
		}
		life, leave := context.WithCancel(ctx)
		s.mu.Lock()
		s.client, s.leaves = client, leave
		s.mu.Unlock()
		s.work(life, client)
		leave()
		_ = client.Close()
	}
}

// work consumes until the program ends.
func (s *seat) work(ctx context.Context, client *repo.Client) {
	tasks, steps := events.NewTasks(client), events.NewSteps(client)
	opts := repo.ConsumeOptions{ClaimAfter: fireClaim, MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond, MaxAttempts: 15}
	var groups sync.WaitGroup
	for group, ordered := range map[string]bool{"order": true, "any": false} {
		opts := opts
		opts.Ordered = ordered
		groups.Go(func() {
			err := tasks.Consume(ctx, group, func(ctx context.Context, d taskDelivery) error {
				return s.f.handle(ctx, steps, d)
			}, opts)
			if err != nil && !errors.Is(err, repo.ErrClosed) && !errors.Is(err, redis.ErrClosed) {
				s.f.t.Errorf("consumer of %s: %v", group, err)
			}
		})
	}
	groups.Wait()
}
