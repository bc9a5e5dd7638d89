// Package storage keeps the documents of an agent framework in tables, in one of several
// backends behind one interface, [Storage]. Each backend is a package of its own, which
// makes itself known when it is imported:
//
//	import (
//		"github.com/redisgen/redisgen/repo/tframex/storage"
//		_ "github.com/redisgen/redisgen/repo/tframex/storage/redis"
//	)
//
//	store, err := storage.Open(ctx, storage.Config{Type: "redis", Settings: map[string]any{"host": "localhost"}})
package storage
