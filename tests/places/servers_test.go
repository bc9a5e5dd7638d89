package places_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// each runs a test on the embedded store and on Redis.
func each(t *testing.T, test func(*testing.T, *repo.Client)) {
	t.Run("miniredis", func(t *testing.T) {
		server := miniredis.RunT(t)
		test(t, open(t, redis.NewClient(&redis.Options{Addr: server.Addr()}), ""))
	})
	t.Run("redis", func(t *testing.T) {
		server := redisd.Shared(t)
		test(t, open(t, server.Client(), server.Prefix()))
	})
}

func open(t *testing.T, rdb redis.UniversalClient, prefix string) *repo.Client {
	t.Helper()
	client, err := repo.New(rdb, repo.Config{Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		_ = rdb.Close()
	})
	return client
}
