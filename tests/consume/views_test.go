package consume

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// Consume and Once work with repositories of views of a client, and keep a tenant's events
// apart.
func TestViews(t *testing.T) {
	client := on(t, redisd.Shared(t).Client())
	for name, view := range map[string]*repo.Client{
		"StaleReads": client.StaleReads(), "WithFence": client.WithFence(repo.Fence{Name: "lock", Token: 3}),
		"Durable": client.Durable(repo.Durability{Timeout: time.Second}), "Tenant": tenant(t, client, "acme"),
	} {
		t.Run(name, func(t *testing.T) {
			trees, leaves := events.NewTrees(view), events.NewLeaves(view)
			must(t, trees.Create(t.Context(), &events.Tree{ID: name}))
			one := start(t, &trees.Repository, name, repo.ConsumeOptions{Ordered: true}, func(ctx context.Context, d treeDelivery) error {
				if d.Event.Key != name {
					return nil
				}
				return d.Once(ctx, func(tx *repo.Tx) error { return count(tx, leaves, name) })
			})
			settled(t, &trees.Repository, name)
			must(t, one.stop())
			if leaf, err := leaves.Get(t.Context(), name); err != nil || leaf.Color != "+" {
				t.Errorf("%+v, %v", leaf, err)
			}
		})
	}
	if _, err := events.NewTrees(client).Lag(t.Context(), "Tenant"); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("the tenant's group: %v", err)
	}
}

func tenant(t *testing.T, client *repo.Client, name string) *repo.Client {
	t.Helper()
	view, err := client.Tenant(name)
	must(t, err)
	return view
}

// With functions Consume works, and Once says that it cannot.
func TestFunctions(t *testing.T) {
	rdb := redisd.Start(t).Client()
	client := with(t, rdb, repo.Config{Functions: true})
	jobs := events.NewJobs(client)
	must(t, repo.LoadFunctions(t.Context(), client, &jobs.Repository))
	must(t, jobs.Create(t.Context(), &events.Job{ID: "a"}))
	one := start(t, &jobs.Repository, "g", repo.ConsumeOptions{}, func(ctx context.Context, d jobDelivery) error {
		if err := d.Once(ctx, func(*repo.Tx) error { return nil }); !errors.Is(err, repo.ErrFunctions) {
			t.Errorf("Once: %v", err)
		}
		return nil
	})
	settled(t, &jobs.Repository, "g")
	must(t, one.stop())
}
