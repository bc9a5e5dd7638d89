package behaviour

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// beforeWrite calls a function once, before the first script that does an
// operation is sent.
type beforeWrite struct {
	redis.Hook
	op   string
	call func()
	done atomic.Bool
}

func (h *beforeWrite) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *beforeWrite) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		h.look(cmds...)
		return next(ctx, cmds)
	}
}

func (h *beforeWrite) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.look(cmd)
		return next(ctx, cmd)
	}
}

func (h *beforeWrite) look(cmds ...redis.Cmder) {
	if slices.ContainsFunc(cmds, func(cmd redis.Cmder) bool {
		return slices.ContainsFunc(cmd.Args(), func(arg any) bool {
			text, ok := arg.(*string)
			return ok && *text == h.op
		})
	}) && !h.done.Swap(true) {
		h.call()
	}
}

// What somebody changes after a query has found it, and before its turn to be
// deleted or patched comes, is spared if it no longer meets the conditions.
func TestBulkSparesWhatHasChanged(t *testing.T) {
	for _, op := range []string{"delete", "patch"} {
		t.Run(op, func(t *testing.T) {
			each(t, func(t *testing.T, client *repo.Client) {
				users, f := people(t, client, 60), app.UserFields
				client.Redis().AddHook(&beforeWrite{op: op, call: func() {
					must(t, users.Patch(t.Context(), "001", f.Status.Set(app.Blocked)))
					must(t, users.Patch(t.Context(), "004", f.Tags.Set([]string{"keep"})))
					must(t, users.Patch(t.Context(), "007", f.Nickname.Set("still meets them")))
					must(t, users.Delete(t.Context(), "010"))
				}})
				q := users.Where(f.Status.Eq(app.Active), f.Balance.Between(1, 20), repo.Not(f.Tags.Has("keep")))
				var done repo.Progress
				var err error
				if op == "delete" {
					done, err = q.Delete(t.Context())
				} else {
					done, err = q.Patch(t.Context(), f.Age.Set(100))
				}
				if err != nil || done.Done != 11 || done.Skipped != 3 {
					t.Errorf("%+v, %v", done, err)
				}
				for i := range 21 {
					id := fmt.Sprintf("%03d", i)
					u, err := users.Get(t.Context(), id)
					touched := i%3 != 0 && i > 0 && i != 1 && i != 4
					switch {
					case op == "delete" || id == "010":
						if (err != nil) != touched {
							t.Errorf("%s: %v, want it gone: %v", id, err, touched)
						}
					case err != nil || (u.Age == 100) != touched:
						t.Errorf("%s: %+v, %v, want it changed: %v", id, u, err, touched)
					}
				}
			})
		})
	}
}
