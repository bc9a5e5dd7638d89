package limit

import (
	"context"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
)

// bubble returns a client of a store in this process, in a bubble of testing/synctest: both go by its
// clock.
func bubble(t *testing.T) *repo.Client {
	t.Helper()
	server := miniredis.NewMiniRedis()
	server.ClockTTL(true)
	t.Cleanup(server.Close)
	client, err := repo.Open(t.Context(), repo.Config{
		Addrs:         []string{"127.0.0.1:1"},
		SweepInterval: -1,
		Dialer:        func(context.Context, string, string) (net.Conn, error) { return server.Dial() },
	})
	must(t, err)
	return client
}

// A month of requests, now and then in bursts, is admitted as the model says; and each day and each window no more than its limit. Then
// all is forgotten.
func TestMonth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := bubble(t)
		r := rand.New(rand.NewPCG(30, 0)) // the same month each time
		p := pair{limiter: newLimiter(t, client, "api", PerHour(7).Burst(3), PerDay(100).Burst(50), Window(60, 24*time.Hour))}
		for _, l := range p.limiter.limits {
			p.models = append(p.models, newModel(l))
		}
		start := time.Now()
		var asked, refused int
		var admitted []time.Time
		for end := start.Add(30 * 24 * time.Hour); time.Now().Before(end); {
			result, err := p.limiter.Allow(t.Context(), "ann")
			must(t, err)
			now, all := result.At.UnixMicro(), true
			if !result.At.Equal(time.Now()) {
				t.Fatalf("it is %v for the server, and %v here", result.At, time.Now())
			}
			for _, m := range p.models {
				all = all && m.admits(now, 1)
			}
			if result.Allowed != all {
				t.Fatalf("after %v: %+v, want %v", time.Since(start), result, all)
			}
			asked++
			if all {
				admitted = append(admitted, result.At)
				for _, m := range p.models {
					m.count(now, 1)
				}
			} else {
				refused++
			}
			switch r.IntN(5) {
			case 0: // a burst
			case 1:
				time.Sleep(result.RetryAfter)
			default:
				time.Sleep(time.Duration(r.ExpFloat64()*25*60*1e6) * time.Microsecond)
			}
		}
		t.Logf("%d asked, %d refused", asked, refused)
		if refused < asked/10 || len(admitted) < asked/10 {
			t.Errorf("of %d requests %d are refused: this shows little", asked, refused)
		}
		wantSpans(t, admitted, PerHour(7).Burst(3))
		wantSpans(t, admitted, PerDay(100).Burst(50))
		wantSpans(t, admitted, Window(60, 24*time.Hour))
		time.Sleep(48*time.Hour + time.Millisecond)
		if n := client.Redis().DBSize(t.Context()).Val(); n != 0 {
			t.Errorf("%d keys are left", n)
		}
		must(t, client.Close())
	})
}

// wantSpans fails the test if in any span more was admitted than a limit allows.
func wantSpans(t *testing.T, admitted []time.Time, l Limit) {
	t.Helper()
	if reason := overrun(admitted, l); reason != "" {
		t.Errorf("%v: %s", l, reason)
	}
}
