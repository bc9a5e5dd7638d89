package limit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// Several limits admit all or nothing: what one of them refuses, none counts.
func TestAllOrNothing(t *testing.T) {
	eachClock(t, func(t *testing.T, s store) {
		l := newLimiter(t, s.client, "api", PerHour(2), Window(4, 24*time.Hour))
		want(t, l, "ann", true, 1)
		want(t, l, "ann", true, 0)
		for range 3 {
			if r := want(t, l, "ann", false, 0); r.Limit != l.limits[0] || r.States[1].Remaining != 2 || r.States[1].RetryAfter != 0 || r.RetryAfter == 0 {
				t.Errorf("refused by the hour: %+v", r)
			}
		}
		s.advance(time.Hour)
		want(t, l, "ann", true, 1)
		want(t, l, "ann", true, 0)
		s.advance(time.Hour)
		if r := want(t, l, "ann", false, 0); r.Limit != l.limits[1] || r.States[0].Remaining != 2 {
			t.Errorf("refused by the day: %+v", r)
		}
		want(t, l, "bob", true, 1)
	})
}

func TestPeekAndReset(t *testing.T) {
	eachClock(t, func(t *testing.T, s store) {
		l := newLimiter(t, s.client, "api", PerHour(2), Window(3, 24*time.Hour))
		peek := func(allowed bool, remaining int) {
			t.Helper()
			for range 2 {
				r, err := l.Peek(t.Context(), "ann")
				must(t, err)
				if r.Allowed != allowed || r.Remaining != remaining || allowed != (r.RetryAfter == 0) {
					t.Errorf("Peek: %+v, want %v and %d remaining", r, allowed, remaining)
				}
			}
		}
		peek(true, 2)
		if keys := s.client.Redis().DBSize(t.Context()).Val(); keys != 0 {
			t.Errorf("Peek has made %d keys", keys)
		}
		want(t, l, "ann", true, 1)
		peek(true, 1)
		want(t, l, "ann", true, 0)
		peek(false, 0)
		want(t, l, "bob", true, 1)
		must(t, l.Reset(t.Context(), "ann"))
		peek(true, 2)
		want(t, l, "bob", true, 0)
	})
}

// A rate that changes counts on, and a limit that is lowered is full at most.
func TestChangedRate(t *testing.T) {
	eachClock(t, func(t *testing.T, s store) {
		ask := func(allowed bool, remaining int, limits ...Limit) Result {
			t.Helper()
			return want(t, newLimiter(t, s.client, "api", limits...), "ann", allowed, remaining)
		}
		for range 6 {
			r, err := newLimiter(t, s.client, "api", PerHour(7)).Allow(t.Context(), "ann")
			must(t, err)
			if !r.Allowed {
				t.Fatalf("%+v", r)
			}
		}
		// 6/7 of an hour is taken.
		ask(true, 9, PerHour(70))
		ask(false, 0, PerHour(2))
		if r := ask(false, 0, PerHour(70).Burst(7)); r.RetryAfter > time.Hour/70+time.Microsecond || r.ResetAfter > time.Hour/10 {
			t.Errorf("a lower burst is fuller than full: %+v", r)
		}
		s.advance(time.Hour/70 + time.Microsecond)
		ask(true, 0, PerHour(70).Burst(7))
		ask(true, 59, PerMinute(60)) // anew

		for _, l := range []Limit{Window(9, time.Hour), Window(8, time.Hour), Window(12, time.Hour)} {
			ask(true, l.n-1, l)
			must(t, newLimiter(t, s.client, "api", l).Reset(t.Context(), "ann"))
		}
		for i := range 10 {
			ask(true, 11-i, Window(12, time.Hour))
		}
		ask(false, 0, Window(5, time.Hour))
		ask(true, 9, Window(20, time.Hour))
	})
}

