package events_test

import (
	"context"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// onStores runs a test on the embedded store and on a server, each empty.
func onStores(t *testing.T, run func(t *testing.T, rdb redis.UniversalClient)) {
	t.Run("miniredis", func(t *testing.T) {
		store := miniredis.RunT(t)
		rdb := redis.NewClient(&redis.Options{Addr: store.Addr(), DisableIdentity: true})
		t.Cleanup(func() { _ = rdb.Close() })
		run(t, rdb)
	})
	t.Run("Redis", func(t *testing.T) { run(t, redisd.Start(t).Client()) })
}

func open(t *testing.T, rdb redis.UniversalClient, config repo.Config) *repo.Client {
	t.Helper()
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

// entries returns the entries of a stream as lists of names and values, in order.
func entries(ctx context.Context, t *testing.T, rdb redis.UniversalClient, key string) [][]string {
	t.Helper()
	reply, err := rdb.Do(ctx, "XRANGE", key, "-", "+").Slice()
	must(t, err)
	var list [][]string
	for _, one := range reply {
		var words []string
		for _, word := range one.([]any)[1].([]any) {
			words = append(words, word.(string))
		}
		list = append(list, words)
	}
	return list
}
