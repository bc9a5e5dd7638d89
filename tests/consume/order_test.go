package consume

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// In order, the events of a record are handled one after the other, in order, while a record
// whose event fails holds up no other; its dead letter lets it go on.
func TestOrdered(t *testing.T) { each(t, testOrdered) }

func testOrdered(t *testing.T, rdb redis.UniversalClient) {
	noLeak(t)
	const records, versions = 12, 6
	tasks := events.NewTasks(on(t, rdb))
	for v := range versions {
		for i := range records {
			must(t, tasks.Save(t.Context(), &events.Task{Owner: fmt.Sprint("o", i), ID: int64(i), Title: fmt.Sprint(v)}))
		}
	}
	var mu sync.Mutex
	running := map[int64]bool{}
	seen := map[int64][]string{}
	others := 0
	handler := func(_ context.Context, d taskDelivery) error {
		id := d.Event.Key.ID
		mu.Lock()
		if running[id] {
			t.Errorf("two events of %d at a time", id)
		}
		running[id] = true
		seen[id] = append(seen[id], fmt.Sprint(d.Event.Version))
		if id != 0 {
			others++
		}
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			running[id] = false
		}()
		if id == 0 && d.Event.Version == 2 {
			return errTest
		}
		return nil
	}
	opts := repo.ConsumeOptions{Ordered: true, MinBackoff: 50 * time.Millisecond, MaxBackoff: 50 * time.Millisecond, MaxAttempts: 3, ClaimAfter: time.Second}
	one := start(t, &tasks.Repository, "g", opts, handler)
	eventually(t, "all others", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return others == (records-1)*versions
	})
	settled(t, &tasks.Repository, "g")
	must(t, one.stop())
	for id, got := range seen {
		want := "1 2 3 4 5 6"
		if id == 0 {
			want = "1 2 2 2 3 4 5 6"
		}
		if strings.Join(got, " ") != want {
			t.Errorf("of %d came %v, want %s", id, got, want)
		}
	}
	if dead := letters(t, &tasks.Repository, "g"); len(dead) != 1 || dead[0].Event.Version != 2 || dead[0].Attempts != 3 {
		t.Errorf("%+v", dead)
	}
}

// Consumers in order divide the shards among them, and one that ends leaves its own to the
// others.
func TestShare(t *testing.T) {
	t.Run("redis", func(t *testing.T) {
		noLeak(t)
		tasks := events.NewTasks(on(t, redisd.Shared(t).Client()))
		var mu sync.Mutex
		by := map[string]map[string]bool{} // consumer -> shards
		begin := func(name string) *consumer {
			opts := repo.ConsumeOptions{Ordered: true, ClaimAfter: 400 * time.Millisecond, Name: name}
			return start(t, &tasks.Repository, "g", opts, func(_ context.Context, d taskDelivery) error {
				mu.Lock()
				defer mu.Unlock()
				shard, _, _ := strings.Cut(string(d.Event.Position), "-")
				if by[name] == nil {
					by[name] = map[string]bool{}
				}
				by[name][shard] = true
				return nil
			})
		}
		// wave makes an event in all shards and returns how many of them each consumer had.
		wave := func() (list []int) {
			mu.Lock()
			clear(by)
			mu.Unlock()
			for i := range 64 {
				must(t, tasks.Save(t.Context(), &events.Task{Owner: fmt.Sprint("o", i), ID: int64(i)}))
			}
			settled(t, &tasks.Repository, "g")
			mu.Lock()
			defer mu.Unlock()
			for _, shards := range by {
				list = append(list, len(shards))
			}
			slices.Sort(list)
			return list
		}
		one := begin("one")
		if got := wave(); !slices.Equal(got, []int{8}) {
			t.Errorf("one consumer has %v shards", got)
		}
		two, three := begin("two"), begin("three")
		eventually(t, "three share", func() bool { return slices.Equal(wave(), []int{2, 3, 3}) })
		must(t, one.stop())
		eventually(t, "two share", func() bool { return slices.Equal(wave(), []int{4, 4}) })
		must(t, two.stop())
		must(t, three.stop())
		lag, err := tasks.Lag(t.Context(), "g")
		if must(t, err); lag.Pending+lag.Undelivered != 0 {
			t.Errorf("%+v", lag)
		}
	})
}
