package claims

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// fate is what becomes of the calls that a client is about to send when it stops dead.
type fate int

const (
	unsent     fate = iota // they are never sent
	half                   // the first half of the pipeline is carried out
	unanswered             // they are carried out, and the replies get lost
	late                   // they are under way for so long that others have gone on
)

// step is one of the steps of the protocol, at which a client stops dead.
type step struct {
	name   string
	script string
	fate   fate
	only   func(redis.Cmder) bool // which calls of the script; nil: all. If unanswered, they are carried out by then
	claims bool                   // there has to be a claim of somebody else
}

// writerSteps are those of a client that writes records, sweeperSteps those of one that releases what they give up.
var (
	writerSteps = []step{
		{"before the claim", claim, unsent, nil, false},
		{"half of the claims are made", claim, half, nil, false},
		{"claimed, the reply is lost", claim, unanswered, nil, false},
		{"the claim is late", claim, late, nil, false},
		{"between claim and write", write, unsent, nil, false},
		{"the write is late", write, late, nil, false},
		{"written, the reply is lost", write, unanswered, nil, false},
		{"before the holder is asked", holder, unsent, nil, true},
		{"withdrawn, not taken over", holder, unanswered, freed, true},
		{"the withdrawal is late", holder, late, nil, true},
		{"taken over, not written", claim, unanswered, takesOver, true},
		{"the take-over is late", claim, late, takesOver, true},
		{"given up, not released", write, unanswered, givesUp, false},
	}
	sweeperSteps = []step{
		{"what is given up is known", given, unanswered, nil, false},
		{"before the release", release, unsent, nil, false},
		{"half is released", release, half, nil, false},
		{"released, the reply is lost", release, unanswered, nil, false},
		{"the release is late", release, late, nil, false},
		{"before the release is noted", released, unsent, nil, false},
		{"noted, the reply is lost", released, unanswered, nil, false},
		{"the note is late", released, late, nil, false},
	}
)

// The arguments of a script begin behind its name, the number of keys, the one key, and the keyspace.
const firstArgument = 5

// takesOver tells whether claims take over those of others.
func takesOver(cmd redis.Cmder) bool {
	for at := firstArgument + 3; at < len(cmd.Args()); at += 4 {
		if argument(cmd, at) != "" {
			return true
		}
	}
	return false
}

// freed tells whether a holder was found not to have a value.
func freed(cmd redis.Cmder) bool { return strings.Contains(reply(cmd), "free") }

// givesUp tells whether a write was a delete or a patch.
func givesUp(cmd redis.Cmder) bool {
	op := argument(cmd, firstArgument)
	return (op == "delete" || op == "patch") && strings.Contains(reply(cmd), "OK")
}

// reply returns what a command has come back with, as RESP.
func reply(cmd redis.Cmder) string {
	if raw, ok := cmd.(interface{ Val() []byte }); ok {
		return string(raw.Val())
	}
	return ""
}

// crasher is a hook that has a client stop dead at a step: nothing that it would do afterwards happens, and no reply
// arrives.
type crasher struct {
	world *world
	step  step // none: the client lives
	died  context.CancelFunc
	pause func() // if it is set, the client does not stop, but this happens at the step, once
	dead  atomic.Bool
}

func (c *crasher) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *crasher) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return c.send([]redis.Cmder{cmd}, func(cmds []redis.Cmder) error {
			if len(cmds) == 0 {
				return nil
			}
			return next(ctx, cmds[0])
		})
	}
}

func (c *crasher) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		return c.send(cmds, func(cmds []redis.Cmder) error { return next(ctx, cmds) })
	}
}

// send sends commands, unless the client is dead or dies of them.
func (c *crasher) send(cmds []redis.Cmder, next func([]redis.Cmder) error) error {
	here := false
	for _, cmd := range cmds {
		script := c.world.wire.pass(cmd)
		here = here || c.step.script != "" && script == c.step.script
	}
	if c.dead.Load() {
		return fail(cmds)
	}
	if !here || c.step.fate != unanswered && !c.meant(cmds) {
		return next(cmds)
	}
	if pause := c.pause; pause != nil {
		c.pause, c.step = nil, step{}
		pause()
		return next(cmds)
	}
	switch c.step.fate {
	case half:
		_ = next(cmds[:len(cmds)/2])
	case unanswered:
		if err := next(cmds); err != nil || !c.meant(cmds) {
			return err
		}
	case late:
		for _, cmd := range cmds {
			c.world.deliver(cmd, c.step)
		}
	}
	c.dead.Store(true)
	c.died()
	return fail(cmds)
}

// meant tells whether one of the commands is one that the step is about.
func (c *crasher) meant(cmds []redis.Cmder) bool {
	if c.step.only == nil {
		return true
	}
	for _, cmd := range cmds {
		if c.step.only(cmd) {
			return true
		}
	}
	return false
}

// fail is how commands of a dead client end.
func fail(cmds []redis.Cmder) error {
	for _, cmd := range cmds {
		cmd.SetErr(context.Canceled)
	}
	return context.Canceled
}

// deliver has a command of a client that is dead arrive later: before or after its claim may be taken over.
func (w *world) deliver(cmd redis.Cmder, at step) {
	args := w.wire.whole(cmd)
	w.mu.Lock()
	delay := grace/10 + time.Duration(w.random.Int64N(int64(2*grace)))
	w.mu.Unlock()
	w.delayed.Go(func() {
		<-time.After(delay / w.speed)
		got, err := w.raw.Do(context.Background(), args...).Result()
		if err != nil {
			w.report("%s: %v", at.name, err)
		}
		if at.script == write {
			w.count("late write: " + outcome(got))
		}
	})
}

// outcome returns what became of the one record of a write.
func outcome(reply any) string {
	if all, ok := reply.([]any); ok && len(all) == 1 {
		if one, ok := all[0].([]any); ok && len(one) > 0 {
			if word, ok := one[0].(string); ok {
				return word
			}
		}
	}
	return "no reply of a write"
}
