package limit

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Rule has the requests of each key be limited.
type Rule struct {
	Limiter *Limiter
	// Key returns what a request counts for: a user, a tenant, an address. Default: ByIP.
	Key func(*http.Request) string
}

// Middleware limits the requests that come to a handler.
//
// A request that is refused gets status 429 and Retry-After. Every answer has the fields RateLimit-Policy and
// RateLimit of draft-ietf-httpapi-ratelimit-headers-10
// (https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10): a policy for each limit, with the
// name of its limiter, and -1, -2, … if that has several. All times are in seconds, rounded up.
type Middleware struct {
	// Rules all have to admit a request. They count by themselves: one that admits it counts it even if
	// another refuses it. All are asked in one round trip, on a cluster in one for each key at the same time.
	Rules []Rule
	// Skip tells which requests are not limited: those of a health check. Default: none.
	Skip func(*http.Request) bool
	// FailClosed refuses requests with status 503 when Redis cannot be asked. Default: they
	// are let through, for a limit is there to protect the service and not to take it down; set it where a request that is not counted does more harm than one that
	// is not answered, as with attempts to log in.
	FailClosed bool
	// Timeout is how long a request waits for Redis. Default 250 ms, which bounds how much slower requests are
	// while Redis is down.
	Timeout time.Duration
	// Denied answers a request that is refused; the header is set. Default: a line of text.
	Denied http.Handler
	// OnError is told why Redis could not be asked. Default: a warning in the log of slog.Default, once a second at most.
	OnError func(*http.Request, error)
}

// Wrap returns next behind the limits.
func (m Middleware) Wrap(next http.Handler) http.Handler {
	if m.Timeout <= 0 {
		m.Timeout = 250 * time.Millisecond
	}
	if m.Denied == nil {
		m.Denied = http.HandlerFunc(denied)
	}
	if m.OnError == nil {
		m.OnError = new(warner).warn
	}
	g := &gate{Middleware: m, next: next}
	var policies []string
	for _, rule := range m.Rules {
		for i, l := range rule.Limiter.limits {
			name := policyName(rule.Limiter, i)
			g.names = append(g.names, name)
			policies = append(policies, policy(name, l))
		}
	}
	g.policies = strings.Join(policies, ", ")
	return g
}

// gate is a middleware before a handler.
type gate struct {
	Middleware
	next     http.Handler
	names    []string // of the policies, as the fields have them
	policies string
}

// ServeHTTP lets a request through, or refuses it.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(g.Rules) == 0 || g.Skip != nil && g.Skip(r) {
		g.next.ServeHTTP(w, r)
		return
	}
	results, err := g.ask(r)
	switch {
	case err != nil && r.Context().Err() != nil: // nobody waits for the answer
	case err != nil:
		g.OnError(r, err)
		if g.FailClosed {
			http.Error(w, "The service cannot check its limits now. Try again later.", http.StatusServiceUnavailable)
			return
		}
		g.next.ServeHTTP(w, r)
	default:
		g.answer(w, r, results)
	}
}

// ask asks all limiters.
func (g *gate) ask(r *http.Request) ([]Result, error) {
	ctx, cancel := context.WithTimeout(r.Context(), g.Timeout)
	defer cancel()
	requests := make([]Request, len(g.Rules))
	for i, rule := range g.Rules {
		key := ByIP
		if rule.Key != nil {
			key = rule.Key
		}
		requests[i] = Request{rule.Limiter, key(r), 1}
	}
	return Take(ctx, requests...)
}

// answer tells of the limits, and has the next handler or Denied do the rest.
func (g *gate) answer(w http.ResponseWriter, r *http.Request, results []Result) {
	allowed, after, fields := true, time.Duration(0), make([]string, 0, len(g.names))
	for _, result := range results {
		allowed, after = allowed && result.Allowed, max(after, result.RetryAfter)
		for _, s := range result.States {
			fields = append(fields, g.names[len(fields)]+";r="+strconv.Itoa(s.Remaining)+";t="+seconds(s.ResetAfter))
		}
	}
	w.Header().Set("RateLimit-Policy", g.policies)
	w.Header().Set("RateLimit", strings.Join(fields, ", "))
	if allowed {
		g.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", seconds(after))
	g.Denied.ServeHTTP(w, r)
}

// denied is what answers a request by default that is refused.
func denied(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, fmt.Sprintf("Too many requests. Try again in %s s.", w.Header().Get("Retry-After")), http.StatusTooManyRequests)
}

// seconds returns a span in seconds, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// policyName returns the name of a limit as a string of structured fields (RFC 9651).
func policyName(l *Limiter, i int) string {
	name := l.name
	if len(l.limits) > 1 {
		name += "-" + strconv.Itoa(i+1)
	}
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, name)
	return `"` + plain + `"`
}

// policy returns what RateLimit-Policy has of a limit: how many, and in how many seconds
// if that is a whole number.
func policy(name string, l Limit) string {
	text := name + ";q=" + strconv.Itoa(l.N())
	if l.Period()%time.Second == 0 {
		text += ";w=" + seconds(l.Period())
	}
	return text
}

// ByIP returns the address that a request comes from; of an IPv6 address the first 64 bits,
// of which one customer has all the rest. Behind a proxy that is the proxy's: use
// a function then that reads the field which the proxy sets, and which clients cannot.
func ByIP(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr := at.Addr().Unmap().WithZone("")
	if addr.Is6() {
		net, _ := addr.Prefix(64)
		return net.String()
	}
	return addr.String()
}

// warner logs, once a second at most.
type warner struct{ last atomic.Int64 }

func (w *warner) warn(r *http.Request, err error) {
	now := time.Now().UnixNano()
	if last := w.last.Load(); now-last >= int64(time.Second) && w.last.CompareAndSwap(last, now) {
		slog.Default().WarnContext(r.Context(), "redisgen: requests are not limited as they should be", "error", err)
	}
}
