package repo

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
)

// Who waits on a connection that is cut learns of it at once, and nobody gets a
// new one for a while; other servers are left alone.
func TestConnectionsThatAreCut(t *testing.T) {
	listen := func() string {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		return listener.Addr().String()
	}
	one, other := listen(), listen()
	d := Config{}.withDefaults().dialer()
	d.conns = &connections{}
	dial := func(addr string) net.Conn {
		t.Helper()
		conn, err := d.connect(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := conn.(syscall.Conn); !ok {
			t.Error("go-redis cannot look at the socket")
		}
		return conn
	}
	held, spared, closed := dial(one), dial(other), dial(one)
	if err := closed.Close(); err != nil || len(d.conns.open) != 2 {
		t.Errorf("%d connections are open: %v", len(d.conns.open), err)
	}
	read := make(chan error)
	go func() {
		_, err := held.Read(make([]byte, 1))
		read <- err
	}()
	d.conns.cut(one)
	if err := <-read; !errors.Is(err, net.ErrClosed) {
		t.Errorf("read: %v", err)
	}
	if _, err := d.connect(t.Context(), "tcp", one); !errors.Is(err, errReplaced) || !isRefused(err) {
		t.Errorf("a new connection: %v", err)
	}
	if _, err := spared.Write([]byte("x")); err != nil {
		t.Errorf("a connection to another server: %v", err)
	}
	_ = dial(other).Close()
	d.conns.gone[one] = time.Now()
	_ = dial(one).Close()
	if len(d.conns.gone) != 0 {
		t.Errorf("%v are still gone", d.conns.gone)
	}
	for _, conn := range []net.Conn{held, spared} {
		_ = conn.Close()
	}
	if len(d.conns.open) != 0 {
		t.Errorf("%d connections are open", len(d.conns.open))
	}
}

// A primary that has handed its slots over is cut off; the client goes on.
func TestWatchOfACluster(t *testing.T) {
	t.Parallel()
	cluster := redisd.StartCluster(t)
	client, _ := open(t, Config{Addrs: cluster.Addrs(), Prefix: cluster.Prefix(), RetryTimeout: time.Minute})
	set := &call{args: []any{"set", cluster.Prefix() + "{users}", "v"}}
	if _, err := client.do(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	primary := cluster.Primaries()[0]
	replica := cluster.ReplicasOf(primary)[0]
	if err := replica.Client().ClusterFailover(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	gone := func() bool {
		client.watch.conns.mu.Lock()
		defer client.watch.conns.mu.Unlock()
		_, is := client.watch.conns.gone[primary.Addr()]
		return is
	}
	for deadline := time.Now().Add(20 * time.Second); !gone(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the old primary is not cut off")
		}
	}
	if _, err := client.do(t.Context(), set); err != nil {
		t.Error(err)
	}
}
