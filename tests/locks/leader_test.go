package locks

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/lock"
	"github.com/redisgen/redisgen/tests/app"
)

// term is a write that a leader made.
type term struct {
	start, end time.Time
	token      int64
}

// journal is what the leaders of an election have written.
type journal struct {
	mu    sync.Mutex
	terms []term
}

func (j *journal) add(w term) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.terms = append(j.terms, w)
}

// last returns the token of the last write, 0 if there is none.
func (j *journal) last() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.terms) == 0 {
		return 0
	}
	return j.terms[len(j.terms)-1].token
}

// stand has a candidate lead, whenever it is elected, by writing again and again.
func (j *journal) stand(ctx context.Context, client *repo.Client, poll time.Duration) error {
	options := lock.Options{TTL: time.Second, Poll: poll, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	return lock.Lead(ctx, client, "boss", func(ctx context.Context, l *lock.Lock) error {
		wallets := app.NewWallets(client.WithFence(l.Fence()))
		for ctx.Err() == nil {
			start := time.Now()
			err := wallets.Save(ctx, &app.Wallet{ID: "1", Owner: "boss", Cents: l.Token()})
			switch {
			case err == nil:
				j.add(term{start, time.Now(), l.Token()})
			case errors.Is(err, repo.ErrFenced):
				return err
			}
			select {
			case <-ctx.Done():
			case <-time.After(2 * time.Millisecond):
			}
		}
		return ctx.Err()
	}, options)
}

// check fails the test if a leader has written after one of a later term had.
func (j *journal) check(t *testing.T) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, w := range j.terms {
		for _, later := range j.terms[i+1:] {
			if later.start.After(w.end) && later.token < w.token {
				t.Fatalf("term %d wrote at %v, after term %d at %v", later.token, later.start, w.token, w.end)
			}
		}
	}
}

// After a failover one leads again, and no leader writes after one of a later term has.
func TestLeaderSurvivesFailover(t *testing.T) {
	noLeak(t)
	servers := redisd.StartReplicated(t)
	config := repo.Config{Addrs: servers.SentinelAddrs(), MasterName: redisd.MasterName, Prefix: servers.Prefix(), ReadTimeout: 500 * time.Millisecond, SweepInterval: -1}
	ctx, cancel := context.WithCancel(background(t))
	var j journal
	var running sync.WaitGroup
	for range 3 {
		client := open(t, config)
		running.Go(func() {
			if err := j.stand(ctx, client, 50*time.Millisecond); !errors.Is(err, context.Canceled) {
				t.Errorf("Lead returned %v", err)
			}
		})
	}
	defer running.Wait()
	defer cancel()
	eventually(t, "one leads", func() bool { return j.last() > 0 })
	before := j.last()

	primary := servers.Primary()
	primary.Kill()
	eventually(t, "another primary is there", func() bool { return servers.Primary() != primary })
	start := time.Now()
	written := func() bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		return len(j.terms) > 0 && j.terms[len(j.terms)-1].start.After(start)
	}
	eventually(t, "one leads after the failover", written)
	if j.last() < before {
		t.Errorf("term %d after term %d", j.last(), before)
	}

	// The leader loses its lock, and another term begins.
	before = j.last()
	client := open(t, config)
	space := client.Space("lock", "boss")
	must(t, client.Redis().Del(ctx, space+"l:boss").Err())
	eventually(t, "another term", func() bool { return j.last() > before })
	cancel()
	running.Wait()
	j.check(t)
}
