package watch

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/events"
)

// Loops that have nothing to do for ten minutes are not interrupted.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := miniredis.NewMiniRedis()
		defer server.Close()
		var log logs
		client, err := repo.Open(t.Context(), repo.Config{Addrs: []string{"127.0.0.1:0"}, Logger: log.logger(), SweepInterval: -1,
			Dialer: func(context.Context, string, string) (net.Conn, error) {
				conn, err := server.Dial()
				return buffer(conn), err
			}})
		must(t, err)
		defer client.Close()
		notes, jobs := events.NewNotes(client), events.NewJobs(client)
		messages, stream := watch(t, &notes.Repository), watch(t, &jobs.Repository)
		time.Sleep(10 * time.Minute)
		must(t, notes.Create(t.Context(), &events.Note{ID: "a"}))
		must(t, jobs.Create(t.Context(), &events.Job{ID: "a"}))
		messages.want("created a 0 id,text")
		stream.want("created a 1 id,queue,cost,token")
		if n := log.count("watching"); n > 0 {
			t.Errorf("logged: %q", log.lines)
		}
		_, _ = messages.stop(), stream.stop()
	})
}

// buffered is a connection that takes what is written before it is read, as those
// of a kernel do.
type buffered struct {
	net.Conn
	out    chan []byte
	closed chan struct{}
	once   sync.Once
}

func buffer(conn net.Conn) net.Conn {
	b := &buffered{Conn: conn, out: make(chan []byte, 1000), closed: make(chan struct{})}
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
