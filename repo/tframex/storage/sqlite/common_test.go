package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/sqldoc/sqldoctest"
	"github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

func TestCommon(t *testing.T) {
	sqldoctest.Run(t, sqldoctest.Backend{
		New: func(t *testing.T, noTables bool) (storage.Storage, func() storage.Storage) {
			config := sqlite.Config{Path: filepath.Join(t.TempDir(), "test.db"), NoTables: noTables}
			return open(t, config), func() storage.Storage { return open(t, config) }
		},
		Checked: `CREATE TABLE checked (id TEXT PRIMARY KEY, data TEXT NOT NULL CHECK (data NOT LIKE '%forbidden%'), created_at TEXT NOT NULL, updated_at TEXT)`,
		Unique:  `CREATE UNIQUE INDEX unique_username ON users (json_extract(data, '$.username'))`,
	})
}
