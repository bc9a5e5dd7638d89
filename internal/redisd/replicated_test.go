package redisd_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
)

// patience is how long several servers may take to agree after one is gone.
const patience = time.Minute

func TestReplicated(t *testing.T) {
	t.Parallel()
	r := redisd.StartReplicated(t)
	client := r.Client()
	roundTrip(t, client)
	if primary := r.Primary(); primary != r.Nodes()[0] || len(r.Replicas()) != 2 || len(r.Sentinels()) != 3 {
		t.Errorf("the primary is %s of %v, with %d replicas", primary.Addr(), r.Nodes()[0].Addr(), len(r.Replicas()))
	}
	for _, replica := range r.Replicas() {
		if err := replica.Client().Set(t.Context(), "k", "v", 0).Err(); !redis.HasErrorPrefix(err, "READONLY") {
			t.Errorf("SET on a replica: %v, want READONLY", err)
		}
	}
}

func TestSentinelsElect(t *testing.T) {
	t.Parallel()
	r := redisd.StartReplicated(t)
	for name, fail := range map[string]func(*redisd.Server){"killed": (*redisd.Server).Kill, "paused": (*redisd.Server).Pause} {
		old := r.Primary()
		fail(old)
		r.WaitHealthy(patience)
		elected := r.Primary()
		if elected == old {
			t.Fatalf("%s: no other primary", name)
		}
		roundTrip(t, r.Client())
		if name == "killed" {
			old.Start()
		} else {
			old.Resume()
		}
		r.WaitHealthy(patience)
		if now := r.Primary(); now != elected {
			t.Errorf("%s: the primary is %s again", name, now.Addr())
		}
		if got, err := old.Client().Get(t.Context(), "k").Result(); got != "v" || err != nil {
			t.Errorf("%s: the old primary has %q, %v", name, got, err)
		}
	}
}

func TestReplicatedRestartsWithAOF(t *testing.T) {
	t.Parallel()
	r := redisd.StartReplicated(t, redisd.AOF(), redisd.Password("s3cret"), redisd.TLS())
	roundTrip(t, r.Client())
	r.Kill()
	r.Start()
	r.WaitHealthy(patience)
	if got, err := r.Client().Get(t.Context(), "k").Result(); got != "v" || err != nil {
		t.Errorf("after the restart k is %q, %v", got, err)
	}
}
