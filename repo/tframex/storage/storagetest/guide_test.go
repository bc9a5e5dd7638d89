package storagetest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/memory"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

// check ends an example if there is an error.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

func Example_start() {
	ctx := context.Background()
	store, err := storage.Open(ctx, storage.Config{Type: "memory"})
	check(err)
	defer func() { _ = store.Close() }()

	id, err := store.Insert(ctx, "conversations", storage.Document{"user_id": "ann", "agent_name": "helper"})
	check(err)
	found, err := store.Update(ctx, "conversations", id, storage.Document{"title": "Holidays", "mood": "good"})
	check(err)
	talk, err := store.Get(ctx, "conversations", id)
	check(err)
	fmt.Println(found, talk["agent_name"], talk["title"], talk["mood"])
	// Output: true helper Holidays good
}

func Example_filters() {
	ctx := context.Background()
	store, err := storage.Open(ctx, storage.Config{Type: "memory"})
	check(err)
	defer func() { _ = store.Close() }()
	_, err = store.BulkInsert(ctx, "flow_executions", []storage.Document{
		{"flow_name": "report", "status": "failed", "started_at": "2025-07-05T10:00:00", "cost": 1},
		{"flow_name": "report", "status": "success", "started_at": "2025-07-05T11:00:00", "cost": 2.5},
		{"flow_name": "digest", "status": "failed", "started_at": "2025-07-05T12:00:00"},
	})
	check(err)

	failed, err := store.Select(ctx, "flow_executions", storage.Query{
		Filter:  storage.Filter{"status": "failed", "started_at": map[string]any{"$gte": "2025-07-05T00:00:00"}},
		OrderBy: "started_at", Desc: true, Limit: 50,
	})
	check(err)
	for _, run := range failed {
		fmt.Println(run["flow_name"], run["cost"])
	}
	free, err := store.Count(ctx, "flow_executions", storage.Filter{"cost": nil})
	check(err)
	fmt.Println(free)
	// Output:
	// digest <nil>
	// report 1
	// 1
}

func Example_errors() {
	ctx := context.Background()
	store, err := storage.Open(ctx, storage.Config{Type: "memory"})
	check(err)
	defer func() { _ = store.Close() }()

	ids, err := store.BulkInsert(ctx, "roles", []storage.Document{{"id": "r1", "name": "admin"}, {"id": "r1", "name": "user"}})
	if bad, ok := errors.AsType[*storage.BulkError](err); ok {
		for i, err := range bad.Errs {
			fmt.Println(ids[i], errors.Is(err, storage.ErrDuplicate))
		}
	}
	_, err = store.Get(ctx, "roles", "r2")
	if e, ok := errors.AsType[*storage.Error](err); ok && errors.Is(err, storage.ErrNotFound) {
		fmt.Println(e.Backend, e.Op, e.Table, e.ID)
	}
	// Output:
	// r1 false
	//  true
	// memory Get roles r2
}

func Example_transaction() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	check(err)
	defer func() { _ = os.RemoveAll(dir) }()
	store, err := storage.Open(ctx, storage.Config{Type: "sqlite", Settings: map[string]any{"database_path": filepath.Join(dir, "app.db")}})
	check(err)
	defer func() { _ = store.Close() }()
	_, err = store.Insert(ctx, "accounts", storage.Document{"id": "a", "credit": 10})
	check(err)

	tooPoor := errors.New("not enough credit")
	err = store.Transaction(ctx, func(tx storage.Storage) error {
		if _, err := tx.Insert(ctx, "payments", storage.Document{"account": "a", "amount": 20}); err != nil {
			return err
		}
		account, err := tx.Get(ctx, "accounts", "a")
		if err != nil {
			return err
		}
		if account["credit"].(int64) < 20 {
			return tooPoor
		}
		_, err = tx.Update(ctx, "accounts", "a", storage.Document{"credit": account["credit"].(int64) - 20})
		return err
	})
	payments, countErr := store.Count(ctx, "payments", nil)
	check(countErr)
	fmt.Println(errors.Is(err, tooPoor), payments)

	rows, err := store.ExecuteRaw(ctx, "SELECT count(*) AS n FROM accounts WHERE json_extract(data, '$.credit') > ?", 5)
	check(err)
	fmt.Println(rows)
	// Output:
	// true 0
	// [map[n:1]]
}

func Example_export() {
	ctx := context.Background()
	from, err := storage.Open(ctx, storage.Config{Type: "memory"})
	check(err)
	defer func() { _ = from.Close() }()
	to, err := storage.Open(ctx, storage.Config{Type: "sqlite", Settings: map[string]any{"database_path": ":memory:"}})
	check(err)
	defer func() { _ = to.Close() }()
	_, err = from.BulkInsert(ctx, "notes", []storage.Document{{"text": "a"}, {"text": "b"}})
	check(err)

	var records []storage.Record
	for record, err := range from.Export(ctx, "notes", "") {
		check(err)
		records = append(records, record)
	}
	report, err := to.Import(ctx, "notes", records, storage.Skip)
	check(err)
	fmt.Println(report.Created, report.Skipped, len(report.Refused))
	// Output: 2 0 0
}
