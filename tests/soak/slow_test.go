package soak

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// tooSlow is how long no call may hold the server.
const tooSlow = 5 * time.Millisecond

// recorder keeps the arguments of the commands that a client sends, while calls
// is not nil.
type recorder struct {
	calls [][]any
	seen  [][]any // those of the query before
}

func (r *recorder) DialHook(next redis.DialHook) redis.DialHook { return next }

func (r *recorder) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		r.keep(cmds...)
		return next(ctx, cmds)
	}
}

func (r *recorder) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		r.keep(cmd)
		return next(ctx, cmd)
	}
}

func (r *recorder) keep(cmds ...redis.Cmder) {
	for _, cmd := range cmds {
		if r.calls != nil {
			r.calls = append(r.calls, cmd.Args())
		}
	}
}

// logged runs what asks a query, and returns the commands that SLOWLOG has of
// it, the slowest first.
func (s *store) logged(t *testing.T, name string, run func(context.Context) error) []redis.SlowLog {
	t.Helper()
	must(t, s.rdb.Do(t.Context(), "slowlog", "reset").Err())
	must(t, s.rdb.ConfigSet(t.Context(), "slowlog-log-slower-than", "100").Err())
	s.calls.calls = [][]any{}
	before := s.cpu(t)
	err := run(t.Context())
	took := s.cpu(t) - before
	calls := s.calls.calls[1 : len(s.calls.calls)-1] // without those of cpu
	s.calls.calls = nil
	must(t, s.rdb.ConfigSet(t.Context(), "slowlog-log-slower-than", "-1").Err())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	s.calls.seen = calls
	entries, err := s.rdb.SlowLogGet(t.Context(), -1).Result()
	must(t, err)
	entries = slices.DeleteFunc(entries, func(e redis.SlowLog) bool {
		return slices.Contains([]string{"info", "config", "slowlog"}, strings.ToLower(e.Args[0]))
	})
	slices.SortFunc(entries, func(a, b redis.SlowLog) int { return int(b.Duration - a.Duration) })
	slowest := time.Duration(0)
	if len(entries) > 0 {
		slowest = entries[0].Duration
	}
	t.Logf("%-40s %6d commands, server %5d µs each, slowest %5d µs", name, len(calls), took.Microseconds()/int64(max(1, len(calls))), slowest.Microseconds())
	return entries
}

// watch runs what asks a query, and fails the test if a call of it is slow. A
// busy machine makes any call slow at times: one that is slow is slow again when
// it is repeated alone.
func (s *store) watch(t *testing.T, name string, run func(context.Context) error) {
	t.Helper()
	for i, entry := range s.logged(t, name, run) {
		if entry.Duration < tooSlow || i == 3 {
			return
		}
		alone := s.repeat(t, entry)
		t.Logf("%s: a call took %v, repeated alone %v: %s", name, entry.Duration, alone, shorten(entry.Args))
		if alone >= tooSlow {
			t.Errorf("%s: a call takes %v", name, alone)
			return
		}
	}
}

// watchWrites is watch for what cannot be repeated: calls that all do the same
// kind of work, most of which must not be slow.
func (s *store) watchWrites(t *testing.T, name string, run func(context.Context) error) {
	t.Helper()
	entries := s.logged(t, name, run)
	if middle := len(s.calls.seen) / 2; middle < len(entries) && entries[middle].Duration >= tooSlow {
		t.Errorf("%s: half of the calls take %v and more: %s", name, entries[middle].Duration, shorten(entries[middle].Args))
	}
}

// repeat makes a call of SLOWLOG again, until it is not slow or has been often
// enough, and returns how long it took at least.
func (s *store) repeat(t *testing.T, entry redis.SlowLog) time.Duration {
	t.Helper()
	i := slices.IndexFunc(s.calls.seen, func(args []any) bool { return sameCall(args, entry.Args) })
	if i < 0 {
		return 0 // a command of a script, which is in the log too
	}
	must(t, s.rdb.ConfigSet(t.Context(), "slowlog-log-slower-than", "0").Err())
	defer func() { must(t, s.rdb.ConfigSet(t.Context(), "slowlog-log-slower-than", "-1").Err()) }()
	least := time.Hour
	for n := 0; n < 50 && least >= tooSlow; n++ {
		must(t, s.rdb.Process(t.Context(), redis.NewRawCmd(t.Context(), s.calls.seen[i]...)))
		last, err := s.rdb.SlowLogGet(t.Context(), 1).Result()
		must(t, err)
		least = min(least, last[0].Duration)
	}
	return least
}

// sameCall compares the arguments of a call with those that SLOWLOG keeps: 31,
// and 128 bytes of each.
func sameCall(args []any, logged []string) bool {
	for i, text := range logged[:min(len(logged), 31)] {
		arg := args[i]
		if p, ok := arg.(*string); ok {
			arg = *p
		}
		if full := fmt.Sprint(arg); full != text && (len(full) <= 128 || full[:128] != text[:128]) {
			return false
		}
	}
	return true
}

// shorten returns the arguments of a call for people.
func shorten(args []string) string {
	var short []string
	for _, a := range args {
		if len(a) > 40 {
			a = a[:40] + "…"
		}
		short = append(short, fmt.Sprintf("%q", a))
	}
	return strings.Join(short, " ")
}

// cpu returns how much time of the processor the server has taken.
func (s *store) cpu(t *testing.T) (total time.Duration) {
	t.Helper()
	for line := range strings.Lines(s.rdb.Info(t.Context(), "cpu").Val()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_user" || name == "used_cpu_sys" {
			seconds, err := strconv.ParseFloat(value, 64)
			must(t, err)
			total += time.Duration(seconds * float64(time.Second))
		}
	}
	return total
}

// commands returns how many commands the server has executed since its statistics
// were reset, those within scripts included.
func (s *store) commands(t *testing.T) (n int) {
	t.Helper()
	for line := range strings.Lines(s.rdb.Info(t.Context(), "commandstats").Val()) {
		if _, rest, ok := strings.Cut(line, ":calls="); ok {
			var calls int
			_, err := fmt.Sscanf(rest, "%d", &calls)
			must(t, err)
			n += calls
		}
	}
	return n
}
