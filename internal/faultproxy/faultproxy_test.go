package faultproxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
)

// fixture is a server, a proxy before it, and a client of each.
type fixture struct {
	proxy   *faultproxy.Proxy
	proxied *redis.Client // never retries by itself
	direct  *redis.Client
	key     string
}

func setup(t *testing.T, change ...func(*redis.Options)) fixture {
	t.Helper()
	server := redisd.Shared(t)
	proxy := faultproxy.Start(t, server.Addr())
	options := server.Options()
	options.Addr = proxy.Addr()
	for _, f := range change {
		f(options)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return fixture{proxy, client, server.Client(), server.Prefix() + "k"}
}

func (f fixture) wantCounter(t *testing.T, want int) {
	t.Helper()
	if got, err := f.direct.Get(t.Context(), f.key).Int(); got != want || err != nil && err != redis.Nil {
		t.Errorf("the counter is %d, %v, want %d", got, err, want)
	}
}

var incr = redis.NewScript("return redis.call('INCRBY', KEYS[1], ARGV[1])")

func TestPassThrough(t *testing.T) {
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprintf("RESP%d", protocol), func(t *testing.T) {
			f := setup(t, func(o *redis.Options) { o.Protocol = protocol })
			big := strings.Repeat("x\r\n", 1<<20)
			if err := f.proxied.HSet(t.Context(), f.key, "big", big, "empty", "", "n", 1.5).Err(); err != nil {
				t.Fatal(err)
			}
			got, err := f.proxied.HGetAll(t.Context(), f.key).Result()
			if want := map[string]string{"big": big, "empty": "", "n": "1.5"}; !maps.Equal(got, want) || err != nil {
				t.Errorf("HGETALL differs from what HSET wrote, %v", err)
			}
			if err := f.proxied.Get(t.Context(), f.key+"absent").Err(); err != redis.Nil {
				t.Errorf("GET of an absent key: %v", err)
			}
			if err := f.proxied.Get(t.Context(), f.key).Err(); !redis.HasErrorPrefix(err, "WRONGTYPE") {
				t.Errorf("GET of a hash: %v", err)
			}
			nested, err := f.proxied.Eval(t.Context(), "return {1, {2, {}, false}, 'x'}", nil).Result()
			if want := "[1 [2 [] <nil>] x]"; fmt.Sprint(nested) != want || err != nil {
				t.Errorf("EVAL = %v, %v, want %s", nested, err, want)
			}
			commands, err := f.proxied.Command(t.Context()).Result()
			if err != nil || len(commands) < 100 {
				t.Errorf("COMMAND lists %d commands, %v", len(commands), err)
			}
		})
	}
}

func TestPubSub(t *testing.T) {
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprintf("RESP%d", protocol), func(t *testing.T) {
			f := setup(t, func(o *redis.Options) { o.Protocol = protocol })
			sub := f.proxied.Subscribe(t.Context(), f.key, f.key+"2")
			defer sub.Close()
			for range 2 {
				if _, err := sub.Receive(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for _, want := range []string{"one", "two"} {
				if n, err := f.proxied.Publish(t.Context(), f.key, want).Result(); n != 1 || err != nil {
					t.Errorf("PUBLISH = %d, %v", n, err)
				}
				if got, err := sub.ReceiveMessage(t.Context()); err != nil || got.Payload != want {
					t.Errorf("received %v, %v, want %s", got, err, want)
				}
			}
		})
	}
}

func TestDropReply(t *testing.T) {
	f := setup(t)
	f.proxy.DropReply(faultproxy.Command("incr"), 2)
	if n, err := f.proxied.Incr(t.Context(), f.key).Result(); n != 1 || err != nil {
		t.Errorf("the first INCR = %d, %v", n, err)
	}
	if err := f.proxied.Incr(t.Context(), f.key).Err(); !errors.Is(err, io.EOF) {
		t.Errorf("the second INCR: %v, want EOF", err)
	}
	f.wantCounter(t, 2) // the server has executed it
	if n, err := f.proxied.Incr(t.Context(), f.key).Result(); n != 3 || err != nil {
		t.Errorf("the third INCR = %d, %v", n, err)
	}
	if n := f.proxy.Faults(); n != 1 {
		t.Errorf("Faults() = %d, want 1", n)
	}
}

// A client that retries by itself executes a script again, as many times as its reply is lost.
func TestDropReplyOfScript(t *testing.T) {
	f := setup(t, func(o *redis.Options) { o.MaxRetries, o.MinRetryBackoff = 3, -1 })
	if err := incr.Load(t.Context(), f.proxied).Err(); err != nil {
		t.Fatal(err)
	}
	f.proxy.DropReply(faultproxy.Command("EVALSHA"), 1, 2, 3)
	if n, err := incr.Run(t.Context(), f.proxied, []string{f.key}, 1).Int(); n != 4 || err != nil {
		t.Errorf("EVALSHA = %d, %v", n, err)
	}
	f.wantCounter(t, 4)
	if n := f.proxy.Count("evalsha"); n != 4 {
		t.Errorf("Count(evalsha) = %d, want 4", n)
	}
}