// When the server's clock goes back, what was admitted stays admitted, and a limit is full
// at most: it does not wait for the clock to catch up.
func TestClockGoesBack(t *testing.T) {
	eachClock(t, func(t *testing.T, s store) {
		for _, limit := range []Limit{Rate(3, 7*time.Minute), Window(3, 7*time.Minute)} {
			l := newLimiter(t, s.client, "api", limit)
			for i := range 3 {
				want(t, l, "ann", true, 2-i)
			}
			s.advance(-5 * time.Hour)
			first := want(t, l, "ann", false, 0)
			if first.ResetAfter > 14*time.Minute {
				t.Errorf("%v: after the clock has gone back: %+v", limit, first)
			}
			s.advance(first.RetryAfter)
			want(t, l, "ann", true, 0)
			s.advance(14 * time.Minute)
			want(t, l, "ann", true, 2)
			s.advance(24 * time.Hour)
		}
	})
}

// No two limits of any names, keys, periods and algorithms share a key, and all of one key of a
// limiter have one hash tag.
func TestKeys(t *testing.T) {
	client := embedded(t).client
	awkward := []string{"", "a", "b", ":", "{", "}", "{}", "1", "1:", ":1", "1:a", "0:", "g1s", "g1s:1:a:", "\x00", "\xff", "é", strings.Repeat("x", 10_000)}
	r := random(t)
	piece := func() string { return awkward[r.IntN(len(awkward))] + awkward[r.IntN(len(awkward))] }
	seen := map[string]string{}
	for range 1000 {
		name, key := piece(), piece()
		l := newLimiter(t, client, name, PerSecond(1), Window(1, time.Second), Window(1, 10*time.Second))
		space := l.space(key)
		for i, k := range l.keys(nil, space, key) {
			id := fmt.Sprintf("%q %q %d", name, key, i)
			if other, ok := seen[k]; ok && other != id {
				t.Fatalf("%.100s and %.100s share %.200q", id, other, k)
			}
			seen[k] = id
			if !strings.HasPrefix(k, space) || strings.Index(k, "}") != len(space)-2 || !strings.HasPrefix(k, "{limit/") {
				t.Fatalf("%.200q has another hash tag than %s", k, space)
			}
		}
	}
	l := newLimiter(t, client, "\x00{}:\xff", PerSecond(2))
	for i, key := range awkward {
		want(t, l, key, true, 1)
		if n := client.Redis().DBSize(t.Context()).Val(); n != int64(i+1) {
			t.Fatalf("%d keys, want %d", n, i+1)
		}
	}
}

// Tenants, prefixes and names count apart.
func TestApart(t *testing.T) {
	client := shared(t)
	tenant, err := client.Tenant("acme")
	must(t, err)
	defer tenant.Close()
	for range 2 {
		for _, l := range []*Limiter{newLimiter(t, client, "api", PerDay(2)), newLimiter(t, tenant, "api", PerDay(2)), newLimiter(t, client, "login", PerDay(2))} {
			if r, err := l.Allow(t.Context(), "ann"); err != nil || !r.Allowed {
				t.Fatalf("%+v, %v", r, err)
			}
		}
	}
	want(t, newLimiter(t, tenant, "api", PerDay(2)), "ann", false, 0)
}

// Counts expire by themselves when they no longer matter, and take no more memory than the
// documentation says.
func TestMemory(t *testing.T) {
	s := redisd.Start(t, redisd.Clock())
	client := connect(t, repo.Config{URL: s.URL()})
	for _, test := range []struct {
		limit   Limit
		expires time.Duration // when N have been admitted
		bytes   int64
	}{
		{PerMinute(10), time.Minute, 104},
		{PerMinute(7).Burst(8), 8 * time.Minute / 7, 136},
		{Window(10, time.Minute), 2 * time.Minute, 136},
	} {
		l := newLimiter(t, client, "api", test.limit)
		const user = "018f3c5e-7d2a-7b3c-9e4d" // 23 bytes
		for range test.limit.N() {
			_, err := l.Allow(t.Context(), user)
			must(t, err)
		}
		key := l.keys(nil, l.space(user), user)[0]
		used := client.Redis().MemoryUsage(t.Context(), key).Val()
		t.Logf("%v: %d bytes, %q", test.limit, used, client.Redis().Get(t.Context(), key).Val())
		if used == 0 || used > test.bytes {
			t.Errorf("%v: a key takes %d bytes, want at most %d", test.limit, used, test.bytes)
		}
		ttl := client.Redis().PTTL(t.Context(), key).Val()
		if ttl > test.expires+time.Millisecond || ttl < test.expires-time.Minute-time.Second {
			t.Errorf("%v: the key expires in %v, want %v", test.limit, ttl, test.expires)
		}
		s.Advance(test.expires + 2*time.Millisecond)
		if n := client.Redis().Exists(t.Context(), key).Val(); n != 0 {
			t.Errorf("%v: the key has not expired", test.limit)
		}
	}
}

