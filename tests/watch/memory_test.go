package watch

import (
	"fmt"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// What an event of a stream takes of the memory of the server.
func TestMemory(t *testing.T) {
	rdb := redisd.Start(t).Client()
	client := open(t, rdb, repo.Config{Prefix: "w:"})
	steps, list := events.NewSteps(client), make([]*events.Step, 10_000)
	for i := range list {
		list[i] = &events.Step{Owner: "ann", TaskID: int64(i / 10), ID: fmt.Sprint("step-", i), State: "queued"}
	}
	must(t, steps.CreateMany(t.Context(), list))
	keys, err := rdb.Keys(t.Context(), "w:*steps:e").Result()
	must(t, err)
	bytes := rdb.MemoryUsage(t.Context(), keys[0], 0).Val() / int64(len(list))
	t.Logf("%d bytes an event", bytes)
	if len(keys) != 1 || bytes < 50 || bytes > 150 {
		t.Errorf("%q: %d bytes an event", keys, bytes)
	}
}
