package sqlite_test

import (
	"context"
	"fmt"
	"log"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

func ExampleNew() {
	ctx := context.Background()
	s, err := sqlite.New(sqlite.Config{Path: ":memory:"}) // or the file of a database
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Initialize(ctx); err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	id, err := s.Insert(ctx, "conversations", storage.Document{"agent_name": "helper", "title": "First"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := s.Update(ctx, "conversations", id, storage.Document{"title": "Renamed"}); err != nil {
		log.Fatal(err)
	}
	docs, err := s.Select(ctx, "conversations", storage.Query{Filter: storage.Filter{"agent_name": "helper"}, OrderBy: "created_at", Desc: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(docs[0]["title"])
	// Output: Renamed
}

func ExampleStorage_transaction() {
	ctx := context.Background()
	s, err := storage.Open(ctx, storage.Config{Type: "sqlite", Settings: map[string]any{"database_path": ":memory:"}})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	err = s.Transaction(ctx, func(tx storage.Storage) error {
		if _, err := tx.Insert(ctx, "flow_executions", storage.Document{"id": "f1", "status": "running"}); err != nil {
			return err
		}
		_, err := tx.Insert(ctx, "flow_steps", storage.Document{"execution_id": "f1", "step_order": 0})
		return err // of a failure, neither is stored
	})
	if err != nil {
		log.Fatal(err)
	}
	rows, err := s.ExecuteRaw(ctx, "SELECT count(*) AS steps FROM flow_steps WHERE data ->> 'execution_id' = ?", "f1")
	fmt.Println(rows, err)
	// Output: [map[steps:1]] <nil>
}
