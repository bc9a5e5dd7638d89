package postgresql

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/sqldoc"
)

// runner is what pgx runs statements on.
type runner interface {
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}

// conn runs statements, each of which may take so long.
type conn struct {
	on      runner
	timeout time.Duration
}

func (c conn) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	tag, err := c.on.Exec(limited, query, args...)
	return tag.RowsAffected(), classify(ctx, err)
}

func (c conn) Query(ctx context.Context, query string, args ...any) (sqldoc.Rows, error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	r, err := c.on.Query(limited, query, args...)
	if err != nil {
		cancel()
		return nil, classify(ctx, err)
	}
	return rows{r, ctx, cancel}, nil
}

func (c conn) Raw(ctx context.Context, query string, args []any) ([]storage.Document, int64, error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r, err := c.on.Query(limited, query, args...)
	if err != nil {
		return nil, 0, classify(ctx, err)
	}
	defer r.Close()
	docs, err := results(r)
	r.Close()
	if err == nil {
		err = r.Err()
	}
	return docs, r.CommandTag().RowsAffected(), classify(ctx, err)
}

// rows are the result of a query.
type rows struct {
	pgx.Rows
	ctx    context.Context
	cancel context.CancelFunc
}

func (r rows) Scan(dest ...any) error { return classify(r.ctx, r.Rows.Scan(dest...)) }
func (r rows) Err() error             { return classify(r.ctx, r.Rows.Err()) }

func (r rows) Close() {
	r.Rows.Close()
	r.cancel()
}

// database is a pool of connections.
type database struct {
	conn
	pool *pgxpool.Pool
}

// open connects.
func open(ctx context.Context, c Config) (*database, error) {
	config, err := c.pool()
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, classify(ctx, err)
	}
	d := &database{conn{pool, c.CommandTimeout}, pool}
	if err := d.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

func (d *database) Ping(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return classify(ctx, d.pool.Ping(limited))
}

func (d *database) Reset() { d.pool.Reset() }

func (d *database) Close() error {
	d.pool.Close()
	return nil
}

func (d *database) Atomic(ctx context.Context, f func(sqldoc.Conn) error) error {
	tx, err := d.pool.Begin(ctx)
	if err != nil {
		return classify(ctx, err)
	}
	defer rollback(ctx, tx)
	if err := f(transaction{conn{tx, d.timeout}}); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if err := tx.Commit(limited); err != nil {
		return classify(ctx, fmt.Errorf("commit: %w", err))
	}
	return nil
}

// rollback ends a transaction that has not been committed, also one whose context is done.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = tx.Rollback(ctx)
}

// transaction is one that has begun.
type transaction struct{ conn }

func (t transaction) Atomic(_ context.Context, f func(sqldoc.Conn) error) error { return f(t) }