func TestDropReplyInPipeline(t *testing.T) {
	f := setup(t)
	f.proxy.DropReply(func(args []string) bool { return args[0] == "INCRBY" && args[2] == "100" })
	conn, err := net.Dial("tcp", f.proxy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	pipeline := fmt.Sprintf("INCRBY %[1]s 1\r\nINCRBY %[1]s 100\r\nINCRBY %[1]s 10000\r\n", f.key)
	if _, err := io.WriteString(conn, pipeline); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); string(got) != ":1\r\n" || err != nil {
		t.Errorf("read %q, %v, want the reply before the lost one", got, err)
	}
	f.wantCounter(t, 10101)
}

func TestHoldReply(t *testing.T) {
	f := setup(t, func(o *redis.Options) { o.ContextTimeoutEnabled = true })
	f.proxy.HoldReply(faultproxy.Command("INCR"))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var timeout net.Error
	if err := f.proxied.Incr(ctx, f.key).Err(); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("INCR: %v, want a timeout", err)
	}
	if deadline, _ := ctx.Deadline(); time.Now().Before(deadline) {
		t.Error("INCR ended before its deadline")
	}
	f.wantCounter(t, 1)
	if n, err := f.proxied.Incr(t.Context(), f.key).Result(); n != 2 || err != nil {
		t.Errorf("INCR on a new connection = %d, %v", n, err)
	}
}

func TestDropRequest(t *testing.T) {
	f := setup(t)
	f.proxy.DropRequest(faultproxy.Command("INCR"))
	if err := f.proxied.Incr(t.Context(), f.key).Err(); err == nil {
		t.Error("INCR that was to be lost has a reply")
	}
	f.wantCounter(t, 0)
	if n, err := f.proxied.Incr(t.Context(), f.key).Result(); n != 1 || err != nil {
		t.Errorf("the next INCR = %d, %v", n, err)
	}
	if n := f.proxy.Faults(); n != 1 {
		t.Errorf("Faults() = %d, want 1", n)
	}
}

func TestFaultsCountOverConnections(t *testing.T) {
	f := setup(t, func(o *redis.Options) { o.PoolSize = 8 })
	f.proxy.DropReply(faultproxy.Any, 1)
	f.proxy.Reset()
	f.proxy.DropReply(faultproxy.Command("INCR"), 20)
	const workers, each = 8, 5
	failed := make(chan int)
	for range workers {
		go func() {
			n := 0
			for range each {
				if f.proxied.Incr(t.Context(), f.key).Err() != nil {
					n++
				}
			}
			failed <- n
		}()
	}
	total := 0
	for range workers {
		total += <-failed
	}
	if total != 1 {
		t.Errorf("%d commands failed, want 1", total)
	}
	f.wantCounter(t, workers*each)
}

func TestCut(t *testing.T) {
	f := setup(t)
	conn := f.proxied.Conn()
	defer conn.Close()
	if err := conn.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	f.proxy.Cut()
	if err := conn.Ping(t.Context()).Err(); err == nil {
		t.Error("a cut connection answers")
	}
	fresh := f.proxied.Conn()
	defer fresh.Close()
	if err := fresh.Ping(t.Context()).Err(); err != nil {
		t.Errorf("a new connection: %v", err)
	}
}

func TestDownAndUp(t *testing.T) {
	f := setup(t)
	if err := f.proxied.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	addr := f.proxy.Addr()
	f.proxy.Down()
	if _, err := net.Dial("tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dialling a proxy that is down: %v", err)
	}
	f.proxy.Up(t)
	fresh := f.proxied.Conn()
	defer fresh.Close()
	if err := fresh.Ping(t.Context()).Err(); err != nil || f.proxy.Addr() != addr {
		t.Errorf("after Up at %s, was %s: %v", f.proxy.Addr(), addr, err)
	}
}

func TestLatency(t *testing.T) {
	f := setup(t)
	if err := f.proxied.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	const latency, commands = 50 * time.Millisecond, 40
	f.proxy.Latency(latency)
	start := time.Now()
	pipe := f.proxied.Pipeline()
	for range commands {
		pipe.Incr(t.Context(), f.key)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	// go-redis keeps connections of its own for pipelines and greets the server on a new one: some round trips, not 40.
	if took := time.Since(start); took < latency || took > commands*latency/2 {
		t.Errorf("a pipeline of %d commands took %v with a latency of %v", commands, took, latency)
	}
	f.proxy.Reset()
	f.wantCounter(t, commands)
}

func TestCounts(t *testing.T) {
	f := setup(t)
	for range 3 {
		f.proxied.Incr(t.Context(), f.key)
	}
	f.proxied.Get(t.Context(), f.key)
	counts := f.proxy.Counts()
	if counts["INCR"] != 3 || counts["GET"] != 1 || counts["SET"] != 0 {
		t.Errorf("Counts() = %v", counts)
	}
	f.proxy.Reset()
	if n := f.proxy.Count("INCR"); n != 0 {
		t.Errorf("Count(INCR) = %d after Reset", n)
	}
}

func TestServerClosesAfterReply(t *testing.T) {
	f := setup(t)
	conn, err := net.Dial("tcp", f.proxy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\nQUIT\r\n"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if want := "+PONG\r\n$2\r\n\r\n\r\n+OK\r\n"; string(got) != want || err != nil {
		t.Errorf("read %q, %v, want %q", got, err, want)
	}
}
