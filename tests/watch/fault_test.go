package watch

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/placement"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// Connections that are killed lose messages only where a gap is told, and nothing of
// streams. What happens is logged once.
func TestKilled(t *testing.T) {
	server := redisd.Start(t)
	noLeak(t)
	var log logs
	admin := server.Client()
	watching := open(t, server.Client(), repo.Config{Prefix: "w:", Logger: log.logger()})
	writing := open(t, server.Client(), repo.Config{Prefix: "w:"})
	alerts, tasks := countAlerts(t, watching, writing), countTasks(t, watching, writing)
	const rounds = 3
	for range rounds {
		alerts.writeMany(50)
		tasks.writeMany(50)
		must(t, admin.Do(t.Context(), "client", "kill", "type", "pubsub").Err())
		must(t, admin.Do(t.Context(), "client", "kill", "type", "normal", "skipme", "yes").Err())
		alerts.writeMany(50)
		tasks.writeMany(50)
		alerts.settle()
		tasks.settle()
	}
	for range 2 { // nothing comes between
		must(t, admin.Do(t.Context(), "client", "kill", "type", "pubsub").Err())
		gap := false
		for ok := true; ok && !gap; {
			_, gap, ok = alerts.take(patience)
		}
		if !gap {
			t.Error("no gap")
		}
	}
	if alerts.gaps != rounds || tasks.gaps != 0 {
		t.Errorf("%d and %d gaps, want %d and 0", alerts.gaps, tasks.gaps, rounds)
	}
	eventually(t, "all is as before", func() bool { return log.count("level=INFO") == 2*rounds+2 })
	if n := log.count("level=WARN"); n != 2*rounds+2 {
		t.Errorf("%d warnings, want %d", n, 2*rounds+2)
	}
}

// A network that is cut, or silent for longer than a server may be.
func TestNetwork(t *testing.T) {
	server := redisd.Start(t)
	noLeak(t)
	proxy := faultproxy.Start(t, server.Addr())
	options := server.Options()
	options.Addr = proxy.Addr()
	rdb := redis.NewClient(options)
	t.Cleanup(func() { _ = rdb.Close() })
	var log logs
	watching, writing := open(t, rdb, repo.Config{Prefix: "w:", Logger: log.logger()}), open(t, server.Client(), repo.Config{Prefix: "w:"})
	alerts, tasks := countAlerts(t, watching, writing), countTasks(t, watching, writing)
	for name, fault := range map[string]func(){
		"cut":  proxy.Cut,
		"down": func() { proxy.Down(); time.AfterFunc(300*time.Millisecond, func() { proxy.Up(t) }) },
		"silent": func() {
			before := log.count("level=WARN")
			proxy.Sever()
			alerts.writeMany(10)
			eventually(t, "both loops have given up", func() bool { return log.count("level=WARN") == before+2 })
			proxy.Heal()
		},
		"lost": func() { proxy.DropReply(faultproxy.Command("xread"), 1, 2, 3) },
	} {
		gaps := alerts.gaps
		alerts.writeMany(20)
		tasks.writeMany(20)
		fault()
		alerts.writeMany(20)
		tasks.writeMany(20)
		tasks.settle()
		alerts.settle()
		if alerts.gaps == gaps && name != "lost" {
			t.Errorf("%s: no gap", name)
		}
		eventually(t, "all is as before", func() bool { return log.count("level=INFO") == log.count("level=WARN") })
		if n := log.count("level=WARN"); n > 10 {
			t.Errorf("%s: %d warnings", name, n)
		}
	}
	if tasks.gaps > 0 {
		t.Errorf("%d gaps in streams", tasks.gaps)
	}
}

// slots returns the slots of an entity's shards.
func slots(entity string, shards int) (list []int) {
	for _, tag := range placement.Tags(entity, shards) {
		list = append(list, placement.Slot(tag))
	}
	return list
}

// Slots of a cluster that move take messages and streams along.
func TestMovingSlots(t *testing.T) {
	cluster := redisd.StartCluster(t)
	noLeak(t)
	watching, writing := open(t, cluster.Client(), repo.Config{Prefix: "w:"}), open(t, cluster.Client(), repo.Config{Prefix: "w:"})
	alerts, tasks := countAlerts(t, watching, writing), countTasks(t, watching, writing)
	for range 2 {
		for _, slot := range append(slots("alerts", 4), slots("tasks", 8)[:4]...) {
			from := cluster.Primary(slot)
			to := cluster.Primaries()[0]
			if to == from {
				to = cluster.Primaries()[1]
			}
			alerts.writeMany(10)
			tasks.writeMany(10)
			moved := make(chan struct{})
			go func() { defer close(moved); cluster.MoveSlots(from, to, slot) }()
			for moving := true; moving; {
				alerts.writeMany(5)
				tasks.writeMany(5)
				select {
				case <-moved:
					moving = false
				default:
				}
			}
		}
		alerts.settle()
		tasks.settle()
	}
	if alerts.gaps < 4 || tasks.gaps != 0 {
		t.Errorf("%d and %d gaps, want at least 4 and 0", alerts.gaps, tasks.gaps)
	}
}

