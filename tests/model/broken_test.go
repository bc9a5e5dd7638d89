package model

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
)

// breakages are mistakes that scripts could make, each of which the model has to find: Lua that sees every command of
// a script (name, key, third, and all of ...) before it is carried out by call.
var breakages = []struct{ name, lua string }{
	{"entries of old values stay", `if name == 'ZREM' and has(':i:') then return 0 end`},
	{"scores of old values stay", `if name == 'ZREM' and has(':s:') then return 0 end`},
	{"lex entries stay", `if name == 'ZREM' and has(':l:') then return 0 end`},
	{"the list of all records keeps those deleted", `if name == 'ZREM' and has('}:a') then return 0 end`},
	{"entries are not written", `if name == 'ZADD' and has(':i:') then return 0 end`},
	{"freed claims stay", `if name == 'HDEL' and has(':u:') then return 0 end`},
	{"claims are not written", `if name == 'HSET' and has(':u:') then return 0 end`},
	{"no value is ever taken", `if name == 'HGET' and has(':u:') then return false end`},
	{"footprints are not written", `if name == 'HSET' and has('}:m') then return 0 end`},
	{"footprints stay", `if name == 'HDEL' and has('}:m') then return 0 end`},
	{"times of expiry are not written", `if name == 'ZADD' and has('}:x') then return 0 end`},
	{"times of expiry stay", `if name == 'ZREM' and has('}:x') then return 0 end`},
	{"records do not expire", `if name == 'PEXPIREAT' then return 1 end`},
	{"records expire in spite of NoTTL", `if name == 'PERSIST' then return 1 end`},
	{"records expire late", `if name == 'PEXPIREAT' then return call(name, key, third + 1) end`},
	{"what has expired counts as there", `if name == 'EXISTS' then return 1 end`},
	{"the clock is a minute fast", `if name == 'TIME' then local t = call(name) t[1] = tostring(t[1] + 60) return t end`},
	{"the version stands still", `if name == 'HSET' and has(':r:') then return with('version', '1', ...) end`},
	{"updated stands still", `if name == 'HSET' and has(':r:') then return with('updated_at', '2020-01-01T00:00:00.000000Z', ...) end`},
	{"a score is wrong", `if name == 'ZADD' and has(':s:age') then return call(name, key, third + 1, select(4, ...)) end`},
	{"the score of a moved record stays", `if name == 'ZADD' and has(':i:') then return call(name, key, 'NX', select(3, ...)) end`},
	{"cleared fields stay", `if name == 'HDEL' and has(':r:') then return 0 end`},
	{"deleted records stay", `if name == 'DEL' then return 0 end`},
	{"only the first of many is written", `if name == 'HSET' and has(':r:') then hsets = hsets + 1 if hsets > 1 then return 0 end end`},
}

// breakage puts Lua between a script and the server.
const breakage = `
local server_call, hsets = redis.call, 0
local function call(...) return server_call(...) end
local function with(field, value, ...)
  local args = { ... }
  for i = 3, #args, 2 do
    if args[i] == field then args[i + 1] = value end
  end
  return call(unpack(args))
end
local redis = setmetatable({ call = function(...)
  local name, key, third = ...
  name = string.upper(name)
  local function has(part) return string.find(key, part, 1, true) end
  BREAKAGE
  return call(...)
end }, { __index = redis })
`

func TestBrokenScripts(t *testing.T) {
	seed, entities := seed(t), loadSchema(t)
	steps := make([]int, 5_000)
	for i := range steps {
		steps[i] = i
	}
	for _, b := range breakages {
		t.Run(strings.ReplaceAll(b.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			s := embedded(t)
			s.rdb.AddHook(&breaker{prelude: strings.Replace(breakage, "BREAKAGE", b.lua, 1), sha: map[string]string{}})
			err := run(t.Context(), s, entities, seed, steps, repo.Config{SweepInterval: -1})
			var f *failure
			if !errors.As(err, &f) {
				t.Fatalf("not found in %d steps; the run ended with error %v", len(steps), err)
			}
			if strings.Contains(f.problem, "ERR ") {
				t.Fatalf("the script failed in place of doing the wrong thing: %s", f.problem)
			}
			t.Logf("found at step %d: %s", f.step, f.problem)
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		s := embedded(t)
		s.rdb.AddHook(&breaker{prelude: strings.Replace(breakage, "BREAKAGE", "", 1), sha: map[string]string{}})
		if err := run(t.Context(), s, entities, seed, steps[:500], repo.Config{SweepInterval: -1}); err != nil {
			t.Errorf("a script that is not broken fails: %v", err)
		}
	})
}

// breaker puts a prelude before every script on its way to the server.
type breaker struct {
	prelude string

	mu  sync.Mutex
	sha map[string]string // of the broken script, by that of the true one
}

func (b *breaker) DialHook(next redis.DialHook) redis.DialHook { return next }

func (b *breaker) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		b.change(cmd.Args())
		return next(ctx, cmd)
	}
}

func (b *breaker) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			b.change(cmd.Args())
		}
		return next(ctx, cmds)
	}
}

func (b *breaker) change(args []any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch args[0] {
	case "eval":
		source := args[1].(string)
		b.sha[digest(source)] = digest(b.prelude + source)
		args[1] = b.prelude + source
	case "evalsha":
		if broken, ok := b.sha[args[1].(string)]; ok {
			args[1] = broken
		}
	}
}

func digest(source string) string {
	sum := sha1.Sum([]byte(source))
	return hex.EncodeToString(sum[:])
}
