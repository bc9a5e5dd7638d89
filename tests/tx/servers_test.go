// Package tx shows what references and transactions keep, on every kind of server.
package tx

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

var prefixes atomic.Int64

// each runs a test on the embedded store and on a real server, each time with a
// keyspace of its own.
func each(t *testing.T, test func(t *testing.T, client *repo.Client)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, repo.Config{Addrs: []string{miniredis.RunT(t).Addr()}}))
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, repo.Config{Addrs: []string{redisd.Shared(t).Addr()}, Prefix: redisd.Shared(t).Prefix()}))
	})
}

// everywhere is each with a cluster of real servers in addition.
func everywhere(t *testing.T, test func(t *testing.T, client *repo.Client)) {
	t.Helper()
	each(t, test)
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		test(t, on(t, redisd.StartCluster(t).Client(), repo.Config{}))
	})
}

// open returns a client with a prefix that no other has, unless config has one.
func open(t *testing.T, config repo.Config) *repo.Client {
	t.Helper()
	if config.Prefix == "" {
		config.Prefix = fmt.Sprintf("t%d:", prefixes.Add(1))
	}
	if config.MinRetryBackoff == 0 {
		config.MinRetryBackoff, config.MaxRetryBackoff = time.Millisecond, 4*time.Millisecond
	}
	client, err := repo.Open(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// on returns a client over a connection.
func on(t *testing.T, rdb redis.UniversalClient, config repo.Config) *repo.Client {
	t.Helper()
	config.Prefix = fmt.Sprintf("t%d:", prefixes.Add(1))
	config.MinRetryBackoff, config.MaxRetryBackoff = time.Millisecond, 4*time.Millisecond
	client, err := repo.New(rdb, config)
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError fails the test unless err is one of those wanted.
func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}
