package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo/tframex"
)

// A service that ends takes no more requests, ends its streams, and waits for answers.
func TestShutdown(t *testing.T) {
	leavesNothing(t)
	on := onServer(t)
	asked, said := make(chan struct{}), make(chan string)
	s := start(t, func(c *config) {
		on(c)
		c.agent = func(context.Context, string, []*tframex.Message) (string, error) {
			close(asked)
			return <-said, nil
		}
	})
	ann := s.as(t, "ann")
	talk := ann.create("x")
	live := ann.follow(talk, "")
	m := ann.post(talk, "Hello")
	<-asked
	stopped := make(chan error)
	go func() { stopped <- s.stop() }()
	live.wantEnd()
	select {
	case err := <-stopped:
		t.Errorf("it has ended before the answer: %v", err)
	case said <- "Good morning":
	}
	must(t, <-stopped)
	if _, err := ann.send("GET", "/", nil); err == nil {
		t.Error("it still answers")
	}

	// The client goes on elsewhere.
	after := start(t, on)
	ann = after.as(t, "ann")
	live = ann.follow(talk, "0")
	same(t, []messageEvent{live.wantNext(), live.wantNext()}, ann.messages(talk))
	if got := ann.ended(m.Flow); got.Status != "success" || got.Output != "Good morning" {
		t.Errorf("the flow is %+v", got)
	}
}

// An answer that takes longer than the service waits for is given up.
func TestShutdownGivesUp(t *testing.T) {
	leavesNothing(t)
	on := onServer(t)
	s := start(t, func(c *config) {
		on(c)
		c.drain = 20 * time.Millisecond
		c.agent = func(ctx context.Context, _ string, _ []*tframex.Message) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}
	})
	ann := s.as(t, "ann")
	m := ann.post(ann.create("x"), "Hello")
	must(t, s.stop())
	if got := start(t, on).as(t, "ann").ended(m.Flow); got.Status != "failed" || !strings.Contains(got.Error, "context canceled") {
		t.Errorf("the flow is %+v", got)
	}
}

// While the store cannot be reached, requests fail in time, and say so.
func TestStoreIsDown(t *testing.T) {
	leavesNothing(t)
	on, proxy := onServer(t), faultproxy.Start(t, redisd.Shared(t).Addr())
	s := start(t, func(c *config) {
		on(c)
		c.redis, c.requestTimeout = "redis://"+proxy.Addr(), 500*time.Millisecond
	})
	ann := s.as(t, "ann")
	proxy.Down()
	ann.want(http.StatusServiceUnavailable, "GET", "/healthz", nil)
	a := ann.want(http.StatusServiceUnavailable, "GET", "/api/session", nil)
	if want := `{"error":"the store cannot be reached; try again later"}` + "\n"; a.body != want {
		t.Errorf("answer: %s", a.body)
	}
	proxy.Up(t)
	until(t, "an answer", func() bool {
		a, err := ann.send("GET", "/api/session", nil)
		return err == nil && a.status == http.StatusOK
	})
	ann.want(http.StatusOK, "GET", "/healthz", nil)
}

// The command serves until it is told to end.
func TestRun(t *testing.T) {
	leavesNothing(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	done := make(chan error)
	go func() { done <- run(ctx, []string{"-addr", "127.0.0.1:0"}, w) }()
	line := make([]byte, 1000)
	n, err := r.Read(line)
	must(t, err)
	url := regexp.MustCompile(`http://[^:]+:\d+`).FindString(string(line[:n]))
	got, err := http.Get(url + "/healthz")
	must(t, err)
	_ = got.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	cancel()
	must(t, <-done)
	if got.StatusCode != http.StatusOK {
		t.Errorf("health: %s", got.Status)
	}
}

// What the command cannot do, it says, without passwords.
func TestRunFails(t *testing.T) {
	leavesNothing(t)
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, &out); err != nil || !strings.Contains(out.String(), "-redis") {
		t.Errorf("help: %v, %s", err, &out)
	}
	for _, args := range [][]string{{"-addr", "nowhere"}, {"-unknown"}, {"-addr", "127.0.0.1:0", "-redis", "redis://:geheim@127.0.0.1:1"}} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if err := run(ctx, args, &out); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: %v", args, err)
		}
		cancel()
	}
}
