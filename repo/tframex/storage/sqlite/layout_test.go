package sqlite_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

// existing is a database as the existing system writes it.
var existing = []string{
	`CREATE TABLE conversations (id TEXT PRIMARY KEY, data TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT)`,
	`CREATE INDEX idx_conversations_created_at ON conversations (created_at)`,
	`CREATE INDEX idx_conversations_updated_at ON conversations (updated_at)`,
	`CREATE TABLE sessions (id TEXT PRIMARY KEY, data TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT)`,
	`CREATE TABLE alembic_version (version TEXT)`,
	`INSERT INTO conversations VALUES
		('c1', '{"id": "c1", "agent_name": "helper", "title": "caf\u00e9 <1>", "metadata": {"n": 1.10, "x": 1e2}, "created_at": "2025-07-05T01:10:56.998281", "updated_at": null}', '2025-07-05 01:10:56.998281', NULL),
		('c2', '{"id": "c2", "agent_name": "helper", "count": "42", "unknown": [1, {"a": null}], "created_at": "2025-07-05T01:22:00.315338", "updated_at": "2025-07-05T01:22:01+00:00"}', '2025-07-05T01:22:00.315338', '2025-07-05 01:22:01'),
		('c3', '{"id": "c3", "agent_name": "", "created_at": "2025-07-05T01:22:02"}', '2025-07-05T01:22:02', '')`,
	`INSERT INTO sessions VALUES ('11111111-0000-4000-8000-000000000000', '{"session_id": "token-1", "user_id": "u1", "is_active": true}', '2025-07-05 01:10:56', NULL)`,
}

// write makes a database with statements of SQL, and leaves it open: the log is not checkpointed.
func write(t *testing.T, path string, statements []string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return db
}

// copied copies a database with its log while it is open.
func copied(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if suffix != "" && len(data) == 0 {
			t.Fatal("the log is empty, nothing is tested")
		}
		if err := os.WriteFile(to+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func TestReadsTheExistingLayout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "existing.db")
	write(t, path, existing)
	for name, config := range map[string]sqlite.Config{"as it is": {}, "read only": {ReadOnly: true}} {
		t.Run(name, func(t *testing.T) {
			config.Path = copied(t, path)
			s := open(t, config)
			tables, err := s.ListTables(t.Context())
			if want := []string{"conversations", "sessions"}; err != nil || !reflect.DeepEqual(tables, want) {
				t.Errorf("tables are %q, %v; want %q", tables, err, want)
			}
			var got []storage.Record
			for record, err := range s.Export(t.Context(), "conversations", "") {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, record)
			}
			at := func(text string) time.Time {
				parsed, err := storage.ParseTime(text)
				if err != nil {
					t.Fatal(err)
				}
				return parsed
			}
			want := []storage.Record{
				{ID: "c1", CreatedAt: at("2025-07-05T01:10:56.998281"), Position: "c1", Document: storage.Document{
					"id": "c1", "agent_name": "helper", "title": "café <1>", "metadata": map[string]any{"n": json.Number("1.10"), "x": json.Number("1e2")},
					"created_at": "2025-07-05T01:10:56.998281", "updated_at": nil}},
				{ID: "c2", CreatedAt: at("2025-07-05T01:22:00.315338"), UpdatedAt: at("2025-07-05T01:22:01"), Position: "c2", Document: storage.Document{
					"id": "c2", "agent_name": "helper", "count": "42", "unknown": []any{int64(1), map[string]any{"a": nil}},
					"created_at": "2025-07-05T01:22:00.315338", "updated_at": "2025-07-05T01:22:01+00:00"}},
				{ID: "c3", CreatedAt: at("2025-07-05T01:22:02"), Position: "c3", Document: storage.Document{"id": "c3", "agent_name": "", "created_at": "2025-07-05T01:22:02"}},
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("records are\n%+v, want\n%+v", got, want)
			}
			if n, err := s.Count(t.Context(), "conversations", storage.Filter{"title": "café <1>", "updated_at": nil}); n != 1 || err != nil {
				t.Errorf("Count: %d, %v", n, err)
			}
			if doc, err := s.Get(t.Context(), "sessions", "token-1"); err != nil || doc["user_id"] != "u1" {
				t.Errorf("the session of token-1: %v, %v", doc, err)
			}
		})
	}
}

