package faultproxy_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
)

// timesOut checks that err says that there was no answer in time.
func timesOut(t *testing.T, what string, err error) {
	t.Helper()
	var timeout net.Error
	if !errors.Is(err, context.DeadlineExceeded) && !(errors.As(err, &timeout) && timeout.Timeout()) {
		t.Errorf("%s: %v, want a timeout", what, err)
	}
}

func TestSever(t *testing.T) {
	f := setup(t, func(o *redis.Options) { o.ReadTimeout, o.PoolSize = 50*time.Millisecond, 1 })
	if err := f.proxied.Set(t.Context(), f.key, 0, 0).Err(); err != nil {
		t.Fatal(err)
	}
	f.proxy.Sever()
	timesOut(t, "on an open connection", f.proxied.Incr(t.Context(), f.key).Err())
	timesOut(t, "on a new connection", f.proxied.Incr(t.Context(), f.key).Err())
	f.wantCounter(t, 0)
	f.proxy.Heal()
	// What was sent before arrives late, though the client is gone.
	deadline := time.Now().Add(10 * time.Second)
	for n := 0; n == 0; n, _ = f.direct.Get(t.Context(), f.key).Int() {
		if time.Now().After(deadline) {
			t.Fatal("what was under way has not arrived")
		}
	}
	if err := f.proxied.Ping(t.Context()).Err(); err != nil {
		t.Errorf("after healing: %v", err)
	}
}

// A reply that was under way arrives after healing, on the connection that waits for it.
func TestSeveredReply(t *testing.T) {
	f := setup(t)
	if err := f.proxied.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	f.proxy.Latency(100 * time.Millisecond)
	result := make(chan error)
	go func() { result <- f.proxied.Incr(t.Context(), f.key).Err() }()
	for deadline := time.Now().Add(10 * time.Second); f.direct.Get(t.Context(), f.key).Err() != nil; {
		if time.Now().After(deadline) {
			t.Fatal("the command has not arrived")
		}
	}
	f.proxy.Sever()
	select {
	case err := <-result:
		t.Fatalf("a reply over a severed connection: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	f.proxy.Heal()
	if err := <-result; err != nil {
		t.Error(err)
	}
	f.wantCounter(t, 1)
}

func TestNetwork(t *testing.T) {
	one, two := redisd.Start(t), redisd.Start(t)
	network := faultproxy.NewNetwork(t)
	open := func(server *redisd.Server) *redis.Client {
		options := server.Options()
		options.Dialer = network.Dial
		options.DialTimeout, options.ReadTimeout = 50*time.Millisecond, 50*time.Millisecond
		client := redis.NewClient(options)
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
	ping := func(client *redis.Client) error { return client.Ping(t.Context()).Err() }
	first, second := open(one), open(two)
	if err := errors.Join(ping(first), ping(second)); err != nil {
		t.Fatal(err)
	}
	if n := network.Count("ping"); n != 2 || network.To(one.Addr()).Count("ping") != 1 {
		t.Errorf("%d commands", n)
	}

	network.Sever(one.Addr())
	timesOut(t, "a server cut off", ping(first))
	timesOut(t, "a server cut off, dialled", ping(open(one)))
	if err := ping(second); err != nil {
		t.Errorf("the other server: %v", err)
	}
	network.Heal()
	if err := ping(first); err != nil {
		t.Errorf("after healing: %v", err)
	}

	network.Latency(30*time.Millisecond, one.Addr())
	start := time.Now()
	if err := ping(first); err != nil || time.Since(start) < 30*time.Millisecond {
		t.Errorf("a slow server answers after %v, %v", time.Since(start), err)
	}
}

// The nodes of a cluster and of Sentinel, which clients learn from servers, are reached through the network too.
func TestNetworkOfCluster(t *testing.T) {
	c := redisd.StartCluster(t)
	network := faultproxy.NewNetwork(t)
	options := c.Options()
	options.Addrs, options.Dialer = options.Addrs[:1], network.Dial
	options.DialTimeout, options.ReadTimeout = 100*time.Millisecond, 100*time.Millisecond
	client := redis.NewClusterClient(options)
	t.Cleanup(func() { _ = client.Close() })
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		if err := client.Set(t.Context(), key, "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range c.Primaries() {
		if network.To(s.Addr()).Count("set") == 0 {
			t.Errorf("no SET has come to %s through the network", s.Addr())
		}
	}
	slot := int(client.ClusterKeySlot(t.Context(), "a").Val())
	network.Sever(c.Primary(slot).Addr())
	timesOut(t, "the primary of a slot cut off", client.Set(t.Context(), "a", "v", 0).Err())
	network.Heal()
	if err := client.Set(t.Context(), "a", "v", 0).Err(); err != nil {
		t.Errorf("after healing: %v", err)
	}
}

func TestNetworkOfSentinel(t *testing.T) {
	r := redisd.StartReplicated(t)
	network := faultproxy.NewNetwork(t)
	options := r.Options()
	options.Dialer, options.ReadTimeout = network.Dial, 100*time.Millisecond
	client := redis.NewFailoverClient(options)
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if network.To(r.Primary().Addr()).Count("set") != 1 {
		t.Error("no SET has come to the primary through the network")
	}
}
