package postgresql_test

import (
	"context"
	"log"
	"os"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/postgresql"
)

func ExampleNew() {
	ctx := context.Background()
	s, err := postgresql.New(postgresql.Config{
		Host: "db.example.com", Database: "agents", Username: "agents", Password: os.Getenv("AGENTS_PASSWORD"), SSLMode: "verify-full",
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Initialize(ctx); err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	if _, err := s.Insert(ctx, "messages", storage.Document{"conversation_id": "c1", "role": "user", "content": "Hello"}); err != nil {
		log.Fatal(err)
	}
}
