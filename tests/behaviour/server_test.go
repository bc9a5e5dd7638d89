// Package behaviour has the one suite of what repositories do, run on the
// embedded store and on a real server.
package behaviour

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// server is a store that a test runs on.
type server struct {
	name string
	addr func(t *testing.T) string
}

var servers = []server{
	{"miniredis", func(t *testing.T) string { return miniredis.RunT(t).Addr() }},
	{"redis", func(t *testing.T) string { return redisd.Shared(t).Addr() }},
}

var prefixes atomic.Int64

// each runs a test on every kind of server, each time with a keyspace of its
// own.
func each(t *testing.T, test func(t *testing.T, client *repo.Client)) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, s.addr(t), repo.Config{}))
		})
	}
}

// open returns a client with a prefix that no other test has.
func open(t *testing.T, addr string, config repo.Config) *repo.Client {
	t.Helper()
	config.Addrs = []string{addr}
	if config.Prefix == "" {
		name := strings.NewReplacer("/", "-", "{", "", "}", "").Replace(t.Name())
		config.Prefix = name + "-" + string(rune('a'+prefixes.Add(1)%26)) + ":"
	}
	client, err := repo.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// keys returns all keys of a client's keyspace, without the prefix.
func keys(t *testing.T, client *repo.Client) []string {
	t.Helper()
	var list []string
	iter := client.Redis().Scan(context.Background(), 0, client.Prefix()+"*", 1000).Iterator()
	for iter.Next(context.Background()) {
		list = append(list, strings.TrimPrefix(iter.Val(), client.Prefix()))
	}
	if err := iter.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

var _ redis.UniversalClient
