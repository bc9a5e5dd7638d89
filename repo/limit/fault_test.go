package limit

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// A request whose reply is lost has been counted once, or not at all, and its error says that nobody knows. Asking
// again admits no more than the limit.
func TestLostReplies(t *testing.T) {
	s := redisd.Shared(t)
	proxy := faultproxy.Start(t, s.Addr())
	client := connect(t, repo.Config{Addrs: []string{proxy.Addr()}, Prefix: s.Prefix()})
	l := newLimiter(t, client, "lossy", PerDay(10))
	want(t, l, "ann", true, 9)
	script := faultproxy.Command("evalsha")

	proxy.DropReply(script)
	if r, err := l.Allow(t.Context(), "ann"); !errors.Is(err, repo.ErrUncertain) || r.Allowed {
		t.Errorf("reply lost: %+v, %v", r, err)
	}
	want(t, l, "ann", true, 7)
	proxy.DropRequest(script)
	if r, err := l.Allow(t.Context(), "ann"); !errors.Is(err, repo.ErrUncertain) || r.Allowed {
		t.Errorf("request lost: %+v, %v", r, err)
	}
	want(t, l, "ann", true, 6)
	for _, lose := range []func(faultproxy.Match, ...int){proxy.DropReply, proxy.DropRequest} {
		lose(script) // looking is repeated
		if r, err := l.Peek(t.Context(), "ann"); err != nil || r.Remaining != 6 {
			t.Errorf("Peek: %+v, %v", r, err)
		}
	}
	proxy.DropReply(script)
	must(t, l.Reset(t.Context(), "ann"))
	want(t, l, "ann", true, 9)
	must(t, client.Redis().ScriptFlush(t.Context()).Err())
	want(t, l, "ann", true, 8)
}

// When Redis is down, a middleware lets requests through or refuses them, as it is told, and neither takes
// long.
func TestMiddlewareWithoutRedis(t *testing.T) {
	s := redisd.Shared(t)
	proxy := faultproxy.Start(t, s.Addr())
	client := connect(t, repo.Config{Addrs: []string{proxy.Addr()}, Prefix: s.Prefix()})
	l := newLimiter(t, client, "down", PerSecond(1))
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	var told error
	onError := func(_ *http.Request, err error) { told = err }
	for _, down := range []struct {
		how     string
		by      func()
		restore func()
	}{
		{"refused", proxy.Down, func() { proxy.Up(t) }},
		{"silent", proxy.Sever, proxy.Heal},
	} {
		down.by()
		for closed, status := range map[bool]int{false: http.StatusNoContent, true: http.StatusServiceUnavailable} {
			told = nil
			h := Middleware{Rules: []Rule{{Limiter: l}}, FailClosed: closed, OnError: onError, Timeout: 50 * time.Millisecond}.Wrap(served)
			w, start := httptest.NewRecorder(), time.Now()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
			if took := time.Since(start); w.Code != status || told == nil || took > 2*time.Second {
				t.Errorf("%s, FailClosed %v: status %d after %v, %v", down.how, closed, w.Code, took, told)
			}
		}
		down.restore()
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	told = nil
	w := httptest.NewRecorder()
	Middleware{Rules: []Rule{{Limiter: l}}, OnError: onError}.Wrap(served).ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
	if told != nil || w.Code != http.StatusOK {
		t.Errorf("a request that is given up is served: status %d, %v", w.Code, told)
	}
}
