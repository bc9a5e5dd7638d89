package limit

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
)

func TestLimits(t *testing.T) {
	for _, test := range []struct {
		limit  Limit
		n      int
		period time.Duration
		text   string
	}{
		{PerSecond(10), 10, time.Second, "10 per 1s, burst 10"},
		{PerMinute(30), 30, time.Minute, "30 per 1m0s, burst 30"},
		{PerHour(7), 7, time.Hour, "7 per 1h0m0s, burst 7"},
		{PerDay(1000), 1000, 24 * time.Hour, "1000 per 24h0m0s, burst 1000"},
		{PerMinute(60).Burst(5), 5, 5 * time.Second, "60 per 1m0s, burst 5"},
		{PerSecond(3).Burst(1), 1, 333_334 * time.Microsecond, "3 per 1s, burst 1"},
		{Every(150 * time.Millisecond), 1, 150 * time.Millisecond, "1 per 150ms, burst 1"},
		{Every(time.Second).Burst(4), 4, 4 * time.Second, "1 per 1s, burst 4"},
		{Rate(1_000_003, 24*time.Hour), 1_000_003, 24 * time.Hour, "1000003 per 24h0m0s, burst 1000003"},
		{Rate(mostN, 24*time.Hour), mostN, 24 * time.Hour, "4503599627370496 per 24h0m0s, burst 4503599627370496"},
		{Window(100, time.Minute), 100, time.Minute, "100 per 1m0s, sliding"},
		{Window(exact/(24*60*60*1000), 24*time.Hour), 104249991, 24 * time.Hour, "104249991 per 24h0m0s, sliding"},
	} {
		if err := test.limit.check(); err != nil || test.limit.N() != test.n || test.limit.Period() != test.period || test.limit.String() != test.text {
			t.Errorf("%v: N %d, Period %v, %v; want %d, %v, %s", test.limit, test.limit.N(), test.limit.Period(), err, test.n, test.period, test.text)
		}
	}
}

func TestInvalid(t *testing.T) {
	client := embedded(t).client
	for _, bad := range [][]Limit{
		nil,
		{{}},
		{PerSecond(0)},
		{PerSecond(-1)},
		{PerSecond(1).Burst(0)},
		{PerSecond(1).Burst(-1)},
		{PerSecond(mostN + 1)},
		{PerSecond(1).Burst(mostN + 1)},
		{Rate(1, 0)},
		{Rate(1, -time.Second)},
		{Rate(1, time.Nanosecond)},
		{Rate(1, 1500*time.Nanosecond)},
		{Rate(1, math.MaxInt64)},
		{Every(longest)},
		{PerDay(1).Burst(36500)},
		{PerDay(1).Burst(mostN)},
		{Window(0, time.Second)},
		{Window(1, time.Microsecond)},
		{Window(1, 0)},
		{Window(1, time.Second).Burst(2)},
		{Window(exact/(24*60*60*1000)+1, 24*time.Hour)},
		{Window(1, math.MaxInt64)},
		{PerSecond(1), PerMinute(0)},
		{PerSecond(1), PerSecond(2)},
		{Window(1, time.Second), Window(2, time.Second)},
	} {
		if _, err := New(client, "x", bad...); !errors.Is(err, ErrInvalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if _, err := New(client, "x", PerSecond(1), Window(1, time.Second), PerDay(1).Burst(36499)); err != nil {
		t.Error(err)
	}
}

// What a limit never admits is an error, and nothing is sent.
func TestTooMany(t *testing.T) {
	s := embedded(t)
	l := newLimiter(t, s.client, "api", PerSecond(10), Window(5, time.Minute))
	must(t, s.client.Close())
	for n, want := range map[int]error{6: ErrTooMany, 11: ErrTooMany, 0: ErrInvalid, -1: ErrInvalid, 5: repo.ErrClosed} {
		if _, err := l.AllowN(t.Context(), "ann", n); !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", n, err, want)
		}
		if err := l.WaitN(t.Context(), "ann", n); !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", n, err, want)
		}
	}
	if _, err := Take(t.Context(), Request{l, "ann", 1}, Request{l, "bob", 6}); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
}
