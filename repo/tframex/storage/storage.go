package storage

import (
	"context"
	"iter"
	"time"
)

// Storage keeps documents in tables. It is safe for concurrent use.
//
// Names of tables are those of [CheckTable]. A table that was never created is empty, and
// comes to be with the first document that is put into it.
//
// Errors are a [*Error] that names the operation, the table and the document, around the
// reason, which errors.go lists.
type Storage interface {
	// Backend returns the type of the backend: "redis".
	Backend() string

	// Initialize connects, and prepares what is kept beside the documents. It may be
	// called again.
	Initialize(ctx context.Context) error
	// Connect connects; without effect if it is connected. [Open] calls Initialize,
	// and so Connect.
	Connect(ctx context.Context) error
	// Close ends the connection and what goes on in the background. Then every
	// operation is [ErrClosed] until Connect or Initialize is called.
	Close() error
	// Ping asks the backend whether it is there.
	Ping(ctx context.Context) error
	// HealthCheck tells whether it can be used, and if not why.
	HealthCheck(ctx context.Context) Health

	// CreateTable makes a table known. schema is kept and returned by TableInfo, and
	// not enforced; it may be nil. A table that exists stays as it is, also its schema.
	CreateTable(ctx context.Context, table string, schema Document) error
	// DropTable removes a table with all its documents, and tells whether there was one.
	DropTable(ctx context.Context, table string) (bool, error)
	// ListTables returns the names of the tables that were created or have documents,
	// sorted.
	ListTables(ctx context.Context) ([]string, error)
	// TableInfo tells about a table; [ErrNoTable] if there is none.
	TableInfo(ctx context.Context, table string) (TableInfo, error)

	// Insert stores a new document, and returns its id: that of doc, or a UUID that it
	// makes up. created_at and updated_at are added where they are missing. doc stays
	// as it is. [ErrDuplicate] if there is one with the id, or with another value that
	// is unique.
	Insert(ctx context.Context, table string, doc Document) (id string, err error)
	// BulkInsert stores new documents, each as Insert does, and each whole or not at
	// all. ids has those that were stored, and "" for others; then the error is a
	// [*BulkError].
	BulkInsert(ctx context.Context, table string, docs []Document) (ids []string, err error)
	// Get returns the document with an id; [ErrNotFound] if there is none.
	Get(ctx context.Context, table, id string) (Document, error)
	// Select returns the documents that a query asks for; none of a table that does
	// not exist.
	Select(ctx context.Context, table string, q Query) ([]Document, error)
	// Update puts fields into the document with an id, in place of those of the same
	// name, sets updated_at, and tells whether there is such a document. The id itself
	// does not change.
	Update(ctx context.Context, table, id string, changes Document) (bool, error)
	// Delete removes the document with an id, and tells whether there was one.
	Delete(ctx context.Context, table, id string) (bool, error)
	// Count returns how many documents match a filter; nil is all.
	Count(ctx context.Context, table string, filter Filter) (int64, error)

	// ExecuteRaw runs what the backend itself understands: SQL with parameters, or a
	// command of Redis with its arguments. [errors.ErrUnsupported] if there is nothing
	// such.
	ExecuteRaw(ctx context.Context, query string, params ...any) (any, error)
	// Transaction runs f with a storage whose changes are made together when f returns
	// nil, and not at all if it returns an error. [errors.ErrUnsupported] if the
	// backend has none.
	Transaction(ctx context.Context, f func(tx Storage) error) error

	// Export returns all records of a table, as they are stored, each with the
	// position behind it; "" begins, and a position goes on behind it. What is written
	// meanwhile is among them or not. An error is the last that it yields.
	Export(ctx context.Context, table, from string) iter.Seq2[Record, error]
	// Import stores records as they are: nothing is added to documents, and times are
	// those of the records. What could not be stored is in the report, with the
	// reason; the error is of what concerns all.
	Import(ctx context.Context, table string, records []Record, existing Existing) (ImportReport, error)
}

// Health tells whether a storage can be used.
type Health struct {
	Connected bool      `json:"connected"`
	Ping      bool      `json:"ping"` // whether the backend has answered
	Backend   string    `json:"backend"`
	Timestamp time.Time `json:"timestamp"`
	Error     string    `json:"error,omitempty"`
}

// TableInfo tells about a table.
type TableInfo struct {
	Name      string    `json:"name"`
	Schema    Document  `json:"schema,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"` // zero if it was never created
	Records   int64     `json:"records"`
}

// Query says which documents Select returns.
type Query struct {
	Filter Filter // nil: all
	// Limit is how many documents at most; 0: [DefaultLimit], negative: all.
	Limit int
	// Offset is how many are left out before. It costs as much as to return them.
	Offset int
	// OrderBy is the field that they are sorted by, as [Compare] has it; among equals
	// by id. Without one they come in an order of the backend's own, which is the same
	// for each part of the result.
	OrderBy string
	// Desc turns the order round, also of ids.
	Desc bool
}

// DefaultLimit is how many documents Select returns if the query does not say.
const DefaultLimit = 1000

// Record is a document with what is known beside it.
type Record struct {
	ID       string   `json:"id"`
	Document Document `json:"document"`
	// CreatedAt and UpdatedAt are when the backend was given the document and changed
	// it last, whatever the document says; zero: not known.
	CreatedAt time.Time `json:"created_at,omitzero"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	// ExpiresAt is when it is gone; zero: never.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// Position is where Export goes on behind the record.
	Position string `json:"-"`
}

// Existing says what Import does with a record whose id is taken.
type Existing int

// What Import does with a record whose id is taken.
const (
	Refuse    Existing = iota // reports [ErrDuplicate]
	Skip                      // leaves what is there
	Overwrite                 // replaces what is there
)

// ImportReport tells what became of records.
type ImportReport struct {
	Created, Skipped, Overwritten int64
	Refused                       []Refusal
}

// Refusal is a record that was not stored.
type Refusal struct {
	ID  string
	Err error
}
