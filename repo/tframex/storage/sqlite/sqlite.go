// Package sqlite is the backend "sqlite" of package storage: documents in the tables of a
// SQLite database, in this process and without cgo. Import it for its driver, or call [New].
//
// # Layout
//
// Each table has the columns id, a text and the primary key, data, the document as JSON, and
// created_at and updated_at, times as text, in UTC and without zone, which may be null in the
// latter. They have an index each. Times are written as 2006-01-02T15:04:05.000000 and read
// with a space in place of the T as well. The JSON is kept as it is given: an update changes
// the fields that it names and leaves the text of others. What CreateTable is told is in the
// table tframex$tables, of the same columns.
//
// Names of tables that differ in case alone are of one table, as everywhere in SQLite.
//
// # Concurrency
//
// One connection writes, and writers of this process take turns; writers of other processes
// are waited for, for [Config].BusyTimeout. With a write-ahead log, readers do not wait.
// A transaction has the writing connection to itself: what its function writes with the
// storage itself, in place of the transaction, would wait for it forever.
//
// # Queries
//
// Filters and orders are SQL, on the JSON, and look at all documents of a table; an index on
// an expression can be made by ExecuteRaw:
//
//	CREATE INDEX by_conversation ON messages (json_extract(data, '$."conversation_id"'))
package sqlite

import (
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/sqldoc"
)

// Storage keeps documents in a SQLite database. It is safe for concurrent use.
type Storage struct {
	*sqldoc.Store
}

var _ storage.Storage = (*Storage)(nil)

// New returns a storage that is not connected yet: Initialize or Connect opens the database.
// The error is [storage.ErrValidation].
func New(config Config) (*Storage, error) {
	config, err := config.check()
	if err != nil {
		return nil, &storage.Error{Backend: "sqlite", Op: "New", Err: err}
	}
	return &Storage{sqldoc.New("sqlite", &dialect{config}, !config.NoTables)}, nil
}
