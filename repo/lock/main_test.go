package lock_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/repo"
)

func TestMain(m *testing.M) {
	redis.SetLogger(&logging.VoidLogger{}) // failed dials are meant to be
	goleak.VerifyTestMain(m)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

// virtual runs a test on an embedded store, in time that passes when all wait.
func virtual(t *testing.T, test func(t *testing.T, client *repo.Client, store *store)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := miniredis.NewMiniRedis()
		server.ClockTTL(true)
		defer server.Close()
		s := &store{Miniredis: server}
		client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{"127.0.0.1:1"}, Dialer: s.dial, RetryTimeout: 50 * time.Millisecond, SweepInterval: -1})
		must(t, err)
		defer func() {
			must(t, client.Close())
			time.Sleep(2 * time.Second) // go-redis, when it could not dial, looks once a second whether it is closed
		}()
		test(t, client, s)
	})
}

// store is an embedded store that can be out of reach.
type store struct {
	*miniredis.Miniredis
	mu    sync.Mutex
	away  bool
	conns []net.Conn
}

var errAway = &net.OpError{Op: "dial", Err: errors.New("out of reach")}

func (s *store) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, errAway
	}
	conn, err := s.Dial()
	if err != nil {
		return nil, err
	}
	b := buffer(conn)
	s.conns = append(s.conns, b)
	return b, nil
}

// leave cuts all connections, and has the store be out of reach.
func (s *store) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = true
	for _, conn := range s.conns {
		_ = conn.Close()
	}
	s.conns = nil
}

func (s *store) comeBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = false
}

// buffered is a connection in memory that takes what is written before it is read.
type buffered struct {
	net.Conn
	out    chan []byte
	closed chan struct{}
	once   sync.Once
}

func buffer(conn net.Conn) net.Conn {
	b := &buffered{Conn: conn, out: make(chan []byte, 100), closed: make(chan struct{})}
	go func() {
		for {
			select {
			case p := <-b.out:
				_, _ = conn.Write(p)
			case <-b.closed:
				return
			}
		}
	}()
	return b
}

func (b *buffered) Write(p []byte) (int, error) {
	select {
	case b.out <- slices.Clone(p):
		return len(p), nil
	case <-b.closed:
		return 0, net.ErrClosed
	}
}

func (b *buffered) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.Conn.Close()
}
