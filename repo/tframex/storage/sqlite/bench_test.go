package sqlite_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

// records is how many documents the tables of benchmarks have.
const records = 10_000

func benchID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func message(n int) storage.Document {
	return storage.Document{
		"id": benchID(n), "conversation_id": fmt.Sprint("conversation ", n%500), "role": "user", "content": fmt.Sprintf("%0200d", n),
		"created_at": "2025-07-05T01:10:56.998281", "updated_at": nil, "metadata": map[string]any{"n": n},
	}
}

const (
	insertSQL = "INSERT INTO messages (id, data, created_at, updated_at) VALUES (?, ?, ?, ?)"
	pageSQL   = "SELECT data FROM messages WHERE json_extract(data, '$.conversation_id') = ? ORDER BY json_extract(data, '$.created_at'), id LIMIT 20"
)

// filled returns a storage with documents, and the same database without one.
func filled(b *testing.B) (*sqlite.Storage, *sql.DB) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bench.db")
	s := open(b, sqlite.Config{Path: path})
	docs := make([]storage.Document, records)
	for n := range docs {
		docs[n] = message(n)
	}
	if _, err := s.BulkInsert(b.Context(), "messages", docs); err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return s, db
}

// BenchmarkStorage measures operations on 10,000 documents, and the same by package
// database/sql alone, with JSON read and written.
func BenchmarkStorage(b *testing.B) {
	next := records
	newID := func() int { next++; return next }
	for _, op := range []struct {
		name     string
		storage  func(b *testing.B, s *sqlite.Storage, n int) error
		database func(b *testing.B, db *sql.DB, n int) error
	}{
		{"insert", func(b *testing.B, s *sqlite.Storage, _ int) error {
			_, err := s.Insert(b.Context(), "messages", message(newID()))
			return err
		}, func(b *testing.B, db *sql.DB, _ int) error { return insertBySQL(b, db, message(newID())) }},
		{"get", func(b *testing.B, s *sqlite.Storage, n int) error {
			_, err := s.Get(b.Context(), "messages", benchID(n%records))
			return err
		}, func(b *testing.B, db *sql.DB, n int) error { _, err := getBySQL(b, db, n%records); return err }},
		{"page", func(b *testing.B, s *sqlite.Storage, n int) error {
			_, err := s.Select(b.Context(), "messages", storage.Query{Filter: storage.Filter{"conversation_id": fmt.Sprint("conversation ", n%500)}, OrderBy: "created_at", Limit: 20})
			return err
		}, pageBySQL},
		{"update", func(b *testing.B, s *sqlite.Storage, n int) error {
			_, err := s.Update(b.Context(), "messages", benchID(n%records), storage.Document{"content": "changed"})
			return err
		}, updateBySQL},
		{"delete", func(b *testing.B, s *sqlite.Storage, n int) error {
			_, err := s.Delete(b.Context(), "messages", benchID(n))
			return err
		}, func(b *testing.B, db *sql.DB, n int) error {
			_, err := db.ExecContext(b.Context(), "DELETE FROM messages WHERE id = ?", benchID(n))
			return err
		}},
	} {
		b.Run(op.name+"/storage", func(b *testing.B) {
			s, _ := filled(b)
			b.ResetTimer()
			for n := range b.N {
				if err := op.storage(b, s, n); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(op.name+"/sql", func(b *testing.B) {
			_, db := filled(b)
			b.ResetTimer()
			for n := range b.N {
				if err := op.database(b, db, n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func insertBySQL(b *testing.B, db *sql.DB, doc storage.Document) error {
	data, err := json.Marshal(doc)
	if err == nil {
		_, err = db.ExecContext(b.Context(), insertSQL, doc["id"], string(data), doc["created_at"], nil)
	}
	return err
}

func getBySQL(b *testing.B, db *sql.DB, n int) (storage.Document, error) {
	var data []byte
	if err := db.QueryRowContext(b.Context(), "SELECT data FROM messages WHERE id = ?", benchID(n)).Scan(&data); err != nil {
		return nil, err
	}
	var doc storage.Document
	return doc, json.Unmarshal(data, &doc)
}

func pageBySQL(b *testing.B, db *sql.DB, n int) error {
	rows, err := db.QueryContext(b.Context(), pageSQL, fmt.Sprint("conversation ", n%500))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var data []byte
		if err := rows.Scan(&data); err != nil {
			return err
		}
		var doc storage.Document
		if err := json.Unmarshal(data, &doc); err != nil {
			return err
		}
	}
	return rows.Err()
}

func updateBySQL(b *testing.B, db *sql.DB, n int) error {
	tx, err := db.BeginTx(b.Context(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var data []byte
	if err := tx.QueryRowContext(b.Context(), "SELECT data FROM messages WHERE id = ?", benchID(n%records)).Scan(&data); err != nil {
		return err
	}
	var doc storage.Document
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	doc["content"] = "changed"
	if data, err = json.Marshal(doc); err != nil {
		return err
	}
	if _, err := tx.ExecContext(b.Context(), "UPDATE messages SET data = ?, updated_at = ? WHERE id = ?", string(data), "2025-07-05T01:10:56.998281", benchID(n%records)); err != nil {
		return err
	}
	return tx.Commit()
}
