package event_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/event"
)

// Topics and logs on a cluster; also while a slot moves to another node.
func TestCluster(t *testing.T) {
	cluster := redisd.StartCluster(t)
	rdb := cluster.Client()
	client := on(t, rdb, repo.Config{})
	sharded := event.TopicOptions[int]{Sharded: true, Logger: quiet}

	t.Run("topic", func(t *testing.T) {
		for _, opts := range []event.TopicOptions[int]{{Logger: quiet}, sharded} {
			numbers := event.NewTopic(client, "numbers", opts)
			s, sub := listen(t, numbers.Subscribe), listen(t, numbers.Sub("x").Subscribe)
			publish(t, numbers, 1, 2)
			publish(t, numbers.Sub("x"), 3)
			s.want(1, 2)
			sub.want(3)
		}
		numbers := event.NewTopic(client, "numbers", event.TopicOptions[int]{Logger: quiet})
		all := listen(t, glob(numbers, "*"))
		publish(t, numbers.Sub("a"), 1)
		all.want(1)
	})

	t.Run("no patterns of sharded topics", func(t *testing.T) {
		for _, err := range event.NewTopic(client, "numbers", sharded).SubscribeGlob(t.Context(), "*") {
			wantError(t, err, errors.ErrUnsupported)
		}
	})

	t.Run("sharded topics spread", func(t *testing.T) {
		nodes := map[*redisd.Server]bool{}
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
			slot, err := rdb.ClusterKeySlot(t.Context(), client.Prefix()+"{}topic:"+name).Result()
			must(t, err)
			nodes[cluster.Primary(int(slot))] = true
		}
		if len(nodes) != len(cluster.Primaries()) {
			t.Errorf("12 topics are on %d nodes", len(nodes))
		}
	})

	t.Run("slot moves", func(t *testing.T) {
		numbers := event.NewTopic(client, "moving", sharded)
		s := listen(t, numbers.Subscribe)
		moveSlot(t, cluster, rdb, client.Prefix()+"{}topic:moving")
		if m, err, ok := s.next(); !m.Gap || err != nil || !ok {
			t.Fatalf("received %+v, %v, %t, want a gap", m, err, ok)
		}
		publish(t, numbers, 2)
		s.want(2)
	})

	t.Run("log", func(t *testing.T) {
		l := event.NewLog(client, "sums", sum, event.LogOptions[int, int]{SnapshotEvery: 3})
		for i := range 20 {
			id := string(rune('a' + i))
			_, err := l.Append(t.Context(), id, 0, 1, 2, 3, 4)
			must(t, err)
			for range 2 { // without and with a snapshot
				if state, version, err := l.Load(t.Context(), id); state != 10 || version != 4 || err != nil {
					t.Fatal(state, version, err)
				}
			}
		}
	})

	t.Run("log moves", func(t *testing.T) {
		l := event.NewLog(client, "sums", sum, event.LogOptions[int, int]{SnapshotEvery: 3, Logger: quiet})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan int)
		go func() {
			n := 0
			for ctx.Err() == nil {
				if _, _, err := l.Update(t.Context(), "moving", func(int) ([]int, error) { return []int{1}, nil }); err != nil {
					t.Error(err)
				}
				n++
			}
			done <- n
		}()
		key := client.Space("log", "4:sumsmoving") + "e:4:sumsmoving"
		for deadline := time.Now().Add(30 * time.Second); rdb.XLen(t.Context(), key).Val() < 20; {
			if time.Now().After(deadline) {
				t.Fatal("no stream ", key)
			}
		}
		moveSlot(t, cluster, rdb, key)
		cancel()
		n := <-done
		if state, version, err := l.Load(t.Context(), "moving"); state != n || version != int64(n) || err != nil {
			t.Fatal(state, version, err, n)
		}
	})
}

// moveSlot moves the slot of a key to another node.
func moveSlot(t *testing.T, cluster *redisd.Cluster, rdb redis.UniversalClient, key string) {
	t.Helper()
	slot, err := rdb.ClusterKeySlot(t.Context(), key).Result()
	must(t, err)
	from := cluster.Primary(int(slot))
	for _, to := range cluster.Primaries() {
		if to != from {
			cluster.MoveSlots(from, to, int(slot))
			return
		}
	}
}
