package redisd_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
)

// fill writes keys all over the slots.
func fill(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	for i := range 100 {
		if err := client.Set(t.Context(), fmt.Sprint("k", i), i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func wantFilled(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	if err := filled(t, client); err != nil {
		t.Fatal(err)
	}
}

// filled returns an error if one of the keys of fill is not as it was written.
func filled(t *testing.T, client redis.UniversalClient) error {
	for i := range 100 {
		if got, err := client.Get(t.Context(), fmt.Sprint("k", i)).Int(); got != i || err != nil {
			return fmt.Errorf("k%d is %d, %w", i, got, err)
		}
	}
	return nil
}

func TestCluster(t *testing.T) {
	t.Parallel()
	start := time.Now()
	c := redisd.StartCluster(t)
	t.Logf("ready after %v", time.Since(start))
	client := c.Client()
	fill(t, client)
	wantFilled(t, client)
	if len(c.Nodes()) != 6 || !slices.Equal(c.Primaries(), c.Nodes()[:3]) {
		t.Errorf("%d of %d nodes are primaries", len(c.Primaries()), len(c.Nodes()))
	}
	for i, primary := range c.Primaries() {
		if replicas := c.ReplicasOf(primary); !slices.Equal(replicas, c.Nodes()[3+i:4+i]) {
			t.Errorf("replicas of node %d: %d", i, len(replicas))
		}
		if n := len(c.SlotsOf(primary)); n < 5461 || n > 5462 {
			t.Errorf("node %d has %d slots", i, n)
		}
	}
	if first, last := c.Primary(0), c.Primary(redisd.Slots-1); first != c.Nodes()[0] || last != c.Nodes()[2] {
		t.Errorf("slots 0 and %d are on %s and %s", redisd.Slots-1, first.Addr(), last.Addr())
	}
}

func TestClusterElects(t *testing.T) {
	t.Parallel()
	c := redisd.StartCluster(t)
	fill(t, c.Client())
	for _, fail := range []struct{ down, up func(*redisd.Server) }{
		{(*redisd.Server).Kill, (*redisd.Server).Start},
		{(*redisd.Server).Pause, (*redisd.Server).Resume},
	} {
		old := c.Primary(0)
		fail.down(old)
		c.WaitHealthy(patience)
		elected := c.Primary(0)
		if elected == old {
			t.Fatal("no other primary")
		}
		wantFilled(t, c.Client())
		fail.up(old)
		c.WaitHealthy(patience)
		if replicas := c.ReplicasOf(elected); !slices.Equal(replicas, []*redisd.Server{old}) {
			t.Errorf("the old primary is not the replica of the new one: %d", len(replicas))
		}
	}
	wantFilled(t, c.Client())
}

func TestMoveSlots(t *testing.T) {
	t.Parallel()
	c := redisd.StartCluster(t, redisd.User("app", "s3cret", "~*", "+@all"))
	fill(t, c.Client())
	from, to := c.Primary(0), c.Primary(redisd.Slots-1)
	slots := c.SlotsOf(from)[:1500]

	client, done := c.Client(), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // reads see nothing of it
		for {
			select {
			case <-done:
				return
			default:
				if err := filled(t, client); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	c.MoveSlots(from, to, slots...)
	close(done)
	wg.Wait()
	c.WaitHealthy(patience)
	for _, slot := range slots {
		if owner := c.Primary(slot); owner != to {
			t.Fatalf("slot %d is on %s, want %s", slot, owner.Addr(), to.Addr())
		}
	}
	if n := len(c.SlotsOf(from)); n != 5461-1500 {
		t.Errorf("%d slots are left", n)
	}
	wantFilled(t, c.Client())
}

func TestClusterRestartsWithAOF(t *testing.T) {
	t.Parallel()
	c := redisd.StartCluster(t, redisd.AOF(), redisd.TLS())
	fill(t, c.Client())
	c.Restart()
	c.WaitHealthy(patience)
	wantFilled(t, c.Client())
	c.Kill()
	c.Start()
	c.WaitHealthy(patience)
	wantFilled(t, c.Client())
}

func TestClusterClock(t *testing.T) {
	t.Parallel()
	c := redisd.StartCluster(t, redisd.Clock())
	client := c.Client()
	for i := range 100 {
		if err := client.Set(t.Context(), fmt.Sprint("k", i), i, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		c.Advance(14 * time.Minute)
		wantFilled(t, client)
	}
	c.Advance(5 * time.Minute)
	for i := range 100 {
		if err := client.Get(t.Context(), fmt.Sprint("k", i)).Err(); err != redis.Nil {
			t.Fatalf("k%d after its time: %v", i, err)
		}
	}
	c.WaitHealthy(patience)
}