// With functions no script is evaluated.
func TestFunctions(t *testing.T) {
	s := redisd.Start(t, redisd.User("app", "secret", "~*", "+@all", "-eval", "-evalsha", "-script"))
	client := connect(t, repo.Config{URL: s.URL(), Functions: true})
	must(t, repo.LoadFunctions(t.Context(), client))
	l := newLimiter(t, client, "api", PerDay(2), Window(3, time.Hour))
	want(t, l, "ann", true, 1)
	if r, err := l.Peek(t.Context(), "ann"); err != nil || r.Remaining != 1 {
		t.Errorf("Peek: %+v, %v", r, err)
	}
	must(t, l.Reset(t.Context(), "ann"))
	want(t, l, "ann", true, 1)
	if results, err := Take(t.Context(), Request{l, "ann", 1}, Request{l, "bob", 2}); err != nil || !results[0].Allowed || !results[1].Allowed {
		t.Errorf("Take: %+v, %v", results, err)
	}
}

// Requests of many keys and limiters are one round trip, and each is decided by itself, in order.
func TestTake(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	client := shared(t)
	user, ip := newLimiter(t, client, "user", PerDay(2), PerHour(2)), newLimiter(t, client, "ip", Window(3, time.Hour*24*365))
	results, err := Take(t.Context(), Request{user, "ann", 1}, Request{ip, "ann", 3}, Request{user, "ann", 2}, Request{user, "ann", 1}, Request{ip, "ann", 1}, Request{user, "bob", 2})
	must(t, err)
	for i, allowed := range []bool{true, true, false, true, false, true} {
		if results[i].Allowed != allowed {
			t.Errorf("request %d: %+v, want %v", i, results[i], allowed)
		}
	}
	var many []Request
	for i := range 5*together + 1 {
		many = append(many, Request{user, strconv.Itoa(i), 1})
	}
	results, err = Take(t.Context(), many...)
	must(t, err)
	for i, r := range results {
		if !r.Allowed || r.Remaining != 1 {
			t.Errorf("request %d: %+v", i, r)
		}
	}
	if results, err = Take(t.Context()); len(results) != 0 || err != nil {
		t.Errorf("of nothing: %v, %v", results, err)
	}
	must(t, client.Close())
	var failed *repo.ManyError
	if _, err = Take(t.Context(), many...); !errors.Is(err, repo.ErrClosed) || !errors.As(err, &failed) || len(failed.Errs) != len(many) || failed.Errs[5*together] == nil {
		t.Errorf("closed: %v", err)
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := bubble(t)
		l := newLimiter(t, client, "api", Every(time.Minute).Burst(2))
		start := time.Now()
		for i, after := range []time.Duration{0, 0, time.Minute, 2 * time.Minute} {
			must(t, l.Wait(t.Context(), "ann"))
			if took := time.Since(start); took != after {
				t.Errorf("%d is admitted after %v, want %v", i, took, after)
			}
		}
		must(t, l.WaitN(t.Context(), "ann", 2))
		if took := time.Since(start); took != 4*time.Minute {
			t.Errorf("two are admitted after %v", took)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute-time.Microsecond)
		defer cancel()
		start = time.Now()
		if err := l.Wait(ctx, "ann"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 0 {
			t.Errorf("%v after %v, want an error at once", err, time.Since(start))
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := l.Wait(ctx, "ann"); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("%v after %v, want the end of the context", err, time.Since(start))
		}
		must(t, l.Wait(t.Context(), "ann"))
		if took := time.Since(start); took != time.Minute {
			t.Errorf("who gave up has been counted: admitted after %v", took)
		}
		must(t, client.Close())
	})
}
