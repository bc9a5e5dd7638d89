package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/sqldoc"
)

// memory is the path of a database in memory.
const memory = ":memory:"

// memories counts databases, for names of those in memory.
var memories atomic.Int64

// dsn returns the URI of the database.
func (c Config) dsn(readOnly bool) string {
	query := url.Values{"_txlock": {"immediate"}}
	query.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", c.BusyTimeout.Milliseconds()))
	if !c.NoForeignKeys {
		query.Add("_pragma", "foreign_keys(1)")
	}
	switch {
	case readOnly:
		query.Add("_pragma", "query_only(1)")
	case !c.NoWAL && c.Path != memory:
		query.Add("_pragma", "journal_mode(WAL)")
	}
	if c.ReadOnly {
		query.Set("mode", "ro")
	}
	path := c.Path
	if path == memory {
		path = c.shared
		query.Set("vfs", "memdb")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}

// database is an open database: a connection that writes, and some that read.
type database struct {
	reader, writer *pool
}

// open opens the database, and looks at it.
func open(ctx context.Context, c Config) (*database, error) {
	c.shared = fmt.Sprintf("/tframex-%d", memories.Add(1))
	d := &database{}
	var err error
	if d.writer, err = openPool(ctx, c.dsn(c.ReadOnly), 1); err == nil {
		d.reader, err = openPool(ctx, c.dsn(true), c.PoolSize)
	}
	if err != nil {
		_ = d.Close()
		err = classify(ctx, err)
		if ctx.Err() == nil && !errors.Is(err, storage.ErrConnection) {
			err = fmt.Errorf("%w: %w", storage.ErrConnection, err)
		}
		return nil, fmt.Errorf("open %q: %w", c.Path, err)
	}
	return d, nil
}

// openPool opens a pool of connections, and tries one.
func openPool(ctx context.Context, dsn string, size int) (*pool, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return &pool{DB: db}, look(ctx, db)
}

// look reads the database, be it new.
func look(ctx context.Context, db *sql.DB) error {
	var n int64
	return db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&n)
}

func (d *database) Ping(ctx context.Context) error { return classify(ctx, look(ctx, d.reader.DB)) }

func (d *database) Reset() {}

// Close closes the reading connections first: the last one writes the log into the database.
func (d *database) Close() error {
	var list []error
	for _, p := range []*pool{d.reader, d.writer} {
		if p != nil {
			list = append(list, p.close())
		}
	}
	return errors.Join(list...)
}

func (d *database) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return exec(ctx, d.writer, query, args)
}

func (d *database) Query(ctx context.Context, query string, args ...any) (sqldoc.Rows, error) {
	return runQuery(ctx, d.reader, query, args)
}

func (d *database) Raw(ctx context.Context, query string, args []any) ([]storage.Document, int64, error) {
	pool := d.writer
	if word, _, _ := strings.Cut(strings.TrimSpace(query), " "); strings.EqualFold(word, "SELECT") {
		pool = d.reader
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, 0, classify(ctx, err)
	}
	defer conn.Close()
	return raw(ctx, conn, query, args)
}

func (d *database) Atomic(ctx context.Context, f func(sqldoc.Conn) error) error {
	tx, err := d.writer.BeginTx(ctx, nil)
	if err != nil {
		return classify(ctx, err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(transaction{tx}); err != nil {
		return err
	}
	return classify(ctx, tx.Commit())
}

// transaction is one that has begun.
type transaction struct{ tx *sql.Tx }

func (t transaction) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return exec(ctx, t.tx, query, args)
}

func (t transaction) Query(ctx context.Context, query string, args ...any) (sqldoc.Rows, error) {
	return runQuery(ctx, t.tx, query, args)
}

func (t transaction) Raw(ctx context.Context, query string, args []any) ([]storage.Document, int64, error) {
	return raw(ctx, t.tx, query, args)
}

func (t transaction) Atomic(_ context.Context, f func(sqldoc.Conn) error) error { return f(t) }

// runner is what package database/sql runs statements on.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func exec(ctx context.Context, on runner, query string, args []any) (int64, error) {
	result, err := on.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, classify(ctx, err)
	}
	n, err := result.RowsAffected()
	return n, classify(ctx, err)
}

func runQuery(ctx context.Context, on runner, query string, args []any) (sqldoc.Rows, error) {
	r, err := on.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, classify(ctx, err)
	}
	return rows{ctx, r}, nil
}

// rows are the result of a query.
type rows struct {
	ctx context.Context
	*sql.Rows
}

func (r rows) Scan(dest ...any) error { return classify(r.ctx, r.Rows.Scan(dest...)) }
func (r rows) Err() error             { return classify(r.ctx, r.Rows.Err()) }
func (r rows) Close()                 { _ = r.Rows.Close() }

// classify puts an error into its class.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if done := ctx.Err(); done != nil {
		return done
	}
	return fmt.Errorf("%w: %w", classOf(err), err)
}

func classOf(err error) error {
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) || strings.Contains(err.Error(), "database is closed") {
		return storage.ErrClosed
	}
	refused, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return storage.ErrQuery
	}
	switch refused.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return storage.ErrDuplicate
	}
	switch refused.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH:
		return storage.ErrValidation
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR:
		return storage.ErrConnection
	case sqlite3.SQLITE_ERROR:
		if strings.Contains(refused.Error(), "no such table: ") {
			return storage.ErrNoTable
		}
	}
	return storage.ErrQuery
}
