package claims

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

// The scripts of the protocol, by the files of package repo that they end with.
const (
	claim    = "claim"
	holder   = "holder"
	write    = "write"
	given    = "given"
	release  = "release"
	released = "released"
)

// wire is what scripts pass on their way to a server. It knows them by their sources, and has the server carry out others
// in their place: writes that look for two owners, and broken scripts.
type wire struct {
	titles map[string]string // the first line of each script's file, by script
	change func(script, source string) string

	mu      sync.Mutex
	scripts map[string]string // by SHA-1, before and after the change
	changed map[string]string // SHA-1 after the change, by the one before
	sources map[string]string // after the change, by SHA-1
}

func newWire(t *testing.T, change func(script, source string) string) *wire {
	t.Helper()
	w := &wire{titles: map[string]string{}, change: change, scripts: map[string]string{}, changed: map[string]string{}, sources: map[string]string{}}
	for _, script := range []string{claim, holder, write, given, release, released} {
		text, err := os.ReadFile("../../repo/lua/" + script + ".lua")
		if err != nil {
			t.Fatal(err)
		}
		w.titles[script], _, _ = strings.Cut(string(text), "\n")
	}
	return w
}

// pass changes a command, and returns which script it calls; "" if none of the protocol.
func (w *wire) pass(cmd redis.Cmder) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	args := cmd.Args()
	switch args[0] {
	case "eval":
		source := args[1].(string)
		script := w.script(source)
		changed := w.change(script, source)
		args[1] = changed
		w.scripts[digest(source)], w.scripts[digest(changed)] = script, script
		w.changed[digest(source)], w.sources[digest(changed)] = digest(changed), changed
		return script
	case "evalsha":
		sha := args[1].(string)
		if changed, ok := w.changed[sha]; ok {
			args[1] = changed
		}
		return w.scripts[sha]
	}
	return ""
}

// whole returns the arguments of a command that has passed, for a server that does not know the script.
func (w *wire) whole(cmd redis.Cmder) []any {
	w.mu.Lock()
	defer w.mu.Unlock()
	args := make([]any, len(cmd.Args()))
	for i := range args {
		args[i] = argument(cmd, i)
	}
	if source, ok := w.sources[argument(cmd, 1)]; ok {
		args[0], args[1] = "eval", source
	}
	return args
}

func (w *wire) script(source string) string {
	for script, title := range w.titles {
		if strings.Contains(source, title+"\n") {
			return script
		}
	}
	return ""
}

func digest(source string) string {
	sum := sha1.Sum([]byte(source))
	return hex.EncodeToString(sum[:])
}

// argument returns an argument of a command as it is sent, "" if there are fewer.
func argument(cmd redis.Cmder, at int) string {
	if at >= len(cmd.Args()) {
		return ""
	}
	if s, ok := cmd.Args()[at].(*string); ok {
		return *s
	}
	return fmt.Sprint(cmd.Args()[at])
}

// audited returns a script that does what source does, and then looks whether two of the records have one value, in all
// shards at once; if so, it says which in the list findings. Records change by writes alone, so that no moment is missed.
func audited(source string, records []string, findings string) string {
	return fmt.Sprintf(`local function script()
%s
end
local reply, owners = script(), {}
for _, record in ipairs({ %s }) do
  local values = redis.call('HMGET', record, 'email', 'name', '~name')
  for index, value in pairs({ email = values[1] or nil, name = values[3] or values[2] or nil }) do
    value = index .. ' ' .. value
    if owners[value] then
      redis.call('RPUSH', '%s', value .. ' belongs to ' .. owners[value] .. ' and ' .. record)
    end
    owners[value] = record
  end
end
return reply
`, source, "'"+strings.Join(records, "', '")+"'", findings)
}
