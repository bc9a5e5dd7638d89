package limit

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// get sends a request to a handler, and returns status, RateLimit, Retry-After and body.
func get(t *testing.T, h http.Handler, path, addr string) (int, string, string, string) {
	t.Helper()
	r, w := httptest.NewRequestWithContext(t.Context(), "GET", path, nil), httptest.NewRecorder()
	r.RemoteAddr = addr
	h.ServeHTTP(w, r)
	return w.Code, w.Header().Get("RateLimit"), w.Header().Get("Retry-After"), w.Body.String()
}

func TestMiddleware(t *testing.T) {
	s := embedded(t)
	h := Middleware{Rules: []Rule{{Limiter: newLimiter(t, s.client, "api", PerMinute(3).Burst(2))}}}.Wrap(http.NotFoundHandler())
	for _, test := range []struct {
		addr          string
		status        int
		fields, after string
		body          string
		advance       time.Duration
	}{
		{"192.0.2.1:1000", 404, `"api";r=1;t=20`, "", "404 page not found\n", 0},
		{"192.0.2.1:1001", 404, `"api";r=0;t=40`, "", "404 page not found\n", 0},
		{"192.0.2.1:1002", 429, `"api";r=0;t=40`, "20", "Too many requests. Try again in 20 s.\n", 1500 * time.Millisecond},
		{"192.0.2.1:1003", 429, `"api";r=0;t=39`, "19", "Too many requests. Try again in 19 s.\n", 18499 * time.Millisecond},
		{"192.0.2.1:1004", 429, `"api";r=0;t=21`, "1", "Too many requests. Try again in 1 s.\n", time.Millisecond},
		{"192.0.2.2:1000", 404, `"api";r=1;t=20`, "", "404 page not found\n", 0},
		{"192.0.2.1:1005", 404, `"api";r=0;t=40`, "", "404 page not found\n", 0},
	} {
		status, fields, after, body := get(t, h, "/", test.addr)
		if status != test.status || fields != test.fields || after != test.after || body != test.body {
			t.Errorf("%s: %d, %s, Retry-After %q, %q; want %+v", test.addr, status, fields, after, body, test)
		}
		s.advance(test.advance)
	}
}

// Many limits, each by its key, in one round trip; and the options.
func TestMiddlewareRules(t *testing.T) {
	s := embedded(t)
	path := func(r *http.Request) string { return r.URL.Path }
	m := Middleware{
		Rules: []Rule{
			{newLimiter(t, s.client, `a"b\c`+"\xffé", PerSecond(3).Burst(1), PerHour(10)), nil},
			{newLimiter(t, s.client, "path", Window(3, time.Hour)), path},
		},
		Skip:   func(r *http.Request) bool { return r.URL.Path == "/health" },
		Denied: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }),
	}
	h := m.Wrap(http.NotFoundHandler())
	if status, fields, _, _ := get(t, h, "/a", "[2001:db8::1]:1"); status != 404 || fields != `"a_b_c__-1";r=0;t=1, "a_b_c__-2";r=9;t=360, "path";r=2;t=7200` {
		t.Errorf("%d, %s", status, fields)
	}
	if status, _, after, _ := get(t, h, "/b", "[2001:db8::2]:1"); status != 418 || after != "1" { // the same 64 bits
		t.Errorf("by address: %d, Retry-After %s", status, after)
	}
	for _, addr := range []string{"[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1"} {
		if status, _, _, _ := get(t, h, "/a", addr); status != 404 {
			t.Errorf("%s: %d", addr, status)
		}
	}
	if status, _, after, _ := get(t, h, "/a", "[2001:db8:0:3::1]:1"); status != 418 || after != "4800" {
		t.Errorf("by path: %d, Retry-After %s", status, after)
	}
	if status, fields, _, _ := get(t, h, "/health", "[2001:db8::1]:1"); status != 404 || fields != "" {
		t.Errorf("skipped: %d, %s", status, fields)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/c", nil))
	if got := w.Header().Get("RateLimit-Policy"); got != `"a_b_c__-1";q=1, "a_b_c__-2";q=10;w=3600, "path";q=3;w=3600` {
		t.Errorf("RateLimit-Policy: %s", got)
	}
	if status, fields, _, _ := get(t, Middleware{}.Wrap(http.NotFoundHandler()), "/", "192.0.2.1:1"); status != 404 || fields != "" {
		t.Errorf("without rules: %d, %s", status, fields)
	}
}

func TestByIP(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1:80":                   "192.0.2.1",
		"[::ffff:192.0.2.1]:80":          "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:80":      "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80":              "fe80::/64",
		"@":                              "@",
		"":                               "",
		"[2001:db8:1:2:ffff:4:5:6]:8080": "2001:db8:1:2::/64",
	} {
		if got := ByIP(&http.Request{RemoteAddr: addr}); got != want {
			t.Errorf("%q: %q, want %q", addr, got, want)
		}
	}
}

// By default a failure is logged, once a second at most, and the key is not in it.
func TestWarning(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	s := embedded(t)
	h := Middleware{Rules: []Rule{{newLimiter(t, s.client, "api", PerSecond(1)), func(*http.Request) string { return "s3cret" }}}}.Wrap(http.NotFoundHandler())
	must(t, s.client.Close())
	for range 3 {
		if status, _, _, _ := get(t, h, "/", "192.0.2.1:1"); status != 404 {
			t.Errorf("status %d", status)
		}
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=WARN") || strings.Contains(text, "s3cret") {
		t.Errorf("log: %s", text)
	}
}