func TestWritesTheExistingLayout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "existing.db")
	db := write(t, path, existing)
	s := open(t, sqlite.Config{Path: path})
	if ok, err := s.Update(t.Context(), "conversations", "c1", storage.Document{"title": "ü <2>"}); !ok || err != nil {
		t.Fatalf("Update: %v, %v", ok, err)
	}
	if _, err := s.Insert(t.Context(), "conversations", storage.Document{"id": "c4", "created_at": "2025-07-05 01:10:56.5+02:00", "updated_at": nil}); err != nil {
		t.Fatal(err)
	}
	if ok, err := s.Update(t.Context(), "sessions", "token-1", storage.Document{"is_active": false}); !ok || err != nil {
		t.Fatalf("Update of a session: %v, %v", ok, err)
	}
	if _, err := s.Insert(t.Context(), "resources", storage.Document{"id": "r1"}); err != nil {
		t.Fatal(err)
	}

	row := func(table, id string) (data, created string, updated sql.NullString) {
		t.Helper()
		if err := db.QueryRow("SELECT data, created_at, updated_at FROM "+table+" WHERE id = ?", id).Scan(&data, &created, &updated); err != nil {
			t.Fatal(err)
		}
		return data, created, updated
	}
	data, created, updated := row("conversations", "c1")
	want := fmt.Sprintf(`{"agent_name":"helper","created_at":"2025-07-05T01:10:56.998281","id":"c1","metadata":{"n":1.10,"x":1e2},"title":"ü <2>","updated_at":"%s"}`, updated.String)
	if data != want || created != "2025-07-05 01:10:56.998281" {
		t.Errorf("after Update:\n%s, want\n%s\ncreated at %s", data, want, created)
	}
	data, created, updated = row("conversations", "c4")
	if want := `{"created_at":"2025-07-05 01:10:56.5+02:00","id":"c4","updated_at":null}`; data != want || created != "2025-07-04T23:10:56.500000" || updated.Valid {
		t.Errorf("after Insert: %s, %s, %v", data, created, updated)
	}
	if data, _, _ := row("sessions", "11111111-0000-4000-8000-000000000000"); !bytes.Contains([]byte(data), []byte(`"is_active":false`)) {
		t.Errorf("the session is %s", data)
	}
	var indexes int
	if err := db.QueryRow("SELECT count(*) FROM sqlite_master WHERE name IN ('idx_resources_created_at', 'idx_resources_updated_at')").Scan(&indexes); err != nil || indexes != 2 {
		t.Errorf("%d indexes, %v", indexes, err)
	}
}

func TestImportKeepsDocuments(t *testing.T) {
	path := filepath.Join(t.TempDir(), "existing.db")
	write(t, path, existing)
	from, to := open(t, sqlite.Config{Path: path}), open(t, sqlite.Config{Path: filepath.Join(t.TempDir(), "new.db")})
	for _, table := range []string{"conversations", "sessions"} {
		records := exported(t, from, table)
		if report, err := to.Import(t.Context(), table, records, storage.Refuse); err != nil || report.Created != int64(len(records)) {
			t.Fatalf("Import: %+v, %v", report, err)
		}
		if got := exported(t, to, table); !reflect.DeepEqual(got, records) {
			t.Errorf("records are\n%+v, want\n%+v", got, records)
		}
	}
}

func exported(t *testing.T, s storage.Storage, table string) []storage.Record {
	t.Helper()
	var list []storage.Record
	for record, err := range s.Export(t.Context(), table, "") {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, record)
	}
	return list
}
