package sqldoc

import (
	"context"
	"sync"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Transaction implements [storage.Storage].
func (s *Store) Transaction(ctx context.Context, f func(tx storage.Storage) error) error {
	conn, err := s.open()
	if err == nil && s.inTx {
		err = errNested
	}
	if err != nil {
		return s.fail("Transaction", "", "", err)
	}
	err = s.write(conn, func() error {
		return conn.Atomic(ctx, func(conn Conn) error {
			tx := New(s.backend, s.dialect, s.createTables)
			tx.conn, tx.inTx = &serial{conn: conn}, true
			defer tx.end()
			return f(tx)
		})
	})
	return s.fail("Transaction", "", "", err)
}

// end makes the storage of a transaction unusable.
func (s *Store) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = nil
}

// serial runs the statements of a transaction one after the other, whoever has them run.
type serial struct {
	mu   sync.Mutex
	conn Conn
}

func (c *serial) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn.Exec(ctx, query, args...)
}

func (c *serial) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	c.mu.Lock()
	rows, err := c.conn.Query(ctx, query, args...)
	if err != nil {
		c.mu.Unlock()
		return nil, err
	}
	return &serialRows{Rows: rows, done: sync.OnceFunc(c.mu.Unlock)}, nil
}

func (c *serial) Raw(ctx context.Context, query string, args []any) ([]storage.Document, int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn.Raw(ctx, query, args)
}

func (c *serial) Atomic(_ context.Context, f func(Conn) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return f(c.conn)
}

// serialRows let others go on when they are closed.
type serialRows struct {
	Rows
	done func()
}

func (r *serialRows) Close() {
	r.Rows.Close()
	r.done()
}
