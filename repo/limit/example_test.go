package limit_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/limit"
)

var ctx = context.Background()

// check ends an example that does not go as it should.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// store is a store in this process, whose clock the examples set.
type store struct {
	*repo.Client
	server *miniredis.Miniredis
	now    time.Time
}

func open() *store {
	server, err := miniredis.Run()
	check(err)
	client, err := repo.Open(ctx, repo.Config{Addrs: []string{server.Addr()}})
	check(err)
	s := &store{client, server, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	server.ClockTTL(true)
	server.SetTime(s.now)
	return s
}

func (s *store) close() {
	check(s.Close())
	s.server.Close()
}

func (s *store) pass(d time.Duration) {
	s.now = s.now.Add(d)
	s.server.SetTime(s.now)
}

func ExampleNew() {
	client := open()
	defer client.close()

	// Ten a second, twenty at once; and a thousand a day.
	limiter, err := limit.New(client.Client, "api", limit.PerSecond(10).Burst(20), limit.PerDay(1000))
	check(err)
	result, err := limiter.Allow(ctx, "ann")
	check(err)
	fmt.Println(result.Allowed, result.Remaining, "of", result.Limit)
	// Output: true 19 of 10 per 1s, burst 20
}

func ExampleLimiter_Allow() {
	client := open()
	defer client.close()
	logins, err := limit.New(client.Client, "login", limit.PerMinute(2))
	check(err)

	for range 3 {
		result, err := logins.Allow(ctx, "ann")
		check(err)
		fmt.Println(result.Allowed, result.Remaining, result.RetryAfter)
	}
	client.pass(30 * time.Second)
	result, err := logins.Allow(ctx, "ann")
	check(err)
	fmt.Println(result.Allowed, result.ResetAfter)
	// Output:
	// true 1 0s
	// true 0 0s
	// false 0 30s
	// true 1m0s
}

func ExampleLimiter_AllowN() {
	client := open()
	defer client.close()
	upload, err := limit.New(client.Client, "megabytes", limit.PerHour(100))
	check(err)

	result, err := upload.AllowN(ctx, "ann", 70)
	check(err)
	fmt.Println(result.Allowed, result.Remaining)
	result, err = upload.AllowN(ctx, "ann", 40) // all or none
	check(err)
	fmt.Println(result.Allowed, result.Remaining, result.RetryAfter)
	_, err = upload.AllowN(ctx, "ann", 101)
	fmt.Println(errors.Is(err, limit.ErrTooMany))
	// Output:
	// true 30
	// false 30 6m0s
	// true
}

func ExampleLimiter_Peek() {
	client := open()
	defer client.close()
	limiter, err := limit.New(client.Client, "mails", limit.PerDay(5))
	check(err)

	_, err = limiter.AllowN(ctx, "ann", 2)
	check(err)
	result, err := limiter.Peek(ctx, "ann")
	check(err)
	fmt.Println(result.Remaining)
	check(limiter.Reset(ctx, "ann"))
	result, err = limiter.Peek(ctx, "ann")
	check(err)
	fmt.Println(result.Remaining)
	// Output:
	// 3
	// 5
}

func ExampleLimiter_Wait() {
	client := open()
	defer client.close()
	calls, err := limit.New(client.Client, "weather service", limit.Every(time.Hour))
	check(err)

	check(calls.Wait(ctx, "all")) // at once
	soon, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = calls.Wait(soon, "all") // an error at once, for it would take an hour
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

func ExampleWindow() {
	client := open()
	defer client.close()
	limiter, err := limit.New(client.Client, "search", limit.Window(100, time.Minute))
	check(err)

	_, err = limiter.AllowN(ctx, "ann", 80)
	check(err)
	client.pass(75 * time.Second) // three quarters of the minute before still count
	result, err := limiter.Peek(ctx, "ann")
	check(err)
	fmt.Println(result.Remaining)
	// Output: 40
}

func ExampleTake() {
	client := open()
	defer client.close()
	perUser, err := limit.New(client.Client, "user", limit.PerSecond(5))
	check(err)
	perHost, err := limit.New(client.Client, "host", limit.PerSecond(50))
	check(err)

	results, err := limit.Take(ctx,
		limit.Request{Limiter: perUser, Key: "ann", N: 1},
		limit.Request{Limiter: perUser, Key: "bob", N: 2},
		limit.Request{Limiter: perHost, Key: "192.0.2.1", N: 3},
	)
	check(err)
	for _, result := range results {
		fmt.Println(result.Allowed, result.Remaining)
	}
	// Output:
	// true 4
	// true 3
	// true 47
}

func ExampleMiddleware() {
	client := open()
	defer client.close()
	limiter, err := limit.New(client.Client, "api", limit.PerMinute(1))
	check(err)
	middleware := limit.Middleware{
		Rules: []limit.Rule{{Limiter: limiter, Key: func(r *http.Request) string { return r.Header.Get("X-User") }}},
		Skip:  func(r *http.Request) bool { return r.URL.Path == "/health" },
	}
	server := httptest.NewServer(middleware.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "hello")
	})))
	defer server.Close()

	for range 2 {
		response, err := http.Get(server.URL)
		check(err)
		check(response.Body.Close())
		fmt.Printf("%d, RateLimit: %s, Retry-After: %q\n", response.StatusCode, response.Header.Get("RateLimit"), response.Header.Get("Retry-After"))
	}
	// Output:
	// 200, RateLimit: "api";r=0;t=60, Retry-After: ""
	// 429, RateLimit: "api";r=0;t=60, Retry-After: "60"
}
