package redis_test

import (
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/redis"
	"github.com/redisgen/redisgen/repo/tframex/storage/storagetest"
)

// open returns a storage that is initialized, and closed with the test.
func open(t *testing.T, config redis.Config) *redis.Storage {
	t.Helper()
	s, err := redis.New(config)
	if err == nil {
		err = s.Initialize(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// onServer returns the configuration of a storage on a real server, under a prefix of its own.
func onServer(t *testing.T) redis.Config {
	server := redisd.Shared(t)
	return redis.Config{Connection: repo.Config{Addrs: []string{server.Addr()}, Prefix: server.Prefix() + strings.NewReplacer("/", ":", "{", "", "}", "").Replace(t.Name()) + ":"}}
}

// On the embedded server, package memory does the same.
func TestConformance(t *testing.T) {
	storagetest.Run(t, storagetest.Backend{
		Name: "redis",
		New:  func(t *testing.T) storage.Storage { return open(t, onServer(t)) },
		Bounded: func(t *testing.T, most int) storage.Storage {
			config := onServer(t)
			config.MaxScan = most
			config.Connection.Prefix = "bounded:" + config.Connection.Prefix
			return open(t, config)
		},
		Differences: storagetest.Redis,
	})
}
