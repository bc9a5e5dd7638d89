package sqlite

import (
	"fmt"
	"math"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Config says which database is meant, and how it is used.
type Config struct {
	// Path is the file, which is made if it is not there; its folder has to be. ":memory:"
	// is a database of its own in memory, gone with Close.
	Path string
	// PoolSize is how many connections read at the same time; 0: 10. One more writes.
	PoolSize int
	// NoTables: a table comes to be by CreateTable alone, not with its first document.
	NoTables bool
	// NoWAL leaves the journal as it is, in place of write-ahead logging.
	NoWAL bool
	// NoForeignKeys: foreign keys, which tables made elsewhere may have, are not enforced.
	NoForeignKeys bool
	// ReadOnly: nothing is written, neither to the file nor beside it, but for the index of
	// a write-ahead log. The file has to be there.
	ReadOnly bool
	// BusyTimeout is how long to wait while another process writes; 0: 5 seconds.
	BusyTimeout time.Duration

	shared string // the name by which connections share a database in memory
}

// check returns the configuration with its defaults.
func (c Config) check() (Config, error) {
	switch {
	case c.Path == "":
		return c, fmt.Errorf("%w: database_path is missing: name the file of the database", storage.ErrValidation)
	case c.PoolSize < 0 || c.BusyTimeout < 0:
		return c, fmt.Errorf("%w: pool_size and busy_timeout cannot be negative", storage.ErrValidation)
	case c.Path == memory && c.ReadOnly:
		return c, fmt.Errorf("%w: a database in memory is empty, read_only makes no sense", storage.ErrValidation)
	}
	if c.PoolSize == 0 {
		c.PoolSize = 10
	}
	if c.BusyTimeout == 0 {
		c.BusyTimeout = 5 * time.Second
	}
	return c, nil
}

func init() {
	storage.Register(storage.Driver{
		Type:    "sqlite",
		Summary: "documents in a file, by SQLite in this process",
		Settings: []storage.Setting{
			{Path: "database_path", Kind: storage.Text, Required: true, Doc: "File of the database, made if it is not there; \":memory:\" for one in memory."},
			{Path: "pool_size", Kind: storage.Integer, Default: int64(10), Min: 1, Max: 1000, Doc: "Connections that read at the same time; one more writes."},
			{Path: "create_tables", Kind: storage.Flag, Default: true, Doc: "Whether a table comes to be with its first document."},
			{Path: "wal_mode", Kind: storage.Flag, Default: true, Doc: "Whether a write-ahead log is used, so that reads and writes do not wait for each other."},
			{Path: "foreign_keys", Kind: storage.Flag, Default: true, Doc: "Whether foreign keys of tables are enforced."},
			{Path: "read_only", Kind: storage.Flag, Default: false, Doc: "Whether nothing is written; the file has to be there."},
			{Path: "busy_timeout", Kind: storage.Seconds, Default: 5 * time.Second, Max: math.MaxInt32 / 1000, Unit: "seconds", Doc: "How long to wait while another process writes."},
		},
		Open: func(v storage.Values) (storage.Storage, error) {
			return New(Config{
				Path:          v.Text("database_path"),
				PoolSize:      int(v.Int("pool_size")),
				NoTables:      !v.Flag("create_tables"),
				NoWAL:         !v.Flag("wal_mode"),
				NoForeignKeys: !v.Flag("foreign_keys"),
				ReadOnly:      v.Flag("read_only"),
				BusyTimeout:   v.Seconds("busy_timeout"),
			})
		},
	})
}
