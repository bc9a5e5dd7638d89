package repo

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/internal/redisd"
)

// open returns a client of a server, and what it logs.
func open(t *testing.T, config Config) (*Client, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	client, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client, &log
}

func TestHealth(t *testing.T) {
	server := redisd.Start(t, redisd.Config("maxmemory 64mb", "maxmemory-policy noeviction"))
	client, log := open(t, Config{URL: server.URL(), Prefix: "p:"})
	h, err := client.Health(t.Context())
	if err != nil || h.Latency <= 0 || len(h.Nodes) != 1 {
		t.Fatalf("%+v, %v", h, err)
	}
	n := h.Nodes[0]
	if n.Addr != server.Addr() || n.Version == "" || n.Role != "master" || n.Replicas != 0 || n.Lag != 0 ||
		n.UsedMemory <= 0 || n.MaxMemory != 64<<20 || n.EvictionPolicy != "noeviction" || n.Evicts() {
		t.Errorf("%+v", n)
	}
	if ttl := server.Client().PTTL(t.Context(), "p:{health}").Val(); ttl <= 0 || ttl > time.Second {
		t.Errorf("the key of the check lives %v", ttl)
	}
	if log.Len() > 0 {
		t.Errorf("logged: %s", log)
	}
}

func TestHealthOfEvictingServer(t *testing.T) {
	server := redisd.Start(t, redisd.Config("maxmemory 64mb", "maxmemory-policy allkeys-lru"))
	client, log := open(t, Config{URL: server.URL()})
	h, err := client.Health(t.Context())
	if err != nil || !h.Nodes[0].Evicts() {
		t.Errorf("%+v, %v", h, err)
	}
	if text := log.String(); !strings.Contains(text, "noeviction") || !strings.Contains(text, "policy=allkeys-lru") || !strings.Contains(text, server.Addr()) {
		t.Errorf("logged %q", text)
	}
}

// A PING would not show that writes fail.
func TestHealthOfServerThatRefusesWrites(t *testing.T) {
	server := redisd.Start(t, redisd.Config("min-replicas-to-write 1"))
	client, _ := open(t, Config{URL: server.URL(), MaxRetries: -1})
	if err := client.Redis().Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "redisgen: health: NOREPLICAS") {
		t.Errorf("health: %v", err)
	}
}

func TestHealthOfReplicas(t *testing.T) {
	t.Parallel() // a replica takes its time to connect
	primary := redisd.Start(t, redisd.Config("repl-diskless-sync-delay 0"))
	host, port, _ := strings.Cut(primary.Addr(), ":")
	replica := redisd.Start(t, redisd.Config("replicaof "+host+" "+port))
	client, _ := open(t, Config{URL: primary.URL()})
	const megabyte = 1 << 20
	reaches := func(what string, holds func(NodeHealth) bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			h, err := client.Health(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if holds(h.Nodes[0]) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("still not %s: %+v", what, h)
			}
		}
	}
	reaches("in step", func(n NodeHealth) bool { return n.Replicas == 1 && n.Lag < megabyte })
	replica.Pause()
	if err := primary.Client().Set(t.Context(), "big", make([]byte, megabyte), 0).Err(); err != nil {
		t.Fatal(err)
	}
	reaches("behind", func(n NodeHealth) bool { return n.Replicas == 1 && n.Lag >= megabyte })
	replica.Resume()
	reaches("in step again", func(n NodeHealth) bool { return n.Lag < megabyte })
}

func TestHealthOverSocket(t *testing.T) {
	server := redisd.Start(t, redisd.Unix())
	client, _ := open(t, Config{URL: server.URL()})
	if h, err := client.Health(t.Context()); err != nil || len(h.Nodes) != 1 || h.Nodes[0].Addr != server.Addr() {
		t.Errorf("%+v, %v", h, err)
	}
}

// What a server does not tell, or forbids to ask, is no sign of bad health.
func TestHealthWithoutInfo(t *testing.T) {
	server := redisd.Start(t, redisd.User("app", "s3cret", "~*", "+@all", "-info"))
	client, _ := open(t, Config{URL: server.URL()})
	if h, err := client.Health(t.Context()); err != nil || len(h.Nodes) != 1 || h.Nodes[0].Role != "" || h.Nodes[0].Evicts() {
		t.Errorf("%+v, %v", h, err)
	}
	embedded, _ := open(t, Config{Addrs: []string{miniredis.RunT(t).Addr()}})
	if h, err := embedded.Health(t.Context()); err != nil || len(h.Nodes) != 1 {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestHealthOfLostServer(t *testing.T) {
	server := miniredis.RunT(t)
	client, _ := open(t, Config{Addrs: []string{server.Addr()}, MaxRetries: -1})
	server.Close()
	if _, err := client.Health(t.Context()); err == nil {
		t.Error("a server that is gone is in good health")
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Health(t.Context()); err == nil || !strings.Contains(err.Error(), ErrClosed.Error()) {
		t.Errorf("a closed client: %v", err)
	}
}

func TestOpenRefused(t *testing.T) {
	server := redisd.Start(t, redisd.Password("s3cret"))
	for _, password := range []string{"", "wr0ng"} {
		_, err := Open(t.Context(), Config{Addrs: []string{server.Addr()}, Password: password, MaxRetries: -1})
		if err == nil || !strings.Contains(err.Error(), server.Addr()) || password != "" && strings.Contains(err.Error(), password) {
			t.Errorf("password %q: %v", password, err)
		}
	}
}
