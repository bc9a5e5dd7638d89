// Package memory keeps documents in the memory of the program: the backend of package redis
// on a Redis that is part of the program, for tests and trials. Nothing is left when it is
// closed. Importing it makes the type "memory" known to [storage.Open].
package memory

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/redis"
)

func init() {
	storage.Register(storage.Driver{
		Type:    "memory",
		Summary: "the memory of the program, for tests and trials",
		Settings: []storage.Setting{
			{Path: "max_size", Kind: storage.Integer, Default: int64(10000), Min: 1, Max: 1e9, Unit: "documents", Doc: "How many documents there are at most, of all tables."},
			{Path: "cleanup_interval", Kind: storage.Seconds, Default: 300 * time.Second, Min: 0.001, Max: 86400 * 366, Unit: "seconds", Doc: "How often what expired documents leave behind is removed; they themselves are gone within a second."},
		},
		Open: func(v storage.Values) (storage.Storage, error) {
			return New(Config{MaxSize: int(v.Int("max_size")), CleanupInterval: v.Seconds("cleanup_interval")})
		},
	})
}

// Config says how a [Storage] behaves. The zero value is a good default.
type Config struct {
	// MaxSize is how many documents there are at most, of all tables. Default 10,000;
	// negative: any number.
	MaxSize int
	// CleanupInterval is how often what expired documents leave behind is removed.
	// Default 300 s.
	CleanupInterval time.Duration
	// MaxScan is as in [redis.Config].
	MaxScan int
	// Typed is as in [redis.Config].
	Typed tframex.StoreOptions
	// Logger takes what happens in the background. Default slog.Default().
	Logger *slog.Logger
}

// Storage is a [storage.Storage] in memory. It is safe for concurrent use.
type Storage struct {
	*redis.Storage
	config Config

	serving sync.Mutex
	server  *server // nil: closed

	writing sync.RWMutex // held to read while documents are stored, and to write while they are counted
	room    atomic.Int64 // documents that there is room for, for all that is known
}

// server is the embedded Redis; Dial starts it.
type server struct {
	mu    sync.Mutex
	mini  *miniredis.Miniredis
	clock *clock
}

// New returns a storage that is not connected: Initialize or Connect does that. The error is
// [storage.ErrValidation].
func New(config Config) (*Storage, error) {
	config.MaxSize = cmp.Or(config.MaxSize, 10_000)
	config.CleanupInterval = cmp.Or(config.CleanupInterval, 300*time.Second)
	s := &Storage{config: config, server: &server{}}
	var err error
	s.Storage, err = redis.New(redis.Config{
		Type: "memory", Typed: config.Typed, MaxScan: config.MaxScan, HealthInterval: -1,
		Connection: repo.Config{
			Addrs: []string{"memory:0"}, Dialer: s.server.dial, Logger: config.Logger, SweepInterval: config.CleanupInterval,
		},
	})
	return s, err
}

// dial connects to the server.
func (s *server) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mini == nil {
		return nil, net.ErrClosed
	}
	conn, err := s.mini.Dial()
	if err != nil {
		return nil, err
	}
	return newPipe(conn, s.clock.move), nil
}

// start starts the server, empty, if it does not run.
func (s *server) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mini != nil {
		return
	}
	s.mini = miniredis.NewMiniRedis()
	s.clock = newClock(s.mini)
}

// running returns the server, nil if it does not run.
func (s *server) running() *miniredis.Miniredis {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mini
}

// stop ends the server, and all that it has.
func (s *server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mini != nil {
		s.mini.Close()
	}
	s.mini = nil
}

// Initialize connects. There is nothing to prepare.
func (s *Storage) Initialize(ctx context.Context) error { return s.open(ctx, s.Storage.Initialize) }

// Connect begins with no documents, unless it is connected.
func (s *Storage) Connect(ctx context.Context) error { return s.open(ctx, s.Storage.Connect) }

func (s *Storage) open(ctx context.Context, connect func(context.Context) error) error {
	s.serving.Lock()
	defer s.serving.Unlock()
	s.server.start()
	return connect(ctx)
}

// Close ends the storage and all its documents.
func (s *Storage) Close() error {
	s.serving.Lock()
	defer s.serving.Unlock()
	err := s.Storage.Close()
	s.server.stop()
	s.room.Store(0)
	return err
}

// Insert is that of [redis.Storage]. If there are Config.MaxSize documents, the error is
// [storage.ErrQuery], and says so.
func (s *Storage) Insert(ctx context.Context, table string, doc storage.Document) (string, error) {
	if err := s.take("Insert", table, 1); err != nil {
		return "", err
	}
	defer s.writing.RUnlock()
	id, err := s.Storage.Insert(ctx, table, doc)
	if err != nil {
		s.room.Add(1)
	}
	return id, err
}

// BulkInsert is that of [redis.Storage]. If there would be more than Config.MaxSize documents,
// none is stored.
func (s *Storage) BulkInsert(ctx context.Context, table string, docs []storage.Document) ([]string, error) {
	if err := s.take("BulkInsert", table, len(docs)); err != nil {
		return nil, err
	}
	defer s.writing.RUnlock()
	ids, err := s.Storage.BulkInsert(ctx, table, docs)
	stored := 0
	for _, id := range ids {
		if id != "" {
			stored++
		}
	}
	s.room.Add(int64(len(docs) - stored))
	return ids, err
}

// Import is that of [redis.Storage]. If there could be more than Config.MaxSize documents,
// none is stored.
func (s *Storage) Import(ctx context.Context, table string, records []storage.Record, existing storage.Existing) (storage.ImportReport, error) {
	if err := s.take("Import", table, len(records)); err != nil {
		return storage.ImportReport{}, err
	}
	defer s.writing.RUnlock()
	report, err := s.Storage.Import(ctx, table, records, existing)
	s.room.Add(int64(len(records)) - report.Created)
	return report, err
}

// ClearTable removes all documents of a table, which stays. It returns how many there were.
func (s *Storage) ClearTable(ctx context.Context, table string) (int64, error) {
	return s.Storage.Clear(ctx, table)
}

// take takes room for n documents. If there seems to be none, they are counted: those that
// have expired or were deleted make room. Without an error, the caller unlocks writing.
func (s *Storage) take(op, table string, n int) error {
	if s.fits(n) {
		return nil
	}
	if mini := s.server.running(); mini != nil {
		s.writing.Lock()
		s.room.Store(int64(s.config.MaxSize - records(mini)))
		s.writing.Unlock()
	}
	if s.fits(n) {
		return nil
	}
	return &storage.Error{Backend: "memory", Op: op, Table: table,
		Err: fmt.Errorf("%w: no room for as many documents; max_size is %d", storage.ErrQuery, s.config.MaxSize)}
}

// fits takes room for n documents and locks writing, if there is any.
func (s *Storage) fits(n int) bool {
	s.writing.RLock()
	if s.config.MaxSize < 0 || s.room.Add(-int64(n)) >= 0 || s.server.running() == nil {
		return true
	}
	s.room.Add(int64(n))
	s.writing.RUnlock()
	return false
}

// records returns how many records of documents there are, whatever their entity: an entity
// in the shards of another has its name behind the tag.
func records(mini *miniredis.Miniredis) (n int) {
	for _, key := range mini.Keys() {
		tag, rest, _ := strings.Cut(key, "}")
		name, rest, _ := strings.Cut(rest, ":")
		if name == "" {
			name = tag[strings.IndexByte(tag, '{')+1:]
		}
		if strings.HasPrefix(rest, "r:") && name != "tables" && name != "temp_data" {
			n++
		}
	}
	return n
}
