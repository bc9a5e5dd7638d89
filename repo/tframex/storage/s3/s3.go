package s3

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Backend is the type of the backend.
const Backend = "s3"

// Storage keeps documents in a bucket. It is safe for concurrent use, also by several
// processes.
type Storage struct {
	config Config

	mu   sync.Mutex
	conn *conn // nil: not connected
}

var _ storage.Storage = (*Storage)(nil)

// New returns a storage that is not connected yet: call Initialize. The error is
// [storage.ErrValidation].
func New(config Config) (*Storage, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Storage{config: config}, nil
}

// Backend returns "s3".
func (s *Storage) Backend() string { return Backend }

// Initialize connects. The bucket has to be there already.
func (s *Storage) Initialize(ctx context.Context) error { return s.connect(ctx, "Initialize") }

// Connect finds credentials, and asks for the bucket: one request.
func (s *Storage) Connect(ctx context.Context) error { return s.connect(ctx, "Connect") }

func (s *Storage) connect(ctx context.Context, op string) error {
	s.mu.Lock()
	connected := s.conn != nil
	s.mu.Unlock()
	if connected {
		return nil
	}
	c, err := dial(ctx, s.config)
	if err != nil {
		return &storage.Error{Backend: Backend, Op: op, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil { // another call was faster
		c.close()
		return nil
	}
	s.conn = c
	return nil
}

// Close waits for the operations that are under way, and ends the connections.
func (s *Storage) Close() error {
	s.mu.Lock()
	c := s.conn
	s.conn = nil
	s.mu.Unlock()
	if c != nil {
		c.running.Wait()
		c.close()
	}
	return nil
}

// enter returns the connection. The caller says when it needs it no more.
func (s *Storage) enter() (c *conn, leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil, nil, storage.ErrClosed
	}
	s.conn.running.Add(1)
	return s.conn, s.conn.running.Done, nil
}

// noTable is the table of operations that are on none.
const noTable = "-"

// do runs an operation, and names it in its error.
func (s *Storage) do(ctx context.Context, op, table, id string, f func(c *conn) error) error {
	c, leave, err := s.enter()
	if err == nil {
		defer leave()
		err = run(ctx, c, table, f)
	}
	if err == nil {
		return nil
	}
	if table == noTable {
		table = ""
	}
	return &storage.Error{Backend: Backend, Op: op, Table: table, ID: id, Err: err}
}

func run(ctx context.Context, c *conn, table string, f func(c *conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if table != noTable {
		if err := storage.CheckTable(table); err != nil {
			return err
		}
	}
	return f(c)
}

// change is do for operations that change the bucket.
func (s *Storage) change(ctx context.Context, op, table, id string, f func(c *conn) error) error {
	return s.do(ctx, op, table, id, func(c *conn) error {
		if c.config.ReadOnly {
			return fmt.Errorf("%w: the storage is read_only", storage.ErrQuery)
		}
		return f(c)
	})
}

// Ping asks for the bucket: one request.
func (s *Storage) Ping(ctx context.Context) error {
	return s.do(ctx, "Ping", noTable, "", func(c *conn) error { return c.ping(ctx) })
}

// HealthCheck tells whether the bucket can be reached: one request.
func (s *Storage) HealthCheck(ctx context.Context) storage.Health {
	err := s.Ping(ctx)
	h := storage.Health{Connected: !errors.Is(err, storage.ErrClosed), Ping: err == nil, Backend: Backend, Timestamp: time.Now()}
	if err != nil {
		h.Error = err.Error()
	}
	return h
}

// ExecuteRaw is [errors.ErrUnsupported]: S3 has no commands.
func (s *Storage) ExecuteRaw(ctx context.Context, _ string, _ ...any) (any, error) {
	return nil, s.do(ctx, "ExecuteRaw", noTable, "", func(*conn) error { return errors.ErrUnsupported })
}

// Transaction is [errors.ErrUnsupported]: S3 changes one object at a time.
func (s *Storage) Transaction(ctx context.Context, _ func(storage.Storage) error) error {
	return s.do(ctx, "Transaction", noTable, "", func(*conn) error { return errors.ErrUnsupported })
}
