// Package repo is the runtime of the repositories that redisgen generates:
// typed records in Redis hashes, with secondary and unique indexes that one
// Lua script per write keeps true.
//
// Generated code supplies what differs by entity: an [Entity] with field
// codecs, indexes and the entity's part of the script. Everything that talks
// to Redis is here, once: [Client], [Repository], [Query] and [Batch].
//
//	client, err := repo.Open(ctx, repo.Config{URL: "redis://localhost:6379", Prefix: "app:"})
//	users := app.NewUsers(client)
//	err = users.Create(ctx, &app.User{Username: "ann"})
//
// Every write is one script call in one round trip: the record, its unique
// claims, index entries, version, expiry all change or none do. Clients and
// repositories are safe for concurrent use.
package repo

// GeneratedV1 exists while this package runs code generated for version 1 of
// the contract between generated code and runtime. Generated files refer to
// it, so that a mismatch is a compile error and not a surprise at run time.
const GeneratedV1 = true
