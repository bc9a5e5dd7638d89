package events_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

// mistakes are changes of scripts, each of which the model has to find: what is replaced,
// by what, and so on.
var mistakes = []struct {
	name   string
	change []string
}{
	{"nothing is told", []string{"if w.event then", "if base == '' then"}},
	{"one of many is told", []string{"if w.event then\n    announce(events, w.event)", "if w.event then\n    announce(events, w.event)\n    w.event = nil\n    events = events and 'none'"}},
	{"told twice", []string{"    announce(events, w.event)", "    announce(events, w.event)\n    announce(events, w.event)"}},
	{"a new record is updated", []string{"what = 'created'", "what = 'updated'"}},
	{"touch tells", []string{"local ops = { create = 'created',", "local ops = { touch = 'updated', create = 'created',"}},
	{"fields that stay are told", []string{"if old[name] ~= new[name] then\n        changed", "if new[name] then\n        changed"}},
	{"removed fields are not told", []string{"if old[name] ~= new[name] then\n        changed", "if new[name] and old[name] ~= new[name] then\n        changed"}},
	{"values from before", []string{"local changed, values = {}, op == 'delete' and old or new", "local changed, values = {}, old"}},
	{"a deleted record has no version", []string{"op == 'delete' and old[version] or reply[2]", "reply[2]"}},
	{"the version from before", []string{"op == 'delete' and old[version] or reply[2]", "old[version]"}},
	{"a cascade is not told", []string{"    if kind.events then\n      announce(", "    if base == '' then\n      announce("}},
	{"expiry is not told", []string{"elseif kind == '!' then", "elseif kind == '!!' then"}},
	{"expired with an old version", []string{"elseif deadline or (moved or events and version) and exists", "elseif deadline or moved and exists"}},
	{"expired when it is noticed", []string{"call('ZSCORE', base .. 'x', id)))", "format('%.0f', floor(now() / 1000))))"}},
	{"expired is told after created", []string{"if expires ~= nil and not exists and call('ZSCORE', base .. 'x', id) then\n      release(id)", "if base == '' then\n      release(id)", "  clear(2)\n", ""}},
	{"ms in place of µs", []string{"format('%.0f', tonumber(clock) or now())", "format('%.0f000', floor((tonumber(clock) or now()) / 1000))"}},
	{"what is refused is told", []string{"local index, by = conflict(id, old, new)\n    if index then", "local index, by = conflict(id, old, new)\n    if index then\n      if events then announce(events, tell(op, id, old, new, reply[2])) end"}},
}

func TestModelFinds(t *testing.T) {
	seed := modelSeed(t)
	for _, m := range mistakes {
		t.Run(strings.ReplaceAll(m.name, " ", "-"), func(t *testing.T) {
			s := embedded(t)
			change := &changer{replace: strings.NewReplacer(m.change...), sha: map[string]string{}}
			s.rdb.AddHook(change)
			err := run(t.Context(), s, seed, 20_000) // most are found within 100 steps, all within some 1,000
			var f *failure
			switch {
			case !change.done:
				t.Fatal("no script has what is to be replaced")
			case !errors.As(err, &f):
				t.Fatalf("not found; the run ended with error %v", err)
			case !strings.Contains(f.text, "told") && !strings.Contains(f.text, "problems in the keyspace"):
				t.Fatalf("another failure than that of events: %s", f)
			}
			text, _, _ := strings.Cut(f.text, "\n\nthe last")
			t.Log(text)
		})
	}
}

// changer changes scripts on their way to the server.
type changer struct {
	replace *strings.Replacer

	mu   sync.Mutex
	sha  map[string]string // of the changed script, by that of the true one
	done bool
}

func (c *changer) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *changer) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.change(cmd.Args())
		return next(ctx, cmd)
	}
}

func (c *changer) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			c.change(cmd.Args())
		}
		return next(ctx, cmds)
	}
}

func (c *changer) change(args []any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch args[0] {
	case "eval":
		source := args[1].(string)
		changed := c.replace.Replace(source)
		c.done = c.done || changed != source
		c.sha[digest(source)] = digest(changed)
		args[1] = changed
	case "evalsha":
		if sha, ok := c.sha[args[1].(string)]; ok {
			args[1] = sha
		}
	}
}

func digest(source string) string {
	sum := sha1.Sum([]byte(source))
	return hex.EncodeToString(sum[:])
}
