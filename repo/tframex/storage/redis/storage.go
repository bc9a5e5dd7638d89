package redis

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Storage is a [storage.Storage] in Redis. It is safe for concurrent use.
type Storage struct {
	config Config

	connecting sync.Mutex // held while a connection is made or ended
	mu         sync.Mutex
	conn       *connection // nil: not connected
}

// connection is what a storage has while it is connected.
type connection struct {
	client *repo.Client
	store  *tframex.Store
	known  map[string]*table
	docs   *tframex.Documents
	tables *tframex.Tables
	log    *slog.Logger
	cancel context.CancelFunc
	done   sync.WaitGroup // the check of health
}

// New returns a storage that is not connected: Initialize or Connect does that. The error is
// [storage.ErrValidation].
func New(config Config) (*Storage, error) {
	config = config.withDefaults()
	s := &Storage{config: config}
	if err := config.check(); err != nil {
		return nil, s.fail("New", "", "", err)
	}
	return s, nil
}

// Backend returns "redis", or Config.Type.
func (s *Storage) Backend() string { return s.config.Type }

// Client returns the client of the storage, nil if it is not connected. It is closed with
// the storage.
func (s *Storage) Client() *repo.Client {
	if c, err := s.connected(); err == nil {
		return c.client
	}
	return nil
}

// Store returns the typed side of the storage, on the same records; nil if it is not
// connected. It is closed with the storage.
func (s *Storage) Store() *tframex.Store {
	if c, err := s.connected(); err == nil {
		return c.store
	}
	return nil
}

// Initialize connects. There is nothing to prepare.
func (s *Storage) Initialize(ctx context.Context) error { return s.connect(ctx, "Initialize") }

// Connect connects: two round trips.
func (s *Storage) Connect(ctx context.Context) error { return s.connect(ctx, "Connect") }

func (s *Storage) connect(ctx context.Context, op string) error {
	s.connecting.Lock()
	defer s.connecting.Unlock()
	if _, err := s.connected(); err == nil {
		return nil
	}
	client, err := repo.Open(ctx, s.config.Connection)
	if err != nil {
		return s.fail(op, "", "", opening(err))
	}
	c := &connection{
		client: client, store: tframex.NewStore(client, s.config.Typed), known: known(client),
		docs: tframex.NewDocuments(client), tables: tframex.NewTables(client), log: s.config.Connection.Logger,
	}
	background, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	if s.config.HealthInterval > 0 {
		c.done.Go(func() { c.watch(background, s) })
	}
	s.mu.Lock()
	s.conn = c
	s.mu.Unlock()
	return nil
}

// Close ends the connection, and the typed side. Calls under way fail.
func (s *Storage) Close() error {
	s.connecting.Lock()
	defer s.connecting.Unlock()
	s.mu.Lock()
	c := s.conn
	s.conn = nil
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	c.cancel()
	c.done.Wait()
	first := c.store.Close()
	if err := c.client.Close(); first == nil {
		first = err
	}
	return s.fail("Close", "", "", first)
}

func (s *Storage) connected() (*connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil, storage.ErrClosed
	}
	return s.conn, nil
}

// now returns the time that documents are given.
func (s *Storage) now() time.Time {
	now := time.Now
	if s.config.Connection.Clock != nil {
		now = s.config.Connection.Clock
	}
	return now().UTC().Truncate(time.Microsecond)
}

// Ping asks the server: one round trip.
func (s *Storage) Ping(ctx context.Context) error {
	c, err := s.connected()
	if err == nil {
		err = c.client.Redis().Ping(ctx).Err()
	}
	return s.fail("Ping", "", "", err)
}

// HealthCheck asks the server, and has it write a key that is gone after a second unless the
// storage is read-only: a server that takes no writes answers a ping all the same. Up to
// three round trips.
func (s *Storage) HealthCheck(ctx context.Context) storage.Health {
	h := storage.Health{Backend: s.Backend(), Timestamp: s.now()}
	c, err := s.connected()
	if err != nil {
		h.Error = err.Error()
		return h
	}
	h.Connected = true
	if err := s.Ping(ctx); err != nil {
		h.Error = err.Error()
		return h
	}
	h.Ping = true
	if s.config.ReadOnly {
		return h
	}
	if _, err := c.client.Health(ctx); err != nil {
		h.Error = s.fail("HealthCheck", "", "", err).Error()
	}
	return h
}

// watch checks the health again and again, and logs when it changes.
func (c *connection) watch(ctx context.Context, s *Storage) {
	tick := time.NewTicker(s.config.HealthInterval)
	defer tick.Stop()
	failing := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		h := s.checked(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case h.Error != "" && failing == "":
			c.log.Warn("storage: the backend cannot be used", "backend", s.Backend(), "err", h.Error)
		case h.Error == "" && failing != "":
			c.log.Info("storage: the backend can be used again", "backend", s.Backend())
		}
		failing = h.Error
	}
}

// checked is HealthCheck that ends before the next one is due.
func (s *Storage) checked(ctx context.Context) storage.Health {
	ctx, cancel := context.WithTimeout(ctx, s.config.HealthInterval)
	defer cancel()
	return s.HealthCheck(ctx)
}

// table returns where the documents of a table are.
func (c *connection) table(name string) *table {
	if t, ok := c.known[name]; ok {
		return t
	}
	return documents(c.docs, name)
}

// reading checks the name of a table and that the storage is connected.
func (s *Storage) reading(name string) (*connection, *table, error) {
	c, err := s.connected()
	if err != nil {
		return nil, nil, err
	}
	if err := storage.CheckTable(name); err != nil {
		return nil, nil, err
	}
	return c, c.table(name), nil
}

// writing is reading for a method that writes.
func (s *Storage) writing(name string) (*connection, *table, error) {
	if s.config.ReadOnly {
		return nil, nil, errReadOnly
	}
	return s.reading(name)
}
