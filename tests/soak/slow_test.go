package soak

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// tooSlow is how long no call may hold the server.
const tooSlow = 5 * time.Millisecond

// recorder keeps the arguments of the scripts that a client calls.
type recorder struct{ calls [][]any }

func (r *recorder) DialHook(next redis.DialHook) redis.DialHook { return next }

func (r *recorder) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (r *recorder) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if r.calls != nil && cmd.Name() == "evalsha" {
			r.calls = append(r.calls, cmd.Args())
		}
		return next(ctx, cmd)
	}
}

// logged runs what asks a query, and returns the calls of scripts that SLOWLOG
// has of it, the slowest first.
func (s *store) logged(t *testing.T, name string, run func(context.Context) error) []redis.SlowLog {
	t.Helper()
	must(t, s.rdb.Do(t.Context(), "config", "resetstat").Err())
	must(t, s.rdb.Do(t.Context(), "slowlog", "reset").Err())
	must(t, s.rdb.ConfigSet(t.Context(), "slowlog-log-slower-than", "100").Err())
	s.calls.calls = [][]any{}
	err := run(t.Context())
	must(t, s.rdb.ConfigSet(t.Context(), "slowlog-log-slower-than", "-1").Err())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	entries, err := s.rdb.SlowLogGet(t.Context(), -1).Result()
	must(t, err)
	entries = slices.DeleteFunc(entries, func(e redis.SlowLog) bool { return !strings.HasPrefix(strings.ToLower(e.Args[0]), "eval") })
	slices.SortFunc(entries, func(a, b redis.SlowLog) int { return int(b.Duration - a.Duration) })
	calls, mean := s.scripts(t)
	slowest := "below 100 µs"
	if len(entries) > 0 {
		slowest = fmt.Sprint(entries[0].Duration.Microseconds(), " µs")
	}
	t.Logf("%-40s %5d calls, mean %4d µs, slowest %s", name, calls, mean.Microseconds(), slowest)
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
	if middle := len(s.calls.calls) / 2; middle < len(entries) && entries[middle].Duration >= tooSlow {
		t.Errorf("%s: half of the calls take %v and more: %s", name, entries[middle].Duration, shorten(entries[middle].Args))
	}
}

// repeat makes a call of SLOWLOG again, until it is not slow or has been often
// enough, and returns how long it took at least.
func (s *store) repeat(t *testing.T, entry redis.SlowLog) time.Duration {
	t.Helper()
	i := slices.IndexFunc(s.calls.calls, func(args []any) bool { return sameCall(args, entry.Args) })
	if i < 0 {
		t.Fatalf("nobody made the call %s", shorten(entry.Args))
	}
	args := s.calls.calls[i]
	least := time.Hour
	for i := 0; i < 50 && least >= tooSlow; i++ {
		must(t, s.rdb.Do(t.Context(), "config", "resetstat").Err())
		must(t, s.rdb.Process(t.Context(), redis.NewRawCmd(t.Context(), args...)))
		_, took := s.scripts(t)
		least = min(least, took)
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

// scripts returns how many calls of scripts there were since the statistics were
// reset, and how long they took in the mean.
func (s *store) scripts(t *testing.T) (n int, mean time.Duration) {
	t.Helper()
	for line := range strings.Lines(s.rdb.Info(t.Context(), "commandstats").Val()) {
		var each float64
		var total int
		if strings.HasPrefix(line, "cmdstat_evalsha:") {
			_, err := fmt.Sscanf(line, "cmdstat_evalsha:calls=%d,usec=%d,usec_per_call=%g,", &n, &total, &each)
			must(t, err)
			return n, time.Duration(each * float64(time.Microsecond))
		}
	}
	return 0, 0
}

// commands returns how many commands the server has executed since, those within
// scripts included.
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
