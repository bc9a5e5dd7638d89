package bench

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// BenchmarkCachedGet compares Get of records that are in memory with Get from the
// server; go-redis's own cache, of HGETALL, stands beside.
func BenchmarkCachedGet(b *testing.B) {
	server := redisd.Shared(b)
	plain := accountsBy(b, server.Options(), repo.Config{Prefix: server.Prefix()})
	check(b, plain.CreateMany(ctx, first))
	kept := accountsBy(b, server.Options(), repo.Config{Prefix: server.Prefix(), Cache: &repo.Cache{}})
	options := server.Options()
	options.ClientSideCacheConfig = &redis.ClientSideCacheConfig{}
	rdb := redis.NewClient(options)
	b.Cleanup(func() { _ = rdb.Close() })
	get := func(accounts *Accounts) func(int) error {
		return func(i int) error {
			_, err := accounts.Get(ctx, ids[i%stored])
			return err
		}
	}
	beside(b, 1, []side{
		{"redisgen", get(plain)},
		{"cached", get(kept)},
		{"go-redis", func(i int) error { return rdb.HGetAll(ctx, server.Prefix()+"{accounts}:r:"+ids[i%stored]).Err() }},
	})
}

// accountsBy returns the accounts of a client of its own.
func accountsBy(b *testing.B, options *redis.Options, config repo.Config) *Accounts {
	rdb := redis.NewClient(options)
	client, err := repo.New(rdb, config)
	check(b, err)
	b.Cleanup(func() {
		_ = client.Close()
		_ = rdb.Close()
	})
	return NewAccounts(client)
}
