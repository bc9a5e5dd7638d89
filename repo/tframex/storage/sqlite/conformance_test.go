package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
	"github.com/redisgen/redisgen/repo/tframex/storage/storagetest"
)

func TestConformance(t *testing.T) {
	for name, path := range map[string]func(*testing.T) string{
		"file":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "a b?c#d%41.db") },
		"memory": func(*testing.T) string { return ":memory:" },
	} {
		differences := storagetest.SQLite
		differences.Volatile = name == "memory"
		storagetest.Run(t, storagetest.Backend{
			Name:        name,
			Differences: differences,
			New:         func(t *testing.T) storage.Storage { return open(t, sqlite.Config{Path: path(t)}) },
		})
	}
}

// open returns an initialized storage, which is closed when the test ends.
func open(t testing.TB, config sqlite.Config) *sqlite.Storage {
	t.Helper()
	s, err := sqlite.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
