package event_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/event"
)

// network makes connections that can be made silent: what comes is swallowed.
type network struct {
	server *miniredis.Miniredis
	mu     sync.Mutex
	conns  []*silentConn
}

type silentConn struct {
	net.Conn
	silent chan struct{}
	hush   func()
}

func (n *network) dial(context.Context, string, string) (net.Conn, error) {
	inner, err := n.server.Dial()
	if err != nil {
		return nil, err
	}
	c := &silentConn{Conn: inner, silent: make(chan struct{})}
	c.hush = sync.OnceFunc(func() { close(c.silent) })
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns = append(n.conns, c)
	return c, nil
}

// silence makes the connections that there are silent.
func (n *network) silence() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		c.hush()
	}
	n.conns = nil
}

func (c *silentConn) Read(p []byte) (int, error) {
	for {
		count, err := c.Conn.Read(p)
		select {
		case <-c.silent:
			if err == nil {
				continue
			}
		default:
		}
		return count, err
	}
}

// A connection that says nothing any more is given up within seconds; one on which there
// is merely no message is kept.
func TestSilentConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := &network{server: miniredis.NewMiniRedis()}
		defer silent.server.Close()
		rdb := redis.NewClient(&redis.Options{Dialer: silent.dial, DisableIdentity: true})
		defer rdb.Close()
		client, err := repo.New(rdb, repo.Config{SweepInterval: -1})
		must(t, err)
		defer client.Close()
		topic := event.NewTopic(client, "t", event.TopicOptions[int]{Logger: quiet})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		direct := redis.NewClient(&redis.Options{Dialer: func(context.Context, string, string) (net.Conn, error) { return silent.server.Dial() }, DisableIdentity: true})
		defer direct.Close()
		source, err := repo.New(direct, repo.Config{SweepInterval: -1})
		must(t, err)
		defer source.Close()
		numbers := event.NewTopic(source, "t", event.TopicOptions[int]{})
		got := make(chan event.Message[int], 10)
		ready := make(chan struct{})
		go func() {
			for m, err := range topic.Subscribe(ctx, event.Ready(func() { close(ready) })) {
				if err == nil {
					got <- m
				}
			}
		}()
		<-ready
		time.Sleep(time.Hour)
		publish(t, numbers, 1)
		if m := <-got; m.Gap || m.Value != 1 {
			t.Fatalf("after an hour without messages: %+v", m)
		}
		silent.silence()
		start := time.Now()
		m := <-got
		if took := time.Since(start); !m.Gap || took > 10*time.Second {
			t.Fatalf("received %+v after %v, want a gap", m, took)
		}
		publish(t, numbers, 2)
		if m := <-got; m.Gap || m.Value != 2 {
			t.Fatalf("on the new connection: %+v", m)
		}
		cancel()
		synctest.Wait()
	})
}