// A replica takes the place of the primary: by Sentinel, and in a cluster.
func TestFailover(t *testing.T) {
	durable := repo.Config{Prefix: "w:", Durability: repo.Durability{Replicas: 1}}
	run := func(t *testing.T, connect func() redis.UniversalClient, kill func()) {
		noLeak(t)
		watching, writing := open(t, connect(), repo.Config{Prefix: "w:"}), open(t, connect(), durable)
		alerts, tasks := countAlerts(t, watching, writing), countTasks(t, watching, writing)
		alerts.writeMany(20)
		tasks.writeMany(20)
		kill()
		alerts.client, tasks.client = watching, watching // a cluster has no replica to confirm any more
		alerts.writeMany(20)
		tasks.writeMany(20)
		alerts.settle()
		tasks.settle()
		if alerts.gaps == 0 || tasks.gaps != 0 {
			t.Errorf("%d and %d gaps, want some and 0", alerts.gaps, tasks.gaps)
		}
	}
	t.Run("Sentinel", func(t *testing.T) {
		group := redisd.StartReplicated(t)
		run(t, func() redis.UniversalClient { return group.Client() }, func() { group.Primary().Kill() })
	})
	t.Run("Cluster", func(t *testing.T) {
		cluster := redisd.StartCluster(t)
		run(t, func() redis.UniversalClient { return cluster.Client() }, func() { cluster.Primary(slots("tasks", 8)[0]).Kill() })
	})
}

// A slot that stays on its way for long has its streams read where they have gone.
func TestHalfMoved(t *testing.T) {
	cluster := redisd.StartCluster(t)
	noLeak(t)
	ctx := t.Context()
	tasks := events.NewTasks(open(t, cluster.Client(), repo.Config{Prefix: "w:"}))
	w := watch(t, &tasks.Repository)
	must(t, tasks.Create(ctx, &events.Task{Owner: "ann", ID: 1}))
	first := w.next()
	tag := placement.Tags("tasks", 8)[placement.Shard("ann", 8)]
	stream, slot := "w:{"+tag+"}:e", placement.Slot(tag)
	from := cluster.Primary(slot)
	to := cluster.Primaries()[0]
	if to == from {
		to = cluster.Primaries()[1]
	}
	a, b := from.Client(), to.Client()
	id := func(rdb *redis.Client) string { return rdb.Do(ctx, "cluster", "myid").Val().(string) }
	must(t, b.Do(ctx, "cluster", "setslot", slot, "importing", id(a)).Err())
	must(t, a.Do(ctx, "cluster", "setslot", slot, "migrating", id(b)).Err())
	must(t, a.Migrate(ctx, "127.0.0.1", strconv.Itoa(to.Port()), stream, 0, 5*time.Second).Err())
	told := func() string {
		t.Helper()
		e := w.next()
		if e.Key != first.Key || e.Position <= first.Position {
			t.Errorf("got %+v", e)
		}
		return short(e)
	}
	for range 3 { // on the other node, as a script would
		pipe := b.Pipeline()
		pipe.Do(ctx, "asking")
		pipe.Do(ctx, "xadd", stream, "*", "op", "updated", "id", "3:ann1", "version", "2", "fields", "title", "at", "1")
		_, err := pipe.Exec(ctx)
		must(t, err)
		told()
	}
	keys, err := a.ClusterGetKeysInSlot(ctx, slot, 100).Result()
	must(t, err)
	for _, key := range keys {
		must(t, a.Migrate(ctx, "127.0.0.1", strconv.Itoa(to.Port()), key, 0, 5*time.Second).Err())
	}
	for _, rdb := range []*redis.Client{b, a} {
		must(t, rdb.Do(ctx, "cluster", "setslot", slot, "node", id(b)).Err())
	}
	must(t, tasks.Delete(ctx, first.Key))
	if got := told(); !strings.HasPrefix(got, "deleted") {
		t.Errorf("got %q", got)
	}
	w.quiet()
}
