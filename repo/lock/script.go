package lock

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/internal/lease"
)

//go:embed acquire.lua
var acquireSource string

//go:embed extend.lua
var extendSource string

//go:embed release.lua
var releaseSource string

//go:embed holder.lua
var holderSource string

var (
	acquireScript = repo.NewScript(acquireSource)
	extendScript  = repo.NewScript(extendSource)
	releaseScript = repo.NewScript(releaseSource)
	holderScript  = repo.NewScript(holderSource).Idempotent()
)

// run calls a script of the lock. All of them may be carried out twice, so it is sent
// again if the reply was lost, for as long as the lock would last. They are not
// Idempotent for package repo, which has only other writes confirmed by replicas.
func (m *Mutex) run(ctx context.Context, script *repo.Script, args ...string) ([]string, error) {
	args = append([]string{m.space}, args...)
	start := time.Now()
	for attempt := 0; ; attempt++ {
		reply, err := script.Run(ctx, m.client, m.keys, args...)
		if !errors.Is(err, repo.ErrUncertain) || ctx.Err() != nil || time.Since(start) > m.options.TTL ||
			lease.Sleep(ctx, lease.Backoff(attempt, 5*time.Millisecond, 200*time.Millisecond)) != nil {
			return reply, err
		}
	}
}

// verdict is the first word of a reply.
func verdict(reply []string) string {
	if len(reply) == 0 {
		return ""
	}
	return reply[0]
}
