// Package sqldoc keeps documents in tables of a SQL database: an id, the document as JSON, and
// two columns of times. What differs between databases is a [Dialect].
package sqldoc

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Conn runs statements: a pool of connections, or a transaction. Its errors, and those of its
// rows, are of the classes that package storage has, but for those of contexts.
type Conn interface {
	// Exec runs a statement and returns how many rows it has changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Query runs a statement that returns rows.
	Query(ctx context.Context, query string, args ...any) (Rows, error)
	// Raw runs any statement: it returns the rows if it has columns, else nil and how
	// many were changed.
	Raw(ctx context.Context, query string, args []any) ([]storage.Document, int64, error)
	// Atomic runs f in a transaction that writes; in one, in that.
	Atomic(ctx context.Context, f func(Conn) error) error
}

// Rows are the result of a query.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// Database is an open database.
type Database interface {
	Conn
	Ping(ctx context.Context) error
	Close() error
	// Reset is called when a connection was lost; the others may be as well.
	Reset()
}

// Dialect is what differs between databases. Names of tables that it is given are checked.
type Dialect interface {
	// Open connects.
	Open(ctx context.Context) (Database, error)
	// Arg returns the n-th parameter of a statement, from 1.
	Arg(n int) string
	// Create makes a table and its indexes, in a transaction, if it is not there.
	Create(ctx context.Context, conn Conn, table string) error
	// Tables is a query of the names of the tables that have the columns of documents.
	Tables() string
	// Fold returns the name that stands for all that mean one table.
	Fold(table string) string
	// Key returns what the column id has for the id of a document in a table, and
	// [storage.ErrValidation] if it can have none.
	Key(table, id string) (string, error)
	// Time returns what a column has for a time; nil for zero, if it may be null.
	Time(t time.Time) any
	// Parse reads a document.
	Parse(data []byte) (storage.Document, error)
	// CheckJSON returns [storage.ErrValidation] for JSON that the database cannot hold.
	CheckJSON(data []byte) error
	// Where returns a condition as SQL. If it is not exact, rows for which it holds may
	// not meet the condition; all that do are among them.
	Where(b *Builder, c storage.Condition) (sql string, exact bool)
	// Order returns the terms by which rows are sorted by a field, and a condition on
	// rows whose place among each other they do not tell, "" if there are none.
	Order(b *Builder, field string) (terms []string, unsure string)
	// Natural is the column of the order without another one.
	Natural() string
	// Merge puts changes into the document in the row with a key.
	Merge(ctx context.Context, conn Conn, table, key string, changes storage.Document, now time.Time) (bool, error)
}

// Store is a [storage.Storage] on a database. Within a transaction it is the storage of that.
type Store struct {
	backend      string
	dialect      Dialect
	createTables bool

	mu    sync.RWMutex
	db    Database
	conn  Conn            // db, or a transaction
	inTx  bool            // conn is a transaction
	known map[string]bool // tables that are there
}

// New returns a storage that is not connected.
func New(backend string, dialect Dialect, createTables bool) *Store {
	return &Store{backend: backend, dialect: dialect, createTables: createTables}
}

// Backend implements [storage.Storage].
func (s *Store) Backend() string { return s.backend }

// Initialize implements [storage.Storage].
func (s *Store) Initialize(ctx context.Context) error {
	return s.fail("Initialize", "", "", s.connect(ctx))
}

// Connect implements [storage.Storage].
func (s *Store) Connect(ctx context.Context) error {
	return s.fail("Connect", "", "", s.connect(ctx))
}

func (s *Store) connect(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.inTx && s.conn == nil:
		return storage.ErrClosed
	case s.conn != nil:
		return nil
	}
	db, err := s.dialect.Open(ctx)
	if err != nil {
		return err
	}
	s.db, s.conn = db, db
	return nil
}

// Close implements [storage.Storage]. It waits for what is running.
func (s *Store) Close() error {
	s.mu.Lock()
	db := s.db
	inTx := s.inTx
	if !inTx {
		s.db, s.conn = nil, nil
	}
	s.mu.Unlock()
	if inTx {
		return s.fail("Close", "", "", errNested)
	}
	if db == nil {
		return nil
	}
	return s.fail("Close", "", "", db.Close())
}

// Ping implements [storage.Storage].
func (s *Store) Ping(ctx context.Context) error {
	return s.fail("Ping", "", "", s.ping(ctx))
}

func (s *Store) ping(ctx context.Context) error {
	conn, err := s.open()
	if err != nil {
		return err
	}
	return s.read(ctx, conn, func() error {
		if db, ok := conn.(Database); ok {
			return db.Ping(ctx)
		}
		_, _, err := conn.Raw(ctx, "SELECT 1", nil)
		return err
	})
}

// HealthCheck implements [storage.Storage].
func (s *Store) HealthCheck(ctx context.Context) storage.Health {
	_, err := s.open()
	health := storage.Health{Connected: err == nil, Backend: s.backend, Timestamp: time.Now().UTC()}
	if err = s.Ping(ctx); err != nil {
		health.Error = err.Error()
	}
	health.Ping = err == nil
	return health
}

// open returns what statements are run on.
func (s *Store) open() (Conn, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.conn == nil {
		return nil, storage.ErrClosed
	}
	return s.conn, nil
}

// read runs what only reads. Should a connection be lost, it is run again on another one.
func (s *Store) read(ctx context.Context, conn Conn, f func() error) error {
	err := f()
	if db, ok := conn.(Database); ok && err != nil && ctx.Err() == nil && lost(err) {
		db.Reset()
		err = f()
	}
	return err
}

// write runs what may write, once: whether it has written before a connection was lost
// nobody knows.
func (s *Store) write(conn Conn, f func() error) error {
	err := f()
	if db, ok := conn.(Database); ok && err != nil && lost(err) {
		db.Reset()
	}
	return err
}

// exists tells whether there is a table.
func (s *Store) exists(ctx context.Context, conn Conn, table string) (bool, error) {
	name := s.dialect.Fold(table)
	s.mu.RLock()
	known := s.known[name]
	s.mu.RUnlock()
	if known {
		return true, nil
	}
	names, err := s.tables(ctx, conn)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = names
	return names[name], nil
}

// tables returns the names of all tables, folded.
func (s *Store) tables(ctx context.Context, conn Conn) (map[string]bool, error) {
	list, err := s.tableNames(ctx, conn)
	names := make(map[string]bool, len(list))
	for _, name := range list {
		names[s.dialect.Fold(name)] = true
	}
	return names, err
}

func (s *Store) tableNames(ctx context.Context, conn Conn) ([]string, error) {
	var names []string
	rows, err := conn.Query(ctx, s.dialect.Tables())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// ensure makes a table that is to be written, if it is not there.
func (s *Store) ensure(ctx context.Context, conn Conn, table string) error {
	there, err := s.exists(ctx, conn, table)
	if err != nil || there {
		return err
	}
	if !s.createTables {
		return fmt.Errorf("%w: create it, or set create_tables", storage.ErrNoTable)
	}
	return conn.Atomic(ctx, func(conn Conn) error { return s.dialect.Create(ctx, conn, table) })
}

// forget drops what is known of tables, after an error that says otherwise.
func (s *Store) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = nil
}
