package migrate_test

import (
	"context"
	"fmt"
	"log"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/memory"
	"github.com/redisgen/redisgen/repo/tframex/storage/migrate"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

// open returns two storages, the first with a user and a table of the application's own.
func open(ctx context.Context) (source, target storage.Storage) {
	source, err := storage.Open(ctx, storage.Config{Type: "sqlite", Settings: map[string]any{"database_path": ":memory:"}})
	if err != nil {
		log.Fatal(err)
	}
	target, err = storage.Open(ctx, storage.Config{Type: "memory"})
	if err != nil {
		log.Fatal(err)
	}
	for table, doc := range map[string]storage.Document{
		"users":     {"id": "ann", "username": "ann", "theme": "dark"},
		"templates": {"id": "t1", "text": "Dear …"},
	} {
		if _, err := source.Insert(ctx, table, doc); err != nil {
			log.Fatal(err)
		}
	}
	return source, target
}

func ExampleRun() {
	ctx := context.Background()
	source, target := open(ctx)
	defer source.Close()
	defer target.Close()

	report, err := migrate.Run(ctx, source, target, migrate.Options{})
	for _, t := range report.Tables {
		fmt.Println(t.Table+":", t.Counts)
		for _, r := range t.Refusals {
			fmt.Println("refused:", r.ID, r.Reason)
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// users: 1 read, 1 created
	// templates: 1 read, 1 created
}

func ExampleVerify() {
	ctx := context.Background()
	source, target := open(ctx)
	defer source.Close()
	defer target.Close()

	if _, err := migrate.Run(ctx, source, target, migrate.Options{Tables: []string{"users"}}); err != nil {
		log.Fatal(err)
	}
	found, err := migrate.Verify(ctx, source, target, migrate.VerifyOptions{})
	fmt.Println(err)
	for _, t := range found.Tables {
		fmt.Println(t.Table, t.Equal)
		for _, d := range t.Differences {
			fmt.Println(d.Kind, d.ID, d.Fields)
		}
	}
	// Output:
	// the storages differ
	// users true
	// templates false
	// missing t1 []
}

func ExampleStats() {
	ctx := context.Background()
	source, target := open(ctx)
	defer source.Close()
	defer target.Close()

	tables, err := migrate.Stats(ctx, source, migrate.StatsOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range tables {
		fmt.Println(t.Table, t.Records)
	}
	// Output:
	// users 1
	// templates 1
}
