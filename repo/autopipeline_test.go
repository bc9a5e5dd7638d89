package repo

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Who sends a shared pipeline does not wait for it longer than its own context lasts.
func TestSharedPipelineSenderLeaves(t *testing.T) {
	rdb := redis.NewClient(&redis.Options{ReadTimeout: time.Minute, MaxRetries: -1, Dialer: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, server) }() // and never replies
		return client, nil
	}})
	defer rdb.Close()
	c := newCoalescer()
	c.running = c.most // so that the next waits
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := c.process(ctx, rdb, &command{*redis.NewRawCmd(ctx, "ping"), false})
		left <- err
	}()
	queued := func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.queue) == 1
	}
	for deadline := time.Now().Add(10 * time.Second); !queued(); {
		if time.Now().After(deadline) {
			t.Fatal("it does not wait")
		}
		<-time.After(time.Millisecond)
	}
	c.done() // its turn
	select {
	case err := <-left:
		t.Fatalf("sent to nobody, and returned %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	cancel()
	select {
	case err := <-left:
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits although its context has ended")
	}
}
