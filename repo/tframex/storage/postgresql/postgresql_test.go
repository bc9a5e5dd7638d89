package postgresql_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/redisgen/redisgen/internal/postgresd"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/postgresql"
)

func is(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("the error is %v, want %v", err, target)
	}
}

// connect returns a connection of a login without a storage.
func connect(t *testing.T, login postgresd.Login) *pgx.Conn {
	t.Helper()
	c, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", login.Host, login.Port, login.Username, login.Database))
	if err != nil {
		t.Fatal(err)
	}
	c.Password = login.Password
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

const first = "11111111-0000-4000-8000-000000000001"

// TestExistingLayout reads and writes a table as the existing system makes it.
func TestExistingLayout(t *testing.T) {
	login := postgresd.Shared(t).Login()
	conn := connect(t, login)
	for _, statement := range []string{
		`CREATE TABLE conversations (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), data JSONB NOT NULL, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ)`,
		`CREATE INDEX idx_conversations_created_at ON conversations (created_at)`,
		`CREATE INDEX idx_conversations_updated_at ON conversations (updated_at)`,
		`CREATE INDEX idx_conversations_data ON conversations USING GIN (data)`,
		`CREATE TABLE other (version int)`,
		`INSERT INTO conversations VALUES ('` + first + `', '{"id": "` + first + `", "title": "café", "n": 1.10, "count": "42", "unknown": [1, {"a": null}],
			"created_at": "2025-07-05T01:10:56.998281", "updated_at": null}', '2025-07-05 03:10:56.998281+02', NULL)`,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, config(login))
	if tables, err := s.ListTables(t.Context()); err != nil || !reflect.DeepEqual(tables, []string{"conversations"}) {
		t.Errorf("tables are %q, %v", tables, err)
	}
	want := []storage.Record{{ID: first, Position: first, CreatedAt: time.Date(2025, 7, 5, 1, 10, 56, 998281000, time.UTC), Document: storage.Document{
		"id": first, "title": "café", "n": json.Number("1.10"), "count": "42", "unknown": []any{int64(1), map[string]any{"a": nil}},
		"created_at": "2025-07-05T01:10:56.998281", "updated_at": nil}}}
	if got := exported(t, s, "conversations"); !reflect.DeepEqual(got, want) {
		t.Errorf("records are\n%+v, want\n%+v", got, want)
	}

	if ok, err := s.Update(t.Context(), "conversations", strings.ToUpper(first), storage.Document{"title": "ü"}); !ok || err != nil {
		t.Fatalf("Update: %v, %v", ok, err)
	}
	var title, updated string
	var at time.Time
	if err := conn.QueryRow(t.Context(), "SELECT data->>'title', data->>'updated_at', updated_at FROM conversations").Scan(&title, &updated, &at); err != nil {
		t.Fatal(err)
	}
	if title != "ü" || storage.FormatTime(at) != updated {
		t.Errorf("after Update: %q, %q and %v", title, updated, at)
	}
	if _, err := s.Insert(t.Context(), "conversations", storage.Document{"created_at": "2025-07-05 01:10:56.5+02:00", "updated_at": nil, "title": "new"}); err != nil {
		t.Fatal(err)
	}
	var none *time.Time
	if err := conn.QueryRow(t.Context(), "SELECT created_at, updated_at FROM conversations WHERE data->>'title' = 'new'").Scan(&at, &none); err != nil {
		t.Fatal(err)
	}
	if storage.FormatTime(at) != "2025-07-04T23:10:56.500000" || none != nil {
		t.Errorf("after Insert: %v, %v", at, none)
	}
}

// TestMadeTables looks at the tables and indexes that the storage makes, also of a long name.
func TestMadeTables(t *testing.T) {
	login := postgresd.Shared(t).Login()
	s := open(t, config(login))
	conn := connect(t, login)
	for _, table := range []string{"things", strings.Repeat("x", 63)} {
		if _, err := s.Insert(t.Context(), table, storage.Document{}); err != nil {
			t.Fatal(err)
		}
		var types string
		if err := conn.QueryRow(t.Context(), `SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = $1`, table).Scan(&types); err != nil {
			t.Fatal(err)
		}
		if want := "id uuid, data jsonb, created_at timestamp with time zone, updated_at timestamp with time zone"; types != want {
			t.Errorf("columns are %s, want %s", types, want)
		}
		var indexes int
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_indexes WHERE tablename = $1 AND schemaname = $2", table, login.Username).Scan(&indexes); err != nil || indexes != 4 {
			t.Errorf("%d indexes of %s, %v; want 4", indexes, table, err)
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

// TestDerivedIDs keeps the ids of sessions and of links, which are no UUIDs.
func TestDerivedIDs(t *testing.T) {
	s := open(t, config(postgresd.Shared(t).Login()))
	records := map[string][]storage.Record{
		"sessions": {
			{ID: "token-1", Document: storage.Document{"session_id": "token-1", "user_id": "u"}},
			{ID: "token-2", Document: storage.Document{"id": "token-2", "session_id": "other", "user_id": "u"}},
			{ID: first, Document: storage.Document{"session_id": "token-3", "user_id": "u"}},
		},
		"user_roles": {{ID: "u:r", Document: storage.Document{"user_id": "u", "role_id": "r"}}},
	}
	for table, list := range records {
		if report, err := s.Import(t.Context(), table, list, storage.Refuse); err != nil || report.Created != int64(len(list)) {
			t.Fatalf("Import: %+v, %v", report, err)
		}
		found := map[string]storage.Document{}
		for _, record := range exported(t, s, table) {
			found[record.ID] = record.Document
		}
		for _, record := range list {
			if !reflect.DeepEqual(found[record.ID], record.Document) {
				t.Errorf("%s %q is %v, want %v", table, record.ID, found[record.ID], record.Document)
			}
			if ok, err := s.Update(t.Context(), table, record.ID, storage.Document{"seen": true}); !ok || err != nil {
				t.Errorf("Update of %s %q: %v, %v", table, record.ID, ok, err)
			}
		}
	}
	if doc, err := s.Get(t.Context(), "sessions", "token-3"); err != nil || doc["seen"] != true {
		t.Errorf("the session of token-3: %v, %v", doc, err)
	}
	report, err := s.Import(t.Context(), "things", []storage.Record{{ID: "no UUID", Document: storage.Document{}}}, storage.Refuse)
	if err != nil || len(report.Refused) != 1 {
		t.Fatalf("Import: %+v, %v", report, err)
	}
	is(t, report.Refused[0].Err, storage.ErrValidation)
}

// TestUsesTheIndex asks the server how it would find a document by a field.
func TestUsesTheIndex(t *testing.T) {
	login := postgresd.Shared(t).Login()
	s := open(t, config(login))
	docs := make([]storage.Document, 2000)
	for n := range docs {
		docs[n] = storage.Document{"name": fmt.Sprint("name ", n)}
	}
	if _, err := s.BulkInsert(t.Context(), "things", docs); err != nil {
		t.Fatal(err)
	}
	err := s.Transaction(t.Context(), func(tx storage.Storage) error {
		if _, err := tx.ExecuteRaw(t.Context(), "SET LOCAL enable_seqscan = off"); err != nil {
			return err
		}
		plan, err := tx.ExecuteRaw(t.Context(), `EXPLAIN SELECT id, data FROM things WHERE (data @> '{"name": "name 7"}'::jsonb) ORDER BY id`)
		if !strings.Contains(fmt.Sprint(plan), "idx_things_data") {
			t.Errorf("the plan is %v", plan)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRawValues(t *testing.T) {
	s := open(t, config(postgresd.Shared(t).Login()))
	got, err := s.ExecuteRaw(t.Context(), `SELECT $1::uuid AS id, '{"n": 1e30, "m": 12345678901234567890}'::jsonb AS data, 1.50::numeric AS n, 'NaN'::float8 AS f, 'NaN'::numeric AS d,
		ARRAY['a', 'b'] AS list, '2025-07-05 03:10:56+02'::timestamptz AS at, 7::int2 AS small, NULL::jsonb AS none, 'x'::text AS text`, first)
	if err != nil {
		t.Fatal(err)
	}
	want := []storage.Document{{
		"id": first, "data": map[string]any{"n": 1e30, "m": json.Number("12345678901234567890")}, "n": json.Number("1.50"), "f": "NaN", "d": "NaN", "list": []any{"a", "b"},
		"at": "2025-07-05T01:10:56.000000", "small": int64(7), "none": nil, "text": "x",
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("rows are\n%#v, want\n%#v", got, want)
	}
}

func TestTLSAndRestart(t *testing.T) {
	server := postgresd.Start(t, postgresd.TLS())
	c := config(server.Login())
	c.SSLMode = "disable"
	plain, err := postgresql.New(c)
	if err != nil {
		t.Fatal(err)
	}
	is(t, plain.Connect(t.Context()), storage.ErrConnection)

	c.SSLMode, c.SSLCAFile = "verify-full", server.CAFile()
	s := open(t, c)
	if _, err := s.Insert(t.Context(), "things", storage.Document{"id": first}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 { // many connections
		wg.Go(func() { _, _ = s.ExecuteRaw(t.Context(), "SELECT pg_sleep(0.05)") })
	}
	wg.Wait()
	server.Restart()
	if _, err := s.Get(t.Context(), "things", first); err != nil {
		t.Errorf("the first read after a restart: %v", err)
	}
	if _, err := s.Insert(t.Context(), "things", storage.Document{}); err != nil {
		t.Errorf("a write after that: %v", err)
	}

	server.Stop()
	for name, call := range map[string]func() error{
		"Ping":   func() error { return s.Ping(t.Context()) },
		"Get":    func() error { _, err := s.Get(t.Context(), "things", first); return err },
		"Insert": func() error { _, err := s.Insert(t.Context(), "things", storage.Document{}); return err },
		"Transaction": func() error {
			return s.Transaction(t.Context(), func(storage.Storage) error { return nil })
		},
	} {
		err := call()
		if is(t, err, storage.ErrConnection); err == nil || strings.Contains(err.Error(), "pass'word") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if health := s.HealthCheck(t.Context()); !health.Connected || health.Ping || health.Error == "" {
		t.Errorf("HealthCheck: %+v", health)
	}
	server.Start()
	if n, err := s.Count(t.Context(), "things", nil); err != nil || n != 2 {
		t.Errorf("Count when the server is back: %d, %v", n, err)
	}
}

func TestRefusedLogins(t *testing.T) {
	login := postgresd.Shared(t).Login()
	for name, change := range map[string]func(*postgresql.Config){
		"password": func(c *postgresql.Config) { c.Password = "a wrong one" },
		"user":     func(c *postgresql.Config) { c.Username = "nobody" },
		"database": func(c *postgresql.Config) { c.Database = "it's missing" },
		"port":     func(c *postgresql.Config) { c.Port = 1 },
		"TLS":      func(c *postgresql.Config) { c.SSLMode = "require" },
	} {
		c := config(login)
		change(&c)
		s, err := postgresql.New(c)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Connect(t.Context())
		if is(t, err, storage.ErrConnection); err == nil || strings.Contains(err.Error(), c.Password) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]postgresql.Config{
		"no host":     {Database: "a", Username: "a"},
		"no user":     {Host: "a", Database: "a"},
		"no database": {Host: "a", Username: "a"},
		"ssl_mode":    {Host: "a", Database: "a", Username: "a", SSLMode: "maybe"},
		"pool":        {Host: "a", Database: "a", Username: "a", PoolSize: 5, PoolMaxSize: 4},
		"key":         {Host: "a", Database: "a", Username: "a", SSLKeyFile: "a"},
		"CA":          {Host: "a", Database: "a", Username: "a", SSLMode: "verify-full", SSLCAFile: "missing", Password: "secret"},
	} {
		_, err := postgresql.New(c)
		if is(t, err, storage.ErrValidation); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTimeoutAndReadOnly(t *testing.T) {
	c := config(postgresd.Shared(t).Login())
	s := open(t, c)
	if _, err := s.Insert(t.Context(), "things", storage.Document{}); err != nil {
		t.Fatal(err)
	}
	c.CommandTimeout, c.ReadOnly = 300*time.Millisecond, true
	limited := open(t, c)
	_, err := limited.ExecuteRaw(t.Context(), "SELECT pg_sleep(30)")
	if is(t, err, storage.ErrConnection); errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v is taken for the caller's deadline", err)
	}
	_, err = limited.Insert(t.Context(), "things", storage.Document{})
	is(t, err, storage.ErrQuery)
	if n, err := limited.Count(t.Context(), "things", nil); n != 1 || err != nil {
		t.Errorf("Count: %d, %v", n, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.ExecuteRaw(ctx, "SELECT pg_sleep(30)")
	is(t, err, context.DeadlineExceeded)
}

func TestDriver(t *testing.T) {
	login := postgresd.Shared(t).Login()
	settings := map[string]any{
		"host": login.Host, "port": login.Port, "database": login.Database, "username": login.Username, "password": login.Password,
		"pool_size": 1, "pool_max_size": 2, "ssl_mode": "disable", "command_timeout": 5, "create_tables": false,
	}
	s, err := storage.Open(t.Context(), storage.Config{Type: "PostgreSQL", Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Insert(t.Context(), "things", storage.Document{})
	is(t, err, storage.ErrNoTable)
}
