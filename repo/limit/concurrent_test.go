package limit

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// overrun returns where more was admitted than a limit allows; "" if nowhere. The times are in
// order.
func overrun(admitted []time.Time, l Limit) string {
	if l.window {
		return overrunWindow(admitted, l)
	}
	// From one to another, however far apart, at most the burst and what the time between them gives.
	for i, first := range admitted {
		for j := i; j < len(admitted); j++ {
			span := admitted[j].Sub(first).Microseconds()
			if given := int64(l.burst) + span*int64(l.n)/l.period.Microseconds(); int64(j-i+1) > given {
				return fmt.Sprintf("%d in %d µs, at most %d are allowed", j-i+1, span, given)
			}
		}
	}
	return ""
}

func overrunWindow(admitted []time.Time, l Limit) string {
	windows := map[int64]int{}
	for i, first := range admitted {
		if n := windows[first.UnixMilli()/l.period.Milliseconds()] + 1; n > l.n {
			return fmt.Sprintf("%d in the window of %v", n, first)
		}
		windows[first.UnixMilli()/l.period.Milliseconds()]++
		end, _ := slices.BinarySearchFunc(admitted, first.Add(l.period), time.Time.Compare)
		if n := end - i; n >= 2*l.n {
			return fmt.Sprintf("%d in %v from %v", n, l.period, first)
		}
	}
	return ""
}

// What checks spans finds those with too many.
func TestOverrun(t *testing.T) {
	at := func(ms ...int64) (list []time.Time) {
		for _, m := range ms {
			list = append(list, time.UnixMilli(m))
		}
		return list
	}
	for _, test := range []struct {
		limit    Limit
		admitted []time.Time
		over     bool
	}{
		{PerSecond(2), at(0, 0, 500, 1000), false},
		{PerSecond(2), at(0, 0, 499), true},
		{PerSecond(2), at(0, 500, 500, 999), true},
		{Window(2, time.Second), at(0, 999, 1000), false},
		{Window(2, time.Second), at(0, 500, 999), true},
		{Window(2, time.Second), at(999, 999, 1000, 1998), true},
		{Window(2, time.Second), at(999, 999, 1000, 1999), false},
	} {
		if reason := overrun(test.admitted, test.limit); (reason != "") != test.over {
			t.Errorf("%v, %v: %q", test.limit, test.admitted, reason)
		}
	}
}

// 64 goroutines of two programs, whose clocks are an hour apart, are never admitted more than the limit.
func TestManyGoroutines(t *testing.T) {
	s := redisd.Shared(t)
	at := func(d time.Duration) *repo.Client {
		return connect(t, repo.Config{URL: s.URL(), Prefix: s.Prefix(), PoolSize: 32, Clock: func() time.Time { return time.Now().Add(d) }})
	}
	clients := []*repo.Client{at(0), at(time.Hour)}
	for _, limit := range []Limit{Rate(700, time.Second).Burst(20), Window(30, 50*time.Millisecond), Rate(1, time.Hour).Burst(100)} {
		t.Run(limit.String(), func(t *testing.T) {
			var mu sync.Mutex
			var admitted []time.Time
			asked := 0
			var running sync.WaitGroup
			for g := range 64 {
				l := newLimiter(t, clients[g%2], "crowd"+limit.String(), limit)
				running.Go(func() {
					for i := range 60 {
						result, err := l.AllowN(t.Context(), "all", 1+i%2)
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						asked++
						if result.Allowed {
							admitted = append(admitted, slices.Repeat([]time.Time{result.At}, 1+i%2)...)
						}
						mu.Unlock()
					}
				})
			}
			running.Wait()
			slices.SortFunc(admitted, time.Time.Compare)
			t.Logf("%d requests, %d admitted in %v", asked, len(admitted), admitted[len(admitted)-1].Sub(admitted[0]))
			if len(admitted) < limit.N() || len(admitted) >= asked {
				t.Errorf("%d of %d requests admitted: this shows little", len(admitted), asked)
			}
			wantSpans(t, admitted, limit)
			if limit.n == 1 && len(admitted) != 100 {
				t.Errorf("%d admitted, want 100", len(admitted))
			}
		})
	}
}

// The bound of a sliding window is reached: all at the end of a window, and then one as soon as it is admitted.
func TestWindowWorstCase(t *testing.T) {
	s := embedded(t)
	const n = 20
	l := newLimiter(t, s.client, "api", Window(n, time.Second))
	s.advance(999 * time.Millisecond)
	var admitted []time.Time
	for range 4 * n {
		result, err := l.Allow(t.Context(), "ann")
		must(t, err)
		if result.Allowed {
			admitted = append(admitted, result.At)
		} else {
			s.advance(result.RetryAfter)
		}
	}
	wantSpans(t, admitted, l.limits[0])
	in := 0
	for _, at := range admitted {
		if at.Before(admitted[0].Add(time.Second)) {
			in++
		}
	}
	if in != 2*n-1 {
		t.Errorf("%d in a second, want %d", in, 2*n-1)
	}
}

// An exact sliding log in place of the counter would admit more, if what was admitted in the window before was early in it.
func TestWindowRefusesTooMuch(t *testing.T) {
	s := embedded(t)
	l := newLimiter(t, s.client, "api", Window(20, time.Second))
	if r, err := l.AllowN(t.Context(), "ann", 20); err != nil || !r.Allowed {
		t.Fatal(r, err)
	}
	s.advance(1500 * time.Millisecond)
	want(t, l, "ann", true, 20-20/2-1)
}
