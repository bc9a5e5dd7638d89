package idempotency

import (
	"context"
	_ "embed"
	"errors"
	"strconv"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/internal/lease"
)

//go:embed begin.lua
var beginSource string

//go:embed renew.lua
var renewSource string

//go:embed finish.lua
var finishSource string

//go:embed release.lua
var releaseSource string

var (
	beginScript   = repo.NewScript(beginSource)
	renewScript   = repo.NewScript(renewSource)
	finishScript  = repo.NewScript(finishSource)
	releaseScript = repo.NewScript(releaseSource)
)

// work is a call of Do for a key.
type work struct {
	keys       *Keys
	key        string
	space, who string
}

// run calls a script. All of them may be carried out twice, so it is sent again if the
// reply was lost, for as long as the lease lasts.
func (w *work) run(ctx context.Context, script *repo.Script, args ...string) ([]string, error) {
	args = append([]string{w.space, w.who}, args...)
	start := time.Now()
	for attempt := 0; ; attempt++ {
		reply, err := script.Run(ctx, w.keys.client, []string{w.space + "k:" + w.key}, args...)
		if err == nil && len(reply) == 0 {
			return nil, errReply
		}
		if !errors.Is(err, repo.ErrUncertain) || ctx.Err() != nil || time.Since(start) > w.keys.options.Lease ||
			lease.Sleep(ctx, lease.Backoff(attempt, 5*time.Millisecond, 200*time.Millisecond)) != nil {
			return reply, err
		}
	}
}

// milliseconds returns a time as scripts take it.
func milliseconds(d time.Duration) string { return strconv.FormatInt(lease.Milliseconds(d), 10) }
