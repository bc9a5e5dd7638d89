package redis_test

import (
	"context"
	"fmt"
	"log"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/redis"
)

// server returns the address of an embedded server, in place of a real one.
func server() (addr string, stop func()) {
	s, err := miniredis.Run()
	if err != nil {
		log.Fatal(err)
	}
	return s.Addr(), s.Close
}

func ExampleNew() {
	addr, stop := server()
	defer stop()
	ctx := context.Background()
	s, err := redis.New(redis.Config{Connection: repo.Config{Addrs: []string{addr}}})
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Initialize(ctx); err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	id, err := s.Insert(ctx, "conversations", storage.Document{"user_id": "u1", "agent_name": "helper", "pinned": true})
	if err != nil {
		log.Fatal(err)
	}
	docs, err := s.Select(ctx, "conversations", storage.Query{Filter: storage.Filter{"user_id": "u1"}, OrderBy: "created_at", Desc: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(docs[0]["agent_name"], docs[0]["pinned"])

	c, err := s.Store().Conversations.Get(ctx, id) // the same on the typed side
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.AgentName)
	// Output:
	// helper true
	// helper
}

func ExampleStorage_ExecuteRaw() {
	addr, stop := server()
	defer stop()
	ctx := context.Background()
	s, err := redis.New(redis.Config{Connection: repo.Config{Addrs: []string{addr}}})
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Initialize(ctx); err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Insert(ctx, "roles", storage.Document{"id": "r1", "name": "admin"}); err != nil {
		log.Fatal(err)
	}
	name, err := s.ExecuteRaw(ctx, "HGET", "tframex:{roles}:r:r1", "name")
	fmt.Println(name, err)
	_, err = s.ExecuteRaw(ctx, "GET", "another:key")
	fmt.Println(err)
	// Output:
	// admin <nil>
	// storage redis: ExecuteRaw: not valid: a key of GET does not begin with "tframex:", as those of the storage do
}
