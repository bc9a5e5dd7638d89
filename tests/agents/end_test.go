package agents

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/integrity"
	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/schema"
)

// entities are the schema of the store.
var entities = sync.OnceValues(func() (*schema.Package, error) {
	packages, mistakes, err := load.Load("", "../../schema/tframex")
	if err == nil && len(mistakes) > 0 {
		err = mistakes
	}
	if err != nil || len(packages) != 1 {
		return nil, fmt.Errorf("schema: %d packages, %w", len(packages), err)
	}
	return packages[0].Package, nil
})

// integrity fails the test if the keyspace is not what its records imply. What is wrong with a
// record that expires while it is looked at is not wrong any more when it is looked at again.
func (w *world) integrity(settled bool) {
	w.t.Helper()
	p, err := entities()
	must(w.t, err)
	var problems []string
	for range 3 {
		problems, err = integrity.CheckMoved(w.t.Context(), w.d.direct, w.d.config.Prefix, p, settled, w.d.late)
		must(w.t, err)
		if len(problems) == 0 {
			return
		}
	}
	w.problems("keyspace", problems)
}

// clear deletes everything, and fails the test if something is left.
func (w *world) clear() {
	w.t.Helper()
	w.closeRooms()
	for _, k := range w.talks.open {
		w.remove(k)
	}
	for _, one := range w.workers {
		w.calm("sign out", func(ctx context.Context) error { _, err := w.store.RevokeSessions(ctx, one.user); return err })
	}
	for _, l := range w.lives.temps {
		w.calm("delete value", func(ctx context.Context) error { return w.store.DeleteTemp(ctx, l.id) }, repo.ErrNotFound)
	}
	w.clearAccess()
	for _, table := range tables {
		w.calm("drop "+table, func(ctx context.Context) error { _, err := w.storage.DropTable(ctx, table); return err })
	}
	w.calm("sweep", w.store.CleanUp)
	var stats tframex.Stats
	w.calm("stats", func(ctx context.Context) (err error) { stats, err = w.store.Stats(ctx); return err })
	for name, n := range stats.Records {
		if n != 0 {
			w.t.Errorf("%d %s are left", n, name)
		}
	}
	w.integrity(true)
	w.end()
	w.d.flush()
	var keys []string
	eventually(w.t, func() string { return fmt.Sprintf("keys are left: %q, want %q", keys, toldPlaces) }, func() bool {
		keys = w.keys() // that of a health check expires
		return slices.Equal(keys, toldPlaces)
	})
	w.figures.note("left: keys %q, data of %.0f bytes; before: %.0f", keys, w.memory(), w.empty)
	if got := w.memory(); got > w.empty+mostLeft {
		w.t.Errorf("the server has %.0f bytes of data, %.0f before", got, w.empty)
	}
}

// toldPlaces are the keys that stay: how records are placed that live with others.
var toldPlaces = []string{"{messages}:p"}

// mostLeft is how many bytes of data the server may have more than before: its own tables
// do not shrink at once.
const mostLeft = 128 << 10

// memory returns how many bytes of data the primaries have, without what servers remember of
// scripts and of how long commands took.
func (w *world) memory() (sum float64) {
	w.t.Helper()
	for _, s := range w.d.primaries() {
		for _, forget := range [][]any{{"SCRIPT", "FLUSH"}, {"SLOWLOG", "RESET"}, {"CONFIG", "RESETSTAT"}} {
			must(w.t, w.d.admins[s].Do(context.Background(), forget...).Err())
		}
		sum += w.d.number(s, "memory", "used_memory_dataset")
	}
	return sum
}

// keys returns all keys.
func (w *world) keys() (all []string) {
	w.t.Helper()
	var mu sync.Mutex
	scan := func(ctx context.Context, rdb *redis.Client) error {
		iter := rdb.Scan(ctx, 0, "*", 1000).Iterator()
		for iter.Next(ctx) {
			mu.Lock()
			all = append(all, strings.TrimPrefix(iter.Val(), w.d.config.Prefix))
			mu.Unlock()
		}
		return iter.Err()
	}
	if c, ok := w.d.direct.(*redis.ClusterClient); ok {
		must(w.t, c.ForEachMaster(context.Background(), scan))
	} else {
		must(w.t, scan(context.Background(), w.d.direct.(*redis.Client)))
	}
	slices.Sort(all)
	return all
}
