// Package postgresql is the backend "postgresql" of package storage: documents in the tables
// of a PostgreSQL database. Import it for its driver, or call [New].
//
// # Layout
//
// Each table has the columns id, a UUID and the primary key, data, the document as JSONB, and
// created_at and updated_at, times with zone. The times have an index each, the documents a
// GIN index. Tables are in the first schema of the user's search path. What CreateTable is
// told is in the table tframex$tables, of the same columns.
//
// Ids are UUIDs, in lower case; a document with another one is refused, with
// [storage.ErrValidation], and none is found by another one. In the tables sessions and
// user_roles ids may be any text: where one is no UUID, the column has a UUID of version 5 of
// https://www.rfc-editor.org/rfc/rfc9562 that is made of it, of the name of the table and a
// colon before the id, in [Namespace]. The text is in the document.
//
// JSONB keeps values, not text: of numbers it keeps the decimal value, so that 1e2 comes back
// as 100. The character U+0000 cannot be in a text: [storage.ErrValidation].
//
// # Queries
//
// Filters and orders are SQL. Conditions of equality use the GIN index, others and orders look
// at all documents of a table; an index on an expression can be made by ExecuteRaw:
//
//	CREATE INDEX ON messages ((data->>'created_at') COLLATE "C")
//
// # Connections
//
// A connection that was lost is replaced, also after a restart of the server. What only reads
// is then tried once more; a write is not, as it may have been done: its error is
// [storage.ErrConnection]. Transactions are of the level READ COMMITTED.
package postgresql

import (
	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/sqldoc"
)

// Namespace is that of the UUIDs which stand for ids that are none.
var Namespace = uuid.MustParse("6f1dd2a4-5f0b-5d52-9c3e-0f2b6b0c8a71")

// Storage keeps documents in a PostgreSQL database. It is safe for concurrent use.
type Storage struct {
	*sqldoc.Store
}

var _ storage.Storage = (*Storage)(nil)

// New returns a storage that is not connected yet: Initialize or Connect does that. The error
// is [storage.ErrValidation].
func New(config Config) (*Storage, error) {
	config, err := config.check()
	if err == nil {
		_, err = config.pool()
	}
	if err != nil {
		return nil, &storage.Error{Backend: "postgresql", Op: "New", Err: err}
	}
	return &Storage{sqldoc.New("postgresql", &dialect{config}, !config.NoTables)}, nil
}
