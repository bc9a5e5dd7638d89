package sqlite_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

func is(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("the error is %v, want %v", err, target)
	}
}

func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "existing.db")
	write(t, path, existing)
	path = copied(t, path)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, sqlite.Config{Path: path, ReadOnly: true})
	_, err = s.Insert(t.Context(), "conversations", storage.Document{})
	is(t, err, storage.ErrQuery)
	_, err = s.Insert(t.Context(), "others", storage.Document{})
	is(t, err, storage.ErrQuery)
	_, err = s.ExecuteRaw(t.Context(), "DROP TABLE conversations")
	is(t, err, storage.ErrQuery)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file has changed: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]sqlite.Config{
		"missing, read only": {Path: filepath.Join(folder, "missing.db"), ReadOnly: true},
		"folder":             {Path: folder},
		"no folder":          {Path: filepath.Join(folder, "a", "b.db")},
		"no database":        {Path: text},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := sqlite.New(config)
			if err != nil {
				t.Fatal(err)
			}
			is(t, s.Connect(t.Context()), storage.ErrConnection)
			is(t, s.Ping(t.Context()), storage.ErrClosed)
		})
	}
	for _, config := range []sqlite.Config{{}, {Path: "a", PoolSize: -1}, {Path: "a", BusyTimeout: -1}, {Path: ":memory:", ReadOnly: true}} {
		_, err := sqlite.New(config)
		is(t, err, storage.ErrValidation)
	}
}

func TestDriver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s, err := storage.Open(t.Context(), storage.Config{Type: "SQLite", Settings: map[string]any{"database_path": path, "create_tables": false, "wal_mode": false}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Insert(t.Context(), "things", storage.Document{})
	is(t, err, storage.ErrNoTable)
	rows, err := s.ExecuteRaw(t.Context(), "PRAGMA journal_mode")
	if err != nil || rows.([]storage.Document)[0]["journal_mode"] != "delete" {
		t.Errorf("the journal is %v, %v", rows, err)
	}
	_, err = storage.New(storage.Config{Type: "sqlite", Settings: map[string]any{}})
	is(t, err, storage.ErrValidation)
}

func TestNamesOfSQLite(t *testing.T) {
	s := open(t, sqlite.Config{Path: ":memory:"})
	_, err := s.Insert(t.Context(), "sqlite_things", storage.Document{})
	is(t, err, storage.ErrValidation)
	if docs, err := s.Select(t.Context(), "sqlite_master", storage.Query{}); err != nil || len(docs) != 0 {
		t.Errorf("sqlite_master is read: %v, %v", docs, err)
	}
	if dropped, err := s.DropTable(t.Context(), "sqlite_master"); err != nil || dropped {
		t.Errorf("DropTable: %v, %v", dropped, err)
	}
}

// TestDamaged reads a row that is no document: those before it come, and the error names it.
func TestDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "existing.db")
	write(t, path, append(existing, `INSERT INTO conversations VALUES ('c2b', '{"score": NaN}', '', NULL)`))
	s := open(t, sqlite.Config{Path: path})
	var last error
	n := 0
	for _, err := range s.Export(t.Context(), "conversations", "") {
		if last = err; err == nil {
			n++
		}
	}
	if is(t, last, storage.ErrValidation); n != 2 || !strings.Contains(last.Error(), `"c2b"`) {
		t.Errorf("%d records before %v", n, last)
	}
	_, err := s.Get(t.Context(), "conversations", "c2b")
	is(t, err, storage.ErrValidation)
	_, err = s.Update(t.Context(), "conversations", "c2b", storage.Document{})
	is(t, err, storage.ErrValidation)
}

// TestUpdatesOfProcesses changes one document from several processes at the same time.
func TestUpdatesOfProcesses(t *testing.T) {
	const each = 30
	if path := os.Getenv("SQLITE_TEST_PATH"); path != "" {
		s := open(t, sqlite.Config{Path: path})
		for n := range each {
			if ok, err := s.Update(t.Context(), "things", "a", storage.Document{fmt.Sprintf("f%d_%d", os.Getpid(), n): n}); !ok || err != nil {
				t.Fatalf("Update: %v, %v", ok, err)
			}
		}
		return
	}
	path := filepath.Join(t.TempDir(), "test.db")
	s := open(t, sqlite.Config{Path: path})
	if _, err := s.Insert(t.Context(), "things", storage.Document{"id": "a"}); err != nil {
		t.Fatal(err)
	}
	var commands []*exec.Cmd
	for range 2 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestUpdatesOfProcesses$")
		cmd.Env = append(os.Environ(), "SQLITE_TEST_PATH="+path)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		commands = append(commands, cmd)
	}
	for _, cmd := range commands {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	doc, err := s.Get(t.Context(), "things", "a")
	if want := 3 + 2*each; err != nil || len(doc) != want {
		t.Errorf("%d fields, %v; want %d", len(doc), err, want)
	}
}

var long = flag.Bool("long", false, "export 100,000 documents, not 20,000")

// TestExportStreams exports more than it may hold at the same time.
func TestExportStreams(t *testing.T) {
	n := 20_000
	if *long {
		n = 100_000
	}
	path := filepath.Join(t.TempDir(), "large.db")
	write(t, path, []string{
		`CREATE TABLE things (id TEXT PRIMARY KEY, data TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT)`,
		fmt.Sprintf(`INSERT INTO things WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			SELECT printf('%%08d', i), printf('{"id": "%%08d", "text": "%%0200d"}', i, i), '2025-07-05 01:10:56.998281', NULL FROM n`, n),
	})
	s := open(t, sqlite.Config{Path: path})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, seen := heap(), uint64(0), 0
	for record, err := range s.Export(t.Context(), "things", "") {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; record.ID != fmt.Sprintf("%08d", seen) {
			t.Fatalf("record %d is %q", seen, record.ID)
		}
		if seen%5_000 == 0 {
			most = max(most, heap())
		}
	}
	if seen != n {
		t.Errorf("%d records, want %d", seen, n)
	}
	if most > before+4<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, most)
	}
}
